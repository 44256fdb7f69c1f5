#!/usr/bin/python3
# quota: a mailbox takes so much and no more. What does not fit is refused by delivery (552 5.2.2), by APPEND and COPY ([OVERQUOTA]) and,
# once it is known, at RCPT; what is deleted makes room at once. maildirsize is as Courier and Dovecot keep it. (N-30, N-92, S-34, W-30)
import fcntl, glob, grp, imaplib, os, platform, re, smtplib, socket, ssl, sys, time

sys.path.insert(0, "tests/flow")
from inside import Inside
from postroom import Postroom, Tap, wait_for

QUOTA = 200 * 1024
SENDTO = 44
PIECE = "From: ann@outside.example\r\nSubject: %s\r\n\r\n" + ("z" * 76 + "\r\n") * 770  # 60 K


def lmtp(mail, to, subject):
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail("ann@outside.example")
        client.rcpt(to)
        code, text = client.data(PIECE % subject)
    return f"{code} {text.decode()}"


def rcpt(mail, to):
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as client:
        client.ehlo("client.example")
        client.mail("ann@outside.example")
        code, text = client.rcpt(to)
    return f"{code} {text.decode()}"


def held(box):
    """Bytes and messages in all folders, by looking."""
    files = [os.stat(path).st_size for part in ("new", "cur") for path in glob.glob(f"{box}/{part}/*") + glob.glob(f"{box}/.[!.]*/{part}/*")]
    return sum(files), len(files)


def told(box):
    """What maildirsize says, and its first line."""
    with open(box + "/maildirsize") as file:
        first, *lines = file.read().splitlines()
    sums = [[int(n) for n in line.split()] for line in lines]
    return (sum(s[0] for s in sums), sum(s[1] for s in sums)), first


def imap(mail, user):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    client.login(f"{user}@example.test", mail.password(user))
    return client


def flags(mail):
    return [name for name in os.listdir(f"{mail.home}/state/full") if not name.startswith(".")]


def said(answer):
    return f"{answer[0]} {answer[1][0].decode()}"


def delete_one(client):
    client.select("INBOX")
    client.store("1", "+FLAGS.SILENT", "\\Deleted")
    return client.expunge()[0]


def fills(mail, t, box):
    first = len(mail.mail("alice"))
    t.ok(not os.path.exists(box + "/maildirsize"), "W-30 without a quota nothing is counted")
    mail.control("defaultquotasize", "200K")
    answers = [lmtp(mail, "alice@example.test", f"piece {i}") for i in range(4)]
    t.is_([a[:9] for a in answers], ["250 2.0.0"] * 3 + ["552 5.2.2"], "N-30 N-92 what fits is delivered, what does not is refused")
    t.matches(answers[3], "^552 5.2.2 .*Mailbox is full", "S-34 ... in these words")
    t.is_(len(mail.mail("alice")), first + 3, "... and is not in the mailbox")
    sums, line = told(box)
    t.is_((sums, line), (held(box), f"{QUOTA}S"), "maildirsize: the quota, and what is there")
    t.matches(mail.run("mailadm", "list", "quotas"), f"(?m)^alice@example.test {sums[0]} {QUOTA} {sums[0] * 100 // QUOTA}%$", "N-93 mailadm shows what is used")
    t.ok(wait_for(lambda: flags(mail)), "S-34 state/full has the mailbox")
    t.matches(rcpt(mail, "alice@example.test"), "^552 5.2.2 .*Mailbox is full", "S-34 from now on 552 5.2.2 at RCPT")
    t.matches(rcpt(mail, "bob@example.test"), "^250", "... only there")
    t.matches(rcpt(mail, "nobody@example.test"), "^550 5.1.1", "... and unknown users stay unknown")
    mail.control("quotafull", "defer")
    key = flags(mail)[0]
    os.unlink(f"{mail.home}/state/full/{key}")
    t.matches(lmtp(mail, "alice@example.test", "later"), "^452 4.2.2 .*Mailbox is full", "control/quotafull: defer")
    t.ok(wait_for(lambda: os.path.exists(f"{mail.home}/state/full/{key}")), "... it is noted again")
    mail.control("quotafull", None)
    return key


def sessions(mail, t, box, key):
    flag = f"{mail.home}/state/full/{key}"
    client = imap(mail, "alice")
    piece = (PIECE % "appended").encode()
    t.matches(said(client.append("INBOX", None, None, piece)), r"^NO \[OVERQUOTA\]", "N-30 APPEND to a full mailbox: NO [OVERQUOTA]")
    client.select("INBOX")
    t.matches(said(client.copy("1:3", "Sent")), r"^NO \[OVERQUOTA\]", "... COPY too")
    t.ok(os.path.exists(flag), "it is still full")
    t.is_((delete_one(client), wait_for(lambda: not os.path.exists(flag))), ("OK", True), "S-34 what is expunged makes room at once")
    t.is_(told(box)[0], held(box), "... maildirsize knows")
    t.matches(mail.run("mailadm", "list", "quotas"), f"(?m)^alice@example.test {held(box)[0]} {QUOTA} ", "N-93 ... so does mailadm")
    t.matches(rcpt(mail, "alice@example.test"), "^250", "... RCPT is 250 again")
    t.matches(said(client.append("Sent", None, None, piece)), "^OK", "APPEND fits")
    t.is_(told(box)[0], held(box), "... and is counted")
    t.matches(said(client.append("Sent", None, None, piece)), r"^NO \[OVERQUOTA\]", "the next one does not")
    client.select("Sent")
    client._simple_command("MOVE", "1", "Trash")
    t.is_((told(box)[0], len(glob.glob(box + "/.Trash/*/*"))), (held(box), 1), "MOVE within a full mailbox works and changes nothing")
    t.is_(delete_one(client), "OK", "EXPUNGE")
    client.create("Old")
    client.select("INBOX")
    t.matches(said(client.copy("1", "Old")), "^OK", "COPY that fits")
    t.is_(told(box)[0], held(box), "... is counted")
    client.delete("Old")
    t.is_((told(box)[0], os.path.exists(box + "/.Old")), (held(box), False), "DELETE of a folder: what it held is free")
    return client


def damaged(mail, t, box, client):
    for content, what in ((None, "removed"), ("200S\n5 1\n", "for another quota"), ("204800S\n1 1\n-9999 -1\n", "wrong"), ("204800S\n" + "0 0\n" * 2000, "long"),
                          ("\0\0\0\0\0\0\0\0\0\0", "damaged")):
        if content is None:
            os.unlink(box + "/maildirsize")
        else:
            with open(box + "/maildirsize", "w") as file:
                file.write(content)
        client.append("Drafts", None, None, b"Subject: small\r\n\r\nx\r\n")
        t.is_((told(box)[0], told(box)[1]), (held(box), f"{QUOTA}S"), f"a maildirsize that is {what} is made anew")
    os.utime(box + "/maildirsize", (0, 0))
    with open(box + "/.Drafts/new/1.x.other", "w") as file:
        file.write("from another program")
    client.append("Drafts", None, None, b"Subject: small\r\n\r\nx\r\n")
    t.is_(told(box)[0], held(box), "an old one too: another program may have been there")


def raised(mail, t, box, key):
    flag = f"{mail.home}/state/full/{key}"
    while lmtp(mail, "alice@example.test", "more").startswith("250"):
        pass
    t.ok(wait_for(lambda: os.path.exists(flag)), "full again")
    mail.control("defaultquotasize", "0")
    t.ok(wait_for(lambda: lmtp(mail, "bob@example.test", "anything") and not os.path.exists(flag)), "another quota: the mailbox is not full any more")
    t.matches(lmtp(mail, "alice@example.test", "at last"), "^250", "W-30 0 is no limit")
    t.ok(not os.path.exists(f"{mail.home}/mail/example.test/bob/maildirsize"), "... and nothing is counted")


def locked(mail, t, box):
    """Whoever has the mailbox's uid may hold what guards maildirsize for ever: nobody waits for him."""
    mail.control("defaultquotasize", "100M")
    held_by_owner = os.open(box, os.O_RDONLY)
    fcntl.flock(held_by_owner, fcntl.LOCK_EX)
    begin = time.monotonic()
    t.matches(lmtp(mail, "alice@example.test", "locked"), "^250", "check 32: a mailbox whose owner holds its lock is delivered to")
    t.ok(time.monotonic() - begin < 60, "... soon", time.monotonic() - begin)
    os.close(held_by_owner)
    mail.control("defaultquotasize", "0")


def own(mail, t):
    """A mailbox's own quota, whatever the default is."""
    path = f"{mail.home}/control/mailboxes/bob@example.test"
    with open(path, "w") as file:
        file.write("quota: 100K\n")
    os.chmod(path, 0o640)
    os.chown(path, 0, grp.getgrnam("mail-tables").gr_gid)
    for file in glob.glob(f"{mail.home}/mail/example.test/bob/new/*"):
        os.unlink(file)
    mail.run("tables-build")
    t.is_([lmtp(mail, "bob@example.test", f"own {i}")[:9] for i in range(2)], ["250 2.0.0", "552 5.2.2"], "N-30 a mailbox's own quota overrides the default")
    t.is_(told(f"{mail.home}/mail/example.test/bob")[1], f"{100 * 1024}S", "... maildirsize has it")
    t.ok(wait_for(lambda: rcpt(mail, "bob@example.test").startswith("552 5.2.2")), "... 552 5.2.2 at RCPT")
    with open(path, "w") as file:
        file.write("quota: 0\n")
    mail.control("defaultquotasize", "100K")
    mail.run("tables-build")
    t.ok(wait_for(lambda: lmtp(mail, "alice@example.test", "x") and rcpt(mail, "bob@example.test").startswith("250")), "N-30 0 is no limit, whatever the default is")
    t.matches(lmtp(mail, "bob@example.test", "no limit"), "^250", "... and it is delivered")


def lies(mail, t):
    """A session that was taken over can say only of its own mailbox that it is full: it makes the system calls itself."""
    log = mail.log("mailbox-spawn")
    t.ok("what=full" not in log and re.search(r"full mailbox=", log), "the log tells when a mailbox became full", log[-1500:])
    if platform.machine() != "x86_64":
        return
    own, other = (re.search("mailbox=([^\0]+)", mail.run("cdb", "-q", f"{mail.home}/tables/current/policy.cdb", f"login:{user}@example.test"))[1]
                  for user in ("alice", "bob"))
    with open(f"{mail.home}/control/mailboxes/bob@example.test", "w") as file:
        file.write("quota: 100K\n")
    mail.run("tables-build")
    client = imap(mail, "alice")
    for flag in flags(mail):
        os.unlink(f"{mail.home}/state/full/{flag}")
    with open(f"/proc/{mail.pid('mailbox-spawn')}/task/{mail.pid('mailbox-spawn')}/children") as file:
        uid = os.stat(f"{mail.home}/mail/example.test/alice").st_uid
        session = [int(pid) for pid in file.read().split() if os.stat(f"/proc/{pid}").st_uid == uid or str(uid) in open(f"/proc/{pid}/status").read()][0]
    links = {int(fd): os.readlink(f"/proc/{session}/fd/{fd}") for fd in os.listdir(f"/proc/{session}/fd")}
    sockets = [fd for fd, link in links.items() if link.startswith("socket:") and fd > 2 and link != links.get(0)]
    with Inside(session) as process:
        for said in (f"+{other}", "+../../tables/x", f"+{own}x", "+", "", "+" + "k" * 64):
            for fd in sockets:
                process.call(SENDTO, fd, process.place(said.encode()), len(said), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, 0, 0)
    t.ok(wait_for(lambda: "what=full" in mail.log("mailbox-spawn")), "check 55: that another mailbox is full is not believed", sockets, mail.log("mailbox-spawn")[-500:])
    t.is_(flags(mail), [], "... nothing is made")
    with Inside(session) as process:
        for fd in sockets:
            process.call(SENDTO, fd, process.place(f"+{own}".encode()), len(own) + 1, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, 0, 0)
    t.is_(wait_for(lambda: flags(mail)), [own], "... that its own is, is")
    client.logout()


with Postroom(39) as mail, Tap() as t:
    box = f"{mail.home}/mail/example.test/alice"
    lmtp(mail, "alice@example.test", "the first")
    os.remove(glob.glob(box + "/new/*")[0])
    key = fills(mail, t, box)
    client = sessions(mail, t, box, key)
    damaged(mail, t, box, client)
    client.logout()
    raised(mail, t, box, key)
    locked(mail, t, box)
    own(mail, t)
    lies(mail, t)
