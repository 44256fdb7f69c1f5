#!/usr/bin/python3
"""A deep queue: thousands of messages that wait, with a real send-schedule. What it counts in memory for qstat --summary is what the files
say, whatever becomes of them; new mail goes while all the others stand in line."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
import json
from tap import *

NOW, COUNT = int(time.time()), 4000
WORDS = [(b'450', b'4.2.1', b'busy'), (b'451', b'4.7.1', b'greylisted'), (b'000', b'4.4.1', b'silence')]


def run(name, *arguments):
    r = subprocess.run([program(name), *arguments], env=ENV, capture_output=True, text=True, timeout=300)
    return r.returncode, r.stdout, r.stderr


def waits(number):
    """A message that was tried before, with its words: of three recipients if its number is a multiple of 10."""
    id = '%011d%05d' % (number, number)
    recipients = [('u%d@D%d.test' % (number, number % 37))] + (['v@d1.test', ('w@a.test', 'mailbox=kw')] if number % 10 == 0 else [])
    code, status, words = WORDS[number % 3]
    os.makedirs('queue/cur/' + id[-2:], exist_ok=True)
    write('queue/cur/%s/%s' % (id[-2:], id), envelope(id, 'ann%d@x.test' % (number % 50), recipients, birth=NOW - number, attempts=8, next=NOW + 9000) + b'x' * 500)
    os.chmod('queue/cur/%s/%s' % (id[-2:], id), 0o660)
    to = [r if isinstance(r, str) else r[0] for r in recipients]
    write('queue/log/' + id, b''.join(b'%d %d later %s %s %s mx%%20[192.0.2.1] %s\n' % (NOW, i, status, code, t.encode(), words) for i in (7, 8) for t in to))
    return id


def counted(*arguments):
    """Without the examples: any of the words will do."""
    code, out, error = run('qstat', '--summary', '--json', *arguments)
    said = json.loads(out)
    rows = {what: {(r[key], r['recipients'], r['messages'], r['oldest']) for r in said[what]} for what, key in (('causes', 'cause'), ('destinations', 'destination'))}
    return rows, [said[k] for k in ('messages', 'recipients', 'bytes', 'oldest')]


def same(what):
    """--older reads the files."""
    seen = wait_for(lambda: (lambda a, b: (a,) if a == b else None)(counted(), counted('--older', '0s')))
    ok(seen, what, seen or (counted(), counted('--older', '0s')))
    return seen[0] if seen else ({'causes': set(), 'destinations': set()}, [0] * 4)


def causes(seen):
    return {row[0]: row[1] for row in seen[0]['causes']}


def opened(*arguments):
    r = subprocess.run(['strace', '-qq', '-e', 'trace=openat', program('qstat'), *arguments], env=ENV, capture_output=True, text=True, timeout=300)
    return r.stderr.count('queue/cur/'), r.stdout


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob', 'w@a.test': 'kw'})
ids = [waits(i) for i in range(1, COUNT + 1)]
before = counted()
equal((len(before[0]['causes']), len(before[0]['destinations']), before[1][0]), (3, 38, COUNT), 'send-schedule does not run: qstat reads the files')
deliver = Callee('mailbox-spawn', lambda p, h: outcomes(p, 'done 2.0.0 ok'))
smtp = Callee('smtp-send', lambda p, h: outcomes(p, 'later 4.3.2 452 full'))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
schedule = start('send-schedule', listen('send-schedule'), 'log')
ok(wait_for(lambda: b'counted messages=%d' % COUNT in read('log'), 120), 'send-schedule has read and counted all', read('log')[-500:])
equal(counted(), before, 'it counts in memory what the files say')
files, out = opened('--summary')
ok(files == 0 and '%d messages' % COUNT in out, 'N-70: the sums of all cost no file', (files, out[-200:]))
ok(opened('--by', 'cause', '--sender', 'ann7@x.test')[0] >= COUNT, '... those of a selection do')
files, out = opened(ids[100])
ok(files <= 2 and ids[100] in out, 'one message costs one', (files, out))
first = subprocess.Popen([program('qstat')], env=ENV, stdout=subprocess.PIPE, text=True)
ok(first.stdout.readline().startswith(ids[0]), 'qstat begins with the oldest')
equal(sum(1 for line in first.stdout if line[:16].isdigit()), COUNT - 1, '... and names all')
first.wait(300)

equal(run('qctl', 'hold', '--sender', 'ann7@x.test')[:2], (0, '%d messages held\n' % (COUNT / 50)), 'hold by sender')
equal(causes(same('held messages are counted as such')).get('held by the operator'), COUNT // 50, '... all of them')
run('qctl', 'release', ids[6], ids[56])
wait_for(lambda: b'deferred id=' + ids[56].encode() in read('log'))
equal(causes(same('what was released and tried is counted by its new words')).get('452 4.3.2'), 2, '... two')
run('qctl', 'delete', '--sender', 'ann8@x.test')
equal(same('what is deleted is not counted')[1][0], COUNT - COUNT // 50, '... any more')
run('qctl', 'bounce', ids[10], ids[11])
wait_for(lambda: len(reports.asked) >= 2)
same('what is returned is not counted')

hold_on = threading.Event()
smtp.answer = lambda p, h: (hold_on.wait(120), outcomes(p, 'later 4.3.2 452 full'))[1]
code, out, error = run('qctl', 'retry', '--all')
ok(out.split(' ')[0].isdigit() and int(out.split(' ')[0]) > COUNT * 0.9, 'retry of all', out)
new = '0123456789zz0000'.replace('z', 'v')
put('new', envelope(new, 'ann@x.test', [('bob@a.test', 'mailbox=kbob')], birth=NOW) + b'x', new)
with connect('send-schedule') as s:
    send(s, [('what', 'new'), ('id', new)])
ok(wait_for(lambda: [1 for asked in deliver.asked if asked[0]['id'] == new] and not os.path.exists('queue/new/' + new)), 'new mail is delivered while thousands stand in line')
same('what stands in line is counted by what was said before')
hold_on.set()
ok(wait_for(lambda: json.loads(run('qctl', 'status', '--json')[1])['ready'] == 0 and not {'450 4.2.1', '451 4.7.1', 'its report is not queued yet'} & set(causes(counted())), 120), 'all were tried', causes(counted()))
same('... and are counted anew')
schedule.terminate(), schedule.wait(300)
after = counted()
schedule = start('send-schedule', listen('send-schedule'), 'log2')
wait_for(lambda: b'counted' in read('log2'), 120)
equal(counted(), after, 'the same after a restart')
equal(run('queue-check')[0], 0, 'queue-check has no complaint')
done_testing()
