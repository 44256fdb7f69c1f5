#!/usr/bin/python3
"""relay-test tries a relay and says how it went in ns8-mail's words (N-84, N-85), with what the server offers and which
certificate it has; the password stays with smtp-send, and no message is begun."""
import base64, hashlib, os, pwd, socket, subprocess, sys, threading, time
sys.path.insert(0, 'tests')
import peer
from tap import *

ADDRESS = '127.0.52.1'


def Server(**how):
    return peer.Server(address=ADDRESS, **how)


write('control/me', 'mail.home.test\n')
write('control/timeoutconnect', '2\n')
os.makedirs('tables/one')
os.symlink('one', 'tables/current')
for name, address in (('relay.example.test', ADDRESS), ('other.example.test', '127.0.52.9')):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', name + '.key',
                    '-out', name + '.pem', '-days', '2', '-subj', '/CN=' + name, '-addext', 'subjectAltName=DNS:%s,DNS:second.test,IP:%s' % (name, address)],
                   check=True, stderr=subprocess.DEVNULL)
write('control/tlscafile', 'control/ca.pem\n')
write('control/ca.pem', read('relay.example.test.pem'))
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'log')


def fingerprint(name):
    said = subprocess.run(['openssl', 'x509', '-in', name + '.pem', '-outform', 'DER'], check=True, stdout=subprocess.PIPE).stdout
    return hashlib.sha256(said).hexdigest()


def rule(server, tls='encrypt', secrets=(('login', 'instance'), ('password', 's3cret')), host=ADDRESS, **more):
    """The rule `office` in the tables."""
    facts = [('rule', 'office'), ('file', 'control/relayrules/office'), ('type', 'default'), ('subject', '*'), ('host', host),
             ('port', server if isinstance(server, int) else server.port), ('tls', tls), ('auth', 'yes')]
    write_cdb('tables/one/policy.cdb', [(b'domain:home.test', record([('file', 'x')])), (b'relay:default', record(facts))])
    write_cdb('tables/one/relay.cdb', [(b'rule:office', record(list(secrets) + list(more.items())))])


def probe(*words, input=None, user=None):
    started = time.monotonic()
    done = subprocess.run([program_for_all('relay-test'), *words], env=ENV, cwd='/', input=input, stdin=None if input is not None else subprocess.DEVNULL, capture_output=True, timeout=300, user=user)
    lines = done.stdout.decode().split('\n')
    return done.returncode, lines[0], '\n'.join(lines[1:]) + done.stderr.decode(), time.monotonic() - started


def expect(outcome, what, *words, has=(), **more):
    code, said, rest, _ = result = probe(*words, **more)
    ok(said == outcome and code == (0 if outcome == 'ok' else 1) and all(h in rest for h in has), 'N-85 %s: %s' % (outcome, what), result)


PLAIN = 'AUTH PLAIN ' + base64.b64encode(b'\0instance\0s3cret').decode()
s = Server(extensions=('STARTTLS', 'AUTH PLAIN', 'SIZE 1000'))
rule(s)
expect('ok', 'a rule whose server takes us', 'office', has=(
    '%s[%s]:%d would take mail from us, by TLS, after the login of instance' % (ADDRESS, ADDRESS, s.port), 'TLSv1.3 TLS_',
    'certificate  relay.example.test second.test', 'fingerprint  ' + fingerprint('relay.example.test'), 'offers       SIZE 1000', 'offers       AUTH PLAIN'))
s.join(300)
ok(PLAIN in s.heard and not any(h.startswith('MAIL') for h in s.heard), 'it has logged in, and begun no message', s.heard)

s = Server(extensions=('STARTTLS', 'AUTH PLAIN'), AUTH=b'535 5.7.8 go away\r\n')
rule(s)
expect('cannot_authenticate_to_server', 'a refused login; the sentence names the rule', 'office', has=('relay rule office', 'go away'))
with socket.create_server((ADDRESS, 0)) as free:
    closed = free.getsockname()[1]
rule(closed)
expect('cannot_connect_to_server', 'nobody listens', 'office', has=('refused',))
s = Server(BANNER=None)
rule(s)
expect('cannot_connect_to_server', 'it hangs up at once', 'office', has=('closed the connection',))
rule(25, host='no..such.host')
expect('address_error', 'a name that cannot be', 'office', has=('no..such.host has no address', 'relay rule office'))
expect('address_error', '... of no rule: no words about one', 'no..such.host:25', has=('the relay no..such.host has no address\n',))
s = Server(extensions=('AUTH PLAIN',))
rule(s)
expect('connection_not_supported_by_server', 'no STARTTLS, which the rule demands', 'office', has=('STARTTLS', 'offers       AUTH PLAIN'))
ok(not any(h.startswith('AUTH') for h in s.heard), 'and no password is said', s.heard)
s = Server(extensions=('STARTTLS',))
rule(s)
expect('connection_not_supported_by_server', 'no AUTH, but the rule has a login', 'office', has=('AUTH',))
s = Server(BANNER=b'554 not you\r\n')
rule(s)
expect('connection_not_supported_by_server', 'it takes no mail', 'office', has=('not you',))
s = Server(extensions=('STARTTLS', 'AUTH PLAIN'), certificate='other.example.test')
rule(s, tls='verify')
expect('connection_not_supported_by_server', 'N-84: the certificate is verified, and is not believed', 'office', has=('certificate is not accepted',))

silent = threading.Event()
results = {}


def be_silent(stage):
    s = Server(extensions=('STARTTLS',), **({stage: lambda server: silent.wait(300) and None} if stage != 'STARTTLS' else {'STARTTLS': b'220 go\r\n'}))
    if stage == 'STARTTLS':
        s.wrap = lambda: silent.wait(300)
    results[stage] = probe('%s:%d' % (ADDRESS, s.port), '--tls', 'encrypt')


stages = [threading.Thread(target=be_silent, args=[stage]) for stage in ('BANNER', 'EHLO', 'STARTTLS')]
for stage in stages:
    stage.start()
for stage in stages:
    stage.join(300)
for stage, result in sorted(results.items()):
    code, said, rest, seconds = result
    ok((code, said) == (1, 'connection_timeout_error') and seconds < 60, 'N-85 connection_timeout_error: silent at %s, told within the 10 s of N-84' % stage, result)
silent.set()

# a host that is not in a rule
s = Server(extensions=('STARTTLS', 'AUTH PLAIN'))
write('secret', 's3cret\n')
expect('ok', 'a host, with a login and a password in a file', '%s:%d' % (ADDRESS, s.port), '--tls', 'verify', '--login', 'instance', '--password-file', HOME + '/secret')
s.join(300)
ok(PLAIN in s.heard, 'it has logged in', s.heard)
s = Server(extensions=('STARTTLS',), certificate='other.example.test')
pin = fingerprint('other.example.test').upper()
expect('ok', 'S-31: a host known by its fingerprint, from an address', '%s:%d' % (ADDRESS, s.port), '--fingerprint', ':'.join(pin[i:i + 2] for i in range(0, 64, 2)), '--source', '127.0.52.3')
s = Server(extensions=('STARTTLS',))
expect('connection_not_supported_by_server', 'S-31: another certificate', '%s:%d' % (ADDRESS, s.port), '--fingerprint', pin, has=(fingerprint('relay.example.test'),))
s = Server(extensions=('AUTH PLAIN',), implicit=True)
expect('ok', 'TLS from the first byte; the password on fd 0', '[%s]:%d' % (ADDRESS, s.port), '--tls', 'tls', '--login', 'instance', input=b's3cret\n')
s = Server(extensions=())
expect('ok', 'in clear and without a login', '%s:%d' % (ADDRESS, s.port), '--tls', 'off', has=('in clear, without a login',))
s = Server(extensions=('AUTH PLAIN LOGIN',))
expect('connection_not_supported_by_server', 'never a password in clear', '%s:%d' % (ADDRESS, s.port), '--tls', 'off', '--login', 'a', input=b'b\n')
s.join(300)
ok(not any(h.startswith('AUTH') for h in s.heard), 'it was not said', s.heard)
s = Server(EHLO=b'250-relay\r\n' + b'250-\x1b[31mred\r\n' * 90 + b'250 OK\r\n')
code, said, rest, _ = probe('%s:%d' % (ADDRESS, s.port), '--tls', 'off')
ok(said == 'ok' and rest.count('offers') == 60 and '\x1b' not in rest, 'what a hostile server offers is bounded, and no terminal\'s commands', rest)

for words, what in ((('nosuchrule',), 'a rule that is not there'), (('office', '--tls', 'may'), 'options beside a rule'), (('a.test', '--tls', 'maybe'), 'an unknown mode'),
                    (('a.test', '--tls', 'fingerprint'), 'no fingerprint'), (('a.test', '--fingerprint', '12'), 'a fingerprint that is none'),
                    ((), 'nothing'), (('a.test:x',), 'a port that is none'), (('a.test', '--password-file', 'x'), 'a password without a login')):
    result = probe(*words)
    equal(result[0], 100, 'bad use: ' + what)
equal(probe('office', user='nobody')[0], 100, 'root alone')
os.chmod(HOME, 0o755)
for user in ('mail-send', 'mail-in', 'mail-submit'):
    s, entry = Server(extensions=('STARTTLS', 'AUTH PLAIN')), pwd.getpwnam(user)
    rule(s)
    os.setegid(entry.pw_gid), os.seteuid(entry.pw_uid)
    c = connect('smtp-send')
    os.seteuid(0), os.setegid(0)
    send(c, [('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', 'office'), ('tls', 'encrypt')])
    try:
        send(c, [('what', 'probe')])
        answer, _ = receive(c)
    except ConnectionError:  # it is closed at the first packet, for some
        answer = None
    c.close()
    ok(answer is None and not s.connections, 'a taken-over %s cannot probe: no answer, and nobody is called' % user, (answer, s.heard))
    socket.create_connection((ADDRESS, s.port)).close()
with open('log') as log:
    text = log.read()
ok('probe outcome=ok' in text and 's3cret' not in text, 'the log tells of it, not the password', text)
os.unlink('run/smtp-send')
write_cdb('tables/one/relay.cdb', [])
equal(probe('office')[0], 111, 'smtp-send is away: nothing was tried')
done_testing()
