#!/usr/bin/python3
# front: who connects, and how much they may, on an instance: PROXY headers (W-28), rate limits that outlive a restart (L-10), greylisting (S-28),
# sessions of one user and address (N-118), XCLIENT, floods.
import glob, os, re, socket, ssl, sys

sys.path[:0] = ["tests", "tests/flow"]
from clock import same_day
from imapwire import Imap
from postroom import Postroom, Tap, wait_for


class Smtp:
    """A client that says what it likes."""

    def __init__(self, mail, port=25, first=b"", source=None):
        self.socket = socket.create_connection((mail.address, mail.port(port)), timeout=300, source_address=(source, 0) if source else None)
        self.socket.sendall(first)
        self.file = self.socket.makefile("rb")

    def reply(self):
        while True:
            try:
                line = self.file.readline().decode("latin-1").rstrip("\r\n")
            except ConnectionResetError:
                return ""
            if line[3:4] != "-":
                return line

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def codes(self, *lines):
        return [self.say(line)[:3] for line in lines]

    def close(self):
        self.file.close()
        self.socket.close()


def in_log(mail, service, pattern):
    return wait_for(lambda: re.search(pattern, mail.log(service)))


def send(s, to="bob@example.test", sender="joe@far.example", subject="x"):
    said = s.codes(f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA")
    return said + [s.say(f"From: <{sender}>\r\nSubject: {subject}\r\n\r\nx\r\n.")[:3]] if said[-1] == "354" else said


def proxy(mail, t):
    mail.control("proxyhosts", "127.0.0.1\n")
    for service in ("smtp-mx", "smtp-submissions", "imap"):
        mail.restart(service)
    s = Smtp(mail, 25, b"PROXY TCP6 2001:db8::5 2001:db8::1 4711 25\r\n")
    t.matches(s.reply(), "^220 ", "a session behind a PROXY header")
    s.say("EHLO far.example")
    t.is_(send(s, subject="proxied"), ["250", "250", "354", "250"], "... takes a message")
    found = mail.mail_with("bob", "Subject: proxied")
    t.ok(found and b"Received: from far.example ([IPv6:2001:db8::5])" in found[0], "... whose Received names the client behind the balancer", found)
    t.ok(in_log(mail, "smtp-mx", r"accepted .*client=2001:db8::5 "), "... as the log does")
    with socket.create_connection((mail.address, mail.port(465)), timeout=300) as plain:
        plain.sendall(b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 465\r\n")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as secure:
            t.matches(secure.recv(1000).decode(), "^220 ", "TLS begins behind the header")
            secure.sendall(b"EHLO x\r\n")
            wait_for(lambda: b"250 HELP" in secure.recv(4000))
            secure.sendall(b"AUTH PLAIN AGJvYgB3cm9uZw==\r\n")
            t.matches(secure.recv(1000).decode(), "^535", "... and a wrong password is that client's")
    t.ok(in_log(mail, "auth-server", r"203\.0\.113\.7"), "... for auth-server too")
    s = Smtp(mail, 25, b"EHLO nobody.example\r\n")
    t.is_(s.reply(), "", "W-28: without a header a balancer is not served")
    mail.control("proxyhosts", None)
    for service in ("smtp-mx", "smtp-submissions", "imap"):
        mail.restart(service)


def rates(mail, t):
    same_day()
    mail.control("ratelimit", "login recipients 3 per day\nlogin alice@example.test recipients 5 per day\n")
    client = mail.login(587, "bob")
    mail.give(client, "bob@example.test", ["alice@example.test", "carol@example.test"], "two")
    client.mail("bob@example.test")
    t.is_(client.rcpt("alice@example.test")[0], 250, "L-10: the third recipient of three")
    code, text = client.rcpt("carol@example.test")
    t.ok(code == 450 and re.match(rb"4\.7\.1 <bob@example\.test>: limit of 3 recipients per day reached, try again in \d+ seconds", text),
         "L-10: the fourth is deferred, with the limit and when to come again", code, text)
    t.is_(client.data("Subject: three\n\nx\n")[0], 250, "... and the message goes to those that were accepted")
    client.quit()
    mail.restart("smtp-submission")
    mail.restart("smtp-submissions")
    client = mail.login(587, "bob")
    client.mail("bob@example.test")
    t.is_(client.rcpt("alice@example.test")[0], 450, "L-10: the counter outlives a restart")
    client.quit()
    client = mail.login(587, "alice")
    client.mail("alice@example.test")
    t.is_(client.rcpt("bob@example.test")[0], 250, "... and is each login's own")
    client.quit()
    t.matches(mail.run("mailadm", "limits", "list"), r"^mail-submit: login bob@example\.test recipients: 3 in a day, for \d+ seconds$", "mailadm limits list shows it")
    t.is_(mail.run("mailadm", "limits", "clear", "login bob@example.test"), "mail-submit: 1 cleared\n", "mailadm limits clear")
    t.is_(mail.run("mailadm", "limits", "list"), "", "... clears it")
    client = mail.login(587, "bob")
    client.mail("bob@example.test")
    t.is_(client.rcpt("alice@example.test")[0], 250, "... so that he may send again")
    client.quit()
    t.is_(sorted((n, oct(os.stat(f"{mail.home}/state/limits/mail-submit/{n}").st_mode & 0o777)) for n in os.listdir(f"{mail.home}/state/limits/mail-submit")),
          [("store", "0o600")], "the store is its user's alone")
    mail.control("ratelimit", None)


def greylist(mail, t):
    mail.control("greylist", "yes\n")
    mail.control("greylistdelay", "3600\n")
    s = Smtp(mail)
    s.reply()
    s.say("EHLO far.example")
    s.say("MAIL FROM:<joe@far.example>")
    t.matches(s.say("RCPT TO:<bob@example.test>"), r"^450 4\.7\.1 <bob@example\.test>: greylisted, try again in 3600 seconds", "S-28: an unknown triplet is told to come again")
    t.matches(s.say("RCPT TO:<nobody@example.test>"), "^550 5.1.1", "... an unknown user is one")
    mail.control("greylistdelay", "1\n")
    s.close()

    def again():
        s = Smtp(mail)
        s.reply()
        s.say("EHLO far.example")
        said = send(s, subject="come again")
        s.close()
        return said == ["250", "250", "354", "250"]
    t.ok(wait_for(again), "S-28: it comes again after the delay and passes")
    t.ok(mail.mail_with("bob", "Subject: come again"), "... and is delivered")
    t.matches(mail.run("mailadm", "limits", "list"), r"^mail-in: grey 127\.0\.0\.0/24 <joe@far\.example> bob@example\.test: passed, \d+ seconds old", "... and the operator sees it")
    mail.control("greylist", None)
    mail.control("greylistdelay", None)


def xclient(mail, t):
    mail.control("xclienthosts", "127.0.0.0/8\n")
    mail.restart("smtp-mx")
    s = Smtp(mail)
    s.reply()
    t.is_(s.codes("EHLO x", "XCLIENT ADDR=203.0.113.9 HELO=far.example PROTO=ESMTP"), ["250", "220"], "XCLIENT from a host that may")
    t.is_(send(s, subject="by xclient"), ["250", "250", "354", "250"], "... the message is that client's")
    found = mail.mail_with("bob", "Subject: by xclient")
    t.ok(found and b"from far.example ([203.0.113.9])" in found[0], "... in Received", found)
    mail.control("xclienthosts", None)
    mail.restart("smtp-mx")


def imap_sessions(mail, t):
    mail.control("concurrencyimapuser", "3\n")
    sessions = [Imap(mail, "bob") for _ in range(3)]
    t.ok(all(s("NOOP").status == "OK" for s in sessions), "N-118: three sessions of three")

    def fourth(user="bob"):
        with socket.create_connection((mail.address, mail.port(993)), timeout=300) as plain:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain) as s:
                s.recv(1000)
                s.sendall(f"a LOGIN {user}@example.test {mail.password(user)}\r\n".encode())
                return s.recv(1000).decode()
    t.matches(fourth(), r"^a NO \[LIMIT\] ", "N-118: a fourth session of one user from one address is refused")
    t.ok(in_log(mail, "mailbox-spawn", r"refused .*client=127\.0\.0\.1 rule=concurrencyimapuser file=control/concurrencyimapuser"), "... by the rule that the log names")
    t.matches(fourth("alice"), "^a OK", "... another user is not")
    sessions.pop()("LOGOUT")
    t.ok(wait_for(lambda: fourth().startswith("a OK")), "... and when one has ended there is room again")
    uid = os.stat(f"{mail.home}/mail/example.test/bob").st_uid

    def pids():
        found = []
        for path in glob.glob("/proc/[0-9]*/status"):
            try:
                with open(path) as file:
                    if f"Uid:\t{uid}\t" in file.read():
                        found.append(int(path.split("/")[2]))
            except OSError:
                pass
        return found
    t.ok(wait_for(lambda: len(pids()) == 2), "two processes of his are left", pids())
    for pid in pids():
        os.kill(pid, 9)
    t.ok(wait_for(lambda: fourth().startswith("a OK")), "... also when it was killed")
    mail.restart("mailbox-spawn")
    sessions = [Imap(mail, "bob") for _ in range(3)]
    t.matches(fourth(), r"^a NO \[LIMIT\] ", "N-118: ... after a restart too")
    mail.control("mynetworks", "127.0.0.0/8\n")
    mail.run("tables-build")
    more = [Imap(mail, "bob") for _ in range(12)]
    t.ok(all(s("NOOP").status == "OK" for s in more), "N-118: five times as many from our own networks")
    t.matches(fourth(), r"^a NO \[LIMIT\] ", "... and not one more")
    mail.control("mynetworks", None)
    mail.run("tables-build")
    mail.control("concurrencyimapuser", None)


def memory(mail, service):
    pid = mail.pid(service)
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])


def floods(mail, t):
    before = memory(mail, "smtp-mx")
    s = Smtp(mail)
    s.reply()
    s.say("EHLO far.example")
    s.say("MAIL FROM:<joe@far.example>")
    s.socket.sendall(b"RCPT TO:<bob@example.test>\r\n" * 5000)
    said = [s.reply()[:3] for _ in range(5000)]
    t.ok(said.count("250") == 1000 and said.count("452") == 4000, "5,000 RCPTs: 1,000 are taken, the others are too many", set(said))
    t.is_(s.say("DATA")[:3], "354", "... and the session goes on")
    t.is_(s.say("Subject: flood\r\n\r\nx\r\n.")[:3], "250", "... with its message")
    t.ok(len(mail.mail_with("bob", "Subject: flood")) == 1, "... which comes once")
    s.close()
    for verb in ("NOOP", "RSET", "EHLO x", "VRFY x"):
        s = Smtp(mail)
        s.reply()
        try:
            for _ in range(100):
                s.socket.sendall(verb.encode() + b"\r\n" * 1 + (verb.encode() + b"\r\n") * 9)
        except OSError:
            pass
        said = []
        try:
            while line := s.reply():
                said.append(line[:3])
        except OSError:
            pass
        t.ok(len(said) <= 102 and (not said or said[-1] == "421" or len(said) < 102), f"endless {verb}: it ends after a hundred", len(said), said[-1:])
        s.close()
    s = Smtp(mail)
    s.reply()
    s.say("EHLO far.example")
    s.say("MAIL FROM:<joe@far.example>")
    said = s.codes(*(f"RCPT TO:<nobody{n}@example.test>" for n in range(50)))
    t.is_((set(said), s.reply()[:3]), ({"550"}, "421"), "fifty unknown recipients end a session")
    t.ok(memory(mail, "smtp-mx") < before + 500, "the listener's memory stays as it was", before, memory(mail, "smtp-mx"))


with Postroom(33) as mail, Tap() as t:
    if "carol" not in open(f"{mail.home}/demo-passwords").read():
        mail.add_account("carol@example.test", "secret-of-carol")
    proxy(mail, t)
    rates(mail, t)
    greylist(mail, t)
    xclient(mail, t)
    imap_sessions(mail, t)
    floods(mail, t)
