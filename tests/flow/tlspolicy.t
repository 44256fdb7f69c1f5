#!/usr/bin/python3
# control/tlspolicy from the file to the other host: a whole instance in a network namespace with signed and unsigned zones. Each policy is met, or the mail
# waits and says why: in the log, in qstat, in whatif, in a report (X-TLS-Policy); a relay rule can say dane; relay-test tries it; tls-report has counted.
import hashlib, json, os, re, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
import net

net.inside("postroom56")
from clock import same_day
from peer import Server
from postroom import Postroom, Tap, wait_for
from signed import Signed, der, tlsa
from stsworld import Authority

GOOD, CLEAR, REFUSES = ("127.0.56.%d" % n for n in (60, 61, 62))
TLS = ("PIPELINING", "8BITMIME", "STARTTLS")
LABELS = ("auto", "may", "encrypt", "encryptclear", "verify", "verifyname", "pin", "otherpin", "off", "dane", "sts", "mayclear", "below.verify", "later")


class World:
    def __init__(self, mail):
        self.mail, self.ca = mail, Authority(mail.folder)
        with open(self.ca.pem) as file:
            mail.control("ca.pem", file.read())
        mail.control("tlscafile", "control/ca.pem")
        certificate = self.ca.certificate("mx.plain.test", "mx.dane.test", "mx-relay.dane.test")[0]
        self.pin, self.record = hashlib.sha256(der(certificate)).hexdigest(), tlsa(3, 1, 1, certificate)
        signed = Signed("dane.test", f"mx A {GOOD}\n_25._tcp.mx TLSA {self.record}\n@ MX 10 mx\nbad MX 10 mx-bad\nmx-bad A {GOOD}\n_25._tcp.mx-bad TLSA 3 1 1 {'00' * 32}\n"
                                     f"refuses MX 10 mx-refuses\nmx-refuses A {REFUSES}\n_25._tcp.mx-refuses TLSA {self.record}\n"
                                     f"mx-relay A {GOOD}\n_{mail.port(25)}._tcp.mx-relay TLSA {self.record}\n")
        clear = ("encryptclear", "mayclear", "later")
        plain = f"mx A {GOOD}\nclear A {CLEAR}\nother A {GOOD}\n" + "".join(f"{l} MX 10 {'clear' if l in clear else 'other' if l == 'verifyname' else 'mx'}\n" for l in LABELS)
        self.dns = net.Dns({"dane.test": signed.records, "plain.test": plain}, anchors=[signed.anchor])
        self.servers = {a: Server(sessions=1000, address=a, port=25, certificate=certificate[:-4], extensions=e, patience=3600, **replies)
                        for a, e, replies in ((GOOD, TLS, {}), (CLEAR, ("8BITMIME",), {}), (REFUSES, TLS, {"RCPT": b"550 5.1.1 nobody\r\n"}))}
        self.servers["relay"] = Server(sessions=1000, address=GOOD, port=mail.port(25), certificate=certificate[:-4], extensions=TLS, patience=3600)

    def policies(self, *lines):
        self.mail.control("tlspolicy", "\n".join(lines))
        return self.mail.run("tables-build")

    def delivery(self, id):
        """The last line of smtp-send's log about the message."""
        return next((line for line in reversed(self.mail.log("smtp-send").splitlines()) if f"delivery id={id}" in line), "")


same_day()
mail = Postroom(56)
with mail, Tap() as t:
    world = World(mail)
    try:
        said = world.policies("dane.test dane", "# a comment", "pin.plain.test fingerprint 12")
        t.ok(mail.code == 100 and "control/tlspolicy line 3: fingerprint needs SHA-256 in hex, not: 12" in said, "a line that cannot be understood: its number and why, and nothing changes", said)
        said = world.policies("may.plain.test may", "encrypt.plain.test encrypt", "encryptclear.plain.test encrypt", "verify.plain.test verify", "verifyname.plain.test verify",
                              f"pin.plain.test fingerprint {'0' * 64} {world.pin.upper()}", f"otherpin.plain.test fingerprint {'0' * 64}", "off.plain.test off", "DANE.plain.test dane",
                              "sts.plain.test sts", "mayclear.plain.test may", ".verify.plain.test encrypt", "dane.test dane", "bad.dane.test may", "later.plain.test encrypt", "auto.plain.test auto")
        t.is_(mail.code, 0, "each word is known")
        for domain, expected in (("pin.plain.test", f"tls=fingerprint fingerprint={'0' * 64} fingerprint={world.pin}"), ("dane.plain.test", "tls=dane"), ("below.verify.plain.test", "tls=encrypt"),
                                 ("verify.plain.test", "tls=verify")):
            said = mail.run("whatif", "alice@example.test", f"x@{domain}", "--login", "alice@example.test")
            t.matches(said, rf"route=mx domain={domain} {expected}[^=]*tlspolicy", f"whatif names policy and file: {domain}")
        said = mail.run("whatif", "alice@example.test", "x@auto.plain.test", "--login", "alice@example.test")
        t.ok("domain=auto.plain.test tls=" not in said and re.search("tls +auto: DANE", said), "... and what auto is", said)

        for domain, verdict, policy, way in (
                ("auto.plain.test", "done", "may", "tls"), ("may.plain.test", "done", "may", "tls"), ("mayclear.plain.test", "done", "may", "clear"), ("encrypt.plain.test", "done", "encrypt", "tls"),
                ("verify.plain.test", "done", "verify verified-host", "tls"), ("below.verify.plain.test", "done", "encrypt", "tls"), ("pin.plain.test", "done", "fingerprint verified", "tls"),
                ("off.plain.test", "done", "none", "clear"), ("dane.test", "done", "dane verified", "tls"), ("bad.dane.test", "done", "may", "tls"),
                ("encryptclear.plain.test", "later 4.7.4", "encrypt", ""), ("verifyname.plain.test", "later 4.7.5", "verify", ""), ("otherpin.plain.test", "later 4.7.5", "fingerprint", ""),
                ("dane.plain.test", "later 4.7.5", "dane", ""), ("sts.plain.test", "later 4.7.5", "sts", ""), ("later.plain.test", "later 4.7.4", "encrypt", "")):
            id = mail.submit("alice", f"x@{domain}", domain)
            line = wait_for(lambda: world.delivery(id), 180)
            word, *status = verdict.split()
            t.ok(re.search(rf"outcome={word} " + (f"status={status[0]} " if status else ""), line) and f" policy={policy.split()[0]} " in line and ("verified=yes" in line) == policy.endswith(" verified") and ("verified=host" in line) == policy.endswith("-host")
                 and (" tls=" in line) == (way == "tls"), f"{domain}: {verdict}, policy {policy}", line, mail.queued(id))
            if word == "later":
                said = mail.said_last(id, 180) or {}
                t.ok(said.get("policy") == policy and said.get("status") == status[0], "... qstat --json says it", said)
                t.matches(mail.run("qstat", id), rf"\(TLS policy: {policy}\)", "... and qstat")
                t.ok(not any(f"@{domain}" in h for s in world.servers.values() for h in s.heard), "... and nothing was sent")
                last = id
        t.matches(mail.run("qstat", id), "control/tlspolicy demands", "the words say who demands it")
        world.policies("later.plain.test may")
        mail.run("qctl", "retry", last)
        t.ok(wait_for(lambda: not mail.queued(last), 180), "N-88: another policy holds at the next attempt", mail.queued(last))
        t.matches(world.delivery(last), "outcome=done .*policy=may ", "... it is sent in clear now")

        mail.submit("alice", "x@refuses.dane.test", "refused")
        report = (mail.mail_with("alice", "refuses.dane.test", 180) or [b""])[0].decode()
        t.matches(report, r"(?m)^X-TLS-Policy: dane verified\r?$", "a report says by which policy the host was spoken to")

        mail.relay_rule(type="recipient", subject="relayed.example", host="mx-relay.dane.test", port=mail.port(25), tls="dane")
        id = mail.submit("alice", "x@relayed.example", "by a rule")
        t.matches(wait_for(lambda: world.delivery(id), 180), rf"outcome=done .*remote=mx-relay.dane.test\[{GOOD}\]:{mail.port(25)} .*policy=dane verified=yes", "N-84: a relay rule with tls: dane: the TLSA record of its port")
        t.matches(mail.run("relay-test", "test"), r"(?s)^ok\n.*\npolicy +dane\nverified +yes\n", "relay-test tries it")
        said = mail.run("relay-test", "mx-bad.dane.test", "--tls", "dane")
        t.ok(mail.code and "DANE" in said, "... and --tls dane, with a host whose record does not fit", said)
        said = mail.run("relay-test", "mx.plain.test", "--tls", "dane")
        t.ok(mail.code and "no TLSA records" in said, "... or that has none", said)

        shown = wait_for(lambda: (lambda said: said if "dane.test" in said else None)(mail.run("tls-report", "show")), 180)
        t.ok(shown, "tls-report has counted", shown)
        one = json.loads((mail.run("tls-report", "show", "dane.test") or "{}"))["policies"][0]
        t.is_((one["policy"]["policy-type"], one["policy"]["policy-string"], one["summary"]), ("tlsa", [world.record], {"total-successful-session-count": 1, "total-failure-session-count": 0}), "... the session by DANE, with its record")
        one = json.loads(mail.run("tls-report", "show", "encryptclear.plain.test"))["policies"][0]
        t.is_((one["policy"]["policy-type"], one["failure-details"][0]["result-type"]), ("no-policy-found", "starttls-not-supported"), "... and a host without STARTTLS")
    finally:
        world.dns.remove()
