#!/usr/bin/python3
"""smtp-send uses CHUNKING (RFC 3030) where it is offered: envelope and message in one flight, without a doubled dot; what is
not whole lines, or large, goes behind DATA; what a server that does not know BDAT after all says bounces nothing: the message goes by DATA then."""
import os, sys
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.52.1'
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '5\n')
start('smtp-send', listen('smtp-send'), 'log')


def bdat(*replies):
    """Takes the chunk, and says one reply after the other."""
    left = list(replies)

    def take(server):
        words = server.heard[-1].split(' ')
        server.messages.append(server.file.read(int(words[1])))
        return left.pop(0) if len(left) > 1 else left[0]
    return take


def session(*messages, recipients=('a@example.org', 'b@example.org'), extensions=('PIPELINING', 'CHUNKING', '8BITMIME'), **replies):
    replies.setdefault('BDAT', bdat(b'250 2.6.0 all of it\r\n'))
    s = peer.Server(address=ADDRESS, extensions=extensions, **replies)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('tls', 'off')])
    outcomes = [c.send(m, recipients) for m in messages or (MESSAGE,)]
    fields = c.fields
    c.close(), s.join(300)
    return outcomes, s, fields


def words(s):
    return [h.split(' ')[0] for h in s.heard]


for extensions in (('PIPELINING', 'CHUNKING'), ('CHUNKING',)):
    (outcomes,), s, fields = session(extensions=extensions)
    equal(outcomes, [('done', '2.6.0', '250', 'all of it')] * 2, 'one chunk, one reply for all (%s)' % ' '.join(extensions))
    equal(s.messages, [MESSAGE], '... the message as it is: no dot is doubled')
    equal(words(s), ['EHLO', 'MAIL', 'RCPT', 'RCPT', 'BDAT', 'QUIT'], '... no DATA')
    ok('BDAT %d LAST' % len(MESSAGE) in s.heard and fields.get('keep') == 'yes', '... and the connection is kept', s.heard)


def all_at_once(server):
    """Answers MAIL only when the whole flight is there."""
    server.sock.settimeout(300)
    server.file.peek()
    while b'.dot' not in server.file.peek():
        pass
    return b'250 ok\r\n'


(outcomes,), s, fields = session(MAIL=all_at_once)
equal([o[0] for o in outcomes], ['done'] * 2, 'RFC 3030 4.2: the message is there before MAIL is answered: one round trip')
results, s, fields = session(MESSAGE, b'x: \xe4\r\n\r\n.\r\n', MESSAGE)
equal(([[o[0] for o in r] for r in results], len(s.messages), s.messages[1]), ([['done', 'done']] * 3, 3, b'x: \xe4\r\n\r\n.\r\n'), 'three messages on one connection')
ok(words(s).count('RSET') == 0 and any('BODY=8BITMIME' in h for h in s.heard), '... no RSET between them; 8-bit is declared', s.heard)
results, s, fields = session(MESSAGE, MESSAGE, RCPT=[b'250 ok\r\n', b'550 5.1.1 no b\r\n'] + [b'550 5.1.1 nobody\r\n'] * 2, BDAT=bdat(b'250 2.6.0 ok\r\n', b'503 5.5.1 nobody\r\n'))
equal([[o[:2] for o in r] for r in results], [[('done', '2.6.0'), ('never', '5.1.1')], [('never', '5.1.1')] * 2], 'who is refused at RCPT is, and who is not has it')
results, s, fields = session(MESSAGE, MESSAGE, MAIL=[b'451 4.7.1 wait\r\n', b'250 ok\r\n'], BDAT=bdat(b'503 5.5.1 MAIL first\r\n', b'250 2.6.0 ok\r\n'))
equal([[o[:2] for o in r] for r in results], [[('later', '4.7.1')] * 2, [('done', '2.6.0')] * 2], 'MAIL is refused: its words, not those to BDAT; the next message passes')
for reply, outcome in ((b'552 5.3.4 too big\r\n', ('never', '5.3.4')), (b'451 4.3.0 disk\r\n', ('later', '4.3.0')), (b'421 4.3.2 closing\r\n', ('later', '4.3.2')),
                       (None, ('later', '4.4.2'))):
    (outcomes,), s, fields = session(BDAT=bdat(reply))
    equal([o[:2] for o in outcomes], [outcome] * 2, 'BDAT is answered by %s' % (reply and reply.decode().strip()))
    ok(fields.get('keep') == ('yes' if reply and reply[:3] in (b'552', b'451') else None), '... and is the connection of use?', fields)
for reply in (b'500 5.5.2 what?\r\n', b'502 5.5.1 what is BDAT?\r\n', b'503 5.5.1 out of order\r\n'):
    results, s, fields = session(MESSAGE, MESSAGE, sessions=2, BDAT=bdat(reply))
    equal([[o[0] for o in r] for r in results], [['done'] * 2] * 2, 'BDAT is answered by %s: a new connection, and DATA at once' % reply.decode().strip())
    equal((words(s).count('BDAT'), words(s).count('DATA'), s.connections, fields.get('keep')), (1, 2, 2, 'yes'), '... on which BDAT is not said again')
for message, what in ((b'a: b\n\nbare\n', 'bare LF'), (b'a: b\r\n\r\nno end', 'no end of line'), (b'a: b\r\n\r\n' + b'x' * 1500 + b'\r\n', 'a long line'),
                      (b'a: b\r\n\r\n' + b'0123456789abcde\r\n' * 10000, 'large')):
    (outcomes,), s, fields = session(message)
    ok(outcomes[0][0] == 'done' and 'DATA' in words(s) and 'BDAT' not in words(s), 'by DATA: ' + what, (outcomes, words(s)))
write('control/sendchunking', 'no\n')
(outcomes,), s, fields = session()
ok(outcomes[0][0] == 'done' and 'BDAT' not in words(s), 'control/sendchunking: no', words(s))
done_testing()
