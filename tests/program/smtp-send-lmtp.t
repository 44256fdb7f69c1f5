#!/usr/bin/python3
"""smtp-send speaks LMTP (RFC 2033) where a relay rule says so: LHLO, and for each recipient that was accepted his own outcome.
"""
import os, sys
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.52.1'
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '5\n')
os.makedirs('tables/one')
os.symlink('one', 'tables/current')
write_cdb('tables/one/relay.cdb', [(b'rule:store', record([('protocol', 'lmtp')]))])
start('smtp-send', listen('smtp-send'), 'log')
ALL = ('a@example.org', 'b@example.org', 'c@example.org')
LHLO = b'250-store\r\n250-PIPELINING\r\n250 8BITMIME\r\n'


def session(messages=1, recipients=ALL, rule='store', **replies):
    replies.setdefault('LHLO', LHLO)
    replies.setdefault('EHLO', b'500 5.5.1 LMTP here\r\n')
    replies.setdefault('HELO', b'500 5.5.1 LMTP here\r\n')
    s = peer.Server(address=ADDRESS, **replies)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', rule), ('tls', 'off')])
    outcomes = [c.send(recipients=recipients) for _ in range(messages)]
    fields = c.fields
    c.close(), s.join(300)
    return outcomes, s, fields


OK3 = b'250 2.1.5 a has it\r\n452 4.2.2 b is full\r\n550 5.1.1 c has gone\r\n'
(outcomes,), s, fields = session(END=OK3)
equal(outcomes, [('done', '2.1.5', '250', 'a has it'), ('later', '4.2.2', '452', 'b is full'), ('never', '5.1.1', '550', 'c has gone')],
      'each recipient has the reply that is his')
equal([h.split(' ')[0] for h in s.heard], ['LHLO', 'MAIL', 'RCPT', 'RCPT', 'RCPT', 'DATA', 'QUIT'], 'LHLO, and the rest as in SMTP')
equal(fields.get('keep'), 'yes', 'the connection can be kept')
(outcomes,), s, fields = session(RCPT=[b'250 ok\r\n', b'550 5.1.1 no b\r\n', b'250 ok\r\n'], END=b'250 2.0.0 a\r\n450 4.3.0 c waits\r\n')
equal([o[:2] for o in outcomes], [('done', '2.0.0'), ('never', '5.1.1'), ('later', '4.3.0')], 'who was refused at RCPT has no reply behind the data')
results, s, fields = session(messages=2, END=OK3)
equal([[o[0] for o in outcomes] for outcomes in results], [['done', 'later', 'never']] * 2, 'two messages on one connection stay apart')
for pipelining in (LHLO, b'250 store\r\n'):
    (outcomes,), s, fields = session(LHLO=pipelining, RCPT=b'550 5.1.1 nobody\r\n')
    ok([o[0] for o in outcomes] == ['never'] * 3 and 'DATA' not in s.heard and not s.messages, 'nobody is accepted: no DATA, whose end nobody would answer', (outcomes, s.heard))
(outcomes,), s, fields = session(DATA=b'451 4.3.0 no room\r\n')
equal([o[:2] for o in outcomes], [('later', '4.3.0')] * 3, 'DATA is refused: all of them')
(outcomes,), s, fields = session(END=b'250 2.1.5 a has it\r\n')
equal(([o[:2] for o in outcomes], fields.get('keep')), ([('done', '2.1.5'), ('later', '4.4.2'), ('later', '4.4.2')], None),
      'check 29: who has no reply in time is tried again, who has his is done')
(outcomes,), s, fields = session(END=b'250 2.1.5 a has it\r\n421 4.3.2 closing\r\n')
equal([o[:2] for o in outcomes], [('done', '2.1.5'), ('later', '4.3.2'), ('later', '4.3.2')], '421 in the middle')
(outcomes,), s, fields = session(LHLO=b'500 5.5.1 what?\r\n', EHLO=b'250 smtp\r\n')
ok([o[0] for o in outcomes] == ['later'] * 3 and 'LMTP' in outcomes[0][3] and s.heard == ['LHLO mail.home.test', 'QUIT'], 'a host that speaks SMTP is not spoken to by that', (outcomes, s.heard))
(outcomes,), s, fields = session(rule='other', EHLO=b'250 smtp\r\n')
equal(([o[0] for o in outcomes], s.heard[0]), (['done'] * 3, 'EHLO mail.home.test'), 'another rule: SMTP, one reply for all')
done_testing()
