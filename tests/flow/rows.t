#!/usr/bin/python3
# rows: what the rows of requirements.md say and no other flow test asks, from outside: each case over SMTP at the running instance and of
# whatif (tests/flow/policy.py), relay rules at servers that see which host, which login and which message come.
# (N-15, N-16, N-18, N-19, N-22, N-25, N-28, N-37, N-40 to N-42, N-79 to N-82, N-98, N-102, N-103, N-111 to N-118, L-21, L-24, P-10, P-12, P-16, P-17, P-22 to P-28,
# P-32, S-21, S-22, S-29, S-30, S-34, S-41, W-28, W-29, T1 to T5, T7, T8, T15, T17)
import base64, contextlib, glob, hashlib, imaplib, os, re, shutil, signal, smtplib, socket, ssl, subprocess, sys, time

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
from imapwire import Imap
from peer import Server
from policy import ANN, Policy
from postroom import Postroom, Tap, wait_for

OK = "250 2.1.5 Ok"
UNKNOWN = "550 5.1.1 <A>: Recipient address rejected: User unknown"
RELAY = "554 5.7.1 <A>: Relay access denied"
BOB, ALICE, CAROL, JOE = "bob@example.test", "alice@example.test", "carol@example.test", "joe@far.example"
FAR, NEAR, OTHER = "127.0.49.200", "127.0.49.9", "127.0.49.201"


def off(sender):
    return f"554 5.7.1 <{sender}>: Sender address rejected: sending is disabled"


def destinations(ask):
    """What an address, a forward and a catch-all may lead to; the order of lookup."""
    ask.files({"groups/crew": f"member: {ALICE}\nmember: {BOB}", "groups/bob": f"member: {CAROL}", "mailboxes/office": "",
               "domains/both.test": "addusers: yes\naddgroups: yes", "domains/groups.test": "addgroups: yes\ncatchall: crew@groups.test",
               "domains/users.test": "addusers: yes", "domains/public.test": "catchall: office@public.test", "domains/none.test": f"catchall: {BOB}",
               "addresses/mixed@none.test": f"to: group:crew\nto: public:office\nto: carol\nto: {JOE}\nto: {ALICE}",
               "addresses/lost@none.test": f"to: nobody@example.test\nto: {BOB}", "addresses/alone@none.test": "to: nobody@example.test"})
    ask.case("N-37 a group, a public mailbox, a user, one elsewhere, and each once", "mixed@none.test", OK, leads=[ALICE, BOB, CAROL, JOE, "mixed@none.test"])
    ask.t.ok("mail/public/office" in ask.whatif(ANN, "mixed@none.test"), "N-37 ... the public mailbox is one of them")
    ask.case("N-37 one of them is gone: the others get it", "lost@none.test", OK, leads=[BOB])
    ask.case("N-37 the only one is gone", "alone@none.test", UNKNOWN)
    ask.case("N-18 N-41 a group and a user of one name: the group, where both are on", "bob@both.test", OK, leads=[CAROL])
    ask.case("N-18 N-41 ... the user, where users are on", "bob@users.test", OK, leads=[BOB])
    ask.case("N-18 N-41 ... the group, where groups are on", "bob@groups.test", OK, leads=[CAROL])
    ask.files({"domains/off.test": ""})
    ask.case("N-18 N-41 ... neither", "bob@off.test", UNKNOWN)
    ask.case("N-19 a catch-all that is a group", "whoever@groups.test", OK, leads=[ALICE, BOB], rule="catchall, control/domains/groups.test")
    ask.case("N-19 N-41 ... a group's name comes before it", "crew@groups.test", OK, leads=[ALICE, BOB])
    ask.case("N-19 a catch-all that is a public mailbox", "whoever@public.test", OK, leads=["office@public.test"])
    ask.case("N-19 N-41 ... that mailbox's name comes before it", "office@public.test", OK, leads=["office@public.test"])
    ask.case("N-19 a catch-all that is a user", "whoever@none.test", OK, leads=[BOB])
    ask.files({"addresses/carol": f"to: {ALICE}"})
    ask.case("N-41 a generic address comes before a user of the same name", "carol@users.test", OK, leads=[ALICE])
    ask.case("N-41 ... but not before the user's own address", CAROL, OK, leads=[CAROL])
    ask.files({"addresses/carol": None, "addresses/crew": f"to: {CAROL}"})
    ask.case("N-41 ... before a group's", "crew@groups.test", OK, leads=[CAROL])
    ask.files({"addresses/crew": None, "mailboxes/carol@example.test": "forward: crew@groups.test\nforward: office@public.test\nforward: alice@users.test"})
    ask.case("N-28 a forward to a group, a public mailbox and a user", CAROL, OK, leads=[ALICE, BOB, "office@public.test"])
    ask.case("N-28 N-41 ... also through a group she is in", "bob@groups.test", OK, leads=[ALICE, BOB, "office@public.test"])
    ask.files({"mailboxes/carol@example.test": f"forward: {JOE}"})
    ask.case("N-28 ... elsewhere alone", CAROL, OK, leads=[JOE])
    ask.files({"mailboxes/carol@example.test": None, "groups/bob": None, "domains/groups.test": None, "domains/none.test": "", "domains/off.test": None})


def domains(ask):
    t, mail = ask.t, ask.mail
    said = mail.run("mailadm", "add", "domain", "nodot")
    t.ok(mail.code == 100 and "has no dot" in said, "N-16 a domain has a dot", said)
    ask.case("N-16 ... and is none of ours without", "bob@nodot", RELAY, ip=FAR)
    t.is_((mail.run("mailadm", "add", "domain", "fresh.test"), mail.code)[1], 0, "N-16 mailadm add domain")
    ask.case("N-16 ... it is ours at once", "bob@fresh.test", UNKNOWN, ip=FAR)
    said = mail.run("mailadm", "add", "domain", "Fresh.TEST")
    t.ok(mail.code == 100 and "mail_domain_already_exists" in said, "N-16 twice is once", said)
    mail.add_account("kim@fresh.test", "kims")
    ask.send(ANN, "kim@fresh.test", "before", ip=FAR)
    t.ok(mail.mail_with("kim", "Subject: before", domain="fresh.test"), "N-15 a mailbox with mail")
    ask.files({"domains/fresh.test": None})
    ask.case("N-15 the domain is deleted", "kim@fresh.test", RELAY, ip=FAR)
    t.is_(len(mail.mail("kim", "fresh.test")), 1, "N-15 ... and the mail is kept")
    ask.case("S-41 as somebody writes it", "Alice@Example.Com".replace("Com", "Test"), OK, leads=[ALICE])
    ask.files({"domains/example.com": "", "addresses/testmail@example.com": f"to: {BOB}"})
    ask.case("S-41 TestMail@Example.Com", "TestMail@Example.Com", OK, leads=[BOB])
    # P-25: hostname, localhost.domain, localhost
    ask.files({f"domains/{name}": "alias: example.test" for name in ("host.example.test", "localhost.example.test", "localhost")})
    for name in ("host.example.test", "localhost.example.test", "localhost", "example.test"):
        ask.case(f"P-25 {name} is local where a file of control/domains says so", f"bob@{name}", OK, leads=[BOB], ip=FAR)
    ask.files({f"domains/{name}": None for name in ("host.example.test", "localhost.example.test", "localhost")})
    ask.case("P-25 ... and not without", "bob@localhost", RELAY, ip=FAR)
    # P-26: bob@host is not bob@host.example.test
    ask.case("P-26 a name without a dot stays as it is: to be relayed it is another host's", "bob@example", RELAY, ip=FAR)
    ask.case("P-26 ... who has logged in is told that it is not whole", "bob@example", "554 5.1.2 <A>: Recipient address rejected: its domain is not fully qualified", login="bob", port=587, sender=BOB)
    ask.files({"mynetworks": NEAR})
    ask.case("P-26 ... for who may relay it is that host", "bob@example", OK, ip=NEAR, leads=["bob@example"])
    ask.files({"mynetworks": None})
    with ask.open(login="bob", port=587) as client:
        client.sendmail(BOB, [ALICE], "From: bob@short\nTo: x@example, alice@example.test\nSubject: short names\n\nx\n")
    found = mail.mail_with("alice", "Subject: short names")
    t.ok(found and b"From: bob@short\n" in found[0] and b"To: x@example, alice@example.test\n" in found[0], "P-26 ... in the header too", found)


def people(ask):
    t, mail = ask.t, ask.mail
    for name in ("bob", "BOB", BOB, "Bob@Example.TEST"):
        with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
            client.starttls()
            t.is_(client.login(name, mail.password("bob"))[0], 235, f"N-25 the login {name}")
    for name in ("bob@other.test", "bob@public.test"):
        with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
            client.starttls()
            client.ehlo()
            t.is_(client.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{name}\0{mail.password('bob')}".encode()).decode())[0], 535, f"N-25 ... not {name}, who is somebody else")
    # L-21: a member's mail is looked up again; who has none is reported; T15: one SMTP: value of two
    ask.edit_account("alice", "proxyAddresses: SMTP:team@example.test")
    said = ask.edit_account("bob", "proxyAddresses: SMTP:Team@Example.Test")
    t.ok(re.search("team@example.test.*primary|primary.*team@example.test", said, re.I), "T15 two who claim one primary address are reported", said)
    ask.files({"mailboxes/bob@example.test": f"forward: {CAROL}"})
    ask.case("L-21 what a member's address leads to is looked up again", "team@example.test", OK, leads=[ALICE, CAROL])
    ask.files({"mailboxes/bob@example.test": f"forward: {CAROL}", "mailboxes/carol@example.test": "forward: team@example.test\nkeep: yes"})
    ask.case("L-21 ... in a circle too", "team@example.test", OK, leads=[ALICE, CAROL])
    ask.files({"mailboxes/bob@example.test": None, "mailboxes/carol@example.test": None, "enforcesender": "yes"})
    ask.edit_account("carol", "proxyAddresses: smtp:mine@example.test")
    carol = dict(login="carol", port=587, password="carols-password")
    ask.case("L-24 T5 the sole holder of a proxyAddress may send as it", JOE, OK, sender="mine@example.test", **carol)
    ask.edit_account("alice", "proxyAddresses: smtp:mine@example.test")
    ask.case("L-24 T5 one of two may not", JOE, "553 5.7.1 <mine@example.test>: Sender address rejected: not owned by user carol@example.test", sender="mine@example.test", **carol)
    ask.files({"enforcesender": None})
    for user in ("alice", "bob", "carol"):
        ask.edit_account(user, "proxyAddresses:")


def postmaster(ask):
    """N-42 as a first install is: a public mailbox, which has the generic address until somebody is named; quickstart names alice."""
    t, mail = ask.t, ask.mail
    t.ok(os.path.exists(f"{mail.home}/control/mailboxes/postmaster"), "N-42 the first install makes the public mailbox postmaster")
    ask.case("N-42 quickstart names alice", "postmaster@users.test", OK, leads=[ALICE], ip=FAR)
    said = mail.run("mailadm", "delete", "address", "postmaster")
    t.ok(mail.code == 100 and "address_removal_forbidden" in said, "N-42 the generic address cannot be removed", said)
    ask.files({"addresses/postmaster": None})
    ask.case("N-42 without a name it is the public mailbox", "postmaster@users.test", OK, leads=["postmaster@users.test"], ip=FAR, rule="mailbox, control/mailboxes/postmaster")
    ask.case("N-42 ... in any case, without a domain", "PostMaster", OK, ip=FAR)
    ask.send(ANN, "postmaster@users.test", "to whom it may concern", ip=FAR)
    t.ok(wait_for(lambda: [f for f in glob.glob(f"{mail.home}/mail/public/postmaster/new/*") if b"to whom it may concern" in open(f, "rb").read()]), "N-42 ... and it is kept there")
    ask.files({"addresses/postmaster": f"to: {ALICE}"})


def networks(ask):
    ask.files({"mynetworks": "127.0.49.9/32 [::1]/128 192.168.122.0/24\n10.77.4.0/24\nfd00:49::/64"})
    ask.case("P-24 N-98 mynetworks as the source writes it", JOE, OK, ip=NEAR)
    for ip, expected in (("::1", OK), ("::2", RELAY), ("192.168.122.255", OK), ("192.168.123.0", RELAY), ("10.77.4.0", OK), ("10.77.3.255", RELAY), ("fd00:49::f", OK), ("fd00:49:0:1::", RELAY)):
        ask.t.is_(ask.reply_of(ask.whatif(ANN, JOE, ip=ip)), expected.replace("<A>", f"<{JOE}>"), f"P-24 N-98 {ip}")
    ask.files({"mynetworks": "127.0.49.0/25"})
    ask.case("N-98 a network: its last address", JOE, OK, ip="127.0.49.127")
    ask.case("N-98 ... and the one behind", JOE, RELAY, ip="127.0.49.128")
    ask.files({"mynetworks": None})


def internal_names(ask):
    """N-40: names of users and groups, in all domains or in one."""
    ask.files({"domains/inner.test": "addusers: yes\naddgroups: yes", "groups/crew": f"member: {ALICE}\nmember: {BOB}", "internal": "bob\ncrew\nalice@inner.test"})
    denied = "554 5.7.1 <A>: Recipient address rejected: access denied"
    for what, to in (("a user's name, in every domain", "bob@inner.test"), ("... in another", "bob@users.test"), ("a group's name, in every domain", "crew@inner.test"),
                     ("... with a detail", "crew+x@inner.test"), ("a user's name, in one domain", "Alice@inner.test")):
        ask.case(f"N-40 {what}", to, denied, ip=FAR)
    ask.case("N-40 ... and not in another", "alice@users.test", OK, ip=FAR, leads=[ALICE])
    ask.case("N-40 ... the user's own address of that name too", BOB, denied, ip=FAR)
    ask.case("N-40 ... not the others", ALICE, OK, ip=FAR)
    ask.case("N-40 for who has logged in", "crew@inner.test", OK, login="carol", password="carols-password", port=587, sender=CAROL, leads=[ALICE, BOB])
    ask.files({"mynetworks": NEAR})
    ask.case("N-40 N-98 for our networks", "bob@inner.test", OK, ip=NEAR, leads=[BOB])
    ask.files({"mynetworks": None, "internal": None, "enforcesender": "yes", "sendas": "groups"})
    ask.case("T5 N-102 sendas: groups: a member may", JOE, OK, sender="crew@inner.test", login="bob", port=587)
    ask.case("T5 N-101 ... who is in it not, may not", JOE, "553 5.7.1 <crew@inner.test>: Sender address rejected: not owned by user carol@example.test",
             sender="crew@inner.test", login="carol", password="carols-password", port=587)
    ask.files({"enforcesender": None, "sendas": None, "groups/crew": None, "domains/inner.test": None})


def failing_archives(ask):
    """N-22, N-103: a copy that cannot be delivered is nobody's trouble."""
    mail, t = ask.mail, ask.t
    archive = Server(sessions=1000, address="127.0.49.68", RCPT=b"550 5.1.1 no such archive\r\n")
    ask.files({"domains/copied.test": "addusers: yes\ncopy: dead@archive.example", "alwaysbcc": "archive@piler1", "relayrules/archive": f"type: bcc\nhost: 127.0.49.68\nport: {archive.port}\ntls: off",
               "relayrules/all": f"type: default\nhost: 127.0.49.68\nport: {archive.port}\ntls: off"})
    ask.case("N-22 N-103 a domain's copy and a copy of all", "carol@copied.test", OK, leads=[CAROL, "copy:dead@archive.example", "copy:archive@piler1"], sender=BOB, login="bob", port=587)
    ask.send(BOB, "carol@copied.test", "copied in vain", login="bob", port=587)
    t.ok(mail.mail_with("carol", "Subject: copied in vain"), "N-22 the recipient has it")
    for to in ("dead@archive.example", "archive@piler1"):
        t.ok(wait_for(lambda: f"RCPT TO:<{to}>" in [line.split(" NOTIFY")[0] for line in archive.heard]), f"N-22 N-103 {to} is refused", archive.heard)
    t.ok(wait_for(lambda: not mail.queue()), "N-22 ... the queue is empty", mail.run("qstat"))
    t.is_([m for user in ("bob", "carol", "alice") for m in mail.mail(user) if b"no such archive" in m], [], "N-22 N-103 T8 ... and nobody is told, neither the author nor the postmaster")
    ask.files({"domains/copied.test": None, "alwaysbcc": None, "relayrules/archive": None, "relayrules/all": None})


def fingerprints(ask):
    """S-21: a backend has one to five certificates; each of them is it."""
    t, folder = ask.t, ask.mail.folder
    names = [f"client{i}" for i in range(6)]
    for name in names:
        make_certificate(folder, name)
    lines = [f"fingerprint: {ask.fingerprint(f'{folder}/{name}.pem')}" for name in names]
    ask.files({"relayrules/all": "type: default\nhost: 127.0.49.67\nport: 9\n", "backends/cert": "\n".join(["domain: cert.example", *lines[:5]])})
    for name, expected in zip(names, [OK] * 5 + [RELAY]):
        ask.case(f"S-21 {name} of five", JOE, expected, sender="a@cert.example", ip=FAR, tls=True, certificate=(f"{folder}/{name}.pem", f"{folder}/{name}.key"))
    said = ask.files({"backends/cert": "\n".join(["domain: cert.example", *lines])})
    t.ok(ask.mail.code == 100 and "control/backends/cert" in said, "S-21 ... and not six", said)
    ask.files({"relayrules/all": None, "backends/cert": None})


class Host(Server):
    """A relay that wants a login under TLS; what came, by whom."""

    def __init__(self, folder, number, **more):
        super().__init__(sessions=1000, address=f"127.0.49.{number}", certificate=f"{folder}/relay", extensions=("STARTTLS", "AUTH PLAIN", "SIZE 200000000"), **more)

    def came(self):
        """(login, sender, recipient) of each message."""
        found, login, sender, recipients = [], "", "", []
        for line in list(self.heard):
            if line.startswith("EHLO"):
                login = ""
            elif line.startswith("AUTH PLAIN "):
                login = base64.b64decode(line[11:]).decode().split("\0")[1]
            elif line.startswith("MAIL FROM:<"):
                sender, recipients = line[11:].split(">")[0], []
            elif line.startswith("RCPT TO:<"):
                recipients.append(line[9:].split(">")[0])
            elif line.startswith("DATA"):
                found += [(login, sender, recipient) for recipient in recipients]
        return found


def make_certificate(folder, name="relay"):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=snakeoil", "-days", "2",
                    "-out", f"{folder}/{name}.pem", "-keyout", f"{folder}/{name}.key"], check=True, capture_output=True)


def relay_rules(ask):
    """ns8-mail: relay rules, eight cases and both orders, at four servers; each rule has its own login, two of them at one host and port (T4)."""
    mail, t, folder = ask.mail, ask.t, ask.mail.folder
    make_certificate(folder)
    hosts = [Host(folder, 60 + i) for i in range(4)]
    rules = {"default": ("default", None, 0), "sd": ("sender", "example.test", 1), "sa": ("sender", BOB, 1), "rd": ("recipient", "r.test", 2), "ra": ("recipient", "vip@r.test", 3),
             "same": ("recipient", "example.test.r", 2), "rs": ("recipient", ".r.test", 3), "twice": ("sender", "r.test", 1)}
    ask.files({f"relayrules/{name}": f"type: {type}\n" + (f"subject: {subject}\n" if subject else "") +
               f"host: 127.0.49.{60 + where}\nport: {hosts[where].port}\ntls: encrypt\nlogin: {name}\npassword: of-{name}\n" for name, (type, subject, where) in rules.items()})

    def goes(what, sender, to, rule):
        host, before = hosts[rules[rule][2]], [len(h.came()) for h in hosts]
        said = ask.whatif(sender, to, login="bob", port=587)
        ask.send(sender, to, what, login="bob", port=587)
        wait_for(lambda: len(host.came()) > before[rules[rule][2]])
        new = [came for h, n in zip(hosts, before) for came in h.came()[n:]]
        t.ok(new == [(rule, sender, to)] and f"host=127.0.49.{60 + rules[rule][2]} " in said and f"rule={rule}" in said, what, f"expected by {rule}", new, said, mail.run("qstat"))

    goes("N-81 T1 the sender's address comes first, with the rule's own login (T4)", BOB, "vip@r.test", "sa")
    goes("N-82 T4 the sender's domain: the same host and port, and the other login", ALICE, "vip@r.test", "sd")
    goes("N-81 no sender's rule: the recipient's address", "x@other.test", "vip@r.test", "ra")
    goes("N-82 the recipient's domain", "x@other.test", "x@r.test", "rd")
    goes("T2 below it: the rule with a dot", "x@other.test", "x@sub.r.test", "rs")
    goes("T2 ... and not the one without", "x@other.test", "x@sub.example.test.r", "default")
    goes("T3 one subject, a rule for senders and one for recipients", "x@r.test", "x@r.test", "twice")
    goes("N-80 N-82 the default has the lowest rank", "x@other.test", "x@unruled.test", "default")
    mail.control("relayorder", "recipient sender default")
    goes("T1 the other order: the recipient's address has the highest rank", BOB, "vip@r.test", "ra")
    goes("T1 ... the recipient's domain comes before the sender's address", BOB, "x@r.test", "rd")
    goes("T1 ... then the sender's address", BOB, "x@unruled.test", "sa")
    goes("T1 ... then the default", "x@other.test", "x@unruled.test", "default")
    mail.control("relayorder", None)
    ask.files({f"relayrules/{name}": None for name in rules})


def opportunistic(ask):
    """P-27: TLS where it is offered, whoever signed it, and without where it is not."""
    mail, t = ask.mail, ask.t
    said = subprocess.run(["openssl", "x509", "-in", f"{mail.home}/tls/cert.pem", "-noout", "-subject", "-issuer"], capture_output=True, text=True).stdout
    me = open(f"{mail.home}/control/me").read().strip()
    t.is_(re.findall(r"CN ?= ?(\S+)", said), [me, me], "P-27 the first start makes a certificate, signed by itself")
    for tls in (False, True):
        ask.case(f"P-27 port 25 {'with' if tls else 'without'} TLS", BOB, OK, ip=FAR, tls=tls)
    secure, plain = Host(mail.folder, 64), Server(sessions=100, address="127.0.49.65")
    for host, what in ((secure, "a snakeoil certificate is taken"), (plain, "a host without TLS is")):
        ask.files({"relayrules/all": f"type: default\nhost: {host.listening.getsockname()[0]}\nport: {host.port}\ntls: may"})
        ask.send(BOB, JOE, f"tls may: {what}", login="bob", port=587)
        t.ok(wait_for(lambda: any(b"tls may" in m for m in host.messages)) and bool(host.tls) == (host is secure), f"P-27 tls: may: {what}", host.heard, host.tls)
    ask.files({"relayrules/all": None})


def features(client):
    client.ehlo("client.example")
    return client.ehlo_resp.decode().split("\n")


def listeners(ask):
    mail, t = ask.mail, ask.t
    system = open("/etc/os-release").read()
    t.ok(True, "P-22 this runs on Debian 12" if "ID=debian" in system and 'VERSION_ID="12"' in system else "P-22 SKIP another system")
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as client:
        offered = features(client)
        t.ok(not any(line.startswith(("AUTH", "DSN")) for line in offered), "S-30 N-114 port 25 offers neither DSN nor AUTH", offered)
        t.ok("SIZE 52428800" in offered, "W-29 S-29 50 MiB by default", offered)
        t.is_(client.docmd("AUTH", "PLAIN AGJvYgBi")[0] // 100, 5, "N-114 AUTH on port 25 is refused")
        client.ehlo()
        client.docmd("MAIL", "FROM:<ann@far.example>")
        t.is_(client.docmd("RCPT", f"TO:<{BOB}> NOTIFY=SUCCESS")[0], 555, "S-30 a stranger may not ask to be told of success")
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        t.ok(not any(line.upper().startswith("AUTH") for line in features(client)), "N-111 587: no AUTH before TLS")
        client.starttls()
        offered = features(client)
        t.ok("AUTH PLAIN LOGIN SCRAM-SHA-256" in offered and "AUTH=PLAIN LOGIN SCRAM-SHA-256" in offered, "P-28 P-32 N-112 AUTH PLAIN LOGIN, and AUTH= for old clients", offered)
        t.ok("DSN" in offered, "S-30 who may log in may ask for DSN", offered)
        t.is_(client.docmd("AUTH", "ANONYMOUS eA==")[0], 504, "P-28 noanonymous")
        secret = base64.b64encode(f"\0bob\0{mail.password('bob')}".encode()).decode()
        t.is_(client.docmd("auth", "plain " + secret)[0], 235, "P-32 PLAIN, in any case")
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls()
        client.ehlo()
        t.is_(client.docmd("AUTH", "LOGIN"), (334, b"VXNlcm5hbWU6"), "P-32 LOGIN asks for the name")
        t.is_(client.docmd(base64.b64encode(b"bob").decode()), (334, b"UGFzc3dvcmQ6"), "P-32 ... and the password")
        t.is_(client.docmd(base64.b64encode(mail.password("bob").encode()).decode())[0], 235, "P-32 ... and that is all")


def wrong_passwords(ask):
    """N-116: the words, and that guessing takes time."""
    mail, t = ask.mail, ask.t
    mail.add_account("guessed@example.test", "not-that")
    begin, wrong = time.monotonic(), "PLAIN " + base64.b64encode(b"\0guessed@example.test\0wrong").decode()
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls()
        client.ehlo()
        said = [client.docmd("AUTH", wrong) for _ in range(3)]
        try:
            last = client.getreply()
        except smtplib.SMTPServerDisconnected:
            last = (0, b"")
        t.ok(all(s == (535, b"5.7.8 Error: authentication failed") for s in said) and last[0] == 421, "N-116 wrong passwords; after the third 421", said, last)
        client.close()
    t.ok(time.monotonic() - begin >= 3, "N-116 ... and seconds go by", time.monotonic() - begin)
    begin = time.monotonic()
    with socket.create_connection((mail.address, mail.port(993)), timeout=300) as plain, ssl._create_unverified_context().wrap_socket(plain) as client:
        file = client.makefile("rb")
        file.readline()
        for tag in "abc":
            client.sendall(f"{tag} LOGIN guessed@example.test wrong\r\n".encode())
            line = file.readline().decode()
            t.ok(line.startswith(f"{tag} NO [AUTHENTICATIONFAILED]"), "N-116 IMAP: NO [AUTHENTICATIONFAILED]", line)
        client.settimeout(300)
        file.read()
    t.ok(time.monotonic() - begin >= 3, "N-116 ... and seconds go by", time.monotonic() - begin)


def sizes(ask):
    """N-118: 100,000,000 bytes; S-29: 100 MiB through a relay; W-29: the setting."""
    mail, t = ask.mail, ask.t
    for bytes in (100000000, 104857600):
        mail.control("databytes", str(bytes))
        with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as client:
            t.ok(f"SIZE {bytes}" in features(client), f"N-118 S-29 W-29 control/databytes: {bytes}")
            t.is_([client.mail(ANN, [f"SIZE={bytes + more}"])[0] for more in (0,)] + [client.rset()[0], client.mail(ANN, [f"SIZE={bytes + 1}"])[0]], [250, 250, 552],
                  f"N-118 S-29 ... {bytes} bytes and not one more")
    host = Host(mail.folder, 66)
    ask.files({"relayrules/all": f"type: default\nhost: 127.0.49.66\nport: {host.port}\ntls: off"})
    head = b"From: <bob@example.test>\r\nTo: <joe@far.example>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <large@example.test>\r\nSubject: large\r\n\r\n"
    line = b"0123456789" * 99 + b"\r\n"
    count, rest = divmod(104857600 - len(head), len(line))
    body = head + line * count + b"x" * (rest - 2) + b"\r\n"
    with ask.open(login="bob", port=587) as client:
        client.mail(BOB), client.rcpt(JOE)
        code, text = client.data(body)
        t.ok(len(body) == 104857600 and code == 250, "S-29 100 MiB are taken", code, text)
    t.ok(wait_for(lambda: host.messages, 90) and host.messages[0][:-3].endswith(body[len(head):]), "S-29 ... and relayed, byte for byte", len(host.messages and host.messages[0]), mail.run("qstat"))
    host.messages.clear()
    with ask.open(login="bob", port=587) as client:
        client.mail(BOB), client.rcpt(JOE)
        code, text = client.data(body + b"x\r\n")
        t.is_((code, text[:5]), (552, b"5.3.4"), "S-29 N-118 ... and no more")
    mail.control("databytes", None)
    ask.files({"relayrules/all": None})
    mail.control("defaultquotasize", "1024M")
    ask.send(ANN, BOB, "under a quota", ip=FAR)
    path = f"{mail.home}/mail/example.test/bob/maildirsize"
    t.ok(mail.mail_with("bob", "Subject: under a quota") and wait_for(lambda: os.path.exists(path)) and open(path).readline() == "1073741824S\n", "S-34 control/defaultquotasize: 1024M", glob.glob(path))
    mail.control("defaultquotasize", None)


def crowds(ask):
    """W-28: 50 connections of one client; N-118: 20 IMAP sessions of one user and address. The defaults."""
    mail, t = ask.mail, ask.t
    for name in ("concurrencysmtpdclient", "concurrencyimapuser", "concurrencysmtpd"):
        mail.control(name, None)

    def banner(ip):
        s = socket.create_connection((mail.address, mail.port(25)), timeout=300, source_address=(ip, 0))
        return s, s.recv(1000)[:3]
    held = [banner(OTHER) for _ in range(50)]
    t.is_({said for _, said in held}, {b"220"}, "W-28 50 connections of one client")
    s, said = banner(OTHER)
    t.is_(said, b"421", "W-28 ... and not one more")
    s.close()
    s, said = banner(FAR)
    t.is_(said, b"220", "W-28 ... another client is served")
    for one, _ in held + [(s, said)]:
        one.close()
    mail.control("concurrencysmtpd", "3")
    mail.restart("smtp-mx")
    held = [banner(f"127.0.49.{220 + i}") for i in range(4)]
    t.is_([said for _, said in held], [b"220"] * 3 + [b"421"], "N-118 so many processes as control/concurrencysmtpd says, whoever comes")
    held[0][0].close()
    t.ok(wait_for(lambda: banner("127.0.49.230")[1] == b"220"), "N-118 ... one ends, another may come")
    for one, _ in held:
        one.close()
    mail.control("concurrencysmtpd", None)
    mail.restart("smtp-mx")
    sessions = [Imap(mail, "bob") for _ in range(20)]
    t.ok(all(s("NOOP").status == "OK" for s in sessions), "N-118 20 sessions of one user from one address")
    said = mail.run("curl", "-sk", f"imaps://{mail.address}:{mail.port(993)}/INBOX", "-u", f"{BOB}:{mail.password('bob')}", "-X", "NOOP")
    t.ok(mail.code != 0, "N-118 ... and not one more", said)
    for s in sessions:
        s("LOGOUT")


def tree(*paths):
    """What is there: names, modes, owners and contents."""
    found = {}
    for path in (p for pattern in paths for p in glob.glob(pattern, recursive=True)):
        st = os.lstat(path)
        found[path] = (st.st_mode, st.st_uid, st.st_gid, hashlib.sha256(open(path, "rb").read()).digest() if os.path.isfile(path) else b"")
    return found


def one_place(ask):
    """P-16: what is allowed stands in control/ and the tables alone; one line there holds on every port. P-17: nothing else is touched."""
    mail, t = ask.mail, ask.t
    scripts = {path: open(path).read() for path in glob.glob(f"{mail.home}/service/*/run")}
    words = {word for script in scripts.values() for word in script.split("smtp-receive")[1:2] for word in word.split()}
    t.is_(words, {"-r", "mx", "submission", "submissions", "internal", "lmtp", "inject"}, "P-16 a run script of smtp-receive says its role and nothing more")
    t.ok(not [path for path, script in scripts.items() if set(re.findall(r"control/(\w+)", script)) - {"listenaddress", "portoffset"}], "P-16 ... of control/ the address and the port alone")
    rest = f"{mail.home}/service/*/run", f"{mail.home}/service/*/down", "/etc/passwd", "/etc/shadow", "/etc/group", f"{mail.home}/directory/*"
    messages = f"{mail.home}/mail/*/*", f"{mail.home}/mail/*/*/new/*", f"{mail.home}/mail/*/*/cur/*"
    wait_for(lambda: not mail.queue())
    before = tree(*rest), tree(*messages)
    pids = {name: mail.pid(name) for name in ("smtp-mx", "smtp-submission", "smtp-submissions", "lmtp", "inject")}
    for name, files in (("a block rule", {"block": f"sender {BOB}"}), ("a switch of the mailbox", {"mailboxes/bob@example.test": "submit: no"})):
        ask.files(files)
        refusal = f"554 5.7.1 <{BOB}>: Sender address rejected" + ("" if "block" in name else ": sending is disabled")
        ask.case(f"P-16 {name} holds on port 25", ALICE, refusal, sender=BOB, ip=FAR)
        ask.case(f"P-16 ... on 587", ALICE, refusal, sender=BOB, login="bob", port=587)
        ask.case(f"P-16 ... on 465", ALICE, refusal, sender=BOB, login="bob", port=465)
        done = subprocess.run(["sendmail", "-f", BOB, ALICE], input="Subject: x\n\nx\n", capture_output=True, text=True, env=mail.environment, executable=f"{mail.home}/bin/sendmail")
        t.ok(done.returncode == 77 and BOB in done.stderr, f"P-16 ... and for sendmail", done)
        ask.files({name: None for name in files})
        ask.case(f"P-16 {name} is taken back", ALICE, OK, sender=BOB, login="bob", port=587)
    after = tree(*rest), tree(*messages)
    t.is_(after[0], before[0], "P-16 P-17 no script, no user of the system and no entry of the directory was changed")
    t.is_(after[1], before[1], "P-17 P-04 no mailbox was touched")
    t.is_({name: mail.pid(name) for name in pids}, pids, "P-03 P-16 nothing was restarted")


def offboarding(ask):
    """P-12: somebody leaves. His entry goes, and with it all he may; his mail stays, and nothing else is to be done."""
    mail, t = ask.mail, ask.t
    mail.add_account("dave@example.test", "daves-password")
    dave, who = "dave@example.test", dict(login="dave", port=587, password="daves-password")
    ask.files({"addresses/sales@example.test": f"to: {dave}\nto: {ALICE}", "groups/staff": f"member: {dave}\nmember: {BOB}", "domains/both.test": "addusers: yes\naddgroups: yes"})
    ask.send(ANN, dave, "while he was here", ip=FAR)
    t.ok(mail.mail_with("dave", "Subject: while he was here"), "P-12 a user with mail")
    his = f"{mail.home}/mail/example.test/dave/new/*", f"{mail.home}/mail/example.test/dave", "/etc/passwd", "/etc/shadow"
    reading = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context(), timeout=300)
    reading.login(dave, "daves-password")
    held, old = ask.open(**who), tree(*his)
    t.is_((held.mail(dave)[0], held.rcpt(JOE)[0]), (250, 250), "P-12 ... who sends")
    held.rset()
    os.remove(f"{mail.home}/directory/dave@example.test.ldif")
    ask.build()
    for sender in (dave, BOB, "x@far.example", ""):
        held.mail(sender)
        code, text = held.rcpt(JOE)
        t.is_(f"{code} {text.decode()}", off(sender), f"P-12 T17 his session that is open still sends nothing as <{sender}>")
        held.rset()
    held.close()
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls()
        client.ehlo()
        t.is_(client.docmd("AUTH", "PLAIN " + base64.b64encode(b"\0dave\0daves-password").decode())[0], 535, "P-12 he cannot log in to send")
    mail.run("curl", "-sk", f"imaps://{mail.address}:{mail.port(993)}/INBOX", "-u", f"{dave}:daves-password", "-X", "NOOP")
    t.is_(mail.code, 67, "P-12 ... nor to read")
    t.is_(reading.noop()[0], "OK", "P-12 an IMAP session that is open goes on")
    uid = os.stat(f"{mail.home}/mail/example.test/dave").st_uid
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has ended
            if os.stat(f"/proc/{pid}").st_uid == uid and os.readlink(f"/proc/{pid}/exe").startswith(mail.home + "/"):
                os.kill(int(pid), signal.SIGTERM)
    try:
        said = reading.noop()
    except imaplib.IMAP4.abort as why:
        said = str(why)
    t.matches(str(said), "shutting down|EOF", "P-12 ... until the processes of his uid are told to end (doc/mailadm.md)")
    ask.case("P-12 his address is nobody's", dave, UNKNOWN, ip=FAR)
    ask.case("P-12 ... nor is his name elsewhere", "dave@both.test", UNKNOWN, ip=FAR)
    ask.case("P-12 an address he shared is the others'", "sales@example.test", OK, ip=FAR, leads=[ALICE])
    ask.case("P-12 a group is the others'", "staff@both.test", OK, ip=FAR, leads=[BOB])
    t.is_(tree(*his), old, "P-12 P-17 his mail is kept, and no account of the system was touched")
    hash = mail.run("password-hash", input="shops-password\n").split()[0]
    ask.files({"backends/shop": f"domain: shop.example\nlogin: shop@relay\npassword: {hash}", "relayrules/all": "type: default\nhost: 127.0.49.67\nport: 9\n"})
    held = ask.open(login="shop@relay", password="shops-password", port=587)
    t.is_((held.mail("a@shop.example")[0], held.rcpt(JOE)[0]), (250, 250), "S-22 a backend by its login")
    held.rset()
    ask.files({"backends/shop": None})
    for sender in ("a@shop.example", ""):
        held.mail(sender)
        code, text = held.rcpt(JOE)
        t.is_(f"{code} {text.decode()}", off(sender), f"S-22 T17 ... that is taken away sends nothing as <{sender}>")
        held.rset()
    held.close()
    ask.files({"relayrules/all": None, "groups/staff": None, "addresses/sales@example.test": None})


def settings(ask):
    """Control files that no other test sets."""
    mail, t = ask.mail, ask.t
    refuses = Server(sessions=100, address="127.0.49.70", RCPT=b"550 5.1.1 nobody\r\n")
    ask.files({"relayrules/all": f"type: default\nhost: 127.0.49.70\nport: {refuses.port}\ntls: off", "bouncefrom": "reports", "bouncehost": "desk.example.test"})
    mail.restart("send-schedule")
    ask.send(BOB, JOE, "comes back", login="bob", port=587)
    found = mail.mail_with("bob", "comes back")
    t.ok(found and re.search(rb"^From: .*<?reports@desk\.example\.test>?$", found[0], re.M), "control/bouncefrom, bouncehost: whose the reports are", found)
    ask.files({"relayrules/all": None, "bouncefrom": None, "bouncehost": None})
    mail.restart("send-schedule")
    mail.control("firstuid", "345678")
    mail.add_account("late@example.test", "lates-password")
    t.ok("uid 345678\n" in ask.whatif(ANN, "late@example.test"), "control/firstuid: the uid of who comes next", ask.whatif(ANN, "late@example.test"))
    mail.control("firstuid", None)
    mail.control("concurrencyimap", "2")
    mail.restart("imaps")

    def greeting():
        context = ssl._create_unverified_context()
        s = socket.create_connection((mail.address, mail.port(993)), timeout=300)
        try:
            s = context.wrap_socket(s)
            return s, s.recv(1000)[:4]
        except OSError:
            return s, b""
    held = [greeting() for _ in range(3)]
    t.ok([said for _, said in held][:2] == [b"* OK"] * 2 and held[2][1] != b"* OK", "control/concurrencyimap: sessions before the login, at once", held)
    for one, _ in held:
        one.close()
    mail.control("concurrencyimap", None)
    mail.restart("imaps")


def agreement(ask):
    """Whatever is asked, by whomever: whatif and the server say the same. Every combination of who, as whom and to whom."""
    mail, t = ask.mail, ask.t
    hash = mail.run("password-hash", input="shops-password\n").split()[0]
    ask.files({"mynetworks": NEAR, "block": "sender spam.example\nsender .below.example no\nsender evil@far.example", "bypass": f"ip 127.0.49.12\nsender friend@spam.example\nrecipient {ALICE}",
               "backends/shop": f"domain: shop.example\nnetwork: 127.0.49.13\nlogin: shop@relay\npassword: {hash}", "enforcesender": "yes", "spoofmx": "yes", "sendas": f"{BOB} granted.example\nlists",
               "allowedsenders/alice@example.test": f"limit: 2\n{ALICE}\ninstance.example", "domains/inner.test": "addusers: yes\naddgroups: yes\ncopy: carol@example.test", "domains/twin.test": "alias: inner.test",
               "domains/behind.test": "relay: 127.0.49.69\nrecipients: listed", "addresses/known@behind.test": "to: known@behind.test", "domains/bücher.test": f"catchall: {BOB}",
               "addresses/staff": f"to: {ALICE}\ninternal: yes", "addresses/list@inner.test": f"to: {ALICE}\nto: {BOB}\nto: joe@far.example", "addresses/round@inner.test": "to: round@inner.test",
               "groups/crew": f"member: {ALICE}\nmember: {CAROL}", "mailboxes/carol@example.test": "submit: no", "mailboxes/office": ""})
    mail.add_account("shut@example.test", "shuts-password")
    ask.files({"mailboxes/shut@example.test": "receive: no"})
    who = [dict(ip=FAR), dict(ip=NEAR), dict(ip="127.0.49.12"), dict(ip="127.0.49.13"), dict(ip=FAR, port=587), dict(login="bob", port=587), dict(login="alice", port=465), dict(login="bob", port=587, ip=NEAR),
           dict(login="carol", password="carols-password", port=587), dict(login="shop@relay", password="shops-password", port=587)]
    senders = ["", BOB, ALICE, CAROL, "Bob+x@EXAMPLE.test", "bob@inner.test", "bob@twin.test", "x@far.example", "evil@far.example", "a@spam.example", "friend@spam.example", "a@is.below.example", "a@below.example",
               "a@shop.example", "a@granted.example", "a@instance.example", "list@inner.test", "crew@inner.test", "office@inner.test", "x@behind.test", "x@xn--bcher-kva.test", "nobody@example.test"]
    recipients = [BOB, "bob+detail@twin.test", "CAROL@example.test", "shut@example.test", "nobody@example.test", "staff@inner.test", "staff+x@twin.test", "list@inner.test", "round@inner.test", "crew@inner.test",
                  "office@twin.test", JOE, "x@behind.test", "known@behind.test", "any@xn--bcher-kva.test", "postmaster", "postmaster@behind.test", "bob@[127.0.49.1]", '"bob"@example.test']
    differ, count = [], 0
    for how in who:
        client = ask.open(**how)
        for i, sender in enumerate(senders):
            for to in recipients[i % 3::3]:  # each sender with a third of them, each recipient with several senders
                code, text = client.docmd("MAIL", f"FROM:<{sender}>")
                if code == 250:
                    code, text = client.docmd("RCPT", f"TO:<{to}>")
                said = ask.whatif(sender, to, **how)
                count += 1
                if f"{code} {text.decode()}" != ask.reply_of(said):
                    differ.append((how, sender, to, f"{code} {text.decode()}", ask.reply_of(said), said[-300:]))
                client.docmd("RSET")
                if code == 421 or count % 10 == 0:  # a session has its limits
                    client.close()
                    client = ask.open(**how)
        client.close()
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        for sender, to in [(sender, to) for i, sender in enumerate(senders) for to in recipients[i % 7::7]]:
            code, text = client.mail(sender)
            if code == 250:
                code, text = client.rcpt(to)
            said, count = ask.reply_of(ask.whatif(sender, to, port=24)), count + 1
            if f"{code} {text.decode()}" != said:
                differ.append(("LMTP", sender, to, f"{code} {text.decode()}", said))
            client.rset()
    t.ok(not differ, f"whatif agrees with the server in {count} cases", f"{len(differ)} differ", *differ[:12])
    ask.files({name: None for name in ("mynetworks", "block", "bypass", "backends/shop", "enforcesender", "spoofmx", "sendas", "allowedsenders/alice@example.test", "domains/inner.test", "domains/twin.test",
                                       "domains/behind.test", "addresses/known@behind.test", "domains/bücher.test", "addresses/staff", "addresses/list@inner.test", "addresses/round@inner.test", "groups/crew",
                                       "mailboxes/carol@example.test", "mailboxes/shut@example.test")})


with Postroom(49) as mail, Tap() as t:
    mail.add_account(CAROL, "carols-password")
    make_certificate(mail.folder)
    ask = Policy(mail, t)
    parts = [destinations, domains, people, postmaster, networks, internal_names, fingerprints, failing_archives, relay_rules, opportunistic, listeners, wrong_passwords, sizes, crowds, one_place, offboarding, settings, agreement]
    for part in parts:
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            print("# " + part.__name__)
            part(ask)
