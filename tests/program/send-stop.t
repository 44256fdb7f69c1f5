#!/usr/bin/python3
"""send-schedule: a host, a mailbox and a queue-add that do not answer hold up no stop, and with it no restart, for which all mail waits: what is under way is
waited for, but not for ever; then what has come to something is written down, and the rest is tried again later, not at once. Security check 58."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

DONE, NEVER = 'done 2.0.0 250 ok', 'never 5.1.1 550 nobody of this name'
number = 0


def add(*recipients):
    global number
    number += 1
    id = '0123456789a%05d' % number
    put('new', envelope(id, 'ann@x.test', recipients, birth=int(time.time())) + b'Subject: x\r\n\r\nHello\r\n', id)
    notify(id)
    return id


def said(id):
    return [line for line in read('log').decode().splitlines() if 'id=%s ' % id in line]


def stop():
    scheduler.terminate()
    try:
        return scheduler.wait(120)
    except subprocess.TimeoutExpired:
        return 'it goes on'


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob'})
gate = threading.Event()
deliver = Callee('mailbox-spawn', lambda pairs, hop: gate.wait(1000) and outcomes(pairs, DONE))
smtp = Callee('smtp-send', lambda pairs, hop: ('hangs' not in hop['domain'] or gate.wait(1000)) and outcomes(pairs, NEVER if 'never' in hop['domain'] else DONE))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'counted messages=0' in read('log')), 'it has read the queue')

# what takes a moment is waited for
smtp.answer, answer = lambda pairs, hop: wait_for(lambda: b': stopping' in read('log')) and outcomes(pairs, DONE), smtp.answer
id = add('a@takes-a-moment.test')
ok(wait_for(lambda: asked(smtp, id)), 'a message is under way')
equal((stop(), path(id), 'delivered' in ''.join(said(id))), (0, None, True), 'SIGTERM: it ends when that has come to its end')
smtp.answer = answer

# what hangs is not waited for to its end
scheduler = start('send-schedule', listening, 'log')
two = add('a@one.test', 'b@hangs.test')
here = add(('bob@a.test', 'mailbox=kbob'))
refused = add('a@never.test', 'b@hangs-too.test')
ok(wait_for(lambda: len(asked(smtp, two)) == len(asked(smtp, refused)) == 2 and asked(deliver, here)), 'two hosts and a mailbox that do not answer')
equal(stop(), 0, 'SIGTERM ends it all the same')
equal((states(two), attempts(two)), ('DR', 1), '... what another host has taken is marked, the rest is to be tried again')
equal((states(here), attempts(here)), ('R', 1), '... as the mailbox is')
equal((states(refused), len(asked(reports, refused + 'b0001'))), ('FR', 1), '... of what was refused its sender is told')
ok('4.3.2' in said(two)[-1] and 'stopped' in said(two)[-1], '... the log says why', said(two))
before = len(smtp.asked)
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'counted messages=3' in read('log')), 'started anew')
gate.set()
new = add('a@one.test')
ok(gone(new), '... new mail goes')
equal(len(smtp.asked), before + 1, '... and nothing of the other is tried before its time: who hung may have it after all')
qctl('retry', '--all')
ok(gone(two, here, refused), 'then it goes')
equal(sorted(r for _, recipients, _, _ in asked(smtp, two) for r in recipients), ['a@one.test', 'b@hangs.test', 'b@hangs.test'], '... nobody else twice')
equal(asked(deliver, here)[-1][0]['again'], '1', '... the mailbox is told that it may have it')

# nor queue-add
reports.answer = lambda pairs, hop: threading.Event().wait(1000)
id = add('a@never.test')
ok(wait_for(lambda: asked(reports, id + 'b0001')), 'a queue-add that does not answer')
equal(stop(), 0, '... holds it up no more')
equal(states(id), 'f', '... the report is asked for at the next start')
r = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
equal((r.returncode, r.stdout), (0, r.stdout), 'queue-check has no complaint')
done_testing()
