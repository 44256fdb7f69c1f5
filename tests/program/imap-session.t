#!/usr/bin/python3
"""imap-session: each command, what it answers and what then lies on the disk (W-06, W-07, P-33, P-35, P-37, N-45; checks
41 to 46). Dialogues in, dialogues out, without a network."""
import sys; sys.path.insert(0, 'tests')
from imap import *

SPECIAL = ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']


def names(said, kind='LIST'):
    return sorted(re.findall(r'^\* %s \(.*?\) "/" "?(.*?)"?$' % kind, said, re.M))


# --- login: what is made ---
s = Session()
ok(s.greeting.startswith(b'* PREAUTH [CAPABILITY IMAP4rev1 '), 'a session without login greets with PREAUTH')
ok(all(os.path.isdir('m/' + part) for part in ('new', 'cur', 'tmp')), 'W-07: new, cur and tmp are made')
equal(oct(os.stat('m/.Sent').st_mode & 0o777), '0o700', 'P-33: folders have mode 0700')
equal(names(s.said('LIST "" *')), sorted(SPECIAL + ['INBOX']), 'N-45: the folders of special use are there')
ok(all('* LIST (\\HasNoChildren \\%s) "/" %s' % (n, n) in s.said('LIST "" *') for n in SPECIAL), '... and are listed with their use')
equal(names(s.said('LSUB "" *'), 'LSUB'), sorted(SPECIAL + ['INBOX']), '... and are subscribed to')
s.do('DELETE Archive')
s.close()
s = Session()
equal(names(s.said('LIST "" *')), sorted(set(SPECIAL) - {'Archive'} | {'INBOX'}), 'a folder that was deleted does not come back with the next login')

# --- any state, illegal states ---
caps = s.said('CAPABILITY')
ok(all(' ' + c in caps for c in ('LITERAL+', 'ID', 'NAMESPACE', 'IDLE', 'UIDPLUS', 'UNSELECT', 'MOVE', 'SPECIAL-USE')), 'CAPABILITY names what there is', caps)
ok('AUTH=' not in caps and 'STARTTLS' not in caps, '... and nothing of the login any more')
equal(s.said('NAMESPACE'), '* NAMESPACE (("" "/")) NIL NIL\nOK these', 'NAMESPACE')
ok(s.said('ID ("name" "x")').startswith('* ID ("name" "postroom")'), 'ID')
for command in ('CHECK', 'CLOSE', 'UNSELECT', 'EXPUNGE', 'UID EXPUNGE 1', 'SEARCH ALL', 'UID SEARCH ALL', 'FETCH 1 FLAGS', 'UID FETCH 1 FLAGS',
                'STORE 1 FLAGS ()', 'COPY 1 Sent', 'UID COPY 1 Sent', 'MOVE 1 Sent', 'UID MOVE 1 Sent'):
    ok(s.status(command).startswith('BAD'), 'without a mailbox: %s is BAD' % command)
for command in ('LOGIN a b', 'AUTHENTICATE PLAIN', 'STARTTLS'):
    ok(s.status(command).startswith('BAD'), 'after the login: %s is BAD' % command)
for command in ('', 'NONSENSE', 'SELECT', 'FETCH', 'UID NOOP', 'LIST ""', 'STATUS INBOX', 'STATUS INBOX ()', 'NOOP x', 'SELECT INBOX x'):
    ok(s.status(command).startswith('BAD'), 'bad syntax: %s' % (command or '(nothing)'))
s.send('no-space\r\n')
ok(s.answer().split(b' ')[1] == b'BAD', 'a line that is no command is BAD')
s.send('\r\n')
ok(s.status('NOOP').startswith('OK'), 'an empty line is passed over')

# --- APPEND, SELECT, FETCH ---
one = b'From: =?utf-8?q?J=C3=BCrgen?= <j@x.test>\r\nTo: b@y.test\r\nSubject: One\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n' \
      b'Message-ID: <1@x.test>\r\n\r\nHello\r\nWorld\r\n'
ok(re.match(r'OK \[APPENDUID \d+ 1\] ', s.append('INBOX', one)), 'APPEND says the uid')
file = files('m')[0]
ok('m/new/' + file and os.path.exists('m/new/' + file), 'a message without flags lies in new/ (P-35)')
equal(read('m/new/' + file), one.replace(b'\r\n', b'\n'), 'lines end with LF on the disk')
ok(re.search(r',S=%d,W=%d$' % (len(one) - 8, len(one)), file), '... and both sizes are in the name', file)
ok(s.append('INBOX', message('two'), '(\\Seen \\Flagged work) " 1-Feb-2020 10:00:00 +0100"').startswith('OK [APPENDUID'), 'APPEND with flags, a keyword and a date')
two = files('m')[1] if files('m')[0] == file else files('m')[0]
ok(two.endswith(':2,FSa'), 'the flags are in the name', two)
equal(int(os.stat('m/cur/' + two).st_mtime), 1580547600, 'the date is that of the file')
equal(read('m/dovecot-keywords'), b'0 work\n', 'the keyword has the letter a')

said = s.said('SELECT INBOX')
ok(re.search(r'^\* 2 EXISTS$', said, re.M) and re.search(r'^\* 1 RECENT$', said, re.M), 'SELECT says EXISTS and RECENT', said)
ok(all(re.search(p, said, re.M) for p in (r'^\* OK \[UIDVALIDITY \d+\]', r'^\* OK \[UIDNEXT 3\]', r'^\* OK \[UNSEEN 1\]',
   r'^\* FLAGS \(\\Answered \\Flagged \\Deleted \\Seen \\Draft work\)$', r'^\* OK \[PERMANENTFLAGS \(.* work \\\*\)\]')), '... and all the rest', said)
ok(said.endswith('OK [READ-WRITE] selected'), '... and READ-WRITE')
ok(os.path.exists('m/cur/' + file + ':2,') and not os.listdir('m/new'), 'what was in new/ is in cur/ now')
equal(s.said('FETCH 1:2 (FLAGS UID)'), '* 1 FETCH (FLAGS (\\Recent) UID 1)\n* 2 FETCH (FLAGS (\\Flagged \\Seen work) UID 2)\nOK done', 'FETCH FLAGS UID')
equal(s.said('UID FETCH 2 (FLAGS)'), '* 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen work))\nOK done', 'UID FETCH says the uid unasked')
equal(s.said('FETCH 2 INTERNALDATE'), '* 2 FETCH (INTERNALDATE " 1-Feb-2020 09:00:00 +0000")\nOK done', 'INTERNALDATE')
equal(s.said('FETCH 1 RFC822.SIZE'), '* 1 FETCH (RFC822.SIZE %d)\nOK done' % len(one), 'RFC822.SIZE is what is sent, with CRLF')
equal(s.do('FETCH 1 BODY.PEEK[]')[0], b'* 1 FETCH (BODY[] {%d}\r\n%s)' % (len(one), one), 'BODY.PEEK[] is the message as it came')
equal(s.said('FETCH 1 FLAGS'), '* 1 FETCH (FLAGS (\\Recent))\nOK done', '... and sets nothing')
equal(s.do('FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]')[0], b'* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {16}\r\nSubject: One\r\n\r\n)', 'one header field')
equal(s.do('FETCH 1 BODY.PEEK[TEXT]<2.4>')[0], b'* 1 FETCH (BODY[TEXT]<2> {4}\r\nllo\r)', 'a part of the text')
equal(s.do('FETCH 1 BODY.PEEK[TEXT]<4294967294.4294967295>')[0], b'* 1 FETCH (BODY[TEXT]<4294967294> {0}\r\n)', 'check 44: beyond the end there is nothing')
ok(s.status('FETCH 1 BODY[]<4294967296.1>').startswith('BAD'), '... and 2^32 is BAD')
ok('ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "One" (("=?utf-8?q?J=C3=BCrgen?=" NIL "j" "x.test"))' in s.said('FETCH 1 ENVELOPE'), 'ENVELOPE')
ok('BODYSTRUCTURE ("text" "plain" ' in s.said('FETCH 1 BODYSTRUCTURE').lower().replace('bodystructure', 'BODYSTRUCTURE'), 'BODYSTRUCTURE')
ok(s.said('FETCH 2 BODY[TEXT]').count('FLAGS') == 0, 'BODY[] of a message that was seen says no flags')
equal(s.do('FETCH 1 BODY[TEXT]')[0], b'* 1 FETCH (BODY[TEXT] {14}\r\nHello\r\nWorld\r\n FLAGS (\\Seen \\Recent))', 'BODY[] sets \\Seen and says so')
ok(os.path.exists('m/cur/' + file + ':2,S'), '... and it is in the name')
for wrong in ('FETCH 3 FLAGS', 'FETCH 0 FLAGS', 'FETCH 1:3 FLAGS', 'STORE 3 FLAGS ()', 'COPY 3 Sent', 'FETCH 4294967296 FLAGS', 'FETCH -1 FLAGS'):
    ok(s.status(wrong).startswith('BAD'), '%s: there is no such number' % wrong)
ok(s.said('FETCH * UID') == '* 2 FETCH (UID 2)\nOK done', '* is the last message')
ok(s.said('UID FETCH 100:200 FLAGS') == 'OK done', 'uids that there are not are no error')
ok(s.said('UID FETCH 100:* FLAGS').startswith('* 2 FETCH'), '100:* has the last message in it')

# --- STORE ---
equal(s.said('STORE 1 +FLAGS (\\Deleted $Junk)').split('\n')[-2:], ['* 1 FETCH (FLAGS (\\Deleted \\Seen \\Recent $Junk))', 'OK done'], 'STORE +FLAGS')
ok(os.path.exists('m/cur/' + file + ':2,STb'), '... and it is in the name')
equal(s.said('STORE 1 -FLAGS (\\Deleted unknown)'), '* 1 FETCH (FLAGS (\\Seen \\Recent $Junk))\nOK done', 'STORE -FLAGS')
equal(s.said('STORE 1 FLAGS (\\Draft)'), '* 1 FETCH (FLAGS (\\Draft \\Recent))\nOK done', 'STORE FLAGS replaces')
equal(s.said('STORE 1:2 FLAGS.SILENT (\\Seen)'), 'OK done', 'STORE .SILENT says nothing')
equal(s.said('NOOP'), 'OK done', '... later either')
equal(s.said('UID STORE 2 +FLAGS \\Flagged'), '* 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen))\nOK done', 'UID STORE says the uid')
for bad in ('STORE 1 +FLAGS (\\Recent)', 'STORE 1 +FLAGS (\\Unknown)', 'STORE 1 +FLAGS ("a b")', 'STORE 1 +FLAGS (a\x01b)', 'STORE 1 +FLAGS (a]b)'):
    ok(s.status(bad).startswith(('BAD', 'NO')), 'check 46: %r is refused' % bad)
equal(s.status('STORE 1 +FLAGS (%s)' % ' '.join('k%d' % i for i in range(24))), 'OK done', '26 keywords')
ok(s.status('STORE 1 +FLAGS (onemore)').startswith('NO [LIMIT]'), '... and not one more, which is told')
ok('\\*' not in re.search(r'PERMANENTFLAGS \((.*?)\)', s.said('SELECT INBOX'))[1], '... PERMANENTFLAGS says so too')
equal(s.said('STORE 1:2 FLAGS.SILENT ()'), 'OK done', 'all flags away')

# --- COPY, MOVE, EXPUNGE ---
ok(s.status('COPY 1 Nowhere').startswith('NO [TRYCREATE]'), 'COPY to a mailbox that there is not: TRYCREATE')
s.do('STORE 2 FLAGS.SILENT (\\Seen k5)')
said = s.status('COPY 1:2 Sent')
ok(re.match(r'OK \[COPYUID \d+ 1:2 1:2\]', said), 'COPY says COPYUID', said)
equal(len(files('m/.Sent')), 2, '... and two files are there')
copied = [n for n in files('m/.Sent') if ':2,' in n][0]
ok(copied.endswith(':2,Sa') and read('m/.Sent/dovecot-keywords') == b'0 k5\n', 'a keyword keeps its name in a folder with other letters', copied)
ok(any(os.stat('m/cur/' + n).st_ino == os.stat('m/.Sent/cur/' + copied).st_ino for n in os.listdir('m/cur')), 'a copy is a hard link')
s.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
equal(s.said('UID EXPUNGE 2'), 'OK expunged', 'UID EXPUNGE of another uid removes nothing')
equal(s.said('EXPUNGE'), '* 1 EXPUNGE\nOK expunged', 'EXPUNGE')
equal(s.said('FETCH 1 UID'), '* 1 FETCH (UID 2)\nOK done', 'uids stay')
said = s.said('UID MOVE 2 Trash')
ok(re.match(r'\* OK \[COPYUID \d+ 2 1\] .*\n\* 1 EXPUNGE\nOK moved$', said), 'MOVE: COPYUID, EXPUNGE, OK', said)
equal((files('m'), len(files('m/.Trash'))), ([], 1), '... and it is there, not here')
ok(s.status('MOVE 1 Nowhere').startswith('BAD'), 'MOVE of a number that there is not')
ok(s.append('INBOX', message('three')).split()[2:3] > [''], 'a further message')
s.do('NOOP')
ok(s.status('MOVE 1 Nowhere').startswith('NO [TRYCREATE]'), 'MOVE to a mailbox that there is not')
ok(re.match(r'OK \[COPYUID \d+ 3 4\]', s.status('COPY 1 INBOX')), 'COPY into the same mailbox')
equal(s.uids(), [3, 4], '... and it is seen at once')

# --- EXAMINE, CLOSE, UNSELECT ---
ok(s.do('EXAMINE INBOX')[-1].startswith(b'OK [READ-ONLY]'), 'EXAMINE')
for command in ('STORE 1 +FLAGS (\\Deleted)', 'EXPUNGE', 'UID EXPUNGE 3', 'MOVE 1 Trash'):
    ok(s.status(command).startswith('NO [READ-ONLY]'), 'after EXAMINE: %s is refused' % command)
ok('FLAGS' not in s.said('FETCH 1 BODY[TEXT]'), '... and FETCH sets no flag')
equal(s.status('CLOSE'), 'OK closed', 'CLOSE after EXAMINE')
s.do('SELECT INBOX')
s.do('STORE 1 +FLAGS (\\Deleted)')
equal(s.said('UNSELECT'), 'OK closed, nothing was expunged', 'UNSELECT expunges nothing')
s.do('SELECT INBOX')
equal(s.said('CLOSE'), 'OK closed', 'CLOSE expunges without a word')
s.do('SELECT INBOX')
equal(s.uids(), [4], '... and it is gone')
ok(s.status('SELECT Nowhere').startswith('NO [NONEXISTENT]'), 'SELECT of what there is not')
ok(s.status('CHECK').startswith('BAD'), '... leaves nothing selected')

# --- SEARCH ---
s.do('CREATE Found')
for i, (words, flags) in enumerate((('alpha', '(\\Seen)'), ('beta', '(\\Flagged key)'), ('alphabet', '() "01-Jan-2001 00:00:00 +0000"'))):
    s.append('Found', message(words), flags)
s.do('SELECT Found')
for asked, found in (('ALL', ' 1 2 3'), ('SUBJECT alpha', ' 1 3'), ('UNSEEN', ' 2 3'), ('KEYWORD key', ' 2'), ('UNKEYWORD key', ' 1 3'), ('BEFORE 2-Jan-2001', ' 3'),
                     ('OR FLAGGED SUBJECT alphabet', ' 2 3'), ('NOT (SEEN)', ' 2 3'), ('TEXT "line of"', ' 1 2 3'), ('BODY nothing', ''), ('2:*', ' 2 3'),
                     ('UID 1,3', ' 1 3'), ('LARGER 100000', ''), ('SMALLER 100000 SEEN', ' 1'), ('CHARSET UTF-8 SUBJECT BETA', ' 2'), ('HEADER Message-ID beta', ' 2')):
    equal(s.said('SEARCH ' + asked), '* SEARCH%s\nOK done' % found, 'SEARCH ' + asked)
s.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
s.do('EXPUNGE')
equal(s.said('UID SEARCH ALL'), '* SEARCH 2 3\nOK done', 'UID SEARCH says uids')
ok(s.status('SEARCH CHARSET X-NONE ALL').startswith('NO [BADCHARSET'), 'SEARCH in a character set that is not known')

# --- CREATE, LIST, RENAME, DELETE ---
equal(s.status('CREATE Lists/c/postroom'), 'OK created', 'CREATE below what there is not')
ok(os.path.isdir('m/.Lists.c.postroom/cur'), '... is .Lists.c.postroom on the disk (Maildir++)')
ok(s.status('CREATE Lists/c/postroom').startswith('NO [ALREADYEXISTS]'), 'CREATE again')
ok(s.status('CREATE inbox').startswith('NO'), 'CREATE INBOX')
ok(s.status('CREATE Lists/d/').startswith('OK'), 'CREATE with a separator at the end')
listed = s.said('LIST "" *')
ok('* LIST (\\Noselect \\HasChildren) "/" Lists/c\n' in listed and '* LIST (\\HasNoChildren) "/" Lists/c/postroom' in listed, 'LIST shows levels that are none as \\Noselect', listed)
equal(names(s.said('LIST "" %')), ['Drafts', 'Found', 'INBOX', 'Junk', 'Lists', 'Sent', 'Trash'], 'LIST % is one level')
equal(names(s.said('LIST Lists/ %')), ['Lists/c', 'Lists/d'], 'LIST with a reference')
equal(names(s.said('LIST "" inbox')), ['INBOX'], 'LIST inbox in any case')
equal(s.said('LIST "" ""'), '* LIST (\\Noselect) "/" ""\nOK that is the separator', 'LIST "" "" says the separator')
equal(s.status('SUBSCRIBE Lists/c/postroom'), 'OK done', 'SUBSCRIBE')
ok('* LSUB (\\Noselect) "/" Lists\n' in s.said('LSUB "" %'), 'LSUB % shows a level above what is subscribed')
equal(read('m/subscriptions').split(b'\n')[0:2], [b'V\t2', b''], 'the file is what Dovecot writes')
ok(b'Lists\tc\tpostroom' in read('m/subscriptions'), '... with a tab between levels')
equal(s.status('UNSUBSCRIBE Lists/c/postroom'), 'OK done', 'UNSUBSCRIBE')
ok('postroom' not in s.said('LSUB "" *'), '... and it is no longer listed')
s.append('Lists/c/postroom', message('deep'))
equal(s.status('RENAME Lists Groups/all'), 'OK renamed', 'RENAME of a level with all below it')
equal(names(s.said('LIST "" Groups/*')), ['Groups/all', 'Groups/all/c', 'Groups/all/c/postroom', 'Groups/all/d'], '... each has its new name')
ok('MESSAGES 1' in s.said('STATUS Groups/all/c/postroom (MESSAGES)'), '... and its messages')
ok(s.status('RENAME Groups/all/d Sent').startswith('NO [ALREADYEXISTS]'), 'RENAME to what is there')
ok(s.status('RENAME Nowhere x').startswith('NO [NONEXISTENT]'), 'RENAME of what is not there')
equal(s.status('RENAME Groups/all/c Groups/all/c/postroom/deeper'), 'OK renamed', 'RENAME into what is below it')
equal(names(s.said('LIST "" Groups/*'))[-2], 'Groups/all/c/postroom/deeper/postroom', '... works, the deepest first')
equal(s.status('DELETE Groups/all/d'), 'OK deleted', 'DELETE')
ok(s.status('DELETE Groups/all/d').startswith('NO [NONEXISTENT]'), 'DELETE again')
ok(s.status('DELETE INBOX').startswith('NO [CANNOT]'), 'DELETE INBOX')
ok(not [n for n in os.listdir('m') if n.startswith('..')], 'nothing of it is left on the disk')

before = s.said('STATUS Sent (UIDVALIDITY)')
s.do('DELETE Sent')
s.do('CREATE Sent')
ok(before != s.said('STATUS Sent (UIDVALIDITY)'), 'a folder that is made anew has another uidvalidity')

s.append('INBOX', message('four'), '(\\Seen)')
equal(s.status('RENAME INBOX Old'), 'OK renamed', 'RENAME INBOX')
ok('MESSAGES 2' in s.said('STATUS Old (MESSAGES)') and 'MESSAGES 0' in s.said('STATUS INBOX (MESSAGES)'), '... moves its messages, INBOX stays and is empty')
ok('\\HasNoChildren) "/" INBOX' in s.said('LIST "" INBOX'), '... and is still listed')
equal(s.said('STATUS Old (MESSAGES RECENT UIDNEXT UNSEEN)'), '* STATUS Old (MESSAGES 2 RECENT 1 UIDNEXT 3 UNSEEN 1)\nOK done', 'STATUS')

# --- names (check 45) ---
outside = set(os.listdir('.'))
for bad in ('""', '"../x"', '".."', '"a/./b"', '"/etc/passwd"', '"a//b"', '"/a"', '"a&b"', '"a&AGE-"', '"%s"' % ('n' * 5000), '"%s"' % ('n/' * 200), '"a\tb"', '"*"', '"a%"',
            '"a&AAo-b"', '"a&AH8-b"', '"a&AIU-b"'):
    status = s.status('CREATE ' + bad)
    ok(status.startswith(('NO', 'BAD')), 'check 45: CREATE %.20s is refused' % bad, status)
ok(s.status(b'CREATE "a\xc3\xa4"').startswith(('NO', 'BAD')), '... raw 8-bit too')
ok(s.status(b'CREATE {3+}\r\na\0b').startswith(('NO', 'BAD')), '... and a NUL')
for odd, disk in (('...', '.\\2e\\2e\\2e'), ('a.b', '.a\\2eb'), ('~x', '.~x'), ('Entw&APw-rfe', '.Entw&APw-rfe'), ('a\\\\2eb', '.a\\5c2eb')):
    equal(s.status('CREATE "%s"' % odd), 'OK created', 'a folder may be called %s' % odd)
    ok(os.path.isdir('m/' + disk), '... on the disk it is %s' % disk, os.listdir('m'))
    ok(s.said('SELECT "%s"' % odd).endswith('selected'), '... and can be selected')
ok('"/" ...\n' in s.said('LIST "" *') and '"/" a.b\n' in s.said('LIST "" *'), '... and LIST shows them as they were named')
equal(set(os.listdir('.')), outside, 'nothing was made outside of the mailbox')
os.symlink('/etc', 'm/.link')
os.symlink('.Sent', 'm/.inner')
ok('link' not in s.said('LIST "" *') and s.status('SELECT link').startswith('NO'), 'check 36: a folder that is a symlink is none')
ok(s.append('link', message('x')).startswith('NO') and s.status('SELECT inner').startswith('NO'), '... and nothing is written through it')
s.do('SELECT INBOX')
os.symlink('/etc/passwd', 'm/cur/1.evil:2,')
equal(s.uids(), [], 'a message that is a symlink is none')

# --- literals and limits (41, 42) ---
s.close()
s = Session(options=['-b', '1000'])
status = s.append('INBOX', b'x' * 1001)
ok(status.startswith('NO [TOOBIG]'), 'APPEND of more than databytes is refused', status)
tag = s.start('APPEND INBOX {4294967295}')
ok(s.finish(tag)[-1].startswith(b'NO [TOOBIG]'), 'check 41: an announced 4 GB is refused without reading it')
ok(s.status('NOOP').startswith('OK'), '... and the session goes on')
for size in ('-1', '4294967296', '18446744073709551616', 'x', ''):
    status = s.status('APPEND INBOX {%s}' % size)
    ok(status.startswith(('NO', 'BAD')), 'check 41: APPEND {%s} is refused' % size, status)
ok(s.status('NOOP').startswith('OK'), '... and the session goes on')
tag = s.start('APPEND INBOX {%d}' % len(message('sync')))
ok(s.answer().startswith(b'+ '), 'a synchronising literal is asked for')
s.send(message('sync') + b'\r\n')
ok(s.finish(tag)[-1].startswith(b'OK [APPENDUID'), '... and taken')
tag = s.start('APPEND INBOX {%d+}\r\n%s x' % (5, 'hello'))
ok(s.finish(tag)[-1].startswith(b'BAD'), 'something behind the message is BAD')
equal(len(files('m')), 2, '... and nothing was appended')
equal(os.listdir('m/tmp'), [], '... nor left in tmp')
for bad in ('SEARCH ' + '(' * 100000, 'SEARCH ' + 'NOT ' * 20000 + 'ALL', 'A' * 200000):
    status = s.status(bad)
    ok(status.startswith('BAD') or not status, 'check 42: %.12s... is BAD' % bad, status)
    if not status:
        s = Session()
s.do('SELECT INBOX')
began = time.monotonic()
ok(s.status('FETCH %s FLAGS' % ','.join(['1'] * 30000)).startswith('OK'), 'check 43: a set of 30,000 members')
ok(s.said('UID FETCH 1:4294967295 UID').count('FETCH') == 1, '... and 1:4294967295')
ok(time.monotonic() - began < 120, '... take no time to speak of')

# --- pipelining, LOGOUT ---
s.send('a NOOP\r\nb STATUS INBOX (MESSAGES)\r\nc FETCH 1 UID\r\nd LOGOUT\r\n')
equal([s.answer()[:12] for _ in range(7)], [b'a OK done', b'* STATUS INB', b'b OK done', b'* 1 FETCH (U', b'c OK done', b'* BYE until ', b'd OK logged '],
      'pipelined commands are answered in order')
equal((s.answer(), s.close()), (b'', 0), 'LOGOUT ends the session, with exit code 0')
s = Session()
s.process.terminate()
ok(s.answer().startswith(b'* BYE'), 'SIGTERM: BYE')
equal(s.close(), 0, '... and it ends well')
s = Session()
s.append('INBOX', b'Subject: large\r\n\r\n' + b'x' * 70 * 100000)
s.do('SELECT INBOX')
s.start('FETCH 1:* BODY.PEEK[]')
s.file.read(1000)
s.process.terminate()
equal(s.process.wait(300), 0, 'SIGTERM ends a session whose client takes no answers, too')
s.close()
s = Session()
s.send('a SELECT INBOX')
equal(s.close(), 0, 'a client that goes away in a command ends it well')

# --- the log (N-46) ---
log = read('log').decode()
for event in ('append folder=INBOX uids=1', 'copy folder=INBOX uids=1:2 to=Sent', 'move folder=INBOX uids=2 to=Trash', 'expunge folder=INBOX uids=1',
              'create folder=Lists/c/postroom', 'rename folder=Lists to=Groups/all', 'delete folder=Groups/all/d',
              'flags-add folder=INBOX uids=1 flags="\\\\Deleted $Junk"'):
    ok('imap-session: ' + event + '\n' in log, 'N-46: the log has: ' + event)
done_testing()
