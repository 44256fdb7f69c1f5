#!/usr/bin/python3
"""qstat: what is queued, for whom, how old, how big, what was tried, what the other side said (N-70, N-73). Whatever stands
in an envelope, --json is valid JSON, a line a message, and the text holds no control character."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *
import json, re


def qstat(*arguments):
    r = subprocess.run([program('qstat'), *arguments], env=ENV, capture_output=True)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


equal(qstat(), (0, '0 messages, 0 recipients to go, 0 B\n', ''), 'an empty queue')
equal(qstat('--json'), (0, '', ''), '... as JSON: no line')
NOW = int(time.time())
A, B = '0123456789abcdef', '0123456789abcdeg'
write('queue/new/' + A, envelope(A, 'ann@x.test', [('bob@a.test', 'mailbox=kb', 'orcpt=rfc822;sales@a.test')], birth=NOW - 7300,
                                 facts=('role=mx', 'message-id=<m@x>')) + b'x' * 5000)
os.mkdir('queue/cur/eg')
hostile = envelope(B, 'ev\x1b[31mil"\\@x.test', ['c@later.test'], birth=NOW - 90, attempts=2, next=NOW + 4000).replace(b'c@later.test', b'c\xff\xc3\x9f@later.t')
write('queue/cur/eg/' + B, hostile + b'y')
write('queue/log/' + B, b'%d 2 later 4.2.1 450 c\xff\xc3\x9f@later.t mx.test%%20[192.0.2.1] come%%1B]0;again%%0A\xe9\n' % (NOW - 30))
code, out, error = qstat()
ok(code == 0 and '0123456789abcdef  4.8 KB, came 2 h 1 min ago' in out and 'from ann@x.test' in out and 'to bob@a.test: to do' in out, 'a new message', out)
ok('2 attempts, next try in 1 h 6 min' in out and '30 s ago, mx.test [192.0.2.1]: 450 4.2.1 come?' in out, 'one that waits, and what was said', out)
ok('2 messages, 2 recipients to go, 4.8 KB, the oldest came 2 h 1 min ago\n' in out, 'the sums', out)
ok(not [c for c in out if ord(c) < 32 and c != '\n'], 'no control character')
code, out, error = qstat('--json')
lines = out.split('\n')
a, b = json.loads(lines[0]), json.loads(lines[1])
ok(code == 0 and lines[2:] == [''], 'as JSON: a line each')
equal({k: a[k] for k in ('id', 'sender', 'arrival', 'size', 'attempts', 'message-id', 'recipients')},
      {'id': A, 'sender': 'ann@x.test', 'arrival': NOW - 7300, 'size': 5000, 'attempts': 0, 'message-id': '<m@x>',
       'recipients': [{'address': 'bob@a.test', 'original': 'rfc822;sales@a.test', 'state': 'todo'}]}, 'all that is known')
equal((b['sender'], b['next'], b['recipients'][0]['address']), ('ev\x1b[31mil"\\@x.test', NOW + 4000, 'c\ufffd\u00df@later.t'), 'escaped; no UTF-8: U+FFFD')
said = b['recipients'][0]['said']
equal((said['verdict'], said['status'], said['code'], said['remote'], said['text']), ('later', '4.2.1', 450, 'mx.test [192.0.2.1]', 'come\x1b]0;again\n\ufffd'), 'what was said')
write('queue/log/' + B, b'%d 2 later 4.4.1 000 c\xff\xc3\x9f@later.t mx[192.0.2.1]:25 mx[192.0.2.1]:25:%%20refused\n' % (NOW - 30))
ok(re.search(r'\d+ s ago: 4.4.1 mx\[192.0.2.1\]:25: refused\n', qstat()[1]) and '\n(4.4.1 mx[192.0.2.1]:25: refused)\n' in qstat('--mailq')[1] and '4.4.1: mx[192.0.2.1]:25: refused\n' in qstat('--by', 'cause')[1],
   'a host that the words begin with is not said twice', (qstat(), qstat('--mailq'), qstat('--by', 'cause')))
code, out, error = qstat(A)
ok(code == 0 and A in out and B not in out, 'one message')
code, out, error = qstat(A, '0123456789abcdeh', '../../etc/passwd')
ok(code == 1 and A in out and error.count('no such message') == 2, 'one that is not there', error)
write('queue/new/0123456789abcdei', b'nonsense')
code, out, error = qstat()
ok(code == 0 and 'run queue-check' in error and '2 messages' in out, 'one that is damaged does not hide the others', error)
equal(qstat('--frob')[0], 100, 'bad use')
done_testing()
