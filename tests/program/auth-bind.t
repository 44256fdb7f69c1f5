#!/usr/bin/python3
"""auth-bind without a directory server: what it refuses by itself, and what it says when it can ask nobody. With a real
one: tests/flow/directory.t."""
import sys; sys.path.insert(0, 'tests')
from tap import *


def bind(dn, password):
    return dict(call('auth-bind', [('dn', dn), ('password', password)])[0] or [])


write('control/ldapserver', '127.0.14.1:1\n')
start('auth-bind', listen('auth-bind'), 'log')
equal(bind('cn=a', ''), {'answer': 'no'}, 'an empty password is never asked about')
equal(bind('', 'x'), {'answer': 'no'}, 'nor is an empty DN')
seen = bind('cn=a', 'x')
ok(seen.get('answer') == 'later' and '127.0.14.1:1' in seen.get('error', ''), 'no server: temporary, and it says which', seen)
write('control/ldaptls', 'off\n')
seen = bind('cn=a', 'x')
ok(seen.get('answer') == 'later' and 'in the clear' in seen.get('error', ''), 'ldaptls off: nothing is sent', seen)
write('control/ldaptls', 'maybe\n')
equal(bind('cn=a', 'x'), {}, 'a control file that cannot be understood: no answer, a temporary failure for the caller')
ok(wait_for(lambda: 'control/ldaptls is starttls, ldaps or off, not maybe' in open('log').read()), '... and the log names it')
os.unlink('control/ldaptls')
write('control/ldapserver', '# none\n')
bind('cn=a', 'x')
ok(wait_for(lambda: 'control/ldapserver is missing' in open('log').read()), 'no server is configured: the log says so')

if os.geteuid() == 0:
    os.chmod(HOME, 0o755)
    stranger = '''
import socket
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
    s.connect("run/auth-bind")
    s.settimeout(300)
    try:
        s.send(b"dn=cn=a\\0password=x\\0")
        print(s.recv(100))
    except ConnectionError:
        print(b"")
'''
    seen = subprocess.run(['setpriv', '--reuid', '65534', '--clear-groups', '/usr/bin/python3', '-c', stranger], capture_output=True, text=True)
    equal(seen.stdout.strip(), "b''", 'only mail-auth (and root) may call')
done_testing()
