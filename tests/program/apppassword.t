#!/usr/bin/python3
"""App passwords: mailadm apppassword makes, shows and revokes them; auth-server takes them for their services alone, also of people whom
a directory server owns while that is out of reach, says in its log which one it was, and keeps when it was used last (2.5)."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import re, threading

os.symlink(program('tables-build'), 'bin/tables-build')
os.makedirs('state/apppasswords')
person('ann', hashed('anns'))
person('bob', hashed('bobs'), 'mailImap: no')
write('state/directory/ldap.ldif', 'dn: uid=eve,dc=x\nentryUUID: k-eve\nuid: eve\nmail: eve@example.test\n')
build()
server = start('auth-server', listen('auth-server'), 'log')
last = lambda: [line for line in open('log').read().splitlines() if ' login result=' in line][-1]
FORM = r'([a-km-np-z2-9]{4}-){6}[a-km-np-z2-9]{4}\n'


def adm(*words, **more):
    return run(program('mailadm'), 'apppassword', *words, **more)


def new(*words):
    done = adm('add', *words)
    assert done.returncode == 0, done
    return done.stdout.strip()


made = adm('add', 'ann', 'imap,submit', "Ann's phone")
phone = made.stdout.strip()
ok(made.returncode == 0 and re.fullmatch(FORM, made.stdout), 'an app password: 140 random bits in groups of four', made)
ann = {'answer': 'yes', 'name': 'ann@example.test', 'mailbox': 'k-ann'}
equal(plain('ann', phone), ann, '... is there at once, for submission')
equal(plain('ann@example.test', phone, service='imap'), ann, '... and for IMAP, by the address')
equal(plain('ann', phone.replace('-', ' ').upper()), ann, '... typed with spaces and in capitals')
equal(plain('ann', phone.replace('-', '')), ann, '... or without any')
ok('reason="app password"' in last() and "app=\"Ann's phone\"" in last(), 'the log says which one it was', last())
equal(plain('ann', 'anns'), ann, 'the password goes on')
ok('app=' not in last(), '... and is called none', last())
for service in ('sieve', 'pop3'):
    equal(plain('ann', phone, service=service), {'answer': 'no'}, 'a service that it is not for: ' + service)
    ok('result=no reason="app password is not for this service"' in last() and "app=\"Ann's phone\"" in last(), '... and the log says so', last())
equal(plain('bob', phone), {'answer': 'no'}, 'of somebody else it is wrong')
equal(plain('ann', phone[:-1] + ('x' if phone[-1] != 'x' else 'y')), {'answer': 'no'}, 'so is another one')

stored = read('control/apppasswords/k-ann').decode()
ok(phone not in stored and phone.replace('-', '') not in stored and '{SSHA256}' in stored, 'stored is a hash', stored)
equal(os.stat('control/apppasswords').st_mode & 0o777, 0o750, '... not for all to see')
equal(os.stat('control/apppasswords/k-ann').st_mode & 0o777, 0o640, '... nor the file')
ok(phone not in open('log').read() and phone.replace('-', '') not in open('log').read(), 'it is not in the log')
line = adm('list', 'ann').stdout
ok(re.fullmatch(r"imap,submit \S+T\S+Z \S+T\S+Z Ann's phone\n", line), 'list: for what, when made, when used, and the name', line)
tablet = new('ann@example.test', 'sieve', 'tablet')
ok('never tablet' in adm('list', 'ann').stdout, '... or never')
seen = adm('list', 'ann', '--json').stdout
ok('"name":"tablet","services":"sieve","made":' in seen and seen.count('"used"') == 1, '... as JSON', seen)

files = os.listdir('state/apppasswords')
equal(len(files), 1, 'the last use is a file')
used = 'state/apppasswords/' + files[0]
os.utime(used, (time.time() - 1800, time.time() - 1800))
before = os.stat(used).st_mtime
plain('ann', phone)
ok(wait_for(lambda: last().count("Ann's phone")) and os.stat(used).st_mtime == before, '... that is not written again within an hour')
os.utime(used, (time.time() - 4000, time.time() - 4000))
plain('ann', phone)
ok(wait_for(lambda: os.stat(used).st_mtime > time.time() - 600), '... and is after it')

spawn = listen('auth-bind')
eves = new('eve', 'all', 'laptop')
equal(plain('eve', eves, service='imap'), {'answer': 'yes', 'name': 'eve@example.test', 'mailbox': 'k-eve'}, 'of somebody whom a directory server owns, and nobody asks that')
def refuse():
    connection, _ = spawn.accept()
    receive(connection)
    send(connection, [('answer', 'later'), ('error', 'out of reach')])
    connection.close()
helper = threading.Thread(target=refuse)
helper.start()
equal(plain('eve', 'eves')['answer'], 'later', '... who is out of reach for the password itself')
helper.join(60)
equal(plain('eve', eves)['answer'], 'yes', '... and not for the app password')

equal(plain('bob', new('bob', 'all', 'x'), service='imap'), {'answer': 'no'}, 'who may not use IMAP cannot by an app password')
ok('imap is not allowed' in last(), '... and that is why', last())

equal(adm('delete', 'ann', "Ann's phone").returncode, 0, 'revoked')
equal(plain('ann', phone), {'answer': 'no'}, '... it is wrong at once')
ok(not os.path.exists(used), '... and when it was used is forgotten')
equal(plain('ann', tablet, service='sieve')['answer'], 'yes', '... the other one is right')
equal(adm('delete', 'ann', 'tablet').returncode, 0, 'the last one')
ok(not os.path.exists('control/apppasswords/k-ann') and not adm('list', 'ann').stdout, '... leaves no file')

for words, why in ((('add', 'nobody', 'all', 'x'), 'nobody'), (('add', 'ann', 'ftp', 'x'), 'an unknown service'), (('add', 'ann', 'imap', ''), 'no name'),
                   (('add', 'ann', 'imap', 'a\nb'), 'two lines'), (('add', 'bob', 'imap', 'x'), 'a name that he has already'), (('delete', 'ann', 'x'), 'one that is not there'),
                   (('add', 'ann', 'imap'), 'bad use'), (('add', 'ann', 'imap', 'x', '--json'), 'bad use')):
    equal(adm(*words).returncode, 100, 'refused: ' + why)
new('ann', 'all', 'x')
run(program('mailadm'), 'delete', 'account', 'ann', '--yes')
ok(not os.path.exists('control/apppasswords/k-ann'), 'they go with the account')
write('control/apppasswords/k-bob', 'app: nonsense\n')
done = run(program('tables-build'))
ok(done.returncode == 100 and 'control/apppasswords/k-bob line 1' in done.stderr, 'a file that cannot be understood ends the build, with its line', done)
os.unlink('control/apppasswords/k-bob')

person('bob', '\nuserPassword: '.join(both('bobs')))
os.unlink('state/directory/ldap.ldif'), os.unlink('control/apppasswords/k-eve')
build(['-f'])
equal(scram('bob', 'bobs')['answer'], 'yes', 'SCRAM is offered where every login has keys')
new('bob', 'all', 'x')
equal(scram('bob', 'bobs').get('error'), 'unknown mechanism', '... not with an app password, whose owner would be refused by it')
done_testing()
