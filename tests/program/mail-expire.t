#!/usr/bin/python3
"""mail-expire: spam that has lain in Junk for so many days goes, and nothing else (N-67, N-31, N-95; check 36)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from spawn import *
import re

DAY = 86400
NOW = int(time.time())
UIDS = {'ann': 45001, 'ben': 45002, 'cat': 45003, 'dan': 45004, 'eve': 45005}
METRICS = 'state/metrics/mail-expire/expire.prom'
SPAM = b'X-Spam: YES\nSubject: buy\n\nbuy\n'
count = 0


def box(user):
    return 'mail/example.test/' + user


def own(path, uid, mode=0o700):
    os.chown(path, uid, uid, follow_symlinks=False)
    if not os.path.islink(path):
        os.chmod(path, mode)


def folder(user, *names):
    for name in ('', '/new', '/cur', '/tmp', '/.Junk', '/.Junk/new', '/.Junk/cur', '/.Junk/tmp', *names):
        if not os.path.isdir(box(user) + name):
            os.makedirs(box(user) + name)
        own(box(user) + name, UIDS[user])


def put(user, content, days, where='.Junk/cur', mtime=None, name=None):
    """A message that came so many days ago; its name in the folder."""
    global count
    count += 1
    name = name or '%d.M%d.host,S=%d%s' % (NOW - days * DAY, count, len(content), ':2,S' if where.endswith('cur') else '')
    path = '%s/%s/%s' % (box(user), where, name)
    write(path, content)
    own(path, UIDS[user], 0o600)
    when = NOW - days * DAY if mtime is None else mtime
    os.utime(path, (when, when))
    return name


def left(user, where='.Junk/cur'):
    return set(os.listdir('%s/%s' % (box(user), where)))


def expire(*words):
    done = subprocess.run([program_for_all('mail-expire'), *words], env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


def once(*words):
    return expire('once', *words)[1].splitlines()


def metric(name):
    return int(re.search(r'^postroom_expire_%s (\d+)$' % name, read(METRICS).decode(), re.M)[1])


for user, uid in UIDS.items():
    account(user, uid)
os.makedirs('state/metrics/mail-expire')
os.chown('state/metrics/mail-expire', *pwd.getpwnam('mail-expire')[2:4])
os.makedirs('control/mailboxes')
os.makedirs('mail/example.test')
os.chmod('mail/example.test', 0o711)
build_tables()
spawn = start_spawn()

# Which messages are spam, and which are old
folder('ann')
KEPT = {'its header says no': b'X-Spam: NO\n\nx\n', 'its header says nothing': b'Subject: x\n\nx\n', 'only its body says so': b'Subject: x\n\nX-Spam: YES\n',
        'only a part in it says so': b'Content-Type: multipart/mixed; boundary=b\n\n--b\nX-Spam: YES\n\nx\n--b--\n', 'another word': b'X-Spam: YESSIR\n\nx\n',
        'two words': b'X-Spam: yes no\n\nx\n', 'another field': b'X-Spam-Flag: YES\nX-X-Spam: YES\n\nx\n', 'the first of two fields says no': b'X-Spam: no\nX-Spam: YES\n\nx\n',
        'behind the fold of another field': b'Subject: x\n X-Spam: YES\n\nx\n', 'an empty file': b'', 'no value': b'X-Spam:\n\nx\n'}
GONE = {'X-Spam: YES': SPAM, 'in lower case': b'x-spam: yes\n\nx\n', 'as the filter writes it': b'Received: x\nX-Spam: Yes\n\nx\n', 'folded': b'X-Spam:\n\tYES\n\nx\n',
        'CRLF, white space': b'Subject: x\r\nX-Spam : \t YES \r\n\r\nx\r\n', 'a header without a body': b'X-Spam: YES', 'the last of a long header': b'Received: by x\n' * 20000 + b'X-Spam: yes\n\nx\n'}
names = {what: put('ann', content, 16) for what, content in [*KEPT.items(), *GONE.items()]}
young = put('ann', SPAM, 14)
new = put('ann', SPAM, 16, '.Junk/new')
others = [put('ann', SPAM, 400, where) for where in ('cur', 'new')]
answer = once('--dry-run')
size = sum(map(len, GONE.values())) + len(SPAM)
equal(answer, ['ann@example.test %d %d' % (len(GONE) + 1, size), '%d messages, %d bytes, in 1 mailboxes; 0 failed' % (len(GONE) + 1, size)], 'N-67: --dry-run says what would go')
equal((left('ann') >= set(names.values()), left('ann', '.Junk/new'), os.path.exists(METRICS)), (True, {new}, False), '... and nothing goes')
code, said, log = expire('once')
equal((code, said.splitlines()), (0, answer), 'N-95: without a setting the limit is 15 days')
there = left('ann')
for what in KEPT:
    ok(names[what] in there, 'N-67: stays: ' + what)
for what in GONE:
    ok(names[what] not in there, 'N-67: goes: ' + what)
ok(young in there and not left('ann', '.Junk/new'), '... a young one stays, an old one goes from new too')
ok({others[0]} == left('ann', 'cur') and {others[1]} == left('ann', 'new'), 'N-67: what somebody has put into INBOX stays, whatever it says and however old it is')
equal((metric('messages_total'), metric('bytes_total'), metric('failed_mailboxes')), (len(GONE) + 1, size, 0), 'the metrics count it')
ok(abs(metric('finished_timestamp_seconds') - NOW) < 3600, '... and say when')
equal(once(), ['0 messages, 0 bytes, in 0 mailboxes; 0 failed'], 'once more: nothing is left to do')
equal(metric('messages_total'), len(GONE) + 1, '... the count stays')
equal([user for user in UIDS if os.path.exists(box(user))], ['ann'], 'a mailbox that has no mail yet is not made')

# When a message was saved: not what it says of itself
waited = put('ann', SPAM, 20, mtime=NOW - DAY)
copied = put('ann', SPAM, 3, mtime=NOW - 300 * DAY)
dated = put('ann', b'Date: Mon, 1 Jan 2001 00:00:00 +0000\n' + SPAM, 1)
forged = put('ann', b'Date: Fri, 1 Jan 2100 00:00:00 +0000\n' + SPAM, 30)
future = put('ann', SPAM, 30, mtime=NOW + 400 * DAY)
strange = put('ann', SPAM, 30, name='from-mh')
once()
there = left('ann')
ok(waited in there, 'N-67: a message that had waited in the queue is as old as its delivery')
ok(copied in there, '... one that was moved into Junk, whose INTERNALDATE is older, as the move')
ok(dated in there and forged not in there, '... its Date field says nothing')
ok(future not in there, '... nor a time in the future, which an APPEND may give')
ok(strange in there, '... a file with a name of another kind is as old as its last change')

# The settings
write('control/spamretention', '2\n')
once()
ok(waited in left('ann') and copied not in left('ann'), 'N-95: control/spamretention, read for each mailbox')
write('control/spamretention', '0\n')
old = put('ann', SPAM, 4000)
equal((once()[-1][:10], old in left('ann')), ('0 messages', True), 'N-95: 0: never')
folder('ben')
kept, gone = put('ben', SPAM, 29), put('ben', SPAM, 31)
write('control/mailboxes/ben@example.test', 'spamretention: 30\n')
build_tables()
once()
equal((left('ben'), old in left('ann')), ({kept}, True), 'N-31: a mailbox has its own number of days')
os.unlink('control/spamretention')
write('control/mailboxes/ben@example.test', 'spamretention: 0\n')
build_tables()
gone = put('ben', SPAM, 400)
once()
equal((gone in left('ben'), old in left('ann')), (True, False), 'N-31: ... 0: never there, elsewhere the default')
write('control/spamretention', 'soon\n')
code, said, log = expire('once')
ok(code == 100 and 'control/spamretention' in log, 'a setting that is no number of days: it does not begin', (code, log))
os.unlink('control/spamretention')

# The user as an attacker
folder('cat'), folder('dan')
victim = put('dan', SPAM, 14)
secret = put('dan', SPAM, 99, 'cur')
os.symlink('../../../dan/cur/' + secret, box('cat') + '/.Junk/cur/1.link')
os.link(box('dan') + '/cur/' + secret, box('cat') + '/.Junk/cur/1.hard')
os.mkfifo(box('cat') + '/.Junk/cur/1.pipe')
os.mkdir(box('cat') + '/.Junk/cur/1.folder')
theirs = socket.socket(socket.AF_UNIX)
theirs.bind(box('cat') + '/.Junk/cur/1.socket')
own(box('cat') + '/.Junk/cur/1.pipe', UIDS['cat'], 0o600)
endless = put('cat', b'x: ' + b'y' * 3000000 + b'\nX-Spam: YES\n\n', 99)
binary = put('cat', b'\0' * 100 + b'\nX-Spam: YES\n\n', 99, name='1.\nmail-expire: forged\xff'.encode('utf-8', 'surrogateescape').decode('utf-8', 'replace'))
mine = put('cat', SPAM, 99)
code, said, log = expire('once')
ok(mine not in left('cat') and {'1.link', '1.pipe', '1.folder', '1.socket', '1.hard'} <= left('cat'), 'check 36: a pipe, a folder, a socket, a link: not messages, not waited for', left('cat'))
ok(secret in left('dan', 'cur') and victim in left('dan'), '... nothing of another user is read or removed')
ok('forged' not in log, '... a name makes no line in the log', log)
shutil.rmtree(box('cat') + '/.Junk')
os.symlink('../dan', box('cat') + '/.Junk')
once()
ok(secret in left('dan', 'cur'), '... nor behind a Junk that is a link')
os.unlink(box('cat') + '/.Junk')
folder('cat', '/.Keep', '/.Keep/cur')
shutil.rmtree(box('cat') + '/.Junk')
keep = put('cat', SPAM, 99, '.Keep/cur')
os.symlink('.Keep', box('cat') + '/.Junk')
once()
equal(left('cat', '.Keep/cur'), {keep}, '... also if it leads to another folder of his own')
os.unlink(box('cat') + '/.Junk')
os.makedirs(box('cat') + '/.Junk')
os.symlink('../../dan/cur', box('cat') + '/.Junk/cur')
own(box('cat') + '/.Junk', UIDS['cat'])
gone = put('ann', SPAM, 16)
code, said, log = expire('once')
ok(secret in left('dan', 'cur') and 'mail-expire: failed mailbox=cat@example.test' in log, '... nor behind a cur that is one: it failed there, says the log', log)
ok(code == 111 and gone not in left('ann') and metric('failed_mailboxes') == 1, '... the others have had their turn', (code, said))
os.unlink(box('cat') + '/.Junk/cur')
os.chown(box('cat'), UIDS['dan'], UIDS['dan'])
ok('failed mailbox=cat@example.test error="the mailbox\'s folder belongs to somebody else"' in expire('once')[2], '... a folder of another owner is not entered')
shutil.rmtree(box('cat'))

# Who may ask
for user, may in (('mail-expire', True), ('mail-send', False), ('mail-auth', False), ('mail-lmtp', False)):
    answer = call_as(user, [('what', 'expire'), ('mailbox', 'key-ann'), ('dry', 'yes')])
    equal(dict(answer or [])['answer'], 'done' if may else 'later', 'check 55: %s %s ask mailbox-spawn for it' % (user, 'may' if may else 'may not'))
equal(state(deliver(MESSAGE, caller='mail-expire')), 'this caller may not ask for that', '... who may, may not deliver')
equal(dict(call_as('mail-expire', [('what', 'expire'), ('mailbox', 'key-nobody')]))['answer'], 'later', 'a mailbox that is not there')

# The service
def serve():
    process = subprocess.Popen([program_for_all('mail-expire')], env=ENV, stdin=subprocess.DEVNULL, stderr=open('expire.log', 'wb'))
    running.append(process)
    return process


old = put('ann', SPAM, 16)
os.utime(METRICS, (NOW, NOW))
process = serve()
time.sleep(0.5)
ok(old in left('ann') and process.poll() is None, 'the service: a day has not passed since the last time')
process.terminate()
equal(process.wait(120), 0, '... told to stop it stops')
os.utime(METRICS, (NOW - DAY - 60, NOW - DAY - 60))
process = serve()
ok(wait_for(lambda: b'mail-expire: pass removed="1 messages' in read('expire.log')) and old not in left('ann'), '... after a day it does its work', read('expire.log'))
ok(b'mail-expire: expired mailbox=ann@example.test messages=1 bytes=%d\n' % len(SPAM) in read('expire.log'), '... the log has a line for the mailbox', read('expire.log'))
process.terminate()
equal(process.wait(120), 0, '... and stops')
spawn.terminate()
spawn.wait(120)
os.unlink('run/mailbox-spawn')
code, said, log = expire('once')
ok(code == 111 and 'mail-expire: away' in log, 'mailbox-spawn is away: it says so', (code, log))
code, said, log = expire('twice')
equal(code, 100, 'bad use')
done_testing()
