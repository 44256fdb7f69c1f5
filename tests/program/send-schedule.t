#!/usr/bin/python3
"""send-schedule with callees that answer whatever a case needs: routes, marks, next times, windows per hop, reports, the
operator's wishes. The real callees are in the flow tests. Security checks 27, 32, 33, 34; requirements N-71, N-72."""
import json, subprocess, sys; sys.path.insert(0, 'tests')
from scheduler import *

DONE, LATER, NEVER = 'done 2.0.0 250 ok', 'later 4.2.2 452 come again', 'never 5.1.1 550 nobody of this name'
number = 0


def say(outcome, more=()):
    return lambda pairs, hop: outcomes(pairs, outcome, more)


def new_id():
    global number
    number += 1
    return '0123456789a%05d' % number


def files():
    return sorted(f for _, _, names in os.walk('queue') for f in names if f != 'lock')


def message(id, sender, recipients, content=b'Subject: x\r\n\r\nHello\r\n', **more):
    put('new', envelope(id, sender, recipients, **more) + content, id)


def add(sender, recipients, content=b'Subject: x\r\n\r\nHello\r\n', **more):
    """As queue-add does: the file, then the notice."""
    id = new_id()
    message(id, sender, recipients, content, **more)
    notify(id)
    return id


def next_try(id):
    return int(read(path(id))[26:46])


def checked(what):
    r = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
    equal(r.returncode, 0, what + ': queue-check has no complaint')
    if r.returncode:
        print('# ' + r.stdout)


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob', 'amy@a.test': 'kamy', 'postmaster@host.test': 'kpost'})
deliver, smtp = Callee('mailbox-spawn', say(DONE)), Callee('smtp-send', say(DONE, [('keep', 'yes')]))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'send-schedule: scanned messages=0\n' in read('log')), 'it has read the queue')

# one local recipient, first attempt: delivered and gone, without marks
id = add('ann@x.test', [('bob@a.test', 'mailbox=kbob')])
ok(gone(id), 'a message for a mailbox here is delivered and removed')
fields, _, _, content = asked(deliver, id)[0]
equal({k: v for k, v in fields.items() if k != 'offset'},
      {'what': 'deliver', 'id': id, 'sender': 'ann@x.test', 'mailbox': 'kbob', 'recipient': 'bob@a.test', 'again': '0'},
      'deliver is asked as doc/calls.md says')
equal(content[int(fields['offset']):], b'Subject: x\r\n\r\nHello\r\n', 'the file and where its message begins')
ok(wait_for(lambda: ('send-schedule: delivered id=%s to=bob@a.test hop=mailbox remote=there status=2.0.0 code=250 delay=' % id).encode() in read('log')),
   'one line in the log', read('log'))
equal(files(), [], 'nothing is left in the queue')

# remote: by MX and hop, the recipients of one hop in one packet, the connection is kept
before = smtp.connections
id = add('ann@x.test', ['a@one.test', 'b@two.test', 'c@one.test'])
ok(gone(id), 'a message for two remote domains')
equal(sorted((sorted(r), h) for _, r, h, _ in asked(smtp, id)),
      [(['a@one.test', 'c@one.test'], {'route': 'mx', 'domain': 'one.test'}), (['b@two.test'], {'route': 'mx', 'domain': 'two.test'})],
      'one packet for each hop')
id = add('ann@x.test', ['d@one.test'])
ok(gone(id) and smtp.connections == before + 2, 'the next message for a hop goes over the connection that was kept', smtp.connections - before)

# L-07: a default relay rule; the route is looked up at each attempt
relay = [('rule', '10-all'), ('file', 'control/relayrules/10-all'), ('host', '127.0.12.1'), ('port', '2525'), ('tls', 'may'), ('auth', 'no')]
write_tables({'bob@a.test': 'kbob', 'amy@a.test': 'kamy', 'postmaster@host.test': 'kpost'}, relay)
id = add('ann@x.test', ['a@one.test', 'b@two.test'])
ok(gone(id), 'with a relay rule')
equal([h for _, _, h, _ in asked(smtp, id)], [{'route': 'host', 'host': '127.0.12.1', 'port': '2525', 'rule': '10-all', 'tls': 'may'}],
      'all goes to the relay in one packet')
write_tables({'bob@a.test': 'kbob', 'amy@a.test': 'kamy', 'postmaster@host.test': 'kpost'})

# later: stays, with its next time; what was said is kept; qstat shows it
smtp.answer = say(LATER)
id = add('ann@x.test', ['a@later.test', ('bob@a.test', 'mailbox=kbob')], birth=int(time.time()))
ok(wait_for(lambda: states(id) == 'RD' and attempts(id) == 1), 'one recipient is done, one is to be tried again', states(id))
equal(path(id), 'queue/cur/%s/%s' % (id[-2:], id), 'it lies in queue/cur now')
ok(263 <= next_try(id) - time.time() <= 338, 'in 300 s, an eighth more or less', next_try(id) - time.time())
shown = subprocess.run([program('qstat')], env=ENV, capture_output=True, text=True).stdout
ok('to a@later.test: to do' in shown and '452 4.2.2 come again' in shown and '1 message, 1 recipient to go' in shown,
   'qstat shows what the other side said', shown)
checked('a deferred message')
was = next_try(id)
equal(qctl('retry', id), (0, '1 message to be tried at once\n', ''), 'qctl retry')
ok(wait_for(lambda: attempts(id) == 2), '... tries it at once')
equal(len(asked(deliver, id)), 1, '... the one that is done is not delivered again')
smtp.answer = say(DONE)
equal(qctl('retry', '--all')[0], 0, 'qctl retry --all')
ok(gone(id) and not os.path.exists('queue/log/' + id), 'delivered at last: file and log are gone')

# local trouble: again=1 the second time
deliver.answer = say(LATER)
id = add('ann@x.test', [('bob@a.test', 'mailbox=kbob')], birth=int(time.time()))
ok(wait_for(lambda: path(id) and attempts(id) == 1), 'a mailbox that says later')
deliver.answer = say(DONE)
qctl('retry', id)
ok(gone(id) and asked(deliver, id)[1][0]['again'] == '1', 'the second time deliver is told that it may be there')

# hold, release, delete, and what is missing
smtp.answer = say(LATER)
id = add('ann@x.test', ['a@later.test'], birth=int(time.time()))
wait_for(lambda: path(id) and attempts(id) == 1)
equal(qctl('hold', id)[:2], (0, '1 message held\n'), 'qctl hold')
equal(states(id), 'H', '... marks it')
code, out, error = qctl('hold', id)
ok((code, out) == (0, '0 messages held\n') and id + ': is held already' in error, '... once more: there is nothing to do, and that is said', (code, out, error))
equal(qctl('hold', '--all'), (0, '0 messages held\n', ''), '... of all it is not said of each')
code, out, error = qctl('retry', id)
ok(code == 1 and out == '0 messages to be tried at once\n' and id + ': is held' in error and 'release' in error, '... a retry says that it is held, and counts nothing', (code, out, error))
equal(qctl('retry', '--all')[:2], (1, '0 messages to be tried at once\n'), '... a retry of all, too')
time.sleep(0.2)
equal(len(asked(smtp, id)), 1, '... and it is not tried, also when all are')
smtp.answer = say(DONE)
equal(qctl('release', '--all')[:2], (0, '1 message released\n'), 'qctl release --all')
ok(gone(id), '... and it goes')
smtp.answer = say(LATER)
some = [add('ann@x.test', ['a@later.test'], birth=int(time.time())) for _ in range(3)]
ok(wait_for(lambda: all(path(i) and attempts(i) == 1 for i in some)), 'three that wait')
equal(qctl('delete', some[0])[:2], (0, '1 message deleted\n'), 'qctl delete one')
ok(not path(some[0]) and path(some[1]), '... and only that')
code, out, error = qctl('delete', some[0])
ok(code == 1 and 'no such message' in error, 'qctl delete of what is not there', (code, out, error))
equal(qctl('delete', '--all')[:2], (0, '2 messages deleted\n'), 'qctl delete --all')
equal(files(), [], 'nothing is left, no log either')
equal(qctl('frob', id)[0], 100, 'qctl: unknown verb')
equal(qctl('hold')[0], 100, 'qctl: nothing named')

# T19, security 34: never is returned to the sender, once, as a report
smtp.answer = say('never 5.7.1 550 no\r\nBcc: evil@x.test')
id = add('bob@a.test', ['a@never.test', ('amy@a.test', 'mailbox=kamy')],
         b'Subject: hello\r\nX-Long: ' + b'x' * 100000 + b'\r\n\r\nsecret body\r\n', facts=('role=submission', 'message-id=<m@a.test>'))
ok(gone(id), 'a refused recipient ends')
fields, _, _, report = asked(reports, id + 'b0001')[0]
ok(report.startswith(b'postroom1 ') and b'\nS \nC role=report report=sender about=%s\nR bob@a.test\n\n' % id.encode() in report,
   'a report to the sender, from the null sender', report[:300])
import email, email.policy
parsed = email.message_from_bytes(report[int(report[10:20]):], policy=email.policy.default)
equal(parsed.get_content_type(), 'multipart/report', 'it is a multipart/report')
equal([p.get_content_type() for p in parsed.iter_parts()], ['text/plain', 'message/delivery-status', 'text/rfc822-headers'], '... of three parts')
ok(not parsed.defects and not any(p.defects for p in parsed.walk()), '... without defects')
ok([a.addr_spec for a in parsed['To'].addresses] == ['bob@a.test'] and parsed['In-Reply-To'] == '<m@a.test>' and parsed['Auto-Submitted'] == 'auto-replied', '... its header', str(parsed['To']))
status = parsed.get_payload()[1].get_payload()
equal([status[1]['Final-Recipient'], status[1]['Action'], status[1]['Status'], status[1]['Diagnostic-Code']],
      ['rfc822;a@never.test', 'failed', '5.7.1', 'smtp; 550 5.7.1 no??Bcc: evil@x.test'], '... what the other side said, harmless')
ok(len(report) < 40000 and b'secret body' not in report, '... bounded, without the body')
ok(wait_for(lambda: ('send-schedule: returned id=%s report=%sb0001' % (id, id)).encode() in read('log')), '... and a line in the log')
equal(files(), [], 'nothing is left')

# what cannot be returned goes to the postmaster, once
smtp.answer = say(NEVER)
id = add('', ['a@never.test'])
ok(gone(id), 'a message with the null sender fails')
report = asked(reports, id + 'b0001')[0][3]
ok(b'\nC role=report report=postmaster about=%s\nR postmaster@host.test\n' % id.encode() in report, 'the postmaster is told', report[:300])
id = add('', ['a@never.test'], facts=('role=report', 'report=postmaster', 'about=x'))
ok(gone(id) and not asked(reports, id + 'b0001'), 'what was for the postmaster and fails is dropped')
ok(wait_for(lambda: ('dropped id=%s' % id).encode() in read('log')), '... with a line in the log')
write('control/doublebounceto', 'ops@a.test\n')
id = add('', ['a@never.test'])
ok(gone(id) and b'\nR ops@a.test\n' in asked(reports, id + 'b0001')[0][3], 'control/doublebounceto names another')
write('control/doublebounceto', '\n')
id = add('', ['a@never.test'])
ok(gone(id) and not asked(reports, id + 'b0001'), 'empty, it says: drop')
os.unlink('control/doublebounceto')

# a full disk: the report is later, the mark stays f, nothing is lost
reports.answer = lambda pairs, hop: [('answer', 'later'), ('status', '4.3.1'), ('error', 'full')]
id = add('bob@a.test', ['a@never.test'])
ok(wait_for(lambda: states(id) == 'f'), 'a report that cannot be queued: the recipient waits for it', states(id))
reports.answer = lambda pairs, hop: [('answer', 'there'), ('id', dict(pairs)['id'])]
qctl('retry', id)
ok(gone(id), 'it is there already, says queue-add: done')

# queue-add is away, as at a start: the report is made when it is there
reports.close()
id = add('bob@a.test', ['a@never.test'])
ok(wait_for(lambda: states(id) == 'f'), 'without queue-add the recipient waits for its report', states(id))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
ok(gone(id) and len(asked(reports, id + 'b0001')) == 1, '... which is made when it is back', [a[0] for a in reports.asked])

# a report is not sent before what it is about says that it was reported
reports.answer = lambda pairs, hop: [('answer', 'later'), ('status', '4.3.1'), ('error', 'full')]
parent = add('bob@a.test', ['a@never.test'])
ok(wait_for(lambda: states(parent) == 'f'), 'a message whose report is not acknowledged')
child = parent + 'b0001'
message(child, '', [('bob@a.test', 'mailbox=kbob')])
notify(child)
time.sleep(0.3)
ok(path(child) and not asked(deliver, child), 'its report, if it is there, waits')
reports.answer = lambda pairs, hop: [('answer', 'there'), ('id', dict(pairs)['id'])]
qctl('retry', parent)
ok(gone(parent) and gone(child) and len(asked(deliver, child)) == 1, '... until it is')

# the lifetime: security 27
smtp.answer = say(LATER)
write('control/queuelifetime', '120h\n')  # T19: five days, as hours
old = add('bob@a.test', ['a@later.test'], birth=int(time.time()) - 10 * 365 * 86400)
ok(wait_for(lambda: path(old) and attempts(old) == 1 and states(old) == 'R'),
   'ten years old by the calendar, never tried: tried, and not returned')
very = new_id()
reports.answer = lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])]
message(very, 'bob@a.test', ['a@later.test'], birth=int(time.time()) - 6 * 86400, attempts=40)
notify(very)
ok(gone(very), 'N-75, N-76, T19: six days old, with a lifetime of five, and tried forty times: returned')
text = asked(reports, very + 'b0041')[0][3]
ok(b'Status: 5.4.7' in text and b'given up after the queue lifetime; the last attempt said: 452 4.2.2 come again' in text.replace(b'\r\n    ', b' ').replace(b'\r\n  ', b' '),
   '... with what was said last', text)
ahead = new_id()
message(ahead, 'bob@a.test', ['a@later.test'], birth=int(time.time()) + 10 * 365 * 86400, next=int(time.time()) + 9 * 365 * 86400)
notify(ahead)
ok(wait_for(lambda: attempts(ahead) == 1 and next_try(ahead) < time.time() + 400), 'born in the future, as after a clock that was ahead: tried all the same')
qctl('delete', '--all')

# security 32: a hop that does not answer rests; it does not hold others up, and what is for it is put off without a connection
smtp.answer = lambda pairs, hop: outcomes(pairs, 'later 4.7.5 000 no TLS') if hop['domain'] == 'dead.test' else outcomes(pairs, DONE)
dead = [add('ann@x.test', ['a@dead.test'], birth=int(time.time())) for _ in range(40)]
alive = add('ann@x.test', ['a@alive.test'])
ok(gone(alive), 'mail for another hop flows')
ok(wait_for(lambda: all(path(i) and attempts(i) == 1 for i in dead)), 'all for the dead one are put off')
tried = sum(len(asked(smtp, i)) for i in dead)
ok(tried < 15, '... after few connections', tried)
waits = [json.loads(line) for line in subprocess.run([program('qstat'), '--json', '--destination', 'there'], stdout=subprocess.PIPE, text=True, env=ENV).stdout.splitlines()]
ok({m['id'] for m in waits} == set(dead) and {(r['said']['status'], r['said']['remote']) for m in waits for r in m['recipients']} == {('4.7.5', 'there')},
   '... each says which host it is that was tried for them all, and why, and is found by its name', waits[:3])
smtp.answer = say(DONE)
qctl('retry', '--all')
ok(all(gone(i) for i in dead), 'it comes back, the operator says try: all flow')

# a message that waits for room at two hops goes on at the one that has room first
gates = {'slow.test': threading.Event(), 'fast.test': threading.Event()}
smtp.answer = lambda pairs, hop: gates[hop['domain']].wait(300) and outcomes(pairs, DONE)
full = [add('ann@x.test', ['a@' + d]) for d in gates for _ in range(5)]
ok(wait_for(lambda: smtp.open == 10), 'two hops whose windows are full', smtp.open)
both = add('ann@x.test', ['a@slow.test', 'b@fast.test'])
time.sleep(0.2)
equal(asked(smtp, both), [], 'a message for both waits')
gates['fast.test'].set()
ok(wait_for(lambda: [r for _, r, _, _ in asked(smtp, both)] == [['b@fast.test']]), 'it goes on where there is room', asked(smtp, both))
gates['slow.test'].set()
ok(gone(both) and all(gone(i) for i in full) and len(asked(smtp, both)) == 2, '... and at the other later, once')
smtp.answer = say(DONE)

# windows: not more at once than there may be
write('control/concurrencylocal', '3\n')
scheduler.terminate()
equal(scheduler.wait(300), 0, 'SIGTERM ends it when nothing is under way')
scheduler = start('send-schedule', listening, 'log')
deliver.most = 0
deliver.answer = lambda pairs, hop: time.sleep(0.02) or outcomes(pairs, DONE)
many = add('ann@x.test', [('u%d@a.test' % i, 'mailbox=kbob') for i in range(60)])
other = add('ann@x.test', [('amy@a.test', 'mailbox=kamy')])
ok(gone(many) and gone(other), 'a list of sixty and a single message')
equal(deliver.most, 3, 'control/concurrencylocal is kept')
order = [a[0]['id'] for a in deliver.asked if a[0]['id'] in (many, other)]
ok(order.index(other) < 30, 'the single one does not wait for the end of the list', order.index(other))

# renewal: nothing is cut off for it
images = read('log').count(b': serving')
scheduler.send_signal(signal.SIGHUP)
ok(wait_for(lambda: read('log').count(b': serving') == images + 1) and scheduler.poll() is None, 'SIGHUP: it executes itself anew')
gate = threading.Event()
deliver.answer = lambda pairs, hop: gate.wait(300) and outcomes(pairs, DONE)
id = add('ann@x.test', [('bob@a.test', 'mailbox=kbob')])
wait_for(lambda: asked(deliver, id))
scheduler.send_signal(signal.SIGHUP)
wait_for(lambda: b'renewing is tried again' in read('log'))
deliver.answer = say(DONE)
ok(gone(add('ann@x.test', [('amy@a.test', 'mailbox=kamy')])) and read('log').count(b': serving') == images + 1, 'SIGHUP while a delivery takes long: the others go on')
gate.set()
ok(gone(id) and len(asked(deliver, id)) == 1, '... and it is not cut off')

# a service that is away: mail waits, no attempt is counted
smtp.close()
id = add('ann@x.test', ['a@one.test'])
time.sleep(0.3)
ok(path(id) and attempts(id) == 0, 'without smtp-send mail waits')
smtp = Callee('smtp-send', say(DONE))
ok(gone(id), 'it is back: mail flows')
smtp.answer = lambda pairs, hop: None
id = add('ann@x.test', ['a@one.test'], birth=int(time.time()))
ok(wait_for(lambda: path(id) and attempts(id) == 1 and states(id) == 'R'), 'one that dies in the middle: later')
for what, garbage in (('no outcome', [('answer', 'yes')]), ('words', [('recipient', 'nonsense')]), ('an unknown verdict', [('recipient', 'gone 2.0.0 250 ok')]),
                      ('another class', [('recipient', 'done 9.9.9 250 ok')]), ('a code of letters', [('recipient', 'done 2.0.0 abc ok')]),
                      ('an outcome too late', [('recipient', ''), ('recipient', DONE)]), ('60,000 bytes', [('recipient', 'x' * 60000)])):
    smtp.answer = lambda pairs, hop: garbage
    id = add('ann@x.test', ['a@one.test'], birth=int(time.time()))
    ok(wait_for(lambda: path(id) and attempts(id) == 1 and states(id) == 'R'), 'a callee that was taken over answers %s: later' % what, states(id))
    qctl('delete', id)
smtp.answer = lambda pairs, hop: [('recipient', DONE)]
id = add('ann@x.test', ['a@one.test', 'b@one.test'], birth=int(time.time()))
ok(wait_for(lambda: path(id) and attempts(id) == 1 and states(id) == 'DR'), '... one outcome for two: the other one is tried again', states(id))
qctl('delete', id)
smtp.answer = lambda pairs, hop: [('recipient', DONE)] * 200
ok(gone(add('ann@x.test', ['a@one.test'])), '... 200 for one: the first counts')
smtp.answer = say(DONE)
qctl('retry', '--all')

# tables that are away: later, never lost
os.rename('tables/1/policy.cdb', 'tables/1/away')
os.unlink('tables/current')
id = add('ann@x.test', ['a@one.test'], birth=int(time.time()))
ok(wait_for(lambda: path(id) and (attempts(id) == 1 or not path(id))), 'without tables: later or by the last ones')
os.rename('tables/1/away', 'tables/1/policy.cdb')
os.symlink('1', 'tables/current')
qctl('retry', '--all')
ok(gone(id), 'with tables again it goes')

# restart: what is there is found, and told to deliver as perhaps delivered
scheduler.terminate()
scheduler.wait(300)
id = new_id()
message(id, 'ann@x.test', [('bob@a.test', 'mailbox=kbob')])
cut = new_id()
write('queue/new/' + cut, (envelope(cut, 'a@x.test', ['bob@a.test'], facts=('role=mx', 'size=100')) + b'only this'))
blank = new_id()
write('queue/new/' + blank, b'')
over = new_id()
os.makedirs('queue/cur/' + over[-2:], exist_ok=True)
write('queue/cur/%s/%s' % (over[-2:], over), envelope(over, 'a@x.test', ['b@far.test'], attempts=1, next=int(time.time()) + 300, state=b'F') + b'x')
scheduler = start('send-schedule', listening, 'log')
ok(gone(id) and asked(deliver, id)[0][0]['again'] == '1', 'a message found at the start: delivered, with again=1')
ok(gone(over), 'one of which nothing is left to do, because a kill came before its removal, goes at once')
ok(gone(cut) and gone(blank) and not asked(deliver, cut), 'one that a power cut left incomplete is removed, not sent')
second = subprocess.run([program('send-schedule')], stdin=listening, env=ENV, capture_output=True, text=True)
ok(second.returncode == 111 and 'another send-schedule' in second.stderr, 'a second one refuses', second.stderr)
bad = new_id()
write('queue/new/' + bad, b'nonsense')
notify(bad)
ok(wait_for(lambda: ('unreadable id=%s' % bad).encode() in read('log')) and path(bad), 'a file that is no message stays, and is named in the log')
r = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
ok(r.returncode == 1 and bad in r.stdout, 'queue-check names it', r.stdout)
r = subprocess.run([program('queue-check'), '--mend'], env=ENV, capture_output=True, text=True)
ok(r.returncode == 0 and os.path.exists('queue/broken/' + bad), 'queue-check --mend puts it aside', r.stdout)
checked('then')

# configuration
for name, value in (('concurrencylocal', 'ten'), ('queuelifetime', '-1'), ('queuelifetime', '5 days'), ('retryfirst', '0')):
    write('control/' + name, value + '\n')
    scheduler.terminate()
    scheduler.wait(300)
    r = subprocess.run([program('send-schedule')], stdin=listening, env=ENV, capture_output=True, text=True)
    ok(r.returncode == 100 and 'control/' + name in r.stderr, 'control/%s: %s is refused at start' % (name, value), r.stderr)
    os.unlink('control/' + name)
done_testing()
