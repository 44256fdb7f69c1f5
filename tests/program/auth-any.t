#!/usr/bin/python3
"""S-42: there is no demo mode that takes any password, and no setting makes one: whatever stands in any control file that auth-server reads, and in
such as another product has, a wrong password, an empty one and a name that is nobody's do not log in."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import re

os.symlink(program('tables-build'), 'bin/tables-build')
os.makedirs('state/apppasswords')
person('ann', '\nuserPassword: '.join(both('anns')))
person('eve', '{CRYPT}$nonsense$')
person('fay', '*')
write('state/directory/ldap.ldif', 'dn: uid=kim,dc=x\nentryUUID: k-kim\nuid: kim\nmail: kim@example.test\n')
build()


def once(name, password, service):
    """What an auth-server that was started for this one login says; None if it ends instead."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with open('log', 'ab') as log:
        server = subprocess.Popen([program('auth-server')], env=ENV, stdin=its, stderr=log)
    its.close()
    try:
        send(ours, [('service', service), ('mechanism', 'PLAIN'), ('ip', '192.0.2.1'), ('tls', 'yes'), ('response', b64(('\0%s\0%s' % (name, password)).encode()))])
        return dict(receive(ours)[0] or []).get('answer')
    except ConnectionError:
        return None
    finally:
        ours.close()
        server.wait(300)


rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in open(ROOT + '/doc/conf.md') if line.startswith('| ')]
ours = sorted({row[0] for row in rows if re.search('auth-server|auth-bind', row[-1]) and '/' not in row[0] and not row[0].endswith('.pem')})
foreign = ['nopassword', 'acceptany', 'demo', 'demomode', 'auth_debug_passwords', 'nopasswd']
ok(len(ours) >= 8, 'the control files that auth-server and auth-bind read are known', ours)
equal((once('ann', 'anns', 'imap'), once('ann', 'wrong', 'imap')), ('yes', 'no'), 'with none of them set a right password logs in')
tries = [('ann', 'wrong', 'imap'), ('ann', '', 'submit'), ('eve', 'x', 'imap'), ('fay', '*', 'imap'), ('kim', 'x', 'imap'), ('nobody', 'x', 'submit')]
let_in = []
for number, file in enumerate(ours + foreign):
    for value in ('yes', '*') if file in ours else ('yes',):
        if os.path.exists('control/' + file) and file not in ours:
            continue
        write('control/' + file, value + '\n')
        name, password, service = tries[(number + len(value)) % len(tries)]
        if once(name, password, service) == 'yes' or once('ann', 'wrong', 'imap') == 'yes':
            let_in.append((file, value))
        os.unlink('control/' + file)
        shutil.rmtree('state/limits/mail-auth')
        os.makedirs('state/limits/mail-auth')
equal(let_in, [], 'S-42: none of %s lets in who has no right password, nor do %s' % (', '.join(ours), ', '.join(foreign)))
for file in ours:
    write('control/' + file, 'yes\n')
equal([once(*one) for one in tries].count('yes'), 0, '... nor all of them together')
done_testing()
