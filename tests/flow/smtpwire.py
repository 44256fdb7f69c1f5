"""For flow tests: a client of SMTP and LMTP on a raw socket that holds a server to the grammar of replies.

    s = Smtp(mail, 25)                          # the banner is read and EHLO said; s.offered["SIZE"] == "52428800"
    s("MAIL FROM:<a@b>")                        # the reply: its lines, joined by LF
    s.write(b"NOOP\\r\\nNOOP\\r\\n"); s.replies(2)
    Wire.faults, Wire.seen                      # what was wrong with any reply of any client; all codes that came"""
import re, socket, ssl, time

CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
# RFC 5321 4.2: three digits, "-" or a space, text of printable characters and HTAB; the last line may be the code alone.
LINE = re.compile(rb"([2-5][0-5][0-9])(?:([- ])([\t\x20-\x7e]*))?\r\n")
STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3} ")


class Wire:
    faults, seen = [], set()

    def __init__(self, mail, port=None, path=None, tls=False):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        else:
            self.socket = mail.connect(port)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(300)
        self.pending, self.hello = b"", False
        if tls:
            self.tls()

    def tls(self):
        self.socket = CONTEXT.wrap_socket(self.socket)

    def write(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except OSError:
            pass  # the server has hung up: the next read says so

    def line(self):
        while b"\n" not in self.pending:
            try:
                more = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                more = b""
            if not more:
                left, self.pending = self.pending, b""
                return left
            self.pending += more
        line, self.pending = self.pending.split(b"\n", 1)
        return line + b"\n"

    def fault(self, what, line):
        self.faults.append(f"{what}: {line[:600]!r}")

    def reply(self, status=True):
        """One reply, its lines joined by LF; "" if the server has hung up. status: whether RFC 2034 asks for a code in it."""
        lines = []
        while True:
            line = self.line()
            if not line:
                if lines:
                    self.fault("cut off", lines[-1])
                return "\n".join(lines)
            match = LINE.fullmatch(line)
            if not match:
                self.fault("grammar", line)
                return line.decode("latin-1")
            if len(line) > 512:
                self.fault("longer than 512 octets", line)
            code, text = match[1].decode(), (match[3] or b"").decode()
            if lines and lines[0][:3] != code:
                self.fault("another code in a reply", line)
            enhanced = STATUS.match(text)
            if status and code[0] != "3" and not (enhanced and enhanced[1] == code[0]):
                self.fault("no enhanced code of its class", line)
            if enhanced and (code[0] == "3" or not status and code[0] == "2"):
                self.fault("an enhanced code where none may be", line)
            self.seen.add(code)
            lines.append(line.rstrip(b"\r\n").decode())
            if match[2] != b"-":
                return "\n".join(lines)

    def replies(self, count):
        return [self.reply() for _ in range(count)]

    def codes(self, count):
        return " ".join(self.reply()[:3] or "end" for _ in range(count))

    def __call__(self, command):
        self.write(command.encode() + b"\r\n" if isinstance(command, str) else command + b"\r\n")
        return self.reply(status=not re.match(r"(?i)(ehlo|helo|lhlo)\b", str(command)))

    def each(self, *commands):
        """The codes of commands sent one after the other."""
        return " ".join(self(c)[:3] or "end" for c in commands)

    def ended(self):
        """Whether the server hangs up, without another word."""
        return self.line() == b""

    def silent(self, seconds=0.3):
        """Whether nothing comes for so long."""
        if self.pending:
            return False
        self.socket.settimeout(seconds)
        try:
            return not self.socket.recv(1, socket.MSG_PEEK) if not isinstance(self.socket, ssl.SSLSocket) else False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(300)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Smtp(Wire):
    """A session whose banner has been read, and that has said EHLO or LHLO."""

    def __init__(self, mail, port=None, path=None, tls=False, hello="EHLO client.example"):
        super().__init__(mail, port, path, tls)
        self.banner = self.reply(status=False)
        if hello:
            self.greet(hello)

    def greet(self, hello="EHLO client.example"):
        self.greeting = self(hello)
        words = [line[4:].split(" ", 1) for line in self.greeting.split("\n")[1:]]
        self.offered = {w[0].upper(): (w[1] if len(w) > 1 else "") for w in words}
        return self.greeting

    def secure(self):
        """STARTTLS, and EHLO again."""
        said = self("STARTTLS")
        if said[:3] != "220":
            raise ConnectionError(said)
        self.tls()
        self.greet()
        return self

    def begin(self, *to, sender="ann@far.example"):
        """MAIL and RCPT: their codes."""
        return self.each(f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{a}>" for a in to or ("bob@example.test",)))

    def content(self, content):
        """DATA and the content, to which the dot is added; the last reply."""
        said = self("DATA")
        if said[:3] != "354":
            return said
        self.write(content)
        return self(".")

    def message(self, content, *to, sender="ann@far.example"):
        """A whole transaction in lock-step; the last reply."""
        self.begin(*to, sender=sender)
        return self.content(content)
