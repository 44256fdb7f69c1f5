#!/usr/bin/python3
"""send-schedule, killed before each of its lasting calls (security 22, 26): after each cut queue-check has no complaint, and
after the next start every recipient has the message or the sender has the report; the report, of a failure (qctl bounce too), a delay or of a success that was asked for, is made once, a mailbox gets
no second copy that it could not recognise, and only what was in flight at the cut is sent twice to another host."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

SHIM = ROOT + '/build/tests/crash/cut.so'
BIRTH = int(time.time())
write('control/me', 'host.test\n')
write('control/delaywarning', '3600\n')
write_tables({'bob@a.test': 'kbob', 'amy@a.test': 'kamy'})
twice = []  # deliveries that deliver was not warned of


def deliver(pairs, hop):
    key = (dict(pairs)['id'], dict(pairs)['recipient'])
    if key in delivered and dict(pairs)['again'] != '1':
        twice.append(key)
    delivered.setdefault(key, 0)
    delivered[key] += 1
    return outcomes(pairs, 'done 2.0.0 250 ok')


def send_on(pairs, hop):
    id = dict(pairs)['id']
    if hop['domain'] == 'never.test':
        return outcomes(pairs, 'never 5.1.1 550 nobody')
    if hop['domain'] == 'later.test' and id not in put_off:
        put_off.add(id)
        return outcomes(pairs, 'later 4.2.1 450 come again')
    if hop['domain'] == 'stuck.test':
        return outcomes(pairs, 'later 4.2.1 450 come again')
    if hop['domain'] == 'slow.test':
        slow[id] = slow.get(id, 0) + 1
        if slow[id] < 4:
            return outcomes(pairs, 'later 4.2.1 450 come again')
    for k, v in pairs:
        if k == 'recipient':
            sent[(id, v)] = sent.get((id, v), 0) + 1
    return outcomes(pairs, 'done 2.0.0 250 ok')


delivered, sent, put_off, slow = {}, {}, set(), {}
spawn, smtp = Callee('mailbox-spawn', deliver), Callee('smtp-send', send_on)
adder = start('queue-add', listen('queue-add'), 'log')
listening = listen('send-schedule')


def has_waited(path):
    try:
        return '/log/' not in path and int(read(path)[21:25]) > 0
    except OSError:
        return False


def all_files():
    return [os.path.join(d, f) for d, _, names in os.walk('queue') for f in names if f != 'lock']


def run(cut):
    """Until it is cut (99), or has emptied the queue and was told to end (0)."""
    env = {'LD_PRELOAD': SHIM, 'CUT': str(cut)} if cut else {}
    scheduler = start('send-schedule', listening, 'log', env)
    end_at = time.monotonic() + 300
    told = False
    while time.monotonic() < end_at:
        if scheduler.poll() is not None:
            return scheduler.returncode
        left = all_files()
        if not left and not told:
            scheduler.terminate()
            told = True
        elif any(has_waited(f) for f in left):  # its next time is in five minutes
            if any('/' + bounced in f for f in left):
                qctl_until_cut(scheduler, 'bounce', bounced)
            qctl_until_cut(scheduler, 'retry', '--all')
        time.sleep(0.01)
    scheduler.kill()
    scheduler.wait()
    return 'time-out: ' + ' '.join(all_files())


def check_queue():
    r = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
    return '' if r.returncode == 0 else r.stdout


cut = 0
while cut < 200:
    cut += 1
    delivered.clear(), sent.clear(), put_off.clear(), slow.clear(), twice.clear()
    a, b, c, d, e = ('0123456789%s%05d' % (letter, cut) for letter in 'abcde')
    write('queue/new/' + a, envelope(a, 'x@y.test', [('bob@a.test', 'mailbox=kbob')], birth=BIRTH) + b'one')
    write('queue/new/' + b, envelope(b, 'x@y.test', ['u@later.test', 'v@now.test', ('amy@a.test', 'mailbox=kamy')], birth=BIRTH) + b'two')
    write('queue/new/' + c, envelope(c, 'bob@a.test', ['w@never.test', 'v@now.test'], birth=BIRTH) + b'Subject: three\r\n\r\n')
    write('queue/new/' + d, envelope(d, 'bob@a.test', [('v@now.test', 'notify=success')], birth=BIRTH) + b'Subject: four\r\n\r\n')
    write('queue/new/' + e, envelope(e, 'bob@a.test', ['w@slow.test'], birth=BIRTH - 5000, attempts=4) + b'Subject: five\r\n\r\n')
    bounced = '0123456789f%05d' % cut
    write('queue/new/' + bounced, envelope(bounced, 'bob@a.test', ['w@stuck.test'], birth=BIRTH) + b'Subject: six\r\n\r\n')
    code = run(cut)
    if code == 99:
        complaint = check_queue()
        code_after = run(0)
    if code != 99:
        break
    good = (not complaint and code_after == 0 and (a, 'bob@a.test') in delivered and (b, 'amy@a.test') in delivered and
            all(len([r for r in delivered if r[0].startswith(reported + 'b')]) == 1 for reported in (c, d, e, bounced)) and len(delivered) == 6 and all((b, r) in sent for r in ('u@later.test', 'v@now.test')) and
            (c, 'v@now.test') in sent and (d, 'v@now.test') in sent and (e, 'w@slow.test') in sent and not twice and max(sent.values()) <= 2)
    ok(good, 'cut before its lasting call %d: nothing is lost, nothing doubled that was not in flight' % cut,
       (complaint, code_after, delivered, sent, twice))
equal(code, 0, 'then it lives through')
equal((len(delivered), sorted(sent.values()), all_files()), (6, [1, 1, 1, 1, 1], []), '... and has sent everything once, the warnings too (N-76)')
ok(cut > 15, 'after so many calls that could be cut: %d' % (cut - 1))
done_testing()
