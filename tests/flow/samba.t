#!/usr/bin/python3
# samba: people and groups of a real Samba AD domain controller, over TLS with a CA of its own, by the profile ad: N-10, L-03 to L-06, L-18, L-19, L-20,
# L-21 to L-24, N-18, N-25, T15. Logins by binding as the user; lists by proxyAddresses; groups of all scopes, nested, with more than 1500
# members, by primary group; a disabled, an expired and a renamed user; why a bind is refused is in our log alone.
import os, re, smtplib, socket, ssl, sys

sys.path[:0] = ["tests", "tests/flow"]
import net
net.inside("postroom30", "10.30.0.9/24")
from postroom import Postroom, Tap, wait_for
from samba_dc import BASE, USERS, Domain, configure, person

MANY, LOCKOUT, SECONDS = 1600, 8, 120
UNIVERSAL, GLOBAL, LOCAL, SECURITY = 8, 2, 4, -2147483648
COMMA = f"CN=Müller\\, Jörg \\+ Söhne \\#1,{USERS}"


def group(db, name, kind, *members, **more):
    db.add({"dn": f"CN={name},{USERS}", "objectClass": "group", "sAMAccountName": name, "groupType": str(kind),
            **({"member": [one if "," in one else f"CN={one},{USERS}" for one in members]} if members else {}), **more})


def fill(db):
    db.modify_ldif(f"dn: {BASE}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: {LOCKOUT}\n")
    person(db, "postroom")
    person(db, "zu")
    person(db, "zeit", logonHours=b"\0" * 21)
    person(db, "platz", userWorkstations="ELSEWHERE")
    person(db, "hanna", mail="hanna@school.test", proxyAddresses=["SMTP:hanna@school.test", "smtp:team@school.test", "X500:/o=School/cn=hanna"])
    person(db, "bert", mail="bert@school.test", upn="bert.long@other.test", proxyAddresses=["SMTP:Team@School.test", "smtp:bertie@school.test"])
    person(db, "joerg", COMMA, mail="joerg@school.test")
    person(db, "kurt", mail="kurt@school.test", proxyAddresses=["smtp:team@school.test"])
    person(db, "nomail", proxyAddresses=["smtp:team@school.test", "x500:team@school.test"])
    person(db, "alt", mail="alt@school.test", accountExpires="132000000000000000")
    person(db, "neu", mail="neu@school.test")
    db.setpassword("(sAMAccountName=neu)", "Passw0rd.neu", force_change_at_next_login=True)
    db.modify_ldif(f"dn: CN=kurt,{USERS}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66050\n")  # 512 + 2 + 65536
    group(db, "lehrer", SECURITY | GLOBAL, "hanna", COMMA)
    group(db, "kollegium", UNIVERSAL, "lehrer", "kurt", "nomail", mail="kollegium@school.test", proxyAddresses=["SMTP:kollegium@school.test", "smtp:staff@school.test"])
    group(db, "haus", SECURITY | LOCAL, "kollegium", "bert")
    db.add({"dn": f"CN=Eltern,{USERS}", "objectClass": "contact", "mail": "eltern@outside.example", "proxyAddresses": ["smtp:team@school.test"]})
    group(db, "rundbrief", UNIVERSAL, "Eltern", "hanna")
    group(db, "alle", SECURITY | UNIVERSAL, "Domain Users")
    for number in range(MANY):  # each without a password
        db.add({"dn": f"CN=many{number},{USERS}", "objectClass": "user", "sAMAccountName": f"many{number}", "userAccountControl": "544",
                "mail": f"many{number}@school.test"})
    group(db, "many", UNIVERSAL, *(f"many{number}" for number in range(MANY)))


def submit(mail, user, password, sender, to, subject):
    with smtplib.SMTP(mail.address, mail.port(587), timeout=SECONDS) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login(user, password)
        client.sendmail(sender, [to], f"Subject: {subject}\r\n\r\nx\r\n")


def got(mail, subject, *users):
    """Everybody of these has it, and nothing waits."""
    everybody = all(wait_for(lambda: any(subject.encode() in m for m in mail.mail(user, "school.test")), SECONDS) for user in users)
    return everybody and wait_for(lambda: not mail.queue(), SECONDS)


def copies(mail, user, subject):
    return sum(subject.encode() in m for m in mail.mail(user, "school.test"))


def record(mail, key):
    """A record of the tables: pairs."""
    said = mail.run("cdb", "-q", f"{mail.home}/tables/current/policy.cdb", key)
    return [tuple(part.split("=", 1)) for part in said.split("\0") if "=" in part]


def listed(mail, address):
    """The record of the group that an address leads to."""
    keys = [value for name, value in record(mail, f"address:{address}") if name == "group"]
    return [part for key in keys for part in record(mail, f"group:{key}")]


def members(mail, address):
    """How many mailboxes a group's address leads to."""
    return sum(name == "mailbox" for name, _ in listed(mail, address))


def bind(mail, dn, password):
    """What auth-bind answers to mail-auth, and what it logs."""
    before = len(mail.log("auth-bind"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as call:
        call.settimeout(SECONDS)
        call.connect(f"{mail.home}/run/auth-bind")
        call.send(f"dn={dn}\0password={password}\0".encode())
        answer = call.recv(4096).rstrip(b"\0").decode()
    wait_for(lambda: "result=" in mail.log("auth-bind")[before:], SECONDS)
    cause = re.search(r"cause=(\S+)", mail.log("auth-bind")[before:])
    return answer, cause and cause[1]


def check_people(mail, t):
    t.is_(mail.count("hanna@school.test", "Passw0rd.hanna"), 0, "L-04 a login by address with the password of AD: IMAP")
    t.is_(mail.count("bert", "Passw0rd.bert"), 0, "N-25 by sAMAccountName")
    t.is_(mail.count("bert.long@other.test", "Passw0rd.bert"), 0, "N-25 by userPrincipalName, of a domain that is not ours")
    t.is_(mail.count("joerg", "Passw0rd.joerg"), 0, "whose DN has every kind of escape")
    wrong = mail.count("hanna@school.test", "Passw0rd.wrong")
    t.matches(str(wrong), "AUTHENTICATIONFAILED", "a wrong password does not bind")
    submit(mail, "bert", "Passw0rd.bert", "bert@school.test", "hanna@school.test", "by submission")
    t.ok(got(mail, "by submission", "hanna"), "L-04 submission with the password of AD")
    for user in ("kurt", "alt", "neu"):
        t.is_(mail.count(user, f"Passw0rd.{user}"), wrong, f"{user}: the right password, refused in the same words")
    t.is_(int(mail.rcpt("kurt@school.test")[:3]), 550, "T12 mail to a disabled user is refused")
    mail.send("alt@school.test", "while expired")
    t.ok(got(mail, "while expired", "alt"), "who has expired gets mail")
    t.is_([int(mail.rcpt(f"{name}@school.test")[:3]) for name in ("nomail", "administrator", "krbtgt", "nobody")], [550] * 4, "L-23 who has no address here gets none")


def check_causes(mail, t):
    for who, password, cause in (("hanna", "x", "wrong-password"), ("kurt", "Passw0rd.kurt", "disabled"), ("alt", "Passw0rd.alt", "account-expired"),
                                 ("neu", "Passw0rd.neu", "must-change-password"), ("zeit", "Passw0rd.zeit", "not-at-this-time"),
                                 ("platz", "Passw0rd.platz", "not-from-here"), ("nobody", "x", "wrong-password")):
        t.is_(bind(mail, f"CN={who},{USERS}", password), ("answer=no", cause), f"auth-bind: {who}: {cause} is in the log, the caller is told no")
    seen = [bind(mail, f"CN=zu,{USERS}", "x")[1] for _ in range(LOCKOUT)] + [bind(mail, f"CN=zu,{USERS}", "Passw0rd.zu")[1]]
    t.is_(seen[-1], "locked", f"auth-bind: after {LOCKOUT} wrong passwords AD has locked the account, and the log says so")
    t.ok("Passw0rd." not in mail.log("auth-bind") + mail.log("auth-server"), "no password is in a log")


def check_lists(mail, t, said):
    mail.send("TEAM@school.test", "to the team")
    t.ok(got(mail, "to the team", "hanna", "bert"), "L-18 to L-22, T15: smtp: and SMTP: of two people are a list; the disabled one is passed over")
    t.is_(os.path.exists(f"{mail.home}/mail/school.test/kurt/new"), False, "... and has got nothing")
    t.matches(said, "CN=nomail.*no mail address, so it is passed over in lists", "L-21 who has no mail is reported")
    mail.send("bertie@school.test", "to an alias")
    t.ok(got(mail, "to an alias", "bert"), "L-06, L-24 an alias is a list of one")


def check_groups(mail, t):
    mail.send("lehrer@school.test", "global group")
    t.ok(got(mail, "global group", "hanna", "joerg"), "N-18 a global group, by its name, with a member whose DN has every kind of escape")
    mail.send("staff@school.test", "universal group")
    t.ok(got(mail, "universal group", "hanna", "joerg"), "a universal distribution group by proxyAddresses: nested; the disabled member is passed over")
    mail.send("haus@school.test", "domain-local group")
    t.ok(got(mail, "domain-local group", "hanna", "joerg", "bert"), "a domain-local group: two levels")
    t.is_([copies(mail, user, "domain-local group") for user in ("hanna", "joerg", "bert")], [1, 1, 1], "... one copy each")
    t.is_(members(mail, "many@school.test"), MANY, f"a group of {MANY} has them all")
    t.is_(members(mail, "alle@school.test"), MANY + 6, "Domain Users in a group: everybody by primary group")
    t.is_([part for part in listed(mail, "rundbrief@school.test") if part[0] == "forward"], [("forward", "eltern@outside.example")],
          "a contact in a group gets its mail elsewhere")
    t.is_([int(mail.rcpt(f"{name}@school.test")[:3]) for name in ("administrators", "users", "guests")], [550] * 3, "built-in groups have no address")


def check_rename(mail, dc, t):
    mail.stop("ldap-watch")  # or it would know of it at once
    before = mail.count("hanna", "Passw0rd.hanna")
    owner = os.stat(f"{mail.home}/mail/school.test/hanna").st_uid
    dc.change(f"dn: CN=hanna,{USERS}\nchangetype: modrdn\nnewrdn: CN=Hanna Huber\ndeleteoldrdn: 1\n\n"
              f"dn: CN=Hanna Huber,{USERS}\nchangetype: modify\nreplace: mail\nmail: hanna.huber@school.test\n-\n"
              "replace: sAMAccountName\nsAMAccountName: huber\n-\nreplace: userPrincipalName\nuserPrincipalName: huber@ad.test\n-\n"
              "replace: proxyAddresses\nproxyAddresses: smtp:team@school.test\n\n"
              f"dn: CN=bert,{USERS}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n")
    t.is_(mail.count("hanna", "Passw0rd.hanna"), before, "L-05 renamed in AD, and we do not know yet: she logs in, as who she was, by her objectGUID")
    mail.run("ldapsync")
    mail.send("hanna.huber@school.test", "after the wedding")
    t.ok(wait_for(lambda: mail.count("huber", "Passw0rd.hanna") == before + 1, SECONDS), "L-05 renamed, with another DN, login and address: her mail is there")
    t.is_(os.stat(f"{mail.home}/mail/school.test/hanna").st_uid, owner, "... under the same uid")
    t.is_(int(mail.rcpt("hanna@school.test")[:3]), 550, "... the old address is gone")
    mail.send("lehrer@school.test", "to Huber")
    t.ok(got(mail, "to Huber", "hanna", "joerg"), "... and she is in her groups")
    t.matches(str(mail.count("bert", "Passw0rd.bert")), "AUTHENTICATIONFAILED", "who was disabled meanwhile is out")
    t.is_(int(mail.rcpt("bert@school.test")[:3]), 550, "... and gets no mail")


with Postroom(30) as mail, Tap() as t, Domain(f"{mail.folder}/dc", "10.30.0.9") as dc:
    dc.fill(fill)
    dc.start()
    configure(mail, dc)
    said = mail.run("ldapsync")
    t.is_(mail.code, 0, "L-03 one pass of ldapsync over STARTTLS, as an ordinary user of the domain")
    check_people(mail, t)
    check_causes(mail, t)
    check_lists(mail, t, said)
    check_groups(mail, t)
    mail.control("ldaptls", "ldaps")
    check_rename(mail, dc, t)
    dc.stop()
    before = os.readlink(f"{mail.home}/tables/current")
    mail.run("ldapsync")
    t.is_((mail.code, os.readlink(f"{mail.home}/tables/current")), (111, before), "the domain controller is down: nothing is changed")
    mail.send("team@school.test", "without AD")
    t.ok(got(mail, "without AD", "hanna"), "... and mail flows on")
    t.ok(wait_for(lambda: not mail.queue()), "nothing waits", mail.queue())
