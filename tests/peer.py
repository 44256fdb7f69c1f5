"""An SMTP server that does what a test tells it."""
import re, socket, ssl, threading


class Server(threading.Thread):
    """An SMTP server that answers as `replies` says, by the first word of a command (BANNER and END too). A reply is bytes,
    a list of them (one after the other, the last for ever), None (the connection is closed), or a function of the server's
    connection. What was said is in .heard."""

    def __init__(self, sessions=1, address='127.0.13.1', port=0, certificate='relay.example.test', implicit=False,
                 extensions=('PIPELINING', '8BITMIME', 'SIZE 100000'), patience=30, **replies):
        super().__init__(daemon=True)
        self.listening = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listening.settimeout(patience)  # until somebody comes
        self.port = self.listening.getsockname()[1]
        self.sessions, self.certificate, self.implicit = sessions, certificate, implicit
        ehlo = b''.join(b'250-%s\r\n' % e.encode() for e in extensions)
        self.replies = {'BANNER': b'220 relay ESMTP\r\n', 'EHLO': b'250-relay\r\n' + ehlo + b'250 HELP\r\n',
                        'HELO': b'250 relay\r\n',
                        'DATA': b'354 go\r\n', 'END': b'250 2.0.0 queued\r\n', 'QUIT': b'221 bye\r\n', 'STARTTLS': b'220 go\r\n',
                        'AUTH': b'235 welcome\r\n'}
        self.replies.update(replies)
        self.heard, self.messages, self.connections, self.tls = [], [], 0, []
        self.start()

    def reply(self, word):
        r = self.replies.get(word, b'250 2.0.0 ok\r\n')
        if isinstance(r, list):
            r = r.pop(0) if len(r) > 1 else r[0]
        return r

    def say(self, word):
        r = self.reply(word)
        if callable(r):
            r = r(self)
        if r is None:
            raise ConnectionError
        self.sock.sendall(r)
        return r

    def wrap(self):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(self.certificate + '.pem', self.certificate + '.key')
        self.sock = c.wrap_socket(self.sock, server_side=True)
        self.file = self.sock.makefile('rb')
        self.tls.append(self.sock.version())

    def run(self):
        while self.connections < self.sessions:
            try:
                self.sock, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            self.sock.settimeout(300)
            self.file = self.sock.makefile('rb')
            try:
                if self.implicit:
                    self.wrap()
                self.session()
            except (ConnectionError, OSError):
                pass
            self.file.close(), self.sock.close()
        self.listening.close()

    def session(self):
        self.say('BANNER')
        for line in iter(lambda: self.file.readline(), b''):  # STARTTLS changes the file
            self.heard.append(line.decode('latin-1').rstrip('\r\n'))
            word = re.split('[ :]', self.heard[-1])[0].upper()
            said = self.say(word)
            if word == 'DATA' and said.startswith(b'354'):
                lines = []
                while not lines or lines[-1] != b'.\r\n':
                    lines.append(self.file.readline() or self.stop())
                self.messages.append(b''.join(lines))
                self.say('END')
            elif word == 'STARTTLS' and said.startswith(b'220'):
                self.wrap()
            elif word == 'QUIT':
                return

    def stop(self):
        raise ConnectionError
