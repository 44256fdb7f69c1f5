#!/usr/bin/python3
"""The operator's safety net on a running installation, under its real uids (issue 5; N-15, W-21, S-10): control/expect keeps new tables from
the servers, tables-build --back brings old ones back to them at once, an account that goes leaves its mail to nobody else."""
import os, shutil, smtplib, sys
sys.path.insert(0, "tests/flow")
sys.dont_write_bytecode = True
from postroom import *


def may_log_in(mail, user, password):
    with mail.inside:
        client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.starttls()
    try:
        return client.login(user, password)[0] == 235
    except smtplib.SMTPAuthenticationError:
        return False


def check_expect(t, mail):
    with open(f"{mail.home}/control/expect", "w") as file:
        file.write("from stranger@outside.example to kim@example.test -> 250 to kim@example.test\n")
    mail.run("tables-build")
    t.is_(mail.code, 0, "control/expect holds")
    os.rename(f"{mail.home}/directory/kim@example.test.ldif", f"{mail.home}/kim")
    said = mail.run("tables-build")
    t.is_(mail.code, 1, "... and does not when she is gone: nothing is published")
    t.matches(said, "control/expect line 1: .*but it would be 550 5.1.1 unknown-user", "... which is said")
    t.matches(mail.rcpt("kim@example.test"), "^250 ", "... and she still gets mail")
    t.matches(mail.run("tables-build", "--dry-run"), "kim@example.test: has no mailbox any more", "--dry-run says what would be, as root, too")
    os.unlink(f"{mail.home}/control/expect")
    mail.run("tables-build")
    t.matches(mail.rcpt("kim@example.test"), "^550 5.1.1 ", "without the line she is gone")


def check_back(t, mail):
    t.matches(mail.run("tables-diff"), "kim@example.test: has no mailbox any more", "tables-diff says what has changed")
    mail.run("tables-build", "--back")
    t.is_(mail.code, 0, "tables-build --back")
    t.matches(mail.rcpt("kim@example.test"), "^250 ", "... the servers ask the old tables at once")
    mail.run("tables-build")
    t.is_(mail.code, 1, "... which stay")
    os.rename(f"{mail.home}/kim", f"{mail.home}/directory/kim@example.test.ldif")
    mail.run("tables-build", "--release")
    t.is_(mail.code, 0, "... until they are released")


def check_link(t, mail):
    token = mail.run("mailadm", "link", "kim@example.test").split()[-1]
    said = mail.run("mailadm", "passwd", "--link", input=f"{token}\nby a link\n")
    t.is_(mail.code, 0, "S-10: a one-time link sets the password" + (": " + said if mail.code else ""))
    t.ok(may_log_in(mail, "kim@example.test", "by a link") and not may_log_in(mail, "kim@example.test", "secret"), "... which works at once, and the old one does not")
    mail.run("mailadm", "passwd", "--link", input=f"{token}\nagain\n")
    t.is_(mail.code, 100, "... once")


def check_delete(t, mail):
    mail.send("kim@example.test", "before she goes")
    t.ok(mail.mail_with("kim", "before she goes"), "she has mail")
    uid = os.stat(f"{mail.home}/mail/example.test/kim").st_uid
    mail.run("mailadm", "delete", "account", "kim@example.test", "--yes")
    t.is_(mail.code, 0, "W-21: delete account")
    t.matches(mail.rcpt("kim@example.test"), "^550 5.1.1 ", "... she is gone at once")
    t.ok(not may_log_in(mail, "kim@example.test", "by a link"), "... and does not get in")
    t.is_(len(mail.mail("kim")), 1, "N-15: ... her mail is there")
    t.matches(mail.run("mailadm", "list", "orphans"), f"example.test/kim {uid} ", "... and listed")
    mail.add_account("kim@example.test", "other")
    mail.send("kim@example.test", "to the next one")
    t.ok(mail.mail_with("kim~2", "to the next one"), "somebody else of that name has a folder of his own")
    t.ok(os.stat(f"{mail.home}/mail/example.test/kim~2").st_uid != uid and len(mail.mail("kim")) == 1, "... under another uid, and none of her mail")
    mail.run("mailadm", "delete", "account", "kim@example.test", "--yes", "--purge")
    t.ok(mail.code == 0 and not os.path.exists(f"{mail.home}/mail/example.test/kim~2"), "--purge: with the mail")


with Postroom(45) as mail, Tap() as t:
    mail.add_account("kim@example.test", "secret")
    check_expect(t, mail)
    check_back(t, mail)
    check_link(t, mail)
    check_delete(t, mail)
