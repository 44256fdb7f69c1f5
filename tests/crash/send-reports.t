#!/usr/bin/python3
"""Reports of all kinds (failed, delayed, delivered, relayed, expanded, double bounces, mixed ones), with send-schedule killed before each
of its lasting calls, and with queue-add killed before each of its own: each recipient is reported once for what became of it,
never twice and never not at all (security 22, 26; N-76). Those of some messages are signed (L-09)."""
import sys; sys.path.insert(0, 'tests')
import email, email.policy
from scheduler import *

SHIM = ROOT + '/build/tests/crash/cut.so'
BIRTH = int(time.time())
LATER, NEVER, DONE = 'later 4.2.1 450 come again', 'never 5.1.1 550 nobody', 'done 2.0.0 250 ok'
write('control/me', 'host.test\n')
write('control/delaywarning', '3600\n')
write('control/dkim', 'host.test default\n')
write('control/doublebounceto', 'bob@a.test\n')
write_tables({'bob@a.test': 'kbob', 'amy@a.test': 'kamy'})
tries, reports, twice, unsigned = {}, {}, [], []


def is_signed(id):
    return id[10] in 'cdeg'


def sign(pairs, hop):
    """Some, some not, and of some it says nothing."""
    id = dict(pairs)['id']
    if id[10] == 'f':
        return None
    return [('answer', 'yes'), ('fields', 'DKIM-Signature: v=1;\r\n b=AA\r\n')] if is_signed(id) else [('answer', 'no'), ('error', 'no key')]


def deliver(pairs, hop):
    asked = dict(pairs)
    return outcomes(pairs, DONE)


def keep_report(asked, content):
    if 'b' not in asked['id'][16:]:
        return
    if asked['id'] in reports and asked['again'] != '1':
        twice.append(asked['id'])
    reports[asked['id']] = content
    if (b'\nDKIM-Signature: v=1' in content) != is_signed(asked['id']):
        unsigned.append((asked['id'], content[:1000]))


def send_on(pairs, hop):
    """Of now.test at once; of never.test refused; of slow.test at the third try, of late.test refused at the second."""
    id, result = dict(pairs)['id'], [('remote', 'there')]
    for key, value in pairs:
        if key == 'recipient':
            n = tries[(id, value)] = tries.get((id, value), 0) + 1
            result.append((key, {'never.test': NEVER, 'now.test': DONE, 'slow.test': DONE if n > 2 else LATER, 'late.test': NEVER if n > 1 else LATER}[value.split('@')[1]]))
    return result


class Mailbox(Callee):
    """Takes reports down as they are delivered."""
    def serve(self, connection):
        with connection:
            while True:
                try:
                    pairs, fds = receive(connection)
                except OSError:
                    return
                if pairs is None:
                    return
                content = b''.join(os.pread(fd, 1 << 20, 0) for fd in fds)
                for fd in fds:
                    os.close(fd)
                with self.lock:
                    keep_report(dict(pairs), content)
                try:
                    send(connection, outcomes(pairs, DONE))
                except OSError:
                    return


spawn, smtp = Mailbox('mailbox-spawn', None), Callee('smtp-send', send_on)
signer = Callee('dkim-sign', sign)
listening, adding = listen('send-schedule'), listen('queue-add')

BOB = ('bob@a.test', 'mailbox=kbob', 'notify=success')
MESSAGES = {  # letter: sender, recipients, attempts before; what must be reported
    'c': ('amy@a.test', ['u@never.test', 'v@never.test', 'w@now.test'], 0, [('u@never.test', 'failed'), ('v@never.test', 'failed')]),
    'd': ('amy@a.test', [BOB, ('w@now.test', 'notify=success,failure')], 0, [('bob@a.test', 'delivered'), ('w@now.test', 'relayed')]),
    'e': ('amy@a.test', [('bob@a.test', 'mailbox=kbob'), ('list@a.test', 'expanded=yes', 'notify=success')], 0, [('list@a.test', 'expanded')]),
    'f': ('amy@a.test', [('w@slow.test', 'notify=success,delay')], 4, [('w@slow.test', 'delayed'), ('w@slow.test', 'relayed')]),
    'g': ('amy@a.test', ['w@slow.test', 'x@never.test'], 4, [('w@slow.test', 'delayed'), ('x@never.test', 'failed')]),
    'h': ('', ['x@never.test'], 0, [('x@never.test', 'failed')]),
    'i': ('amy@a.test', [BOB, ('bob@a.test', 'same=yes', 'mailbox=kbob', 'notify=success')], 0, [('bob@a.test', 'delivered'), ('bob@a.test', 'delivered')]),
    'j': ('amy@a.test', ['x@never.test', 'y@late.test'], 0, [('x@never.test', 'failed'), ('y@late.test', 'failed')]),
}


def put_all(round):
    tries.clear(), reports.clear(), twice.clear()
    for letter, (sender, recipients, attempts, _) in MESSAGES.items():
        id = '0123456789%s%05d' % (letter, round)
        put('new', envelope(id, sender, recipients, birth=BIRTH - (5000 if attempts else 0), attempts=attempts, facts=('role=submission',)) + b'Subject: x\r\n\r\n', id)


def all_files():
    return [os.path.join(d, f) for d, _, names in os.walk('queue') for f in names if f != 'lock']


def has_waited(path):
    try:
        return '/log/' not in path and int(read(path)[21:25]) > 0
    except (OSError, ValueError):
        return False


def work(scheduler, stop=lambda: False):
    """Until it ends by itself, the queue is empty, or it is time to stop."""
    end_at = time.monotonic() + 300
    while time.monotonic() < end_at and scheduler.poll() is None and not stop():
        left = all_files()
        if not left:
            return
        if any(has_waited(f) for f in left):
            qctl_until_cut(scheduler, 'retry', '--all')
        time.sleep(0.01)


def told():
    """What was reported of each message."""
    found = {letter: [] for letter in MESSAGES}
    for id, content in reports.items():
        message = email.message_from_bytes(content[int(content[10:20]):], policy=email.policy.default)
        for fields in list(message.iter_parts())[1].get_payload()[1:]:
            found[id[10]].append((fields['Final-Recipient'].split(';')[1], fields['Action']))
    return {letter: sorted(pairs) for letter, pairs in found.items()}


EXPECTED = {letter: sorted(m[3]) for letter, m in MESSAGES.items()}


def end(scheduler):
    scheduler.terminate()
    try:
        return scheduler.wait(300)
    except subprocess.TimeoutExpired:
        scheduler.kill()
        return scheduler.wait()


def judge(what):
    checked = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
    work(scheduler := start('send-schedule', listening, 'log'))
    end(scheduler)
    ok(told() == EXPECTED and not twice and not all_files() and checked.returncode == 0, what + ': each is reported once', (checked.stdout, told(), twice, all_files()))


def count():
    """So many lasting calls queue-add has made."""
    return int(read('count').strip(b'\0\n') or 0) if os.path.exists('count') else 0


# the scheduler is killed
adder = start('queue-add', adding, 'log')
for cut in range(1, 400):
    put_all(cut)
    scheduler = start('send-schedule', listening, 'log', {'LD_PRELOAD': SHIM, 'CUT': str(cut)})
    work(scheduler)
    if scheduler.poll() is None:
        break
    equal(scheduler.returncode, 99, 'send-schedule is cut')
    judge('... before its lasting call %d' % cut)
equal((end(scheduler), told(), twice, all_files()), (0, EXPECTED, [], []), 'then it lives through')
ok(cut > 40, 'after so many calls that could be cut: %d' % (cut - 1))
adder.terminate(), adder.wait(300)

# queue-add is killed: the worker with the report, at any of its steps
for cut in range(1, 200):
    put_all(1000 + cut)
    if os.path.exists('count'):
        os.unlink('count')
    adder = start('queue-add', adding, 'log', {'LD_PRELOAD': SHIM, 'CUT': str(cut), 'CUT_REPORT': HOME + '/count'})
    scheduler = start('send-schedule', listening, 'log')
    work(scheduler, lambda: count() >= cut)
    was_cut = count() >= cut
    adder.terminate(), adder.wait(300)
    if not was_cut:
        break
    adder = start('queue-add', adding, 'log')
    if cut % 2:  # it finds out by itself, and begins anew with all others in the queue
        scheduler.kill(), scheduler.wait()
    else:
        end(scheduler)
    judge('queue-add is cut before lasting call %d' % cut)
    adder.terminate(), adder.wait(300)
equal((end(scheduler), told(), twice, all_files()), (0, EXPECTED, [], []), 'then it lives through')
ok(cut > 20, 'after so many calls that could be cut: %d' % (cut - 1))
equal(unsigned, [], 'L-09: those that dkim-sign had signed bore its signature, and the others none')
ok(len(signer.asked) > 100, '... and it was asked for all')
done_testing()
