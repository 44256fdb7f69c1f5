#!/usr/bin/python3
"""What real servers do that RFC 5321 does not foresee, or only by a word: 421 at any moment, more recipients than fit, words that
nobody asked for, replies that are late, early or of another kind, connections that end in the middle. Each time: what each recipient
is told, whether the connection is used again, and that the next message is not concerned (N-78, RFC 5321 4.2.1.5, 4.5.3.1.10)."""
import os, socket, sys
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.13.7'
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '60\n')
server = start('smtp-send', listen('smtp-send'), 'log')
BIG = b'Subject: big\r\n\r\n' + b'0123456789abcdef\r\n' * 60000


def session(*messages, recipients=('a@example.org',), sessions=1, extensions=('PIPELINING', '8BITMIME'), address=ADDRESS, **replies):
    """The outcomes of each message over one call, the server, the last answer."""
    s = peer.Server(address=address, sessions=sessions, extensions=extensions, patience=60, **replies)
    c = Call([('route', 'host'), ('host', address), ('port', s.port), ('tls', 'off')])
    c.connection.settimeout(120)
    outcomes = [c.send(m, recipients) for m in messages or (MESSAGE,)]
    c.close(), s.join(300)
    return outcomes, s, c.fields


def words(s):
    return [h.split(' ')[0].upper() for h in s.heard]


def kinds(results):
    return [[o[0] for o in r] for r in results]


def raw(script):
    """A server of bytes: script(connection, file) for each connection."""
    listening = socket.create_server((ADDRESS, 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # so far ahead of the reading script can the other side be
    listening.settimeout(60)
    heard = []

    def run():
        try:
            while True:
                connection, _ = listening.accept()
                with connection, connection.makefile('rb') as file:
                    connection.settimeout(60)
                    try:
                        script(connection, file, heard)
                    except OSError:
                        pass
        except OSError:
            pass
    threading.Thread(target=run, daemon=True).start()
    return listening, heard


def send_raw(script, *messages, recipients=('a@example.org',)):
    listening, heard = raw(script)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', listening.getsockname()[1]), ('tls', 'off')])
    c.connection.settimeout(120)
    outcomes = [c.send(m, recipients) for m in messages or (MESSAGE,)]
    c.close(), listening.close()
    return outcomes, heard, c.fields


# --- greeting and EHLO ---------------------------------------------------------------------------------------------------
results, s, f = session(BANNER=b'220-first\r\n220-second\r\n220 third\r\n')
equal(kinds(results), [['done']], 'a greeting of several lines')
results, s, f = session(BANNER=b'220\r\n', EHLO=b'250\r\n')
equal(kinds(results), [['done']], 'replies without a word')
for code in ('421', '450', '500', '554'):
    results, s, f = session(BANNER=b'%s-no\r\n%s no mail here\r\n' % (code.encode(), code.encode()))
    ok(results[0][0][0] == 'later' and 'no mail here' in results[0][0][3] and 'MAIL' not in words(s), 'a greeting of %s, in two lines: later' % code, (results, s.heard))
for reply in (b'500 what?\r\n', b'502 no\r\n', b'554 no EHLO\r\n', b'550 no\r\n'):
    results, s, f = session(EHLO=reply)
    equal((kinds(results), words(s)[:2]), ([['done']], ['EHLO', 'HELO']), 'EHLO is answered by %s: HELO' % reply[:3].decode())
write('control/helohost', 'out.home.test\n')
results, s, f = session(EHLO=b'502 no\r\n')
equal(s.heard[:2], ['EHLO out.home.test', 'HELO out.home.test'], 'N-89: what we call ourselves is control/helohost')
os.unlink('control/helohost')
results, s, f = session()
equal(s.heard[0], 'EHLO mail.home.test', 'N-89: or control/me, from the next connection on')
results, s, f = session(EHLO=b'450 4.7.1 greylisted\r\n')
ok(results[0][0][0] == 'later' and 'greylisted' in results[0][0][3], 'EHLO is answered by 450: later', results)
results, s, f = session(EHLO=b'250-relay\r\n250-PIPELINING\n250-8BITMIME\n250 OK\n')
equal(kinds(results), [['done']], 'lines that end with a bare LF')

# --- 421 -----------------------------------------------------------------------------------------------------------------
for stage in ('RSET', 'MAIL'):
    results, s, f = session(MESSAGE, MESSAGE, sessions=2, extensions=(), RCPT=[b'550 5.1.1 no\r\n', b'250 ok\r\n'] if stage == 'RSET' else b'250 ok\r\n',
                            **{stage: b'421 4.4.2 too many\r\n' if stage == 'RSET' else [b'250 ok\r\n', b'421 4.4.2 too many\r\n', b'250 ok\r\n']})
    equal((results[1][0][0], s.connections), ('done', 2), '421 to %s of the second message: it goes over a new connection' % stage)


def idle(reply):
    """After the first message these words come, unasked, and perhaps the end."""
    state = {'count': 0}

    def end(server):
        state['count'] += 1
        return b'250 2.0.0 queued\r\n' + (reply if state['count'] == 1 else b'')
    return end


for reply, what in ((b'421 4.4.2 idle\r\n', '421'), (b'250 hello?\r\n', '250'), (b'550 5.7.1 go away\r\n', '550'), (b'354 go on\r\n', '354'), (b'garbage\r\n', 'garbage'), (b'25', 'half a reply')):
    results, s, f = session(MESSAGE, MESSAGE, MESSAGE, sessions=2, END=idle(reply))
    equal((kinds(results), len(s.messages), s.connections), ([['done']] * 3, 3, 2), 'unasked %s on a kept connection: the next message goes over a new one' % what)

# --- words before they are asked for -----------------------------------------------------------------------------------------
results, s, f = session(BANNER=b'220 hello\r\n250 I am so glad\r\n')
ok(results[0][0][:2] == ('later', '4.4.2') and 'before it was asked' in results[0][0][3] and not s.messages, 'words behind the greeting: later', results)
results, s, f = session(EHLO=b'250 relay\r\n250 and more\r\n')
ok(results[0][0][:2] == ('later', '4.4.2') and 'before it was asked' in results[0][0][3] and 'MAIL' not in words(s), 'behind the answer to EHLO: later, and MAIL is not said', (results, s.heard))
results, s, f = session(DATA=b'354 go\r\n250 2.0.0 queued already\r\n')
ok(results[0][0][:2] == ('later', '4.4.2') and 'before the message had ended' in results[0][0][3] and f.get('keep') is None, 'a message that is accepted before it was sent is not accepted', results)
results, s, f = session(DATA=b'354 go\r\n554 5.7.1 not from you\r\n')
ok(results[0][0][:3] == ('never', '5.7.1', '554') and f.get('keep') is None, 'one that is refused before it was sent is refused', results)


def in_the_middle(reply, then):
    def script(connection, file, heard):
        connection.sendall(b'220 hello\r\n')
        for line in file:
            heard.append(line.split(b' ')[0].strip().decode())
            if line.startswith(b'DATA'):
                connection.sendall(b'354 go\r\n')
                file.read(300000)
                connection.sendall(reply)
                if then == 'close':
                    connection.shutdown(socket.SHUT_WR)
                while file.read1(1 << 16):
                    pass
                return
            connection.sendall(b'250 ok\r\n')
    return script


for reply, outcome in ((b'552 5.3.4 too big\r\n', ('never', '5.3.4', '552')), (b'452 4.3.1 disk full\r\n', ('later', '4.3.1', '452')), (b'421 4.3.2 going down\r\n', ('later', '4.3.2', '421'))):
    for then in ('close', 'stay'):
        results, heard, f = send_raw(in_the_middle(reply, then), BIG)
        equal(results[0][0][:3], outcome, "%s in the middle of the message, and it %ss: its words" % (reply[:3].decode(), then))
# more than the buffers of both sides take: what was sent whole before the 250 came has its answer
results, heard, f = send_raw(in_the_middle(b'250 2.0.0 that is enough\r\n', 'stay'), BIG * 20)
ok(results[0][0][:2] == ('later', '4.4.2'), '250 in the middle of the message: later', results)

# --- recipients ----------------------------------------------------------------------------------------------------------
for code in ('250', '251', '252'):
    results, s, f = session(RCPT=b'%s yes\r\n' % code.encode())
    equal((kinds(results), len(s.messages)), ([['done']], 1), '%s to RCPT' % code)
five = ['%s@example.org' % x for x in 'abcde']
for pipelining in (('PIPELINING',), ()):
    for reply in (b'452 4.5.3 too many recipients\r\n', b'452 too many recipients\r\n', b'552 too many recipients\r\n', b'552 5.5.3 too many recipients\r\n', b'550 5.5.3 too many\r\n'):
        state = {'taken': 0}

        def two(server, reply=reply, state=state):
            state['taken'] += 1
            return b'250 ok\r\n' if state['taken'] <= 2 else reply

        def again(server, state=state):
            state['taken'] = 0
            return b'250 2.0.0 queued\r\n'
        results, s, f = session(recipients=five, extensions=pipelining, RCPT=two, END=again)
        equal((kinds(results), len(s.messages), s.connections, f.get('keep')), ([['done'] * 5], 3, 1, 'yes'),
              'two recipients at a time (%s)%s: three transactions at once, on one connection' % (reply.decode().strip(), '' if pipelining else ', no PIPELINING'))
results, s, f = session(recipients=five, RCPT=[b'250 ok\r\n', b'452 4.2.2 mailbox full\r\n', b'552 5.2.2 mailbox full\r\n', b'250 ok\r\n'])
equal(([o[:2] for o in results[0]], len(s.messages)), ([('done', '2.0.0'), ('later', '4.2.2'), ('never', '5.2.2'), ('done', '2.0.0'), ('done', '2.0.0')], 1), 'a full mailbox is not too many recipients')
results, s, f = session(recipients=five, RCPT=b'452 4.5.3 too many\r\n')
equal(([o[:2] for o in results[0]], words(s).count('MAIL')), ([('later', '4.5.3')] * 5, 1), 'who takes nobody is not asked for ever')
results, s, f = session(recipients=five, RCPT=[b'250 ok\r\n', b'452 4.5.3 too many\r\n'] + [b'452 4.5.3 too many\r\n'] * 8)
equal(([o[:2] for o in results[0]], words(s).count('MAIL')), ([('done', '2.0.0')] + [('later', '4.5.3')] * 4, 2), 'nor who takes nobody any more')
results, s, f = session(recipients=five, RCPT=[b'250 ok\r\n'] + [b'452 4.5.3 too many\r\n'] * 4 + [b'250 ok\r\n'], END=b'451 4.3.0 not now\r\n')
equal(([o[0] for o in results[0]], words(s).count('MAIL')), (['later'] * 5, 2), 'the message is refused: the rest have a try of their own')
results, s, f = session(recipients=five, sessions=2, RCPT=[b'250 ok\r\n'] + [b'452 4.5.3 too many\r\n'] * 4 + [b'250 ok\r\n'], MAIL=[b'250 ok\r\n', b'421 4.7.0 enough\r\n', b'250 ok\r\n'])
equal((kinds(results), s.connections), ([['done'] * 5], 2), '421 to the next transaction: the rest go over a new connection')
results, s, f = session(MESSAGE, MESSAGE, extensions=(), RCPT=[b'550 5.1.1 no\r\n', b'250 ok\r\n'])
equal((kinds(results), words(s)), ([['never'], ['done']], ['EHLO', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT', 'DATA', 'QUIT']), 'all recipients refused, no PIPELINING: RSET, and the next message')
results, s, f = session(MESSAGE, MESSAGE, RCPT=[b'550 5.1.1 no\r\n', b'250 ok\r\n'], END=[b'554 5.5.1 no valid recipients\r\n', b'250 ok\r\n'])
equal((kinds(results), s.messages[0]), ([['never'], ['done']], b'.\r\n'), 'all refused, but 354: an empty message, whose refusal is nothing to the recipients')
results, s, f = session(MESSAGE, MESSAGE, RCPT=[b'550 5.1.1 no\r\n', b'250 ok\r\n'], DATA=[b'503 5.5.1 no recipients\r\n', b'354 go\r\n'])
equal((kinds(results), results[0][0][1]), ([['never'], ['done']], '5.1.1'), 'all refused, and DATA too')

# --- the connection after a transaction ----------------------------------------------------------------------------------------
results, s, f = session(MESSAGE, MESSAGE, sessions=2, RCPT=[b'550 5.1.1 no\r\n', b'250 ok\r\n'], RSET=b'502 5.5.1 no RSET\r\n', extensions=())
equal((kinds(results), s.connections), ([['never'], ['done']], 2), 'RSET is refused: a new connection')
for reply in (b'503 5.5.1 nested MAIL\r\n', b'452 4.5.3 too many messages\r\n', b'550 5.5.3 too many messages\r\n'):
    results, s, f = session(MESSAGE, MESSAGE, sessions=2, MAIL=[b'250 ok\r\n', reply, b'250 ok\r\n'])
    equal((kinds(results), s.connections), ([['done'], ['done']], 2), '%s to MAIL of a second message: a new connection' % reply.decode().strip())
results, s, f = session(MAIL=b'503 5.5.1 authenticate first\r\n')
equal((results[0][0][:2], s.connections), (('never', '5.5.1'), 1), 'to that of the first it is an answer')
for reply, outcome in ((b'452 4.3.1 disk full\r\n', ('later', '4.3.1')), (b'552 5.3.4 too big\r\n', ('never', '5.3.4')), (b'501 5.1.7 bad sender\r\n', ('never', '5.1.7'))):
    results, s, f = session(MESSAGE, MESSAGE, MAIL=[b'250 ok\r\n', reply])
    equal((results[0][0][0], results[1][0][:2], s.connections, f.get('keep')), ('done', outcome, 1, 'yes'), '%s to MAIL: its words, and the connection is kept' % reply.decode().strip())

# --- replies of another kind ---------------------------------------------------------------------------------------------------
for stage in ('MAIL', 'RCPT'):
    results, s, f = session(**{stage: b'354 go on\r\n'})
    ok(results[0][0][:2] == ('later', '4.4.2') and f.get('keep') is None, '354 to %s: later, and the connection ends' % stage, results)
results, s, f = session(MESSAGE, MESSAGE, sessions=2, DATA=[b'250 ok\r\n', b'354 go\r\n'])
equal((kinds(results), s.connections, len(s.messages)), ([['later'], ['done']], 2, 1), '250 to DATA: later; the next message goes over a new connection')
results, s, f = session(MESSAGE, MESSAGE, sessions=2, END=[b'354 more\r\n', b'250 ok\r\n'])
equal((kinds(results), s.connections), ([['later'], ['done']], 2), '354 behind the message: later; the next goes over a new connection')
results, s, f = session(END=b'250-2.0.0 queued\r\n250 2.0.0 as 1234\r\n')
equal((results[0][0][0], results[0][0][3]), ('done', 'queued as 1234'), 'an answer of two lines')
for lies, what in ((b'550-5.1.1 a\r\n550+5.1.1 b\r\n', 'a wrong continuation'), (b'550\t5.1.1 b\r\n', 'a tab behind the code'), (b'5.1.1 no\r\n', 'a status alone'), (b'\r\n', 'an empty line'),
                   (b'55\r\n', 'two digits'), (b'550-5.1.1 a\r\n', 'a reply without its last line')):
    write('control/timeoutremote', '1\n')
    results, s, f = session(RCPT=lies)
    ok(results[0][0][0] == 'later' and f.get('keep') is None, '%s to RCPT: later, not a refusal' % what, results)
    write('control/timeoutremote', '60\n')
results, s, f = session(RCPT=b'550 5.1.1 \x1b[2Jno\r such\x00 \x9b user \xe2\x80\xae\r\n')
ok(results[0][0][0] == 'never' and all(' ' <= c <= '~' for c in results[0][0][3]), 'control characters and 8-bit in a refusal reach nobody', results)
ok(not any(c in read('log').decode('latin-1') for c in '\x1b\x00\x9b\xe2'), '... nor the log')

# --- connections that end, servers that do not read --------------------------------------------------------------------------------


def stops_reading(connection, file, heard):
    connection.sendall(b'220 hello\r\n')
    for line in file:
        if line.startswith(b'DATA'):
            connection.sendall(b'354 go\r\n')
            stopped.wait(300)
            return
        connection.sendall(b'250 ok\r\n')


write('control/timeoutremote', '1\n')
stopped = threading.Event()
results, heard, f = send_raw(stops_reading, BIG * 8)
stopped.set()
ok(results[0][0][:2] == ('later', '4.4.2') and 'too long to read' in results[0][0][3], 'a server that stops reading: later, after control/timeoutremote', results)
write('control/timeoutremote', '60\n')


def dies(when):
    def script(connection, file, heard):
        connection.sendall(b'220 hello\r\n')
        for line in file:
            heard.append(line.split(b' ')[0].strip().decode())
            if line.startswith(b'DATA'):
                connection.sendall(b'354 go\r\n')
                if when == 'middle':
                    file.read(100000)
                elif when == 'dot':
                    while file.readline() != b'.\r\n':
                        pass
                    heard.append('.')
                return
            connection.sendall(b'250 ok\r\n')
    return script


for when, what in (('354', 'behind 354'), ('middle', 'in the middle of the message'), ('dot', 'behind the dot')):
    results, heard, f = send_raw(dies(when), BIG)
    ok(results[0][0][:3] == ('later', '4.4.2', '000') and f.get('keep') is None and heard.count('MAIL') == 1, 'the server is gone %s: later, and not tried again by itself' % what, (results, heard))
results, s, f = session(MESSAGE, MESSAGE, sessions=2, END=[None, b'250 ok\r\n'])
equal(kinds(results), [['later'], ['done']], 'the next message is not concerned')

# --- what a server offers, and does not keep -----------------------------------------------------------------------------------------
UTF8 = b'Subject: \xc3\xa4\r\n\r\n\xc3\xa4\r\n'
for reply in (b'555 5.5.4 unsupported BODY\r\n', b'501 5.5.4 syntax\r\n'):
    results, s, f = session(UTF8, MESSAGE, MAIL=[reply, b'250 ok\r\n'])
    equal((results[0][0][:2], results[1][0][0]), (('never', '5.5.4'), 'done'), '8BITMIME is offered, and BODY=8BITMIME refused: its words; the next message is taken')
results, s, f = session(MESSAGE, MESSAGE, extensions=('SIZE 100000', 'PIPELINING'), MAIL=[b'552 5.3.4 too big after all\r\n', b'250 ok\r\n'])
equal((results[0][0][:3], results[1][0][0]), (('never', '5.3.4', '552'), 'done'), 'smaller than SIZE, and too big after all')
results, s, f = session(BIG, MESSAGE, extensions=('SIZE 1000', 'PIPELINING'))
equal((results[0][0][:3], results[1][0][0], words(s).count('MAIL')), (('never', '5.3.4', '000'), 'done', 1), 'larger than SIZE: it is not begun; the next message goes over the same connection')
results, s, f = session(extensions=('SIZE nonsense', 'SIZE', 'AUTH', '=', '', 'X' * 400, 'PIPELINING'))
equal(kinds(results), [['done']], 'offers that mean nothing')
done_testing()
