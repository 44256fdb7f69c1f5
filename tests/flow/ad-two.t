#!/usr/bin/python3
# ldap-watch and two Samba AD domain controllers that replicate (L-03, P-21): the one that is named first is followed, with what was changed on the other one; it is
# stopped, with a change that was not replicated: the other one is, whose numbers are others; both stopped, the first one back, the other one not, what was deleted on
# one and changed on the other. state/directory/ldap.ldif is what a full pass from there writes.
import sys

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
import net
net.inside("postroom6", "10.6.0.1/24", "10.6.0.2/24", "10.6.0.9/24", hosts="10.6.0.1 dc1.ad.test dc1\n10.6.0.2 dc2.ad.test dc2\n")
from ldif_changes import entries
from postroom import Postroom, Tap, wait_for
from samba_dc import REPLICATED, USERS, Domain, Joined, configure, person


def fill(db):
    person(db, "postroom")
    for name in ("hanna", "bert", "carl"):
        person(db, name, mail=f"{name}@school.test")


def give(dc, name, address):
    dc.change(f"dn: CN={name},{USERS}\nchangetype: modify\nreplace: proxyAddresses\nproxyAddresses: smtp:{address}@school.test\n")


def delete(dc, name):
    dc.change(f"dn: CN={name},{USERS}\nchangetype: delete\n")


def becomes(mail, local, taken):
    """Is mail to him taken, or not, at last?"""
    def is_decided():
        mail.run("whatif", "ann@outside.example", f"{local}@school.test")
        return (mail.code == 0) == taken
    return wait_for(is_decided)


def read(mail):
    with open(f"{mail.home}/state/directory/ldap.ldif") as file:
        return entries(file.read())


def is_full_pass(mail):
    followed = read(mail)
    mail.run("ldap-fetch")
    return followed == read(mail)


def moves(mail, at, dc):
    """Everything is read anew, from this one."""
    return wait_for(lambda: any("read " in line and dc.address in line for line in mail.log("ldap-watch")[at:].splitlines()))


def test_both(t, mail, dc, dc2):
    give(dc2, "hanna", "replicated")
    dc2.exchange()
    t.ok(becomes(mail, "replicated", True), "what was changed on the second controller is followed on the first one, when it has it")
    t.ok(dc2.address not in mail.log("ldap-watch"), "... the first one alone")


def test_first_stops(t, mail, dc, dc2):
    at = len(mail.log("ldap-watch"))
    give(dc, "bert", "alone")
    t.ok(becomes(mail, "alone", True), "a change that the second one does not have yet")
    dc.stop()
    t.ok(moves(mail, at, dc2), "P-21 the first one stops: the second one is followed, whose numbers are others", mail.log("ldap-watch")[at:])
    t.ok(becomes(mail, "alone", False), "... and it counts what that one has")
    give(dc2, "carl", "second")
    delete(dc2, "hanna")
    t.ok(becomes(mail, "second", True) and becomes(mail, "hanna", False), "its changes are followed")
    t.is_(is_full_pass(mail), True, "... the file says what a full pass says")


def test_back(t, mail, dc, dc2):
    dc.start("prefork")
    give(dc, "hanna", "late")  # whom the other one has deleted
    dc2.exchange()
    t.ok(becomes(mail, "alone", True), "the first one is back, and they replicate: what it had alone comes by the second one")
    at = len(mail.log("ldap-watch"))
    dc2.stop()
    t.ok(moves(mail, at, dc), "the second one stops: the first one is followed again", mail.log("ldap-watch")[at:])
    give(dc, "bert", "last")
    t.ok(becomes(mail, "last", True) and becomes(mail, "second", True), "... its changes, and those that it has from the second one")
    t.ok(becomes(mail, "hanna", False) and becomes(mail, "late", False), "... who was deleted there, and changed here, is gone")
    t.is_(is_full_pass(mail), True, "... the file says what a full pass says")


with Postroom(6) as mail, Tap() as t, Domain(f"{mail.folder}/dc1", "10.6.0.1", REPLICATED) as dc:
    dc.fill(fill)
    with Joined(f"{mail.folder}/dc2", "10.6.0.2", dc) as dc2:
        dc2.start("prefork")
        configure(mail, dc)
        with open(dc.ca) as one, open(dc2.ca) as other:
            mail.control("ldapca.pem", one.read() + other.read())
        mail.control("ldapserver", f"{dc.address}\n{dc2.address}")
        t.ok(wait_for(lambda: "followed" in mail.log("ldap-watch")), "the first domain controller is followed", mail.log("ldap-watch"), mail.log("tables-publish"))
        test_both(t, mail, dc, dc2)
        test_first_stops(t, mail, dc, dc2)
        test_back(t, mail, dc, dc2)
