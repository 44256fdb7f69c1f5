#!/usr/bin/python3
"""tls-server takes a client's socket and gives a plaintext socket back: real clients (Python's ssl, openssl) shake hands
with it; bytes and ends pass both ways; old protocols, weak ciphers, renegotiation and garbage are refused and hurt
nobody (check 19); the key is read by this program alone (check 56); a new certificate is used at once."""
import base64, hashlib, os, signal, socket, ssl, subprocess, sys, threading, time, warnings
sys.path.insert(0, 'tests')
from tap import *

os.mkdir('tls')
warnings.simplefilter('ignore')  # of the old protocols that are tried below


def make_certificate(name, kind=('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'), folder='tls'):
    """Put in place by renames, as a careful operator does; the key first, so that for a moment they do not fit."""
    subprocess.run(['openssl', 'req', '-x509', *kind, '-nodes', '-keyout', 'k', '-out', 'c', '-days', '2', '-subj',
                    '/CN=' + name, '-addext', 'subjectAltName=DNS:' + name], check=True, stderr=subprocess.DEVNULL)
    os.rename('k', folder + '/key.pem')
    os.rename('c', folder + '/cert.pem')


def log():
    return read('log').decode()


def context(**how):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    for key, value in how.items():
        setattr(c, key, value)
    return c


class Client(threading.Thread):
    """Shakes hands on its end of a socket pair, in a thread; what came out is in .tls or .error."""

    def __init__(self, sock, c, session=None):
        super().__init__()
        self.sock, self.context, self.session = sock, c, session
        self.tls = self.error = None
        self.start()

    def run(self):
        try:
            self.tls = self.context.wrap_socket(self.sock, server_hostname='mail.example.test', session=self.session)
        except OSError as e:
            self.error = e
            self.sock.close()


def tcp_pair():
    """The client's and the server's end of a TCP connection."""
    with socket.create_server((ADDRESS, 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    near.settimeout(300)
    return near, far


def accept(c, session=None, *more):
    """A client and a program: (the client, the answer as a dict, the plaintext socket)."""
    near, far = tcp_pair()
    client = Client(near, c, session)
    answer, fds = call('tls-server', [('what', 'accept'), *more], [far.fileno()])
    far.close()
    client.join(300)
    plain = socket.socket(fileno=fds[0]) if fds else None
    if plain:
        plain.settimeout(300)
    return client, dict(answer or []), plain


def receive_all(sock):
    parts = []
    while True:
        part = sock.recv(65536)
        if not part:
            return b''.join(parts)
        parts.append(part)


ADDRESS = '127.0.13.1'

# Bad configuration is told before the first call.
fails = subprocess.run([program('tls-server')], env=ENV, stdin=subprocess.DEVNULL, capture_output=True)
ok(fails.returncode == 100 and b'tls/cert.pem' in fails.stderr and b'No such file' in fails.stderr,
   'without a certificate it does not start, and names the file', fails)

make_certificate('one.example.test')
server = start('tls-server', listen('tls-server'), 'log')
ok(wait_for(lambda: b'serving' in read('log')), 'it serves', log())

# Both protocols; the answer tells protocol, cipher and the name that the client asked for.
client, answer, plain = accept(context(maximum_version=ssl.TLSVersion.TLSv1_2))
ok(answer.get('answer') == 'yes' and answer.get('protocol') == 'TLSv1.2' and answer.get('sni') == 'mail.example.test',
   'TLS 1.2, and the client\'s SNI', answer)
ok('exporter' not in answer and 'endpoint' not in answer, '... nothing to bind a login to', answer)
plain.close()
ok(client.tls.recv(10) == b'', 'the program closes: the client sees an orderly end')
client.tls.close()

client, answer, plain = accept(context())
ok(answer.get('protocol') == 'TLSv1.3' and answer.get('cipher', '').startswith('TLS_AES'), 'TLS 1.3', answer)
ok(len(base64.b64decode(answer.get('exporter', ''))) == 32, 'RFC 9266: ... with what a login may be bound to', answer)
der = ssl.PEM_cert_to_DER_cert(open('tls/cert.pem').read())
equal(answer.get('endpoint'), base64.b64encode(hashlib.sha256(der).digest()).decode(), 'RFC 5929 4: ... and the hash of the certificate')
plain.sendall(b'220 hello\r\n')
equal(client.tls.recv(100), b'220 hello\r\n', 'bytes pass to the client')
client.tls.sendall(b'QUIT\r\n')
equal(plain.recv(100), b'QUIT\r\n', 'bytes pass from the client')

# A client certificate is asked for when the caller says so, believed whoever signed it, and never required (S-21).
os.mkdir('client')
make_certificate('client.example.test', folder='client')
said = subprocess.run(['openssl', 'x509', '-in', 'client/cert.pem', '-noout', '-fingerprint', '-sha256'], check=True, capture_output=True, text=True)
FINGERPRINT = said.stdout.strip().split('=')[1].replace(':', '').lower()
kept = client, plain
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    with_one, without = context(minimum_version=version, maximum_version=version), context(minimum_version=version, maximum_version=version)
    with_one.load_cert_chain('client/cert.pem', 'client/key.pem')
    for c, more, expected, words in ((with_one, [('ask', 'certificate')], FINGERPRINT, 'its SHA-256 is told'), (without, [('ask', 'certificate')], None, 'none is required'),
                                     (with_one, [], None, 'none is asked for otherwise')):
        client, answer, plain = accept(c, None, *more)
        equal((answer.get('answer'), answer.get('fingerprint')), ('yes', expected), 'S-21 a client certificate, %s: %s' % (version.name, words))
        plain.close(), client.tls.close()
client, plain = kept

# One megabyte both ways at once: neither way waits for the other.
megabyte = os.urandom(1 << 20)
ended = []


def echo_all():
    for part in iter(lambda: plain.recv(65536), b''):
        plain.sendall(part)
    ended.append(True)


echo = threading.Thread(target=echo_all)
echo.start()
sender = threading.Thread(target=client.tls.sendall, args=(megabyte,))
sender.start()
back = b''
while len(back) < len(megabyte):
    back += client.tls.recv(65536)
sender.join(300)
ok(back == megabyte, 'a megabyte there and back is the same')

# Ends: close_notify is the program's end of input, after which it may still answer.
try:
    client.tls.settimeout(0.2)
    client.tls.unwrap()
except OSError:
    pass
echo.join(300)
ok(ended, 'the client\'s close_notify is an end of input for the program')
plain.close()

client, answer, plain = accept(context())
plain.sendall(b'x' * 300000)
plain.close()
ok(len(receive_all(client.tls)) == 300000, 'what the program said before it closed arrives whole')

client, answer, plain = accept(context())
os.close(client.tls.detach())
ok(plain.recv(10) == b'', 'a client that vanishes is an end of input')
plain.close()

# Session tickets are good in every child.
first = context()
client, answer, plain = accept(first)
plain.sendall(b'x')
client.tls.recv(1)
session = client.tls.session
client2, answer, plain2 = accept(first, session)
ok(client2.tls.session_reused, 'a ticket of one connection resumes another')
client2.tls.close(), plain2.close()

# Check 19.
for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
    old = context(minimum_version=version, maximum_version=version)
    old.set_ciphers('ALL:@SECLEVEL=0')
    client, answer, plain = accept(old)
    ok(client.error and answer.get('answer') == 'no' and answer.get('error'), '%s is refused' % version.name, answer)
for ciphers in ('eNULL', 'aNULL', '3DES', 'RC4', 'PSK', 'kRSA'):
    weak = context(maximum_version=ssl.TLSVersion.TLSv1_2)
    try:
        weak.set_ciphers(ciphers + ':@SECLEVEL=0')
    except ssl.SSLError:
        ok(True, '%s: not even the client\'s OpenSSL has it' % ciphers)
        continue
    client, answer, plain = accept(weak)
    ok(client.error and answer.get('answer') == 'no', 'ciphers %s are refused' % ciphers, answer)

with socket.create_server((ADDRESS, 0)) as listening:
    shaker = subprocess.Popen(['openssl', 's_client', '-tls1_2', '-connect', '%s:%d' % listening.getsockname()], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    far, _ = listening.accept()
answer, fds = call('tls-server', [('what', 'accept'), *more], [far.fileno()])
said = shaker.communicate('R\n', timeout=300)[0]
ok('RENEGOTIATING' in said and 'no renegotiation' in said, 'renegotiation is refused', said)
far.close(), os.close(fds[0])

for garbage, what in ((b'EHLO mail.example\r\n' * 100, 'SMTP in clear'), (os.urandom(5000), 'random bytes'),
                      (b'\x16\x03\x01\xff\xff' + b'\0' * 70000, 'an endless record'), (b'', 'nothing at all')):
    near, far = tcp_pair()
    near.sendall(garbage)
    near.shutdown(socket.SHUT_WR)
    answer, fds = call('tls-server', [('what', 'accept'), *more], [far.fileno()])
    near.close(), far.close()
    ok(answer and dict(answer)['answer'] == 'no' and not fds, 'instead of a handshake, %s: refused' % what, answer)

# Check 17: clients that say nothing, or half of something, hold only their own process.
slow = []
for i in range(40):
    near, far = tcp_pair()
    near.sendall(b'\x16\x03\x01\x02\x00\x01'[:i % 7])
    caller = connect('tls-server')
    send(caller, [('what', 'accept')], [far.fileno()])
    far.close()
    slow.append((near, caller))
client, answer, plain = accept(context())
equal(answer.get('answer'), 'yes', 'while forty clients are silent, another one is served')
client.tls.close(), plain.close()
for near, caller in slow:
    near.close(), caller.close()

# Callers' garbage.
near, far = tcp_pair()
answer, fds = call('tls-server', [('what', 'connect')], [far.fileno()])
ok(dict(answer)['answer'] == 'no', 'another request than accept is refused', answer)
answer, fds = call('tls-server', [('what', 'accept')])
ok(dict(answer)['answer'] == 'no', 'a request without a socket is refused', answer)
near.close(), far.close()

if os.getuid() == 0:
    os.chmod(HOME, 0o755)
    child = os.fork()
    if not child:
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
        try:
            os._exit(call('tls-server', [('what', 'accept')]) != (None, []))
        except OSError:
            os._exit(0)
    ok(os.waitpid(child, 0)[1] == 0 and 'refused' in log(), 'a caller that is not in the list gets no answer', log())

# The certificate is changed while the program runs.
def name_served():
    client, answer, plain = accept(context())
    der = client.tls.getpeercert(True)
    client.tls.close(), plain.close()
    pem = ssl.DER_cert_to_PEM_cert(der)
    return subprocess.run(['openssl', 'x509', '-noout', '-subject'], input=pem.encode(),
                          capture_output=True).stdout.decode().strip()


ok(name_served().endswith('one.example.test'), 'the first certificate')
make_certificate('two.example.test', ('-newkey', 'rsa:2048'))
ok(name_served().endswith('two.example.test'), 'a new certificate, with a key of another kind, is served without a restart')
write('tls/cert.pem', 'this is no certificate\n')
ok(name_served().endswith('two.example.test'), 'a broken one is not: the old one serves on')
ok(log().count('certificate-refused') == 1 and 'tls/cert.pem' in log(), 'and the log names the file', log())
name_served()
ok(log().count('certificate-refused') == 1, 'once', log())
make_certificate('three.example.test')
ok(name_served().endswith('three.example.test'), 'a good one again')

# SIGHUP: a new image, in the sandbox of the old one, which no connection notices.
client, answer, plain = accept(context())
server.send_signal(signal.SIGHUP)
ok(wait_for(lambda: 'tls-server: renewed' in log()), 'SIGHUP executes it anew', log())
plain.sendall(b'still')
equal(client.tls.recv(10), b'still', 'connections go on')
client.tls.close(), plain.close()
ok(name_served().endswith('three.example.test'), 'and new ones are served')

# Idle: a connection's process gives back what the handshake needed, and sleeps.
client, answer, plain = accept(context())
plain.sendall(b'x'), client.tls.recv(1)


def fields(path):
    try:
        return dict(line.split(':', 1) for line in read(path).decode().splitlines() if ':' in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def children():
    return [p for p in os.listdir('/proc') if p.isdigit() and fields('/proc/%s/status' % p).get('PPid', '').strip() == str(server.pid)]


child = wait_for(lambda: len(children()) == 1 and children())
ok(child, 'a connection has a process of its own, and the ones before have ended')
status = fields('/proc/%s/status' % child[0])
equal((status['NoNewPrivs'].strip(), status['Seccomp'].strip()), ('1', '2'), 'which is confined')
ok(wait_for(lambda: int(fields('/proc/%s/smaps_rollup' % child[0])['Private_Dirty'].split()[0]) < 320),
   'and has less than 320 KB of its own', fields('/proc/%s/smaps_rollup' % child[0]))


def sleeps():
    def switches():
        return fields('/proc/%s/status' % child[0])['voluntary_ctxt_switches']
    before = switches()
    time.sleep(1.5)
    return switches() == before


ok(wait_for(sleeps), 'idle, it does not wake up')
done_testing()
