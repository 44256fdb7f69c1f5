"""For the flow tests of the extensions of SMTP: a session by hand, what another host heard, and reports.

    wire = Wire(mail, 587, user="alice")       # STARTTLS, EHLO and AUTH PLAIN are done
    wire.say("MAIL FROM:<alice@example.test>") # (250, "2.1.0 ok")
"""
import base64, email, email.policy, glob, os, re, socket, ssl
from postroom import wait_for


class Wire:
    def __init__(self, mail, port=25, source=None, user=None, tls=False, greet="EHLO client.example", address=None, password=None):
        self.sock = socket.create_connection((mail.address, mail.port(port)), timeout=300, source_address=(source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest, self.extensions = b"", {}
        if port == 465:
            self.secure()
        self.read()
        if port == 465 or tls or user or address:
            self.ehlo(greet)
            if port != 465:
                self.say("STARTTLS")
                self.secure()
                self.ehlo(greet)
            if user or address:
                who = f"\0{address or user + '@example.test'}\0{password or mail.password(user)}".encode()
                self.say("AUTH PLAIN " + base64.b64encode(who).decode())
        elif greet:
            self.ehlo(greet)

    def secure(self):
        context = ssl._create_unverified_context()
        self.sock, self.rest = context.wrap_socket(self.sock), b""

    def ehlo(self, greet="EHLO client.example"):
        self.extensions = dict((line + " ").upper().split(" ", 1) for line in self.say(greet)[1].split("\n")[1:])

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))

    def line(self):
        while b"\n" not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(self.rest)
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode("utf-8", "replace").rstrip("\r")

    def read(self):
        """One reply: code and text."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return int(lines[0][:3]), "\n".join(line[4:] for line in lines)

    def reads(self, n):
        return [self.read()[0] for _ in range(n)]

    def say(self, line):
        self.send((line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")) + b"\r\n")
        return self.read()

    def code(self, line):
        return self.say(line)[0]

    def codes(self, *lines):
        return [self.code(line) for line in lines]

    def bdat(self, data, last=False):
        self.send(b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b"") + data)
        return self.read()

    def give(self, mail_line, rcpts, content):
        """A message by DATA; its id, or an AssertionError with what was said."""
        for line in [mail_line, *([rcpts] if isinstance(rcpts, str) else rcpts), "DATA"]:
            said = self.say(line)
            assert said[0] in (250, 354), (line, said)
        self.send(content + b".\r\n")
        said = self.read()
        assert said[0] == 250, said
        return said[1].split()[-1]

    def ended(self):
        """Is the session over? What was still said is read away."""
        try:
            while self.read():
                pass
        except (EOFError, OSError, ValueError):
            return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def letter(subject, body=b"Hello\r\n", sender="alice@example.test", more=b""):
    """A whole message, CRLF, ready for DATA (without dots)."""
    head = f"From: <{sender}>\r\nTo: <someone@example.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject.replace(' ', '.')}@client.example>\r\nSubject: {subject}\r\n"
    return head.encode() + more + b"\r\n" + body


def gone(mail, id, seconds=120):
    """Waits until a message and all reports about it have left the queue. A look at the queue may miss the one and find the other
    gone already; then a second one sees it."""
    def is_empty():
        return not [m for m in mail.queue() if m["id"].startswith(id)]
    return wait_for(lambda: is_empty() and is_empty(), seconds)


def reports(mail, user, token, domain="example.test"):
    """The reports in a mailbox that return the message with this token in its header."""
    token = token if isinstance(token, bytes) else token.encode()
    return [m for m in mail.mail(user, domain) if b"report-type" in m and token in m]


class Report:
    """A delivery report, parsed by Python's email as RFC 3464 and 6522 describe it."""

    def __init__(self, raw):
        self.raw = raw
        self.message = email.message_from_bytes(raw, policy=email.policy.default)
        self.parts = self.message.get_payload() if self.message.is_multipart() else []
        self.types = [part.get_content_type() for part in self.parts]
        status = self.parts[1] if len(self.parts) > 1 else None
        blocks = status.get_payload() if status is not None and status.is_multipart() else []
        if status is not None and not blocks or status is not None and status.get_content_type() == "message/global-delivery-status":
            text = status.get_payload(decode=True) or b""
            blocks = [email.message_from_string(b.strip("\r\n")) for b in re.split("\r?\n\r?\n", text.decode("utf-8", "replace")) if b.strip()]
        blocks = [b for b in blocks if b.keys()]
        self.whole, self.each = (blocks[0], blocks[1:]) if blocks else ({}, [])

    def field(self, name, n=0):
        """A field of the nth recipient; None if it is not there."""
        if n >= len(self.each):
            return None
        found = self.each[n].get(name)
        return found and re.sub(r"\r?\n[ \t]", " ", str(found))

    def of(self, address):
        """The number of the recipient with this in Final-Recipient; -1."""
        return next((n for n, e in enumerate(self.each) if address.lower() in str(e.get("Final-Recipient")).lower()), -1)


def transaction(peer, needle):
    """What a peer (tests/peer.py) heard of the transaction with this RCPT: the MAIL and that RCPT line; None."""
    heard = [line.encode("latin-1").decode("utf-8", "replace") for line in list(peer.heard)]
    for n, line in enumerate(heard):
        if line.upper().startswith("RCPT") and needle in line:
            return next(l for l in reversed(heard[:n]) if l.upper().startswith("MAIL")), line


def parameters(line):
    """The parameters behind a path, names in upper case."""
    return {p.split("=")[0].upper(): p.partition("=")[2] for p in re.sub(r"^[^>]*>", "", line).split()}
