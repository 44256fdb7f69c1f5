#!/usr/bin/python3
"""send-schedule: a dead hop gets one probe, not five hundred messages; a host that does not come to an end with anything holds up nobody
else, however many connections it has (issue 4, On the wire; security check 32)."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

DONE, DEAD = 'done 2.0.0 250 ok', 'later 4.4.1 000 nobody there'
number = 0


def add(recipient, count=1):
    """So many messages; their ids."""
    global number
    ids = []
    with connect('send-schedule') as s:
        for _ in range(count):
            number += 1
            ids.append('0123456789a%05d' % number)
            put('new', envelope(ids[-1], 'ann@x.test', [recipient], birth=int(time.time())) + b'Subject: x\r\n\r\n', ids[-1])
            send(s, [('what', 'new'), ('id', ids[-1])])
    return ids


def gone(ids):
    return wait_for(lambda: not any(path(id) for id in ids), 300)


def qctl(*arguments):
    return subprocess.run([program('qctl'), *arguments], env=ENV, capture_output=True, text=True).stdout


def restart(**control):
    global scheduler
    for name, value in control.items():
        write('control/' + name, '%s\n' % value)
    if scheduler:
        scheduler.terminate()
        scheduler.wait(300)
    scanned = read('log').count(b': scanned') if os.path.exists('log') else 0
    scheduler = start('send-schedule', listening, 'log')
    assert wait_for(lambda: read('log').count(b': scanned') > scanned)


class Hosts:
    """smtp-send: some hosts hang from a moment on, some are dead, all others are quick."""

    def __init__(self):
        self.hang, self.dead, self.gate, self.open, self.most = set(), set(), threading.Event(), {}, {}
        self.lock = threading.Lock()

    def __call__(self, pairs, hop):
        name = hop['domain']
        with self.lock:
            self.open[name] = self.open.get(name, 0) + 1
            self.most[name] = max(self.most.get(name, 0), self.open[name])
        if name in self.hang:
            self.gate.wait(900)
        with self.lock:
            self.open[name] -= 1
        return outcomes(pairs, DEAD if name in self.dead else DONE, [('keep', 'yes')])

    def asked(self, name):
        return sum(a[2]['domain'] == name for a in list(smtp.asked))


write('control/me', 'host.test\n')
write_tables({})
hosts, scheduler = Hosts(), None
smtp = Callee('smtp-send', hosts)
listening = listen('send-schedule')
restart()

# a dead hop
REST = 30  # seconds; the first one, each further one is longer
hosts.dead.add('dead.test')
begun = time.monotonic()
dead = add('a@dead.test', 500)
ok(wait_for(lambda: all(attempts(i) == 1 for i in dead)), 'five hundred messages to a dead hop: all wait')
first = hosts.asked('dead.test')
ok(1 <= first <= 5 + (time.monotonic() - begun) // REST, '... after no more connections than a new hop gets at once, and a probe after each rest: %d' % first, first)
begun = time.monotonic()
qctl('retry', '--all')
ok(wait_for(lambda: all(attempts(i) == 2 for i in dead)), 'the operator has all tried')
probes = hosts.asked('dead.test') - first
ok(1 <= probes <= 1 + (time.monotonic() - begun) // (2 * REST), '... one message probes it, all others wait on', probes)
hosts.dead.clear()
qctl('retry', '--all')
ok(gone(dead), 'it is back: all are delivered')

# one that was quick and then hangs, with all the connections that it may have
restart(concurrencyremote=20, concurrencydestination=20)
ok(gone(add('a@slow.test', 300)), 'a host that is quick: its window grows')
hosts.hang.add('slow.test')
slow = add('a@slow.test', 100)
ok(wait_for(lambda: hosts.open['slow.test'] >= 5), 'then it hangs')
time.sleep(0.5)
held = hosts.open['slow.test']
ok(held <= 15, 'of 20 connections it never gets the last quarter: it has %d' % held, held)
ok(gone(add('a@quick.test', 200)), 'two hundred messages to another host are delivered meanwhile')
for i in range(4):
    hosts.hang.add('slow%d.test' % i)
more = [id for i in range(4) for id in add('a@slow%d.test' % i, 10)]
ok(wait_for(lambda: all(hosts.open.get('slow%d.test' % i) for i in range(4))), 'four more hosts hang: each has a connection', hosts.open)
ok(gone(add('a@quick.test', 50) + add('a@other.test', 50)), '... and the quick ones are still served')
ok(all(path(i) for i in slow + more) and hosts.open['slow.test'] >= held, '... while the slow ones still hang')
status = qctl('status')
hosts.hang.clear()
hosts.gate.set()
ok(gone(slow + more), 'they come to an end: delivered', status)

# shares: two hosts that are both busy; nobody gets more than concurrencydestination
restart(concurrencyremote=12, concurrencydestination=6)
hosts.most.clear()
hosts.gate.clear()
hosts.hang |= {'one.test', 'two.test'}
one = add('a@one.test', 50)
wait_for(lambda: hosts.open.get('one.test') == 5)
two = add('a@two.test', 50)
ok(wait_for(lambda: hosts.open.get('two.test', 0) >= 4), 'two hosts share the connections', hosts.open)
hosts.hang.clear()
hosts.gate.set()
ok(gone(one + two) and max(hosts.most.values()) <= 6, 'control/concurrencydestination is kept', hosts.most)
ok(smtp.most <= 20, '... and concurrencyremote', smtp.most)
done_testing()
