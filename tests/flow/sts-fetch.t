#!/usr/bin/python3
# sts-fetch: which MTA-STS policy holds for a domain (RFC 8461): the real service in a whole instance, in a network namespace with nsd, unbound and policy
# hosts over HTTPS, whose authority the test makes. What a policy host may do, and what it may not; the cache; nobody is asked too often.
import os, re, socket, subprocess, sys, threading, time

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
import net

WEB, WEB6 = "192.0.2.80", "fd00:57::80"
from stsworld import PATIENT, Authority, Web, page, policy

net.inside("postroom57", WEB, WEB6, "192.0.2.81", "fd00:57::81", make=lambda near: near.write("resolv.conf", PATIENT))
from postroom import Postroom, Tap, wait_for

FETCH, POLICY, PKIX = "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"


def ask(mail, domain):
    """The answer of sts-fetch, as a list of pairs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as call:
        call.settimeout(300)
        call.connect(f"{mail.home}/run/sts-fetch")
        call.send(f"what=policy\0domain={domain}\0".encode())
        return [tuple(pair.split("=", 1)) for pair in call.recv(65536).decode().split("\0")[:-1]]


def short(pairs):
    """"policy enforce fetch", "none sts-policy-fetch-error", ..."""
    facts = dict(pairs)
    return " ".join(facts[key] for key in ("answer", "mode", "from", "error") if key in facts)


def edit(mail, domain, **fields):
    """Changes lines of a domain's file in the cache."""
    path = f"{mail.home}/state/sts/{domain}"
    with open(path) as file:
        lines = [line for line in file if line.split(":")[0] not in [key.replace("_", "-") for key in fields]]
    with open(path, "w") as file:
        file.writelines(lines + [f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items() if value is not None])


def children(mail):
    """How many questions sts-fetch is at."""
    pid = mail.pid("sts-fetch")
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return len(file.read().split())


def cached(mail, domain):
    try:
        with open(f"{mail.home}/state/sts/{domain}") as file:
            return file.read()
    except FileNotFoundError:
        return ""


mail = Postroom(57)
with mail, Tap() as t:
    ca, other, web, zones = Authority(mail.folder), Authority(mail.folder, "other"), Web(WEB, WEB6), {"first.test": ""}
    os.chmod(ca.pem, 0o644)
    with open(ca.pem) as file:
        mail.control("ca.pem", file.read())

    def site(domain, serve, certificate=None):
        """A domain with a record and a policy host."""
        host = f"mta-sts.{domain}"
        zones[domain] = f"_mta-sts TXT \"v=STSv1; id=1;\"\nmta-sts A {WEB}\n@ MX 10 mx\nmx A 192.0.2.70\n"
        web.certificates[host] = certificate or ca.certificate(host)
        web.sites[host] = serve

    def endless(tls, request):
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + policy("mx").encode())
        while True:
            tls.sendall(b"x: y\n" * 1000)

    def endless_header(tls, request):
        tls.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            tls.sendall(b"X-Y: z\r\n" * 1000)

    def silent(tls, request):
        tls.recv(1)

    def chunked(tls, request):
        body = policy("*.chunked.test").encode()
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    b"".join(b"1\r\n%c\r\n" % c for c in body) + b"0\r\n\r\n")

    good = page(policy("mx.good.test", "*.mx.good.test"))
    site("good.test", good)
    site("chunked.test", chunked)
    site("testing.test", page(policy("mx.testing.test", mode="testing")))
    site("none.test", page(policy(mode="none")))
    site("redirect.test", page("", "302 Found", more="Location: https://mta-sts.good.test/.well-known/mta-sts.txt\r\n"))
    site("gone.test", page(policy("mx"), "404 Not Found"))
    site("partial.test", page(policy("mx"), "203 Non-Authoritative Information"))
    site("html.test", page(policy("mx"), type="text/html"))
    site("escape.test", page(policy("mx"), type="text/\x1b]0;gotcha\x07html"))
    site("plainer.test", page(policy("mx"), type="text/plainer"))
    site("untyped.test", page(policy("mx"), type=None))
    site("large.test", page(policy("mx") + "x: y\n" * 13200))
    site("endless.test", endless)
    site("header.test", endless_header)
    site("invalid.test", page("version: STSv1\nmode: enforce\nmax_age: 1\n"))
    site("wrong.test", good, ca.certificate("mta-sts.good.test"))
    site("old.test", good, ca.certificate("mta-sts.old.test", days=-1))
    site("unknown.test", good, other.certificate("mta-sts.unknown.test"))
    site("common.test", good, ca.certificate("mta-sts.common.test", san=False))
    site("wild.test", page(policy("mx.wild.test")), ca.certificate("*.wild.test"))
    site("slow.test", silent)
    for name, text in {"two": '_mta-sts TXT "v=STSv1; id=1"\n_mta-sts TXT "v=STSv1; id=2"', "bad": '_mta-sts TXT "v=STSv1; id=a-b"',
                       "nobody": '_mta-sts TXT "v=STSv1; id=1"', "closed": '_mta-sts TXT "v=STSv1; id=1"\nmta-sts A 192.0.2.81'}.items():
        zones[name + ".test"] = text + "\n"
    site("strings.test", page(policy("mx.strings.test")))
    zones["strings.test"] = f"_mta-sts CNAME there\nthere TXT \"v=spf1 -all\"\nthere TXT \"v=STSv1; x={'a' * 200}; \" \"y={'b' * 200}; i\" \"d=20260831085700Z;\"\nmta-sts CNAME host\nhost A {WEB}\n"
    zones["broken.test"] = "not a zone\n"
    site("six.test", page(policy("mx.six.test")))
    site("both.test", page(policy("mx.both.test")))
    zones["six.test"] = zones["six.test"].replace(f"A {WEB}", f"AAAA {WEB6}")
    zones["both.test"] += "mta-sts AAAA fd00:57::81\n"
    zones["xn--bcher-kva.test"] = ""
    site("crowd.test", None)
    dns = net.Dns(zones)
    try:
        mail.control("ststimeout", "100")
        t.is_(short(ask(mail, "good.test")), f"none {PKIX}", "an authority of the system's only: the test's is not believed")
        t.is_((short(ask(mail, "good.test")), web.hellos.count("mta-sts.good.test")), (f"none {PKIX}", 1), "what has failed is not tried again within 5 minutes, the answer says why")
        mail.control("stscafile", "control/ca.pem")
        edit(mail, "good.test", failed=int(time.time()) - 301)
        answer = ask(mail, "good.test")
        t.is_(answer, [("answer", "policy"), ("mode", "enforce"), ("id", "1"), ("from", "fetch"), ("mx", "mx.good.test"), ("mx", "*.mx.good.test"), ("policy", "version: STSv1"),
                       ("policy", "mode: enforce"), ("policy", "mx: mx.good.test"), ("policy", "mx: *.mx.good.test"), ("policy", "max_age: 86400")], "... but then; the whole answer")
        request = web.asked[-1][1].decode()
        t.matches(request, r"^GET /\.well-known/mta-sts\.txt HTTP/1\.1\r\nHost: mta-sts\.good\.test\r\n", "one GET, of this path and host")
        t.ok(not re.search("cookie|authorization|encoding|range", request, re.I), "... with nothing that tells more", request)
        t.is_((short(ask(mail, "GOOD.test.")), web.count("mta-sts.good.test")), ("policy enforce cache", 1), "known: it comes from the cache; names are of any case, a dot may be behind")
        t.is_(cached(mail, "good.test").splitlines()[:6], ["domain: good.test", "id: 1", "mode: enforce", "mx: mx.good.test", "mx: *.mx.good.test", "max-age: 86400"], "... which is text")
        status = os.stat(f"{mail.home}/state/sts/good.test")
        t.is_(oct(status.st_mode), "0o100600", "... for mail-sts alone")

        for domain, expected, what in (
                ("testing.test", "policy testing fetch", "mode testing"), ("none.test", "none", "mode none"), ("chunked.test", "policy enforce fetch", "chunked, and a type with a parameter"),
                ("wild.test", "policy enforce fetch", "a certificate for *.DOMAIN"), ("strings.test", "policy enforce fetch", "a record of several strings, longer than 255 bytes, beside others, by CNAME"),
                ("six.test", "policy enforce fetch", "a policy host that has IPv6 alone"), ("both.test", "policy enforce fetch", "one whose IPv6 is dead"),
                ("redirect.test", f"none {FETCH}", "a redirect, even to a good policy"), ("gone.test", f"none {FETCH}", "404"), ("partial.test", f"none {FETCH}", "203"),
                ("html.test", f"none {FETCH}", "text/html"), ("plainer.test", f"none {FETCH}", "text/plainer"), ("untyped.test", f"none {FETCH}", "no type"),
                ("large.test", f"none {FETCH}", "more than 64 KiB, as announced"), ("endless.test", f"none {FETCH}", "a body without an end"),
                ("header.test", f"none {FETCH}", "a header without an end"), ("invalid.test", f"none {POLICY}", "a policy without mx"),
                ("wrong.test", f"none {PKIX}", "a certificate of another name"), ("old.test", f"none {PKIX}", "one that has expired"),
                ("unknown.test", f"none {PKIX}", "one of another authority"), ("common.test", f"none {PKIX}", "one with the name in its subject alone"),
                ("two.test", f"none {POLICY}", "two records"), ("bad.test", f"none {POLICY}", "a record that cannot be read"),
                ("nobody.test", f"none {FETCH}", "no policy host"), ("closed.test", f"none {FETCH}", "nobody listens there"),
                ("xn--bcher-kva.test", "none", "no record"), ("absent.good.test", "none", "no such name"), ("broken.test", "none", "no answer from DNS, and nothing is known"),
                ("a..b", "none", "no domain"), ("-a.test", "none", "... a hyphen in front"), ("../../etc/passwd", "none", "... a path"), ("[192.0.2.1]", "none", "... an address literal"), ("x" * 64 + ".test", "none", "... too long a label"),
                (".".join(["x" * 49] * 5), "none", "... too long a name")):
            t.is_(short(ask(mail, domain)), expected, what)
        for domain, reason in (("redirect.test", "the answer is 302, which leads elsewhere: that is not followed"), ("large.test", "the answer is longer than 64 KiB"),
                               ("endless.test", "the answer is longer than 64 KiB"), ("header.test", "the answer is longer than 64 KiB"),
                               ("html.test", "the Content-Type is not text/plain but text/html"), ("common.test", "the certificate has no subjectAltName with a DNS name"),
                               ("invalid.test", "no policy: it has no mx"), ("nobody.test", "mta-sts.nobody.test has no address")):
            t.ok(f"reason: {reason}\n" in cached(mail, domain), f"the cache says why: {domain}", cached(mail, domain))
        wait_for(lambda: "domain=redirect.test" in mail.log("sts-fetch"))
        t.matches(mail.log("sts-fetch"), r"unfetched domain=redirect\.test id=1 failure=sts-policy-fetch-error reason=\"the answer is 302", "... and the log")
        t.is_(web.count("mta-sts.wrong.test"), 0, "who shows a wrong certificate does not even see the request")
        mail.control("ststimeout", "2")
        t.is_(short(ask(mail, "slow.test")), f"none {FETCH}", "a policy host that says nothing")
        mail.control("ststimeout", "100")
        mail.control("stscafile", "control/nothing.pem")
        edit(mail, "gone.test", failed=1)
        t.matches(str(ask(mail, "gone.test")), "'later'.*authorities cannot be read: control/nothing.pem", "an error of ours is no other host's: later")
        t.is_(short(ask(mail, "good.test")), "policy enforce cache", "... what is known holds")
        mail.control("stscafile", "control/ca.pem")

        # Many at once
        gate = threading.Event()
        web.sites["mta-sts.crowd.test"] = lambda tls, request: (gate.wait(90), page(policy("mx.crowd.test"))(tls, request))
        seen = []
        crowd = [threading.Thread(target=lambda: seen.append(short(ask(mail, "crowd.test")))) for _ in range(8)]
        for thread in crowd:
            thread.start()
        t.ok(wait_for(lambda: web.count("mta-sts.crowd.test") and children(mail) == 8), "eight ask at once", children(mail))
        gate.set()
        for thread in crowd:
            thread.join()
        t.is_((sorted(set(seen)), len(seen), web.count("mta-sts.crowd.test")), (["policy enforce fetch"], 8, 1), "... one fetch serves them all")

        # The cache
        count = lambda: web.count("mta-sts.good.test")
        before = count()
        record_of = zones["good.test"]
        for records, what in ((record_of.replace("_mta-sts", "other"), "the record is gone"), (record_of + '_mta-sts TXT "v=STSv1; id=2"\n', "there are two"), ("not a zone\n", "the DNS says SERVFAIL")):
            dns.change("good.test", records)
            t.is_(ask(mail, "good.test")[:4], [("answer", "policy"), ("mode", "enforce"), ("id", "1"), ("from", "cache")], f"{what}: the policy that is known holds")
        dns.stop()
        t.is_(short(ask(mail, "good.test")), "policy enforce cache", "no DNS at all: it holds")
        t.is_(count(), before, "... nothing was fetched")
        dns.change("good.test", record_of.replace("id=1", "id=2"))
        web.sites["mta-sts.good.test"] = page("", "503 Service Unavailable")
        t.is_(short(ask(mail, "good.test")), f"policy enforce cache {FETCH}", "another id, and the fetch fails: the policy that is known holds, and the answer tells of the failure")
        t.is_((short(ask(mail, "good.test")), count()), (f"policy enforce cache {FETCH}", before + 1), "... and is not asked for again at once")
        web.sites["mta-sts.good.test"] = page(policy("new.good.test", mode="testing"))
        edit(mail, "good.test", failed=int(time.time()) - 301)
        t.is_((short(ask(mail, "good.test")), count()), ("policy testing fetch", before + 2), "... after 5 minutes it is, and the new one holds")
        t.ok("failed" not in cached(mail, "good.test"), "... the failure is forgotten")
        web.sites["mta-sts.good.test"] = page("", "503 Service Unavailable")
        edit(mail, "good.test", fetched=int(time.time()) - 86401)
        t.is_(short(ask(mail, "good.test")), f"none {FETCH}", "a policy whose max_age is over, and no new one: there is none")
        web.sites["mta-sts.good.test"] = page(policy("mx.good.test", max_age=0))
        edit(mail, "good.test", failed=1)
        t.is_([short(ask(mail, "good.test")), short(ask(mail, "good.test"))], ["policy enforce fetch", "policy enforce cache"], "max_age 0: it counts for this moment")
        web.sites["mta-sts.good.test"] = page(policy(mode="none"))
        dns.change("good.test", record_of.replace("id=1", "id=3"))
        t.is_((short(ask(mail, "good.test")), "mode: none" in cached(mail, "good.test")), ("none", True), "mode none replaces a policy")
        with open(f"{mail.home}/state/sts/good.test", "w") as file:
            file.write("nonsense")
        web.sites["mta-sts.good.test"] = good
        t.is_(short(ask(mail, "good.test")), "policy enforce fetch", "a file that cannot be read is as none")

        # Fetched anew before it is over
        before, old = count(), int(time.time()) - 43300
        web.sites["mta-sts.good.test"] = page(policy("newer.good.test"))
        edit(mail, "good.test", fetched=old)
        t.is_(short(ask(mail, "good.test")), "policy enforce cache", "half of its max_age is over: who asks gets the one that is known")
        t.ok(wait_for(lambda: "newer.good.test" in cached(mail, "good.test")) and count() == before + 1, "... and then it is fetched anew", cached(mail, "good.test"))
        web.sites["mta-sts.good.test"] = page("", "503 Service Unavailable")
        edit(mail, "good.test", fetched=old)
        ask(mail, "good.test")
        wait_for(lambda: "failed:" in cached(mail, "good.test"))
        ask(mail, "good.test")
        t.ok(count() == before + 2 and "newer.good.test" in cached(mail, "good.test"), "... if that fails, it holds, and is left alone for a while", cached(mail, "good.test"))
        wait_for(lambda: "kept=enforce" in mail.log("sts-fetch"))
        t.matches(mail.log("sts-fetch"), r"unfetched domain=good\.test .* kept=enforce", "... and the log says so")
        web.sites["mta-sts.good.test"] = page(policy("newest.good.test"))
        edit(mail, "good.test", fetched=old, failed=None)
        edit(mail, "wild.test", fetched=old, used=int(time.time()) - 91 * 86400)
        edit(mail, "testing.test", fetched=1)
        mail.restart("sts-fetch")
        t.ok(wait_for(lambda: "newest.good.test" in cached(mail, "good.test"), 300), "without a question: by itself", cached(mail, "good.test"))
        t.ok(wait_for(lambda: not cached(mail, "testing.test"), 300), "... and what is over is removed")
        t.is_(web.count("mta-sts.wild.test"), 1, "... what nobody has asked for in 90 days is not fetched anew")
        pid = mail.pid("sts-fetch")
        subprocess.run(["s6-svc", "-h", f"{mail.home}/service/sts-fetch"], check=True)
        t.ok(wait_for(lambda: "renewed" in mail.log("sts-fetch")) and mail.pid("sts-fetch") == pid, "check 60: SIGHUP: it goes on as a new image, inside its sandbox")
        edit(mail, "good.test", fetched=1)
        web.sites["mta-sts.good.test"] = page(policy("newest.good.test"))
        t.is_(short(ask(mail, "good.test")), "policy enforce fetch", "... which fetches, too")

        # As many as there may be
        now = int(time.time())
        for n in range(20000):
            with open(f"{mail.home}/state/sts/d{n}.test", "w") as file:
                file.write(f"domain: d{n}.test\nid: 1\nmode: enforce\nmx: mx\nmax-age: 86400\nfetched: {now}\nused: {now - n}\n")
        names = lambda: {name for name in os.listdir(f"{mail.home}/state/sts") if not name.startswith(".")}
        before = names()
        os.unlink(f"{mail.home}/state/sts/six.test")
        t.is_(short(ask(mail, "six.test")), "policy enforce fetch", "with 20,000 and more a new one is fetched")
        gone = before - names()
        t.ok("six.test" in names() and len(gone) == 1, "... and the place of one of them taken", gone)
        for n in range(20000):
            if os.path.exists(f"{mail.home}/state/sts/d{n}.test"):
                os.unlink(f"{mail.home}/state/sts/d{n}.test")

        # For people
        said = mail.run("sts-test", "good.test")
        t.ok(mail.code == 0 and said.startswith("enforce\nrecord   _mta-sts.good.test has the id 3\nfetch    https://mta-sts.good.test/.well-known/mta-sts.txt from 192.0.2.80\npolicy   version: STSv1\n         mode: enforce\n"), "sts-test: all is well", said)
        t.matches(said, r"\ncache    mode enforce, id 3, fetched 20.*Z, holds until 20.*Z\nmx       mx\.good\.test is not in the policy: no mail goes there\n$", "... the cache, and each MX", )
        said = mail.run("sts-test", "wild.test")
        t.matches(said, r"mx       mx\.wild\.test is in the policy, as mx\.wild\.test\n$", "... one that is in the policy")
        said = mail.run("sts-test", "redirect.test")
        t.ok(mail.code == 1 and said.startswith("failed\n") and "sts-policy-fetch-error: the answer is 302" in said, "... what is wrong", said)
        said = mail.run("sts-test", "escape.test")
        t.ok("text/?]0;gotcha?html" in said and "\x1b" not in said, "... what a stranger's host says reaches no terminal as it is", said)
        said = mail.run("sts-test", "bücher.test")
        t.ok(mail.code == 0 and said == "none\nrecord   there is no TXT record _mta-sts.xn--bcher-kva.test with v=STSv1\ncache    no policy\n", "... nothing, for a domain in other letters", said)
        said = mail.run("sts-test", "broken.test")
        t.ok(mail.code == 111 and said.startswith("later\nrecord   there is no answer from DNS"), "... without DNS", said)
        t.is_((mail.run("sts-test").split(":")[0], mail.code), ("sts-test", 100), "... bad use")

        # Who may ask
        refused = mail.run("s6-setuidgid", "mail-send", "/usr/bin/python3", "-c", f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect('{mail.home}/run/sts-fetch'); s.send(b'what=policy\\0domain=good.test\\0'); print(s.recv(100))")
        t.ok("b''" in refused or "reset" in refused.lower() or "Broken" in refused, "another user is turned away", refused)
        mine = mail.run("s6-setuidgid", "mail-remote", "/usr/bin/python3", "-c", f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect('{mail.home}/run/sts-fetch'); s.send(b'what=test\\0domain=good.test\\0'); print(s.recv(100))")
        t.ok("b''" in mine, "a test is not for smtp-send", mine)
    finally:
        dns.remove()
