#!/usr/bin/python3
"""A relay rule with several hosts (N-83): in order of preference, equal ones by chance. The next one is tried when there is no
session with one: no connection, a bad greeting, a refused EHLO, no TLS, a refused login; not when the mail itself is refused."""
import collections, os, subprocess, sys
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.13.6'
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '60\n')
os.makedirs('tables/one')
os.symlink('one', 'tables/current')
write_cdb('tables/one/relay.cdb', [(b'rule:office', record([('login', 'instance'), ('password', 's3cret')]))])
for name in ('relay', 'other'):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', name + '.key', '-out', name + '.pem',
                    '-days', '2', '-subj', '/CN=relay', '-addext', 'subjectAltName=IP:' + (ADDRESS if name == 'relay' else '127.0.13.99')], check=True, stderr=subprocess.DEVNULL)
write('control/tlscafile', 'control/ca.pem\n')
write('control/ca.pem', read('relay.pem') + read('other.pem'))
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'log')


def server(**more):
    return peer.Server(**dict(dict(address=ADDRESS, certificate='relay', sessions=1000, patience=600), **more))


with socket.create_server((ADDRESS, 0)) as free:
    dead = free.getsockname()[1]
good, spare = server(), server()


def send_by(first, *others, tls='off', **more):
    """The outcome, and the port that it came from."""
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', first), *more.items(), ('tls', tls), *others])
    outcome = c.send()[0]
    c.close()
    return outcome, int(c.fields.get('remote', ':0').rsplit(':', 1)[1])


def at(s):
    return '%s:%d' % (ADDRESS, s if isinstance(s, int) else s.port)


outcome, port = send_by(good.port, ('next', at(spare)))
equal((outcome[0], port), ('done', good.port), 'the first, if it takes the mail')
outcome, port = send_by(dead, ('next', at(good)))
equal((outcome[0], port), ('done', good.port), 'nobody listens: the next')
outcome, port = send_by(dead, ('next', at(dead)), ('next', at(spare)), ('next', at(good)))
equal((outcome[0], port), ('done', spare.port), 'the third of four')
for how, what in ((dict(BANNER=b'451 busy\r\n'), 'greets with 451'), (dict(BANNER=b'554 no\r\n'), 'greets with 554'), (dict(BANNER=b'421 no\r\n'), 'greets with 421'), (dict(BANNER=None), 'closes at once'),
                  (dict(EHLO=b'421 no\r\n'), 'says 421 to EHLO'), (dict(EHLO=b'550 no\r\n', HELO=b'550 no\r\n'), 'refuses HELO')):
    outcome, port = send_by(server(**how).port, ('next', at(good)))
    equal((outcome[0], port), ('done', good.port), 'one that %s: the next' % what)
for how, kind, what in ((dict(MAIL=b'451 4.3.0 not now\r\n'), 'later', '451 to MAIL'), (dict(RCPT=b'450 4.2.2 full\r\n'), 'later', '450 to RCPT'), (dict(RCPT=b'550 5.1.1 no\r\n'), 'never', '550 to RCPT'),
                        (dict(END=b'554 5.6.0 no\r\n'), 'never', '554 to the message'), (dict(END=None), 'later', 'no word about the message')):
    s, before = server(**how), len(good.messages)
    outcome, port = send_by(s.port, ('next', at(good)))
    equal((outcome[0], port, len(good.messages)), (kind, s.port, before), '%s: the next is not tried' % what)
tls = dict(extensions=('STARTTLS', 'AUTH PLAIN'))
well = server(**tls)
for how, what in ((dict(), 'no STARTTLS'), (dict(tls, STARTTLS=b'454 not now\r\n'), 'STARTTLS is refused'), (dict(tls, certificate='other'), 'another name in the certificate'),
                  (dict(tls, AUTH=b'535 5.7.8 wrong\r\n'), 'the login is refused'), (dict(tls, AUTH=b'454 4.7.0 not now\r\n'), 'the login is put off'), (dict(extensions=('STARTTLS',)), 'no AUTH')):
    outcome, port = send_by(server(**how).port, ('next', at(well)), tls='verify', rule='office')
    equal((outcome[0], port), ('done', well.port), '%s: the next' % what)
outcome, port = send_by(dead, ('next', at(server(BANNER=b'451 4.3.2 too busy\r\n'))), ('next', at(dead)))
ok(outcome[0] == 'later' and 'too busy' in outcome[3], 'all fail: later, with what came nearest to a session', outcome)
counts = collections.Counter(send_by(good.port, ('equal', at(spare)))[1] for _ in range(60))
ok(set(counts) == {good.port, spare.port}, 'as good as each other: by chance', counts)
counts = collections.Counter(send_by(dead, ('next', at(good)), ('equal', at(spare)))[1] for _ in range(60))
ok(set(counts) == {good.port, spare.port}, 'behind one that is dead, too', counts)
outcome, port = send_by(dead, ('equal', at(dead)), ('next', '[::1]:%d' % dead), ('next', at(good)))
equal((outcome[0], port), ('done', good.port), 'an IPv6 address among them')
for value in ('x', 'x:', ':25', '[]:25', 'x:0', 'x:70000', ''):
    outcome, port = send_by(dead, ('next', value), ('next', at(good)))
    equal((outcome[0], port), ('done', good.port), 'one that is no host (%s) is passed over' % value)
many = [('next', at(dead))] * 30 + [('next', at(good))]
outcome, port = send_by(dead, *many)
equal((outcome[0], port), ('done', good.port), 'the last of 32')
done_testing()
