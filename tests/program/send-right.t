#!/usr/bin/python3
"""send-schedule: the kill switch. A login whose submit bit goes off, or who is gone, has its queued mail held within a second; what is
under way is not cut off; others go on; the operator releases or deletes; nothing is released by itself (issue 4, A queue for people)."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

DONE, LATER = 'done 2.0.0 250 ok', 'later 4.4.1 000 nobody there'
number = generation = 0


def publish(off=(), gone=(), backend=True):
    """A new generation of the tables: alice's and bob's mailboxes, a backend's login; off: submit=no."""
    global generation
    generation += 1
    pairs = [(b'table:generation', record([('id', generation)])), (b'domain:a.test', record([('file', 'control/domains/a.test')]))]
    for user in ('alice', 'bob'):
        if user in gone:
            continue
        pairs.append((b'address:%s@a.test' % user.encode(), record([('mailbox', 'k' + user), ('from', 'test')])))
        pairs.append((b'login:%s@a.test' % user.encode(), record([('mailbox', 'k' + user)])))
        pairs.append((b'mailbox:k' + user.encode(), record([('name', user + '@a.test'), ('uid', 1), ('path', 'x'), ('receive', 'yes'), ('submit', 'no' if user in off else 'yes'), ('from', 'test')])))
    if backend:
        pairs += [(b'login:hub', record([('backend', 'hub')])), (b'backend:hub', record([('login', 'hub')]))]
    os.makedirs('tables/%d' % generation)
    write_cdb('tables/%d/policy.cdb' % generation, pairs)
    os.symlink('%d' % generation, 'tables/new')
    os.rename('tables/new', 'tables/current')
    return time.monotonic()


ALICE = ('role=submission', 'login=alice@a.test', 'owner=kalice')
BOB = ('role=submission', 'login=bob@a.test', 'owner=kbob')


def new_id():
    global number
    number += 1
    return '0123456789a%05d' % number


def add(facts, recipients=('x@far.test',), sender=None, connection=None, **more):
    id = new_id()
    sender = 'bob@a.test' if sender is None and facts == BOB else 'alice@a.test' if sender is None else sender
    put('new', envelope(id, sender, list(recipients), birth=int(time.time()), facts=facts, **more) + b'Subject: x\r\n\r\nHello\r\n', id)
    if connection:
        send(connection, [('what', 'new'), ('id', id)])
    else:
        with connect('send-schedule') as s:
            send(s, [('what', 'new'), ('id', id)])
    return id


def run(name, *arguments):
    r = subprocess.run([program(name), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def restart():
    global scheduler
    scheduler.terminate()
    scheduler.wait(300)
    scanned = read('log').count(b': scanned') if os.path.exists('log') else 0
    scheduler = start('send-schedule', listening, 'log')
    assert wait_for(lambda: read('log').count(b': scanned') > scanned)


def many(facts, count):
    with connect('send-schedule') as connection:
        return [add(facts, connection=connection) for _ in range(count)]


write('control/me', 'host.test\n')
publish()
deliver, smtp = Callee('mailbox-spawn', lambda pairs, hop: outcomes(pairs, DONE)), Callee('smtp-send', lambda pairs, hop: outcomes(pairs, LATER))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')

# off: all of alice's is held, nothing of bob's
alice, bob = many(ALICE, 100), many(BOB, 5)
old = add(('role=submission', 'login=Alice@A.test'))
other = add(('role=mx', 'helo=x'))
ok(wait_for(lambda: all(attempts(i) == 1 for i in alice + bob + [old, other])), 'a hundred of alice, some of bob, one of an older version, one of a stranger: all wait')
told_at = publish(off=['alice'])
ok(wait_for(lambda: all(states(i) == 'h' for i in alice + [old])), "alice's submit bit goes off: all that she has here is held", [states(i) for i in alice])
print('# all held %.2f s after the new generation' % (time.monotonic() - told_at))
ok(all(states(i) == 'R' for i in bob + [other]), "... what is bob's, and what is nobody's, is not")
ok(('held id=%s who="mailbox kalice" reason="sending is disabled" login=alice@a.test' % alice[0]).encode() in read('log'), '... the log says why', read('log')[-300:])
code, out, error = run('qstat', alice[0])
ok('to x@far.test: held, its sender may not send any more' in out and 'held until it is released' in out, '... qstat, too', out)
import json
said = json.loads(run('qstat', '--json', alice[0])[1].splitlines()[0])
equal((said['login'], said['recipients'][0]['state'], said['recipients'][0]['because']), ('alice@a.test', 'held', 'sender-disabled'), '... in JSON')
ok('held, its sender may not send any more' in run('qstat', '--summary')[1], '... and in the summary')
equal(run('queue-check')[0], 0, 'queue-check has no complaint')
tried = len(smtp.asked)
code, out, error = run('qctl', 'retry', '--login', 'alice@a.test')
ok(code == 1 and out.startswith('0 messages') and error.count(': is held') == 101 and len(smtp.asked) == tried, 'a retry does not let it go', (code, out))

# the operator releases one, over a restart
smtp.answer = lambda pairs, hop: outcomes(pairs, LATER)
equal(run('qctl', 'release', alice[0]), (0, '1 message released\n', ''), 'qctl release: one')
ok(wait_for(lambda: states(alice[0]) == 'r' and attempts(alice[0]) == 2), '... it is tried although she may not send', (states(alice[0]), attempts(alice[0])))
restart()
ok(states(alice[0]) == 'r' and all(states(i) == 'h' for i in alice[1:]), '... a restart changes nothing')
equal(run('queue-check')[0], 0, 'queue-check has no complaint')
ok('to do, released by the operator' in run('qstat', alice[0])[1], '... qstat says it')
smtp.answer = lambda pairs, hop: outcomes(pairs, DONE)
run('qctl', 'retry', alice[0])
ok(gone(alice[0]) and all(path(i) for i in alice[1:]), '... it goes at last, the others do not')

# back on: nothing goes by itself
publish()
wait_for(lambda: b'unbarred who="mailbox kalice"' in read('log'))
restart()
ok(all(states(i) == 'h' for i in alice[1:]), 'her submit bit comes back: nothing is released by itself, after a restart neither')
ok(gone(add(ALICE)), '... what she sends now goes')
equal(run('qctl', 'release', alice[1]), (0, '1 message released\n', ''), 'qctl release')
ok(gone(alice[1]), '... goes')
equal(run('qctl', 'delete', '--sender', 'alice@a.test')[:2], (0, '100 messages deleted\n'), 'qctl delete --sender')
ok(not any(path(i) for i in alice + [old]) and all(path(i) for i in bob), "... all of hers, none of bob's")
run('qctl', 'delete', '--all')

# gone, while the scheduler is down
smtp.answer = lambda pairs, hop: outcomes(pairs, LATER)
one, hub = add(ALICE), add(('role=submission', 'login=hub', 'backend=hub'), sender='x@hub.test')
network = add(('role=submission', 'backend=hub'), sender='y@hub.test')
ok(wait_for(lambda: all(attempts(i) == 1 for i in (one, hub, network))), "alice's, a backend's by its login, and by its certificate")
scheduler.terminate()
scheduler.wait(300)
publish(gone=['alice'], backend=False)
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: states(one) == states(hub) == 'h'), 'both are gone from the tables while it is down: held after its start', (states(one), states(hub)))
ok(b'reason="the account is gone"' in read('log') and b"reason=\"the backend's login is gone\"" in read('log') and states(network) == 'R', '... and the log says why; who has no login is not held', read('log')[-600:])
run('qctl', 'delete', '--all')

# never tried before; recipients here, copies, reports
publish(off=['alice'])
wait_for(lambda: b'barred who="mailbox kalice" reason="sending is disabled"' in read('log'))
before = len(smtp.asked) + len(deliver.asked)
mixed = add(ALICE, ['x@far.test', ('bob@a.test', 'mailbox=kbob'), ('archive@a.test', 'mailbox=kbob', 'copy=yes', 'notify=never', 'sender=<>')])
ok(wait_for(lambda: states(mixed) == 'hhD'), 'what was accepted a moment before is not begun; a copy for the archive is delivered', states(mixed))
equal([a[0]['recipient'] for a in deliver.asked + smtp.asked if a[0]['id'] == mixed], ['archive@a.test'], '... and that alone')
report = add(('role=report', 'report=sender', 'about=x', 'login=alice@a.test'), [('alice@a.test', 'mailbox=kalice')], sender='')
ok(gone(report), '... a report goes its way')
equal(run('qctl', 'bounce', mixed)[0], 0, 'qctl bounce of what is held')
ok(gone(mixed) and b'Action: failed' in asked(reports, mixed + 'b0002')[0][3], '... returned to her')

# under way when the bit goes off
publish()
gate = threading.Event()
smtp.answer = lambda pairs, hop: gate.wait(300) and outcomes(pairs, DONE if hop['domain'] == 'good.test' else LATER)
half = add(ALICE, ['x@far.test', 'y@good.test'])
ok(wait_for(lambda: len(asked(smtp, half)) == 2), 'one that is under way to two hosts')
publish(off=['alice'])
ok(wait_for(lambda: b'reason="sending is disabled" generation=%d' % generation in read('log')), '... her submit bit goes off')
equal(states(half), 'RR', '... is not cut off')
gate.set()
ok(wait_for(lambda: states(half) == 'hD'), '... what it leaves is held when it has ended', states(half))
equal(len(asked(smtp, half)), 2, '... without another try')
run('qctl', 'delete', '--all')
publish()

# in line: what has an open attempt of which nothing has begun
write('control/concurrencyremote', '1\n')
restart()
gate = threading.Event()
smtp.answer = lambda pairs, hop: gate.wait(300) and outcomes(pairs, DONE)
first = add(BOB)
ok(wait_for(lambda: asked(smtp, first)), 'one of bob has the only connection')
line, theirs = many(ALICE, 5), many(BOB, 5)
ok(wait_for(lambda: run('qctl', 'status')[1].startswith('11 in the queue: 11 open, 0 new')), 'ten more wait in line', run('qctl', 'status'))
publish(off=['alice'])
ok(wait_for(lambda: all(states(i) == 'h' for i in line)), 'what waits in line is held', [states(i) for i in line])
gate.set()
ok(gone(first) and all(gone(i) for i in theirs) and not any(asked(smtp, i) for i in line), '... and not begun when there is room; the others are')
done_testing()
