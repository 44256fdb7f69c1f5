#!/usr/bin/python3
# retention: old spam goes out of Junk once a day (N-67), after the days of control/spamretention (N-95) or of the mailbox (N-31): sessions that
# have the folder open are told, the quota has room again, and what was moved into Junk counts from the move.
import glob, imaplib, os, re, smtplib, ssl, sys, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

DAY = 86400
SPAM = b"From: ann@outside.example\r\nX-Spam: Yes\r\nSubject: %s\r\n\r\n" + (b"z" * 76 + b"\r\n") * 770  # 60 K


def imap(mail, user):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    client.login(f"{user}@example.test", mail.password(user))
    return client


def lmtp(mail, to, subject):
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail("ann@outside.example")
        client.rcpt(to)
        return client.data(SPAM % subject)[0]


def age(box, days, words):
    """The messages of Junk with these words are made so many days older: their names and times."""
    for path in glob.glob(f"{box}/.Junk/cur/*") + glob.glob(f"{box}/.Junk/new/*"):
        with open(path, "rb") as file:
            if words not in file.read():
                continue
        folder, name = os.path.split(path)
        seconds, rest = name.split(".", 1)
        os.rename(path, f"{folder}/{int(seconds) - days * DAY}.{rest}")
        os.utime(f"{folder}/{int(seconds) - days * DAY}.{rest}", (time.time() - days * DAY,) * 2)


def subjects(client):
    found = client.search(None, "ALL")[1][0].split()
    return [re.search(rb"Subject: (\w+)", client.fetch(n, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1])[1].decode() for n in found]


def held(box):
    return sum(os.stat(path).st_size for part in ("new", "cur") for path in glob.glob(f"{box}/{part}/*") + glob.glob(f"{box}/.[!.]*/{part}/*"))


def told(box):
    with open(box + "/maildirsize") as file:
        return sum(int(line.split()[0]) for line in file.read().splitlines()[1:])


def daily(mail, t):
    t.matches(wait_for(lambda: "mail-expire: pass" in mail.log("mail-expire")) and mail.log("mail-expire"), 'pass removed="0 messages, .* whole=yes', "N-67 the service makes its first pass when it is new")
    said = open(f"{mail.home}/state/metrics/expire.prom").read()
    t.matches(said, r"(?m)^postroom_expire_messages_total 0$", "... node_exporter sees it")
    first = mail.pid("mail-expire")
    mail.restart("mail-expire")
    t.ok(mail.pid("mail-expire") != first and mail.log("mail-expire").count("mail-expire: pass") == 1, "... started again on the same day it waits")
    mail.stop("mail-expire")
    os.utime(f"{mail.home}/state/metrics/mail-expire/expire.prom", (time.time() - DAY - 60,) * 2)
    mail.start("mail-expire")
    t.ok(wait_for(lambda: mail.log("mail-expire").count("mail-expire: pass") == 2), "... a day later it makes the next one")


def seen(mail, t, box):
    """One session has Junk open while its spam goes."""
    client = imap(mail, "alice")
    for subject in (b"old", b"young", b"moved", b"read"):
        client.append("INBOX" if subject == b"moved" else "Junk", None, imaplib.Time2Internaldate(time.time() - 300 * DAY), SPAM % subject)
    client.append("Junk", None, None, b"Subject: ham\r\nX-Spam: NO\r\n\r\nX-Spam: YES\r\n")
    client.select("Junk")
    client.store("3", "+FLAGS", "\\Seen")
    for words in (b"Subject: old", b"Subject: read", b"Subject: ham"):
        age(box, 16, words)
    other = imap(mail, "alice")
    other.select("INBOX")
    other._simple_command("MOVE", "1:*", "Junk")
    client.noop()
    t.is_(sorted(subjects(client)), ["ham", "moved", "old", "read", "young"], "before: all are there")
    before = dict(zip(subjects(client), client.uid("search", None, "ALL")[1][0].split()))
    client.response("EXPUNGE")
    said = mail.run("mail-expire", "once", "--dry-run")
    t.matches(said, r"(?m)^alice@example.test 2 \d+$", "N-67 --dry-run, as the operator")
    said = mail.run("mail-expire", "once")
    t.matches(said, r"(?m)^alice@example.test 2 \d+\n2 messages, .* 0 failed$", "N-67 two are old spam")
    gone = []
    wait_for(lambda: (client.noop(), gone.extend(n for n in client.response("EXPUNGE")[1] if n)) and len(gone) >= 2)
    t.is_(len(gone), 2, "... the open session is told: EXPUNGE")
    t.is_(sorted(subjects(client)), ["ham", "moved", "young"], "N-67 old ones with X-Spam: Yes are gone, also read ones; what was moved there today is not")
    after = dict(zip(subjects(client), client.uid("search", None, "ALL")[1][0].split()))
    t.is_(after, {s: before[s] for s in after}, "... the others keep their uids")
    t.is_(client.append("Junk", None, None, SPAM % b"next")[0], "OK", "... and the folder goes on")
    client.noop()
    uids = client.uid("search", None, "ALL")[1][0].split()
    t.ok(int(uids[-1]) > max(map(int, before.values())), "... with a uid that was never given", uids)
    mail.control("mailboxes/alice@example.test", "spamretention: 3\n")
    mail.run("tables-build")
    age(box, 4, b"Subject: next")
    mail.run("mail-expire", "once")
    client.noop()
    t.is_(sorted(subjects(client)), ["ham", "moved", "young"], "N-31 the mailbox's own days")
    mail.control("spamretention", "1\n")
    age(box, 2, b"Subject: young")
    mail.run("mail-expire", "once")
    client.noop()
    t.is_(sorted(subjects(client)), ["ham", "moved", "young"], "N-31 ... hold against control/spamretention")
    mail.control("mailboxes/alice@example.test", None)
    mail.run("tables-build")
    mail.run("mail-expire", "once")
    client.noop()
    t.is_(sorted(subjects(client)), ["ham", "moved"], "N-95 which holds for all others")
    mail.control("spamretention", None)
    client.logout(), other.logout()


def quota(mail, t, box):
    mail.control("defaultquotasize", "200K")
    while lmtp(mail, "alice@example.test", b"fill") == 250:
        pass
    full = lambda: [n for n in os.listdir(f"{mail.home}/state/full") if not n.startswith(".")]
    t.ok(wait_for(full), "the mailbox is full")
    client = imap(mail, "alice")
    client.select("INBOX")
    client._simple_command("MOVE", "1:*", "Junk")
    age(box, 16, b"Subject: fill")
    t.matches(mail.run("mail-expire", "once"), r"(?m)^alice@example.test \d+ \d+$", "N-67 it is full of old spam")
    t.is_(told(box), held(box), "N-67 maildirsize has what is there now")
    t.ok(wait_for(lambda: not full()), "... and those who take mail in know that there is room")
    t.is_(lmtp(mail, "alice@example.test", b"fits"), 250, "... so it is")
    client.logout()


def main():
    with Tap() as t, Postroom(8) as mail:
        box = f"{mail.home}/mail/example.test/alice"
        daily(mail, t)
        seen(mail, t, box)
        quota(mail, t, box)


main()
