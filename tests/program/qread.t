#!/usr/bin/python3
"""qread: one queued message for the operator: what is known of it, then itself; nothing that a stranger wrote steers a terminal (N-73)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
import json
from tap import *


def qread(*arguments):
    r = subprocess.run([program('qread'), *arguments], env=ENV, capture_output=True)
    return r.returncode, r.stdout, r.stderr.decode()


A, B = '0123456789abcdef', '0123456789abcdeg'
NOW = int(time.time())
content = b'Subject: h\x1b[2Jello\r\n\tfolded \xc3\xa9\r\n\r\nline\twith \xff\r\n\0end without a line end'
write('queue/new/' + A, envelope(A, 'ann@x.test', [('bob@a.test', 'mailbox=kb', 'notify=never')], birth=NOW - 100, facts=('role=mx', 'client=192.0.2.1', 'helo=e\x1b')) + content)
big = b'Subject: big\r\n\r\n' + b'\xc3\xa9' * 100000 + b'\r\n' + b'x' * 70 * 1024 + b'\r\n'
write('queue/new/' + B, envelope(B, '', ['c@later.test'], birth=NOW - 100) + big)

code, out, error = qread(A)
text = out.decode()
ok(code == 0 and text.startswith(A + '  ') and '    from ann@x.test\n' in text and '    to bob@a.test: to do\n' in text and '        client=192.0.2.1\n' in text and
   '    facts of bob@a.test\n        mailbox=kb\n        notify=never\n' in text, 'N-73: the facts first', text)
ok(text.endswith('\n\nSubject: h?[2Jello\n\tfolded \u00e9\n\nline\twith ?\n?end without a line end'), '... then the message, without what steers a terminal', text)
ok(b'\x1b' not in out and b'\r' not in out and b'\0' not in out, '... no control bytes')
equal(qread('--raw', A)[:2], (0, content), '--raw: its bytes')
equal(qread('--raw', '--header', A)[1], content[:content.index(b'line')], '--raw --header')
text = qread('--header', A)[1].decode()
ok('role=mx' in text and text.endswith('folded \u00e9\n\n') and 'line' not in text.split('\n\n')[-1], '--header', text)
j = json.loads(qread('--json', A)[1])
equal((j['id'], j['sender'], j['facts'][:2], j['header']), (A, 'ann@x.test', ['role=mx', 'client=192.0.2.1'], 'Subject: h\x1b[2Jello\r\n\tfolded \u00e9\r\n\r\n'), '--json')
equal(qread('--raw', B)[1], big, 'a large one, byte for byte')
equal(qread(B)[1].split(b'\n\n', 1)[1], big.replace(b'\r', b''), '... and for people: no letter is torn where it is read in parts')
code, out, error = qread('0123456789abcdeh')
ok(code == 1 and not out and 'no such message in the queue' in error, 'one that is not there, or any more', error)
equal(qread('../../etc/passwd')[0], 1, 'no id')
write('queue/new/0123456789abcdei', b'nonsense')
code, out, error = qread('0123456789abcdei')
ok(code == 111 and 'run queue-check' in error, 'a damaged one', error)
for bad in ((), (A, B), ('--raw', '--json', A), ('--frob', A)):
    equal(qread(*bad)[0], 100, 'bad use: ' + ' '.join(bad))
done_testing()
