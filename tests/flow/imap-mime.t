#!/usr/bin/python3
# imap-mime: what FETCH says of messages of every shape, against this file's own reading of RFC 2045, 2046, 5322 and 3501:
# each section and partial of each part, header fields, ENVELOPE, BODYSTRUCTURE, what sets \Seen.
import re, sys

sys.path.insert(0, "tests/flow")
from imapwire import Imap, account, append, crlf
from postroom import Postroom, Tap

HEAD = b"From: Ann <ann@outside.example>\nTo: bob@example.test\nSubject: %s\nDate: Mon, 7 Feb 1994 21:52:25 -0800\nMIME-Version: 1.0\n"
INNER = b"From: in@ner.example\nSubject: inner\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\ninner one\n--in\nContent-Type: text/html\n\n<p>inner two\n--in--\n"
SAMPLES = {
    "plain": HEAD % b"plain" + b"\nHello.\nThere.\n",
    "no end of line": HEAD % b"x" + b"\nno end",
    "no body": HEAD % b"x" + b"\n",
    "no empty line": HEAD % b"x",
    "no header": b"\nonly a body\n",
    "one empty line": b"\n",
    "crlf": (HEAD % b"crlf" + b"\nwith CRLF\n").replace(b"\n", b"\r\n"),
    "folded": HEAD % b"a\n folded\n\tsubject" + b"X-Long: one\n two\n  three\n\nbody\n",
    "mixed": HEAD % b"mixed" + b'Content-Type: multipart/mixed; boundary="a b"\n\npreamble\n--a b\n\nfirst\n--a b\nContent-Type: text/html; charset=utf-8\n'
             b"Content-Transfer-Encoding: quoted-printable\nContent-ID: <id@x>\nContent-Description: what it is\n\n<p>=C3=A4\n\n--a b  \n"
             b"Content-Type: application/octet-stream; name=\"f \\\"q\\\".bin\"\nContent-Transfer-Encoding: base64\n"
             b"Content-Disposition: attachment; filename=f.bin\nContent-Language: de, en\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\nContent-Location: http://x.example/y\n\nAAEC\n--a b--\nepilogue\n",
    "nested": HEAD % b"nested" + b"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=oo\n\n--oo\n\nplain\n--oo\n"
              b"Content-Type: text/html\n\n<b>\n--oo--\n--o\nContent-Type: message/rfc822\n\n" + INNER + b"--o\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBO\n--o--\n",
    "whole message": HEAD % b"message" + b"Content-Type: message/rfc822\n\n" + INNER,
    "message in message": HEAD % b"deep" + b"Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: message/rfc822\n\nSubject: one\n"
                          b"Content-Type: message/rfc822\n\nSubject: two\n\ninnermost\n--m--\n",
    "digest": HEAD % b"digest" + b"Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: d1\n\nbody 1\n--d\n\nSubject: d2\n\nbody 2\n--d--\n",
    "empty parts": HEAD % b"empty" + b"Content-Type: multipart/mixed; boundary=e\n\n--e\n\n--e\nContent-Type: text/plain\n\n--e\n\n\n--e--\n",
    "no last boundary": HEAD % b"cut" + b"Content-Type: multipart/mixed; boundary=e\n\n--e\n\none\n--e\n\ntwo\n",
    "boundary of the outer one": HEAD % b"outer" + b"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nin\n--o\n\nout\n--o--\n",
    "like a boundary": HEAD % b"like" + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bx\n --b\n-- b\nx--b\n--b--\n",
    "8 bit": HEAD % "gr\u00fc\u00df".encode() + b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + "\u00e4\u00f6\u00fc\n".encode() + b"\xff\xfe\n",
    "encoded words": HEAD % b"=?UTF-8?Q?gr=C3=BC=C3=9Fe?= =?ISO-8859-1?B?5A==?=" + b"Cc: =?utf-8?q?J=C3=B6rg?= <j@x.example>\n\nx\n",
    "quoted": HEAD % b'a "quoted" \\ subject' + b"\nx\n",
    "lines and lines": HEAD % b"lines" + b"\n\n\n\nafter empty lines\n\n\n",
    "long line": HEAD % b"long" + b"\n" + b"y" * 100000 + b"\n",
    "8 KB header": HEAD % b"big" + b"".join(b"X-%d: %s\n" % (n, b"v" * 60) for n in range(100)) + b"\nx\n",
    "repeated fields": b"Subject: first\nReceived: a\nReceived: b\nSubject: second\nreceived: c\n\nx\n",
    "deep": HEAD % b"deep" + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(8)) + b"\nbottom\n" + b"".join(b"--b%d--\n" % n for n in range(7, -1, -1)),
}
ENVELOPES = [
    (b"From: a@b.example\n", {2: [(None, "a", "b.example")], 3: [(None, "a", "b.example")], 4: [(None, "a", "b.example")]}, "sender and reply-to are from's"),
    (b"From: a@b.example\nSender: s@b.example\nReply-To: r@b.example, q@b.example\n", {3: [(None, "s", "b.example")], 4: [(None, "r", "b.example"), (None, "q", "b.example")]}, "sender, reply-to"),
    (b"From: a@b.example\nSender:\nReply-To: \n", {3: [(None, "a", "b.example")], 4: [(None, "a", "b.example")]}, "empty sender and reply-to are from's"),
    (b"To: \"Q. \\\"x\\\" B\" <q@b.example>\n", {5: [('Q. "x" B', "q", "b.example")]}, "a quoted name"),
    (b"To: (comment) a@b.example (Real Name)\n", {5: [None]}, "comments"),
    (b"To: a (x) b <(y)c@(z)d.example>\n", {5: [("a b", "c", "d.example")]}, "comments within"),
    (b"To: <@r1.example,@r2.example:u@h.example>\n", {5: [(None, "u", "h.example")]}, "a route"),
    (b"To: undisclosed-recipients:;\n", {5: [("GROUP", "undisclosed-recipients"), ("END",)]}, "an empty group"),
    (b"Cc: g: a@b.example, C <c@d.example>;, e@f.example\n", {6: [("GROUP", "g"), (None, "a", "b.example"), ("C", "c", "d.example"), ("END",), (None, "e", "f.example")]}, "a group"),
    (b"To: \"l p\"@b.example\n", {5: [(None, "l p", "b.example")]}, "a quoted local part"),
    (b"To: u@[127.0.0.1]\n", {5: [(None, "u", "[127.0.0.1]")]}, "a domain literal"),
    (b"To: a@b.example,\n c@d.example,,e@f.example\n", {5: [(None, "a", "b.example"), (None, "c", "d.example"), (None, "e", "f.example")]}, "folded, an empty element"),
    (b"To: \nCc:\n", {5: None, 6: None}, "empty fields are NIL"),
    (b"Bcc: b@b.example\nIn-Reply-To: <x@y>\nMessage-ID: <m@n>\nDate: Mon, 7 Feb 1994 21:52:25 -0800\n",
     {0: b"Mon, 7 Feb 1994 21:52:25 -0800", 7: [(None, "b", "b.example")], 8: b"<x@y>", 9: b"<m@n>"}, "date, bcc, in-reply-to, message-id"),
    (b"Subject: a\n  b\n", {1: b"a  b"}, "a folded subject, unfolded"),
    (b"Subject:\n", {1: b""}, "an empty subject is \"\""),
    (b"X: y\n", {0: None, 1: None, 2: None, 3: None, 4: None, 5: None, 6: None, 7: None, 8: None, 9: None}, "nothing is all NIL"),
]


class Part:
    """A message or part by RFC 2046, of bytes with CRLF."""

    def __init__(self, raw, default="text/plain"):
        self.raw = raw
        if raw.startswith(b"\r\n"):
            self.header, self.body = b"\r\n", raw[2:]
        elif b"\r\n\r\n" in raw:
            at = raw.index(b"\r\n\r\n") + 4
            self.header, self.body = raw[:at], raw[at:]
        else:
            self.header, self.body = raw, b""
        kind, self.parameters = parameters(self.field("content-type") or default)
        self.type, self.subtype = kind.lower().split("/")
        self.parts = self.children() if self.type == "multipart" else []
        self.message = Part(self.body) if (self.type, self.subtype) == ("message", "rfc822") else None

    def fields(self):
        """(name, bytes with the line's end)"""
        return [(f.split(b":")[0].decode("latin-1").strip().lower(), f) for f in re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", self.header)]

    def field(self, name):
        for found, raw in self.fields():
            if found == name:
                return raw.split(b":", 1)[1].replace(b"\r\n", b"").strip().decode("latin-1")

    def children(self):
        """Delimiters are lines of their own; the line end before one is its own too."""
        mark, pieces, start, at = b"--" + self.parameters["boundary"].encode(), [], None, 0
        while at <= len(self.body):
            end = self.body.find(b"\r\n", at)
            end = len(self.body) if end < 0 else end + 2
            line = self.body[at:end]
            if line.rstrip(b" \t\r\n") in (mark, mark + b"--"):
                if start is not None:
                    piece = self.body[start:max(at - 2, start)]
                    is_header = piece[:2] != b"\r\n" and b"\r\n\r\n" not in piece
                    pieces.append(self.body[start:at] if is_header else piece)     # the empty line ends the header, read by lines
                start = end
                if line.startswith(mark + b"--"):
                    start = None
                    break
            at = end if end > at else len(self.body) + 1
        if start is not None:
            pieces.append(self.body[start:])
        return [Part(p, "message/rfc822" if self.subtype == "digest" else "text/plain") for p in pieces]

    def sections(self, path=""):
        """{section: bytes} of all parts below, and of this one as a message if path ends a message."""
        found = {}
        dot = path + "." if path else ""
        found[dot + "HEADER"], found[dot + "TEXT"] = self.header, self.body
        children = self.parts or [None]
        for number, child in enumerate(children, 1):
            name = f"{dot}{number}"
            if child is None:
                found[name] = self.body
                if self.message:
                    found.update(self.message.sections(name))
                continue
            found.update(child.below(name))
        return found

    def below(self, name):
        found = {name: self.body, name + ".MIME": self.header}
        if self.message:
            found.update(self.message.sections(name))
        for number, child in enumerate(self.parts, 1):
            found.update(child.below(f"{name}.{number}"))
        return found

    def structure(self):
        """(type, subtype, ...) in the order of BODYSTRUCTURE, as far as this file checks it."""
        if self.parts:
            return [p.structure() for p in self.parts] + [self.subtype]
        base = [self.type, self.subtype, {k: v for k, v in self.parameters.items()}, self.field("content-id"), self.field("content-description"),
                (self.field("content-transfer-encoding") or "7bit").lower(), len(self.body)]
        if self.message:
            return base + [self.message.structure(), lines(self.body)]
        return base + ([lines(self.body)] if self.type == "text" else [])


def lines(body):
    """Line ends: the RFC leaves open whether a last line without one counts; Dovecot, Cyrus and we do not count it."""
    return body.count(b"\r\n")


def parameters(value):
    kind = value.split(";")[0].strip()
    found = {}
    for name, quoted, plain in re.findall(r';\s*([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))', value):
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
    return kind, found


def simplified(structure):
    """What the server said, in the form of Part.structure."""
    if isinstance(structure[0], list):
        count = next(i for i, item in enumerate(structure) if not isinstance(item, list))
        return [simplified(s) for s in structure[:count]] + [text(structure[count]).lower()]
    kind, subtype = text(structure[0]).lower(), text(structure[1]).lower()
    pairs = structure[2] or []
    base = [kind, subtype, {text(k).lower(): text(v) for k, v in zip(pairs[::2], pairs[1::2])}, text(structure[3]), text(structure[4]), text(structure[5]).lower(), structure[6]]
    if (kind, subtype) == ("message", "rfc822"):
        return base + [simplified(structure[8]), structure[9]]
    return base + ([structure[7]] if kind == "text" else [])


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def forgiving(ours, theirs):
    """Equal, but that text/plain without a field may or may not be given its default charset."""
    if isinstance(ours, dict):
        return ours == theirs or (not ours and {k: v.lower() for k, v in theirs.items()} == {"charset": "us-ascii"})
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(forgiving, ours, theirs))
    return ours == theirs


def sections(mail, t):
    s = Imap(mail, "carol", folder="INBOX")
    for raw in SAMPLES.values():
        append(s, "INBOX", crlf(raw))
    s("NOOP")
    for number, (name, raw) in enumerate(SAMPLES.items(), 1):
        message = Part(crlf(raw))
        wanted = {"": message.raw, **message.sections()}
        # RFC 3501 6.4.5: part 1 of a message that is no multipart is its body, and its MIME is the message's header
        names = list(wanted)
        items = s(f"FETCH {number} (UID RFC822.SIZE BODYSTRUCTURE BODY ENVELOPE {' '.join(f'BODY.PEEK[{n}]' for n in names)})").fetched()[number]
        wrong = [(n, wanted[n][:200], (items[f"BODY[{n}]"] or b"NIL")[:200]) for n in names if items[f"BODY[{n}]"] != wanted[n]]
        t.ok(not wrong, f"{name}: {len(names)} sections", *wrong)
        t.is_(items["RFC822.SIZE"], len(message.raw), f"{name}: RFC822.SIZE")
        t.ok(forgiving(message.structure(), simplified(items["BODYSTRUCTURE"])), f"{name}: BODYSTRUCTURE", message.structure(), simplified(items["BODYSTRUCTURE"]), items["BODYSTRUCTURE"])
        t.is_(simplified(items["BODY"]), simplified(items["BODYSTRUCTURE"]), f"{name}: BODY is the same without extensions")
        partials(s, t, number, name, wanted)
        fields(s, t, number, name, message)
    unread(s, t)
    extensions(s, t)
    s.close()


def partials(s, t, number, name, wanted):
    asked, expected = [], {}
    for section in list(wanted)[:6]:
        length = len(wanted[section])
        for start, count in ((0, 1), (0, length), (0, length + 10), (1, 5), (max(length - 3, 0), 3), (length, 5), (length + 7, 5), (length // 2, 1 + length // 3), (max(length - 1, 0), 4294967295)):
            if count and f"BODY[{section}]<{start}>" not in expected:
                asked.append(f"BODY.PEEK[{section}]<{start}.{count}>")
                expected[f"BODY[{section}]<{start}>"] = wanted[section][start:start + count]
    items = s(f"FETCH {number} ({' '.join(asked)})").fetched()[number]
    wrong = [(n, expected[n][:100], (items.get(n) or b"missing")[:100]) for n in expected if items.get(n) != expected[n]]
    t.ok(not wrong, f"{name}: {len(asked)} partials", *wrong)


def fields(s, t, number, name, message):
    """HEADER.FIELDS and .NOT: the fields in the message's order, and the empty line."""
    end = b"\r\n" if message.header.endswith(b"\r\n\r\n") or message.header == b"\r\n" else b""
    for asked in ("SUBJECT FROM", "x-long", "RECEIVED", "X-NOTHING", "Subject received subject"):
        names = {n.lower() for n in asked.split()}
        for word, picked in (("", lambda f: f in names), (".NOT", lambda f: f not in names)):
            expected = b"".join(raw for field, raw in message.fields() if picked(field))
            items = s(f"FETCH {number} BODY.PEEK[HEADER.FIELDS{word} ({asked})]").fetched()[number]
            found = [v for k, v in items.items() if k.startswith("BODY[HEADER.FIELDS")]
            t.ok(found and found[0] in (expected + end, expected + b"\r\n"), f"{name}: HEADER.FIELDS{word} ({asked})", expected + end, found)


def unread(s, t):
    for item, sets in (("BODY.PEEK[]", False), ("RFC822.HEADER", False), ("ENVELOPE", False), ("BODY.PEEK[TEXT]", False), ("BODY", False), ("BODY.PEEK[]<0.3>", False),
                       ("BODY[]", True), ("BODY[TEXT]", True), ("RFC822", True), ("RFC822.TEXT", True), ("BODY[1]<0.1>", True), ("BODY[HEADER]", True)):
        s("STORE 1 FLAGS ()")
        result = s(f"FETCH 1 {item}")
        t.is_("\\Seen" in result.of("FETCH")[-1].items.get("FLAGS", []), sets, f"FETCH {item} {'sets and tells' if sets else 'sets no'} \\Seen")
        t.is_("\\Seen" in s("FETCH 1 FLAGS").fetched("FLAGS")[1], sets, "... it is so")
    raw = crlf(SAMPLES["plain"])
    items = s("FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT)").fetched()[1]
    t.is_((items["RFC822"], items["RFC822.HEADER"] + items["RFC822.TEXT"]), (raw, raw), "RFC822, .HEADER, .TEXT")
    for macro, names in (("FAST", "FLAGS INTERNALDATE RFC822.SIZE"), ("ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"), ("FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY")):
        t.is_(set(s(f"FETCH 1 {macro}").fetched()[1]), set(names.split()), f"FETCH {macro}")
    for section in ("2", "1.1", "1.HEADER", "7.MIME", "1.2.3"):
        result = s(f"FETCH 1 BODY.PEEK[{section}]")
        t.ok(result.status in ("OK", "NO", "BAD") and not any(result.fetched(f"BODY[{section}]").values()), f"BODY[{section}] of a plain message: nothing", result)


def extensions(s, t):
    number = list(SAMPLES).index("mixed") + 1
    found = s(f"FETCH {number} BODYSTRUCTURE").fetched("BODYSTRUCTURE")[number]
    t.is_(found[4], [b"boundary", b"a b"], "multipart: its parameters behind the subtype")
    part = found[2]
    t.is_([text(v) for v in part[2]], ["name", 'f "q".bin'], "a parameter with quotes")
    t.is_(part[7], b"Q2hlY2sgSW50ZWdyaXR5IQ==", "md5")
    t.is_([part[8][0].lower(), part[8][1]], [b"attachment", [b"filename", b"f.bin"]], "disposition")
    t.is_(part[9], [b"de", b"en"], "language")
    t.is_(part[10], b"http://x.example/y", "location")
    short = s(f"FETCH {number} BODY").fetched("BODY")[number]
    t.ok(len(short) == 4 and len(short[2]) == 7, "BODY has none of these", short)


def corners(mail, t):
    """Sets, sections of inner messages, names of fields as literals."""
    s = Imap(mail, "erin", folder="INBOX")
    for name in ("plain", "nested", "message in message", "plain", "plain"):
        append(s, "INBOX", crlf(SAMPLES[name]))
    s("NOOP")
    for asked, expected in (("4:2", [2, 3, 4]), ("*:4", [4, 5]), ("5:*,1,1:2", [1, 2, 5]), ("*", [5]), ("2:2", [2]), ("*:*", [5])):
        t.is_(sorted(s(f"FETCH {asked} UID").fetched()), expected, f"the set {asked}")
        t.is_(sorted(s(f"UID FETCH {asked} FLAGS").fetched("UID").values()), expected, f"... of uids; the answers have the uid")
    t.is_(s("UID FETCH 9:* FLAGS").fetched("UID"), {5: 5}, "UID 9:* is the last one")
    t.is_(s("UID SEARCH UID 900:*").values("SEARCH"), [5], "... in SEARCH too")
    t.is_(s("UID FETCH 9:10 FLAGS").fetched(), {}, "UID 9:10: nothing, OK")
    inner = Part(Part(crlf(SAMPLES["nested"])).parts[1].body)
    wanted = {"2.HEADER.FIELDS (SUBJECT)": b"Subject: inner\r\n\r\n", "2.HEADER.FIELDS.NOT (SUBJECT)": inner.header.replace(b"Subject: inner\r\n", b""), "2.TEXT": inner.body,
              "2.2.MIME": inner.parts[1].header, "2.2": inner.parts[1].body, "1.2": b"<b>"}
    for section, value in wanted.items():
        found = s(f"FETCH 2 BODY.PEEK[{section}]").fetched()[2]
        t.is_(next(v for k, v in found.items() if k.startswith("BODY")), value, f"BODY[{section}]")
    for section in ("3.HEADER", "1.TEXT", "9", "2.9", "1.1.1.1", "3.1.1"):
        result = s(f"FETCH 2 BODY.PEEK[{section}]")
        t.ok(result.status in ("OK", "NO") and not any(result.fetched(f"BODY[{section}]").values()), f"BODY[{section}], which is not there: empty", result)
    for name in ('"Subject"', "{7+}\r\nSubject"):
        result = s(f"FETCH 1 BODY.PEEK[HEADER.FIELDS ({name})]")
        t.ok(result.status == "OK" and b"Subject: plain\r\n\r\n" in result.of("FETCH")[0].raw, f"HEADER.FIELDS ({name!r})", result)
    result = s("FETCH 1 (BODY.PEEK[]<0.4> BODY.PEEK[]<4.4> BODY.PEEK[HEADER] BODY.PEEK[HEADER]<0.4>)")
    t.is_(len(result.fetched()[1]), 4, "one section by several partials")
    big = b"Subject: big\r\n\r\n" + b"0123456789abcdef" * 64 + b"\r\n"
    big = big[:16] + big[16:] * 12000
    t.is_(append(s, "INBOX", big).status, "OK", f"a message of {len(big)} bytes")
    s("NOOP")
    t.ok(s("FETCH 6 BODY.PEEK[]").fetched("BODY[]")[6] == big, "... comes back")
    t.ok(s("FETCH 6 BODY.PEEK[]<9000000.5000>").fetched("BODY[]<9000000>")[6] == big[9000000:9005000], "... a piece of it")
    s.close()


def envelopes(mail, t):
    s = Imap(mail, "dave", folder="INBOX")
    for number, (header, wanted, what) in enumerate(ENVELOPES, 1):
        append(s, "INBOX", crlf(header) + b"\r\nx\r\n")
        s("NOOP")
        found = s(f"FETCH {number} ENVELOPE").fetched("ENVELOPE")[number]
        t.is_(len(found), 10, f"ENVELOPE, {what}: ten fields")
        for index, value in wanted.items():
            if index in (0, 1, 8, 9) or value is None:
                t.is_(found[index], value, f"... field {index}")
                continue
            said = [person(a) for a in found[index] or []]
            t.ok(said == value or (value == [None] and len(said) == 1 and said[0][1:] == ("a", "b.example")), f"... field {index}", value, found[index])
    s.close()


def person(address):
    name, route, local, host = [text(v) for v in address]
    return ("END",) if (local, host) == (None, None) else ("GROUP", local) if host is None else (name, local, host)


with Postroom(24) as mail, Tap() as t:
    account(mail, "carol", "dave", "erin")
    for story in (sections, corners, envelopes):
        story(mail, t)
