#!/usr/bin/python3
# ipv6: a host without IPv4 (S-05), in a network namespace of its own where there is no address of it, not even 127.0.0.1. Everything listens, takes mail,
# delivers it, is read, and sends on; Received says IPv6; clients are counted by their /64; several addresses.
import os, re, signal, smtplib, socket, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
import net
net.inside("postroom34", *(address + "/128" for address in ("fd00:34::1", "fd00:34:0:1::1", "fd00:34:0:1::2", "fd00:34:0:2::1")),
           make=lambda host: net.ip("-n", host.name, "-4", "address", "flush", "dev", "lo"))
from clock import same_day
from imapwire import Imap
from postroom import Postroom, Tap, wait_for


def connect(mail, port, to="fd00:34::1", source="fd00:34:0:1::1"):
    return socket.create_connection((to, mail.port(port)), timeout=300, source_address=(source, 0))


def banner(mail, port, to, source="fd00:34:0:1::1"):
    """The first word that it says; None if nobody listens there."""
    try:
        with connect(mail, port, to, source) as s:
            return s.recv(100).decode().split()[0]
    except OSError:
        return None


def give(mail, source, to, subject):
    with smtplib.SMTP("fd00:34::1", mail.port(25), timeout=300, source_address=(source, 0), local_hostname="far.example") as s:
        s.sendmail("joe@far.example", [to], f"Subject: {subject}\r\n\r\nx\r\n")


def run(mail, t):
    listening = subprocess.run(["ss", "-Hltn"], stdout=subprocess.PIPE, text=True).stdout
    t.ok(subprocess.run(["ip", "-4", "-o", "address"], stdout=subprocess.PIPE, text=True).stdout == "" and "0.0.0.0:" not in listening, "S-05: there is no IPv4 here", listening)
    ports = {port: banner(mail, port, "fd00:34::1") for port in (25, 587, 143)}
    t.is_(ports, {25: "220", 587: "220", 143: "*"}, "S-05: every port in clear answers")
    give(mail, "fd00:34:0:1::1", "bob@example.test", "by six")
    found = mail.mail_with("bob", "Subject: by six")
    t.ok(found and b"Received: from far.example ([IPv6:fd00:34:0:1::1])" in found[0], "S-05: mail comes in and is delivered; Received says [IPv6:...]", found)
    t.ok(wait_for(lambda: re.search(r"accepted .* client=fd00:34:0:1::1 ", mail.log("smtp-mx"))), "... and so does the log", mail.log("smtp-mx"))
    mail.submit("alice", "bob@example.test", "submitted by six")
    t.ok(mail.mail_with("bob", "Subject: submitted by six"), "S-05: submission, with TLS and a login")
    t.is_(Imap(mail, "bob", folder="INBOX")('SEARCH SUBJECT "by six"').status, "OK", "S-05: IMAP over TLS")
    with smtplib.SMTP("fd00:34::1", mail.port(25), timeout=300, source_address=("fd00:34:0:1::1", 0)) as s:
        s.ehlo("[IPv6:fd00:34:0:1::1]")
        t.is_(s.sendmail("joe@far.example", ["bob@example.test"], "Subject: literal\r\n\r\nx\r\n"), {}, "S-05: EHLO with an IPv6 literal")
    found = mail.mail_with("bob", "Subject: literal")
    t.ok(found and b"from [IPv6:fd00:34:0:1::1] ([IPv6:fd00:34:0:1::1])" in found[0], "... which is in Received", found)
    mail.control("concurrencysmtpdclient", "2\n")
    mail.restart("smtp-mx")
    two = [connect(mail, 25, source=f"fd00:34:0:1::{n}") for n in (1, 2)]
    t.ok(all(s.recv(100).startswith(b"220") for s in two), "two clients of a /64")
    t.is_(banner(mail, 25, "fd00:34::1"), "421", "W-28: a /64 is one client network")
    t.is_(banner(mail, 25, "fd00:34::1", "fd00:34:0:2::1"), "220", "... another one is another")
    for s in two:
        s.close()
    mail.control("concurrencysmtpdclient", None)
    mail.control("mynetworks", "fd00:34:0:2::/64\n")
    same_day()
    mail.control("ratelimit", "client messages 1 per day\n")
    mail.run("tables-build")
    give(mail, "fd00:34:0:1::1", "bob@example.test", "one")
    with smtplib.SMTP("fd00:34::1", mail.port(25), timeout=300, source_address=("fd00:34:0:1::2", 0)) as s:
        s.ehlo("far.example")
        t.is_(s.mail("joe@far.example")[0], 450, "L-10: a limit counts a /64")
    give(mail, "fd00:34:0:2::1", "bob@example.test", "trusted")
    give(mail, "fd00:34:0:2::1", "bob@example.test", "trusted too")
    t.ok(mail.mail_with("bob", "Subject: trusted too"), "... and not mynetworks, which may be IPv6")
    mail.control("ratelimit", None)


def addresses(mail, t):
    """control/listenaddress with several entries."""
    mail.control("listenaddress", "# both\nfd00:34::1\n::1\n")
    mail.restart("smtp-mx")
    seen = lambda: [banner(mail, 25, to) for to in ("fd00:34::1", "::1", "fd00:34:0:1::2")]
    t.is_(seen(), ["220", "220", None], "S-05: several addresses in control/listenaddress, and no other")
    pid = mail.pid("smtp-mx")
    os.kill(pid, signal.SIGHUP)
    t.ok(wait_for(lambda: "renewed" in mail.log("smtp-mx")), "the listener executes itself anew")
    t.ok(seen() == ["220", "220", None] and mail.pid("smtp-mx") == pid, "... and keeps its sockets", seen())
    with connect(mail, 25) as s:
        s.recv(100)
        children = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
        sockets = [os.readlink(f"/proc/{children[0]}/fd/{fd}") for fd in os.listdir(f"/proc/{children[0]}/fd")] if children else []
        t.is_(len({name for name in sockets if name.startswith("socket:")} - {os.readlink(f"/proc/{pid}/fd/2")}), 1, "a session holds its own connection and no listening socket")


with Postroom(34, address="::1") as mail, Tap() as t:
    mail.control("listenaddress", "::\n")
    done = mail.quickstart("--stop")
    mail.options[mail.options.index("--address") + 1] = "::"
    done = mail.quickstart()
    t.ok(done.returncode == 0, "S-05: quickstart works where there is no IPv4", done.stdout[-2000:])
    run(mail, t)
    addresses(mail, t)
