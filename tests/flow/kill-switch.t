#!/usr/bin/python3
# kill-switch: an account sends spam, or its owner has left: its submit bit goes off, by a control file, its LDIF entry or the directory server, and what it has in
# the queue is held at once; mail of others goes on; the operator deletes it, or releases what is good (issue 4, A queue for people; P-02 to P-05)
import os, smtplib, socket, ssl, subprocess, sys, time

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for

BASE, PORT = "dc=school,dc=test", 53389


def submit_many(mail, user, count, subject, password=None):
    address = user if "@" in user else f"{user}@example.test"
    with smtplib.SMTP(mail.address, mail.port(587), timeout=120) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login(address, password or mail.password(user))
        return [mail.give(client, address, f"eve{i}@far.test", f"{subject} {i}") for i in range(count)]


def states(mail, ids):
    """How many of these messages are held, how many wait for their next try, ..."""
    counts = {}
    for message in mail.queue():
        if message["id"] in ids:
            words = " ".join(filter(None, (message["recipients"][0]["state"], message["recipients"][0].get("because"))))
            counts[words] = counts.get(words, 0) + 1
    return counts


def all_waiting(mail, ids):
    return wait_for(lambda: sum(m["attempts"] >= 1 for m in mail.queue() if m["id"] in ids) == len(ids), 120)


def switched_off(mail, t, ids, others, off, how):
    """off() publishes; all of ids are held."""
    all_waiting(mail, ids + others)
    before = {m["id"]: m["attempts"] for m in mail.queue()}
    off()
    published = time.monotonic()
    t.ok(wait_for(lambda: states(mail, ids) == {"held sender-disabled": len(ids)}), f"{how}: all {len(ids)} are held", states(mail, ids))
    print(f"# {time.monotonic() - published:.2f} s after the tables were published, as qstat showed it", flush=True)
    t.is_(states(mail, others), {"todo": len(others)} if others else {}, "... and nothing of anybody else")
    mail.run("qctl", "retry", "--all")
    if others:
        t.ok(wait_for(lambda: all(m["attempts"] > before[m["id"]] for m in mail.queue() if m["id"] in others)), "... a retry of all tries theirs")
    t.ok(all(m["attempts"] == before[m["id"]] for m in mail.queue() if m["id"] in ids), "... and not these")


def by_ldif(mail, t):
    """The submit bit of her entry, and of control/mailboxes."""
    mail.relay_rule(type="default", host="127.0.0.1", port=1, tls="off")
    alice, bob = submit_many(mail, "alice", 100, "spam"), submit_many(mail, "bob", 5, "news")
    switched_off(mail, t, alice, bob, lambda: mail.edit_account("alice", "mailSubmit: no"), "alice's LDIF entry says mailSubmit: no")
    code, shown = mail.run("qstat", "--login", "alice@example.test"), mail.run("qstat", "--summary")
    t.ok("held, its sender may not send any more" in shown, "qstat --summary says why", shown)
    said = mail.run("whatif", "alice@example.test", "x@far.test", "--login", "alice")
    t.ok("queued mail" in said and "qctl release --login alice@example.test" in said, "whatif says it", said)
    host = Server(address="127.0.53.2", sessions=1000, patience=600)
    mail.relay_rule(type="default", host="127.0.53.2", port=host.port, tls="off")
    t.ok(wait_for(lambda: mail.run("qctl", "retry", "--login", "bob@example.test") and not states(mail, bob), 120), "bob's mail goes when the next host is back", mail.run("qstat", "--login", "bob@example.test"))
    t.is_(states(mail, alice), {"held sender-disabled": 100}, "... alice's stays")
    mail.run("qctl", "release", alice[0])
    t.is_(mail.code, 0, "one of hers is released: it was no spam")
    t.ok(wait_for(lambda: not mail.queued(alice[0])), "... it goes, although she may not send", mail.run("qstat", alice[0]))
    mail.edit_account("alice", "mailSubmit: yes")
    mail.restart("send-schedule")
    t.is_(mail.give(mail.login(587, "alice"), "alice@example.test", "eve@far.test", "back again") != "", True, "she may send again")
    t.is_(states(mail, alice), {"held sender-disabled": 99}, "... nothing is released by itself, after a restart neither")
    t.is_(mail.run("qctl", "delete", "--sender", "alice@example.test", "--older", "0").splitlines()[-1].split(" ", 1)[1], "messages deleted", "qctl delete --sender")
    t.ok(wait_for(lambda: not states(mail, alice)), "... and they are gone")
    mail.relay_rule(type="default", host="127.0.0.1", port=1, tls="off")
    ids = submit_many(mail, "alice", 10, "by a file")
    def off():
        mail.control("mailboxes/alice@example.test", "submit: no")
        mail.run("tables-build")
    switched_off(mail, t, ids, [], off, "control/mailboxes says submit: no")
    mail.control("mailboxes/alice@example.test", None)
    mail.run("tables-build")
    mail.run("qctl", "delete", "--all")


def slapd(mail):
    folder = f"{mail.folder}/slapd"
    os.makedirs(folder + "/db")
    stored = mail.run("password-hash", input="known\n").split()[0]
    with open(f"{folder}/conf", "w") as file:
        file.write("".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson"))
                   + f"modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix {BASE}\ndirectory {folder}/db\nrootdn cn=admin,{BASE}\nrootpw admin\naccess to * by * read\n")
    entries = [f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: school\no: x\n",
               f"dn: cn=postroom,{BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: postroom\nuserPassword: reader\n"]
    for number, name in enumerate(("hanna", "bert")):
        entries.append(f"dn: uid={name},{BASE}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: {name}\ncn: {name}\nsn: {name}\nemployeeType: active\n"
                       f"mail: {name}@school.test\nuidNumber: {31000 + number}\ngidNumber: 5000\nhomeDirectory: /nowhere\nuserPassword: {stored}\n")
    subprocess.run(["slapadd", "-q", "-f", f"{folder}/conf"], input="\n".join(entries), text=True, check=True)
    process = subprocess.Popen(["slapd", "-f", f"{folder}/conf", "-h", f"ldap://{mail.address}:{PORT}", "-d", "0"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    def answers():
        try:
            socket.create_connection((mail.address, PORT), 1).close()
            return True
        except OSError:
            return False
    wait_for(answers)
    return process


def modify(mail, change):
    subprocess.run(["ldapmodify", "-x", "-H", f"ldap://{mail.address}:{PORT}", "-D", f"cn=admin,{BASE}", "-w", "admin"], input=change, text=True, check=True, capture_output=True)


def by_directory(mail, t):
    """A real directory server says it, by an attribute of the site's own."""
    server = slapd(mail)
    try:
        os.makedirs(f"{mail.home}/control/profiles", exist_ok=True)
        with open("ldapsync/profiles/rfc2307") as file:
            mail.control("profiles/school", file.read() + "no-submit: employeeType=locked\n")
        for name, value in (("ldapserver", f"{mail.address}:{PORT}"), ("ldapbasedn", BASE), ("ldaplogin", f"cn=postroom,{BASE}"), ("ldaptls", "off"),
                            ("ldapprofile", "school"), ("ldappassword", "reader")):
            mail.control(name, value)
        subprocess.run(["chown", "mail-ldap:root", f"{mail.home}/control/ldappassword"], check=True)
        os.chmod(f"{mail.home}/control/ldappassword", 0o400)
        mail.run("mailadm", "add", "domain", "school.test")
        said = mail.run("ldapsync")
        t.is_(mail.code, 0, "people of a directory server" + said * bool(mail.code))
        hanna, bert = submit_many(mail, "hanna@school.test", 20, "spam", "known"), submit_many(mail, "bert@school.test", 3, "news", "known")
        def off():
            modify(mail, f"dn: uid=hanna,{BASE}\nchangetype: modify\nreplace: employeeType\nemployeeType: locked\n")
            mail.run("ldapsync")
        switched_off(mail, t, hanna, bert, off, "hanna is locked in the directory, ldapsync runs")
        def gone():
            modify(mail, f"dn: uid=bert,{BASE}\nchangetype: delete\n")
            mail.run("ldapsync")
        switched_off(mail, t, bert, [], gone, "bert is removed from it")
        t.is_(mail.run("qctl", "bounce", "--login", "@school.test", "--because", "not sent: the account is locked").splitlines()[-1], "23 messages returned to the sender", "qctl bounce --login @DOMAIN")
        t.ok(mail.mail_with("hanna", "not sent: the account is locked", domain="school.test"), "... she is told")
    finally:
        server.terminate()
        server.wait(300)


with Postroom(53) as mail, Tap() as t:
    by_ldif(mail, t)
    by_directory(mail, t)
    said = mail.run("queue-check")
    t.is_(mail.code, 0, "queue-check has no complaint" + said * bool(mail.code))
