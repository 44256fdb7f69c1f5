#!/usr/bin/python3
"""pop3-login: what a client of POP3 may do before it has logged in (N-110, N-113, N-116, W-03, S-38; checks 18, 41, 51, 53), with a tls-server and an auth-server that
the test plays."""
import sys; sys.path.insert(0, 'tests')
import login_peers
from login_peers import *

login_peers.greets = b'+OK logged in, offered: %s, ahead: %s\r\n'
STARTED = '+OK logged in, offered: PLAIN LOGIN, ahead: '
REFUSED = '-ERR [AUTH] the name or the password is wrong'
CLEAR = '-ERR not in clear: use STLS first'
BOTH = ['TOP', 'UIDL', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', 'EXPIRE NEVER', 'UTF8 USER', 'IMPLEMENTATION postroom']


class Client(LoginClient):
    def __init__(self, role='pop3'):
        super().__init__('pop3-login', role)

    def do(self, command):
        self.send(command + '\r\n' if isinstance(command, str) else command + b'\r\n')
        return self.line()

    def lines(self, command):
        """The lines of a long answer."""
        said = [self.do(command)]
        while said[-1] not in ('.', ''):
            said.append(self.line())
        return said[1:-1]

    def secure(self):
        self.do('STLS')
        return self


# --- in clear ---
c = Client()
equal(c.greeting, '+OK postroom is ready', 'the greeting has no timestamp, for there is no APOP')
equal(c.lines('CAPA'), BOTH + ['STLS'], 'S-38: CAPA offers STLS, and no login in clear')
for command in ('USER alice', 'PASS right', 'AUTH PLAIN ' + PLAIN, 'AUTH PLAIN', 'AUTH', 'AUTH CRAM-MD5', 'AUTH EXTERNAL ='):
    equal(c.do(command), CLEAR, 'check 53, S-38: in clear %s is refused' % command)
equal(asked, [], '... and auth-server never heard of it')
for command in ('STAT', 'LIST', 'LIST 1', 'UIDL', 'RETR 1', 'TOP 1 0', 'DELE 1', 'RSET', 'NOOP'):
    equal(c.do(command), '-ERR log in first', 'before the login there is no %s' % command)
c.end()
c = Client()
for command in ('', 'NONSENSE', 'APOP alice c4c9334bac560ecc979e58001b3e22fb', 'STLS x', 'CAPA x', 'USER', 'PASS', 'quitx', ' CAPA', 'LANG', 'XTND'):
    ok(c.do(command).startswith('-ERR '), 'bad syntax, or no command: %r' % command)
equal(c.do('quit'), '+OK until next time', 'QUIT, in any case')
equal((c.line(), c.end()), ('', 0), '... ends it')

# --- STLS ---
c = Client()
c.send('STLS\r\nUSER alice\r\nPASS right\r\n')
equal(c.line(), '+OK begin', 'STLS')
equal(c.do('PASS right'), '-ERR USER comes first', 'check 18: what was sent behind STLS in clear was thrown away')
equal(asked, [], '... nobody was asked')
equal(c.lines('CAPA'), BOTH + ['USER', 'SASL PLAIN LOGIN'], 'RFC 2595 4: then logins are offered, and STLS not any more')
ok(c.do('STLS').startswith('-ERR'), 'STLS again is refused')
equal(c.lines('AUTH'), ['PLAIN', 'LOGIN'], 'AUTH alone lists the mechanisms')
equal(c.do('UTF8'), '+OK UTF-8 it is', 'RFC 6856: UTF8')
c.end()
c = Client()
c.send('STLS\r\nST')
equal(c.line(), '+OK begin', 'half a line behind STLS')
equal(c.do('LS'), '-ERR this is no command', '... is not half of the first one behind the handshake')
c.end()
c = Client()
c.do('UTF8')
ok(c.do('STLS').startswith('-ERR'), 'RFC 6856 2.1: STLS is refused behind UTF8')
c.end()

# --- logging in ---
b64 = lambda words: base64.b64encode(words).decode()
for what, first, then in (('USER and PASS', 'USER alice', ('PASS right',)), ('in any case of the words', 'user alice', ('pAsS right',)), ('AUTH PLAIN with an initial response', 'AUTH PLAIN ' + PLAIN, ()),
                          ('AUTH PLAIN', 'auth plain', (PLAIN,)), ('AUTH LOGIN', 'AUTH LOGIN', (b64(b'alice'), b64(b'right'))),
                          ('AUTH LOGIN with an initial response', 'AUTH login ' + b64(b'alice'), (b64(b'right'),))):
    c = Client().secure()
    asked.clear()
    said = c.do(first)
    for response in then:
        ok(said.startswith('+'), '%s: the server asks' % what, said)
        said = c.do(response)
    equal(said, STARTED, '%s: somebody else speaks to the client now' % what)
    ok(('tls', 'yes') in asked[0] and ('service', 'pop3') in asked[0], '... auth-server knows service and TLS', asked)
    equal((c.line(), c.end()), ('', 0), '... pop3-login has ended')
c = Client().secure()
equal(c.do('AUTH PLAIN'), '+ ', 'RFC 5034 4: an empty challenge is "+ "')
c.end()
c = Client().secure()
c.send('USER alice\r\nPASS right\r\nSTAT\r\nLIS')
equal([c.line(), c.line()], ['+OK and the password?', STARTED + 'STAT'], 'PIPELINING: what was sent ahead goes along')
equal(c.file.read(), b'LIS\r\n', '... to the byte')
c.end()
for words in ('a b', ' a', 'a ', 'p\xe4ss', 'PASS x', '=', '*'):
    c = Client().secure()
    c.do('USER us er')
    asked.clear()
    equal(c.do(b'PASS ' + words.encode()), REFUSED, 'RFC 1939 7: a password with whatever in it: %r' % words)
    equal(base64.b64decode(dict(asked[0])['response']), b'\0us er\0' + words.encode(), '... goes to auth-server as it was said')
    c.end()

# --- not logging in ---
c = Client().secure()
equal(c.do('USER nobody'), '+OK and the password?', 'any name is taken')
began = time.monotonic()
equal(c.do('PASS right'), REFUSED, 'N-116: an unknown name')
ok(time.monotonic() - began > 1, '... takes a while')
equal(c.do('PASS right'), '-ERR USER comes first', '... and is forgotten')
c.do('USER alice')
equal(c.do('PASS wrong'), REFUSED, 'N-116: a wrong password: the same')
ok(c.do('AUTH CRAM-MD5').startswith('-ERR'), 'a mechanism that there is not')
c.do('AUTH PLAIN')
equal(c.do('*'), '-ERR the exchange was given up', 'RFC 5034 4: an exchange that the client gives up')
c.do('AUTH PLAIN')
ok(c.do(b'AAA\0').startswith('-ERR'), 'a NUL in a response')
equal(c.do('AUTH PLAIN ' + WRONG), REFUSED, 'a third wrong one')
equal((c.line(), c.end()), ('', 0), '... and it is over')
login_peers.later = True
c = Client().secure()
c.do('USER alice')
ok(c.do('PASS right').startswith('-ERR [SYS/TEMP]'), 'a temporary failure is SYS/TEMP')
login_peers.later = False
c.do('USER alice')
equal(c.do('PASS right'), STARTED, '... and the next try may work')
c.end()

# --- hostile clients ---
c = Client()
c.send('USER ' + 'x' * 1000000 + '\r\n')
equal(c.line(), '-ERR the line is too long', 'a line of a million bytes is told once')
c.send(b'\r' * 1000000 + b'\n')
equal(c.line(), '-ERR the line is too long', '... one of a million CR')
status = dict(line.split(':', 1) for line in read('/proc/%d/status' % c.process.pid).decode().splitlines())
ok(int(status['VmPeak'].split()[0]) < 65536, '... and no memory is taken for it', status['VmPeak'])
ok(c.do(b'USER a\0b').startswith('-ERR a NUL'), 'a NUL is in no command')
ok(len(c.lines('CAPA')), '... and the session goes on')
c.end()
c = Client().secure()
c.send('AUTH PLAIN\r\n' + 'x' * 12289 + '\r\n')
equal([c.line(), c.line()], ['+ ', '-ERR the exchange was given up'], 'a response over 12 KiB')
c.send('AUTH PLAIN ' + 'A' * 12000 + '\r\n')
equal(c.line(), REFUSED, '... one of nearly that is taken (RFC 5034 4)')
c.end()
c = Client()
c.send('CAPA\r\n' * 100)
said = c.file.read().decode()
ok(said.count('+OK these') == 20 and said.endswith('-ERR too many commands without a login\r\n'), '20 commands without a login are enough', said[-80:])
c.end()
c = Client().secure()
c.send('USER alice\r\nPASS rig')
c.socket.shutdown(socket.SHUT_WR)
equal([c.line(), c.line()], ['+OK and the password?', ''], 'half a PASS is none')
equal(c.end(), 0, '... and a client that goes away ends it well')
c = Client()
c.process.terminate()
ok(c.line().startswith('-ERR [SYS/TEMP]'), 'SIGTERM: SYS/TEMP')
equal(c.end(), 0, '... and it ends well')

# --- implicit TLS ---
tls_calls.clear()
c = Client('pop3s')
equal(tls_calls, [[('what', 'accept')]], 'W-03, N-113: with -r pop3s the handshake comes first')
ok('STLS' not in c.lines('CAPA'), '... then the greeting')
c.do('USER alice')
equal(c.do('PASS right'), STARTED, '... and a login')
c.end()
tls_answer[:] = [('answer', 'no'), ('error', 'the test says so')]
c = Client('pop3s')
equal((c.greeting, c.end()), ('', 0), 'a handshake that fails ends it without a word')
c = Client()
equal((c.do('STLS'), c.line()), ('+OK begin', ''), 'after STLS too')
c.end()
ok('the test says so' in read('log').decode() and 'right' not in read('log').decode(), 'the log says why, and never a password')
os.rename('run/tls-server', 'run/away')
c = Client()
ok(c.do('STLS').startswith('-ERR [SYS/TEMP]'), 'without tls-server STLS is SYS/TEMP')
ok(len(c.lines('CAPA')), '... and the session goes on')
c.end()
os.rename('run/away', 'run/tls-server')
tls_answer[:] = [('answer', 'yes'), ('protocol', 'TLSv1.3'), ('cipher', 'TEST')]
auth.close()
os.unlink('run/auth-server')
c = Client().secure()
c.do('USER alice')
ok(c.do('PASS right').startswith('-ERR [SYS/TEMP]'), 'without auth-server PASS is SYS/TEMP')
c.end()

# --- the listener ---
write('control/concurrencypop3client', '3\n')
listening = socket.create_server(('127.0.16.1', 0))
server = start('pop3-login', listening, 'log', arguments=('-r', 'pop3'))
clients = [socket.create_connection(listening.getsockname(), 30) for _ in range(4)]
said = sorted(c.recv(1000).split(b' ')[0] for c in clients)
equal(said, [b'+OK', b'+OK', b'+OK', b'-ERR'], 'no more connections from one network than control/concurrencypop3client')
for c in clients:
    c.close()
usage = subprocess.run([program('pop3-login'), '-r', 'imap'], env=ENV, stdin=subprocess.DEVNULL, capture_output=True)
ok(usage.returncode == 100 and b'usage' in usage.stderr, 'a role that there is not: usage, exit code 100', usage.stderr)
server.terminate()
equal(server.wait(300), 0, 'SIGTERM ends the listener')
done_testing()
