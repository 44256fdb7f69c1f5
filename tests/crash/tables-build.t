#!/usr/bin/python3
"""tables-build, cut before each of its lasting calls: whatever happens, tables/current is one whole generation, the old
one or the new one; no uid is lost or given twice; and the next run finishes what was begun."""
import sys; sys.path.insert(0, 'tests')
from tap import *

SHIM = ROOT + '/build/tests/crash/cut.so'

for folder in ('directory', 'state/tables', 'state/directory', 'control/domains'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
write('control/keepgenerations', '2\n')
write('control/keepgenerationhours', '0\n')


def people(names):
    write('directory/people.ldif', ''.join('dn: cn=%s\nentryUUID: k-%s\nuid: %s\nmail: %s@example.test\nuserPassword: {CRYPT}$6$x$%s\n\n' % ((n,) * 5)
                                           for n in names))


def build(**more):
    return subprocess.run([program('tables-build')], env=dict(ENV, **more), capture_output=True, text=True, timeout=300)


def names_of(table):
    """Whose mailboxes are in a table; None if it is not whole."""
    dump = subprocess.run(['cdb', '-d', 'tables/current/%s.cdb' % table], capture_output=True)
    keys = subprocess.run(['cdb', '-l', 'tables/current/%s.cdb' % table], capture_output=True)
    if dump.returncode or keys.returncode or b'table:generation' not in keys.stdout or not dump.stdout.endswith(b'\n\n'):
        return None
    return sorted(key.split(b'mailbox:k-')[1].decode() for key in keys.stdout.splitlines() if b'mailbox:k-' in key)


def uids():
    return {line.split()[0]: line.split()[1:] for line in read('state/tables/uids').decode().splitlines()} if os.path.exists('state/tables/uids') else {}


def is_legal(before, after):
    policy, auth = names_of('policy'), names_of('auth')
    return policy == auth and policy in (before, after)


for what, before, after in (('somebody comes', ['ann', 'bob'], ['ann', 'bob', 'cat']), ('somebody goes', ['ann', 'bob', 'cat'], ['ann', 'bob'])):
    cuts = 0
    for cut in range(1, 60):
        people(before)
        build()
        kept = uids()
        people(after)
        if what == 'somebody comes':  # a fresh key each time, so that state/tables/uids is written each time
            after = before + ['cat%d' % cut]
            people(after)
        seen = build(LD_PRELOAD=SHIM, CUT=str(cut))
        if seen.returncode != 99:
            break
        cuts += 1
        now = uids()
        ok(is_legal(before, after) and all(now.get(key) == value for key, value in kept.items()),
           '%s, cut before lasting call %d: the current tables are whole, every uid is kept' % (what, cut), (names_of('policy'), names_of('auth'), now))
        again = build()
        ok(again.returncode == 0 and names_of('policy') == after, '... and the next run finishes', again)
        now = [value[0] for value in uids().values()]
        ok(len(set(now)) == len(now) and not [name for name in os.listdir('tables') if name.startswith('build.')], '... no uid is there twice, nothing is left over', now)
    equal((seen.returncode, names_of('policy')), (0, after), '%s: then it lives' % what)
    ok(cuts >= 12, '... after so many calls that could be cut: %d' % cuts)
done_testing()
