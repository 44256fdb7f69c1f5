#!/usr/bin/python3
# addresses: whose mail it is. Each case is asked over SMTP at the running instance and of whatif, and both must say the same
# (tests/flow/policy.py); then messages are sent and found where they belong. The suites of ns8-mail, requirements 2.6.
# (N-14, N-17 to N-22, N-25 to N-29, N-35 to N-44, N-79 to N-82, N-103, N-104, L-18 to L-24, S-26, S-34, T1, T2, T5 to T8, T11, T12)
import glob, os, re, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from policy import Policy
from postroom import Postroom, Tap, wait_for

TRANSPORT = "550 5.7.1 <A>: Recipient address rejected: untransportable"
UNKNOWN = "550 5.1.1 <A>: Recipient address rejected: User unknown"
DENIED = "554 5.7.1 <A>: Recipient address rejected: access denied"
CLOSED = "550 5.2.1 <A>: Recipient address rejected: mailbox is disabled"
FULL = "552 5.2.2 <A>: Recipient address rejected: Mailbox is full"
RELAY = "554 5.7.1 <A>: Relay access denied"
OK = "250 2.1.5 Ok"
NEAR = "127.0.36.9"     # in control/mynetworks
FAR = "127.0.36.200"


def domains(ask):
    ask.files({f"domains/d{i}.example": "" for i in range(300)})
    ask.files({"domains/second.test": "addusers: yes", "domains/third.test": "", "addresses/info@d7.example": "to: bob@example.test"})
    ask.case("N-14 hundreds of domains: an address of one", "info@d7.example", OK, leads=["bob@example.test"])
    ask.case("N-14 ... and of none", "info@d8.example", UNKNOWN)
    ask.case("N-17 N-25 every user has an address in a domain with addusers", "bob@second.test", OK, leads=["bob@example.test"])
    ask.case("N-17 N-43 in any case", "BOB@Second.Test", OK, leads=["bob@example.test"])
    ask.case("N-17 N-20 nobody else has", "nobody@second.test", UNKNOWN)
    ask.case("N-17 N-20 nor has he in one without", "bob@third.test", UNKNOWN)
    ask.case("N-117 a domain that is not ours", "bob@elsewhere.example", RELAY)


def addresses(ask):
    """ns8-mail: addresses, ten cases."""
    ask.files({"addresses/sales@third.test": "to: alice@example.test", "addresses/info": "to: bob@example.test",
               "addresses/info@third.test": "to: alice@example.test", "addresses/many": "to: alice@example.test\nto: bob@example.test\nto: joe@far.example",
               "addresses/out@third.test": "to: joe@far.example", "addresses/nested@third.test": "to: many@third.test",
               "addresses/bob@second.test": "to: alice@example.test", "addresses/x_y=1+2@third.test": "to: bob@example.test",
               "addresses/round@third.test": "to: about@third.test", "addresses/about@third.test": "to: round@third.test"})
    ask.case("N-36 N-38 an address of one domain", "sales@third.test", OK, leads=["alice@example.test"], rule="address, control/addresses/sales@third.test")
    ask.case("N-38 ... is no address of another", "sales@second.test", UNKNOWN)
    ask.case("N-38 N-39 a generic address is in every domain", "info@second.test", OK, leads=["bob@example.test"], rule="generic-address, control/addresses/info")
    ask.case("N-39 ... in a domain that was made since too", "info@d299.example", OK, leads=["bob@example.test"])
    ask.case("N-39 ... one domain's own replaces it", "info@third.test", OK, leads=["alice@example.test"])
    ask.case("N-37 several destinations, one of them elsewhere", "many@second.test", OK, leads=["alice@example.test", "bob@example.test", "joe@far.example"])
    ask.case("N-37 one that is elsewhere", "out@third.test", OK, leads=["joe@far.example"])
    ask.case("N-41 an address that leads to an address", "nested@third.test", OK, leads=["alice@example.test", "bob@example.test", "joe@far.example"])
    ask.case("N-41 an address comes before a user of the same name", "bob@second.test", OK, leads=["alice@example.test"])
    ask.case("N-43 N-36 any local part, in any case", "X_Y=1+2@THIRD.test", OK, leads=["bob@example.test"])
    ask.case("a circle of addresses leads nowhere", "round@third.test", "550 5.4.6 <A>: Recipient address rejected: it leads back to itself")
    said = ask.whatif("ann@outside.example", "nested@third.test")
    branches = re.findall(r"^branch      ( *)(\S+): (\w+)", said, re.M)
    ask.t.ok([(len(b[0]), b[1]) for b in branches][:3] == [(0, "nested@third.test"), (2, "many@third.test"), (4, "alice@example.test")],
             "N-41 whatif shows the tree of it", said)
    ask.t.ok("via         out@third.test forwards it" in ask.whatif("ann@outside.example", "out@third.test"), "whatif says who forwards it: SRS")
    ask.files({"addresses/bob@second.test": None, "addresses/round@third.test": None, "addresses/about@third.test": None})


def catchall(ask):
    """ns8-mail: catch-all, four cases."""
    ask.files({"domains/third.test": "catchall: bob@example.test"})
    ask.case("N-19 N-21 who is unknown is the catch-all's", "nobody@third.test", OK, leads=["bob@example.test"], rule="catchall, control/domains/third.test")
    ask.case("N-19 N-41 an address comes before it", "sales@third.test", OK, leads=["alice@example.test"])
    ask.case("N-19 N-41 a generic address too", "info@third.test", OK, leads=["alice@example.test"])
    ask.case("N-20 another domain has none", "nobody@second.test", UNKNOWN)
    before = os.readlink(f"{ask.mail.home}/tables/current")
    said = ask.files({"domains/second.test": "addusers: yes\ncatchall: bob@example.test"})
    ask.t.ok(ask.mail.code and os.readlink(f"{ask.mail.home}/tables/current") == before, "T11 catch-all and user addresses together are refused", said)
    ask.files({"catchallalways": "yes"})
    ask.case("T11 ... but for control/catchallalways", "nobody@second.test", OK, leads=["bob@example.test"])
    ask.case("T11 ... a user comes before it", "alice@second.test", OK, leads=["alice@example.test"])
    ask.files({"catchallalways": None, "domains/second.test": "addusers: yes", "domains/third.test": ""})


def internal(ask):
    """ns8-mail: internal addresses, ten cases."""
    ask.files({"internal": "carol@second.test\ndesk\n", "addresses/staff": "to: alice@example.test\ninternal: yes", "addresses/staff@third.test": "to: bob@example.test",
               "addresses/open@third.test": "to: staff@second.test", "addresses/desk": "to: bob@example.test", "groups/board": "member: alice@example.test\nmember: bob@example.test\ninternal: yes", "domains/second.test": "addusers: yes\naddgroups: yes",
               "domains/alias.test": "alias: second.test"})
    ask.case("N-40 an internal address, from outside", "staff@second.test", DENIED, ip=FAR, rule="internal, control/addresses/staff")
    ask.case("N-40 ... in any case", "STAFF@Second.test", DENIED, ip=FAR)
    ask.case("N-40 N-44 ... with a detail", "staff+x@second.test", DENIED, ip=FAR)
    ask.case("N-40 ... by an alias of the domain", "staff@alias.test", DENIED, ip=FAR)
    ask.case("N-40 ... for who has logged in", "staff@second.test", OK, login="bob", port=587, sender="bob@example.test", leads=["alice@example.test"])
    ask.case("N-40 a user's name that control/internal names", "carol@second.test", DENIED, ip=FAR)
    ask.case("N-40 ... a generic one", "desk@third.test", DENIED, ip=FAR)
    ask.case("N-40 a group that is internal", "board@second.test", DENIED, ip=FAR)
    ask.case("N-18 a group's name is an address where addgroups says so", "board@second.test", OK, login="bob", port=587, sender="bob@example.test",
             leads=["alice@example.test", "bob@example.test"])
    ask.case("N-18 ... and not elsewhere", "board@example.test", UNKNOWN)
    ask.case("T7 one domain's own address wins in this too", "staff@third.test", OK, ip=FAR, leads=["bob@example.test"])
    ask.case("N-40 a public address may lead to an internal one", "open@third.test", OK, ip=FAR, leads=["alice@example.test"])
    ask.files({"internal": "postmaster"})
    ask.case("N-42 a postmaster is never internal", "postmaster@second.test", OK, ip=FAR)
    ask.files({"internal": None})


def postmasters(ask):
    for domain in ("example.test", "second.test", "d200.example", "alias.test"):
        ask.case(f"N-42 there is a postmaster of {domain}", f"postmaster@{domain}", OK, leads=["alice@example.test"])
    ask.case("N-42 N-44 with a detail", "Postmaster+abuse@second.test", OK)
    ask.case("N-42 without a domain", "postmaster", OK, leads=["alice@example.test"])
    ask.files({"addresses/postmaster": "to: bob@example.test"})
    ask.case("N-42 a generic address of that name comes first", "postmaster@d200.example", OK, leads=["bob@example.test"])
    ask.case("N-42 ... without a domain too", "postmaster", OK, leads=["bob@example.test"])
    ask.files({"addresses/postmaster": None})


def details(ask):
    ask.files({"addresses/bob+vip@example.test": "to: alice@example.test", "addresses/team+x": "to: alice@example.test"})
    ask.case("N-44 a user with a detail", "bob+Lists@example.test", OK, leads=["bob@example.test/Lists"])
    ask.case("N-44 a generic address with one", "info+x@second.test", OK, leads=["bob@example.test/x"])
    ask.case("N-44 an address that has the delimiter in it wins", "bob+vip@example.test", OK, leads=["alice@example.test"])
    ask.case("N-44 one that nobody has", "nobody+x@example.test", UNKNOWN)
    ask.files({"recipientdelimiter": "-"})
    ask.case("N-44 another delimiter", "bob-Lists@example.test", OK, leads=["bob@example.test/Lists"])
    ask.case("N-44 ... then + is a letter", "bob+Lists@example.test", UNKNOWN)
    ask.files({"recipientdelimiter": "no"})
    ask.case("N-44 none", "bob-Lists@example.test", UNKNOWN)
    ask.files({"recipientdelimiter": None})
    ask.send("ann@outside.example", "bob+Detailed@example.test", "with a detail")
    ask.t.ok(ask.mail.mail_with("bob", "Subject: with a detail"), "N-44 it arrives: in INBOX, when there is no such folder")


def mailboxes(ask):
    """Disabled and full mailboxes, public ones."""
    ask.files({"mailboxes/carol@example.test": "receive: no", "addresses/both@third.test": "to: carol@example.test\nto: bob@example.test",
               "addresses/only@third.test": "to: carol@example.test"})
    ask.case("N-27 T12 a disabled mailbox", "carol@example.test", CLOSED)
    ask.case("N-27 T12 an address that leads to it alone", "only@third.test", CLOSED)
    ask.case("L-22 T12 of several it is passed over", "both@third.test", OK, leads=["bob@example.test"])
    ask.t.ok("skipped what=disabled address=carol@example.test" in ask.mail.log("smtp-mx"), "L-22 ... with a line in the log", ask.mail.log("smtp-mx")[-1500:])
    ask.files({"mailboxes/carol@example.test": None})
    ask.case("N-27 enabled again", "carol@example.test", OK, leads=["carol@example.test"])
    ask.files({"mailboxes/carol@example.test": "quota: 1M"})
    key = re.search(r"mailbox (\S+): ", ask.whatif("ann@outside.example", "carol@example.test"))[1]
    os.makedirs(f"{ask.mail.home}/state/full", exist_ok=True)
    open(f"{ask.mail.home}/state/full/{key}", "w").close()
    ask.case("S-34 a full mailbox", "carol@example.test", FULL)
    ask.case("S-34 ... alone behind an address", "only@third.test", FULL)
    ask.case("S-34 ... one of several", "both@third.test", OK, leads=["bob@example.test", "carol@example.test"])
    ask.case("S-34 nobody is nobody still", "nobody@example.test", UNKNOWN)
    os.remove(f"{ask.mail.home}/state/full/{key}")
    ask.case("S-34 room again", "carol@example.test", OK)
    ask.files({"mailboxes/carol@example.test": None, "mailboxes/office": ""})
    ask.case("N-26 N-35 a public mailbox has an address in every domain", "office@second.test", OK, leads=["office@second.test"])
    ask.case("N-35 ... in those made since", "office@d123.example", OK)
    ask.send("ann@outside.example", "office@third.test", "for the office")
    ask.t.ok(wait_for(lambda: [f for f in glob.glob(f"{ask.mail.home}/mail/public/office/new/*") if b"for the office" in open(f, "rb").read()]),
             "N-26 and its mail arrives", ask.mail.log("mailbox-spawn")[-1500:])


def lists(ask):
    """Lists by proxyAddresses (requirements 1.1)."""
    team = "team@example.test"
    ask.edit_account("alice", f"proxyAddresses: smtp:{team}")
    ask.edit_account("bob", f"proxyAddresses: SMTP:{team.title()}")
    ask.edit_account("carol", f"proxyAddresses: x500:/o=x/cn={team}")
    ask.case("L-18 L-19 L-20 whose proxyAddresses have it are its members, smtp: or SMTP:", team, OK, leads=["alice@example.test", "bob@example.test"])
    ask.case("L-19 N-43 in any case", "TEAM@Example.test", OK, leads=["alice@example.test", "bob@example.test"])
    ask.edit_account("carol", f"proxyAddresses: smtp:{team}")
    ask.case("L-21 a third one", team, OK, leads=["alice@example.test", "bob@example.test", "carol@example.test"])
    ask.files({"mailboxes/carol@example.test": "receive: no"})
    ask.case("L-22 a disabled member is passed over", team, OK, leads=["alice@example.test", "bob@example.test"])
    ask.files({"mailboxes/carol@example.test": None})
    id = ask.send("ann@outside.example", [team, "bob@example.test", "alice@example.test"], "to the team")
    for user in ("alice", "bob", "carol"):
        found = ask.mail.mail_with(user, "Subject: to the team")
        ask.t.ok(len(found) == 1, f"L-22 {user} gets it once, in the same queue entry {id}", found)
    ask.edit_account("carol", "proxyAddresses: smtp:mine@example.test")
    ask.case("L-24 a list of one is an alias", "mine@example.test", OK, leads=["carol@example.test"])
    said = ask.whatif("ann@outside.example", team)
    ask.t.ok(said.count("\ndestination") == said.count("rule mailbox, directory/") == 2, "L-23 the members are users of the directory, and no other", said)
    ask.case("L-23 what nobody has is nobody's", "others@example.test", UNKNOWN)
    ask.edit_account("carol", "proxyAddresses:")


def forwards(ask):
    """ns8-mail: forwards, four cases."""
    ask.files({"addresses/dora@third.test": "to: carol@example.test", "mailboxes/carol@example.test": "forward: bob@example.test"})
    ask.case("N-28 a forward to another user", "carol@example.test", OK, leads=["bob@example.test"])
    ask.case("N-29 an alias leads through it", "dora@third.test", OK, leads=["bob@example.test"])
    ask.files({"mailboxes/carol@example.test": "forward: bob@example.test\nforward: joe@far.example\nkeep: yes"})
    ask.case("N-28 N-29 with a copy, and elsewhere", "carol@second.test", OK, leads=["bob@example.test", "carol@example.test", "joe@far.example"])
    ask.t.ok("via         carol@example.test forwards it" in ask.whatif("ann@outside.example", "dora@third.test"), "N-28 as whom it goes elsewhere")
    ask.files({"mailboxes/carol@example.test": "forward: bob@example.test", "mailboxes/bob@example.test": "forward: carol@example.test"})
    ask.case("N-28 a circle", "bob@example.test", "550 5.4.6 <A>: Recipient address rejected: it leads back to itself")
    ask.files({"mailboxes/carol@example.test": "forward: bob@example.test\nkeep: yes", "mailboxes/bob@example.test": None})
    ask.send("ann@outside.example", "carol@example.test", "forwarded and kept")
    ask.t.ok(all(len(ask.mail.mail_with(user, "Subject: forwarded and kept")) == 1 for user in ("bob", "carol")), "N-28 N-29 both get it")
    ask.files({"mailboxes/carol@example.test": None})


def returns(ask):
    """What comes back to a sender that SRS made."""
    far = Server(sessions=1000, address="127.0.36.79")
    ask.files({"addresses/out@third.test": "to: joe@far.example", "domains/third.test": "", "relayrules/far": f"type: default\nhost: 127.0.36.79\nport: {far.port}\ntls: off"})
    ask.send("ann@outside.example", "out@third.test", "forwarded elsewhere")
    said = wait_for(lambda: [line for line in far.heard if line.startswith("MAIL FROM:<SRS0=")])
    address = re.search(r"<(.*?)>", said[0])[1] if said else "none@third.test"
    ask.t.ok(said and address.endswith("@third.test"), "a forward elsewhere has a sender of the domain that forwards", far.heard)
    ask.case("... to whom a report may come back, from anybody", address, OK, sender="", ip=FAR, leads=["ann@outside.example"], rule="srs")
    ask.case("... in any case", address.upper(), OK, sender="", ip=FAR, rule="srs")
    ask.case("... but not to one that was not made here", address.replace("ann@", "eve@").replace("=ann@", "=eve@").replace("=ann", "=eve"),
             "550 5.7.1 <A>: Recipient address rejected: not an address that was made here", sender="", ip=FAR)
    ask.files({"relayrules/far": None})


def copies(ask):
    """ns8-mail: always-BCC and archive, four cases."""
    ask.files({"domains/third.test": "copy: carol@example.test"})
    ask.case("N-22 T8 a domain with a copy", "sales@third.test", OK, leads=["alice@example.test", "copy:carol@example.test"])
    ask.case("N-22 ... another without", "bob@second.test", OK, leads=["bob@example.test"])
    ask.files({"alwaysbcc": "archive@piler1", "relayrules/archive": "type: bcc\nhost: piler1.lan\nport: 2525\ntls: off"})
    ask.case("N-103 a copy of each message", "bob@second.test", OK, leads=["bob@example.test", "copy:archive@piler1"])
    said = ask.whatif("ann@outside.example", "bob@second.test")
    ask.t.matches(said, r"copy +archive@piler1\nroute +route=host host=piler1\.lan port=2525 .*\n +rule relay-bcc, control/relayrules/archive", "N-79 N-104 by the archive's own rule")
    ask.case("N-103 N-22 both", "sales@third.test", OK, leads=["alice@example.test", "copy:carol@example.test", "copy:archive@piler1"])
    ask.case("N-103 of what users send too", "joe@far.example", OK, login="bob", port=587, sender="bob@example.test", leads=["joe@far.example", "copy:archive@piler1"])
    archive = Server(sessions=1000, address="127.0.36.78")
    ask.files({"relayrules/archive": f"type: bcc\nhost: 127.0.36.78\nport: {archive.port}\ntls: off"})
    ask.send("ann@outside.example", ["sales@third.test", "info@third.test", "bob@second.test"], "copied")
    found = ask.mail.mail_with("carol", "Subject: copied")
    ask.t.ok(len(found) == 1 and found[0].startswith(b"Return-Path: <>"), "N-22 T8 one copy of a message with two recipients there, from the null sender", found)
    ask.t.ok(len(ask.mail.mail_with("alice", "Subject: copied")) == 1 and ask.mail.mail_with("bob", "Subject: copied"), "N-22 the recipients have it too")
    ask.t.ok(wait_for(lambda: archive.messages) and wait_for(lambda: len(archive.messages) == 1), "N-103 N-104 the archive has it once, by its own rule", archive.heard)
    ask.t.ok([line for line in archive.heard if line.startswith("MAIL FROM:<>")] and [line for line in archive.heard if line.startswith("RCPT TO:<archive@piler1>")],
             "N-103 ... from the null sender", archive.heard)
    ask.t.ok(all(b"archive@piler1" not in m and b"carol" not in m for m in ask.mail.mail_with("bob", "Subject: copied")), "N-103 and nobody sees it")
    ask.files({"relayrules/back": f"type: recipient\nsubject: far.example\nhost: 127.0.36.78\nport: {archive.port}\ntls: off"})
    archive.replies["RCPT"] = lambda server: server.sock.sendall(b"550 5.1.1 nobody\r\n" if "far.example" in server.heard[-1] else b"250 2.1.5 ok\r\n") or b""
    ask.mail.submit("bob", "joe@far.example", "returned")
    report = ask.mail.mail_with("bob", "nobody")
    ask.t.ok(report and wait_for(lambda: any(b"Subject: returned" in m for m in archive.messages)) and wait_for(lambda: not ask.mail.queue())
             and not any(b"multipart/report" in m for m in archive.messages), "N-103 a report that we make is not copied", [m[:400] for m in archive.messages])
    ask.files({"domains/third.test": "", "alwaysbcc": None, "relayrules/archive": None, "relayrules/back": None})


def relay_rules(ask):
    """ns8-mail: relay rules, eight cases, and both orders."""
    def goes(what, sender, to, host, order=None):
        ask.files({"relayorder": order})
        said = ask.whatif(sender, to, login="bob", port=587)
        ask.t.matches(said, rf"route +route=host host={host} ", what)

    rules = {"default": ("default", "", "default.lan"), "sd": ("sender", "example.test", "sender-domain.lan"), "sa": ("sender", "bob@example.test", "sender-address.lan"),
             "rd": ("recipient", "r.test", "recipient-domain.lan"), "ra": ("recipient", "vip@r.test", "recipient-address.lan"), "rs": ("recipient", ".r.test", "recipient-below.lan")}
    ask.files({f"relayrules/{name}": f"type: {type}\n" + (f"subject: {subject}\n" if subject else "") + f"host: {host}\ntls: encrypt\nlogin: {name}\npassword: secret-{name}\n"
               for name, (type, subject, host) in rules.items()})
    goes("N-81 T1 the sender's address comes first", "bob@example.test", "vip@r.test", "sender-address.lan")
    goes("N-82 T2 then the sender's domain", "alice@example.test", "vip@r.test", "sender-domain.lan")
    goes("N-81 then the recipient's address", "x@other.test", "vip@r.test", "recipient-address.lan")
    goes("N-82 in any case", "x@other.test", "VIP@R.Test", "recipient-address.lan")
    goes("N-82 T2 then the recipient's domain", "x@other.test", "x@r.test", "recipient-domain.lan")
    goes("T2 one below it has a rule with a dot", "x@other.test", "x@sub.r.test", "recipient-below.lan")
    goes("N-80 then the default", "x@other.test", "x@none.test", "default.lan")
    goes("the null sender has no rule of its own", "", "x@none.test", "default.lan")
    goes("T1 the other order: the recipient's address", "bob@example.test", "vip@r.test", "recipient-address.lan", "recipient sender default")
    goes("T1 ... then the recipient's domain", "bob@example.test", "x@r.test", "recipient-domain.lan", "recipient sender default")
    goes("T1 ... then the sender", "bob@example.test", "x@none.test", "sender-address.lan", "recipient sender default")
    said = ask.whatif("bob@example.test", "x@none.test", login="bob", port=587)
    ask.t.ok("rule=sa" in said and "log in as   sa" in said and "secret" not in said, "T3 T4 N-86 whatif names rule and login", said)
    ask.files({"relayorder": "recipient default"})
    said = ask.whatif("bob@example.test", "x@none.test", login="bob", port=587)
    ask.t.ok(ask.mail.code == 100 and "control/relayorder" in said, "T1 an order that leaves one out is refused", said)
    ask.files({"relayorder": None, **{f"relayrules/{name}": None for name in rules}})


def relaying(ask):
    """ns8-mail: relay restrictions; who may send elsewhere."""
    hash = ask.mail.run("password-hash", input="shops-password\n").split()[0]
    ask.files({"mynetworks": f"192.168.12.42 {NEAR}/32\n10.77.4.0/24 fd00::/8", "addresses/staff": "to: alice@example.test\ninternal: yes", "domains/second.test": "addusers: yes",
               "backends/shop": f"domain: shop.example\nnetwork: 127.0.36.50\nlogin: shop@relay\npassword: {hash}", "domains/behind.example": "relay: 127.0.36.51"})
    ask.case("P-30 N-117 a stranger may not send elsewhere", "joe@far.example", RELAY, ip=FAR)
    ask.case("P-24 N-98 N-99 who is in mynetworks may, without login or TLS", "joe@far.example", OK, ip=NEAR, leads=["joe@far.example"])
    ask.case("P-30 who has logged in may", "joe@far.example", OK, login="bob", port=587, sender="bob@example.test", leads=["joe@far.example"])
    ask.case("N-98 N-40 mynetworks reaches internal addresses", "staff@second.test", OK, ip=NEAR, leads=["alice@example.test"])
    ask.case("N-40 ... and others do not", "staff@second.test", DENIED, ip=FAR)
    ask.case("S-24 a backend whose domain has no relay rule", "joe@far.example", TRANSPORT, ip="127.0.36.50", sender="a@shop.example")
    ask.case("S-24 ... may send to our domains", "bob@example.test", OK, ip="127.0.36.50", sender="a@shop.example", leads=["bob@example.test"])
    ask.case("S-24 ... and to other backends", "x@behind.example", OK, ip="127.0.36.50", sender="a@shop.example", leads=["x@behind.example"])
    ask.case("S-24 N-40 ... and to internal addresses", "staff@second.test", OK, ip="127.0.36.50", sender="a@shop.example")
    ask.case("S-21 S-24 the same by its login", "joe@far.example", TRANSPORT, login="shop@relay", password="shops-password", port=587, sender="a@shop.example")
    ask.files({"relayrules/shop": "type: sender\nsubject: shop.example\nhost: 127.0.36.52"})
    ask.case("S-24 with a rule for its domain it may send elsewhere", "joe@far.example", OK, ip="127.0.36.50", sender="a@shop.example", leads=["joe@far.example"])
    ask.case("S-24 ... its reports have no way out for that", "joe@far.example", TRANSPORT, ip="127.0.36.50", sender="")
    ask.files({"relayrules/null": "type: sender\nsubject: <>\nhost: 127.0.36.53"})
    ask.case("S-24 ... but by a rule of the null sender", "joe@far.example", OK, ip="127.0.36.50", sender="", leads=["joe@far.example"])
    ask.t.ok("host=127.0.36.53" in ask.whatif("", "joe@far.example", ip="127.0.36.50"), "S-24 ... whose host gets them", ask.whatif("", "joe@far.example", ip="127.0.36.50"))
    ask.t.ok("host=127.0.36.52" in ask.whatif("a@shop.example", "joe@far.example", ip="127.0.36.50"), "S-24 ... and no other mail")
    ask.files({"relayrules/null": None})
    ask.files({"relayrules/shop": "type: default\nhost: 127.0.36.52"})
    ask.case("S-24 ... or with a default rule", "joe@far.example", OK, ip="127.0.36.50", sender="a@shop.example", leads=["joe@far.example"])
    ask.files({"enforcesender": "yes"})
    ask.case("N-101 as another, with the login in another case", "joe@far.example", "553 5.7.1 <alice@example.test>: Sender address rejected: not owned by user bob@example.test",
             login="Bob@Example.Test", password=ask.mail.password("bob"), port=587, sender="alice@example.test")
    ask.files({"enforcesender": None})
    ask.files({"mynetworks": None, "backends/shop": None, "relayrules/shop": None, "domains/behind.example": None, "addresses/staff": None,
               "bypass": "recipient bob@example.test +av\nrecipient second.test"})
    ask.t.matches(ask.whatif("ann@outside.example", "bob@example.test"), r"bypass +the spam filter and the virus filter\n", "N-63 T20 a recipient who is spared the filter")
    ask.t.matches(ask.whatif("ann@outside.example", "alice@second.test"), r"bypass +the spam filter\n", "N-63 ... a domain")
    ask.t.ok("bypass" not in ask.whatif("ann@outside.example", "alice@example.test"), "T20 ... and no other recipient")
    ask.files({"bypass": None})


def relayed_domains(ask):
    """We are the MX of a domain whose mail server is behind us (S-26)."""
    known = b"250 2.1.5 yes\r\n"
    state = {"RCPT": known}
    back = Server(sessions=1000, address="127.0.36.77", RCPT=lambda server: server.sock.sendall(b"") or state["RCPT"])
    ask.files({"domains/all.test": f"relay: 127.0.36.77:{back.port}\ntls: off", "domains/listed.test": f"relay: 127.0.36.77:{back.port}\ntls: off\nrecipients: listed",
               "domains/asked.test": f"relay: 127.0.36.77:{back.port}\ntls: off\nrecipients: asked", "addresses/joe@listed.test": "to: joe@listed.test"})
    ask.case("a relayed domain takes all", "x@all.test", OK, ip=FAR, leads=["x@all.test"], rule="relay-domain, control/domains/all.test")
    ask.case("N-39 generic addresses are of our own domains", "info@all.test", OK, ip=FAR, leads=["info@all.test"])
    ask.case("one with a list takes those", "joe@listed.test", OK, ip=FAR, leads=["joe@listed.test"])
    ask.case("... and no others", "eve@listed.test", UNKNOWN, ip=FAR)
    said = ask.smtp("ann@outside.example", "good@asked.test", ip=FAR)
    ask.t.is_(said, OK, "S-26 one that is asked, and says yes")
    ask.t.ok("is asked whether" in ask.whatif("ann@outside.example", "good@asked.test", ip=FAR), "S-26 whatif says that it is asked")
    state["RCPT"] = b"550 5.1.1 no such user\r\n"
    ask.t.is_(ask.smtp("ann@outside.example", "good@asked.test", ip=FAR), OK, "S-26 N-123 ... is not asked again for hours")
    bad = ask.smtp("ann@outside.example", "bad@asked.test", ip=FAR)
    ask.t.matches(bad, r"^550 5\.1\.1 <bad@asked\.test>: Recipient address rejected: undeliverable address: .*no such user", "S-26 ... and says no")
    state["RCPT"] = known
    ask.t.is_(ask.smtp("ann@outside.example", "bad@asked.test", ip=FAR), bad, "S-26 N-123 ... nor is that")
    state["RCPT"] = b"451 4.3.0 not now\r\n"
    ask.t.matches(ask.smtp("ann@outside.example", "later@asked.test", ip=FAR), r"^450 4\.1\.1 <later@asked\.test>: Recipient address rejected: unverified address",
                  "S-26 ... and cannot say now")
    ask.t.is_(ask.smtp("ann@outside.example", "good@asked.test", ip=FAR), OK, "S-26 ... who is known is taken meanwhile")
    ask.files({"domains/asked.test": "relay: 127.0.36.76:9\ntls: off\nrecipients: asked"})
    ask.t.matches(ask.smtp("ann@outside.example", "eve@asked.test", ip=FAR), r"^450 4\.1\.1 <eve@asked\.test>: Recipient address rejected: unverified address",
                  "S-26 one that is down")
    ask.t.is_(ask.smtp("ann@outside.example", "good@asked.test", ip=FAR), OK, "S-26 ... who is known is taken meanwhile")
    ask.t.ok("verify to=later@asked.test verdict=later" in ask.mail.log("smtp-mx"), "S-26 what was asked is in the log", ask.mail.log("smtp-mx")[-800:])
    ask.case("S-26 who has logged in is not kept waiting", "eve@asked.test", OK, login="bob", port=587, sender="bob@example.test")
    ask.files({"domains/asked.test": f"relay: 127.0.36.77:{back.port}\ntls: off\nrecipients: asked"})
    state["RCPT"] = known
    ask.send("ann@outside.example", "good@asked.test", "to the backend", ip=FAR)
    ask.t.ok(wait_for(lambda: any(b"to the backend" in m for m in back.messages)), "S-26 and the message arrives there")


with Postroom(36) as mail, Tap() as t:
    mail.add_account("carol@example.test", "carols-password")
    ask = Policy(mail, t)
    parts = [domains, addresses, catchall, internal, postmasters, details, mailboxes, lists, forwards, returns, copies, relay_rules, relaying, relayed_domains]
    for part in parts:
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            print("# " + part.__name__)
            part(ask)
