#!/usr/bin/python3
"""Who logs in by an old hash gets one as control/passwordscheme says, and keys for SCRAM, where the store is ours: auth-server asks password-store, which
changes that one value of directory/NAME.ldif, and every other byte stays. Never what a directory server owns, nor control/backends."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import fcntl, hashlib

os.symlink(program('tables-build'), 'bin/tables-build')
ssha = lambda password: '{SSHA}' + b64(hashlib.sha1(password.encode() + b'salt').digest() + b'salt')
write('control/scramiterations', '4096\n')
start('tables-publish', listen('tables-publish'), 'log-publish')
store_socket = listen('password-store')
store = start('password-store', store_socket, 'log-store')


def settled(name, password, **more):
    """The answer, when all that follows it is done: the connection's next attempt is answered."""
    client = Client()
    try:
        answer = client.begin(response=b64(b'\0' + name.encode() + b'\0' + password.encode()), **more)
        client.begin(service='ftp')
        return answer
    finally:
        client.socket.close()


def stored(name, file=None):
    """The values of userPassword in the file, those in base64 as they are meant."""
    values = []
    for line in read('directory/%s.ldif' % (file or name)).decode().replace('\n ', '').split('\n'):
        if line.startswith('userPassword:: '):
            values.append(base64.b64decode(line[15:]).decode())
        elif line.startswith('userPassword: '):
            values.append(line[14:])
    return values


OLD = '''# Two people, and what an operator has written about them.
version: 1

dn: cn=ann,
 ou=people
entryUUID: k-ann
objectClass: inetOrgPerson
uid: ann
mail: ann@example.test
# her old one
userPassword:: %s
userPassword: {SSHA}bm90IGhlcnMsIGJ1dCBzb21lYm9keSBrbm93cyBpdA==
description: a line that is
  folded


dn: cn=bob,ou=people
entryUUID: k-bob
uid: bob
mail: bob@example.test
USERPASSWORD: %s
# the end
''' % (b64(ssha('anns').encode()), ssha('bobs'))
write('directory/two.ldif', OLD)
build()
server = start('auth-server', listen('auth-server'), 'log')
equal(plain('ann', 'wrong', ip='192.0.2.1')['answer'], 'no', 'a wrong password')
equal(read('directory/two.ldif').decode(), OLD, '... changes nothing')
equal(plain('ann', 'anns')['answer'], 'yes', 'a login by an old hash')
ok(wait_for(lambda: 'rehashed mailbox=k-ann' in open('log').read()), '... is followed by a new hash')
new = read('directory/two.ldif').decode()
hashes = stored('ann', 'two')
ok(len(hashes) == 3 and hashes[0].startswith('{CRYPT}$y$j9T$') and hashes[1].startswith('{SCRAM-SHA-256}4096,') and hashes[2].startswith('{SSHA}bm90'), 'yescrypt and keys for SCRAM in its place, the other value stays', hashes)
begin, end = new.index('userPassword: {CRYPT}'), new.index('userPassword: {SSHA}')
equal(new[:begin] + 'userPassword:: %s\n' % b64(ssha('anns').encode()) + new[end:], OLD, '... and every other byte')
in_tables = lambda name: (plain(name, name + 's', ip='192.0.2.77')['answer'], open('log').read().count('rehashed mailbox=k-' + name))
ok(wait_for(lambda: 'stored' in open('log-store').read() and run('cdb', '-q', 'tables/current/auth.cdb', 'mailbox:k-ann').stdout.count('{CRYPT}$y$')), 'the tables have it')
equal(in_tables('ann'), ('yes', 1), 'she logs in by it, and no other one is made')
equal(plain('bob', 'bobs')['answer'], 'yes', 'the second entry of the file')
ok(wait_for(lambda: read('directory/two.ldif').decode().split('mail: bob@example.test\n')[1].startswith('userPassword: {CRYPT}$y$')), '... whose attribute is written otherwise')
ok(read('directory/two.ldif').decode().endswith('# the end\n'), '... and whose end stays')
ok(wait_for(lambda: 'unpublished' not in open('log-store').read() and run('cdb', '-q', 'tables/current/auth.cdb', 'mailbox:k-bob').stdout.count('{CRYPT}$y$')), '... in the tables')

text = ''.join(open(log).read() for log in ('log', 'log-store', 'log-publish'))
ok(not any(word in text for word in ('anns', 'bobs', '{CRYPT}', '{SSHA}', '{SCRAM', '$y$')), 'no password or hash is in a log')

person('cat', hashed('cats'))
write('control/passwordscheme', 'argon2id\n')
build()
equal(plain('cat', 'cats')['answer'], 'yes', 'control/passwordscheme of now')
ok(wait_for(lambda: stored('cat')[1:] and stored('cat')[1].startswith('{SCRAM')), '... is of the next start: its hash is as good as new, and only keys are added', stored('cat'))
ok(stored('cat')[0].startswith('{CRYPT}$y$'), '... behind it', stored('cat'))
server.terminate(), server.wait(300)
server = start('auth-server', listen('auth-server'), 'log')
build()
equal(plain('cat', 'cats')['answer'], 'yes', 'after it')
ok(wait_for(lambda: stored('cat')[0].startswith('{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$') and len(stored('cat')) == 2), '... it is rehashed; the keys that were there stay', stored('cat'))

person('gil', hashed('gils'))
write('control/scramsha1', 'yes\n')
build()
settled('gil', 'gils')
schemes = lambda name: [value[1:].split('}')[0] for value in stored(name)]
equal(schemes('gil'), ['ARGON2ID', 'SCRAM-SHA-256', 'SCRAM-SHA-1'], 'N-112 control/scramsha1: keys for SCRAM-SHA-1, too')
ok(wait_for(lambda: run('cdb', '-q', 'tables/current/auth.cdb', 'mailbox:k-gil').stdout.count('{SCRAM-SHA-1}')), '... in the tables')
settled('cat', 'cats', ip='192.0.2.9')
ok(schemes('cat') == ['ARGON2ID', 'SCRAM-SHA-1', 'SCRAM-SHA-256'], '... also who has the rest', schemes('cat'))
before = stored('gil')
settled('gil', 'gils', ip='192.0.2.9')
equal(stored('gil'), before, '... once')
os.unlink('control/scramsha1')

write('control/rehash', 'no\n')
person('dan', ssha('dans'))
build()
settled('dan', 'dans')
equal(settled('dan', 'dans', ip='192.0.2.9')['answer'], 'yes', 'control/rehash no')
equal(stored('dan'), [ssha('dans')], '... nothing is')
os.unlink('control/rehash')


def ask(*pairs):
    return dict(call('password-store', [('what', 'rehash'), *pairs])[0] or [])


# What is not ours
write('state/directory/ldap.ldif', 'dn: uid=eve,dc=x\nentryUUID: k-eve\nuid: eve\nmail: eve@example.test\nuserPassword: %s\n' % ssha('eves'))
os.makedirs('control/backends', exist_ok=True)
write('control/backends/shop', 'domain: shop.example\nlogin: shop@relay\npassword: %s\n' % ssha('shops'))
person('fay', '\nuserPassword: '.join(both('fays')[1:]))
build()
before = read('state/directory/ldap.ldif'), read('control/backends/shop'), read('directory/fay.ldif')
count = open('log').read().count('rehashed')
for name in ('eve', 'shop@relay', 'fay'):
    equal(settled(name, name.split('@')[0] + 's')['answer'], 'yes', 'not ours to change, or wanted so: ' + name)
equal((read('state/directory/ldap.ldif'), read('control/backends/shop'), read('directory/fay.ldif')), before, '... stays')
equal(open('log').read().count('rehashed'), count, '... and is not asked for')
equal(ask(('mailbox', 'k-eve'), ('old', ssha('eves')), ('new', hashed('eves'))), {'answer': 'no', 'error': 'its entry is not ours to change'}, 'password-store refuses that as well')
equal(ask(('mailbox', 'k-dan'), ('old', ssha('other')), ('new', hashed('x'))), {'answer': 'no', 'error': 'another password is stored by now'}, '... if the password has changed meanwhile')
equal(ask(('mailbox', 'k-dan'), ('old', ssha('dans')), ('new', 'in the clear')), {'answer': 'no', 'error': 'not a request'}, '... if the new one is no hash')
equal(ask(('mailbox', 'k-dan'), ('old', ssha('dans')), ('new', '{CRYPT}$6$rounds=999999999$x$y')), {'answer': 'no', 'error': 'not a request'}, '... or one that costs too much')
equal(ask(('mailbox', 'k-dan'), ('old', ssha('dans'))), {'answer': 'no', 'error': 'not a request'}, '... if there is none')
equal(ask(('mailbox', '../x'), ('old', 'x'), ('new', hashed('x'))), {'answer': 'no', 'error': 'no such mailbox'}, '... of nobody')
equal(dict(call('password-store', [('what', 'delete')])[0] or []), {'answer': 'no', 'error': 'no such request'}, '... and anything else')
held = os.open('directory', os.O_RDONLY)
fcntl.flock(held, fcntl.LOCK_EX)
equal(ask(('mailbox', 'k-dan'), ('old', ssha('dans')), ('new', hashed('x'))), {'answer': 'no', 'error': 'somebody is changing directory/ at this moment'}, '... while mailadm waits for its yes')
os.close(held)
equal(stored('dan'), [ssha('dans')], 'all that changes nothing')
evil = '{SSHA}x\nmail: evil@example.test'
equal(ask(('mailbox', 'k-dan'), ('old', ssha('dans')), ('new', evil)), {'answer': 'done'}, 'a value with a line in it')
ok('evil' not in read('directory/dan.ldif').decode() and stored('dan') == [evil], '... is that value, in base64, and no second line', read('directory/dan.ldif'))

store.terminate(), store.wait(300)
store_socket.close()
os.unlink('run/password-store')
person('hal', ssha('hals'))
build()
equal(plain('hal', 'hals')['answer'], 'yes', 'password-store is not there: the login is right')
ok(wait_for(lambda: 'not-rehashed mailbox=k-hal' in open('log').read()), '... and that is said')
equal(plain('hal', 'hals')['answer'], 'yes', '... again and again')
done_testing()
