#!/usr/bin/python3
"""qctl and qstat: which messages are meant: by sender, recipient, destination and age, Message-ID (N-74), all of it (N-71, N-72); --dry-run, JSON, what is
said of races; qctl bounce: the sender has the message back now, with the operator's words. With a real send-schedule."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
import json, re
from scheduler import *

NOW = int(time.time())


def run(name, *arguments):
    r = subprocess.run([program(name), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def put(letter, sender, recipients, age=100, **more):
    id = '012345678%s000000' % letter
    os.makedirs('queue/cur/00', exist_ok=True)
    write('queue/cur/00/' + id, envelope(id, sender, recipients, birth=NOW - age, attempts=1, next=NOW + 3000, **more) + b'Subject: %s\r\n\r\nx\r\n' % letter.encode())
    os.chmod('queue/cur/00/' + id, 0o660)
    return id


def state(id):
    return re.search(rb'\n([RdDfFH]) ', read(path(id))).group(1).decode() if path(id) else ''


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob'})
a = put('a', 'ann@x.test', ['u@later.test'], 20000)
b = put('b', 'ann@x.test', ['u@other.test', ('bob@a.test', 'mailbox=kbob')], facts=('role=mx', 'message-id=<two@x.test>'))
c = put('c', 'cat@y.x.test', ['v@later.test'], 20000)
d = put('d', '', ['w@dead.test'])
write('queue/log/' + d, b'%d 1 later 4.4.1 000 w@dead.test mx.dead.test%%20[192.0.2.9] silence\n' % NOW)
all_ids = [a, b, c, d]

for arguments, wanted in ((['--sender', 'ANN@x.test'], [a, b]), (['--sender', '@.x.test'], [c]), (['--sender', '<>'], [d]),
                          (['--recipient', '@later.test'], [a, c]), (['--recipient', 'bob@a.test'], [b]), (['--destination', 'mailbox'], [b]),
                          (['--destination', 'mx.dead.test'], [d]), (['--older', '5h'], [a, c]), (['--older', '5h', '--sender', '@x.test'], [a]),
                          (['--message-id', '<two@x.test>'], [b]), (['--message-id', 'two@x.test'], [b]), (['--message-id', 'wo@x.test'], []),
                          (['--sender', 'ann@x.test', b, c], [b]), (['--sender', 'nobody@x.test'], [])):
    code, out, error = run('qstat', '--json', *arguments)
    equal((code, [json.loads(l)['id'] for l in out.splitlines()]), (0, wanted), 'qstat ' + ' '.join(arguments))
    code, out, error = run('qctl', 'hold', '--dry-run', *arguments)
    equal((code, out.splitlines()[:-1], out.splitlines()[-1].split(' ')[0]), (0, wanted, str(len(wanted))), '... qctl hold --dry-run means the same')
equal(run('qstat', '--mailq', '--sender', '<>')[1].count('dead.test'), 2, 'qstat --mailq with a selection')
code, out, error = run('qctl', 'delete', '--all', '--dry-run', '--json')
equal((code, json.loads(out)), (0, {'what': 'delete', 'dry-run': True, 'count': 4, 'ids': all_ids, 'missing': [], 'running': [], 'noted': [], 'held': [], 'unchanged': [], 'failed': []}), 'as JSON')
code, out, error = run('qctl', 'delete', a, '0123456789zzzzzz'.replace('z', 'v'), '--dry-run')
ok(code == 1 and 'no such message in the queue' in error, 'a wrong id is said, in a dry run too', error)
for bad, words in ((('hold', '--sender', 'ann'), '--sender wants ADDRESS or @DOMAIN, not ann'), (('delete', '--recipient', '@'), 'not @'), (('delete', '--recipient', '<>'), 'not <>'),
                   (('delete', '--sender', '--all'), 'not --all')):
    code, out, error = run('qctl', *bad)
    ok(code == 100 and not out and words in error, 'a slip is no address that nobody has: ' + ' '.join(bad), (code, out, error))
for bad in (('hold', '--older'), ('hold', '--older', '4w'), ('hold', '--sender', 'a@b', '--sender', 'c@d'), ('hold', '--dry-run'), ('hold', a, '--because', 'x'),
            ('bounce', a, '--because', 'x' * 1001), ('bounce', a, '--because'), ('status', '--older', '5'), ('hold', '--destination', ''), ('--older', '5')):
    equal(run('qctl', *bad)[0], 100, 'bad use: ' + ' '.join(bad)[:60])
equal([state(i) for i in all_ids], ['R'] * 4, 'nothing was done until now')

deliver, smtp = Callee('mailbox-spawn', lambda p, h: outcomes(p, 'later 4.2.1 450 no')), Callee('smtp-send', lambda p, h: outcomes(p, 'later 4.2.1 450 no'))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
start('send-schedule', listen('send-schedule'), 'log')
ok(wait_for(lambda: b'scanned messages=4' in read('log')), 'send-schedule runs')
equal(run('qctl', 'hold', '--recipient', '@later.test'), (0, '2 messages held\n', ''), 'hold by recipient')
equal([state(i) for i in all_ids], ['H', 'R', 'H', 'R'], '... those and no others')
code, out, error = run('qctl', 'retry', '--older', '5h', '--json')
equal((code, json.loads(out)['held'], error), (1, [a, c], ''), 'retry of what is held: refused, as JSON')
equal(run('qctl', 'release', '--sender', 'ann@x.test', '--older', '5h')[1], '1 message released\n', 'release: sender and age')
equal(json.loads(run('qctl', 'status', '--json')[1])['count'], 4, 'status as JSON')

code, out, error = run('qctl', 'bounce', '--recipient', 'v@later.test', '--because', 'That domain is gone,\r\nuse an@other.test.')
equal((code, out), (0, '1 message returned to the sender\n'), 'N-71: qctl bounce, of a held message')
ok(wait_for(lambda: not path(c)), '... it leaves the queue')
asked = [x for x in reports.asked if x[0]['id'].startswith(c)]
equal([x[0]['id'] for x in asked], [c + 'b0002'], '... one report')
text = asked[0][3].decode().replace('\r\n', '\n')
ok('To: <cat@y.x.test>' in text and 'Action: failed\nStatus: 5.0.0\n' in text and 'postmaster of this system returned the message, and says:\n    That domain is gone,??use an@other.test.\n' in text,
   '... with the operator\'s words, which begin no line', text)
ok(b'failed id=%s to=v@later.test' % c.encode() in read('log'), '... and a line in the log')
reports.asked.clear()
equal(run('qctl', 'bounce', b)[1], '1 message returned to the sender\n', 'bounce by id, two recipients')
ok(wait_for(lambda: not path(b)) and len(reports.asked) == 1 and reports.asked[0][3].count(b'Action: failed') == 2, '... one report about both', len(reports.asked))
code, out, error = run('qctl', 'bounce', b)
ok(code == 1 and b + ': no such message' in error, 'gone: said')
equal(run('queue-check')[0], 0, 'queue-check has no complaint')

# in the middle of a delivery
hold_on = threading.Event()
smtp.answer = lambda p, h: (hold_on.wait(300), outcomes(p, 'done 2.0.0 250 ok'))[1]
run('qctl', 'retry', '--sender', '<>')
wait_for(lambda: [x for x in smtp.asked if x[0]['id'] == d] or None)
code, out, error = run('qctl', 'bounce', '--sender', '<>')
ok(code == 0 and out.startswith('1 ') and d + ': is being delivered at this moment: returned to the sender if' in error, 'a race with delivery: said', (out, error))
hold_on.set()
ok(wait_for(lambda: not path(d)), '... it is delivered')
done_testing()
