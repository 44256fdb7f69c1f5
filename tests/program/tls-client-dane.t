#!/usr/bin/python3
"""tls-client believes a certificate because of TLSA records (RFC 6698, 7671, 7672): DANE-EE whatever name and date it bears, DANE-TA
with a name that fits; PKIX usages and what cannot be understood are of no use; with nothing of use it encrypts and says that nobody
was verified. With verify=watch it verifies by name, and only says what it saw."""
import hashlib, socket, ssl, subprocess, sys, threading
sys.path.insert(0, 'tests')
from tap import *

ADDRESS = '127.0.55.1'


def openssl(*arguments, input=None):
    return subprocess.run(['openssl', *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, input=input).stdout


KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
for name in ('ours', 'other'):
    openssl('req', '-x509', *KEY, '-keyout', name + '.key', '-out', name + '.pem', '-days', '2', '-subj', '/CN=' + name)


def certificate(name, dns, *when):
    write('ext', 'subjectAltName=DNS:' + dns)
    openssl('req', *KEY, '-keyout', name + '.key', '-out', 'req', '-subj', '/CN=' + name)
    openssl('x509', '-req', '-in', 'req', '-CA', 'ours.pem', '-CAkey', 'ours.key', *(when or ('-days', '2')), '-extfile', 'ext', '-out', name + '.leaf')
    write(name + '.pem', read(name + '.leaf') + read('ours.pem'))


certificate('good', 'mx.example.test')
certificate('wild', '*.example.test')
certificate('past', 'mx.example.test', '-days', '-1')


def tlsa(usage, selector, matching, name):
    der = openssl('x509', '-in', name + '.pem', '-outform', 'DER')
    if selector:
        der = openssl('pkey', '-pubin', '-outform', 'DER', input=openssl('x509', '-in', name + '.pem', '-noout', '-pubkey'))
    data = [lambda: der, lambda: hashlib.sha256(der).digest(), lambda: hashlib.sha512(der).digest()][matching]()
    return '%d %d %d %s' % (usage, selector, matching, data.hex())


def ask(certificate, verify, names, records=()):
    """The answer of tls-client about a server with this certificate, and what that was asked for by SNI."""
    context, seen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(certificate + '.pem', certificate + '.key')
    context.sni_callback = lambda sock, name, _: seen.append(name)
    with socket.create_server((ADDRESS, 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()

    def serve():
        try:
            with context.wrap_socket(far, server_side=True) as tls:
                tls.recv(10)
        except OSError:
            far.close()
    threading.Thread(target=serve, daemon=True).start()
    answer, fds = call('tls-client', [('what', 'connect'), ('verify', verify), *(('name', n) for n in names), *(('tlsa', r) for r in records)], [near.fileno()])
    near.close()
    for fd in fds:
        os.close(fd)
    return dict(answer or []), seen


write('control/ca.pem', read('ours.pem'))
write('control/tlscafile', 'control/ca.pem\n')
start('tls-client', listen('tls-client'), 'log')

MX = ['mx.example.test']
wrong = '3 1 1 ' + '00' * 32
for what, server, names, records, fits, failure in (
        ('DANE-EE, digest of the key', 'good', MX, [tlsa(3, 1, 1, 'good')], True, None),
        ('DANE-EE, SHA-512', 'good', MX, [tlsa(3, 1, 2, 'good')], True, None),
        ('DANE-EE, digest of the certificate', 'good', MX, [tlsa(3, 0, 1, 'good')], True, None),
        ('DANE-EE, the whole certificate', 'good', MX, [tlsa(3, 0, 0, 'good')], True, None),
        ('DANE-EE, the whole key', 'good', MX, [tlsa(3, 1, 0, 'good')], True, None),
        ('DANE-EE, the name does not count (RFC 7672 3.1.1)', 'good', ['other.test'], [tlsa(3, 1, 1, 'good')], True, None),
        ('DANE-EE, nor does the date', 'past', MX, [tlsa(3, 1, 1, 'past')], True, None),
        ('another digest', 'good', MX, [wrong], False, 'validation-failure'),
        ('two records, one fits: rollover', 'good', MX, [wrong, tlsa(3, 1, 1, 'good')], True, None),
        ('the certificate of another', 'good', MX, [tlsa(3, 1, 1, 'wild')], False, 'validation-failure'),
        ('DANE-TA', 'good', MX, [tlsa(2, 0, 1, 'ours')], True, None),
        ('DANE-TA, digest of its key', 'good', MX, [tlsa(2, 1, 1, 'ours')], True, None),
        ('DANE-TA, another name', 'good', ['mx.other.test'], [tlsa(2, 0, 1, 'ours')], False, 'certificate-host-mismatch'),
        ('DANE-TA, the second of two names', 'good', ['host.other.test', 'mx.example.test'], [tlsa(2, 0, 1, 'ours')], True, None),
        ('DANE-TA, a name with a star', 'wild', MX, [tlsa(2, 0, 1, 'ours')], True, None),
        ('DANE-TA, the date counts', 'past', MX, [tlsa(2, 0, 1, 'ours')], False, 'certificate-expired'),
        ('DANE-TA of another authority', 'good', MX, [tlsa(2, 0, 1, 'other')], False, 'validation-failure'),
        ('beside one of use the others are passed over', 'good', MX, ['1 1 1 ' + '00' * 32, 'x', '3 1 1 abc', tlsa(3, 1, 1, 'good')], True, None)):
    answer, seen = ask(server, 'dane', names, records)
    ok((answer.get('answer'), answer.get('verified'), answer.get('failure')) == (('yes', 'yes', None) if fits else ('no', None, failure)), what, answer)
    equal(seen, [names[0]], '... the first name is asked for')
for what, record in (('PKIX-EE', tlsa(1, 0, 1, 'good')), ('PKIX-TA', tlsa(0, 0, 1, 'ours')), ('an unknown usage', '4 1 1 ' + '00' * 32),
                     ('an unknown selector', '3 2 1 ' + '00' * 32), ('an unknown matching type', '3 1 9 ' + '00' * 32), ('a digest that is too short', '3 1 1 0000'),
                     ('a certificate that is none', '2 0 0 ' + '00' * 32), ('no hex', '3 1 1 zz'), ('no data', '3 1 1 '), ('no record', '')):
    answer, _ = ask('good', 'dane', MX, [record])
    equal((answer.get('answer'), answer.get('verified'), answer.get('failure')), ('yes', 'no', 'tlsa-invalid'), 'nothing of use, %s: encrypted, nobody is verified' % what)
answer, _ = ask('good', 'dane', [], [tlsa(3, 1, 1, 'good')])
equal(answer.get('answer'), 'no', 'no name: refused')

for what, server, names, verified, failure in (('the name', 'good', MX, 'yes', None), ('another name', 'good', ['x.test'], 'no', 'certificate-host-mismatch'),
                                               ('a certificate of the past', 'past', MX, 'no', 'certificate-expired'), ('an unknown authority', 'other', ['other'], 'no', 'certificate-not-trusted')):
    answer, _ = ask(server, 'watch', names)
    equal((answer.get('answer'), answer.get('verified'), answer.get('failure')), ('yes', verified, failure), 'verify=watch, %s: taken, and says it' % what)
    answer, _ = ask(server, 'name', names)
    equal((answer.get('answer'), answer.get('failure')), ('yes' if verified == 'yes' else 'no', failure), '... verify=name, the same')
write('control/tlscafile', 'control/missing.pem\n')
answer, _ = ask('good', 'watch', MX)
equal((answer.get('answer'), answer.get('verified')), ('yes', 'no'), 'verify=watch without authorities: encrypted all the same')
answer, _ = ask('good', 'name', MX)
equal(answer.get('answer'), 'no', '... verify=name: not')
done_testing()
