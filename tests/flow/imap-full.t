#!/usr/bin/python3
"""imap-session on a disk that becomes full (check 24): what cannot be written is refused and leaves nothing behind, what
was there stays, and when there is space again everything works in the same session. Needs root, for a small tmpfs."""
import sys; sys.path.insert(0, 'tests')
from imap import *

os.makedirs('m')
subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m,nr_inodes=400', 'tmpfs', 'm'], check=True)
try:
    s = Session()
    s.append('INBOX', message('first'), '(\\Seen)')
    s.do('SELECT INBOX')
    large = message('large', 20000)
    appended = 0
    while (status := s.append('INBOX', large)).startswith('OK'):
        appended += 1
    ok(status.startswith('NO [OVERQUOTA]'), 'bytes run out: APPEND says OVERQUOTA', status)
    equal((len(files('m')), os.listdir('m/tmp')), (1 + appended, []), '... and leaves nothing behind')
    equal(len(s.uids()), 1 + appended, '... what was there is there')
    ok(s.status('STORE 1 +FLAGS (\\Flagged)').startswith('OK'), '... flags can be changed, they need no space')
    write_rest = open('m/rest', 'wb')
    try:
        while write_rest.write(b'x' * 4096):
            write_rest.flush()
    except OSError:
        pass
    for command in ('COPY 1:* Sent', 'MOVE 1:* Sent', 'STORE 1 +FLAGS (newkeyword)', 'SUBSCRIBE Elsewhere'):
        status = s.status(command)
        ok(status.startswith('NO [OVERQUOTA]'), 'not a byte is left: %s says OVERQUOTA' % command, status)
    equal((len(files('m')), len(files('m/.Sent')), len(s.uids())), (1 + appended, 0, 1 + appended), '... and nothing has changed')
    os.unlink('m/rest')
    write_rest = None
    ok(s.status('STORE 2:* +FLAGS.SILENT (\\Deleted)').startswith('OK') and s.status('EXPUNGE').startswith('OK'), 'EXPUNGE makes room')
    ok(s.append('INBOX', large).startswith('OK [APPENDUID'), '... and then APPEND works')
    ok(s.status('COPY 1:* Sent').startswith('OK [COPYUID'), '... and COPY')
    equal(len(set(s.uids())), 2, '... with uids of their own')

    made = 0
    while s.status('CREATE n%d' % made).startswith('OK') and made < 400:
        made += 1
    status = s.status('CREATE another')
    ok(status.startswith('NO [OVERQUOTA]'), 'inodes run out: CREATE says OVERQUOTA', status)
    ok(s.append('INBOX', message('x')).startswith('NO'), '... APPEND is refused')
    equal(len(s.uids()), 2, '... what was there is there')
    for i in range(made):
        s.do('DELETE n%d' % i)
    ok(s.append('INBOX', message('x')).startswith('OK'), '... and it goes on when there is space')
    equal(s.close(), 0, '... in the same session')
finally:
    subprocess.run(['umount', '-l', HOME + '/m'])
done_testing()
