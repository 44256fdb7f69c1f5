#!/usr/bin/python3
# isolation: a taken-over program yields only its own job (checks 54, 55, 56; W-09). From outside: /proc and modes. By trying
# as each uid: what it can open, write and call. And from inside: running sessions make the system calls themselves.
import errno, glob, grp, imaplib, os, platform, poplib, pwd, re, smtplib, socket, ssl, subprocess, sys

sys.path.insert(0, "tests/flow")
sys.dont_write_bytecode = True
from inside import ATTACH, Inside, ptrace
from postroom import Postroom, Tap, wait_for

USERS = [line.split()[0] for line in open("service/users") if line.strip() and not line.startswith("#")]
SUPERVISION = {"s6-svscan", "s6-supervise", "s6-log", "s6-ftrigrd"}
CALLERS = {"tls-server": {"mail-in", "mail-submit", "mail-login", "mail-pop3"}, "tls-client": {"mail-remote"},
           "auth-server": {"mail-submit", "mail-login", "mail-pop3"}, "auth-bind": {"mail-auth"}, "token-check": {"mail-auth"},
           "mailbox-spawn": {"mail-auth", "mail-send", "mail-lmtp", "mail-expire"},
           "srs-server": {"mail-in", "mail-submit", "mail-inject", "mail-lmtp", "mail-send"},
           "dkim-sign": {"mail-in", "mail-submit", "mail-inject", "mail-send", "mail-tlsrpt"},
           "queue-add": {"mail-in", "mail-submit", "mail-lmtp", "mail-inject", "mail-send", "mail-tlsrpt"}, "client-check": {"mail-in"}, "sts-fetch": {"mail-remote"}, "token-run": {"mail-remote"}, "send-schedule": {"mail-queue"}, "tls-report": {"mail-remote"}, "report-post": {"mail-tlsrpt"}, "tables-publish": {"mail-ldap", "mail-store"}, "password-store": {"mail-auth"}, "smtp-send": {"mail-send", "mail-in", "mail-submit"}}


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return {key: value.split() for key, value in (line.split(":", 1) for line in file)}


def processes(home):
    """pid and name of all that runs below home: our programs, and what supervises them."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program, folder = os.readlink(f"/proc/{pid}/exe"), os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if program.startswith(home + "/bin/") or folder.startswith(home + "/"):
            yield int(pid), os.path.basename(program)


def as_user(user, work):
    """What work() returns (a string) in a process of that user: a name, or the uid of a mailbox."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if isinstance(user, int):
                os.setgroups([]), os.setresgid(user, user, user), os.setresuid(user, user, user)
            else:
                entry = pwd.getpwnam(user)
                os.initgroups(user, entry.pw_gid), os.setresgid(*[entry.pw_gid] * 3), os.setresuid(*[entry.pw_uid] * 3)
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as file:
        result = file.read()
    os.waitpid(pid, 0)
    return result


def can_open(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
        return True
    except PermissionError:
        return False


def can_make(folder):
    try:
        path = f"{folder}/.probe"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.unlink(path)
        return True
    except (PermissionError, NotADirectoryError):
        return False


def is_turned_away(path):
    """The service closes the connection without reading from it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(300)
        try:
            s.connect(path)
            s.send(b"what=nothing\0")
            return s.recv(65536) == b""
        except (BrokenPipeError, ConnectionResetError):
            return True


def who_can(work, users):
    return {user for user in users if as_user(user, work) == "True"}


def test_processes(t, home):
    states = {}
    for pid, name in processes(home):
        try:
            states[pid] = name, status(pid)
        except FileNotFoundError:
            pass  # a child that has ended meanwhile
    seen, status_of = [(pid, name) for pid, (name, _) in states.items()], {pid: fields for pid, (_, fields) in states.items()}
    named = {line.removeprefix("off:").split()[4] for line in open("service/services") if line.strip() and not line.startswith("#")}
    t.is_({name for _, name in seen} - SUPERVISION, named, "the programs of service/services run")
    t.is_({name for pid, name in seen if status_of[pid]["Uid"][0] == "0"}, {"s6-svscan", "s6-supervise", "mailbox-spawn"},
          "as root run s6 and mailbox-spawn, nothing else (tcp-bind is gone when it has bound)")
    ours = [(pid, name) for pid, name in seen if name not in SUPERVISION]
    wrong = [name for pid, name in ours if status_of[pid]["NoNewPrivs"] != ["1"] or status_of[pid]["Seccomp"] != ["2"]]
    t.is_(wrong, [], "check 54: each of ours has no_new_privs and a seccomp filter")
    wrong = [name for pid, name in ours if name != "mailbox-spawn" and (int(status_of[pid]["CapPrm"][0], 16) or int(status_of[pid]["CapEff"][0], 16))]
    t.is_(wrong, [], "check 54: none but mailbox-spawn has a capability")
    wrong = [name for pid, name in ours if name != "mailbox-spawn" and len(set(status_of[pid]["Uid"] + status_of[pid]["Gid"])) > 2]
    t.is_(wrong, [], "each has one uid and one gid, real, effective, saved and of files")
    owners = {}
    for pid, name in ours:
        owners.setdefault(status_of[pid]["Uid"][0], set()).add(name)
    t.is_([names for names in owners.values() if len(names) > 1], [], "no two programs share a uid")


def test_modes(t, home):
    found = [path for path in glob.glob(home + "/**", recursive=True, include_hidden=True)
             if not os.path.islink(path) and os.path.isfile(path) and os.lstat(path).st_mode & 0o6000]
    t.is_(found, [], "no file is setuid or setgid")
    wrong = []
    for row in open("doc/uids.md"):
        match = re.match(r"\| (?:[a-z]+/[a-z]+/, )*([\w./-]+?)/? \| ([\w-]+)(?::([\w-]+))? (\d{4})", row)
        if not match or re.search("DOMAIN|NAME|USER|ldappassword", match[1]):
            continue
        st = os.stat(f"{home}/{match[1].replace('ID', 'current')}")
        wanted = (match[2], match[3] or match[2], match[4])
        is_ = (pwd.getpwuid(st.st_uid).pw_name, grp.getgrgid(st.st_gid).gr_name, "%04o" % (st.st_mode & 0o7777))
        if is_[0] != wanted[0] or is_[2] != wanted[2] or (match[3] and is_[1] != wanted[1]):
            wrong.append((match[1], wanted, is_))
    t.is_(wrong, [], "the modes are those of doc/uids.md")


def test_files(t, home, mailboxes):
    everybody = USERS + ["nobody"] + list(mailboxes.values())
    readers = {
        "tls/key.pem": {"mail-tls"}, "dkim": {"mail-sign"}, "tlsout/client.pem": {"mail-tlsout"}, "tables/current/auth.cdb": {"mail-tables", "mail-auth"},
        "tables/current/relay.cdb": {"mail-tables", "mail-remote"}, "tables/current/token.cdb": {"mail-tables", "mail-token"}, "directory/bob@example.test.ldif": {"mail-tables", "mail-store"},
        "control/relayrules": {"mail-tables"}, "control/backends": {"mail-tables"}, "control/apppasswords": {"mail-tables"}, "state/apppasswords": {"mail-auth"}, "state/binds": {"mail-auth"}, "control/ldappassword": {"mail-ldap"}, "control/oauthclient": {"mail-oauth"}, "control/vmail": {"mail-auth"}, "state/directory": {"mail-ldap", "mail-tables"},
        "state/tables": {"mail-tables"}, "state/sts": {"mail-sts"}, "state/token": {"mail-token"}, "state/tlsrpt/counts": {"mail-tlsrpt"}, **{f"state/limits/{user}": {user} for user in ("mail-in", "mail-submit", "mail-lmtp", "mail-inject", "mail-send", "mail-auth")}, "queue/new": {"mail-send", "mail-queue"}, "queue/cur": {"mail-send"},
        "queue/log": {"mail-send"}, "demo-passwords": set(), "log/smtp-mx/current": {"mail-log"}, "mail": set(),
        "mail/example.test/bob": {mailboxes["bob"]}, "mail/example.test/bob/new": {mailboxes["bob"]},
        "mail/example.test/alice/new": {mailboxes["alice"]},
    }
    for path, users in readers.items():
        t.is_(who_can(lambda: can_open(f"{home}/{path}"), everybody), users, f"{path}: only {', '.join(map(str, users)) or 'root'} can open it")
    with open(f"{home}/state/sts/some.example", "w"):
        os.chmod(f"{home}/state/sts/some.example", 0o600)
    t.is_(who_can(lambda: os.path.exists(f"{home}/state/sts/some.example"), everybody), {"mail-sts", "mail-remote", "mail-tables"}, "whether a policy is known for a domain: only mail-sts and mail-remote see it, and mail-tables by its extra group (doc/uids.md)")
    os.remove(f"{home}/state/sts/some.example")
    mail = glob.glob(f"{home}/mail/example.test/bob/*/*S=*")[0]
    t.is_(who_can(lambda: can_open(mail), everybody), {mailboxes["bob"]}, "bob's mail: only his own uid can open it")
    makers = {"bin": set(), "control": set(), "control/domains": set(), "directory": {"mail-store"}, "run": set(), "tls": set(), "tlsout": set(), "mail": set(),
              "state/limits": set(), "state/metrics": set(), "state/metrics/mail-ldap": {"mail-ldap"}, "state/metrics/mail-tables": {"mail-tables"}, "control/apppasswords": set(), "state/apppasswords": {"mail-auth"}, "state/sts": {"mail-sts"}, "state/token": {"mail-token"}, "state/limits/mail-in": {"mail-in"}, "state/limits/mail-auth": {"mail-auth"}, "tables": {"mail-tables"}, "queue/new": {"mail-send", "mail-queue"}, "service": set(), "log": set()}
    for folder, users in makers.items():
        t.is_(who_can(lambda: can_make(f"{home}/{folder}"), everybody), users, f"{folder}: only {', '.join(users) or 'root'} can make a file there")


def test_calls(t, home, mailboxes):
    for service, callers in CALLERS.items():
        others = [user for user in USERS + ["nobody", mailboxes["bob"]] if user not in callers]
        turned = who_can(lambda: is_turned_away(f"{home}/run/{service}"), others)
        t.is_(turned, set(others), f"{service} turns away all callers but those of doc/calls.md")


def greeting(path):
    """What a dialogue's socket (doc/calls.md) says to who connects: three digits; "" if it may not."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(300)
        try:
            s.connect(path)
            return s.recv(1000)[:3].decode()
        except OSError:
            return ""


def test_dialogues(t, home, mailboxes):
    found = {user: as_user(user, lambda: greeting(f"{home}/run/inject")) for user in USERS + ["nobody", "daemon", mailboxes["bob"]]}
    t.is_({user for user, said in found.items() if said == "220"}, {"nobody", "daemon", mailboxes["bob"]},
          "check 55: a service that was taken over hands in no mail as a local user")
    found = who_can(lambda: greeting(f"{home}/run/lmtp") == "220", USERS + ["nobody", mailboxes["bob"]])
    t.is_(found, {"mail-lmtp"}, "... and none but mail-lmtp's group reaches run/lmtp")


def children(service, home):
    pid = int(subprocess.check_output(["s6-svstat", "-o", "pid", f"{home}/service/{service}"]))
    assert pid > 1
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def session_of(t, service, home):
    wait_for(lambda: len(children(service, home)) == 1)  # a delivery may be kept for a moment
    found = children(service, home)
    t.ok(len(found) == 1, f"{service} has one session", found)
    return found[0]


def limits(pid):
    with open(f"/proc/{pid}/limits") as file:
        return {line[:26].strip(): line[26:].split()[:2] for line in file}


def test_limits(t, name, pid, home):
    wait_for(lambda: limits(pid)["Max processes"] == ["0", "0"])  # it has only just been forked
    found = limits(pid)
    t.is_((found["Max processes"], found["Max core file size"]), (["0", "0"], ["0", "0"]), f"check 54: {name} can start no process and leave no core")
    t.ok("unlimited" not in found["Max data size"] + found["Max address space"] or found["Max data size"] != found["Max address space"],
         "... its memory has an end", found)
    open_ = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    own = re.compile(r"socket:|/memfd:slots |%s/queue/new$|%s/mail/example.test/bob|anon_inode:inotify" % (home, home))
    others = {path for path in open_ if not own.match(path)}
    t.ok(len(others) == 1 and others.pop().startswith("pipe:"), "... it holds its sockets, its folder and the log, nothing else", open_)


def owner(pid):
    """For as_user: the user's name, or a mailbox's uid."""
    uid = int(status(pid)["Uid"][0])
    return next((user for user in USERS if pwd.getpwnam(user).pw_uid == uid), uid)


def is_closed_to_its_own_uid(pid):
    """Another process of the same uid, in no sandbox, neither reads its memory and environment nor traces it."""
    try:
        ptrace(ATTACH, pid)
        return False
    except PermissionError:
        return not any(can_open(f"/proc/{pid}/{file}") for file in ("mem", "environ", "maps"))


def test_inside(t, name, pid, home, own=(), reads=None):
    """What the process itself can do. own: what is its own to open; reads: what of the system it reads."""
    test_limits(t, name, pid, home)
    t.is_(as_user(owner(pid), lambda: is_closed_to_its_own_uid(pid)), "True", f"check 55: nobody of the same uid looks into {name}")
    secrets = [path for path in ("tls/key.pem", "tables/current/auth.cdb", "tables/current/relay.cdb", "tables/current/token.cdb", "state/token", "queue/new", "queue/cur",
                                 "mail/example.test/bob/new", "mail/example.test/alice/new", "control/ldappassword", "control/srskey", "dkim/default.pem", "demo-passwords",
                                 "directory/bob@example.test.ldif", f"/proc/{os.getpid()}/environ", "/etc/shadow") if path not in own]
    with Inside(pid) as process:
        opened = {path: process.open(os.path.join(home, path)) for path in secrets}
        t.is_({p: e for p, e in opened.items() if e != -errno.EACCES}, {}, f"check 55: {name} opens no key, password, queue or mailbox")
        for path in own:
            t.ok(process.open(os.path.join(home, path)) >= 0, f"... and opens what is its own ({path})")
        t.is_(process.open("/etc/passwd") >= 0, reads == "/etc/passwd", f"... {reads or 'nothing'} of the system (Landlock)")
        t.is_(process.open("/usr/bin/env"), -errno.EACCES, "... none of its programs")
        t.is_(process.open("/tmp/probe", os.O_CREAT | os.O_WRONLY), -errno.EACCES, "... makes no file in /tmp")
        t.is_(process.socket(socket.AF_INET, socket.SOCK_STREAM), -errno.ENOSYS, "... gets no network socket (seccomp)")
        t.ok(process.execute("/bin/sh") in (-errno.EACCES, -errno.EAGAIN), "... executes nothing (Landlock; or no process is left to it)")
        t.is_(process.kill(1), -errno.EPERM, "... signals nobody")


def test_identity(t, name, pid, home, own, has_network):
    """Of those who decide who somebody is: what is its own it opens, of the others' nothing."""
    secrets = ["tls/key.pem", "tables/current/auth.cdb", "tables/current/relay.cdb", "tables/current/token.cdb", "state/token", "queue/new", "queue/cur", "mail/example.test/bob/new",
               "control/ldappassword", "control/oauthclient", "control/vmail", "control/srskey", "dkim/default.pem", "demo-passwords", "directory/bob@example.test.ldif", "/etc/shadow"]
    with Inside(pid) as process:
        opened = {path: process.open(os.path.join(home, path)) for path in secrets}
        t.is_(sorted(path for path, result in opened.items() if result >= 0), sorted(own), f"check 55: {name} opens what is its own of keys, passwords, mail and queue, and nothing else")
        t.is_(process.socket(socket.AF_INET, socket.SOCK_STREAM) >= 0, has_network, f"... {'gets' if has_network else 'gets no'} TCP socket")
        t.is_([process.open(f"{home}/{path}/.probe", os.O_CREAT | os.O_WRONLY) for path in ("control", "run", "log", "bin", "profiles")], [-errno.EACCES] * 5, "... makes no file elsewhere")
        t.ok(process.execute("/bin/sh") in (-errno.EACCES, -errno.EAGAIN), "... executes no shell")
        t.is_(process.kill(1), -errno.EPERM, "... signals nobody")


with Postroom(17) as mail, Tap() as t:
    mail.switch_on("pop3", "pop3s")
    home = mail.home
    mailboxes = dict.fromkeys(("alice", "bob"))
    with smtplib.SMTP(mail.address, mail.port(25)) as smtp:
        for user in mailboxes:
            smtp.sendmail("x@example.org", [f"{user}@example.test"], f"Subject: to {user}\r\n\r\nx\r\n")
    for user in mailboxes:
        t.ok(mail.mail_with(user, f"Subject: to {user}"), f"{user} has mail")
        mailboxes[user] = os.stat(f"{home}/mail/example.test/{user}").st_uid
    t.ok(min(mailboxes.values()) >= 1000 and len(set(mailboxes.values())) == 2, "each mailbox has a uid of its own, of people's numbers", mailboxes)
    subprocess.run(["service/dkim", home, "new"], check=True, capture_output=True)
    mail.control("ldappassword", "secret")
    os.chmod(f"{home}/control/ldappassword", 0o400)
    os.chown(f"{home}/control/ldappassword", pwd.getpwnam("mail-ldap").pw_uid, 0)
    mail.run("mailadm", "master", "vmail")
    mail.control("oauthclient", "mail\nsecret\n")
    os.chmod(f"{home}/control/oauthclient", 0o400)
    os.chown(f"{home}/control/oauthclient", pwd.getpwnam("mail-oauth").pw_uid, 0)

    test_processes(t, home)
    test_modes(t, home)
    test_files(t, home, mailboxes)
    test_calls(t, home, mailboxes)
    test_dialogues(t, home, mailboxes)

    for service in ("auth-server", "auth-bind", "token-check", "tls-client", "smtp-send", "client-check", "srs-server", "dkim-sign", "sts-fetch"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/{service}")
            test_limits(t, service, session_of(t, service, home), home)
        wait_for(lambda: not children(service, home))
    t.is_((limits(mail.pid("tls-report"))["Max processes"], limits(mail.pid("tls-report"))["Max core file size"]), (["0", "0"], ["0", "0"]), "check 54: tls-report can start no process and leave no core")
    pid = int(subprocess.check_output(["s6-svstat", "-o", "pid", f"{home}/service/send-schedule"]))
    t.is_((limits(pid)["Max processes"], limits(pid)["Max core file size"]), (["0", "0"], ["0", "0"]), "check 54: send-schedule can start no process and leave no core")
    for worker in children("queue-add", home):
        test_limits(t, f"queue-add's worker {worker}", worker, home)
    if platform.machine() == "x86_64":
        context = ssl._create_unverified_context()
        with mail.connect(25) as client:
            client.recv(1000)
            test_inside(t, "smtp-receive on 25", session_of(t, "smtp-mx", home), home)
            client.sendall(b"NOOP\r\n")
            t.ok(client.recv(1000).startswith(b"250"), "the session goes on")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{home}/run/lmtp")
            client.recv(1000)
            test_inside(t, "smtp-receive by LMTP", session_of(t, "lmtp", home), home)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{home}/run/inject")
            client.recv(1000)
            test_inside(t, "smtp-receive of local users", session_of(t, "inject", home), home, reads="/etc/passwd")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/srs-server")
            test_inside(t, "srs-server, which holds its key", session_of(t, "srs-server", home), home, ["control/srskey"])
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/dkim-sign")
            test_inside(t, "dkim-sign, which holds the keys", session_of(t, "dkim-sign", home), home, ["dkim/default.pem"])
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/client-check")
            with Inside(session_of(t, "client-check", home)) as process:
                t.is_(process.socket(socket.AF_INET, socket.SOCK_STREAM), -errno.ENOSYS, "check 55: client-check, which reads what DNS says, gets no TCP socket")
                t.ok(process.socket(socket.AF_INET, socket.SOCK_DGRAM) >= 0, "... but UDP")
                for path in ("control/srskey", "tables/current/policy.cdb", "queue/new", "mail/example.test", "/etc/shadow"):
                    t.is_(process.open(os.path.join(home, path)), -errno.EACCES, f"... and does not open {path}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/sts-fetch")
            with Inside(session_of(t, "sts-fetch", home)) as process:
                for path in ("control/srskey", "tls/key.pem", "tables/current/policy.cdb", "tables/current/relay.cdb", "queue/new", "mail/example.test", "/etc/shadow"):
                    t.is_(process.open(os.path.join(home, path)), -errno.EACCES, f"check 55: sts-fetch, which reads strangers' web pages, does not open {path}")
                t.ok(process.open(f"{home}/state/sts/.probe", os.O_CREAT | os.O_WRONLY) >= 0, "... makes files in state/sts")
                t.is_([process.open(f"{home}/{path}/.probe", os.O_CREAT | os.O_WRONLY) for path in ("state", "run", "control", "log")], [-errno.EACCES] * 4, "... and nowhere else")
                t.ok(process.execute("/bin/sh") in (-errno.EACCES, -errno.EAGAIN), "... executes nothing")
                t.is_(process.kill(1), -errno.EPERM, "... signals nobody")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/token-check")
            with Inside(session_of(t, "token-check", home)) as process:
                t.ok(process.socket(socket.AF_INET, socket.SOCK_STREAM) >= 0, "check 55: token-check, which reads tokens and what authorization servers say, gets a TCP socket")
                t.ok(process.open(f"{home}/control/oauthclient") >= 0, "... and opens what is its own")
                for path in ("control/srskey", "tables/current/policy.cdb", "tables/current/auth.cdb", "tls/key.pem", "state/token", "queue/new", "mail/example.test", "/etc/shadow"):
                    t.is_(process.open(os.path.join(home, path)), -errno.EACCES, f"... and does not open {path}")
                t.is_([process.open(f"{home}/{path}/.probe", os.O_CREAT | os.O_WRONLY) for path in ("state", "run", "control", "log", "..")], [-errno.EACCES] * 5, "... makes no file")
                t.ok(process.execute("/bin/sh") in (-errno.EACCES, -errno.EAGAIN), "... executes nothing")
                t.is_(process.kill(1), -errno.EPERM, "... signals nobody")
        tables = [f"tables/current/{name}.cdb" for name in ("auth", "relay", "token")]
        for service, own, has_network in (("auth-server", ["tables/current/auth.cdb", "control/vmail"], False), ("auth-bind", [], True),
                                          ("password-store", ["directory/bob@example.test.ldif"], False)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.connect(f"{home}/run/{service}")
                test_identity(t, service, session_of(t, service, home), home, own, has_network)
        test_identity(t, "tables-publish", mail.pid("tables-publish"), home, [*tables, "directory/bob@example.test.ldif"], False)
        test_identity(t, "ldap-watch", mail.pid("ldap-watch"), home, ["control/ldappassword"], True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{home}/run/report-post")
            with Inside(session_of(t, "report-post", home)) as process:
                t.ok(process.socket(socket.AF_INET, socket.SOCK_STREAM) >= 0, "check 55: report-post, which reads what strangers' web servers say, gets a TCP socket")
                for path in ("control/srskey", "tables/current/policy.cdb", "state/tlsrpt/counts", "queue/new", "mail/example.test", "/etc/shadow"):
                    t.is_(process.open(os.path.join(home, path)), -errno.EACCES, f"... and does not open {path}")
        with Inside(mail.pid("tls-report")) as process:
            t.is_(process.socket(socket.AF_INET, socket.SOCK_DGRAM), -errno.ENOSYS, "check 55: tls-report, which queues mail, gets no network socket")
            for path in ("control/srskey", "tables/current/policy.cdb", "queue/new", "mail/example.test", "/etc/shadow"):
                t.is_(process.open(os.path.join(home, path)), -errno.EACCES, f"... and does not open {path}")
        with mail.connect(143) as client:
            client.recv(1000)
            test_inside(t, "imap-login", session_of(t, "imap", home), home)
        with mail.connect(110) as client:
            client.recv(1000)
            test_inside(t, "pop3-login", session_of(t, "pop3", home), home)
        with smtplib.SMTP(mail.address, mail.port(587)) as smtp:
            smtp.starttls(context=context)
            smtp.login("bob@example.test", mail.password("bob"))
            test_inside(t, "smtp-receive on 587, logged in", session_of(t, "smtp-submission", home), home)
            test_inside(t, "tls-server, which holds the key", session_of(t, "tls-server", home), home, ["tls/key.pem"])
            t.is_(smtp.noop()[0], 250, "the session goes on")
        t.ok(wait_for(lambda: not children("mailbox-spawn", home)), "a delivery process is kept for a moment, not for ever")
        imap = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=context)
        imap.login("bob@example.test", mail.password("bob"))
        imap.select()
        session = session_of(t, "mailbox-spawn", home)
        test_inside(t, "bob's IMAP session", session, home, ["mail/example.test/bob/new"])
        with Inside(session) as process:
            for path in ("control/me", "tables/current/policy.cdb", "mail/example.test"):
                t.is_(process.open(f"{home}/{path}"), -errno.EACCES, f"... not even {path}, which its uid may read: only its mailbox")
        t.is_(imap.noop()[0], "OK", "the session goes on")
        imap.logout()
        pop = poplib.POP3_SSL(mail.address, mail.port(995), context=context)
        pop.user("bob@example.test"), pop.pass_(mail.password("bob"))
        session = session_of(t, "mailbox-spawn", home)
        test_inside(t, "bob's POP3 session", session, home, ["mail/example.test/bob/new"])
        with Inside(session) as process:
            for path in ("control/me", "tables/current/policy.cdb", "mail/example.test"):
                t.is_(process.open(f"{home}/{path}"), -errno.EACCES, f"... not even {path}: only its mailbox")
        t.ok(pop.noop().startswith(b"+OK"), "the session goes on")
        pop.quit()
