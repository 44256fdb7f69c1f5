#!/usr/bin/python3
# relay-hosts: a relay rule with two hosts, which are other mail servers. The second takes the mail while the first is down, or
# refuses our login; when the first is back it has it again. What a host says of the mail itself is no reason to ask another.
# A: a company's server. B, C: the hosts of the rule; both have the domain central.test. (N-83, N-84, N-85, S-07)
import base64, os, re, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for


def is_idle(a, hosts):
    """A keeps no connection (it may for two seconds)."""
    return wait_for(lambda: not any(subprocess.run(["ss", "-Htn", "state", "established", f"dst {h.address}"], stdout=subprocess.PIPE).stdout for h in hosts))


def arrives(a, at, hosts, t, subject, what):
    is_idle(a, hosts)
    a.submit("alice", "carol@central.test", subject)
    t.ok(len(at.mail_with("carol", f"Subject: {subject}", domain="central.test")) == 1, what, a.run("qstat"), a.log("smtp-send")[-1500:])
    for other in hosts:
        if other is not at:
            t.ok(not [m for m in other.mail("carol", domain="central.test") if f"Subject: {subject}".encode() in m], "... and the other has not")


def switch(host, up):
    for service in ("smtp-submission",):
        host.start(service) if up else host.stop(service)


def by_token(a, t):
    """A server that takes a token: token-run has it from a command, as mail-token, who is nobody else."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=relay",
                    "-keyout", f"{a.folder}/relay.key", "-out", f"{a.folder}/relay.pem"], check=True, stderr=subprocess.DEVNULL)
    server = Server(address=a.address, certificate=f"{a.folder}/relay", extensions=("STARTTLS", "AUTH XOAUTH2"), sessions=10, patience=600)
    command = f"{a.home}/fetch-token"
    with open(command, "w") as file:
        file.write('#!/bin/sh\necho "{\\"access_token\\": \\"ya29.$1.$(/usr/bin/id -un)\\", \\"expires_in\\": 3600}"\n')
    os.chmod(command, 0o755)
    a.relay_rule(type="default", host=f"{a.address}:{server.port}", tls="encrypt", login="office@central.test", tokencommand=f"{command} office")
    a.submit("alice", "carol@central.test", "by token")
    t.ok(wait_for(lambda: server.messages), "S-07 a relay that takes a token: the mail arrives", a.log("smtp-send")[-800:], a.log("token-run"))
    said = base64.b64encode(b"user=office@central.test\1auth=Bearer ya29.office.mail-token\1\1").decode()
    t.ok("AUTH XOAUTH2 " + said in server.heard, "... by XOAUTH2, with what mail-token fetched", server.heard)
    t.ok("fetched rule=test" in a.log("token-run") and not any("ya29" in a.log(s) for s in ("token-run", "smtp-send", "tls-client", "send-schedule")), "... and no log has it", a.log("token-run"))
    said = a.run("relay-test", "test")
    t.ok(a.code == 0 and "after the login of office@central.test by XOAUTH2" in said, "relay-test too", said)


with Postroom(29) as a, Postroom(43) as b, Postroom(44) as c, Tap() as t:
    for host, name in ((a, "mail.a.test"), (b, "mail.b.test"), (c, "mail.c.test")):
        host.control("me", name)
    hosts = (b, c)
    for host in hosts:
        host.add_account("carol@central.test", "carols-own")
        host.add_account("relay-a@central.test", "only-for-a")
    c.add_account("dave@central.test", "daves-own")
    rule = dict(type="default", host=f"{b.address}:{b.port(587)} {c.address}:{c.port(587)}", tls="encrypt", login="relay-a@central.test", password="only-for-a")
    a.relay_rule(**rule)
    arrives(a, b, hosts, t, "both are up", "N-83 two hosts: the first has the mail")
    said = a.run("whatif", "alice@example.test", "carol@central.test", "--login", "alice@example.test")
    t.ok(f"host={b.address}" in said and f"next={c.address}:{c.port(587)}" in said, "whatif tells both", said)
    said = a.run("relay-test", "test")
    t.ok(a.code == 0 and said.count("\nok\n") == 2 and f"{c.address}:{c.port(587)}\nok" in said, "N-85 relay-test tries both", said)
    switch(b, False)
    arrives(a, c, hosts, t, "the first is down", "the first is down: the second has the mail")
    t.ok(re.search(rf"unreached .*{b.address}", a.log("smtp-send")), "... and the log tells why", a.log("smtp-send")[-800:])
    said = a.run("relay-test", "test")
    t.ok(a.code == 1 and "cannot_connect_to_server" in said and "\nok\n" in said, "relay-test tells which is down", said)
    switch(b, True)
    arrives(a, b, hosts, t, "it is back", "the first is back: it has the mail")
    is_idle(a, hosts)
    id = a.submit("alice", "dave@central.test", "unknown there")
    t.ok(wait_for(lambda: re.search(rf"delivery id={id} .*outcome=never .*{b.address}.*", a.log("smtp-send"))), "a recipient that the first does not know: the second is not asked",
         a.log("smtp-send")[-800:])
    t.is_(c.mail("dave", domain="central.test"), [], "... and has nothing")
    a.relay_rule(**dict(rule, login="dave@central.test", password="daves-own"))
    arrives(a, c, hosts, t, "no login", "the first refuses the login: the second has the mail")
    with open(f"{a.home}/control/domains/other.test", "w") as file:
        file.write(f"relay: {b.address}:{b.port(26)}, {c.address}:{c.port(25)}\n")
    said = a.run("tables-build")
    said += a.run("whatif", "alice@example.test", "x@other.test", "--login", "alice@example.test")
    t.ok(f"host={b.address} port={b.port(26)}" in said and f"equal={c.address}:{c.port(25)}" in said, "control/domains relay: takes several too", said)
    by_token(a, t)
    t.ok(wait_for(lambda: all(m["recipients"] == [] for m in a.queue())) or not a.queue(), "at the end A's queue is empty", a.run("qstat"))
