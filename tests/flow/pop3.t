#!/usr/bin/python3
# pop3: an installed instance's POP3, as programs of others use it: Python's poplib, curl, mpop, fetchmail; in clear (refused), by STLS on 110, by TLS on 995.
# What IMAP sees of it, and it of IMAP; who may, and who is made to wait. (W-03, N-02, N-110, N-113, N-116, N-27, S-38; checks 18, 51, 53)
import base64, imaplib, os, poplib, re, smtplib, socket, ssl, subprocess, sys, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

CONTEXT = ssl._create_unverified_context()
USER = "bob@example.test"


def connect(mail):
    return poplib.POP3_SSL(mail.address, mail.port(995), context=CONTEXT, timeout=300)


def login(mail, user="bob", password=None):
    pop = connect(mail)
    pop.user(f"{user}@example.test")
    pop.pass_(password or mail.password(user))
    return pop


def imap(mail, user="bob"):
    box = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=CONTEXT)
    box.login(f"{user}@example.test", mail.password(user))
    box.select()
    return box


def refused(work):
    """What the server says to work() instead of +OK; None: it was allowed."""
    try:
        work()
    except poplib.error_proto as error:
        return error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])


def send(mail, subject, to=USER, body="Hello.\r\n"):
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", [to], f"From: ann@outside.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{body}")
    mail.mail_with(to.split("@")[0], f"Subject: {subject}\n")


def subjects(pop):
    """Of each message: its number."""
    found = {}
    for line in pop.list()[1]:
        number = int(line.split()[0])
        found[next(h[9:] for h in pop.top(number, 0)[1] if h.startswith(b"Subject: ")).decode()] = number
    return found


def uidls(pop):
    return [line.split()[1].decode() for line in pop.uidl()[1]]


def clear(mail, t):
    pop = poplib.POP3(mail.address, mail.port(110), timeout=300)
    t.ok(pop.getwelcome().startswith(b"+OK") and b"<" not in pop.getwelcome(), "N-110 a greeting on 110, without a timestamp: there is no APOP", pop.getwelcome())
    capabilities = pop.capa()
    t.ok("STLS" in capabilities and "USER" not in capabilities and "SASL" not in capabilities, "S-38 in clear no login is offered", capabilities)
    t.matches(refused(lambda: pop.user(USER)), "-ERR not in clear", "S-38 W-03 USER in clear is refused")
    t.matches(refused(lambda: pop.pass_("x")), "-ERR not in clear", "... PASS too")
    t.matches(refused(lambda: pop._shortcmd("AUTH PLAIN AGJvYgB4")), "-ERR not in clear", "... AUTH too")
    pop.stls(CONTEXT)
    capabilities = pop.capa()
    t.ok("STLS" not in capabilities and "USER" in capabilities and {"PLAIN", "SCRAM-SHA-256"} <= set(capabilities["SASL"]), "N-110 after STLS it is", capabilities)
    pop.user(USER.upper())
    t.matches(pop.pass_(mail.password("bob")).decode(), r"^\+OK", "N-110 and it works, in any case of the name")
    after = pop.capa()
    t.is_({k: v for k, v in after.items()}, capabilities, "CAPA says the same before and after the login (RFC 2449 5)")
    pop.quit()
    s = mail.connect(110)
    s.recv(1000)
    s.sendall(b"STLS\r\nUSER bob\r\nQUIT\r\n")
    s.recv(1000)
    secure = CONTEXT.wrap_socket(s)
    secure.sendall(b"PASS x\r\n")
    t.is_(secure.recv(1000), b"-ERR USER comes first\r\n", "check 18: what was sent behind STLS in clear is forgotten")


def python(mail, t):
    pop = login(mail)
    before, _ = pop.stat()
    pop.quit()
    body = ".\r\n..\r\n.dot\r\nK\u00f6ln\r\n"
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.ehlo()
        smtp.sendmail("ann@outside.example", [USER], f"From: ann@outside.example\r\nTo: {USER}\r\nSubject: for poplib\r\n\r\n{body}".encode(), ["BODY=8BITMIME"])
    mail.mail_with("bob", "Subject: for poplib\n")
    pop = login(mail)
    number = subjects(pop)["for poplib"]
    t.is_(pop.stat()[0], before + 1, "N-113 995: a message that was delivered is counted")
    _, lines, octets = pop.retr(number)
    t.is_(b"\r\n".join(lines[lines.index(b"") + 1:]) + b"\r\n", body.encode(), "... and read as it was sent, dots and all")
    t.is_(sum(len(line) + 2 for line in lines), int(pop.list(number).split()[2]), "... LIST says its octets")
    t.is_(pop.stat()[1], sum(int(line.split()[1]) for line in pop.list()[1]), "... and STAT their sum")
    box = imap(mail)
    uid = box.uid("search", None, "SUBJECT", '"for poplib"')[1][0].decode()
    validity = box.response("UIDVALIDITY")[1][0].decode()
    t.is_(pop.uidl(number).split()[2].decode(), "%08x%08x" % (int(uid), int(validity)), "UIDL is IMAP's UID and UIDVALIDITY, as Dovecot writes them")
    t.is_(box.uid("fetch", uid, "(FLAGS)")[1][0].decode().count("\\Seen"), 0, "what RETR gave is not \\Seen before QUIT")
    names = uidls(pop)
    box.uid("store", uid, "+FLAGS", "(\\Flagged)")
    pop.quit()
    t.ok(wait_for(lambda: b"\\Seen" in box.uid("fetch", uid, "(FLAGS)")[1][0]), "... it is after, and \\Flagged still")
    t.ok(b"\\Flagged" in box.uid("fetch", uid, "(FLAGS)")[1][0], "... what IMAP set meanwhile is there")
    pop = login(mail)
    t.is_(uidls(pop), names, "UIDL: the same in the next session, though IMAP moved it to cur/ and changed its flags")
    # cut before QUIT
    pop.dele(number)
    pop.close()
    pop = login(mail)
    t.is_(uidls(pop), names, "check 51: a connection that is cut deletes nothing")
    pop.dele(number)
    t.matches(refused(lambda: pop.retr(number)), "-ERR this message is deleted", "... DELE: it is not shown any more")
    t.is_(box.uid("search", None, "SUBJECT", '"for poplib"')[1][0].decode(), uid, "... but there until QUIT")
    pop.quit()
    t.ok(wait_for(lambda: box.noop() and not box.uid("search", None, "SUBJECT", '"for poplib"')[1][0]), "after QUIT the open IMAP session sees it go")
    t.is_(mail.mail_with("bob", "Subject: for poplib\n", 0), [], "... and the file has gone")
    # IMAP removes what POP3 has listed
    send(mail, "to be removed")
    pop = login(mail)
    number = subjects(pop)["to be removed"]
    box.noop()
    box.store(box.search(None, "SUBJECT", '"to be removed"')[1][0], "+FLAGS", "\\Deleted")
    box.expunge()
    t.matches(refused(lambda: pop.retr(number)), "-ERR somebody else has removed this message", "what IMAP has removed meanwhile: RETR says so")
    pop.dele(number)
    t.matches(pop.quit().decode(), r"^\+OK", "... and DELE and QUIT do no harm")
    box.logout()


def attempts(mail, t):
    def wrong():
        pop = connect(mail)
        pop.user(USER)
        return refused(lambda: pop.pass_("wrong")), pop
    began = time.monotonic()
    said, pop = wrong()
    t.is_(said, "-ERR [AUTH] the name or the password is wrong", "N-116 a wrong password: [AUTH] (RFC 3206)")
    t.ok(time.monotonic() - began >= 2, "N-116 ... after a delay")
    pop.user("nobody.at.all@example.test")
    t.is_(refused(lambda: pop.pass_("wrong")), said, "... an unknown name: the same")
    pop.user(USER)
    t.is_(refused(lambda: pop.pass_("wrong")), said, "... a third")
    t.is_(pop.file.readline(), b"", "... and the connection is closed")
    t.matches(mail.log("auth-server"), r"login result=no .*service=pop3", "... the log says which service")
    t.matches(mail.run("mailadm", "auth"), re.escape(USER), "... they are counted as IMAP's are")
    mail.run("mailadm", "auth", "clear", USER)
    os.makedirs(f"{mail.home}/control/mailboxes", exist_ok=True)
    mail.control(f"mailboxes/{USER}", "pop3: no\n")
    mail.run("tables-build")
    pop = connect(mail)
    pop.user(USER)
    t.is_(refused(lambda: pop.pass_(mail.password("bob"))), said, "N-27 pop3: no: the same words with the right password")
    imap(mail).logout()
    t.matches(mail.log("auth-server"), "reason=\"?pop3 is not allowed", "... the log says why; IMAP goes on")
    mail.control(f"mailboxes/{USER}", None)
    mail.run("tables-build")


def apppassword(mail, t):
    def made(*words):
        return re.search(r"^(?:[a-z2-9]{4}-){6}[a-z2-9]{4}$", mail.run("mailadm", "apppassword", "add", USER, *words), re.M)[0]
    password = made("pop3", "old client")
    pop = login(mail, password=password)
    t.ok(pop.stat()[0] >= 0, "an app password for POP3 logs in", password)
    pop.quit()
    only = made("imap", "another")
    t.matches(refused(lambda: login(mail, password=only)), r"\[AUTH\]", "one for IMAP does not")
    mail.control("masters", USER)
    mail.control("masterservices", "imap pop3")
    pop = connect(mail)
    pop.user("alice@example.test*" + USER)
    t.matches(pop.pass_(mail.password("bob")).decode(), r"^\+OK", "T14 a master, where control/masterservices says pop3")
    pop.quit()
    mail.control("masterservices", None)
    pop = connect(mail)
    pop.user("alice@example.test*" + USER)
    t.matches(refused(lambda: pop.pass_(mail.password("bob"))), r"\[AUTH\]", "... else not")
    mail.control("masters", None)


def curl(mail, t):
    send(mail, "for curl")
    pop = login(mail)
    number = subjects(pop)["for curl"]
    pop.quit()
    def say(url, *words):
        return mail.run("curl", "-sk", "--user", f"{USER}:{mail.password('bob')}", f"{url}", *words)
    secure, clear = f"pop3s://{mail.address}:{mail.port(995)}", f"pop3://{mail.address}:{mail.port(110)}"
    t.matches(say(f"{secure}/{number}"), "Subject: for curl\r?\n", "N-113 curl, pop3s: RETR")
    t.matches(say(f"{clear}/{number}", "--ssl-reqd"), "Subject: for curl\r?\n", "N-110 curl, pop3 with STLS")
    for mechanism in ("PLAIN", "LOGIN"):
        t.matches(say(f"{secure}/{number}", "--login-options", f"AUTH={mechanism}"), "Subject: for curl", f"curl, AUTH {mechanism}")
    t.is_((say(f"{clear}/{number}"), mail.code), ("", 67), "S-38 curl without TLS: login denied")


def mpop(mail, t):
    send(mail, "for mpop")
    box = f"{mail.folder}/mpop"
    for part in ("new", "cur", "tmp"):
        os.makedirs(f"{box}/{part}")
    for name, port, tls in (("pop3s, USER", 995, "tls_starttls off\nauth user"), ("STLS, SCRAM-SHA-256", 110, "tls_starttls on\nauth scram-sha-256")):
        with open(f"{mail.folder}/mpoprc", "w") as file:
            file.write(f"account default\nhost {mail.address}\nport {mail.port(port)}\ntls on\n{tls}\ntls_certcheck off\nuser {USER}\npasswordeval cat {mail.folder}/password\n"
                       f"delivery maildir {box}\nuidls_file {mail.folder}/uidls\nkeep on\n")
        os.chmod(f"{mail.folder}/mpoprc", 0o600)
        with open(f"{mail.folder}/password", "w") as file:
            file.write(mail.password("bob") + "\n")
        said = mail.run("mpop", "-C", f"{mail.folder}/mpoprc")
        t.ok(not mail.code, f"mpop, {name}: fetches", said)
    got = [open(f"{box}/new/{name}").read() for name in os.listdir(f"{box}/new")]
    t.is_(sum("Subject: for mpop\n" in g for g in got), 1, "mpop has the message, and did not fetch it again: UIDL held")


def certificate(mail, t):
    path = f"{mail.folder}/client"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=bob", "-keyout", path + ".key", "-out", path + ".pem"],
                   check=True, capture_output=True)
    said = subprocess.run(["openssl", "x509", "-in", path + ".pem", "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True, text=True).stdout
    mail.control("certificates", f"{said.strip().split('=')[1]} {USER}\n")
    mail.run("tables-build")
    t.ok("EXTERNAL" not in connect(mail).capa()["SASL"], "N-112 who shows no certificate is not offered EXTERNAL")
    shown = ssl._create_unverified_context()
    shown.load_cert_chain(path + ".pem", path + ".key")
    for what, initial, answer in (("", "=", r"^\+OK logged in"), (", as himself", base64.b64encode(USER.encode()).decode(), r"^\+OK logged in"),
                                  (", as alice", base64.b64encode(b"alice@example.test").decode(), r"^-ERR \[AUTH\]")):
        pop = poplib.POP3(mail.address, mail.port(110), timeout=300)
        pop.stls(shown)
        t.ok("EXTERNAL" in pop.capa()["SASL"], "who shows his is", pop.capa())
        pop._putcmd(f"AUTH EXTERNAL {initial}")
        t.matches(pop._getline()[0].decode(), answer, f"... AUTH EXTERNAL{what}")
        pop.close()
    mail.control("certificates", None)
    mail.run("tables-build")


def limits(mail, t):
    mail.control("concurrencyimapuser", "2\n")
    first, box = login(mail), imap(mail)
    t.matches(refused(lambda: login(mail)), r"^-ERR \[IN-USE\] too many sessions", "N-118 a session more than control/concurrencyimapuser, of POP3 and IMAP together: [IN-USE]")
    box.logout()
    t.ok(wait_for(lambda: not refused(lambda: login(mail).quit())), "... when one has gone, the next is served")
    first.quit()
    mail.control("concurrencyimapuser", None)
    mail.control("timeoutpop3", "599\n")
    t.matches(refused(lambda: login(mail)), r"^-ERR \[SYS/TEMP\]", "control/timeoutpop3 below RFC 1939's ten minutes: nobody is let in")
    t.matches(mail.log("mailbox-spawn"), "control/timeoutpop3 is less than", "... and the log says why")
    imap(mail).logout()
    mail.control("timeoutpop3", None)
    login(mail).quit()
    t.ok(True, "... without it they are again")
    mail.control("proxyhosts", "127.0.0.1\n")
    mail.restart("pop3")
    s = mail.connect(110)
    s.sendall(b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 110\r\nSTLS\r\n")
    file = s.makefile("rb")
    t.is_([file.readline()[:3], file.readline()[:3]], [b"+OK"] * 2, "a session behind a PROXY header")
    secure = CONTEXT.wrap_socket(s)
    secure.sendall(b"USER bob@example.test\r\nPASS wrong\r\nQUIT\r\n")
    wait_for(lambda: b"until next time" in secure.recv(1000))
    t.matches(mail.log("auth-server"), r"service=pop3 .*client=203\.0\.113\.7", "... whose client is the one behind the balancer")
    with mail.connect(110) as plain:
        plain.sendall(b"CAPA\r\n")
        try:
            said = plain.recv(1000)
        except ConnectionResetError:
            said = b""
        t.is_(said, b"", "... without a header a balancer is not served")
    mail.control("proxyhosts", None)
    mail.restart("pop3")


def killed(mail, t):
    pop = login(mail)
    names = uidls(pop)
    pop.dele(1)
    for service in ("pop3s", "auth-server", "mailbox-spawn"):
        os.kill(mail.pid(service), 9)
    t.ok(pop.noop().startswith(b"+OK"), "check 58: with pop3s, auth-server and mailbox-spawn killed, a session goes on")
    pop.close()
    t.ok(wait_for(lambda: all(mail.pid(service) for service in ("pop3s", "auth-server", "mailbox-spawn")) and not refused_at_all(mail)), "... and the next one begins")
    pop = login(mail)
    t.is_(uidls(pop), names, "... nothing is deleted")
    pop.quit()


def refused_at_all(mail):
    try:
        return refused(lambda: login(mail).quit())
    except OSError as error:
        return error


def restart(mail, t):
    pop = login(mail)
    names = uidls(pop)
    pop.quit()
    mail.quickstart("--stop")
    mail.quickstart("--start")
    pop = login(mail)
    t.is_((uidls(pop), bool(names)), (names, True), "UIDL: the same after a restart")
    pop.quit()


with Postroom(7) as mail, Tap() as t:
    t.ok(re.search(rf"POP3.*pop3/down.*{mail.port(110)} .*{mail.port(995)}", mail.said), "W-03 quickstart says how to have POP3, and where", mail.said)
    for port in (110, 995):
        try:
            mail.connect(port).close()
            found = "open"
        except ConnectionRefusedError:
            found = "closed"
        t.is_((found, mail.pid({110: "pop3", 995: "pop3s"}[port])), ("closed", None), f"port {port} is reserved and off, unless asked for")
    mail.switch_on("pop3", "pop3s")
    for story in (clear, python, curl, mpop, attempts, apppassword, certificate, limits, killed, restart):
        story(mail, t)
    logs = "".join(mail.log(name) for name in ("pop3", "pop3s", "auth-server", "mailbox-spawn"))
    t.ok(mail.password("bob") not in logs, "no password in any log")
