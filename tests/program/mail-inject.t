#!/usr/bin/python3
"""mail-inject as sendmail, mailq and newaliases, with the real smtp-receive -r inject, queue-add and tables-build beside it: the
options that programs use, what becomes of any input, who the caller is (SO_PEERCRED) and what he may, exit codes (P-36, N-70)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *
import glob, pwd, re

os.chmod('.', 0o755)
for name in ('bin', 'control/domains', 'directory', 'state/tables'):
    os.makedirs(name)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/me', 'mx.example.test\n')
write('control/domains/example.test')
UID = {'bob': 54321, 'mute': 54322, 'eve': 54323}
for user, extra in (('bob', ''), ('alice', ''), ('mute', 'mailSubmit: no'), ('root', '')):
    write('directory/%s.ldif' % user, 'dn: uid=%s\nobjectClass: inetOrgPerson\nuid: %s\nmail: %s@example.test\nentryUUID: key-%s\n%s\n'
          % (user, user, user, user, '\n'.join(filter(None, [extra, 'uidNumber: %d' % UID[user] if user in UID else '']))))
for name in ('sendmail', 'mailq', 'newaliases'):
    os.symlink(program_for_all('mail-inject'), 'bin/' + name)
for name in ('qstat', 'qctl', 'tables-build'):
    os.symlink(program_for_all(name), 'bin/' + name)
subprocess.run([program('tables-build')], env=ENV, check=True, stderr=subprocess.DEVNULL)
queue_add = start('queue-add', listen('queue-add'), 'queue.log')


def serve():
    if os.path.exists('run/inject'):
        os.unlink('run/inject')
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind('run/inject')
    os.chmod('run/inject', 0o666)
    listening.listen(128)
    return start('smtp-receive', listening, 'inject.log', arguments=('-r', 'inject'))


server = serve()


def run(*words, input=b'', uid=None, name='sendmail', env=()):
    if isinstance(input, str):
        input = input.encode()
    r = subprocess.run(['bin/' + name, *words], input=input, capture_output=True, env=dict(ENV, **dict(env)), timeout=120,
                       **({'user': uid, 'group': uid, 'extra_groups': []} if uid is not None else {}))
    return r.returncode, r.stdout.decode(errors='replace'), r.stderr.decode(errors='replace')


def take():
    """The messages that are queued now: (sender, recipients, facts, header without our Received field, body)."""
    found = []
    for path in sorted(glob.glob('queue/new/*')):
        head, message = read(path).split(b'\n\n', 1)
        os.unlink(path)
        lines = head.split(b'\n')
        field = lambda letter: [l[2:].decode() for l in lines if l.startswith(letter + b' ')]
        header, _, body = message.partition(b'\r\n\r\n')
        received = re.match(rb'Received: .*?\r\n(?![ \t])', header + b'\r\n', re.S)[0]
        found.append({'sender': field(b'S')[0], 'to': [r.split()[0] for r in field(b'R')], 'recipients': field(b'R'), 'facts': field(b'C')[0],
                      'received': received.decode(), 'header': (header + b'\r\n')[len(received):].decode('latin-1'), 'body': body})
    return found


def sent(*words, input='Subject: x\n\nhello\n', **more):
    code, out, error = run(*words, input=input, **more)
    found = take()
    if code == 0 and len(found) == 1 and not out and not error:
        return found[0]
    print('# not sent, or not silently:', (code, out, error[:500], found))
    return {'sender': None, 'to': [], 'recipients': [], 'facts': '', 'received': '', 'header': '', 'body': None}


def value(message, name):
    return re.findall(r'(?mi)^%s: (.*)\r$' % name, message['header'])


# Who it is
m = sent('bob@example.test', uid=UID['eve'])
ok(m['sender'] == 'uid-54323@mx.example.test' and m['to'] == ['bob@example.test'], 'the sender is the uid, that has no name', m)
ok(' login=uid-54323' in ' ' + m['facts'] and ' uid=54323' in m['facts'] and 'role=inject' in m['facts'], '... which the facts say', m['facts'])
ok(re.match(r'Received: from uid-54323 \(uid 54323\)\r\n\tby mx\.example\.test with local\r\n\tid \w{16}\r\n\tfor <bob@example.test>; ', m['received']), '... and Received', m['received'])
ok(value(m, 'From') == ['uid-54323@mx.example.test'] and len(value(m, 'Date')) == 1 and len(value(m, 'Message-ID')) == 1,
   'From, Date and Message-ID are made where they are missing', m['header'])
m = sent('bob@example.test', input='From: x@y.test\nDate: now\nMessage-id: <1@x>\n\nhello\n')
equal(m['header'], 'From: x@y.test\r\nDate: now\r\nMessage-id: <1@x>\r\n', '... and nowhere else')
full = pwd.getpwuid(0).pw_gecos.split(',')[0]
m = sent('bob@example.test')
equal((m['sender'], value(m, 'From')), ('root@mx.example.test', [full + ' <root@mx.example.test>'] if full else ['root@mx.example.test']), 'root')
write('control/defaultdomain', 'example.test\n')
m = sent('alice')
equal((m['sender'], m['to']), ('root@example.test', ['alice@example.test']), 'control/defaultdomain is that of a name without one')
equal(value(sent('-F', 'Rö "x"', 'bob'), 'From'), ['=?utf-8?B?UsO2ICJ4Ig==?= <root@example.test>'], '-F, encoded')
equal(value(sent('-F', 'Dr. "x"', 'bob'), 'From'), ['"Dr. \\"x\\"" <root@example.test>'], '... quoted')
equal(value(sent('-F', 'Just Me', 'bob'), 'From'), ['Just Me <root@example.test>'], '... as it is')
equal([sent(*f, 'bob')['sender'] for f in (('-f', 'x@far.test'), ('-rx@far.test',), ('-f', 'X <x@far.test>'), ('-f', '<>'), ('-f', ''))],
      ['x@far.test'] * 3 + [''] * 2, '-f and -r; <> is the null sender')
equal(run('-f', 'a@b.test, c@d.test', 'bob')[0], 64, '... one address')

# What he may
code, out, error = run('bob', uid=UID['mute'], input='\nx\n')
ok(code == 77 and 'sending is disabled' in error and not take(), "P-14: the caller's mailbox may not send: 77", error)
m = sent('-f', 'alice@example.test', 'bob', uid=UID['eve'])
equal(m['sender'], 'alice@example.test', 'any sender, without control/enforcesender')
write('control/enforcesender', 'yes\n')
code, out, error = run('-f', 'alice@example.test', 'bob', uid=UID['eve'])
ok(code == 77 and 'not owned by user uid-54323' in error and not take(), 'control/enforcesender: only his own', error)
equal(sent('bob', uid=UID['eve'])['sender'], 'uid-54323@example.test', '... his name at control/defaultdomain')
equal(sent('-f', 'uid-54323@mx.example.test', 'bob', uid=UID['eve'])['sender'], 'uid-54323@mx.example.test', '... or at control/me')
equal(sent('-f', 'bob@example.test', 'bob', uid=UID['bob'])['sender'], 'bob@example.test', '... the address of the mailbox that has his uid')
equal(sent('-f', 'alice@example.test', 'bob')['sender'], 'alice@example.test', '... root: any')
write('control/trustedusers', '# of the web server\nuid-54323\n')
equal(sent('-f', 'alice@example.test', 'bob', uid=UID['eve'])['sender'], 'alice@example.test', '... and who is in control/trustedusers')
os.unlink('control/trustedusers')
os.unlink('control/enforcesender')
equal(sent('victim@far.test', uid=UID['eve'])['to'], ['victim@far.test'], 'local users may send anywhere')

# Recipients
m = sent('bob, "A. L." <alice@example.test>', 'c@far.test')
equal(sorted(m['to']), ['alice@example.test', 'bob@example.test', 'c@far.test'], 'recipients as lists, with names, with or without domain')
HEADER = 'From: x@y.test\nTo: bob,\n  "X, Y" <alice@example.test>\nCc: g: c1@far.test, c2@far.test;\nbcc: hidden@far.test,\n hidden2@far.test\nSubject: x\n\nBcc: body\n'
m = sent('-t', input=HEADER)
equal(sorted(m['to']), ['alice@example.test', 'bob@example.test', 'c1@far.test', 'c2@far.test', 'hidden2@far.test', 'hidden@far.test'], '-t: To, Cc and Bcc, folded, in groups')
ok('hidden' not in m['header'] and 'Subject: x' in m['header'] and m['body'] == b'Bcc: body\r\n', '... Bcc is gone from the header only', m)
equal(sorted(sent('-t', 'more@far.test', input='To: bob\n\nx\n')['to']), ['bob@example.test', 'more@far.test'], "-t and arguments: both, as Postfix's does it")
m = sent('-ti', input='Resent-To: alice\nResent-Bcc: c@far.test\nTo: bob\n\nx\n')
ok(sorted(m['to']) == ['alice@example.test', 'c@far.test'] and 'Resent-Bcc' not in m['header'] and 'To: bob' in m['header'], '-t of what is sent again: the Resent fields', m)
code, out, error = run('-t', input='Subject: x\n\nTo: bob\n')
ok(code == 64 and 'no recipients' in error, '-t without any: 64', error)
ok(run()[0] == 64 and 'no recipients' in run()[2], 'no recipient at all: 64')
code, out, error = run('-t', input='To: foo bar <>\n\nx\n')
ok(code == 65 and 'not an address' in error, 'what is no address: 65', error)
code, out, error = run('bob', 'nobody@example.test', 'gone@example.test', input='\nx\n')
ok(code == 67 and error.count('User unknown') == 2 and 'nothing was sent' in error and not take(), 'one unknown user: 67, all are named, and nobody got it', error)
m = sent('j\u00fcrgen@f\u00e4r.test')
ok(m['to'] and 'smtputf8=yes' in m['facts'], 'an address in UTF-8', m)
many = ['u%d@far.test' % i for i in range(999)]
equal(len(sent('--', *many)['to']), 999, '999 recipients')
code, out, error = run('--', *many, 'bob', 'alice')
ok(code == 75 and '452 4.5.3' in error and not take(), 'more than control/maxrcptcount: 75, nothing sent', error)

# Any input
for said, input, body in (('bare LF', b'Subject: x\n\na\nb\n', b'a\r\nb\r\n'), ('CRLF', b'Subject: x\r\n\r\na\r\nb\r\n', b'a\r\nb\r\n'),
                          ('a CR alone ends a line', b'Subject: x\n\n10%\r20%\r\r\n.x\r', b'10%\r\n20%\r\n.x\r\n'),
                          ('no newline at the end', b'Subject: x\n\na', b'a\r\n'), ('no body', b'Subject: x\n', b''),
                          ('no header', b'hello: \xc3\xa4 world\n' * 0 + b'hello world\nsecond: line\n', b'hello world\r\nsecond: line\r\n'),
                          ('no header, no newline', b'hello', b'hello\r\n'), ('nothing', b'', b''),
                          ("a mailbox file's first line", b'From ann Sat Nov 21\nSubject: x\n\nFrom here\n', b'From here\r\n'),
                          ('a dot ends it', b'Subject: x\n\na\n.\nb\n', b'a\r\n'), ('a dot without newline too', b'\na\n.', b'a\r\n'),
                          ('lines with dots', b'\n..\n.a\n. \n', b'..\r\n.a\r\n. \r\n'), ('a NUL goes, 8-bit stays', b'\n\0\xffa\0b\n', b'\xffab\r\n'),
                          ('one line of 3 MB', b'\n' + b'x' * 3000000, b'x' * 3000000 + b'\r\n'), ('one line of 3 MB and no header', b'x' * 3000000, b'x' * 3000000 + b'\r\n')):
    m = sent('bob', input=input)
    ok(m['body'] == body, 'input: ' + said, m if len(str(m)) < 3000 else str(m)[-500:])
equal(sent('-i', 'bob', input=b'\na\n.\n..\nb\n')['body'], b'a\r\n.\r\n..\r\nb\r\n', '-i: a dot is text')
equal(sent('-oi', 'bob', input=b'\na\n.\nb\n')['body'], b'a\r\n.\r\nb\r\n', '-oi too')
big = b'.' + b'0123456789abcde\n' * 200000
equal(sent('bob', input=b'Subject: big\n\n' + big)['body'] == big.replace(b'\n', b'\r\n'), True, '3 MB, by a temporary file')
write('control/databytes', '100000\n')
code, out, error = run('bob', input=b'\n' + b'x\n' * 100000)
ok(code == 65 and 'databytes' in error and not take(), 'more than control/databytes: 65', error)
os.unlink('control/databytes')

# Options
ok('body=8BITMIME' in sent('bob', input=b'\n\xc3\xa4\n')['facts'] and 'body=' not in sent('bob')['facts'], 'BODY=8BITMIME when it is so')
ok('body=7BIT' in sent('-B', '7bit', 'bob')['facts'] and 'body=8BITMIME' in sent('-B8BITMIME', 'bob')['facts'], '-B')
for words in (['-bm'], ['-oem'], ['-oep'], ['-om'], ['-em'], ['-U'], ['-G'], ['-n'], ['-m'], ['-L', 'tag'], ['-X', '/dev/null'], ['-h', '3'],
              ['-O', 'DeliveryMode=b'], ['-oQ/var'], ['-p', 'x'], ['-T', '1'], ['-Am'], ['-o7'], ['-odb']):
    ok(sent(*words, 'bob')['to'], 'taken: ' + ' '.join(words))
for words, sentence in ((['-bd'], 's6'), (['-bt'], 'modes are'), (['-bh'], 'host status'), (['-C', '/etc/mail.cf'], 'control/'), (['-N', 'maybe'], '-N takes'),
                        (['-R', 'all'], '-R takes'), (['-V', ''], '-V takes'), (['-B', '9'], '-B takes'), (['-oA/x'], 'no file of aliases'), (['-q15m'], 'by itself'),
                        (['-qRfar.test'], 'by site'), (['-Z'], '-Z is not known'), (['-f'], '-f is not known, or its value is missing'),
                        (['bob', '-f', 'x@y.test'], 'before the recipients')):
    code, out, error = run(*words, input='\nx\n')
    ok(code == 64 and sentence in error and not take(), 'refused with a sentence: ' + ' '.join(words), (code, error))
code, out, error = run('-v', 'bob', input='\nx\n')
ok(code == 0 and '>>> MAIL FROM:<root@example.test>' in error and '<<< 250' in error and take(), '-v shows the dialogue', error)
code, out, error = run('-bv', 'bob', 'nobody@example.test', 'x@far.test')
ok(code == 67 and re.search(r'^bob@example.test\.\.\. deliverable: 250', out, re.M) and 'nobody@example.test... not deliverable: 550 5.1.1' in out
   and 'x@far.test... deliverable' in out and not take(), '-bv asks, and sends nothing', (code, out, error))
code, out, error = run('-bs', input='EHLO me\r\nMAIL FROM:<x@far.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: bs\r\n\r\n..x\r\n.\r\nQUIT\r\n', uid=UID['eve'])
m = take()
ok(code == 0 and out.startswith('220 mx.example.test') and out.endswith('221 2.0.0 Bye\r\n') and len(m) == 1 and m[0]['body'] == b'.x\r\n'
   and 'uid=54323' in m[0]['facts'], '-bs: SMTP on standard input and output, as the caller', (out, m))

m = sent('-N', 'success,delay', '-R', 'hdrs', '-V', 'a=b+c', 'bob')
ok('ret=hdrs' in m['facts'].lower() and 'envid=a=b+c' in m['facts'] and 'notify=success,delay' in m['recipients'][0].lower(), '-N, -R, -V are in the envelope', m)
ok('notify=never' in sent('-Nnever', 'bob')['recipients'][0].lower(), '-N never')

# mailq, newaliases, -q
equal(run(name='mailq'), (0, 'Mail queue is empty\n', ''), 'P-36: mailq of an empty queue')
now = 1700000000
write('queue/new/0123456789abcdef', envelope('0123456789abcdef', 'ann@x.test', ['bob@a.test'], birth=now) + b'x' * 5000)
os.mkdir('queue/cur/eg')
write('queue/cur/eg/0123456789abcdeg', envelope('0123456789abcdeg', '', ['c@later.test', 'd\x1b@x.test'], birth=now, attempts=1, next=now + 9, state=b'H') + b'y')
write('queue/log/0123456789abcdeg', b'%d 1 later 4.2.1 450 c@later.test mx.test%%20[192.0.2.1] come%%1Bagain\n' % now)
code, out, error = run('-bp', env={'TZ': 'UTC'})
equal(out.split('\n'), ['-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------', '0123456789abcdef      5000 Tue Nov 14 22:13:20  ann@x.test',
      ' ' * 41 + 'bob@a.test', '', '0123456789abcdeg!        1 Tue Nov 14 22:13:20  MAILER-DAEMON', '(mx.test [192.0.2.1]: 450 4.2.1 come?again)',
      ' ' * 41 + 'c@later.test', ' ' * 41 + 'd?@x.test', '', '-- 5 Kbytes in 2 Requests.', ''], 'N-70: mailq: what is queued, why, and the sum')
os.chmod('queue', 0o700)
code, out, error = run(name='mailq', uid=UID['eve'])
ok(code == 77 and 'run it as root' in error, 'others are told who may look', error)
code, out, error = run('-q', uid=UID['eve'])
ok(code == 77 and 'only root' in error, '... and who may flush', error)
asked = Callee('send-schedule', lambda pairs, *rest: [('answer', 'done'), ('count', '2')])
ok(run('-q')[:2] == (0, '2 messages to be tried at once\n') and asked.asked[-1][0] == {'what': 'retry', 'all': 'yes'}, 'P-36: sendmail -q flushes', asked.asked)
ok(run('-qI0123456789abcdeg')[0] == 0 and asked.asked[-1][0]['id'] == '0123456789abcdeg', '... -qIID one message', asked.asked)
ok(run(name='newaliases', uid=UID['eve'])[0] == 0, 'newaliases: nothing to do')
before = os.readlink('tables/current')
write('control/domains/fresh.test')
ok(run(name='newaliases')[0] == 0 and os.readlink('tables/current') != before, "... root's builds the tables")

# When something is out of order
queue_add.terminate()
queue_add.wait()
os.unlink('run/queue-add')
code, out, error = run('bob', input='\nx\n')
ok(code == 75 and '451 4.3.0' in error, 'the queue is out of reach: 75', error)
server.terminate()
server.wait()
os.unlink('run/inject')
code, out, error = run('bob', input='\nx\n')
ok(code == 75 and 'is it running?' in error and 'nothing was sent' in error, 'the server is down: 75, and that is said', (code, error))
equal(run('-bs')[0], 75, '... -bs too')
code, out, error = run('bob', env={'MAILHOME': '/nowhere'})
ok(code == 75 and '/nowhere' in error, 'no such home: 75', (code, error))
write('control/me', '')
os.unlink('control/defaultdomain')
code, out, error = run('bob')
ok(code == 78 and 'control/me' in error, 'a control file that is wrong: 78', (code, error))
done_testing()
