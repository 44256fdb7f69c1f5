#!/usr/bin/python3
# imap-sessions: two sessions on one mailbox, and other programs in its Maildir. IDLE tells what is delivered; files that are
# added, renamed, removed or odd; uids outlive restarts; 5,000 messages. (P-35; check 48; design 8)
import fcntl, glob, os, shutil, smtplib, sys, time

sys.path.insert(0, "tests/flow")
from imapwire import LETTER, As, Imap, account, append
from postroom import Postroom, Tap

def drop(folder, name, message=LETTER, part="cur"):
    with open(f"{folder}/tmp/{name}", "wb") as file:
        file.write(message)
    os.rename(f"{folder}/tmp/{name}", f"{folder}/{part}/{name}")


#### IDLE

def ticks(mail, user):
    """CPU time of the processes of a mailbox's uid, in 1/100 s."""
    uid, found = os.stat(f"{mail.home}/mail/example.test/{user}").st_uid, 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            if os.stat(path).st_uid == uid or os.stat(os.path.dirname(path)).st_uid == uid:
                fields = open(path).read().rsplit(")", 1)[1].split()
                found += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return found


def idle(mail, t):
    s, o = Imap(mail, "carol", folder="INBOX"), Imap(mail, "carol", folder="INBOX")
    for session in (s, o):
        session.write(b"i IDLE\r\n")
        t.matches(session.read().decode(), r"^\+ ", "IDLE: '+'")
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", ["carol@example.test"], "Subject: hello\r\n\r\nx\r\n")
    for session in (s, o):
        said = session.read()
        t.is_(said, b"* 1 EXISTS\r\n", "IDLE: a delivery by SMTP is told in both sessions")
        if (more := session.read()) != b"* 0 RECENT\r\n":
            t.is_(more, b"* 1 RECENT\r\n", "... RECENT")
    before = ticks(mail, "carol")
    time.sleep(1)
    t.ok(ticks(mail, "carol") - before <= 3, "idle sessions use no CPU", before, ticks(mail, "carol"))
    s.write(b"DONE\r\n")
    t.matches(s.read().decode(), "^i OK", "DONE")
    s.view = [None]
    s("STORE 1 +FLAGS (\\Flagged)")
    t.matches(o.read().decode(), r"^\* 1 FETCH \(.*\\Flagged.*\)", "IDLE: a flag that another session set is told")
    s("STORE 1 +FLAGS (\\Deleted)")
    o.read()
    s("EXPUNGE")
    t.is_(o.read(), b"* 1 EXPUNGE\r\n", "IDLE: an EXPUNGE too")
    o.write(b"DONE\r\nz NOOP\r\n")
    said = [o.read()]
    while not said[-1].startswith(b"z"):
        said.append(o.read())
    t.ok(any(l.startswith(b"i OK") for l in said), "DONE and the next command in one piece", said)
    o.write(b"k IDLE\r\nDONE\r\nl NOOP\r\n")
    said = [o.read() for _ in range(3)]
    t.ok(said[0].startswith(b"+") and said[1].startswith(b"k OK") and said[2].startswith(b"l OK"), "IDLE and DONE in one piece", said)
    o.write(b"m IDLE\r\n")
    o.read()
    o.write(b"n NOOP\r\n")
    t.matches(o.read().decode(), "^m BAD", "another line than DONE ends IDLE: BAD")
    s.close()
    o.close()


def current_flags(mail, t):
    """What another session set is copied, though this one has not been told of it (6.4.7)."""
    s, o = Imap(mail, "henry", folder="INBOX"), Imap(mail, "henry", folder="INBOX")
    append(s, "INBOX"), append(s, "INBOX"), o("NOOP")
    s("STORE 1:2 FLAGS (\\Answered Work)")
    o("COPY 1 Archive")
    s("STORE 2 +FLAGS (\\Seen)")
    o("MOVE 2 Archive")
    s("SELECT Archive")
    found = [set(f) - {"\\Recent"} for f in s("FETCH 1:2 FLAGS").fetched("FLAGS").values()]
    t.is_(found, [{"\\Answered", "Work"}, {"\\Answered", "Work", "\\Seen"}], "COPY and MOVE take the flags of now, which the session was not told yet")
    s.close()
    o.close()


#### other programs in the Maildir

def outside(mail, t):
    s = Imap(mail, "dave", folder="INBOX")
    here = As(mail, "dave")
    with here as folder:
        drop(folder, "1.new.host", part="new")
        drop(folder, "2.cur.host:2,S")
        drop(folder, "3-odd_name")
        drop(folder, "4.letters.host:2,FRSTXZ")
        os.mkdir(f"{folder}/cur/a-folder")
        drop(folder, ".hidden")
        open(f"{folder}/tmp/5.tmp", "w").close()
    s("NOOP"), s("FETCH 1:* (UID FLAGS)")
    t.is_(len(s.view), 4, "four messages that another program put there; no folder, no hidden file")
    t.is_(sorted(map(sorted, s.flags.values())), [[], [], ["\\Answered", "\\Deleted", "\\Flagged", "\\Seen"], ["\\Seen"]], "... with the flags of their names")
    uids = list(s.view)
    with here as folder:
        os.rename(f"{folder}/cur/2.cur.host:2,S", f"{folder}/cur/2.cur.host:2,FS")
    two = next(n for n, u in enumerate(s.view, 1) if s.flags[u] == {"\\Seen"})
    t.is_(s(f"FETCH {two} BODY.PEEK[TEXT]").fetched("BODY[TEXT]")[two], b"Hello.\r\n", "a file that was just renamed is found")
    s("NOOP")
    t.is_(s.flags[uids[two - 1]], {"\\Seen", "\\Flagged"}, "... and its new flags are told")
    with here as folder:
        os.unlink(f"{folder}/cur/2.cur.host:2,FS")
    result = s(f"FETCH {two} BODY.PEEK[]")
    t.ok(result.status in ("OK", "NO") and len(s.view) == 4, "a file that was just removed: its number stays", result)
    result = s(f"STORE {two} +FLAGS (\\Answered)")
    t.ok(result.status in ("OK", "NO"), "... STORE is answered", result)
    s("NOOP")
    t.is_(s.view, [u for u in uids if u != uids[two - 1]], "... NOOP tells EXPUNGE, the others keep their uids")
    validity = lambda: [c for c in s("SELECT INBOX").codes() if c.startswith("UIDVALIDITY")]
    valid = validity()
    with here as folder:
        os.unlink(f"{folder}/dovecot-uidlist")
        drop(folder, "6.more.host:2,")
    s("NOOP"), s("FETCH 1:* UID")
    t.ok(validity() == valid, "dovecot-uidlist removed under an open session: the same UIDVALIDITY")
    s("FETCH 1:* UID")
    t.is_(s.view[:3], [u for u in uids if u != uids[two - 1]], "... the same uids")
    s("UNSELECT")
    with here as folder:
        open(f"{folder}/dovecot-uidlist", "w").write("nonsense\n\x00\xff 3 :\n")
    changed = validity()
    result = s("FETCH 1:* UID")
    t.ok(changed != valid and result.status == "OK" and len(s.view) == 4, "a uidlist of nonsense: another UIDVALIDITY, all messages", changed, result)
    s.close()


def waiting(mail, t):
    """A message that is added while a session waits for the folder's lock keeps the uid that it was given."""
    s, here = Imap(mail, "henry", folder="Drafts"), As(mail, "henry")
    append(s, "Drafts"), s("NOOP"), s("FETCH 1:* UID")
    with here as folder, open(f"{folder}/.Drafts/postroom-lock", "a") as lock:
        folder += "/.Drafts"
        fcntl.flock(lock, fcntl.LOCK_EX)
        drop(folder, "2000000000.stray.host:2,")
        s.start("NOOP")
        time.sleep(0.3)     # now it has seen that one, and waits to give it a uid
        with open(f"{folder}/dovecot-uidlist", "a") as uidlist:
            uidlist.write("20 :1000000000.given.host\n")
        drop(folder, "1000000000.given.host:2,", b"Subject: given\n\n")
    s.finish()
    s("NOOP")
    found = {items["UID"]: items["ENVELOPE"][1] for items in s("FETCH 1:* (UID ENVELOPE)").fetched().values()}
    t.is_(found, {1: b"one", 20: b"given", 21: b"one"}, "what was added while a session waited for the lock has one uid")
    s.close()


def odd_files(mail, t):
    here = As(mail, "erin")
    s = Imap(mail, "erin", folder="INBOX")
    with here as folder:
        drop(folder, "1.a,S=5,W=6:2,", LETTER * 20)
        drop(folder, "2.b,S=5000,W=5010:2,", LETTER)
        drop(folder, "3.c:2,", b"")
        os.symlink("/etc/passwd", f"{folder}/cur/4.d:2,")
        os.mkfifo(f"{folder}/cur/5.e:2,")
        drop(folder, "6." + "f" * 250)
        drop(folder, "7.g:2,")
        os.chmod(f"{folder}/cur/7.g:2,", 0)
        drop(folder, "8.h:2,", b"Subject: nul\n\na\0b\n\xff\xfe\rbare\rcr\n")
    s("NOOP")
    count = len(s.view)
    t.ok(6 <= count <= 8, "odd files: NOOP goes on", count)
    for n in range(1, count + 1):
        result = s(f"FETCH {n} (FLAGS UID RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
        whole = s(f"FETCH {n} (BODY.PEEK[] BODY.PEEK[1]<0.10>)")
        t.ok(b"root:" not in (whole.fetched("BODY[]").get(n) or b""), f"odd file {n}: {result.status} {whole.status}, no link is followed", whole)
    t.ok(s("SEARCH BODY Hello").status in ("OK", "NO"), "... SEARCH goes on")
    result = s("STORE 1:* +FLAGS (\\Seen \\Flagged)")
    t.ok(result.status in ("OK", "NO"), "... STORE goes on", result)
    s("STORE 1:* +FLAGS (\\Deleted)"), s("EXPUNGE"), s("NOOP")
    t.ok(len(s.view) <= 3, "... and they can be removed", s.view)
    s("SELECT Archive")
    with here as folder:
        shutil.rmtree(f"{folder}/.Archive")
    s.start("NOOP")
    t.matches(s.read().decode(), r"^\* BYE .*removed", "the selected folder was removed: BYE says so")
    s.close()


def restarts(mail, t):
    s = Imap(mail, "frank")
    for _ in range(5):
        append(s, "INBOX")
    state = lambda session: (session("STATUS INBOX (UIDVALIDITY UIDNEXT)").values("STATUS"), session("EXAMINE INBOX") and session("UID SEARCH ALL").values("SEARCH"))
    before = state(s)
    for service in ("imap", "imaps", "auth-server", "mailbox-spawn", "tls-server"):
        mail.restart(service)
    o = Imap(mail, "frank")
    t.is_(state(o), before, "after a restart of every service: the same UIDVALIDITY and uids")
    o.close()


def many(mail, t):
    with As(mail, "grace") as folder:
        for n in range(5000):
            with open(f"{folder}/cur/{1000000 + n}.m.host:2,{'S' if n % 2 else ''}", "wb") as file:
                file.write(b"From: ann@outside.example\nSubject: message %d\n\nBody %d.\n" % (n, n))
    s = Imap(mail, "grace")
    result = s("SELECT INBOX")
    t.is_([l.number for l in result.of("EXISTS")], [5000], "5,000 messages: SELECT")
    result = s("FETCH 1:* (UID FLAGS ENVELOPE RFC822.SIZE)")
    subjects = [result.fetched("ENVELOPE")[n][1] for n in range(1, 5001)]
    t.ok(sorted(subjects) == sorted(b"message %d" % n for n in range(5000)), "... FETCH of all")
    t.is_(len(s("SEARCH UNSEEN SUBJECT message").values("SEARCH")), 2500, "... SEARCH")
    numbers = ",".join(map(str, range(1, 5001, 2)))
    result = s(f"STORE {numbers} +FLAGS.SILENT (\\Deleted)")
    t.is_((result.status, len(result.of("FETCH"))), ("OK", 0), f"... STORE with a set of {len(numbers)} bytes")
    result = s("COPY 1:* Archive")
    t.matches(result.code, r"^COPYUID \d+ 1:5000 1:5000$", "... COPY of all")
    result = s("EXPUNGE")
    t.is_((len(result.of("EXPUNGE")), len(s.view)), (2500, 2500), "... EXPUNGE of half")
    t.is_(s("FETCH 2500 UID").fetched("UID")[2500], 5000, "... the last one's uid")
    s.close()


with Postroom(24) as mail, Tap() as t:
    account(mail, "carol", "dave", "erin", "frank", "grace", "henry")
    for name in ("dave", "erin", "grace", "henry"):
        Imap(mail, name).close()     # the first login makes the Maildir
    for story in (idle, current_flags, outside, waiting, odd_files, restarts, many):
        story(mail, t)
