#!/usr/bin/python3
# sasl: the clients that people have, logging in by SCRAM-SHA-256 and SCRAM-SHA-256-PLUS over IMAP and SMTP: gsasl and msmtp (GNU SASL), mbsync and mutt (Cyrus
# SASL), a client of the RFC's letter; who is offered it, and who is refused. (N-112, check 15; RFC 5802, 7677, 9266, 5929, 4954, 4959)
import base64, glob, hashlib, os, re, smtplib, ssl, subprocess, sys

sys.path[:0] = ["tests/flow", "tests"]
from postroom import Postroom, Tap, wait_for
from sasl_wire import CONTEXT, Wire
from scram import Scram

USER = "bob@example.test"


OLD = ssl.create_default_context()
OLD.check_hostname = False
OLD.verify_mode = ssl.CERT_NONE
OLD.maximum_version = ssl.TLSVersion.TLSv1_2


def smtp(mail, context=CONTEXT):
    wire = Wire(mail, 465, context)
    wire.hear()
    wire.say(b"EHLO client.example")
    return wire, [line[4:] for line in wire.heard("250 ")]


def imap(mail, context=CONTEXT):
    wire = Wire(mail, 993, context)
    return wire, wire.hear()


def decoded(line):
    return base64.b64decode(line.split(" ", 1)[1])


def encoded(message):
    return base64.b64encode(message)


def by_letter(mail, t):
    s = Scram(USER, mail.password("bob"))
    wire, offered = smtp(mail)
    t.ok("AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS" in offered, "N-112 submission: SCRAM-SHA-256 is offered, since every login has keys", offered)
    wire.say(b"AUTH SCRAM-SHA-256 " + encoded(s.first()))
    challenge = wire.hear()
    t.matches(challenge, "^334 ", "RFC 4954: with an initial response the challenge comes at once")
    wire.say(encoded(s.last(decoded(challenge))))
    final = wire.hear()
    t.ok(final.startswith("334 ") and s.is_server(decoded(final)), "RFC 5802: the server's proof is a 334", final)
    wire.say(b"")
    t.is_(wire.hear(), "235 2.7.0 Authentication successful", "RFC 4954 4: an empty line, and it is done")
    wire.say(b"MAIL FROM:<bob@example.test>")
    t.matches(wire.hear(), "^250", "... he may send")
    wire.close()
    wire, _ = smtp(mail)
    wire.say(b"AUTH SCRAM-SHA-256")
    t.is_(wire.hear().rstrip(), "334", "without one the challenge is empty")
    wire.say(encoded(s.first()))
    wire.say(encoded(s.last(decoded(wire.hear()))[:-4] + b"AAA="))
    t.is_(wire.hear(), "535 5.7.8 Error: authentication failed", "N-116 a wrong proof")
    wire.say(b"AUTH SCRAM-SHA-256 " + encoded(b"n,,nonsense"))
    t.matches(wire.hear(), "^501 5.5.2", "what is no SCRAM")
    wire.close()

    wire, greeting = imap(mail)
    t.ok("AUTH=PLAIN AUTH=LOGIN AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS]" in greeting and "SASL-IR" in greeting, "IMAP: offered in the greeting over TLS", greeting)
    wire.say(b"a AUTHENTICATE SCRAM-SHA-256 " + encoded(s.first()))
    wire.say(encoded(s.last(decoded(wire.hear()))))
    final = wire.hear()
    t.ok(final.startswith("+ ") and s.is_server(decoded(final)), "RFC 3501 6.2.2: the server's proof is a continuation", final)
    wire.say(b"")
    t.matches(wire.heard("a ")[-1], "^a OK", "RFC 4959: ... and done")
    wire.say(b"b SELECT INBOX")
    t.matches(wire.heard("b ")[-1], "^b OK", "... he is in his mailbox")
    wire.close()
    wire, _ = imap(mail)
    wire.say(b"a AUTHENTICATE SCRAM-SHA-256")
    t.is_(wire.hear().rstrip(), "+", "IMAP without an initial response")
    stranger = Scram("nobody@example.test", "x")
    wire.say(encoded(stranger.first()))
    wire.say(encoded(stranger.last(decoded(wire.hear()))))
    t.matches(wire.hear(), r"^a NO \[AUTHENTICATIONFAILED\]", "N-116 nobody has a salt, and no way in")
    wire.close()


def certificate(wire):
    """RFC 5929 4: the one of quickstart is signed with SHA-256."""
    return "tls-server-end-point", hashlib.sha256(wire.socket.getpeercert(True)).digest()


def try_smtp(wire, s, mechanism=b"SCRAM-SHA-256-PLUS"):
    """The last answer."""
    wire.say(b"AUTH " + mechanism + b" " + encoded(s.first()))
    answer = wire.hear()
    if not answer.startswith("334 "):
        return answer
    wire.say(encoded(s.last(decoded(answer))))
    answer = wire.hear()
    if not answer.startswith("334 ") or not s.is_server(decoded(answer)):
        return answer
    wire.say(b"")
    return wire.hear()


def bound(mail, t):
    wire, _ = smtp(mail)
    t.matches(try_smtp(wire, Scram(USER, mail.password("bob"), binding=certificate(wire))), "^235", "RFC 5929: bound to the certificate, over SMTP")
    wire.close()
    wire, _ = imap(mail)
    s = Scram(USER, mail.password("bob"), binding=certificate(wire))
    wire.say(b"a AUTHENTICATE SCRAM-SHA-256-PLUS " + encoded(s.first()))
    wire.say(encoded(s.last(decoded(wire.hear()))))
    wire.say(b"")
    t.matches(wire.heard("a ")[-1], "^a OK", "... over IMAP")
    wire.close()
    wire, _ = smtp(mail)
    answers = [try_smtp(wire, Scram(USER, mail.password("bob"), binding=("tls-server-end-point", b"x" * 32))),
               try_smtp(wire, Scram(USER, mail.password("bob"), flag="y"), b"SCRAM-SHA-256")]
    wire.close()
    t.is_(answers, ["535 5.7.8 Error: authentication failed"] * 2, "RFC 5802 6: somebody with another certificate is between; he has taken PLUS off the list")
    wire, offered = smtp(mail, OLD)
    t.ok("AUTH PLAIN LOGIN SCRAM-SHA-256" in offered, "TLS 1.2 has no exporter that all agree on: PLUS is not offered", offered)
    t.matches(try_smtp(wire, Scram(USER, mail.password("bob"), binding=certificate(wire))), "^504 5.5.4", "... nor taken")
    t.matches(try_smtp(wire, Scram(USER, mail.password("bob"), flag="y"), b"SCRAM-SHA-256"), "^235", "... so who says that it is not offered is right")
    wire.close()
    wire, greeting = imap(mail, OLD)
    t.ok("AUTH=SCRAM-SHA-256]" in greeting, "... over IMAP neither", greeting)
    wire.close()


def gsasl(mail, t):
    def run(kind, port, password, *words, mechanism="SCRAM-SHA-256"):
        return mail.run("gsasl", f"--{kind}", "--x509-ca-file=", *words, "-d", "-m", mechanism, "-a", USER, "-p", password,
                        f"--connect={mail.address}:{mail.port(port)}", "--hostname=mx.example.test", input="")

    for kind, port in (("imap", 143), ("smtp", 587)):
        said = run(kind, port, mail.password("bob"), "--no-cb")
        t.ok(mail.code == 0 and "server trusted" in said, f"gsasl over {kind}", mail.code, said)
        said = run(kind, port, mail.password("bob"), mechanism="SCRAM-SHA-256-PLUS")
        t.ok(mail.code == 0 and "server trusted" in said and "cD10bHMtZXhwb3J0ZXIs" in said, "... RFC 9266: bound to the connection (GnuTLS)", mail.code, said)
        said = run(kind, port, "wrong", "--no-cb")
        t.ok(mail.code != 0 and "server trusted" not in said, "... a wrong password", mail.code, said)


def msmtp(mail, t):
    config = f"{mail.folder}/msmtprc"
    with open(config, "w") as file:
        file.write(f"account default\nhost {mail.address}\nport {mail.port(587)}\ntls on\ntls_certcheck off\nauth scram-sha-256\nuser {USER}\n"
                   f"password {mail.password('bob')}\nfrom {USER}\n")
    os.chmod(config, 0o600)
    said = mail.run("msmtp", "-C", config, "alice@example.test", input="Subject: by msmtp\n\nHello.\n")
    t.ok(mail.code == 0 and mail.mail_with("alice", "Subject: by msmtp"), "msmtp sends a message", mail.code, said)


def mbsync(mail, t):
    local = f"{mail.folder}/local"
    os.makedirs(local)
    config = f"{mail.folder}/mbsyncrc"
    with open(config, "w") as file:
        file.write(f"""IMAPAccount a
Tunnel "openssl s_client -quiet -verify_quiet -connect {mail.address}:{mail.port(993)} 2>/dev/null"
User alice@example.test
Pass "{mail.password('alice')}"
SSLType None
AuthMechs SCRAM-SHA-256

IMAPStore far
Account a

MaildirStore near
Path {local}/
Inbox {local}/INBOX

Channel all
Far :far:
Near :near:
Create Near
SyncState *
""")
    said = mail.run("mbsync", "-c", config, "-a")
    found = os.listdir(f"{local}/INBOX/new") if os.path.isdir(f"{local}/INBOX/new") else []
    t.ok(mail.code == 0 and found, "mbsync (Cyrus SASL) fetches that message", mail.code, said)


def mutt(mail, t):
    with open(f"{mail.folder}/muttrc", "w") as file:
        file.write(f"""set folder="imaps://{mail.address}:{mail.port(993)}/"
set imap_user="{USER}"
set imap_pass="{mail.password('bob')}"
set imap_authenticators="scram-sha-256"
set certificate_file="{mail.home}/tls/cert.pem"
set ssl_verify_host=no
set sendmail="/bin/true"
set copy=yes
set record="+Sent"
set from="{USER}"
""")
    done = subprocess.run(["mutt", "-n", "-F", f"{mail.folder}/muttrc", "-s", "by mutt", USER], input="Hello.\n", env=dict(mail.environment, TERM="xterm"),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    sent = subprocess.run(["grep", "-rl", "Subject: by mutt", f"{mail.home}/mail/example.test/bob"], stdout=subprocess.PIPE, text=True).stdout
    t.ok("Sent" in sent, "mutt (Cyrus SASL) stores its copy in Sent", done.stdout, sent)


def exporter(mail, mechanism):
    """gsasl binds to the connection: RFC 9266. Its words."""
    return mail.run("gsasl", "--imap", "--x509-ca-file=", "-d", "-m", mechanism, "-a", USER, "-p", "new one", f"--connect={mail.address}:{mail.port(143)}", "--hostname=mx.example.test", input="")


def sha1(mail, t):
    """For clients that have no other (RFC 5802), where it is asked for: every login needs keys of its own for it."""
    wire, offered = smtp(mail)
    wire.close()
    t.ok(not any("SHA-1" in line for line in offered), "SCRAM-SHA-1 is not offered where nobody has asked for it", offered)
    mail.control("scramsha1", "yes")
    mail.run("tables-build")
    wire, offered = smtp(mail)
    t.ok(not any("SHA-1" in line for line in offered), "control/scramsha1: not before every login has keys for it", offered)
    t.matches(try_smtp(wire, Scram(USER, "x", hash="sha1"), b"SCRAM-SHA-1"), "^504 5.5.4", "... nor taken")
    wire.close()
    said = mail.run("password-hash", input="new one\n")
    t.matches(said, r"\{SCRAM-SHA-256\}25000,.*\n\{SCRAM-SHA-1\}25000,", "password-hash writes them, too")
    for path in glob.glob(f"{mail.home}/directory/*.ldif"):
        with open(path) as file:
            lines = [line for line in file if not re.match("userPassword|\\s", line)]
        with open(path, "w") as file:
            file.write("".join(lines).rstrip("\n") + "\n" + "".join(f"userPassword: {value}\n" for value in mail.run("password-hash", input="new one\n").split()))
    mail.run("tables-build")
    wire, offered = smtp(mail)
    t.ok("AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS SCRAM-SHA-1 SCRAM-SHA-1-PLUS" in offered, "then it is offered, behind the better one", offered)
    t.matches(try_smtp(wire, Scram(USER, "new one", hash="sha1"), b"SCRAM-SHA-1"), "^235", "RFC 5802: a login by SCRAM-SHA-1")
    wire.close()
    wire, _ = smtp(mail)
    answers = [try_smtp(wire, Scram(USER, "wrong", hash="sha1"), b"SCRAM-SHA-1"), try_smtp(wire, Scram("nobody@example.test", "x", hash="sha1"), b"SCRAM-SHA-1"),
               try_smtp(wire, Scram(USER, "new one"), b"SCRAM-SHA-1")[:3]]
    wire.close()
    t.is_(answers[:2], ["535 5.7.8 Error: authentication failed"] * 2, "N-116 ... a wrong proof, and nobody's")
    t.ok(answers[2] != "235", "... a proof by the other hash", answers)
    wire, _ = smtp(mail)
    t.matches(try_smtp(wire, Scram(USER, "new one", binding=certificate(wire), hash="sha1"), b"SCRAM-SHA-1-PLUS"), "^235", "RFC 5929: bound to the certificate")
    wire.close()
    wire, _ = smtp(mail)
    salts = []
    for hash, mechanism in (("sha256", b"SCRAM-SHA-256"), ("sha1", b"SCRAM-SHA-1")):
        wire.say(b"AUTH " + mechanism + b" " + encoded(Scram("stranger@example.test", "x", hash=hash).first()))
        salts.append(decoded(wire.hear()).decode().split(",")[1:])
        wire.say(b"*")
        wire.hear()
    wire.close()
    t.ok(salts[0][0] != salts[1][0] and salts[0][1] == salts[1][1], "a stranger has another salt for each, as everybody has", salts)
    for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-256"):
        said = exporter(mail, mechanism + "-PLUS")
        t.ok(mail.code == 0 and "server trusted" in said and "cD10bHMtZXhwb3J0ZXIs" in said, f"RFC 9266: gsasl by {mechanism}-PLUS, bound to the connection", mail.code, said)


def mechanisms(mail):
    """Of each login that was let in: the mechanism."""
    return [line.split("mechanism=")[1].split()[0] for line in mail.log("auth-server").splitlines() if " login result=yes" in line]


def offers(mail):
    wire, offered = smtp(mail)
    wire.close()
    other, greeting = imap(mail)
    other.close()
    return any("SCRAM" in line for line in offered), "SCRAM" in greeting


with Postroom(48) as mail, Tap() as t:
    mail.control("scramplus", "yes")
    mail.environment["HOME"] = mail.folder
    before = len(mechanisms(mail))
    for clients in (by_letter, bound, gsasl, msmtp, mbsync, mutt):
        clients(mail, t)
    seen = mechanisms(mail)[before:]
    t.ok(len(seen) >= 6 and set(seen) == {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, "each of them has logged in by SCRAM-SHA-256 or SCRAM-SHA-256-PLUS", seen)
    t.ok(not any(mail.password(user) in mail.log(service) for user in ("bob", "alice") for service in ("auth-server", "imaps", "smtp-submission")),
         "no password is in a log")

    sha1(mail, t)
    with open(f"{mail.home}/directory/old.ldif", "w") as file:
        file.write("dn: cn=old\nentryUUID: k-old\nmail: old@example.test\nuserPassword: " + mail.run("password-hash", input="older\n").split()[0] + "\n")
    mail.run("tables-build")
    t.is_(offers(mail), (False, False), "one login has a hash alone: SCRAM-SHA-256 is offered to nobody, since the client would take it and fail")
    wire, _ = smtp(mail)
    wire.say(b"AUTH SCRAM-SHA-256 " + encoded(Scram(USER, "x").first()))
    t.matches(wire.hear(), "^504 5.5.4", "... nor taken")
    wire.close()
    wire, _ = imap(mail)
    wire.say(b"a AUTHENTICATE SCRAM-SHA-256")
    t.matches(wire.hear(), r"^a NO \[CANNOT\]", "... over IMAP neither")
    wire.close()
    with smtplib.SMTP_SSL(mail.address, mail.port(465), context=CONTEXT, timeout=300) as session:
        t.is_(session.login("old@example.test", "older")[0], 235, "... he logs in by PLAIN")
    mail.run("mailadm", "add", "account", "new@example.test", input="newer\n")
    os.unlink(f"{mail.home}/directory/old.ldif")
    mail.run("tables-build")
    t.is_(offers(mail), (True, True), "he is gone, and it is offered again")
