#!/usr/bin/python3
"""tables-publish keeps the build in memory and takes in what changes in the directory: after each step of 200 random scripts of edits its
tables, dumped in the order of their keys, are those that a full pass by tables-build makes of the same files. Users come, go, are
renamed, take each other's addresses; groups are nested and circles; entries are invalid; control files change in between.

    tests/program/tables-incremental.t [ SEED [ SCRIPTS ] ]"""
import sys; sys.path.insert(0, 'tests')
from tap import *
import random

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 20261121
SCRIPTS = int(sys.argv[2]) if len(sys.argv) > 2 else 200
STEPS = 5
FILE = 'state/directory/ldap.ldif'
OTHER = tempfile.mkdtemp()
atexit.register(shutil.rmtree, OTHER, True)
DOMAINS = ['one.test', 'two.test', 'relayed.test']
SCRAM = '{SCRAM-SHA-256}%d,c2FsdHNhbHRzYWx0%s,LJk4XHyGPqmbxDGSg1WqVIVxYEfT3yYKdPo9p2L8d4Y=,mJ+LvXbOYl8Pj3gF7lUiYS3L4ZQv0r6s4mzu1LKbQHU='
PASSWORDS = ['{CRYPT}$6$salt$hash', SCRAM % (4096, ''), SCRAM % (8192, ''), 'in the clear', '{SSHA}aGFzaGhhc2hoYXNo']


def read_cdb(path):
    """The records, in no order that means anything."""
    bytes, found, at = read(path), {}, 2048
    end = min(struct.unpack_from('<I', bytes, i * 8)[0] for i in range(256))
    while at < end:
        key, value = struct.unpack_from('<II', bytes, at)
        found[bytes[at + 8:at + 8 + key]] = bytes[at + 8 + key:at + 8 + key + value]
        at += 8 + key + value
    return found


def dump(home):
    """All tables of the current generation, with those of its base: [(table, key, record)]; without what is of the moment."""
    lines = []
    for table in ('policy', 'auth', 'relay', 'token'):
        records = read_cdb('%s/tables/current/%s.cdb' % (home, table))
        base = records.pop(b'table:base', None)
        if base:
            whole = read_cdb('%s/tables/%s/%s.cdb' % (home, dict(parse(base))['id'], table))
            records = {k: v for k, v in {**whole, **records}.items() if v}
        what = parse(records[b'table:generation'])
        records[b'table:generation'] = record([(k, v) for k, v in what if k not in ('id', 'built')])
        lines += [(table, key, value) for key, value in sorted(records.items())]
    return lines


def full_pass():
    """What tables-build makes of the same files, in another home."""
    shutil.rmtree(OTHER, ignore_errors=True)
    for folder in ('control', 'directory', 'state', 'tables'):
        shutil.copytree(folder, '%s/%s' % (OTHER, folder), symlinks=True)
    os.symlink(ROOT + '/ldapsync/profiles', OTHER + '/profiles')
    run = subprocess.run([program('tables-build'), '-f'], env=dict(ENV, MAILHOME=OTHER), capture_output=True, text=True, timeout=300)
    if run.returncode:
        return run.stderr
    return dump(OTHER)


class Directory:
    """What the server has, and the file in which it is followed."""

    def __init__(self, random):
        self.random, self.entries, self.number = random, {}, 0
        for _ in range(random.randint(4, 10)):
            self.add_user()
        for _ in range(random.randint(0, 4)):
            self.add_group()
        self.write_whole()

    def write_whole(self):
        """As ldap-fetch does, and ldap-watch when there are many changes: another file in its place."""
        write('file.new', 'version: 1\n\n' + ''.join(self.ldif(dn) for dn in sorted(self.entries, key=lambda dn: self.random.random())))
        os.rename('file.new', FILE)

    def ldif(self, dn):
        return 'dn: %s\n%s\n' % (dn, ''.join('%s: %s\n' % (name, value) for name, values in self.entries[dn].items() for value in values))

    def publish_batch(self, before):
        """Appends what differs from before, as ldap-watch does."""
        gone = [dn for dn in before if dn not in self.entries]
        come = [dn for dn, entry in self.entries.items() if before.get(dn) != entry]
        batch = '# changes\n' + ''.join('# id %02x\ndn: %s\nchangetype: delete\n\n' % (len(dn), dn) for dn in gone)
        batch += ''.join('# id %02x\n%s' % (len(dn), self.ldif(dn)) for dn in come) + '# end of changes\n'
        if gone or come:
            with open(FILE, 'a') as f:
                f.write(batch)

    def pick(self, kind):
        found = [dn for dn, entry in self.entries.items() if ('member' in entry or 'objectClass' in entry) == (kind == 'group')]
        return self.random.choice(found) if found else None

    def word(self):
        """A local part: few, so that they meet."""
        return self.random.choice(['ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon', 'staff', 'info', 'Zoe'])

    def address(self):
        domain = self.random.choice(DOMAINS + ['one.test'] * 4 + ['far.example'])
        return '%s%s@%s' % (self.word(), self.random.choice(['', '', '2']), domain)

    def add_user(self):
        self.number += 1
        dn = 'uid=user%d,ou=%s,dc=x' % (self.number, self.random.choice(['a', 'b']))
        entry = {'entryUUID': ['k-%d' % self.number], 'uid': ['user%d' % self.number], 'mail': ['user%d@one.test' % self.number]}
        self.entries[dn] = entry
        for _ in range(self.random.randint(0, 3)):
            self.change_user(dn)

    def add_group(self):
        self.number += 1
        dn = 'cn=group%d,dc=x' % self.number
        self.entries[dn] = {'objectClass': ['groupOfNames'], 'entryUUID': ['g-%d' % self.number], 'cn': ['group%d' % self.number], 'member': []}
        for _ in range(self.random.randint(1, 4)):
            self.change_group(dn)

    def change_user(self, dn=None):
        dn = dn or self.pick('user')
        if not dn:
            return self.add_user()
        entry, r = dict(self.entries[dn]), self.random
        what = r.choice(['password', 'bit', 'quota', 'forward', 'keep', 'language', 'alias', 'alias', 'proxy', 'mail', 'login', 'uid', 'nothing', 'key', 'no mail', 'elsewhere', 'send-as', 'inside', 'in-group', 'certificate'])
        if what == 'certificate':
            entry['userCertificate;binary'] = [r.choice(['one', 'two', '%064x' % r.randint(1, 3)]) for _ in range(r.randint(0, 2))]
        elif what == 'password':
            entry['userPassword'] = [r.choice(PASSWORDS) for _ in range(r.randint(0, 2))]
        elif what == 'bit':
            entry[r.choice(['mailReceive', 'mailSubmit', 'mailImap'])] = [r.choice(['yes', 'no'])]
        elif what == 'quota':
            entry['mailQuota'] = [r.choice(['1G', '20M', 'much'])]
        elif what == 'forward':
            entry['mailForwardingAddress'] = [r.choice([self.address(), 'nowhere'])]
        elif what == 'send-as':
            entry['sendAlias'] = [self.address() for _ in range(r.randint(0, 2))]
        elif what == 'inside':
            entry['mailInside'] = [r.choice(['yes', 'no'])]
        elif what == 'in-group':
            entry['inGroup'] = [r.choice([self.word(), 'group%d' % r.randint(1, self.number)])]
        elif what == 'keep':
            entry['mailKeep'] = [r.choice(['yes', 'no'])]
        elif what == 'language':
            entry['preferredLanguage'] = [r.choice(['de', 'de-AT, en;q=0.5', '!'])]
        elif what == 'alias':
            entry['mailAlternateAddress'] = [self.address() for _ in range(r.randint(0, 3))]
        elif what == 'proxy':
            entry['proxyAddresses'] = [r.choice(['smtp:', 'SMTP:', 'x400:']) + self.address() for _ in range(r.randint(0, 2))]
        elif what == 'mail':
            entry['mail'] = [self.address() for _ in range(r.randint(1, 2))]
        elif what == 'login':
            entry['uid'] = [r.choice([self.word(), 'user%d' % r.randint(1, self.number)]) for _ in range(r.randint(1, 2))]
        elif what == 'uid':
            entry['uidNumber'] = [str(r.choice([5, 3000 + r.randint(0, 5), 200000 + r.randint(0, 9), 'x']))]
        elif what == 'nothing':
            entry['description'] = [str(r.random())]
        elif what == 'key' and not r.randint(0, 3):
            entry['entryUUID'] = ['k-%d' % r.randint(1, self.number)]
        elif what == 'no mail' and not r.randint(0, 2):
            entry.pop('mail', None)
        elif what == 'elsewhere' and not r.randint(0, 2):
            entry['mail'] = ['%s@far.example' % self.word()]
        self.entries[dn] = entry

    def change_group(self, dn=None):
        dn = dn or self.pick('group')
        if not dn:
            return self.add_group()
        entry, r = dict(self.entries[dn]), self.random
        what = r.choice(['member', 'member', 'member', 'login', 'address', 'name', 'mail', 'nobody', 'inside', 'in-group'])
        if what == 'member':
            entry['member'] = r.sample(sorted(self.entries), r.randint(0, min(6, len(self.entries))))
        elif what == 'login':
            entry['memberUid'] = [r.choice([self.word(), 'user%d' % r.randint(1, self.number)]) for _ in range(r.randint(0, 2))]
        elif what == 'address':
            entry['rfc822Member'] = [self.address() for _ in range(r.randint(0, 2))]
        elif what == 'name':
            entry['cn'] = [r.choice([self.word(), 'group%d' % self.number, 'not a name'])]
        elif what == 'mail':
            entry['mail'] = [self.address() for _ in range(r.randint(0, 2))]
        elif what == 'inside':
            entry['mailInside'] = [r.choice(['yes', 'no'])]
        elif what == 'in-group':
            entry['inGroup'] = [r.choice([self.word(), 'group%d' % r.randint(1, self.number)])]
        elif what == 'nobody':
            entry['member'] = entry['member'] + ['uid=nobody,dc=x']
        self.entries[dn] = entry

    def rename(self):
        dn = self.pick('user')
        if not dn:
            return
        entry = self.entries.pop(dn)
        self.number += 1
        self.entries['uid=renamed%d,ou=c,dc=x' % self.number] = entry

    def swap(self):
        """Two users exchange their main addresses: who looks at one after the other sees both have one."""
        one, other = self.pick('user'), self.pick('user')
        if one and other and one != other:
            a, b = dict(self.entries[one]), dict(self.entries[other])
            a['mail'], b['mail'] = b.get('mail', []), a.get('mail', [])
            self.entries[one], self.entries[other] = a, b

    def remove(self):
        dn = self.pick(self.random.choice(['user', 'user', 'group']))
        if dn:
            del self.entries[dn]

    def again(self):
        """An entry goes, and comes back under its name with another key."""
        dn = self.pick('user')
        if dn:
            self.number += 1
            self.entries[dn] = dict(self.entries[dn], entryUUID=['k-%d' % self.number])

    def control(self):
        """Now and then a control file: that is for a full pass, and what comes after it is not."""
        r = self.random
        what = r.choice(['domain', 'address', 'mailbox', 'sendas', 'internal', 'public'])
        if what == 'domain':
            write('control/domains/two.test', r.choice(['', 'addusers: yes\n', 'addgroups: yes\n', 'addusers: yes\naddgroups: yes\n']))
        elif what == 'address':
            write('control/addresses/%s' % r.choice(['info@one.test', 'info', 'staff@two.test']), 'to: %s\n' % r.choice(['user1', 'user2@one.test', 'ann@one.test', 'group:group7']))
        elif what == 'mailbox':
            write('control/mailboxes/user%d@one.test' % r.randint(1, 9), r.choice(['submit: no\n', 'quota: 5M\n', 'forward: ann@one.test\nkeep: yes\n']))
        elif what == 'sendas':
            write('control/sendas', 'user%d one.test\nann *\n' % r.randint(1, 9))
        elif what == 'internal':
            write('control/internal', r.choice(['', 'ann@one.test\n', 'staff\ninfo@one.test\n']))
        else:
            write('control/mailboxes/info', r.choice(['', 'receive: no\n']))

    def step(self):
        before = dict(self.entries)
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            self.random.choice([self.change_user] * 10 + [self.change_group] * 4 + [self.add_user] * 2 + [self.add_group, self.rename, self.swap, self.remove, self.again])()
        if self.random.randint(0, 5):
            self.publish_batch(before)
        else:
            self.write_whole()
        if not self.random.randint(0, 14):
            self.control()


def fresh_control():
    for folder in ('control', 'state/directory', 'state/tables', 'tables', 'directory'):  # they stay: a service may see into these, and no other ones
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = folder + '/' + name
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    for folder in ('control/profiles', 'control/domains', 'control/addresses', 'control/mailboxes', 'state/directory', 'state/tables', 'tables', 'directory'):
        os.makedirs(folder, exist_ok=True)
    for name, value in (('me', 'mail.one.test'), ('ldapprofile', 'files\nmore'), ('maxvanish', '100'), ('scramiterations', '4096'), ('keepgenerations', '3'), ('keepgenerationdays', '0'), ('keepgenerationhours', '0')):
        write('control/' + name, value + '\n')
    write('control/profiles/more', 'send-as: sendAlias\ninternal: mailInside=yes\ngroup-internal: mailInside=yes\ncertificate: userCertificate\nprimary-group: inGroup\ngroup-id: cn\n')
    write('control/domains/one.test', 'addgroups: yes\n')
    write('control/domains/two.test', random.choice(['', 'addusers: yes\n', 'addusers: yes\naddgroups: yes\n']))
    write('control/domains/relayed.test', 'relay: 192.0.2.1\nrecipients: listed\n')
    write('directory/staff.ldif', 'dn: cn=root,dc=y\nentryUUID: y-1\nuid: root\nmail: root@one.test\nmailAlternateAddress: info@one.test\n\n')


def events():
    return read('log').decode('utf-8', 'replace').splitlines()


def differences(one, other):
    if isinstance(other, str):
        return other
    one, other = set(one), set(other)
    return 'incremental: %s; full: %s' % (sorted(one - other)[:4], sorted(other - one)[:4])


def orphans(home):
    """The keys that state/tables/gone has."""
    path = home + '/state/tables/gone'
    return sorted(line.split()[0] for line in read(path).decode().splitlines()) if os.path.exists(path) else []


def nobodys(home):
    """Those that have a uid and no mailbox."""
    somebodys = {key.decode().split(':', 1)[1] for table, key, _ in dump(home) if table == 'policy' and key.startswith(b'mailbox:')}
    return sorted(line.split()[0] for line in read(home + '/state/tables/uids').decode().splitlines() if line.split()[0] not in somebodys) if os.path.exists(home + '/state/tables/uids') else []


print('# seed %d' % SEED)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
fresh_control()
write('log')
start('tables-publish', listen('tables-publish'), 'log')
steps = 0
for number in range(SCRIPTS):
    random.seed('%d %d' % (SEED, number))
    fresh_control()
    directory = Directory(random)
    wrong = None
    for turn in range(STEPS):
        if turn:
            directory.step()
        steps += turn > 0
        answer = call('tables-publish', [('what', 'publish')])[0]
        expected = full_pass()
        seen = dump('.')
        if answer == [('answer', 'done'), ('code', '0')] and orphans('.') != nobodys('.'):
            wrong = (turn, 'state/tables/gone', orphans('.'), nobodys('.'))
            break
        if answer != [('answer', 'done'), ('code', '0')] or seen != expected:
            wrong = (turn, answer, differences(seen, expected))
            break
    ok(wrong is None, 'script %d: after each step the tables are those of a full pass' % number, wrong)
    uids = [line.split()[1] for line in read('state/tables/uids').decode().splitlines()]
    if len(set(uids)) != len(uids):
        ok(False, '... and no uid is there twice', uids)
because = {}
for line in events():
    if ' anew because=' in line:
        because[line.split('because=')[1]] = because.get(line.split('because=')[1], 0) + 1
print('# %d steps; anew because: %s' % (steps, because))
anew = sum(count for why, count in because.items() if 'the directory was written anew' not in why and 'somebody else' not in why)
ok(anew < steps * 4 / 10, 'of %d steps most were taken into the build that is in memory, and %d were for a full pass' % (steps, anew), because)
ok(not [line for line in events() if 'has ended' in line or 'does not fit' in line or 'mismatch' in line], 'nothing in memory was wrong', [line for line in events() if 'has ended' in line or 'does not fit' in line][:5])
done_testing()
