#!/usr/bin/python3
# imap-search: 500 random SEARCH commands, nested, over 80 random messages, against a brute-force model; charsets and
# transfer encodings.
import datetime, email.header, random, sys

sys.path.insert(0, "tests/flow")
from imapwire import Imap, Literal, account, append, crlf
from postroom import Postroom, Tap

WORDS = ["apple", "Birne", "cherry", "\u00e4pfel", "dog", "elk"]
FLAGS = ["\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen", "$Work", "Home"]
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(days=n * 5) for n in range(12)]


class Letter:
    def __init__(self, dice, number):
        pick = lambda: dice.choice(WORDS)
        self.header = {"From": f"{pick().capitalize()} <{dice.choice('abc')}@x.example>", "To": f"{dice.choice('abc')}@y.example", "Subject": f"{pick()} {pick()} {number}"}
        for name in ("Cc", "Bcc", "X-Tag"):
            if dice.random() < 0.4:
                self.header[name] = f"{dice.choice('abc')}@{name.lower()}.example"
        if dice.random() < 0.8:
            self.sent = dice.choice(DAYS)
            self.header["Date"] = self.sent.strftime("%a, %d %b %Y ") + dice.choice(["00:10:00 +1200", "23:50:00 -1100", "12:00:00 +0000"])
        else:
            self.sent = None
        self.body = " ".join(pick() for _ in range(dice.randrange(0, 40)))
        self.flags = {f for f in FLAGS if dice.random() < 0.4}
        self.internal = dice.choice(DAYS)
        encoded = {k: v if v.isascii() else email.header.Header(v.split(" <")[0], "utf-8").encode() + (" <" + v.split(" <")[1] if " <" in v else "") for k, v in self.header.items()}
        head = "".join(f"{k}: {v}\r\n" for k, v in encoded.items())
        self.raw = (head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + self.body + "\r\n").encode()


def has(text, word):
    return word.lower() in text.lower()


def leaf(dice):
    """(words of the key, predicate of (letter, number, uid))"""
    word, day = dice.choice(WORDS + ["x.ex", "an", "1", "nothing"]), dice.choice(DAYS)
    date, size, flag = f'{day.day}-{day.strftime("%b-%Y")}', dice.randrange(100, 700), dice.choice(FLAGS)
    everything = lambda m: " ".join(f"{k}: {v}" for k, v in m.header.items()) + " text/plain; charset=utf-8 8bit " + m.body
    keys = [([f"{name.upper()}", word], lambda m, n, u, name=name: has(m.header.get(name, ""), word)) for name in ("From", "To", "Cc", "Bcc", "Subject")]
    keys += [([flag[1:].upper()] if flag[0] == "\\" else ["KEYWORD " + flag], lambda m, n, u: flag in m.flags),
             (["UN" + flag[1:].upper()] if flag[0] == "\\" else ["UNKEYWORD " + flag], lambda m, n, u: flag not in m.flags),
             (["BODY", word], lambda m, n, u: has(m.body, word)), (["TEXT", dice.choice(WORDS)], None),
             (["HEADER X-Tag", ""], lambda m, n, u: "X-Tag" in m.header), (["HEADER X-Tag", "tag"], lambda m, n, u: "X-Tag" in m.header), (["ALL"], lambda m, n, u: True),
             (["SINCE " + date], lambda m, n, u: m.internal >= day), (["BEFORE " + date], lambda m, n, u: m.internal < day), (["ON " + date], lambda m, n, u: m.internal == day),
             (["SENTSINCE " + date], lambda m, n, u: m.sent and m.sent >= day), (["SENTBEFORE " + date], lambda m, n, u: m.sent and m.sent < day),
             (["SENTON " + date], lambda m, n, u: m.sent == day), ([f"LARGER {size}"], lambda m, n, u: len(m.raw) > size), ([f"SMALLER {size}"], lambda m, n, u: len(m.raw) < size),
             ([f"{size // 10}:{size // 8}"], lambda m, n, u: size // 10 <= n <= size // 8), ([f"UID {size // 8}:{size // 10},{3}"], lambda m, n, u: size // 10 <= u <= size // 8 or u == 3)]
    words, predicate = dice.choice(keys)
    if words[0] == "TEXT":
        predicate = lambda m, n, u, w=words[1]: has(everything(m), w)
    return words, predicate


def tree(dice, depth):
    """A random key; its words are str, or bytes where a literal is due."""
    if depth == 0 or dice.random() < 0.3:
        return leaf(dice)
    one, first = tree(dice, depth - 1)
    kind = dice.choice(["NOT", "OR", "()"])
    if kind == "NOT":
        return ["NOT"] + one, lambda m, n, u: not first(m, n, u)
    two, second = tree(dice, depth - 1)
    if kind == "OR":
        return ["OR"] + one + two, lambda m, n, u: first(m, n, u) or second(m, n, u)
    return ["("] + one + two + [")"], lambda m, n, u: first(m, n, u) and second(m, n, u)


def written(words):
    """The parts of a command: strings with 8-bit as literals, others in quotes where they must."""
    parts, line = [], "SEARCH CHARSET UTF-8"
    for index, word in enumerate(words):
        gap = "" if line.endswith("(") or word == ")" else " "
        if not word.isascii():
            parts += ([line.strip()] if line else []) + [Literal(word.encode(), now=True)]
            line = ""
            continue
        line += (gap if line or not parts else " " if gap else "") + (word if word and (word.isupper() or " " in word or word in "()" or word[0].isalnum()) else f'"{word}"')
    return parts + ([line.strip() if parts else line] if line else [])


def searches(mail, t):
    dice = random.Random(3501)
    s = Imap(mail, "erin", folder="INBOX")
    letters = [Letter(dice, n) for n in range(1, 81)]
    for m in letters:
        s.start(f'APPEND INBOX ({" ".join(m.flags)}) "{m.internal.strftime("%d-%b-%Y")} {dice.randrange(10, 24)}:00:00 +0000"', Literal(m.raw, now=True))
    while s.waiting:
        s.finish()
    wrong = []
    for _ in range(500):
        words, predicate = tree(dice, 3)
        parts = written(words)
        expected = [n for n, m in enumerate(letters, 1) if predicate(m, n, n)]
        result = s(*parts)
        if result.status != "OK" or sorted(result.values("SEARCH")) != expected:
            wrong.append((parts if all(isinstance(p, str) for p in parts) else [getattr(p, "data", p) for p in parts], "expected", expected, "found", result))
    t.ok(not wrong, f"SEARCH: 500 random keys, as the model says ({len(wrong)} differ)", *wrong[:4])
    for charset, status in (("US-ASCII", "OK"), ("UTF-8", "OK"), ("X-NONSENSE", "NO")):
        result = s(f"SEARCH CHARSET {charset} SUBJECT dog")
        t.is_(result.status, status, f"SEARCH CHARSET {charset}")
        if status == "NO":
            t.matches(result.code, r"^BADCHARSET", "... [BADCHARSET]")
    t.is_(s("SEARCH CHARSET UTF-8 SUBJECT", Literal("\u00c4PFEL".encode())).values("SEARCH"), [n for n, m in enumerate(letters, 1) if "\u00e4pfel" in m.header["Subject"]], "an encoded subject is found in any case of \u00e4")
    t.is_(s("UID SEARCH *").values("SEARCH"), [80], "SEARCH *: the last")
    t.is_(s("SEARCH 78:*").values("SEARCH"), [78, 79, 80], "SEARCH 78:*")
    t.is_(s("SEARCH SEEN UNSEEN").values("SEARCH"), [], "nothing found: SEARCH alone")
    s.close()


def encodings(mail, t):
    """BODY and TEXT look into what is encoded."""
    s = Imap(mail, "frank", folder="INBOX")
    for raw in (b"Subject: x\n\nplain needle\n", b"Subject: x\nContent-Transfer-Encoding: base64\n\nYSBuZWVkbGUgaW4gYmFzZTY0Cg==\n",
                b"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\na nee=\ndle\n", b"Subject: needle\n\nx\n",
                b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nnee\n--b\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<p>needle =E4=F6\n--b--\n",
                b"Subject: x\nContent-Type: message/rfc822\n\nSubject: needle\n\ny\n", b"Subject: =?utf-8?b?bmVlZGxl?=\n\nx\n"):
        append(s, "INBOX", crlf(raw))
    s("NOOP")
    found = s("SEARCH BODY needle").values("SEARCH")
    t.ok({1, 2, 3, 5} <= set(found) and not {4, 7} & set(found), "SEARCH BODY finds it in base64, quoted-printable, multiparts; not in the header", found)
    t.is_(s("SEARCH TEXT needle").values("SEARCH"), [1, 2, 3, 4, 5, 6, 7], "SEARCH TEXT in the header as well, also in encoded words and inner messages")
    t.is_(s("SEARCH CHARSET UTF-8 BODY", Literal("\u00c4\u00d6".encode())).values("SEARCH"), [5], "... over charsets")
    t.is_(s("SEARCH SUBJECT needle").values("SEARCH"), [4, 7], "SEARCH SUBJECT")
    s.close()


with Postroom(24) as mail, Tap() as t:
    account(mail, "erin", "frank")
    for story in (searches, encodings):
        story(mail, t)
