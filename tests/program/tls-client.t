#!/usr/bin/python3
"""tls-client takes a connected socket and gives a plaintext socket back: with servers of every kind (Python's ssl); it
verifies when it is asked to, by authority and name, and tells why not; old protocols and garbage are refused (check 19)."""
import hashlib, os, socket, ssl, subprocess, sys, threading, warnings
sys.path.insert(0, 'tests')
from tap import *

warnings.simplefilter('ignore')  # of the old protocols that are tried below
ADDRESS = '127.0.13.1'


def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, stderr=subprocess.DEVNULL)


def make_authority(name):
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', name + '.key',
            '-out', name + '.pem', '-days', '2', '-subj', '/CN=' + name)


def make_certificate(name, authority, *names):
    write('ext', 'subjectAltName=' + ','.join(names))
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', name + '.key', '-out', 'req',
            '-subj', '/CN=' + name)
    openssl('x509', '-req', '-in', 'req', '-CA', authority + '.pem', '-CAkey', authority + '.key', '-days', '2', '-extfile',
            'ext', '-out', name + '.pem')


def server_context(certificate='good', **how):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(certificate + '.pem', certificate + '.key')
    c.set_ciphers('ALL:@SECLEVEL=0')
    c.sni_callback = lambda sock, name, _: names_asked.append(name)
    for key, value in how.items():
        setattr(c, key, value)
    return c


class Server(threading.Thread):
    """One connection: TLS with the context, then says hello and echoes what comes; or says the bytes instead."""

    def __init__(self, far, how):
        super().__init__(daemon=True)
        self.far, self.how, self.error = far, how, None
        self.start()

    def run(self):
        try:
            if isinstance(self.how, bytes):
                self.far.sendall(self.how)
                self.far.close()
                return
            with self.how.wrap_socket(self.far, server_side=True) as tls:
                tls.sendall(b'220 hello\r\n')
                while True:
                    got = tls.recv(65536)
                    if not got:
                        return
                    tls.sendall(got)
        except OSError as e:
            self.error = e
            self.far.close()


def connect_to(how, name='mx.example.test', verify='none', fingerprints=()):
    with socket.create_server((ADDRESS, 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    far.settimeout(300)
    server = Server(far, how)
    answer, fds = call('tls-client', [('what', 'connect'), ('name', name), ('verify', verify), *(('fingerprint', f) for f in fingerprints)], [near.fileno()])
    near.close()
    plain = socket.socket(fileno=fds[0]) if fds else None
    if plain:
        plain.settimeout(300)
    return dict(answer or []), plain


names_asked = []
make_authority('ours')
make_authority('theirs')
make_certificate('good', 'ours', 'DNS:mx.example.test', 'IP:127.0.13.1')
make_certificate('foreign', 'theirs', 'DNS:mx.example.test')
os.rename('ours.pem', 'control/ours.pem')
write('control/tlscafile', 'control/missing.pem\n')
fails = subprocess.run([program('tls-client')], env=ENV, stdin=subprocess.DEVNULL, capture_output=True)
ok(fails.returncode == 100 and b'control/missing.pem' in fails.stderr, 'without its authorities it does not start', fails)
write('control/tlscafile', 'control/ours.pem\n')
start('tls-client', listen('tls-client'), 'log')

answer, plain = connect_to(server_context())
ok(answer.get('answer') == 'yes' and answer.get('protocol') == 'TLSv1.3' and answer.get('cipher'), 'TLS 1.3', answer)
equal(names_asked[-1], 'mx.example.test', 'the server is asked for the name')
equal(plain.recv(100), b'220 hello\r\n', 'what the server says first arrives, though it came with the handshake')
plain.sendall(b'EHLO x\r\n')
equal(plain.recv(100), b'EHLO x\r\n', 'bytes pass both ways')
plain.shutdown(socket.SHUT_WR)
equal(plain.recv(100), b'', 'our end of output is the server\'s end of input, and its end is ours')
plain.close()

answer, plain = connect_to(server_context(maximum_version=ssl.TLSVersion.TLSv1_2))
equal(answer.get('protocol'), 'TLSv1.2', 'TLS 1.2')
answer, plain = connect_to(server_context(maximum_version=ssl.TLSVersion.TLSv1_1))
ok(answer.get('answer') == 'no' and 'protocol' in answer.get('error', ''), 'TLS 1.1 is refused', answer)
answer, plain = connect_to(server_context('foreign'))
equal(answer.get('answer'), 'yes', 'verify=none takes a certificate of anybody')

for name, certificate, fits, what in (
        ('mx.example.test', 'good', True, 'the name in the certificate'),
        ('MX.example.TEST', 'good', True, 'in another case'),
        (ADDRESS, 'good', True, 'an address in the certificate'),
        ('other.example.test', 'good', False, 'another name'),
        ('127.0.13.2', 'good', False, 'another address'),
        ('', 'good', False, 'no name'),
        ('mx.example.test', 'foreign', False, 'an unknown authority')):
    answer, plain = connect_to(server_context(certificate), name, 'name')
    ok(answer.get('answer') == ('yes' if fits else 'no') and (fits or answer.get('error')), 'verify=name, %s: %s' % (what, 'taken' if fits else 'refused'), answer)
write('control/theirs', read('theirs.pem'))
write('control/tlscafile', 'control/theirs\n')
answer, plain = connect_to(server_context('foreign'), verify='name')
equal(answer.get('answer'), 'yes', 'other authorities count at once')

pins = {}
for name in ('good', 'foreign'):
    der = subprocess.run(['openssl', 'x509', '-in', name + '.pem', '-outform', 'DER'], check=True, stdout=subprocess.PIPE).stdout
    pins[name] = hashlib.sha256(der).hexdigest()
for known, fits, what in (((pins['good'],), True, 'that of the certificate'), ((pins['foreign'], pins['good']), True, 'the second of two'),
                          ((pins['foreign'],), False, 'another'), ((), False, 'none'), (('',), False, 'an empty one')):
    answer, plain = connect_to(server_context(), 'whatever.test', 'fingerprint', known)
    ok(answer.get('answer') == ('yes' if fits else 'no') and (fits or pins['good'] in answer['error']),
       'S-31 verify=fingerprint, %s: %s' % (what, 'taken' if fits else 'refused'), answer)
answer, plain = connect_to(server_context())
equal((answer['fingerprint'], answer['certificate']), (pins['good'], 'mx.example.test'), 'the answer tells fingerprint and names of the certificate')

for garbage, what in ((b'220 I speak no TLS\r\n', 'SMTP in clear'), (os.urandom(5000), 'random bytes'), (b'', 'an end')):
    answer, plain = connect_to(garbage)
    ok(answer.get('answer') == 'no' and answer.get('error'), 'instead of a handshake, %s: refused' % what, answer)
answer, fds = call('tls-client', [('what', 'accept')], [1])
equal(dict(answer)['answer'], 'no', 'a request that is none is refused')
done_testing()
