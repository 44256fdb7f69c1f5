#!/usr/bin/python3
"""send-schedule reads its settings anew every minute while it runs. A slip in one of them does not stop the mail: the old ones hold, and
the log says why; at the start it is refused (security check 60)."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

write('control/me', 'host.test\n')
write('control/retryfirst', '1000\n')
write('control/destinationrate', 'slow.test 2/day\n')
os.makedirs('state/limits/mail-send')
write_tables({})
smtp = Callee('smtp-send', lambda p, h: outcomes(p, 'later 4.2.1 450 no' if h['domain'] == 'later.test' else 'done 2.0.0 250 ok'))
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'scanned messages=0' in read('log')), 'it runs')


def add(number, *recipients):
    id = '0123456789b%05d' % number
    put('new', envelope(id, 'ann@x.test', list(recipients), birth=int(time.time())) + b'Subject: x\r\n\r\n', id)
    notify(id)
    return id


def interval(number):
    """How long a message waits after its first attempt."""
    id = add(number, 'a@later.test')
    ok(wait_for(lambda: path(id) and '/cur/' in path(id)), 'a message waits')
    return int(read(path(id)).split(b'\n')[0].split()[3]) - time.time()


ok(800 < interval(1) <= 1130, 'retryfirst is 1000', read(path('0123456789b00001'))[:60])
KEPT = b'settings-kept reason="control/retryfirst line 1: not a time (seconds, or a number with m, h or d behind it) from 0 to 315360000: soon"'
write('control/destinationrate', 'slow.test 2/fortnight\n')
write('control/retryfirst', 'soon\n')
ok(wait_for(lambda: KEPT in read('log'), 180), 'a slip in a file is said', read('log')[-500:])
ok(scheduler.poll() is None and gone(add(2, 'a@fine.test')), '... and mail flows on')
ok(800 < interval(3) <= 1130, '... by the old settings')
ids = [add(10 + i, 'a@slow.test') for i in range(3)]
ok(wait_for(lambda: sum(not path(i) for i in ids) == 2) and gone(add(20, 'a@fine.test')) and sum(not path(i) for i in ids) == 2, '... and by the old rate', read('log')[-500:])
os.unlink('control/retryfirst')
scheduler.terminate()
scheduler.wait(300)
r = subprocess.run([program('send-schedule')], stdin=listening, stderr=subprocess.PIPE, text=True, env=ENV, timeout=300)
ok(r.returncode == 100 and 'control/destinationrate' in r.stderr, 'at the start it is refused', r.stderr)
done_testing()
