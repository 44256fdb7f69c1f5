"""POP3 for the program tests: pop3-session on a socket pair, in a mailbox below HOME.

    import sys; sys.path.insert(0, 'tests'); from pop3 import *
"""
from imap import *


class Pop:
    """One pop3-session. do(COMMAND) is the first line of the answer, lines(COMMAND) all of a long one, without "." and the doubled dots."""

    def __init__(self, mailbox='m', options=(), env=(), log='log'):
        os.makedirs(mailbox, mode=0o700, exist_ok=True)
        self.socket, its = socket.socketpair()
        with open(log, 'ab') as out:
            self.process = subprocess.Popen([program('pop3-session'), *options], cwd=mailbox, stdin=its, stdout=its, stderr=out, env=dict(ENV, **dict(env)))
        running.append(self.process)
        its.close()
        self.socket.settimeout(120)
        self.file = self.socket.makefile('rb')
        self.greeting = self.line()

    def raw(self):
        return self.file.readline()

    def line(self):
        return self.raw().decode('latin-1').rstrip('\r\n')

    def send(self, words):
        self.socket.sendall(words if isinstance(words, bytes) else words.encode())

    def do(self, command):
        self.send((command if isinstance(command, bytes) else command.encode()) + b'\r\n')
        return self.line()

    def body(self):
        """What follows "+OK" up to the dot, as it was before its dots were doubled; None at the end of the connection."""
        lines = []
        while True:
            line = self.raw()
            if line == b'.\r\n':
                return b''.join(lines)
            if not line.endswith(b'\r\n'):
                return None
            lines.append(line[1:] if line.startswith(b'.') else line)

    def long(self, command):
        said = self.do(command)
        return self.body() if said.startswith('+OK') else said

    def lines(self, command):
        said = self.long(command)
        return said if isinstance(said, str) else said.decode('latin-1').splitlines()

    def cut(self):
        """Goes away without QUIT; the exit code."""
        self.file.close()
        self.socket.close()
        return self.process.wait(300)

    def quit(self):
        said = self.do('QUIT')
        return said, self.raw(), self.cut()
