"""For the tests of programs that log clients in: a tls-server and an auth-server that the test plays. The one gives the client's socket back as it is, the other knows
one password, alice's, which is "right".

    import sys; sys.path.insert(0, 'tests'); import login_peers; from login_peers import *
"""
import base64, threading
from tap import *

asked = []       # the packets that auth-server got
tls_calls = []
tls_answer = [('answer', 'yes'), ('protocol', 'TLSv1.3'), ('cipher', 'TEST')]
later = False    # login_peers.later = True: auth-server answers nothing else
greets = b'%s OK logged in, ahead: %s\r\n'  # what the session says, of the tag and what was sent ahead


def play_tls():
    while True:
        connection, _ = tls.accept()
        with connection:
            packet, fds = receive(connection)
            tls_calls.append(packet)
            send(connection, tls_answer, fds if tls_answer[0][1] == 'yes' else ())
            for fd in fds:
                os.close(fd)


def decide(response):
    if response == b'\0alice\0right':
        return [('answer', 'yes'), ('name', 'alice@x.test'), ('mailbox', 'K-1')]
    return [('answer', 'no')]


def play_auth_session(connection):
    mechanism, given = None, []
    while True:
        packet, fds = receive(connection)
        if packet is None:
            return
        asked.append(packet)
        words = dict(packet)
        if words.get('what') == 'start':
            with socket.socket(fileno=fds[0]) as client:
                send(connection, [('answer', 'started')])
                client.setblocking(True)
                client.sendall(greets % (words['tag'].encode(), base64.b64decode(words['ahead'])))
            continue
        if 'service' in words:
            mechanism, given = words['mechanism'], []
        if later:
            send(connection, [('answer', 'later'), ('error', 'the test says so')])
            continue
        if words.get('response') == '*':
            send(connection, [('answer', 'no')])
            continue
        if 'response' in words:
            given.append(base64.b64decode(words['response']))
        if mechanism == 'PLAIN' and given:
            send(connection, decide(given[0]))
        elif mechanism == 'LOGIN' and len(given) == 2:
            send(connection, decide(b'\0%s\0%s' % tuple(given)))
        else:
            prompt = b'' if mechanism == 'PLAIN' else b'Username:' if not given else b'Password:'
            send(connection, [('answer', 'continue'), ('challenge', base64.b64encode(prompt).decode())])


def play_auth():
    while True:
        connection, _ = auth.accept()
        threading.Thread(target=play_auth_session, args=(connection,), daemon=True).start()


class LoginClient:
    """Of a program that speaks before a login, alone on a socket pair."""

    def __init__(self, name, role):
        self.socket, its = socket.socketpair()
        self.process = subprocess.Popen([program(name), '-r', role], stdin=its, stdout=its, stderr=open('log', 'ab'), env=ENV)
        running.append(self.process)
        its.close()
        self.socket.settimeout(60)
        self.file = self.socket.makefile('rb')
        self.greeting = self.line()

    def line(self):
        return self.file.readline().decode('latin-1').rstrip('\r\n')

    def send(self, words):
        self.socket.sendall(words if isinstance(words, bytes) else words.encode())

    def end(self):
        """Goes away; the program's exit code."""
        self.file.close()
        self.socket.close()
        return self.process.wait(300)


PLAIN = base64.b64encode(b'\0alice\0right').decode()
WRONG = base64.b64encode(b'\0alice\0wrong').decode()
tls, auth = listen('tls-server'), listen('auth-server')
for play in (play_tls, play_auth):
    threading.Thread(target=play, daemon=True).start()
