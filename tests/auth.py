"""For program tests of logins: a home with people in directory/, and clients of auth-server that speak as the login programs do.

    import sys; sys.path.insert(0, 'tests'); from auth import *
"""
from tap import *
from scram import Scram
import base64

for folder in ('directory', 'state/tables', 'state/limits/mail-auth', 'state/directory', 'control/domains', 'bin'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')


def b64(bytes):
    return base64.b64encode(bytes).decode()


def run(*command, **more):
    return subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=120, **more)


def both(password):
    """A hash for crypt(3), and the keys for SCRAM-SHA-256."""
    return run(program('password-hash'), input=password + '\n').stdout.split()


def hashed(password):
    return both(password)[0]


def person(name, password, *more):
    lines = ['dn: cn=' + name, 'entryUUID: k-' + name, 'uid: ' + name, 'mail: %s@example.test' % name, 'userPassword: ' + password, *more]
    write('directory/%s.ldif' % name, '\n'.join(lines) + '\n')


def build(arguments=()):
    assert run(program('tables-build'), *arguments).returncode == 0


class Client:
    """A login program's connection."""
    def __init__(self):
        self.socket = connect('auth-server')

    def ask(self, *pairs, fds=()):
        send(self.socket, pairs, fds)
        return dict(receive(self.socket)[0] or [])

    def begin(self, mechanism='PLAIN', service='submit', ip='192.0.2.1', tls='yes', **more):
        return self.ask(('service', service), ('mechanism', mechanism), ('ip', ip), ('tls', tls), *more.items())


def plain(name, password, **more):
    client = Client()
    try:
        return client.begin(response=b64(b'\0' + name.encode() + b'\0' + password.encode()), **more)
    finally:
        client.socket.close()


def scram(name, password, conclude=True, **more):
    """The last answer; with conclude=False that before the client says that it is content."""
    client, s = Client(), Scram(name, password, **{k: more.pop(k) for k in ('flag', 'acts_as', 'binding') if k in more})
    try:
        answer = client.begin('SCRAM-SHA-256-PLUS' if s.binding else 'SCRAM-SHA-256', response=b64(s.first()), **more)
        if answer['answer'] != 'continue':
            return answer
        answer = client.ask(('response', b64(s.last(base64.b64decode(answer['challenge'])))))
        if answer['answer'] != 'continue':
            return answer
        if not s.is_server(base64.b64decode(answer['challenge'])):
            return 'the server proves nothing'
        return client.ask(('response', '')) if conclude else answer
    finally:
        client.socket.close()


def salt_of(name):
    """What the server says first: its salt and iterations."""
    client = Client()
    try:
        answer = client.begin('SCRAM-SHA-256', ip='192.0.2.90', response=b64(Scram(name, '').first()))
        return base64.b64decode(answer['challenge']).decode().split(',', 1)[1]
    finally:
        client.socket.close()


def reasons():
    return [line.split('reason=')[1].split()[0] for line in open('log') if ' login result=' in line]
