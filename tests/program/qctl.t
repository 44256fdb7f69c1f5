#!/usr/bin/python3
"""qctl: what it asks send-schedule, and what it tells the operator. What send-schedule then does: send-schedule.t (N-71, N-72)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *

A, B = '0123456789abcdef', '0123456789abcdeg'
answers = []
scheduler = Callee('send-schedule', lambda pairs, hop: answers.pop(0))


def qctl(*arguments):
    scheduler.asked.clear()
    r = subprocess.run([program('qctl'), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


answers += [[('answer', 'done'), ('count', 2)]]
equal(qctl('retry', A, B), (0, '2 messages to be tried at once\n', ''), 'retry two')
equal(scheduler.asked[0][0], {'what': 'retry', 'id': B}, 'asks by the ids')
answers += [[('answer', 'done'), ('count', 1)]]
equal(qctl('hold', '--all'), (0, '1 message held\n', ''), 'hold all')
equal(scheduler.asked[0][0], {'what': 'hold', 'all': 'yes'}, 'asks for all')
answers += [[('answer', 'done'), ('count', 1), ('missing', A), ('noted', B)]]
code, out, error = qctl('delete', A, B)
ok(code == 1 and out == '1 message deleted\n' and A + ': no such message' in error and B + ': is being delivered at this moment: deleted if that leaves something to do\n' in error,
   'what is missing or under way is said', (code, out, error))
answers += [[('answer', 'done'), ('count', 2), ('noted', B)]]
code, out, error = qctl('bounce', A, B)
ok(code == 0 and out == '2 messages returned to the sender\n' and 'at this moment: returned to the sender if' in error, '... what is noted counts as done', (code, out, error))
answers += [[('answer', 'done'), ('count', 2), ('running', B)]]
code, out, error = qctl('retry', A, B)
ok(code == 0 and out == '2 messages to be tried at once\n' and B + ': is being tried at this moment: nothing more to do\n' in error, '... a retry of what is being tried, too', (code, out, error))
answers += [[('answer', 'done'), ('count', 1), ('noted', B), ('missing', A)]]
code, out, error = qctl('hold', A, B, '--json')
equal((code, __import__('json').loads(out), error), (1, {'what': 'hold', 'count': 1, 'missing': [A], 'running': [], 'noted': [B], 'held': [], 'unchanged': [], 'failed': []}, ''), '... in JSON')
answers += [[('answer', 'done'), ('count', 1), ('held', B)]]
code, out, error = qctl('retry', A, B)
ok(code == 1 and out == '1 message to be tried at once\n' and B + ': is held, nothing was done: release it' in error, 'what is held is not retried: said', (code, out, error))
answers += [[('answer', 'done'), ('count', 1), ('unchanged', B)]]
code, out, error = qctl('release', A, B)
ok(code == 0 and out == '1 message released\n' and B + ': is not held: nothing to do' in error, 'what needs nothing: said', (code, out, error))
answers += [[('answer', 'no'), ('error', 'only root may')]]
code, out, error = qctl('release', A)
ok(code == 100 and 'only root may' in error, 'refused', error)
answers += [[('answer', 'done'), ('count', 1000)]] * 5
many = ['0123456789ab%04d' % i for i in range(1000)]
equal(qctl('retry', *many)[1], '5000 messages to be tried at once\n', 'a thousand go in five requests')
answers += [[('answer', 'done'), ('count', 9), ('open', 1), ('ready', 2), ('later', 3), ('scanning', 'no')]]
equal(qctl('status')[:2], (0, '9 in the queue: 1 open, 2 new, 3 wait for their next try\n'), 'status')
for bad in ((), ('retry',), ('frob', A), ('retry', '--all', A), ('retry', '--frob'), ('retry', '../x'), ('--all',)):
    equal(qctl(*bad)[0], 100, 'bad use: ' + ' '.join(bad))
ok(not scheduler.asked, '... asks for nothing')
scheduler.close()
code, out, error = qctl('retry', A)
ok(code == 111 and 'send-schedule' in error, 'without send-schedule', error)
done_testing()
