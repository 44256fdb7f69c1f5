#!/usr/bin/python3
# logins: with real clients and a real directory server: service bits over SMTP and IMAP (N-27, N-28, T12), app passwords, also of LDAP's people while slapd is
# down, an old hash that becomes a better one under the installation's own uids, and the cache of good binds: only while no server can be reached, over a
# restart of auth-server, forgotten when slapd refuses, when the account is disabled, and by age.
import base64, glob, hashlib, imaplib, os, re, smtplib, ssl, subprocess, sys, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for
from slapd import BASE, Slapd, person


def imap(mail, user, password):
    """True, or what the server said instead."""
    box = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    try:
        box.login(user, password)
        box.logout()
        return True
    except imaplib.IMAP4.error as error:
        box.shutdown()
        return str(error)


def submit(mail, user, password, to="bob@example.test", subject="x"):
    """250, or the reply that refused it."""
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls(context=ssl._create_unverified_context())
        try:
            client.login(user, password)
            client.sendmail(user, [to], f"From: {user}\r\nSubject: {subject}\r\n\r\nx\r\n")
            return 250
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code
        except smtplib.SMTPSenderRefused as error:
            return error.smtp_code
        except smtplib.SMTPRecipientsRefused as error:
            return list(error.recipients.values())[0][0]


def send(mail, to, subject):
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as client:
        client.sendmail("joe@outside.example", [to], f"Subject: {subject}\r\n\r\nx\r\n")


def bits(mail, t):
    send(mail, "bob@example.test", "before")
    t.ok(mail.mail_with("bob", "before"), "mail for bob")
    mail.edit_account("bob", "mailForwardingAddress: alice@example.test", "mailForwarding: no")
    send(mail, "bob@example.test", "not forwarded")
    t.ok(mail.mail_with("bob", "not forwarded"), "mailForwarding: no: what is for bob stays with bob")
    mail.edit_account("bob", "mailForwarding: yes")
    send(mail, "bob@example.test", "now forwarded")
    t.ok(mail.mail_with("alice", "now forwarded") and not any(b"now forwarded" in m for m in mail.mail("bob")), "N-28 ... until he may")
    os.makedirs(f"{mail.home}/control/mailboxes", exist_ok=True)
    mail.control("mailboxes/bob@example.test", "forwarding: no\nimap: no")
    mail.run("tables-build")
    send(mail, "bob@example.test", "kept by control")
    t.ok(mail.mail_with("bob", "kept by control"), "control/mailboxes: forwarding: no")
    t.matches(str(imap(mail, "bob@example.test", mail.password("bob"))), "AUTHENTICATIONFAILED|Invalid|NO", "N-27 ... imap: no")
    mail.control("mailboxes/bob@example.test", "submit: no\nreceive: no")
    mail.run("tables-build")
    t.is_(imap(mail, "bob@example.test", mail.password("bob")), True, "... who may neither send nor receive may read")
    t.is_(submit(mail, "bob@example.test", mail.password("bob"), "alice@example.test"), 554, "... submit: no")
    t.is_(submit(mail, "alice@example.test", mail.password("alice")), 550, "T12 ... receive: no")
    mail.control("mailboxes/bob@example.test", None)
    mail.edit_account("bob", "mailForwardingAddress: bob@example.test")


def app_password(mail, *words):
    return re.search(r"^(?:[a-z2-9]{4}-){6}[a-z2-9]{4}$", mail.run("mailadm", "apppassword", "add", *words), re.M)[0]


def app_passwords(mail, t):
    phone = app_password(mail, "alice", "imap", "phone")
    t.is_(imap(mail, "alice@example.test", phone), True, "an app password for IMAP")
    t.is_(submit(mail, "alice@example.test", phone), 535, "... and not for submission")
    t.ok(wait_for(lambda: 'app=phone' in mail.log("auth-server") and "app password is not for this service" in mail.log("auth-server")), "... and the log says so")
    t.matches(mail.run("mailadm", "apppassword", "list", "alice"), r"^imap \S+Z \S+Z phone\n$", "... the list, when it was used, under the installation's uids")
    mail.run("mailadm", "apppassword", "delete", "alice", "phone")
    t.ok(imap(mail, "alice@example.test", phone) is not True, "... revoked")


def rehash(mail, t):
    path = f"{mail.home}/directory/old@example.test.ldif"
    old = "{SSHA}" + base64.b64encode(hashlib.sha1(b"secret" + b"salt").digest() + b"salt").decode()
    with open(path, "w") as file:
        file.write(f"dn: mail=old@example.test\nentryUUID: 6d3f\nuid: old\nmail: old@example.test\nuserPassword: {old}\n")
    os.chmod(path, 0o640)
    subprocess.run(["chown", "mail-store:mail-tables", path], check=True)
    mail.run("tables-build")
    t.is_(imap(mail, "old@example.test", "secret"), True, "a login by an old hash")
    t.ok(wait_for(lambda: "{CRYPT}$y$" in open(path).read()), "... becomes yescrypt in directory/, by auth-server, password-store and tables-publish")
    st = os.stat(path)
    t.is_(oct(st.st_mode & 0o7777), "0o640", "... with the mode that it had")
    t.ok(wait_for(lambda: "published" in mail.log("tables-publish") or "unchanged" in mail.log("tables-publish")), "... and the tables follow")
    t.is_(imap(mail, "old@example.test", "secret"), True, "... and the password is right")
    t.ok(imap(mail, "old@example.test", "wrong") is not True, "... and no other")
    mail.run("mailadm", "passwd", "old", input="another\n")
    t.is_(imap(mail, "old@example.test", "another"), True, "mailadm changes what password-store has written")


def entry(name, number, password):
    return person(name, number, userPassword=password)


def binds(mail, t):
    slapd = Slapd(mail, 64389)
    slapd.fill(["hanna"], "\n" + entry("bert", 31500, "berts") + "\n" + entry("carl", 31501, "carls") + "\n" + entry("dora", 31502, "doras"))
    cached = lambda: sorted(os.path.basename(path) for path in glob.glob(f"{mail.home}/state/binds/*"))
    with slapd:
        slapd.configure(mail)
        mail.control("authbind", "yes")
        mail.control("ldaptimeout", "2")
        mail.run("ldapsync")
        t.is_(mail.code, 0, "people of slapd")
        laptop = app_password(mail, "bert", "all", "laptop")
        t.is_(imap(mail, "bert@school.test", "berts"), True, "L-04 a login by a bind")
        t.is_(cached(), [], "control/bindcache is off: nothing is kept")
    t.matches(str(imap(mail, "bert@school.test", "berts")), "UNAVAILABLE", "slapd is down: temporary")
    t.is_(imap(mail, "bert@school.test", laptop), True, "... but not for an app password")

    mail.control("bindcache", "1d")
    mail.restart("auth-server")
    with slapd:
        for name in ("bert", "carl", "dora"):
            t.is_(imap(mail, f"{name}@school.test", name + "s"), True, f"{name} logs in while slapd is up")
        t.ok(wait_for(lambda: len(cached()) == 3), "control/bindcache 1d: they are kept")
    kept = "".join(open(path).read() for path in glob.glob(f"{mail.home}/state/binds/*"))
    t.ok(kept.count("stored: {CRYPT}$y$") == 3 and not any(name + "s" in kept for name in ("bert", "carl", "dora")), "... as salted slow hashes")
    t.is_(imap(mail, "bert@school.test", "berts"), True, "slapd is down: bert logs in")
    t.ok('reason="cached bind" login=bert@school.test' in mail.log("auth-server"), "... and the log says by what")
    t.matches(str(imap(mail, "bert@school.test", "wrong")), "UNAVAILABLE", "... with another password it is temporary")
    t.matches(str(imap(mail, "bert@school.test", "")), "AUTHENTICATIONFAILED|Invalid|BAD|NO", "... an empty one is refused")
    t.matches(str(imap(mail, "hanna@school.test", "x")), "UNAVAILABLE", "... who was not seen before cannot")
    mail.restart("auth-server")
    t.is_(submit(mail, "bert@school.test", "berts"), 250, "... after a restart of auth-server he sends")
    mail.control("mailboxes/dora@school.test", "imap: no\nsubmit: no")
    mail.run("tables-build")
    t.ok(imap(mail, "dora@school.test", "doras") is not True and submit(mail, "dora@school.test", "doras") != 250, "dora is disabled meanwhile")
    t.ok(wait_for(lambda: len(cached()) == 2), "... and hers is forgotten")
    with slapd:
        slapd.change(f"dn: uid=bert,ou=people,{BASE}\nchangetype: modify\nreplace: userPassword\nuserPassword: other")
        mail.restart("auth-server")  # it believes for ten seconds that nobody can be reached
        t.ok(imap(mail, "bert@school.test", "berts") is not True, "slapd is up again, and refuses the old password")
        t.ok(wait_for(lambda: len(cached()) == 1), "... which is forgotten")
    t.matches(str(imap(mail, "bert@school.test", "berts")), "UNAVAILABLE", "... so it is no good while slapd is down")
    t.is_(imap(mail, "carl@school.test", "carls"), True, "carl's is")
    path = f"{mail.home}/state/binds/{cached()[0]}"
    with open(path) as file:
        stored, at = file.read().splitlines()
    with open(path, "w") as file:
        file.write(f"{stored}\nat: {int(at.split()[1]) - 86400}\n")
    mail.restart("auth-server")
    t.matches(str(imap(mail, "carl@school.test", "carls")), "UNAVAILABLE", "... until a day is over")
    with slapd:
        os.utime(f"{mail.home}/state/binds/.swept", (1, 1))
        t.is_(imap(mail, "bert@school.test", "other"), True, "slapd is up: the new password")
        t.ok(wait_for(lambda: cached() and cached() != [os.path.basename(path)] and len(cached()) == 1), "... is kept, and what is too old is swept away", cached())
    t.ok(not any(word in mail.log("auth-server") + mail.log("auth-bind") for word in ("berts", "carls", "doras")), "no password is in a log")


with Postroom(64) as mail, Tap() as t:
    bits(mail, t)
    app_passwords(mail, t)
    rehash(mail, t)
    binds(mail, t)
