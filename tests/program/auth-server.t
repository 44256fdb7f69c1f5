#!/usr/bin/python3
"""auth-server: who somebody is, as doc/calls.md says (checks 15, 16, 53; P-05, P-11), and auth-test, which shows it.

An unknown name is answered no sooner than a wrong password; failures slow down the next tries of that network and that
name alone; a login is remembered and forgotten; the client's socket goes to mailbox-spawn."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import hashlib, threading

person('ann', hashed('secret'))
person('bob', '{SSHA}' + b64(hashlib.sha1(b'bobs' + b'salt').digest() + b'salt'))
person('cat', hashed('cats'), 'mailImap: no')
person('dan', hashed('dans'), 'mailSubmit: no')
person('eve', '{CRYPT}$nonsense$')
person('fay', 'in the clear')
person('hal', both('hals')[1])
build()
server = start('auth-server', listen('auth-server'), 'log')

yes = {'answer': 'yes', 'name': 'ann@example.test', 'mailbox': 'k-ann'}
equal(plain('ann', 'secret'), yes, 'PLAIN: name and password')
equal(plain('ANN@Example.test', 'secret'), yes, 'by address, in any case; the name that comes back is the primary address')
equal(plain('bob', 'bobs')['answer'], 'yes', 'a salted SHA-1 of an older server')
equal(plain('hal', 'hals')['answer'], 'yes', 'PLAIN by the keys that SCRAM-SHA-256 needs, and no other hash')
equal(plain('hal', 'hal')['answer'], 'no', '... a wrong password')
client = Client()
equal(client.begin('LOGIN'), {'answer': 'continue', 'challenge': b64(b'Username:')}, 'LOGIN asks for the name')
equal(client.ask(('response', b64(b'ann'))), {'answer': 'continue', 'challenge': b64(b'Password:')}, '... and the password')
equal(client.ask(('response', b64(b'wrong')))['answer'], 'no', '... which is wrong')
client.begin('LOGIN')
client.ask(('response', b64(b'ann')))
equal(client.ask(('response', b64(b'secret'))), yes, 'another attempt on the same connection: right')
equal(client.begin('PLAIN'), {'answer': 'continue', 'challenge': ''}, 'PLAIN without a first response')
equal(client.ask(('response', '*')), {'answer': 'no', 'error': 'cancelled'}, 'check 16: cancelled')
equal(client.begin('PLAIN', response='='), {'answer': 'no', 'error': 'malformed'}, 'check 16: an empty response')
equal(client.begin('PLAIN', response='!!!'), {'answer': 'no', 'error': 'malformed'}, 'check 16: bad base64')
equal(client.begin('PLAIN', response=b64(b'\0' * 8)), {'answer': 'no', 'error': 'malformed'}, 'check 16: NULs')
equal(client.begin('PLAIN', response=b64(b'\0ann\0' + b'x' * 10000)), {'answer': 'no', 'error': 'malformed'}, 'check 16: too long')
equal(client.begin('CRAM-MD5'), {'answer': 'no', 'error': 'unknown mechanism'}, 'another mechanism')
equal(client.begin('PLAIN', tls='no', response=b64(b'\0ann\0secret')), {'answer': 'no', 'error': 'no tls'}, 'checks 15, 53: not without TLS, whatever the caller thinks')
equal(client.begin('PLAIN', service='ftp', response=b64(b'\0ann\0secret')), {'answer': 'no', 'error': 'unknown service'}, 'another service')
equal(client.begin('PLAIN', response=b64(b'\0ann\0secret')), yes, 'after all that the connection is as good as new')
client.ask(('what', 'start'), ('tag', 'a'))
equal(receive(client.socket)[0], None, 'who may not start a session is not listened to any longer')

equal(plain('dan', 'dans', ip='192.0.2.2')['answer'], 'yes', 'P-05, P-11: who may not send can log in for submission')
equal(plain('dan', 'dans', service='imap', ip='192.0.2.2')['answer'], 'yes', '... and for IMAP')
equal(plain('cat', 'cats', service='imap', ip='192.0.2.2')['answer'], 'no', 'who may not use IMAP cannot')
equal(plain('cat', 'cats', ip='192.0.2.2')['answer'], 'yes', '... but send')
equal(plain('eve', 'x', ip='192.0.2.2')['answer'], 'no', 'a hash that cannot be checked is nobody\'s password')
equal(plain('fay', 'in the clear', ip='192.0.2.2')['answer'], 'no', 'T18: nor is one in the clear')
equal(plain('ann', '', ip='192.0.2.2')['answer'], 'no', 'an empty password')
equal(plain('', 'x', ip='192.0.2.2')['answer'], 'no', 'an empty name')


def seconds(name, password, **more):
    began = time.monotonic()
    answer = plain(name, password, **more)
    return answer['answer'], time.monotonic() - began


def quickest(name, ip):
    """Of three names: who is slowed down waits each time, a machine that is busy does not make all of them wait."""
    return min(seconds(name + str(n), 'x', ip=ip)[1] for n in range(3))


times = [seconds(name, 'wrong', ip='192.0.2.%d' % n) for n, name in ((10, 'ann'), (11, 'bob'), (12, 'nobody'), (13, 'fay'))]
ok(all(answer == 'no' and t >= 0.3 for answer, t in times), 'check 15: a slow hash, a fast one, no such user, no password: none is answered before 0.3 s', times)


def admin(*words):
    return run(program('mailadm'), 'auth', *words)


def guess_names(ip, times=12):
    """Each name fails once: the network is slowed down, the names are not."""
    return {plain('%s%d' % (ip.encode().hex(), n), 'x', ip=ip)['answer'] for n in range(times)}


def guess_passwords(name, times=7):
    """Each network fails once."""
    return {plain(name, 'guess%d' % n, ip='198.18.%d.1' % n)['answer'] for n in range(times)}


equal(guess_names('203.0.113.20'), {'no'}, 'twelve failures of a network')
equal(guess_passwords('zoe@example.test'), {'no'}, 'seven of a name')
slow = [seconds('zoe@example.test', 'x', ip='203.0.113.21')[1], seconds('nil', 'x', ip='203.0.113.20')[1]]
ok(min(slow) >= 1, 'check 15: they slow down that name from elsewhere, and that network for others', slow)
ok(quickest('nil', '203.0.113.22') < 1, '... and nobody else')
answer, t = seconds('bob', 'bobs', ip='203.0.113.20')
ok(answer == 'yes' and t >= 1, 'a right password from that network waits too, and is right', (answer, t))
answer, t = min(seconds('bob', 'bobs', ip='203.0.113.20') for n in range(3))
ok(answer == 'yes' and t < 1, '... but not when the name has logged in from there before', (answer, t))
server.terminate()
server.wait(300)
server = start('auth-server', listen('auth-server'), 'log')
ok(seconds('nil', 'x', ip='203.0.113.20')[1] >= 1, 'a restart makes nobody forget')
ok('network 203.0.113.20: 1' in admin().stdout, 'mailadm auth shows the network', admin())
write('control/authblock', '11\n')
equal(plain('bob', 'wrong', ip='203.0.113.20')['answer'], 'no', 'a network that has failed too often ...')
equal(plain('dan', 'dans', ip='203.0.113.20')['answer'], 'later', '... is not looked at: a temporary answer, for no mail program to ask for another password')
ok('reason="too many failed logins"' in open('log').read(), '... the log says so')
equal(plain('bob', 'bobs', ip='203.0.113.20')['answer'], 'yes', '... who has logged in from there before is let in')
equal(plain('dan', 'dans', ip='198.51.100.24')['answer'], 'yes', '... and everybody from elsewhere')
shown = admin('show', '203.0.113.20').stdout
ok(shown.startswith('network 203.0.113.20: ') and 'refused for' in shown and shown.count('\n') == 1, 'mailadm auth show NETWORK', shown)
equal(admin('clear', '203.0.113.20').stdout, '1 cleared\n', 'mailadm auth clear NETWORK ...')
answer, t = seconds('dan', 'dans', ip='203.0.113.20')
ok(answer == 'yes', '... works at once')
os.unlink('control/authblock')
shown = admin('show', 'BOB@example.test').stdout
ok('at bob@example.test 192.0.2.0/24: ' in shown, 'mailadm auth show NAME: where it is known', shown)

guess_passwords('ann')
ok('name ann@example.test: 7 failures' in admin('show', 'ann').stdout, 'a name under attack', admin('show', 'ann'))
plain('ann', 'secret', ip='192.0.2.30')
ok(seconds('ann', 'wrong', ip='198.51.100.5')[1] >= 1, '... is slow for who comes from elsewhere')
answer, t = min(seconds('ann', 'secret', ip='192.0.2.30') for n in range(3))
ok(answer == 'yes' and t < 1, '... and not for its owner at home', (answer, t))
equal(plain('ann', 'secret', ip='198.51.100.6')['answer'], 'yes', '... who gets in from elsewhere, too, after the delay')
ok(int(admin('clear', 'ann').stdout.split()[0]) >= 1 and 'name ann' not in admin().stdout, 'mailadm auth clear NAME', admin())
admin('clear', 'all')
equal(admin().stdout, '', 'mailadm auth clear all')
for turn in range(15):
    plain('bob', 'an old password', ip='203.0.113.23')
ok('at bob@example.test 203.0.113.0/24: 1 failure,' in admin('show', 'bob').stdout, 'the same wrong password again and again is one guess', admin('show', 'bob'))

plain('hunter2', 'x', ip='203.0.113.25')
line = open('log').read().splitlines()[-1]
ok('hunter2' not in line and 'login=unknown:' in line, 'a name that is nobody\'s may be a password: the log has a mark instead', line)
ok('name ' + line.split('login=')[1].split()[0] in admin('show', 'hunter2').stdout, '... which mailadm auth show NAME makes, too', admin('show', 'hunter2'))
plain('jhon@example.test', 'x', ip='203.0.113.25')
ok('login=jhon@example.test' in open('log').read(), '... but what has our domain is as it was said')
admin('clear', 'all')
guess_names('2001:db8:0:1::1')
ok(seconds('nil2', 'x', ip='2001:db8:0:1::ffff')[1] >= 1, 'an IPv6 /64 is one network')
ok(quickest('nilly', '2001:db8:0:2::1') < 1, '... the next one is another')
for n in range(12):
    plain('q%d' % n, 'x', ip='127.0.0.1')
ok(quickest('webmail', '127.0.0.1') < 1, 'failures by the webmail on this host do not slow down all who use it')

plain('ann', 'secret', ip='198.51.100.30')
plain('ann', 'secret', ip='198.51.100.30')
equal(reasons()[-2:], ['password', 'remembered'], 'a login is remembered for its network')
person('ann', hashed('new'))
build()
equal(plain('ann', 'secret', ip='192.0.2.31')['answer'], 'no', 'a changed password counts at once')
equal(plain('ann', 'secret', ip='198.51.100.30')['answer'], 'no', '... also where the old one was remembered')
equal(plain('ann', 'new', ip='192.0.2.32')['answer'], 'yes', '... and the new one is right')

spawn = listen('mailbox-spawn')
seen = []


def spawner(answer):
    connection, _ = spawn.accept()
    request, fds = receive(connection)
    seen.append((dict(request), fds))
    send(connection, answer)
    connection.close()


def start_session(answer):
    helper = threading.Thread(target=spawner, args=(answer,))
    helper.start()
    ours, its = socket.socketpair()
    client = Client()
    client.begin(service='imap', response=b64(b'\0bob\0bobs'), ip='192.0.2.40')
    reply = client.ask(('what', 'start'), ('tag', 'a1'), ('ahead', b64(b'a2 SELECT INBOX\r\n')), fds=[its.fileno()])
    helper.join(300)
    its.close()
    return ours, reply


ours, reply = start_session([('answer', 'started')])
request, fds = seen[-1]
equal(reply, {'answer': 'started'}, 'IMAP: after a login the client\'s socket goes to mailbox-spawn')
equal(request, {'what': 'imap', 'mailbox': 'k-bob', 'login': 'bob@example.test', 'tag': 'a1', 'ahead': b64(b'a2 SELECT INBOX\r\n'),
                'ip': '192.0.2.40', 'tls': 'yes'}, '... with what doc/calls.md says')
os.write(fds[0], b'hello')
equal(ours.recv(100), b'hello', '... it is the very socket')
equal(start_session([('answer', 'later'), ('error', 'no such mailbox')])[1], {'answer': 'later', 'error': 'no such mailbox'}, 'a session that cannot start is temporary')

os.makedirs('control/backends')
write('control/backends/shop', 'domain: shop.example\nlogin: shop@relay\npassword: %s\n' % hashed('shops'))
build()
equal(plain('shop@relay', 'shops', ip='192.0.2.55'), {'answer': 'yes', 'name': 'shop@relay', 'backend': 'shop'}, 'S-21 L-08: a backend of control/backends')
equal(plain('shop@relay', 'bobs', ip='192.0.2.56'), {'answer': 'no'}, 'S-21: ... with a wrong password')
equal(plain('shop@relay', 'shops', ip='192.0.2.57', service='imap'), {'answer': 'no'}, 'S-21: ... which has no mailbox')
test = run(program('auth-test'), 'shop@relay', input='shops\n')
ok(test.returncode == 0 and 'answer: yes' in test.stdout and 'backend: control/backends/shop,' in test.stdout and 'password: a hash' in test.stdout, 'auth-test: a backend', test)

test = run(program('auth-test'), 'bob', input='bobs\n')
ok(test.returncode == 0 and 'answer: yes' in test.stdout and '{SSHA}' in test.stdout and 'k-bob' in test.stdout, 'auth-test: yes, and why', test)
ok('bobs' not in test.stdout and '{SSHA}' + '$' not in test.stdout, '... without password or hash')
test = run(program('auth-test'), '-s', 'imap', 'nobody', input='x\n')
ok(test.returncode == 1 and 'nobody has the name nobody' in test.stdout, 'auth-test: no, and why', test)

server.send_signal(signal.SIGHUP)
ok(wait_for(lambda: 'renewed' in open('log').read()), 'SIGHUP: it executes itself anew, inside its sandbox')
equal(plain('bob', 'bobs', ip='192.0.2.60')['answer'], 'yes', '... and goes on')

log = open('log').read()
ok(not any(word in log for word in ('secret', 'guess', 'bobs', 'wrong', b64(b'\0bob\0bobs'))), 'no password is in the log')
line = [line for line in log.splitlines() if 'mechanism=LOGIN' in line][0]
ok('result=no' in line and 'login=ann' in line and 'service=submit' in line and 'client=192.0.2.1' in line and 'reason=password' in line,
   'each try is one line: service, login, ip, result, reason', line)

# --- SCRAM-SHA-256 ---
equal(scram('hal', 'hals'), {'answer': 'no', 'error': 'unknown mechanism'}, 'SCRAM is not for some: who has no keys would be refused')
for name in ('bob', 'cat', 'dan', 'eve', 'fay'):
    os.unlink('directory/%s.ldif' % name)
for name in ('ann', 'hal', 'cat'):
    person(name, '\nuserPassword: '.join(both(name + 's')), *(['mailImap: no'] if name == 'cat' else []))
build(arguments=['-f'])
equal(scram('hal', 'hals')['error'], 'unknown mechanism', '... nor if it is a backend that has none')
write('control/backends/shop', 'domain: shop.example\nlogin: shop@relay\npassword: %s\npassword: %s\n' % tuple(both('shops')))
build()
hal = {'answer': 'yes', 'name': 'hal@example.test', 'mailbox': 'k-hal'}
equal(scram('hal', 'hals', ip='192.0.2.70'), hal, 'N-112, RFC 7677: SCRAM-SHA-256, now that every login has keys; the server has proved that it has them')
equal(scram('HAL@Example.test', 'hals', ip='192.0.2.70'), hal, '... by address, in any case')
equal(scram('hal', 'hals', ip='192.0.2.70', flag='y', acts_as='a=hal'), hal, '... of a client that could have bound a channel')
equal(scram('hal', 'hals', ip='192.0.2.70', acts_as='a=ann'), {'answer': 'no', 'error': 'another identity'}, '... as somebody else')
equal(scram('shop@relay', 'shops', ip='192.0.2.70'), {'answer': 'yes', 'name': 'shop@relay', 'backend': 'shop'}, '... a backend')
equal(scram('hal', 'hal', ip='192.0.2.71'), {'answer': 'no'}, 'SCRAM: a wrong password')
equal(scram('nobody', 'hal', ip='192.0.2.71'), {'answer': 'no'}, '... and a name that is nobody\'s are refused by the same step')
equal(scram('cat', 'cats', ip='192.0.2.71')['answer'], 'yes', '... who may not use IMAP may send')
equal(scram('cat', 'cats', ip='192.0.2.71', service='imap'), {'answer': 'no'}, '... and not use IMAP')
equal(plain('hal', 'hals', ip='192.0.2.72'), hal, 'PLAIN goes on')
client = Client()
equal(client.begin('SCRAM-SHA-256'), {'answer': 'continue', 'challenge': ''}, 'without a first response: an empty challenge')
equal(client.ask(('response', b64(b'p=tls-exporter,,n=hal,r=x')))['error'], 'channel binding', '... a channel is not bound here')
bound = {'exporter': b64(b'of this connection'), 'endpoint': b64(b'of the certificate'), 'ip': '192.0.2.76'}
equal(scram('hal', 'hals', binding=('tls-exporter', b'of this connection'), **bound), hal, 'SCRAM-SHA-256-PLUS: RFC 9266, bound to the connection')
equal(scram('hal', 'hals', binding=('tls-server-end-point', b'of the certificate'), **bound), hal, '... RFC 5929, to the certificate')
equal(scram('hal', 'hals', binding=('tls-exporter', b'of another one'), **bound), {'answer': 'no'}, '... somebody is between us: another connection')
equal(scram('hal', 'hals', binding=('tls-unique', b'x'), **bound)['error'], 'channel binding', '... a binding that is not there')
equal(scram('hal', 'hals', binding=('tls-exporter', b'x'))['error'], 'unknown mechanism', '... where there is none')
equal(scram('hal', 'hals', flag='y', **bound)['error'], 'channel binding', 'RFC 5802 6: a client to which PLUS was not shown, though it was offered')
equal(scram('hal', 'hals', **bound), hal, '... one that cannot bind')
s = Scram('hal', 'hals')
challenge = client.begin('SCRAM-SHA-256', response=b64(s.first()))
equal(client.ask(('response', '*')), {'answer': 'no', 'error': 'cancelled'}, '... cancelled')
challenge = client.begin('SCRAM-SHA-256', response=b64(s.first()))['challenge']
equal(client.ask(('response', b64(s.last(base64.b64decode(challenge)))))['answer'], 'continue', 'the server\'s proof')
equal(client.ask(('response', b64(b'more'))), {'answer': 'no', 'error': 'malformed'}, '... is answered by nothing, or that was it')
challenge = client.begin('SCRAM-SHA-256', response=b64(s.first()))['challenge']
last = s.last(base64.b64decode(challenge))
client.begin('SCRAM-SHA-256', response=b64(s.first()))
equal(client.ask(('response', b64(last))), {'answer': 'no'}, 'a proof cannot be said again')
for what, more in (('another header than it has begun with', {'header': 'y,,'}), ('another nonce', {'nonce': 'another'})):
    liar = Scram('hal', 'hals')
    challenge = base64.b64decode(client.begin('SCRAM-SHA-256', response=b64(liar.first()), ip='192.0.2.75')['challenge'])
    vars(liar).update(more)
    equal(client.ask(('response', b64(liar.last(challenge)))), {'answer': 'no'}, 'who has the password, and proves it with ' + what)
challenge = client.begin('SCRAM-SHA-256', response=b64(s.first()), ip='192.0.2.73')['challenge']
person('hal', '\nuserPassword: '.join(both('new')))
build()
equal(client.ask(('response', b64(s.last(base64.b64decode(challenge))))), {'answer': 'no'}, 'a password that was changed between the steps is the old one')
equal(scram('hal', 'new', ip='192.0.2.74'), hal, '... the new one is right')
client.socket.close()

salts = {name: salt_of(name) for name in ('ann', 'ann@example.test', 'nobody', 'nobody@example.test', 'zoe')}
ok(salts['ann'] == salts['ann@example.test'] and len({s for s in salts.values()}) == 4, 'each has a salt, also who is nobody', salts)
ok(all(s.endswith(',i=25000') and len(s) == len(salts['ann']) for s in salts.values()), '... of one length, and the iterations of all', salts)
build()
server.terminate()
server.wait(300)
server = start('auth-server', listen('auth-server'), 'log')
person('ida', '\nuserPassword: '.join(both('idas')))
build()
equal({name: salt_of(name) for name in salts}, salts, '... which stays, with new tables and after a restart')
equal(salt_of('NoBody'), salts['nobody'], '... in any case of the name')
for n in range(8):
    scram('ida', 'wrong', ip='198.51.100.%d' % (80 + n))
began = time.monotonic()
ok(scram('ida', 'idas', ip='203.0.113.89')['answer'] == 'yes' and time.monotonic() - began >= 1, 'check 15: failures slow down the next tries by SCRAM, too')
write('control/scramiterations', '0\n')
build()
equal(scram('ann', 'anns', ip='192.0.2.91'), {'answer': 'no', 'error': 'unknown mechanism'}, 'control/scramiterations 0: no SCRAM')
os.unlink('control/scramiterations')
build()
ok('SCRAM-SHA-256: is offered\n' in run(program('auth-test'), 'ann', input='anns\n').stdout, 'auth-test says whether SCRAM-SHA-256 is offered')
equal(salt_of('nobody'), salts['nobody'], '... and again, with the salts as they were')

os.rename('tables', 'no-tables')
server.terminate()
server.wait(300)
server = start('auth-server', listen('auth-server'), 'log')
equal(plain('ann', 'new', ip='192.0.2.50')['answer'], 'later', 'without tables nobody is refused, but told to come back')
test = run(program('auth-test'), 'ann', input='anns\n')
equal(test.returncode, 111, 'auth-test: that is exit code 111')
done_testing()
