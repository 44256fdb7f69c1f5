#!/usr/bin/python3
"""ldap-watch, cut before each of its lasting calls while it follows a change: it starts anew, and in the end the file is that of the
directory, the tables were asked for with that file, and only then the cookie was stored. And what a server may answer: a refresh
that it wants to begin anew, an entry that is not known here, a message that is none, a search that it ends."""
import sys; sys.path.insert(0, 'tests')
from tap import *
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
                asked_with.append((read(STATE + 'ldap.ldif'), stored()))
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
    wait_for(lambda: stored() == cookie, 60)
    process.kill()
    process.wait()
    return read(STATE + 'ldap.ldif').decode()


def names(ldif):
    return [line.split('=')[1].split(',')[0] for line in ldif.splitlines() if line.startswith('dn: ')]


def begin():
    """The first directory, followed and stored."""
    shutil.rmtree(STATE)
    shutil.copytree('first', STATE)


server = SyncServer(ADDRESS, PORT, changes)
threading.Thread(target=answer_calls, args=(listen('tables-publish'),), daemon=True).start()

equal(names(watch(lambda cookie: everything(FIRST, 'one'), 'one')), ['ann', 'bob', 'cat'], 'everything is read, and the cookie stored')
shutil.copytree(STATE, 'first')
expected = watch(follow, 'two')
equal((names(expected), server.cookies), (['anna', 'cat', 'dan'], ['one']), 'with the cookie, what has changed since')
equal(asked_with, [(expected.encode(), 'one')], '... tables were asked for with the new file, before the cookie was stored')

for cut in range(1, 60):
    begin()
    seen = watch(follow, 'two', LD_PRELOAD=SHIM, CUT=str(cut), CUT_REPORT='report')
    if int(read('report').split(b'\n')[0]) < cut:
        break
    good = seen == expected and asked_with and asked_with[-1][0] == expected.encode() and all(file == expected.encode() or not cookie == 'two' for file, cookie in asked_with)
    ok(good, 'cut before lasting call %d: in the end the file, the tables and the cookie are right' % cut, (seen, asked_with, read('log')))
ok(cut > 8, 'the calls were counted: two files, each written, synced, renamed, its folder synced', cut)

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
