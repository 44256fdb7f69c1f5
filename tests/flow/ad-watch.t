#!/usr/bin/python3
# ldap-watch and a real Samba AD domain controller, run as several processes as at a site: a change there decides the next transaction of an open
# session (L-03, P-10): the right to submit, disabled, expired, deleted (seen as a tombstone, and by who may not see those), renamed in his groups, moved out of
# the base and back, below a container that is renamed, a group's members. The controller restarted, ldap-watch stopped meanwhile or killed, its
# place lost, its database put back; everything compared meanwhile: state/directory/ldap.ldif is in the end what a full pass writes.
import contextlib, os, shutil, signal, smtplib, ssl, stat, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
import net
net.inside("postroom10", "10.10.0.9/24")
from ldif_changes import entries
from postroom import Postroom, Tap, wait_for
from samba_dc import BASE, Domain, configure, person, show_deleted

SCHOOL, GONE, LDIF = f"OU=School,{BASE}", f"OU=Gone,{BASE}", "state/directory/ldap.ldif"
NAMES = ("hanna", "bert", "carl", "dora", "emil", "fritz", "georg")


def dn(name, place=SCHOOL):
    return f"CN={name},{place}"


def fill(db):
    for place in (SCHOOL, GONE, f"OU=Class,{SCHOOL}"):
        db.add({"dn": place, "objectClass": "organizationalUnit"})
    person(db, "postroom")
    for name in NAMES:
        person(db, name, dn(name), mail=f"{name}@school.test")
    person(db, "gustav", dn("gustav", f"OU=Class,{SCHOOL}"), mail="gustav@school.test")
    db.add({"dn": dn("staff"), "objectClass": "group", "sAMAccountName": "staff", "groupType": "8", "mail": "staff@school.test",
            "member": [dn("carl"), dn("gustav", f"OU=Class,{SCHOOL}")]})


def modify(dc, name, how, attribute, *values, place=SCHOOL):
    dc.change(f"dn: {dn(name, place)}\nchangetype: modify\n{how}: {attribute}\n" + "".join(f"{attribute}: {value}\n" for value in values))


def move(dc, name, to, place=SCHOOL, new=None):
    dc.change(f"dn: {dn(name, place)}\nchangetype: modrdn\nnewrdn: CN={new or name}\ndeleteoldrdn: 1\nnewsuperior: {to}\n")


def delete(dc, name, place=SCHOOL):
    dc.change(f"dn: {dn(name, place)}\nchangetype: delete\n")


class Session:
    """Two open SMTP sessions: a stranger's, and that of somebody who has logged in."""
    def __init__(self, mail, user):
        self.mail, self.user = mail, user
        self.stranger = smtplib.SMTP(mail.address, mail.port(25), timeout=60)
        self.client = smtplib.SMTP(mail.address, mail.port(587), timeout=60)
        self.client.starttls(context=ssl._create_unverified_context())
        self.client.login(user, f"Passw0rd.{user}")

    def takes(self, local):
        """Is mail to him taken?"""
        self.stranger.ehlo()
        self.stranger.rset()
        self.stranger.mail("ann@outside.example")
        return self.stranger.rcpt(f"{local}@school.test")[0] == 250

    def may_send(self):
        self.client.rset()
        code = self.client.mail(f"{self.user}@school.test")[0]
        return code == 250 and self.client.rcpt("bert@school.test")[0] == 250

    def becomes(self, local, taken):
        """Waits until whatif says so; then this session says it as well."""
        def is_decided():
            self.mail.run("whatif", "ann@outside.example", f"{local}@school.test")
            return (self.mail.code == 0) == taken
        return wait_for(is_decided, 60) and self.takes(local) == taken

    def may_send_becomes(self, may):
        def is_decided():
            self.mail.run("whatif", f"{self.user}@school.test", "bert@school.test", "--port", "587", "--login", self.user)
            return (self.mail.code == 0) == may
        return wait_for(is_decided, 60) and self.may_send() == may

    def quit(self):
        self.stranger.quit()
        self.client.quit()


def members(mail, group):
    """Who gets mail to a group."""
    said = mail.run("whatif", "ann@outside.example", f"{group}@school.test")
    return {name for name in (*NAMES, "gustav") if f"{name}@school.test" in said}


def members_become(mail, group, *names):
    return wait_for(lambda: members(mail, group) == set(names), 60)


def is_full_pass(mail):
    """Does the file say what a full pass says?"""
    followed = read(mail)
    mail.run("ldap-fetch")
    fetched = read(mail)
    return entries(followed) == entries(fetched) or f"followed:\n{followed}\nfetched:\n{fetched}"


def read(mail):
    with open(f"{mail.home}/{LDIF}") as file:
        return file.read()


def service(mail, *words):
    subprocess.run(["s6-svc", *words, f"{mail.home}/service/ldap-watch"], check=True)


def kill(mail):
    """Both processes of ldap-watch, as a crash would; s6 starts it again."""
    pid = wait_for(lambda: mail.pid("ldap-watch"), 60)
    children = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
    for one in [str(pid), *children]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(one), signal.SIGKILL)


def test_people(t, mail, dc):
    session = Session(mail, "hanna")
    t.ok(session.may_send() and session.takes("bert"), "hanna may send and bert gets mail")
    modify(dc, "hanna", "replace", "employeeType", "stopped")
    t.ok(session.may_send_becomes(False), "P-10 a policy bit in AD: the next transaction of her open session is refused", mail.log("ldap-watch")[-1500:])
    modify(dc, "hanna", "replace", "employeeType")
    t.ok(session.may_send_becomes(True), "... and taken again when it is gone")
    modify(dc, "hanna", "replace", "userAccountControl", 514)
    t.ok(session.may_send_becomes(False) and not session.takes("hanna"), "disabled (userAccountControl): she sends nothing and gets nothing")
    modify(dc, "hanna", "replace", "userAccountControl", 512)
    t.ok(session.may_send_becomes(True) and session.takes("hanna"), "enabled again")
    modify(dc, "hanna", "replace", "accountExpires", 132000000000000000)
    t.ok(session.may_send_becomes(False) and session.takes("hanna"), "expired (accountExpires): she sends nothing, and gets her mail")
    modify(dc, "hanna", "replace", "accountExpires", 0)
    t.ok(session.may_send_becomes(True), "... and not any more")
    session.quit()


def test_names(t, mail, dc):
    session = Session(mail, "hanna")
    t.is_(members(mail, "staff"), {"carl", "gustav"}, "a group has its members")
    modify(dc, "staff", "add", "member", dn("bert"))
    t.ok(members_become(mail, "staff", "bert", "carl", "gustav"), "N-18 a group's new member")
    modify(dc, "staff", "delete", "member", dn("bert"))
    t.ok(members_become(mail, "staff", "carl", "gustav"), "... who is removed")
    move(dc, "carl", SCHOOL, new="Carl Renamed")
    modify(dc, "Carl Renamed", "add", "proxyAddresses", "smtp:renamed@school.test")
    t.ok(session.becomes("renamed", True) and members_become(mail, "staff", "carl", "gustav"), "L-05 renamed: he is still in his group, which AD did not touch")
    t.is_(is_full_pass(mail), True, "... with the words of a full pass")
    move(dc, "Carl Renamed", GONE)
    t.ok(session.becomes("carl", False) and members_become(mail, "staff", "gustav"), "moved out of the base: gone, from his group too")
    move(dc, "Carl Renamed", SCHOOL, place=GONE, new="carl")
    t.ok(session.becomes("carl", True) and members_become(mail, "staff", "carl", "gustav"), "moved back under another name: he is back, in his group too")
    dc.change(f"dn: OU=Class,{SCHOOL}\nchangetype: modrdn\nnewrdn: OU=Form\ndeleteoldrdn: 1\n")
    t.ok(wait_for(lambda: f"OU=Form,{SCHOOL}" in read(mail)), "a container is renamed: those below it have another DN")
    t.ok(wait_for(lambda: is_full_pass(mail) is True, 60) and members_become(mail, "staff", "carl", "gustav"), "... everywhere")
    dc.change(f"dn: OU=Form,{SCHOOL}\nchangetype: modrdn\nnewrdn: OU=Form\ndeleteoldrdn: 1\nnewsuperior: {GONE}\n")
    t.ok(session.becomes("gustav", False), "a container is moved out of the base: who is below it is gone")
    dc.change(f"dn: {dn('ida')}\nchangetype: add\nobjectClass: user\nsAMAccountName: ida\nmail: ida@school.test\nuserAccountControl: 544\n")
    t.ok(session.becomes("ida", True), "somebody new")
    modify(dc, "ida", "replace", "employeeType", "nobody")
    t.ok(session.becomes("ida", False), "who does not fit the profile's filter any more is gone")
    modify(dc, "ida", "replace", "employeeType")
    t.ok(session.becomes("ida", True), "... and back when he does")
    session.quit()


def test_primary_group(t, mail, dc):
    """Who has a group as his primary one is no member of it, and is in it."""
    dc.change(f"dn: {dn('pupils')}\nchangetype: add\nobjectClass: group\nsAMAccountName: pupils\ngroupType: -2147483646\nmail: pupils@school.test\n"
              f"member: {dn('bert')}\nmember: {dn('carl')}\n")
    t.ok(members_become(mail, "pupils", "bert", "carl"), "a new group")
    token = dc.search("(sAMAccountName=pupils)", "primaryGroupToken").split("primaryGroupToken: ")[1].split()[0]
    modify(dc, "bert", "replace", "primaryGroupID", token)
    t.ok(wait_for(lambda: f"primarygroupid: {token}" in read(mail)), "it is his primary group: he is no longer among its members")
    t.ok(members_become(mail, "pupils", "bert", "carl"), "... and is still in it")
    modify(dc, "bert", "replace", "primaryGroupID", 513)
    modify(dc, "pupils", "delete", "member", dn("bert"))
    t.ok(members_become(mail, "pupils", "carl"), "... until he is not")
    t.is_(is_full_pass(mail), True, "after all that the file says what a full pass says")


def test_deletions(t, mail, dc):
    session = Session(mail, "hanna")
    delete(dc, "dora")
    t.ok(session.becomes("dora", False), "deleted: gone, though the login is not shown tombstones: what it cannot see is compared for")
    t.matches(mail.log("ldap-watch"), "compared", "... which the log says")
    dc.fill(lambda db: show_deleted(db, "postroom"))
    at = len(mail.log("ldap-watch"))
    delete(dc, "fritz")
    t.ok(session.becomes("fritz", False), "deleted, where the login may see tombstones: gone")
    t.ok("compared" not in mail.log("ldap-watch")[at:], "... without a comparison")
    session.quit()


def test_away(t, mail, dc):
    session = Session(mail, "hanna")
    at = len(mail.log("ldap-watch"))
    service(mail, "-wD", "-T", "60000", "-d")
    modify(dc, "hanna", "add", "proxyAddresses", "smtp:away@school.test")
    delete(dc, "emil")
    service(mail, "-u")
    t.ok(session.becomes("away", True) and session.becomes("emil", False), "what changed while ldap-watch was away arrives")
    t.matches(mail.log("ldap-watch")[at:], "resumed.*form=numbers", "... it went on from the number it had stored")
    dc.stop()
    t.ok(session.takes("bert"), "P-21 the domain controller is stopped: mail goes on")
    dc.start("prefork")
    modify(dc, "hanna", "add", "proxyAddresses", "smtp:back@school.test")
    t.ok(session.becomes("back", True), "it is back, and followed")
    at = len(mail.log("ldap-watch"))
    service(mail, "-wD", "-T", "60000", "-d")
    os.remove(f"{mail.home}/state/directory/ldap.watch")
    delete(dc, "georg")
    service(mail, "-u")
    t.ok(session.becomes("georg", False), "the place is lost: who is gone is gone")
    t.matches(mail.log("ldap-watch")[at:], "read ", "... everything was read")
    for number in range(10):
        modify(dc, "bert", "replace", "proxyAddresses", f"smtp:bert{number}@school.test")
        kill(mail)
    t.ok(session.becomes("bert9", True) and not session.takes("bert8"), "10 changes, ldap-watch killed after each: the last one counts")
    t.is_(is_full_pass(mail), True, "... and the file says what a full pass says")
    session.quit()


def connections(mail):
    """Of both processes of ldap-watch."""
    pid = str(mail.pid("ldap-watch"))
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        pids = [pid, *file.read().split()]
    return sum(os.readlink(f"/proc/{one}/fd/{fd}").startswith("socket:") for one in pids for fd in os.listdir(f"/proc/{one}/fd"))


def test_comparing(t, mail, dc):
    """Everything is compared all the time."""
    session, at = Session(mail, "hanna"), len(mail.log("ldap-watch"))
    mail.control("ldapcompare", "1")
    wait_for(lambda: "anew" in mail.log("ldap-watch")[at:], 60)
    for number in range(5):
        modify(dc, "carl", "replace", "proxyAddresses", f"smtp:compared{number}@school.test")
        t.ok(session.becomes(f"compared{number}", True) and (not number or not session.takes(f"compared{number - 1}")), f"P-10 while everything is compared, change {number}")
    move(dc, "gustav", SCHOOL, place=f"OU=Form,{GONE}")
    t.ok(session.becomes("gustav", True) and members_become(mail, "staff", "carl", "gustav"), "... somebody comes into the base: he is there, and in his group")
    delete(dc, "bert")
    t.ok(session.becomes("bert", False), "... somebody is deleted")
    t.is_(is_full_pass(mail), True, "... the file says what a full pass says")
    t.ok(wait_for(lambda: connections(mail) <= 4, 60), "... and no connection is left over", connections(mail))
    session.quit()


def test_restored(t, mail, dc):
    """A database that is put back has the invocationId that it had, and smaller numbers."""
    session, private = Session(mail, "hanna"), f"{dc.folder}/private"
    dc.stop()
    shutil.copytree(private, f"{private}.before", ignore=lambda folder, names: [n for n in names if stat.S_ISSOCK(os.lstat(f"{folder}/{n}").st_mode)])
    dc.start("prefork")
    modify(dc, "bert", "add", "proxyAddresses", "smtp:later@school.test")
    t.ok(session.becomes("later", True), "another address")
    dc.stop()
    at = len(mail.log("ldap-watch"))
    shutil.rmtree(private)
    os.rename(f"{private}.before", private)
    dc.start("prefork")
    t.ok(session.becomes("later", False), "the domain controller is put back to what it was before: so are we")
    t.matches(mail.log("ldap-watch")[at:], "moved ", "... its numbers were smaller")
    t.is_(is_full_pass(mail), True, "... and the file says what a full pass says")
    session.quit()


with Postroom(10) as mail, Tap() as t, Domain(f"{mail.folder}/dc", "10.10.0.9") as dc:
    dc.fill(fill)
    dc.start("prefork")
    os.makedirs(f"{mail.home}/control/profiles", exist_ok=True)
    with open("ldapsync/profiles/ad") as file:
        mail.control("profiles/school", file.read().replace("filter: (&", "filter: (&(!(employeeType=nobody))", 1) + "no-submit: employeeType=stopped\n")
    configure(mail, dc, SCHOOL, "school")
    t.ok(wait_for(lambda: "followed" in mail.log("ldap-watch")), "the domain controller is followed", mail.log("ldap-watch"), mail.log("tables-publish"))
    test_people(t, mail, dc)
    test_names(t, mail, dc)
    test_primary_group(t, mail, dc)
    test_deletions(t, mail, dc)
    test_away(t, mail, dc)
    test_restored(t, mail, dc)
    test_comparing(t, mail, dc)
