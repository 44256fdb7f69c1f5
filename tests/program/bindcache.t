#!/usr/bin/python3
"""The cache of good binds (control/bindcache): what auth-server does with each answer of auth-bind, which is played here. With slapd: tests/flow/logins.t."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import threading

os.makedirs('state/binds')
write('state/directory/ldap.ldif', 'dn: uid=eve,dc=x\nentryUUID: k-eve\nuid: eve\nmail: eve@example.test\n')
build()
binder = listen('auth-bind')
script, asked = [('answer', 'yes')], []


def play():
    while True:
        connection, _ = binder.accept()
        asked.append(dict(receive(connection)[0]))
        send(connection, script)
        connection.close()


threading.Thread(target=play, daemon=True).start()
OUT = [('answer', 'later'), ('error', 'nobody there'), ('unreachable', 'yes')]


def login(answer, password='eves'):
    """The answer to a login, when auth-bind says that."""
    script[:] = answer
    client = Client()
    try:
        seen = client.begin(response=b64(b'\0eve\0' + password.encode()), ip='192.0.2.1')['answer']
        client.begin(service='ftp')  # answered when all that follows the login is done
        return seen
    finally:
        client.socket.close()


socket_of_server = listen('auth-server')
server = start('auth-server', socket_of_server, 'log')


def restart():
    global server
    server.terminate(), server.wait(300)
    server = start('auth-server', socket_of_server, 'log')


YES, NO, BUSY = [('answer', 'yes')], [('answer', 'no')], [('answer', 'later'), ('error', 'a server says that it is broken')]
equal((login(YES), login(OUT)), ('yes', 'later'), 'without control/bindcache a server that is away is temporary')
equal(os.listdir('state/binds'), [], '... and nothing is kept')
write('control/bindcache', '1h\n')
restart()
equal(login(OUT), 'later', 'control/bindcache: who was not seen yet is told to come back')
equal(login(YES), 'yes', 'a bind')
ok(os.path.exists('state/binds/k-eve'), '... is kept')
equal(os.stat('state/binds/k-eve').st_mode & 0o777, 0o600, '... for no other user')
first = read('state/binds/k-eve')
equal(login(YES), 'yes', 'another one')
equal(read('state/binds/k-eve'), first, '... writes nothing')
equal(login(OUT), 'yes', 'nobody can be reached: it is right')
asked.clear()
equal(login(OUT), 'yes', '... and again')
equal(asked, [], '... without asking, for some seconds')
equal(login(OUT, 'wrong'), 'later', '... another password is not')
equal(asked and asked[-1]['password'], 'wrong', '... and is asked about')
restart()
equal(login(BUSY), 'later', 'a server that was reached and does not know: temporary, as without a cache')
equal(login(NO, 'wrong'), 'no', 'a server refuses another password')
equal(login(OUT), 'yes', '... the one that is kept stays')
restart()
equal(login(NO), 'no', 'a server refuses this one')
ok(not os.path.exists('state/binds/k-eve'), '... it is forgotten')
equal(login(OUT), 'later', '... and no good any more')
equal(login(YES, 'new'), 'yes', 'a new password')
equal((login(OUT, 'new'), login(OUT)), ('yes', 'later'), '... is the one that holds')
asked.clear()
equal((login(OUT, ''), asked), ('no', []), 'an empty password is nobody\'s, and nobody is asked')

# who may log in for something is none that was locked, whose password is not kept (N-27)
os.makedirs('control/mailboxes')
for bits in ('imap: no\npop3: yes\n', 'imap: no\nsieve: yes\n'):
    write('control/mailboxes/eve@example.test', 'submit: no\n' + bits)
    build()
    equal(login(YES), 'yes', 'an account with %r' % bits)
    equal((login(OUT), os.path.exists('state/binds/k-eve')), ('yes', True), '... is not locked: what is kept holds')
write('control/mailboxes/eve@example.test', 'submit: no\nimap: no\n')
build()
equal((login(OUT), os.path.exists('state/binds/k-eve')), ('later', False), '... one that may do nothing is: what was kept is forgotten')
os.unlink('control/mailboxes/eve@example.test')
build()

write('control/bindcache', 'soon\n')
server.terminate(), server.wait(300)
server = start('auth-server', socket_of_server, 'log')
ok(wait_for(lambda: 'control/bindcache' in open('log').read()), 'a time that is none: auth-server says so, and ends')
ok('eves' not in open('log').read(), 'no password is in the log')
done_testing()
