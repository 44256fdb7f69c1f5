"""For the tests of mailbox-spawn (root only): a home with a domain and mailboxes, the running listener, deliveries to it.

    import sys; sys.path.insert(0, 'tests'); from spawn import *
"""
import os, pwd

if os.getuid():
    print('1..0 # SKIP only root can become the uid of a mailbox')
    raise SystemExit

from tap import *

MESSAGE = b'From: bob@example.org\r\nSubject: x\r\n\r\nline\r\n.dot\r\n'
ID = '1jdk4ul5s7v0a1b2'

os.chmod('.', 0o755)
for folder in ('control/domains', 'directory', 'state/tables', 'state/directory', 'state/full', 'mail'):
    os.makedirs(folder)
os.chmod('mail', 0o711)
shutil.copytree(ROOT + '/ldapsync/profiles', 'profiles')
write('control/me', 'mx.example.test\n')
write('control/domains/example.test')
for folder in ('tables', 'state/tables'):
    os.chown(folder, *pwd.getpwnam('mail-tables')[2:4])


def account(user, uid):
    write('directory/%s@example.test.ldif' % user, 'dn: uid=%s\nobjectClass: inetOrgPerson\nentryUUID: key-%s\nuid: %s@example.test\n'
          'mail: %s@example.test\nuidNumber: %d\n' % (user, user, user, user, uid))


def build_tables():
    subprocess.run([program('tables-build'), '-f'], env=ENV, check=True, stderr=subprocess.DEVNULL)


def start_spawn(env=()):
    """The listener, as s6 would start it; returns when its socket is there."""
    ready, told = os.pipe()
    process = subprocess.Popen([program('unix-bind'), '-d', str(told), 'run/mailbox-spawn', '0666', 'root', program('mailbox-spawn')],
                               pass_fds=[told], env=dict(ENV, **dict(env)), stderr=open('spawn.log', 'ab'))
    os.close(told)
    os.read(ready, 1)
    os.close(ready)
    running.append(process)
    return process


def call_as(user, pairs, fds=()):
    """The answer to a call that a process of that user makes; None: the connection was closed."""
    entry, (result, write_end) = pwd.getpwnam(user), os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups([]), os.setresgid(*[entry.pw_gid] * 3), os.setresuid(*[entry.pw_uid] * 3)
            answer = call('mailbox-spawn', pairs, fds)[0]
            os.write(write_end, record(answer) if answer else b'')
        except ConnectionError:
            pass
        finally:
            os._exit(0)
    os.close(write_end)
    packet = open(result, 'rb').read()
    os.waitpid(pid, 0)
    return parse(packet) if packet else None


def deliver(message, key='key-ann', recipient='ann@example.test', caller='mail-send', head=b'', again=0, id=ID, sender='bob@example.org'):
    fd = memfd(head + message)
    try:
        return call_as(caller, [('what', 'deliver'), ('mailbox', key), ('id', id), ('sender', sender), ('recipient', recipient),
                                ('offset', len(head)), ('again', again)], [fd])
    finally:
        os.close(fd)


def state(answer):
    """'done 2.0.0', 'later 4.2.2', ... of the one recipient; or why the call was refused."""
    for key, value in answer or []:
        if key in ('recipient', 'error'):
            return ' '.join(value.split(' ')[:2]) if key == 'recipient' else value
