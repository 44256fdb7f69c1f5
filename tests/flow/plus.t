#!/usr/bin/python3
# plus: user+detail@domain goes to the user's folder of that name, whatever its case; control/plusfolders says whether one is made
# for it. A stranger chooses the detail, and reaches nothing but folders of that mailbox. (N-44)
import glob, imaplib, os, smtplib, ssl, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for


def give(mail, detail, subject):
    """By LMTP, for bob+detail: the answer."""
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail("ann@outside.example")
        code, text = client.rcpt(f"bob+{detail}@example.test")
        if code == 250:
            code, text = client.data(f"Subject: {subject}\r\n\r\nx\r\n")
    return code


def where(box, subject):
    """The folders that have the message."""
    found = []
    for path in glob.glob(box + "/new/*") + glob.glob(box + "/cur/*") + glob.glob(box + "/.[!.]*/new/*") + glob.glob(box + "/.[!.]*/cur/*"):
        with open(path, "rb") as file:
            if b"Subject: %s\n" % subject.encode() in file.read():
                found.append(os.path.dirname(os.path.dirname(path))[len(box) + 1:] or "INBOX")
    return found


def goes(mail, t, box, detail, folder, what):
    goes.count += 1
    subject = f"number {goes.count}"
    code = give(mail, detail, subject)
    t.is_((code, where(box, subject)), (250, [folder]), f"N-44 {what}")


goes.count = 0


def imap(mail):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    client.login("bob@example.test", mail.password("bob"))
    return client


def folders(client, command="list"):
    return sorted(line.decode().split(' "/" ')[1].strip('"') for line in getattr(client, command)()[1] if line)


with Postroom(39) as mail, Tap() as t:
    box = f"{mail.home}/mail/example.test/bob"
    client = imap(mail)
    goes(mail, t, box, "work", "INBOX", "there is no such folder: INBOX")
    for name in ("Work", "Lists/Foo", "Gr&APwA3w-e", "a.b"):
        client.create(name)
    goes(mail, t, box, "Work", ".Work", "to the folder of that name")
    goes(mail, t, box, "wORK", ".Work", "... in any case")
    goes(mail, t, box, "lists/foo", ".Lists.Foo", "a / is between levels")
    goes(mail, t, box, "a.b", ".a\\2eb", "a dot is a dot of the name")
    goes(mail, t, box, "lists", "INBOX", "a level without a folder is none")
    goes(mail, t, box, "junk", ".Junk", "folders that everybody has")
    client.select("Work", readonly=True)
    t.is_(client.search(None, "SUBJECT", '"number 2"')[1], [b"1"], "N-44 ... IMAP shows it there")

    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", ["bob+work@example.test", "alice+none@example.test"], "Subject: by SMTP\r\n\r\nx\r\n")
    t.ok(wait_for(lambda: where(box, "by SMTP")) == [".Work"], "N-44 by SMTP and the queue too")
    t.ok(mail.mail_with("alice", "Subject: by SMTP"), "... each in their own mailbox")
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.ehlo("client.example")
        if smtp.has_extn("smtputf8"):
            smtp.mail("ann@outside.example", ["SMTPUTF8"])
            smtp.command_encoding = "utf-8"
            smtp.rcpt("bob+GRÜSSE@example.test")
            smtp.data("Subject: by UTF-8\r\n\r\nx\r\n")
            t.is_(wait_for(lambda: where(box, "by UTF-8")), [".Gr&APwA3w-e"], "N-44 a name in UTF-8, in another case")

    before = sorted(os.listdir(f"{mail.home}/mail/example.test") + os.listdir(box))
    hard = ["..", ".", "../alice", "a/../../alice", "/etc", "work/", "work//x", "inbox", "INBOX", "new", "cur", "x" * 200, "&", "%25", "a*", "-", "\\2e"]
    for mode in (None, "create"):
        mail.control("plusfolders", mode)
        for detail in [d for d in hard if mode is None or d not in ("new", "cur", "&", "-", "x" * 200)]:
            goes.count += 1
            code = give(mail, detail, f"hard {goes.count}")
            found = where(box, f"hard {goes.count}")
            t.ok((code == 250 and len(found) == 1) or (code in (501, 553) and not found), f"N-44 the detail {detail[:20]!r} is harmless ({mode or 'existing'})", code, found)
        if mode is None:
            t.is_(sorted(os.listdir(f"{mail.home}/mail/example.test") + os.listdir(box)), before, "... nothing was made")
    t.is_(sorted(os.listdir(f"{mail.home}/mail/example.test")), ["alice", "bob"], "... nothing outside")

    goes(mail, t, box, "brand/new", ".brand.new", "control/plusfolders: create makes it")
    t.ok("brand/new" in folders(client) and "brand/new" in folders(client, "lsub"), "... it is listed, and subscribed to", folders(client, "lsub"))
    goes(mail, t, box, "BRAND/new", ".brand.new", "... once, whatever the case")
    t.is_((oct(os.stat(box + "/.brand.new").st_mode)[-4:], os.stat(box + "/.brand.new").st_uid), ("0700", os.stat(box).st_uid), "... of the mailbox's uid, 0700")
    os.symlink("../alice", box + "/.link")
    goes(mail, t, box, "link", "INBOX", "a link is no folder, and no folder is made in its place")
    os.unlink(box + "/.link")
    mail.control("plusfolders", "off")
    goes(mail, t, box, "work", "INBOX", "control/plusfolders: off")
    client.logout()
