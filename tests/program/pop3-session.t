#!/usr/bin/python3
"""pop3-session: each command, what it answers and what then lies on the disk (N-110; RFC 1939; check 51). With IMAP, a second POP3 and another program beside it."""
import sys; sys.path.insert(0, 'tests')
from pop3 import *
import signal

ONE = b'From: a@x.test\r\nSubject: one\r\n\r\n.\r\n..\r\n.dot\r\nline four\r\n.\r\n'
TWO = message('two')


def name(n, more=''):
    return '%d.M%dP1.host%s' % (1700000000 + n, n, more)


def fill(mailbox, *contents):
    """Messages in new/, with sizes in every second name."""
    for n, content in enumerate(contents):
        content = content.replace(b'\r\n', b'\n')
        put(mailbox, name(n, ',S=%d,W=%d' % (len(content), len(content) + content.count(b'\n')) if n % 2 else ''), content)


# --- an empty one ---
s = Pop('empty')
equal(s.greeting, '+OK logged in', 'a session begins with +OK')
equal(s.do('STAT'), '+OK 0 0', 'STAT of an empty maildrop')
equal((s.lines('LIST'), s.lines('UIDL')), ([], []), '... LIST and UIDL')
for command in ('LIST 1', 'UIDL 1', 'RETR 1', 'TOP 1 0', 'DELE 1'):
    equal(s.do(command), '-ERR there is no such message', '... %s' % command)
equal(s.quit(), ('+OK until next time', b'', 0), 'QUIT ends it')

# --- STAT LIST UIDL RETR TOP ---
fill('m', ONE, TWO, b'Subject: no end\r\n\r\nlast', b'', b'\r\n', b'no header', b'Subject: only a header\r\n')
s = Pop()
sizes = [len(ONE), len(TWO), 23, 0, 2, 9, 24]
equal(s.do('STAT'), '+OK 7 %d' % sum(sizes), 'STAT: messages and octets')
equal(s.lines('LIST'), ['%d %d' % (n + 1, size) for n, size in enumerate(sizes)], 'LIST: octets with CRLF, with and without W= in the name')
equal(s.do('LIST 2'), '+OK 2 %d' % len(TWO), 'LIST of one')
equal(s.long('RETR 1'), ONE, 'RETR: byte for byte, dots doubled on the way')
s.send('RETR 1\r\n')
s.line()
equal([s.raw() for _ in range(9)], [b'From: a@x.test\r\n', b'Subject: one\r\n', b'\r\n', b'..\r\n', b'...\r\n', b'..dot\r\n', b'line four\r\n', b'..\r\n', b'.\r\n'], '... these lines')
equal([s.long('RETR %d' % n) for n in (3, 4, 5, 6, 7)], [b'Subject: no end\r\n\r\nlast\r\n', b'', b'\r\n', b'no header\r\n', b'Subject: only a header\r\n'], 'a last line without an end gets one')
equal(s.long('TOP 1 0'), b'From: a@x.test\r\nSubject: one\r\n\r\n', 'TOP n 0: the header and the empty line')
equal(s.long('TOP 1 2'), b'From: a@x.test\r\nSubject: one\r\n\r\n.\r\n..\r\n', 'TOP n 2: two lines of the body more')
equal([s.long('TOP 1 %s' % n) for n in ('5', '6', '4294967297', '18446744073709551615')], [ONE] * 4, '... more than there are: all')
equal([s.long('TOP %d 9' % n) for n in (3, 4, 5, 6, 7)], [b'Subject: no end\r\n\r\nlast\r\n', b'', b'\r\n', b'no header\r\n', b'Subject: only a header\r\n'], '... of strange messages')
uidl = s.lines('UIDL')
ok(all(re.match(r'%d %08x[0-9a-f]{8}$' % (n + 1, n + 1), line) for n, line in enumerate(uidl)) and len(uidl) == 7, 'UIDL: uid and uidvalidity', uidl)
equal(s.do('UIDL 3'), '+OK ' + uidl[2], 'UIDL of one')
wrong = ('0', '-1', '-0', '+1', '8', '1x', 'x', '4294967296', '4294967297', '18446744073709551617', '99999999999999999999999', '1.0', '0x1', '1 2', '\x661', '\x00')
for command in ('LIST %s', 'UIDL %s', 'RETR %s', 'DELE %s', 'TOP %s 0'):
    s.cut()
    s = Pop()
    equal([w for w in wrong if not s.do(command % w).startswith('-ERR ')], [], 'check 51: %s with what is no number of a message' % command.split()[0])
equal([w for w in ('', '-1', '+1', 'x', '18446744073709551616', '1 1', '1.5') if not s.do('TOP 1 %s' % w).startswith('-ERR ')], [], '... TOP with what is no number of lines')
for command in ('RETR', 'DELE', 'TOP', 'TOP 1', 'STAT 1', 'NOOP x', 'RSET 1', 'QUIT now', '', 'XYZ', 'RETRIEVE 1', 'STLS', 'USER x', 'PASS x', 'AUTH PLAIN', 'UTF8', 'APOP a b'):
    ok(s.do(command).startswith('-ERR '), 'after the login, bad: %s' % (command or '(nothing)'))
s.cut()
s = Pop()
s.send('XYZ\r\n' * 60 + 'DELE 1\r\nQUIT\r\n')
said = s.file.read().decode()
equal((said.count('-ERR this is no command'), said.splitlines()[-1], s.cut()), (50, '-ERR too many commands that are none', 0), '50 lines that are no command end it')

# --- DELE RSET QUIT ---
s = Pop()
equal(s.do('DELE 1'), '+OK it goes at QUIT', 'DELE')
for command in ('DELE 1', 'RETR 1', 'TOP 1 0', 'LIST 1', 'UIDL 1'):
    equal(s.do(command), '-ERR this message is deleted', '... then %s' % command)
s.do('DELE 2')
equal(s.do('STAT'), '+OK 5 %d' % sum(sizes[2:]), '... STAT counts it no more')
equal([line.split()[0] for line in s.lines('LIST')], ['3', '4', '5', '6', '7'], '... LIST keeps the numbers of the others')
equal(s.lines('UIDL'), uidl[2:], '... UIDL too')
equal(s.do('RSET'), '+OK nothing is deleted', 'RSET')
equal(s.do('STAT'), '+OK 7 %d' % sum(sizes), '... all are there again')
s.do('DELE 2')
s.cut()
s = Pop()
equal(s.lines('UIDL'), uidl, 'check 51: without QUIT nothing is deleted')
s.send('DELE 2\r\nQUI')
s.line()
s.socket.shutdown(socket.SHUT_WR)
equal(s.raw(), b'', 'half a QUIT')
s.cut()
s = Pop()
s.do('DELE 3')
s.process.terminate()
ok(s.line().startswith('-ERR [SYS/TEMP]'), 'SIGTERM')
s.cut()
s = Pop(options=('-t', '1'))
s.do('DELE 4')
equal((s.raw(), s.cut()), (b'', 0), 'silence ends it, without a word (RFC 1939 3)')
s = Pop()
equal(s.lines('UIDL'), uidl, '... none of these deletes anything')
equal(os.listdir('m/cur'), [], '... nor moves a file: what RETR gave before is not seen')
s.long('RETR 5')
s.long('TOP 6 1')
for n in (2, 4):
    s.do('DELE %d' % n)
s.long('RETR 7')
s.do('DELE 7')
equal(s.quit()[0], '+OK until next time', 'QUIT')
equal([f for f in files('m') if f.startswith(tuple(name(n) for n in (1, 3, 6)))], [], '... now they are gone')
equal(os.listdir('m/cur'), [name(4) + ':2,S'], '... what RETR gave is seen, what TOP gave is not')
equal(len(os.listdir('m/new')), 3, '... and what was not read is still new')
s = Pop()
equal([line.split()[1] for line in s.lines('UIDL')], [uidl[n].split()[1] for n in (0, 2, 4, 5)], 'UIDL: the others keep theirs, whatever happened to their files')
equal([line.split()[0] for line in s.lines('UIDL')], ['1', '2', '3', '4'], '... and have new numbers')
s.quit()
s = Pop()
s.send('DELE 1\r\nQUIT\r\n')
s.socket.shutdown(socket.SHUT_WR)
equal((s.process.wait(120), len(files('m'))), (0, 3), 'a client that goes right behind its QUIT was heard')

# --- pipelining, long lines ---
fill('p', *[message('m%d' % n, lines=n) for n in range(300)])
s = Pop('p')
s.send(b''.join(b'RETR %d\r\nLIST %d\r\nNOOP\r\n' % (n, n) for n in range(1, 301)))
said = []
for n in range(300):
    s.line()
    said.append((s.body(), s.line(), s.line()))
equal(said, [(message('m%d' % n, lines=n), '+OK %d %d' % (n + 1, len(message('m%d' % n, lines=n))), '+OK done') for n in range(300)], '900 commands in one go are answered in their order')
equal(s.do('NOOP' + ' ' * 249), '+OK done', 'RFC 2449 4: a line of 255 octets')
equal(s.do('NOOP' + ' ' * 250), '-ERR the line is too long', '... one of 256 is too long')
s.send('x' * 3000000 + '\r\n')
equal(s.line(), '-ERR the line is too long', '... one of 3 MB')
equal(s.do('noop '), '+OK done', '... and the session goes on')
s.send('NOOP\nNOOP\n')
equal([s.line(), s.line()], ['+OK done'] * 2, 'LF alone ends a line')
ok(s.lines('CAPA') and not any(line.startswith(('STLS', 'SASL')) for line in s.lines('CAPA')), 'CAPA, without a login before')
s.quit()

large = b'Subject: large\r\n\r\n' + b''.join(b'.' * (n % 5) + b'x' * (n * 37 % 999) + b'\r\n' for n in range(9000))
fill('l', large, large)
write('l/cur/' + name(2, ':2,'), large)
s = Pop('l')
equal([s.long('RETR %d' % n) == large for n in (1, 2, 3)], [True] * 3, 'messages of 4 MB, stored with LF and with CRLF')
half = s.long('TOP 3 4500')
ok(large.startswith(half) and half.count(b'\n') == 4502 and s.long('TOP 1 4500') == half, '... a half of one')
equal(s.lines('LIST'), ['%d %d' % (n, len(large)) for n in (1, 2, 3)], '... and their size')
s.send('RETR 1\r\nRETR 2\r\nRETR 3\r\nQUIT\r\n')
equal(s.cut(), 0, '... a client that goes away in the middle of one')

# --- beside others ---
fill('c', ONE, TWO, message('three'))
first, second, imap = Pop('c'), Pop('c'), Session('c')
imap.do('SELECT INBOX')
equal(first.lines('UIDL'), second.lines('UIDL'), 'two sessions at once see the same')
equal(first.lines('UIDL')[1].split()[1], '%08x%08x' % (2, int(re.search(r'UIDVALIDITY (\d+)', imap.said('STATUS INBOX (UIDVALIDITY)'))[1])), '... UIDL is IMAP\'s uid and uidvalidity')
imap.do('STORE 1:3 +FLAGS (\\Flagged)')
equal(first.long('RETR 1'), ONE, 'a message that IMAP has moved to cur/ and flagged is found')
put('c', name(7), message('late'))
imap.do('NOOP')
equal(len(first.lines('LIST')), 3, 'what arrives later is not shown')
equal(first.do('RETR 4'), '-ERR there is no such message', '... nor read')
imap.do('STORE 2 +FLAGS (\\Deleted)')
imap.do('EXPUNGE')
equal(first.do('RETR 2'), '-ERR somebody else has removed this message', 'what IMAP has expunged is told to be gone')
ok(first.do('TOP 2 0').startswith('-ERR somebody'), '... by TOP too')
equal(first.do('LIST 2'), '+OK 2 %d' % len(TWO), '... and keeps its number')
equal(first.long('RETR 3'), message('three'), '... as do the others')
for n in (1, 2):
    first.do('DELE %d' % n)
    second.do('DELE %d' % n)
equal((first.quit()[0], second.quit()[0]), ('+OK until next time',) * 2, 'both delete the same: no fault')
equal(imap.flags(), {3: {'\\Seen', '\\Flagged', '\\Recent'}, 4: {'\\Recent'}}, 'IMAP sees the end of it, and the flags that it set are there')
gone, imap2 = Pop('c'), Session('c')
shutil.rmtree('c/cur'), shutil.rmtree('c/new'), os.unlink('c/dovecot-uidlist')
gone.do('DELE 1')
ok(gone.quit()[0].startswith(('+OK', '-ERR [SYS/TEMP]')), 'a mailbox that vanishes meanwhile')
imap.close(), imap2.close()

# --- what others wrote ---
put('w', name(1), b'A: nul\0here\n\nx\0\n')
os.symlink('/etc/passwd', 'w/cur/' + name(2))
os.mkdir('w/cur/' + name(3))
os.mkfifo('w/cur/' + name(4))
write('w/cur/' + name(5, ',W=999999999999999999999'), b'A: b\r\n\r\nmixed\nends\r\n')
s = Pop('w')
said = {line.split()[0]: s.long('RETR ' + line.split()[0]) for line in s.lines('LIST')}
ok(b'A: nul\x80here\r\n\r\nx\x80\r\n' in said.values() and b'A: b\r\n\r\nmixed\r\nends\r\n' in said.values(), 'a NUL is shown as 0x80, mixed ends of lines as CRLF', said)
ok(not any(b'root:' in str(value).encode() for value in said.values()), 'a link, a folder and a pipe are no messages', said)
ok(s.quit()[0].startswith('+OK'), '... and do no harm')

# --- the quota, and the log ---
content = message('q', lines=100)
fill('q', content, content, content)
s = Pop('q', options=('-q', '1000000', '-l', 'quinn@x.test'), log='quota.log')
s.do('DELE 2')
s.quit()
total = [line.split() for line in read('q/maildirsize').decode().splitlines()[1:]] if os.path.exists('q/maildirsize') else []
one = len(content.replace(b'\r\n', b'\n'))
equal((sum(int(b) for b, _ in total), sum(int(n) for _, n in total)) if total else None, (2 * one, 2) if total else None, 'what was removed is taken from the quota\'s count')
ok(b'expunge login=quinn@x.test folder=INBOX uids=2 by=pop3' in read('quota.log'), 'the log says who removed what', read('quota.log'))
done_testing()
