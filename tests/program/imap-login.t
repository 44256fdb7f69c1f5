#!/usr/bin/python3
"""imap-login: what a client may do before it has logged in (N-110 to N-116, W-03, S-38; checks 18, 41, 53), with a tls-server
and an auth-server that the test plays: the one gives the client's socket back as it is, the other knows one password."""
import sys; sys.path.insert(0, 'tests')
import login_peers
from login_peers import *


class Client(LoginClient):
    def __init__(self, role='imap'):
        super().__init__('imap-login', role)

    def do(self, command):
        self.send('a %s\r\n' % command)
        return self.rest()

    def rest(self):
        said = []
        while True:
            said.append(self.line())
            if said[-1].startswith(('a ', '+ ')) or not said[-1]:
                return '\n'.join(said)

    def secure(self):
        self.do('STARTTLS')
        return self


# --- in clear ---
c = Client()
ok(c.greeting.startswith('* OK [CAPABILITY IMAP4rev1 '), 'the greeting has the capabilities', c.greeting)
ok('STARTTLS' in c.greeting and 'LOGINDISABLED' in c.greeting and 'AUTH=' not in c.greeting, 'N-111: no login is offered in clear')
ok('LOGINDISABLED' in c.do('CAPABILITY'), '... CAPABILITY says the same')
equal(c.do('LOGIN alice right'), 'a NO [PRIVACYREQUIRED] not in clear: use STARTTLS first', 'check 53, S-38: LOGIN in clear is refused')
equal(c.do('AUTHENTICATE PLAIN ' + PLAIN), 'a NO [PRIVACYREQUIRED] not in clear: use STARTTLS first', '... AUTHENTICATE too')
equal(asked, [], '... and auth-server never heard of it')
equal(c.do('NOOP'), 'a OK done', 'NOOP')
ok(c.do('ID NIL').startswith('* ID ("name" "postroom")\na OK'), 'ID')
for command in ('SELECT INBOX', 'LIST "" *', 'FETCH 1 FLAGS', 'APPEND INBOX {3+}\r\nabc', 'IDLE', 'NONSENSE'):
    ok(c.do(command).split('\n')[-1].startswith('a BAD'), 'before the login: %s is BAD' % command.split('\r')[0])
c.send('a STARTTLS\r\nb LOGIN alice right\r\n')
equal(c.rest(), 'a OK begin', 'STARTTLS')
ok('AUTH=PLAIN AUTH=LOGIN' in c.do('CAPABILITY') and 'LOGINDISABLED' not in c.do('CAPABILITY'), '... then logins are offered')
equal(asked, [], 'check 18: what was sent behind STARTTLS in clear was thrown away')
ok(c.do('STARTTLS').startswith('a BAD'), 'STARTTLS again is BAD')
equal(c.do('LOGOUT'), '* BYE until next time\na OK logged out', 'LOGOUT')
equal(c.end(), 0, '... ends it')

# --- logging in ---
for what, first, then in (('LOGIN', 'LOGIN alice right', ()), ('LOGIN with quotes', 'LOGIN "alice" "right"', ()), ('LOGIN with literals', 'LOGIN {5+}\r\nalice {5+}\r\nright', ()),
                          ('PLAIN with initial response', 'AUTHENTICATE PLAIN ' + PLAIN, ()), ('PLAIN', 'AUTHENTICATE PLAIN', (PLAIN,)),
                          ('LOGIN as a mechanism', 'authenticate login', (base64.b64encode(b'alice').decode(), base64.b64encode(b'right').decode()))):
    c = Client().secure()
    asked.clear()
    said = c.do(first)
    for response in then:
        ok(said.startswith('+ '), '%s: the server asks' % what, said)
        c.send(response + '\r\n')
        said = c.rest()
    equal(said, 'a OK logged in, ahead: ', '%s: somebody else speaks to the client now' % what)
    ok(('tls', 'yes') in asked[0] and ('service', 'imap') in asked[0], '... auth-server knows service and TLS', asked)
    equal((c.line(), c.end()), ('', 0), '... imap-login has ended')
c = Client().secure()
c.send('tag.1 LOGIN alice right\r\nb SELECT INBOX\r\n')
equal(c.line(), 'tag.1 OK logged in, ahead: b SELECT INBOX', 'what was sent ahead goes along, and the tag')
c.end()

# --- not logging in ---
c = Client().secure()
began = time.monotonic()
ok(c.do('LOGIN alice wrong').startswith('a NO [AUTHENTICATIONFAILED]'), 'N-116: a wrong password')
ok(time.monotonic() - began > 1, '... takes a while')
c.send('a AUTHENTICATE PLAIN\r\n')
c.rest()
c.send('*\r\n')
ok(c.rest().startswith('a BAD'), 'an exchange that the client gives up is BAD')
ok(c.do('AUTHENTICATE CRAM-MD5').startswith('a NO'), 'a mechanism that there is not')
ok(c.do('AUTHENTICATE PLAIN ' + WRONG).startswith('a NO [AUTHENTICATIONFAILED]'), 'a second wrong one')
ok(c.do('LOGIN alice wrong').startswith('a NO [AUTHENTICATIONFAILED]'), 'a third')
equal(c.line(), '* BYE too many wrong passwords', '... and it is over')
equal(c.end(), 0, '... well')
login_peers.later = True
c = Client().secure()
ok(c.do('LOGIN alice right').startswith('a NO [UNAVAILABLE]'), 'a temporary failure is UNAVAILABLE')
login_peers.later = False
equal(c.do('LOGIN alice right'), 'a OK logged in, ahead: ', '... and the next try may work')
c.end()

# --- hostile clients ---
c = Client()
ok(c.do('LOGIN {8193}').startswith('a BAD'), 'check 41: a literal of more than 8 KiB is refused')
ok(c.do('LOGIN {104857600}').startswith('a BAD'), '... 100 MiB too')
status = dict(line.split(':', 1) for line in read('/proc/%d/status' % c.process.pid).decode().splitlines())
ok(int(status['VmPeak'].split()[0]) < 65536, '... and no memory is taken for it', status['VmPeak'])
for literal in ('-1', 'x', '4294967296', '99999999999999999999'):
    ok(c.do('LOGIN {%s}' % literal).startswith('a BAD'), 'a literal of {%s} is BAD' % literal)
c.end()
c = Client()
c.send('a ' + 'x' * 1000000 + '\r\n')
ok(c.rest().startswith('a BAD'), 'a line of a million bytes is BAD')
equal(c.do('NOOP'), 'a OK done', '... and the session goes on')
c.send(b'a LOGIN "a\0b" c\r\n')
ok(c.rest().startswith('a BAD'), 'a NUL is BAD')
c.end()
c = Client()
c.send('a NOOP\r\n' * 100)
said = c.file.read().decode()
ok(said.count('a OK') == 20 and said.endswith('* BYE too many commands without a login\r\n'), '20 commands without a login are enough', said[-80:])
c.end()
c = Client().secure()
c.send('a LOGIN alice ri')
equal(c.end(), 0, 'a client that goes away ends it well')
c = Client()
c.process.terminate()
ok(c.line().startswith('* BYE'), 'SIGTERM: BYE')
equal(c.end(), 0, '... and it ends well')

# --- implicit TLS ---
tls_calls.clear()
c = Client('imaps')
equal(tls_calls, [[('what', 'accept')]], 'W-03: with -r imaps the handshake comes first')
ok('AUTH=PLAIN' in c.greeting and 'STARTTLS' not in c.greeting, '... then the greeting')
equal(c.do('LOGIN alice right'), 'a OK logged in, ahead: ', '... and a login')
c.end()
tls_answer[:] = [('answer', 'no'), ('error', 'the test says so')]
c = Client('imaps')
equal((c.greeting, c.end()), ('', 0), 'a handshake that fails ends it without a word')
c = Client()
equal((c.do('STARTTLS'), c.line()), ('a OK begin', ''), 'after STARTTLS too')
c.end()
ok('the test says so' in read('log').decode() and 'right' not in read('log').decode(), 'the log says why, and never a password')
auth.close()
os.unlink('run/auth-server')
os.rename('run/tls-server', 'run/away')
c = Client()
ok(c.do('STARTTLS').startswith('a NO [UNAVAILABLE]'), 'without tls-server STARTTLS is UNAVAILABLE')
equal(c.do('NOOP'), 'a OK done', '... and the session goes on')
c.end()
os.rename('run/away', 'run/tls-server')

# --- the listener ---
tls_answer[:] = [('answer', 'yes'), ('protocol', 'TLSv1.3'), ('cipher', 'TEST')]
write('control/concurrencyimapclient', '3\n')
listening = socket.create_server(('127.0.16.1', 0))
server = start('imap-login', listening, 'log', arguments=('-r', 'imap'))
clients = [socket.create_connection(listening.getsockname(), 300) for _ in range(4)]
said = sorted(c.recv(1000).split(b' ')[1] for c in clients)
equal(said, [b'BYE', b'OK', b'OK', b'OK'], 'no more connections from one network than control/concurrencyimapclient')
for c in clients:
    c.close()
usage = subprocess.run([program('imap-login'), '-r', 'pop'], env=ENV, stdin=subprocess.DEVNULL, capture_output=True)
ok(usage.returncode == 100 and b'usage' in usage.stderr, 'a role that there is not: usage, exit code 100', usage.stderr)
server.terminate()
equal(server.wait(300), 0, 'SIGTERM ends the listener')
done_testing()
