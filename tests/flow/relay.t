#!/usr/bin/python3
# relay: all mail for other hosts goes by the default relay rule to another mail server's submission port, with TLS and a login
# of this instance alone. What the rule demands is never given up: no TLS, a wrong name or a wrong password defer the mail,
# and say which rule. A changed rule works at the next attempt. (L-07, L-08, N-79, N-83, N-84, N-86, N-88)
# A: a company's server, sends by rule. B: the central one, has the domain central.test.
import hashlib, os, re, stat, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for


def certificate(folder, name, *names):
    """name.pem and name.key: self-signed, for these names; the path without its end."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test",
                    "-addext", "subjectAltName=" + ",".join(names), "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    return f"{folder}/{name}"


def bear(mail, path):
    """The instance's certificate becomes this one."""
    subprocess.run(["install", "-o", "mail-tls", "-g", "mail-tls", "-m", "0400", path + ".key", f"{mail.home}/tls/key.pem"], check=True)
    subprocess.run(["install", "-m", "0644", path + ".pem", f"{mail.home}/tls/cert.pem"], check=True)


def is_idle(a, b):
    """A keeps no connection to B (it may for two seconds)."""
    return wait_for(lambda: not subprocess.run(["ss", "-Htn", "state", "established", f"dst {b.address}"], stdout=subprocess.PIPE).stdout)


def arrives(a, b, t, subject, what):
    id = a.submit("alice", "carol@central.test", subject)
    found = b.mail_with("carol", f"Subject: {subject}", domain="central.test")
    t.ok(len(found) == 1, what, a.run("qstat"), a.log("smtp-send")[-1500:])
    return id, found[0].decode() if found else ""


def deferred(a, b, t, subject, words, what):
    """It stays in the queue with these words; B has never seen its sender."""
    before = b.log("smtp-submission").count("from=") + b.log("smtp-submissions").count("from=")
    id = a.submit("alice", "carol@central.test", subject)
    said = a.said_last(id)
    t.ok(said and said["verdict"] == "later" and re.search(words, said["text"]), what, said, a.run("qstat"))
    t.is_(b.log("smtp-submission").count("from=") + b.log("smtp-submissions").count("from="), before, "... and nothing was sent")
    return id


def retried(a, b, t, id, subject, what):
    said = a.run("qctl", "retry", id)
    t.ok(a.code == 0 and b.mail_with("carol", f"Subject: {subject}", domain="central.test"), what, said, a.run("qstat"))


def by_submission(a, b, t, rule):
    id, found = arrives(a, b, t, "by 587", "L-07 N-79 N-83 N-86 mail for another domain goes to host and port of the default rule")
    received = re.findall(r"^Received: .*?(?=^\S)", found, re.M | re.S)
    t.ok(len(received) == 2 and all(" with ESMTPSA" in line for line in received), "two Received lines, both ESMTPSA", found)
    t.ok(received and re.search(r"from mail\.a\.test.*\sby mail\.b\.test", received[0], re.S) and re.search(r"\sby mail\.a\.test", received[1]),
         "the upper one says from mail.a.test by mail.b.test, the lower one by mail.a.test", received)
    t.ok(f"id {id}" in found, "the id in A's queue stands in its Received line", found)
    t.ok(re.search(r"login=relay-a@central\.test", b.log("smtp-submission")), "L-08 B knows the login of this instance", b.log("smtp-submission")[-800:])
    t.ok(re.search(rf"delivery id={id} .*tls=.?TLSv1\.3", a.log("smtp-send")), "A's log says TLSv1.3", a.log("smtp-send")[-800:])
    path = f"{a.home}/control/relayrules/test"
    t.is_((stat.S_IMODE(os.stat(path).st_mode), stat.S_IMODE(os.stat(a.home + "/tables/current/relay.cdb").st_mode) & 0o007), (0o640, 0),
          "L-08 the password is not for others to read")
    t.ok(rule["password"] not in a.log("smtp-send") + a.log("send-schedule"), "... and in no log")
    said = a.run("whatif", "alice@example.test", "carol@central.test", "--login", "alice@example.test")
    t.ok("control/relayrules/test" in said and "relay" in said and f"{b.address}" in said and rule["password"] not in said,
         "whatif names host, rule and file", said)
    t.ok(a.mail_with("bob", "Subject: The first mail") and "mailbox" in a.run("whatif", "alice@example.test", "bob@example.test", "--login", "alice@example.test"),
         "mail for our own domain does not go there")


def tls(a, b, t, rule):
    cert, other = certificate(a.folder, "right", f"IP:{b.address}"), certificate(a.folder, "wrong", "DNS:other.test", "IP:127.0.0.2")
    id = None
    a.relay_rule(**dict(rule, tls="verify"))
    id = deferred(a, b, t, "not trusted", "certificate", "tls: verify and nobody vouches for the certificate: deferred")
    subprocess.run(["install", "-m", "0644", cert + ".pem", f"{a.home}/control/relay-ca.pem"], check=True)
    a.control("tlscafile", "control/relay-ca.pem")
    bear(b, cert)
    retried(a, b, t, id, "not trusted", "N-84 tls: verify, its CA in control/tlscafile, its name in the certificate: sent, without a restart")
    a.relay_rule(**{k: v for k, v in rule.items() if k != "tls"})
    arrives(a, b, t, "verified", "tls: verify is the default")
    bear(b, other)
    with open(f"{a.home}/control/relay-ca.pem", "a") as file, open(other + ".pem") as more:
        file.write(more.read())
    is_idle(a, b)
    id = deferred(a, b, t, "wrong name", "certificate|name|address", "a valid certificate of another name: deferred")
    bear(b, cert)
    retried(a, b, t, id, "wrong name", "with the right one it is sent")
    a.relay_rule(**dict(rule, tls="tls", port=b.port(465)))
    _, found = arrives(a, b, t, "by 465", "N-83 tls: tls, implicit TLS on 465")
    t.ok(re.search(r"login=relay-a@central\.test", b.log("smtp-submissions")), "... with the login", b.log("smtp-submissions")[-800:])


def pins(a, b, t, rule):
    """B's certificate is known by its fingerprint, and changed while mail flows."""
    old, new = (certificate(a.folder, name, "DNS:nobody.test") for name in ("this-week", "next-week"))
    known = [hashlib.sha256(subprocess.run(["openssl", "x509", "-in", c + ".pem", "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout).hexdigest()
             for c in (old, new)]
    a.relay_rule(**dict(rule, tls="fingerprint", fingerprint=known[0] + "\nfingerprint: " + known[1]))
    bear(b, old)
    arrives(a, b, t, "pinned", "S-31 the certificate that the rule names, which no authority knows")
    said = a.run("relay-test", "test")
    t.ok(a.code == 0 and said.startswith("ok\n") and known[0] in said and rule["login"] in said, "N-85 relay-test: ok, with the fingerprint", said)
    is_idle(a, b)
    bear(b, new)
    arrives(a, b, t, "rotated", "S-32 the next certificate, whose fingerprint was published in advance")
    a.relay_rule(**dict(rule, tls="fingerprint", fingerprint=known[0]))
    is_idle(a, b)
    id = deferred(a, b, t, "not the pin", known[1], "S-31 another certificate: deferred, and its fingerprint is told")
    said = a.run("relay-test", "test")
    t.ok(a.code == 1 and said.startswith("connection_not_supported_by_server\n") and known[1] in said, "N-85 relay-test says the same", said)
    a.relay_rule(**dict(rule, tls="fingerprint", fingerprint=known[1]))
    retried(a, b, t, id, "not the pin", "N-88 the new fingerprint in the rule: sent")
    a.relay_rule(**dict(rule, password="wrong"))
    said = a.run("relay-test", "test")
    t.ok(a.code == 1 and said.startswith("cannot_authenticate_to_server\n") and "wrong" not in said, "N-85 relay-test: a wrong password", said)
    a.relay_rule(**rule)


def no_tls(a, t, rule):
    """A server that does not offer STARTTLS, and one that fails in the middle of it, get neither mail nor password."""
    for name, replies, extensions in (("no STARTTLS", {}, ("PIPELINING", "AUTH PLAIN")),
                                      ("STARTTLS refused", {"STARTTLS": b"454 4.7.0 not now\r\n"}, ("STARTTLS", "AUTH PLAIN")),
                                      ("garbage after STARTTLS", {"STARTTLS": b"220 go\r\nthis is not TLS, " + b"x" * 2000}, ("STARTTLS", "AUTH PLAIN"))):
        peer = Server(sessions=9, address=f"127.0.{a.net + 2}.1", extensions=extensions, **replies)
        peer.wrap = lambda: None
        a.relay_rule(**dict(rule, tls="encrypt", host=f"127.0.{a.net + 2}.1", port=peer.port))
        id = a.submit("alice", "carol@central.test", name)
        said = a.said_last(id)
        words = " ".join(peer.heard)
        t.ok(said and said["verdict"] == "later" and "AUTH" not in words and "MAIL" not in words, f"tls: encrypt, {name}: deferred, nothing in clear", said, words)
        a.run("qctl", "delete", id)


def passwords(a, b, t, rule):
    a.relay_rule(**dict(rule, password="not-the-one"))
    id = deferred(a, b, t, "wrong password", "relay rule test", "a wrong password: deferred, and the rule is named")
    t.is_(a.said_last(id)["status"], "4.7.8", "... with 4.7.8")
    a.relay_rule(**rule)
    retried(a, b, t, id, "wrong password", "N-88 the corrected rule works at the next attempt, without a restart")
    a.relay_rule(**dict(rule, host="127.0.0.9", port="1"))
    id = deferred(a, b, t, "dead relay", "refused", "a relay that is not there: deferred")
    a.relay_rule(**rule)
    retried(a, b, t, id, "dead relay", "N-88 another host in the rule: the next attempt goes there")
    a.relay_rule(**dict(rule, enabled="no"))
    t.ok("central.test" in a.run("whatif", "alice@example.test", "carol@central.test", "--login", "alice@example.test") and
         "relayrules" not in a.run("whatif", "alice@example.test", "carol@central.test", "--login", "alice@example.test"),
         "a rule that is not enabled does not count")


def by_lmtp(a, b, t):
    """B is a store behind A: it speaks LMTP on port 24 (protocol: lmtp), and answers for each recipient."""
    b.switch_on("lmtp-tcp")
    a.relay_rule(type="default", host=b.address, port=b.port(24), tls="may", protocol="lmtp")
    id = a.submit("alice", ["carol@central.test", "relay-a@central.test"], "by LMTP")
    for user in ("carol", "relay-a"):
        t.ok(len(b.mail_with(user, "Subject: by LMTP", domain="central.test")) == 1, f"a relay rule with protocol: lmtp brings it to {user}", a.log("smtp-send")[-1500:])
    t.ok(wait_for(lambda: len(re.findall(rf"delivery id={id} .*outcome=done", a.log("smtp-send"))) == 2), "... each with an outcome of its own", a.log("smtp-send")[-800:])


with Postroom(25) as a, Postroom(26) as b, Tap() as t:
    a.control("me", "mail.a.test")
    b.control("me", "mail.b.test")
    b.add_account("carol@central.test", "carols-own")
    b.add_account("relay-a@central.test", "only-for-a")
    rule = dict(type="default", host=b.address, port=b.port(587), tls="encrypt", login="relay-a@central.test", password="only-for-a")
    a.relay_rule(**rule)
    by_submission(a, b, t, rule)
    tls(a, b, t, rule)
    pins(a, b, t, rule)
    no_tls(a, t, rule)
    passwords(a, b, t, rule)
    by_lmtp(a, b, t)
    t.is_(a.queue(), [], "at the end A's queue is empty")
    said = a.run("queue-check")
    t.is_(a.code, 0, "queue-check of A: " + said.strip())
