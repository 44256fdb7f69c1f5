#!/usr/bin/python3
# failure: what becomes of mail that another host refuses, takes too slowly, or hangs up on: it is deferred or returned as RFC 5321
# says, the report is one that programs can read (RFC 3464), it comes once, and nothing goes round in circles. (N-78, issue 2
# "Failure")
import email, os, re, signal, subprocess, sys, threading, time

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for

HOST = "127.0.27.2"
REMOTE = "eve@far.test"


def peer(mail, **replies):
    """A new server, which the relay rule leads to."""
    server = Server(sessions=1000, address=HOST, **replies)
    mail.relay_rule(type="default", host=HOST, port=server.port, tls="off")
    return server


def settings(mail, **values):
    """Control files of send-schedule; it reads them at its start and every minute."""
    for name, value in values.items():
        mail.control(name, None if value is None else str(value))
    mail.restart("send-schedule")


def report(mail, id, seconds=120):
    """The report about a message in alice's INBOX, parsed."""
    words = re.compile(rb"please give this number: %s\r?\n" % id.encode())
    return [email.message_from_bytes(m) for m in wait_for(lambda: [m for m in mail.mail("alice") if words.search(m)], seconds)]


def recipients_of(message):
    """The fields of a report: about the message, and about each recipient."""
    return message.get_payload()[1].get_payload()


def is_report(t, message, id, status, words, what):
    """RFC 3464 2: the parts, the fields, the addressee."""
    parts = message.get_payload() if message.is_multipart() else []
    kinds = [part.get_content_type() for part in parts]
    t.is_((message.get_content_type(), message.get_param("report-type"), kinds),
          ("multipart/report", "delivery-status", ["text/plain", "message/delivery-status", "text/rfc822-headers"]), what)
    about, *each = recipients_of(message)
    t.ok(about["Reporting-MTA"].startswith("dns; ") and about["Arrival-Date"] and email.utils.parsedate(about["Arrival-Date"]),
         "... Reporting-MTA, Arrival-Date", about)
    first = each[0]
    t.is_((first["Final-Recipient"].split(";")[0].lower(), first["Action"], first["Status"]), ("rfc822", "failed", status), "... Final-Recipient, Action, Status")
    t.ok(re.search(words, " ".join((first["Diagnostic-Code"] or "").split())), "... Diagnostic-Code: what was said", first.as_string())
    header = parts[2].get_payload()
    t.ok("Subject: " in header and "Hello" not in header and "Received: " in header, "... the header of the message, and not its body", header)
    t.ok(message["Auto-Submitted"] == "auto-replied" and "MAILER-DAEMON@" in message["From"] and message["Return-Path"] == "<>" and
         message["To"] == "<alice@example.test>" and message["Message-ID"] and message["Date"],
         "... Auto-Submitted, From, To, Date, Message-ID, and the null sender", message.items())


def refused(mail, t):
    for stage in ("BANNER", "EHLO", "MAIL", "RCPT", "DATA", "END"):
        for code in (450, 550):
            server = peer(mail, HELO=b"%d no\r\n" % code, **{stage: b"%d %d.7.1 not you (%s)\r\n" % (code, code // 100, stage.encode())})
            id = mail.submit("alice", REMOTE, f"{code} at {stage}")
            if code == 450 or stage in ("BANNER", "EHLO"):
                said = mail.said_last(id)
                t.ok(said and said["verdict"] == "later" and str(code) in f"{said['code']} {said['text']}" and ("EHLO" == stage or f"({stage})" in said["text"]), f"{code} at {stage}: deferred, with its words", said)
                mail.run("qctl", "delete", id)
            else:
                found = report(mail, id)
                t.ok(found and f"({stage})" in recipients_of(found[0])[1]["Diagnostic-Code"], f"{code} at {stage}: returned at once, with its words", found, mail.run("qstat"))
                t.is_((any(b"Hello" in m for m in server.messages), wait_for(lambda: not mail.queued(id))), (stage == "END", True),
                      "... the peer saw no more than it had to, and the queue is empty")
    is_report(t, found[0], id, "5.7.1", r"smtp; 550 (5\.7\.1 )?not you \(END\)", "RFC 3464: multipart/report of three parts")


def one_of_three(mail, t):
    server = peer(mail, RCPT=lambda s: b"550 5.1.1 no such user\r\n" if "bad@" in s.heard[-1] else b"450 4.2.1 later\r\n" if "later@" in s.heard[-1] else b"250 ok\r\n")
    id = mail.submit("alice", ["good@far.test", "bad@far.test", "later@far.test", "bob@example.test"], "one of four")
    found = report(mail, id)
    about, *each = recipients_of(found[0])
    t.is_([(r["Final-Recipient"].replace("; ", ";"), r["Status"]) for r in each], [("rfc822;bad@far.test", "5.1.1")], "of four recipients one is refused: the report is about that one")
    t.ok(mail.mail_with("bob", "Subject: one of four") and len(server.messages) == 1, "... two have it")
    waits = mail.queued(id)
    t.is_({r["address"]: r["state"] for r in waits["recipients"]}, {"good@far.test": "done", "bad@far.test": "failed", "later@far.test": "todo", "bob@example.test": "done"},
          "... and the fourth waits")
    server.replies["RCPT"] = b"250 ok\r\n"
    mail.run("qctl", "retry", id)
    t.ok(wait_for(lambda: not mail.queued(id)), "... until it is taken", mail.run("qstat"))
    t.is_((len(server.messages), len(report(mail, id)), len(mail.mail_with("bob", "Subject: one of four"))), (2, 1, 1), "nobody got it twice, and there is one report")


def slow_or_gone(mail, t):
    mail.control("timeoutremote", "2")
    for what, replies in (("silent instead of a greeting", {"BANNER": lambda s: time.sleep(4)}), ("silent after the message", {"END": lambda s: time.sleep(4)}),
                          ("hangs up at once", {"BANNER": None}), ("hangs up after MAIL", {"MAIL": None}), ("hangs up after DATA", {"DATA": None}),
                          ("hangs up after the message", {"END": None}), ("talks without an end", {"EHLO": b"250-x\r\n" * 100000}),
                          ("says what is no reply", {"MAIL": b"yes\r\n"}), ("says 421 after RCPT", {"RCPT": b"421 4.3.2 going down\r\n"})):
        peer(mail, **replies)
        id = mail.submit("alice", REMOTE, what)
        said = mail.said_last(id)
        t.ok(said and said["verdict"] == "later" and said["text"], f"a peer that {what}: deferred" + (f" ({said['text']})" if said else ""), mail.run("qstat"))
    mail.control("timeoutremote", None)
    ids = [message["id"] for message in mail.queue()]
    server = peer(mail)
    t.matches(mail.run("qctl", "retry", "--all"), f"^{len(ids)} messages", "qctl retry --all")
    t.ok(wait_for(lambda: not mail.queue()), "a peer that is well takes them all", mail.run("qstat"))
    t.is_(sorted(re.search(rb"Subject: ([^\r]*)", m)[1] for m in server.messages), sorted(set(re.search(rb"Subject: ([^\r]*)", m)[1] for m in server.messages)), "... each once")


def restarted_while_it_hangs(mail, t):
    gate = threading.Event()
    server = peer(mail, DATA=lambda s: gate.wait(600) and b"354 go\r\n")
    id = mail.submit("alice", REMOTE, "restarted while it hangs")
    t.ok(wait_for(lambda: "DATA" in server.heard), "a peer that does not answer DATA")
    mail.restart("send-schedule")
    said = mail.said_last(id)
    t.ok(said and said["verdict"] == "later" and "stopped" in said["text"], "... holds up no restart of send-schedule: deferred", said)
    gate.set()
    t.ok(wait_for(lambda: "who asked has ended" in mail.log("smtp-send")) and not server.messages, "... nor has it the message when it answers at last", mail.log("smtp-send")[-800:])
    mail.run("qctl", "retry", id)
    t.ok(wait_for(lambda: not mail.queued(id)) and len(server.messages) == 1, "... but at the next attempt, once", mail.run("qstat"))


def once_over_restarts(mail, t):
    """send-schedule is killed again and again while it returns messages."""
    server = peer(mail, RCPT=b"550 5.1.1 no\r\n")
    mail.stop("send-schedule")
    ids = [mail.submit("alice", REMOTE, f"restart {i}") for i in range(12)]
    subprocess.run(["s6-svc", "-u", f"{mail.home}/service/send-schedule"], check=True)
    for _ in range(4):
        before = len(mail.mail("alice"))
        wait_for(lambda: len(mail.mail("alice")) > before or not mail.queue(), 5)
        if pid := mail.pid("send-schedule"):
            os.kill(pid, signal.SIGKILL)
    t.ok(wait_for(lambda: not mail.queue()), "killed four times, send-schedule comes to an end of it", mail.run("qstat"))
    t.is_([len(report(mail, id)) for id in ids], [1] * len(ids), "... with one report for each message")
    mail.run("queue-check")
    t.is_(mail.code, 0, "queue-check")


def intervals(mail, t):
    settings(mail, retryfirst=4, retrymax=1000)
    peer(mail, MAIL=b"450 4.7.1 come again\r\n")
    id = mail.submit("alice", REMOTE, "intervals")
    waits = []
    for attempt in (1, 2, 3):
        said = mail.said_last(id, attempts=attempt)
        waits.append(mail.queued(id)["next"] - said["time"])
    t.ok(3 <= waits[0] <= 6 and 6 <= waits[1] <= 10 and 13 <= waits[2] <= 19, "the intervals grow: about 4, 8, 16 seconds", waits)
    mail.run("qctl", "delete", id)


def lifetime(mail, t):
    settings(mail, retryfirst=1, retrymax=1, queuelifetime=3)
    peer(mail, RCPT=b"450 4.2.2 her mailbox is full today\r\n")
    id = mail.submit("alice", REMOTE, "lifetime")
    found = report(mail, id)
    if t.ok(len(found) == 1 and not mail.queued(id), "after queuelifetime it is returned", mail.run("qstat")):
        is_report(t, found[0], id, "5.4.7", r"450 4\.2\.2 her mailbox is full today", "... by a report with the last words of the other host")
        t.ok(mail.log("send-schedule").count(f"deferred id={id}") >= 2, "... after several attempts", mail.log("send-schedule")[-800:])
    settings(mail, retryfirst=None, retrymax=None, queuelifetime=None)


def late(mail, t):
    settings(mail, retryfirst=1, retrymax=1, delaywarning=2)
    peer(mail, RCPT=b"450 4.2.2 her mailbox is full today\r\n")
    id = mail.submit("alice", REMOTE, "late")
    found = report(mail, id)
    if t.ok(len(found) == 1 and mail.queued(id), "N-76: after delaywarning its sender is told, and it is still tried", mail.run("qstat")):
        first = recipients_of(found[0])[1]
        t.is_((first["Action"], first["Status"], "Will-Retry-Until" in first, found[0]["Return-Path"]), ("delayed", "4.2.2", True, "<>"), "RFC 3464 2.3.3: ... by a report of a delay")
    attempts = mail.queued(id)["attempts"]
    mail.said_last(id, attempts=attempts + 2)
    mail.restart("send-schedule")
    mail.said_last(id, attempts=attempts + 4)
    t.is_(len(report(mail, id)), 1, "... once, whatever else is tried, and over a restart")
    t.ok("1 message returned" in mail.run("qctl", "bounce", "--recipient", REMOTE, "--because", "She has moved."), "N-71: qctl bounce")
    found = wait_for(lambda: (all := report(mail, id)) and len(all) == 2 and all or None)
    actions = {recipients_of(m)[1]["Action"]: m.get_payload()[0].get_payload() for m in found or []}
    t.ok(sorted(actions) == ["delayed", "failed"] and "She has moved." in actions["failed"] and not mail.queued(id), "... the sender has it back, with the operator's words", actions)
    settings(mail, retryfirst=None, retrymax=None, delaywarning=None)


def cannot_be_returned(mail, t):
    """The sender is not there either."""
    def go(subject):
        client = mail.login(587, "alice")
        id = mail.give(client, "gone@far.test", REMOTE, subject)
        client.quit()
        t.ok(wait_for(lambda: f"id={id} " in mail.log("send-schedule") and not mail.queue()), f"{subject}: the queue is empty at the end", mail.run("qstat"))
        return id

    server = peer(mail, RCPT=b"550 5.1.1 nobody here\r\n")
    mail.control("doublebounceto", "bob@example.test")
    id = go("to the postmaster")
    found = mail.mail_with("bob", f"{id}")
    t.ok(len(found) == 1 and b"as postmaster" in found[0], "a report that cannot be delivered goes to control/doublebounceto, once", found)
    t.is_([line for line in server.heard if line.startswith("MAIL")], [f"MAIL FROM:<gone@far.test>{x}" if i == 0 else f"MAIL FROM:<>{x}" for i, x in enumerate(re.search(r"[^>]*$", l)[0] for l in server.heard if l.startswith("MAIL"))],
          "the report had the null sender")
    t.is_(len([l for l in server.heard if l.startswith("MAIL")]), 2, "... and was tried once")
    mail.control("doublebounceto", "# nobody")
    go("dropped")
    t.matches(mail.log("send-schedule"), r"dropped id=\w+ reason=.*doublebounceto is empty", "without an entry in control/doublebounceto it is dropped, and the log says so")
    mail.control("doublebounceto", "postmaster@far.test")
    server.heard.clear()
    go("a postmaster that is not there")
    t.matches(mail.log("send-schedule"), r"dropped id=\w+ reason=.*not even the postmaster", "a postmaster that refuses too: dropped")
    t.is_(len([l for l in server.heard if l.startswith("MAIL")]), 3, "the message, its report, the report about that: nothing goes in circles")
    mail.control("doublebounceto", None)
    go("the default")
    t.ok(any(b"as postmaster" in m for m in mail.mail_with("alice", "nothing of this kind", 0) or []) or re.search(r"(failed|dropped|delivered) id=\w+b0001b0001 ", mail.log("send-schedule")),
         "the default postmaster, without an address of its own: not lost without a line", mail.log("send-schedule")[-1500:])


with Postroom(27) as mail, Tap() as t:
    settings(mail, concurrencyremote=1)  # the peers serve one after another
    refused(mail, t)
    one_of_three(mail, t)
    slow_or_gone(mail, t)
    restarted_while_it_hangs(mail, t)
    once_over_restarts(mail, t)
    intervals(mail, t)
    lifetime(mail, t)
    late(mail, t)
    cannot_be_returned(mail, t)
