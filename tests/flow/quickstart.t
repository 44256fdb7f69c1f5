#!/usr/bin/python3
# quickstart: what it promises (issue 2, 1): the first message, run again nothing changes, --stop, --start, --remove.
import os, subprocess, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap


def picture(home):
    """Every file of the instance that is not a log, a metric, a socket, mail or s6's own: its inode, mode and owner."""
    found = {}
    for folder, folders, names in os.walk(home):
        if folder in (f"{home}/log", f"{home}/run", f"{home}/mail", f"{home}/state/metrics/mail-tables", f"{home}/state/metrics/mail-expire") or "/supervise" in folder or "/event" in folder:
            folders.clear()
            continue
        for name in names:
            status = os.lstat(f"{folder}/{name}")
            found[f"{folder}/{name}"] = (status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_size)
    return found


def pids(home):
    return [p for p in os.listdir("/proc") if p.isdigit() and os.path.exists(f"/proc/{p}/exe")
            and os.readlink(f"/proc/{p}/exe").startswith(home + "/")]


with Postroom(21) as mail, Tap() as t:
    t.matches(mail.said, "STARTTLS", "the dialogue of submission is shown")
    t.matches(mail.said, "FETCH", "the dialogue of IMAP is shown")
    t.matches(mail.said, "What next", "it ends with what to do next")
    t.ok(not any(mail.password(user) in mail.said for user in ("alice", "bob")), "no password is shown")
    t.is_(os.stat(f"{mail.home}/demo-passwords").st_mode & 0o7777, 0o600, "demo-passwords is 0600")
    t.is_(len(mail.mail("bob")), 1, "bob has one message")
    with open(f"{mail.home}/run/pid") as file:
        root = file.read().strip()
    with open(f"/proc/{root}/comm") as file:
        t.is_(file.read().strip(), "s6-svscan", "run/pid is the pid of the supervision root")

    down = f"{mail.home}/service/lmtp-tcp/down"
    t.ok(os.path.exists(down) and not mail.pid("lmtp-tcp"), "a service that is off: is there and does not run")
    os.remove(down)
    before = picture(mail.home)
    done = mail.quickstart()
    t.is_(done.returncode, 0, "run again, it is content")
    t.is_(picture(mail.home), before, "and changes nothing that is in place")
    t.ok(not os.path.exists(down), "what the operator switched on stays on")
    open(down, "w").close()
    t.is_(len(mail.mail("bob")), 1, "and sends nothing")
    with open(f"{mail.home}/run/pid") as file:
        t.is_(file.read().strip(), root, "and restarts nothing")

    t.is_(mail.quickstart("--stop").returncode, 0, "--stop")
    t.is_(pids(mail.home), [], "no process of the instance is left")
    t.is_(mail.quickstart("--start").returncode, 0, "--start")
    t.ok(mail.connect(25).recv(100).startswith(b"220 "), "it answers again")

    mail.run("mailadm", "add", "domain", "second.test")
    t.is_(mail.code, 0, "N-16 W-16 mailadm add domain")
    mail.run("mailadm", "add", "account", "carol@second.test", input="a password\n")
    t.is_(mail.code, 0, "W-17 mailadm add account, password on standard input")
    talk = mail.connect(25)
    for command in (None, b"HELO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<carol@second.test>"):
        if command:
            talk.sendall(command + b"\r\n")
        answer = talk.recv(1000)
    t.ok(answer.startswith(b"250"), "S-01 it works at once on the running instance", answer)

    def certificate(*words):
        done = subprocess.run(["service/certificate", mail.home, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout.split()
    for kind, path in (("server", "tls/cert.pem"), ("client", "tlsout/client.pem")):
        said = mail.run("openssl", "x509", "-in", f"{mail.home}/{path}", "-noout", "-fingerprint", "-sha256")
        first = said.strip().split("=")[-1].replace(":", "").lower()
        t.is_(certificate(kind, "show"), (0, ["current", first]), f"S-32 service/certificate {kind} show: the fingerprint")
        t.is_(certificate(kind, "change")[0], 111, "... change: there is no next one")
        second = certificate(kind, "next")[1][-1]
        t.is_((certificate(kind, "next")[1][-1], certificate(kind, "show")[1]), (second, ["current", first, "next", second]), "... next: made once, and told again")
        t.is_(certificate(kind, "change"), (0, ["current", second]), "... change: it is the current one")
        t.is_((first == second, certificate(kind, "show")[1]), (False, ["current", second]), "... and another")
    t.is_((certificate("other", "show")[0], certificate("server", "forget")[0]), (111, 111), "S-32 service/certificate: what it does not know is refused")

    other = subprocess.run(["./quickstart", "--home", mail.home, "--offset", "1"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.ok(other.returncode and "portoffset" in other.stdout, "another offset for the same home is refused, with the file's name",
         other.stdout)
    t.is_(mail.quickstart("--remove").returncode, 0, "--remove")
    t.ok(not os.path.exists(mail.home) and not pids(mail.home), "nothing is left")
