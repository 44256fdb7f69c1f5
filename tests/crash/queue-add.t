#!/usr/bin/python3
"""queue-add, cut before each of its lasting calls (security 21, 22): nothing is acknowledged that is not there whole, and
what is there without having been acknowledged is whole too, or nothing. queue-check has no complaint after any cut.
A call that fails (an fsync with EIO, security 24) is "later" and leaves nothing behind."""
import sys; sys.path.insert(0, 'tests')
from tap import *

SHIM = ROOT + '/build/tests/crash/cut.so'
MESSAGE = b'Subject: x\r\n\r\n' + b'Hello\r\n' * 500


def ask(pairs, fds=(), env=ENV):
    """One caller of one queue-add: its packet (None: it ended before), its descriptors, its exit code."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    adder = subprocess.Popen([preloadable('queue-add')], stdin=its, stderr=subprocess.DEVNULL, env=env)
    its.close()
    ours.settimeout(300)
    try:
        send(ours, pairs, fds)
        answer, got = receive(ours)
    except ConnectionError:
        answer, got = None, []
    ours.close()
    return answer, got, adder.wait(300)


def run(id, content, cut, lend=False, variable='CUT'):
    """The answer to an add (None: it ended before), and the exit code."""
    if lend:
        fd = ask([('what', 'file')])[1][0]
        os.write(fd, content)
    else:
        fd = memfd(content)
    answer, _, code = ask([('what', 'add'), ('id', id)], [fd], dict(ENV, LD_PRELOAD=SHIM, **{variable: str(cut)}))
    os.close(fd)
    return dict(answer or []).get('answer'), code


def is_whole(id):
    path = 'queue/new/' + id
    return os.path.exists(path) and read(path).endswith(b'\n\n' + MESSAGE)


for what, lend, expected in (('a copy', False, 5), ('a file that was lent', True, 4)):
    for cut in range(1, 20):
        id = '0123456789abcd%02d' % cut
        answer, code = run(id, envelope(id, 'a@x.test', ['b@y.test']) + MESSAGE, cut, lend)
        if code != 99:
            break
        there = os.path.exists('queue/new/' + id)
        ok(answer is None and (not there or is_whole(id)), '%s, cut before its lasting call %d: no answer, whole or not there' % (what, cut),
           (answer, there))
        check = subprocess.run([program('queue-check')], env=ENV, capture_output=True)
        equal(check.returncode, 0, '... queue-check has no complaint')
    equal((answer, code, is_whole(id)), ('queued', 0, True), 'then it lives, and has answered for what is there')
    equal(cut, expected, '... after so many calls')
    for name in os.listdir('queue/new'):
        os.unlink('queue/new/' + name)

# security 24: a call that fails is "later", never tried again as if it had not, and nothing stays behind
for what, lend, calls in (('a copy', False, 4), ('a file that was lent', True, 3)):
    for n in range(1, calls + 1):
        id = '0123456789abce%d%d' % (lend, n)
        answer, code = run(id, envelope(id, 'a@x.test', ['b@y.test']) + MESSAGE, n, lend, 'FAIL')
        equal((answer, code, os.listdir('queue/new')), ('later', 0, []), '%s, lasting call %d fails with EIO: later, and nothing is left' % (what, n))
done_testing()
