#!/usr/bin/python3
# ldap-watch: slapd with syncprov; a change there decides the next MAIL of an open session (P-10), whatever it is: an attribute, a
# new person, a rename, a move out of the base, a deletion, a group's member; state/directory/ldap.ldif is in the end what a full
# pass writes, byte for byte.
import os, re, smtplib, sys

sys.path.insert(0, "tests/flow")
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for
from slapd import BASE, Slapd, person

LDIF = "state/directory/ldap.ldif"


def uid(name, ou="people"):
    return f"dn: uid={name},ou={ou},{BASE}\n"


def modify(name, lines):
    return f"{uid(name)}changetype: modify\n{lines}\n"


class Session:
    """An SMTP session that stays open: what the next transaction says to a recipient."""
    def __init__(self, mail):
        self.mail = mail
        self.client = smtplib.SMTP(mail.address, mail.port(25), timeout=60)
        self.client.ehlo()

    def code(self, local):
        self.client.rset()
        self.client.mail("ann@outside.example")
        return self.client.rcpt(f"{local}@school.test")[0]

    def becomes(self, local, code):
        """Waits until whatif says so, for a session ends after too many refusals; then this session says it as well."""
        def is_decided():
            self.mail.run("whatif", "ann@outside.example", f"{local}@school.test")
            return self.mail.code == (code != 250)
        return wait_for(is_decided, 60) and self.code(local) == code


def is_full_pass(mail):
    """Does the file say what a full pass says?"""
    with open(f"{mail.home}/{LDIF}") as file:
        followed = file.read()
    mail.run("ldap-fetch")
    with open(f"{mail.home}/{LDIF}") as file:
        fetched = file.read()
    return followed == fetched or f"followed:\n{followed}\nfetched:\n{fetched}"


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
    t.is_(is_full_pass(mail), True, "after all that the file is what a full pass writes")


with Postroom(41) as mail, Tap() as t:
    t.matches(mail.log("ldap-watch"), 'idle reason="no control/ldapserver"', "without a directory server ldap-watch is idle")
    slapd = Slapd(mail, 41389)
    slapd.fill(["hanna", "bert"])
    with slapd:
        slapd.configure(mail, f"ou=people,{BASE}")
        test_changes(t, mail, slapd, Session(mail))
