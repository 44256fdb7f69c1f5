#!/usr/bin/python3
# outbound: without a relay rule mail leaves by MX. A whole instance in a network namespace of its own, with a real nsd behind a
# real unbound: order of preference, a dead first MX, null MX, no MX, no such domain; (IPv6: smtp-send-mx.t) DNS down: mail waits, says why, and flows
# when it is back. (N-78, security check 33, RFC 5321 5.1, RFC 7505)
import email, sys

sys.path[:0] = ["tests", "tests/flow"]
import net
net.inside("postroom25")
from peer import Server
from postroom import Postroom, Tap, wait_for

ZONE = """first A 127.0.25.21
second A 127.0.25.22
dead A 127.0.25.20
order MX 20 second
order MX 10 first
behind MX 10 dead
behind MX 20 second
null MX 0 .
plain A 127.0.25.21
later MX 10 first
later2 A 127.0.25.21
homeless MX 10 nowhere
"""


def taken_by(mail, t, domain, server, what):
    before = len(server.messages)
    id = mail.submit("alice", f"eve@{domain}", what)
    t.ok(wait_for(lambda: len(server.messages) > before and not mail.queued(id)), what, mail.run("qstat"), mail.log("smtp-send")[-600:])


def returned(mail, t, domain, status, words, what):
    id = mail.submit("alice", f"eve@{domain}", what)
    found = mail.mail_with("alice", f"{id}\n") or [b""]
    text = " ".join(email.message_from_bytes(found[0]).as_string().split())
    t.ok(f"Status: {status}" in text and words in text and wait_for(lambda: not mail.queued(id)), f"{what}: returned at once, {status}", text, mail.run("qstat"))


def dns_down(mail, t, dns, first):
    dns.stop()
    ids = [mail.submit("alice", f"eve@{domain}", "DNS is down") for domain in ("later.test", "later2.test", "absent.test")]
    said = [mail.said_last(id) for id in ids]
    t.ok(all(s and s["verdict"] == "later" and s["status"] == "4.4.3" and "DNS" in s["text"] for s in said), "check 33: DNS is down: nothing is returned, not even for a domain that is not there", said)
    t.ok("no answer from DNS" in mail.run("qstat") and "later.test" in mail.run("qstat"), "... and qstat says so", mail.run("qstat"))
    local = mail.submit("alice", "bob@example.test", "local, without DNS")
    t.ok(mail.mail_with("bob", "Subject: local, without DNS"), "... local mail flows")
    t.ok(dns.start(), "DNS is back")
    before = len(first.messages)
    mail.run("qctl", "retry", "--all")
    t.ok(wait_for(lambda: len(first.messages) == before + 2 and not mail.queue()), "... and the mail flows", mail.run("qstat"))
    t.ok(mail.mail_with("alice", f"{ids[2]}\n"), "... that for the domain that is not there is returned now")


with Postroom(25) as mail, Tap() as t:
    mail.control("me", "mail.home.test")
    mail.control("timeoutconnect", "5")
    with net.Dns({"test": ZONE}) as dns:
        first, second = Server(sessions=1000, address="127.0.25.21", port=25), Server(sessions=1000, address="127.0.25.22", port=25)
        taken_by(mail, t, "order.test", first, "two MX: the one with the better preference")
        taken_by(mail, t, "Order.TEST", first, "in any case")
        taken_by(mail, t, "behind.test", second, "the first MX is dead: the second")
        t.matches(mail.log("smtp-send"), r"unreached .*dead\.test\[127\.0\.25\.20\]", "... and the log says which was not reached")
        taken_by(mail, t, "plain.test", first, "no MX: its A")
        first.listening.close()
        returned(mail, t, "null.test", "5.1.10", "takes no mail", "a null MX")
        returned(mail, t, "absent.test", "5.1.2", "no domain", "no such domain")
        returned(mail, t, "homeless.test", "5.4.4", "has an address", "an MX without an address")
        t.ok("Diagnostic-Code: smtp; 556" in " ".join(m.decode() for m in mail.mail("alice")), "a null MX is 556 (RFC 7505)")
        first = Server(sessions=1000, address="127.0.25.21", port=25)
        dns_down(mail, t, dns, first)
        said = mail.run("queue-check")
        t.is_(mail.code, 0, "queue-check: " + said.strip())
