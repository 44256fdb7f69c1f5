#!/usr/bin/python3
# hostile-callers: what a taken-over program can do to the services that it may call (design 1.2; checks 55, 58). Each
# sends, with the uid of an allowed caller, what it should not: it gets a refusal or a close, the service stays up with no
# descriptor and no memory more, and the others are served.
import array, glob, os, pwd, re, select, smtplib, socket, ssl, subprocess, sys, tempfile, threading, time

sys.path.insert(0, "tests/flow")
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for

CALLERS = {"tls-server": "mail-in", "tls-client": "mail-remote", "auth-server": "mail-submit", "auth-bind": "mail-auth",
           "mailbox-spawn": "mail-send", "queue-add": "mail-in", "smtp-send": "mail-send", "send-schedule": "mail-queue",
           "srs-server": "mail-in", "client-check": "mail-in"}
ID = "0123456789abcde%s"
GOOD = re.compile(rb"^answer=(yes|queued|there|started|file)\0")
REQUESTS = {  # what a good request looks like, for the descriptors to hang on
    "tls-server": b"what=accept\0", "tls-client": b"what=connect\0name=mx.example\0verify=none\0",
    "auth-server": b"service=imap\0mechanism=PLAIN\0ip=127.0.0.9\0tls=yes\0", "auth-bind": b"dn=cn=x\0password=\0",
    "mailbox-spawn": b"what=deliver\0mailbox=bob\0id=%s\0sender=\0recipient=b\0offset=0\0again=0\0" % (ID % "0").encode(),
    "queue-add": b"what=add\0id=%s\0" % (ID % "0").encode(), "smtp-send": b"what=send\0recipient=x\0offset=0\0",
    "send-schedule": b"what=new\0id=nonsense\0", "srs-server": b"what=reverse\0address=SRS0=x@example.test\0", "client-check": b"what=client\0ip=nowhere\0"}


class As:
    """The block runs with the user's effective uid, and that is what SO_PEERCRED says of sockets connected in it."""
    def __init__(self, user):
        self.entry = pwd.getpwnam(user)

    def __enter__(self):
        os.setegid(self.entry.pw_gid), os.seteuid(self.entry.pw_uid)

    def __exit__(self, *_):
        os.seteuid(0), os.setegid(0)


def connect(home, service, user=None):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(300)
    with As(user or CALLERS[service]):
        s.connect(f"{home}/run/{service}")
    return s


def send(s, packet, fds=()):
    s.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])


def receive(s):
    """The answer, without its descriptors; b"" at the end."""
    try:
        packet, rights, _, _ = s.recvmsg(65536, socket.CMSG_SPACE(16))
    except (BrokenPipeError, ConnectionResetError):
        return b""
    for _, _, data in rights:
        fds = array.array("i")
        fds.frombytes(data)
        for fd in fds:
            os.close(fd)
    return packet


def ask(home, service, packet, fds=(), user=None):
    """What is answered; "silent" if there is neither an answer nor an end."""
    with connect(home, service, user) as s:
        try:
            send(s, packet, fds)
        except OSError as error:
            return b"" if isinstance(error, (BrokenPipeError, ConnectionResetError)) else str(error).encode()
        if service == "send-schedule" and packet.startswith(b"what=new"):
            return b""  # is never answered
        try:
            return receive(s)
        except TimeoutError:
            return "silent"


def pid_of(home, service):
    return int(subprocess.check_output(["s6-svstat", "-o", "pid", f"{home}/service/{service}"]))


def family(home, service):
    pid = pid_of(home, service)
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [pid] + [int(child) for child in file.read().split()]


def descriptors(home, service):
    """Of the service and the workers that it keeps."""
    count = 0
    for pid in family(home, service):
        try:
            count += sum(not os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:") for fd in os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            pass
    return count


def wrong_descriptors(folder):
    os.mkfifo(f"{folder}/fifo")
    with open(f"{folder}/hollow", "wb") as file:
        file.truncate(1 << 40)
    with open(f"{folder}/noise", "wb") as file:
        file.write(os.urandom(100000))
    pair = socket.socketpair()
    pair[1].close()
    return {
        "a folder": os.open(folder, os.O_RDONLY), "a fifo": os.open(f"{folder}/fifo", os.O_RDONLY | os.O_NONBLOCK),
        "/dev/zero": os.open("/dev/zero", os.O_RDWR), "a path only": os.open(f"{folder}/noise", os.O_PATH),
        "a socket whose other end is closed": pair[0].detach(), "a terabyte of nothing": os.open(f"{folder}/hollow", os.O_RDONLY),
        "write only": os.open(f"{folder}/noise", os.O_WRONLY), "noise": os.open(f"{folder}/noise", os.O_RDONLY),
        "an empty memfd": os.memfd_create("empty")}


def envelope(id, facts="role=mx", recipient="bob@example.test", body=b"Subject: x\r\n\r\nx\r\n"):
    lines = f"\nI {id}\nB 1700000000\nS \nC {facts}\nR {recipient}\n\n".encode()
    head = b"postroom1 %010d 0000 " % (46 + len(lines)) + b"0" * 20
    return head + lines + body


def memfd(content):
    fd = os.memfd_create("x")
    os.write(fd, content)
    return fd


def test_packets(t, home, fds):
    """Every service, every wrong packet: an answer that is none of those that give something, or an end."""
    odd = list(fds.values())
    packets = {"not a record": b"\xff\0\xfenoise", "no NUL at the end": b"what=add", "no key": b"=x\0", "nothing": b"x=\0",
               "a huge value": b"what=" + b"x" * 65000 + b"\0", "40,000 keys": b"a=" + b"\0a=" * 13000 + b"\0",
               "a packet of 64 KiB and one": b"what=add\0id=" + b"x" * 65524 + b"\0", "keys twice": b"what=add\0what=accept\0what=new\0"}
    for service in CALLERS:
        before, pid = descriptors(home, service), pid_of(home, service)
        answers = {what: ask(home, service, packet) for what, packet in packets.items()}
        answers["four descriptors"] = ask(home, service, REQUESTS[service], odd[:4])
        answers["nine descriptors"] = ask(home, service, REQUESTS[service], odd)
        for what, fd in fds.items():
            if service not in ("smtp-send", "send-schedule"):
                answers[what] = ask(home, service, REQUESTS[service], [fd])
        if service == "auth-server":  # it asks for the response
            answers = {what: a for what, a in answers.items() if a == "silent" or not a.startswith(b"answer=continue\0")}
        wrong = {what: a for what, a in answers.items() if a == "silent" or GOOD.match(a)}
        t.is_(wrong, {}, f"{service}: {len(answers)} requests that are none, none is granted, none waits")
        for _ in range(64):  # spread over the workers: on each packet of nothing hang four descriptors
            with connect(home, service) as s:
                send(s, b"", odd[:4])
        t.ok(wait_for(lambda: descriptors(home, service) <= before), f"{service}: no descriptor stays open",
             before, descriptors(home, service))
        t.is_(pid_of(home, service), pid, f"{service}: is the same process as before")


def test_queue(t, mail):
    home = mail.home
    add = lambda id, fd, user=None: ask(home, "queue-add", f"what=add\0id={id}\0".encode(), [fd], user)
    report = ID % "0" + "b0001"
    t.matches(add(report, memfd(envelope(report))).decode(), "answer=no", "mail-in may not queue a report")
    t.matches(add("../../control/me", memfd(envelope(ID % "1"))).decode(), "answer=no", "an id with slashes is refused")
    t.matches(add(ID % "1", memfd(envelope(ID % "2"))).decode(), "answer=no", "... and one that is not the envelope's")

    shrinking, over = memfd(envelope(ID % "3", body=b"x" * 3000000)), threading.Event()
    def change():
        while not over.is_set():
            os.ftruncate(shrinking, 100)
            os.pwrite(shrinking, envelope(ID % "3", body=b"x" * 3000000), 0)
    thread = threading.Thread(target=change)
    thread.start()
    answers = [add(ID % "3", shrinking) for _ in range(40)]
    over.set(), thread.join()
    t.ok(all(re.match(rb"answer=(queued|no|later)\0", a) for a in answers), "a memfd that shrinks while it is read: an answer each time", answers)

    workers = set(family(home, "queue-add"))
    held = []
    for _ in range(64):
        s = connect(home, "queue-add")
        s.setblocking(False)
        try:
            for _ in range(400):
                send(s, b"what=file\0")
        except OSError:
            pass
        held.append(s)
    begin = time.monotonic()
    t.ok(mail.run("env", "python3", "-c", SEND, mail.address, str(mail.port(25)), "unread") == "", "64 callers that ask and do not read: mail is accepted")
    t.ok(time.monotonic() - begin < 200, "... soon", time.monotonic() - begin)
    for s in held:
        s.close()
    held = [connect(home, "queue-add") for _ in range(64)]
    begin = time.monotonic()
    t.ok(mail.run("env", "python3", "-c", SEND, mail.address, str(mail.port(25)), "silent") == "", "64 silent callers: mail is accepted")
    t.ok(time.monotonic() - begin < 200, "... soon", time.monotonic() - begin)
    for s in held:
        s.close()
    t.ok(mail.mail_with("bob", "Subject: unread") and mail.mail_with("bob", "Subject: silent"), "... and delivered")
    t.is_(set(family(home, "queue-add")), workers, "the workers are the same as before")


SEND = """
import smtplib, sys
with smtplib.SMTP(sys.argv[1], int(sys.argv[2]), timeout=300) as smtp:
    smtp.sendmail("a@remote.test", ["bob@example.test"], f"Subject: {sys.argv[3]}\\r\\n\\r\\nx\\r\\n")
"""


def outcome(home, bob, fd, **more):
    fields = dict(what="deliver", mailbox=bob, id=ID % "4", sender="", recipient="bob@example.test", offset="0", again="0")
    fields.update(more)
    packet = b"".join(f"{k}={v}\0".encode("latin-1") for k, v in fields.items() if v is not None)
    return ask(home, "mailbox-spawn", packet, [fd]).decode("latin-1")


def test_delivery(t, mail, fds):
    home = mail.home
    bob = re.search(r"key (\S+)", mail.run("auth-test", "bob@example.test", input="x\n"))[1]
    good = memfd(envelope(ID % "4"))
    inbox = lambda: sorted(os.listdir(f"{home}/mail/example.test/bob/new"))
    before = inbox()
    for what, answer in {
            "a mailbox that is none": outcome(home, "nobody", good), "an empty key": outcome(home, "", good),
            "a key of odd bytes": outcome(home, "../bob\n\xff", good), "a key of 60,000 bytes": outcome(home, "x" * 60000, good),
            "no id": outcome(home, bob, good, id=None), "an id with slashes": outcome(home, bob, good, id="../../../alice/new/x"),
            "an id of 60,000 bytes": outcome(home, bob, good, id="0" * 60000),
            "an offset beyond the end": outcome(home, bob, good, offset="100000"),
            "an offset of 2^63": outcome(home, bob, good, offset=str(1 << 63)), "a negative one": outcome(home, bob, good, offset="-1"),
            "no offset": outcome(home, bob, good, offset=None), "what=imap, from mail-send": outcome(home, bob, good, what="imap"), "what=pop3, from mail-send": outcome(home, bob, good, what="pop3")}.items():
        t.ok("done" not in answer and "started" not in answer, f"mailbox-spawn refuses {what}", answer)
    t.is_(inbox(), before, "... and nothing was delivered")
    done = outcome(home, bob, good, id=ID % "5", sender="x\r\nBcc: y\r\n\r\n", recipient="b\r\nX: y")
    t.matches(done, "done 2.0.0", "newlines in sender and recipient")
    t.ok(not any(re.search(rb"^(Bcc|X):", m, re.M) for m in mail.mail("bob")), "... make no header line")
    shrinking = memfd(envelope(ID % "6", body=b"x\r\n" * 20000000))
    with connect(home, "mailbox-spawn") as s:
        send(s, f"what=deliver\0mailbox={bob}\0id={ID % '6'}\0sender=\0recipient=bob@example.test\0offset=0\0again=0\0".encode(), [shrinking])
        time.sleep(0.05)
        os.ftruncate(shrinking, 10)
        answer = receive(s)
    t.ok(b"done" not in answer, "a file that is cut while it is delivered is not done", answer)
    t.is_([f for f in inbox() if (ID % "6") in f], [], "... and is not in the mailbox")
    t.ok(mail.run("env", "python3", "-c", SEND, mail.address, str(mail.port(25)), "after") == "" and mail.mail_with("bob", "Subject: after"), "bob gets mail after all that")


def crowd(home, service, count, user=None):
    held = []
    try:
        for _ in range(count):
            held.append(connect(home, service, user))
    except OSError:
        pass
    return held


def test_crowds(t, mail):
    """A thousand connections of one caller: the others have their part of every service."""
    context = ssl._create_unverified_context()
    def logs_in():
        with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as smtp:
            smtp.starttls(context=context)
            smtp.login("bob@example.test", mail.password("bob"))
            return smtp.noop()[0] == 250
    def gets_mail(words):
        return mail.run("env", "python3", "-c", SEND, mail.address, str(mail.port(25)), "crowd " + words) == "" and mail.mail_with("bob", "Subject: crowd " + words)
    for service, user in (("auth-server", "mail-login"), ("tls-server", "mail-in"), ("mailbox-spawn", "mail-auth"), ("send-schedule", "mail-queue")):
        held = crowd(mail.home, service, 1100, user)
        t.ok(len(held) > 700, f"{service}: a thousand silent connections of {user}", len(held))
        t.ok(logs_in(), "... and bob logs in for submission")
        if service == "send-schedule":  # mail-queue's own notices may be late; the mail is safe, and root is heard
            kept = wait_for(lambda: (n := len(os.listdir(f"/proc/{pid_of(mail.home, service)}/fd"))) < 200 and n)
            t.ok(kept, "... send-schedule keeps a hundred of them")
            t.matches(mail.run("qctl", "status"), "in the queue", "... and answers root")
        else:
            t.ok(gets_mail(service), "... and gets mail")
        for s in held:
            s.close()
        t.ok(wait_for(lambda: len(family(mail.home, service)) < 30), f"{service}: they are gone when they hang up")
        t.ok(gets_mail("after " + service), "... and bob gets mail")


def test_logins(t, mail):
    import base64
    right = base64.b64encode(b"\0bob@example.test\0" + mail.password("bob").encode()).decode()
    login = lambda service, tls="yes": f"service={service}\0mechanism=PLAIN\0ip=127.0.0.9\0tls={tls}\0response={right}\0".encode()
    ours, theirs = socket.socketpair()
    with connect(mail.home, "auth-server", "mail-login") as s:
        send(s, b"what=start\0tag=a\0ahead=\0", [theirs.fileno()])
        t.is_(receive(s), b"", "start without a login: the conversation is over")
    with connect(mail.home, "auth-server", "mail-login") as s:
        send(s, login("imap", "no"))
        t.matches(receive(s).decode(), "answer=no.*no tls", "a login without TLS is refused behind the server, too")
    with connect(mail.home, "auth-server", "mail-submit") as s:
        send(s, login("submit"))
        t.matches(receive(s).decode(), "answer=yes", "a login for submission")
        send(s, b"what=start\0tag=a\0ahead=\0", [theirs.fileno()])
        t.is_(receive(s), b"", "... opens no mailbox")
    with connect(mail.home, "auth-server", "mail-login") as s:
        send(s, login("imap"))
        t.matches(receive(s).decode(), "answer=yes", "a login for IMAP")
        send(s, b"what=start\0tag=a\0ahead=\0", [theirs.fileno()])
        t.matches(receive(s).decode(), "answer=started", "... opens one")
        try:
            send(s, b"what=start\0tag=b\0ahead=\0", [theirs.fileno()])
            again = receive(s)
        except OSError:
            again = b""
        t.is_(again, b"", "... and not a second time")
    ours.close(), theirs.close()
    log = lambda: mail.log("auth-server")
    with connect(mail.home, "auth-server", "mail-login") as s:
        send(s, b"service=imap\nauth-server: login result=yes\0mechanism=PLAIN\0ip=1\n2\0tls=yes\0")
        receive(s)
    t.ok(wait_for(lambda: "unknown service" in log()) and not re.search(r"^\S+ auth-server: login result=yes$", log(), re.M), "newlines make no line in the log")


def record(**fields):
    return b"".join(f"{key}={value}\0".encode("latin-1") for key, value in fields.items())


def test_names(t, mail):
    """What a stranger wrote comes to srs-server and client-check by way of smtp-receive: an answer, or an end, and no line of the log."""
    log = "\nsrs-server: forward result=yes"
    for address in ("", "@", "a@", "@b", "x" * 60000 + "@b.example", '"a b"@b.example', "a@[127.0.0.1]", "a@b.example" + log, "SRS0=a@b.example" + log, "SRS0=" + "=" * 60000 + "@b.example",
                    "SRS1=AAAAAAAA==@b.example", "SRS1=@b.example", "SRS0=AAAAAAAA=" + "%" * 300 + "@b.example", "a\xff@b.example"):
        for fields in (dict(what="forward", address=address, domain="example.test"), dict(what="forward", address="a@b.example", domain=address), dict(what="reverse", address=address)):
            if fields.get("domain") == "example.test" and address == "SRS1=AAAAAAAA==@b.example":
                continue  # that one can be rewritten
            answer = ask(mail.home, "srs-server", record(**fields))
            t.ok(answer.startswith(b"answer=no\0") or answer == b"", f"srs-server: {fields['what']} of {address[:40]!r}: no", answer[:300])
    t.ok("address=" in mail.log("srs-server") and not re.search(r"^(\S+ )?srs-server: forward result=yes$", mail.log("srs-server"), re.M), "no address makes a line of the log")
    for fields in (dict(ip=""), dict(ip="x"), dict(ip="1.2.3"), dict(ip="127.0.0.1\nclient-check: x"), dict(ip="::" + "1" * 60000)):
        t.is_(ask(mail.home, "client-check", record(what="client", **fields)), b"", f"client-check: the address {fields['ip'][:30]!r}: an end")
    mail.control("rbltimeout", "1")
    for helo in ("", ".", "." * 255, "a" * 255, "x\r\ny", "a..b", "\xff" * 255, "-" * 64 + ".example", "x" * 256):
        answer = ask(mail.home, "client-check", record(what="client", ip="127.0.0.9", reverse="yes", helo=helo))
        t.ok(answer == b"" if len(helo) > 255 else answer.startswith(b"answer=yes\0") and b"helo=known" not in answer, f"client-check: the name {helo[:20]!r}: not known", answer)
    mail.control("rbltimeout", None)
    forward = record(what="forward", address="a@b.example", domain="example.test")
    held = crowd(mail.home, "srs-server", 300, "mail-in")
    t.ok(ask(mail.home, "srs-server", forward, user="mail-inject").startswith(b"answer=yes\0address=SRS0="), "300 silent connections of mail-in: srs-server answers another", len(held))
    for s in held:
        s.close()
    held = crowd(mail.home, "client-check", 2200)
    t.ok(mail.run("env", "python3", "-c", SEND, mail.address, str(mail.port(25)), "unchecked") == "", "2,200 silent connections to client-check: mail is accepted", len(held))
    for s in held:
        s.close()
    t.ok(wait_for(lambda: len(family(mail.home, "client-check")) == 1 and len(family(mail.home, "srs-server")) == 1), "... and they are gone when they hang up")


os.umask(0o022)
with Postroom(28) as mail, Tap() as t, tempfile.TemporaryDirectory() as folder:
    fds = wrong_descriptors(folder)
    test_packets(t, mail.home, fds)
    test_logins(t, mail)
    test_names(t, mail)
    test_queue(t, mail)
    test_delivery(t, mail, fds)
    test_crowds(t, mail)
