#!/usr/bin/python3
"""tables-publish: a directory that was written anew is not taken for the one in memory, also where the new file has got the number of the old one's
inode, is longer, and ends with what looks like changes."""
import sys; sys.path.insert(0, 'tests')
from tap import *

FILE = 'state/directory/ldap.ldif'
for folder in ('directory', 'state/tables', 'state/directory', 'control/domains'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
write('control/ldapprofile', 'files\n')
write('control/maxvanish', '100\n')
write('control/me', 'mail.example.test\n')


def entry(name):
    return 'dn: cn=%s\nentryUUID: k-%s\nuid: %s\nmail: %s@example.test\n\n' % ((name,) * 4)


def directory(names, changes=''):
    return 'version: 1\n\n' + ''.join(map(entry, names)) + changes


def is_there(name):
    return subprocess.run([program('whatif'), 'x@far.example', name + '@example.test'], env=ENV, capture_output=True, timeout=300).returncode == 0


def publish():
    return dict(call('tables-publish', [('what', 'publish')])[0] or [])


write('log')
start('tables-publish', listen('tables-publish'), 'log')
number = 0
for turn in range(6):
    write('first', directory(['ann%d' % turn, 'bob%d' % turn]))
    os.rename('first', FILE)
    equal(publish(), {'answer': 'done', 'code': '0'}, 'a directory is published')
    inode = os.stat(FILE).st_ino
    write('between', directory(['nobody']))
    os.rename('between', FILE)  # the first file is gone, and its inode free
    for i in range(50):
        write('last%d' % i, directory(['cat%d' % turn, 'dan%d' % turn, 'eve%d' % turn], '# changes\n%s# end of changes\n' % entry('fay%d' % turn)))
        if os.stat('last%d' % i).st_ino == inode:
            break
    number += os.stat('last%d' % i).st_ino == inode
    os.rename('last%d' % i, FILE)
    equal(publish(), {'answer': 'done', 'code': '0'}, 'another one, written in its place, is published')
    ok(is_there('cat%d' % turn) and is_there('fay%d' % turn), '... all of it', read('log'))
    ok(not is_there('ann%d' % turn), '... and nothing of the first one')
print('# the inode was given again in %d of 6 turns' % number)
done_testing()
