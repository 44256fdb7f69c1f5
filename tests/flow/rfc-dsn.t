#!/usr/bin/python3
# rfc-dsn: what a sender may ask about its message's fate, and what it then hears, tested from the standards alone: RFC 3461 (the
# parameters, who reports what), RFC 3464 and 6522 (the form of a report), RFC 6533 (addresses that are not ASCII), RFC 3834. (S-30)
import email.utils, glob, os, re, socket, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for
from extwire import Report, Wire, gone, letter, parameters, reports, transaction

TRUSTED = "127.0.47.9"  # in control/mynetworks
ALL = ("PIPELINING", "8BITMIME", "SIZE 1000000", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")


class Peer(Server):
    """Another host; refuses recipients with `bad` in their local part."""

    def __init__(self, **more):
        super().__init__(sessions=10000, address="127.0.47.2", RCPT=lambda s: b"550-5.1.1 no such\r\n550 5.1.1 user\r\n" if "bad" in s.heard[-1] else
                         b"451 4.2.1 not now\r\n" if "slow" in s.heard[-1] else b"250 2.1.5 ok\r\n", **more)

    def start(self):
        self.listening.settimeout(1800)
        super().start()


def prepare(mail):
    mail.control("mynetworks", TRUSTED)
    mail.control("errorsmax", "0")
    mail.control("doublebounceto", "bob@example.test")
    peers = {"dsn": Peer(extensions=ALL), "plain": Peer(extensions=("8BITMIME",)), "ascii": Peer(extensions=("8BITMIME", "DSN"))}
    for name, peer in peers.items():
        path = f"{mail.home}/control/relayrules/{name}"
        with open(path, "w") as file:
            file.write(f"type: recipient\nsubject: {name}.test\nhost: 127.0.47.2\nport: {peer.port}\ntls: off\n")
        subprocess.run(["chown", "root:mail-tables", path], check=True)
        os.chmod(path, 0o640)
    mail.control("srs", "no")
    mail.add_account("jörg@bücher.example", "geheim1234")
    for words in (["address", "sales@example.test", "bob@example.test"], ["address", "away@example.test", "joe@dsn.test"], ["address", "far@example.test", "jim@plain.test"],
                  ["address", "several@example.test", "alice@example.test", "bob@example.test"], ["address", "badaway@example.test", "bad.one@plain.test"],
                  ["address", "mixed@example.test", "mixed1@dsn.test", "mixed2@plain.test", "bob@example.test"]):
        said = mail.run("mailadm", "add", *words)
        assert mail.code == 0, said
    return peers


def offered(mail, t):
    for port, user, source in ((587, "alice", None), (465, "alice", None), (25, None, TRUSTED)):
        with Wire(mail, port, source, user) as w:
            t.is_(w.extensions.get("DSN"), "", f"RFC 3461 3 (2): EHLO lists DSN without a parameter on port {port}" + (" for mynetworks" if source else ""))
    with Wire(mail) as w:
        t.ok("DSN" not in w.extensions, "RFC 3461 3, S-30: port 25 does not offer DSN to strangers (documented)")
        t.is_(w.codes("MAIL FROM:<a@far.test> RET=HDRS", "MAIL FROM:<a@far.test> ENVID=x"), [555, 555], "RFC 5321 4.1.1.11: ... nor take its parameters: 555")
        t.is_(w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test> NOTIFY=NEVER", "RCPT TO:<bob@example.test> ORCPT=rfc822;x@y.test"), [250, 555, 555], "RFC 5321 4.1.1.11: those of RCPT neither")
    mail.control("dsnmx", "yes")
    with Wire(mail) as w:
        t.is_((w.extensions.get("DSN"), w.code("MAIL FROM:<a@far.test> RET=HDRS")), ("", 250), "RFC 3461 3, S-30: control/dsnmx offers it to everyone")
    mail.control("dsnmx", None)


def syntax(mail, t):
    with Wire(mail, 465, user="alice") as w:
        for section, words, code in (
                ("4.3", "RET=FULL", 250), ("4.3", "RET=HDRS", 250), ("4.3", "ret=full", 250), ("4.3", "RET=BODY", 501), ("4.3", "RET=", 501), ("4.3", "RET", 501), ("4.3", "RET=FULL,HDRS", 501),
                ("5.1", "RET=FULL RET=FULL", 501), ("4.4", "ENVID=QQ314159", 250), ("4.4", "envid=a+20b+2B+3Dc!~", 250), ("4.4", "ENVID=" + "x" * 100, 250), ("4.4", "ENVID=" + "x" * 101, 501),
                ("5.1", "ENVID=a ENVID=b", 501), ("4", "ENVID=a=b", 501), ("4", "ENVID=a+b", 501), ("4", "ENVID=a+4", 501), ("4", "ENVID=a+2b", 501), ("4", "ENVID=+", 501), ("4", "ENVID", 501),
                ("4.4", "ENVID=a+0Db", 501), ("4.4", "ENVID=a+0Ab", 501), ("4.4", "ENVID=a+00", 501), ("4.4", "ENVID=a+7F", 501), ("4.4", "ENVID=a+C3+BC", 501), ("4", "NOTIFY=NEVER", 555), ("4", "ORCPT=rfc822;a@b.test", 555),
                ("4", "RET=HDRS ENVID=x SIZE=100 BODY=8BITMIME", 250)):
            said = w.code("MAIL FROM:<alice@example.test> " + words)
            t.ok(said == code or code // 100 == 5 and said in (501, 555) and code == 555, f"RFC 3461 {section}: MAIL {words if len(words) < 60 else words[:12] + '... of %d characters' % (len(words) - 6)}: {code}", said)
            w.say("RSET")
        t.is_(w.codes("MAIL FROM:<alice@example.test> RET=NO", "RCPT TO:<bob@example.test>"), [501, 503], "RFC 3461 5.1: a refused MAIL opens no transaction")
        w.say("MAIL FROM:<alice@example.test>")
        for section, words, code in (
                ("4.1", "NOTIFY=NEVER", 250), ("4.1", "NOTIFY=SUCCESS", 250), ("4.1", "NOTIFY=FAILURE", 250), ("4.1", "NOTIFY=DELAY", 250), ("4.1", "NOTIFY=SUCCESS,FAILURE,DELAY", 250), ("4.1", "notify=delay,Success", 250),
                ("4.1", "NOTIFY=NEVER,SUCCESS", 501), ("4.1", "NOTIFY=FAILURE,NEVER", 501), ("4.1", "NOTIFY=ALWAYS", 501), ("4.1", "NOTIFY=", 501), ("4.1", "NOTIFY", 501), ("4.1", "NOTIFY=SUCCESS,", 501), ("4.1", "NOTIFY=,SUCCESS", 501), ("4.1", "NOTIFY=SUCCESS;FAILURE", 501),
                ("5.1", "NOTIFY=SUCCESS NOTIFY=SUCCESS", 501), ("4.2", "ORCPT=rfc822;Bob@Example.Test", 250), ("4.2", "orcpt=RFC822;bob+2Bx+3Dy+20z@example.test", 250), ("4.2", "ORCPT=x400;/S=bob/C=de".replace("=bob", "+3Dbob").replace("=de", "+3Dde"), 250),
                ("4.2", "ORCPT=bob@example.test", 501), ("4.2", "ORCPT=;bob@example.test", 501), ("4.2", "ORCPT=rfc822", 501), ("4.2", "ORCPT=", 501), ("4.2", "ORCPT=rfc 822;a@b", 501), ("4.2", "ORCPT=rf(c;a@b.test", 501),
                ("5.1", "ORCPT=rfc822;a@b.test ORCPT=rfc822;a@b.test", 501), ("4", "ORCPT=rfc822;a=b@c.test", 501), ("4", "ORCPT=rfc822;a+b@c.test", 501), ("4", "ORCPT=rfc822;a+2b@c.test", 501), ("4.2", "ORCPT=rfc822;a+0Ab@c.test", 501),
                ("4.2", "ORCPT=rfc822;" + "a" * 480 + "@c.test", 250), ("4.2", "ORCPT=rfc822;" + "a" * 500 + "@c.test", 501), ("4", "RET=FULL", 555), ("4", "ENVID=x", 555), ("4", "NOTIFY=FAILURE ORCPT=rfc822;a@b.test", 250)):
            said = w.code("RCPT TO:<bob@example.test> " + words)
            t.ok(said == code or code == 555 and said == 501, f"RFC 3461 {section}: RCPT {words if len(words) < 60 else words[:18] + '... of %d characters' % (len(words) - 6)}: {code}", said)


class Sender:
    """A session of alice that sends, waits until all is over, and finds what she was told."""

    def __init__(self, mail, port=465, user="alice", source=None):
        self.mail, self.user, self.wire, self.n = mail, user, Wire(mail, port, source, user), 0

    def __call__(self, to, more="", mail_more="", sender="alice@example.test", body=b"the text itself\r\n", subject=None):
        """Sends to an address or several (address, parameters); the reports, parsed."""
        self.n += 1
        subject = subject or f"dsn {id(self) % 9999}.{self.n}."
        to = [(to, more)] if isinstance(to, str) else to
        queued = self.wire.give(f"MAIL FROM:<{sender}> {mail_more}".rstrip(), [f"RCPT TO:<{a}> {m}".rstrip() for a, m in to], letter(subject, body, sender or "alice@example.test"))
        assert gone(self.mail, queued), self.mail.queue()
        return [Report(r) for r in reports(self.mail, "alice", subject.encode())]


def form(mail, t, send):
    me = open(f"{mail.home}/control/me").read().strip()
    found = send("bob@example.test", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+2Bx@Old.Example", "RET=FULL ENVID=QQ+2B314+20x")
    t.is_(len(found), 1, "RFC 3461 4.1, 5.2.3: NOTIFY=SUCCESS and a mailbox here: one report")
    shape(t, found[0], me, "delivered", "2")
    r = found[0]
    t.is_(r.whole.get("Original-Envelope-Id"), "QQ+314 x", "RFC 3461 6.3 (b), 3464 2.2.1: Original-Envelope-Id is ENVID, decoded")
    t.is_(r.field("Original-Recipient"), "rfc822;Bob+x@Old.Example", "RFC 3461 6.3, 3464 2.3.1: Original-Recipient is ORCPT, decoded, its case kept")
    t.matches(r.field("Final-Recipient"), r"(?i)^rfc822; ?bob@example\.test$", "RFC 3464 2.3.2: Final-Recipient")
    t.ok(r.types[2] in ("text/rfc822-headers", "message/global-headers") and b"the text itself" not in r.raw, "RFC 3461 4.3: RET=FULL does not matter where nothing failed: the header only")
    t.matches(r.field("Final-Log-ID"), r"^[0-9a-v]{16}$", "RFC 3464 2.3.8: Final-Log-ID is the message's id in our log, where we are the last")
    t.ok(r.field("Remote-MTA") is None and "Received-From-MTA" not in r.whole, "RFC 3464 2.3.5, 2.2.4: no Remote-MTA of a mailbox here; no Received-From-MTA of what a person submitted", r.each, r.whole)
    found = send("bad.x@plain.test", "NOTIFY=FAILURE", "RET=FULL")
    t.is_(len(found), 1, "RFC 3461 5.2.2 (c): refused by a host without DSN, NOTIFY=FAILURE: one report")
    r = found[0]
    shape(t, r, me, "failed", "5")
    t.is_(r.field("Status"), "5.1.1", "RFC 3464 2.3.4: Status, as the other host said it")
    t.matches(r.field("Remote-MTA"), r"(?i)^dns; ?\S+", "RFC 3464 2.3.5, 3461 6.3: Remote-MTA names the host that refused")
    t.matches(r.field("Diagnostic-Code"), r"(?i)^smtp; ?550[ -].*5\.1\.1.*user", "RFC 3464 2.3.6, 3461 6.3: Diagnostic-Code is what it said, all lines")
    t.ok("Original-Envelope-Id" not in r.whole, "RFC 3461 6.3 (b), 3464 2.2.1: no Original-Envelope-Id without ENVID")
    t.ok(r.types[2] == "message/rfc822" and b"the text itself" in r.raw, "RFC 3461 4.3, 6.2: RET=FULL and a failure: the whole message comes back as message/rfc822")
    t.ok(r.field("Last-Attempt-Date") is None or email.utils.parsedate_to_datetime(r.field("Last-Attempt-Date")), "RFC 3464 2.3.7: Last-Attempt-Date, if any, is a date")
    with Wire(mail, 25, TRUSTED) as w:
        gone(mail, w.give("MAIL FROM:<alice@example.test>", "RCPT TO:<bad.from@plain.test>", letter("from a host.")))
    found = reports(mail, "alice", "Subject: from a host.")
    t.is_(found and Report(found[0]).whole["Received-From-MTA"], f"dns; client.example ({TRUSTED})", "RFC 3464 2.2.4: Received-From-MTA of what a host brought")
    r = send("bad.y@plain.test", "NOTIFY=FAILURE", "RET=HDRS")[0]
    t.ok(r.types[2] == "text/rfc822-headers" and b"the text itself" not in r.raw and b"Subject: dsn" in r.raw, "RFC 3461 4.3, 6522 4: RET=HDRS: the header as text/rfc822-headers, nothing else")
    r = send([("bad.z@plain.test", "ORCPT=rfc822;z@z.test"), ("bad.w@plain.test", ""), ("good.v@plain.test", "NOTIFY=SUCCESS"), ("good.u@plain.test", "")])
    t.is_(sorted(e["Action"] for x in r for e in x.each), ["failed", "failed", "relayed"], "RFC 3461 5.2.8: several recipients: each that must be reported, no other")
    t.ok(all(x.of("good.u") == -1 for x in r) and [x.field("Original-Recipient", x.of("bad.w")) for x in r if x.of("bad.w") >= 0] in ([None], ["rfc822;bad.w@plain.test"]), "RFC 3464 2.3: fields of one recipient do not reach another's block")


def shape(t, r, me, action, status):
    """RFC 3464 2, 6522 3, 3461 6."""
    m = r.message
    t.is_((m.get_content_type(), m.get_param("report-type")), ("multipart/report", "delivery-status"), f"RFC 3464 2 (a, b), 6522 3: multipart/report; report-type=delivery-status ({action})")
    t.is_((len(r.parts), r.types[:2]), (3, ["text/plain", "message/delivery-status"]), f"RFC 6522 3: text for people, message/delivery-status, the returned part ({action})")
    t.ok(not m.defects and not any(p.defects for p in m.walk()), f"RFC 2045, 6522: Python's parser finds no defect ({action})", [p.defects for p in m.walk()])
    t.matches(r.raw.decode("utf-8", "replace"), r"^Return-Path: <>", f"RFC 3461 6.1, 3464 2: sent with the null sender ({action})")
    t.ok("alice@example.test" in m["To"] and re.search(r"(?i)mailer-daemon|postmaster", m["From"]), f"RFC 3464 2: To: the sender, From: a role ({action})", m["To"], m["From"])
    t.ok(all(m[name] for name in ("Date", "Subject", "Message-ID", "MIME-Version")) and m["MIME-Version"] == "1.0", f"RFC 5322 3.6: Date, Subject, Message-ID, MIME-Version ({action})")
    t.matches(m["Auto-Submitted"], "^auto-(replied|generated)", f"RFC 3834 5, 3464 2: Auto-Submitted ({action})")
    t.ok(r.parts and r.parts[0].get_content().strip() and r.parts[1].get("Content-Transfer-Encoding", "7bit").lower() == "7bit", f"RFC 6522 3, 3464 2.1: the text is not empty, the status part is 7bit ({action})")
    t.is_(str(r.whole.get("Reporting-MTA")).replace(" ", "").lower(), f"dns;{me}".lower(), f"RFC 3464 2.2.2: Reporting-MTA ({action})")
    t.ok(r.whole.get("Arrival-Date") is None or email.utils.parsedate_to_datetime(r.whole["Arrival-Date"]), f"RFC 3464 2.2.5: Arrival-Date is a date ({action})")
    t.is_(r.field("Action"), action, f"RFC 3464 2.3.3: Action ({action})")
    t.matches(r.field("Status"), rf"^{status}\.\d{{1,3}}\.\d{{1,3}}$", f"RFC 3464 2.3.4, 3463: Status ({action})")
    t.ok(all(e.get("Final-Recipient") and e.get("Action") and e.get("Status") for e in r.each), f"RFC 3464 2.3: Final-Recipient, Action, Status of each ({action})")
    t.ok(action == "delayed" or not r.field("Will-Retry-Until"), f"RFC 3464 2.3.9: Will-Retry-Until is for delays only ({action})")


def wishes(mail, t, send):
    for to, notify, expected, section in (
            ("bob@example.test", "", [], "5.2.3 (no NOTIFY, delivered)"), ("bob@example.test", "NOTIFY=NEVER", [], "4.1"), ("bob@example.test", "NOTIFY=FAILURE", [], "4.1"), ("bob@example.test", "NOTIFY=DELAY", [], "4.1"),
            ("bob@example.test", "NOTIFY=DELAY,SUCCESS", ["delivered"], "5.2.3"), ("ok@plain.test", "NOTIFY=SUCCESS", ["relayed"], "5.2.2 (b)"), ("ok@plain.test", "", [], "5.2.2"), ("ok@plain.test", "NOTIFY=NEVER", [], "5.2.2"),
            ("ok@plain.test", "NOTIFY=FAILURE,DELAY", [], "5.2.2"), ("bad@plain.test", "", ["failed"], "5.2.6 (no NOTIFY)"), ("bad@plain.test", "NOTIFY=FAILURE", ["failed"], "5.2.6"), ("bad@plain.test", "NOTIFY=SUCCESS,FAILURE", ["failed"], "5.2.6"),
            ("bad@plain.test", "NOTIFY=SUCCESS", [], "4.1, 5.2.6"), ("bad@plain.test", "NOTIFY=DELAY", [], "4.1, 5.2.6"), ("bad@plain.test", "NOTIFY=NEVER", [], "5.2.2 (d)"), ("bad@dsn.test", "NOTIFY=FAILURE", ["failed"], "5.2.6"),
            ("bad@dsn.test", "NOTIFY=NEVER", [], "4.1"), ("bad@dsn.test", "NOTIFY=SUCCESS", [], "4.1"), ("ok@dsn.test", "NOTIFY=SUCCESS,FAILURE", [], "5.2.1 (the next host reports)"), ("bad@dsn.test", "", ["failed"], "5.2.6")):
        found = send(to, notify)
        t.is_([r.field("Action") for r in found], expected, f"RFC 3461 {section}: {to} with {notify or 'no NOTIFY'}: {expected[0] if expected else 'no report'}")


def null_sender(mail, t, send):
    before = len(mail.mail("alice"))
    for to, more in (("bad.null@plain.test", "NOTIFY=SUCCESS,FAILURE"), ("ok.null@plain.test", "NOTIFY=SUCCESS")):
        told = len(mail.mail("bob"))
        t.is_(send(to, more, sender=""), [], f"RFC 3461 5.2, 5321 6.1: nothing is reported to the null sender ({to})")
        t.is_(len(mail.mail("bob")) - told, "bad" in to, "... control/doublebounceto is told of the failure, once, and of nothing else (documented)")
    t.is_(len(mail.mail("alice")), before, "RFC 5321 6.1: ... and alice, who was logged in, hears nothing")


def passed_on(mail, t, send, peers):
    send("p1@dsn.test", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Old+2BName+3D@Old.Example", "RET=HDRS ENVID=Ab+2B+3D+20c")
    first, rcpt = transaction(peers["dsn"], "p1@dsn.test")
    first, rcpt = parameters(first), parameters(rcpt)
    t.is_((first.get("RET"), first.get("ENVID")), ("HDRS", "Ab+2B+3D+20c"), "RFC 3461 5.2.1 (a): RET and ENVID are passed on unchanged, in xtext")
    t.is_(sorted(rcpt.get("NOTIFY", "").upper().split(",")), ["FAILURE", "SUCCESS"], "RFC 3461 5.2.1: NOTIFY is passed on")
    t.is_(rcpt.get("ORCPT"), "rfc822;Old+2BName+3D@Old.Example", "RFC 3461 5.2.1: ORCPT is passed on unchanged")
    for value in ("NEVER", "DELAY", "FAILURE,DELAY", "SUCCESS,DELAY"):
        send(f"p.{value.replace(',', '.')}@dsn.test", f"NOTIFY={value}")
        heard = parameters(transaction(peers["dsn"], f"<p.{value.replace(',', '.')}@")[1])
        t.is_(sorted(heard.get("NOTIFY", "").upper().split(",")), sorted(value.split(",")), f"RFC 3461 5.2.1: NOTIFY={value} is passed on")
    send("p2@dsn.test")
    first, rcpt = map(parameters, transaction(peers["dsn"], "p2@dsn.test"))
    t.ok(not {"RET", "ENVID"} & set(first), "RFC 3461 5.2.1: RET and ENVID are not said if they were not given", first)
    t.ok("NOTIFY" not in rcpt, "RFC 3461 5.2.1 (c): NOTIFY must not be said if it was not given", rcpt)
    t.ok(rcpt.get("ORCPT") in (None, "rfc822;p2@dsn.test"), "RFC 3461 5.2.1: ORCPT, if it was not given, may only be the address itself", rcpt)
    send("p3@plain.test", "NOTIFY=FAILURE ORCPT=rfc822;x@y.test", "RET=FULL ENVID=e")
    t.is_([set(parameters(x)) - {"BODY", "SIZE"} for x in transaction(peers["plain"], "p3@plain.test")], [set(), set()], "RFC 3461 5.2.2 (a): a host without DSN is told none of its parameters")


def aliases(mail, t, send, peers):
    r = send("sales@example.test", "NOTIFY=SUCCESS", "ENVID=al")
    t.is_([x.field("Action") for x in r], ["delivered"], "RFC 3461 5.2.7.2: an alias of one mailbox: one report, delivered")
    t.ok(r and r[0].field("Original-Recipient") in (None, "rfc822;sales@example.test"), "RFC 3461 5.2.7.2, 3464 2.3.1: Original-Recipient is what the sender wrote", r and r[0].field("Original-Recipient"))
    r = send("sales@example.test", "NOTIFY=SUCCESS ORCPT=rfc822;mine@old.test")
    t.is_(r and r[0].field("Original-Recipient"), "rfc822;mine@old.test", "RFC 3461 5.2.7.2: ORCPT goes through an alias unchanged")
    t.is_(send("away@example.test", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;mine@old.test", "ENVID=fwd RET=HDRS"), [], "RFC 3461 5.2.7.2: an alias to a host with DSN: no report of ours")
    first, rcpt = map(parameters, transaction(peers["dsn"], "joe@dsn.test"))
    t.is_((first.get("ENVID"), first.get("RET"), rcpt.get("ORCPT"), sorted(rcpt.get("NOTIFY", "").upper().split(","))), ("fwd", "HDRS", "rfc822;mine@old.test", ["FAILURE", "SUCCESS"]), "RFC 3461 5.2.7.2: ... ENVID, RET, ORCPT and NOTIFY go along")
    t.is_([x.field("Action") for x in send("far@example.test", "NOTIFY=SUCCESS")], ["relayed"], "RFC 3461 5.2.7.2, 5.2.2: an alias to a host without DSN: relayed")
    r = send("badaway@example.test")
    t.is_([x.field("Action") for x in r], ["failed"], "RFC 3461 5.2.7.2: an alias whose destination fails: failed")
    t.ok(r and "badaway@example.test" in str(r[0].field("Original-Recipient")) or r and "badaway" in str(r[0].field("Final-Recipient")), "RFC 3464 2.3.1: ... the sender can tell which of its recipients that was", r and r[0].each)
    t.is_([x for x in send("badaway@example.test", "NOTIFY=NEVER")], [], "RFC 3461 5.2.7.2: ... or nothing with NOTIFY=NEVER")
    r = send("several@example.test", "NOTIFY=SUCCESS", "ENVID=sev")
    actions = sorted(e["Action"] for x in r for e in x.each)
    t.ok(actions in (["expanded"], ["relayed"]), "RFC 3461 5.2.7.3: an alias of several mailboxes: one report, expanded", actions)
    t.is_(send("several@example.test", "NOTIFY=FAILURE"), [], "RFC 3461 5.2.7.3: ... none if only failures are asked for")
    r = send("mixed@example.test", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;mix@old.test", "ENVID=mix")
    actions = sorted(e["Action"] for x in r for e in x.each)
    t.ok(actions in (["expanded"], ["relayed"]), "RFC 3461 5.2.7.3: an alias of several, here and elsewhere: one report, expanded", actions)
    first, rcpt = map(parameters, transaction(peers["dsn"], "mixed1@dsn.test"))
    t.is_((first.get("ENVID"), rcpt.get("ORCPT"), rcpt.get("NOTIFY", "").upper()), ("mix", "rfc822;mix@old.test", "FAILURE"), "RFC 3461 5.2.7.3 (b): ENVID, ORCPT and NOTIFY go along, but SUCCESS does not")
    if r:
        t.is_((r[0].whole.get("Original-Envelope-Id"), r[0].field("Original-Recipient")), ("mix", "rfc822;mix@old.test"), "RFC 3461 5.2.7.3, 6.3: the expanded report has ENVID and ORCPT")
        t.matches(r[0].field("Final-Recipient"), "mixed@example.test", "RFC 3461 5.2.7.3: its Final-Recipient is the alias: the members are not shown")


def one_for_two(mail, t, send, peers):
    """Two RCPTs that lead to one: it gets the message once, and the sender hears of both."""
    def told(r):
        return sorted((e["Action"], str(e["Original-Recipient"]).replace(" ", "").lower()) for x in r for e in x.each)
    before = len(mail.mail("bob"))
    r = send([("bob@example.test", "NOTIFY=SUCCESS"), ("sales@example.test", "NOTIFY=SUCCESS,FAILURE")], subject="one for two")
    t.is_(told(r), [("delivered", "none"), ("delivered", "rfc822;sales@example.test")], "RFC 3461 5.2.7: two addresses of one mailbox, both asked: both are told of")
    t.is_((len([m for m in mail.mail("bob") if b"Subject: one for two" in m]), [x.field("Final-Recipient").lower() for x in r]), (1, ["rfc822;bob@example.test"]), "... it is delivered once, reported in one report")
    r = send([("sales@example.test", "NOTIFY=SUCCESS ORCPT=rfc822;a@a.test"), ("bob@example.test", "NOTIFY=SUCCESS ORCPT=rfc822;b@b.test"), ("bob@example.test", "NOTIFY=SUCCESS ORCPT=rfc822;c@c.test")])
    t.is_(told(r), [("delivered", f"rfc822;{c}@{c}.test") for c in "abc"], "RFC 3461 5.2.7: ... each with its ORCPT")
    t.is_(told(send([("bob@example.test", ""), ("sales@example.test", "NOTIFY=SUCCESS")])), [("delivered", "rfc822;sales@example.test")], "RFC 3461 5.2.7: only the second asked")
    t.is_(told(send([("bob@example.test", "NOTIFY=SUCCESS"), ("sales@example.test", "NOTIFY=NEVER")])), [("delivered", "none")], "RFC 3461 5.2.7: only the first asked")
    t.is_(told(send([("far@example.test", "NOTIFY=SUCCESS"), ("jim@plain.test", "NOTIFY=SUCCESS ORCPT=rfc822;jim@old.test")])), [("relayed", "rfc822;far@example.test"), ("relayed", "rfc822;jim@old.test")], "RFC 3461 5.2.7: two addresses that lead to one elsewhere")
    t.is_(told(send([("badaway@example.test", "NOTIFY=FAILURE"), ("bad.one@plain.test", "NOTIFY=FAILURE,SUCCESS ORCPT=rfc822;x@old.test")])), [("failed", "rfc822;badaway@example.test"), ("failed", "rfc822;x@old.test")], "RFC 3461 5.2.7: ... which fails: both are told of")
    t.is_(told(send([("badaway@example.test", "NOTIFY=NEVER"), ("bad.one@plain.test", "NOTIFY=FAILURE ORCPT=rfc822;x@old.test")])), [("failed", "rfc822;x@old.test")], "RFC 3461 5.2.7: ... of the one who asked")
    r = told(send([("alice@example.test", ""), ("bob@example.test", ""), ("several@example.test", "NOTIFY=SUCCESS ORCPT=rfc822;sev@old.test")]))
    t.is_(r, [("expanded", "rfc822;sev@old.test")], "RFC 3461 5.2.7.3: a list whose members are all recipients already")
    t.is_([m for m in mail.queue()], [], "... and nothing stays in the queue")


def to_other_hosts(mail, t, peers):
    with Wire(mail, 465, user="alice") as w:
        gone(mail, w.give("MAIL FROM:<back@dsn.test> RET=FULL ENVID=e1", "RCPT TO:<bad.b@plain.test> NOTIFY=SUCCESS,FAILURE,DELAY", letter("back")))
        first, rcpt = transaction(peers["dsn"], "back@dsn.test")
        t.matches(first, "^MAIL FROM:<>", "RFC 3461 6.1: a report is sent by MAIL FROM:<>")
        t.ok(parameters(rcpt).get("NOTIFY", "NEVER").upper() == "NEVER", "RFC 3461 6.1: ... and asks for no report itself", rcpt)
        t.ok("ENVID" not in parameters(first) and "RET" not in parameters(first), "RFC 3461 6.1: ... nor has it the message's ENVID and RET", first)
        before = len(mail.mail("alice"))
        gone(mail, w.give("MAIL FROM:<bad.back@dsn.test>", "RCPT TO:<bad.c@plain.test> NOTIFY=FAILURE", letter("back twice")))
        t.is_(len(mail.mail("alice")), before, "RFC 3464 2, 5321 6.1: a report that cannot be delivered makes no report to its sender")


def utf8(mail, t, send, peers):
    with Wire(mail, 465, user="alice") as w:
        raw, form = "jörg@bücher.example", r"j\x{F6}rg@b\x{FC}cher.example"
        for words, code, why in ((f"ORCPT=utf-8;{form}", 250, "utf-8-addr-xtext"), (f"ORCPT=utf-8;{raw}", 250, "utf-8-addr-unitext under SMTPUTF8"), (r"ORCPT=utf-8;a\x{5C}b\x{2B}\x{3D}@x.test", 250, "\\ + = embedded"), (r"ORCPT=utf-8;\x{1F600}@x.test", 250, "beyond the BMP"),
                                 (r"ORCPT=utf-8;a\b@x.test", 501, "a lone \\"), (r"ORCPT=utf-8;a\x{}@x.test", 501, "no digits"), (r"ORCPT=utf-8;a\x{D800}@x.test", 501, "a surrogate"), (r"ORCPT=utf-8;a\x{110000}@x.test", 501, "beyond U+10FFFF"), (r"ORCPT=utf-8;a\x{20}b@x.test", 250, "a space"), (r"ORCPT=utf-8;a\x{0A}@x.test", 501, "a control character"),
                                 (r"ORCPT=utf-8;a\x{41}@x.test", 501, "printable ASCII must not be embedded"), (r"ORCPT=utf-8;a\x{f6}@x.test", None, "lower-case digits"), (r"ORCPT=utf-8;a\x{00F6}@x.test", 501, "leading zeros"), (r"ORCPT=utf-8;a\x{F6@x.test", 501, "no end"), (r"ORCPT=utf-8;a=b@x.test", 501, "a bare =")):
            w.say("MAIL FROM:<alice@example.test> SMTPUTF8")
            said = w.code("RCPT TO:<bob@example.test> " + words)
            t.ok(said == code or code is None and said in (250, 501), f"RFC 6533 3: {words!a} ({why}): {code or 'any answer'}", said)
            w.say("RSET")
        w.say("MAIL FROM:<alice@example.test>")
        t.ok(w.code(f"RCPT TO:<bob@example.test> ORCPT=utf-8;{raw}") // 100 == 5, "RFC 6533 3: raw UTF-8 in ORCPT needs SMTPUTF8")
        t.is_(w.code(f"RCPT TO:<bob@example.test> ORCPT=utf-8;{form}"), 250, "RFC 6533 3: the ASCII form does not")
        w.say("RSET")
    ascii_or_raw = lambda field: (field or "").replace(" ", "").lower() in (f"utf-8;{raw}".lower(), f"utf-8;{form}".lower(), f"utf-8;j\\x{{f6}}rg@xn--bcher-kva.example", "utf-8;jörg@xn--bcher-kva.example")
    for orcpt in (f"ORCPT=utf-8;{form}", f"ORCPT=utf-8;{raw}"):
        r = send(raw, "NOTIFY=SUCCESS " + orcpt, "SMTPUTF8")
        t.is_([x.field("Action") for x in r], ["delivered"], f"RFC 6533 4: delivered to a non-ASCII mailbox, {orcpt!a}")
        t.ok(r and ascii_or_raw(r[0].field("Final-Recipient")), "RFC 6533 3: Final-Recipient is of the type utf-8", r and r[0].field("Final-Recipient"))
        t.ok(r and ascii_or_raw(r[0].field("Original-Recipient")) and "b" in r[0].field("Original-Recipient"), "RFC 6533 3: Original-Recipient is ORCPT, in a form of the type utf-8", r and r[0].field("Original-Recipient"))
        t.ok(r and (r[0].types[1] == "message/global-delivery-status" or r[0].types[1] == "message/delivery-status" and r[0].parts[1].as_bytes().isascii()), "RFC 6533 4: UTF-8 fields only in message/global-delivery-status", r and r[0].types)
        t.ok(r and not r[0].message.defects, "RFC 6533 4: ... and Python reads it")
    send("u1@dsn.test", f"NOTIFY=FAILURE ORCPT=utf-8;{raw}", "SMTPUTF8")
    t.ok(ascii_or_raw(parameters(transaction(peers["dsn"], "u1@dsn.test")[1]).get("ORCPT")), "RFC 6533 3: ORCPT of the type utf-8 is passed on", transaction(peers["dsn"], "u1@dsn.test"))
    send("u2@ascii.test", f"NOTIFY=FAILURE ORCPT=utf-8;{form}")
    t.is_(parameters(transaction(peers["ascii"], "u2@ascii.test")[1]).get("ORCPT"), f"utf-8;{form}", "RFC 6533 3: to a host without SMTPUTF8 in its ASCII form")
    send("u3@ascii.test", f"NOTIFY=FAILURE ORCPT=utf-8;{raw}", "SMTPUTF8")
    heard = transaction(peers["ascii"], "u3@ascii.test")
    t.is_(heard and parameters(heard[1]).get("ORCPT"), f"utf-8;{form}", "RFC 6533 3: raw UTF-8 becomes the ASCII form for a host without SMTPUTF8")
    t.ok(all(ord(c) < 128 for line in peers["ascii"].heard for c in line), "RFC 6531 3.2: which never hears a byte that is not ASCII")
    for more, types in (("RET=HDRS", ("message/global-headers",)), ("RET=FULL", ("message/global",))):
        r = send("bad.jörg@dsn.test", "NOTIFY=FAILURE", f"SMTPUTF8 {more}", subject=f"ü {more}", body="Grüße\r\n".encode())
        t.is_([x.field("Action") for x in r], ["failed"], f"RFC 6533 4: a non-ASCII recipient is refused: failed ({more})")
        t.ok(r and r[0].types[2] in types, f"RFC 6533 5, 6532 3.7: a returned UTF-8 header is {types[0]}", r and r[0].types)
        t.ok(r and f"Subject: ü {more}".encode() in r[0].raw, "RFC 6533 5: ... as it was sent")
    with Wire(mail, 465, address=raw, password="geheim1234") as w:
        id = w.give(f"MAIL FROM:<{raw}> SMTPUTF8", "RCPT TO:<bad.k@plain.test>", letter("to joerg", b"x\r\n", raw))
        gone(mail, id)
        found = wait_for(lambda: [m for m in (open(p, "rb").read() for p in glob.glob(f"{mail.home}/mail/xn--bcher-kva.example/*/new/*")) if b"report-type" in m])
        t.ok(found and raw.encode() in found[0].split(b"\n\n")[0], "RFC 6533 4, 6532: a report to a non-ASCII sender arrives, To: in UTF-8", found[:1])
        t.is_(found and Report(found[0]).types[1], "message/global-delivery-status", "RFC 6533 4: ... with message/global-delivery-status, since it goes by SMTPUTF8 anyway")


def delayed(mail, t):
    me = open(f"{mail.home}/control/me").read().strip()
    mail.control("delaywarning", "1")
    mail.control("retryfirst", "1")
    mail.restart("send-schedule")
    with Wire(mail, 465, user="alice") as w:
        wanted = {"": "", "d": "NOTIFY=DELAY ORCPT=rfc822;late@old.test", "fd": "NOTIFY=FAILURE,DELAY", "f": "NOTIFY=FAILURE", "s": "NOTIFY=SUCCESS", "n": "NOTIFY=NEVER"}
        ids = {name: w.give("MAIL FROM:<alice@example.test> ENVID=late RET=FULL", f"RCPT TO:<slow.x{name}@plain.test> {more}".rstrip(), letter(f"late.{name}.", b"the text itself\r\n")) for name, more in wanted.items()}
        null = w.give("MAIL FROM:<>", "RCPT TO:<slow.null@plain.test>", letter("late.null."))
        for name in ("d", "fd"):
            found = wait_for(lambda: reports(mail, "alice", f"Subject: late.{name}."))
            t.is_([Report(r).field("Action") for r in found], ["delayed"], f"RFC 3461 5.2.5: NOTIFY={name.upper()}: delayed is reported")
            if name == "d" and found:
                r = Report(found[0])
                shape(t, r, me, "delayed", "4")
                t.ok(r.field("Will-Retry-Until") and email.utils.parsedate_to_datetime(r.field("Will-Retry-Until")), "RFC 3464 2.3.9: Will-Retry-Until is a date", r.field("Will-Retry-Until"))
                t.is_((r.whole.get("Original-Envelope-Id"), r.field("Original-Recipient")), ("late", "rfc822;late@old.test"), "RFC 3461 6.3: ENVID and ORCPT in a report of a delay")
                t.ok(b"the text itself" not in r.raw, "RFC 3461 4.3: RET=FULL does not matter for a delay")
        tried = lambda id: (mail.queued(id) or {}).get("attempts", 0) > 3
        t.ok(wait_for(lambda: all(tried(i) for i in [*ids.values(), null])), "all are tried again", mail.queue())
        for name in ("f", "s", "n"):
            t.is_(reports(mail, "alice", f"Subject: late.{name}."), [], f"RFC 3461 4.1: NOTIFY without DELAY: no report of a delay ({wanted[name]})")
        t.ok([Report(r).field("Action") for r in reports(mail, "alice", "Subject: late..")] in ([], ["delayed"]), "RFC 3461 4.1: without NOTIFY it may be reported, once")
        t.ok(not reports(mail, "alice", "Subject: late.null.") and not reports(mail, "bob", "Subject: late.null."), "RFC 5321 6.1: of a delay nobody is told for the null sender")
        t.is_(len(reports(mail, "alice", "Subject: late.d.")), 1, "RFC 3464 2.3.9: a delay is reported once, not at each attempt")
        mail.run("qctl", "delete", *ids.values(), null)
    mail.control("delaywarning", None)


def languages(mail, t, send):
    """The words are text files (doc/texts.md), as installed; the fields for programs are the same."""
    path = f"{mail.home}/control/domains/example.test"
    before = open(path).read()
    with open(path, "a") as file:
        file.write("language: fr\n")
    said = mail.run("tables-build")
    assert mail.code == 0, said
    me = open(f"{mail.home}/control/me").read().strip()
    r = send("bad.fr@plain.test", "NOTIFY=FAILURE")[0]
    shape(t, r, me, "failed", "5")
    t.is_((r.message["Subject"], r.parts[0]["Content-Language"]), ("Votre message n'a pas pu être remis", "fr"), "a report in the language of its reader's domain")
    t.ok("Il n'existe pas de boîte aux lettres de ce nom." in r.parts[0].get_content() and "550" in r.parts[0].get_content(), "... with what the other host said", r.parts[0].get_content())
    os.makedirs(f"{mail.home}/control/texts/fr")
    with open(f"{mail.home}/control/texts/fr/failure", "w") as file:
        file.write("Subject: Non\n\n{recipients}\n")
    t.is_(send("bad.fr2@plain.test", "NOTIFY=FAILURE")[0].message["Subject"], "Non", "... in the operator's own words, at once")
    with open(f"{mail.home}/control/texts/fr/failure", "w") as file:
        file.write("{recipients}\n")
    t.is_(send("bad.fr3@plain.test", "NOTIFY=FAILURE")[0].message["Subject"], "Votre message n'a pas pu être remis", "... and if these are broken, in those that came with it")
    t.ok("text-left-out" in mail.log("send-schedule"), "... which the log says")
    with open(path, "w") as file:
        file.write(before)
    mail.run("tables-build")


class Lmtp(Wire):
    def __init__(self, mail):
        self.sock, self.rest, self.extensions = socket.socket(socket.AF_UNIX), b"", {}
        self.sock.connect(f"{mail.home}/run/lmtp")
        self.read()
        self.ehlo("LHLO front.test")


def by_lmtp(mail, t):
    """RFC 2033 4.2 has one answer for each recipient: only who was delivered to is reported."""
    for name in ("small1", "small2", "small3", "small4"):  # what was refused once is refused at RCPT (S-34)
        mail.add_account(f"{name}@example.test", "geheim1234")
        with open(f"{mail.home}/control/mailboxes/{name}@example.test", "w") as file:
            file.write("quota: 2K\n")
    mail.run("mailadm", "add", "address", "tiny@example.test", "small1@example.test", "small2@example.test")
    mail.run("mailadm", "add", "address", "small@example.test", "small3@example.test", "small4@example.test")
    assert mail.code == 0
    mail.control("alwaysbcc", "bob@example.test")
    with Lmtp(mail) as w:
        t.is_(w.extensions.get("DSN"), "", "RFC 3461 3: LHLO lists DSN")
        for to, size, code, actions in (("bob", 10, 250, ["delivered"]), ("several", 10, 250, ["expanded"]), ("small1", 5000, 552, []), ("tiny", 5000, 552, [])):
            subject, copies = f"lmtp {to}.", len(mail.mail("bob"))
            w.codes("MAIL FROM:<alice@example.test>", f"RCPT TO:<{to}@example.test> NOTIFY=SUCCESS,FAILURE", "DATA")
            w.send(letter(subject, b"x" * 70 + b"\r\n" + b"0123456789\r\n" * (size // 10)) + b".\r\n")
            t.is_(w.read()[0], code, f"RFC 2033 4.2: {to} by LMTP: {code}")
            wait_for(lambda: not mail.queue() and len(reports(mail, "alice", f"Subject: {subject}")) >= len(actions))
            t.is_([Report(r).field("Action") for r in reports(mail, "alice", f"Subject: {subject}")], actions, f"RFC 3461 5.2.3, 2033 4.2: {to} by LMTP: {actions[0] if actions else 'the answer is all, nothing is reported'}")
            if code != 250:
                t.is_(len(mail.mail("bob")), copies, f"N-103 ... and there is no copy of what was refused ({to})")
    mail.control("alwaysbcc", None)
    with Lmtp(mail) as w:
        t.is_(w.codes("MAIL FROM:<alice@example.test>", "RCPT TO:<bob@example.test> NOTIFY=SUCCESS", "RCPT TO:<small@example.test> NOTIFY=SUCCESS", "DATA"), [250, 250, 250, 354], "RFC 2033 4.2: two recipients by LMTP")
        w.send(letter("lmtp both.", b"0123456789\r\n" * 500) + b".\r\n")
        t.is_(w.reads(2), [250, 552], "RFC 2033 4.2: one recipient is delivered to, the list is refused")
        wait_for(lambda: not mail.queue() and reports(mail, "alice", "Subject: lmtp both."))
        t.is_([(e["Action"], e["Final-Recipient"].split(";")[1].strip()) for r in reports(mail, "alice", "Subject: lmtp both.") for e in Report(r).each], [("delivered", "bob@example.test")], "RFC 3461 5.2.7.3: a list that was refused by LMTP is not reported as expanded")


with Postroom(47) as mail, Tap() as t:
    peers = prepare(mail)
    send = Sender(mail)
    parts = {"syntax": lambda: (offered(mail, t), syntax(mail, t)), "form": lambda: form(mail, t, send), "wishes": lambda: wishes(mail, t, send), "null": lambda: null_sender(mail, t, send),
             "passed": lambda: passed_on(mail, t, send, peers), "aliases": lambda: aliases(mail, t, send, peers), "two": lambda: one_for_two(mail, t, send, peers), "others": lambda: to_other_hosts(mail, t, peers), "utf8": lambda: utf8(mail, t, send, peers),
             "lmtp": lambda: by_lmtp(mail, t), "delayed": lambda: delayed(mail, t), "languages": lambda: languages(mail, t, send)}
    for name in sys.argv[1:] or parts:
        parts[name]()
