#!/usr/bin/python3
"""send-schedule, killed before each of its lasting calls while it holds what an account that may not send any more has here, and while the operator
releases that: nothing of it is sent before it is released, all of it afterwards, and what goes without that right (a copy) is not held up or doubled."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

SHIM = ROOT + '/build/tests/crash/cut.so'
write('control/me', 'host.test\n')
os.makedirs('tables/1')
write_cdb('tables/1/policy.cdb', [(b'table:generation', record([('id', '1')])),
                                  (b'mailbox:kalice', record([('name', 'alice@a.test'), ('uid', 1), ('path', 'x'), ('submit', 'no')])),
                                  (b'mailbox:kbob', record([('name', 'bob@a.test'), ('uid', 2), ('path', 'y'), ('submit', 'yes')]))])
os.symlink('1', 'tables/current')
sent, delivered = {}, {}


def note(where):
    def answer(pairs, hop):
        for k, v in pairs:
            if k == 'recipient':
                where[(dict(pairs)['id'], v)] = where.get((dict(pairs)['id'], v), 0) + 1
        return outcomes(pairs, 'done 2.0.0 250 ok')
    return answer


spawn, smtp = Callee('mailbox-spawn', note(delivered)), Callee('smtp-send', note(sent))
listening = listen('send-schedule')


def states(id):
    try:
        return b''.join(l[:1] for l in read(path(id)).split(b'\n\n')[0].split(b'\n')[5:]).decode()
    except (OSError, TypeError):  # it is gone, or is being moved
        return '' if not path(id) else '?'


def run(cut, id):
    """Until it is cut (99), or the message was held, released and is gone (0). The second: was the release asked for?"""
    scheduler = start('send-schedule', listening, 'log', {'LD_PRELOAD': SHIM, 'CUT': str(cut)} if cut else {})
    is_asked = False
    end_at = time.monotonic() + 300
    while time.monotonic() < end_at and scheduler.poll() is None:
        if states(id) == 'hD' and not is_asked:
            early.extend(key for key in sent if not was_asked)
            is_asked = True
            was_asked.append(id)
            qctl_until_cut(scheduler, 'release', id)
        elif states(id) == 'rD' and scheduler.poll() is None:
            qctl_until_cut(scheduler, 'retry', id)  # it was released before the cut: its next time is in some minutes
        elif not path(id):
            scheduler.terminate()
            scheduler.wait(300)
            return 0
        time.sleep(0.005)
    code = scheduler.poll()
    if code is None:
        scheduler.kill()
        scheduler.wait()
    return code


cut = 0
while cut < 100:
    cut += 1
    sent.clear(), delivered.clear()
    early, was_asked = [], []
    id = '0123456789a%05d' % cut
    put('new', envelope(id, 'alice@a.test', ['x@far.test', ('archive@a.test', 'mailbox=kbob', 'copy=yes', 'notify=never', 'sender=<>')], birth=int(time.time()),
                        facts=('role=submission', 'login=alice@a.test', 'owner=kalice')) + b'Subject: x\r\n\r\n', id)
    code = run(cut, id)
    if code != 99:
        break
    if not was_asked:
        early.extend(sent)
    checked = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
    is_released = bool(was_asked)
    code_after = run(0, id)
    ok(not checked.returncode and code_after == 0 and not early and 1 <= sent.get((id, 'x@far.test'), 0) <= 2 and 1 <= delivered.get((id, 'archive@a.test'), 0) <= 2,
       'cut before its lasting call %d%s: sent when it is released, and not before' % (cut, ', after the release' if is_released else ''), (checked.stdout, code_after, early, sent, delivered))
equal((code, sent, delivered), (0, {(id, 'x@far.test'): 1}, {(id, 'archive@a.test'): 1}), 'then it lives through: each once')
ok(cut > 5, 'after so many calls that could be cut: %d' % (cut - 1))
done_testing()
