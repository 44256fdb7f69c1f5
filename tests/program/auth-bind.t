#!/usr/bin/python3
"""auth-bind without a directory server: what it refuses by itself, what it says when it can ask nobody, and by which of several names it
asks. With a real one: tests/flow/directory.t, tests/flow/samba.t."""
import sys; sys.path.insert(0, 'tests')
from tap import *
from ldap_server import Server, parts, result


def bind(*words):
    *names, password = words
    return dict(call('auth-bind', [('dn', name) for name in names] + [('password', password)])[0] or [])


class Names(Server):
    """Over ldapi. What it says to a name stands in codes: a result code, or what Active Directory writes beside 49."""
    codes = {}

    def act(self, tag, body):
        if tag != 0x60:
            return None
        name = parts(body)[1][1].decode()
        self.binds.append(name)
        said = self.codes[name]
        return [result(0x61, said) if isinstance(said, int) else
                result(0x61, 49, '80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data %s, v4563' % said)]


write('control/ldapserver', '127.0.14.1:1\n')
start('auth-bind', listen('auth-bind'), 'log')
equal(bind('cn=a', ''), {'answer': 'no'}, 'an empty password is never asked about')
equal(bind('', 'x'), {'answer': 'no'}, 'nor is an empty DN')
seen = bind('cn=a', 'x')
ok(seen.get('answer') == 'later' and '127.0.14.1:1' in seen.get('error', ''), 'no server: temporary, and it says which', seen)
equal(seen.get('unreachable'), 'yes', '... and that none was reached')
server = Names(None, None, None, path=HOME + '/ldapi')
write('control/ldapserver', 'ldapi://%s\n' % (HOME + '/ldapi').replace('/', '%2F'))
for unknown in ('57', '525', '2030', 32, 34):
    server.codes = {'<GUID=1>': unknown, 'cn=a': 0}
    equal(bind('<GUID=1>', 'cn=a', 'x'), {'answer': 'yes'}, 'a name that the server does not know (%s): he is asked about by the next one' % unknown)
server.codes = {'<GUID=1>': '57', 'cn=a': '52e'}
equal(bind('<GUID=1>', 'cn=a', 'x'), {'answer': 'no'}, '... whose no counts')
for code in ('52e', '533', '775', 0):
    server.codes = {'<GUID=1>': code, 'cn=a': '52e'}
    del server.binds[:]
    bind('<GUID=1>', 'cn=a', 'x')
    equal(server.binds, ['<GUID=1>'], 'a name that it knows (%s): the password is tried once' % code)
write('control/ldapserver', '127.0.14.1:1\n')
write('control/ldaptls', 'off\n')
seen = bind('cn=a', 'x')
ok(seen.get('answer') == 'later' and 'in the clear' in seen.get('error', '') and 'unreachable' not in seen, 'ldaptls off: nothing is sent', seen)
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
