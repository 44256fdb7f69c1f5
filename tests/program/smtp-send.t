#!/usr/bin/python3
"""smtp-send brings a message to another host: to Postfix's smtp-sink; with TLS of each kind and with a login (L-07, L-08,
N-84, N-86); what refusing, slow, vanishing and lying servers do is bounded, and is told for each recipient (checks 28,
29, 31); the connection is kept for the next message."""
import base64, os, signal, socket, subprocess, sys, threading
sys.path.insert(0, 'tests')
from smtp_server import *
from tap import *

ADDRESS = '127.0.13.1'
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '30\n')
write('control/timeoutconnect', '2\n')


def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, stderr=subprocess.DEVNULL)


for name, address in (('relay.example.test', ADDRESS), ('other.example.test', '127.0.13.9')):
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', name + '.key',
            '-out', name + '.pem', '-days', '2', '-subj', '/CN=' + name,
            '-addext', 'subjectAltName=DNS:%s,IP:%s' % (name, address))
write('control/tlscafile', 'control/ca.pem\n')
write('control/ca.pem', read('relay.example.test.pem') + read('other.example.test.pem'))


def hop(server, **more):
    pairs = dict(route='host', host=ADDRESS, port=server if isinstance(server, int) else server.port, tls='off')
    pairs.update(more)
    return list(pairs.items())


def try_once(server, message=MESSAGE, recipients=('bob@example.org',), sender='ann@home.test', **more):
    """The outcomes of one message over a connection of its own, and the call."""
    c = Call(hop(server, **more))
    outcomes = c.send(message, recipients, sender)
    c.close()
    return outcomes, c


def log():
    return read('log').decode()


start('tls-client', listen('tls-client'), 'tlslog')
server = start('smtp-send', listen('smtp-send'), 'log')

# --- smtp-sink -------------------------------------------------------------------------------------------------------
with socket.create_server((ADDRESS, 0)) as free:
    sink_port = free.getsockname()[1]
os.mkdir('sunk', 0o777), os.chmod('sunk', 0o777), os.chmod(HOME, 0o755)
sink = subprocess.Popen(['/usr/sbin/smtp-sink', *(['-u', 'nobody'] if os.getuid() == 0 else []), '-d', HOME + '/sunk/%M.',
                         '%s:%d' % (ADDRESS, sink_port), '100'],
                        stderr=subprocess.PIPE)
running.append(sink)


def is_up():
    try:
        return socket.create_connection((ADDRESS, sink_port), 1).close() is None
    except OSError:
        return False


ok(wait_for(is_up), 'smtp-sink is up')
outcomes, c = try_once(sink_port, recipients=('bob@example.org', 'cid@example.org'))
equal([(o[0], o[2]) for o in outcomes], [('done', '250')] * 2, 'smtp-sink takes a message for two')
equal(c.fields.get('remote'), '%s[%s]:%d' % (ADDRESS, ADDRESS, sink_port), 'the answer tells host, address and port')
sunk = b''.join(read('sunk/' + f) for f in os.listdir('sunk')) if wait_for(lambda: os.listdir('sunk')) else b''
ok(b'X-Rcpt-Args: <cid@example.org>' in sunk and b'\n.dot\n' in sunk.replace(b'\r', b''), 'and has it as it was, for both', sunk)

# --- the dialogue -----------------------------------------------------------------------------------------------------
s = Server()
outcomes, c = try_once(s)
equal(outcomes, [('done', '2.0.0', '250', 'queued')], 'the server\'s reply is the outcome')
equal(c.fields.get('keep'), 'yes', 'the connection could be kept')
s.join(300)
equal(s.heard, ['EHLO mail.home.test', 'MAIL FROM:<ann@home.test> SIZE=%d' % len(MESSAGE), 'RCPT TO:<bob@example.org>', 'DATA',
                'QUIT'], 'the dialogue')
equal(s.messages, [b'Subject: hello\r\n\r\nline\r\n..dot\r\n.\r\n'], 'the data, with its dot doubled')
line = 'id=0123 to=bob@example.org outcome=done status=2.0.0 remote=%s[%s]:%d' % (ADDRESS, ADDRESS, s.port)
ok(line in log() and 'ms=' in log(), 'a line in the log', log())

s = Server(extensions=())
outcomes, c = try_once(s, recipients=('a@example.org', 'b@example.org'))
s.join(300)
equal([o[0] for o in outcomes], ['done', 'done'], 'without PIPELINING')
s = Server(EHLO=b'502 what?\r\n')
try_once(s)
s.join(300)
equal(s.heard[:3], ['EHLO mail.home.test', 'HELO mail.home.test', 'MAIL FROM:<ann@home.test>'],
      'EHLO is refused: HELO, and nothing that EHLO did not offer')

write('control/helohost', 'out.home.test\n')
s = Server()
outcomes, c = try_once(s, message=b'x\xe4\r\n', sender='')
s.join(300)
equal(s.heard[:2], ['EHLO out.home.test', 'MAIL FROM:<> SIZE=4 BODY=8BITMIME'], 'control/helohost; the null sender; 8BITMIME')
os.unlink('control/helohost')

s = Server()
outcomes, c = try_once(s, message=b'a\nb\n.\nMAIL FROM:<evil@example.org>\n.\r\r\n' + b'x' * 3000)
s.join(300)
ok(len(s.messages) == 1 and max(map(len, s.messages[0].split(b'\r\n'))) <= 998 and b'\n' not in s.messages[0].replace(b'\r\n', b''),
   'check 31: CRLF only, lines of at most 998 bytes, one message', s.messages)
big = b''.join(b'%07d\r\n.%s\r\n' % (i, b'y' * 60) for i in range(20000))
s = Server(extensions=('PIPELINING',))
outcomes, c = try_once(s, message=b'ENVELOPE' + big, recipients=('a@example.org',))
s.join(300)
ok(outcomes[0][0] == 'done' and s.messages[0] == b'ENVELOPE' + big.replace(b'\r\n.', b'\r\n..') + b'.\r\n',
   'a message of a megabyte and a half, in parts', outcomes)
s = Server()
c = Call(hop(s))
outcomes = c.send(b'postroom1 envelope\n\nA: b\r\n', offset=20)
c.close(), s.join(300)
equal(s.messages, [b'A: b\r\n.\r\n'], 'only what lies behind the offset is sent')

# --- kept connections -------------------------------------------------------------------------------------------------
s = Server(RCPT=[b'250 ok\r\n', b'550 5.1.1 nobody\r\n', b'250 ok\r\n'])
c = Call(hop(s))
results = [c.send()[0][0] for _ in range(3)]
c.close(), s.join(300)
equal(results, ['done', 'never', 'done'], 'three messages on one call')
equal([h.split(' ')[0] for h in s.heard], ['EHLO'] + ['MAIL', 'RCPT', 'DATA'] * 3 + ['QUIT'], 'on one connection')
for name, value, count, what in (('connectionmessages', '2', 3, 'two messages over a connection'), ('connectionmessages', '0', 1, '0: no limit'), ('connectionmessages', '1', 5, 'each has its own')):
    write('control/' + name, value)
    s = Server(sessions=5)
    c = Call(hop(s))
    results = [c.send()[0][0] for _ in range(5)]
    keeps = c.fields.get('keep')
    c.close()
    equal((results, s.connections, keeps), (['done'] * 5, count, 'yes'), 'control/%s %s: %s' % (name, value, what))
    ok(wait_for(lambda: s.heard.count('QUIT') == count), '... each is ended by QUIT', s.heard)
    os.unlink('control/' + name)
s = Server(sessions=2)
c = Call(hop(s))
results = [c.send()[0][0] for _ in range(101)]
c.close()
equal((results, s.connections), (['done'] * 101, 2), 'a hundred messages go over one connection, if nothing is said')
s = Server(extensions=(), RCPT=[b'550 5.1.1 nobody\r\n', b'250 ok\r\n'])
c = Call(hop(s))
results = [c.send()[0][0] for _ in range(2)]
c.close(), s.join(300)
equal([h.split(' ')[0] for h in s.heard], ['EHLO', 'MAIL', 'RCPT', 'RSET', 'MAIL', 'RCPT', 'DATA', 'QUIT'],
      'RSET only after a transaction without an end')
for how, what in ((None, 'closed'), (b'421 4.4.2 idle for too long\r\n', 'ended by 421')):
    s = Server(sessions=2, MAIL=[b'250 ok\r\n', how, b'250 ok\r\n'])
    c = Call(hop(s))
    results = [c.send()[0][0] for _ in range(2)]
    c.close(), s.join(300)
    equal((results, s.connections), (['done', 'done'], 2), 'a kept connection that was %s before MAIL is replaced, once' % what)
s = Server(sessions=3, MAIL=[b'250 ok\r\n', None])
c = Call(hop(s))
results = [c.send()[0][0] for _ in range(2)]
equal((results, s.connections), (['done', 'later'], 2), 'not for ever')
c.close()

# --- refusals, at each stage --------------------------------------------------------------------------------------------
for code, kind in ((b'450', 'later'), (b'550', 'never')):
    for stage, status, pipelining in (('MAIL', '1.0', True), ('RCPT', '1.0', True), ('DATA', '0.0', True), ('END', '0.0', True),
                                      ('MAIL', '1.0', False),
                                      ('RCPT', '1.0', False), ('DATA', '0.0', False)):
        s = Server(extensions=('PIPELINING',) if pipelining else (), **{stage: code + b' no\r\n'})
        outcomes, c = try_once(s)
        s.join(300)
        equal(outcomes, [(kind, ('4.' if kind == 'later' else '5.') + status, code.decode(), 'no')],
              '%s at %s is %s%s' % (code.decode(), stage, kind, '' if pipelining else ' (no PIPELINING)'))
        ok(s.heard[-1] == 'QUIT', 'and the server is told goodbye', s.heard)
s = Server(RCPT=[b'250 ok\r\n', b'550-5.1.1 no such\r\n550 5.1.1 user\r\n', b'450 4.2.2 full\r\n', b'250 ok\r\n',
                 b'552 too many\r\n', b'250 ok\r\n'])
outcomes, c = try_once(s, recipients=['%s@example.org' % x for x in 'abcde'])
equal(outcomes, [('done', '2.0.0', '250', 'queued'), ('never', '5.1.1', '550', 'no such user'), ('later', '4.2.2', '450', 'full'),
                 ('done', '2.0.0', '250', 'queued'),
                 ('done', '2.0.0', '250', 'queued')], 'each recipient has its own outcome, in order; who was too many has it by the next transaction')
s = Server(RCPT=b'550 5.1.1 nobody\r\n')
outcomes, c = try_once(s)
s.join(300)
ok(outcomes[0][0] == 'never' and s.messages == [b'.\r\n'] and c.fields.get('keep') == 'yes',
   'nobody is left, but the server said 354: it gets an end at once', s.messages)
for greeting in (b'450 later\r\n', b'554 go away\r\n', b'421 4.3.2 busy\r\n'):
    s = Server(BANNER=greeting)
    outcomes, c = try_once(s)
    equal(outcomes[0][0], 'later', 'greeting %s is later: nothing was said about the mail' % greeting[:3].decode())
s = Server(EHLO=b'550 no\r\n', HELO=b'550 your name is bad\r\n')
outcomes, c = try_once(s)
ok(outcomes[0][0] == 'later' and 'your name is bad' in outcomes[0][3], 'a refused HELO is later, with its words', outcomes)
for stage in ('EHLO', 'MAIL', 'RCPT', 'DATA', 'END'):
    s = Server(**{stage: b'421 4.3.2 closing\r\n'})
    outcomes, c = try_once(s, recipients=('a@example.org', 'b@example.org'))
    ok([o[0] for o in outcomes] == ['later'] * 2 and 'closing' in outcomes[0][3] and 'keep' not in c.fields,
       '421 at %s is later for all, and the connection is not kept' % stage, c.answer)

# --- vanishing, slow and lying servers: check 28, check 29 ---------------------------------------------------------------
for stage in ('BANNER', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'END'):
    for extensions in (('PIPELINING',), ()):
        s = Server(extensions=extensions, **{stage: None})
        outcomes, c = try_once(s, recipients=('a@example.org', 'b@example.org'))
        ok([o[:3] for o in outcomes] == [('later', '4.4.2', '000')] * 2 and 'keep' not in c.fields,
           'the server vanishes at %s: later (check 29)' % stage, outcomes)


def silence(server):
    silent.wait(300)


def drip(server):
    for _ in range(100):
        server.sock.sendall(b'2')
        if silent.wait(0.2):
            break


def flood(line):
    def send_flood(server):
        for _ in range(10000):
            server.sock.sendall(line * 100)
        return b'250 ok\r\n'
    return send_flood


write('control/timeoutremote', '1\n')
for stage in ('BANNER', 'EHLO', 'MAIL', 'DATA', 'END'):
    silent = threading.Event()
    s = Server(**{stage: silence})
    outcomes, c = try_once(s)
    silent.set()
    ok(outcomes and outcomes[0][:2] == ('later', '4.4.2') and 'in time' in outcomes[0][3],
       'the server is silent at %s: later, after control/timeoutremote' % stage, outcomes)
silent = threading.Event()
s = Server(MAIL=drip)
outcomes, c = try_once(s)
silent.set()
equal(outcomes[0][:2], ('later', '4.4.2'), 'a reply that comes byte by byte must be whole in time')
write('control/timeoutremote', '30\n')
for what, lies in (('a line without an end', flood(b'250 aaaaaaa')), ('lines without an end', flood(b'250-a\r\n')), ('no code', b'hello\r\n'), ('codes that differ', b'250-a\r\n550 b\r\n'),
                   ('a code out of range', b'999 a\r\n'), ('binary', bytes(range(256)) * 10), ('only newlines', b'\r\n\r\n\r\n')):
    for stage in ('BANNER', 'EHLO', 'RCPT', 'END'):
        s = Server(**{stage: lies})
        outcomes, c = try_once(s)
        ok(outcomes and outcomes[0][0] == 'later', '%s at %s: later' % (what, stage), outcomes)
s = Server(RCPT=b'550 5.1.1 \x1b]0;evil\x07 \xff\r\n')
outcomes, c = try_once(s)
equal(outcomes, [('never', '5.1.1', '550', '?]0;evil? ?')], '8-bit and control bytes in a reply reach nobody')
s = Server(DATA=b'250 done already\r\n')
outcomes, c = try_once(s)
equal(outcomes[0][0], 'later', '250 to DATA is not a delivery')
s = Server(END=b'354 more\r\n')
outcomes, c = try_once(s)
equal(outcomes[0][0], 'later', '354 after the message is not a delivery')

# --- the login: L-07, L-08 ---------------------------------------------------------------------------------------------
def tables(rules):
    """tables/current/relay.cdb, as tables-build makes it."""
    os.makedirs('tables/' + str(len(os.listdir('tables'))), exist_ok=True)
    folder = str(len(os.listdir('tables')) - 1)
    lines = b''
    for rule, pairs in rules.items():
        key, value = b'rule:' + rule.encode(), record(pairs)
        lines += b'+%d,%d:%s->%s\n' % (len(key), len(value), key, value)
    subprocess.run(['cdb', '-c', 'tables/%s/relay.cdb' % folder], input=lines + b'\n', check=True)
    os.symlink(folder, 'tables/next')
    os.rename('tables/next', 'tables/current')


plain = base64.b64encode(b'\0instance\0s3cret').decode()
outcomes, c = try_once(Server(), rule='office')
ok(outcomes[0][:2] == ('later', '4.3.0') and 'relay.cdb' in outcomes[0][3], 'without relay.cdb a rule is later', outcomes)
tables({'office': [('login', 'instance'), ('password', 's3cret')]})
s = Server(extensions=('STARTTLS', 'AUTH LOGIN PLAIN'))
outcomes, c = try_once(s, rule='office', tls='encrypt')
s.join(300)
ok(outcomes[0][0] == 'done' and 'AUTH PLAIN ' + plain in s.heard, 'AUTH PLAIN with the login of the rule, over TLS', (outcomes, s.heard))
s = Server(extensions=('STARTTLS', 'AUTH=LOGIN'), AUTH=b'334 VXNlcm5hbWU6\r\n',
           **{base64.b64encode(b'instance').decode().upper(): b'334 x\r\n',
           base64.b64encode(b's3cret').decode().upper(): b'235 ok\r\n'})
outcomes, c = try_once(s, rule='office', tls='encrypt')
s.join(300)
ok(outcomes[0][0] == 'done' and s.heard[3:6] == ['AUTH LOGIN', 'aW5zdGFuY2U=', 'czNjcmV0'],
   'AUTH LOGIN, where there is nothing better', (outcomes, s.heard))
s = Server(extensions=('STARTTLS', 'AUTH PLAIN'), AUTH=b'535 5.7.8 wrong\r\n')
outcomes, c = try_once(s, rule='office', tls='encrypt')
ok(outcomes[0][:2] == ('later', '4.7.8') and 'rule office' in outcomes[0][3] and 'wrong' in outcomes[0][3],
   'a refused login is later, and names the rule', outcomes)
s = Server(extensions=('AUTH PLAIN',))
outcomes, c = try_once(s, rule='office', tls='may')
s.join(300)
ok(outcomes[0][0] == 'later' and 'AUTH' not in ''.join(s.heard), 'no TLS: the password is not said', (outcomes, s.heard))
s = Server(extensions=('AUTH PLAIN',))
outcomes, c = try_once(s, rule='office', tls='off')
s.join(300)
ok(outcomes[0][:2] == ('later', '4.7.11') and 'AUTH' not in ''.join(s.heard), 'not even if the rule says tls: off', (outcomes, s.heard))
s = Server(extensions=('STARTTLS',))
outcomes, c = try_once(s, rule='office', tls='encrypt')
ok(outcomes[0][0] == 'later' and 'rule office' in outcomes[0][3], 'a login, but no AUTH is offered: later, and names the rule',
   outcomes)
tables({'office': [('login', 'instance'), ('password', 'other')]})
s = Server(extensions=('STARTTLS', 'AUTH PLAIN'))
outcomes, c = try_once(s, rule='office', tls='encrypt')
s.join(300)
ok('AUTH PLAIN ' + base64.b64encode(b'\0instance\0other').decode() in s.heard, 'a changed password counts at once (N-88)',
   s.heard)
s = Server()
outcomes, c = try_once(s, rule='free')
s.join(300)
ok(outcomes[0][0] == 'done' and 'AUTH' not in ''.join(s.heard), 'a rule without a login', outcomes)
ok('s3cret' not in log() and plain not in log(), 'no password is in the log')

# --- what a server does not take -----------------------------------------------------------------------------------------
s = Server(extensions=('SIZE 10',))
outcomes, c = try_once(s)
s.join(300)
ok(outcomes[0][:3] == ('never', '5.3.4', '000') and s.heard == ['EHLO mail.home.test', 'QUIT'],
   'larger than SIZE: 5.3.4 before MAIL', (outcomes, s.heard))
s = Server(extensions=())
outcomes, c = try_once(s, message=b'\xc3\xa4\r\n')
equal(outcomes[0][:3], ('never', '5.6.3', '000'), 'no 8BITMIME: 8-bit is returned, not sent undeclared')
s = Server()
outcomes, c = try_once(s, recipients=('j\u00f6rg@example.org',))
equal(outcomes[0][:3], ('never', '5.6.7', '000'), 'no SMTPUTF8: an address that is not ASCII is returned')
s = Server(extensions=('SMTPUTF8', '8BITMIME'))
outcomes, c = try_once(s, recipients=('j\u00f6rg@example.org',))
s.join(300)
ok(outcomes[0][0] == 'done' and 'SMTPUTF8' in s.heard[1], 'with SMTPUTF8 it is sent', s.heard)
s = Server()
outcomes, c = try_once(s, recipients=('a@example.org>\r\nRSET', 'b b@example.org', '"b >b"@example.org', ''))
s.join(300)
equal([o[0] for o in outcomes], ['never', 'never', 'done', 'never'], 'an address that would end its command is never said')
ok('RSET' not in s.heard, 'and no command comes from it', s.heard)

# --- TLS ------------------------------------------------------------------------------------------------------------------
s = Server(extensions=('STARTTLS', 'PIPELINING'))
outcomes, c = try_once(s, tls='may')
s.join(300)
ok(outcomes[0][0] == 'done' and s.tls == ['TLSv1.3'] and c.fields.get('tls', '').startswith('TLSv1.3 TLS_'),
   'tls=may: STARTTLS when it is offered', c.answer)
equal([h.split(' ')[0] for h in s.heard], ['EHLO', 'STARTTLS', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'QUIT'],
      'EHLO again after the handshake')
s = Server(extensions=('STARTTLS',))
outcomes, c = try_once(s, tls='off')
equal((outcomes[0][0], s.tls), ('done', []), 'tls=off: never')
s = Server()
outcomes, c = try_once(s, tls='may')
equal(outcomes[0][0], 'done', 'tls=may: in clear when it is not offered')
for tls in ('encrypt', 'verify'):
    s = Server()
    outcomes, c = try_once(s, tls=tls)
    s.join(300)
    ok(outcomes[0][:2] == ('later', '4.7.4') and 'MAIL' not in ''.join(s.heard),
       'tls=%s: STARTTLS that was stripped is later, and nothing is sent' % tls, outcomes)
    s = Server(extensions=('STARTTLS',), STARTTLS=b'454 4.7.0 not now\r\n')
    outcomes, c = try_once(s, tls=tls)
    s.join(300)
    ok(outcomes[0][0] == 'later' and 'MAIL' not in ''.join(s.heard), 'tls=%s: a refused STARTTLS too' % tls, outcomes)


def no_handshake(server):
    server.wrap = lambda: server.sock.sendall(b'no handshake here\r\n')
    return b'220 go\r\n'


s = Server(sessions=2, extensions=('STARTTLS',), STARTTLS=no_handshake)
outcomes, c = try_once(s, tls='may')
s.join(300)
ok(outcomes[0][0] == 'done' and s.connections == 2 and s.heard.count('STARTTLS') == 1 and 'tls' not in c.fields,
   'tls=may: after a failed handshake a fresh connection in clear, at once', (outcomes, s.heard))
s = Server(sessions=2, extensions=('STARTTLS',), STARTTLS=no_handshake)
outcomes, c = try_once(s, tls='encrypt')
ok(outcomes[0][:2] == ('later', '4.7.5') and s.connections == 1, 'tls=encrypt: later', outcomes)


def inject(server):
    server.heard.append('(injected)')
    return b'220 go\r\n250-evil\r\n250-AUTH PLAIN\r\n250 SIZE 1\r\n'


s = Server(extensions=('STARTTLS', 'PIPELINING'), STARTTLS=inject)
outcomes, c = try_once(s, tls='encrypt')
s.join(300)
ok(outcomes[0][:2] == ('later', '4.7.5') and 'behind its answer to STARTTLS' in outcomes[0][3] and 'MAIL' not in ''.join(s.heard),
   'check 28: bytes after the reply to STARTTLS end the connection', (outcomes, s.heard))
s = Server(certificate='relay.example.test', extensions=('STARTTLS',))
outcomes, c = try_once(s, tls='verify')
equal(outcomes[0][0], 'done', 'tls=verify: the right certificate')
s = Server(certificate='other.example.test', extensions=('STARTTLS',))
outcomes, c = try_once(s, tls='verify')
s.join(300)
ok(outcomes[0][:2] == ('later', '4.7.5') and 'certificate' in outcomes[0][3] and 'MAIL' not in ''.join(s.heard),
   'tls=verify: the certificate of another host', outcomes)
s = Server(certificate='other.example.test', extensions=('STARTTLS',))
outcomes, c = try_once(s, tls='encrypt')
equal(outcomes[0][0], 'done', 'tls=encrypt: of any host')
s = Server(implicit=True)
outcomes, c = try_once(s, tls='tls')
equal((outcomes[0][0], s.tls), ('done', ['TLSv1.3']), 'tls=tls: from the first byte')
s = Server(implicit=True, certificate='other.example.test')
outcomes, c = try_once(s, tls='tls')
equal(outcomes[0][:2], ('later', '4.7.5'), 'tls=tls verifies')

# --- the hop ---------------------------------------------------------------------------------------------------------------
with socket.create_server((ADDRESS, 0)) as free:
    dead = free.getsockname()[1]
outcomes, c = try_once(dead)
ok(outcomes[0][:2] == ('later', '4.4.1') and 'refused' in outcomes[0][3] and c.fields.get('remote'),
   'nobody listens: later, and where is told', c.answer)
s = Server()
outcomes, c = try_once(s, host='[%s]' % ADDRESS)
equal(outcomes[0][0], 'done', 'a host in brackets')
c = Call([('route', 'nonsense')])
equal(receive(c.connection), (None, []), 'a hop that is none ends the call')
s = Server()
c = Call(hop(s))
send(c.connection, [('what', 'send'), ('id', '1'), ('sender', ''), ('offset', 0)] + [('recipient', 'a@example.org')] * 101, [0])
equal(receive(c.connection), (None, []), 'so does a packet of more than 100 recipients')
c.close()
# --- SIGHUP ----------------------------------------------------------------------------------------------------------------
s = Server()
c = Call(hop(s))
equal(c.send()[0][0], 'done', 'a call')
server.send_signal(signal.SIGHUP)
ok(wait_for(lambda: 'smtp-send: renewed' in log()), 'SIGHUP executes smtp-send anew', log()[-300:])
equal(c.send()[0][0], 'done', 'which the call does not notice')
equal(try_once(Server())[0][0][0], 'done', 'and a new one is served')
c.close()
done_testing()
