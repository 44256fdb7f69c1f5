#!/usr/bin/python3
# public: public mailboxes are read by IMAP, by those whom the operator names, each as his rights permit; by processes with the uid of the
# public mailbox, so that a user's own session, taken over, can do nothing that he may not. (N-32, N-33, N-34, N-45, N-94, T13)
import contextlib, errno, glob, imaplib, os, pwd, re, smtplib, socket, ssl, sys

sys.path.insert(0, "tests/flow")
from inside import Inside
from postroom import Postroom, Tap, wait_for

imaplib.Commands.update({name: ("AUTH", "SELECTED") for name in ("LISTRIGHTS", "MOVE", "UNSELECT")})
MESSAGE = b"From: ann@outside.example\r\nSubject: %s\r\n\r\nbody of %s\r\n"


def imap(mail, user):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    client.login(f"{user}@example.test", mail.password(user))
    return client


def ask(client, *words):
    """The answer to a command, without its tag, and the untagged ones, each b"NAME rest"."""
    tag = client._new_tag()
    client.send(tag + b" " + " ".join(words).encode() + b"\r\n")
    said = []
    while True:
        line = client._get_line()
        if line.startswith(tag + b" "):
            return line[len(tag) + 1:].decode(), said
        said.append(line[2:].decode())


def reply(client, *words):
    return ask(client, *words)[0]


def folders(client, pattern="Public*"):
    return sorted(line.split('"/" ')[1].strip('"') for line in ask(client, "LIST", '""', f'"{pattern}"')[1] if line.startswith("LIST"))


def add(client, folder, subject, flags="", seen=None):
    return client.append(folder, flags, None, MESSAGE % (subject.encode(), subject.encode()))[1][0].decode()


def subjects(client):
    ask(client, "NOOP")
    return [re.search(r'ENVELOPE \(\S+ "([^"]*)"', line).group(1) for line in ask(client, "UID FETCH 1:* (ENVELOPE)")[1] if "ENVELOPE" in line]


def owners(mail, name, *lines):
    mail.control(f"mailboxes/{name}", "\n".join(lines) + "\n")
    mail.run("tables-build")
    if mail.code:
        sys.exit("tables-build refused")


def record(*pairs):
    return b"".join(f"{key}={value}\0".encode() for key, value in pairs)


def as_uid(uid, work):
    """What work says, in a process of that uid."""
    result, end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups([]), os.setresgid(uid, uid, uid), os.setresuid(uid, uid, uid)
            said = work()
        except Exception as e:
            said = f"{type(e).__name__} {e}"
        os.write(end, str(said).encode())
        os._exit(0)
    os.close(end)
    said = open(result, "rb").read().decode()
    os.waitpid(pid, 0)
    return said


def visit(mail, commands, *pairs):
    """A session taken over: asks mailbox-spawn itself, and says these commands to what it gets."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as call:
        call.connect(f"{mail.home}/run/mailbox-spawn")
        here, there = socket.socketpair()
        with here, there:
            socket.send_fds(call, [record(("what", "public"), *pairs)], [there.fileno()])
            there.close()
            answer = call.recv(65536)
            if not answer.startswith(b"answer=started"):
                return answer.decode().replace("\0", " ") if answer else "closed"
            here.settimeout(120)
            stream, said = here.makefile("rb"), []
            for command in commands:
                here.sendall(b"r " + command.encode() + b"\r\n")
                while not (line := stream.readline()).startswith(b"r ") and line:
                    pass
                said.append(line.decode().split(" ")[1] if line else "end")
            return " ".join(said)


def sessions(mail):
    """uid by pid of the children of mailbox-spawn."""
    pid = mail.pid("mailbox-spawn")
    found = {}
    for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
        try:
            found[int(child)] = int(re.search(r"^Uid:\s(\d+)\t\1\t\1\t\1$", open(f"/proc/{child}/status").read(), re.M).group(1))
        except (FileNotFoundError, AttributeError):
            pass
    return found


with Postroom(20) as mail, Tap() as t:
    plain = imap(mail, "alice")
    t.matches(ask(plain, "NAMESPACE")[1][0], r'NAMESPACE \(\("" "/"\)\) NIL NIL', "N-45 without public mailboxes there is one namespace")
    t.ok("ACL" not in ask(plain, "CAPABILITY")[1][0], "... and no ACL")
    t.matches(reply(plain, "CREATE", "Public/mine"), "^OK", "... and Public is a name like others")
    mail.run("mailadm", "add", "group", "staff", "alice")
    mail.add_account("carol@example.test", "carol-password-1")
    mail.run("mailadm", "add", "public", "drop")
    said = mail.run("mailadm", "add", "public", "sales", "group:staff=full", "bob@example.test=ro")
    t.is_(mail.code, 0, "N-32 an operator makes a public mailbox with owners")
    t.is_(open(f"{mail.home}/control/mailboxes/sales").read(), "owner: group:staff full\nowner: bob@example.test ro\n", "... groups and users, with presets (N-33)")
    said = mail.run("mailadm", "add", "public", "wrong", "bob=most")
    t.ok(mail.code == 100 and not os.path.exists(f"{mail.home}/control/mailboxes/wrong"), "N-33 a preset that is none is refused", said)
    for line, what in (("owner: bob rx y", "two words"), ("owner: ", "nobody"), ("owner: bob lz", "a letter that is none"), ("owner: bob\nroot: maybe", "root")):
        mail.control("mailboxes/drop", line)
        said = mail.run("tables-build")
        t.ok(mail.code == 100 and "control/mailboxes/drop" in said, f"N-33 the file is refused: {what}", mail.code, said)
    mail.control("mailboxes/drop", "")
    mail.run("tables-build")

    a, b = imap(mail, "alice"), imap(mail, "bob")
    c = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    c.login("carol@example.test", "carol-password-1")
    t.matches(ask(a, "CAPABILITY")[1][0], r" ACL RIGHTS=kxte$", "RFC 4314 ACL and RIGHTS= are offered")
    t.matches(ask(a, "NAMESPACE")[1][0], r'NAMESPACE \(\("" "/"\)\) NIL \(\("Public/" "/"\)\)', "N-45 NAMESPACE shows Public/")
    t.is_(folders(a), ["Public", "Public/sales"], "N-32 a member of the owning group sees Public/sales")
    t.is_(folders(b), ["Public", "Public/sales"], "... an owner, too")
    t.is_((folders(c), folders(c, "*Public*")), ([], []), "... somebody else does not")
    t.matches(reply(c, "SELECT", "Public/sales"), r"^NO \[NONEXISTENT\]", "... and there is no such mailbox for her")
    t.matches(reply(c, "SELECT", "Public/none"), r"^NO \[NONEXISTENT\]", "... as there is none that is called otherwise")
    for command in ("STATUS Public/sales (MESSAGES)", "CREATE Public/sales/x", "DELETE Public/sales", "MYRIGHTS Public/sales", "GETACL Public/sales", "EXAMINE Public/sales", "SETACL Public/sales carol@example.test lrs", "RENAME Public/sales Public/mine"):
        t.matches(reply(c, command), r"^NO \[NONEXISTENT\]", f"... to {command.split()[0]}")
    t.is_([reply(a, "SELECT", name)[:16] for name in ("Public/drop", "Public", "Public/../example.test/bob", "Public/sales/..", "Public/sales/INBOX")],
          ["NO [NONEXISTENT]"] * 5, "... nor one without owners, nor a way out of the namespace")

    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", ["sales@example.test"], "Subject: an order\r\n\r\nbody\r\n")
    t.ok(wait_for(lambda: glob.glob(f"{mail.home}/mail/public/sales/new/*")), "N-32 mail to it")
    t.matches(reply(a, "SELECT", "Public/sales"), r"^OK \[READ-WRITE\]", "... she selects it")
    t.is_(subjects(a), ["an order"], "... and reads it")
    t.matches(add(a, "Public/sales", "from alice"), "APPENDUID", "N-33 full: she adds")
    t.is_(subjects(a), ["an order", "from alice"], "... and sees that it came")
    t.matches(reply(b, "SELECT", "Public/sales"), r"^OK \[READ-WRITE\]", "N-33 ro: he selects it")
    t.is_(subjects(b), ["an order", "from alice"], "... and reads the same")
    t.matches(reply(b, "FETCH", "1", "(UID)"), "^OK", "... FETCH")
    t.matches(ask(b, "STORE", "1", "+FLAGS", "(\\Seen)")[1][0], r"1 FETCH \(FLAGS \(.*\\Seen.*\)\)", "... write-seen")
    ask(a, "NOOP")
    t.ok("\\Seen" in [line for line in ask(a, "FETCH 1 FLAGS")[1] if line.startswith("1 FETCH")][0], "N-94 ... which is seen by all: \\Seen is common")
    for command, what in (("STORE 1 +FLAGS (\\Flagged)", "w"), ("STORE 1 +FLAGS (\\Deleted)", "t"), ("STORE 1 FLAGS (work)", "w, for a keyword"), ("EXPUNGE", "e"), ("COPY 1 Public/sales", "i"),
                          ("MOVE 1 Public/sales", "t and e"), ("CREATE Public/sales/x", "k"), ("DELETE Public/sales", "x"), ("GETACL Public/sales", "a"), ("SETACL Public/sales bob@example.test lrswipkxtea", "a"),
                          ("DELETEACL Public/sales group:staff", "a"), ("LISTRIGHTS Public/sales bob@example.test", "a")):
        t.matches(reply(b, command), r"^NO \[NOPERM\]", f"N-33 ro has no {what}: {command.split()[0]}")
    t.matches(add(b, "Public/sales", "from bob"), r"^\[NOPERM\]", "N-33 ro has no i: APPEND, and the session goes on")
    t.is_(subjects(b), ["an order", "from alice"], "... nothing came of it")
    said = ask(b, "STORE", "2", "+FLAGS", "(\\Seen \\Flagged)")
    t.ok(said[0].startswith("OK") and "\\Seen" in said[1][0] and "\\Flagged" not in said[1][0], "RFC 4314 4: of several flags those that he may", said)
    t.matches([l for l in ask(b, "SELECT", "Public/sales")[1] if "PERMANENT" in l][0], r"PERMANENTFLAGS \(\\Seen\)", "... as PERMANENTFLAGS says")
    t.is_(ask(b, "MYRIGHTS", "Public/sales")[1], ["MYRIGHTS Public/sales lrs"], "RFC 4314 MYRIGHTS")
    t.is_(ask(a, "MYRIGHTS", "Public/sales")[1][0], "MYRIGHTS Public/sales lrswipkxteacd", "... with the obsolete c and d")
    t.is_(ask(a, "MYRIGHTS", "INBOX")[1], ["MYRIGHTS INBOX lrswipkxteacd"], "... of her own")
    t.is_(ask(a, "GETACL", "Public/sales")[1], ["ACL Public/sales group:staff lrswipkxteacd bob@example.test lrs"], "RFC 4314 GETACL")

    # Two sessions of two users see each other, as two of one do
    reply(b, "SELECT", "Public/sales")
    b.send(b"i IDLE\r\n")
    t.matches(b._get_line().decode(), r"^\+", "IDLE on a public mailbox")
    add(a, "Public/sales", "while he waits")
    line = b._get_line().decode()
    t.matches(line, r"^\* 3 EXISTS", "... tells what somebody else adds")
    b._get_line()
    reply(a, "STORE", "3", "+FLAGS", "(\\Flagged)")
    t.matches(b._get_line().decode(), r"^\* 3 FETCH \(FLAGS \(.*\\Flagged", "... and flags")
    b.send(b"DONE\r\n")
    t.matches(b._get_line().decode(), "^i OK", "... until DONE")
    reply(a, "UID", "STORE", "3", "+FLAGS.SILENT", "(\\Deleted)")
    t.ok(reply(a, "EXPUNGE").startswith("OK") and ask(b, "NOOP")[1][0] == "3 EXPUNGE", "... and what is expunged")
    t.is_(ask(a, "UID", "SEARCH", "ALL")[1], ask(b, "UID", "SEARCH", "ALL")[1], "... and both have the same uids")

    # Whose processes these are
    key, uid = "public-sales", os.stat(f"{mail.home}/mail/public/sales").st_uid
    alice = os.stat(f"{mail.home}/mail/example.test/alice").st_uid
    t.ok(wait_for(lambda: list(sessions(mail).values()).count(uid) == 2), "the two processes that have it open have its uid", sessions(mail))
    running = sessions(mail)
    own = [pid for pid, owner in running.items() if owner == alice]
    t.ok(uid not in (0, alice), "... which is nobody else's", uid)
    t.ok(own and not [path for pid in own for path in (os.readlink(fd) for fd in glob.glob(f"/proc/{pid}/fd/*")) if "/public" in path], "... and alice's own have none of its files", running)
    t.matches(as_uid(alice, lambda: os.listdir(f"{mail.home}/mail/public/sales/cur")), "PermissionError", "alice's uid cannot open its folder")
    bob = os.stat(f"{mail.home}/mail/example.test/bob").st_uid
    carol = os.stat(f"{mail.home}/mail/example.test/carol").st_uid
    t.is_(as_uid(bob, lambda: visit(mail, ["SELECT Public/sales", "FETCH 1 (BODY[])", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE", "COPY 1 Public/sales", "CREATE Public/sales/x", "SETACL Public/sales bob@example.test lrswipkxtea", "MYRIGHTS Public/sales", "SELECT INBOX", "SELECT Public/drop", "LIST \"\" *", "SUBSCRIBE Public/sales"], ("name", "Public/sales"))),
          "OK OK NO NO NO NO NO OK NO NO NO NO", "a session that is taken over gets from mailbox-spawn what its user may, and no more")
    t.is_(as_uid(carol, lambda: visit(mail, ["SELECT Public/sales", "EXAMINE Public/sales", "APPEND Public/sales {1+}\r\nx", "MYRIGHTS Public/sales"], ("name", "Public/sales"))), "NO NO NO NO", "... of somebody else: nothing")
    t.matches(as_uid(carol, lambda: visit(mail, [], ("name", "Public/drop"))), "^answer=none", "... of a mailbox without owners: it is not there")
    t.matches(as_uid(carol, lambda: visit(mail, [], ("name", "Public/sales"), ("mailbox", "public-sales"), ("login", "alice@example.test"), ("user", "x"))), "^$", "... whatever else he says")
    t.is_(as_uid(carol, lambda: visit(mail, ["SELECT Public/sales"], ("name", "Public/sales"), ("mailbox", "public-sales"), ("login", "alice@example.test"))), "NO", "... (it does not make him her)")
    t.matches(as_uid(pwd.getpwnam("mail-in").pw_uid, lambda: visit(mail, [], ("name", "Public/sales"))), "closed|Error", "another service's uid is not heard")
    t.matches(as_uid(uid, lambda: visit(mail, [], ("name", "Public/sales"))), "closed|Error", "nor that of a public mailbox")
    t.matches(as_uid(carol, lambda: visit(mail, [], ("what", "imap"), ("mailbox", "key"))), "^$|none", "... nor may a session ask for another's")

    # From inside such a process
    pid = next(pid for pid, owner in sessions(mail).items() if owner == uid)
    with Inside(pid) as process:
        for path in ("mail/example.test/alice/cur", "mail/example.test/bob", "control/me", "tables/current/policy.cdb", "queue/new", "/etc/passwd"):
            t.is_(process.open(os.path.join(mail.home, path)), -errno.EACCES, f"... it does not open {path}")
        t.ok(process.open(f"{mail.home}/mail/public/sales/cur") >= 0, "... but its own mailbox")
        t.ok(process.execute("/bin/sh") in (-errno.EACCES, -errno.EAGAIN), "... executes nothing")
        t.is_(process.socket(socket.AF_INET, socket.SOCK_STREAM), -errno.ENOSYS, "... has no network")

    # Other clients
    login = f"alice@example.test:{mail.password('alice')}"
    said = mail.run("curl", "-sk", "--user", login, f"imaps://{mail.address}:{mail.port(993)}/Public/sales;MAILINDEX=2")
    t.matches(said, "body of from alice", "N-32 curl reads it")
    with open(f"{mail.folder}/message", "wb") as file:
        file.write(MESSAGE % (b"by curl", b"by curl"))
    said = mail.run("curl", "-sk", "--user", login, "-T", f"{mail.folder}/message", f"imaps://{mail.address}:{mail.port(993)}/Public/sales")
    t.ok(mail.code == 0 and "by curl" in subjects(a), "... and adds to it", mail.code, said)
    local = f"{mail.folder}/local"
    config = mail.mbsync_config("alice", f"Patterns Public/*\nCreate Near\nExpunge Both\nSyncState {local}/")
    sync = ("env", f"HOME={mail.folder}", "mbsync", "-c", config, "all")
    said = mail.run(*sync)
    there = lambda: sorted(re.search(rb"Subject: (.*)", open(path, "rb").read()).group(1).strip().decode() for path in glob.glob(f"{local}/Public/sales/[nc]*/*"))
    t.ok(mail.code == 0 and there() == sorted(subjects(a)), "N-32 mbsync fetches it", said, there())
    with open(f"{local}/Public/sales/new/1.by.mbsync", "wb") as file:
        file.write(MESSAGE.replace(b"\r", b"") % (b"by mbsync", b"by mbsync"))
    [os.rename(path, path + "T") for path in glob.glob(f"{local}/Public/sales/cur/*:2,*") if b"by curl" in open(path, "rb").read()]
    [os.rename(path, path.replace("/new/", "/cur/") + ":2,T") for path in glob.glob(f"{local}/Public/sales/new/*") if b"by curl" in open(path, "rb").read()]
    said = mail.run(*sync)
    t.ok(mail.code == 0 and subjects(a) == ["an order", "from alice", "by mbsync"], "... and brings back what was added and removed here", said, subjects(a))
    ask(a, "STORE", "3", "+FLAGS.SILENT", "(\\Deleted)"), reply(a, "EXPUNGE")

    # Folders, and rights by IMAP
    t.matches(reply(a, "CREATE", "Public/sales/2026"), "^OK", "N-34 k: a folder below")
    t.matches(reply(a, "CREATE", '"Public/sales/Gr&APwA3w-e/x"'), "^OK", "... in any script")
    t.is_(folders(b), ["Public", "Public/sales", "Public/sales/2026", "Public/sales/Gr&APwA3w-e", "Public/sales/Gr&APwA3w-e/x"], "N-32 the owners have the same rights to it")
    t.matches(reply(a, "SETACL", "Public/sales/2026", "carol@example.test", "lrswi"), "^OK", "RFC 4314 SETACL gives somebody else rights to one folder")
    t.is_(folders(c), ["Public", "Public/sales", "Public/sales/2026"], "... who sees that one, at once")
    t.matches(reply(c, "SELECT", "Public/sales/2026"), r"^OK \[READ-WRITE\]", "... selects it")
    t.matches(reply(c, "SELECT", "Public/sales"), r"^NO \[NONEXISTENT\]", "... and not the others")
    t.matches(add(c, "Public/sales/2026", "from carol"), "APPENDUID", "... and adds to it")
    t.is_(ask(a, "GETACL", "Public/sales/2026")[1][0].split(" ", 6)[-1], "carol@example.test lrswi", "... GETACL tells it")
    t.is_(open(f"{mail.home}/mail/public/sales/.2026/dovecot-acl").read(), "user=carol@example.test lrswi\n", "... and Dovecot's file has it")
    reply(a, "SETACL", "Public/sales/2026", "carol@example.test", "-wi")
    t.is_(ask(c, "MYRIGHTS", "Public/sales/2026")[1], ["MYRIGHTS Public/sales/2026 lrs"], "... -wi takes them")
    reply(a, "SETACL", "Public/sales/2026", "carol@example.test", "+d")
    t.is_(ask(c, "MYRIGHTS", "Public/sales/2026")[1], ["MYRIGHTS Public/sales/2026 lrsxted"], "... the obsolete d is t, e and x")
    reply(a, "SETACL", "Public/sales/2026", "-carol@example.test", "s")
    t.is_(ask(c, "MYRIGHTS", "Public/sales/2026")[1], ["MYRIGHTS Public/sales/2026 lrxted"], "... a negative one is taken off")
    t.matches(reply(a, "SETACL", "Public/sales/2026", "group:staff", '""'), "^OK", "... what the operator gives stays")
    t.is_(ask(a, "MYRIGHTS", "Public/sales/2026")[1], ["MYRIGHTS Public/sales/2026 lrswipkxteacd"], "... whatever is said of it")
    t.is_(ask(a, "LISTRIGHTS", "Public/sales/2026", "bob@example.test")[1], ["LISTRIGHTS Public/sales/2026 bob@example.test lrs w i p k x t e a c d"], "... as LISTRIGHTS says")
    t.matches(reply(a, "SETACL", "Public/sales/2026", "nobody@example.test", "l"), r"^NO \[CANNOT\]", "... nobody can be given any")
    t.matches(reply(a, "SETACL", "Public/sales/2026", "carol@example.test", "lrz"), "^BAD", "... nor a letter that is none")
    t.matches(reply(a, "SETACL", "INBOX", "carol@example.test", "l"), r"^NO \[CANNOT\]", "... nor to a folder of one's own")
    reply(c, "SELECT", "Public/sales/2026"), c.send(b"i IDLE\r\n"), c._get_line()
    t.matches(reply(a, "DELETEACL", "Public/sales/2026", "carol@example.test"), "^OK", "... DELETEACL")
    add(a, "Public/sales/2026", "not for carol")
    c.send(b"DONE\r\n")
    said = [c._get_line().decode()]
    while not said[-1].startswith("i "):
        said.append(c._get_line().decode())
    t.ok(said[-1].startswith("i OK") and len(said) == 1 and ask(c, "NOOP")[1] == [], "... what comes is not told to her who had it selected, in IDLE and with NOOP", said)
    t.matches(reply(c, "FETCH", "1", "FLAGS"), r"^NO \[NOPERM\]", "... nor what was there")
    t.is_(folders(c), [], "... and it is gone for her")
    t.matches(reply(a, "RENAME", "Public/sales/2026", "Public/sales/2025"), "^OK", "RENAME")
    t.matches(reply(a, "RENAME", "Public/sales/2025", "mine"), r"^NO \[CANNOT\]", "... not out of its mailbox")
    t.matches(reply(a, "DELETE", "Public/sales/2025"), "^OK", "N-34 x: DELETE")
    t.matches(reply(a, "DELETE", "Public/sales"), r"^NO \[CANNOT\]", "... not the mailbox itself")
    t.matches(reply(a, "SUBSCRIBE", "Public/sales"), "^OK", "SUBSCRIBE")
    t.ok("Public/sales" in str(a.lsub()[1]), "... is everybody's own", a.lsub())

    # COPY and MOVE between mailboxes
    for name in ("one", "two", "three"):
        add(a, "INBOX", name, "\\Flagged work" if name == "two" else "")
    reply(a, "SELECT", "INBOX")
    ask(a, "STORE", "1", "+FLAGS", "(\\Seen)")
    said = ask(a, "COPY", "1:2", "Public/sales")
    t.matches(said[0], r"^OK \[COPYUID \d+ 1:2 \d+:\d+\]", "COPY from one's own mailbox to a public one")
    reply(a, "SELECT", "Public/sales")
    t.is_(subjects(a), ["an order", "from alice", "one", "two"], "... the messages are there")
    found = [line for line in ask(a, "FETCH 3:4 (FLAGS INTERNALDATE RFC822.SIZE)")[1] if "INTERNALDATE" in line]
    reply(a, "SELECT", "INBOX")
    own = [line for line in ask(a, "FETCH 1:2 (FLAGS INTERNALDATE RFC822.SIZE)")[1] if "INTERNALDATE" in line]
    strip = lambda lines: [re.sub(r"^\d+ | ?\\Recent", "", line) for line in lines]
    t.is_(strip(found), strip(own), "... with their flags, keywords, dates and sizes")
    t.matches(reply(a, "MOVE", "2:3", "Public/sales"), "^OK", "MOVE to a public one")
    t.is_((subjects(a), len(glob.glob(f"{mail.home}/mail/example.test/alice/[nc]*/*"))), (["one"], 1), "... the originals are gone")
    reply(a, "SELECT", "Public/sales")
    said = ask(a, "UID", "MOVE", "1,7", "INBOX")
    t.ok(said[0].startswith("OK") and any(re.match(r"OK \[COPYUID \d+ 1,7 \d+:\d+\]", line) for line in said[1]) and [l for l in said[1] if "EXPUNGE" in l] == ["1 EXPUNGE", "3 EXPUNGE"], "MOVE from a public one to one's own", said)
    t.is_(subjects(a), ["from alice", "one", "two", "three"], "... the originals are gone")
    t.matches(reply(a, "COPY", "1:*", "Public/sales/Gr&APwA3w-e/x"), r"^OK \[COPYUID \d+ 2,6,8:9 1:4\]", "COPY inside one public mailbox")
    mail.run("mailadm", "add", "public", "archive", "group:staff=lrsi", "bob@example.test=ro")
    t.matches(reply(a, "COPY", "1:3", "Public/archive"), r"^OK \[COPYUID \d+ 2,6,8 1:3\]", "COPY from one public mailbox to another")
    reply(a, "SELECT", "Public/archive")
    t.is_(subjects(a), ["from alice", "one", "two"], "... the messages are there")
    t.ok("Flagged" not in str(ask(a, "FETCH 3 FLAGS")) and "\\Seen" in str(ask(a, "FETCH 2 FLAGS")), "... with the flags that she may give there")
    t.matches(reply(a, "MOVE", "1:2", "INBOX"), r"^NO \[NOPERM\]", "MOVE where she may not remove")
    ask(b, "NOOP")
    t.matches(reply(b, "COPY", "1", "Public/archive"), r"^NO \[NOPERM\]", "COPY to where he may not add")
    t.matches(reply(b, "MOVE", "1", "INBOX"), r"^NO \[NOPERM\]", "MOVE from where he may only read")
    t.matches(reply(b, "COPY", "1", "none"), r"^NO \[TRYCREATE\]", "COPY to what is not there")
    t.matches(reply(b, "COPY", "1", "Public/none"), r"^NO \[NONEXISTENT\]", "... nor below Public")
    t.matches(reply(b, "COPY", "77", "INBOX"), "^BAD", "COPY of a number that there is not")
    t.matches(reply(b, "UID", "COPY", "77", "INBOX"), "^OK there is no", "... of a uid")
    t.matches(reply(a, "EXAMINE", "Public/sales"), "^OK", "EXAMINE")
    t.matches(reply(a, "MOVE", "1", "INBOX"), r"^NO \[READ-ONLY\]", "... nothing is moved from there")
    reply(a, "SELECT", "INBOX")
    t.is_(sorted(subjects(a)), ["an order", "one", "two"], "... and nothing of all that came twice")
    t.ok(reply(a, "COPY", "1", "Public/drop").startswith("NO"), "COPY to one without owners")
    large = b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 60 + b"\r\n" + b"x" * 3000000
    a.append("INBOX", "", None, large)
    a.append("INBOX", "", None, b"Subject: header alone\r\n\r\n")
    said = ask(a, "COPY", "4:5", "Public/sales")
    reply(a, "SELECT", "Public/sales")
    t.matches(said[0], "^OK", "COPY of a large message, and of one without a body")
    files = [open(path, "rb").read() for folder in ("new", "cur") for path in glob.glob(f"{mail.home}/mail/public/sales/{folder}/*")]
    t.ok(large.replace(b"\r\n", b"\n") in files, "... byte for byte", [len(f) for f in files])
    t.matches(reply(a, "COPY", "5:6", "Sent"), "^OK", "... and back")
    files = [open(path, "rb").read() for path in glob.glob(f"{mail.home}/mail/example.test/alice/.Sent/[nc]*/*")]
    t.ok(large.replace(b"\r\n", b"\n") in files and b"Subject: header alone\n\n" in files, "... byte for byte", [len(f) for f in files])
    owners(mail, "archive", "owner: group:staff full", "quota: 2M")
    reply(a, "SELECT", "INBOX")
    before = len(glob.glob(f"{mail.home}/mail/public/archive/[nc]*/*"))
    t.matches(reply(a, "COPY", "1:5", "Public/archive"), r"^NO \[OVERQUOTA\]", "COPY of some that fit, and one that does not")
    t.is_((len(glob.glob(f"{mail.home}/mail/public/archive/[nc]*/*")), os.listdir(f"{mail.home}/mail/public/archive/tmp")), (before, []), "... all or nothing")
    t.matches(reply(a, "NOOP"), "^OK", "... and the session goes on")
    mail.control("mailboxes/archive", "")

    # The operator's changes hold at the next command
    owners(mail, "sales", "owner: group:staff rw")
    t.is_(folders(b), [], "an owner who is one no more does not see it")
    t.matches(reply(b, "SELECT", "Public/sales"), r"^NO \[NONEXISTENT\]", "... nor select it")
    t.matches(reply(a, "DELETE", "Public/sales/Gr&APwA3w-e/x"), r"^NO \[NOPERM\]", "N-33 rw has no x")
    t.is_(ask(a, "MYRIGHTS", "Public/sales")[1], ["MYRIGHTS Public/sales lrswiktcd"], "N-33 rw is lrswitk")
    mail.control("groups/staff", "member: bob@example.test")
    mail.run("tables-build")
    t.is_((folders(a), folders(b, "Public/%")), ([], ["Public/sales"]), "N-32 whoever comes into the group sees it, who leaves it does not")
    owners(mail, "sales", "owner: anyone lr", "quota: 3K")
    t.matches(reply(c, "SELECT", "Public/sales"), r"^OK \[READ-ONLY\]", "N-33 custom: lr of anyone is read only")
    owners(mail, "sales", "owner: anyone rw", "quota: 3K")
    t.matches(c.append("Public/sales", "", None, b"Subject: big\r\n\r\n" + b"x\r\n" * 1500)[1][0].decode(), r"^\[OVERQUOTA\]", "N-30 the quota is the public mailbox's")

    # The root: who has k there makes public folders (N-34)
    t.matches(reply(c, "CREATE", "Public/team"), r"^NO \[NONEXISTENT\]", "N-34 without a root nobody makes one")
    mail.run("mailadm", "add", "public", "common")
    owners(mail, "common", "owner: carol lk", "owner: bob l", "root: yes")
    t.matches(reply(b, "CREATE", "Public/team"), r"^NO \[NOPERM\]", "N-34 without k on the root: no")
    t.matches(reply(c, "CREATE", "Public/team"), "^OK", "N-34 with k: Public/team")
    t.is_(folders(c), ["Public", "Public/common", "Public/sales", "Public/sales/Gr&APwA3w-e", "Public/sales/Gr&APwA3w-e/x", "Public/team"], "... beside the mailboxes of the operator")
    t.is_(ask(c, "MYRIGHTS", "Public/team")[1], ["MYRIGHTS Public/team lrswipkxteacd"], "... hers, with all rights")
    t.is_(ask(b, "MYRIGHTS", "Public/team")[1], ["MYRIGHTS Public/team l"], "... of others as she says")
    t.matches(reply(c, "SETACL", "Public/team", "group:staff", "lrs"), "^OK", "... RFC 4314 to a group")
    t.matches(reply(b, "SELECT", "Public/team"), r"^OK", "... whose members read it")
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo(), client.mail("ann@outside.example")
        t.is_(client.rcpt("team@example.test")[0] // 100, 5, "N-35 and it has no address")
    t.matches(reply(c, "RENAME", "Public/team", "Public/sales/y") + reply(c, "RENAME", "Public/team", "Public/sales"), r"^NO .*NO ", "... not renamed to where another mailbox has the name")
    t.ok("Public/team" in folders(c), "... she still sees it", folders(c))
    t.matches(reply(c, "DELETE", "Public/team"), "^OK", "... x, hers")
    t.matches(reply(c, "CREATE", "Public/common/x") + reply(c, "RENAME", "Public/common/x", "Public/common/y"), "^OK.*OK", "... a folder below the mailbox that is the root")
    t.ok("Public/common/y" in folders(c), "... which she sees", folders(c))

    # \Seen of each user alone
    mail.run("mailadm", "add", "public", "news", "alice@example.test=full", "bob@example.test=rw")
    for client in (a, b):
        reply(client, "SELECT", "Public/news")
    for subject in ("one", "two", "three"):
        add(a, "Public/news", subject)
    ask(b, "NOOP"), ask(b, "STORE", "1", "+FLAGS", "(\\Seen)")

    def seen(client):
        """The numbers of the messages that have it."""
        ask(client, "NOOP")
        return [n for n, line in enumerate((line for line in ask(client, "UID FETCH 1:* FLAGS")[1] if "UID" in line), 1) if "\\Seen" in line]

    t.is_((seen(a), seen(b)), ([1], [1]), "N-94 T13 \\Seen is common")
    mail.control("sharedseen", "no")
    for client in (a, b):
        reply(client, "SELECT", "Public/news")
    t.is_((seen(a), seen(b)), ([], []), "N-94 control/sharedseen no: each has his own, and nothing was seen by anybody")
    ask(a, "STORE", "1:2", "+FLAGS", "(\\Seen)")
    ask(b, "FETCH", "3", "BODY[]")
    ask(b, "STORE", "2", "+FLAGS", "(\\Flagged)")
    t.is_((seen(a), seen(b)), ([1, 2], [3]), "... STORE and FETCH")
    t.ok("\\Flagged" in str(ask(a, "FETCH 2 FLAGS")), "... other flags are common")
    t.is_([ask(client, "STATUS Public/news (UNSEEN)")[1][0] for client in (a, b)], ["STATUS Public/news (UNSEEN 1)", "STATUS Public/news (UNSEEN 2)"], "... STATUS")
    t.is_([ask(client, "SEARCH UNSEEN")[1][0] for client in (a, b)], ["SEARCH 3", "SEARCH 1 2"], "... SEARCH")
    a2 = imap(mail, "alice")
    reply(a2, "SELECT", "Public/news")
    t.is_(seen(a2), [1, 2], "... it stays")
    ask(a2, "STORE", "1:*", "-FLAGS.SILENT", "(\\Seen)")
    ask(a2, "STORE", "3", "FLAGS", "(\\Seen)")
    said = ask(a, "NOOP")[1]
    t.is_(sorted(line for line in said if "FETCH" in line)[0], "1 FETCH (FLAGS ())", "... her other session is told at its next command")
    t.is_((seen(a), seen(a2), seen(b)), ([3], [3], [3]), "... of each what is his")
    add(a, "Public/news", "four", "\\Seen")
    t.is_((seen(a), seen(b)), ([3, 4], [3]), "... APPEND")
    reply(a, "CREATE", "Public/news/old")
    reply(a, "COPY", "2:4", "Public/news/old")
    for client in (a, b):
        reply(client, "EXAMINE", "Public/news/old")
    t.is_((seen(a), seen(b)), ([2, 3], []), "... COPY takes it along")
    names = [os.path.basename(path) for path in glob.glob(f"{mail.home}/mail/public/news/[nc]*/*")]
    t.is_(sorted(name.split(":2,")[1] if ":2," in name else "" for name in names), ["", "", "F", "S"], "... the names of the messages keep what they said")
    reply(a, "SELECT", "Public/news"), reply(a, "STORE", "3", "+FLAGS", "(\\Deleted)"), reply(a, "EXPUNGE")
    t.is_(seen(a), [3], "... EXPUNGE")
    mail.control("sharedseen", None)
    reply(a, "SELECT", "Public/news")
    t.is_(seen(a), [1], "N-94 ... and is common again")

    # The uids of so many messages are longer than a command may be
    mail.run("mailadm", "add", "public", "pile", "alice@example.test=full")
    reply(a, "SELECT", "Public/pile"), reply(a, "UNSELECT"), reply(a, "CREATE", "heap")
    pile, lines = f"{mail.home}/mail/public/pile", ["3 V1700000000 N4000020000 G0123456789abcdef0123456789abcdef"]
    owner = os.stat(pile).st_uid
    for number in range(4000000001, 4000012001, 2):
        with open(f"{pile}/cur/1700000000.M{number}.x:2,", "wb") as file:
            file.write(b"Subject: one of many\n\nx\n")
        os.chown(file.name, owner, owner)
        lines.append(f"{number} :1700000000.M{number}.x")
    with open(f"{pile}/dovecot-uidlist", "w") as file:
        file.write("\n".join(lines) + "\n")
    os.chown(file.name, owner, owner)
    reply(a, "SELECT", "Public/pile")
    said = ask(a, "UID", "MOVE", "1:*", "heap")
    t.ok(said[0].startswith("OK") and len(max(said[1], key=len)) > 65536, "MOVE of 6000 messages from a public mailbox", said[0][:200], len(said[1]))
    t.is_((len(glob.glob(f"{pile}/[nc]*/*")), len(glob.glob(f"{mail.home}/mail/example.test/alice/.heap/[nc]*/*"))), (0, 6000), "... all of them, and the originals are gone")

    # Hostile files, and what a crash leaves
    path = f"{mail.home}/mail/public/sales/dovecot-acl"
    for content, what in ((b"\0" * 5000, "NULs"), (b"user=carol@example.test " + b"a" * 200000, "a long line"), (b'"user=carol@example.test\\', "a quote without an end"), (b"user=\xff\xfe lrs\n" * 5000, "bytes that are no text")):
        open(path, "wb").write(content), os.chown(path, uid, uid)
        t.ok(reply(c, "SELECT", "Public/sales").startswith("OK") and mail.pid("mailbox-spawn"), f"a dovecot-acl of {what} takes nothing from what the operator gives")
    os.unlink(path), os.symlink("/etc/passwd", path)
    t.matches(reply(c, "SELECT", "Public/sales"), "^OK", "... a link is not followed")
    os.unlink(path)
    reply(c, "SELECT", "Public/sales")
    victim = [pid for pid, owner in sessions(mail).items() if owner == uid]
    for pid in victim:
        with contextlib.suppress(ProcessLookupError):  # one that has just ended
            os.kill(pid, 9)
    said = ask(c, "NOOP") if victim else ("", [])
    t.ok(victim and any(line.startswith("BYE") for line in said[1]), "a process that dies ends the session that relied on it, with BYE", victim, said)
    d = imap(mail, "bob")
    t.matches(reply(d, "SELECT", "INBOX"), "^OK", "... others go on")
    reply(d, "SELECT", "Public/news")
    victim = [pid for pid, owner in sessions(mail).items() if owner == os.stat(f"{mail.home}/mail/public/news").st_uid]
    for pid in victim:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
    said = ask(d, "APPEND Public/news {12+}\r\nSubject: x\r\n")
    t.ok(victim and "APPENDUID" in said[0] and any(line.startswith("BYE") for line in said[1]), "... an APPEND that was done is OK, though the process that had the mailbox selected is dead", said)
