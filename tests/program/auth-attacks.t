#!/usr/bin/python3
"""Logins that an attacker tries, and that have worked once: keys of an empty password, a mailbox whose key is the reserved master's name, a group by the name of the
masters', guesses while no directory server can be reached. (checks 15, 53; N-97, N-112)"""
import sys; sys.path.insert(0, 'tests')
from auth import *
import hashlib, hmac, threading


def keys_of(password, salt=b'saltsaltsaltsalt', iterations=4096):
    salted = hashlib.pbkdf2_hmac('sha256', password, salt, iterations)
    client, server = (hmac.new(salted, word, 'sha256').digest() for word in (b'Client Key', b'Server Key'))
    return '{SCRAM-SHA-256}%d,%s,%s,%s' % (iterations, b64(salt), b64(hashlib.sha256(client).digest()), b64(server))


def entry(name, *lines):
    write('directory/%s.ldif' % name, '\n'.join(lines) + '\n')


os.makedirs('state/binds')
write('control/bindcache', '1h\n')
for name in ('john', 'ann', 'bob'):
    person(name, '\nuserPassword: '.join(both(name + 's')))
person('void', keys_of(b''))
person('full', keys_of(b'fulls'))
entry('mallory', 'dn: cn=mallory', 'entryUUID: vmail', 'uid: mallory', 'mail: mallory@example.test', *('userPassword: ' + hash for hash in both('mallorys')))
build()
binder = listen('auth-bind')
script = []


def play():
    while True:
        connection, _ = binder.accept()
        receive(connection)
        send(connection, script)
        connection.close()


threading.Thread(target=play, daemon=True).start()
server = start('auth-server', listen('auth-server'), 'log')
last = lambda: [line for line in open('log').read().splitlines() if ' login result=' in line][-1]
no = {'answer': 'no'}


def imap(name, password, **more):
    return plain(name, password, service='imap', **more)


equal([scram('full', 'fulls', ip='192.0.2.40')['answer'] for turn in range(2)], ['yes', 'yes'], 'SCRAM by keys of a password')
equal(scram('void', '', ip='192.0.2.40'), no, 'keys of an empty password let nobody in')
ok('reason=empty' in last(), '... the log says why', last())
equal(plain('void', '', ip='192.0.2.40'), no, '... as by PLAIN')
equal(scram('full', '', ip='192.0.2.40'), no, 'an empty password for keys of another one')

equal(imap('mallory', 'mallorys')['mailbox'], 'vmail', 'somebody\'s mailbox has the key vmail')
equal(imap('john*mallory', 'mallorys'), no, 'N-97: that makes nobody a master')
ok('reason="not a master"' in last(), '... the log says why', last())
person('mallory', '\nuserPassword: '.join(both('mallorys')), 'mailImap: no')
entry('mallory', *(line.replace('k-mallory', 'vmail') for line in read('directory/mallory.ldif').decode().splitlines()))
build()
equal(imap('mallory', 'mallorys'), no, '... nor lets him use what his account forbids')

write('control/domains/example.test', 'addgroups: yes\n')
entry('groups', 'dn: cn=helpers,ou=it', 'objectClass: groupOfNames', 'entryUUID: g-one', 'cn: helpers', 'mail: helpers@example.test', 'member: cn=ann')
build()
write('control/masters', 'group:helpers\n')
equal(imap('john*ann', 'anns')['mailbox'], 'k-john', 'masters by the name of a group')
entry('other', 'dn: cn=helpers,ou=clubs', 'objectClass: groupOfNames', 'entryUUID: a-two', 'cn: helpers', 'member: cn=bob')
build()
equal(imap('john*bob', 'bobs'), no, 'somebody else has made a group of that name: its members are no masters')
equal(imap('john*ann', 'anns'), no, '... nobody is, until it is said which one is meant')
write('control/masters', 'group:helpers@example.test\n')
equal((imap('john*ann', 'anns')['answer'], imap('john*bob', 'bobs')), ('yes', no), '... by its address')

os.makedirs('control/groups')
write('control/groups/helpers', 'member: ann\n')
write('control/masters', 'group:helpers\n')
build()
equal((imap('john*ann', 'anns')['answer'], imap('john*bob', 'bobs')), ('yes', no), '... or one of control/groups')

write('state/directory/ldap.ldif', 'dn: uid=eve,dc=x\nentryUUID: k-eve\nuid: eve\nmail: eve@example.test\n')
build()
server.terminate(), server.wait(300)
server = start('auth-server', listen('auth-server'), 'log')
script[:] = [('answer', 'yes')]
client = Client()
equal(client.begin(response=b64(b'\0eve\0eves'), ip='192.0.2.60')['answer'], 'yes', 'a bind that is kept')
client.begin(service='ftp')  # answered when all that follows the login is done
script[:] = [('answer', 'later'), ('error', 'nobody there'), ('unreachable', 'yes')]
equal({plain('eve', 'guess%d' % n, ip='198.51.100.%d' % n)['answer'] for n in range(4)}, {'later'}, 'no directory server can be reached: guesses')
shown = run(program('mailadm'), 'auth', 'show', 'eve').stdout
ok('name eve@example.test: 4 failures' in shown, '... are counted as such', shown)
plain('eve', 'guess3', ip='198.51.100.3')
ok('name eve@example.test: 4 failures' in run(program('mailadm'), 'auth', 'show', 'eve').stdout, '... the same one once')
equal(plain('eve', 'eves', ip='192.0.2.60')['answer'], 'yes', '... and the owner gets in')
done_testing()
