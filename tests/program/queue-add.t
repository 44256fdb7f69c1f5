#!/usr/bin/python3
"""queue-add: what is handed over becomes one durable file and an answer; what is not a message is refused; a full disk
is "later" and leaves nothing behind (security check 24)."""
import sys; sys.path.insert(0, 'tests')
from tap import *

MESSAGE = b'Subject: x\r\n\r\nHello\r\n'
A, B = '0123456789abcdef', '0123456789abcdeg'

listening = listen('queue-add')
notices = listen('send-schedule')
adder = start('queue-add', listening, 'log')


def add(id, content, more=()):
    fd = content if isinstance(content, int) else memfd(content)
    answer, _ = call('queue-add', [('what', 'add'), ('id', id), *more], [fd])
    os.close(fd)
    return dict(answer or [])


def notice():
    with notices.accept()[0] as connection:
        connection.settimeout(300)
        return receive(connection)[0]


def in_new():
    return sorted(os.listdir('queue/new'))


# P-34, security 21: acknowledged means that the file is there, whole, as it was handed over
equal(add(A, envelope(A, 'a@x.test', ['b@y.test', 'ü c@y.test']) + MESSAGE), {'answer': 'queued', 'id': A}, 'a message is queued')
expected = envelope(A, 'a@x.test', ['b@y.test', 'ü c@y.test'], facts=('role=mx', 'size=%d' % len(MESSAGE))) + MESSAGE
equal(read('queue/new/' + A), expected, 'its file is the envelope with its size, and the message')
ok(wait_for(lambda: b'queue-add: queued id=%s from=a@x.test size=%d recipients=2\n' % (A.encode(), len(MESSAGE)) in read('log')),
   'one line in the log', read('log'))
equal(notice(), [('what', 'new'), ('id', A)], 'the scheduler is told')

equal(add(A, envelope(A, 'a@x.test', ['b@y.test']) + b'other')['answer'], 'there', 'the id again, from the scheduler or root: it is there')
equal(read('queue/new/' + A), expected, '... and untouched')

equal(add(B, envelope(B, '', ['b@y.test']))['answer'], 'queued', 'the null sender and an empty message')

good = envelope(B, 'a@x.test', ['b@y.test'])
C = '0123456789abcdeh'
for what, id, content in [
        ('another id than the envelope', C, good + MESSAGE),
        ('an id that leaves the folder', '../../etc/passwd', good),
        ('no id', '', good),
        ('tried before', C, envelope(C, 'a@x.test', ['b@y.test'], attempts=1)),
        ('with a next try', C, envelope(C, 'a@x.test', ['b@y.test'], next=5)),
        ('a recipient that is done', C, envelope(C, 'a@x.test', ['b@y.test'], state=b'D')),
        ('a recipient that is held', C, envelope(C, 'a@x.test', ['b@y.test'], state=b'H')),
        ('no recipient', C, envelope(C, 'a@x.test', [])),
        ('with a size of its own', C, envelope(C, 'a@x.test', ['b@y.test'], facts=('size=3',))),
        ('cut off inside the envelope', C, envelope(C, 'a@x.test', ['b@y.test'])[:-5]),
        ('a length beyond its end', C, envelope(C, 'a@x.test', ['b@y.test']).replace(b'postroom1 00', b'postroom1 01')),
        ('empty', C, b''),
        ('noise', C, os.urandom(5000))]:
    answer = add(id, content)
    ok(answer.get('answer') == 'no' and answer.get('error'), 'refused: ' + what, answer)
equal(in_new(), [A, B], 'nothing of these is in the queue')

answer, _ = call('queue-add', [('what', 'add'), ('id', C)])
equal(dict(answer)['answer'], 'no', 'no descriptor')
with connect('queue-add') as s:
    s.send(b'not a record')
    equal(s.recv(100), b'', 'what is not a record ends the connection')
r, w = os.pipe()
equal(add(C, r)['answer'], 'no', 'a pipe is not a file')
os.close(w)

# what would cost others more than its giver
many = envelope(C, 'a@x.test', ['b'] * 100001)
equal(add(C, many)['answer'], 'no', '100,001 recipients are refused')
fd = os.memfd_create('hollow')
os.write(fd, envelope(C, 'a@x.test', ['b@y.test']))
os.ftruncate(fd, 1 << 40)
equal(add(C, fd)['error'], 'a file with holes', 'a terabyte of nothing in a memfd')

# a large message: copied from a memfd, or written into a file that queue-add lent
large = envelope(C, 'a@x.test', ['b@y.test']) + b'x' * 5000000
equal(add(C, large)['answer'], 'queued', '5 MB in a memfd')
ok(read('queue/new/' + C).endswith(b'\n\n' + b'x' * 5000000), '... all of it')
D = '0123456789abcdei'
with connect('queue-add') as s:
    send(s, [('what', 'file')])
    answer, fds = receive(s)
    equal((dict(answer), len(fds)), ({'answer': 'file'}, 1), 'a file is lent')
    equal(receive(s), (None, []), '... and the conversation is over: no worker waits for a slow client')
    os.write(fds[0], envelope(D, 'a@x.test', ['b@y.test']) + b'y' * 3000000)
    equal(dict(call('queue-add', [('what', 'add'), ('id', D)], fds)[0]), {'answer': 'queued', 'id': D}, '... and queued as it is')
    ok(os.fstat(fds[0]).st_ino == os.stat('queue/new/' + D).st_ino, '... without a copy')
    os.close(fds[0])
equal(oct(os.stat('queue/new/' + D).st_mode & 0o777), '0o660', 'group mail-queue may mark it (doc/uids.md)')

# a scheduler that is away does not stop the mail, and hears later that it missed something
notices.close()
os.unlink('run/send-schedule')
E = '0123456789abcdej'
equal(add(E, envelope(E, 'a@x.test', ['b@y.test']))['answer'], 'queued', 'without a scheduler')
adder.send_signal(signal.SIGTERM)
equal(adder.wait(), 0, 'SIGTERM ends it')

# callers: a stranger's uid gets nothing; mail-in may not queue a report
adder = start('queue-add', listening, 'log')


def add_as(user, id):
    """In a child that has become the user."""
    import pwd
    u = pwd.getpwnam(user)
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setresgid(u.pw_gid, u.pw_gid, u.pw_gid)
            os.setresuid(u.pw_uid, u.pw_uid, u.pw_uid)
            os.write(w, add(id, envelope(id, 'a@x.test', ['b@y.test'])).get('answer', 'nothing').encode())
        except (ConnectionError, BrokenPipeError):
            os.write(w, b'nothing')
        finally:
            os._exit(0)
    os.close(w)
    answer = os.read(r, 100).decode()
    os.close(r)
    os.waitpid(pid, 0)
    return answer


if os.getuid() == 0:
    os.chmod(HOME, 0o755)
    R = '0123456789abcdekb0001'
    equal(add_as('nobody', '0123456789abcdek'), 'nothing', 'a stranger is not answered')
    equal(add_as('mail-in', '0123456789abcdek'), 'queued', 'mail-in is')
    equal(add_as('mail-in', R), 'no', 'mail-in may not queue a report')
    equal(add_as('mail-send', R), 'queued', 'mail-send may')
    equal(add_as('mail-send', R), 'there', 'and learns that it has')
    equal(add_as('mail-in', '0123456789abcdek'), 'no', 'mail-in does not learn it')

    # Security 22: a power cut may leave a report's name without its bytes; then it was not acknowledged, and is not there
    for number, (what, left) in enumerate([('nothing', b''), ('zeros', bytes(5000)), ('its envelope', envelope(R, '', ['b@y.test'], facts=('size=9',)))]):
        left_id = '0123456789abcdemb%04d' % (number + 1)
        left = left.replace(R.encode(), left_id.encode())
        write('queue/new/' + left_id, left)
        equal(add_as('mail-send', left_id), 'queued', 'a report of which a power cut left %s is queued again' % what)
        ok(b'size=0' in read('queue/new/' + left_id), '... and whole', read('queue/new/' + left_id))
        equal(add_as('mail-send', left_id), 'there', '... and then there')
    left_id = '0123456789abcden'
    write('queue/new/' + left_id, b'')
    equal(add_as('mail-in', left_id), 'later', 'who may not replace it is told to come again')
    equal(read('queue/new/' + left_id), b'', '... and send-schedule is to remove it')
    os.unlink('queue/new/' + left_id)

# security 24: a full disk is 4.3.1, and the queue goes on when there is space
if os.getuid() == 0:
    adder.terminate()
    adder.wait()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', 'queue/new'], check=True)
    try:
        adder = start('queue-add', listening, 'log')
        big = '0123456789abcdel'
        answer = add(big, envelope(big, 'a@x.test', ['b@y.test']) + b'z' * 2000000)
        equal((answer['answer'], answer['status']), ('later', '4.3.1'), 'a message that does not fit')
        equal(in_new(), [], '... leaves nothing')
        ids = ['0123456789abc%03d' % i for i in range(100)]
        answers = [add(i, envelope(i, 'a@x.test', ['b@y.test']) + b'z' * 30000) for i in ids]
        queued = [i for i, a in zip(ids, answers) if a['answer'] == 'queued']
        ok(0 < len(queued) < 100 and all(a.get('status') == '4.3.1' for a in answers if a['answer'] != 'queued'),
           'until the disk is full they are queued, then later', answers[-1])
        equal(in_new(), queued, 'those and only those are there')
        ok(all(read('queue/new/' + i).endswith(b'z' * 30000) for i in queued), '... whole')
        for i in queued[:5]:
            os.unlink('queue/new/' + i)
        equal(add(ids[-1], envelope(ids[-1], 'a@x.test', ['b@y.test']) + b'z' * 30000)['answer'], 'queued', 'with space again it is queued')
    finally:
        adder.terminate()
        adder.wait()
        subprocess.run(['umount', 'queue/new'], check=True)

# a parent that is killed takes its workers along
adder = start('queue-add', listening, 'log')
with open('/proc/%d/task/%d/children' % (adder.pid, adder.pid)) as f:
    def workers_of():
        f.seek(0)
        found = f.read().split()
        return len(found) > 3 and found
    workers = wait_for(workers_of)
ok(workers, 'a pool of workers', workers)
adder.kill()
adder.wait()
ok(wait_for(lambda: not any(os.path.exists('/proc/%s/fd/0' % w) for w in workers)), 'no worker outlives a parent that is killed')

equal(subprocess.run([program('queue-add'), '-x'], env=ENV, stderr=subprocess.DEVNULL).returncode, 100, 'bad use')
done_testing()
