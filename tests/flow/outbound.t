#!/usr/bin/python3
# outbound: without a relay rule mail leaves by MX. A whole instance in a network namespace of its own, with a real nsd behind a
# real unbound: order of preference, a dead first MX, null MX, no MX, no such domain; (IPv6: smtp-send-mx.t) DNS down: mail waits, says why, and flows
# when it is back. (N-78, security check 33, RFC 5321 5.1, RFC 7505)
import email, os, re, shutil, signal, socket, subprocess, sys

NAME = "postroom25"
if os.environ.get("INSIDE") != NAME:
    if os.getuid():
        print("1..0 # SKIP only root can make a network namespace")
        sys.exit(0)
    folder = "/etc/netns/" + NAME
    subprocess.run(["ip", "netns", "del", NAME], stderr=subprocess.DEVNULL)
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/resolv.conf", "w") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    try:
        subprocess.run(["ip", "netns", "add", NAME], check=True)
        subprocess.run(["ip", "-n", NAME, "link", "set", "lo", "up"], check=True)
        code = subprocess.run(["ip", "netns", "exec", NAME, sys.executable, *sys.argv], env=dict(os.environ, INSIDE=NAME)).returncode
    finally:
        subprocess.run(["ip", "netns", "del", NAME])
        shutil.rmtree(folder)
    sys.exit(code)

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for

ZONE = """$ORIGIN test.
$TTL 1
@ SOA ns.test. root.test. 1 60 60 60 1
@ NS ns.test.
ns A 127.0.0.1
first A 127.0.25.21
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
NSD = """server:
  ip-address: 127.0.0.1@5300
  username: ""
  chroot: ""
  zonesdir: "{0}"
  database: ""
  pidfile: "{0}/nsd.pid"
  zonelistfile: "{0}/nsd.zones"
  xfrdfile: "{0}/nsd.xfrd"
remote-control:
  control-enable: no
zone:
  name: "test."
  zonefile: zone
"""
UNBOUND = """server:
  interface: 127.0.0.1
  port: 53
  username: ""
  chroot: ""
  directory: "{0}"
  pidfile: "{0}/unbound.pid"
  use-syslog: no
  logfile: "{0}/unbound.log"
  do-not-query-localhost: no
  local-zone: "test." nodefault
  domain-insecure: "test."
  module-config: "iterator"
remote-control:
  control-enable: no
stub-zone:
  name: "test."
  stub-addr: 127.0.0.1@5300
"""


class Dns:
    """nsd, which knows the zone, and unbound, which is asked."""

    def __init__(self, folder):
        self.folder = folder
        for name, content in (("zone", ZONE), ("nsd.conf", NSD.format(folder)), ("unbound.conf", UNBOUND.format(folder))):
            with open(f"{folder}/{name}", "w") as file:
                file.write(content)
        self.start()

    def start(self):
        """unbound last: it remembers for long that a server did not answer."""
        self.processes = []
        return all(self.run(*one) for one in ((5300, "nsd"), (53, "unbound")))

    def run(self, port, program):
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(subprocess.Popen([f"/usr/sbin/{program}", "-d", "-c", f"{self.folder}/{program}.conf"], **quiet))

        def answers():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
                ask.settimeout(0.5)
                try:
                    ask.connect(("127.0.0.1", port))
                    ask.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\2ns\4test\0\0\1\0\1")
                    return ask.recv(512)[3] & 15 == 0  # NOERROR
                except OSError:
                    return False
        return wait_for(answers, 10)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            process.wait()


def taken_by(mail, t, domain, server, what):
    before = len(server.messages)
    id = mail.submit("alice", f"eve@{domain}", what)
    t.ok(wait_for(lambda: len(server.messages) > before and not mail.queued(id), 20), what, mail.run("qstat"), mail.log("smtp-send")[-600:])


def returned(mail, t, domain, status, words, what):
    id = mail.submit("alice", f"eve@{domain}", what)
    found = mail.mail_with("alice", f"{id}\n", 20) or [b""]
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
    dns = Dns(mail.folder)
    try:
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
    finally:
        dns.stop()
