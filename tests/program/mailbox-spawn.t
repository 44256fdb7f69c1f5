#!/usr/bin/python3
"""mailbox-spawn: delivery under the mailbox's own uid (checks 35, 36, 54; W-06, W-07, W-09, P-33, P-35)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from spawn import *

NOT_OURS = 'the mailbox\'s folder belongs to somebody else'
LOW = 'the mailbox\'s uid is below control/minimumuid'
NOT_ALLOWED = 'this caller may not ask for that'


def children_of(pid):
    return open('/proc/%d/task/%d/children' % (pid, pid)).read().split()


def owner(path):
    st = os.lstat(path)
    return st.st_uid, st.st_gid, oct(st.st_mode)[-4:]


for user, uid in (('ann', 45001), ('ben', 45002), ('low', 1500)):
    account(user, uid)
build_tables()
spawn = start_spawn()
ANN, BEN = 'mail/example.test/ann', 'mail/example.test/ben'

equal(state(deliver(MESSAGE, head=b'envelope\n')), 'done 2.0.0', 'a message is delivered')
equal(sorted(os.listdir(ANN)), ['cur', 'new', 'tmp'], 'W-06, W-07: cur, new and tmp are made, in mail/DOMAIN/USER')
names = os.listdir(ANN + '/new')
equal(len(names), 1, 'P-35: one file in new')
content = read(ANN + '/new/' + names[0])
equal(content, b'Return-Path: <bob@example.org>\nDelivered-To: ann@example.test\n' + MESSAGE.replace(b'\r\n', b'\n'), 'its lines')
ok('.Q%sR' % ID in names[0] and names[0].endswith('.mx.example.test,S=%d,W=%d' % (len(content), len(content) + content.count(b'\n'))),
   'its name has id, host and sizes', names)
equal([owner(ANN + f) for f in ('', '/new', '/tmp', '/cur')], [(45001, 45001, '0700')] * 4, 'P-33: folders of the mailbox\'s uid, 0700')
equal(owner(ANN + '/new/' + names[0]), (45001, 45001, '0600'), 'the file too')
equal(owner('mail/example.test'), (0, 0, '0711'), 'the domain\'s folder can be passed, not listed')

equal(state(deliver(MESSAGE, again=1)), 'done 2.0.0', 'the same delivery again')
equal(state(deliver(MESSAGE)), 'done 2.0.0', '... even without again=1')
os.rename(ANN + '/new/' + names[0], ANN + '/cur/' + names[0] + ':2,S')
equal(state(deliver(MESSAGE, again=1)), 'done 2.0.0', '... and after it was read')
equal((os.listdir(ANN + '/new'), len(os.listdir(ANN + '/cur'))), ([], 1), '... makes no second file')
equal(state(deliver(MESSAGE, recipient='sales@example.test')), 'done 2.0.0', 'another recipient with the same mailbox')
equal(len(os.listdir(ANN + '/new')), 1, '... gets a file of its own')

looped = b'Received: x\r\nDELIVERED-TO:\t Ann@example.test \r\n\r\nbody\r\n'
equal(state(deliver(looped, id='1jdk4ul5s7v0a1b3')), 'never 5.4.6', 'check 12: own Delivered-To in the header is a loop')
quoted = b'Subject: y\r\n\r\nDelivered-To: ann@example.test\r\n'
equal(state(deliver(quoted, id='1jdk4ul5s7v0a1b4')), 'done 2.0.0', '... in the body it is none')
big = b'Subject: big\r\n\r\n' + b''.join(b'%062d\r\n' % i for i in range(40000)) + b'lone \r and a last line without end\r'
equal(state(deliver(big, id='1jdk4ul5s7v0a1b5', sender='')), 'done 2.0.0', 'a big message')
got = [read(ANN + '/new/' + name) for name in os.listdir(ANN + '/new') if 'a1b5R' in name]
ok(got == [b'Return-Path: <>\nDelivered-To: ann@example.test\n' + big.replace(b'\r\n', b'\n')], '... is whole, from the null sender')

ben = dict(key='key-ben', recipient='ben@example.test')
os.mkdir(BEN), os.chown(BEN, 45002, 45002), os.symlink('../ann/new', BEN + '/new')
before = len(os.listdir(ANN + '/new'))
equal(state(deliver(MESSAGE, **ben)), 'later 4.3.5', 'check 36: a new that is a link is not followed')
equal(len(os.listdir(ANN + '/new')), before, '... nothing is written there')
os.unlink(BEN + '/new'), os.mkdir(BEN + '/new', 0o700)
equal(state(deliver(MESSAGE, **ben)), 'later 4.2.0', 'check 36: a new of another owner')
os.rmdir(BEN + '/new'), os.rename(BEN, BEN + '2'), os.symlink('ann', BEN)
equal(state(deliver(MESSAGE, **ben)), 'unable to open the mailbox\'s folder', 'check 36: a mailbox that is a link is not entered')
os.unlink(BEN), os.mkdir(BEN), os.chown(BEN, 45001, 45001)
equal(state(deliver(MESSAGE, **ben)), NOT_OURS, '... nor one of somebody else')
os.chown(BEN, 45002, 45002), os.chmod(BEN, 0o500)
equal(state(deliver(MESSAGE, **ben)), 'later 4.2.0', '... nor written one that its owner may not write')

write('control/minimumuid', '2000\n')
equal(state(deliver(MESSAGE, key='key-low', recipient='low@example.test')), LOW, 'W-09: a uid below control/minimumuid, read at once, is refused')
ok(not os.path.exists('mail/example.test/low'), '... no folder is made')
equal(state(deliver(MESSAGE, key='nobody')), 'there is no such mailbox', 'an unknown key')
equal(state(deliver(MESSAGE, caller='mail-auth')), NOT_ALLOWED, 'mail-auth may not deliver')
equal(state(call_as('mail-send', [('what', 'imap'), ('mailbox', 'key-ann')], [0])), NOT_ALLOWED, 'mail-send may not open a session')
equal(deliver(MESSAGE, caller='mail-in'), None, 'mail-in may not call at all')
equal(call_as('mail-send', [('what', 'deliver'), ('mailbox', 'key-ann')]), None, 'a request without a descriptor is not answered')


def next_on(connection, key, id, recipient='ann@example.test'):
    """One more delivery on a connection that is open."""
    fd = memfd(MESSAGE)
    try:
        send(connection, [('what', 'deliver'), ('mailbox', key), ('id', id), ('sender', ''), ('recipient', recipient), ('offset', 0), ('again', 0)], [fd])
        return receive(connection)[0]
    except ConnectionError:
        return None
    finally:
        os.close(fd)


with connect('mailbox-spawn') as kept:  # root may call, as mail-send does
    first, child = next_on(kept, 'key-ann', '1jdk4ul5s7v0b001'), children_of(spawn.pid)
    ok(state(first) == 'done 2.0.0' and ('keep', 'yes') in first, 'a delivery process is kept for its mailbox\'s next message', first)
    equal(state(next_on(kept, 'key-ann', '1jdk4ul5s7v0b002')), 'done 2.0.0', '... and delivers it')
    equal((len(child), children_of(spawn.pid)), (1, child), '... without another process')
    equal(sum('v0b00' in name for name in os.listdir(ANN + '/new')), 2, '... both are there')
    equal(next_on(kept, 'key-ben', '1jdk4ul5s7v0b003', 'ben@example.test'), None, 'it ends rather than to take a message for another mailbox')
ok(not any('b003' in name for name in os.listdir(ANN + '/new')), '... which is delivered nowhere')
with connect('mailbox-spawn') as kept:
    equal(dict(next_on(kept, 'key-ben', '1jdk4ul5s7v0b004', 'ben@example.test')).get('keep'), None, 'one that could not deliver is not kept')

with connect('mailbox-spawn') as kept:
    said = [dict(next_on(kept, 'key-ann', '1jdk4ul5s7v1%04d' % i)) for i in range(1000)]
equal([i for i, one in enumerate(said) if one.get('keep') != 'yes'], [999], 'a process that ends after its last message said so with that one: nobody hands it another')

import base64


def imap(ahead=b''):
    """An IMAP session as auth-server starts it: the client's end of the connection."""
    client, its = socket.socketpair()
    client.settimeout(300)
    answer = call_as('mail-auth', [('what', 'imap'), ('mailbox', 'key-ann'), ('login', 'ann@example.test'), ('tag', 'a1'),
                                   ('ahead', base64.b64encode(ahead).decode()), ('ip', '192.0.2.1')], [its.fileno()])
    its.close()
    equal(answer, [('answer', 'started')], 'mail-auth starts a session')
    return client


def lines_to(client, tag):
    seen = b''
    while tag + b' OK' not in seen:
        part = client.recv(65536)
        if not part:
            break
        seen += part
    return seen


def children():
    return [int(pid) for pid in children_of(spawn.pid)]


def facts(pid):
    lines = dict(line.split(':', 1) for line in open('/proc/%d/status' % pid).read().splitlines() if ':' in line)
    return lines['Uid'].split(), lines['Gid'].split(), lines['Groups'].split(), lines['NoNewPrivs'].strip(), lines['Seccomp'].strip(), lines['CapPrm'].strip()


write('control/minimumuid', '1000\n')
client = imap(b'a2 SELECT INBOX\r\n')
said = lines_to(client, b'a2')
ok(b'a1 OK' in said and b'a2 OK' in said, 'it answers the login and what was sent ahead', said)
ok(b' EXISTS' in said, '... and sees the mailbox', said)
session = children()[0]
equal(facts(session), (['45001'] * 4, ['45001'] * 4, [], '1', '2', '0' * 16), 'it has the mailbox\'s uid and gid, no groups, no capability, a filter')
spawn.kill(), spawn.wait()
client.sendall(b'a3 NOOP\r\n')
ok(b'a3 OK' in lines_to(client, b'a3'), 'it lives on when mailbox-spawn is killed')
client.sendall(b'a4 LOGOUT\r\n')
ok(b'a4 OK' in lines_to(client, b'a4') and wait_for(lambda: not os.path.exists('/proc/%d' % session)), '... until the client logs out')
spawn = start_spawn()
client = imap()
session = wait_for(children)[0]
wait_for(lambda: client.recv(65536))  # its answer to the login: it runs
spawn.terminate()
ok(b'BYE' in wait_for(lambda: client.recv(65536)) or b'BYE' in client.recv(65536), 'told to stop, it tells the client')
equal((spawn.wait(300), os.path.exists('/proc/%d' % session)), (0, False), '... and nothing is left')
spawn = start_spawn()
state(deliver(MESSAGE))  # it serves: it is in its sandbox
equal(facts(spawn.pid)[3:], ('1', '2', '00000000000000e1'), 'check 54: no_new_privs, a filter; root with four capabilities: chown, kill, setgid, setuid')
done_testing()
