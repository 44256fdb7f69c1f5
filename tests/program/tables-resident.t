#!/usr/bin/python3
"""tables-publish, what becomes of the build that it has in memory: it is inherited when somebody else has made tables, when it has grown, and after a start; a full pass that
comes to something else than what is published says mismatch, and is published. Held tables, the guard and control/expect are as with tables-build."""
import resource, sys; sys.path.insert(0, 'tests')
from tap import *

FILE = 'state/directory/ldap.ldif'
USERS = 2600

for folder in ('directory', 'state/tables', 'state/directory', 'control/domains'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
os.mkdir('control/profiles')
write('control/profiles/timed', 'no-submit: shadowExpire<days\n')  # nobody has one that is to come: what differs is no question of time
write('control/ldapprofile', 'files\ntimed\n')
write('control/me', 'mail.example.test\n')


def entry(number, more=''):
    return 'dn: uid=user%d\nentryUUID: k-%d\nuid: user%d\nmail: user%d@example.test\n%s\n' % (number, number, number, number, more)


def deletion(number):
    return 'dn: uid=user%d\nchangetype: delete\n\n' % number


def append(*records):
    with open(FILE, 'a') as f:
        f.write('# changes\n%s# end of changes\n' % ''.join(records))


def publish():
    return dict(call('tables-publish', [('what', 'publish')])[0])['code']


def log():
    return read('log').decode('utf-8', 'replace')


def build(*arguments):
    return subprocess.run([program('tables-build'), *arguments], env=ENV, capture_output=True, text=True, timeout=120)


def read_cdb(path):
    bytes, found, at = read(path), {}, 2048
    end_at = min(struct.unpack_from('<I', bytes, i * 8)[0] for i in range(256))
    while at < end_at:
        key, value = struct.unpack_from('<II', bytes, at)
        found[bytes[at + 8:at + 8 + key]] = bytes[at + 8 + key:at + 8 + key + value]
        at += 8 + key + value
    return found


def current():
    return os.readlink('tables/current')


def records(table='policy'):
    found = read_cdb('tables/current/%s.cdb' % table)
    base = found.pop(b'table:base', None)
    if base:
        found = {k: v for k, v in {**read_cdb('tables/%s/%s.cdb' % (dict(parse(base))['id'], table)), **found}.items() if v}
    del found[b'table:generation']
    return found


def submit(number):
    return dict(parse(records()[b'mailbox:k-%d' % number]))['submit']


def is_full_pass():
    """Does a full pass, made now, come to the same? It is published by that, so somebody else has made the tables then."""
    seen = records(), records('auth')
    run = build('-f')
    return run.returncode == 0 and seen == (records(), records('auth'))


def begin():
    process = start('tables-publish', listen('tables-publish'), 'log')
    return process


def inherited(before):
    return wait_for(lambda: log().count('inherited') > before)


write(FILE, 'version: 1\n\n' + ''.join(entry(n) for n in range(USERS)))
write('log')
process = begin()
equal(publish(), '0', 'the first request: a full pass')
append(entry(1, 'mailSubmit: no\n'))
equal((publish(), submit(1), 'anew' in log()), ('0', 'no', False), 'a change is taken in')
with open(FILE, 'a') as f:
    f.write('# changes\n' + entry(2, 'mailSubmit: no\n'))
equal((publish(), submit(2)), ('0', 'yes'), 'a batch that is cut off does not count yet')
with open(FILE, 'a') as f:
    f.write('# end of changes\n')
publish()

write(FILE + '.new', 'version: 1\n\n' + ''.join(entry(n) for n in range(USERS)))
os.rename(FILE + '.new', FILE)
equal(publish(), '0', 'the file is written anew: so is the build')
count = log().count('inherited')
write('control/domains/two.test', 'addusers: yes\n')
equal(build().returncode, 0, 'somebody else makes tables')
ok(inherited(count), '... an heir reads everything, and takes its place')
write('log')
append(entry(3, 'mailSubmit: no\n'))
equal((publish(), submit(3), b'address:user3@two.test' in records(), 'anew' in log()), ('0', 'no', True, False), '... so the next change needs no full pass')
ok(is_full_pass(), '... and comes to what a full pass comes to')

ok(inherited(0), 'another heir')
write('log')
append(entry(3, 'mailSubmit: yes\n'))
publish()
base = dict(parse(read_cdb('tables/current/policy.cdb').get(b'table:base', b'id=' + current().encode() + b'\0')))['id']
wrong = read_cdb('tables/%s/policy.cdb' % base)
wrong[b'mailbox:k-5'] = wrong[b'mailbox:k-5'].replace(b'submit=yes', b'submit=no')
write_cdb('tables/%s/policy.cdb' % base, list(wrong.items()))
append(*[entry(n, 'mailImap: no\n') for n in range(10, 1060)])
equal((publish(), submit(5)), ('0', 'no'), 'somebody has changed the tables, and nobody sees it')
ok(wait_for(lambda: 'mismatch' in log()), 'the build has grown: an heir compares, and says mismatch')
ok(wait_for(lambda: submit(5) == 'yes' and b'table:base' not in read_cdb('tables/current/policy.cdb')), '... what a full pass says is published at once')
ok(wait_for(lambda: 'inherited' in log()), '... and the heir goes on')
append(entry(5, 'mailSubmit: no\n'))
equal((publish(), submit(5)), ('0', 'no'), '... with the next change')
ok(is_full_pass(), '... as a full pass')

ok(inherited(1), 'another heir')
write('log')
append(entry(6, 'mailSubmit: no\n'))
publish()
kept = current()
equal(build('--back').returncode, 0, 'somebody goes back')
held = current()
append(entry(7, 'mailSubmit: no\n'))
equal((publish(), current(), 'reason=held' in log()), ('1', held, True), '... the tables are held')
equal(build('--release').returncode, 0, '... and released')
equal((submit(7), publish()), ('no', '0'), '... with all that had come')

write('log')
append(*[deletion(n) for n in range(20, 520)])
kept = current()
equal((publish(), current(), 'reason=maxvanish' in log()), ('1', kept, True), 'many who vanish: refused, the tables stay')
append(entry(8, 'mailSubmit: no\n'))
equal((publish(), current()), ('1', kept), '... the next change tries again')
write('control/maxvanish', '100\n')
equal((publish(), submit(8), b'mailbox:k-21' in records()), ('0', 'no', False), '... until they may')

write('control/expect', 'from user9@example.test to user8@example.test login user9@example.test -> 250\n')
equal(publish(), '0', 'control/expect holds')
write('log')
append(entry(9, 'mailSubmit: no\n'))
kept = current()
equal((publish(), current(), 'reason=expect' in log()), ('1', kept, True), 'a change that breaks it is refused')
append(entry(9))
equal(publish(), '0', '... until it is taken back')
os.unlink('control/expect')

def below(pid):
    found = [int(child) for child in read('/proc/%d/task/%d/children' % (pid, pid)).split()]
    return found + [more for child in found for more in below(child)]


publish()
for pid in [process.pid] + below(process.pid):
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (100000, resource.RLIM_INFINITY))
kept = log().count('inherited')
append(entry(10, 'mailSubmit: no\n'))
equal((publish(), submit(10)), ('0', 'no'), 'there is room for changes, and none for a whole generation')
os.makedirs('tables/aside.1abc')
write('control/domains/three.test')
equal(build().returncode, 0, '... somebody makes tables')
ok(wait_for(lambda: not [name for name in os.listdir('tables') if name.startswith('aside.')]), '... the heir that has no room leaves nothing in the way', os.listdir('tables'))
time.sleep(3)
ok(not [name for name in os.listdir('tables') if name.startswith('aside.')] and log().count('inherited') == kept, '... and does not inherit')
process.terminate()
process.wait()
process = begin()


def day(seconds):
    return time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() + seconds))


os.makedirs('control/profiles', exist_ok=True)
write('control/profiles/times', 'no-submit: mailUntil<date\n')
write('control/ldapprofile', 'files\ntimes\n')
equal((publish(), submit(11)), ('0', 'yes'), 'a profile with conditions on a time')
append(entry(11, 'mailUntil: %s\n' % day(8)), entry(12, 'mailUntil: %s\n' % day(86400)))
publish()
append(entry(13, 'mailSubmit: no\n'))
equal((publish(), submit(13)), ('0', 'no'), '... a change, and then nothing changes any more')
ok(wait_for(lambda: submit(11) == 'no'), 'when his time has come he is refused, without any change and any request')
equal(submit(12), 'yes', '... and who has time left is not')
ok(wait_for(lambda: 'inherited' in log()), 'an heir has seen it')
ok(is_full_pass(), '... as a full pass does')

append(entry(14, 'mailUntil: %s\n' % day(4)))
publish()
process.terminate()
process.wait()
wait_for(lambda: day(0) > dict(line.split(': ', 1) for line in read(FILE).decode().rsplit('dn: ', 1)[1].split('\n') if ': ' in line)['mailUntil'])
write('log')
process = begin()
ok(wait_for(lambda: submit(14) == 'no'), 'his time comes while nobody is there to see it: after the start he is refused')

process.terminate()
process.wait()
write('log')
begin()
ok(inherited(0), 'after a start the build is there before somebody asks')
kept = current()
before = os.listdir('tables')
equal((publish(), 'anew' in log()), ('0', False), '... and answers the first request')
ok(is_full_pass() and not [name for name in os.listdir('tables') if name.startswith(('aside.', 'build.'))], '... nothing is left over', os.listdir('tables'))
done_testing()
