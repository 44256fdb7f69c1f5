#!/usr/bin/python3
"""ldap-fetch against a server that answers as Active Directory does, and as it should not: attributes in pieces (range=), referrals,
binary keys, DNs with escapes; and SASL EXTERNAL. With real servers: tests/flow/directory.t, tests/flow/samba.t."""
import sys; sys.path.insert(0, 'tests')
from tap import *
import base64
from ldap_server import Server

ADDRESS, PORT, BASE, MEMBERS = '127.0.14.2', 14390, 'dc=ad,dc=test', 3700
TRICKY = 'CN=Müller\\, Jörg \\+ \\#1\\00\\ ,' + BASE
state = {'members': MEMBERS, 'step': 1500}


def guid(number):
    """Those of 1 and 2 differ behind a NUL byte only."""
    return bytes([7, 0, 0, 0]) + bytes(11) + bytes([number])


def member(number):
    return f'CN=many{number},{BASE}'


def piece(first):
    """The part of member that begins there, as AD gives it out."""
    last = min(first + state['step'], state['members'])
    end = '*' if last == state['members'] else str(last - 1)
    return {f'member;range={first}-{end}': [member(n) for n in range(first, last)]}


def person(number, dn):
    return dn, {'objectGUID': [guid(number)], 'mail': [f'p{number}@a.test'], 'sAMAccountName': [f'p{number}']}


def answer(base, scope, filter, attributes):
    if scope == 0:
        return state.get('pieces', answer_piece)(base, attributes[0])
    if b'person' in filter:
        return [person(2, 'CN=two,' + BASE), 'ldap://forest.test/CN=Configuration,' + BASE, person(1, 'CN=one,' + BASE), person(3, TRICKY)], 0
    return [('CN=big,' + BASE, {'objectGUID': [guid(9)], 'objectClass': ['group'], 'member': [], **state.get('first', piece(0))}),
            ('CN=small,' + BASE, {'objectGUID': [guid(8)], 'objectClass': ['group'], 'member': [member(5)]}), 'ldap://forest.test/'], 0


def answer_piece(base, wanted):
    first = int(wanted.split('=')[1].split('-')[0])
    return [(base, piece(first))], 0


def fetch():
    return subprocess.run([program('ldap-fetch')], env=ENV, capture_output=True, text=True, timeout=120)


def entries():
    """[(dn, {name: [value]})...] of what was written."""
    found = []
    for block in read('state/directory/ldap.ldif').decode().replace('\n ', '').split('\n\n'):
        values = {}
        for line in block.splitlines():
            name, value = line.split(':', 1)
            values.setdefault(name, []).append(base64.b64decode(value[2:]) if value.startswith(':') else value[1:].encode())
        if 'dn' in values:
            found.append((values.pop('dn')[0].decode(), values))
    return found


def unchanged(what, sentence):
    before = read('state/directory/ldap.ldif')
    seen = fetch()
    equal((seen.returncode, read('state/directory/ldap.ldif') == before), (111, True), what + ': nothing is changed')
    ok(sentence in seen.stderr, '... and it says so', seen.stderr)


os.makedirs('state/directory', exist_ok=True)
os.makedirs('control', exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
for name, value in (('ldapserver', f'{ADDRESS}:{PORT}'), ('ldapbasedn', BASE), ('ldapprofile', 'ad'), ('ldaptls', 'off')):
    write('control/' + name, value + '\n')
server = Server(ADDRESS, PORT, answer)
seen = fetch()
equal((seen.returncode, 'entries=5' in seen.stderr), (0, True), 'it asks for people and groups; referrals are passed over')
found = dict(entries())
equal(sorted(found), sorted(['CN=one,' + BASE, 'CN=two,' + BASE, TRICKY, 'CN=big,' + BASE, 'CN=small,' + BASE]),
      'whoever it found is in the file, keys that begin with the same bytes before a NUL too, and the DNs as they were')
equal(found['CN=two,' + BASE]['objectguid'], [guid(2)], 'a binary key is written as it is')
equal([dn for dn, _ in entries()][:2], ['CN=one,' + BASE, 'CN=two,' + BASE], '... and sorted by')
equal(found['CN=big,' + BASE].get('member'), [member(n).encode() for n in range(MEMBERS)], '%d members in pieces of 1500 are all there, in order' % MEMBERS)
equal([asked for _, scope, asked in server.searches if scope == 0], [['member;range=1500-*'], ['member;range=3000-*']], '... each piece was asked for once')
equal(found['CN=small,' + BASE].get('member'), [member(5).encode()], 'a small group is asked about no more')

equal(server.binds, [(b'', b'')], 'without control/ldaplogin it is nobody')

for members, asked in ((1500, 0), (1501, 1), (3000, 1)):
    state['members'] = members
    server.searches.clear()
    fetch()
    equal((len(dict(entries())['CN=big,' + BASE]['member']), sum(scope == 0 for _, scope, _ in server.searches)), (members, asked), '%d members' % members)
state['members'] = MEMBERS

state['pieces'] = lambda base, wanted: ([(base, {})], 0)
unchanged('a piece that is not there', 'the server stopped in the middle of member of CN=big,' + BASE)
state['pieces'] = lambda base, wanted: ([], 0)
unchanged('an entry that is gone between two pieces', 'the server stopped in the middle of member')
state['pieces'] = lambda base, wanted: ([], 32)
unchanged('... or is no such object', 'No such object')
state['pieces'] = lambda base, wanted: ([(base, piece(0))], 0)
unchanged('the first piece again, without end', 'the server stopped in the middle of member')
state['pieces'] = lambda base, wanted: ([(base, {'member;range=1500-2999': [member(1)]})], 0)
unchanged('a piece with fewer values than it says', 'the server stopped in the middle of member')
state['pieces'] = lambda base, wanted: None
unchanged('a server that hangs up between two pieces', 'nothing is changed')
del state['pieces']
state['first'] = {'member;range=1500-*': [member(1)]}
unchanged('an entry without its first piece', 'the server stopped in the middle of member')
state['first'] = {'member;range=0-99': [member(1)]}
unchanged('a first piece with fewer values than it says', 'the server stopped in the middle of member')
del state['first']

write('control/ldapmechanism', 'external\n')
server.binds.clear()
equal((fetch().returncode, server.binds), (0, [(b'', [b'EXTERNAL', b''])]), 'control/ldapmechanism external: SASL EXTERNAL, as whom the connection is')
write('control/ldapclient.pem', 'x\n')
os.chmod('control/ldapclient.pem', 0o440)
seen = fetch()
ok(seen.returncode == 100 and 'control/ldapclient.pem can be read by others' in seen.stderr, 'a key that others may read is not used', seen.stderr)
os.unlink('control/ldapclient.pem')
write('control/ldaplogin', 'cn=me\n')
seen = fetch()
ok(seen.returncode == 100 and 'control/ldaplogin is for control/ldapmechanism simple' in seen.stderr, 'a name beside it is refused', seen.stderr)
write('control/ldapmechanism', 'gssapi\n')
seen = fetch()
ok(seen.returncode == 100 and 'control/ldapmechanism is simple or external, not gssapi' in seen.stderr, 'so is another mechanism', seen.stderr)
done_testing()
