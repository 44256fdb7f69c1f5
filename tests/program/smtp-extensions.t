#!/usr/bin/python3
"""The extensions of smtp-receive, from outside: raw bytes through sockets, and the queue files that come of them. What each role
offers; SMTPUTF8 and IDNA; BDAT; DSN; REQUIRETLS, FUTURERELEASE, MT-PRIORITY, LIMITS; VRFY. Checks 1, 2, 3, 5, 6, 7, 8, 18, 20 with
BDAT; N-115, N-119, S-29, S-30, S-39, N-43, N-112, P-28."""
import base64, glob, os, re, socket, ssl, subprocess, sys, time
sys.path.insert(0, 'tests')
from tap import *

ADDRESS = '127.0.32.1'
PASSWORD = 'correct horse'
HASH = None


def add_user(name, mail=None):
    global HASH
    HASH = HASH or subprocess.run([program('password-hash')], input=PASSWORD + '\n', text=True, capture_output=True, env=ENV, check=True).stdout.split()[0]
    write('directory/%s.ldif' % name, 'dn: uid=%s,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\nmail:: %s\nuserPassword: %s\n'
          'entryUUID: 00000000-0000-0000-0000-0000%08d\n' % (name, name, base64.b64encode((mail or name + '@example.test').encode()).decode(), HASH, sum(name.encode())))


write('control/me', 'mx.example.test\n')
for folder in ('control/domains', 'directory', 'state/tables', 'tls'):
    os.makedirs(folder)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
write('control/domains/xn--bcher-kva.example')
add_user('bob')
add_user('alice')
add_user('joerg', 'jörg@example.test')
add_user('buch', 'buch@bücher.example')
subprocess.run([program('tables-build')], env=ENV, check=True, stderr=subprocess.DEVNULL)
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'tls/key.pem',
                '-out', 'tls/cert.pem', '-days', '2', '-subj', '/CN=mx.example.test'], check=True, stderr=subprocess.DEVNULL)
for service in ('tls-server', 'auth-server', 'queue-add'):
    start(service, listen(service), service + '.log')
PORTS = {}
for role in ('mx', 'submission', 'submissions', 'internal', 'lmtp'):
    with socket.create_server((ADDRESS, 0), backlog=64) as listening:
        PORTS[role] = listening.getsockname()[1]
        start('smtp-receive', listening, 'log', arguments=['-r', role])
ok(wait_for(lambda: read('log').count(b'serving') == 5), 'five roles of one program serve', read('log'))
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Client:
    def __init__(self, role='mx', hello=True):
        self.hello = b'LHLO x' if role == 'lmtp' else b'EHLO x'
        self.sock = socket.create_connection((ADDRESS, PORTS[role]), source_address=(ADDRESS, 0))
        self.sock.settimeout(300)
        if role == 'submissions':
            self.sock = CONTEXT.wrap_socket(self.sock)
        self.stream = self.sock.makefile('rb')
        self.answer()
        self.offered = self.ask_all(self.hello) if hello else []

    def answer(self):
        lines = []
        while True:
            line = self.stream.readline().decode('utf-8', 'replace').rstrip('\r\n')
            lines.append(line)
            if line[3:4] != '-':
                return lines

    def send(self, data):
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def ask_all(self, command):
        self.send((command.encode() if isinstance(command, str) else command) + b'\r\n')
        return self.answer()

    def ask(self, command):
        return self.ask_all(command)[-1]

    def ask_each(self, *commands):
        """Pipelined: all at once, and an answer to each."""
        self.send(b''.join((c.encode() if isinstance(c, str) else c) + b'\r\n' for c in commands))
        return [self.answer()[-1] for _ in commands]

    def starttls(self):
        self.ask('STARTTLS')
        self.sock = CONTEXT.wrap_socket(self.sock)
        self.stream = self.sock.makefile('rb')
        self.offered = self.ask_all(self.hello)
        return self

    def login(self):
        equal(self.ask('AUTH PLAIN ' + base64.b64encode(b'\0bob@example.test\0' + PASSWORD.encode()).decode()), '235 2.7.0 Authentication successful', 'bob logs in')
        return self

    def close(self):
        self.stream.close()
        self.sock.close()


def take():
    """The one queue file, which is removed: its envelope's lines and its message behind our Received field."""
    paths = glob.glob('queue/new/*')
    if len(paths) != 1:
        ok(False, 'one message is queued', paths)
        return [], b''
    content = read(paths[0])
    os.unlink(paths[0])
    head, message = content.split(b'\n\n', 1)
    return head.decode().split('\n'), re.sub(rb'^Received: [^\n]*\n([ \t][^\n]*\n)*', b'', message)


def nothing_queued(what):
    equal(glob.glob('queue/new/*'), [], what)


def facts(line):
    return set(line.split(' ')[1:])


# what is offered
COMMON = ['250-PIPELINING', '250-SIZE 52428800']
REST = ['250-8BITMIME', '250-ENHANCEDSTATUSCODES', '250-SMTPUTF8', '250-CHUNKING']
AUTH = ['250-AUTH PLAIN LOGIN', '250-AUTH=PLAIN LOGIN']
LIMITS = ['250-LIMITS RCPTMAX=1000']
FUTURE = '250-FUTURERELEASE 2592000 '


def offers(seen, expected, what):
    """A line of FUTURERELEASE ends with a date."""
    ok(all(re.fullmatch(re.escape(FUTURE) + r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', line) for line in seen if line.startswith(FUTURE)), what + ': dates', seen)
    equal([FUTURE if line.startswith(FUTURE) else line for line in seen], ['250-mx.example.test'] + expected + ['250 HELP'], what)


mx = Client()
offers(mx.offered, COMMON + ['250-STARTTLS'] + REST + LIMITS, 'S-29, S-30, N-114: port 25 in clear, 50 MiB by default: neither DSN nor AUTH nor REQUIRETLS')
offers(mx.starttls().offered, COMMON + REST + LIMITS + ['250-REQUIRETLS'], 'RFC 8689: REQUIRETLS under TLS')
mx.close()
c = Client('submission')
offers(c.offered, COMMON + ['250-STARTTLS'] + REST + ['250-DSN'] + LIMITS + [FUTURE, '250-MT-PRIORITY'], 'submission in clear: no AUTH')
offers(c.starttls().offered, COMMON + AUTH + REST + ['250-DSN'] + LIMITS + ['250-REQUIRETLS', FUTURE, '250-MT-PRIORITY'], 'N-112, P-28: AUTH, both spellings, under TLS')
c.close()
c = Client('submissions')
offers(c.offered, COMMON + AUTH + REST + ['250-DSN'] + LIMITS + ['250-REQUIRETLS', FUTURE, '250-MT-PRIORITY'], 'submissions: the same')
c.close()
c = Client('internal')
offers(c.offered, COMMON + ['250-STARTTLS'] + AUTH + REST + ['250-DSN'] + LIMITS + [FUTURE, '250-MT-PRIORITY'], 'N-115: internal, from this host: AUTH without TLS')
equal(c.ask('MAIL FROM:<bob@example.test>')[:4], '530 ', 'N-115: a login is needed')
c.login()
equal(c.ask_each('MAIL FROM:<bob@example.test>', 'RCPT TO:<victim@far.example>'), ['250 2.1.0 Ok', '250 2.1.5 Ok'], 'N-115: and then mail goes anywhere')
c.close()
c = Client('lmtp')
offers(c.offered, COMMON + REST + ['250-DSN'] + LIMITS, 'RFC 2033: LHLO')
equal(c.ask_each('EHLO x', 'HELO x'), ['500 5.5.1 Command not known'] * 2, 'RFC 2033 4.1: LMTP has neither EHLO nor HELO')
c.close()
c = Client(hello=False)
equal(c.ask_each('LHLO x', 'HELO x'), ['500 5.5.1 Command not known', '250 mx.example.test'], 'and SMTP has no LHLO')
c.close()
away = subprocess.run([program('smtp-receive'), '-r', 'internal'], input=b'EHLO x\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<bob@example.test>\r\n', stdout=subprocess.PIPE,
                      stderr=subprocess.DEVNULL, env=dict(ENV, PROTO='TCP', TCPREMOTEIP='192.0.2.9', TCPREMOTEPORT='1', TCPLOCALIP='192.0.2.1', TCPLOCALPORT='10587')).stdout
ok(b'AUTH' not in away.split(b'250 HELP')[0] and away.split(b'\r\n')[-3:-1] == [b'502 5.5.1 AUTH is not offered', b'550 5.7.1 This port serves programs of this host only'],
   'N-115: from elsewhere AUTH is not offered and MAIL is refused', away)
write('control/maxrcptcount', '1000000\n')
write('control/databytes', '104857600\n')
c = Client()
ok(not any('LIMITS' in line for line in c.offered), 'RFC 9422: a limit of seven digits cannot be said', c.offered)
equal(c.offered[2], '250-SIZE 104857600', 'S-29: a relay takes 100 MiB by control/databytes')
equal(c.ask_each('MAIL FROM:<a@far.example> SIZE=104857600', 'RSET', 'MAIL FROM:<a@far.example> SIZE=104857601'), ['250 2.1.0 Ok', '250 2.0.0 Ok', '552 5.3.4 Message too big'], 'S-29: and no more')
c.close()
write('control/maxrcptcount', '7\n')
write('control/holdmax', '0\n')
write('control/databytes', '0\n')
write('control/dsnmx', 'yes\n')
c = Client('submission')
ok({'250-LIMITS RCPTMAX=7', '250-SIZE 0'} <= set(c.offered) and not any('FUTURE' in line for line in c.offered), 'RFC 9422, 4865, 1870: the limits are those of control/', c.offered)
c.close()
c = Client()
ok('250-DSN' in c.offered, 'S-30: control/dsnmx offers DSN on port 25')
c.close()
for name in ('maxrcptcount', 'holdmax', 'databytes', 'dsnmx'):
    os.unlink('control/' + name)
write('control/mynetworks', '127.0.32.0/24\n')
subprocess.run([program('tables-build')], env=ENV, check=True, stderr=subprocess.DEVNULL)
c = Client()
ok('250-DSN' in c.offered, 'S-30: and control/mynetworks is offered DSN on port 25', c.offered)
equal(c.ask_each('MAIL FROM:<a@far.example> RET=HDRS', 'RCPT TO:<bob@example.test> NOTIFY=SUCCESS', 'RSET'), ['250 2.1.0 Ok', '250 2.1.5 Ok', '250 2.0.0 Ok'], '... whose parameters are known')
c.close()
os.unlink('control/mynetworks')
subprocess.run([program('tables-build')], env=ENV, check=True, stderr=subprocess.DEVNULL)

# VRFY, EXPN, HELP, NOOP, RSET
c = Client()
TOLD = '252 2.0.0 Send it, and you will see'
for command, expected, what in (
        ('VRFY bob', TOLD, 'check 20: VRFY of a user'), ('VRFY nobody', TOLD, 'check 20: VRFY of nobody'), ('VRFY', '501 5.5.4 Say VRFY and a name', 'RFC 5321: VRFY needs a string'),
        ('VRFY jörg SMTPUTF8', TOLD, 'RFC 6531 3.7.4.2: VRFY in UTF-8'), ('VRFY jörg', '553 5.6.7 What is not ASCII needs SMTPUTF8, which was not said', 'RFC 6531: without the word'),
        (b'VRFY j\xf6rg SMTPUTF8', '553 5.6.7 What is not ASCII is UTF-8, and this is not', 'check 6: VRFY with what is no UTF-8'),
        ('EXPN staff', '502 5.5.1 EXPN is not offered', 'check 20: EXPN'), ('EXPN bücher SMTPUTF8', '502 5.5.1 EXPN is not offered', 'check 20: EXPN in UTF-8'),
        ('HELP', '214 2.0.0 RFC 5321 says what can be said here', 'HELP'), ('HELP MAIL', '214 2.0.0 RFC 5321 says what can be said here', 'HELP of a command'),
        ('NOOP anything', '250 2.0.0 Ok', 'NOOP'), ('RSET', '250 2.0.0 Ok', 'RSET'), ('TURN', '500 5.5.1 Command not known', 'TURN')):
    equal(c.ask(command), expected, what)
c.close()

# SMTPUTF8 and IDNA
NOT_SAID = '553 5.6.7 What is not ASCII needs SMTPUTF8, which was not said'
NO_UTF8 = '553 5.6.7 What is not ASCII is UTF-8, and this is not'
c = Client()
for command, expected, what in (
        ('MAIL FROM:<jörg@far.example>', NOT_SAID, 'check 6: 8-bit in MAIL without SMTPUTF8'),
        (b'MAIL FROM:<j\xf6rg@far.example> SMTPUTF8', NO_UTF8, 'check 6: invalid UTF-8 with it'),
        (b'MAIL FROM:<j\xc0\xafrg@far.example> SMTPUTF8', NO_UTF8, 'check 6: overlong UTF-8'),
        (b'MAIL FROM:<j\xed\xa0\x80rg@far.example> SMTPUTF8', NO_UTF8, 'check 6: a surrogate'),
        (b'MAIL FROM:<j\xc2\x85rg@far.example> SMTPUTF8', NO_UTF8, 'check 5: a C1 control'),
        ('MAIL FROM:<a@☃.example> SMTPUTF8', '553 5.1.7 The sender is not an address', 'IDNA2008 has no snowman'),
        ('MAIL FROM:<a@far.example> SMTPUTF8=1', '501 5.5.4 A parameter with a value that cannot be', 'RFC 6531 3.4: it has no value'),
        ('MAIL FROM:<a@far.example> SMTPUTF8 SMTPUTF8', '501 5.5.4 A parameter with a value that cannot be', 'twice'),
        ('MAIL FROM:<a@far.example> BÖDY=8BITMIME', '555 5.5.4 A parameter that is not known here', 'no keyword is UTF-8'),
        ('MAIL FROM:<jörg@bücher.far.example> SMTPUTF8 BODY=8BITMIME', '250 2.1.0 Ok', 'a sender in UTF-8'),
        (b'RCPT TO:<j\xf6rg@example.test>', NO_UTF8, 'check 6: invalid UTF-8 in RCPT'),
        ('RCPT TO:<jürg@example.test>', '550 5.1.1 <jürg@example.test>: Recipient address rejected: User unknown', 'nobody, told as it was asked'),
        ('RCPT TO:<JÖRG@Example.Test>', '250 2.1.5 Ok', 'N-43: case does not count in UTF-8 either'),
        ('RCPT TO:<bu\u0308ch@BU\u0308CHER.example>', '550 5.1.1 <bu\u0308ch@BU\u0308CHER.example>: Recipient address rejected: User unknown', 'a domain written with combining characters is ours'),
        ('RCPT TO:<buch@BÜCHER.example>', '250 2.1.5 Ok', 'IDNA: by the U-label'),
        ('RCPT TO:<buch@bücher.far.example>', '554 5.7.1 <buch@bücher.far.example>: Relay access denied', 'another one is not')):
    equal(c.ask(command), expected, what)
equal(c.ask('DATA')[:3], '354', 'DATA')
ok(c.ask('Subject: Grüße\r\n\r\nx\r\n.').startswith('250 2.0.0 Ok: queued as'), 'N-119, S-39: mail in UTF-8 is accepted')
head, message = take()
ok('S jörg@bücher.far.example' in head and {'smtputf8=yes', 'body=8BITMIME'} <= facts(head[4]), 'the sender as it was given, and smtputf8=yes', head)
ok([line.split(' ')[1] for line in head[5:]] == ['jörg@example.test', 'buch@xn--bcher-kva.example'], 'the recipients are the mailboxes\' own addresses', head)
equal(c.ask_each('MAIL FROM:<>', 'RCPT TO:<buch@XN--BCHER-KVA.example>', 'RCPT TO:<buch@bücher.example>', 'RSET'),
      ['250 2.1.0 Ok', '250 2.1.5 Ok', NOT_SAID, '250 2.0.0 Ok'], 'IDNA: the A-label is the same domain, and needs no SMTPUTF8')
equal(c.ask_each('MAIL FROM:<> SMTPUTF8', 'RSET', 'MAIL FROM:<>', 'RCPT TO:<jörg@example.test>', 'RSET'), ['250 2.1.0 Ok', '250 2.0.0 Ok', '250 2.1.0 Ok', NOT_SAID, '250 2.0.0 Ok'],
      'SMTPUTF8 is of one transaction')
c.close()

# BDAT
BEGIN = ('MAIL FROM:<joe@far.example>', 'RCPT TO:<bob@example.test>')
OK2 = ['250 2.1.0 Ok', '250 2.1.5 Ok']


def chunk(content, last=False):
    return b'BDAT %d%s\r\n' % (len(content), b' LAST' if last else b'') + content


c = Client()
equal(c.ask_each(*BEGIN), OK2, 'a transaction')
FIRST = b'Subject: x\r\n\r\nMAIL FROM:<evil@far.example>\r\n.\r\n..dots\r\n'
c.send(chunk(FIRST))
equal(c.answer(), ['250 2.0.0 %d octets received' % len(FIRST)], 'RFC 3030: each chunk is answered')
equal(c.ask_each('DATA', 'MAIL FROM:<a@b.example>', 'RCPT TO:<alice@example.test>', 'NOOP'),
      ['503 5.5.1 The message has begun with BDAT', '503 5.5.1 There is a sender already', '503 5.5.1 The message has begun', '250 2.0.0 Ok'], 'RFC 3030 3: DATA after BDAT is 503')
c.send(chunk(b'las') + chunk(b't\r') + chunk(b'\n', True))
seen = [c.answer()[-1] for _ in range(3)]
equal([line[:25] for line in seen], ['250 2.0.0 3 octets receiv', '250 2.0.0 2 octets receiv', '250 2.0.0 Ok: queued as ' + seen[2][24:25]], 'lines go over from chunk to chunk')
equal(take()[1], FIRST + b'last\r\n', 'RFC 3030: content is as it was sent: no dot ends it, none is unstuffed')

CONTENT = b'Subject: x\r\n\r\nbody\r\n'
for what, data, message in (
        ('one chunk, LAST', chunk(CONTENT, True), CONTENT), ('0 LAST behind it', chunk(CONTENT) + chunk(b'', True), CONTENT), ('0 before it', chunk(b'') + chunk(CONTENT, True), CONTENT),
        ('a last line without its end', chunk(b'Subject: x\r\n\r\nbody', True), CONTENT), ('last in small letters', b'bdat %d last\r\n' % len(CONTENT) + CONTENT, CONTENT),
        ('an octet each', b''.join(chunk(bytes([o])) for o in CONTENT) + chunk(b'', True), CONTENT)):
    c.send(b''.join(b.encode() + b'\r\n' for b in BEGIN) + data + b'NOOP\r\n')
    seen = [c.answer()[-1] for _ in range(3 + data.upper().count(b'BDAT'))]
    ok(seen[-2].startswith('250 2.0.0 Ok: queued as') and seen[-1] == '250 2.0.0 Ok', 'RFC 2920, 3030: pipelined: ' + what, seen)
    equal(take()[1], message, '... and whole')
big = b'Subject: x\r\n\r\n' + b''.join(b'%07d 0123456789012345678901234567890123456789012345678901234567\r\n' % i for i in range(60000))
c.send(b''.join(b.encode() + b'\r\n' for b in BEGIN) + b''.join(chunk(big[i:i + 100001]) for i in range(0, len(big), 100001)) + chunk(b'', True))
seen = [c.answer()[-1] for _ in range(2 + (len(big) + 100000) // 100001 + 1)]
ok(seen[-1].startswith('250 2.0.0 Ok: queued as'), '4 MB in chunks', seen[-3:])
message = take()[1]
ok(message == big, '... whole', (len(message), len(big), message[:200], message[-100:]))

# what is refused, and that its octets never are commands
EVIL = b'RSET\r\nMAIL FROM:<evil@far.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n'
BARE = '550 5.6.11 A CR or LF stands alone in the message; lines end with CR LF'
for what, content in (('LF', b'a\nb\r\n'), ('CR', b'a\rb\r\n'), ('CR at the end', b'a\r'), ('LF at first', b'\na\r\n'), ('smuggled end', b'a\r\n.\n' + EVIL), ('CR CR LF', b'a\r\r\nb\r\n')):
    equal(c.ask_each(*BEGIN), OK2, 'a transaction')
    c.send(chunk(content, True) + b'NOOP\r\n')
    equal([c.answer()[-1], c.answer()[-1]], [BARE, '250 2.0.0 Ok'], 'checks 1, 2: a bare newline in BDAT: ' + what)
equal(c.ask_each(*BEGIN), OK2, 'a transaction')
c.send(chunk(b'a\r') + chunk(b'b\r\n') + chunk(EVIL) + chunk(EVIL, True) + b'NOOP\r\n')
equal([c.answer()[-1] for _ in range(5)], ['250 2.0.0 2 octets received', BARE, '503 5.5.1 The message was refused: say RSET', '503 5.5.1 The message was refused: say RSET', '250 2.0.0 Ok'],
      'check 1: a CR at the end of a chunk and no LF in the next; what follows is dropped')
equal(c.ask_each('MAIL FROM:<a@b.example>', 'RSET'), ['250 2.1.0 Ok', '250 2.0.0 Ok'], 'LAST ended the transaction')
nothing_queued('check 8: nothing of that is queued')
c.close()

c = Client(hello=False)
c.send(chunk(EVIL, True) + b'NOOP\r\n')
equal([c.answer()[-1] for _ in range(2)], ['503 5.5.1 Say EHLO first', '250 2.0.0 Ok'], 'check 8: BDAT before EHLO: its octets are no commands')
c.ask('EHLO x')
c.send(chunk(EVIL) + chunk(EVIL, True) + b'NOOP\r\n')
equal([c.answer()[-1] for _ in range(3)], ['503 5.5.1 Say MAIL first'] * 2 + ['250 2.0.0 Ok'], 'check 8: before MAIL')
c.send(b'MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@example.test>\r\n' + chunk(EVIL, True) + b'RSET\r\n')
equal([c.answer()[-1][:9] for _ in range(4)], ['250 2.1.0', '550 5.1.1', '554 5.5.1', '250 2.0.0'], 'check 8: without a recipient')
nothing_queued('check 8: nothing of that is queued')
c.close()
for argument in ('', '-1', '1e3', '0x10', '18446744073709551616', '99999999999999999999999', 'LAST', '5 FIRST', '5 LAST LAST'):
    c = Client()
    c.ask_each(*BEGIN)
    c.send(('BDAT %s\r\n' % argument).encode() + EVIL)
    equal(c.stream.read(), b'501 5.5.4 Say BDAT and how many octets; what follows cannot be read\r\n', 'check 8: BDAT %s: refused, and the end' % argument)
    c.close()
for argument in ('2147483648', '4294967297 LAST', '18446744073709551615 LAST'):
    c = Client()
    c.ask_each(*BEGIN)
    c.send(('BDAT %s\r\n' % argument).encode() + EVIL)
    equal(c.stream.read(), b'552 5.3.4 Message too big\r\n', 'checks 7, 8: BDAT %s: too big, and the end' % argument)
    c.close()
c = Client()
c.ask_each(*BEGIN)
c.send(b'BDAT 1000 LAST\r\nSubject: x\r\n')
c.close()
c = Client()
c.ask_each(*BEGIN)
c.ask_all('DATA')
c.send(b'Subject: x\r\n\r\nBDAT 4 LAST\r\nx\r\n.\r\n' + chunk(EVIL, True) + b'NOOP\r\n')
equal([c.answer()[-1][:23] for _ in range(3)], ['250 2.0.0 Ok: queued as', '503 5.5.1 Say MAIL firs', '250 2.0.0 Ok'], 'check 8: BDAT in DATA is content, and behind it out of order')
equal(take()[1], b'Subject: x\r\n\r\nBDAT 4 LAST\r\nx\r\n', 'check 9: and a client that went away within a chunk left nothing')
c.close()
write('control/databytes', '1000\n')
c = Client()
equal(c.ask_each(*BEGIN), OK2, 'a transaction')
c.send(chunk(b'x' * 998 + b'\r\n', True))
ok(c.answer()[-1].startswith('250 2.0.0 Ok'), 'check 7: 1000 octets of 1000')
take()
equal(c.ask_each(*BEGIN), OK2, 'a transaction')
c.send(chunk(b'x' * 600) + chunk(b'x' * 401) + chunk(EVIL) + b'RSET\r\n')
equal([c.answer()[-1][:9] for _ in range(4)], ['250 2.0.0', '552 5.3.4', '503 5.5.1', '250 2.0.0'], 'check 7: the sum of the chunks counts, and is told when it is known')
equal(c.ask_each(*BEGIN), OK2, 'RSET ends it')
c.send(chunk(b'x' * 100000, True) + b'NOOP\r\n')
equal([c.answer()[-1] for _ in range(2)], ['552 5.3.4 Message too big', '250 2.0.0 Ok'], 'check 7: one chunk that is too big, pipelined')
nothing_queued('and nothing of it is queued')
c.close()
os.unlink('control/databytes')
c = Client()
c.ask_each(*BEGIN)
c.send(chunk(b'Subject: x\r\n'))
c.answer()
c.starttls()
equal(c.ask('BDAT 0 LAST'), '503 5.5.1 Say MAIL first', 'check 18: STARTTLS forgets the chunks too')
c.close()
c = Client('lmtp')
c.ask_each('MAIL FROM:<>', 'RCPT TO:<nobody@example.test>')
c.send(chunk(EVIL, True))
equal(c.answer(), ['503 5.5.1 No valid recipients'], 'RFC 2033 4.2: LMTP, no recipient')
equal(c.ask_each('RCPT TO:<bob@example.test>', 'RCPT TO:<alice@example.test>'), ['250 2.1.5 Ok'] * 2, 'two recipients')
c.send(chunk(b'Subject: x\r\n') + chunk(b'\r\n', True))
equal([c.answer()[-1][:9] for _ in range(3)], ['250 2.0.0', '451 4.3.0', '451 4.3.0'], 'RFC 2033: an answer for each recipient behind BDAT LAST (nobody delivers here)')
c.close()

# reports: RFC 3461
BAD_VALUE, UNKNOWN = '501 5.5.4 A parameter with a value that cannot be', '555 5.5.4 A parameter that is not known here'
c = Client()
equal(c.ask_each('MAIL FROM:<a@far.example> RET=FULL', 'MAIL FROM:<a@far.example> ENVID=x', 'MAIL FROM:<a@far.example>', 'RCPT TO:<bob@example.test> NOTIFY=NEVER', 'RCPT TO:<bob@example.test> ORCPT=rfc822;x'),
      [UNKNOWN, UNKNOWN, '250 2.1.0 Ok', UNKNOWN, UNKNOWN], 'S-30: DSN is not offered to strangers, so its parameters are not known')
equal(c.ask_each('RSET', 'MAIL FROM:<a@far.example> HOLDFOR=60', 'MAIL FROM:<a@far.example> MT-PRIORITY=3', 'MAIL FROM:<a@far.example> AUTH=<>'), ['250 2.0.0 Ok'] + [UNKNOWN] * 3,
      'nor are those of submission, on port 25')
equal(c.ask('MAIL FROM:<a@far.example> REQUIRETLS'), '530 5.7.10 REQUIRETLS needs an encrypted session', 'RFC 8689: in clear')
c.starttls()
equal(c.ask_each('MAIL FROM:<a@far.example> REQUIRETLS', 'RCPT TO:<bob@example.test>'), OK2, 'RFC 8689: encrypted')
c.ask('DATA')
c.ask('x: y\r\n\r\n.')
ok('requiretls=yes' in facts(take()[0][4]), 'requiretls=yes is kept')
for requires, header, kept in ((' REQUIRETLS', 'TLS-Required: No', {'requiretls=yes'}), ('', 'TLS-Required: No', {'tlsoptional=yes'}), ('', 'TLS-Required: maybe', set()),
                               ('', 'TLS-Required: No\r\nTLS-Required: No', set())):
    c.ask_each('MAIL FROM:<a@far.example>' + requires, 'RCPT TO:<bob@example.test>', 'DATA')
    c.ask('x: y\r\n%s\r\n\r\n.' % header)
    equal({f for f in facts(take()[0][4]) if f.startswith(('requiretls', 'tlsoptional'))}, kept, 'RFC 8689 5: %r%s' % (header, requires and ', but REQUIRETLS wins'))
c.close()

c = Client('submissions').login()
for command in ('RET=SOME', 'RET=', 'RET', 'RET=FULL RET=HDRS', 'ENVID=', 'ENVID=a+2', 'ENVID=a+zz', 'ENVID=a=b', 'ENVID=a+0D+0Ab', 'ENVID=' + 'x' * 101, 'ENVID=é', 'SIZE=', 'SIZE=1 SIZE=1', 'BODY=BINARYMIME',
                'BODY=9BIT', 'REQUIRETLS=yes', 'HOLDFOR=x', 'HOLDFOR=1000000000', 'HOLDFOR=60 HOLDUNTIL=2099-01-01T00:00:00Z', 'HOLDUNTIL=2026-13-01T00:00:00Z', 'HOLDUNTIL=1', 'MT-PRIORITY=10', 'MT-PRIORITY=-10',
                'MT-PRIORITY=', 'MT-PRIORITY=a', 'AUTH=', 'AUTH=a+b'):
    equal(c.ask('MAIL FROM:<bob@example.test> ' + command), BAD_VALUE, '501: MAIL with ' + command[:60])
    if command in ('HOLDFOR=x', 'ENVID=a=b', 'BODY=9BIT'):
        c.close()
        c = Client('submissions').login()
c.close()
c = Client('submissions').login()
TOO_LONG = '554 5.5.4 The message cannot be held until then'
equal(c.ask_each('MAIL FROM:<bob@example.test> HOLDFOR=2592001', 'MAIL FROM:<bob@example.test> HOLDUNTIL=2001-01-01T00:00:00Z', 'MAIL FROM:<bob@example.test> HOLDUNTIL=9999-12-31T23:59:59Z'), [TOO_LONG] * 3,
      'RFC 4865 4.2: beyond the maximum, or in the past')
c.ask('MAIL FROM:<bob@example.test>')
for command in ('NOTIFY=NEVER,SUCCESS', 'NOTIFY=SUCCESS,NEVER', 'NOTIFY=', 'NOTIFY=ALWAYS', 'NOTIFY=SUCCESS,', 'NOTIFY=DELAY NOTIFY=DELAY', 'ORCPT=bob@far.example', 'ORCPT=rfc822;', 'ORCPT=rfc822;a+4',
                'ORCPT=rfc822;a=b', 'ORCPT=utf-8;a\\x{D800}', 'ORCPT=rfc822;' + 'x' * 500, 'ORCPT=utf-8;ä@b'):
    equal(c.ask('RCPT TO:<bob@example.test> ' + command), BAD_VALUE, '501: RCPT with ' + command[:60])
c.close()

now = int(time.time())
c = Client('submissions').login()
ENVID = 'id+2B+3D+20x'
equal(c.ask('MAIL FROM:<bob@example.test> SIZE=100 BODY=8BITMIME AUTH=bob@example.test SMTPUTF8 RET=HDRS ENVID=%s REQUIRETLS HOLDFOR=3600 MT-PRIORITY=-3' % ENVID), '250 2.1.0 Ok', 'all at once')
equal(c.ask_each('RCPT TO:<alice@example.test> NOTIFY=SUCCESS,delay ORCPT=rfc822;Alice+2Btag@Old.example', 'RCPT TO:<victim@far.example> NOTIFY=NEVER', 'RCPT TO:<other@far.example>',
                 'RCPT TO:<third@far.example> ORCPT=UTF-8;j\\x{F6}rg@old.example', 'RCPT TO:<nobody@example.test> NOTIFY=NEVER', 'RCPT TO:<fourth@far.example> NOTIFY=FAILURE ORCPT=utf-8;jörg@old.example')[-1], '250 2.1.5 Ok', 'the recipients')
c.ask('DATA')
ok(c.ask('Subject: x\r\n\r\nx\r\n.').startswith('250'), 'the message')
head, _ = take()
seen = facts(head[4])
ok({'ret=hdrs', 'envid=id+=%20x', 'smtputf8=yes', 'requiretls=yes', 'priority=-3', 'body=8BITMIME'} <= seen, 'what was asked for is in the queue file, decoded', head)
hold = [int(f.split('=')[1]) for f in seen if f.startswith('holduntil=')]
ok(len(hold) == 1 and 3590 < hold[0] - now < 4200, 'RFC 4865: holduntil= is now and HOLDFOR', seen)
equal(head[0].split(' ')[3], '%020d' % hold[0], '... and the time of the first try')
recipients = {line.split(' ')[1]: facts(line) - {line.split(' ')[1]} for line in head[5:]}
for address, expected in (('alice@example.test', {'notify=success,delay', 'orcpt=rfc822;Alice+tag@Old.example'}), ('victim@far.example', {'notify=never'}), ('other@far.example', set()),
                          ('third@far.example', {'orcpt=utf-8;jörg@old.example'}), ('fourth@far.example', {'notify=failure', 'orcpt=utf-8;jörg@old.example'})):
    equal({f for f in recipients.get(address, {'missing'}) if not f.startswith('mailbox=')}, expected, 'RFC 3461: %s has its own wishes, decoded' % address)
c.ask('MAIL FROM:<bob@example.test> HOLDUNTIL=%s' % time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now + 86400)))
c.ask('RCPT TO:<alice@example.test>')
c.send(chunk(b'Subject: y\r\n\r\nbare\nline', True))
ok(c.answer()[-1].startswith('250'), 'RFC 6409: BDAT on a submission port: a bare LF is put right')
head, message = take()
ok(b'\r\n\r\nbare\r\nline\r\n' in message and 'holduntil=%d' % (now + 86400) in facts(head[4]), 'RFC 4865: holduntil= is HOLDUNTIL', (head, message))
c.ask_each('MAIL FROM:<bob@example.test>', 'RCPT TO:<alice@example.test>', 'DATA')
c.ask('Subject: z\r\n\r\n.')
head, _ = take()
ok(not re.search('notify=|orcpt=|ret=|envid=|hold|priority=|requiretls|smtputf8', ' '.join(head[4:])) and head[0].endswith(' ' + '0' * 20), 'the next message has none of that', head)
c.close()

# lines: RFC 5321 4.5.3.1.4, and what each extension adds
c = Client('submissions').login()
longest = 'MAIL FROM:<%s@example.test> SIZE=18446744073709551615 BODY=8BITMIME AUTH=%s RET=FULL ENVID=%s REQUIRETLS HOLDUNTIL=2026-12-24T18:00:00.000000+00:00 MT-PRIORITY=-9 SMTPUTF8' % (
    'x' * 300, 'a' * 500, 'e' * 100)
equal(c.ask(longest)[:9], '552 5.3.4', 'a MAIL of %d octets is read' % len(longest))
c.ask('MAIL FROM:<bob@example.test>')
longest = 'RCPT TO:<%s@far.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;%s' % ('x' * 300, 'o' * 493)
equal(c.ask(longest), '250 2.1.5 Ok', 'a RCPT of %d octets is read' % len(longest))
c.close()
c = Client()
equal(c.ask('MAIL FROM:<a@b.example> ' + 'x' * 5000), '500 5.5.2 Line too long', 'check 3: a line that is too long')
c.close()
done_testing()
