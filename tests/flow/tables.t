#!/usr/bin/python3
"""What the operator and the directory say is so at once, over SMTP: a domain that goes and comes again (N-15), groups of LDIF entries
(N-18, L-21, L-22), mailadm's addresses (N-36, N-42), settings of a mailbox (N-27), and who may send, by an attribute of the
directory whose name the site chooses (P-01 to P-09, P-17)."""
import os, shutil, smtplib, sys
sys.path.insert(0, "tests/flow")
sys.dont_write_bytecode = True
from postroom import *


def write(mail, path, content, owner="root", group="mail-tables", mode=0o640):
    path = f"{mail.home}/{path}"
    with open(path + ".new", "w") as file:
        file.write(content)
    os.chmod(path + ".new", mode)
    shutil.chown(path + ".new", owner, group)
    os.rename(path + ".new", path)


def build(t, mail, what):
    said = mail.run("tables-build")
    t.is_(mail.code, 0, what + (": " + said if mail.code else ""))
    return said


def check_domain(t, mail):
    mail.add_account("kim@gone.test", "secret")
    mail.send("kim@gone.test", "before it goes")
    t.ok(mail.mail_with("kim", "before it goes", domain="gone.test"), "a mailbox of a second domain has mail")
    os.unlink(f"{mail.home}/control/domains/gone.test")
    build(t, mail, "N-15: the domain's file is removed")
    t.matches(mail.rcpt("kim@gone.test"), "^554 5.7.1 .*Relay access denied", "... it is not ours from now on")
    t.is_(len(mail.mail("kim", domain="gone.test")), 1, "N-15: ... what was received is there")
    mail.run("mailadm", "add", "domain", "gone.test")
    mail.send("kim@gone.test", "after it came back")
    t.ok(mail.mail_with("kim", "after it came back", domain="gone.test"), "... and when the domain comes back, so does the mailbox")
    t.is_(len(mail.mail("kim", domain="gone.test")), 2, "... with its uid, its folder and its old mail")


def entry(name, *lines):
    return f"dn: cn={name},dc=x\nentryUUID: k-{name}\n" + "".join(line + "\n" for line in lines) + "\n"


def check_groups(t, mail):
    write(mail, "directory/groups.ldif",
          entry("staff", "objectClass: posixGroup", "cn: staff", "memberUid: alice", "memberUid: bob") +
          entry("all", "objectClass: groupOfNames", "cn: all", "mail: everybody@example.test", "member: cn=STAFF, dc=x", "member: cn=all,dc=x",
                "member: mail=bob@example.test", "member: cn=nomail,dc=x") +
          entry("nomail", "cn: nomail", "proxyAddresses: smtp:everybody@example.test"))
    mail.control("domains/example.test", "addgroups: yes")
    said = build(t, mail, "N-18: groups by LDIF entries")
    t.matches(said, "cn=nomail,dc=x: no mailbox: it has no mail address, so it is passed over in lists", "L-21: who has no mail is passed over and reported")
    t.matches(said, "cn=all,dc=x: it is a member of itself", "... as is a group that is in itself")
    mail.send("staff@example.test", "to the staff")
    mail.send("Everybody@example.test", "to everybody")
    for user in ("alice", "bob"):
        t.ok(mail.mail_with(user, "to the staff"), f"N-18: {user} gets mail to his group")
        t.is_(len(mail.mail_with(user, "to everybody") or []), 1, f"L-22: {user}, who is in it twice, gets mail to the outer group once")
    mail.control("domains/example.test", "# all defaults")
    build(t, mail, "without addgroups")
    t.matches(mail.rcpt("staff@example.test"), "^550 5.1.1 ", "... a group's name is no address")


def check_mailadm(t, mail):
    t.matches(mail.rcpt("office@example.test"), "^550 5.1.1 ", "an address that nobody has")
    mail.run("mailadm", "add", "address", "office@example.test", "bob", "alice@example.test")
    t.matches(mail.rcpt("office@example.test"), "^250 ", "N-36: mailadm add address: it is there at once")
    mail.send("office@example.test", "to the office")
    t.ok(mail.mail_with("bob", "to the office") and mail.mail_with("alice", "to the office"), "N-37: ... and both get its mail")
    mail.run("mailadm", "delete", "address", "office@example.test")
    t.matches(mail.rcpt("office@example.test"), "^550 5.1.1 ", "mailadm delete address: it is gone at once")
    t.matches(mail.run("mailadm", "delete", "address", "postmaster"), "address_removal_forbidden", "N-42: the postmaster cannot be deleted")
    t.matches(mail.rcpt("postmaster@gone.test"), "^250 ", "N-42: he is there in each domain")
    mail.control("mailboxes/bob@example.test", "receive: no")
    build(t, mail, "N-27: a mailbox is disabled by its file")
    t.matches(mail.rcpt("bob@example.test"), "^550 5.2.1 ", "N-27, T12: ... mail to it is refused at once")
    mail.control("mailboxes/bob@example.test", None)
    build(t, mail, "... and enabled")
    t.matches(mail.rcpt("bob@example.test"), "^250 ", "... it takes mail again")


def person(mail, stored, *lines):
    write(mail, "state/directory/ldap.ldif", entry("eve", "uid: eve", "mail: eve@example.test", f"userPassword: {stored}", *lines), "mail-ldap")


def check_policy(t, mail):
    stored = mail.run("password-hash", input="eve's\n").split()[0]
    mail.control("ldapprofile", "rfc2307\npolicy")
    person(mail, stored)
    build(t, mail, "the policy overlay beside a directory's profile (P-07)")
    client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.starttls()
    client.login("eve", "eve's")
    t.ok(mail.give(client, "eve@example.test", "alice@example.test", "may send"), "P-09: without an attribute she may send")
    for line in ("tnMailSendAllowed: FALSE", "tnAccountStatus: disabled", "mailSendAllowed: false", "mailAccountStatus: disabled"):
        person(mail, stored, line)
        build(t, mail, f"P-07: {line}")
        client.mail("eve@example.test")
        code, text = client.rcpt("alice@example.test")
        t.matches(f"{code} {text.decode()}", r"^554 5\.7\.1 ", "P-02, P-03, P-08: ... the next transaction of her open session is refused")
        client.rset()
    again = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    again.starttls()
    t.is_(again.login("eve", "eve's")[0], 235, "P-05: she can log in")
    again.quit()
    t.matches(mail.rcpt("alice@example.test", "eve@example.test"), r"^554 5\.7\.1 ", "P-06: her address as a sender is refused whoever sends")
    mail.send("eve@example.test", "she receives")
    t.ok(mail.mail_with("eve", "she receives"), "P-04, P-17: she gets mail as before")
    mail.control("profiles/policy", "no-submit: hrState=gone")
    build(t, mail, "P-07: the site's own names and values")
    client.mail("eve@example.test")
    t.is_(client.rcpt("alice@example.test")[0], 250, "P-01: ... what the directory says under another name is nothing")
    client.rset()
    person(mail, stored, "hrState: gone")
    build(t, mail, "... and under this one")
    client.mail("eve@example.test")
    t.is_(client.rcpt("alice@example.test")[0], 554, "P-07: ... it is the policy")
    client.quit()


with Postroom(35) as mail, Tap() as t:
    os.makedirs(f"{mail.home}/control/profiles", exist_ok=True)
    check_domain(t, mail)
    check_groups(t, mail)
    check_mailadm(t, mail)
    check_policy(t, mail)
