#!/usr/bin/python3
"""imap-session, cut before each of its lasting calls (check 49): whatever it was doing, no message is lost, none is half,
uids and uidvalidity stay, what was answered with OK is there, and the next session works without repair."""
import sys; sys.path.insert(0, 'tests')
from imap import *

SHIM = ROOT + '/build/tests/crash/cut.so'
MESSAGES = [message('m%d' % i, 200) for i in range(4)]


def fresh():
    """A mailbox with four messages in INBOX, two of them marked as deleted, and a folder with one below it."""
    shutil.rmtree('m', ignore_errors=True)
    s = Session()
    for each in MESSAGES:
        s.append('INBOX', each)
    s.do('CREATE Lists')
    s.do('CREATE Lists/deep')
    s.append('Lists/deep', MESSAGES[0])
    s.do('SELECT INBOX')
    s.do('STORE 1:2 +FLAGS.SILENT (\\Deleted)')
    s.do('FETCH 1 FLAGS')
    s.close()


def contents(s, folder):
    """uid: message, of a folder; the session is another than the one that was cut."""
    found = {}
    if s.do('EXAMINE "%s"' % folder)[-1].startswith(b'OK'):
        for answer in s.do('UID FETCH 1:* (BODY.PEEK[])')[:-1]:
            if b'FETCH' in answer:
                found[int(re.search(rb'UID (\d+)', answer)[1])] = answer.split(b'}\r\n', 1)[1][:-1]
    return found


def validity(s, folder):
    found = re.search(rb'UIDVALIDITY (\d+)', b''.join(s.do('STATUS %s (UIDVALIDITY)' % folder)))
    return found and found[1]


def look(kept=(0, 1, 2, 3)):
    """What a later session sees. Those that must be in INBOX still are, by uid; nothing anywhere is half."""
    s = Session()
    inbox = contents(s, 'INBOX')
    seen = {'inbox': inbox, 'validity': validity(s, 'INBOX'), 'folders': {}}
    for name in re.findall(r'^\* LIST \((?!\\Noselect).*?\) "/" (\S+)$', s.said('LIST "" *'), re.M):
        if name != 'INBOX':
            seen['folders'][name] = contents(s, name)
    seen['whole'] = all(m in MESSAGES for f in [inbox, *seen['folders'].values()] for m in f.values())
    seen['kept'] = all(inbox.get(k + 1) == MESSAGES[k] for k in kept)
    appended = s.append('INBOX', MESSAGES[0])
    seen['works'] = appended.startswith('OK') and int(appended.split()[3].rstrip(']')) > max(inbox or [0])
    s.close()
    return seen


def cut_each(what, command, check, kept=(0, 1, 2, 3), at_least=3, select=True):
    """Runs the command, cut before call 1, 2, 3 ... of those that it makes after SELECT."""
    cut, answered = 0, None
    while answered is None or not answered:
        cut += 1
        fresh()
        before = look_validity()
        s = CutSession(cut, select)
        answered = s.try_to(command)
        s.close()
        seen = look(kept)
        state = 'OK' if answered else 'cut before call %d' % cut
        ok(seen['whole'] and seen['kept'] and seen['works'] and seen['validity'] == before, '%s, %s: all that was there is there' % (what, state), seen)
        ok(check(seen, answered), '... and what it was doing is in a legal state', {k: list(v) for k, v in seen['folders'].items()})
        if cut > 60:
            break
    ok(answered and cut > at_least, '%s: %d calls could be cut, then it lived' % (what, cut - 1))


def look_validity():
    s = Session()
    found = validity(s, 'INBOX')
    s.close()
    return found


class CutSession(Session):
    """Ends before its n-th lasting call of the command: those of login and SELECT are counted in a run without the cut."""

    def __init__(self, cut, select):
        probe = Session(env={'LD_PRELOAD': SHIM, 'CUT_REPORT': 'count'}, log='log')
        if select:
            probe.do('SELECT INBOX')
        before = int(read('m/count'))
        probe.close()
        os.unlink('m/count')
        super().__init__(env={'LD_PRELOAD': SHIM, 'CUT': str(before + cut)}, log='log')
        if select:
            self.do('SELECT INBOX')

    def try_to(self, command):
        try:
            return self.do(command)[-1].startswith(b'OK')
        except (ConnectionError, BrokenPipeError):
            return False


def everything(seen):
    """All messages anywhere."""
    return sorted(m for f in [seen['inbox'], *seen['folders'].values()] for m in f.values())


def append_check(seen, answered):
    return (len(seen['inbox']) == 5 and seen['inbox'].get(5) == MESSAGES[3]) if answered else len(seen['inbox']) in (4, 5)


def copy_check(seen, answered):
    sent = list(seen['folders']['Sent'].values())
    return sent == MESSAGES[:4] if answered else all(m in MESSAGES for m in sent)


def move_check(seen, answered):
    there = set(seen['inbox'].values()) | set(seen['folders']['Sent'].values())
    if answered and (seen['inbox'] or len(seen['folders']['Sent']) != 4):
        return False
    return there == set(MESSAGES)


def expunge_check(seen, answered):
    return sorted(seen['inbox']) == [3, 4] if answered else True


def rename_check(seen, answered):
    deep = [name for name in seen['folders'] if name.endswith('/deep')]
    return len(deep) == 1 and list(seen['folders'][deep[0]].values()) == MESSAGES[:1] and (not answered or deep == ['Groups/deep'])


def rename_inbox_check(seen, answered):
    there = set(seen['inbox'].values()) | set(seen['folders'].get('Old', {}).values())
    return there == set(MESSAGES) and (not answered or not seen['inbox'])


def delete_check(seen, answered):
    return 'Lists' not in seen['folders'] if answered else True


literal = b'APPEND INBOX (\\Flagged) {%d+}\r\n%s' % (len(MESSAGES[3]), MESSAGES[3])
cut_each('APPEND', literal, append_check)
cut_each('APPEND with a new keyword', literal.replace(b'\\Flagged', b'brandnew'), append_check)
cut_each('COPY', 'COPY 1:4 Sent', copy_check)
cut_each('MOVE', 'MOVE 1:4 Sent', move_check, kept=())
cut_each('EXPUNGE', 'EXPUNGE', expunge_check, kept=(2, 3))
cut_each('CLOSE', 'CLOSE', expunge_check, kept=(2, 3))
cut_each('STORE', 'STORE 1:4 FLAGS (\\Seen other)', lambda seen, answered: True)
cut_each('RENAME', 'RENAME Lists Groups', rename_check, at_least=2)
cut_each('RENAME INBOX', 'RENAME INBOX Old', rename_inbox_check, kept=())
cut_each('DELETE', 'DELETE Lists', delete_check, at_least=1)
cut_each('CREATE', 'CREATE New/folder', lambda seen, answered: not answered or 'New/folder' in seen['folders'])
cut_each('SUBSCRIBE', 'SUBSCRIBE Lists', lambda seen, answered: True)

# The first login, and the first look at what was delivered before.
for cut in range(1, 100):
    shutil.rmtree('m', ignore_errors=True)
    for i, each in enumerate(MESSAGES):
        put('m', '170000000%d.1.host' % i, each)
    s = None
    try:
        s = Session(env={'LD_PRELOAD': SHIM, 'CUT': str(cut)})
        done = s.do('SELECT INBOX')[-1].startswith(b'OK')
    except (ConnectionError, BrokenPipeError):
        done = False
    s.close()
    seen = look()
    ok(seen['whole'] and seen['kept'] and seen['works'], 'first login, %s: the messages have their uids' % ('whole' if done else 'cut before call %d' % cut))
    equal([n for n in ('Archive', 'Drafts', 'Junk', 'Sent', 'Trash') if n not in seen['folders']], [], '... and the folders are there')
    if done:
        break
ok(done and cut > 20, 'first login: %d calls could be cut, then it lived' % (cut - 1))
done_testing()
