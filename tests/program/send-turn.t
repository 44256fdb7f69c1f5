#!/usr/bin/python3
"""send-schedule: a connection to another host takes the messages that stand in line for it, and is not given up after each one for
another destination's; but nobody has it for ever."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *

number = 0


def add(recipient):
    global number
    number += 1
    id = '0123456789a%05d' % number
    put('new', envelope(id, 'ann@x.test', [recipient], birth=int(time.time())) + b'Subject: x\r\n\r\n', id)


def queued():
    return [f for _, _, names in os.walk('queue') for f in names if f != 'lock']


def way(first, more=()):
    """All that was put into the queue, by one connection at a time: where each message went, in order."""
    wait = threading.Event()
    smtp.answer = lambda p, h: (wait.wait(300), outcomes(p, 'done 2.0.0 250 ok', [('keep', 'yes')]))[1]
    smtp.asked.clear()
    before = smtp.connections
    for domain in [*first, *more]:
        add('u@' + domain)
    process = start('send-schedule', listen('send-schedule'), 'log')
    wait_for(lambda: b'scanned messages=%d' % number in read('log'))
    time.sleep(0.5)  # the rest stands in line; if it does not yet, nothing fails for that
    wait.set()
    ok(wait_for(lambda: not queued()), '%d messages are sent' % (len(first) + len(more)), (len(queued()), read('log')[-500:]))
    process.terminate(), process.wait(300)
    return [asked[2]['domain'] for asked in smtp.asked], smtp.connections - before


write('control/me', 'host.test\n')
write('control/concurrencyremote', '1\n')
write_tables({})
smtp = Callee('smtp-send', None)
went, connections = way(['a.test', 'b.test', 'c.test'] * 10)
equal(sorted(went), sorted(['a.test', 'b.test', 'c.test'] * 10), 'each where it was to go')
ok(connections <= 6, 'a connection takes those in line: 30 messages to three hosts by a few of them', (connections, went))
number, written = 0, os.unlink('log')
went, connections = way(['a.test'] * 250, ['b.test'] * 3)
last = max(i for i, domain in enumerate(went) if domain == 'b.test') if 'b.test' in went else 999
ok(last < 220, 'who has 250 messages in line lets another host have its turn', (last, connections))
number, written = 0, os.unlink('log')
write('control/connectiontime', '0\n')
went, connections = way(['a.test'] * 20)
equal(connections, 20, 'control/connectiontime: when it is over the next message has a connection of its own, by the TLS policy of then')
done_testing()
