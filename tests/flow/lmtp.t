#!/usr/bin/python3
# lmtp: another mail server hands mail over by LMTP (RFC 2033), on the socket run/lmtp and on port 24: each recipient has its
# own answer, and it is what became of the delivery, not "queued". By Python's smtplib and swaks. (W-02, N-110, P-33, P-35)
import glob, grp, os, pwd, re, smtplib, socket, subprocess, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

MESSAGE = "From: ann@outside.example\r\nSubject: %s\r\n\r\nx\r\n"


class Client(smtplib.LMTP):
    """smtplib says EHLO where it should say LHLO only if asked to; what it was told about each recipient is in .answers."""

    def give(self, sender, to, message, options=()):
        self.ehlo_or_helo_if_needed()
        self.mail(sender)
        self.refused = {a: self.rcpt(a, options) for a in to}
        taken = [a for a in to if self.refused[a][0] == 250]
        self.putcmd("data")
        self.answers = {}
        code, text = self.getreply()
        if code != 354:
            return code, text
        self.send(smtplib._quote_periods(message.encode()) + b".\r\n")
        for address in taken:
            self.answers[address] = self.getreply()
        return 354, b""


def on_socket(mail):
    return Client(f"{mail.home}/run/lmtp")


def codes(client):
    return {address.split("@")[0]: f"{code} {text.decode().split()[0]}" for address, (code, text) in client.answers.items()}


def dialogue(mail, t):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"{mail.home}/run/lmtp")
        talk = s.makefile("rwb", buffering=0)

        def say(line):
            talk.write(line.encode() + b"\r\n")
            said = talk.readline().decode()
            while said[3:4] == "-":
                said = talk.readline().decode()
            return said
        t.matches(talk.readline().decode(), r"^220 \S+ LMTP", "W-02 the banner says LMTP")
        t.matches(say("EHLO x"), "^500 5.5.1", "EHLO and HELO are not LMTP (RFC 2033 4.1)")
        t.matches(say("HELO x"), "^500", "...")
        t.matches(say("LHLO front.example"), "^250", "LHLO is")
        t.matches(say("MAIL FROM:<ann@outside.example>"), "^250", "MAIL")
        t.matches(say("RCPT TO:<nobody@example.test>"), "^550 5.1.1", "an unknown recipient is refused at RCPT")
        t.matches(say("RCPT TO:<x@elsewhere.example>"), "^554 5.7.1.*Relay access denied", "nothing is relayed")
        t.matches(say("DATA"), "^503 5.5.1", "without a recipient DATA is 503 (RFC 2033 4.2)")
        t.matches(say("AUTH PLAIN AGEAYg=="), "^50", "there is nobody to log in")


def final(mail, t):
    with on_socket(mail) as client:
        client.ehlo()
        t.ok({"pipelining", "enhancedstatuscodes", "8bitmime", "size"} <= set(client.esmtp_features), "LHLO names what RFC 2033 5 wants",
             client.esmtp_features)
        client.give("ann@outside.example", ["alice@example.test", "nobody@example.test", "bob@example.test"], MESSAGE % "to two")
        here = {user: [m for m in mail.mail(user) if b"to two" in m] for user in ("alice", "bob")}
        t.is_(codes(client), {"alice": "250 2.0.0", "bob": "250 2.0.0"}, "W-02 an answer for each accepted recipient")
        t.is_({u: len(m) for u, m in here.items()}, {"alice": 1, "bob": 1}, "P-35 W-02 when it is said, the message is in both mailboxes")
        t.is_(mail.queue(), [], "... and nothing is queued")
        t.ok(here["bob"] and here["bob"][0].startswith(b"Return-Path: <ann@outside.example>\nDelivered-To: bob@example.test\n"), "its head", here)
        t.matches(here["bob"][0].decode(), r"Received: from \S+.* with LMTP\s", "RFC 3848: with LMTP")
        place = glob.glob(f"{mail.home}/mail/example.test/bob/new/*")[0]
        t.is_([oct(os.stat(p).st_mode)[-4:] for p in (place, os.path.dirname(place))], ["0600", "0700"], "P-33 modes")
        client.give("ann@outside.example", ["bob@example.test"], MESSAGE % "second in the session" + "x" * 78 + "\r\n")
        t.is_(codes(client), {"bob": "250 2.0.0"}, "a second message in one session")
        client.mail("ann@outside.example")
        for user in ("alice", "bob"):
            client.rcpt(f"{user}@example.test")
        client.send(b"BDAT 14\r\nSubject: by BDBDAT 17 LAST\r\nAT\r\n\r\nin chunks\r\n")
        t.is_([client.getreply()[0] for _ in range(3)], [250, 250, 250], "RFC 3030: an answer for the first BDAT, and for the last one an answer for each recipient")
        t.is_([len([m for m in mail.mail(u) if b"Subject: by BDAT\n\nin chunks\n" in m]) for u in ("alice", "bob")], [1, 1], "... delivered")
        big = "From: a@b.example\r\nSubject: big one\r\n\r\n" + ("y" * 76 + "\r\n") * 40000
        client.give("", ["bob@example.test", "alice@example.test"], big)
        t.is_((codes(client), [len(m) > 3000000 for m in mail.mail("bob") if b"big one" in m]), ({"bob": "250 2.0.0", "alice": "250 2.0.0"}, [True]),
              "a big one, from the null sender")


def failures(mail, t):
    box = f"{mail.home}/mail/example.test/bob"
    os.chmod(box + "/new", 0o500)
    with on_socket(mail) as client:
        client.give("ann@outside.example", ["bob@example.test", "alice@example.test"], MESSAGE % "half")
        t.is_(codes(client), {"bob": "451 4.2.0", "alice": "250 2.0.0"}, "W-02 each has its own result: what failed is 451, the other is delivered")
        os.chmod(box + "/new", 0o700)
        t.is_([len([m for m in mail.mail(u) if b"half" in m]) for u in ("alice", "bob")], [1, 0], "... once, and not at all")
        t.is_(mail.queue(), [], "... what the client was told to try again is not queued")
        client.give("ann@outside.example", ["bob@example.test"], "Delivered-To: bob@example.test\r\n" + MESSAGE % "loop")
        t.is_(codes(client), {"bob": "554 5.4.6"}, "a loop is 554 5.4.6")
        client.give("ann@outside.example", ["bob@example.test", "alice@example.test"], MESSAGE % "bare" + "a\nb\r\n")
        t.is_(codes(client), {"bob": "550 5.6.11", "alice": "550 5.6.11"}, "what is refused as a whole is refused for each")
    mail.stop("mailbox-spawn")
    with on_socket(mail) as client:
        client.give("ann@outside.example", ["bob@example.test"], MESSAGE % "away")
        t.is_(codes(client), {"bob": "451 4.3.0"}, "mailbox-spawn is away: 451")
    mail.start("mailbox-spawn")
    t.is_(mail.queue(), [], "... nothing is queued")


def several(mail, t):
    """A list of two: what cannot be delivered at once to one of them is queued, since the other has it."""
    for user in ("alice", "bob"):
        mail.edit_account(user, "mailAlternateAddress: both@example.test")
    with on_socket(mail) as client:
        client.give("ann@outside.example", ["both@example.test"], MESSAGE % "to the list")
        t.is_(codes(client), {"both": "250 2.0.0"}, "W-02 a recipient with two mailboxes has one answer")
        t.is_([len([m for m in mail.mail(u) if b"to the list" in m]) for u in ("alice", "bob")], [1, 1], "... and both have the message")
        box = f"{mail.home}/mail/example.test/bob/new"
        os.chmod(box, 0o500)
        client.give("ann@outside.example", ["both@example.test", "bob@example.test"], MESSAGE % "half a list")
        t.is_(codes(client), {"both": "250 2.0.0", "bob": "451 4.2.0"}, "one of the two cannot be delivered now: 250; alone it is 451")
        queued = mail.queue()
        t.is_([[r["address"] for r in m["recipients"]] for m in queued], [["bob@example.test"]],
              "... what is left of the list is queued, that alone")
        os.chmod(box, 0o700)
        mail.run("qctl", "retry", *[m["id"] for m in queued])
        t.ok(mail.mail_with("bob", "half a list"), "... and delivered later")
        t.is_([len([m for m in mail.mail(u) if b"half a list" in m]) for u in ("alice", "bob")], [1, 1], "... once to each")
        mail.stop("queue-add")
        os.chmod(box, 0o500)
        client.give("ann@outside.example", ["both@example.test"], MESSAGE % "no queue")
        t.is_(codes(client), {"both": "451 4.3.0"}, "if that part cannot be queued, the client is to try again")
        os.chmod(box, 0o700)
        mail.start("queue-add")


def settings_of(mail, address, *lines):
    path = f"{mail.home}/control/mailboxes/{address}"
    with open(path + ".new", "w") as file:
        file.write("".join(line + "\n" for line in lines))
    os.chmod(path + ".new", 0o640)
    os.chown(path + ".new", 0, grp.getgrnam("mail-tables").gr_gid)
    os.rename(path + ".new", path)
    said = mail.run("tables-build")
    if mail.code:
        print("# " + said)


def elsewhere(mail, t):
    """A mailbox that forwards, with a copy here and without one."""
    mail.relay_rule(type="default", host=mail.address, port=1, tls="off")  # nobody is there: it stays queued
    settings_of(mail, "alice@example.test", "forward: x@elsewhere.example", "keep: yes")
    with on_socket(mail) as client:
        client.give("ann@outside.example", ["alice@example.test", "bob@example.test"], MESSAGE % "here and there")
        t.is_(codes(client), {"alice": "250 2.0.0", "bob": "250 2.0.0"}, "W-02 N-28 N-29 a forward with a copy here: 250")
        t.is_([len([m for m in mail.mail(u) if b"here and there" in m]) for u in ("alice", "bob")], [1, 1], "... the copy is in the mailbox")
        queued = [m for m in mail.queue() if m["sender"]]  # the bounces of what has no way out are no matter here
        t.is_([[r["address"] for r in m["recipients"]] for m in queued], [["x@elsewhere.example"]],
              "... and that alone is queued which goes elsewhere")
        mail.run("qctl", "delete", *[m["id"] for m in queued])
        box = f"{mail.home}/mail/example.test/alice/new"
        os.chmod(box, 0o500)
        client.give("ann@outside.example", ["alice@example.test"], MESSAGE % "not here")
        os.chmod(box, 0o700)
        t.is_((codes(client), [m for m in mail.queue() if m["sender"]]), ({"alice": "451 4.2.0"}, []), "if the copy cannot be delivered, nothing goes elsewhere: the client tries again")
        settings_of(mail, "alice@example.test", "forward: x@elsewhere.example")
        client.give("ann@outside.example", ["alice@example.test"], "Subject: big\r\n\r\n" + ("y" * 76 + "\r\n") * 20000)
        t.is_(codes(client), {"alice": "250 2.0.0"}, "a forward alone: 250 when it is queued")
        t.is_([m["recipients"][0]["address"] for m in mail.queue() if m["sender"]], ["x@elsewhere.example"], "... whole")
        mail.run("qctl", "delete", *[m["id"] for m in mail.queue()])
    settings_of(mail, "alice@example.test", "receive: yes")


def reports(mail, t):
    with on_socket(mail) as client:
        client.ehlo()
        t.ok(client.has_extn("dsn"), "DSN is offered")
        client.give("alice@example.test", ["bob@example.test"], MESSAGE % "tell me", ["NOTIFY=SUCCESS"])
        t.is_(codes(client), {"bob": "250 2.0.0"}, "NOTIFY=SUCCESS")
        found = mail.mail_with("alice", "Action: delivered")
        t.ok(found and b"bob@example.test" in found[0], "RFC 3461: the sender hears that it was delivered", found)
        t.is_((len([m for m in mail.mail("bob") if b"tell me" in m]), wait_for(lambda: mail.queue() == [])), (1, True), "... which it was once")
        client.give("alice@example.test", ["bob@example.test"], MESSAGE % "be silent", ["NOTIFY=NEVER"])
        t.is_((codes(client), mail.queue()), ({"bob": "250 2.0.0"}, []), "NOTIFY=NEVER: nothing is queued")


def who(mail, t):
    path = f"{mail.home}/run/lmtp"
    st = os.stat(path)
    t.is_((oct(st.st_mode)[-4:], grp.getgrgid(st.st_gid).gr_name), ("0660", "mail-lmtp"), "who may connect is whom the socket's group lets in")
    said = subprocess.run(["s6-setuidgid", "nobody", "python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).connect('{path}')"],
                          stderr=subprocess.PIPE, text=True).stderr
    t.matches(said, "PermissionError", "... nobody else")
    said = mail.run("swaks", "--protocol", "LMTP", "--socket", path, "--from", "s@outside.example", "--to", "bob@example.test,alice@example.test",
                    "--header", "Subject: by swaks", "--helo", "swaks.example", "--timeout", "60")
    t.ok(mail.code == 0 and len(re.findall(r"<-  250 2\.0\.0 <", said)) == 2, "W-02 swaks --protocol LMTP: two answers", said)
    t.ok(any(b"by swaks" in m for m in mail.mail("alice")), "... delivered")


def tcp(mail, t):
    try:
        socket.create_connection((mail.address, mail.port(24)), 5)
        t.ok(False, "port 24 is closed")
    except ConnectionRefusedError:
        t.ok(True, "N-110 port 24 is closed until the operator opens it")
    mail.switch_on("lmtp-tcp")
    with Client(mail.address, mail.port(24)) as client:
        client.give("ann@outside.example", ["bob@example.test"], MESSAGE % "by TCP")
        t.is_(codes(client), {"bob": "250 2.0.0"}, "N-110 W-02 LMTP on port 24, switched on as doc/quickstart.md says")
    t.ok(any(b"by TCP" in m for m in mail.mail("bob")), "... delivered")
    mail.control("concurrencylmtp", "1")
    mail.restart("lmtp")
    with on_socket(mail) as client, socket.socket(socket.AF_UNIX) as other:
        client.ehlo()
        other.connect(f"{mail.home}/run/lmtp")
        t.ok(other.recv(1000).startswith(b"421 "), "control/concurrencylmtp: the sessions at once")
    mail.control("concurrencylmtp", None)
    mail.restart("lmtp")


MAIN = """compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
inet_protocols = ipv4
inet_interfaces = loopback-only
myhostname = front.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_transport = lmtp:unix:{home}/run/lmtp
notify_classes =
"""
SERVICES = {"pickup": "n - n 60 1", "cleanup": "n - n - 0", "qmgr": "n - n 300 1", "rewrite": "- - n - - trivial-rewrite", "bounce": "- - n - 0",
            "defer": "- - n - 0 bounce", "trace": "- - n - 0 bounce", "anvil": "- - n - 1", "lmtp": "- - n - -", "error": "- - n - -",
            "retry": "- - n - - error"}


def postfix(mail, t):
    """A Postfix in front, as doc/smtp-receive.md says: its user in the group mail-lmtp, its transport the socket."""
    folder = mail.folder + "/postfix"
    if not os.path.exists("/usr/lib/postfix/sbin/lmtp"):
        t.ok(True, "SKIP no Postfix here")
        return
    for part in ("", "/spool", "/data"):
        os.mkdir(folder + part, 0o755)
    os.chown(folder + "/data", pwd.getpwnam("postfix").pw_uid, -1)
    with open(folder + "/main.cf", "w") as file:
        file.write(MAIN.format(folder=folder, home=mail.home))
    with open(folder + "/master.cf", "w") as file:
        file.write("127.0.39.2:39125 inet n - n - - smtpd\npostlog unix-dgram n - n - 1 postlogd\n")
        for name, words in SERVICES.items():
            fields = words.split()
            file.write(f"{name} unix {' '.join(fields[:5])} {(fields + [name])[5]}\n")
    is_member = "postfix" in grp.getgrnam("mail-lmtp").gr_mem
    subprocess.run(["/usr/sbin/usermod", "-aG", "mail-lmtp", "postfix"], check=True)
    try:
        said = mail.run("postfix", "-c", folder, "start")
        t.ok(mail.code == 0, "P-22 Postfix of this Debian starts", said, os.path.exists(folder + "/maillog") and open(folder + "/maillog").read()[-1500:])
        with smtplib.SMTP("127.0.39.2", 39125, timeout=300) as client:
            client.sendmail("ann@outside.example", ["alice@example.test", "bob@example.test"], MESSAGE % "through Postfix")
        wait_for(lambda: all(any(b"through Postfix" in m for m in mail.mail(u)) for u in ("alice", "bob")))
        found = wait_for(lambda: open(folder + "/maillog").read().count("status=sent (250 2.0.0 <") == 2)
        t.ok(found, "W-02 Postfix's lmtp: both delivered, each with its own answer", said, open(folder + "/maillog").read()[-1500:])
    finally:
        mail.run("postfix", "-c", folder, "stop")
        if not is_member:
            subprocess.run(["/usr/bin/gpasswd", "-d", "postfix", "mail-lmtp"], stdout=subprocess.DEVNULL)


with Postroom(39) as mail, Tap() as t:
    dialogue(mail, t)
    final(mail, t)
    failures(mail, t)
    several(mail, t)
    elsewhere(mail, t)
    reports(mail, t)
    who(mail, t)
    postfix(mail, t)
    tcp(mail, t)
