#!/usr/bin/python3
# Reports about TLS (RFC 8460), in a whole instance in a network namespace: nsd behind unbound, MX with and without TLS, a policy host, a collector
# over HTTPS, with an authority that the test makes. Mail goes out, and the report of the day comes by mail and by POST, with all fields.
import calendar, email, email.policy, gzip, imaplib, json, re, socket, ssl, subprocess, sys, threading, time

sys.path[:0] = ["tests", "tests/flow"]
sys.dont_write_bytecode = True
import net
from clock import same_day

HOST, MX, CLEAR, WEB = "192.0.2.59", "127.0.59.71", "127.0.59.72", "192.0.2.80"
net.inside("postroom59", HOST, WEB)
same_day()
from postroom import Postroom, Tap, wait_for
from signed import Signed, tlsa
from stsworld import Authority, Web, page, policy


class Mx:
    """Takes all mail; speaks TLS if it has a certificate."""

    def __init__(self, address, certificate=None):
        self.context, self.got, self.handshakes = None, [], 0
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listening = socket.create_server((address, 25), backlog=50)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listening.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.talk(connection, connection.makefile("rwb", 0), False)
        except OSError:
            pass
        finally:
            connection.close()

    def talk(self, connection, file, is_tls):
        if not is_tls:
            file.write(b"220 mx ESMTP\r\n")
        while line := file.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                file.write(b"250-mx\r\n" + (b"250-STARTTLS\r\n" if self.context and not is_tls else b"") + b"250 8BITMIME\r\n")
            elif word == b"STAR":
                file.write(b"220 go on\r\n")
                with self.context.wrap_socket(connection, server_side=True) as tls:
                    self.handshakes += 1
                    return self.talk(tls, tls.makefile("rwb", 0), True)
            elif word == b"DATA":
                file.write(b"354 go on\r\n")
                body = b""
                while (more := file.readline()) not in (b".\r\n", b""):
                    body += more
                self.got.append((is_tls, body))
                file.write(b"250 taken\r\n")
            elif word == b"QUIT":
                return file.write(b"221 bye\r\n")
            else:
                file.write(b"250 ok\r\n")


class Collector:
    """A site of Web that takes reports: what was posted; answers the codes in their order, then 201."""

    def __init__(self, *codes):
        self.codes, self.posted = list(codes), []

    def __call__(self, tls, request):
        head, body = request.split(b"\r\n\r\n", 1)
        while len(body) < int(re.search(rb"(?i)content-length: (\d+)", head)[1]):
            body += tls.recv(65536)
        self.posted.append((head.decode(), body))
        page("thanks", self.codes.pop(0) if self.codes else "201 Created")(tls, request)


def submit(mail, to, subject, field):
    with mail.login(587, "bob") as client:
        client.mail("bob@example.test"), client.rcpt(to)
        return client.data(f"From: <bob@example.test>\nTo: {to}\nSubject: {subject}\n{field}\n\nHello\n")[1].decode().split()[-1]


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def counted(mail, domain, good, bad):
    def is_counted():
        said = mail.run("tls-report", "show", domain)
        if mail.code:
            return False
        found = [p["summary"] for p in json.loads(said)["policies"]]
        return (sum(f["total-successful-session-count"] for f in found), sum(f["total-failure-session-count"] for f in found)) == (good, bad)
    return wait_for(is_counted)


def dns(rua):
    return f'_smtp._tls TXT "v=TLSRPTv1; rua={rua}"\n'


def reports(mail, user="bob"):
    """The reports in the user's mailbox, read by IMAP: domain -> message."""
    imap = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    imap.login(f"{user}@example.test", mail.password(user))
    imap.select()
    found = {}
    for number in imap.search(None, 'HEADER', 'TLS-Report-Domain', '""')[1][0].split():
        message = email.message_from_bytes(imap.fetch(number, "(BODY.PEEK[])")[1][0][1], policy=email.policy.SMTP)
        found[message["TLS-Report-Domain"]] = message
    imap.logout()
    return found


def content(message):
    return json.loads(gzip.decompress(list(message.iter_parts())[1].get_payload(decode=True)))


with Postroom(59, address=HOST) as mail, Tap() as t:
    me = open(f"{mail.home}/control/me").readline().strip()
    ca, other, web = Authority(mail.folder), Authority(mail.folder, "other"), Web(WEB)
    with open(ca.pem) as file:
        mail.control("ca.pem", file.read())
    for name in ("stscafile", "tlscafile"):
        mail.control(name, "control/ca.pem")
    mail.control("tlsreportorg", "Our Company")
    mail.control("tlsreportcontact", f"tls@example.test")
    collector, strange, inner = Collector("503 Later"), Collector(), Collector()
    web.certificates["collect.far.test"], web.sites["collect.far.test"] = ca.certificate("collect.far.test"), collector
    web.certificates["collect.strange.test"], web.sites["collect.strange.test"] = other.certificate("collect.strange.test"), strange
    web.certificates["mta-sts.strict.test"], web.sites["mta-sts.strict.test"] = ca.certificate("mta-sts.strict.test"), page(policy("mx.strict.test", "*.more.test", mode="testing"))
    web.certificates["mta-sts.enforce.test"], web.sites["mta-sts.enforce.test"] = ca.certificate("mta-sts.enforce.test"), page(policy("mx.enforce.test"))
    mx_certificate = other.certificate("mx.far.test")
    tls_mx, clear_mx = Mx(MX, mx_certificate), Mx(CLEAR)
    pins = {"dane.test": tlsa(3, 1, 1, mx_certificate[0]), "wrong.test": tlsa(3, 1, 1, ca.pem)}
    signed = [Signed(name, f"@ MX 10 mx\nmx A {MX}\n_25._tcp.mx TLSA {pin}\n{dns('mailto:bob@example.test')}") for name, pin in pins.items()]
    mx = f"@ MX 10 mx\nmx A {MX}\n"
    zones = {
        "far.test": mx + f"collect A {WEB}\n" + dns("mailto:bob@example.test,https://collect.far.test/tls?v=1"),
        "clear.test": f"@ MX 10 mx\nmx A {CLEAR}\n" + dns("mailto:b%6Fb@example.test"),
        "strict.test": mx + f'_mta-sts TXT "v=STSv1; id=1;"\nmta-sts A {WEB}\n' + dns("mailto:bob@example.test"),
        "strange.test": mx + f"collect A {WEB}\n" + dns("https://collect.strange.test/"),
        "inner.test": mx + "collect A 127.0.0.1\ncollect A 10.1.2.3\n" + dns("https://collect.inner.test/"),
        "two.test": mx + dns("mailto:bob@example.test") + dns("mailto:alice@example.test"),
        "none.test": mx,
        "enforce.test": mx + f'_mta-sts TXT "v=STSv1; id=1;"\nmta-sts A {WEB}\n',
        "null.test": "@ MX 0 .\n",
        "itself.test": mx + dns("mailto:tls@itself.test"),
    }
    with net.Dns({**zones, **{zone.name: zone.records for zone in signed}}, anchors=[zone.anchor for zone in signed]):
        begun = time.time()
        for domain in sorted({*zones, "dane.test"} - {"enforce.test", "null.test"}):
            for _ in range(2 if domain == "far.test" else 1):
                before = len(tls_mx.got) + len(clear_mx.got)
                mail.submit("bob", f"x@{domain}", f"to {domain}")
                t.ok(wait_for(lambda: len(tls_mx.got) + len(clear_mx.got) > before), f"a message to {domain} arrives", mail.log("smtp-send")[-1500:])
        refused = mail.submit("bob", "x@wrong.test", "to wrong.test")
        t.matches(str(mail.said_last(refused)), "later", "a message to wrong.test, whose TLSA record is another one's, waits")
        mail.run("qctl", "delete", refused)
        t.ok(counted(mail, "clear.test", 0, 1) and counted(mail, "strict.test", 0, 1), "smtp-send told of sessions that were not right", mail.run("tls-report", "show"), mail.log("smtp-send"))
        t.ok(counted(mail, "none.test", 1, 0), "... and of those that were", mail.run("tls-report", "show"))

        t.matches(mail.run("tls-report", "send", "--day", today()), "^10 reports", "tls-report send --day: ten reports are due")
        t.ok(wait_for(lambda: len(reports(mail)) == 5), "five of them come by mail", list(reports(mail)), mail.log("tls-report"), mail.log("report-post"))
        found = reports(mail)
        t.is_(sorted(found), ["clear.test", "dane.test", "far.test", "strict.test", "wrong.test"], "... those whose domain asked for it")
        message = found["far.test"]
        far = content(message)
        begin, end = (calendar.timegm(time.strptime(far["date-range"][key], "%Y-%m-%dT%H:%M:%SZ")) for key in ("start-datetime", "end-datetime"))
        id = far["report-id"]
        sessions = far["policies"][0]["summary"]["total-successful-session-count"]
        t.ok(begin % 86400 == 0 and begun - 60 <= end <= time.time() + 60, "the range is the day until now", far)
        # a busy host may need a connection more for the two messages; more than the MX saw there cannot be
        if not t.ok(1 <= sessions <= tls_mx.handshakes, "both messages are in sessions that the MX saw", sessions, tls_mx.handshakes, far):
            print(f"# tls-report.t: {sessions} sessions, {tls_mx.handshakes} handshakes: {far}", file=sys.stderr)
        t.is_(far, {"organization-name": "Our Company", "date-range": far["date-range"], "contact-info": "tls@example.test", "report-id": id,
                    "policies": [{"policy": {"policy-type": "no-policy-found", "policy-domain": "far.test"},
                                  "summary": {"total-successful-session-count": sessions, "total-failure-session-count": 0}}]}, "the report of a domain without a policy")
        t.is_({key: message[key] for key in ("Subject", "From", "To", "TLS-Report-Domain", "TLS-Report-Submitter", "TLS-Required", "Return-Path")},
              {"Subject": f"Report Domain: far.test Submitter: example.test Report-ID: <{id}>", "From": "tls@example.test", "To": "bob@example.test",
               "TLS-Report-Domain": "far.test", "TLS-Report-Submitter": "example.test", "TLS-Required": "No", "Return-Path": "<tls@example.test>"}, "the fields of its mail (RFC 8460 5.3)")
        t.is_((message.get_content_type(), message.get_param("report-type"), [p.get_content_type() for p in message.iter_parts()]),
              ("multipart/report", "tlsrpt", ["text/plain", "application/tlsrpt+gzip"]), "... its parts")
        t.is_(list(message.iter_parts())[1].get_filename(), f"example.test!far.test!{begin}!{end}!{id.split('@')[0]}.json.gz", "... and the file's name (5.1)")
        clear = content(found["clear.test"])["policies"]
        t.is_(clear, [{"policy": {"policy-type": "no-policy-found", "policy-domain": "clear.test"},
                       "summary": {"total-successful-session-count": 0, "total-failure-session-count": 1},
                       "failure-details": [{"result-type": "starttls-not-supported", "sending-mta-ip": clear[0]["failure-details"][0]["sending-mta-ip"],
                                            "receiving-mx-hostname": "mx.clear.test", "receiving-ip": CLEAR, "failed-session-count": 1}]}], "what failed: a host without STARTTLS")
        strict = content(found["strict.test"])["policies"]
        t.is_(strict[0]["policy"], {"policy-type": "sts", "policy-string": ["version: STSv1", "mode: testing", "mx: mx.strict.test", "mx: *.more.test", "max_age: 86400"],
                                    "policy-domain": "strict.test", "mx-host": ["mx.strict.test", "*.more.test"]}, "an MTA-STS policy stands there as it applied")
        t.is_([f["result-type"] for f in strict[0]["failure-details"]], ["certificate-not-trusted"], "... and that its MX showed a certificate of a stranger")

        for domain, pin in pins.items():
            one, = content(found[domain])["policies"]
            t.is_(one["policy"], {"policy-type": "tlsa", "policy-string": [pin], "policy-domain": domain}, f"{domain}: the TLSA record stands there as it applied")
            t.is_(list(one["summary"].values()), [1, 0] if domain == "dane.test" else [0, 1], "... and whether it fitted")
        t.is_(one["failure-details"][0]["result-type"], "validation-failure", "... and what was wrong")

        t.ok(wait_for(lambda: "error=\"the answer is 503\"" in mail.log("tls-report")), "a collector that says 503 gets it later", mail.log("tls-report"), mail.log("report-post"))
        t.ok(wait_for(lambda: strange.posted) and wait_for(lambda: "could not be verified" in mail.log("report-post")), "one whose certificate is not right gets it all the same, and the log says so", mail.log("report-post"))
        t.ok(wait_for(lambda: "later domain=inner.test" in mail.log("tls-report")), "no report is posted to a host inside", mail.log("tls-report"))
        t.matches(mail.log("tls-report"), r"later domain=inner.test .*no address that reports may go to", "... and that is said")
        for domain, why in (("none.test", "there is no record"), ("two.test", "there is more than one record")):
            t.matches(mail.log("tls-report"), f'unwanted domain={domain} .*"{why}"', f"{domain}: {why}")
        t.matches(mail.run("tls-report", "show"), r"(?s)far.test no-policy-found.*tried again after.*inner.test", "show: what waits")
        mail.restart("tls-report")
        mail.run("tls-report", "send")
        t.ok(wait_for(lambda: len(collector.posted) == 2), "tls-report send: at once, also after a restart", mail.log("tls-report"))
        heads = [head for head, _ in collector.posted]
        t.ok(heads[0].startswith("POST /tls?v=1 HTTP/1.1\r\n") and "\r\nContent-Type: application/tlsrpt+gzip\r\n" in heads[0] + "\r\n", "it is a POST with the right type (5.4)", heads[0])
        t.is_([json.loads(gzip.decompress(body)) for _, body in collector.posted], [far, far], "what is posted is the same report")
        t.ok(wait_for(lambda: not re.search("^  far.test", mail.run("tls-report", "show"), re.M)), "then it is done")
        time.sleep(1)
        t.is_(len(reports(mail)), 5, "the mail was not sent again")

        # What a report is about does not keep it back, and it is in no report itself
        t.ok(wait_for(lambda: any(b"TLS-Report-Domain: itself.test" in body for _, body in tls_mx.got)), "a report arrives at the domain that it is about")
        mail.submit("bob", "x@none.test", "later")
        t.ok(counted(mail, "none.test", 1, 0), "other mail behind it is counted")
        mail.run("tls-report", "show", "itself.test")
        t.is_(mail.code, 1, "... but not the report's own session (RFC 8460 3)")

        # TLS-Required: No (RFC 8689 5)
        kept = mail.submit("bob", "x@enforce.test", "kept")
        t.matches(str(mail.said_last(kept)), "certificate", "mail is not given to an MX whose certificate is not right where MTA-STS says so")
        free = submit(mail, "x@enforce.test", "free", "TLS-Required: No")
        t.ok(wait_for(lambda: [is_tls for is_tls, body in tls_mx.got if b"Subject: free" in body]) == [True], "... but with TLS-Required: No, and over TLS all the same", mail.log("smtp-send")[-800:])
        mail.control("tlspolicy", "enforce.test verify")
        mail.run("tables-build")
        held = submit(mail, "x@enforce.test", "held", "TLS-Required: No")
        t.matches(str(mail.said_last(held)), "certificate", "... what the operator wants holds for all mail")
        mail.control("tlspolicy", None)
        mail.run("tables-build")
        t.matches(mail.run("whatif", "--tls-optional", "--login", "bob@example.test", "bob@example.test", "x@enforce.test"), "domain=enforce.test tls=may", "whatif --tls-optional shows it")
        submit(mail, "x@null.test", "returned", "TLS-Required: No")
        bounce = mail.mail_with("bob", "Subject: returned")
        t.ok(bounce and b"\r\nTLS-Required: No\r\n" in bounce[0].replace(b"\n", b"\r\n").replace(b"\r\r", b"\r").split(b"\r\n\r\n")[0], "a report about such a message bears the field, too", bounce)
        mail.run("qctl", "delete", kept, held)
        t.ok(wait_for(lambda: not mail.queue()), "nothing waits in the queue", mail.queue(), mail.log("send-schedule")[-2000:])
