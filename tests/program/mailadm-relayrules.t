#!/usr/bin/python3
"""mailadm add|set|enable|disable|delete relayrule, list relayrules (N-87): a rule is a file that is understood before it is written; type and
subject stay; the password is read from fd 0, kept where none is given, and never shown (T4, N-80, T3, W-17, N-88)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from auth import *
import json, stat

os.symlink(program('tables-build'), 'bin/tables-build')
write('control/me', 'mx.example.test\n')
os.makedirs('control/relayrules')
os.chmod('control/relayrules', 0o750)
person('ann', hashed('anns'))
build()
SECRET = 'correct horse: #battery'


def adm(*words, password=None):
    return run(program('mailadm'), *words, **(dict(input=password + '\n') if password is not None else dict(stdin=subprocess.DEVNULL)))


def rule(name):
    path = 'control/relayrules/' + name
    return read(path).decode() if os.path.exists(path) else None


def listed(name):
    rows = [json.loads(line) for line in adm('list', 'relayrules', '--json').stdout.splitlines()]
    return {row.pop('name'): row for row in rows}.get(name)


def route(to='x@far.example', sender='ann@example.test'):
    said = run(program('whatif'), sender, to, '--login', 'ann').stdout
    return next((word for word in said.split() if 'relayrules/' in word), None)


def refused(done, words, name, before, what):
    ok(done.returncode == 100 and words in done.stderr and rule(name) == before, what, (done.returncode, done.stderr, rule(name)))


done = adm('list', 'relayrules')
equal((done.returncode, done.stdout), (0, ''), 'no rule: none is listed')

# add
done = adm('add', 'relayrule', 'all', 'host=relay.example', 'port=587', 'login=us', password=SECRET)
equal((done.returncode, rule('all')), (0, 'host: relay.example\nport: 587\nlogin: us\npassword: %s\n' % SECRET), 'N-87: add writes the file, with the password of fd 0')
equal(stat.S_IMODE(os.stat('control/relayrules/all').st_mode), 0o640, '... not for all to read')
st, folder = os.stat('control/relayrules/all'), os.stat('control/relayrules')
equal((st.st_uid, st.st_gid), (folder.st_uid, folder.st_gid), '... for the group of the folder')
ok('control/relayrules/all' in (route() or ''), 'N-88: it is in the tables at once', route())
seen = adm('list', 'relayrules')
equal(seen.stdout, 'all host=relay.example port=587 login=us has_password=yes\n', 'list says that it has a password')
equal(listed('all'), {'host': 'relay.example', 'port': '587', 'login': 'us', 'has_password': True}, '... as JSON')
ok('horse' not in seen.stdout + adm('list', 'relayrules', '--json').stdout, '... and never which')
before = rule('all')
refused(adm('add', 'relayrule', 'all', 'host=b.example'), 'already', 'all', before, 'one that is there is not written over')
refused(adm('add', 'relayrule', 'again', 'host=b.example'), 'is the default rule already', 'again', None, 'N-80: only one default rule')
equal(adm('add', 'relayrule', 'sales', 'type=sender', 'subject=Sales@example.test', 'host=s.example', 'tls=fingerprint', 'fingerprint=' + 'ab' * 32, 'fingerprint=' + 'cd' * 32).returncode, 0,
      'one for a sender, with two fingerprints')
equal(listed('sales')['fingerprint'], ['ab' * 32, 'cd' * 32], '... both are there')
equal(adm('add', 'relayrule', 'sales2', 'type=recipient', 'subject=sales@example.test', 'host=s.example').returncode, 0, 'T3: the same subject as a recipient is another rule')
refused(adm('add', 'relayrule', 'sales3', 'type=sender', 'subject=sales@EXAMPLE.test', 'host=t.example'), 'is the sender rule of sales@example.test already', 'sales3', None, '... as a sender it is taken')
for words, sentence, what in (
        (('host=a b:0',), 'host', 'a host that is none'), (('type=sender', 'host=a.example'), 'needs a subject', 'a sender rule without a subject'),
        (('type=sender', 'subject=x@y.test', 'host=a.example', 'tls=maybe'), 'tls is', 'a TLS that is none'), (('type=sender', 'subject=x@y.test'), 'host', 'no host'),
        (('type=sender', 'subject=x@y.test', 'host=a.example', 'port=70000'), 'port is a number', 'a port that is none'), (('hosts=a.example',), 'KEY=VALUE', 'a key that is none'),
        (('type=sender', 'subject=x@y.test', 'host=a.example', 'login=me', 'tls=may'), 'in the clear', 'a password that would go in the clear'), (('host',), 'KEY=VALUE', 'no value'),
        (('type=sender', 'subject=x@y.test', 'host=a.example\nlogin: x'), 'control character', 'a value that makes a line'),
        (('type=sender', 'subject=x@y.test', 'host=a.example', 'password=secret'), 'read from fd 0', 'W-17: a password on the command line')):
    done = adm('add', 'relayrule', 'bad', *words, password=SECRET)
    refused(done, sentence, 'bad', None, 'refused, nothing is written: ' + what)
    ok('horse' not in done.stderr + done.stdout, '... and the password is not said')
refused(adm('add', 'relayrule', 'bad', 'type=sender', 'subject=x@y.test', 'host=a.example', 'login=me', password=''), 'go together', 'bad', None, 'a login without a password')
refused(adm('add', 'relayrule', 'bad', 'type=sender', 'subject=x@y.test', 'host=a.example', 'login=me', password=' x'), 'white space', 'bad', None, 'a password that the file could not hold')
for name in ('../x', '.x', 'a/b', '', 'x' * 65, 'a b'):
    done = adm('add', 'relayrule', name, 'type=sender', 'subject=z@y.test', 'host=a.example')
    ok(done.returncode == 100 and 'name' in done.stderr, 'no name of a rule: %r' % name[:10], done)
equal(sorted(os.listdir('control/relayrules')), ['all', 'sales', 'sales2'], 'nothing else is left there')

# set: an empty password keeps the stored one
write('control/relayrules/all', '# by hand\n' + before + '\n# the end\n')
os.chmod('control/relayrules/all', 0o640)
equal(adm('set', 'relayrule', 'all', 'host=other.example', 'port=').returncode, 0, 'N-87: set changes what it names, and takes away what is empty')
equal(rule('all'), '# by hand\nhost: other.example\nlogin: us\npassword: %s\n\n# the end\n' % SECRET, '... every other line is as it was, the password too')
equal((adm('set', 'relayrule', 'all', '--password', password='').returncode, 'password: %s\n' % SECRET in rule('all')), (0, True), 'N-87: --password, and an empty one: the stored one is kept')
equal((adm('set', 'relayrule', 'all', 'login=them', '--password', password='another').returncode, rule('all')),
      (0, '# by hand\nhost: other.example\nlogin: them\npassword: another\n\n# the end\n'), '... another one takes its place')
before = rule('all')
for words, sentence, what in ((('type=bcc',), 'stays', 'the type'), (('subject=a@b.test',), 'stays', 'the subject'), (('tls=off',), 'in the clear', 'what does not go with the password'),
                              (('password=x',), 'fd 0', 'W-17: a password on the command line'), ((), 'say what', 'nothing')):
    refused(adm('set', 'relayrule', 'all', *words), sentence, 'all', before, 'N-87: set refuses: ' + what)
equal(adm('set', 'relayrule', 'all', 'type=default', 'subject=*', 'host=third.example').returncode, 0, '... as they are they may be said')
equal(adm('set', 'relayrule', 'sales', 'subject=SALES@example.test').returncode, 0, '... in any case')
refused(adm('set', 'relayrule', 'nobody', 'host=a.example'), 'there is no relay rule', 'nobody', None, 'a rule that is not there')
equal((adm('set', 'relayrule', 'all', 'login=', 'subject=').returncode, listed('all')), (0, {'type': 'default', 'host': 'third.example', 'has_password': False}), 'without its login its password goes, too')
equal(adm('set', 'relayrule', 'all', 'login=us', '--password', password=SECRET).returncode, 0, '... and comes back with one')

# one that the operator wrote, under a name that add would not take
write('control/relayrules/ann@example.test', 'type: sender\nsubject: ann@example.test\nhost: h.example\n')
os.chmod('control/relayrules/ann@example.test', 0o640)
equal((listed('ann@example.test'), bool(listed('all'))), ({'type': 'sender', 'subject': 'ann@example.test', 'host': 'h.example', 'has_password': False}, True), 'a rule of any name is listed, and hides no other one')
equal((adm('set', 'relayrule', 'ann@example.test', 'host=i.example').returncode, listed('ann@example.test')['host']), (0, 'i.example'), '... changed')
equal((adm('disable', 'relayrule', 'ann@example.test').returncode, adm('delete', 'relayrule', 'ann@example.test').returncode, rule('ann@example.test')), (0, 0, None), '... disabled, and deleted')
for name in ('../me', '.all', 'all/', ''):
    done = adm('delete', 'relayrule', name)
    ok(done.returncode == 100 and 'name' in done.stderr and rule('all') and os.path.exists('control/me'), 'no name of one: %r' % name, done)

# disable, enable, delete
equal((adm('disable', 'relayrule', 'all').returncode, listed('all')['enabled'], listed('all')['has_password'], route()), (0, 'no', True, None), 'N-87: disable: mail goes another way, the rule is kept')
equal(adm('add', 'relayrule', 'all2', 'host=b.example').returncode, 0, '... and another default rule may be there')
before = rule('all')
refused(adm('enable', 'relayrule', 'all'), 'is the default rule already', 'all', before, '... beside which it cannot be enabled')
equal((adm('delete', 'relayrule', 'all2').returncode, rule('all2')), (0, None), 'N-87: delete')
equal((adm('enable', 'relayrule', 'all').returncode, 'control/relayrules/all' in (route() or '')), (0, True), 'enable: it holds again')
refused(adm('delete', 'relayrule', 'all2'), 'there is no relay rule', 'all2', None, 'what is not there is not deleted')
equal(adm('list', 'relayrules', '--password', password='').returncode, 100, '--password is for set alone')
equal([f for f in os.listdir('control/relayrules') if f.startswith('.')], [], 'nothing half-written is left')
done_testing()
