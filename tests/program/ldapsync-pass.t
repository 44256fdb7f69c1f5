#!/usr/bin/python3
"""ldapsync, one full pass, as the operator and his scripts see it: the exit code of each ending, --dry-run in words, pages, several servers in
order, what the reports say and of which DN, a uid that is never given again, mail that stays. Against a directory server that says what the
test wants (tests/ldap_server.py); with real ones: tests/flow/directory.t, tests/flow/samba.t, tests/flow/ldap-table.t. (L-03 to L-06, L-21,
N-18, N-91, P-01, P-21)"""
import sys; sys.path.insert(0, 'tests')
from tap import *
from ldap_server import Server

ADDRESS, PORT, SECOND, BASE = '127.0.14.3', 14395, 14396, 'dc=a,dc=test'
people, groups, state = {}, {}, {'code': 0, 'hangs': False}


def person(name, **more):
    people[name] = {'entryUUID': [f'k-{name}'], 'uid': [name], 'mail': [f'{name}@a.test'], **more}


def group(name, *members, **more):
    groups[name] = {'entryUUID': [f'g-{name}'], 'objectClass': ['groupOfNames'], 'cn': [name], 'mail': [f'{name}@a.test'], 'member': list(members), **more}


def dn(name):
    return f'uid={name},{BASE}'


def answer(base, scope, filter, attributes):
    if state['hangs']:
        return None
    if b'inetOrgPerson' in filter:
        return [(more.get('dn') or dn(name), {key: values for key, values in more.items() if key != 'dn'}) for name, more in people.items()] + ['ldap://elsewhere.test/dc=other'], state['code']
    return [(more.get('dn') or f'cn={name},{BASE}', {key: values for key, values in more.items() if key != 'dn'}) for name, more in groups.items()], 0


def sync(*words):
    return subprocess.run([HOME + '/bin/ldapsync', *words], env=ENV, capture_output=True, text=True, timeout=300)


def cdb(name, file='policy'):
    done = subprocess.run(['cdb', '-q', f'tables/current/{file}.cdb', name], capture_output=True)
    return [part.decode() for part in done.stdout.split(b'\0') if part]


def record(name):
    return dict(part.split('=', 1) for part in cdb(name))


def members(name):
    return sorted(part for part in cdb(f'group:g-{name}') if part.startswith(('mailbox=', 'forward=')))


def current():
    return os.readlink('tables/current')


def ends(code, sentence, what, *words):
    """It ends so, says so, and nothing has changed."""
    before = current()
    seen = sync(*words)
    equal((seen.returncode, current() == before), (code, True), f'{what}: exit {code}, and the tables stay')
    ok(sentence in seen.stderr + seen.stdout, '... it says why', seen.stderr)


def said(sentence, what):
    seen = sync()
    ok(seen.returncode == 0 and any(sentence in line for line in seen.stderr.splitlines()), what, seen.stderr)


os.makedirs('bin')
for name in ('ldapsync', 'ldap-fetch', 'tables-build'):
    os.symlink(program(name), 'bin/' + name)
for name in ('directory', 'state/directory', 'state/tables', 'control/domains', 'mail'):
    os.makedirs(name)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
for name, value in (('me', 'mx.a.test'), ('ldapserver', f'{ADDRESS}:{PORT}'), ('ldapbasedn', BASE), ('ldaptls', 'off'), ('domains/a.test', ''), ('minimumuid', '1000')):
    write('control/' + name, value + '\n')
server = Server(ADDRESS, PORT, answer)

# exit codes
for name in ('ann', 'bob', 'cat', 'dan'):
    person(name)
group('team', dn('cat'))
seen = sync()
equal((seen.returncode, 'published' in seen.stderr), (0, True), 'something has changed: exit 0, published')
before = current()
seen = sync()
equal((seen.returncode, 'unchanged' in seen.stderr, current()), (0, True, before), 'nothing has: exit 0, unchanged')
equal(sync('-x').returncode, 100, 'bad use: exit 100')
write('control/expect', 'from ann@a.test to x@far.test login ann -> 554\n')
ends(1, 'control/expect line 1', 'the guard, by control/expect')
seen = sync('--dry-run')
equal(seen.returncode, 1, '... --dry-run ends with the same, before anything is done')
os.unlink('control/expect')
state['code'] = 53
ends(111, 'unwilling', 'a server that is not willing')
state['code'] = 4
ends(111, 'Size limit exceeded', 'a server that gives out only some of them')
state['code'] = 10
ends(111, 'nothing is changed', 'a server that sends us to another one')
state['code'], state['hangs'] = 0, True
ends(111, 'nothing is changed', 'a server that hangs up')
ends(111, 'nothing is changed', '... --dry-run', '--dry-run')
state['hangs'] = False
kept = dict(people)
people.clear()
ends(111, 'nobody below', 'a server that has nobody')
people.update(kept)
write('control/ldaptls', 'maybe\n')
ends(100, 'control/ldaptls', 'a control file that cannot be understood')
write('control/ldaptls', 'off\n')

# in words
groups['team']['member'] += [dn('ann'), dn('dan')]
write('control/ldapprofile', 'rfc2307\npolicy\n')
people['bob']['tnMailSendAllowed'] = ['FALSE']
people['cat']['mail'] = ['cat@a.test', 'kitty@a.test']
del people['dan']
groups['team']['member'].remove(dn('dan'))
person('eve')
groups['team']['member'].append(dn('eve'))
before = current()
seen = sync('--dry-run')
equal(seen.stdout.splitlines(), ['bob@a.test: may no longer send', 'dan@a.test: has no mailbox any more; its mail stays in mail/a.test/dan', 'eve@a.test: has a mailbox now',
                                'kitty@a.test: the address is new, and leads to cat@a.test', 'team@: gains 2 members: ann@a.test, eve@a.test'], '--dry-run says in words what would change, and nothing else')
equal((seen.returncode, current()), (0, before), '... and nothing is done')
equal(sync().returncode, 0, 'then it is')

# pages
for n in range(1201):
    person(f'p{n:04}')
server.page = 500
seen = sync()
equal((seen.returncode, 'entries=1206' in seen.stderr), (0, True), '1205 people and a group in pages')
equal(server.pages, [500, 500, 206, 1], '... of 500, and each was asked for once (the referral is in the last one)')
server.page = 0
for n in range(1201):
    del people[f'p{n:04}']
equal(sync('-f').returncode, 0, 'they go, as the operator says')

# several servers in order
second = Server(ADDRESS, SECOND, answer)
write('control/ldapserver', f'{ADDRESS}:{PORT}\n{ADDRESS}:{SECOND}\n')
server.binds.clear()
sync()
equal((len(server.binds), len(second.binds)), (1, 0), 'the first server is asked, the second one is not')
for code, what in ((51, 'busy'), (52, 'unavailable')):
    server.bind_code = code
    second.binds.clear()
    equal((sync().returncode, len(second.binds)), (0, 1), f'the first one is {what}: the second one is')
server.bind_code = 49
second.binds.clear()
ends(111, 'Invalid credentials', 'the first one refuses the login')
equal(second.binds, [], '... so would the second one: it is not asked')
server.bind_code = 0
write('control/ldapserver', f'{ADDRESS}:1\n{ADDRESS}:{PORT}\n')
equal(sync().returncode, 0, 'the first one is not there: the second one is asked')

write('control/maxvanish', '100\n')  # what follows takes many away at once

# names in UTF-8, DNs with every escape
tricky = 'CN=Müller\\, Jörg \\"J\\" \\+ \\#1 \\<x\\>\\; a\\=b\\\\c\\20,' + BASE
people['jörg'] = {'dn': tricky, 'entryUUID': ['k-joerg'], 'uid': ['jörg'], 'mail': ['jörg@a.test'], 'cn': ['Jörg Müller']}
group('umlaut', 'cn=M\\C3\\BCller\\2C J\\C3\\B6rg \\22J\\22 \\2B \\231 \\3Cx\\3E\\3B a\\3Db\\5Cc\\ , dc=a ,dc=test')
equal(sync().returncode, 0, 'a name in UTF-8, a DN with every escape')
equal((record('address:jörg@a.test').get('mailbox'), record('login:jörg').get('mailbox')), ('k-joerg', 'k-joerg'), '... address and login')
equal(members('umlaut'), ['mailbox=k-joerg'], '... and a group finds him by the same DN, written otherwise')

# reports, each with the DN
group('one', f'cn=two,{BASE}', dn('ann'))
group('two', f'cn=one,{BASE}', dn('bob'))
said(f'cn=one,{BASE}: it is a member of itself, by way of its members', 'a circle of groups is said, with the DN')
equal((members('one'), members('two')), (['mailbox=k-ann', 'mailbox=k-bob'],) * 2, '... and ends')
for n in range(80):
    group(f'deep{n}', f'cn=deep{n + 1},{BASE}' if n < 79 else dn('ann'))
said(f'cn=deep0,{BASE}: it gets no mail: groups in groups in it are deeper than 64', 'groups that are nested too deep are said, with the DN')
equal((cdb('address:deep0@a.test'), members('deep20')), ([], ['mailbox=k-ann']), '... and get no mail, rather than some of it; others do')
for n in range(80):
    del groups[f'deep{n}']
write('control/groupmax', '3\n')
group('big', *(dn(name) for name in ('ann', 'bob', 'cat', 'eve')))
said(f'cn=big,{BASE}: it gets no mail: it has more than 3 members (control/groupmax)', 'a group that explodes is said, with the DN')
equal(cdb('address:big@a.test'), [], '... and gets no mail')
del groups['big']
os.unlink('control/groupmax')
people['fay'] = {'entryUUID': ['k-fay'], 'uid': ['fay'], 'proxyAddresses': ['smtp:list@a.test']}
said(f'{dn("fay")}: no mailbox: it has no mail address, so it is passed over in lists', 'L-21 who has no mail is said, with the DN')
del people['fay']
person('gus', mail=['ann@a.test'])
said(f'{dn("gus")}: no mailbox: its primary address ann@a.test is that of state/directory/ldap.ldif: {dn("ann")}', 'two of one primary address: both DNs')
equal(record('address:ann@a.test').get('mailbox'), 'k-ann', '... who had it keeps it')
del people['gus']
os.makedirs('control/addresses')
write('control/addresses/bob@a.test', 'to: ann\n')
said(f'{dn("bob")}: mail to bob@a.test does not get there: control/addresses/bob@a.test has this address', 'who is shadowed is said, with the DN')
os.unlink('control/addresses/bob@a.test')
person('hal', mail=['hal@a.test', 'bob@a.test'])
said(f'{dn("hal")}: its further address bob@a.test is the primary one of', 'a further address that is a primary one is said, with the DN')
del people['hal']
group('gone', dn('nobody'))
said(f'cn=gone,{BASE}: its member {dn("nobody")} is passed over', 'a member who is not there is said, with the DN')

# a uid number is never given to two people
write('control/firstuid', '200000\n')
person('ida', uidNumber=['31001'])
person('jim')
equal(sync().returncode, 0, 'somebody with a uid of the directory, and one without')
uids = {line.split()[0]: line.split()[1] for line in read('state/tables/uids').decode().splitlines()}
equal(uids['k-ida'], '31001', '... has it')
os.makedirs('mail/a.test/ida/new')
write('mail/a.test/ida/new/1', 'mail\n')
del people['ida'], people['jim']
equal((sync().returncode, cdb('mailbox:k-ida')), (0, []), 'N-91 both vanish')
equal(read('mail/a.test/ida/new/1'), b'mail\n', '... the mail stays')
person('kim', uidNumber=['31001'])
said(f'{dn("kim")}: no mailbox: its uid 31001 is that of mailbox a.test/ida (key k-ida)', 'the directory gives the uid to somebody else: he has no mailbox, and that is said')
person('kim')
person('leo')
person('jim', entryUUID=['k-jim2'], uidNumber=[uids['k-jim']])
seen = sync()
later = {line.split()[0]: line.split()[1] for line in read('state/tables/uids').decode().splitlines()}
equal((seen.returncode, len(set(later.values())), {key: later[key] for key in uids} == uids), (0, len(later), True), '... the next ones get others, and no uid is there twice')
ok('k-jim2' not in later and f'{dn("jim")}: no mailbox: its uid' in seen.stderr, '... a new entry of an old name and uid is somebody else', seen.stderr)
person('ida', uidNumber=['31001'])
del people['jim']
equal((sync().returncode, record('mailbox:k-ida').get('uid'), record('mailbox:k-ida').get('path')), (0, '31001', 'a.test/ida'), 'N-91 the same key comes back: uid, folder and mail are there')
write('control/firstuid', '31000\n')
person('max')
sync()
later = [line.split()[1] for line in read('state/tables/uids').decode().splitlines()]
equal(len(set(later)), len(later), 'another control/firstuid, among uids that are taken: none is given twice')
done_testing()
