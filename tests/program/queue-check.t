#!/usr/bin/python3
"""queue-check: every deviation from doc/queue.md is named; what the tables allow is not; --mend throws no mail away."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *


def check(*arguments):
    r = subprocess.run([program('queue-check'), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout


def id(i):
    return '0123456789ab%04d' % i


def good(i, **more):
    return envelope(id(i), 'a@x.test', ['b@y.test'], **more) + b'message'


equal(check(), (0, '0 messages, 0 deviations\n'), 'an empty queue')
for i, state in enumerate((b'R', b'D', b'f', b'F', b'H')):
    os.makedirs('queue/cur/%02d' % i)
    write('queue/cur/%02d/%s' % (i, id(i)), good(i, state=state, attempts=1))
write('queue/new/' + id(10), good(10, facts=('size=7',)))
write('queue/new/' + id(11), good(11, attempts=1))
write('queue/log/' + id(0), 'x')
write('queue/lock')
equal(check(), (0, '7 messages, 0 deviations\n'), 'all states that the tables name')

deviations = {
    'queue/new/' + id(20): (b'', 'left over'),
    'queue/new/' + id(21): (b'\0' * 8192, 'left over'),
    'queue/new/' + id(22): (good(22, facts=('size=8',)), 'left over'),
    'queue/log/' + id(23): (b'x', 'left over'),
    'queue/new/' + id(24): (b'nonsense', 'wrong'),
    'queue/new/' + id(25): (good(26), 'wrong'),
    'queue/new/README': (b'', 'wrong'),
    'queue/cur/00/' + id(27): (good(27), 'wrong'),
    'queue/cur/00/' + id(1000): (good(1000, facts=('size=8',)), 'wrong'),
    'queue/cur/00/' + id(1100): (good(1100).replace(b'\nR ', b'\nX '), 'wrong'),
    'queue/cur/stray': (b'', 'wrong'),
    'queue/cur/' + id(28): (good(28), 'wrong'),
    'queue/notes': (b'', 'wrong'),
    'queue/cur/01/' + id(1): (None, 'wrong'),
}
for path, (content, _) in deviations.items():
    if content is not None:
        write(path, content)
write('queue/new/' + id(1), good(1))
code, out = check()
equal(code, 1, 'with deviations')
for path, (content, kind) in deviations.items():
    ok('%s: %s: ' % (kind, path) in out, '%s: %s' % (kind, path), out)
equal(out.count('wrong: '), 10, 'and nothing else is called wrong')
os.symlink('/etc/passwd', 'queue/new/' + id(30))
ok(check()[0] == 1, 'a symbolic link is not followed')
whole = read('queue/cur/01/' + id(1))
code, out = check('--mend')
equal(code, 0, '--mend')
equal(check()[0], 0, '... then all is as it should be')
ok(not os.path.exists('queue/new/' + id(20)) and not os.path.exists('queue/log/' + id(23)), 'what was left over is removed')
equal(sorted(os.listdir('queue/broken')), sorted([id(24), id(25), 'README', id(1000), id(1100), 'stray', 'notes', id(1), id(30)]), 'what was wrong is put aside')
equal(read('queue/broken/' + id(1)), whole, '... whole')
ok(all(read('queue/new/' + id(i)) == good(i) for i in (27, 28)), 'whole messages in the wrong folder go where send-schedule finds them')
ok(os.path.exists('queue/new/' + id(1)) and os.path.exists('queue/new/' + id(10)), 'the rest stays')
paths = ['queue/cur/01', 'queue/cur/02/' + id(2), 'queue/new/' + id(10), 'queue/log/' + id(0)]
for path in paths:
    os.chown(path, 4321, 4321)
code, out = check()
ok(code == 1 and all('wrong: %s: send-schedule has no access' % path in out for path in paths) and out.count('wrong: ') == 4, 'as after a copy by another hand: send-schedule could not open it', out)
os.chown('queue/cur/01', 0, 0)
os.chown('queue/new', 1234, 4321)  # queue-add's files are send-schedule's by their group
os.chmod('queue/new/' + id(10), 0o660)
ok('wrong: queue/new/' + id(10) not in check()[1], 'the group is enough for a message')
os.chmod('queue/new/' + id(10), 0o640)
ok('wrong: queue/new/' + id(10) in check()[1], '... if it may write')
os.chown('queue/new', 0, 0)
code, out = check('--mend')
ok(code == 0 and out.count('given back to send-schedule') == 3 and check()[0] == 0, '--mend gives it back', out)
equal([(os.stat(path).st_uid, os.stat(path).st_mode & 0o777) for path in paths[1:]], [(0, 0o660), (0, 0o660), (0, 0o600)], '... with the modes of doc/uids.md')
write('secret')
os.chown('secret', 1234, 4321)
os.chmod('secret', 0o600)
os.link('secret', 'queue/new/' + id(99))
code, out = check('--mend')
ok('it has another name, too' in out and (os.stat('secret').st_uid, os.stat('secret').st_mode & 0o777) == (1234, 0o600), '... but of a file that is linked there from elsewhere neither owner nor mode is changed', out)
equal(check('x')[0], 100, 'bad use')
done_testing()
