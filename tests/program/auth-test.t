#!/usr/bin/python3
"""auth-test explains a login step by step (W-26): the name as it is looked up, whose it is, what is stored and who is asked, what he may,
how it stands with failures, and what came of it; without being slowed down, counted or remembered, and without saying a secret."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import threading

os.symlink(program('tables-build'), 'bin/tables-build')
os.makedirs('state/apppasswords')
person('ann', '\nuserPassword: '.join(both('anns')))
person('bob', hashed('bobs'), 'mailImap: no')
write('control/ldapserver', 'ldap://dc1.example.test\n')
write('state/directory/ldap.ldif', 'dn: uid=eve,dc=x\nentryUUID: k-eve\nuid: eve\nmail: eve@example.test\n')
build()
server = start('auth-server', listen('auth-server'), 'log')


def test(*arguments, password='x'):
    return run(program('auth-test'), *arguments, input=password + '\n')


def says(done, code, *parts):
    return done.returncode == code and all(part in done.stdout for part in parts)


seen = test('ANN@Example.test', password='anns')
ok(says(seen, 0, 'name: looked up as ann@example.test\n', 'login: login:ann@example.test leads to mailbox:k-ann\n', 'mailbox: ann@example.test in mail/example.test/ann, key k-ann\n',
        'may: receive=yes submit=yes imap=yes pop3=yes sieve=yes forwarding=yes\n', '{CRYPT}', '{SCRAM-SHA-256}', 'service: submit\n', 'answer: yes, by password\n'),
   'W-26: a login that is right: each step, and exit code 0', seen)
ok('anns' not in seen.stdout and '$' not in seen.stdout, '... without the password or a hash', seen)
seen = test('-s', 'imap', 'bob', password='bobs')
ok(says(seen, 1, 'imap=no', 'service: imap\n', 'answer: no, by imap is not allowed\n'), 'W-26: the password is right, the service bit is not set', seen)
seen = test('nobody')
ok(says(seen, 1, 'login: nobody has the name nobody;', 'answer: no, by unknown: nobody has this name\n'), 'W-26: a name that is nobody\'s', seen)
phone = run(program('mailadm'), 'apppassword', 'add', 'ann', 'imap', 'phone').stdout.strip()
seen = test('-s', 'imap', 'ann', password=phone)
ok(says(seen, 0, 'app password: phone, for imap\n', 'app password: it was that of phone\n', 'answer: yes, by app password\n'), 'W-26: an app password', seen)
ok(says(test('ann', password=phone), 1, 'answer: no, by app password is not for this service'), '... for another service')
ok('never' in run(program('mailadm'), 'apppassword', 'list', 'ann').stdout, '... a test is no use of it')

ok(says(test('ann'), 1, 'answer: no, by password: it is not the one that is stored\n'), 'W-26: a wrong password')
ok(says(test('-s', 'imap', 'ann*vmail'), 1, 'master: there is no control/vmail, so nobody is he: mailadm master vmail\n'), 'W-26: the reserved master, who is not there')
vmail = run(program('mailadm'), 'master', 'vmail').stdout.strip()
seen = test('-s', 'imap', 'ann*vmail', password=vmail)
ok(says(seen, 0, 'master: control/vmail has his password\npassword: a hash of the scheme {CRYPT}\n', 'master: vmail is in his mailbox\n') and vmail not in seen.stdout, '... who is', seen)

bind, asked = listen('auth-bind'), []


def directory(answer):
    connection, _ = bind.accept()
    asked.append(dict(receive(connection)[0]))
    send(connection, answer)
    connection.close()


def with_directory(answer, password):
    helper = threading.Thread(target=directory, args=(answer,))
    helper.start()
    seen = test('eve', password=password)
    helper.join(300)
    return seen


seen = with_directory([('answer', 'no'), ('said', 'ldap://dc1.example.test: Invalid credentials (data 775)'), ('cause', 'locked')], 'eves')
ok(says(seen, 1, 'password: the directory server is asked, by a bind as uid=eve,dc=x\n', 'server: ldap://dc1.example.test\n',
        'server: ldap://dc1.example.test: Invalid credentials (data 775); that is locked\n', 'answer: no, by bind: the directory server refuses it\n'), 'W-26: a bind, the DN, the server, and what Active Directory means', seen)
equal((asked[0]['dn'], asked[0]['test']), ('uid=eve,dc=x', 'yes'), '... which is asked for what it says')
seen = with_directory([('answer', 'later'), ('error', 'ldap://dc1.example.test: Can\'t contact LDAP server')], 'eves')
ok(says(seen, 111, 'answer: later: ldap://dc1.example.test: Can\'t contact LDAP server'), 'W-26: a server that does not answer: exit code 111', seen)

tokens = listen('token-check')


def with_token(answer):
    def check():
        for _ in range(2):  # auth-test, and auth-server
            connection, _ = tokens.accept()
            asked.append(dict(receive(connection)[0]))
            send(connection, answer)
            connection.close()
    helper = threading.Thread(target=check)
    helper.start()
    seen = test('-t', 'ann', password='t' * 2000)
    helper.join(300)
    return seen


write('control/oauth', 'introspect: https://login.example/introspect\naudience: mail\n')
seen = with_token([('answer', 'yes'), ('user', 'ann@example.test')])
ok(says(seen, 0, 'token: it is good, and that of ann@example.test\n', 'answer: yes, by token\n') and 't' * 20 not in seen.stdout, 'W-26: an access token', seen)
equal(asked[-1]['token'], 't' * 2000, '... longer than a password may be')
ok(says(with_token([('answer', 'yes'), ('user', 'bob@example.test')]), 1, 'answer: no, by another identity'), '... somebody else\'s')
ok(says(with_token([('answer', 'no'), ('reason', 'expired')]), 1, 'answer: no'), '... one that is not good')
equal(test('-t', 'ann', password='t' * 7000).returncode, 100, '... one that is too long')
os.unlink('control/oauth')

write('control/masters', 'bob\n')
write('control/masterservices', 'submit\n')
seen = test('ann*bob', password='bobs')
ok(says(seen, 0, 'master: bob for ann, with the password of the first\n', 'key k-bob', 'key k-ann', 'master: bob@example.test is in his mailbox\n'), 'W-26: a master', seen)

for n in range(40):
    test('ann', password='wrong%d' % n)
equal(run(program('mailadm'), 'auth').stdout, '', 'W-26: a test is not counted')
for n in range(7):
    plain('ann', 'wrong%d' % n, ip='198.18.%d.1' % n)
seen = test('-i', '192.0.2.1', 'ann', password='anns')
ok(says(seen, 0, 'failures: 7 of the name, 0 of the network of 192.0.2.1, 0 of the name there; it is not known there\n', 'failures: a login from there waits 1000 ms'),
   'W-26: how it stands with failures', seen)
write('control/authblock', '3\n')
for n in range(4):
    plain('n%d' % n, 'x', ip='203.0.113.1')
ok(says(test('-i', '203.0.113.1', 'ann', password='anns'), 0, 'failures: a login from there is refused for '), '... and who is refused; the test is not')
plain('ann', 'anns', ip='192.0.2.8')
ok(says(test('-i', '192.0.2.8', 'ann', password='anns'), 0, 'it is known there\n', 'answer: yes, by password\n'), '... where he is known; nothing is remembered from or for a test')
ok(all('test=yes' in line for line in open('log') if 'client=127.0.0.1' in line), 'in the log a test is one')

seen = test('ann', 'anns')
ok(seen.returncode == 100 and 'fd 0' in seen.stderr and 'anns' not in seen.stderr, 'a password on the command line is refused, and why is said', seen)
equal(test().returncode, 100, 'no name')
equal(test('-s', 'ftp', 'ann').returncode, 100, 'another service')
client = Client()
equal(client.begin(response=b64(b'\0ann\0anns'), ip='192.0.2.77')['answer'], 'yes', 'a login ...')
ok('reason' not in plain('ann', 'wrong', ip='192.0.2.78'), '... is told nothing of that')

server.terminate()
server.wait(300)
os.unlink('run/auth-server')
equal(test('ann', password='anns').returncode, 111, 'W-26: auth-server is not there')
done_testing()
