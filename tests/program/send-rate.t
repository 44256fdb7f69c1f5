#!/usr/bin/python3
"""send-schedule: control/destinationrate (L-10): what is beyond the rate of a destination waits in line, is not returned, counts as no attempt
and holds up nobody else; what was counted outlives a restart; a destination has no more connections than it may."""
import re, sys; sys.path.insert(0, 'tests')
from clock import same_day
from scheduler import *

DONE, LATER, DEAD, NEVER = 'done 2.0.0 250 ok', 'later 4.2.2 452 come again', 'later 4.4.1 000 nobody there', 'never 5.1.1 550 nobody of this name'
number, scheduler, notices = 0, None, []


def add(*recipients):
    global number
    number += 1
    id = '0123456789a%05d' % number
    put('new', envelope(id, 'bob@a.test', list(recipients), birth=int(time.time())) + b'Subject: x\r\n\r\nHello\r\n', id)
    send(notices[0], [('what', 'new'), ('id', id)])  # one after another
    return id


def asked(domain):
    """The recipients of each packet there."""
    return [a[1] for a in list(smtp.asked) if a[2].get('domain', a[2].get('host')) == domain]


def run(name, *arguments):
    r = subprocess.run([program(name), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def restart(rates=None):
    global scheduler
    if rates is not None:
        write('control/destinationrate', rates)
    if scheduler:
        scheduler.terminate()
        scheduler.wait(300)
    scanned = read('log').count(b': scanned') if os.path.exists('log') else 0
    scheduler = start('send-schedule', listening, 'log')
    notices[:] = [connect('send-schedule')]
    assert wait_for(lambda: read('log').count(b': scanned') > scanned)


def answer(pairs, hop):
    name = hop.get('domain', hop.get('host'))
    return outcomes(pairs, special.get(name, DONE), [('keep', 'yes')])


special = {}
same_day()
write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob'})
os.makedirs('state/limits/mail-send')
smtp = Callee('smtp-send', answer)
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
restart('limited.test 1000/hour 3/day\nlist.test 3/day\nmixed.test 1/day\ndead.test 3/day\nnarrow.test connections 1\n.below.test 1/day\n')

ids = [add('a@limited.test') for _ in range(10)]
ok(wait_for(lambda: sum(not path(i) for i in ids) == 3), 'ten messages to a destination that may have three a day: three go', asked('limited.test'))
other = [add('a@other.test') for _ in range(20)]
ok(gone(*other), '... others are not held up')
wait_for(lambda: b'limited destination=limited.test' in read('log'))
left = [i for i in ids if path(i)]
ok(len(left) == 7 and all(attempts(i) == 0 and states(i) == 'R' for i in left) and len(asked('limited.test')) == 3, '... seven wait, and that is no attempt', [attempts(i) for i in left])
ok(wait_for(lambda: all('waits for the rate limit of limited.test: 1000/hour, 3/day' in run('qstat', i)[1] for i in left)), 'qstat says why', run('qstat', left[0])[1])
ok(wait_for(lambda: re.search(r'\n +7 +7 .* 4\.7\.1: waits for the rate limit of limited\.test: 1000/hour, 3/day', run('qstat', '--summary')[1])), '... the summary, too', run('qstat', '--summary')[1])
code, out, error = run('qctl', 'retry', '--all')
time.sleep(0.3)
ok(sum(not path(i) for i in ids) == 3, 'a retry by the operator does not go beyond it', out)
os.unlink('state/limits/mail-send/store')  # a day later, as it were
run('qctl', 'retry', '--all')
ok(wait_for(lambda: sum(not path(i) for i in ids) == 6), 'when there is room again, three more', len(asked('limited.test')))
equal(sorted(i for i in ids if path(i)), sorted(left)[3:], '... those that came first')
restart()
time.sleep(0.3)
ok(sum(not path(i) for i in ids) == 6 and all(attempts(i) == 0 for i in left[3:]), 'after a restart, no more either')
equal(run('queue-check')[0], 0, 'queue-check has no complaint')
restart('list.test 3/day\nmixed.test 1/day\ndead.test 3/day\nnarrow.test connections 1\n.below.test 1/day\n')
ok(gone(*ids), 'without the rule all go')

# a message to more recipients than fit
many = add(*('u%d@list.test' % i for i in range(5)))
ok(wait_for(lambda: states(many).count('D') == 3 and states(many).count('R') == 2), 'five recipients of whom three may: counted one by one; the three are written down', states(many))
equal(sum(map(len, asked('list.test'))), 3, '... and sent to once')
os.unlink('state/limits/mail-send/store')
run('qctl', 'retry', '--all')
ok(gone(many) and sorted(r for packet in asked('list.test') for r in packet) == ['u%d@list.test' % i for i in range(5)], '... the other two later, nobody twice', asked('list.test'))

# several destinations, one of them limited: what has come to something is not kept open
first = add('a@mixed.test')
ok(gone(first), 'the one of a day')
both = add('b@mixed.test', 'b@free.test')
ok(wait_for(lambda: states(both) == 'RD' and attempts(both) == 1), 'a message to it and to another: the other has it, and that is written down', states(both))
time.sleep(0.5)
equal((len(asked('free.test')), attempts(both)), (1, 1), '... it then waits, and nothing else')
special['refuses.test'] = NEVER
refused = add('c@mixed.test', 'c@refuses.test')
ok(wait_for(lambda: states(refused) == 'RF'), 'who is refused meanwhile is told to the sender at once', states(refused))
ok([a for a in reports.asked if a[0]['id'] == refused + 'b0001'], '... by a report')
special['later.test'] = LATER
later = add('d@mixed.test', 'd@later.test')
ok(wait_for(lambda: states(later) == 'RR' and attempts(later) == 1), 'one that is deferred elsewhere waits for its next try', states(later))
time.sleep(0.5)
equal((len(asked('later.test')), attempts(later)), (1, 1), '... which is not now')
for id in (both, refused, later):
    ok('waits for the rate limit of mixed.test: 1/day' in run('qstat', id)[1] or id == later, '... said')
run('qctl', 'delete', '--all')

# what reached nobody is not counted
special['dead.test'] = DEAD
dead = [add('a@dead.test') for _ in range(3)]
ok(wait_for(lambda: all(attempts(i) == 1 for i in dead)), 'three to a host that is not there')
del special['dead.test']
run('qctl', 'retry', '--all')
ok(gone(*dead), '... are not counted: when it is back they all go', asked('dead.test'))

# those below a domain; another route's host; connections
below = [add('a@x.below.test'), add('a@x.below.test'), add('a@y.below.test')]
ok(wait_for(lambda: sum(not path(i) for i in below) == 2), '.below.test: each one below it has its own', [path(i) for i in below])
run('qctl', 'delete', '--all')
smtp.most = 0
gate = threading.Event()
smtp.answer = lambda pairs, hop: gate.wait(900) and outcomes(pairs, DONE, [('keep', 'yes')])
narrow = [add('a@narrow.test') for _ in range(10)]
ok(wait_for(lambda: asked('narrow.test')), 'ten to a destination that may have one connection')
time.sleep(0.3)
equal(smtp.most, 1, '... has one')
gate.set()
ok(gone(*narrow) and smtp.most == 1, '... they go one after another', smtp.most)
smtp.answer = answer
relay = [('rule', '10-all'), ('file', 'control/relayrules/10-all'), ('host', 'Hub.test'), ('port', '2525'), ('tls', 'may'), ('auth', 'no')]
write_tables({'bob@a.test': 'kbob'}, relay)
restart('hub.test 2/day\n')
hub = [add('a@far%d.test' % i) for i in range(4)]
ok(wait_for(lambda: sum(not path(i) for i in hub) == 2), 'by a relay rule: its host counts, whatever the domains', asked('Hub.test'))
ok(wait_for(lambda: len([i for i in hub if path(i) and 'waits for the rate limit of Hub.test: 2/day' in run('qstat', i)[1]]) == 2), '... said')

# configuration
scheduler.terminate()
scheduler.wait(300)
write('control/destinationrate', '# ours\na.test 5/fortnight\n')
r = subprocess.run([program('send-schedule')], stdin=listening, env=ENV, capture_output=True, text=True)
ok(r.returncode == 100 and 'control/destinationrate: /minute, /hour or /day: a.test 5/fortnight' in r.stderr, 'what cannot be understood is refused at the start', r.stderr)
done_testing()
