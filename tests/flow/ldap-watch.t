#!/usr/bin/python3
# ldap-watch: slapd with syncprov; a change there decides the next MAIL of an open session (P-10), whatever it is: an attribute, a
# new person, a rename, a move out of the base, a deletion, a group's member. slapd restarted and stopped (P-21), its session log lost,
# the cookie lost, ldapsync beside it, tables refused, ldap-watch killed: state/directory/ldap.ldif is in the end what a full pass
# writes; byte for byte where it has not grown. A server that tells of no changes is polled.
import os, random, shutil, smtplib, ssl, sys, time

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for
from slapd import BASE, Slapd, person
from watching import *


def test_resume(t, mail, slapd, session):
    """What happened while ldap-watch or slapd was away arrives by either form of the refresh."""
    at = len(mail.log("ldap-watch"))
    t.ok(stored(mail), "ldap-watch follows")
    down(mail)
    slapd.change(f"{uid('bert')}changetype: delete\n")
    slapd.change(person("dora", 31004))
    up(mail)
    t.ok(session.becomes("bert", 550) and session.code("dora") == 250, "what changed while ldap-watch was away arrives")
    t.is_(forms(mail, at), ["delete"], "... by the ids of who is gone: slapd has a session log")
    t.is_(settles(mail, session, "last1", slapd), True, "... and the file is a full pass's")
    at = len(mail.log("ldap-watch"))
    slapd.stop()
    slapd.write("overlay syncprov\n")
    slapd.start()
    t.ok(forms(mail, at), "slapd was restarted, and is followed again")
    t.ok(stored(mail), "... the file that ldapsync wrote meanwhile has its ids")
    down(mail)
    at = len(mail.log("ldap-watch"))
    slapd.change(f"{uid('dora')}changetype: delete\n")
    up(mail)
    t.ok(session.becomes("dora", 550), "the session log is lost: a deletion arrives all the same")
    t.is_(forms(mail, at), ["present"], "... by the ids of who is there")
    t.is_(settles(mail, session, "last2", slapd), True, "... and the file is a full pass's")
    down(mail)
    at = len(mail.log("ldap-watch"))
    os.remove(f"{mail.home}/state/directory/ldap.watch")
    slapd.change(f"{uid('last1')}changetype: delete\n")
    up(mail)
    t.ok(session.becomes("last1", 550) and forms(mail, at) == ["read"], "the cookie is lost: everything is read again, who is gone is gone")
    t.is_(settles(mail, session, "last3", slapd), True, "... and the file is a full pass's")


def test_beside(t, mail, slapd, session):
    """ldapsync from cron, and somebody who writes another file."""
    at = len(mail.log("ldap-watch"))
    t.ok(stored(mail), "ldap-watch follows")
    mail.run("ldapsync")
    slapd.change(modify("hanna", "add: mail\nmail: beside@school.test"))
    t.ok(session.becomes("beside", 250) and "rewritten" not in mail.log("ldap-watch")[at:], "ldapsync beside it: the same words, nothing is read again")
    path = f"{mail.home}/{LDIF}"
    with open(path) as file:
        words = file.read()
    with open(path + ".new", "w") as file:
        file.write(words.replace("head@school.test", "tail@school.test"))
    os.chmod(path + ".new", 0o640)
    shutil.chown(path + ".new", "mail-ldap", "mail-tables")
    os.rename(path + ".new", path)
    t.ok(wait_for(lambda: "rewritten" in mail.log("ldap-watch")[at:]), "a file with other words is noticed")
    t.is_(settles(mail, session, "last4", slapd), True, "... and everything is read again")
    t.is_((session.code("head"), session.code("tail")), (250, 550), "... so the tables have what the server has")


def login(mail, name):
    client = smtplib.SMTP(mail.address, mail.port(587), timeout=300)
    client.starttls(context=ssl._create_unverified_context())
    client.login(f"{name}@school.test", "secret")
    return client


def sends(client, name):
    """What who has logged in is told about his sender."""
    client.rset()
    client.mail(f"{name}@school.test")
    return client.rcpt("hanna@school.test")[0]


def age(mail, seconds):
    """So long ago the directory was heard of."""
    path = f"{mail.home}/state/metrics/directory.prom"
    os.utime(path, (time.time() - seconds,) * 2)
    return lambda: time.time() - os.stat(path).st_mtime < seconds / 2


def test_server_stops(t, mail, slapd, session):
    slapd.change(person("paul", 31020, userPassword="secret"))
    t.ok(session.becomes("paul", 250), "somebody who sends", mail.log("ldap-watch")[-2000:], mail.log("tables-publish")[-2000:])
    client = login(mail, "paul")
    t.ok(wait_for(age(mail, 7200)), "P-21 as long as slapd is followed its facts are new, without any change (state/metrics)")
    slapd.stop()
    t.is_(session.code("hanna"), 250, "P-21 slapd is stopped: mail goes on")
    t.ok(wait_for(lambda: "waiting seconds=2" in mail.log("ldap-watch")), "ldap-watch tries again, with pauses")
    is_new = age(mail, 7200)
    t.is_((sends(client, "paul"), is_new()), (250, False), "P-21 the facts age, and who has logged in may send as before")
    mail.control("directorymaxage", "1h")
    t.is_((sends(client, "paul"), session.code("hanna")), (451, 250), "P-21 control/directorymaxage: then he is to wait; mail for them goes on")
    slapd.start()
    t.is_(settles(mail, session, "last5", slapd), True, "slapd is back: what changes arrives")
    t.ok(wait_for(is_new) and sends(client, "paul") == 250, "... and he sends again, in the same session")
    mail.control("directorymaxage", None)
    client.quit()


def test_guard(t, mail, slapd, session):
    """Tables that are refused: the old ones stay, the cookie is not stored, and it is tried again."""
    before = stored(mail)
    at = len(mail.log("ldap-watch"))
    mail.control("maxvanish", "x")
    slapd.change(person("emil", 31005))
    t.ok(wait_for(lambda: "unpublished" in mail.log("ldap-watch")[at:]), "a control file is broken: the tables are not made, and ldap-watch says so")
    with open(f"{mail.home}/state/directory/ldap.watch") as file:
        t.ok(before and file.read() == before, "... the cookie is as it was")
    kill(mail)
    mail.control("maxvanish", None)
    t.ok(session.becomes("emil", 250), "... and when it is mended the change arrives, although ldap-watch was killed meanwhile")


def test_kills(t, mail, slapd, session):
    """50 changes, ldap-watch killed at random times."""
    chance = random.Random(18)
    there = set()
    for number in range(50):
        name = f"many{chance.randrange(8)}"
        if name not in there:
            slapd.change(person(name, 33000 + number))
            there.add(name)
        elif chance.random() < 0.4:
            slapd.change(f"{uid(name)}changetype: delete\n")
            there.remove(name)
        else:
            slapd.change(modify(name, f"add: mail\nmail: {name}.{number}@school.test"))
        if chance.random() < 0.4:
            time.sleep(chance.random() * 0.3)  # somewhere in what follows the change
            kill(mail)
    t.is_(settles(mail, session, "last6", slapd), True, "50 changes, ldap-watch killed 20 times: in the end the file is a full pass's")
    t.is_({name for name in (f"many{n}" for n in range(8)) if session.code(name) == 250}, there, "... and the tables have who is there")


def test_polling(t, mail, slapd, session):
    mail.control("ldappoll", "1")
    slapd.stop()
    slapd.write("")
    slapd.start()
    t.ok(wait_for(lambda: "polling" in mail.log("ldap-watch"), 90), "a server without syncprov is polled")
    slapd.change(person("poll", 31010))
    t.ok(session.becomes("poll", 250), "... and what changes arrives")
    slapd.change(f"{uid('poll')}changetype: delete\n")
    t.ok(session.becomes("poll", 550), "... deletions, too")

with Postroom(18) as mail, Tap() as t:
    t.matches(mail.log("ldap-watch"), 'idle reason="no control/ldapserver"', "without a directory server ldap-watch is idle")
    slapd = Slapd(mail, 18389)
    slapd.fill(["hanna", "bert"])
    with slapd:
        slapd.configure(mail, f"ou=people,{BASE}")
        test_changes(t, mail, slapd, Session(mail))
        session = Session(mail)
        test_resume(t, mail, slapd, session)
        test_beside(t, mail, slapd, session)
        test_server_stops(t, mail, slapd, session)
        test_guard(t, mail, slapd, session)
        test_kills(t, mail, slapd, session)
        test_polling(t, mail, slapd, session)
