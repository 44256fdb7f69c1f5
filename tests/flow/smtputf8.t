#!/usr/bin/python3
# smtputf8: addresses that are not ASCII, end to end: made by mailadm, written to from port 25 and from a login, delivered, read by
# IMAP; a domain by its U-label and its A-label. And the internal port, off until it is switched on: a login without TLS, from this
# host. (N-119, S-39, N-43, N-115, W-01)
import base64, glob, imaplib, os, smtplib, ssl, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for


def greeted(client, sender, *recipients, subject, options=("SMTPUTF8",)):
    """A message by an open session: the codes of MAIL, each RCPT and DATA."""
    client.command_encoding = "utf-8"
    codes = [client.mail(sender, list(options))[0]] + [client.rcpt(r)[0] for r in recipients]
    codes.append(client.data(f"From: <{sender}>\r\nSubject: {subject}\r\n\r\nGrüße\r\n".encode())[0])
    return codes


with Postroom(32) as mail, Tap() as t:
    said = mail.run("mailadm", "add", "domain", "bücher.example")
    t.is_((mail.code, os.listdir(f"{mail.home}/control/domains").count("xn--bcher-kva.example") +
           os.listdir(f"{mail.home}/control/domains").count("bücher.example")), (0, 1), f"S-39 mailadm adds a domain by its U-label")
    said = mail.run("mailadm", "add", "account", "Jörg@bücher.example", input="geheim1234\n")
    t.is_(mail.code, 0, f"S-39 ... and an account with a name in UTF-8")
    said = mail.run("mailadm", "add", "account", "jÖRG@xn--bcher-kva.example", input="geheim1234\n")
    t.ok(mail.code and "exists already" in said, "N-43 the same address in another form is there already", said)

    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as client:
        client.ehlo("client.example")
        t.ok(client.has_extn("smtputf8"), "N-119 SMTPUTF8 is offered")
        t.is_(greeted(client, "änn@größe.example", "JÖRG@BÜCHER.example", "bob@example.test", subject="by the U-label"), [250, 250, 250, 250], "W-01 S-39 mail on port 25 from and to UTF-8")
        t.is_(greeted(client, "ann@far.example", "jörg@xn--bcher-kva.example", subject="by the A-label"), [250, 250, 250], "S-39 the same domain by its A-label")
    files = f"{mail.home}/mail/xn--bcher-kva.example/*/new/*"
    mailbox = wait_for(lambda: sorted(glob.glob(files)) if len(glob.glob(files)) == 2 else [])
    t.is_((len(mailbox), len({os.path.dirname(m) for m in mailbox})), (2, 1), "N-119 both are delivered, to one mailbox")
    contents = [open(m, "rb").read() for m in mailbox]
    t.ok(any("Return-Path: <änn@größe.example>".encode() in c for c in contents) and all("Grüße".encode() in c for c in contents), "... with the sender as it was given", contents)
    t.ok(mail.mail_with("bob", "by the U-label"), "S-39 the others get theirs")

    imap = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    who = "\0JÖRG@Bücher.example\0geheim1234".encode()
    imap.authenticate("PLAIN", lambda _: who)
    imap.select("INBOX")
    t.is_(imap.search(None, "SUBJECT", '"label"')[1][0].split(), [b"1", b"2"], "S-39 N-43 the user logs in by the address, in another case, and reads both")
    imap.logout()

    client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.starttls(context=ssl._create_unverified_context())
    client.ehlo()
    t.is_(client.docmd("AUTH", "PLAIN " + base64.b64encode(who).decode())[0], 235, "S-39 a login on the submission port by the address")
    t.is_(greeted(client, "jörg@bücher.example", "alice@example.test", subject="submitted"), [250, 250, 250], "W-01 S-39 submitted on 587, from UTF-8")
    client.quit()
    t.ok(any("jörg@bücher.example".encode() in m for m in mail.mail_with("alice", "submitted")), "... and delivered")

    t.ok(os.path.exists(f"{mail.home}/service/smtp-internal/down"), "N-115 the internal port is off")
    mail.switch_on("smtp-internal")
    with smtplib.SMTP(mail.address, mail.port(10587), timeout=300) as client:
        client.ehlo()
        t.is_(client.mail("bob@example.test")[0], 530, "N-115 switched on: 10587 needs a login")
        client.rset()
        t.is_(client.login("bob@example.test", mail.password("bob"))[0], 235, "N-115 which needs no TLS from this host")
        client.sendmail("bob@example.test", ["alice@example.test"], "Subject: internal\r\n\r\nx\r\n")
    t.ok(mail.mail_with("alice", "Subject: internal"), "N-115 and mail goes")
