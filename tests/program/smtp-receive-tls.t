#!/usr/bin/python3
"""smtp-receive as a listener, with the real tls-server, auth-server and queue-add: STARTTLS and implicit TLS, logins,
what one may do after them. Checks 15, 16, 18, 20; N-100, N-101, N-111, N-112, N-113, N-116, P-05, P-14, P-28, P-31, T6;
replies of requirements 2.2."""
import base64, glob, os, re, socket, ssl, subprocess, sys
sys.path.insert(0, 'tests')
from tap import *

ADDRESS = '127.0.11.1'
PASSWORD = 'correct horse'


def add_user(name, more=''):
    hashed = subprocess.run([program('password-hash')], input=PASSWORD + '\n', text=True, capture_output=True, env=ENV, check=True).stdout.split()[0]
    write('directory/%s.ldif' % name, 'dn: uid=%s,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\n'
          'mail: %s@example.test\nuserPassword: %s\nentryUUID: 00000000-0000-0000-0000-0000%08d\n%s\n'
          % (name, name, name, hashed, sum(name.encode()), more))


write('control/me', 'mx.example.test\n')
for folder in ('control/domains', 'directory', 'state/tables', 'tls'):
    os.makedirs(folder)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
add_user('bob')
add_user('alice')
add_user('mute', 'mailSubmit: no')
subprocess.run([program('tables-build')], env=ENV, check=True, stderr=subprocess.DEVNULL)
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'tls/key.pem',
                '-out', 'tls/cert.pem', '-days', '2', '-subj', '/CN=mx.example.test'], check=True, stderr=subprocess.DEVNULL)
for service in ('tls-server', 'auth-server', 'queue-add'):
    start(service, listen(service), service + '.log')
PORTS = {}
for role in ('mx', 'submission', 'submissions'):
    with socket.create_server((ADDRESS, 0), backlog=64) as listening:
        PORTS[role] = listening.getsockname()[1]
        start('smtp-receive', listening, 'log', arguments=['-r', role])
ok(wait_for(lambda: read('log').count(b'serving') == 3), 'three roles of one program serve', read('log'))

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Client:
    def __init__(self, role):
        self.sock = socket.create_connection((ADDRESS, PORTS[role]), source_address=(ADDRESS, 0))
        self.sock.settimeout(300)
        if role == 'submissions':
            self.sock = CONTEXT.wrap_socket(self.sock)
        self.stream = self.sock.makefile('rb')
        self.banner = self.answer()

    def answer(self):
        """The lines of one answer, as a list."""
        lines = []
        while True:
            line = self.stream.readline().decode('latin-1').rstrip('\r\n')
            lines.append(line)
            if line[3:4] != '-':
                return lines

    def ask(self, command):
        self.sock.sendall(command.encode() + b'\r\n')
        return self.answer()[-1]

    def ask_all(self, command):
        self.sock.sendall(command.encode() + b'\r\n')
        return self.answer()

    def starttls(self, behind=b''):
        self.sock.sendall(b'STARTTLS\r\n' + behind)
        said = self.answer()[-1]
        if said.startswith('220'):
            self.sock = CONTEXT.wrap_socket(self.sock)
            self.stream = self.sock.makefile('rb')
        return said

    def close(self):
        self.stream.close()
        self.sock.close()


def plain(login, password=PASSWORD):
    return base64.b64encode(('\0%s\0%s' % (login, password)).encode()).decode()


def logged_in(login='bob@example.test', role='submission'):
    c = Client(role)
    c.ask('EHLO client.example')
    if role == 'submission':
        c.starttls()
        c.ask('EHLO client.example')
    equal(c.ask('AUTH PLAIN ' + plain(login)), '235 2.7.0 Authentication successful', '%s logs in' % login)
    return c


def newest():
    """The one queue file, which is removed."""
    path, = glob.glob('queue/new/*')
    content = read(path)
    os.unlink(path)
    return content


# limits
write('control/concurrencysmtpdclient', '2\n')
with socket.create_server((ADDRESS, 0), backlog=64) as listening:
    PORTS['few'] = listening.getsockname()[1]
    few = start('smtp-receive', listening, 'few.log')
clients = [Client('few'), Client('few')]
third = Client('few')
equal(third.banner, ['421 4.7.0 Too many connections, try again later'], 'check 17: more than control/concurrencysmtpdclient from one host')
equal(clients[0].ask('NOOP'), '250 2.0.0 Ok', 'the others go on')
for c in clients + [third]:
    c.close()
few.terminate()
equal(few.wait(300), 0, 'told to stop, it ends')

# port 25
c = Client('mx')
equal(c.banner, ['220 mx.example.test ESMTP'], 'P-23: the banner, from a listener')
ok('250-STARTTLS' in c.ask_all('EHLO client.example'), 'STARTTLS is offered on port 25')
c.ask('MAIL FROM:<joe@far.example>')
equal(c.starttls(b'EHLO evil.example\r\nMAIL FROM:<evil@far.example>\r\n'), '220 2.0.0 Ready to start TLS', 'STARTTLS begins, also within a transaction')
equal(c.ask('MAIL FROM:<joe@far.example>'), '503 5.5.1 Say EHLO first', 'check 18: what came in clear behind STARTTLS is dropped, EHLO is forgotten')
said = c.ask_all('EHLO client.example')
ok(not any('STARTTLS' in line or 'AUTH' in line for line in said), 'N-111, N-114: no second STARTTLS and no AUTH on port 25', said)
equal(c.ask('RCPT TO:<bob@example.test>'), '503 5.5.1 Say MAIL first', 'check 18: MAIL is forgotten')
equal(c.ask('STARTTLS'), '503 5.5.1 The session is encrypted already', 'check 18: a second STARTTLS')
equal(c.ask('AUTH PLAIN ' + plain('bob')), '502 5.5.1 AUTH is not offered', 'N-114: AUTH on port 25, encrypted')
c.ask('MAIL FROM:<joe@far.example>')
c.ask('RCPT TO:<bob@example.test>')
c.ask('DATA')
ok(c.ask('Subject: x\r\n\r\nx\r\n.').startswith('250 2.0.0 Ok: queued as'), 'a message over TLS')
content = newest()
ok(re.search(rb' with ESMTPS \(TLSv1.3\)\r\n\tid \w+\r\n\tfor <bob@example.test>\r\n\ttls TLS_AES_\w+; ', content) and b' tls=TLSv1.3%20' in content, 'protocol and cipher are in Received and envelope', content)
ok(b' client=' + ADDRESS.encode() in content, 'and the address of the client', content)
c.close()

c = Client('mx')
c.ask('EHLO x')
c.sock.sendall(b'STARTTLS\r\n')
c.answer()
c.sock.sendall(b'EHLO in clear\r\n' * 10)
rest = c.stream.read()
ok(b'250' not in rest, 'check 18: a failed handshake ends the session', rest)
c.close()
ok(wait_for(lambda: b'tls-failed' in read('log')), 'and is in the log', read('log'))

# submission
c = Client('submission')
said = c.ask_all('EHLO client.example')
ok('250-STARTTLS' in said and not any('AUTH' in line for line in said), 'check 15: in clear STARTTLS is offered, AUTH is not', said)
equal(c.ask('MAIL FROM:<bob@example.test>'), '530 5.7.0 Must issue a STARTTLS command first', 'nothing before')
equal(c.ask('AUTH PLAIN ' + plain('bob')), '538 5.7.11 Encryption is required: issue a STARTTLS command first', 'check 15: AUTH in clear')
c.starttls()
said = c.ask_all('EHLO client.example')
ok('250-AUTH PLAIN LOGIN' in said and '250-AUTH=PLAIN LOGIN' in said, 'N-112, P-28: AUTH in both spellings', said)
equal(c.ask('MAIL FROM:<bob@example.test>'), '530 5.7.0 Authentication required', 'P-31: submission needs a login')
equal(c.ask('AUTH'), '501 5.5.4 Say AUTH and a mechanism', 'check 16: no mechanism')
equal(c.ask('AUTH CRAM-MD5'), '504 5.5.4 The mechanism is not offered', 'check 16: another mechanism')
equal(c.ask('AUTH PLAIN !!!'), '501 5.5.2 Not base64', 'check 16: not base64')
equal(c.ask('AUTH PLAIN'), '334 ', 'a challenge')
equal(c.ask('*'), '501 5.7.0 Authentication cancelled', 'check 16: cancelled')
equal(c.ask('AUTH LOGIN'), '334 VXNlcm5hbWU6', 'LOGIN asks for a name')
equal(c.ask('%%%'), '501 5.5.2 Not base64', 'check 16: not base64 within')
c.ask('AUTH PLAIN')
equal(c.ask('A' * 13000), '500 5.5.6 Line too long', 'check 16: an over-long response')
equal(c.ask('AUTH PLAIN ' + 'A' * 13000), '500 5.5.6 Line too long', 'check 16: and over-long at once')
equal(c.ask('AUTH PLAIN ' + base64.b64encode(b'\0' * 100).decode()), '501 5.5.2 The response is not one of this mechanism', 'check 16: NULs')
equal(c.ask('AUTH PLAIN ='), '501 5.5.2 The response is not one of this mechanism', 'check 16: an empty response')
equal(c.ask('AUTH PLAIN ' + plain('bob', 'wrong')), '535 5.7.8 Error: authentication failed', 'N-116: a wrong password')
equal(c.ask('AUTH PLAIN ' + plain('nobody')), '535 5.7.8 Error: authentication failed', 'N-116: an unknown user, the same')
equal(c.ask('MAIL FROM:<bob@example.test>'), '530 5.7.0 Authentication required', 'check 16: nothing is left of it')
equal(c.ask('AUTH LOGIN'), '334 VXNlcm5hbWU6', 'LOGIN, step by step')
equal(c.ask(base64.b64encode(b'Bob@Example.test').decode()), '334 UGFzc3dvcmQ6', 'asks for the password')
equal(c.ask(base64.b64encode(PASSWORD.encode()).decode()), '235 2.7.0 Authentication successful', 'and lets in')
equal(c.ask('AUTH PLAIN ' + plain('alice')), '503 5.5.1 You are logged in already', 'a second login')
equal(c.ask('STARTTLS'), '503 5.5.1 The session is encrypted already', 'check 18: STARTTLS after AUTH')
equal(c.ask('MAIL FROM:<anybody@far.example> AUTH=<>'), '250 2.1.0 Ok', 'N-100: any sender, by default')
equal(c.ask('RCPT TO:<victim@far.example>'), '250 2.1.5 Ok', 'and remote recipients')
equal(c.ask('RCPT TO:<alice@example.test>'), '250 2.1.5 Ok', 'and local ones')
equal(c.ask('RCPT TO:<nobody@example.test>'), '550 5.1.1 <nobody@example.test>: Recipient address rejected: User unknown', 'but known ones')
c.ask('DATA')
ok(c.ask('Subject: x\r\n\r\nx\r\n.').startswith('250 2.0.0 Ok: queued as'), 'a submitted message')
content = newest()
ok(b' with ESMTPSA (' in content and b' login=bob@example.test' in content and b'\nR victim@far.example\n' in content and
   b'\nR alice@example.test mailbox=' in content, 'who sent it, and where to, is in the envelope', content)
c.close()

c = Client('submission')
c.ask('EHLO x')
c.starttls()
c.ask('EHLO x')
for _ in range(3):
    said = c.ask('AUTH PLAIN ' + plain('carol', 'guess'))
equal(c.answer(), ['421 4.7.0 Too many failed logins'], 'check 15: three guesses, and the session ends')
equal(c.stream.read(), b'', 'really')
c.close()

# implicit TLS
c = logged_in(role='submissions')
equal(c.banner, ['220 mx.example.test ESMTP'], 'N-113: implicit TLS, then the banner')
c.close()

# who may be whom
c = logged_in('mute')
equal(c.ask('MAIL FROM:<bob@example.test>'), '250 2.1.0 Ok', 'P-05: who may not send can still log in')
equal(c.ask('RCPT TO:<alice@example.test>'), '554 5.7.1 <bob@example.test>: Sender address rejected: sending is disabled', 'P-14: and not send as another')
c.close()
write('control/enforcesender', 'yes\n')
c = logged_in()
for sender, what in (('alice@example.test', "N-101: another's address"), ('bob@far.example', 'T6: the own name in a foreign domain')):
    c.ask('MAIL FROM:<%s>' % sender)
    equal(c.ask('RCPT TO:<alice@example.test>'), '553 5.7.1 <%s>: Sender address rejected: not owned by user bob@example.test' % sender, what)
    c.ask('RSET')
c.ask('MAIL FROM:<Bob@example.test>')
equal(c.ask('RCPT TO:<alice@example.test>'), '250 2.1.5 Ok', "N-101: one's own")
c.close()

# the sandbox: a child of the listener, while it holds a session
children = []
c = Client('mx')
for process in running:
    children += subprocess.run(['pgrep', '-P', str(process.pid), 'smtp-receive'], capture_output=True, text=True).stdout.split()
status = read('/proc/%s/status' % children[0]).decode()
ok('NoNewPrivs:\t1' in status and 'Seccomp:\t2' in status, 'a session runs with no_new_privs and a seccomp filter', status)
c.close()
log = read('log').decode()
ok('login-refused' in log and PASSWORD not in log and plain('bob') not in log, 'logins are logged, passwords are not', log)
done_testing()
