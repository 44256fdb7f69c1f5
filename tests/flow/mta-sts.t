#!/usr/bin/python3
# MTA-STS (RFC 8461) from submission to the other host's SMTP server: a whole instance in a network namespace with nsd, unbound, policy hosts and MX with
# TLS, whose authority the test makes. What a policy demands is done, or nothing is sent (check 30); who interferes with record, policy host or STARTTLS gains nothing.
import os, re, signal, subprocess, sys, time

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
import net
from stsworld import PATIENT, Authority, Web, page, policy

NAME, FAR = "postroom58", "postroom58far"
WEB, MX = "192.0.2.80", [f"192.0.2.{last}" for last in range(50, 80)]


def far(near):
    """The other hosts, on a wire to this one."""
    other = net.Namespace(FAR)
    net.ip("link", "add", "near", "netns", NAME, "type", "veth", "peer", "name", "far", "netns", FAR)
    for host, device, addresses in ((near, "near", ["192.0.2.1"]), (other, "far", [WEB, *MX])):
        net.ip("-n", host.name, "link", "set", device, "up")
        for address in addresses:
            host.address(address + "/24", device)
    near.write("resolv.conf", PATIENT)
    return other


net.inside(NAME, make=far)
from clock import same_day
from peer import Server
from postroom import Postroom, Tap, wait_for


class World:
    """Domains of the zone test., each with one MX of its own address."""

    def __init__(self, mail):
        self.mail, self.ca, self.other = mail, Authority(mail.folder), Authority(mail.folder, "other")
        with net.At(FAR):
            self.web = Web(WEB)
        self.free, self.records, self.servers = list(MX), {}, {}
        with open(self.ca.pem) as file:
            mail.control("ca.pem", file.read())
        mail.control("stscafile", "control/ca.pem")
        mail.control("tlscafile", "control/ca.pem")
        mail.control("timeoutremote", "60")

    def server(self, host, certificate=None, extensions=("STARTTLS",), **replies):
        """An MX of this name; its A record comes with it. certificate: paths of another one than its own."""
        paths = certificate or self.ca.certificate(host)
        address = self.free.pop(0)
        self.records[host] = f"{host}. A {address}"
        with net.At(FAR):
            self.servers[host] = Server(sessions=1000, address=address, port=25, certificate=paths[0][:-4], extensions=extensions, patience=3600, **replies)
        return self.servers[host]

    def domain(self, name, *mx, id="1", serve=None):
        """A domain with a record, a policy host that serves so (None: nobody), and these MX."""
        host = f"mta-sts.{name}"
        lines = [f"{name}. MX {10 * (n + 1)} {one}." for n, one in enumerate(mx or [f"mx.{name}"])] + [f"{host}. A {WEB}"]
        if id:
            lines.append(f'_mta-sts.{name}. TXT "v=STSv1; id={id};"')
        self.records[name] = "\n".join(lines)
        self.web.certificates[host] = self.ca.certificate(host)
        self.web.sites[host] = serve or page("", "503 Service Unavailable")

    def zone(self):
        return "\n".join(self.records.values()) + "\n"

    def publish(self):
        self.dns.change("test", self.zone())

    def remember(self, name, mode="enforce", mx=None, age=0, max_age=86400, id="1"):
        """sts-fetch knows this policy from before."""
        path = f"{self.mail.home}/state/sts/{name}"
        with open(path, "w") as file:
            file.write(f"domain: {name}\nid: {id}\nmode: {mode}\nmx: {mx or 'mx.' + name}\nmax-age: {max_age}\nfetched: {int(time.time()) - age}\nused: {int(time.time())}\n")
        os.chmod(path, 0o600)
        subprocess.run(["chown", "mail-sts:mail-sts", path], check=True)


def got(server):
    return len(server.messages)


def sends(t, world, domain, what):
    """A message to the domain arrives; the log's line of it."""
    mail, server = world.mail, world.servers.get(f"mx.{domain}")
    before = got(server)
    id = mail.submit("alice", f"x@{domain}", what)
    t.ok(wait_for(lambda: got(server) > before), what, mail.queued(id), server.heard)
    return wait_for(lambda: next((line for line in mail.log("smtp-send").splitlines() if f"delivery id={id}" in line), ""))


def waits(t, world, domain, pattern, what, server=None):
    """A message to the domain stays here, for this reason, and the other host has not seen it; its id."""
    mail, server = world.mail, server or world.servers[f"mx.{domain}"]
    before = got(server)
    id = mail.submit("alice", f"x@{domain}", what)
    said = mail.said_last(id, 60) or {}
    t.matches(f"{said.get('verdict')} {said.get('text')}", "^later .*" + pattern, what)
    message = mail.queued(id)
    t.ok(message and got(server) == before and not any(re.match("MAIL|RCPT", line) for line in server.heard if domain in line), "... nothing was sent, and it is tried again", message, server.heard)
    return id


def again(t, world, id, domain, what):
    """A retry of the message arrives."""
    server = world.servers[f"mx.{domain}"]
    before = got(server)
    wait_for(lambda: world.mail.run("qctl", "retry", id) and world.mail.code == 0 and (wait_for(lambda: got(server) > before, 5) or not world.mail.queued(id)), 120)
    t.ok(got(server) > before, what, world.mail.queued(id))


mail = Postroom(58)
same_day()
with mail, Tap() as t:
    world = World(mail)
    for name in ("ok", "testing", "none", "redirect", "down", "downcached", "over", "record", "watched", "bücher"):
        name = name.encode("idna").decode() + ".test"
        world.server(f"mx.{name}")
        world.domain(name, serve=page(policy(f"mx.{name}")))
    for name in ("plain.test", "known.test", "unseen.test"):
        world.server(f"mx.{name}")
        world.domain(name, id=None)
    stranger = world.ca.certificate("mx.elsewhere.test")
    for name in ("name", "testname", "authority", "expired", "common", "missing"):
        name += ".test"
        paths = {"authority.test": world.other.certificate("mx.authority.test"), "expired.test": world.ca.certificate("mx.expired.test", days=-1), "common.test": world.ca.certificate("mx.common.test", san=False), "missing.test": None}.get(name, stranger)
        world.server(f"mx.{name}", paths)
        world.domain(name, serve=page(policy(f"mx.{name}")))
    world.server("mx.stripped.test", extensions=())
    world.domain("stripped.test", serve=page(policy("mx.stripped.test")))
    refusing = world.server("mx.refusing.test", STARTTLS=b"454 4.7.0 TLS not available\r\n")
    world.domain("refusing.test", serve=page(policy("mx.refusing.test")))
    world.server("mx.two.test")
    world.domain("two.test", "mx.missing.test", "mx.two.test", serve=page(policy("*.two.test")))
    world.web.sites["mta-sts.testing.test"] = page(policy("mx.testing.test", mode="testing"))
    world.web.sites["mta-sts.testname.test"] = page(policy("other.testname.test", mode="testing"))
    world.web.sites["mta-sts.none.test"] = page(policy(mode="none"))
    world.web.sites["mta-sts.redirect.test"] = page("", "301 Moved", more="Location: https://mta-sts.ok.test/.well-known/mta-sts.txt\r\n")
    world.web.sites["mta-sts.missing.test"] = page(policy("mx.other.test", "*.mx.missing.test"))
    for name in ("down.test", "downcached.test"):
        world.web.sites[f"mta-sts.{name}"] = page("", "503 Service Unavailable")
    world.dns = net.Dns({"test": world.zone()})
    try:
        # enforce
        line = sends(t, world, "ok.test", "enforce, a certificate with the name: the mail arrives")
        t.matches(line, r"policy=sts\b", "... the log names the policy")
        t.matches(line, r"verified=yes", "... and that the host was verified")
        t.ok(world.servers["mx.ok.test"].tls, "... by TLS")
        sends(t, world, "two.test", "two MX, the first one not in the policy: the second one gets it")
        t.is_(world.servers["mx.missing.test"].heard, [], "... the first one hears nothing")
        sends(t, world, "xn--bcher-kva.test", "a domain in A-labels")
        waits(t, world, "name.test", "MTA-STS.*(name|match)", "check 30: enforce, a certificate with another name")
        waits(t, world, "authority.test", "MTA-STS.*(issuer|trust|authorit|verif)", "... of an authority that nobody believes")
        waits(t, world, "expired.test", "MTA-STS.*expired", "... that has expired")
        waits(t, world, "common.test", "MTA-STS", "... that has the name in its subject alone")
        id = waits(t, world, "missing.test", "no MX of the domain's MTA-STS policy", "... an MX that is not in the policy")
        waits(t, world, "stripped.test", "does not offer STARTTLS, which the domain's MTA-STS policy demands", "... STARTTLS is taken out of the answer")
        waits(t, world, "refusing.test", "refused STARTTLS", "... STARTTLS is refused")
        t.matches(mail.run("sts-test", "missing.test"), r"mx       mx\.missing\.test is not in the policy: no mail goes there", "sts-test says why")

        # A new policy, and its id
        world.web.sites["mta-sts.missing.test"] = page(policy("*.missing.test"))
        world.domain("missing.test", id="2", serve=page(policy("*.missing.test")))
        world.publish()
        again(t, world, id, "missing.test", "with another id the new policy is fetched, and the mail that waited arrives")

        # Not enforced
        line = sends(t, world, "testing.test", "testing: it arrives")
        line = sends(t, world, "testname.test", "check 30: testing, another name in the certificate, another MX in the policy: it arrives")
        t.matches(line, r"policy=sts-testing", "... the log names it")
        sends(t, world, "none.test", "mode none: it arrives")
        sends(t, world, "redirect.test", "a policy host that redirects: as without a policy")
        t.ok(wait_for(lambda: "unfetched domain=redirect.test" in mail.log("sts-fetch")), "... the log says so")

        # Who interferes
        sends(t, world, "down.test", "a policy host that does not answer, and no policy is known: as without one")
        stranger_at = lambda name: setattr(world.servers[f"mx.{name}"], "certificate", stranger[0][:-4])
        stranger_at("downcached.test")
        world.remember("downcached.test", id="0")
        waits(t, world, "downcached.test", "MTA-STS.*(name|match)", "a policy host that does not answer, another id, but a policy is known: it holds")
        stranger_at("record.test")
        world.remember("record.test")
        world.domain("record.test", id=None)
        world.publish()
        id = waits(t, world, "record.test", "MTA-STS.*(name|match)", "the record is suppressed: the policy that is known holds")
        stranger_at("over.test")
        world.remember("over.test", age=86400)
        world.web.sites["mta-sts.over.test"] = page("", "503 Service Unavailable")
        line = sends(t, world, "over.test", "a policy whose max_age is over, and no new one to be had: as without one")
        t.ok("policy=sts" not in line, "... the log names none", line)
        mail.control("mtasts", "no")
        again(t, world, id, "record.test", "control/mtasts no: no policy counts")
        mail.control("mtasts", None)

        # What the domains are told (RFC 8460)
        for name, success, pattern, what in (
                ("ok", 1, r'"policy-string":\s*\[\s*"version: STSv1",\s*"mode: enforce",\s*"mx: mx\.ok\.test",\s*"max_age: 86400"\s*\]', "the policy's lines"),
                ("name", 0, '"result-type":\\s*"certificate-host-mismatch"', "another name"), ("expired", 0, '"result-type":\\s*"certificate-expired"', "a certificate that has expired"),
                ("authority", 0, '"result-type":\\s*"certificate-not-trusted"', "an authority that is not believed"),
                ("stripped", 0, '"result-type":\\s*"starttls-not-supported"', "no STARTTLS"), ("redirect", 0, '"result-type":\\s*"sts-policy-fetch-error"', "a policy that could not be had")):
            said = mail.run("tls-report", "show", f"{name}.test")
            t.ok(re.search(pattern, said) and re.search(r'"policy-type":\s*"sts"', said) and re.search(rf'"total-successful-session-count":\s*{success}\b', said), f"tls-report: {what}", said)

        # What is beside the way of a message does not stop it: stopped, or killed the moment before
        beside = ("tls-report", "report-post", "token-run")
        for service in beside:
            mail.stop(service)
        sends(t, world, "ok.test", f"{', '.join(beside)} do not run: mail goes all the same")
        for service in beside:
            mail.start(service)
        for service in (*beside, "sts-fetch", "tls-client"):
            os.kill(mail.pid(service), signal.SIGKILL)
            id = re.search("id=([^ ]*)", sends(t, world, "ok.test", f"{service} is killed: mail goes")).group(1)
            t.ok(wait_for(lambda: not mail.queued(id)) and f"deferred id={id}" not in mail.log("send-schedule"), "... at its first attempt", mail.log("send-schedule")[-1000:])

        # Without sts-fetch nobody knows, but of a domain that has no record, and of which no policy is known from before
        stranger_at("known.test")
        world.remember("known.test")
        mail.stop("sts-fetch")
        line = sends(t, world, "plain.test", "sts-fetch does not run: mail to a domain without record goes, nobody is asked for its policy")
        t.matches(line, "policy=may", "... as the log says")
        waits(t, world, "known.test", "MTA-STS", "... to one whose record is suppressed, but whose policy is known, it does not")
        subprocess.run(["chmod", "0700", f"{mail.home}/state/sts"], check=True)
        waits(t, world, "unseen.test", "MTA-STS", "... nor where smtp-send cannot see whether one is known")
        subprocess.run(["chmod", "0710", f"{mail.home}/state/sts"], check=True)
        id = waits(t, world, "watched.test", "MTA-STS", "sts-fetch does not run: nothing is sent as if there was no policy")
        mail.start("sts-fetch")
        again(t, world, id, "watched.test", "... until it runs")
    finally:
        world.dns.remove()
