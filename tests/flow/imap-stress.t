#!/usr/bin/python3
# imap-stress: random work of three sessions on one mailbox, and of another program in its Maildir. Numbers hold between two
# answers, no EXPUNGE comes while they are in use; uids, flags and bytes are what a model says. (check 47)
import os, random, sys

sys.path.insert(0, "tests/flow")
from imapwire import LETTER, As, Imap, Line, Literal, Wrong, account, append
from postroom import Postroom, Tap

FLAGS = ["\\Answered", "\\Deleted", "\\Flagged", "\\Seen", "\\Draft", "Work"]
SEEDS = [int(word) for word in sys.argv[1:]] or [1, 2, 3]


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
        if not session.view:
            return
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
            session.follow(Line(raw), "IDLE")
        session.write(b"DONE\r\n")
        while not (raw := session.read()).startswith(b"i OK"):
            session.follow(Line(raw), "IDLE")

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


def stress(mail, t):
    for seed in SEEDS:
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


def crowds(mail, t):
    for seed in SEEDS:
        crowd(mail, t, seed)


def crowd(mail, t, seed):
    """Three sessions with commands under way at the same time; only uids, as numbers would be the client's fault (5.5)."""
    dice, trouble, count = random.Random(seed), None, 0
    sessions = [Imap(mail, f"crowd{seed}", folder="INBOX") for _ in range(3)]
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
    t.ok(not trouble and same, f"check 47: 3 sessions at once, {count} commands (seed {seed}): no rule broken, and all see the same at the end", trouble, [(s.view, s.flags) for s in sessions])
    for s in sessions:
        s.close()


with Postroom(24) as mail, Tap() as t:
    names = [f"{story}{seed}" for story in ("stress", "crowd") for seed in SEEDS]
    account(mail, *names)
    for name in names:
        Imap(mail, name).close()     # the first login makes the Maildir
    for story in (stress, crowds):
        story(mail, t)
