#!/usr/bin/python3
# 389 DS with its content synchronization and its retro changelog: what changes there decides the next MAIL of an open session (P-10), as with slapd
# (ldap-watch.t), whatever it is. What changed while ldap-watch or the server was away arrives, too, by reading all it has: with a cookie this server
# tells neither who has left the filter nor the ids of who has changed. ldap-watch killed: state/directory/ldap.ldif is in the end what a full pass writes. Logins bind there.
import shutil, smtplib, ssl, sys

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for
from slapd import BASE, person
from watching import *

if not shutil.which("dscreate"):
    print("1..0 # SKIP needs 389-ds-base")
    sys.exit(0)
from ds389 import Ds389


def test_resume(t, mail, ds, session):
    ds.change(person("olga", 31009))
    t.ok(session.becomes("olga", 250) and stored(mail), "ldap-watch follows")
    at = len(mail.log("ldap-watch"))
    down(mail)
    ds.change(f"{uid('bert')}changetype: delete\n")
    ds.change(person("dora", 31004))
    ds.change(f"{uid('hanna')}changetype: modrdn\nnewrdn: uid=johanna\ndeleteoldrdn: 1\n")
    ds.change(modify("johanna", "replace: mail\nmail: johanna@school.test"))
    ds.change(modify("olga", "delete: objectClass\nobjectClass: posixAccount"))
    up(mail)
    t.ok(session.becomes("bert", 550), "who was deleted while ldap-watch was away is gone", mail.log("ldap-watch")[at:])
    t.is_((session.code("dora"), session.code("johanna"), session.code("hanna"), session.code("olga")), (250, 250, 550, 550),
          "... who is new and who is renamed are there, who has left the filter is not")
    t.is_(forms(mail, at), ["read"], "... by reading everything")
    with open(f"{mail.home}/{LDIF}") as file:
        t.ok(has_grown(file.read()), "... what was known already is no change")
    t.is_(settles(mail, session, "last1", ds), True, "... and the file is a full pass's")
    t.ok(stored(mail), "it follows")
    at = len(mail.log("ldap-watch"))
    ds.stop()
    t.is_(session.code("dora"), 250, "P-21 the server is stopped: mail goes on")
    ds.start()
    t.ok(forms(mail, at), "it is back, and is followed again")
    t.is_(settles(mail, session, "last2", ds), True, "... and the file is a full pass's")


def test_kills(t, mail, ds, session):
    for number in range(3):
        kill(mail)
        ds.change(person(f"many{number}", 33000 + number))
        kill(mail)
        ds.change(f"{uid(f'many{number}')}changetype: modrdn\nnewrdn: uid=more{number}\ndeleteoldrdn: 1\n")
    t.is_(settles(mail, session, "last4", ds), True, "ldap-watch killed between changes: in the end the file is a full pass's")


def test_login(t, mail, ds):
    ds.change(modify("dora", "replace: userPassword\nuserPassword: known to 389"))
    t.ok(stored(mail), "a password is set, which the server hashes as no other does (PBKDF2)")
    client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.starttls(context=ssl._create_unverified_context())
    t.is_(client.login("dora@school.test", "known to 389")[0], 235, "L-04 who logs in is asked about there")
    client.quit()


with Postroom(61) as mail, Tap() as t:
    with Ds389(mail, 61389) as ds:
        ds.fill(["hanna", "bert"])
        ds.configure(mail, f"ou=people,{BASE}")
        session = Session(mail)
        test_changes(t, mail, ds, session)
        test_resume(t, mail, ds, session)
        test_kills(t, mail, ds, session)
        test_login(t, mail, ds)
