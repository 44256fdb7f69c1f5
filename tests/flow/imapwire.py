"""For flow tests: a client of IMAP that holds a server to the grammar of RFC 3501 and to its rules of sequence numbers.

    s = Imap(mail, "bob")                       # TLS, logged in
    r = s("STORE 1 +FLAGS (\\Seen)")            # r.status, r.code, r.lines
    r = s("APPEND INBOX", Literal(message))     # waits for "+"; Literal(message, now=True) does not

In answers an atom is a str, a number an int, a string bytes, NIL None, a list a list."""
import email.utils, os, re, ssl

LETTER = b"From: Ann <ann@outside.example>\r\nSubject: one\r\n\r\nHello.\r\n"
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Wrong(Exception):
    """The server broke the grammar or a rule."""


class Literal:
    def __init__(self, data, now=False):
        self.data, self.now = data, now


class Words:
    """The grammar's values from bytes, strictly: one space between, none at the ends."""

    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def wrong(self, what):
        raise Wrong(f"{what} at {self.at} of {self.raw[:2000]!r}")

    def peek(self):
        return self.raw[self.at:self.at + 1]

    def take(self, byte):
        if self.peek() != byte:
            self.wrong(f"expected {byte!r}")
        self.at += 1

    def ends(self):
        return self.at == len(self.raw)

    def rest(self):
        values = [self.value()]
        while not self.ends():
            self.take(b" ")
            values.append(self.value())
        return values

    def value(self):
        first = self.peek()
        if first == b"(":
            return self.list()
        if first == b'"':
            return self.quoted()
        if first == b"{":
            return self.literal()
        return self.atom()

    def list(self):
        self.take(b"(")
        values = []
        while self.peek() != b")":
            if values and not (isinstance(values[-1], list) and self.peek() == b"("):
                self.take(b" ")
            values.append(self.value())
        self.take(b")")
        return values

    def quoted(self):
        found = re.compile(rb'"((?:[^"\\\x00\r\n\x80-\xff]|\\["\\])*)"').match(self.raw, self.at)
        if not found:
            self.wrong("no quoted string")
        self.at = found.end()
        return re.sub(rb"\\(.)", rb"\1", found[1])

    def literal(self):
        found = re.compile(rb"\{(\d+)\}\r\n").match(self.raw, self.at)
        if not found or found.end() + int(found[1]) > len(self.raw):
            self.wrong("no literal")
        self.at = found.end() + int(found[1])
        return self.raw[found.end():self.at]

    def atom(self):
        found = re.compile(rb"BODY\[(?:[^\]\"{]|\"[^\"]*\")*\](?:<\d+>)?|\\?[^\x00-\x20(){\"\\\x7f-\xff]+|\\\*").match(self.raw, self.at)
        if not found:
            self.wrong("no value")
        self.at = found.end()
        word = found[0].decode()
        return None if word.upper() == "NIL" else int(word) if word.isdigit() else word


class Line:
    """One untagged answer: .word, .number (of EXISTS, FETCH...), .values; for OK, NO, BAD, BYE .code, .text."""

    def __init__(self, raw):
        self.raw, self.number, self.code, self.text, self.values = raw, None, None, None, []
        if not raw.endswith(b"\r\n"):
            raise Wrong(f"a line without its end: {raw!r}")
        body = raw[2:-2]
        found = re.match(rb"(?:(\d+) )?([A-Z]+)(?: |$)", body)
        if not found:
            raise Wrong(f"unknown answer {raw!r}")
        self.word, self.rest = found[2].decode(), body[found.end():]
        if found[1]:
            self.number = int(found[1])
        self.parse()

    def parse(self):
        if self.word in ("OK", "NO", "BAD", "BYE", "PREAUTH"):
            self.code, self.text = status_text(self.rest)
        elif self.word in ("EXISTS", "RECENT", "EXPUNGE"):
            if self.number is None or self.rest:
                raise Wrong(f"bad {self.raw!r}")
        elif self.word == "FETCH":
            self.fetch()
        elif self.word in ("CAPABILITY", "LIST", "LSUB", "STATUS", "SEARCH", "FLAGS", "ID", "NAMESPACE"):
            self.values = Words(self.rest).rest() if self.rest else []
        else:
            raise Wrong(f"unknown answer {self.raw!r}")

    def fetch(self):
        items = Words(self.rest).rest()
        if not self.number or len(items) != 1 or not isinstance(items[0], list) or len(items[0]) % 2 or not items[0]:
            raise Wrong(f"bad FETCH {self.raw!r}")
        names = [str(name).upper() for name in items[0][::2]]
        if len(set(names)) != len(names):
            raise Wrong(f"an item twice in {self.raw!r}")
        self.items = dict(zip(names, items[0][1::2]))


def status_text(rest):
    found = re.match(rb"(?:\[([^\]]*)\] )?([\x01-\x09\x0b\x0c\x0e-\x7f]+)$", rest)
    if not found or (rest.startswith(b"[") and not found[1]):
        raise Wrong(f"bad resp-text {rest!r}")
    return (found[1].decode() if found[1] else None), found[2].decode()


class Result:
    def __init__(self, status, code, text, lines):
        self.status, self.code, self.text, self.lines = status, code, text, lines

    def of(self, word):
        return [line for line in self.lines if line.word == word]

    def values(self, word):
        """The values of the one such line."""
        found = self.of(word)
        return found[0].values if len(found) == 1 else None

    def fetched(self, item=None):
        """{number: items or the one item}."""
        return {line.number: line.items.get(item) if item else line.items for line in self.of("FETCH") if not item or item in line.items}

    def codes(self):
        return [line.code for line in self.lines if line.code] + ([self.code] if self.code else [])

    def __repr__(self):
        return f"{self.status} [{self.code}] {self.text} after {[line.raw for line in self.lines]}"


class Imap:
    def __init__(self, mail, user=None, port=993, folder=None):
        self.view, self.flags, self.tags, self.waiting = None, {}, 0, []
        self.mail, self.socket = mail, mail.connect(port)
        if port == 993:
            self.wrap()
        self.file = self.socket.makefile("rb")
        self.greeting = Line(self.read())
        if user:
            self.login(user)
        if folder:
            self(f"SELECT {folder}")

    def wrap(self):
        self.socket = CONTEXT.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def login(self, user):
        name = user if "@" in user else f"{user}@example.test"
        return self(f'LOGIN {name} "{PASSWORDS.get(user) or self.mail.password(user)}"')

    def write(self, data):
        self.socket.sendall(data)

    def read(self):
        """One answer with its literals."""
        raw = b""
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError(f"the server closed after {raw!r}")
            raw += line
            found = re.search(rb"\{(\d+)\}\r\n$", line)
            if not found:
                return raw
            raw += self.file.read(int(found[1]))

    def start(self, *parts):
        """Sends a command; with literals that wait, waits for each '+'. Its tag."""
        self.tags += 1
        tag = f"a{self.tags}"
        self.waiting.append((tag, str(parts[0]).split()[0].upper()))
        data = tag.encode() + b" "
        for index, part in enumerate(parts):
            if index and not data.endswith((b" ", b"(")) and not (isinstance(part, str) and part.startswith(")")):
                data += b" "
            if not isinstance(part, Literal):
                data += part if isinstance(part, bytes) else part.encode()
                continue
            data += b"{%d%s}\r\n" % (len(part.data), b"+" if part.now else b"")
            if not part.now:
                self.write(data)
                early = self.read()
                if not early.startswith(b"+ "):
                    self.early = early
                    return tag
                data = b""
            data += part.data
        self.write(data + b"\r\n")
        return tag

    def finish(self):
        """The result of the oldest command that was sent."""
        tag, name = self.waiting[0]
        lines = []
        while True:
            raw, self.early = (getattr(self, "early", None) or self.read()), None
            if raw.startswith(b"* "):
                line = Line(raw)
                self.follow(line, name)
                lines.append(line)
                continue
            found = re.match(tag.encode() + rb" (OK|NO|BAD) (.*)\r\n$", raw, re.S)
            if not found:
                raise Wrong(f"unexpected {raw!r} in {name}")
            self.waiting.pop(0)
            return Result(found[1].decode(), *status_text(found[2]), lines)

    def __call__(self, *parts):
        if parts[0].split()[0].upper() in ("SELECT", "EXAMINE", "CLOSE", "UNSELECT"):
            self.view, self.flags = [], {}
        self.start(*parts)
        return self.finish()

    def follow(self, line, running):
        """RFC 3501 7.3 and 7.4: what the client may conclude, and what the server may not say now."""
        if line.word == "EXISTS" and self.view is not None:
            if line.number < len(self.view):
                raise Wrong(f"EXISTS {line.number} where {len(self.view)} are, in {running}")
            self.view += [None] * (line.number - len(self.view))
        elif line.word == "EXPUNGE":
            if running in ("FETCH", "STORE", "SEARCH"):
                raise Wrong(f"EXPUNGE in {running}")
            if not 1 <= line.number <= len(self.view):
                raise Wrong(f"EXPUNGE {line.number} of {len(self.view)}")
            self.flags.pop(self.view.pop(line.number - 1), None)
        elif line.word == "FETCH":
            self.follow_fetch(line)

    def follow_fetch(self, line):
        if not 1 <= line.number <= len(self.view):
            raise Wrong(f"FETCH {line.number} of {len(self.view)}")
        uid, known = line.items.get("UID"), self.view[line.number - 1]
        if uid is not None:
            if known not in (None, uid):
                raise Wrong(f"FETCH {line.number} has uid {uid}, it was {known}")
            self.view[line.number - 1] = known = uid
            around = [u for u in self.view if u]
            if around != sorted(set(around)):
                raise Wrong(f"uids do not rise: {around}")
        if "FLAGS" in line.items and known:
            self.flags[known] = frozenset(f for f in line.items["FLAGS"] if f != "\\Recent")

    def closed(self):
        """Whether the server has closed, with nothing more said."""
        try:
            return self.file.read() == b""
        except (ConnectionError, ssl.SSLError):
            return True

    def close(self):
        self.file.close()
        self.socket.close()


PASSWORDS = {}


def account(mail, *names):
    """New accounts."""
    for name in names:
        PASSWORDS[name] = "secret-" + name
        said = mail.run("mailadm", "add", "account", f"{name}@example.test", input=PASSWORDS[name] + "\n")
        if mail.code:
            raise RuntimeError(said)


def append(session, folder, message=LETTER, flags="", date=""):
    return session(" ".join(filter(None, ["APPEND", folder, flags, date])), Literal(message, now=True))


def moment(text):
    """Seconds of an INTERNALDATE."""
    return email.utils.mktime_tz(email.utils.parsedate_tz(text.decode().replace("-", " ", 2)))


def string(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def crlf(raw):
    return re.sub(rb"\r?\n", b"\r\n", raw)


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


def status(session, folder, items):
    """{item: value} of STATUS."""
    values = session(f"STATUS {folder} ({items})").values("STATUS")[1]
    return dict(zip(values[::2], values[1::2]))
