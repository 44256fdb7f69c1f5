#!/usr/bin/python3
"""smtp-receive takes mail in: what a client sees in clear, by bytes on a pipe, with the real tables-build and queue-add
beside it. Every reply of requirements 2.2 that exists; smuggling (checks 1, 2), endless and odd bytes (3, 4, 5, 6),
sizes (7), a client that goes (9), many recipients (10), loops (12), relay (13), what is told (20); T12, T17, L-22, N-20,
N-43, N-114, N-117, P-15, P-18, P-19, P-23, P-31, P-34, W-29."""
import glob, os, signal, socket, subprocess, sys
sys.path.insert(0, 'tests')
from tap import *

EXTRA = {'mute': 'mailSubmit: no', 'shut': 'mailReceive: no'}


def add_user(name):
    os.makedirs('directory', exist_ok=True)
    write('directory/%s.ldif' % name, 'dn: uid=%s,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\n'
          'mail: %s@example.test\nentryUUID: 00000000-0000-0000-0000-0000%08d\n%s\n'
          % (name, name, name, sum(name.encode()), EXTRA.get(name, '')))


def build_tables():
    os.makedirs('state/tables', exist_ok=True)
    done = subprocess.run([program('tables-build')], env=ENV, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr


write('control/me', 'mx.example.test\n')
os.mkdir('control/domains')
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
for user in ('bob', 'alice', 'mute', 'shut'):
    add_user(user)
build_tables()
queue = listen('queue-add')
start('queue-add', queue, 'queue.log')


def receive_with(data, role='mx'):
    """A whole session on pipes: what the client reads, as a list of lines."""
    if isinstance(data, str):
        data = data.replace('\n', '\r\n').encode()
    with open('log', 'ab') as log:
        done = subprocess.run([program('smtp-receive'), '-r', role], input=data, stdout=subprocess.PIPE, stderr=log,
                              env=dict(ENV, PROTO='TCP', TCPREMOTEIP='192.0.2.9', TCPREMOTEPORT='1', TCPLOCALIP='192.0.2.1',
                                       TCPLOCALPORT='25'), timeout=120)
    return done.stdout.decode('latin-1').split('\r\n')[:-1]


def queued():
    return sorted(glob.glob('queue/new/*'))


def take_queue():
    """The files that are queued now; they are removed."""
    files = [read(path) for path in queued()]
    for path in queued():
        os.unlink(path)
    return files


def log_lines(event):
    return [line for line in read('log').decode().split('\n') if line.startswith('smtp-receive: ' + event)]


HELLO = 'EHLO client.example\n'
OFFERED = ['250-mx.example.test', '250-PIPELINING', '250-SIZE 52428800', '250-8BITMIME', '250-ENHANCEDSTATUSCODES', '250-SMTPUTF8',
           '250-CHUNKING', '250-LIMITS RCPTMAX=1000', '250 HELP']
AT = 1 + len(OFFERED)  # where in a session's answers the one to the command behind EHLO stands
BEGIN = HELLO + 'MAIL FROM:<joe@far.example>\nRCPT TO:<bob@example.test>\n'


def answers(commands, role='mx'):
    """What is answered to the commands behind EHLO."""
    return receive_with(HELLO + commands, role)[AT:]


# greeting
seen = receive_with('EHLO client.example\nQUIT\n')
equal(seen[0], '220 mx.example.test ESMTP', 'P-23: the banner')
equal(seen[1:], OFFERED + ['221 2.0.0 Bye'], 'N-114, W-29: EHLO on a pipe on port 25: no AUTH, and no STARTTLS without a socket')
equal(receive_with('HELO client.example\n')[1:], ['250 mx.example.test'], 'HELO is answered with one line')

# a message
seen = receive_with(BEGIN + 'DATA\nSubject: x\nMessage-ID: <1@far.example>\n\n..dot\nlast\n.\nQUIT\n')
ok(seen[AT:AT + 3] == ['250 2.1.0 Ok', '250 2.1.5 Ok', '354 End data with <CR><LF>.<CR><LF>'], 'the transaction', seen)
id = seen[AT + 3].rsplit(' ', 1)[-1]
equal(seen[AT + 3], '250 2.0.0 Ok: queued as ' + id, 'P-34: queued as an id')
ok(id.isalnum(), 'the id is \\w+', id)
equal([os.path.basename(path) for path in queued()], [id], 'it is in the queue under this id')
content = take_queue()[0]
head, message = content.split(b'\n\n', 1)
received, _, rest = message.partition(b'Subject')
ok(b'\nS joe@far.example\n' in head and b'\nR bob@example.test mailbox=' in head, 'sender and recipient are in the envelope', head)
ok(all(fact in head for fact in (b' role=mx', b' client=192.0.2.9', b' helo=client.example', b' message-id=<1@far.example>',
                                 b' generation=')), 'and the facts', head)
ok(received.startswith(b'Received: from client.example ([192.0.2.9])\r\n\tby mx.example.test with ESMTP\r\n\tid ' + id.encode() + b'\r\n\tfor <bob@example.test>; '),
   'the Received field', received)
equal(rest, b': x\r\nMessage-ID: <1@far.example>\r\n\r\n.dot\r\nlast\r\n', 'the content, with the dot unstuffed')
line = log_lines('accepted')[-1]
ok(all(' %s' % fact in line for fact in ('id=' + id, 'from=joe@far.example', 'recipients=1', 'client=192.0.2.9',
   'helo=client.example', 'message-id=<1@far.example>', 'generation=', 'size=')), 'one line in the log says all, N-74: the Message-ID beside the id', line)

# refusals
REFUSALS = [
    ('RCPT TO:<nobody@example.test>', '550 5.1.1 <nobody@example.test>: Recipient address rejected: User unknown', 'N-20, check 20: an unknown user'),
    ('RCPT TO:<victim@far.example>', '554 5.7.1 <victim@far.example>: Relay access denied', 'N-117, check 13: relay'),
    ('RCPT TO:<@example.test:victim@far.example>', '554 5.7.1 <victim@far.example>: Relay access denied', 'check 13: a source route'),
    ('RCPT TO:<victim%far.example@example.test>', '550 5.1.1 <victim%far.example@example.test>: Recipient address rejected: User unknown', 'check 13: the percent hack'),
    ('RCPT TO:<"victim@far.example"@example.test>', '550 5.1.1 <"victim@far.example"@example.test>: Recipient address rejected: User unknown', 'check 13: a quoted @'),
    ('RCPT TO:<victim@[127.0.0.1]>', '554 5.7.1 <victim@[127.0.0.1]>: Relay access denied', 'check 13: an address literal'),
    ('RCPT TO:<victim@mx.example.test>', '554 5.7.1 <victim@mx.example.test>: Relay access denied', 'check 13: our own name is not ours unless it is a domain'),
    ('RCPT TO:<victim@>', '553 5.1.3 The recipient is not an address', 'check 13: an empty domain'),
    ('RCPT TO:<shut@example.test>', '550 5.2.1 <shut@example.test>: Recipient address rejected: mailbox is disabled', 'T12: a disabled mailbox'),
    ('RCPT TO:<>', '553 5.1.3 The recipient is not an address', 'the null path is nobody'),
    ('RCPT TO:bob@example.test', '501 5.5.4 Say RCPT TO:<address>', 'no brackets'),
    ('RCPT TO:<bob@example.test> NOTIFY=NEVER', '555 5.5.4 A parameter that is not known here', 'a parameter nobody offered'),
    ('RCPT TO:<postmaster>', '451 4.3.5 <postmaster>: nobody is set up to read this mail yet', 'a postmaster nobody made is our fault'),
    ('RCPT TO:<BOB@Example.Test>', '250 2.1.5 Ok', 'N-43: case does not count'),
]
seen = answers('MAIL FROM:<>\n' + ''.join(command + '\n' for command, _, _ in REFUSALS))
for (command, expected, what), answer in zip(REFUSALS, seen[1:]):
    equal(answer, expected, what)
line = log_lines('refused')[0]
ok('rule=unknown-user' in line and 'file=control/domains/example.test' in line and 'to=nobody@example.test' in line,
   'a refusal is in the log with its rule and file', line)

write('control/doublebounceto', 'alice@example.test\n')
equal(answers('MAIL FROM:<>\nRCPT TO:<Postmaster>\nRCPT TO:<postmaster@example.test>\n')[1:], ['250 2.1.5 Ok', '250 2.1.5 Ok'],
      'RFC 5321 4.5.1: a postmaster is reached, with and without a domain')
write('control/doublebounceto', 'alice\n')
write('control/doublebouncehost', 'example.test\n')
equal(answers('MAIL FROM:<>\nRCPT TO:<postmaster>\n')[-1:], ['250 2.1.5 Ok'], '... by a local part, whose domain is in control/doublebouncehost')
write('control/doublebounceto', 'nobody\n')
equal([a[:3] for a in answers('MAIL FROM:<>\nRCPT TO:<postmaster>\n')[-1:]], ['451'], '... which is ours: nobody there is our fault')
os.unlink('control/doublebouncehost')
os.unlink('control/doublebounceto')

equal(answers('MAIL FROM:<mute@example.test>\nRCPT TO:<bob@example.test>\n'),
      ['250 2.1.0 Ok', '554 5.7.1 <mute@example.test>: Sender address rejected: sending is disabled'],
      'P-15, P-19: a sender who may not send, on port 25 too, told at RCPT')
equal(receive_with('EHLO x\nMAIL FROM:<bob@example.test>\n', 'submission')[-1], '530 5.7.0 Must issue a STARTTLS command first',
      'P-31: submission needs a login, for local recipients too')
equal(receive_with('EHLO x\nAUTH PLAIN AGEAYg==\n', 'submission')[-1],
      '538 5.7.11 Encryption is required: issue a STARTTLS command first', 'AUTH in clear')
ok(not any('AUTH' in line for line in receive_with('EHLO x\n', 'submission')), 'check 15: AUTH is not offered in clear')
equal(answers('AUTH PLAIN AGEAYg==\n'), ['502 5.5.1 AUTH is not offered'], 'N-114: no AUTH on port 25')

# order of commands, and what they tell
equal(receive_with('MAIL FROM:<a@b>\nRCPT TO:<bob@example.test>\nDATA\n')[1:],
      ['503 5.5.1 Say EHLO first', '503 5.5.1 Say EHLO first', '503 5.5.1 Say EHLO first'], 'nothing before EHLO')
equal(answers('RCPT TO:<bob@example.test>\nDATA\nMAIL FROM:<a@b.example>\nMAIL FROM:<a@b.example>\nDATA\n'),
      ['503 5.5.1 Say MAIL first', '503 5.5.1 Say MAIL first', '250 2.1.0 Ok', '503 5.5.1 There is a sender already',
       '554 5.5.1 No valid recipients'], 'MAIL, RCPT, DATA in this order, once')
equal(answers('MAIL FROM:<a@b.example>\nRCPT TO:<bob@example.test>\nRSET\nDATA\nRSET x\n'),
      ['250 2.1.0 Ok', '250 2.1.5 Ok', '250 2.0.0 Ok', '503 5.5.1 Say MAIL first', '501 5.5.4 It takes no argument'], 'RSET forgets')
equal(answers('VRFY bob\nEXPN bob\nVRFY nobody\nEXPN nobody\nHELP\nNOOP x\nXYZZY\nEHLO\n'),
      ['252 2.0.0 Send it, and you will see', '502 5.5.1 EXPN is not offered'] * 2 +
      ['214 2.0.0 RFC 5321 says what can be said here', '250 2.0.0 Ok', '500 5.5.1 Command not known', "501 5.5.4 Say your host's name"],
      'check 20: VRFY and EXPN tell nothing')

for command in ('GET / HTTP/1.1', 'POST / HTTP/1.1'):
    equal(answers(command + '\nMAIL FROM:<a@b.example>\nRCPT TO:<bob@example.test>\n'), ['502 5.5.1 Not offered, and what follows cannot be read'],
          'check 8: %s: what follows is never read as commands' % command)

# sizes
SIZES = [('SIZE=-1', '501 5.5.4 A parameter with a value that cannot be'), ('SIZE=18446744073709551616', '501 5.5.4 A parameter with a value that cannot be'),
         ('SIZE=1e3', '501 5.5.4 A parameter with a value that cannot be'), ('SIZE=52428801', '552 5.3.4 Message too big'),
         ('SIZE=52428800', '250 2.1.0 Ok')]
for size, expected in SIZES:
    equal(answers('MAIL FROM:<a@b.example> %s\n' % size), [expected], 'check 7: ' + size)
write('control/databytes', '1000\n')
seen = receive_with(BEGIN.replace('far.example>', 'far.example> SIZE=10') + 'DATA\n' + 'x' * 998 + '\n.\n' + 'MAIL FROM:<a@b.example>\nRCPT TO:<bob@example.test>\nDATA\n' + 'x' * 999 + '\n.\nNOOP\n')
ok(seen[AT + 3].startswith('250 2.0.0 Ok: queued as'), 'check 7: 1000 bytes of 1000', seen)
equal(seen[AT + 7:], ['552 5.3.4 Message too big', '250 2.0.0 Ok'], 'check 7: 1001 bytes are refused at the end, and the session goes on')
equal(len(take_queue()), 1, 'and are not queued')
os.unlink('control/databytes')

# smuggling: what is no end of data for us is content, and a message with it is refused
for end in ('\n.\n', '\n.\r\n', '\r.\r', '\r\n.\n', '\n.\r', '\r\n.\r', '\r.\r\n', '\r\n\0.\r\n', '\r\n.\0\r\n', '\r\n.\r\r\n'):
    smuggled = 'MAIL FROM:<admin@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nevil\r\n.\r\n'
    data = BEGIN.replace('\n', '\r\n') + 'DATA\r\nSubject: x\r\n\r\na' + end + smuggled + 'QUIT\r\n'
    seen = receive_with(data.encode())
    files = take_queue()
    if '\0' in end:
        ok(len(files) == 1 and b'admin@example.test' in files[0].split(b'\n\n', 1)[1], 'check 1: %r is content' % end, files)
    else:
        equal(files, [], 'check 1: %r ends no message, and nothing is queued' % end)
        equal(seen[AT + 3:], ['550 5.6.11 A CR or LF stands alone in the message; lines end with CR LF', '221 2.0.0 Bye'], 'told at the end')
seen = receive_with(b'EHLO x\nEHLO x\r\nMAIL FROM:<a@b.example>\rRCPT TO:<bob@example.test>\r\n')
equal([seen[1], seen[-1]], ['500 5.5.2 A line ends with CR LF, and holds neither'] * 2, 'check 2: a bare LF or CR in a command is refused')

# odd bytes
for what, command in (('a NUL', b'NOOP \0'), ('a control byte', b'NOOP \x1b'), ('8-bit', b'EHLO \xc3\xa4'), ('a NUL in an address', b'MAIL FROM:<a\0@b.example>')):
    equal(receive_with(b'EHLO x\r\n' + command + b'\r\n')[-1], '500 5.5.2 A byte that is not printable ASCII', 'check 5: ' + what)
equal(receive_with('EHLO x\nMAIL FROM:<ä@b.example>\n'.encode())[-1][:3], '500', 'check 2: an LF is not enough')
equal(receive_with('EHLO x\r\nMAIL FROM:<ä@b.example>\r\n'.encode())[-1],
      '553 5.6.7 What is not ASCII needs SMTPUTF8, which was not said', 'check 6: 8-bit in the envelope')


def start_session():
    return subprocess.Popen([program('smtp-receive')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV)


def peak_kilobytes(process):
    with open('/proc/%d/status' % process.pid) as f:
        return int([line for line in f if line.startswith('VmHWM')][0].split()[1])


def read_until(process, last):
    """Lines of the answer up to one that begins so."""
    while True:
        line = process.stdout.readline()
        if line.startswith(last) or not line:
            return line


process = start_session()
running.append(process)
process.stdin.write(b'EHLO x\r\nNOOP\r\n')
process.stdin.flush()
read_until(process, b'250 2.0.0')
before = peak_kilobytes(process)
for _ in range(64):
    process.stdin.write(b'x' * 1048576)
process.stdin.write(b'\r\nNOOP\r\n')
process.stdin.flush()
equal([process.stdout.readline() for _ in range(2)], [b'500 5.5.2 Line too long\r\n', b'250 2.0.0 Ok\r\n'],
      'check 3: a line of 64 MiB is refused once, and the session goes on')
after = peak_kilobytes(process)
ok(after - before <= 64, 'check 3: within 64 KiB of memory', (before, after))
process.stdin.close()
process.wait(300)
process.stdout.close()

for what, piece, last in (('newlines', b'\r\n' * 524288, b'421 4.7.0 Too many errors'), ('NOOPs', b'NOOP\r\n' * 100000, b'421 4.7.0 Too many commands that lead nowhere'),
                          ('RSETs', b'RSET\r\n' * 100000, b'421 4.7.0 Too many commands that lead nowhere')):
    process = start_session()
    running.append(process)
    try:
        for _ in range(64):
            process.stdin.write(piece)
    except BrokenPipeError:
        pass
    equal(read_until(process, b'421'), last + b'\r\n', 'check 4: endless %s end the session' % what)
    process.wait(300)
    process.stdout.close()

# recipients
write('control/maxrcptcount', '10\n')
seen = receive_with(HELLO + 'MAIL FROM:<joe@far.example>\n' + 'RCPT TO:<bob@example.test>\nRCPT TO:<alice@example.test>\n' * 2500 + 'DATA\nx\n.\n')
equal([seen.count(a) for a in ('250 2.1.5 Ok', '452 4.5.3 Too many recipients')], [10, 4990], 'check 10: 5000 RCPTs, those past the limit told so')
files = take_queue()
ok(len(files) == 1 and files[0].split(b'\n\n')[0].count(b'\nR ') == 2, 'check 10: one file, and each mailbox once', files)
os.unlink('control/maxrcptcount')

# what is not a message
seen = receive_with(BEGIN + 'DATA\n' + 'Received: x\n' * 101 + '\nx\n.\n')
equal(seen[AT + 3], '554 5.4.6 Too many hops, this message is in a loop', 'check 12: 101 hops')
seen = receive_with(BEGIN + 'DATA\n' + 'Received: x\n' * 100 + '\nx\n.\n')
ok(seen[AT + 3].startswith('250 2.0.0'), 'check 12: 100 are allowed', seen)
take_queue()
receive_with(BEGIN + 'DATA\nSubject: x\n\nno end\n')
equal(queued(), [], 'check 9: a client that goes in DATA: nothing is queued')
ok(log_lines('dropped'), 'and the log says so')

# large
body = b''.join(b'%07d 0123456789012345678901234567890123456789012345678901234567\r\n' % i for i in range(60000))
seen = receive_with(BEGIN.replace('\n', '\r\n').encode() + b'DATA\r\n' + body + b'.\r\nQUIT\r\n')
ok(seen[AT + 3].startswith('250 2.0.0 Ok: queued as'), 'a message of 4 MB', seen)
files = take_queue()
ok(len(files) == 1 and files[0].endswith(body) and files[0].count(b'Received: ') == 1, 'whole, once, in the queue')

# check 11: a header of 5 MiB, and 100,000 lines of one
for what, header in (('a header line of 5 MiB', b'X: ' + b'x' * 5242880 + b'\r\n'), ('100,000 header lines', b'To: a@b.example\r\n' * 100000),
                     ('an endless Message-ID', b'Message-ID: <' + b'y' * 5242880 + b'\r\n')):
    seen = receive_with(BEGIN.replace('\n', '\r\n').encode() + b'DATA\r\n' + header + b'\r\nx\r\n.\r\n')
    files = take_queue()
    ok(seen[AT + 3].startswith('250 2.0.0') and len(files) == 1 and files[0].endswith(header + b'\r\nx\r\n'), 'check 11: ' + what, seen)

# the tables change while a session is open (T17, P-18)
client, server = socket.socketpair()
client.settimeout(300)
with open('log', 'ab') as log:
    process = subprocess.Popen([program('smtp-receive')], stdin=server, stdout=server, stderr=log, env=ENV)
running.append(process)
server.close()
stream = client.makefile('rwb', newline=None)


def ask(command):
    """One command, one answer (its last line)."""
    stream.write(command.encode() + b'\r\n')
    stream.flush()
    while True:
        line = stream.readline().decode().rstrip('\r\n')
        if line[3:4] != '-':
            return line


stream.readline()
ask('EHLO x')
ask('MAIL FROM:<joe@far.example>')
equal(ask('RCPT TO:<carol@example.test>')[:9], '550 5.1.1', 'T17: a user who is not there yet')
add_user('carol')
build_tables()
equal(ask('RCPT TO:<carol@example.test>')[:9], '550 5.1.1', 'T17: a transaction has one generation')
ask('RSET')
ask('MAIL FROM:<joe@far.example>')
equal(ask('RCPT TO:<carol@example.test>'), '250 2.1.5 Ok', 'T17: the next one, in the same session, has the new one')
process.send_signal(signal.SIGTERM)
equal(stream.readline(), b'421 4.3.2 This service is being restarted\r\n', 'SIGTERM ends an idle session with a word')
equal(process.wait(300), 0, 'at once')
client.close()

# time-outs
write('control/timeoutsmtpd', '1\n')
client, server = socket.socketpair()
process = subprocess.Popen([program('smtp-receive')], stdin=server, stdout=server, stderr=subprocess.DEVNULL, env=ENV)
running.append(process)
server.close()
client.settimeout(300)
equal(client.makefile('rb').read(), b'220 mx.example.test ESMTP\r\n421 4.4.2 I have waited long enough\r\n', 'a silent client is told, and let go')
client.close()
read_end, write_end = os.pipe()
out = subprocess.run([program('smtp-receive')], stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV, timeout=300).stdout
equal(out.split(b'\r\n')[1], b'421 4.4.2 I have waited long enough', 'on a pipe too')
os.close(read_end)
os.close(write_end)
os.unlink('control/timeoutsmtpd')

# pipelining: a packet socket shows each write
client, server = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(300)
process = subprocess.Popen([program('smtp-receive')], stdin=server, stdout=server, stderr=subprocess.DEVNULL, env=ENV)
running.append(process)
server.close()
client.recv(1000)
client.send((BEGIN + 'RCPT TO:<nobody@example.test>\nDATA\n').replace('\n', '\r\n').encode())
answer = client.recv(10000)
equal([answer.count(b'\r\n'), answer.split(b'\r\n')[-2][:3]], [AT + 3, b'354'], 'pipelined commands are answered by one write')
client.send(b'Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n')
equal([line[:3] for line in client.recv(10000).split(b'\r\n')], [b'250', b'221', b''], 'so are the end of data and QUIT')
client.close()
take_queue()

# bad configuration is told at the start
for name, value, words in (('me', '', 'control/me is missing'), ('databytes', 'x', 'control/databytes line 1'), ('timeoutsmtpd', '-1', 'control/timeoutsmtpd line 1'),
                           ('enforcesender', 'perhaps', 'control/enforcesender')):
    before = read('control/' + name) if os.path.exists('control/' + name) else None
    write('control/' + name, value)
    done = subprocess.run([program('smtp-receive')], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    ok(done.returncode == 100 and words.encode() in done.stderr and not done.stdout, 'a bad control/%s ends it at the start' % name, done)
    os.unlink('control/' + name)
    if before is not None:
        write('control/' + name, before)
equal(subprocess.run([program('smtp-receive'), '-r', 'lmpt'], stderr=subprocess.DEVNULL, env=ENV).returncode, 100, 'an unknown role is bad use')

# no tables, no queue
os.rename('tables/current', 'tables/elsewhere')
equal(answers('MAIL FROM:<a@b.example>\n'), ['451 4.3.0 The address tables cannot be read'], 'without tables all is put off')
os.rename('tables/elsewhere', 'tables/current')
os.unlink('run/queue-add')
equal(receive_with(BEGIN + 'DATA\nx\n.\nNOOP\n')[AT + 3:], ['451 4.3.0 The queue is out of reach, try again later', '250 2.0.0 Ok'],
      'without queue-add the message is put off')
done_testing()
