#!/usr/bin/python3
"""ldap-watch, cut before each of its lasting calls while it follows a change: it starts anew, and in the end the file is that of the
directory, the tables were asked for with that file, and only then the cookie was stored. So it is where a change is put behind the file,
and where the file is written whole again. A batch that was cut off, one that came twice, another file in its place. And what a server may answer: a refresh
that it wants to begin anew, an entry that is not known here, a message that is none, a search that it ends."""
import sys; sys.path.insert(0, 'tests')
from tap import *
from ldif_changes import entries, has_grown
from sync_server import *

SHIM = ROOT + '/build/tests/crash/cut.so'
ADDRESS, PORT = '127.0.43.1', 14431
STATE = 'state/directory/'
ID = '00000000-0000-0000-0000-0000000000%02x'
now, asked_with, codes = {}, [], []

for folder in (STATE, 'control/profiles', 'bin'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
for name, value in (('ldapserver', '%s:%d' % (ADDRESS, PORT)), ('ldaptls', 'off'), ('ldapbasedn', 'dc=x'), ('me', 'mail.home.test')):
    write('control/' + name, value + '\n')


def entry(number, name):
    return number, 'uid=%s,dc=x' % name, {'entryUUID': [ID % number], 'uid': [name], 'mail': [name + '@x.test'], 'objectClass': ['posixAccount']}


FIRST = [entry(1, 'ann'), entry(2, 'bob'), entry(3, 'cat')]
LAST = [entry(1, 'anna'), entry(3, 'cat'), entry(4, 'dan')]


def everything(entries, cookie):
    return [sync_entry(1, *e) for e in entries] + [sync_phase(2, cookie)]


def changes(cookie):
    return now['says'](cookie)


def follow(cookie):
    """From the first directory to the last, for who has the first one's cookie."""
    if cookie == 'one':
        return [sync_entry(2, *LAST[0]), sync_entry(1, *LAST[2]), sync_ids(True, 2), sync_phase(1, 'two')]
    return everything(LAST, 'two') if cookie is None else [sync_phase(1, 'two')]


def answer_calls(listening):
    """In the place of tables-publish: keeps what the file was, and what was stored, when tables were asked for."""
    while True:
        connection, _ = listening.accept()
        with connection:
            if receive(connection)[0] == [('what', 'publish')]:
                asked_with.append((entries(read(STATE + 'ldap.ldif').decode()), stored()))
                send(connection, [('answer', 'done'), ('code', codes.pop(0) if codes else 0)])


def stored():
    """The cookie in ldap.watch; None if there is none."""
    try:
        return bytes.fromhex(read(STATE + 'ldap.watch').decode().splitlines()[3]).decode()
    except FileNotFoundError:
        return None


def watch(says, cookie, **env):
    """Runs ldap-watch until that cookie is stored; the file, and what was logged."""
    now['says'] = says
    server.cookies.clear(), asked_with.clear()
    with open('log', 'wb') as log:
        process = subprocess.Popen([program('ldap-watch')], stdin=subprocess.DEVNULL, stderr=log, env=dict(ENV, **env))
    running.append(process)
    wait_for(lambda: stored() == cookie)
    process.kill()
    process.wait()
    return read(STATE + 'ldap.ldif').decode()


def names(ldif):
    return sorted(line.split('=')[1].split(',')[0] for line in entries(ldif))


def begin(folder='first'):
    """The first directory, followed and stored."""
    shutil.rmtree(STATE)
    shutil.copytree(folder, STATE)


def cut_everywhere(folder, says, cookie, expected, what, how='CUT'):
    """How many lasting calls there were. how: FAIL, it is not cut, but the call fails."""
    for cut in range(1, 60):
        begin(folder)
        seen = watch(says, cookie, LD_PRELOAD=SHIM, CUT_REPORT='report', **{how: str(cut)})
        if int(read('report').split(b'\n')[0]) < cut:
            return cut
        good = entries(seen) == expected and asked_with and asked_with[-1][0] == expected and all(file == expected or at != cookie for file, at in asked_with)
        ok(good, '%s, %s at lasting call %d: in the end the file, the tables and the cookie are right' % (what, {'CUT': 'cut', 'FAIL': 'an error'}[how], cut), (seen[-3000:], asked_with, read('log')))


server = SyncServer(ADDRESS, PORT, changes)
threading.Thread(target=answer_calls, args=(listen('tables-publish'),), daemon=True).start()

equal(names(watch(lambda cookie: everything(FIRST, 'one'), 'one')), ['ann', 'bob', 'cat'], 'everything is read, and the cookie stored')
shutil.copytree(STATE, 'first')
seen = watch(follow, 'two')
equal((names(seen), server.cookies), (['anna', 'cat', 'dan'], ['one']), 'with the cookie, what has changed since')
ok(has_grown(seen) and seen.startswith(read('first/ldap.ldif').decode()), '... is put behind the file', seen)
expected = entries(seen)
equal(asked_with, [(expected, 'one')], '... tables were asked for with it, before the cookie was stored')
shutil.copytree(STATE, 'grown')
calls = cut_everywhere('first', follow, 'two', expected, 'a change')
cut_everywhere('first', follow, 'two', expected, 'a change', 'FAIL')
ok(calls > 6, 'the calls were counted: the file, written and synced; the cookie, written, synced, renamed, its folder synced', calls)

MANY = entry(5, 'eve')
MANY[2]['mail'] = ['eve.of.the.many.addresses.%06d@x.test' % n for n in range(30000)]


def follow_many(cookie):
    """From the last directory: somebody whose entry is more than a file may grow by."""
    return [sync_entry(1, *MANY), sync_phase(1, 'three')] if cookie == 'two' else everything(LAST + [MANY], 'three') if cookie is None else [sync_phase(1, 'three')]


begin('grown')
seen = watch(follow_many, 'three')
equal((names(seen), has_grown(seen), server.cookies), (['anna', 'cat', 'dan', 'eve'], False, ['two']), 'where it grows too much it is written whole')
calls = cut_everywhere('grown', follow_many, 'three', entries(seen), 'written whole')
ok(calls > 12, 'the calls were counted: the file, the ids, the cookie', calls)


def follow_deletion(cookie):
    return [sync_ids(True, 3), sync_phase(1, 'three')] if cookie == 'two' else everything([LAST[0], LAST[2]], 'three') if cookie is None else [sync_phase(1, 'three')]


def spoilt(change):
    """The grown file, spoilt so; what is made of it, and what the server was asked."""
    begin('grown')
    words = read('grown/ldap.ldif').decode()
    write(STATE + 'ldap.ldif', change(words))
    seen = watch(follow_deletion, 'three')
    return names(seen), server.cookies, seen


batch = lambda words: words[words.index('# changes\n'):]
names_seen, cookies, seen = spoilt(lambda words: words + '# changes\n# id 00\ndn: uid=anna,dc=x\nchangetype: dele')
equal((names_seen, cookies, 'dele\n' in seen or 'dele#' in seen), (['anna', 'dan'], ['two'], False), 'a batch that was cut off is taken away')
equal(spoilt(lambda words: words + batch(words))[:2], (['anna', 'dan'], ['two']), 'a batch that came twice does no harm')
equal(spoilt(lambda words: words + batch(words).replace('uid=dan', 'uid=dana'))[:2], (['anna', 'dan'], [None]),
      'a batch in which one has two names: everything is read again')
equal(spoilt(lambda words: words.replace(batch(words), ''))[:2], (['anna', 'dan'], [None]), 'a file without changes that the tables have: the same')
equal(spoilt(lambda words: words.replace('cat@x', 'cut@x', 1))[:2], (['anna', 'dan'], [None]), 'another file in its place: the same')
equal(spoilt(lambda words: words.replace('# id 00', '# id 0g'))[:2], (['anna', 'dan'], [None]), 'an id that is none: the same')

begin()
equal(names(watch(lambda cookie: [sync_end(4096)] if cookie else everything(LAST, 'two'), 'two')), ['anna', 'cat', 'dan'], 'e-syncRefreshRequired: everything is read again')
equal(server.cookies, ['one', None], '... without the cookie')
begin()
equal(names(watch(lambda cookie: [sync_end(53)] if cookie else everything(LAST, 'two'), 'two')), ['anna', 'cat', 'dan'], 'a server that does not take the cookie: the same')
begin()
equal(names(watch(lambda cookie: [sync_ids(False, 1, 9), sync_phase(2, 'x')] if cookie else everything(LAST, 'two'), 'two')), ['anna', 'cat', 'dan'],
      'an entry that is present and not known here: the same')
begin()
equal(names(watch(lambda cookie: [sync_ids(False, 1), sync_entry(0, 3, 'uid=cat,dc=x', {}), sync_phase(2, None, False), sync_ids(True, 3), sync_phase(1, 'two')], 'two')), ['ann'],
      'the present phase and then the delete phase')
begin()
turns = iter([[info(b'\xa5\0')], [sync_entry(4, 1, 'uid=x', {})], [Server.entry(None, 'uid=x', {})]])
equal(names(watch(lambda cookie: next(turns, None) or follow(cookie), 'two')), ['anna', 'cat', 'dan'], 'messages that are none end the connection, not the cookie')
equal(set(server.cookies), {'one'}, '... which is used again')
begin()
codes += [1]
equal(names(watch(follow, 'two')), ['anna', 'cat', 'dan'], 'tables that are refused are asked for again')
equal([cookie for _, cookie in asked_with], ['one', 'one'], '... and the cookie is stored after they are there')
done_testing()
