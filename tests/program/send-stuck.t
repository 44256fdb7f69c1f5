#!/usr/bin/python3
"""send-schedule: what waits in line comes to its turn, and nothing is sent twice meanwhile: released recipients beside one that stands in line, two addresses
that lead to one behind a rate limit (L-10), an address that became several destinations of which one is limited,
or deferred."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *
from clock import same_day

DONE, LATER = 'done 2.0.0 250 ok', 'later 4.2.2 452 come again'
number = generation = 0


def publish(submit='yes', more=()):
    """A new generation of the tables; submit: may alice?"""
    global generation
    generation += 1
    pairs = [(b'table:generation', record([('id', generation)])), (b'domain:a.test', record([('file', 'control/domains/a.test')])),
             (b'address:alice@a.test', record([('mailbox', 'kalice'), ('from', 'test')])), (b'login:alice@a.test', record([('mailbox', 'kalice')])),
             (b'mailbox:kalice', record([('name', 'alice@a.test'), ('uid', 1), ('path', 'x'), ('receive', 'yes'), ('submit', submit), ('from', 'test')])),
             (b'address:several@a.test', record([('forward', 'x@free.test'), ('forward', 'y@later.test'), ('from', 'test')])),
             (b'address:both@a.test', record([('forward', 'x@free.test'), ('forward', 'y@limited.test'), ('from', 'test')]))]
    os.makedirs('tables/%d' % generation)
    write_cdb('tables/%d/policy.cdb' % generation, pairs)
    os.symlink('%d' % generation, 'tables/new')
    os.rename('tables/new', 'tables/current')


def add(*recipients, facts=('role=mx',)):
    global number
    number += 1
    id = '0123456789a%05d' % number
    put('new', envelope(id, 'alice@a.test', recipients, birth=int(time.time()), facts=facts) + b'Subject: x\r\n\r\nHello\r\n', id)
    send(notices, [('what', 'new'), ('id', id)])  # one after another
    return id


def asked(id):
    return [r for a in list(smtp.asked) if a[0]['id'] == id for r in a[1]]


def run(name, *arguments):
    r = subprocess.run([program(name), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


same_day()
gate, special = threading.Event(), {'later.test': LATER}
write('control/me', 'host.test\n')
write('control/concurrencydestination', '1\n')
write('control/destinationrate', 'limited.test 1/day\n')
write('control/srs', 'no\n')
publish()
os.makedirs('state/limits/mail-send')
smtp = Callee('smtp-send', lambda pairs, hop: (hop['domain'] != 'slow.test' or gate.wait(300)) and outcomes(pairs, special.get(hop['domain'], DONE), [('keep', 'yes')]))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'counted messages=0' in read('log')), 'it has read the queue')
notices = connect('send-schedule')

# held by the kill switch, but for the archive's copy, which stands in line; then released
first = add('a@slow.test')
ok(wait_for(lambda: asked(first)), 'a message keeps the one connection to a host')
publish(submit='no')
late = add('c@far.test', ('archive@slow.test', 'copy=yes', 'notify=never', 'sender=<>'), facts=('role=submission', 'login=alice@a.test', 'owner=kalice'))
ok(wait_for(lambda: states(late) == 'hR'), 'one of an account that may not send any more: held, its copy for the archive stands in line', states(late))
ok(run('qctl', 'release', late)[0] == 0 and states(late) == 'rR', '... it is released', states(late))
gate.set()
ok(gone(first), 'the host has answered')
ok(gone(late), '... and what was released goes, like the copy', states(late))
equal(sorted(asked(late)), ['archive@slow.test', 'c@far.test'], '... once each')
run('qctl', 'delete', '--all')
publish()

# two addresses that lead to one
some = [add('z@limited.test')]
ok(gone(*some), 'the one of a day')
same = add('u@limited.test', ('u@limited.test', 'same=yes', 'original=w@limited.test'))
single = add('v@limited.test')
ok(wait_for(lambda: 'waits for the rate limit' in run('qstat', single)[1]), 'two that wait for a rate limit')
time.sleep(0.5)
equal((attempts(same), states(same), attempts(single)), (0, 'RR', 0), 'that two addresses lead to one recipient of it is no attempt')
os.unlink('state/limits/mail-send/store')  # a day later, as it were
run('qctl', 'retry', '--all')
ok(gone(same), '... and it keeps its place in the line', (states(same), asked(same)))
equal(asked(same), ['u@limited.test'], '... sent once')
run('qctl', 'delete', '--all')

# an address that has become two destinations, of which one is limited
both = add('both@a.test')
ok(wait_for(lambda: 'x@free.test' in asked(both)), 'an address that became two: the first one has it')
time.sleep(1)
equal(asked(both), ['x@free.test'], '... once, however long the other one waits for its rate')
os.unlink('state/limits/mail-send/store')
run('qctl', 'retry', '--all')
ok(gone(both), '... which has it then')
equal(sorted(asked(both)), ['x@free.test', 'y@limited.test'], '... nobody twice')

# one that has become two destinations, of which one is deferred
later = add('several@a.test')
for n in range(1, 4):
    ok(wait_for(lambda: path(later) and attempts(later) == n), 'an address that became two, of which one is deferred: attempt %d' % n)
    run('qctl', 'retry', later)
ok(wait_for(lambda: attempts(later) == 4), '... attempt 4')
equal(asked(later).count('x@free.test'), 1, '... the first one had it at the first, and is not sent to again')
special['later.test'] = DONE
run('qctl', 'retry', later)
ok(gone(later), '... the other one gets it, too')
equal(asked(later).count('x@free.test'), 1, '... that is all')
scheduler.terminate(), scheduler.wait(300)
done_testing()
