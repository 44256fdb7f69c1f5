"""For flow tests of ldap-watch: a session that sees what is decided; what every server that tells of changes (RFC 4533) must do; ldap-watch stopped,
killed, and whether its files are those of a full pass."""
import hashlib, os, re, signal, smtplib, subprocess

from ldif_changes import entries, has_grown
from postroom import wait_for
from slapd import BASE, person

LDIF = "state/directory/ldap.ldif"


def uid(name, ou="people"):
    return f"dn: uid={name},ou={ou},{BASE}\n"


def modify(name, lines):
    return f"{uid(name)}changetype: modify\n{lines}\n"


class Session:
    """An SMTP session that stays open: what the next transaction says to a recipient."""
    def __init__(self, mail):
        self.mail = mail
        self.open()

    def open(self):
        self.client, self.refused = smtplib.SMTP(self.mail.address, self.mail.port(25), timeout=300), 0
        self.client.ehlo()

    def code(self, local):
        if self.refused > 5:  # a session ends after too many
            self.client.quit()
            self.open()
        self.client.rset()
        self.client.mail("ann@outside.example")
        code = self.client.rcpt(f"{local}@school.test")[0]
        self.refused += code != 250
        return code

    def becomes(self, local, code):
        """Waits until whatif says so; then this session says it as well."""
        def is_decided():
            self.mail.run("whatif", "ann@outside.example", f"{local}@school.test")
            return self.mail.code == (code != 250)
        return wait_for(is_decided) and self.code(local) == code


def is_full_pass(mail):
    """Does the file say what a full pass says?"""
    with open(f"{mail.home}/{LDIF}") as file:
        followed = file.read()
    mail.run("ldap-fetch")
    with open(f"{mail.home}/{LDIF}") as file:
        fetched = file.read()
    is_same = entries(followed) == entries(fetched) if has_grown(followed) else followed == fetched
    return is_same or f"followed:\n{followed}\nfetched:\n{fetched}"


def test_changes(t, mail, slapd, session):
    t.ok(session.becomes("hanna", 250), "its people are accounts soon after control/ldapserver is there", mail.log("ldap-watch"), mail.log("tables-publish"))
    slapd.change(modify("hanna", "add: mail\nmail: head@school.test"))
    t.ok(session.becomes("head", 250), "P-10 an attribute: the next MAIL of the open session")
    slapd.change(person("carl", 31002))
    t.ok(session.becomes("carl", 250), "a new person")
    slapd.change(f"{uid('carl')}changetype: modrdn\nnewrdn: uid=karl\ndeleteoldrdn: 1\n")
    slapd.change(modify("karl", "replace: mail\nmail: karl@school.test"))
    t.ok(session.becomes("karl", 250) and session.code("carl") == 550, "a rename")
    t.is_(is_full_pass(mail), True, "... with the words of a full pass")
    slapd.change(f"{uid('karl')}changetype: modrdn\nnewrdn: uid=karl\ndeleteoldrdn: 1\nnewsuperior: ou=gone,{BASE}\n")
    t.ok(session.becomes("karl", 550), "who is moved out of the base is gone")
    slapd.change(f"dn: uid=karl,ou=gone,{BASE}\nchangetype: modrdn\nnewrdn: uid=karl\ndeleteoldrdn: 1\nnewsuperior: ou=people,{BASE}\n")
    t.ok(session.becomes("karl", 250), "who is moved back is back")
    slapd.change(f"{uid('karl')}changetype: delete\n")
    t.ok(session.becomes("karl", 550), "a deletion")
    slapd.change(modify("bert", "delete: objectClass\nobjectClass: posixAccount"))
    t.ok(session.becomes("bert", 550), "who does not fit the filter any more is gone")
    slapd.change(modify("bert", "add: objectClass\nobjectClass: posixAccount"))
    t.ok(session.becomes("bert", 250), "... and back when he does")
    slapd.change(f"dn: cn=staff,ou=people,{BASE}\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: staff\nmail: staff@school.test\n"
                 f"member: uid=hanna,ou=people,{BASE}\n")
    t.ok(session.becomes("staff", 250), "a group")
    slapd.change(f"dn: cn=staff,ou=people,{BASE}\nchangetype: modify\nadd: member\nmember: uid=bert,ou=people,{BASE}\n")
    t.ok(wait_for(lambda: "bert@school.test" in mail.run("whatif", "ann@outside.example", "staff@school.test")), "a group's new member")
    with open(f"{mail.home}/{LDIF}") as file:
        t.ok(has_grown(file.read()), "changes are put behind the file")
    t.is_(is_full_pass(mail), True, "after all that the file is what a full pass writes")


def settles(mail, session, marker, slapd):
    """A last change arrives; then the file is what a full pass writes, and the tables are made of it."""
    slapd.change(person(marker, 32000 + int(marker[4:])))
    if not session.becomes(marker, 250):
        return mail.log("ldap-watch")[-2000:]
    return is_full_pass(mail)


def resumed(mail, after):
    """The form of the refresh that was logged behind so many bytes."""
    return wait_for(lambda: re.findall(r"ldap-watch: (?:resumed .*form=(\w+)|(read) )", mail.log("ldap-watch")[after:]))


def down(mail):
    mail.stop("ldap-watch")


def up(mail):
    subprocess.run(["s6-svc", "-u", f"{mail.home}/service/ldap-watch"], check=True)


def kill(mail):
    """Both processes of ldap-watch, as a crash would; s6 starts it again."""
    pid = mail.pid("ldap-watch")
    if pid:
        children = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
        for one in [str(pid), *children]:
            try:
                os.kill(int(one), signal.SIGKILL)
            except ProcessLookupError:
                pass


def forms(mail, after):
    return [a or b for a, b in resumed(mail, after) or []]


def stored(mail):
    """state/directory/ldap.watch, once it is that of the file: it is written after the tables are published."""
    def is_of_file():
        with open(f"{mail.home}/state/directory/ldap.watch") as state, open(f"{mail.home}/{LDIF}", "rb") as file:
            words, bytes_ = state.read(), file.read()
            full = bytes_.split(b"\n\n# changes\n")[0] + b"\n\n" if has_grown(bytes_.decode()) else bytes_
            return words if hashlib.sha256(full).hexdigest() in words and words.endswith(f"\n{len(bytes_)}\n") else None
    return wait_for(is_of_file)
