#!/usr/bin/python3
"""Master users (N-96, N-97, T14): control/masters log in as others, with their own password, for the services of control/masterservices;
each time is in the log, with who it was and from where; nobody else does."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import stat, threading

os.symlink(program('tables-build'), 'bin/tables-build')
os.makedirs('state/apppasswords')
os.makedirs('control/groups')
write('control/domains/example.test', 'addgroups: yes\n')
for name in ('john', 'admin', 'ann'):
    person(name, '\nuserPassword: '.join(both(name + 's')))
person('off', '\nuserPassword: '.join(both('offs')), 'mailImap: no', 'mailReceive: no', 'mailSubmit: no')
person('vmail', '\nuserPassword: '.join(both('vmails')))
write('control/groups/helpers', 'member: ann\n')
for number, name in enumerate(('helpers', 'Help Desk', 'help desk', 'Night Watch')):
    write('directory/group-%d.ldif' % number, 'dn: cn=%s,ou=%d\nobjectClass: groupOfNames\nentryUUID: a-%d\ncn: %s\nmemberUid: %s\n' % (name, number, number, name, ('admin', 'admin', 'john', 'admin')[number]))
build()
server = start('auth-server', listen('auth-server'), 'log')
last = lambda: [line for line in open('log').read().splitlines() if ' login result=' in line][-1]


def imap(name, password, ip='192.0.2.1', **more):
    return plain(name, password, service='imap', ip=ip, **more)


def authorized(user, name, password, service='imap'):
    client = Client()
    try:
        return client.begin(service=service, ip='192.0.2.9', response=b64(b'%s\0%s\0%s' % (user.encode(), name.encode(), password.encode())))
    finally:
        client.socket.close()


no = {'answer': 'no'}
equal(imap('john*admin', 'admins'), no, 'N-97: without control/masters nobody is a master')
ok('reason="not a master"' in last() and 'login=john' in last() and 'master=admin' in last() and 'client=192.0.2.1' in last(), '... who tried is in the log', last())
write('control/masters', '# the help desk\nadmin@example.test\noff\n')
yes = {'answer': 'yes', 'name': 'john@example.test', 'mailbox': 'k-john', 'master': 'admin@example.test'}
equal(imap('john*admin', 'admins'), yes, 'N-96, N-97: john*master and the master\'s own password: john\'s mailbox, at once')
ok('result=yes' in last() and 'login=john ' in last() and 'master=admin ' in last() and 'mailbox=k-john' in last() and 'client=192.0.2.1' in last(),
   'N-97: the log has both, and the address', last())
equal(imap('John@Example.test*Admin@Example.test', 'admins'), yes, '... by addresses, in any case')
equal(imap('john*admin', 'johns'), no, 'john\'s password is none for that')
equal(imap('john*admin', 'wrong'), no, '... nor another one')
equal(imap('nobody*admin', 'admins'), no, 'a user who is not there')
ok('reason="a master for nobody"' in last(), '... the log says so', last())
equal(imap('john*nobody', 'admins'), no, 'a master who is not there')
equal(imap('john*ann', 'anns'), no, 'who is no master')
equal(imap('ann', 'anns'), {'answer': 'yes', 'name': 'ann@example.test', 'mailbox': 'k-ann'}, '... logs in as himself')
equal(imap('john*', 'johns'), no, 'nobody behind the *')
equal(imap('*admin', 'admins'), no, '... or in front of it')
equal(authorized('john', 'admin', 'admins'), yes, 'RFC 4616: PLAIN with john as the authorization identity is the same')
equal(authorized('john@example.test', 'admin', 'admins'), yes, '... by his address')
equal(authorized('john', 'ann', 'anns'), no, '... for who is no master')
equal(authorized('ann@example.test', 'ann', 'anns')['answer'], 'yes', '... his own identity by its other name is no impersonation')
ok('master' not in authorized('ann@example.test', 'ann', 'anns'), '... and not called one')
equal(authorized('ann@example.test', 'ann', 'anns', service='submit')['answer'], 'yes', '... for any service')
equal(scram('john*admin', 'admins', service='imap', ip='192.0.2.3'), yes, 'by SCRAM-SHA-256 with the master\'s keys')
equal(scram('john*admin', 'johns', service='imap', ip='192.0.2.3'), no, '... not with john\'s')
equal(scram('admin', 'admins', acts_as='a=john', service='imap', ip='192.0.2.3'), {'answer': 'no', 'error': 'another identity'}, '... an authorization identity is refused there')
equal(scram('john*nobody', 'admins', service='imap', ip='192.0.2.3'), no, '... a master who is not there')

equal(plain('john*admin', 'admins'), no, 'T14: submission is not for masters')
ok('reason="not a service for masters"' in last(), '... the log says so', last())
equal(plain('john*admin', 'admins', service='sieve'), yes, '... ManageSieve is')
write('control/masterservices', 'imap submit\n')
equal(plain('john*admin', 'admins'), yes, '... what control/masterservices says')
equal(plain('john*admin', 'admins', service='sieve'), no, '... and no more')
os.unlink('control/masterservices')

equal(imap('off*admin', 'admins')['mailbox'], 'k-off', 'N-96: a user who may not log in: a master reads his mailbox nevertheless')
equal(imap('john*off', 'offs'), no, '... and a master who may not use IMAP is none')
equal(imap('john*admin', run(program('mailadm'), 'apppassword', 'add', 'admin', 'imap', 'phone').stdout.strip()), no, 'app passwords are not for that')
write('control/masters', 'group:helpers\n')
equal(imap('john*admin', 'admins'), no, 'who was a master is none, at once')
equal(imap('john*ann', 'anns')['master'], 'ann@example.test', 'members of a group are')
write('control/masters', 'group:helpers@example.test\n')
equal(imap('john*ann', 'anns')['mailbox'], 'k-john', '... by its address')
write('control/masters', 'group:helpers\n')
equal(imap('john*admin', 'admins'), no, '... a group of the directory with the name of one of control/groups is not meant')
write('control/masters', 'group:help desk\n')
equal((imap('john*admin', 'admins'), imap('ann*john', 'johns')), (no, no), '... of two in the directory none is meant: who made the other one may be anybody')
write('control/masters', 'group:night watch\n')
equal((imap('john*admin', 'admins')['answer'], imap('ann*john', 'johns')), ('yes', no), '... one is; a name may have spaces')
write('control/masters', 'group:HELPERS\n')
equal(imap('john*ann', 'anns')['mailbox'], 'k-john', '... by its name in capitals')
write('control/masters', 'group:nobodies\n')
equal(imap('john*ann', 'anns'), no, '... of no other')
write('control/masters', 'admin\n')
write('control/masterseparator', '%\n')
equal(imap('john%admin', 'admins'), yes, 'control/masterseparator')
equal(imap('john*admin', 'admins'), no, '... instead of *')
os.unlink('control/masterseparator')

equal(imap('vmail', 'vmails'), no, 'N-97: a user called vmail is ignored')
equal(imap('john*vmail', 'vmails'), no, '... also as a master')
write('control/masters', 'vmail\nadmin\n')
equal(imap('john*vmail', 'vmails'), no, '... though control/masters names him')
made = run(program('mailadm'), 'master', 'vmail')
vmail = made.stdout.strip()
ok(made.returncode == 0 and len(vmail) == 32 and vmail not in read('control/vmail').decode(), 'mailadm master vmail: 32 characters, of which a hash is kept', made)
ok(stat.S_IMODE(os.stat('control/vmail').st_mode) == 0o400, '... for auth-server alone')
equal(imap('john*vmail', vmail), dict(yes, master='vmail'), '... is a master')
ok('master=vmail' in last() and 'login=john' in last(), '... and in the log', last())
equal(imap('vmail', vmail), no, '... and no user')
equal(imap('vmail@example.test', 'vmails')['answer'], 'yes', 'the user of that name logs in by his address')
again = run(program('mailadm'), 'master', 'vmail').stdout.strip()
equal((imap('john*vmail', vmail), imap('john*vmail', again)['answer']), (no, 'yes'), 'a new password is instead of the old one')
os.unlink('directory/vmail.ldif')
build()
equal(imap('john*vmail', again)['answer'], 'yes', 'nobody is called so in the directory')
equal(imap('john*vmail', 'guessed'), no, '... a wrong password of his')
shown = run(program('mailadm'), 'auth', 'show', 'vmail').stdout
ok(shown.startswith('at vmail 192.0.2.0/24: ') and ': 0 failures' not in shown, '... mailadm auth shows what is counted of him', shown)
run(program('mailadm'), 'auth', 'clear', 'vmail')
equal(run(program('mailadm'), 'auth', 'show', 'vmail').stdout, 'at vmail 192.0.2.0/24: 0 failures\n', '... and clears it')
equal(imap('john*vmail', again)['answer'], 'yes', '... the right one')
ok('master=vmail ' in last() and 'login=john ' in last(), '... and he is in the log by his name all the same', last())
os.unlink('control/vmail')
equal(imap('john*vmail', again), no, 'without control/vmail there is no such master')

spawn, seen = listen('mailbox-spawn'), []


def spawner():
    connection, _ = spawn.accept()
    seen.append(dict(receive(connection)[0]))
    send(connection, [('answer', 'started')])
    connection.close()


helper = threading.Thread(target=spawner)
helper.start()
client, (ours, its) = Client(), socket.socketpair()
client.begin(service='imap', response=b64(b'\0john*admin\0admins'), ip='192.0.2.40')
client.ask(('what', 'start'), ('tag', 'a1'), ('ahead', ''), fds=[its.fileno()])
helper.join(300)
equal((seen[0]['mailbox'], seen[0]['login']), ('k-john', 'john@example.test*admin@example.test'), 'IMAP: the session has john\'s mailbox, and both names for its log')

for n in range(8):
    plain('john*admin', 'guess%d' % n, ip='198.18.%d.1' % n, service='imap')
shown = run(program('mailadm'), 'auth').stdout
ok('name admin@example.test: ' in shown and 'name john@' not in shown, 'check 15: wrong passwords are counted for the master', shown)
log = open('log').read()
ok(not any(word in log for word in ('admins', 'johns', 'vmails', vmail, again)), 'no password is in the log')
done_testing()
