#!/usr/bin/python3
"""smtp-receive, how much a client may: rate limits (L-10), greylisting (S-28), the tarpit, early talkers, errors, unknown
recipients, and XCLIENT. By bytes on a pipe; the counters live from one session to the next."""
import glob, re, socket, sys, time
sys.path.insert(0, 'tests')
from clock import same_day
from tap import *

os.makedirs('directory')
os.makedirs('state/tables')
for user in ('mail-in', 'mail-submit'):
    os.makedirs('state/limits/' + user)
write('control/me', 'mx.example.test\n')
write('control/doublebounceto', 'bob@example.test\n')
write('control/mynetworks', '10.0.0.0/8 2001:db8:aaaa::/48\n')
os.mkdir('control/domains')
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
for i, user in enumerate(('bob', 'alice', 'carol')):
    write('directory/%s.ldif' % user, 'dn: uid=%s,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\nmail: %s@example.test\n'
          'entryUUID: 00000000-0000-0000-0000-00000000000%d\n' % (user, user, user, i))
subprocess.run([program('tables-build')], env=ENV, check=True)
start('queue-add', listen('queue-add'), 'queue.log')


def receive(commands, ip='192.0.2.9', role='mx'):
    """A whole session: what the client reads behind the banner and EHLO's answer."""
    with open('log', 'ab') as log:
        done = subprocess.run([program('smtp-receive'), '-r', role], input=('EHLO client.example\n' + commands).replace('\n', '\r\n').encode(),
                              stdout=subprocess.PIPE, stderr=log, timeout=120, cwd=HOME,
                              env=dict(ENV, PROTO='TCP', TCPREMOTEIP=ip, TCPREMOTEPORT='1', TCPLOCALIP='192.0.2.1', TCPLOCALPORT='25'))
    lines = done.stdout.decode('latin-1').split('\r\n')[:-1]
    ends = [i for i, line in enumerate(lines) if line.startswith('250 ')]
    return lines[ends[0] + 1:] if ends else lines


def message(*to, sender='joe@far.example'):
    return 'MAIL FROM:<%s>\n' % sender + ''.join('RCPT TO:<%s@example.test>\n' % name for name in to) + 'DATA\nSubject: x\n\nx\n.\n'


def codes(lines):
    return [line[:3] for line in lines]


def control(name, value=None):
    if value is None:
        os.unlink('control/' + name)
    else:
        write('control/' + name, value)


def forget():
    for path in glob.glob('state/limits/*/*'):
        os.unlink(path)


def log_has(*words):
    return any(all(word in line for word in words) for line in read('log').decode().split('\n'))


def number(line):
    return int(re.search(r'in (\d+) seconds', line)[1])


# rate limits
same_day()
control('ratelimit', 'client messages 2 per day\nsender loud@far.example messages 1 per day\nclient 192.0.2.77 messages 100 per day\n')
good = ['250', '250', '354', '250']
equal(codes(receive(message('bob') * 2)), good * 2, 'L-10: two messages of two')
seen = receive(message('bob'))
ok(re.fullmatch(r'450 4\.7\.1 <192\.0\.2\.9>: limit of 2 messages per day reached, try again in \d+ seconds', seen[0]),
   'L-10: the third one is deferred, in another session too, with the limit and the time', seen)
ok(0 < number(seen[0]) <= 2 * 86400, '... a time that can be', seen[0])
equal(codes(seen[1:]), ['503', '503', '500', '500', '500', '500'], '... and MAIL is not open')
ok(log_has('refused', 'rule=ratelimit', 'file=control/ratelimit', 'client=192.0.2.9'), '... and the log says by which rule')
equal(codes(receive(message('bob'), '192.0.2.10')), good, 'L-10: another client has its own')
equal(codes(receive(message('bob') * 3, '192.0.2.77')), good * 3, '... a client with a line of its own has that')
equal(codes(receive(message('bob') * 3, '10.1.2.3')), good * 3, '... and a trusted network has none')
equal(codes(receive(message('bob', sender='loud@far.example') * 2, '192.0.2.77'))[:5], good + ['450'], 'L-10: a sender has a limit')
equal(codes(receive(message('bob', sender='') * 2, '192.0.2.77')), good * 2, '... and <> is no sender')
forget()
refused = 'MAIL FROM:<joe@far.example>\nRCPT TO:<nobody@example.test>\nRCPT TO:<bob@example.test>\nDATA\nx\x00\ny\r\rz\n.\n'
seen = receive(refused * 2 + 'MAIL FROM:<joe@far.example>\nRSET\n' + message('bob') * 3)
equal(codes(seen), ['250', '550', '250', '354', '550'] * 2 + ['250', '250'] + good * 2 + ['450'] + ['503', '503'] + ['500'] * 4,
      'L-10: what is refused or given up takes nothing')
control('ratelimit', 'client recipients 3 per day\ntrusted recipients 1 per day\n')
forget()
seen = receive(message('bob', 'alice', 'carol', 'bob') + message('bob'))
equal(codes(seen)[:7], ['250', '250', '250', '250', '450', '354', '250'], 'L-10: recipients are counted one by one; those that fit are taken')
ok('limit of 3 recipients per day' in seen[4], '... with the limit', seen[4])
equal(codes(seen)[7:10], ['250', '450', '554'], '... and the next message has none left')
equal(codes(receive(message('bob', 'alice'), '10.0.0.1'))[:3], ['250', '250', '450'], 'a line for trusted networks')
control('ratelimit', 'client connections 2 per day\n')
forget()
equal([codes(receive('QUIT\n', '2001:db8::%d' % i)) for i in (1, 2)], [['221']] * 2, 'two connections of an IPv6 /64')
ok(re.match(r'421 4\.7\.1 <2001:db8::3>: limit of 2 connections per day reached', receive('QUIT\n', '2001:db8::3')[0]), '... and no third')
control('ratelimit', 'client messages many per day\n')
with open('broken', 'wb') as log:
    done = subprocess.run([program('smtp-receive')], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=ENV)
equal(done.returncode, 100, 'a line that cannot be understood is told at the start')
ok(b'control/ratelimit: a number is missing: client messages many per day' in read('broken'), '... with what is wrong', read('broken'))
control('ratelimit', 'client messages 1 per day\n')
forget()
receive(message('bob'))
write('state/limits/mail-in/store', b'\xff' * 40000)
equal(codes(receive(message('bob') * 2))[:5], good + ['450'], 'a broken store is replaced by an empty one')
ok(log_has('limits-replaced', 'state/limits/mail-in/store'), '... and that is said', read('log')[-600:])
control('ratelimit')

# greylisting
forget()
control('greylist', 'yes\n')
control('greylistdelay', '3600\n')
seen = receive(message('bob') + message('nobody'))
equal(seen[1], '450 4.7.1 <bob@example.test>: greylisted, try again in 3600 seconds', 'S-28: who is not known is asked to come again')
equal(codes(seen)[2], '554', '... and there is nothing to send')
ok(any('User unknown' in line for line in seen), '... an unknown user is one all the same', seen)
ok(log_has('refused', 'rule=greylist', 'to=bob@example.test', 'client=192.0.2.9'), '... and the log says so')
ok('greylisted' in receive(message('bob'))[1], 'S-28: it is not enough to come at once')
equal(codes(receive(message('bob'), '10.1.2.3')), good, 'S-28: a trusted network is not held up')
equal(codes(receive('MAIL FROM:<joe@far.example>\nRCPT TO:<postmaster>\n')), ['250', '250'], '... nor is mail to postmaster')
seen = receive(message('bob', sender=''))
equal((codes(seen)[:3], 'greylisted' in seen[2]), (['250', '250', '450'], True), 'S-28: a message from <> is deferred at DATA: a callout is answered')
seen = receive('MAIL FROM:<>\nRCPT TO:<bob@example.test>\nBDAT 6\nabcd\nBDAT 6 LAST\nNOOP\nNOOP\n')
equal(codes(seen), ['250', '250', '450', '503', '250'], '... and at the first BDAT, whose octets are no commands')
control('greylistwhitelist', 'client 198.51.100.0/24\nsender friend.example\nrecipient carol@example.test\n')
equal(codes(receive(message('bob'), '198.51.100.7')), good, 'S-28: a client of the white list')
equal(codes(receive(message('bob', sender='a@friend.example'))), good, '... a sender')
equal(codes(receive(message('bob', 'carol')))[:4], ['250', '450', '250', '354'], '... and a recipient')
control('greylistdelay', '1\n')
ok(wait_for(lambda: codes(receive(message('bob'))) == good), 'S-28: whoever comes again after the delay is let in')
ok(codes(receive(message('bob'), '192.0.2.200')) == good, '... from the same /24')
ok('greylisted' in receive(message('bob'), '192.0.3.9')[1], '... not from another one')
ok('greylisted' in receive(message('alice'))[1], '... nor for another recipient')
control('greylistdelay', '3600\n')
equal(codes(receive(message('bob'))), good, '... and stays known')
control('greylistclients', '1\n')
equal(codes(receive(message('alice'))), good, 'S-28: a network of which enough has passed is known as a whole')
control('greylistage', '0\n')
receive(message('alice'))
control('greylistclients', '0\n')
receive(message('bob'))
forget()
control('greylistclients')
control('greylistage')
os.rename('state/limits/mail-in', 'state/limits/away')
equal(codes(receive(message('bob'))), good, 'without a store nobody is held up')
ok(log_has('limits-unavailable'), '... and that is said')
os.rename('state/limits/away', 'state/limits/mail-in')
for name in ('greylist', 'greylistdelay', 'greylistwhitelist'):
    control(name)

# errors and unknown recipients
equal(codes(receive('WHAT\n' * 30)), ['500'] * 20 + ['421'], 'twenty errors are too many')
control('errorsmax', '3\n')
equal(codes(receive('WHAT\n' * 30)), ['500'] * 3 + ['421'], '... or control/errorsmax')
control('errorsmax')
control('unknownmax', '4\n')
unknown = 'MAIL FROM:<joe@far.example>\n' + ''.join('RCPT TO:<nobody%d@example.test>\n' % i for i in range(9))
equal(codes(receive(unknown)), ['250'] + ['550'] * 4 + ['421'], 'too many unknown recipients end the session')
equal(codes(receive(unknown, '10.0.0.9')), ['250'] + ['550'] * 9, '... not of a trusted network')
control('unknownmax')

# the tarpit
control('tarpitcount', '3\n')
control('tarpitdelay', '1\n')


def seconds(commands, ip='192.0.2.9'):
    began = time.monotonic()
    lines = receive(commands, ip)
    return codes(lines), time.monotonic() - began


lines, slow = seconds('MAIL FROM:<joe@far.example>\n' + 'RCPT TO:<bob@example.test>\nRCPT TO:<nobody@example.test>\n' * 2)
ok(lines == ['250', '250', '550', '250', '550'] and slow >= 2, 'from the third RCPT on each answer takes a second, also that there is nobody', (lines, slow))
control('tarpitdelay', '30\n')
lines, slow = seconds('MAIL FROM:<joe@far.example>\n' + 'RCPT TO:<bob@example.test>\n' * 5, '10.0.0.9')
ok(lines == ['250'] * 6 and slow < 30, '... not for a trusted network', (lines, slow))
control('tarpitcount')

# early talkers
control('greetdelay', '1\n')
equal(receive('QUIT\n'), ['554 5.5.1 You speak before you are greeted'], 'who speaks before the banner is refused')
ok(log_has('refused', 'rule=greetdelay', 'client=192.0.2.9'), '... and the log says so')
equal(codes(receive('QUIT\n', '127.0.0.1')), ['221'], '... not this host')
equal(codes(receive('QUIT\n', '10.0.0.9')), ['221'], '... nor a trusted network')
process = subprocess.Popen([program('smtp-receive')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(ENV, PROTO='TCP', TCPREMOTEIP='192.0.2.9'))
equal(process.stdout.readline(), b'220 mx.example.test ESMTP\r\n', 'who waits is greeted')
process.stdin.close()
process.wait()
control('greetdelay')

# the time of a session
control('sessionmax', '1\n')
process = subprocess.Popen([program('smtp-receive')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(ENV, PROTO='TCP', TCPREMOTEIP='192.0.2.9'))
equal([process.stdout.readline()[:3], process.stdout.readline()], [b'220', b'421 4.4.2 The session has lasted long enough\r\n'], 'a session has an end, and is told')
process.stdin.close()
equal(process.wait(), 0, '... by itself')
control('sessionmax')

# XCLIENT
control('xclienthosts', '192.0.2.9\n')
OFFER = 'XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT'


def offered(ip, role='mx'):
    done = subprocess.run([program('smtp-receive'), '-r', role], input=b'EHLO a.example\r\n', stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=dict(ENV, PROTO='TCP', TCPREMOTEIP=ip), timeout=300)
    return [line[4:] for line in done.stdout.decode().split('\r\n') if line[4:].startswith('XCLIENT')]


equal((offered('192.0.2.9'), offered('192.0.2.10')), ([OFFER], []), 'XCLIENT is offered to the hosts of control/xclienthosts, and to no other')
equal(offered('192.0.2.9', 'submission'), [OFFER.replace('HELO', 'HELO LOGIN')], '... with LOGIN where there are logins')
equal(codes(receive('XCLIENT ADDR=203.0.113.5\n', '192.0.2.10')), ['550'], '... nor taken from another')
seen = receive('XCLIENT ADDR=203.0.113.5 NAME=[UNAVAILABLE] HELO=far.example PROTO=ESMTP PORT=7\n' + message('bob'))
equal(seen[0], '220 mx.example.test ESMTP', 'XCLIENT: the session begins anew')
equal(codes(seen[1:]), good, '... with the HELO that was given')
mail = max(glob.glob('queue/new/*'), key=os.path.getmtime)
ok(b'Received: from far.example ([203.0.113.5])' in read(mail) and b'client=203.0.113.5' in read(mail), '... and its client is in Received and in the envelope', read(mail))
ok(log_has('xclient', 'by=192.0.2.9', 'client=203.0.113.5'), '... and who said so is in the log')
seen = receive('XCLIENT ADDR=IPV6:2001:db8::5\nMAIL FROM:<a@b.example>\nHELO x.example\nMAIL FROM:<a@b.example>\nXCLIENT ADDR=203.0.113.5\nRSET\nXCLIENT ADDR=203.0.113.6\n')
equal(codes(seen), ['220', '503', '250', '250', '503', '250', '220'], '... without one the client says it; not within a transaction; and again')
equal(codes(receive('XCLIENT ADDR=nonsense\nXCLIENT LOGIN=bob\nXCLIENT\nNOOP\n')), ['501', '501', '501', '250'], '... what cannot be is refused; LOGIN has no place on port 25')
seen = receive('XCLIENT LOGIN=bob@example.test ADDR=203.0.113.5\nEHLO x.example\nMAIL FROM:<bob@example.test>\nRCPT TO:<far@away.example>\n', role='submission')
equal(codes(seen)[-2:], ['250', '250'], '... on a submission port it logs in')
control('rbllist', 'bl.test reject any\n')
check = Callee('client-check', lambda pairs, hop: [('answer', 'yes')] + [('listed', 'bl.test 127.0.0.2 listed')] * (dict(pairs)['ip'] == '203.0.113.5'))
seen = receive('XCLIENT ADDR=203.0.113.5 HELO=far.example PROTO=ESMTP\nMAIL FROM:<a@b.example> SIZE=1\nRCPT TO:<bob@example.test>\n')
equal([line[:1] for line in seen], ['2', '2', '5'], '... and it is the client that is looked up in block lists, without another EHLO too')
seen = receive('XCLIENT ADDR=203.0.113.6 HELO=far.example PROTO=SMTP\nMAIL FROM:<a@b.example> SIZE=1\nMAIL FROM:<a@b.example>\nRCPT TO:<bob@example.test>\n')
equal([line[:1] for line in seen], ['2', '5', '2', '2'], '... and PROTO=SMTP has no extensions')
control('rbllist')
check.close()
control('ratelimit', 'client messages 1 per day\n')
forget()
seen = receive('XCLIENT ADDR=203.0.113.5\nEHLO x.example\n' + message('bob') * 2 + 'RSET\nXCLIENT ADDR=203.0.113.6\nEHLO x.example\n' + message('bob'))
equal([line[:3] for line in seen if line[:4] in ('354 ', '450 ')], ['354', '450', '354'], 'L-10: a client that XCLIENT names has its own limit')
done_testing()
