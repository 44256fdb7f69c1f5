"""TAP, and calls (doc/calls.md), for the program tests that need sockets and descriptors.

    import sys; sys.path.insert(0, 'tests'); from tap import *
"""
import array, atexit, glob, os, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = tempfile.mkdtemp()
ENV = dict(os.environ, MAILHOME=HOME)
for folder in ('control', 'run', 'tables', 'queue/new', 'queue/cur', 'queue/log'):
    os.makedirs(os.path.join(HOME, folder))
os.chdir(HOME)
count = failed = 0
running = []


def end():
    for process in running:
        if process.poll() is None and process.pid > 1:
            process.terminate()  # a server ends its workers first
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    os.chdir('/')
    shutil.rmtree(HOME, ignore_errors=True)


atexit.register(end)


def ok(fact, what, seen=None):
    global count, failed
    count += 1
    print(('ok' if fact else 'not ok'), count, '-', what, flush=True)
    if not fact:
        failed += 1
        print('# not ok', count, '-', what, file=sys.stderr, flush=True)  # where prove shows it
        if seen is not None:
            print('# seen:', repr(seen)[:2000], file=sys.stderr, flush=True)
    return fact


def equal(seen, expected, what):
    if not ok(seen == expected, what):
        print('# expected:', repr(expected)[:2000], '\n# seen:    ', repr(seen)[:2000], file=sys.stderr, flush=True)


def done_testing():
    print('1..%d' % count, flush=True)
    sys.exit(failed > 0)


def wait_for(fact, seconds=120):
    """Waits until fact() is true; returns what it said last. So long, because a busy machine is slow and no test fails for that."""
    end_at = time.monotonic() + seconds
    while True:
        is_late = time.monotonic() > end_at  # before it looks for the last time
        try:
            seen = fact()
        except (OSError, TypeError, ValueError, IndexError):  # the file is being moved or is not there yet
            seen = None
        if seen or is_late:
            if not seen and seconds >= 1:
                print('# line %d: waited %g s in vain' % (sys._getframe(1).f_lineno, seconds), file=sys.stderr, flush=True)
            return seen
        time.sleep(0.01)


def program(name):
    folders = [f for f in os.listdir(ROOT + '/build') if os.path.exists('%s/build/%s/%s' % (ROOT, f, name)) and os.path.exists('%s/%s/%s.c' % (ROOT, f, name))]
    return '%s/build/%s/%s' % (ROOT, folders[0], name)


def program_for_all(name):
    """A copy that other users may execute: the tree itself may lie where they cannot go, below /root for example."""
    os.makedirs('programs', exist_ok=True)
    for folder in ('.', 'programs'):
        os.chmod(folder, 0o755)
    copy = '%s/programs/%s' % (HOME, name)
    if not os.path.exists(copy):
        shutil.copy(program(name), copy)
        os.chmod(copy, 0o755)
    return copy


def preloadable(name):
    """The program for a library to be preloaded into: a static one has a dynamic twin for that."""
    return next(glob.iglob('%s/build/tests/crash/*/%s' % (ROOT, name)), None) or program(name)


def write(path, content=''):
    with open(path, 'wb') as f:
        f.write(content if isinstance(content, bytes) else content.encode())


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def record(pairs):
    return b''.join(b'%s=%s\0' % (k.encode(), v if isinstance(v, bytes) else str(v).encode()) for k, v in pairs)


def parse(packet):
    return [tuple(string.split('=', 1)) for string in packet.decode('utf-8', 'surrogateescape').split('\0')[:-1]]


def send(connection, pairs, fds=()):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
    connection.sendmsg([record(pairs)], rights)


def receive(connection):
    """One packet: its pairs and descriptors; (None, []) at the end."""
    fds = array.array('i')
    packet, rights, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(16))
    for level, kind, data in rights:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) - len(data) % 4])
    return (parse(packet) if packet else None), list(fds)


def listen(service):
    """The listening socket run/SERVICE."""
    path = 'run/' + service
    if os.path.exists(path):
        os.unlink(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(path)
    os.chmod(path, 0o666)
    listening.listen(128)
    return listening


def connect(service):
    """On a busy machine the service may not have accepted yet who came before: EAGAIN."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(300)
    for turn in range(3000):
        try:
            connection.connect('run/' + service)
            return connection
        except BlockingIOError:
            time.sleep(0.01)
    raise TimeoutError(service)


def call(service, pairs, fds=()):
    with connect(service) as connection:
        send(connection, pairs, fds)
        return receive(connection)


def start(name, listening, log, env=(), arguments=()):
    """Starts a program of ours with a listening socket on fd 0; its log goes to the file log."""
    path = preloadable(name) if 'LD_PRELOAD' in dict(env) else program(name)
    with open(log, 'ab') as out:
        process = subprocess.Popen([path, *arguments], stdin=listening, stderr=out, env=dict(ENV, **dict(env)))
    running.append(process)
    return process


def escape(field):
    return b''.join(b'%%%02X' % c if c <= 0x20 or c in (0x7f, 0x25) else bytes([c]) for c in field)


def envelope(id, sender, recipients, birth=1700000000, attempts=0, next=0, facts=('role=mx',), state=b'R'):
    """The head of a queue file. A recipient is an address, or a tuple of an address and its facts."""
    lines = [b'I ' + id.encode(), b'B %d' % birth, b'S ' + escape(sender.encode()),
             b' '.join([b'C'] + [escape(f.encode()) for f in facts])]
    for r in recipients:
        address, *rest = (r,) if isinstance(r, str) else r
        lines.append(b' '.join([state, escape(address.encode())] + [escape(f.encode()) for f in rest]))
    body = b'\n'.join(lines) + b'\n\n'
    return b'postroom1 %010d %04d %020d\n' % (47 + len(body), attempts, next) + body


def put(folder, bytes, id):
    """A file of the queue, there at once with all it has: a scheduler that is running may take it and remove it."""
    write('queue/' + id, bytes)
    os.chmod('queue/' + id, 0o660)
    os.rename('queue/' + id, 'queue/%s/%s' % (folder, id))


def memfd(content):
    fd = os.memfd_create('message', os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    return fd


def write_cdb(path, pairs):
    """A cdb file (cr.yp.to/cdb/cdb.txt): pairs of key and record."""
    def cdb_hash(key):
        h = 5381
        for c in key:
            h = ((h << 5) + h & 0xffffffff) ^ c
        return h
    body, places = b'', [[] for _ in range(256)]
    for key, value in pairs:
        h = cdb_hash(key)
        places[h & 255].append((h, 2048 + len(body)))
        body += struct.pack('<II', len(key), len(value)) + key + value
    head, at = b'', 2048 + len(body)
    for place in places:
        slots = [(0, 0)] * (len(place) * 2)
        for h, where in place:
            i = (h >> 8) % len(slots)
            while slots[i][1]:
                i = (i + 1) % len(slots)
            slots[i] = (h, where)
        head += struct.pack('<II', at, len(slots))
        body += b''.join(struct.pack('<II', *s) for s in slots)
        at += 8 * len(slots)
    write(path + '.new', head + body)
    os.rename(path + '.new', path)


def write_tables(mailboxes, relay=(), more=()):
    """tables/current/policy.cdb: addresses to mailbox keys, a default relay rule if one is given, and more pairs of a key and a record."""
    pairs = [(b'table:generation', record([('id', '1')]))]
    for domain in {a.split('@')[1] for a in mailboxes}:
        pairs.append((('domain:' + domain).encode(), record([('file', 'control/domains/' + domain)])))
    for address, key in mailboxes.items():
        pairs.append((('address:' + address).encode(), record([('mailbox', key), ('from', 'test')])))
        pairs.append((('mailbox:' + key).encode(), record([('name', address), ('uid', 1), ('path', 'x'), ('receive', 'yes'), ('from', 'test')])))
    if relay:
        pairs.append((b'relay:default', record(relay)))
    pairs += [(key.encode(), record(fields)) for key, fields in more]
    os.makedirs('tables/1', exist_ok=True)
    write_cdb('tables/1/policy.cdb', pairs)
    if not os.path.islink('tables/current'):
        os.symlink('1', 'tables/current')


def forge(fd):
    """For Callee.touch: a program that was taken over writes an envelope of its own, and cuts the file off."""
    for work in (lambda: os.pwrite(fd, b'X' * 40, 0), lambda: os.ftruncate(fd, 10), lambda: os.ftruncate(fd, 1 << 20)):
        try:
            work()
        except OSError:
            pass


class Callee:
    """Stands in for a service: what it was asked, in order, and answers by a function of the request (a list of pairs, or
    None to hang up). For cases that the real program cannot be made to produce."""

    def __init__(self, service, answer):
        self.service, self.answer, self.asked, self.lock = service, answer, [], threading.Lock()
        self.connections = self.open = self.most = 0
        self.touch = None  # a function of a file that it was given, before that is read
        self.listening = listen(service)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        hop = None
        with connection:
            while True:
                try:
                    pairs, fds = receive(connection)
                except OSError:
                    return
                if pairs is None:
                    return
                if pairs[0][0] == 'route':
                    hop = dict(pairs)
                    continue
                content = b''
                for fd in fds:
                    if self.touch:
                        self.touch(fd)
                    content = os.pread(fd, 1 << 24, 0)
                    os.close(fd)
                with self.lock:
                    self.open += 1
                    self.most = max(self.most, self.open)
                    self.asked.append((dict(pairs), [v for k, v in pairs if k == 'recipient'], hop, content))
                answer = self.answer(pairs, hop)
                with self.lock:
                    self.open -= 1
                if answer is None:
                    return
                try:
                    send(connection, answer)
                except OSError:
                    return

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        os.unlink('run/' + self.service)


def outcomes(pairs, outcome, more=()):
    """The same outcome for each recipient of a request."""
    return [('remote', 'there'), *more] + [('recipient', outcome) for k, _ in pairs if k == 'recipient']
