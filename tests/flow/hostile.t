#!/usr/bin/python3
# hostile: bad input costs a clear error or a time-out, bounded memory, and nobody else's session. (security checks
# 1-13, 16-18, 41-46; issue 2, "Bad input") Against the installed programs, on every port.
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
        if isinstance(port, str):  # a dialogue's socket in run/
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(300)
            self.socket.connect(f"{mail.home}/run/{port}")
        else:
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
    talk = Talk(mail, 25, b"EHLO x", b"MAIL FROM:<a@b.example>")
    for length, code in ((200, "250"), (950, "250"), (1100, "553"), (2000, "553")):
        t.matches(talk.ask(b"RCPT TO:<bob+%s@example.test>" % (b"x" * length)).decode(), f"^{code} ", f"check 11: an address of {length} bytes and some: {code}")
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
    wait_for(lambda: not mail.queue())
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
        talk.socket.settimeout(300)
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


SMUGGLED = b"RSET\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"


def bdat(mail, t):
    for size in ("-1", "x", "", "0x10", "+5", "5,", "18446744073709551616", "99999999999999999999999", "2147483648", "4294967301", "9223372036854775808"):
        talk = Talk(mail, 25, *HELLO)
        talk.send(b"BDAT %s LAST\r\n" % size.encode() + SMUGGLED)
        said = talk.rest()
        t.ok(re.match(rb"5\d\d [^\n]*\r\n$", said), f"check 8: BDAT {size}: 5xx and the end; what follows is not read as commands", said)
        talk.close()
    for what, before, command in (("without a recipient", HELLO[:2], b"BDAT %d"), ("without a sender", HELLO[:1], b"BDAT %d LAST"), ("to an unknown one", HELLO[:2] + (b"RCPT TO:<nobody@example.test>",), b"BDAT %d LAST"),
                                  ("behind a refused chunk", HELLO + (b"BDAT 4\r\n\n\n",), b"BDAT %d LAST")):
        talk = Talk(mail, 25, *before)
        talk.send(command % len(SMUGGLED) + b"\r\n" + SMUGGLED + b"QUIT\r\n")
        said = talk.rest()
        t.ok(re.match(rb"5\d\d [^\n]*\r\n221 [^\n]*\r\n$", said), f"check 8: BDAT {what}: dropped, and in step", said)
        talk.close()
    inside = b"Subject: in one piece\r\n\r\nfirst\r\n.\r\n" + SMUGGLED
    talk = Talk(mail, 25, *HELLO)
    talk.send(b"BDAT %d LAST\r\n" % len(inside) + inside + b"QUIT\r\n")
    t.ok(re.match(rb"250 [^\n]*\r\n221 ", talk.rest()), "check 1: a chunk with CRLF.CRLF in it is one message")
    t.ok(mail.mail_with("bob", "in one piece") and not mail.mail_with("alice", "Subject: smuggled", 0), "... and no second one arises")
    talk = Talk(mail, 25, *HELLO)
    text = b"Subject: bytes\r\n\r\n" + b"byte by byte\r\n" * 300
    talk.send(b"".join(b"BDAT 1\r\n%c" % c for c in text) + b"BDAT 0 LAST\r\nQUIT\r\n")
    said = talk.rest()
    t.ok(said.count(b" octets received\r\n") == len(text) and b"250 2.0.0 Ok: queued" in said, "4,000 chunks of one byte are a message", said[-200:])
    t.ok(mail.mail_with("bob", b"byte by byte\n" * 300), "... the same one")
    talk = Talk(mail, 25, *HELLO)
    talk.send(b"BDAT 0\r\n" * 300)
    t.matches(talk.rest()[-60:].decode(), r"421 4\.7\.0", "check 4: chunks of nothing: 421")
    for what, command in (("EHLO", b"EHLO y"), ("RSET", b"RSET"), ("STARTTLS", b"STARTTLS")):
        talk = Talk(mail, 25, *HELLO, b"BDAT 19\r\nSubject: cut\r\n\r\nx")
        talk.ask(command)
        if command == b"STARTTLS":
            talk.tls()
        t.matches(talk.ask(b"BDAT 0 LAST").decode(), r"^5\d\d ", f"check 8: {what} between two chunks: the message is forgotten")
        talk.close()
    talk = Talk(mail, 25, *HELLO, b"BDAT 19\r\nSubject: gone\r\n\r\n")
    t.matches(talk.ask(b"DATA").decode(), "^503 ", "check 8: DATA behind BDAT: 503")
    talk.send(b"BDAT 1000 LAST\r\nhalf")
    talk.close()
    talk = Talk(mail, 25, *HELLO)
    talk.send(b"BDAT 28 LAST\r\nSubject: bare\r\n\r\na bare\nLF\r\n")
    t.matches(talk.reply().decode(), r"^550 5\.6\.11", "check 2: a bare LF in a chunk: 550 5.6.11")
    well(mail, t, "hostile chunks")
    t.ok(not [m for m in mail.mail("bob") if b"Subject: gone" in m or b"Subject: cut" in m], "check 9: a message whose last chunk did not come is none")


def xclient(mail, t):
    talk = Talk(mail, 25, b"EHLO x")
    t.ok(b"XCLIENT" not in talk.said[1], "XCLIENT is offered to nobody")
    t.matches(talk.ask(b"XCLIENT ADDR=127.0.0.1 LOGIN=bob").decode(), "^550 5.7.0", "check 13: ... nor taken from anybody")
    talk.close()
    mail.control("xclienthosts", f"127.0.0.1\n{mail.address}")
    mail.restart("smtp-mx")
    for words in (b"", b"ADDR", b"ADDR=", b"=x", b"ADDR=192.0.2.1 ADDR=192.0.2.2", b"ADDR=192.0.2.1+0D+0AMAIL", b"ADDR=192.0.2.300", b"NAME=a+00b", b"NAME=+", b"NAME=" + b"x" * 300,
                  b"PORT=65536", b"PORT=-1", b"PROTO=LMTP", b"LOGIN=bob@example.test", b"HELO=a+0Ab", b"NONSENSE=1", b"ADDR=192.0.2.1" + b" " * 1000 + b"X"):
        talk = Talk(mail, 25, b"EHLO x")
        t.matches(talk.ask(b"XCLIENT " + words).decode(), r"^50[01] ", f"XCLIENT {words[:40].decode()}: 501")
        t.matches(talk.ask(b"NOOP").decode(), r"^250 ", "... and in step")
        talk.close()
    talk = Talk(mail, 25, b"EHLO x", b'XCLIENT ADDR=192.0.2.99 PROTO=ESMTP HELO=a"+20login=root', b"MAIL FROM:<x@far.example>")
    t.matches(talk.ask(b"RCPT TO:<joe@far.example>").decode(), "^554 5.7.1", "check 13: a stranger whom a proxy names does not relay")
    talk.close()
    t.ok(wait_for(lambda: r'helo="a\" login=root"' in mail.log("smtp-mx")), "no value forges a field of the log")
    mail.control("xclienthosts", None)
    mail.restart("smtp-mx")
    well(mail, t, "hostile XCLIENT")


def children(mail, service):
    pid = mail.pid(service)
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return len(file.read().split())


def proxy(mail, t):
    mail.control("proxyhosts", f"127.0.0.1\n{mail.address}")
    mail.restart("smtp-mx")
    v2 = b"\r\n\r\n\0\r\nQUIT\n"
    good = b"PROXY TCP4 192.0.2.9 192.0.2.1 1025 25\r\n"
    for what, header in (("nothing of it", b"EHLO x\r\n"), ("a line without an end", b"PROXY TCP4 " + b"1" * 200), ("an address that is none", good.replace(b"192.0.2.9", b"192.0.2.999")),
                         ("a port that is none", good.replace(b"1025", b"65536")), ("two spaces", good.replace(b" 25", b"  25")), ("a NUL", good.replace(b" 25", b" 2\x00")), ("LF alone", good.replace(b"\r", b"")),
                         ("a v2 of 65,535 bytes", v2 + b"\x21\x11\xff\xff" + b"x" * 65535), ("a v2 too short for its addresses", v2 + b"\x21\x21\0\x0c" + b"x" * 12),
                         ("a v2 of another family", v2 + b"\x21\x31\0\xd8" + b"x" * 216), ("a v2 of another version", v2 + b"\x31\x11\0\x0c" + b"x" * 12)):
        with mail.connect(25) as s:
            s.sendall(header)
            try:
                said = s.recv(1000)
            except ConnectionResetError:
                said = b""
            t.is_(said, b"", f"a PROXY header with {what}: closed without a word")
    held = [mail.connect(25) for _ in range(30)]
    for s in held:
        s.sendall(b"PROXY TCP4 19")
    with mail.connect(25) as s:
        for byte in good:
            s.sendall(b"%c" % byte)
        s.sendall(b"EHLO x\r\nMAIL FROM:<x@far.example>\r\nRCPT TO:<joe@far.example>\r\nPROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\nQUIT\r\n")
        said = b""
        while part := s.recv(65536):
            said += part
        t.ok(said.startswith(b"220 ") and b"\r\n554 5.7.1" in said and b"\r\n500 5.5.1" in said, "one that comes byte by byte is read; a second one is no command", said)
    t.ok(wait_for(lambda: not children(mail, "smtp-mx")), "check 17: 30 balancers that say half of it are gone after 5 seconds")
    for s in held:
        s.close()
    mail.control("proxyhosts", None)
    mail.restart("smtp-mx")
    well(mail, t, "hostile balancers")


def local(mail, t):
    """run/lmtp and run/inject: what a program of this host may say."""
    for name, hello, sender in (("lmtp", b"LHLO x", b"MAIL FROM:<a@b.example>"), ("inject", b"EHLO x", b"MAIL FROM:<root@example.test>")):
        talk = Talk(mail, name)
        talk.send(b"x" * (1 << 20) + b"\r\n")
        t.matches(talk.reply().decode(), r"^500 ", f"check 3: {name}: a command of 1 MiB: 500")
        for command in (b"NO\0OP", b"MAIL FROM:<\xff@b.example>", b"AUTH PLAIN AAAA", b"STARTTLS", b"XCLIENT ADDR=127.0.0.1", b"LHLO" if name == "inject" else b"EHLO x"):
            t.matches(talk.ask(command).decode(), r"^5\d\d ", f"{name}: {command[:20]!r} is refused")
        talk.ask(hello), talk.ask(sender)
        talk.send(b"RCPT TO:<bob@example.test>\r\n" * 3000 + b"QUIT\r\n")
        t.ok(re.search(rb"\n452 4\.5\.3", talk.rest()), f"check 10: {name}: recipients over the limit: 452 4.5.3")
        talk = Talk(mail, name, hello, sender)
        t.matches(talk.ask(b"RCPT TO:<joe@[127.0.0.1]>").decode(), "^55", f"check 13: {name}: no address literals")
        t.matches(talk.ask(b"RCPT TO:<@example.test:joe%far.example@example.test>").decode(), "^55", f"check 13: {name}: no source routes, no %")
        t.matches(talk.ask(b"RCPT TO:<joe@far.example>").decode(), "^554 5.7.1" if name == "lmtp" else "^250", f"check 13: {name}: mail for elsewhere")
        talk.ask(b"RSET"), talk.ask(sender), talk.ask(b"RCPT TO:<bob@example.test>")
        talk.send(b"DATA\r\nSubject: half of it by %s\r\n\r\nx" % name.encode())
        talk.close()
    talk = Talk(mail, "inject", b"EHLO x", b"MAIL FROM:<root@example.test>", b"RCPT TO:<bob@example.test>", b"DATA")
    talk.send(b"Subject: wide\r\n" + b"X-Field: x\r\n" * 200000 + b"\r\n\r\n.\r\n")
    t.matches(talk.reply().decode(), r"^552 5\.3\.4", "check 11: inject: a header of 2 MiB: 552")
    t.ok(not [m for m in mail.mail("bob") if b"half of it by" in m], "check 9: half a message is none")
    well(mail, t, "hostile local programs")


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


def pop3(mail, t):
    talk = Talk(mail, 110)
    for line in (b"RETR -1", b"USER bob@example.test", b"PASS secret", b"STLS now", b"a" * (1 << 20), b"US\0ER x"):
        t.matches(talk.ask(line).decode(), "^-ERR", f"check 51, 53: POP3 before the login: {line[:20]!r}")
    talk.close()
    talk = Talk(mail, 110)
    talk.send(b"CAPA\r\n" * 100000)
    t.ok(talk.rest().count(b"+OK") <= 25, "100,000 commands in one go: told to go")
    well(mail, t, "hostile POP3")


def silence(mail, t):
    mail.control("timeoutsmtpd", "2")
    talk = Talk(mail, 25, b"EHLO x")
    talk.socket.settimeout(300)
    t.matches(talk.rest().decode(), r"^421 |^$", "check 17: a silent client is told and closed")
    talk = Talk(mail, 25, *HELLO, b"DATA")
    talk.send(b"Subject: half")
    talk.socket.settimeout(300)
    t.matches(talk.rest().decode(), r"^421 |^$", "check 17: silent in DATA too")
    mail.control("timeoutsmtpd", None)
    talk = Talk(mail, 25, *HELLO)
    talk.socket.shutdown(socket.SHUT_WR)
    talk.socket.settimeout(300)
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
    t.ok(wait_for(lambda: Talk(mail, 25).said[0].startswith(b"220")), "when one has gone the next is served")
    mail.control("concurrencysmtpdclient", None)
    mail.restart("smtp-mx")


with Postroom(23) as mail, Tap() as t:
    mail.switch_on("pop3")
    start = wait_for(lambda: len(mail.mail("bob")))
    for story in (commands, a_million_recipients, data, bdat, xclient, proxy, local, tls, auth, imap, pop3, silence, crowd):
        story(mail, t)
        most, program = peak(mail)
        t.ok(most < MEMORY_KB, f"{story.__name__}: no process above {MEMORY_KB} KiB (largest {most} KiB, {os.path.basename(program)})")
