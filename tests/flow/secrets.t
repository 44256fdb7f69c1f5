#!/usr/bin/python3
# secrets: people log in by every way there is, right and wrong, with passwords and tokens that can be told from all else; afterwards none of them is in a log or a file, in an
# environment or on a command line, or in the memory of a process; no process can leave a core or be looked into. (check 15, S-42; N-96; 2.5)
import base64, glob, imaplib, os, poplib, re, secrets, smtplib, ssl, stat, subprocess, sys, threading, time

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from jose import Key, key_set
from postroom import Postroom, Tap, wait_for
from sasl_wire import Wire
from scram import Scram
from slapd import BASE, Slapd, person

CONTEXT = ssl._create_unverified_context()
ISSUER, DOMAIN = "https://login.example", "example.test"
marks = {}  # what it is: the bytes


def mark(what):
    """A password that nothing else contains."""
    marks[what] = ("Mark" + secrets.token_hex(12)).encode()
    return marks[what].decode()


def forms(secret):
    """As it may stand somewhere: as it is, in hex, and in base64 at each of the three places that it may begin at in a group of three bytes."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + secret)
        found.add(encoded[(before * 8 + 5) // 6:(before + len(secret)) * 8 // 6])
    return found


def processes(home):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if program.startswith(home + "/bin/"):
            yield int(pid), os.path.basename(program)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # it has ended, or is a socket
        return b""


def memory(pid):
    """All that it may write, and all that is its own."""
    found = []
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
            for line in maps:
                place, rights = line.split()[:2]
                if rights[:2] != "rw":
                    continue
                begin, end = (int(part, 16) for part in place.split("-"))
                mem.seek(begin)
                while begin < end:
                    try:
                        piece = mem.read(min(end - begin, 1 << 24))
                    except OSError:
                        break
                    if not piece:
                        break
                    found.append(piece)
                    begin += len(piece)
    except OSError:
        pass
    return b"".join(found)


def found_in(where, bytes):
    return [f"{what} in {where}" for what, secret in marks.items() if any(form in bytes for form in forms(secret))]


class Watcher(threading.Thread):
    """Looks at what stands in environments and on command lines while it is done."""
    def __init__(self, home):
        super().__init__(daemon=True)
        self.home, self.seen, self.ends = home, set(), threading.Event()

    def run(self):
        while not self.ends.wait(0.02):
            for pid, name in processes(self.home):
                for what in ("environ", "cmdline"):
                    self.seen.add((f"{what} of {name}", read(f"/proc/{pid}/{what}")))


def imap(mail, login, password):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=CONTEXT)
    try:
        client.login(login, password)
        return client.select()[0]
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        client.shutdown()


def smtp(mail, mechanism, *responses):
    """AUTH, and the last answer."""
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls(context=CONTEXT)
        client.ehlo()
        code, words = client.docmd("AUTH", mechanism)
        for response in responses:
            if code != 334:
                break
            code, words = client.docmd(base64.b64encode(response).decode())
        return code


def plain(login, password, user=""):
    return f"{user}\0{login}\0{password}".encode()


def scram(mail, login, password):
    wire = Wire(mail, 465)
    wire.hear()
    wire.say(b"EHLO client.example")
    wire.heard("250 ")
    s = Scram(login, password)
    wire.say(b"AUTH SCRAM-SHA-256 " + base64.b64encode(s.first()))
    for _ in range(2):
        said = wire.hear()
        if not said.startswith("334 "):
            break
        wire.say(base64.b64encode(s.last(base64.b64decode(said[4:]))) if _ == 0 else b"")
    said = wire.hear() if said.startswith("334 ") else said
    wire.close()
    return said[:3]


def pop3(mail, login, password):
    client = poplib.POP3_SSL(mail.address, mail.port(995), context=CONTEXT)
    try:
        client.user(login)
        client.pass_(password)
        return "OK" if client.quit().startswith(b"+OK") else "?"
    except poplib.error_proto as error:
        client.close()
        return str(error)


def account(mail, user, what):
    mail.add_account(f"{user}@{DOMAIN}", mark(what))
    return f"{user}@{DOMAIN}", marks[what].decode()


def every_login(mail, t):
    mara, right = account(mail, "mara", "mara's password")
    boss, bosses = account(mail, "boss", "the master's password")
    for user in ("alice", "bob"):
        marks[f"{user}'s password"] = mail.password(user).encode()
    t.is_([scram(mail, mara, right), scram(mail, mara, mark("a wrong password, by SCRAM")), scram(mail, mark("a password as the name, by SCRAM"), "x")], ["235", "535", "535"], "SCRAM-SHA-256")
    t.is_(imap(mail, mara, right), "OK", "LOGIN of IMAP")
    t.is_(pop3(mail, mara, right), "OK", "USER and PASS of POP3")
    t.matches(pop3(mail, mara, mark("a wrong password, by POP3")), "AUTH", "wrong ones")
    t.matches(pop3(mail, mark("a password as the name, by POP3"), "x"), "AUTH", "...")
    t.is_([smtp(mail, "PLAIN", plain(mara, right)), smtp(mail, "LOGIN", mara.encode(), right.encode())], [235, 235], "PLAIN and LOGIN of SMTP")
    t.matches(imap(mail, mara, mark("a wrong password, by IMAP")), "FAILED", "wrong ones")
    t.is_([smtp(mail, "PLAIN", plain(mara, mark("a wrong password, by PLAIN"))), smtp(mail, "LOGIN", mara.encode(), mark("a wrong password, by LOGIN").encode())], [535, 535], "...")
    t.is_([smtp(mail, "PLAIN", plain(mark("a password as the name, by PLAIN"), "x")), smtp(mail, "LOGIN", mark("a password as the name, by LOGIN").encode(), b"x")], [535, 535], "a password in the field of the name")
    t.matches(imap(mail, mark("a password as the name, by IMAP"), "x"), "FAILED", "...")
    smtp(mail, "PLAIN", plain(mara, mark("a password behind a NUL") + "\0x"))
    smtp(mail, "PLAIN", f"{marks['a password behind a NUL'].decode()}".encode())
    mail.control("masters", "boss\n")
    t.is_(imap(mail, f"mara@{DOMAIN}*{boss}", bosses), "OK", "N-96: a master")
    app = re.search(r"^(\w{4}-){6}\w{4}$", mail.run("mailadm", "apppassword", "add", mara, "imap", "phone"), re.M)[0]
    marks["an app password"] = app.encode()
    marks["an app password, without hyphens"] = app.replace("-", "").encode()
    t.is_(imap(mail, mara, app), "OK", "an app password")
    marks["the password of vmail"] = mail.run("mailadm", "master", "vmail").strip().encode()
    t.is_(imap(mail, f"{mara}*vmail", marks["the password of vmail"].decode()), "OK", "vmail")
    mail.run("auth-test", mara, input=mark("a password for auth-test") + "\n")
    mail.run("auth-test", mara, mark("a password on auth-test's command line"))
    del marks["a password on auth-test's command line"]  # it is there until the program has ended
    mail.run("mailadm", "passwd", mara, input=mark("a new password") + "\n")
    t.is_(imap(mail, mara, marks["a new password"].decode()), "OK", "a new password")


def by_token(mail, t):
    key, now = Key(mail.folder, "ES256", "k"), int(time.time())
    claims = {"iss": ISSUER, "aud": "mail", "exp": now + 3600, "scope": "mail", "email": f"bob@{DOMAIN}", "sub": mark("in a token")}
    mail.control("oauth", f"issuer: {ISSUER}\naudience: mail\nscope: mail\n")
    mail.control("oauthkeys", key_set(key))
    token = key.token(claims)
    marks["a token's signature"] = token.split(".")[2].encode()
    said = f"n,,\1auth=Bearer {token}\1\1".encode()
    t.is_(smtp(mail, "OAUTHBEARER", said), 235, "a token")
    bad = key.token(dict(claims, exp=now - 3600, sub=mark("in a token that has expired")))
    marks["an expired token's signature"] = bad.split(".")[2].encode()
    t.is_(smtp(mail, "OAUTHBEARER", f"n,,\1auth=Bearer {bad}\1\1".encode(), b"\1"), 535, "one that has expired")


def by_bind(mail, t):
    slapd = Slapd(mail, 15389, "")
    slapd.fill([], "\n" + person("bert", 31001, userPassword=mark("bert's password in the directory")))
    with slapd:
        slapd.configure(mail)
        mail.run("ldapsync")
        t.is_(imap(mail, "bert@school.test", marks["bert's password in the directory"].decode()), "OK", "L-04: a bind as the user")
        t.matches(imap(mail, "bert@school.test", mark("a wrong password for the directory")), "FAILED", "... a wrong one")
        mail.run("auth-test", "bert@school.test", input=marks["bert's password in the directory"].decode() + "\n")
        slapd.stop()
        imap(mail, "bert@school.test", mark("a password while the directory is down"))


def files(mail):
    allowed = (f"{mail.home}/demo-passwords",)
    for folder, _, names in os.walk(mail.home):
        for name in names:
            path = f"{folder}/{name}"
            if path not in allowed and stat.S_ISREG(os.lstat(path).st_mode) and not folder.startswith(f"{mail.home}/bin"):
                yield path, read(path)


def check_open_sessions(mail, t):
    """Of who has logged in and is still there."""
    client, other = mail.login(587, "alice"), smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    other.starttls(context=CONTEXT)
    other.ehlo()
    other.user, other.password = f"alice@{DOMAIN}", mail.password("alice")
    t.is_(other.auth("LOGIN", other.auth_login, initial_response_ok=False)[0], 235, "sessions that stay")
    box = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=CONTEXT)
    box.login(f"alice@{DOMAIN}", mail.password("alice"))
    box.select()
    imap(mail, f"alice@{DOMAIN}", mark("a wrong password beside it"))
    seen = {one for pid, name in processes(mail.home) for one in found_in(f"memory of {name}", memory(pid))}
    t.is_(sorted(seen), [], "no process remembers one while its sessions go on")
    client.quit(), other.quit(), box.logout()


def check_all(mail, t, watcher):
    sessions = lambda: [name for _, name in processes(mail.home)]
    before = sessions()
    wait_for(lambda: len(sessions()) <= watcher.at_rest)
    t.is_(sum((found_in(path[len(mail.home) + 1:], content) for path, content in files(mail)), []), [], f"check 15: no log and no file of the instance has one of {len(marks)} passwords and tokens")
    t.is_(sorted(set(sum((found_in(where, content) for where, content in watcher.seen), []))), [], f"no environment and no command line had one ({len(watcher.seen)} that were seen meanwhile)")
    hashes = set(re.findall(rb"\{CRYPT\}(\S+)|\{SCRAM-SHA-256\}(\S+)", b"".join(read(path) for path in glob.glob(f"{mail.home}/directory/*"))))
    hashes = {part for pair in hashes for part in pair if part}
    logs = b"".join(content for path, content in files(mail) if "/log/" in path) + b"".join(content for _, content in watcher.seen)
    t.ok(hashes and not [one for one in hashes if one in logs], f"no log, environment or command line has one of {len(hashes)} stored hashes", before)
    seen = {}
    for pid, name in processes(mail.home):
        for one in found_in(f"memory of {name}", memory(pid)):
            seen[one] = seen.get(one, 0) + 1
    t.is_(sorted(seen), [], f"no process remembers one: {', '.join(sorted(set(sessions())))}")
    limits = {name: re.search(r"Max core file size +(\d+|unlimited) +(\d+|unlimited)", read(f"/proc/{pid}/limits").decode()).groups() for pid, name in processes(mail.home)}
    t.is_({name for name, both in limits.items() if both != ("0", "0")}, set(), "none can leave a core file")
    open_ones = {name for pid, name in processes(mail.home) if os.stat(f"/proc/{pid}/environ").st_uid != 0}
    t.is_(open_ones, set(), "... and none can be looked into by others of its uid (PR_SET_DUMPABLE)")
    t.ok(all(mail.home.encode() in memory(mail.pid(service)) for service in ("auth-server", "imaps", "pop3s", "smtp-submission", "auth-bind")), "what was looked through is their memory")
    own = memory(os.getpid())
    t.ok(found_in("ours", own), "what was looked for is found where it is: in this test's memory")


with Postroom(15) as mail, Tap() as t:
    mail.switch_on("pop3s")
    watcher = Watcher(mail.home)
    watcher.at_rest = len(list(processes(mail.home)))
    watcher.start()
    every_login(mail, t)
    by_token(mail, t)
    by_bind(mail, t)
    check_open_sessions(mail, t)
    watcher.ends.set()
    watcher.join()
    check_all(mail, t, watcher)
