#!/usr/bin/python3
# outage: slapd is stopped (P-21): mail to its people from outside and from them to outside goes on, none of it deferred; so do logins by stored hashes and
# app passwords. bench/outage is the same with 10,000 messages.
import os, sys

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from outage import Outage
from postroom import Postroom, Tap, wait_for

MESSAGES = 200

with Postroom(60) as mail, Tap() as t, Outage(mail) as outage:
    came = outage.come_in(MESSAGES, watch=outage.inboxes(), wait=300)
    t.is_((came["done"], came["failed"], came.get("delivered")), (MESSAGES, 0, MESSAGES), "P-21 slapd is stopped: mail from outside is taken and delivered")
    sent, taken = outage.go_out(MESSAGES)
    t.is_((sent["done"], sent["failed"], taken["done"]), (MESSAGES, 0, MESSAGES), "... mail of its people to outside leaves")
    t.is_(outage.deferred(), 0, "... nothing was deferred")
    t.ok(wait_for(lambda: not mail.queue()), "... and nothing waits")
    logins = outage.log_in(40)
    t.is_((logins["done"], logins["failed"]), (40, 0), "logins by the stored hash: IMAP")
    logins = outage.log_in(40, protocol="smtp", port=465)
    t.is_((logins["done"], logins["failed"]), (40, 0), "... and submission")
    logins = outage.log_in(10, user="user1@school.test", password=outage.phone)
    t.is_((logins["done"], logins["failed"]), (10, 0), "logins by an app password")
    t.is_(outage.log_in(1, password="wrong")["failed"], 1, "... a wrong one is refused")
    before = os.readlink(f"{mail.home}/tables/current")
    mail.run("ldapsync")
    t.is_((mail.code, os.readlink(f"{mail.home}/tables/current")), (111, before), "a full pass changes nothing")
