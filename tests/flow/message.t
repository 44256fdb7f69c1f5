#!/usr/bin/python3
# message: what happens to a message between DATA and the recipient's Maildir, sent by swaks, Python, mutt and raw bytes: what
# submission adds and removes, what Received tells, whose copies there are, whom a forward says it is from, and when a message
# that goes round stops. (N-22, N-103, T8, N-115; checks 2, 12, 13)
import base64, email, email.policy, os, re, smtplib, socket, ssl, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
from peer import Server
from policy import Policy
from postroom import Postroom, Tap, wait_for

CONTEXT = ssl._create_unverified_context()


def parse(message):
    return email.message_from_bytes(message, policy=email.policy.default)


def one(mail, user, subject):
    """The message of that subject in a user's INBOX."""
    return (mail.mail_with(user, f"Subject: {subject}\n") or [b""])[0]


def raw(mail, user, content, recipient="bob@example.test", port=465):
    """Bytes as they are, by 465 or 25; the answer."""
    with mail.connect(port) as plain:
        client = CONTEXT.wrap_socket(plain) if port == 465 else plain
        file = client.makefile("rb")
        login = base64.b64encode(f"\0{user}@example.test\0{mail.password(user)}".encode()).decode() if port == 465 else ""
        sender = f"{user}@example.test" if port == 465 else "ann@outside.example"
        file.readline()
        for command in ("EHLO client.example", *([f"AUTH PLAIN {login}"] if login else []), f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
            client.sendall(command.encode() + b"\r\n")
            while file.readline()[3:4] == b"-":
                pass
        client.sendall(content)
        return file.readline().decode().rstrip()


def by_swaks(mail, t):
    said = mail.run("swaks", "--server", mail.address, "--port", str(mail.port(587)), "--tls", "--helo", "laptop.example", "--auth", "PLAIN",
                    "--auth-user", "alice@example.test", "--auth-password", mail.password("alice"), "--from", "alice@example.test",
                    "--to", "bob@example.test", "--data", "To: bob\\nBcc: carol@elsewhere.example,\\n dora@elsewhere.example\\nSubject: bare\\n\\nHello\\n")
    t.ok("queued as" in said, "swaks submits a message without Date, From and Message-ID", said)
    found = one(mail, "bob", "bare")
    message = parse(found)
    me = open(f"{mail.home}/control/me").read().strip()
    t.is_((message["From"], message["To"]), ("alice@example.test", f"bob@{me}"), "RFC 6409: From is added, and an address gets its domain")
    t.ok(message["Date"].datetime and re.fullmatch(r"<\w+@%s>" % re.escape(me), message["Message-ID"]), "... Date and Message-ID are added", found)
    t.ok(b"carol" not in found and b"dora" not in found, "... Bcc is removed", found)
    t.ok(re.match(rb"Return-Path: <alice@example.test>\nDelivered-To: bob@example.test\nReceived: from laptop.example \(\[127[\d.]+\]\)\n"
                  rb"\tby \S+ with ESMTPSA \(TLSv1.3\)\n\tid \w+\n\tfor <bob@example.test>\n\ttls TLS_\w+; .*\nDate: ", found),
         "Return-Path, Delivered-To, Received and what was added stand in this order", found)


def by_smtplib(mail, t):
    client = mail.login(587, "alice")
    text = ("Return-Path: <evil@far.example>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\nFrom: Alice <alice@example.test>\r\n"
            "Message-ID: <kept@example.test>\r\nSubject: whole\r\nSender: secretary\r\n\r\n.dot\r\n")
    client.sendmail("alice@example.test", ["bob@example.test"], text)
    found = one(mail, "bob", "whole").replace(b"\n", b"\r\n")
    t.ok(found.endswith(text.split("\r\n", 1)[1].encode()) and found.count(b"Return-Path") == 1, "a whole message arrives as it is, but for its Return-Path", found)
    client.sendmail("alice@example.test", ["bob@example.test", "alice@example.test"], "Subject: two\r\n\r\nx\r\n")
    t.ok(b"for <" not in one(mail, "bob", "two"), "of two recipients Received names none")
    mail.control("hideclient", "yes")
    client.sendmail("alice@example.test", ["bob@example.test"], "Subject: hidden\r\n\r\nx\r\n")
    found = one(mail, "bob", "hidden")
    t.ok(b"\nReceived: by " in found and mail.address.encode() not in found and b"127.0" not in found, "control/hideclient: the client's address is not in the message", found)
    t.ok(f"client={mail.address}" in mail.log("smtp-submission") or "client=127." in mail.log("smtp-submission"), "... the log has it")
    mail.control("hideclient", None)
    client.quit()


def by_mutt(mail, t):
    environment = dict(mail.environment, HOME=mail.folder, TERM="dumb")
    done = subprocess.run(["mutt", "-n", "-F", "/dev/null", "-e", f"set smtp_url=smtps://alice@example.test@{mail.address}:{mail.port(465)}/",
                           "-e", f"set smtp_pass={mail.password('alice')} from=alice@example.test ssl_verify_host=no copy=no",
                           "-e", f"set certificate_file={mail.home}/tls/cert.pem write_bcc=yes use_domain=no",
                           "-s", "from mutt", "-b", "alice@example.test", "bob@example.test"],
                          input="Hello.\n", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    to, bcc = one(mail, "bob", "from mutt"), one(mail, "alice", "from mutt")
    t.ok(to and bcc, "mutt sends to a recipient and a blind one", done.stdout)
    t.ok(b"\nBcc" not in to and b"\nBcc" not in bcc and b"alice" not in to.split(b"Delivered-To")[1].split(b"From:")[0], "nobody sees who had a blind copy", to)


def by_bytes(mail, t):
    said = raw(mail, "alice", b"Subject: bare ends\n\nline\none\rtwo\r\n.\nMAIL FROM:<x@y>\n\r\n.\r\n")
    found = one(mail, "bob", "bare ends")
    t.ok(said.startswith("250") and b"\n\nline\none\ntwo\n" in found and b"MAIL FROM:<x@y>\n" in found and b"\r" not in found, "submission: bare LF and CR are line ends", said, found)
    t.matches(raw(mail, "alice", b"Subject: x\n\nline\r\n.\r\n", port=25), "^550 5.6.11", "check 2: port 25 refuses them")
    t.matches(raw(mail, "alice", b"Subject: x\r\n\r\na\0b\r\n.\r\n"), "^550 5.6.0", "a NUL is not submitted")
    said = raw(mail, "alice", b"no header, just text\r\n.\r\n", port=25)
    found = (mail.mail_with("bob", "no header, just text") or [b""])[0]
    t.ok(said.startswith("250") and b"\n\nno header, just text\n" in found, "a message without a header is text", found)
    long = b"x" * 5000
    raw(mail, "alice", b"Subject: long line\r\n\r\n" + long + b"\r\n.\r\n", port=25)
    t.ok(long in one(mail, "bob", "long line"), "a line of 5000 bytes arrives as it is")


def original(mail, t, policy):
    policy.files({"addresses/info": "to: bob@example.test"})
    policy.send("ann@outside.example", "Info@example.test", "to info")
    found = one(mail, "bob", "to info")
    t.ok(found.startswith(b"Return-Path: <ann@outside.example>\nDelivered-To: bob@example.test\nX-Original-To: Info@example.test\n"), "X-Original-To: the address that was asked for", found)
    policy.send("ann@outside.example", "bob@example.test", "to bob")
    t.ok(b"X-Original-To" not in one(mail, "bob", "to bob"), "... only if it is another")


def copies(mail, t, policy):
    policy.files({"domains/example.test": "copy: alice@example.test"})
    mail.control("alwaysbcc", "archive@example.test")
    mail.add_account("archive@example.test", "secret")
    mail.add_account("carol@example.test", "secret")
    policy.send("ann@outside.example", ["bob@example.test", "carol@example.test"], "copied")
    for user, what in (("alice", "N-22, T8: the copy of the domain"), ("archive", "N-103: control/alwaysbcc")):
        t.ok(one(mail, user, "copied").startswith(b"Return-Path: <>\n"), f"{what}: a copy with the null sender")
    for user in ("bob", "carol"):
        t.ok(one(mail, user, "copied").startswith(b"Return-Path: <ann@outside.example>\n"), f"... {user} has it too")
    t.is_(wait_for(lambda: not mail.queue()) and [len(mail.mail_with(user, "Subject: copied\n")) for user in ("alice", "archive")], [1, 1], "... one copy a message, not one a recipient")
    t.ok(b"archive" not in one(mail, "bob", "copied") and b"X-Original" not in one(mail, "alice", "copied"), "... nobody sees it")
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail("ann@outside.example")
        for user in ("alice", "bob"):
            client.rcpt(f"{user}@example.test")
        replies = [client.data("Subject: by LMTP\r\n\r\nx\r\n")[0], client.getreply()[0]]
    t.ok(replies == [250, 250] and one(mail, "archive", "by LMTP").startswith(b"Return-Path: <>\n") and wait_for(lambda: not mail.queue()), "N-103: by LMTP too", replies)
    t.is_([len(mail.mail_with(user, "Subject: by LMTP\n", 0)) for user in ("alice", "bob", "archive")], [1, 1, 1], "... and who is a recipient gets no copy beside it")
    client = mail.login(587, "bob")
    id = mail.give(client, "bob@example.test", "eve@nowhere.test", "sent out")
    t.ok(one(mail, "archive", "sent out"), "N-103: mail that is sent is copied too")
    t.ok(not mail.mail_with("alice", "Subject: sent out\n", 0), "N-22: ... to control/alwaysbcc alone, for it came to no domain of ours")
    client.quit()
    return id


class Elsewhere:
    """far.example: what this instance sends there."""

    def __init__(self, mail):
        self.server = Server(sessions=1000, address=mail.address)
        mail.relay_rule(type="default", host=mail.address, port=self.server.port, tls="off")

    def heard(self, words):
        return wait_for(lambda: next((line for line in self.server.heard if line.startswith(words)), None))

    def sender_of(self, recipient):
        """MAIL before that RCPT."""
        self.heard(f"RCPT TO:<{recipient}>")
        senders = [""]
        for line in self.server.heard:
            if line.startswith("MAIL FROM:<"):
                senders.append(line[11:].split(">")[0])
            if line.startswith(f"RCPT TO:<{recipient}>"):
                return senders[-1]
        return None


def forwards(mail, t, policy, far):
    policy.files({"addresses/forward@example.test": "to: joe@far.example"})
    policy.send("ann@outside.example", "forward@example.test", "forwarded")
    srs = far.sender_of("joe@far.example") or ""
    t.matches(srs, r"^SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=outside\.example=ann@example\.test$", "mail that is forwarded elsewhere has a sender of ours (SRS)")
    t.is_(policy.smtp("", srs, port=25), "250 2.1.5 Ok", "which takes reports, on port 25")
    policy.send("", srs.lower(), "a report")
    t.is_(far.sender_of("ann@outside.example"), "", "... and they go to the sender, from nobody")
    for forged in (srs.replace("ann@", "victim@"), srs[:5] + ("A" if srs[5:6] != "A" else "B") + srs[6:], srs.replace("outside", "victim")):
        t.matches(policy.smtp("", forged, port=25), r"^550 5\.7\.1 ", f"check 13: {forged} is not relayed")
    t.matches(policy.smtp("", srs.replace("@example.test", "@far.example"), port=25), r"^554 5\.7\.1 .*Relay access denied", "... nor what another host made")
    far.server.replies["RCPT"] = lambda server: b"550 5.1.1 nobody here\r\n" if "joe@" in server.heard[-1] else b"250 2.1.5 ok\r\n"
    before = len(far.server.heard)
    policy.send("ann@outside.example", "forward@example.test", "not forwarded")
    report = wait_for(lambda: next((m for m in far.server.heard[before:] if m.startswith("RCPT TO:<ann@outside.example>")), None))
    t.ok(report, "when the forward fails, the sender hears it, not the address that stood for him", far.server.heard[-10:])
    far.server.replies["RCPT"] = b"250 2.1.5 ok\r\n"
    key = subprocess.run(["s6-setuidgid", "mail-in", "cat", f"{mail.home}/control/srskey"], capture_output=True)
    t.ok(key.returncode, "check 55: who talks to the network cannot read the key")


def loops(mail, t, policy, far):
    """What goes to joe@far.example comes back to forward@example.test, over and over."""
    message, rounds = b"Subject: round and round\r\n\r\nx\r\n", 0
    while rounds < 20:
        answer = raw(mail, "alice", message + b".\r\n", recipient="forward@example.test", port=25)
        if not answer.startswith("250"):
            break
        rounds += 1
        found = wait_for(lambda: [m for m in far.server.messages if b"round and round" in m and m.count(b"Received: ") == rounds])
        message = found[0][:-3] if found else b""
    t.matches(answer, r"^554 5\.4\.6 ", "check 12: mail that goes round through another host stops")
    t.is_(rounds, 6, "... after six rounds")
    policy.send("ann@outside.example", "bob@example.test", "delivered once")
    found = one(mail, "bob", "delivered once").replace(b"\n", b"\r\n")
    t.matches(raw(mail, "alice", found + b".\r\n", port=25), r"^554 5\.4\.6 ", "check 12: a message with the recipient's Delivered-To is refused")
    t.matches(raw(mail, "alice", b"Received: x\r\n" * 101 + b"\r\nx\r\n.\r\n", port=25), r"^554 5\.4\.6 ", "check 12: 101 hops")


with Postroom(38) as mail, Tap() as t:
    policy = Policy(mail, t)
    by_swaks(mail, t)
    by_smtplib(mail, t)
    by_mutt(mail, t)
    by_bytes(mail, t)
    original(mail, t, policy)
    far = Elsewhere(mail)
    far.server.replies["RCPT"] = lambda server: b"550 5.1.1 nobody\r\n" if "nowhere.test" in server.heard[-1] else b"250 2.1.5 ok\r\n"
    copies(mail, t, policy)
    t.ok(mail.mail_with("bob", "eve@nowhere.test"), "the report of a failed message reaches its sender")
    t.ok(wait_for(lambda: not mail.queue()), "the queue is empty", mail.run("qstat"))
    t.ok(not [m for user in ("alice", "archive") for m in mail.mail(user) if b"could not be delivered" in m], "N-22, N-103: mail that this host makes is not copied")
    mail.control("alwaysbcc", None)
    policy.files({"domains/example.test": ""})
    forwards(mail, t, policy, far)
    loops(mail, t, policy, far)
