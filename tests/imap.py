"""IMAP for the program tests: imap-session on a socket pair, in a mailbox below HOME.

    import sys; sys.path.insert(0, 'tests'); from imap import *
"""
import re
from tap import *


class Session:
    """One imap-session. do(COMMAND) sends it with a tag and gives the answers: untagged ones (with their literals), then
    the tagged one without its tag."""

    def __init__(self, mailbox='m', options=(), env=(), log='log'):
        os.makedirs(mailbox, mode=0o700, exist_ok=True)
        self.socket, its = socket.socketpair()
        with open(log, 'ab') as out:
            self.process = subprocess.Popen([program('imap-session'), *options], cwd=mailbox, stdin=its, stdout=its, stderr=out,
                                            env=dict(ENV, **dict(env)))
        running.append(self.process)
        its.close()
        self.socket.settimeout(60)
        self.file = self.socket.makefile('rb')
        self.tags = 0
        self.greeting = self.answer()

    def answer(self):
        """One answer, without the last CRLF; b'' at the end of the connection."""
        whole = b''
        while True:
            line = self.file.readline()
            whole += line
            literal = re.search(rb'\{(\d+)\}\r\n$', line)
            if not literal:
                return whole[:-2] if whole.endswith(b'\r\n') else whole
            whole += self.file.read(int(literal[1]))

    def send(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else line.encode())

    def start(self, command):
        self.tags += 1
        command = command if isinstance(command, bytes) else command.encode()
        self.send(b't%d %s\r\n' % (self.tags, command))
        return b't%d ' % self.tags

    def finish(self, tag):
        answers = []
        while True:
            answer = self.answer()
            if answer.startswith(tag):
                return answers + [answer[len(tag):]]
            if not answer:
                return answers + [b'']
            answers.append(answer)

    def do(self, command):
        return self.finish(self.start(command))

    def said(self, command):
        """The same as one text, a line an answer."""
        return b'\n'.join(self.do(command)).decode('latin-1')

    def status(self, command):
        return self.do(command)[-1].decode('latin-1')

    def append(self, folder, message, words=''):
        return self.status(b'APPEND %s %s{%d+}\r\n%s' % (folder.encode(), (words + ' ' if words else '').encode(), len(message), message))

    def flags(self):
        """Of all messages, after a NOOP: {uid: set of flags}."""
        told = {}
        self.do('NOOP')
        for line in self.do('UID FETCH 1:* (FLAGS)')[:-1]:
            found = re.match(rb'\* \d+ FETCH \(UID (\d+) FLAGS \((.*?)\)\)$', line)
            if found:
                told[int(found[1])] = set(found[2].decode().split())
        return told

    def uids(self):
        return sorted(self.flags())

    def close(self):
        """Ends it; its exit code."""
        self.socket.close()
        self.file.close()
        return self.process.wait(300)


def message(words, lines=3):
    return b'From: a@x.test\r\nSubject: %s\r\nMessage-ID: <%s@x.test>\r\n\r\n' % (words.encode(), words.encode()) + b'A line of text.\r\n' * lines


def files(folder):
    """The message files of a folder on the disk."""
    return sorted(name for part in ('new', 'cur') if os.path.isdir(folder + '/' + part) for name in os.listdir(folder + '/' + part))


def put(folder, name, content, part='new'):
    """As another program delivers."""
    for each in ('tmp', 'new', 'cur'):
        os.makedirs('%s/%s' % (folder, each), exist_ok=True)
    write('%s/tmp/x' % folder, content.replace(b'\r\n', b'\n'))
    os.rename('%s/tmp/x' % folder, '%s/%s/%s' % (folder, part, name))
