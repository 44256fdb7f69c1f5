#!/usr/bin/python3
# smtp: mail comes in on 25, 587 and 465, by swaks, curl and Python's smtplib; each refusal of requirements 2.2 that
# this stage knows has its exact words. (W-22, W-23, N-20, N-111, N-114, N-116, N-117, P-05, P-19, P-23, P-31, P-34, P-35)
import imaplib, os, re, smtplib, ssl, subprocess, sys, time
from email.mime.text import MIMEText

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for


def swaks(mail, port, *words):
    """The dialogue that swaks shows."""
    return mail.run("swaks", "--server", mail.address, "--port", str(mail.port(port)), "--helo", "client.example",
                    "--timeout", "60", *words)


def login(mail, user, mechanism="PLAIN"):
    return ["--auth", mechanism, "--auth-user", f"{user}@example.test", "--auth-password", mail.password(user)]


def edit_account(mail, user, line):
    """One more line in a user's LDIF; the last one wins nothing, so an old one of that name goes."""
    path = f"{mail.home}/directory/{user}@example.test.ldif"
    name = line.split(":")[0]
    with open(path) as file:
        kept = [old for old in file.read().rstrip("\n").split("\n") if not old.startswith(name + ":")]
    with open(path + ".new", "w") as file:
        file.write("\n".join(kept + [line]) + "\n")
    os.chmod(path + ".new", 0o640)
    subprocess.run(["chown", "root:mail-tables", path + ".new"], check=True)
    os.rename(path + ".new", path)
    said = mail.run("tables-build")
    if mail.code:
        print("# tables-build: " + said)


def outside(mail, t):
    said = swaks(mail, 25, "--from", "ann@outside.example", "--to", "bob@example.test", "--header", "Subject: from outside")
    me = open(f"{mail.home}/control/me").read().strip()
    t.matches(said, rf"<-  220 {re.escape(me)} ESMTP\n", "P-23 the banner is: 220 ME ESMTP")
    t.matches(said, r"250 2\.0\.0 Ok: queued as \w+\n", "W-01 N-110 P-34 a message from outside: 250 2.0.0 Ok: queued as ID")
    t.ok(mail.mail_with("bob", "Subject: from outside"), "P-35 it lies in bob's Maildir")
    queued = re.search(r"queued as (\w+)", said)[1]
    for service in ("smtp-mx", "queue-add", "send-schedule", "mailbox-spawn"):
        t.ok(wait_for(lambda: queued in mail.log(service)), f"its id is in the log of {service}", mail.log(service)[-2000:])
    t.ok(not re.search(r"250[- ]AUTH", said), "N-111 N-114 no AUTH on port 25", said)
    said = swaks(mail, 25, "--tls", "--from", "ann@outside.example", "--to", "bob@example.test", "--header", "Subject: with TLS")
    t.matches(said, r"TLS started with cipher.*queued as", "STARTTLS on port 25")
    t.ok(not re.search(r"250[- ]AUTH", said), "N-114 no AUTH on port 25 in TLS either", said)
    found = mail.mail_with("bob", "Subject: with TLS")
    t.ok(found and b"Received: from client.example" in found[0] and b"ESMTPS" in found[0], "the Received line says ESMTPS", found)
    t.ok(found and found[0].startswith(b"Return-Path: <ann@outside.example>"), "Return-Path is the sender", found)
    said = swaks(mail, 25, "--from", "<>", "--to", "bob@example.test", "--header", "Subject: null sender")
    t.matches(said, "queued as", "the null sender is welcome")
    said = swaks(mail, 25, "--from", "ann@outside.example", "--to", "BOB@Example.TEST", "--quit-after", "RCPT")
    t.matches(said, r"-> RCPT TO.*\n<-  250 ", "S-41 N-43 addresses compare without case")
    for postmaster in ("postmaster", "Postmaster@Example.test"):
        said = swaks(mail, 25, "--from", "ann@outside.example", "--to", postmaster, "--header", f"Subject: to {postmaster}")
        t.matches(said, "queued as", f"RFC 5321 4.5.1: there is a <{postmaster}>")
        t.ok(mail.mail_with("alice", f"Subject: to {postmaster}"), "who is alice here (control/doublebounceto)")
    said = swaks(mail, 25, "--from", "ann@outside.example", "--to", "nobody@example.test")
    t.matches(said, r"550 5\.1\.1 <nobody@example\.test>: Recipient address rejected: User unknown", "N-20 unknown user")
    said = swaks(mail, 25, "--from", "ann@outside.example", "--to", "eve@elsewhere.example")
    t.matches(said, r"554 5\.7\.1 <eve@elsewhere\.example>: Relay access denied", "N-117 relay denied")
    said = swaks(mail, 25, "--from", "alice@example.test", "--to", "eve@elsewhere.example", *login(mail, "alice"))
    t.matches(said, r"no authentication|not.*advertised|Host did not advertise", "N-114 swaks finds no AUTH on 25")


def relay_forms(mail, t):
    me = open(f"{mail.home}/control/me").read().strip()
    forms = ["eve%elsewhere.example@example.test", "elsewhere.example!eve@example.test", '"eve@elsewhere.example"@example.test',
             "@example.test:eve@elsewhere.example", "eve@[127.0.0.1]", "eve@elsewhere.example@example.test", "eve@", "@",
             f"eve%elsewhere.example@{me}", f"eve@[{mail.address}]", "eve", '"eve@elsewhere.example"', "elsewhere.example!eve"]
    for form in forms:
        client = smtplib.SMTP(mail.address, mail.port(25), timeout=300)
        client.ehlo("client.example")
        client.docmd("MAIL FROM:<ann@outside.example>")
        code, text = client.docmd(f"RCPT TO:<{form}>")
        t.ok(500 <= code < 600, f"check 13: no relay for <{form}>", code, text)
        client.close()


def submission(mail, t):
    said = swaks(mail, 587, "--from", "alice@example.test", "--to", "bob@example.test", "--quit-after", "MAIL")
    t.matches(said, r"530 5\.7\.0 Must issue a STARTTLS command first", "587 before TLS: 530")
    t.ok(not re.search(r"250[- ]AUTH", said), "S-38 N-111 AUTH is not offered before TLS", said)
    client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.ehlo()
    t.is_(client.docmd("AUTH PLAIN AGFAYgBj")[0], 538, "AUTH before TLS: 538 5.7.11")
    client.close()
    said = swaks(mail, 587, "--tls", "--from", "alice@example.test", "--to", "bob@example.test")
    t.matches(said, r"~> MAIL[^\n]*\n<~\* 530 5\.7\.0", "P-31 nobody sends on 587 without AUTH, not even to a local user")
    for mechanism in ("PLAIN", "LOGIN"):
        said = swaks(mail, 587, "--tls", *login(mail, "alice", mechanism), "--from", "alice@example.test", "--to", "bob@example.test",
                     "--header", f"Subject: by {mechanism}")
        t.matches(said, r"235 2\.7\.0.*queued as \w+", f"W-01 N-110 N-112 P-32 AUTH {mechanism} on 587")
        t.ok(mail.mail_with("bob", f"Subject: by {mechanism}"), "it arrives")
    said = swaks(mail, 465, "--tls-on-connect", *login(mail, "alice"), "--from", "alice@example.test", "--to", "bob@example.test",
                 "--header", "Subject: by 465")
    t.matches(said, r"queued as \w+", "N-113 port 465, TLS from the start")
    found = mail.mail_with("bob", "Subject: by 465")
    t.ok(found and b"ESMTPSA" in found[0], "its Received line says ESMTPSA", found)
    said = swaks(mail, 587, "--tls", "--auth", "PLAIN", "--auth-user", "alice@example.test", "--auth-password", "wrong",
                 "--to", "bob@example.test", "--quit-after", "AUTH")
    t.matches(said, r"535 5\.7\.8 Error: authentication failed", "N-116 a bad password")
    said = swaks(mail, 587, "--tls", "--auth", "LOGIN", "--auth-user", "nobody@example.test", "--auth-password", "wrong",
                 "--to", "bob@example.test", "--quit-after", "AUTH")
    t.matches(said, r"535 5\.7\.8 Error: authentication failed", "N-116 an unknown user gets the same words")
    said = swaks(mail, 587, "--tls", *login(mail, "alice"), "--from", "alice@example.test", "--to", "nobody@example.test")
    t.matches(said, r"550 5\.1\.1 <nobody@example\.test>: Recipient address rejected: User unknown", "an unknown local user at submission")


def policy(mail, t):
    mail.control("databytes", "10000")
    said = swaks(mail, 25, "--from", "ann@outside.example", "--to", "bob@example.test", "--quit-after", "EHLO")
    t.matches(said, r"250[- ]SIZE 10000", "SIZE is control/databytes, without a restart")
    client = smtplib.SMTP(mail.address, mail.port(25), timeout=300)
    client.ehlo()
    code, text = client.docmd("MAIL FROM:<a@b.example> SIZE=10001")
    t.ok(code == 552 and text.startswith(b"5.3.4"), "W-29 check 7: too big by SIZE=: 552 5.3.4 at MAIL", code, text)
    client.docmd("MAIL FROM:<a@b.example>")
    client.docmd("RCPT TO:<bob@example.test>")
    client.docmd("DATA")
    client.send(b"Subject: too big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 200 + b".\r\n")
    t.is_(client.getreply()[1][:5], b"5.3.4", "check 7: a body over databytes: 552 5.3.4 at the end")
    client.close()
    mail.control("databytes", None)

    mail.control("enforcesender", "yes")
    said = swaks(mail, 587, "--tls", *login(mail, "alice"), "--from", "bob@example.test", "--to", "bob@example.test", "--quit-after", "RCPT")
    t.matches(said, r"553 5\.7\.1 <bob@example\.test>: Sender address rejected: not owned by user alice@example\.test",
              "N-101 a sender that the login does not own")
    said = swaks(mail, 587, "--tls", *login(mail, "alice"), "--from", "Alice@Example.test", "--to", "bob@example.test", "--quit-after", "RCPT")
    t.matches(said, r"~> RCPT[^\n]*\n<~  250", "N-101 its own sender, in any case")
    mail.control("enforcesender", None)
    said = swaks(mail, 587, "--tls", *login(mail, "alice"), "--from", "bob@example.test", "--to", "bob@example.test", "--quit-after", "RCPT")
    t.matches(said, r"~> RCPT[^\n]*\n<~  250", "N-100 by default any sender may be used")


def live_changes(mail, t):
    """A change of the tables decides the next transaction in a session that is open already (T17, P-10)."""
    context = ssl.create_default_context(cafile=f"{mail.home}/tls/cert.pem")
    context.check_hostname = False
    client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.starttls(context=context)
    client.login("alice@example.test", mail.password("alice"))
    t.is_(client.mail("alice@example.test")[0] // 100 + client.rcpt("bob@example.test")[0], 252, "alice may send")
    client.rset()
    edit_account(mail, "alice", "mailSubmit: no")
    client.mail("alice@example.test")
    code, text = client.rcpt("bob@example.test")
    t.ok(code == 554 and text.startswith(b"5.7.1 <alice@example.test>: Sender address rejected:"),
         "P-08 P-10 P-19 sending is off at the next MAIL of the open session: 554 5.7.1", code, text)
    client.rset()
    edit_account(mail, "alice", "mailSubmit: yes")
    edit_account(mail, "bob", "mailReceive: no")
    client.mail("alice@example.test")
    code, text = client.rcpt("bob@example.test")
    t.ok(code == 550 and text.startswith(b"5.2.1"), "T12 N-27 a disabled mailbox: 550 5.2.1", code, text)
    edit_account(mail, "bob", "mailReceive: yes")
    client.rset()
    client.mail("alice@example.test")
    t.is_(client.rcpt("bob@example.test")[0], 250, "and back again")
    client.quit()


def snippets(mail, t):
    """W-22 and W-23, as a customer's page has them."""
    message = MIMEText("Hello Bob")
    message["Subject"], message["From"], message["To"] = "Python test", "alice@example.test", "bob@example.test"
    server = smtplib.SMTP(mail.address, mail.port(587))
    server.starttls()
    server.login("alice@example.test", mail.password("alice"))
    server.sendmail("alice@example.test", ["bob@example.test"], message.as_string())
    server.quit()
    t.ok(mail.mail_with("bob", "Subject: Python test"), "W-22 smtplib: 587, starttls, login, sendmail")
    context = ssl._create_unverified_context()
    box = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=context)
    box.login("bob@example.test", mail.password("bob"))
    box.select("INBOX")
    status, found = box.search(None, "ALL")
    t.ok(status == "OK" and len(found[0].split()) == len(mail.mail("bob")), "W-23 imaplib: IMAP4_SSL 993, login, select, search ALL", found)
    box.logout()
    with open(f"{mail.folder}/letter", "w") as file:
        file.write("Subject: by curl\n\nHello\n")
    with open(f"{mail.folder}/curlrc", "w") as file:
        file.write(f'user = "alice@example.test:{mail.password("alice")}"\n')
    said = mail.run("curl", "-sS", "-k", "--config", f"{mail.folder}/curlrc", "--url", f"smtps://{mail.address}:{mail.port(465)}", "--crlf",
                    "--mail-from", "alice@example.test", "--mail-rcpt", "bob@example.test", "--upload-file", f"{mail.folder}/letter")
    t.ok(mail.code == 0 and mail.mail_with("bob", "Subject: by curl"), "curl, smtps", said)


with Postroom(22) as mail, Tap() as t:
    outside(mail, t)
    relay_forms(mail, t)
    submission(mail, t)
    policy(mail, t)
    live_changes(mail, t)
    snippets(mail, t)
