#!/usr/bin/python3
"""smtp-send: an 8-bit message for a host without 8BITMIME is converted (RFC 6152 3); what the host gets says the same, for
another implementation of MIME; a signed one is returned. The table of cases: tests/unit/send_sevenbit.c."""
import sys
sys.path.insert(0, 'tests')
import email, email.policy, random
from smtp_server import *
from tap import *

ADDRESS = '127.0.51.1'
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '30\n')
start('smtp-send', listen('smtp-send'), 'log')


def tell(message, extensions=('PIPELINING', 'SIZE 2000000'), **more):
    """The outcome, the MAIL command, and what the server got, dots undone."""
    s = Server(address=ADDRESS, extensions=extensions)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('tls', 'off')])
    found = c.send(message, **more)
    c.close(), s.join(300)
    got = s.messages[0][:-3].replace(b'\r\n..', b'\r\n.') if s.messages else None
    return found[0], next((h for h in s.heard if h.startswith('MAIL')), None), got


def parts(bytes):
    """What each leaf says: its type, its charset, its bytes."""
    m = email.message_from_bytes(bytes, policy=email.policy.default)
    return [(p.get_content_type(), p.get_content_charset(), p.get_payload(decode=True)) for p in m.walk() if not p.is_multipart()]


TEXT = 'Gr\u00fc\u00dfe = all \r\n.a line\r\n\u0434\u043e\r\n'.encode()
CYRILLIC = ('\u0434\u043e\u0431\u0440\u044b\u0439 \u0434\u0435\u043d\u044c\r\n' * 9).encode()
BINARY = bytes(range(256)) * 8
MESSAGE = (b'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=outer"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nfor nobody\r\n'
           b'--=outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n'
           b'--inner\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n' + TEXT +
           b'\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n' + CYRILLIC + b'\r\n--inner--\r\n'
           b'--=outer\r\nContent-Type: application/x; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n'
           b'--=outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\nContent-Type: text/plain; charset=iso-8859-1\r\nMIME-Version: 1.0\r\n\r\nto all: \xe4\xf6\xfc\r\n'
           b'--=outer--\r\n')

outcome, mail, got = tell(MESSAGE)
equal((outcome[0], mail), ('done', 'MAIL FROM:<ann@home.test>'), 'RFC 6152 3: no 8BITMIME, and it is sent all the same, without BODY')
ok(all(c < 0x80 for c in got) and max(map(len, got.split(b'\r\n'))) <= 76, '... no byte over 0x7f, no line over 76', got)
equal(parts(got), parts(MESSAGE), '... and every part says the same')
ok(b'\r\nContent-Transfer-Encoding: 8bit' not in got and got.startswith(b'Subject: x\r\n'), '... nothing claims to be 8bit')
equal(tell(MESSAGE, extensions=('8BITMIME',))[2], MESSAGE, 'with 8BITMIME it goes as it is')

binary = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/y\r\nContent-Transfer-Encoding: binary\r\n\r\n' + BINARY + b'\r\n--b--\r\n'
equal(parts(tell(binary)[2])[0][2], BINARY, 'what is no text: byte for byte, with its CR, LF and NUL')

plain = b'Subject: x\r\n\r\nh\xe9llo you all\r\n.\r\n'
equal(parts(tell(plain)[2]), [('text/plain', 'unknown-8bit', b'h\xe9llo you all\r\n.\r\n')], 'without MIME fields: text/plain of an unknown charset (RFC 1428)')

got = tell(MESSAGE, extensions=('PIPELINING', 'CHUNKING'))[2]
ok(got and all(c < 0x80 for c in got) and parts(got) == parts(MESSAGE), 'a host with CHUNKING, and without 8BITMIME: converted, too', got)

random.seed(51)
lines = b''.join(bytes(random.choice(b'abc = .\t\xc3\xa9\xff') for _ in range(random.choice((0, 1, 40, 75, 76, 77, 200)))) + b'\r\n' for _ in range(20000))
large = b'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=x\r\n\r\n' + lines
ok(len(large) > 500000, 'a large one (%d bytes), which is read in parts' % len(large))
outcome, mail, got = tell(large)
ok(outcome[0] == 'done' and parts(got)[0][2] == lines, '... byte for byte')

for what, message in (('a DKIM signature', b'DKIM-Signature: v=1\r\n' + plain),
                      ('multipart/signed', b'Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n\xe9\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n')):
    outcome, mail, got = tell(message)
    ok(outcome[:2] == ('never', '5.6.3') and 'signed' in outcome[3] and not mail and not got, 'returned, and nothing was said to the host: ' + what, outcome)
outcome, mail, got = tell(b'Subject: \xc3\xa9\r\n\r\nx\r\n')
ok(outcome[:2] == ('never', '5.6.3') and 'header' in outcome[3], 'returned: 8-bit text in the header', outcome)
signed = b'DKIM-Signature: v=1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nseven\r\n'
equal(tell(signed)[2], signed, 'what has no 8-bit text is never changed')
done_testing()
