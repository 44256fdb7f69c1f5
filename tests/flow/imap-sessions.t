#!/usr/bin/python3
# imap-sessions: several sessions on one mailbox, and other programs in its Maildir. Sequence numbers hold between answers in
# random work of three sessions (check 47); IDLE tells what is delivered; files that are added, renamed, removed or odd; uids
# outlive restarts; 5,000 messages. (P-35; checks 47 and 48; design 8)
import glob, os, random, re, shutil, sys, time

sys.path.insert(0, "tests/flow")
from imapwire import LETTER, Imap, Literal, Wrong, account, append
from postroom import Postroom, Tap, wait_for

FLAGS = ["\\Answered", "\\Deleted", "\\Flagged", "\\Seen", "\\Draft", "Work"]


class As:
    """Acts as the uid that owns a mailbox."""

    def __init__(self, mail, user):
        self.folder = f"{mail.home}/mail/example.test/{user}"

    def __enter__(self):
        owner = os.stat(self.folder)
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
        return self.folder

    def __exit__(self, *_):
        os.seteuid(0)
        os.setegid(0)


def drop(folder, name, message=LETTER, part="cur"):
    with open(f"{folder}/tmp/{name}", "wb") as file:
        file.write(message)
    os.rename(f"{folder}/tmp/{name}", f"{folder}/{part}/{name}")


def bodies(session):
    return {items["UID"]: items.get("BODY[]") for items in session("UID FETCH 1:* (UID BODY.PEEK[])").fetched().values()}


#### three sessions, a model of what is there

class Work:
    def __init__(self, mail, user, seed):
        self.dice, self.truth, self.body, self.count = random.Random(seed), {}, {}, 0
        self.folder = As(mail, user)
        self.sessions = [Imap(mail, user, folder="INBOX") for _ in range(3)]

    def some(self, session):
        """A set of numbers that are valid now, and the uids behind it."""
        size = len(session.view)
        low = self.dice.randint(1, size)
        high = min(size, low + self.dice.randrange(4))
        return f"{low}:{high}", session.view[low - 1:high]

    def append(self, session):
        self.count += 1
        message = LETTER + b"%d\r\n" % self.count
        flags = {f for f in FLAGS if self.dice.random() < 0.2}
        result = append(session, "INBOX", message, f"({' '.join(flags)})")
        self.add(int(result.code.split()[2]), message, flags)

    def add(self, uid, message, flags):
        self.truth[uid], self.body[uid] = frozenset(flags), message

    def learn(self, session):
        """Numbers are used for what the session knows by uid."""
        while None in session.view:
            session("FETCH 1:* (UID FLAGS)")

    def store(self, session):
        sign, flags = self.dice.choice(["+", "-", ""]), {f for f in FLAGS if self.dice.random() < 0.3}
        silent, uid = self.dice.choice(["", ".SILENT"]), self.dice.choice(["", "UID "])
        numbers, uids = self.some(session)
        if uid:
            numbers = ",".join(map(str, uids))
        result = session(f"{uid}STORE {numbers} {sign}FLAGS{silent} ({' '.join(flags)})")
        if result.status != "OK" and all(u in self.truth for u in uids):
            raise Wrong(f"STORE of what is there: {result}")
        for u in uids:
            if silent:
                session.flags.pop(u, None)     # the server need not tell its own client
            if u in self.truth:
                self.truth[u] = self.truth[u] | flags if sign == "+" else self.truth[u] - flags if sign else frozenset(flags)

    def fetch(self, session):
        numbers, uids = self.some(session)
        result = session(f"FETCH {numbers} (UID FLAGS RFC822.SIZE BODY.PEEK[])")
        if result.status != "OK" and all(u in self.truth for u in uids):
            raise Wrong(f"FETCH of what is there: {result}")
        for items in result.fetched().values():
            if "BODY[]" in items and items["BODY[]"] not in (self.body[items["UID"]], b"", None):
                raise Wrong(f"another message's bytes: {items}")
            if items.get("UID") in self.truth and items.get("BODY[]") != self.body[items["UID"]] and "BODY[]" in items:
                raise Wrong(f"not its bytes: {items}")

    def search(self, session):
        found = session(f"SEARCH {self.dice.choice(['ALL', 'DELETED', 'UNSEEN', 'NOT KEYWORD Work', 'BODY 1'])}").values("SEARCH")
        if any(n > len(session.view) for n in found):
            raise Wrong(f"SEARCH {found} of {len(session.view)}")

    def expunge(self, session):
        self.look(session)
        session("EXPUNGE")
        self.truth = {u: f for u, f in self.truth.items() if "\\Deleted" not in f}
        self.look(session)

    def uid_expunge(self, session):
        self.look(session)
        low = self.dice.choice(session.view)
        session(f"UID EXPUNGE {low}:{low + 5}")
        self.truth = {u: f for u, f in self.truth.items() if "\\Deleted" not in f or not low <= u <= low + 5}

    def move(self, session):
        numbers, uids = self.some(session)
        result = session(f"MOVE {numbers} Trash")
        if result.status == "OK":
            for u in uids:
                self.truth.pop(u, None)
        elif all(u in self.truth for u in uids):
            raise Wrong(f"MOVE of what is there: {result}")

    def copy(self, session):
        numbers, uids = self.some(session)
        result = session(f"COPY {numbers} INBOX")
        if result.status == "OK":
            new = [u for part in result.code.split()[3].split(",") for u in range(int(part.split(":")[0]), int(part.split(":")[-1]) + 1)]
            if len(new) != len(uids):
                raise Wrong(f"COPYUID {result.code} for {uids}")
            for old, u in zip(uids, new):
                self.add(u, self.body[old], self.truth[old])
        elif all(u in self.truth for u in uids):
            raise Wrong(f"COPY of what is there: {result}")

    def look(self, session):
        session("NOOP")
        session("FETCH 1:* (UID FLAGS)" if session.view else "NOOP")
        if session.view != sorted(self.truth) or {u: session.flags[u] for u in session.view} != self.truth:
            raise Wrong(f"after NOOP the session sees {session.view} {session.flags}, there are {self.truth}")

    def noop(self, session):
        """Without asking for flags: what was told must be enough."""
        session("NOOP")
        if [u for u in session.view if u] != [u for u in sorted(self.truth) if u in session.view] or len(session.view) != len(self.truth):
            raise Wrong(f"after NOOP the session sees {session.view}, there are {sorted(self.truth)}")
        told = {u: session.flags[u] for u in session.view if u in session.flags}
        if told != {u: self.truth[u] for u in told}:
            raise Wrong(f"after NOOP flags are {told}, truth {self.truth}")

    def idle(self, session):
        session.write(b"i IDLE\r\n")
        while not (raw := session.read()).startswith(b"+"):
            session.follow(session_line(raw), "IDLE")
        session.write(b"DONE\r\n")
        while not (raw := session.read()).startswith(b"i OK"):
            session.follow(session_line(raw), "IDLE")

    def reselect(self, session):
        session("CLOSE")
        self.truth = {u: f for u, f in self.truth.items() if "\\Deleted" not in f}
        session("SELECT INBOX")

    def outside(self, session):
        """Another program changes a flag in the Maildir."""
        with self.folder as folder:
            names = sorted(os.listdir(f"{folder}/cur"))
            if not names:
                return
            name = self.dice.choice(names)
            base, letters = name.split(":2,")
            letters = "".join(sorted(set(letters) ^ {"F"}))
            with open(f"{folder}/cur/{name}", "rb") as file:
                body = file.read().replace(b"\r\n", b"\n")
            uids = [u for u in self.truth if self.body[u].replace(b"\r\n", b"\n") == body and ("\\Flagged" in self.truth[u]) == ("F" in name.split(":2,")[1])]
            if len(uids) == 1:
                os.rename(f"{folder}/cur/{name}", f"{folder}/cur/{base}:2,{letters}")
                self.truth[uids[0]] = self.truth[uids[0]] ^ {"\\Flagged"}

    def step(self):
        session = self.dice.choice(self.sessions)
        work = self.dice.choice([self.append] * 3 + [self.store] * 4 + [self.fetch] * 3 + [self.search] + [self.expunge] + [self.uid_expunge] + [self.noop] * 2 +
                                [self.copy, self.move, self.idle, self.reselect, self.outside])
        if not session.view and work != self.append:
            work = self.noop if session.waiting == [] else self.append
        if work != self.noop:
            self.learn(session)
        if session.view or work in (self.append, self.noop):
            work(session)
        return work.__name__


def session_line(raw):
    from imapwire import Line
    return Line(raw)


def stress(mail, t):
    for seed in (1, 2, 3):
        work = Work(mail, f"stress{seed}", seed)
        done, trouble = [], None
        try:
            for _ in range(400):
                done.append(work.step())
            for session in work.sessions:
                work.look(session)
        except (Wrong, EOFError, TimeoutError) as error:
            trouble = error
        t.ok(not trouble, f"check 47: 3 sessions, {len(done)} commands in turn (seed {seed}): numbers, uids, flags and bytes as the model says", done[-12:], trouble)
        for session in work.sessions:
            session.close()


def crowd(mail, t):
    """Three sessions with commands under way at the same time; only uids, as numbers would be the client's fault (5.5)."""
    dice, trouble, count = random.Random(47), None, 0
    sessions = [Imap(mail, "crowd", folder="INBOX") for _ in range(3)]
    try:
        for _ in range(500):
            s = dice.choice(sessions)
            if len(s.waiting) > 6 or (s.waiting and dice.random() < 0.3):
                s.finish()
                continue
            low = dice.randint(1, 60)
            numbers = f"{low}:{low + dice.randrange(5)}"
            flags = " ".join(f for f in FLAGS if dice.random() < 0.3)
            command = dice.choice(["append"] * 4 + [f"UID STORE {numbers} {dice.choice(['+', '-', ''])}FLAGS ({flags})"] * 3 + [f"UID FETCH {numbers} (UID FLAGS BODY.PEEK[])"] * 2 +
                                  ["EXPUNGE", "NOOP", "SEARCH UNSEEN", "FETCH 1:* (UID FLAGS)", f"UID MOVE {low} Trash", f"UID COPY {numbers} INBOX", f"UID EXPUNGE {numbers}"])
            count += 1
            if command == "append":
                s.start(f"APPEND INBOX ({flags})", Literal(LETTER, now=True))
            elif not (command.startswith("FETCH") and not s.view):
                s.start(command)
        for s in sessions:
            while s.waiting:
                s.finish()
        for s in sessions:
            s("NOOP"), s("FETCH 1:* (UID FLAGS)")
    except (Wrong, EOFError, TimeoutError) as error:
        trouble = error
    same = all(s.view == sessions[0].view and s.flags == sessions[0].flags for s in sessions)
    t.ok(not trouble and same, f"check 47: 3 sessions at once, {count} commands: no rule broken, and all see the same at the end", trouble, [(s.view, s.flags) for s in sessions])
    for s in sessions:
        s.close()


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
    import smtplib
    with smtplib.SMTP(mail.address, mail.port(25), timeout=60) as smtp:
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


STRESS = ("stress1", "stress2", "stress3", "crowd")
with Postroom(24) as mail, Tap() as t:
    account(mail, "carol", "dave", "erin", "frank", "grace", "henry", *STRESS)
    for name in ("dave", "erin", "grace", "henry", *STRESS):
        Imap(mail, name).close()     # the first login makes the Maildir
    for story in (idle, current_flags, stress, crowd, outside, odd_files, restarts, many):
        story(mail, t)
