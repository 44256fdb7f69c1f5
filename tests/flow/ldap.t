#!/usr/bin/python3
# ldap: a school's users come from slapd (rfc2307, STARTTLS, a CA of its own) into a running instance; mail and logins work
# by stored hash and by binding; a change is seen by the next MAIL FROM of an open session; with slapd stopped all mail
# flows on, and a pass of ldapsync changes nothing. (issue 2, 9; L-03, L-04, L-06, P-21, check 57)
import os, smtplib, ssl, sys

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for
from slapd import BASE, Slapd, person


def submit(mail, user, password, to, subject):
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login(user, password)
        client.sendmail(user, [to], f"Subject: {subject}\r\n\r\nx\r\n")


with Postroom(31) as mail, Tap() as t:
    slapd = Slapd(mail, 31389, "")
    stored = mail.run("password-hash", input="known to the tables\n").split()[0]
    slapd.fill([], "\n" + person("hanna", 31000, userPassword=stored) + "\n" + person("bert", 31001, userPassword="known to slapd"))
    with slapd:
        slapd.configure(mail)
        said = mail.run("ldapsync")
        t.is_(mail.code, 0, "one pass of ldapsync, as cron starts it")
        t.ok("hanna@school.test" in mail.run("mailadm", "list", "accounts"), "its people are accounts", said)
        for user in ("hanna", "bert"):
            mail.send(f"{user}@school.test", f"to {user}")
            t.ok(wait_for(lambda: mail.mail(user, "school.test")), f"L-06 mail from outside reaches {user}")
        t.is_(os.stat(f"{mail.home}/mail/school.test/bert").st_uid, 31001, "in a mailbox with the uidNumber of the directory")
        t.is_(mail.count("hanna@school.test", "known to the tables"), 1, "a login by the stored hash")
        t.is_(mail.count("bert@school.test", "known to slapd"), 1, "L-04 a login by binding to slapd over STARTTLS")
        t.matches(str(mail.count("bert@school.test", "wrong")), "AUTHENTICATIONFAILED", "a wrong password does not bind")
        submit(mail, "bert@school.test", "known to slapd", "hanna@school.test", "from bert")
        t.ok(wait_for(lambda: any(b"from bert" in m for m in mail.mail("hanna", "school.test"))), "bert sends by submission")

        client = smtplib.SMTP(mail.address, mail.port(25), timeout=300)
        client.ehlo()
        client.mail("ann@outside.example")
        t.is_(client.rcpt("headmistress@school.test")[0], 550, "an address that nobody has yet")
        slapd.change(f"dn: uid=hanna,ou=people,{BASE}\nchangetype: modify\nadd: mail\nmail: headmistress@school.test\n")
        mail.run("ldapsync")
        client.rset()
        client.mail("ann@outside.example")
        t.is_(client.rcpt("headmistress@school.test")[0], 250, "a changed attribute is seen by the next MAIL FROM of the open session")
        client.quit()

        slapd.stop()
        before = os.readlink(f"{mail.home}/tables/current")
        said = mail.run("ldapsync")
        t.is_((mail.code, os.readlink(f"{mail.home}/tables/current")), (111, before), "check 57: slapd is down: ldapsync says so and changes nothing")
        t.matches(said, rf"{mail.address}|server", "and names the server")
        mail.send("headmistress@school.test", "no directory")
        t.ok(wait_for(lambda: any(b"no directory" in m for m in mail.mail("hanna", "school.test"))), "P-21 mail from outside flows on")
        submit(mail, "hanna@school.test", "known to the tables", "bert@school.test", "still here")
        t.ok(wait_for(lambda: any(b"still here" in m for m in mail.mail("bert", "school.test"))), "so does submission, by the stored hash")
        t.is_(mail.count("hanna@school.test", "known to the tables"), 3, "and IMAP")
        t.matches(str(mail.count("bert@school.test", "known to slapd")), "UNAVAILABLE", "who must be asked at slapd is told to try later")
        t.ok(wait_for(lambda: not mail.queue()), "nothing waits", mail.queue())
