#!/usr/bin/python3
"""smtp-receive -r internal, with the real auth-server and queue-add: what submission does to a message (RFC 6409), and what
port 25 leaves as it is: header fields, line ends, NUL, no header, long headers, loops. N-115; checks 1, 2, 11, 12."""
import base64, glob, os, re, subprocess, sys
sys.path.insert(0, 'tests')
from tap import *

PASSWORD = 'correct horse'
hashed = subprocess.run([program('password-hash')], input=PASSWORD + '\n', text=True, capture_output=True, env=ENV, check=True).stdout.split()[0]
write('control/me', 'mx.example.test\n')
for folder in ('control/domains', 'directory', 'state/tables'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
for name in ('bob', 'alice'):
    write('directory/%s.ldif' % name, 'dn: uid=%s,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\nmail: %s@example.test\n'
          'userPassword: %s\nentryUUID: 00000000-0000-0000-0000-0000%08d\n\n' % (name, name, name, hashed, sum(name.encode())))
subprocess.run([program('tables-build')], env=ENV, check=True, stderr=subprocess.DEVNULL)
for service in ('auth-server', 'queue-add'):
    start(service, listen(service), service + '.log')
AUTH = 'AUTH PLAIN %s\r\n' % base64.b64encode(b'\0bob@example.test\0' + PASSWORD.encode()).decode()


def send(content, role='internal', sender='bob@example.test', recipients=('alice@example.test',), end=b'\r\n.\r\nQUIT\r\n', more=()):
    """One message; the answer at the end of data, and what was queued: envelope and content."""
    commands = 'EHLO client.example\r\n%sMAIL FROM:<%s>\r\n' % (AUTH if role == 'internal' else '', sender)
    commands += ''.join('RCPT TO:<%s>\r\n' % r for r in recipients) + 'DATA\r\n'
    content = content if isinstance(content, bytes) else content.replace('\n', '\r\n').encode()
    with open('log', 'ab') as log:
        done = subprocess.run([program('smtp-receive'), '-r', role], input=commands.encode() + content + end, stdout=subprocess.PIPE,
                              stderr=log, env=dict(ENV, **dict(more)), timeout=120)
    answers = done.stdout.decode('latin-1').split('\r\n')
    if not any(a.startswith('354') for a in answers):
        return answers[-2], b'', b''
    answer = answers[[a[:3] for a in answers].index('354') + 1]
    files = [read(path) for path in glob.glob('queue/new/*')]
    for path in glob.glob('queue/new/*'):
        os.unlink(path)
    envelope, _, message = files[0].partition(b'\n\n') if files else (b'', b'', b'')
    return answer, envelope, message


def below(message):
    """The message below our Received field."""
    return re.sub(rb'^Received: .*(\r\n[ \t].*)*\r\n', b'', message, count=1)


# what is added
answer, envelope, message = send('Subject: x\n\ntext')
ok(answer.startswith('250 2.0.0 Ok: queued as '), 'N-115: a message by the internal port, in clear, after a login', answer)
id = answer.rsplit(' ', 1)[-1]
found = re.fullmatch(rb'Date: (\w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0000)\r\nFrom: <bob@example.test>\r\nMessage-ID: <%s@mx.example.test>\r\nSubject: x\r\n\r\ntext\r\n'
                     % id.encode(), below(message))
ok(found, 'RFC 6409 8: Date, From and Message-ID are added before the first field, and nothing else', message)
ok(message.startswith(b'Received: from client.example'), '... below our Received field', message)
ok(b' message-id=<%s@mx.example.test>' % id.encode() in envelope, '... and the envelope knows the Message-ID', envelope)
whole = 'Date: Sat, 21 Nov 2026 10:00:00 +0100\nFrom: Bob <bob@example.test>\nMessage-ID: <1@example.test>\nSender: bob\nSubject: x\n\ntext\n.\n'
_, _, message = send(whole.replace('\n.\n', ''))
equal(below(message), whole[:-2].replace('\n', '\r\n').encode(), 'a message that has them all stays as it is; Sender is left alone')
_, _, message = send(whole[:-3].replace('Subject', 'Bcc: alice@example.test,\n carl@far.example,\n\tdora@far.example\nbcc : x\nSubject'))
equal(below(message), whole[:-2].replace('\n', '\r\n').encode(), 'RFC 6409: Bcc fields are removed, with their folds')
_, _, message = send('From: bob\nTo: alice, Carl <carl@far.example>,\n "D, D" <dora>\nCc: list: eve;\n\nTo: alice\n')
ok(b'From: bob@mx.example.test\r\nTo: alice@mx.example.test, Carl <carl@far.example>,\r\n "D, D" <dora@mx.example.test>\r\nCc: list: eve@mx.example.test;\r\n\r\nTo: alice\r\n' in message,
   'addresses without a domain get this host\'s name, in the header alone', message)
write('control/defaultdomain', 'example.test\n')
_, _, message = send('From: bob\n\nx')
ok(b'From: bob@example.test\r\n' in message, '... or control/defaultdomain', message)
_, _, message = send(b'Resent-To: alice@example.test\r\n' + whole[:-3].replace('\n', '\r\n').encode())
ok(re.match(rb'Resent-Date: .*\r\nResent-From: <bob@example.test>\r\nResent-Message-ID: <\w+@mx.example.test>\r\nResent-To: alice@example.test\r\nDate: Sat, 21', below(message)),
   'RFC 5322 3.6.6: what a resent message lacks is added to its block', message)
_, _, message = send('DKIM-Signature: v=1; d=example.test; h=from:to\nTo: alice\nBcc: x@y\nFrom: bob@example.test\n\nx')
ok(b'To: alice\r\nFrom: bob@example.test\r\n\r\nx' in message and b'Bcc' not in message, 'a signed header keeps its fields as they are', message)
_, _, message = send('Return-Path: <evil@far.example>\n' + whole[:-3])
equal(below(message), whole[:-2].replace('\n', '\r\n').encode(), 'RFC 5321 4.4: Return-Path is not for the client to say')
_, _, message = send(b'Subject: \xc3\xa4\r\n\r\nx')
ok(b'Subject: \xc3\xa4\r\n' in message, '8-bit in a header is left as it is', message)

# Received
_, envelope, message = send('Subject: x\n\nx', more={'PROTO': 'TCP', 'TCPREMOTEIP': '127.0.0.9', 'TCPREMOTEPORT': '1', 'TCPLOCALIP': '127.0.0.1', 'TCPLOCALPORT': '1'})
ok(re.match(rb'Received: from client.example \(\[127.0.0.9\]\)\r\n\tby mx.example.test with ESMTPA\r\n\tid \w+\r\n\tfor <alice@example.test>; ', message),
   'RFC 5321 4.4: the Received field says who, by whom, how, and for the one recipient; the login is not told', message)
_, _, message = send('Subject: x\n\nx', recipients=['alice@example.test', 'bob@example.test'])
ok(b'for <' not in message and b'alice' not in message, 'of several recipients it names none: RFC 5321 7.2', message)
write('control/showlogin', 'yes\n')
_, _, message = send('Subject: x\n\nx')
ok(b'\r\n\t(Authenticated sender: bob@example.test)\r\n' in message, 'control/showlogin: the login is told', message)
write('control/hideclient', 'yes\n')
_, envelope, message = send('Subject: x\n\nx', more={'PROTO': 'TCP', 'TCPREMOTEIP': '127.0.0.9', 'TCPREMOTEPORT': '1', 'TCPLOCALIP': '127.0.0.1', 'TCPLOCALPORT': '1'})
ok(message.startswith(b'Received: by mx.example.test with ESMTPA\r\n') and b'127.0.0' not in message and b'client.example' not in message,
   'control/hideclient: nothing of the client is in the message', message)
ok(b' client=127.0.0.9 helo=client.example login=bob@example.test' in envelope and 'client=127.0.0.9' in read('log').decode().split('\n')[-2],
   '... the envelope and the log have it', envelope)
ok(b'from client.example' in send('Subject: x\n\nx', role='mx')[2], '... and port 25 hides nobody')
os.unlink('control/hideclient')
os.unlink('control/showlogin')

write('control/reversecheck', 'reject\n')
names = Callee('client-check', lambda pairs, hop: [('answer', 'yes'), ('reverse', 'host.client.example'), ('helo', 'known')])
_, _, message = send('Subject: x\n\nx', role='mx', more={'PROTO': 'TCP', 'TCPREMOTEIP': '192.0.2.9', 'TCPREMOTEPORT': '1', 'TCPLOCALIP': '192.0.2.1', 'TCPLOCALPORT': '25'})
ok(message.startswith(b'Received: from client.example (host.client.example [192.0.2.9])\r\n'), "a client's name is told if client-check found that it leads back", message)
names.close()
os.unlink('control/reversecheck')
for name, value in (('hideclient', 'perhaps'), ('showlogin', 'x'), ('srs', '1'), ('srsdomain', 'a b'), ('defaultdomain', 'x..y'), ('alwaysbcc', 'nobody')):
    write('control/%s.kept' % name, read('control/' + name) if os.path.exists('control/' + name) else '')
    write('control/' + name, value + '\n')
    done = subprocess.run([program('smtp-receive')], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    ok(done.returncode == 100 and ('control/' + name).encode() in done.stderr and not done.stdout, 'a bad control/%s ends it at the start' % name, done)
    os.rename('control/%s.kept' % name, 'control/' + name)

# what is no header
for what, content, expected in (('no header at all', 'just text\nmore', b'\r\n\r\njust text\r\nmore\r\n'), ('an empty message', b'', b'.test>\r\n\r\n'),
                                ('a header without an empty line', 'Subject: x\nTo: a@b', b'Subject: x\r\nTo: a@b\r\n\r\n'),
                                ('a header that text ends', 'Subject: x\njust text', b'Subject: x\r\n\r\njust text\r\n'),
                                ('a first line that would go on in our field', ' by evil\nSubject: x', b'\r\n\r\n by evil\r\nSubject: x\r\n')):
    answer, _, message = send(content) if content else send(b'', end=b'.\r\nQUIT\r\n')
    ok(message.endswith(expected) and message.count(b'\r\n\r\n') == 1, 'submission: ' + what, message)
for what, content, expected in (('no header at all', 'just text\nmore', b'\r\n\r\njust text\r\nmore\r\n'),
                                ('a first line that would go on in our field', ' by evil\nSubject: x', b'\r\n\r\n by evil\r\nSubject: x\r\n'),
                                ('an mbox line', 'From joe Sat\nSubject: x\n\nx', b'000\r\nFrom joe Sat\r\nSubject: x\r\n\r\nx\r\n'),
                                ('fields that are missing', 'Subject: x\nBcc: a@b\nTo: bob\n\nx', b'000\r\nSubject: x\r\nBcc: a@b\r\nTo: bob\r\n\r\nx\r\n')):
    answer, _, message = send(content, role='mx')
    ok(message.startswith(b'Received: ') and message.endswith(expected), 'port 25: %s' % what, message)

# line ends and NUL
_, _, message = send(b'Subject: x\n\na\nb\rc\r\r\nd\r\n..e\r\n\n.\nf')
ok(message.endswith(b'Subject: x\r\n\r\na\r\nb\r\nc\r\nd\r\n.e\r\n\r\n.\r\nf\r\n'), 'RFC 6409: bare LF and CR become line ends', message)
for end in (b'\n.\n', b'\n.\r\n', b'\r.\r', b'\r\n.\n', b'\n.\r', b'\r\n.\r', b'\r.\r\n', b'\r\n.\r\r\n'):
    answer, _, message = send(b'Subject: x\r\n\r\na' + end + b'MAIL FROM:<admin@example.test>\r\nDATA\r\nevil')
    ok(answer.startswith('250') and b'\r\n.\r\n' in message.replace(b'\r\n..', b'') or b'evil' in message, 'check 1: %r ends no message here either' % end, message)
    ok(not re.search(rb'[^\r]\n|\r[^\n]', message), '... and none is left in it', message)
equal(send(b'Subject: x\r\n\r\na\0b')[0], '550 5.6.0 The message has a NUL byte', 'RFC 5322: who writes a message writes no NUL')
answer, _, message = send(b'Subject: x\r\n\r\na\0b', role='mx')
ok(answer.startswith('250') and message.endswith(b'a\0b\r\n'), '... who forwards one takes it (RFC 5322 4)', answer)
equal(send(b'Subject: x\n\na', role='mx')[0][:10], '550 5.6.11', 'check 2: port 25 takes no bare LF')

body = b'Subject: chunks\nBcc: x@y\n\na\nb\r'
commands = 'EHLO client.example\r\n%sMAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nBDAT 20\r\n' % AUTH
subprocess.run([program('smtp-receive'), '-r', 'internal'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV, timeout=300,
               input=commands.encode() + body[:20] + b'BDAT %d LAST\r\n' % (len(body) - 20) + body[20:] + b'QUIT\r\n')
path, = glob.glob('queue/new/*')
message = read(path).split(b'\n\n', 1)[1]
os.unlink(path)
ok(message.endswith(b'>\r\nSubject: chunks\r\n\r\na\r\nb\r\n') and b'\r\nFrom: <bob@example.test>\r\n' in message, 'the same by BDAT (RFC 3030)', message)

# bounds
import time
begin = time.monotonic()
answer, _, message = send(b'X: y\r\n' * 100000 + b'\r\nx')
ok(answer.startswith('250') and message.count(b'X: y\r\n') == 100000 and time.monotonic() - begin < 120, 'check 11: 100,000 header lines', answer)
for what, content in (('a header of more than 1 MiB', b'Subject: ' + b'x' * 1048576 + b'\r\n\r\nx'), ('one that never ends', b'To: a@b.example\r\n' * 200000)):
    equal(send(content)[0], "552 5.3.4 The message's header is too big", 'check 11: ' + what)
answer, _, message = send(b'just text\r\n' * 199999 + b'just text')
ok(answer.startswith('250') and message.endswith(b'just text\r\n' * 200000), 'two megabytes of text without a header are text')
answer, _, message = send(b'Subject: x\r\nBcc: y\r\n\r\n' + b'x' * 990000 + b'\n' * 990000)
ok(answer.startswith('250') and message.endswith(b'\r\n' + b'x' * 990000 + b'\r\n' * 990001) and b'Bcc' not in message, 'a large message is put right too')

# loops
loop = 'Received: from x by MX.example.test with SMTP id 1 for <alice@example.test>; now\n'
ok(send(loop * 5 + '\nx', role='mx')[0].startswith('250'), 'check 12: a message that was here five times for the same recipient is taken')
equal(send(loop * 6 + '\nx', role='mx')[0], '554 5.4.6 This message comes back here again and again', '... and no more')
ok(send(loop * 6 + '\nx', role='mx', recipients=['bob@example.test'])[0].startswith('250'), '... for another one it is')
ok(send(loop.replace('MX.', 'my.') * 6 + '\nx', role='mx')[0].startswith('250'), '... and what other hosts say does not count')
several = 'Received: from x by MX.example.test with SMTP id 1; now\n'
ok(send(several * 15 + '\nx', role='mx', recipients=['bob@example.test', 'alice@example.test'])[0].startswith('250'), 'check 12: for several recipients our fields name none: fifteen passages')
equal(send(several * 16 + '\nx', role='mx', recipients=['bob@example.test', 'alice@example.test'])[0], '554 5.4.6 This message comes back here again and again', '... and no more')
delivered = 'Delivered-To: Alice@Example.test\n'
equal(send(delivered + '\nx', role='mx')[0], '554 5.4.6 This message was delivered here before: a mail loop', 'check 12: Delivered-To names the recipient')
ok(send(delivered + '\nx', role='mx', recipients=['alice@example.test', 'bob@example.test'])[0].startswith('250'),
   '... with another recipient it is taken: delivery stops the one that goes round')
ok(send('Subject: x\n\n' + delivered, role='mx')[0].startswith('250'), '... in the text it means nothing')
equal(send(delivered.replace('Alice', 'x') * 101 + '\nx', role='mx')[0][:9], '554 5.4.6', 'check 12: 101 deliveries')
done_testing()
