#!/usr/bin/python3
"""A generation of changes, published while each of its lasting calls is cut: tables/current is one whole table, that of before or the
new one, for who asks and who walks; its base is there; and the next run finishes what was begun."""
import sys; sys.path.insert(0, 'tests')
from tap import *

SHIM = ROOT + '/build/tests/crash/cut.so'
PUBLISH = ROOT + '/build/tests/flow/publish-changes'  # what tables-publish does, without what it does it for

for folder in ('directory', 'state/tables', 'state/directory', 'control/domains'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')


def build(names, forward=''):
    write('directory/people.ldif', ''.join('dn: cn=%s\nentryUUID: k-%s\nuid: %s\nmail: %s@example.test\nuserPassword: {CRYPT}$6$%s$%s\n\n' % (n, n, n, n, forward, n)
                                           for n in names))
    subprocess.run([program('tables-build'), '-f'], env=ENV, check=True, capture_output=True, timeout=300)
    return os.readlink('tables/current')


def publish(base, whole, keep=4, **more):
    return subprocess.run([PUBLISH, base, whole, str(keep)], env=dict(ENV, **more), capture_output=True, text=True, timeout=300)


def is_same(one, other):
    """Every record of all four files, there and back; 1: something differs; 111: one of them is no table."""
    return subprocess.run([program('tables-diff'), one, other], env=ENV, capture_output=True, timeout=300).returncode == 0


def kept():
    return sorted(name for name in os.listdir('tables') if not name.startswith('.') and name != 'current')


base = build(['ann', 'bob', 'cat'])
one = build(['ann', 'bob', 'dan'], 'one')
two = build(['ann', 'eve'], 'two')


def make(what, before, after, keep):
    """From the changes that make BEFORE of the base to those that make AFTER."""
    cuts = 0
    for cut in range(1, 80):
        for name in kept():
            if name not in (base, one, two):
                shutil.rmtree('tables/' + name)
        os.unlink('tables/current')
        os.symlink(base, 'tables/current')
        publish(base, before, 100)
        seen = publish(base, after, keep, LD_PRELOAD=SHIM, CUT=str(cut))
        if seen.returncode != 99:
            break
        cuts += 1
        ok(base in kept() and (is_same('current', before) or is_same('current', after)), '%s, cut before lasting call %d: the current tables are whole' % (what, cut),
           (kept(), os.readlink('tables/current')))
        again = publish(base, after, 100)
        ok(again.returncode == 0 and is_same('current', after) and not [name for name in kept() if name.startswith('build.')], '... and the next run finishes, nothing is left over',
           (again, kept()))
    equal((seen.returncode, is_same('current', after)), (0, True), '%s: then it lives' % what)
    ok(cuts >= 12, '... after so many calls that could be cut: %d' % cuts)


make('other changes', one, two, 100)
make('back to what is no longer changed', two, base, 100)

# Pruned, too: the base and what is current stay, whatever else goes.
cuts = 0
for cut in range(1, 80):
    base = build(['ann', 'bob', 'cat'], 'base%d' % cut)
    one = build(['ann', 'bob', 'dan'], 'one')
    os.unlink('tables/current')
    os.symlink(base, 'tables/current')
    shutil.copytree('tables/' + one, 'aside', dirs_exist_ok=True)
    seen = publish(base, one, 1, LD_PRELOAD=SHIM, CUT=str(cut))
    if seen.returncode != 99:
        break
    cuts += 1
    names = kept()
    shutil.rmtree('tables/' + one, ignore_errors=True)
    shutil.copytree('aside', 'tables/' + one)
    ok(base in names and (is_same('current', base) or is_same('current', one)), 'pruned, cut before lasting call %d: the current tables have their base' % cut, (names, os.readlink('tables/current')))
    shutil.rmtree('aside')
equal((seen.returncode, kept()), (0, sorted([base, os.readlink('tables/current')])), 'pruned: then it lives, with its base alone')
ok(cuts >= 20, '... after so many calls that could be cut: %d' % cuts)
done_testing()
