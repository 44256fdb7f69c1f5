#!/usr/bin/python3
# backscatter: whatever a stranger brings under forged senders, no report leaves for any of them: what cannot be delivered is refused
# while he is here, and of what waits nobody is warned whom he named. All mail for the forged domains would go to one host, which
# counts; at the end one report that must go proves that it does. (N-76, T12; security 20; issue 4, Time and reports)
import os, shutil, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
from peer import Server
from postroom import Postroom, Tap, wait_for
from extwire import Wire, gone, letter

FAR, TRUSTED = "127.0.63.200", "127.0.63.9"
MANY, BATCH = 3000, 20  # messages to recipients that are refused; so many in one session
BACK = "127.0.63.77"


class Sink(Server):
    """Where the forged senders live: takes everything."""

    def start(self):
        self.listening.settimeout(1800)
        super().start()

    def told(self):
        return [line for line in list(self.heard) if line.upper().startswith("RCPT") and "forged" in line]


def back_end(server):
    """Of asked.test there is good only; slow.test has no room today."""
    said = server.heard[-1]
    if "slow.test" in said:
        return b"450 4.2.1 not now\r\n"
    return b"250 2.1.5 yes\r\n" if "good@" in said else b"550 5.1.1 no such user\r\n"


def prepare(mail, sink, back):
    for name, value in {"unknownmax": "0", "errorsmax": "0", "mynetworks": TRUSTED, "databytes": "100000", "spoofmx": "yes", "retryfirst": "1", "retrymax": "1", "delaywarning": "1",
                        "block": "sender blocked.forged.test", "doublebounceto": "alice@example.test", "internal": "inside@example.test", "tarpitcount": "0", "concurrencyremote": "1"}.items():
        mail.control(name, value)
    for name, lines in {"domains/asked.test": f"relay: {BACK}:{back.port}\ntls: off\nrecipients: asked", "domains/listed.test": f"relay: {BACK}:{back.port}\ntls: off\nrecipients: listed",
                        "domains/slow.test": f"relay: {BACK}:{back.port}\ntls: off", "addresses/inside": "to: bob@example.test", "addresses/round@example.test": "to: round2@example.test",
                        "addresses/round2@example.test": "to: round@example.test"}.items():
        mail.control(name, lines)
    mail.add_account("full@example.test", "full-password-1")
    mail.add_account("closed@example.test", "closed-password-1")
    mail.edit_account("full", "mailQuota: 50K")
    mail.edit_account("closed", "mailReceive: no")
    mail.relay_rule(type="default", host="127.0.63.2", port=sink.port, tls="off")
    for service in ("smtp-mx", "send-schedule"):  # spoofmx and times are read at once that way
        mail.restart(service)


def fill(mail, t):
    """The mailbox is full before the flood: by mail from alice, who hears of the one that did not fit."""
    for n in range(3):
        gone(mail, mail.submit("alice", "full@example.test", f"fill {n}", "x" * 70 + "\n" + ("y" * 70 + "\n") * 300))
    t.ok(wait_for(lambda: [f for f in os.listdir(f"{mail.home}/state/full") if not f.startswith(".")]), "one mailbox is known to be full")


def sender(n):
    return f"victim{n}@d{n % 50}.forged.test"


def flood(mail, t, what, to, count, expected=(5,), sender=sender):
    """So many messages, pipelined, to a recipient who is refused."""
    codes = []
    for start in range(0, count, BATCH):
        with Wire(mail, 25, FAR) as w:
            w.send("".join(f"MAIL FROM:<{sender(n)}>\r\nRCPT TO:<{to(n)}>\r\nDATA\r\nRSET\r\n" for n in range(start, start + BATCH)))
            for _ in range(BATCH):
                codes.append([w.read()[0] for _ in range(4)])
    firsts = {min((c for c in four[:2] if c >= 400), default=four[1]) // 100 for four in codes}
    t.ok(firsts <= set(expected) and all(four[2] >= 500 for four in codes), f"{count} messages from forged senders {what}: refused", codes[:3])


def give(mail, sender, rcpts, content, more=""):
    """What was said to the recipients and at the end of the message."""
    with Wire(mail, 25, FAR) as w:
        said = [w.code(f"MAIL FROM:<{sender}>{more}")] + [w.code(f"RCPT TO:<{r}>") for r in rcpts]
        if w.code("DATA") == 354:
            w.send(content + b".\r\n")
            said.append(w.read()[0])
        return said


def refused_messages(mail, t):
    received = b"".join(b"Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\r\n" for _ in range(120))
    for what, rcpts, content, more in (
            ("in a loop (hops)", ["bob@example.test"], received + letter("hops"), ""),
            ("in a loop (Delivered-To)", ["bob@example.test"], b"Delivered-To: bob@example.test\r\n" + letter("before"), ""),
            ("... with a report asked for", ["bob@example.test"], b"Delivered-To: bob@example.test\r\n" + letter("before", more=b"Return-Receipt-To: x@d1.forged.test\r\nDisposition-Notification-To: x@d1.forged.test\r\n"), ""),
            ("too large", ["bob@example.test"], letter("big", b"x" * 70 + b"\r\n" + b"y" * 70 + b"\r\n" + (b"z" * 70 + b"\r\n") * 2000), ""),
            ("with a bare LF", ["bob@example.test"], letter("lf", b"a\nb\r\n"), "")):
        for n in range(20):
            said = give(mail, sender(n), rcpts, content, more)
            if said[-1] // 100 != 5:
                break
        t.ok(said[-1] // 100 == 5, f"20 messages from forged senders, {what}: refused at their end", said)
    with Wire(mail, 25, FAR) as w:
        t.is_({w.code(f"MAIL FROM:<{sender(n)}> SIZE=200000") for n in range(40)}, {552}, "40 that say how large they are: refused before they come")
        t.is_({w.code(f"MAIL FROM:<{sender(n)}> RET=FULL") for n in range(40)}, {555}, "40 that ask for reports: strangers are offered none (S-30)")


def accepted_messages(mail, t):
    """What is taken: delivered, or waits for a host that has no room; warnings are due after a second."""
    for n in range(50):
        said = give(mail, sender(n), ["bob@example.test", f"nobody{n}@example.test"], letter(f"good {n}"))
    t.is_(said[1:], [250, 550, 250], "50 messages to one who is there and one who is not: taken for the first alone")
    for n in range(20):
        give(mail, sender(n), ["bob@example.test", "alice@example.test"], b"Delivered-To: bob@example.test\r\n" + letter(f"goes round {n}"))
    t.ok(wait_for(lambda: len([m for m in mail.mail("alice") if b"Subject: goes round" in m]) == 20), "20 in a loop for one of two recipients: the other gets it")
    t.ok(wait_for(lambda: mail.log("send-schedule").count("not-reported") == 20) and not [m for m in mail.mail("bob") if b"Subject: goes round" in m], "... he does not, and nobody is told")
    for n in range(20):
        give(mail, sender(n), [f"good{n}@slow.test"], letter(f"slow {n}"))
    waiting = lambda: [m for m in mail.queue() if m["recipients"][0]["address"].endswith("@slow.test")]
    t.ok(wait_for(lambda: len(waiting()) == 20 and all(m["attempts"] >= 4 and m["age"] > 3 for m in waiting()), 300), "20 messages that wait far longer than delaywarning, tried again and again", waiting()[:2])
    t.is_([m for m in mail.queue() if m["sender"] == ""], [], "no report is in the queue")


with Tap() as t:
    sink, back = Sink(sessions=100000, address="127.0.63.2"), Sink(sessions=100000, address=BACK, RCPT=back_end)
    with Postroom(63) as mail:
        prepare(mail, sink, back)
        fill(mail, t)
        flood(mail, t, "to unknown recipients", lambda n: f"nobody{n}@example.test", MANY)
        flood(mail, t, "to domains that are not ours", lambda n: f"x@other{n}.test", 500)
        flood(mail, t, "to a disabled mailbox", lambda n: "closed@example.test", 500)
        flood(mail, t, "to a full mailbox", lambda n: "full@example.test", 500, expected=(4, 5))
        flood(mail, t, "to unknown recipients of a relayed domain that is asked (S-26)", lambda n: f"nobody{n % 20}@asked.test", 500)
        flood(mail, t, "to unknown recipients of a relayed domain with a list", lambda n: f"nobody{n}@listed.test", 500)
        flood(mail, t, "to an address of which outsiders have no use (N-40)", lambda n: "inside@example.test", 500)
        flood(mail, t, "to an address that leads back to itself", lambda n: "round@example.test", 100, expected=(4, 5))
        flood(mail, t, "whose domain control/block names", lambda n: "bob@example.test", 200, sender=lambda n: f"v{n}@blocked.forged.test")
        flood(mail, t, "of our own (spoofmx)", lambda n: "bob@example.test", 200, sender=lambda n: "alice@example.test")
        refused_messages(mail, t)
        accepted_messages(mail, t)
        t.is_(sink.told(), [], "reports and warnings that left for the forged senders: none")
        t.is_([m for m in mail.mail("alice") if b"report-type" in m and b"forged.test" in m], [], "... nor did the postmaster get any")
        mail.run("qctl", "delete", "--recipient", "@slow.test")
        with Wire(mail, 25, TRUSTED) as w:
            gone(mail, w.give("MAIL FROM:<one@real.forged.test>", "RCPT TO:<bad@asked.test>", letter("must be returned")))
        t.is_(len(wait_for(sink.told) or []), 1, "the count counts: one report that must go went there")
