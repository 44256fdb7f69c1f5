#!/usr/bin/python3
# hostile: bad input costs a clear error or a time-out, bounded memory, and nobody else's session. (security checks
# 1-9, 16-18, 41-46; issue 2, "Bad input") Against the installed programs, on every port.
import os, re, socket, ssl, sys, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

MEMORY_KB = 64 * 1024  # no process of ours may reach this under any of it


def peak(mail):
    """The largest peak of resident memory (KiB) of the instance's processes, and whose it is."""
    found = (0, "")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
            if program.startswith(mail.home + "/"):
                status = open(f"/proc/{pid}/status").read()
                found = max(found, (int(re.search(r"VmHWM:\s+(\d+)", status)[1]), program))
        except (OSError, TypeError):
            pass
    return found


class Talk:
    def __init__(self, mail, port, *commands):
        self.socket = mail.connect(port)
        self.file = self.socket.makefile("rb")
        self.said = [self.reply()]
        for command in commands:
            self.said.append(self.ask(command))

    def reply(self):
        """One reply, all its lines; what there was when the other side closed."""
        lines = []
        try:
            while True:
                line = self.file.readline()
                lines.append(line)
                if not line or line[3:4] != b"-":
                    return b"".join(lines)
        except OSError as error:
            return b"".join(lines) + str(error).encode()

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.reply()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def rest(self):
        found = b""
        try:
            while data := self.socket.recv(65536):
                found += data
        except OSError:
            pass
        return found

    def tls(self):
        self.socket = ssl._create_unverified_context().wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()


HELLO = (b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<bob@example.test>")


def well(mail, t, what):
    """A new client is served on every port."""
    answers = [Talk(mail, port).said[0] for port in (25, 587)] + [Talk(mail, 143).said[0]]
    t.ok(answers[0].startswith(b"220") and answers[1].startswith(b"220") and answers[2].startswith(b"* OK"), f"{what}: the others are served", answers)


def commands(mail, t):
    talk = Talk(mail, 25)
    talk.send(b"x" * (1 << 20))
    talk.send(b"\r\n")
    t.matches(talk.reply().decode(), r"^5\d\d ", "check 3: a command of 1 MiB: 500")
    t.matches(talk.ask(b"NOOP").decode(), r"^250 |^421 |^$", "check 3: and then in step, or closed")
    for name, command in (("NUL", b"NO\0OP"), ("8-bit", b"HELO \xff\xfe"), ("control", b"MAIL FROM:<a\x01@b.example>"),
                          ("bare LF", b"NOOP\nNOOP"), ("bare CR", b"NO\rOP"), ("8-bit address", b"MAIL FROM:<\xc3\xa4@b.example>")):
        talk = Talk(mail, 25, b"EHLO x")
        first = talk.ask(command)
        t.matches(first.decode(), r"^5\d\d ", f"checks 2, 5, 6: {name} in a command: 5xx")
        talk.close()
    for value, code in (("-1", "501"), ("18446744073709551616", "5"), ("x", "501"), ("99999999999999999999999", "5"), ("", "501")):
        talk = Talk(mail, 25, b"EHLO x")
        t.matches(talk.ask(f"MAIL FROM:<a@b.example> SIZE={value}".encode()).decode(), f"^{code}", f"check 7: SIZE={value}")
        talk.close()
    talk = Talk(mail, 25, b"EHLO x", b"MAIL FROM:<a@b.example>")
    talk.send(b"RCPT TO:<bob@example.test>\r\n" * 3000 + b"NOOP\r\nQUIT\r\n")
    said = talk.rest()
    t.ok(said.count(b"\r\n") and re.search(rb"\n452 4\.5\.3|\n421", said), "check 10: recipients over the limit: 452 4.5.3", said[-300:])
    talk = Talk(mail, 25)
    for _ in range(64):
        talk.send(b"NOOP\r\n" * 10000)
        if not wait_for(lambda: True, 0):
            break
        talk.socket.settimeout(0.05)
        try:
            while talk.socket.recv(1 << 20):
                pass
        except OSError:
            pass
    talk.close()
    well(mail, t, "check 4: NOOPs without end")


def a_million_recipients(mail, t):
    talk = Talk(mail, 25, b"EHLO x", b"MAIL FROM:<a@b.example>")
    talk.socket.settimeout(5)
    line = b"".join(b"RCPT TO:<nobody%d@example.test>\r\n" % i for i in range(1000))
    sent = 0
    try:
        for sent in range(1000):
            talk.socket.sendall(line)
            talk.socket.recv(1 << 20)
    except OSError:
        pass
    talk.close()
    t.ok(True, f"a million RCPTs: the session took {sent * 1000} of them")
    well(mail, t, "a million RCPTs")


def data(mail, t):
    endings = {"LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r", "CRLF.CR": b"\r\n.\r", "CR.CRLF": b"\r.\r\n", "NUL": b"\r\n\0.\r\n"}
    for name, ending in endings.items():
        talk = Talk(mail, 25, *HELLO, b"DATA")
        talk.send(b"Subject: smuggled\r\n\r\nfirst" + ending + b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nsecond\r\n.\r\nQUIT\r\n")
        said = talk.rest()
        expected = rb"^(5\d\d) " if name != "NUL" else rb"^(250|5\d\d) "
        t.ok(re.match(expected, said) and said.count(b"\r\n") == 2, f"check 1: {name} does not end the data; no second message arises", said)
        talk.close()
    talk = Talk(mail, 25, *HELLO, b"DATA")
    talk.send(b"Subject: bare\r\n\r\na bare\nLF\r\n.\r\n")
    t.matches(talk.reply().decode(), r"^550 5\.6\.11", "check 2: a bare LF in the message: 550 5.6.11")
    t.matches(talk.ask(b"NOOP").decode(), r"^250", "and the session is in step")
    talk.close()
    talk = Talk(mail, 25, *HELLO, b"DATA")
    talk.send(b"Subject: gone\r\n\r\nhalf a message\r\n")
    talk.close()
    talk = Talk(mail, 25, *HELLO, b"DATA")
    for i in range(200):
        talk.send(b"X-Header-%d: %s\r\n" % (i, b"y" * 900) * 100)
    talk.send(b"\r\nbody\r\n.\r\n")
    t.matches(talk.reply().decode(), r"^(250|5\d\d) ", "check 11: a header of 18 MiB: an answer")
    talk = Talk(mail, 25, *HELLO, b"DATA")
    talk.send(b"Received: x\r\n" * 200 + b"\r\nloop\r\n.\r\n")
    t.matches(talk.reply().decode(), r"^554 5\.4\.6", "check 12: too many Received lines: 554 5.4.6")
    talk = Talk(mail, 25, *HELLO, b"DATA")
    talk.send(b"Subject: a long line\r\n\r\n" + b"z" * (1 << 20) + b"\r\n.\r\n")
    t.matches(talk.reply().decode(), r"^(250|5\d\d) ", "a line of 1 MiB in the message: an answer")
    well(mail, t, "hostile data")
    wait_for(lambda: not mail.queue(), 60)
    t.ok(not mail.mail("alice") and not any(b"gone" in m for m in mail.mail("bob")), "nothing was smuggled, nothing half arrived")


def tls(mail, t):
    talk = Talk(mail, 25, b"EHLO x")
    talk.send(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<bob@example.test>\r\n")
    t.matches(talk.reply().decode(), r"^220 ", "check 18: STARTTLS")
    try:
        talk.tls()
        answer = talk.ask(b"RCPT TO:<bob@example.test>")
    except (ssl.SSLError, OSError) as error:
        answer = b"closed"
    t.matches(answer.decode(), r"^503|^closed", "check 18: what was sent ahead of the handshake is dropped")
    talk = Talk(mail, 25, b"EHLO x", b"STARTTLS")
    talk.tls()
    t.matches(talk.ask(b"MAIL FROM:<a@b.example>").decode(), r"^(503|250)", "check 18: EHLO is forgotten")
    t.matches((talk.ask(b"EHLO x") and talk.ask(b"STARTTLS")).decode(), r"^50[23]", "check 18: a second STARTTLS")
    for port in (465, 993):
        talk = Talk.__new__(Talk)
        talk.socket = mail.connect(port)
        talk.socket.settimeout(30)
        talk.send(os.urandom(5000))
        talk.socket.shutdown(socket.SHUT_WR)
        t.ok(len(talk.rest()) < 200, f"check 19: garbage instead of a handshake on {port}")
    well(mail, t, "garbage for TLS")


def auth(mail, t):
    for command, code in ((b"AUTH PLAIN " + b"A" * 20000, "5"), (b"AUTH PLAIN ====", "501|535"), (b"AUTH PLAIN AAAA", "501|535"),
                          (b"AUTH NONSENSE", "50"), (b"AUTH", "50"), (b"AUTH PLAIN !!", "501|535")):
        talk = Talk(mail, 587, b"EHLO x", b"STARTTLS")
        talk.tls()
        talk.ask(b"EHLO x")
        t.matches(talk.ask(command).decode(), f"^({code})", f"check 16: {command[:20].decode()}")
        t.matches(talk.ask(b"MAIL FROM:<a@b.example>").decode(), r"^530|^421|^$", "and nobody is logged in")
        talk.close()
    talk = Talk(mail, 587, b"EHLO x", b"STARTTLS")
    talk.tls()
    talk.ask(b"EHLO x")
    t.matches(talk.ask(b"AUTH LOGIN").decode(), r"^334", "AUTH LOGIN begins")
    t.matches(talk.ask(b"*").decode(), r"^501", "check 16: cancelled: 501")


def imap(mail, t):
    talk = Talk(mail, 143)
    talk.send(b"a LOGIN {4294967296}\r\n")
    t.matches(talk.file.readline().decode(), r"BAD|NO|BYE", "check 41: a literal of 4 GiB before login")
    for literal in (b"{-1}", b"{18446744073709551616}", b"{x}", b"{104857600}", b"{99999999999999999999999+}"):
        talk = Talk(mail, 143)
        talk.send(b"a LOGIN " + literal + b"\r\n")
        t.matches(talk.file.readline().decode(), r"BAD|NO|BYE|^$", f"check 41: {literal.decode()}")
        talk.close()
    talk = Talk(mail, 143)
    talk.send(b"a" * (1 << 20) + b"\r\n")
    t.matches(talk.file.readline().decode(), r"BAD|BYE", "a line of 1 MiB before login")
    talk = Talk(mail, 143)
    talk.send(b"a LOGIN alice@example.test secret\r\n")
    t.matches(talk.file.readline().decode(), r"^a (NO|BAD)", "check 53: LOGIN before TLS is refused")
    well(mail, t, "hostile IMAP")


def silence(mail, t):
    mail.control("timeoutsmtpd", "2")
    talk = Talk(mail, 25, b"EHLO x")
    talk.socket.settimeout(30)
    t.matches(talk.rest().decode(), r"^421 |^$", "check 17: a silent client is told and closed")
    talk = Talk(mail, 25, *HELLO, b"DATA")
    talk.send(b"Subject: half")
    talk.socket.settimeout(30)
    t.matches(talk.rest().decode(), r"^421 |^$", "check 17: silent in DATA too")
    mail.control("timeoutsmtpd", None)
    talk = Talk(mail, 25, *HELLO)
    talk.socket.shutdown(socket.SHUT_WR)
    talk.socket.settimeout(30)
    t.ok(talk.rest() is not None, "a half-closed client is let go")
    well(mail, t, "silent and half-closed clients")


def crowd(mail, t):
    mail.control("concurrencysmtpdclient", "5")
    mail.restart("smtp-mx")
    held = [Talk(mail, 25) for _ in range(5)]
    sixth = Talk(mail, 25)
    t.matches(sixth.said[0].decode(), r"^421 ", "check 17, W-28: one more from the same network than allowed: 421")
    held[0].ask(b"QUIT")
    held[0].close()
    t.ok(wait_for(lambda: Talk(mail, 25).said[0].startswith(b"220"), 10), "when one has gone the next is served")
    mail.control("concurrencysmtpdclient", None)
    mail.restart("smtp-mx")


with Postroom(23) as mail, Tap() as t:
    start = wait_for(lambda: len(mail.mail("bob")), 10)
    for story in (commands, a_million_recipients, data, tls, auth, imap, silence, crowd):
        story(mail, t)
        most, program = peak(mail)
        t.ok(most < MEMORY_KB, f"{story.__name__}: no process above {MEMORY_KB} KiB (largest {most} KiB, {os.path.basename(program)})")
