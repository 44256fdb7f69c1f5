#!/usr/bin/python3
# imap-clients: the programs that people read mail with, against an installed instance: Python's imaplib (the snippet of
# W-23), curl, mbsync both ways, mutt; in clear, by STARTTLS and by TLS from the start; mail that is delivered while they
# look. (W-03, W-06, W-23, N-110, N-113, S-38, P-35, P-37; check 48)
import fcntl, imaplib, mailbox, os, pty, re, select, smtplib, ssl, struct, subprocess, sys, termios, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
USER = "bob@example.test"


def send(mail, subject, body="Hello.\r\n"):
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", [USER], f"From: ann@outside.example\r\nTo: {USER}\r\nSubject: {subject}\r\n\r\n{body}")


def connect(mail):
    return imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=CONTEXT)


def python(mail, t):
    # W-23
    imap = connect(mail)
    imap.login(USER, mail.password("bob"))
    imap.select("INBOX")
    status, data = imap.search(None, "ALL")
    before = len(data[0].split())
    t.is_(status, "OK", "W-23 the snippet: IMAP4_SSL, login, select, search")
    send(mail, "for imaplib")
    found = wait_for(lambda: imap.noop() and imap.search(None, "SUBJECT", '"for imaplib"')[1][0])
    t.ok(found, "a message from outside is found")
    status, data = imap.fetch(found, "(RFC822)")
    t.ok(b"Subject: for imaplib\r\n" in data[0][1] and b"\n" not in data[0][1].replace(b"\r\n", b""), "... and fetched, with CRLF at each line's end", data)
    t.is_(imap.append("Drafts", "(\\Draft)", imaplib.Time2Internaldate(time.time()), b"Subject: draft\r\n\r\nx\r\n")[0], "OK", "append")
    t.is_(imap.copy(found, "Archive")[0], "OK", "copy")
    t.is_(imap.store(found, "+FLAGS", "\\Deleted")[0], "OK", "store")
    t.is_(imap.expunge()[0], "OK", "expunge")
    t.is_(len(imap.search(None, "ALL")[1][0].split()), before, "... and it is gone")
    t.is_(imap.status("Archive", "(MESSAGES UNSEEN)")[1][0], b"Archive (MESSAGES 1 UNSEEN 0)", "... but for the copy")
    capabilities = imap.capability()[1][0].split()
    t.ok(b"MOVE" in capabilities and b"IDLE" in capabilities, "capabilities after the login", capabilities)
    imap.logout()
    clear = imaplib.IMAP4(mail.address, mail.port(143))
    try:
        clear.login(USER, mail.password("bob"))
        t.ok(False, "S-38 a login in clear is refused")
    except imaplib.IMAP4.error as error:
        t.ok("PRIVACYREQUIRED" in str(error), "S-38 a login in clear is refused", error)
    clear.starttls(CONTEXT)
    t.is_(clear.login(USER.upper(), mail.password("bob"))[0], "OK", "N-43 N-110 after STARTTLS on 143 it works, in any case of the name")
    clear.logout()
    wrong = connect(mail)
    try:
        wrong.login(USER, "wrong")
        t.ok(False, "N-116 a wrong password")
    except imaplib.IMAP4.error as error:
        t.ok("AUTHENTICATIONFAILED" in str(error), "N-116 a wrong password", error)
    wrong.authenticate("PLAIN", lambda _: f"\0{USER}\0{mail.password('bob')}".encode())
    t.ok(wrong.state == "AUTH", "... and AUTHENTICATE PLAIN with the right one")
    wrong.logout()


def idle(mail, t):
    imap = connect(mail)
    imap.login(USER, mail.password("bob"))
    imap.select("INBOX")
    imap.send(b"i IDLE\r\n")
    t.ok(imap.readline().startswith(b"+"), "IDLE over TLS")
    send(mail, "while idle")
    t.matches(imap.readline().decode(), r"^\* \d+ EXISTS", "... a delivery is told")
    imap.readline()
    imap.send(b"DONE\r\n")
    t.matches(imap.readline().decode(), "^i OK", "... DONE")
    imap.logout()


def curl(mail, t):
    say = lambda url, *words: mail.run("curl", "-s", "-S", "-k", "--max-time", "60", "-u", f"{USER}:{mail.password('bob')}", url, *words)
    base = f"imaps://{mail.address}:{mail.port(993)}"
    said = say(base + "/")
    t.ok(all(f'"/" {name}' in said for name in ("INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive")), "curl lists the folders", said)
    with open(f"{mail.folder}/upload", "w", newline="") as file:
        file.write("Subject: from curl\r\n\r\nUploaded.\r\n")
    say(base + "/Archive", "-T", f"{mail.folder}/upload")
    number = re.search(r"\* SEARCH (\d+)", say(base + "/Archive?SUBJECT%20curl"))
    t.ok(number, "curl uploads and searches")
    t.ok("Uploaded." in say(f"{base}/Archive;MAILINDEX={number and number[1]}"), "... and fetches")
    t.ok("Uploaded." in say(f"imap://{mail.address}:{mail.port(143)}/Archive;MAILINDEX={number and number[1]}", "--ssl-reqd"), "... by STARTTLS too")
    t.matches(mail.run("curl", "-s", "-S", "-k", "-u", f"{USER}:wrong", base + "/"), "(?i)denied", "... and is told of a wrong password")


def subjects(folder):
    return sorted(m["Subject"] for m in mailbox.Maildir(folder, create=False))


def mbsync(mail, t):
    local = f"{mail.folder}/local"
    config = mail.mbsync_config("bob", "Patterns *\nCreate Both\nRemove Both\nExpunge Both\nSyncState *")
    sync = lambda: mail.run("mbsync", "-c", config, "-a")
    send(mail, "for mbsync")
    wait_for(lambda: mail.mail_with("bob", "Subject: for mbsync"))
    said = sync()
    t.is_(mail.code, 0, f"mbsync: {said[-300:]}")
    t.ok("for mbsync" in subjects(f"{local}/INBOX") and subjects(f"{local}/Archive") == ["for imaplib", "from curl"], "all folders came", os.listdir(local))
    box = mailbox.Maildir(f"{local}/INBOX", create=False)
    for key, message in box.items():
        if message["Subject"] == "for mbsync":
            message.set_subdir("cur")
            message.set_flags("SF")
            box[key] = message
    new = mailbox.MaildirMessage(b"Subject: made here\n\nLocal.\n")
    new.set_subdir("cur")
    box.add(new)
    mailbox.Maildir(f"{local}/Made", create=True).add(b"Subject: in a new folder\n\nLocal.\n")
    for part in ("cur", "new"):
        for name in os.listdir(f"{local}/Archive/{part}"):
            if b"from curl" in open(f"{local}/Archive/{part}/{name}", "rb").read():
                os.unlink(f"{local}/Archive/{part}/{name}")
    said = sync()
    t.is_(mail.code, 0, f"mbsync again: {said[-300:]}")
    imap = connect(mail)
    imap.login(USER, mail.password("bob"))
    imap.select("INBOX")
    t.ok(imap.search(None, "FLAGGED", "SEEN", "SUBJECT", '"for mbsync"')[1][0], "flags that were set there are set here")
    t.ok(imap.search(None, "SUBJECT", '"made here"')[1][0], "a message that was made there is here")
    t.is_(imap.status("Made", "(MESSAGES)")[1][0], b"Made (MESSAGES 1)", "... a folder too")
    t.is_(imap.status("Archive", "(MESSAGES)")[1][0], b"Archive (MESSAGES 1)", "what was removed there is gone here")
    imap.store("1:*", "+FLAGS", "\\Answered")
    imap.logout()
    said = sync()
    t.ok(mail.code == 0 and all("R" in m.get_flags() for m in mailbox.Maildir(f"{local}/INBOX", create=False)), "and the other way round", said)
    count = len(mail.mail("bob"))
    sync()
    t.is_(len(mail.mail("bob")), count, "a further run changes nothing")


def in_terminal(words, environment):
    """Runs a program that wants a terminal; what it showed."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(words, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True)
    os.close(its)
    shown, end = b"", time.monotonic() + 90
    while process.poll() is None and time.monotonic() < end:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
    if process.poll() is None and time.monotonic() > end:
        process.kill()
    process.wait()
    os.close(ours)
    return shown


def mutt(mail, t):
    with open(f"{mail.folder}/muttrc", "w") as file:
        file.write(f"""set folder="imaps://{mail.address}:{mail.port(993)}/"
set imap_user="{USER}"
set imap_pass="{mail.password('bob')}"
set certificate_file="{mail.home}/tls/cert.pem"
set ssl_verify_host=no
set ssl_starttls=yes
set header_cache=""
set sendmail="/bin/true"
set copy=yes
set record="+Sent"
set from="{USER}"
set confirmappend=no
set quit=yes
set delete=yes
set timeout=5
""")
    environment = dict(mail.environment, TERM="xterm")
    rc = ["mutt", "-n", "-F", f"{mail.folder}/muttrc"]
    done = subprocess.run([*rc, "-s", "sent by mutt", USER], input="From mutt.\n", env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    imap = connect(mail)
    imap.login(USER, mail.password("bob"))
    imap.select("Sent")
    found = imap.search(None, "SUBJECT", '"sent by mutt"')[1][0]
    t.ok(found, "mutt in batch: its copy is in Sent", done.stdout)
    send(mail, "tag me")
    wait_for(lambda: mail.mail_with("bob", "Subject: tag me"))
    done = in_terminal([*rc, "-e", 'push "<limit>all<enter><tag-pattern>~s \\"tag me\\"<enter><tag-prefix><save-message>=Archive<enter><quit>"', "-f", "+INBOX"], environment)
    imap.select("Archive")
    t.ok(wait_for(lambda: imap.noop() and imap.search(None, "SUBJECT", '"tag me"')[1][0]), "mutt saves a message into another folder", done[-500:])
    imap.select("INBOX")
    t.ok(not imap.search(None, "SUBJECT", '"tag me"')[1][0], "... and it is gone from INBOX")
    imap.logout()
    for subject in ("stays", "goes"):
        send(mail, subject)
        wait_for(lambda: mail.mail_with("bob", f"Subject: {subject}"))
    # the same mutt, on the Maildir itself, while a session has it open
    imap = connect(mail)
    imap.login(USER, mail.password("bob"))
    imap.select("INBOX")
    uids = imap.uid("search", None, "ALL")[1][0].split()
    done = in_terminal(["mutt", "-n", "-F", "/dev/null", "-e", f"set delete=yes quit=yes mbox_type=Maildir folder={mail.folder} move=no",
                           "-e", 'push "<first-entry><flag-message><last-entry><delete-message><quit>"', "-f", f"{mail.home}/mail/example.test/bob"], environment)
    left = wait_for(lambda: imap.noop() and len(imap.uid("search", None, "ALL")[1][0].split()) == len(uids) - 1)
    t.ok(left, "check 48: mutt deletes a message in the Maildir itself, and the session sees it", done[-500:])
    t.ok(set(imap.uid("search", None, "ALL")[1][0].split()) < set(uids), "... the others keep their uids")
    imap.logout()


def disposable(mail, t):
    home = f"{mail.home}/mail/example.test/bob"
    for name in os.listdir(home):
        if name.startswith("dovecot.index"):
            os.unlink(f"{home}/{name}")
    imap = connect(mail)
    imap.login(USER, mail.password("bob"))
    status, data = imap.select("INBOX")
    t.ok(status == "OK" and int(data[0]) == len(mail.mail("bob")), "P-37 W-06 what INBOX shows is what lies in the Maildir")
    imap.logout()
    wait_for(lambda: "login" in mail.log("auth-server"))
    t.ok(mail.password("bob") not in mail.log("imaps") + mail.log("imap") + mail.log("auth-server") + mail.log("mailbox-spawn"), "no password in any log")


with Postroom(16) as mail, Tap() as t:
    mail.environment["HOME"] = mail.folder
    for story in (python, idle, curl, mbsync, mutt, disposable):
        story(mail, t)
