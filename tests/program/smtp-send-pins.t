#!/usr/bin/python3
"""A relay rule can name the certificate of its host by fingerprint (S-31, N-84), the next one in advance (S-32), and the
address that we come from. What smtp-send learns of a rule it learns anew for each connection."""
import hashlib, os, ssl, subprocess, sys
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.52.1'
write('control/me', 'mail.home.test\n')
write('control/tlscafile', 'control/ca.pem\n')
os.makedirs('tables/one')
os.makedirs('tlsout')
os.symlink('one', 'tables/current')
pins = {}
for name in ('old', 'next', 'stranger'):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', name + '.key',
                    '-out', name + '.pem', '-days', '2', '-subj', '/CN=whatever', '-addext', 'subjectAltName=IP:' + ADDRESS], check=True, stderr=subprocess.DEVNULL)
    pins[name] = hashlib.sha256(subprocess.run(['openssl', 'x509', '-in', name + '.pem', '-outform', 'DER'], check=True, stdout=subprocess.PIPE).stdout).hexdigest()
write('control/ca.pem', read('stranger.pem'))
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'log')


def rule(*facts):
    write_cdb('tables/one/relay.cdb', [(b'rule:office', record(facts))])


def try_once(certificate='old', address=ADDRESS, tls='fingerprint', message=MESSAGE, facts=(), extensions=('STARTTLS', 'AUTH PLAIN'), **how):
    """The outcome, and the server that was asked, which keeps the address of who came."""
    s = peer.Server(address=address, certificate=certificate, extensions=extensions, **how)
    s.came = []
    s.replies['EHLO'] = lambda server: s.came.append(server.sock.getpeername()[0]) or b'250-relay\r\n' + b''.join(b'250-%s\r\n' % e.encode() for e in extensions) + b'250 HELP\r\n'
    c = Call([('route', 'host'), ('host', address), ('port', s.port), ('rule', 'office'), ('tls', tls)])
    outcome = c.send(message, facts=facts)[0]
    c.close()
    return outcome, s


rule(('fingerprint', pins['old']), ('fingerprint', pins['next']), ('login', 'a'), ('password', 's3cret'))
outcome, s = try_once('old')
s.join(300)
ok(outcome[0] == 'done' and s.tls == ['TLSv1.3'] and len(s.messages) == 1, 'S-31: the certificate that the rule names, which nobody vouches for', outcome)
outcome, s = try_once('next')
equal(outcome[0], 'done', 'S-32: so is the next one, before and after it is changed')
outcome, s = try_once('stranger')
s.join(300)
ok(outcome[:2] == ('later', '4.7.5') and pins['stranger'] in outcome[3], 'another certificate, though an authority vouches for it: later, with its fingerprint', outcome)
ok(s.heard[1:] == ['STARTTLS'] and not s.messages, 'and it hears nothing: no EHLO, no login, no mail', s.heard)
rule(('fingerprint', pins['next']))
outcome, s = try_once('old')
equal(outcome[:2], ('later', '4.7.5'), 'S-32: the old one is taken out of the rule: it counts no more, at the next connection')
outcome, s = try_once('next', extensions=('AUTH PLAIN',))
ok(outcome[:2] == ('later', '4.7.4') and not s.tls, 'N-84: no STARTTLS, no mail', outcome)
rule(('fingerprint', pins['next']))
outcome, s = try_once('next', tls='tls', implicit=True)
equal(outcome[0], 'done', 'TLS from the first byte: the fingerprint too')
outcome, s = try_once('stranger', tls='tls', implicit=True)
equal(outcome[:2], ('later', '4.7.5'), 'and it alone counts')
rule(('login', 'a'), ('password', 'b'))
outcome, s = try_once('stranger')
equal(outcome[:2], ('later', '4.7.5'), 'no fingerprint in the rule: nobody has it')
rule(('fingerprint', pins['old']))
outcome, s = try_once('old', facts=[('requiretls', 'yes')], extensions=('STARTTLS', 'REQUIRETLS'))
equal(outcome[0], 'done', 'a message that requires TLS goes there')

for certificate, expected in (('old', 'done'), ('next', 'done'), ('stranger', 'later')):
    s = peer.Server(address=ADDRESS, certificate=certificate, extensions=('STARTTLS',))
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('tls', 'fingerprint'), ('fingerprint', pins['old']), ('fingerprint', pins['next'])])
    outcome = c.send()[0]
    equal(outcome[0], expected, 'S-31: a hop without a rule brings the fingerprints itself: ' + certificate)
    c.close()

# S-21: the relay knows us by our certificate
def relay(known):
    """A server that asks for a certificate, and has a handshake with nobody but who bears this one."""
    def wrap():
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain('old.pem', 'old.key')
        c.load_verify_locations(known + '.pem')
        c.verify_mode, c.maximum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_2
        s.sock = c.wrap_socket(s.sock, server_side=True)
        s.file = s.sock.makefile('rb')
        s.tls.append(s.sock.getpeercert(True))
    s = peer.Server(address=ADDRESS, certificate='old', extensions=('STARTTLS',))
    s.wrap = wrap
    return s


def shown(known):
    s = relay(known)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', 'office'), ('tls', 'fingerprint')])
    outcome = c.send()[0]
    c.close()
    s.join(300)
    return outcome, [hashlib.sha256(der).hexdigest() for der in s.tls]


rule(('fingerprint', pins['old']), ('certificate', 'yes'))
outcome, seen = shown('next')
ok(outcome[:2] == ('later', '4.7.5') and 'tlsout/client.pem' in outcome[3], 'S-21: our certificate is not there: later, and says so', outcome)
for name in ('next', 'stranger'):
    write('tlsout/client.new', read(name + '.pem') + read(name + '.key'))
    os.rename('tlsout/client.new', 'tlsout/client.pem')
    outcome, seen = shown(name)
    ok(outcome[0] == 'done' and seen == [pins[name]], 'S-21, S-32: the certificate in tlsout/client.pem is shown: ' + name, (outcome, seen))
outcome, seen = shown('old')
ok(outcome[0] == 'later' and not seen, '... to a relay that wants another: later', outcome)
rule(('fingerprint', pins['old']))
outcome, seen = shown('stranger')
ok(outcome[0] == 'later' and not seen, '... and to nobody whose rule does not say so', outcome)

# S-32: the relay forgets us while a connection to it is kept
rule(('fingerprint', pins['old']))
unknown = b'530 5.7.0 Authentication required\r\n'
for extensions in (('STARTTLS',), ('STARTTLS', 'PIPELINING')):
    s = peer.Server(sessions=2, address=ADDRESS, certificate='old', extensions=extensions, MAIL=[b'250 2.1.0 ok\r\n', unknown, b'250 2.1.0 ok\r\n'])
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', 'office'), ('tls', 'fingerprint')])
    outcomes = [c.send()[0][0] for _ in range(2)]
    c.close()
    ok(outcomes == ['done', 'done'] and s.connections == 2, 'S-32: a kept connection on which we are not known any more (530) is replaced: %s' % (extensions,), (outcomes, s.connections, s.heard))
outcome, s = try_once('old', extensions=('STARTTLS',), MAIL=unknown)
equal(outcome[:3], ('later', '4.7.0', '530'), 'a relay that does not know us at all: later, for it is not the sender who can mend it')

rule(('source', '127.0.52.7'), ('source', '::1'))
for address, source in ((ADDRESS, '127.0.52.7'), ('::1', '::1')):
    outcome, s = try_once(address=address, tls='off', extensions=())
    s.join(300)
    ok(outcome[0] == 'done' and s.came == [source], 'the rule\'s source address is where we come from: ' + source, (outcome, s.came))
rule(('source', '::1'))
outcome, s = try_once(tls='off')
ok(outcome[:2] == ('later', '4.4.1') and 'relay rule office' in outcome[3] and not s.came, 'no source address of this family: not tried from another', outcome)
rule(('source', '192.0.2.52'))
outcome, s = try_once(tls='off')
ok(outcome[:2] == ('later', '4.4.1') and "not one of this host's" in outcome[3] and not s.came, 'a source address that is not ours: later, and says so', outcome)
rule(('source', '127.0.52.7'))
first, second = try_once(tls='off', extensions=()), try_once(tls='off', extensions=())
equal([first[0][0], second[0][0]], ['done', 'done'], 'more than one connection')
done_testing()
