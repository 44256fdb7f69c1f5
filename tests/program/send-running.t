#!/usr/bin/python3
"""send-schedule: what the operator wants done with a message that is being delivered or reported in that very moment is done when that has
ended, if it left something to do; nothing is cut off, nothing is done twice (N-71, N-72)."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

DONE, LATER, NEVER = 'done 2.0.0 250 ok', 'later 4.2.2 452 come again', 'never 5.1.1 550 nobody of this name'
number = 0


class Gate:
    """A callee that answers when it is told what."""

    def __init__(self):
        self.event, self.outcome = threading.Event(), None

    def __call__(self, pairs, hop):
        self.event.wait(300)
        return outcomes(pairs, self.outcome, [('keep', 'yes')])

    def open(self, outcome):
        self.outcome = outcome
        self.event.set()


def add(sender, recipients, **more):
    global number
    number += 1
    id = '0123456789a%05d' % number
    put('new', envelope(id, sender, recipients, birth=int(time.time()), **more) + b'Subject: x\r\n\r\nHello\r\n', id)
    notify(id)
    return id


def running(recipients=('a@slow.test',), sender='bob@a.test'):
    """A message that smtp-send has, which answers when the gate is opened."""
    gate = smtp.answer = Gate()
    id = add(sender, list(recipients))
    assert wait_for(lambda: asked(smtp, id)), 'it is not tried'
    return gate, id


def noted(what, past, id):
    code, out, error = qctl(*what.split(), id)
    ok(code == 0 and out == '1 message %s\n' % past and '%s: is being delivered at this moment: %s if that leaves something to do' % (id, past) in error,
       'qctl %s of what is under way: noted, said, and counts as done' % what, (code, out, error))


def next_is_served(what):
    smtp.answer = lambda pairs, hop: outcomes(pairs, DONE, [('keep', 'yes')])
    ok(gone(add('bob@a.test', ['z@slow.test'])), '... mail behind %s flows' % what)


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob', 'postmaster@host.test': 'kpost'})
deliver, smtp = Callee('mailbox-spawn', lambda pairs, hop: outcomes(pairs, DONE)), Callee('smtp-send', None)
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')

# delete
gate, id = running()
noted('delete', 'deleted', id)
ok(path(id), '... it is there as long as it is being delivered')
gate.open(LATER)
ok(gone(id) and not os.path.exists('queue/log/' + id), '... then it is gone, and its log, too')
ok(len(asked(smtp, id)) == 1 and ('noted id=%s to=delete' % id).encode() in read('log') and ('removed id=%s reason=operator' % id).encode() in read('log'), '... and was not tried again', read('log')[-500:])
next_is_served('it')
gate, id = running()
noted('delete', 'deleted', id)
gate.open(DONE)
ok(gone(id) and ('delivered id=%s' % id).encode() in read('log') and ('removed id=%s' % id).encode() not in read('log'), 'one that was delivered after all: nothing is left to delete')
next_is_served('it')

# hold, release
gate, id = running()
noted('hold', 'held', id)
gate.open(LATER)
ok(wait_for(lambda: states(id) == 'H' and attempts(id) == 1), 'hold: it is held when the attempt has ended', states(id))
ok(qctl('retry', id)[0] == 1, '... and is not retried')
smtp.answer = lambda pairs, hop: outcomes(pairs, DONE)
ok(qctl('release', id)[0] == 0 and gone(id) and len(asked(smtp, id)) == 2, '... until it is released')
gate, id = running(['a@slow.test', 'b@other.test'])
ok(wait_for(lambda: len(asked(smtp, id)) == 2), 'a message that is under way to two hops')
noted('hold', 'held', id)
noted('release', 'released', id)
gate.open(LATER)
ok(wait_for(lambda: states(id) == 'RR' and len(asked(smtp, id)) == 4), 'the last word counts: held and released: it is not held, and goes at once', (states(id), asked(smtp, id)))
wait_for(lambda: attempts(id) == 2)
gate = smtp.answer = Gate()
qctl('retry', id)
wait_for(lambda: len(asked(smtp, id)) == 6)
noted('delete', 'deleted', id)
noted('hold', 'held', id)
code, out, error = qctl('retry', id)
ok(code == 1 and id + ': is held' in error, '... a retry of what will be held says that', (code, out, error))
gate.open(LATER)
ok(wait_for(lambda: states(id) == 'HH'), '... deleted, and then held: it is there, and held', states(id))
gate = smtp.answer = Gate()
qctl('release', id)
wait_for(lambda: len(asked(smtp, id)) == 8)
code, out, error = qctl('release', id)
equal((code, out, error), (0, '0 messages released\n', 'qctl: warning: %s: is not held: nothing to do\n' % id), 'qctl release of what is under way and not held: there is nothing to do')
noted('delete', 'deleted', id)
gate.open(LATER)
ok(gone(id), '... deleted')

# retry
gate, id = running()
code, out, error = qctl('retry', id)
ok(code == 0 and out == '1 message to be tried at once\n' and id + ': is being tried at this moment: nothing more to do' in error, 'qctl retry of what is being tried', (code, out, error))
noted('delete', 'deleted', id)
gate.open(LATER)
gone(id)

# bounce: one report, by the operator's words, for what was left
gate, id = running(['a@slow.test', 'b@slow.test'])
noted('bounce --because moved', 'returned to the sender', id)
ok(not asked(reports, id + 'b0001'), '... nobody is told yet')
smtp.answer = None
gate.open(LATER)
ok(gone(id), '... it is returned when the attempt has ended')
told = [a for a in reports.asked if a[0]['id'].startswith(id)]
ok(len(told) == 1 and told[0][3].count(b'Diagnostic-Code: X-Postroom; moved') + told[0][3].count(b'moved') >= 2 and b'b@slow.test' in told[0][3], '... one report, of both recipients', [a[0] for a in told])

# some are refused by the other side at that moment, a report of them is on its way: the rest is done then
hold_reports = threading.Event()
reports.answer = lambda pairs, hop: hold_reports.wait(300) and [('answer', 'queued'), ('id', dict(pairs)['id'])]
smtp.answer = lambda pairs, hop: outcomes(pairs, NEVER if hop['domain'] == 'never.test' else LATER)
id = add('bob@a.test', ['a@never.test', 'b@later.test'])
ok(wait_for(lambda: asked(reports, id + 'b0001')) and states(id) == 'fR', 'a message whose report is under way', states(id))
noted('bounce --because moved', 'returned to the sender', id)
hold_reports.set()
ok(gone(id), '... it is returned after that')
equal([a[0]['id'] for a in reports.asked if a[0]['id'].startswith(id)], [id + 'b0001', id + 'b0002'], '... two reports, each of another recipient')
report = asked(reports, id + 'b0002')[0][3]
ok(b'b@later.test' in report and b'a@never.test' not in report.split(b'message/delivery-status')[1].split(b'text/rfc822')[0], '... nobody is told twice of a recipient', report)

# what waits in line of a message that is under way is not begun
write('control/concurrencylocal', '1\n')
scheduler.terminate()
scheduler.wait(300)
scheduler = start('send-schedule', listening, 'log')
one = threading.Event()
deliver.answer = lambda pairs, hop: one.wait(300) and outcomes(pairs, DONE)
id = add('ann@x.test', [('u%d@a.test' % i, 'mailbox=kbob') for i in range(20)])
ok(wait_for(lambda: asked(deliver, id)), 'a list of twenty, one after another')
noted('hold', 'held', id)
one.set()
ok(wait_for(lambda: states(id).count('H') == 19 and states(id).count('D') == 1), 'hold: the one that was under way is done, all others are held', states(id))
equal(len(asked(deliver, id)), 1, '... and were not begun')
equal([line for line in read('log').split(b'\n') if ('id=' + id).encode() in line and b'deferred' in line], [], '... nothing is said of what was not tried')
ok(qctl('release', id)[0] == 0 and gone(id) and len(asked(deliver, id)) == 20, '... released, they go, each once')

# told to stop while something is noted
gate, id = running()
noted('delete', 'deleted', id)
scheduler.terminate()
gate.open(LATER)
equal(scheduler.wait(300), 0, 'told to stop')
ok(not path(id), '... what was noted is done before it ends')
done_testing()
