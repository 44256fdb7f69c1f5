#!/usr/bin/python3
"""smtp-send: what a message's sender asked of every host goes on where the next one offers it: DSN (RFC 3461, RFC 6533),
SMTPUTF8 (RFC 6531), MT-PRIORITY (RFC 6710), REQUIRETLS (RFC 8689); and what=verify, which asks whether a recipient would be
taken (S-26)."""
import os, pwd, socket, subprocess, sys
sys.path.insert(0, 'tests')
from smtp_server import *
from tap import *

ADDRESS = '127.0.40.1'
DSN = ('PIPELINING', '8BITMIME', 'SIZE', 'DSN')
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '30\n')
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'relay.example.test.key', '-out',
                'relay.example.test.pem', '-days', '2', '-subj', '/CN=relay.example.test', '-addext', 'subjectAltName=IP:' + ADDRESS],
               check=True, stderr=subprocess.DEVNULL)
write('control/tlscafile', 'control/ca.pem\n')
write('control/ca.pem', read('relay.example.test.pem'))
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'log')


def tell(extensions, recipients=('bob@example.org',), facts=(), message=MESSAGE, sender='ann@home.test', tls='off'):
    """The outcomes, the answer, and what the server heard between EHLO and DATA."""
    s = Server(address=ADDRESS, extensions=extensions, sessions=1)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('tls', tls)])
    found = c.send(message, recipients, sender, facts=facts)
    c.close(), s.join(300)
    return found, c, [h for h in s.heard if h.split(' ')[0] in ('MAIL', 'RCPT')]


def as_user(user, packets, message=None):
    """The answer to the last packet of a call whose caller is this user."""
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        connection = connect('smtp-send')
    finally:
        os.seteuid(0)
    with connection:
        try:
            send(connection, packets[0])
            send(connection, packets[1], [memfd(message)] if message else [])
            return receive(connection)[0]
        except OSError:  # it has closed the connection, perhaps after the first packet already
            return None


os.chmod(HOME, 0o755)
WISHES = [('ret', 'full'), ('envid', 'a b+c=')]
TO = [('bob@example.org', 'notify=success,failure', 'orcpt=rfc822;b+ob@x.test'), ('cid@example.org', 'notify=never'), 'dan@example.org']
found, c, heard = tell(DSN, TO, WISHES)
equal(heard, ['MAIL FROM:<ann@home.test> SIZE=30 RET=FULL ENVID=a+20b+2Bc+3D'.replace('SIZE=30', 'SIZE=%d' % len(MESSAGE)),
              'RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bob@x.test', 'RCPT TO:<cid@example.org> NOTIFY=NEVER',
              'RCPT TO:<dan@example.org>'], 'RFC 3461: each wish with its recipient, in xtext')
equal((c.fields.get('dsn'), [o[0] for o in found]), ('yes', ['done'] * 3), '... and send-schedule is told that the next host reports')
found, c, heard = tell(('PIPELINING', '8BITMIME'), TO, WISHES)
equal((heard, 'dsn' in c.fields), (['MAIL FROM:<ann@home.test>', 'RCPT TO:<bob@example.org>', 'RCPT TO:<cid@example.org>', 'RCPT TO:<dan@example.org>'], False),
      '... nothing of it to a host without DSN')

UTF8 = [('smtputf8', 'yes')]
found, c, heard = tell((*DSN, 'SMTPUTF8'), [('b\u00fccher@example.org', 'notify=failure', 'orcpt=utf-8;b\u00fc cher@x.test')], UTF8)
equal(heard[0].split(' ')[-1] + '|' + heard[1].encode('latin-1').decode(), 'SMTPUTF8|RCPT TO:<b\u00fccher@example.org> NOTIFY=FAILURE ORCPT=utf-8;b\u00fc\\x{20}cher@x.test',
      'RFC 6531: an address in UTF-8 to a host that takes it')
found, c, heard = tell(DSN, [('bob@example.org', 'notify=failure', 'orcpt=utf-8;b\u00fccher@x.test')], UTF8)
equal(heard[1], 'RCPT TO:<bob@example.org> NOTIFY=FAILURE ORCPT=utf-8;b\\x{FC}cher@x.test', 'RFC 6533: the original address in ASCII to one that does not')
found, c, heard = tell(DSN, facts=UTF8)
equal((found[0][0], 'SMTPUTF8' in heard[0]), ('done', False), '... a message that needs no UTF-8 goes there')
header = 'Subject: b\u00fccher\r\n\r\nx\r\n'.encode()
found, c, heard = tell(DSN, facts=UTF8, message=header)
equal((found[0][:2], heard), (('never', '5.6.7'), []), '... one with UTF-8 in its header does not')
found, c, heard = tell((*DSN, 'SMTPUTF8'), facts=UTF8, message=header)
ok(found[0][0] == 'done' and heard[0].endswith(' SMTPUTF8'), '... but to one that takes it', heard)
found, c, heard = tell(DSN, facts=UTF8, message='Subject: x\r\n\r\nb\u00fccher\r\n'.encode())
equal(found[0][0], 'done', '... UTF-8 in the body alone is 8BITMIME')
found, c, heard = tell(('PIPELINING', '8BITMIME'), ['b\u00fccher@example.org'], UTF8)
equal(found[0][:2], ('never', '5.6.7'), '... an address in UTF-8 never goes where it is not offered')

found, c, heard = tell((*DSN, 'MT-PRIORITY'), facts=[('priority', '-3')])
ok(heard[0].endswith(' MT-PRIORITY=-3'), 'RFC 6710: the priority', heard)

TLS = [('requiretls', 'yes')]
found, c, heard = tell((*DSN, 'STARTTLS', 'REQUIRETLS'), facts=TLS, tls='verify')
ok(found[0][0] == 'done' and ' REQUIRETLS' in heard[0], 'RFC 8689: over verified TLS, to a host that offers REQUIRETLS', (found, heard))
for extensions, tls, what in (((*DSN, 'STARTTLS'), 'verify', 'a host that does not offer it'),
                              ((*DSN, 'STARTTLS', 'REQUIRETLS'), 'encrypt', 'TLS without a verified name'), ((*DSN, 'REQUIRETLS'), 'off', 'no TLS')):
    found, c, heard = tell(extensions, facts=TLS, tls=tls)
    equal((found[0][:2], heard), (('never', '5.7.30'), []), '... not: ' + what)

s = Server(address=ADDRESS, RCPT=[b'250 ok\r\n', b'550 5.1.1 nobody\r\n', b'450 4.2.0 later\r\n', b'250 ok\r\n'])
c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('tls', 'off')])
equal([c.verify('a@b.test')[0][:2], c.verify('nobody@b.test')[0][:3], c.verify('late@b.test')[0][:3]],
      [('done', '2.1.5'), ('never', '5.1.1', '550'), ('later', '4.2.0', '450')], 'S-26: what=verify answers what the host says to RCPT')
equal(c.send()[0][0], 'done', '... and the connection is good for more')
c.close(), s.join(300)
equal([h.split(' ')[0] for h in s.heard], ['EHLO', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT', 'DATA', 'QUIT'], '... no data was sent')
equal((s.heard[1], len(s.messages)), ('MAIL FROM:<>', 1), '... from the null sender')
for user, may in (('mail-in', ['done']), ('mail-submit', ['done'])):
    s = Server(address=ADDRESS)
    said = as_user(user, [[('route', 'host'), ('host', ADDRESS), ('port', str(s.port)), ('tls', 'off')], [('what', 'verify'), ('sender', ''), ('recipient', 'a@b.test')]])
    equal([v.split(' ')[0] for k, v in said or [] if k == 'recipient'], may, user + ' may ask')
    said = as_user(user, [[('route', 'host'), ('host', ADDRESS), ('port', str(s.port)), ('tls', 'off')], [('what', 'send'), ('id', '0123'), ('sender', ''), ('offset', '0'), ('recipient', 'a@b.test')]], MESSAGE)
    equal(said, None, '... but may not send')
    s = Server(address=ADDRESS)
    said = as_user(user, [[('route', 'host'), ('host', ADDRESS), ('port', str(s.port)), ('rule', 'office'), ('tls', 'encrypt')], [('what', 'verify'), ('sender', ''), ('recipient', 'a@b.test')]])
    equal((said, s.heard), (None, []), '... nor name a relay rule: its login would go to a host of the caller\'s choosing')
done_testing()
