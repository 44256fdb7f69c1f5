#!/usr/bin/python3
"""dkim-sign: a message and a domain in, DKIM-Signature fields out, which another implementation (python3-dkim) believes; what cannot be signed
is said; the memory does not grow with the message (L-09)."""
import base64, os, re, subprocess, sys
sys.path.insert(0, 'tests')
from tap import *
import dkim

HEADER = b'From: a@example.test\r\nTo: b@far.example\r\nSubject: hello\r\n\r\n'
records = {}


def openssl(*words):
    return subprocess.run(['openssl', *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def key(name, *words):
    openssl('genpkey', *words, '-out', 'dkim/%s.pem' % name)
    return openssl('pkey', '-in', 'dkim/%s.pem' % name, '-pubout', '-outform', 'DER')


def ask(message, domain='example.test', offset=0, more=()):
    fd = memfd(message) if isinstance(message, bytes) else message
    answer = call('dkim-sign', [('what', 'sign'), ('id', '1'), ('domain', domain), ('offset', offset), *more], [fd])[0]
    os.close(fd)
    return dict(answer)


def is_good(message, index=0):
    return dkim.DKIM(message).verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name.decode()))


os.makedirs('dkim')
rsa = key('rsa', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048')
own = key('rsa.own.test', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024')
ed = key('ed', '-algorithm', 'ed25519')
key('small', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:512')
key('curve', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
openssl('genpkey', '-algorithm', 'ed25519', '-aes256', '-pass', 'pass:secret', '-out', 'dkim/locked.pem')
write('dkim/text.pem', 'no key\n')
for name, kind, public in (('rsa._domainkey.example.test.', b'rsa', rsa), ('rsa._domainkey.own.test.', b'rsa', own), ('ed._domainkey.example.test.', b'ed25519', ed[-32:])):
    records[name] = b'v=DKIM1; k=' + kind + b'; p=' + base64.b64encode(public)
equal(subprocess.run([program('dkim-sign'), 'x'], stderr=subprocess.DEVNULL, env=ENV).returncode, 100, 'bad use')
start('dkim-sign', listen('dkim-sign'), 'sign.log')

equal(ask(HEADER), {'answer': 'no', 'error': 'control/dkim names no key for it'}, 'without control/dkim')
write('control/dkim', 'example.test rsa ed\nown.test rsa\nquiet.test off\n' + ''.join('%s.test %s\n' % (n, n) for n in ('small', 'curve', 'locked', 'text', 'missing')))
message = HEADER + b' a \r\n\r\nb\r\n\r\n'
fields = ask(message)['fields'].encode()
ok(is_good(fields + message) and is_good(fields + message, 1), 'RSA and Ed25519: both are good', fields)
equal([re.search(rb' a=([^;]*)', f)[1] for f in fields.split(b'DKIM-Signature:')[1:]], [b'rsa-sha256', b'ed25519-sha256'], '... in the order of control/dkim')
ok(max(map(len, fields.split(b'\r\n'))) <= 78, 'no long line', fields)
fields = ask(b'envelope\n' + message, offset=9)['fields'].encode()
ok(is_good(fields + message), 'what stands before the place is not looked at')
mine = message.replace(b'example.test', b'own.test')
fields = ask(mine, 'own.test')['fields'].encode()
ok(is_good(fields + mine), 'SELECTOR.DOMAIN.pem goes before SELECTOR.pem')
for body in (b'', b'\r\n', b'x', b'x' * 70000, b'x \r\n' * 50000, b'\r\n' * 40000 + b'end\r\n' + b' \r\n' * 40000, bytes(range(1, 256)).replace(b'\r', b'').replace(b'\n', b'') + b'\r\n'):
    fields = ask(HEADER + body)['fields'].encode()
    ok(is_good(fields + HEADER + body) and is_good(fields + HEADER + body, 1), 'a body of %d bytes' % len(body))
long = b'From: a@example.test\r\n' + b''.join(b'X-%d: %s\r\n' % (i, b'y' * 900) for i in range(1000)) + b'To: b@far.example\r\n\r\nx\r\n'
ok(is_good(ask(long)['fields'].encode() + long), 'a header of %d bytes' % len(long))
equal(ask(long.replace(b'To:', b'X-More: ' + b'z' * 300000 + b'\r\nTo:')), {'answer': 'no', 'error': 'the header is too long'}, 'one that is too long is said to be')

for domain, error in (('small.test', 'dkim/small.pem: an RSA key has 1024 to 8192 bits'), ('curve.test', 'dkim/curve.pem: neither an RSA nor an Ed25519 key'),
                      ('locked.test', 'dkim/locked.pem: no private key in PEM without a passphrase'), ('text.test', 'dkim/text.pem: no private key in PEM without a passphrase'),
                      ('missing.test', 'dkim/missing.pem: No such file or directory'), ('quiet.test', 'control/dkim names no key for it'), ('other.test', 'control/dkim names no key for it'),
                      ('', 'no such request'), ('../x', 'no such request')):
    equal(ask(message, domain), {'answer': 'no', 'error': error}, '%s: %s' % (domain, error))
equal(ask(message, offset=-1)['answer'], 'no', 'a place that is none')
equal(call('dkim-sign', [('what', 'sign'), ('domain', 'example.test'), ('offset', 0)])[0], [('answer', 'no'), ('error', 'no such request')], 'no descriptor')
equal(call('dkim-sign', [('what', 'else')])[0], [('answer', 'no'), ('error', 'no such request')], 'another request')
equal(ask(os.open('control', os.O_RDONLY)), {'answer': 'no', 'error': 'the message cannot be read'}, 'a descriptor that cannot be read')

big = os.memfd_create('big')
os.write(big, HEADER)
os.ftruncate(big, 200 << 20)  # more than three times the memory that it may have
ok(ask(big).get('fields'), 'a message of 200 MB is signed, in 64 MB of memory')
empty = os.memfd_create('lines')
os.write(empty, HEADER)
for _ in range(100):
    os.write(empty, b'\r\n' * (1 << 19))
os.write(empty, b'x')
ok(ask(empty).get('fields'), '... and 100 MB of empty lines before the last one')
write('control/dkim', 'example.test ../rsa\n')
equal(ask(message), {'answer': 'no', 'error': 'control/dkim: not a selector: ../rsa'}, 'a selector that is a path')
done_testing()
