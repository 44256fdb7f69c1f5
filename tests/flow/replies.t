#!/usr/bin/python3
# replies: the table of requirements 2.2, line by line: each situation is made, on every listener that can come into it, and the reply is
# compared whole. Where it is a decision of policy, whatif says the same words. The lines of other issues (POP3, the filter's 554) are not here.
# (2.2; N-20, N-40, N-101, N-111, N-114, N-116, N-117, L-10, P-08, P-19, P-23, P-31, P-34, S-28, S-34, T12, W-29)
import base64, os, re, smtplib, socket, ssl, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
from clock import same_day
from policy import ANN, Policy
from postroom import Postroom, Tap, wait_for

BOB, ALICE, CAROL, JOE = "bob@example.test", "alice@example.test", "carol@example.test", "joe@far.example"
FAR = "127.0.49.200"
LOGIN = dict(login="bob", port=587)
MX, SUBMISSION, SUBMISSIONS = dict(ip=FAR), dict(LOGIN, sender=BOB), dict(login="bob", port=465, sender=BOB)


def sendmail(mail, words, text="Subject: x\n\nx\n"):
    """What the dialogue behind HOME/bin/sendmail -bs says to these lines."""
    done = subprocess.run(["sendmail", "-bs"], input="".join(line + "\r\n" for line in words), capture_output=True, text=True, env=mail.environment,
                          executable=f"{mail.home}/bin/sendmail", timeout=300)
    return done.stdout.splitlines()


def lmtp(mail, to, sender=ANN):
    """RCPT by LMTP."""
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail(sender)
        code, text = client.rcpt(to)
    return f"{code} {text.decode()}"


def banner(ask):
    me = open(f"{ask.mail.home}/control/me").read().strip()
    for port in (25, 587, 465):
        with ask.mail.connect(port) as plain:
            client = ssl._create_unverified_context().wrap_socket(plain) if port == 465 else plain
            ask.t.is_(client.recv(1000), f"220 {me} ESMTP\r\n".encode(), f"2.2 P-23 banner, port {port}")


def accepted(ask):
    ask.case("2.2 RCPT is accepted", BOB, "250 2.1.5 Ok", **MX)
    for port, how in ((25, dict(ip=FAR)), (587, dict(login="bob")), (465, dict(login="bob"))):
        with ask.open(port=port, **how) as client:
            client.mail(BOB if port != 25 else ANN), client.rcpt(ALICE)
            code, text = client.data("Subject: accepted\n\nx\n")
        ask.t.matches(f"{code} {text.decode()}", r"^250 2\.0\.0 Ok: queued as \w+$", f"2.2 P-34 accepted, port {port}")
        id = text.decode().split()[-1]
        ask.t.ok(wait_for(lambda: id in ask.mail.log("send-schedule")), "2.2 P-34 ... and that is the id in the log", id)
    with ask.open(ip=FAR) as client:
        client.mail(ANN), client.rcpt(ALICE)
        client.send(b"BDAT 14 LAST\r\nSubject: x\r\n\r\n")
        code, text = client.getreply()
    ask.t.matches(f"{code} {text.decode()}", r"^250 2\.0\.0 Ok: queued as \w+$", "2.2 P-34 accepted, by BDAT")
    said = sendmail(ask.mail, ["EHLO x", f"MAIL FROM:<{BOB}>", f"RCPT TO:<{ALICE}>", "DATA", "Subject: x", "", "x", ".", "QUIT"])
    ask.t.ok([line for line in said if re.fullmatch(r"250 2\.0\.0 Ok: queued as \w+", line)], "2.2 P-34 accepted, sendmail -bs", said)


def recipients(ask):
    """Unknown, relay, internal, disabled, full: on every listener."""
    mail, t = ask.mail, ask.t
    unknown, relay = "550 5.1.1 <A>: Recipient address rejected: User unknown", "554 5.7.1 <A>: Relay access denied"
    for what, how in (("port 25", MX), ("587", SUBMISSION), ("465", SUBMISSIONS)):
        ask.case(f"2.2 N-20 unknown local user, {what}", "nobody@example.test", unknown, **how)
    t.is_(lmtp(mail, "Nobody@example.test"), unknown.replace("<A>", "<Nobody@example.test>"), "2.2 N-20 unknown local user, LMTP, as it was written")
    said = sendmail(mail, ["EHLO x", f"MAIL FROM:<{BOB}>", "RCPT TO:<nobody@example.test>", "QUIT"])
    t.ok(unknown.replace("<A>", "<nobody@example.test>") in said, "2.2 N-20 unknown local user, sendmail -bs", said)
    ask.case("2.2 N-117 relay not allowed, port 25", JOE, relay, **MX)
    ask.case("2.2 N-117 ... with TLS", JOE, relay, tls=True, **MX)
    t.is_(lmtp(mail, JOE), relay.replace("<A>", f"<{JOE}>"), "2.2 N-117 relay not allowed, LMTP")
    ask.files({"addresses/staff@example.test": f"to: {ALICE}\ninternal: yes"})
    ask.case("2.2 N-40 internal address from outside", "staff@example.test", "554 5.7.1 <A>: Recipient address rejected: access denied", **MX)
    ask.case("2.2 N-40 ... for who has logged in", "staff@example.test", "250 2.1.5 Ok", **SUBMISSION)
    ask.files({"mailboxes/carol@example.test": "receive: no"})
    for what, how in (("port 25", MX), ("587", SUBMISSION), ("465", SUBMISSIONS)):
        ask.case(f"2.2 T12 mailbox disabled, {what}", CAROL, "550 5.2.1 <A>: Recipient address rejected: mailbox is disabled", **how)
    t.matches(lmtp(mail, CAROL), r"^550 5\.2\.1 ", "2.2 T12 mailbox disabled, LMTP")
    ask.files({"mailboxes/carol@example.test": "quota: 1K"})
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail(ANN), client.rcpt(CAROL)
        code, text = client.data("Subject: too much\n\n" + "x" * 2000 + "\n")
    t.matches(f"{code} {text.decode()}", r"^552 5\.2\.2 .*Mailbox is full", "2.2 S-34 mailbox full, at delivery")
    key = re.search(r"mailbox (\S+): ", ask.whatif(ANN, CAROL))
    t.ok(wait_for(lambda: lmtp(mail, CAROL).startswith("552")), "2.2 S-34 ... and from then on at RCPT", key)
    for what, how in (("port 25", MX), ("587", SUBMISSION), ("465", SUBMISSIONS)):
        ask.case(f"2.2 S-34 mailbox full, {what}", CAROL, "552 5.2.2 <A>: Recipient address rejected: Mailbox is full", **how)
    ask.files({"mailboxes/carol@example.test": None, "addresses/staff@example.test": None})


def senders(ask):
    mail, t = ask.mail, ask.t
    off = f"554 5.7.1 <{CAROL}>: Sender address rejected: sending is disabled"
    ask.files({"mailboxes/carol@example.test": "submit: no"})
    for what, how in (("port 25", MX), ("587", LOGIN), ("465", dict(login="bob", port=465))):
        ask.case(f"2.2 P-08 P-19 sending disabled by policy, {what}", ALICE, off, **dict(how, sender=CAROL))
    said = sendmail(mail, ["EHLO x", f"MAIL FROM:<{CAROL}>", f"RCPT TO:<{ALICE}>", "QUIT"])
    t.ok(off in said, "2.2 P-19 sending disabled by policy, sendmail -bs", said)
    ask.files({"mailboxes/carol@example.test": None, "enforcesender": "yes"})
    for port in (587, 465):
        ask.case(f"2.2 N-101 sender not owned by login, {port}", JOE, f"553 5.7.1 <{ALICE}>: Sender address rejected: not owned by user {BOB}", sender=ALICE, login="bob", port=port)
    ask.files({"enforcesender": None, "block": "sender spam.example"})
    ask.case("2.2 spam: 554 5.7.1, of a block rule", ALICE, "554 5.7.1 <x@spam.example>: Sender domain rejected", sender="x@spam.example", **MX)
    ask.files({"block": None})


def passwords(ask):
    mail, t, wrong = ask.mail, ask.t, base64.b64encode(b"\0bob@example.test\0wrong").decode()
    for port in (587, 465):
        with ask.open(port=port) as client:
            t.is_(client.docmd("AUTH", "PLAIN " + wrong), (535, b"5.7.8 Error: authentication failed"), f"2.2 N-116 bad password, {port}")
            client.docmd("AUTH", "LOGIN"), client.docmd(base64.b64encode(b"nobody@example.test").decode())
            t.is_(client.docmd("eA=="), (535, b"5.7.8 Error: authentication failed"), f"2.2 N-116 ... of nobody, by LOGIN")
    with mail.connect(993) as plain, ssl._create_unverified_context().wrap_socket(plain) as client:
        client.recv(1000)
        client.sendall(b"a LOGIN bob@example.test wrong\r\n")
        t.matches(client.recv(1000).decode(), r"^a NO \[AUTHENTICATIONFAILED\] ", "2.2 N-116 bad password, IMAP")
        client.sendall(b"b AUTHENTICATE PLAIN " + wrong.encode() + b"\r\n")
        t.matches(client.recv(1000).decode(), r"^b NO \[AUTHENTICATIONFAILED\] ", "2.2 N-116 ... by AUTHENTICATE")
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.ehlo("x")
        t.ok("auth" not in client.esmtp_features, "2.2 N-111 before TLS AUTH is not offered", client.esmtp_features)
        code, text = client.docmd("AUTH", "PLAIN " + wrong)
        t.matches(f"{code} {text.decode()}", r"^538 5\.7\.11 ", "2.2 N-111 AUTH before TLS")
        t.is_(client.docmd("MAIL", f"FROM:<{BOB}>"), (530, b"5.7.0 Must issue a STARTTLS command first"), "2.2 P-31 mail before TLS")
    with ask.open(ip=FAR, tls=True) as client:
        t.ok("auth" not in client.esmtp_features, "2.2 N-114 port 25 offers no AUTH in TLS either", client.esmtp_features)


def limits(ask):
    mail, t = ask.mail, ask.t
    mail.control("greylist", "yes")
    for sender in (ANN, "eve@other.example"):
        t.matches(ask.smtp(sender, ALICE, ip=FAR), r"^450 4\.7\.1 <alice@example\.test>: greylisted, try again in \d+ seconds$", "2.2 S-28 greylisted")
    mail.control("greylist", None)
    same_day()
    for line, what in (("client recipients 1 per day", "recipients"), ("client messages 1 per day", "messages")):
        mail.control("ratelimit", line)
        ip = {"recipients": "127.0.49.210", "messages": "127.0.49.211"}[what]
        ask.send(ANN, ALICE, "counted", ip=ip)
        for _ in range(2):  # however often: never 5xx
            with ask.open(ip=ip) as client:
                said = [f"{code} {text.decode()}" for code, text in (client.mail(ANN), client.rcpt(ALICE)) if code // 100 != 2]
            t.ok(said and re.fullmatch(rf"450 4\.7\.1 <?{ip}>?: limit of 1 {what} per day reached, try again in \d+ seconds", said[0]), f"2.2 L-10 rate limit of {what}: the limit, and when it ends", said)
    mail.control("ratelimit", "login recipients 1 per day")
    ask.send(BOB, ALICE, "counted", **LOGIN)
    t.matches(ask.smtp(BOB, ALICE, **LOGIN), r"^450 4\.7\.1 <bob@example\.test>: limit of 1 recipients per day reached, try again in \d+ seconds$", "2.2 L-10 rate limit of a login")
    mail.control("ratelimit", None)


def sizes(ask):
    mail, t = ask.mail, ask.t
    mail.control("databytes", "1000")
    for port, how in ((25, dict(ip=FAR)), (587, dict(login="bob")), (465, dict(login="bob"))):
        with ask.open(port=port, **how) as client:
            t.is_(client.mail(BOB if port != 25 else ANN, ["SIZE=1001"]), (552, b"5.3.4 Message too big"), f"2.2 W-29 message too big, by SIZE, {port}")
            client.mail(BOB if port != 25 else ANN), client.rcpt(ALICE)
            t.is_(client.data("Subject: x\n\n" + "x" * 990 + "\n"), (552, b"5.3.4 Message too big"), f"2.2 W-29 ... at the end of DATA, {port}")
    with ask.open(ip=FAR) as client:
        client.mail(ANN), client.rcpt(ALICE)
        client.send(b"BDAT 1001 LAST\r\n" + b"x" * 1001)
        t.is_(client.getreply(), (552, b"5.3.4 Message too big"), "2.2 W-29 ... at BDAT")
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        t.is_(client.mail(ANN, ["SIZE=1001"]), (552, b"5.3.4 Message too big"), "2.2 W-29 ... by LMTP")
    mail.control("databytes", None)


with Postroom(49) as mail, Tap() as t:
    mail.add_account(CAROL, "carols-password")
    ask = Policy(mail, t)
    for part in (banner, accepted, recipients, senders, passwords, limits, sizes):
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            print("# " + part.__name__)
            part(ask)
