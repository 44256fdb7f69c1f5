#!/usr/bin/python3
# senders: who may send as whom. Each case is asked over SMTP at the running instance and of whatif, and both must say the
# same (tests/flow/policy.py). The suites of ns8-mail: sender restrictions (requirements 2.6), and the story of source P.
# (N-63, N-64, N-98 to N-102, N-117, L-12, L-16, S-21 to S-25, S-35, P-01, P-04 to P-20, P-31, T2, T5, T6, T16, T17, T20)
import glob, os, re, smtplib, socket, ssl, subprocess, sys, time

sys.path[:0] = ["tests", "tests/flow"]
from policy import Policy
from postroom import Postroom, Tap, wait_for

OK = "250 2.1.5 Ok"
BOB, ALICE, CAROL = "bob@example.test", "alice@example.test", "carol@example.test"
FAR, NEAR, SHOP = "127.0.37.200", "127.0.37.9", "127.0.37.50"
JOE = "joe@far.example"


def rejected(sender, why, code=553):
    return f"{code} 5.7.1 <{sender}>: Sender address rejected: {why}"


def not_owned(sender, login):
    return rejected(sender, f"not owned by user {login}@example.test")


def disabled(sender):
    return rejected(sender, "sending is disabled", 554)


def make_certificate(folder, name):
    """The files, and SHA-256 of the certificate."""
    files = f"{folder}/{name}.pem", f"{folder}/{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", "2",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    said = subprocess.run(["openssl", "x509", "-in", files[0], "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True, text=True)
    return files, said.stdout.strip().split("=")[1]


def blocks(ask):
    """Block rules, and what passes them by."""
    ask.files({"block": "# spammers\nsender spam@bad.example\nsender bad2.example\nsender .bad3.example\nsender noisy.example too much noise\nsender bob@example.test\n"})
    ask.case("N-64 a blocked address", ALICE, "554 5.7.1 <spam@bad.example>: Sender address rejected", sender="spam@bad.example", ip=FAR, rule="block, control/block, line 2")
    ask.case("N-64 N-43 ... in any case", ALICE, "554 5.7.1 <Spam@BAD.example>: Sender address rejected", sender="Spam@BAD.example", ip=FAR)
    ask.case("N-64 ... and nobody else there", ALICE, OK, sender="ham@bad.example", ip=FAR)
    ask.case("N-64 a blocked domain", ALICE, "554 5.7.1 <x@bad2.example>: Sender domain rejected", sender="x@bad2.example", ip=FAR)
    ask.case("N-64 T2 ... and none below it", ALICE, OK, sender="x@sub.bad2.example", ip=FAR)
    ask.case("N-64 T2 what is below a domain", ALICE, "554 5.7.1 <x@sub.bad3.example>: Sender domain suffix rejected", sender="x@sub.bad3.example", ip=FAR)
    ask.case("N-64 T2 ... but not the domain", ALICE, OK, sender="x@bad3.example", ip=FAR)
    ask.case("N-64 with a text of one's own", ALICE, "554 5.7.1 <x@noisy.example>: Sender domain rejected: too much noise", sender="x@noisy.example", ip=FAR)
    ask.case("N-64 the null sender is no address", ALICE, OK, sender="", ip=FAR)
    ask.case("N-64 rules are for who has logged in too", ALICE, f"554 5.7.1 <{BOB}>: Sender address rejected", sender=BOB, login="bob", port=587)
    ask.files({"bypass": f"sender friend@bad2.example\nsender noisy.example +av\nip {NEAR}/32\nip 10.0.0.0/8\nip 2001:db8::/32 +av\nrecipient {ALICE}\n"})
    ask.case("N-63 a sender that is passed by", CAROL, OK, sender="friend@bad2.example", ip=FAR)
    ask.case("N-63 ... and no other of its domain", CAROL, "554 5.7.1 <x@bad2.example>: Sender domain rejected", sender="x@bad2.example", ip=FAR)
    ask.case("N-63 a sender's domain", CAROL, OK, sender="x@noisy.example", ip=FAR)
    ask.case("N-63 a client's network", CAROL, OK, sender="x@bad2.example", ip=NEAR)
    ask.case("N-63 N-117 it may relay no more for that", JOE, f"554 5.7.1 <A>: Relay access denied", sender="x@bad2.example", ip=NEAR)
    ask.case("N-63 T20 a recipient alone is passed by the filter, not the block", ALICE, "554 5.7.1 <x@bad2.example>: Sender domain rejected", sender="x@bad2.example", ip=FAR)
    for ip, words in (("10.1.2.3", "the spam filter"), ("2001:db8::1", "the spam filter and the virus filter"), ("192.0.2.1", None)):
        said = ask.mail.run("whatif", "x@far.example", CAROL, "--ip", ip)
        ask.t.is_((re.findall(r"^bypass +(.*)$", said, re.M) or [None])[0], words, f"N-63 T20 a client at {ip}")
    kept(ask)
    ask.files({"block": None, "bypass": None})


def kept(ask):
    """What the filter will be told: facts of the message, and of its recipients, in the queue."""
    client = ask.open(ip=FAR)
    client.mail("x@noisy.example")
    client.rcpt(JOE), client.rcpt(ALICE), client.rcpt(CAROL)
    ask.mail.stop("send-schedule")
    code, text = client.data("Subject: kept\n\nHello\n")
    id = text.decode().split()[-1]
    found = glob.glob(f"{ask.mail.home}/queue/**/{id}*", recursive=True)
    with open(found[0], "rb") as file:
        head = file.read(3000).decode(errors="replace")
    ask.mail.start("send-schedule")
    facts = next((line for line in head.splitlines() if "role=mx" in line), "")
    ask.t.ok("bypass=av" in facts, "N-63 T20 the sender's bypass is a fact of the message", head)
    mine = [line for line in head.splitlines() if ALICE in line and "mailbox=" in line]
    others = [line for line in head.splitlines() if CAROL in line and "mailbox=" in line]
    ask.t.ok(mine and "bypass=yes" in mine[0] and others and "bypass=" not in others[0], "N-63 T20 the recipient's is that recipient's alone", head)
    client.quit()


def greylisted(ask):
    ask.files({"greylist": "yes", "bypass": f"sender friend@far.example\nip {NEAR}\nrecipient {CAROL}"})
    t = ask.t
    t.matches(ask.smtp("x@far.example", ALICE, ip=FAR), "^450 4.7.1 <alice@example.test>: greylisted", "S-28 a stranger is asked to come again")
    t.is_(ask.smtp("friend@far.example", ALICE, ip=FAR), OK, "N-63 ... not a sender that is passed by")
    t.is_(ask.smtp("x@far.example", ALICE, ip=NEAR), OK, "N-63 ... nor a client")
    t.is_(ask.smtp("x@far.example", CAROL, ip=FAR), OK, "N-63 T20 ... nor mail to such a recipient")
    ask.files({"greylist": None, "bypass": None})


def spoofing(ask):
    ask.files({"domains/relayed.test": "relay: 127.0.37.77", "domains/bücher.example": ""})
    ask.case("T16 a stranger may use a sender of ours while spoofmx is off", ALICE, OK, sender=BOB, ip=FAR)
    ask.files({"spoofmx": "yes", "mynetworks": NEAR})
    ask.case("T16 P-13 with spoofmx he may not", ALICE, rejected(BOB, "not logged in"), sender=BOB, ip=FAR, rule="spoof, control/spoofmx")
    ask.case("T16 ... whether there is such an address or not", ALICE, rejected("nobody@Example.TEST", "not logged in"), sender="nobody@Example.TEST", ip=FAR)
    ask.case("T16 ... in A-labels", ALICE, rejected("x@xn--bcher-kva.example", "not logged in"), sender="x@xn--bcher-kva.example", ip=FAR)
    ask.case("T16 foreign senders may", ALICE, OK, sender="x@far.example", ip=FAR)
    ask.case("T16 the null sender may", ALICE, OK, sender="", ip=FAR)
    ask.case("N-98 T16 our networks may", ALICE, OK, sender=BOB, ip=NEAR)
    ask.case("T16 who has logged in may", ALICE, OK, sender=BOB, login="bob", port=587)
    ask.case("S-25 a sender of a domain that we relay to", ALICE, rejected("x@relayed.test", "Inbound relay refuses internal sender domains", 554), sender="x@relayed.test", ip=FAR)
    ask.files({"spoofmx": None, "mynetworks": None, "domains/relayed.test": None})


def identity(ask):
    """ns8-mail: sender restrictions, ten cases, and more."""
    bob = dict(login="bob", port=587)
    ask.case("N-100 by default any sender", JOE, OK, sender="anybody@else.example", **bob)
    ask.files({"enforcesender": "yes", "domains/second.test": "addusers: yes\naddgroups: yes", "domains/third.test": "catchall: bob@example.test", "domains/twin.test": "alias: example.test",
               "addresses/sales": "to: bob@example.test", "addresses/both@example.test": "to: bob@example.test\nto: alice@example.test",
               "groups/crew": "member: bob@example.test\nmember: alice@example.test", "mailboxes/office": "", "addresses/out@example.test": "to: bob@far.example"})
    ask.edit_account("bob", "mailAlternateAddress: robert@example.test", "proxyAddresses: smtp:rob@example.test")
    ask.case("N-101 one's own address", JOE, OK, sender=BOB, **bob)
    ask.case("N-101 N-43 ... in any case", JOE, OK, sender="Bob@EXAMPLE.test", **bob)
    ask.case("N-101 an alias", JOE, OK, sender="robert@example.test", **bob)
    ask.case("N-101 a proxyAddress that one has alone", JOE, OK, sender="Rob@example.test", **bob)
    ask.case("N-101 the login in a domain with user addresses", JOE, OK, sender="bob@second.test", **bob)
    ask.case("N-101 the same in a domain's alias", JOE, OK, sender="bob@twin.test", **bob)
    ask.case("N-101 a generic address that leads to one alone", JOE, OK, sender="sales@third.test", **bob)
    ask.case("N-101 N-44 with a detail", JOE, OK, sender="bob+lists@example.test", **bob)
    ask.case("N-101 the null sender", JOE, OK, sender="", **bob)
    ask.case("N-101 S-35 another's address", JOE, not_owned(ALICE, "bob"), sender=ALICE, rule="sender-not-owned, control/enforcesender", **bob)
    ask.case("N-101 ... on 465 too", JOE, not_owned(ALICE, "bob"), sender=ALICE, login="bob", port=465)
    ask.case("N-101 a foreign address", JOE, not_owned("bob@far.example", "bob"), sender="bob@far.example", **bob)
    ask.case("N-101 nobody's address", JOE, not_owned("nobody@example.test", "bob"), sender="nobody@example.test", **bob)
    ask.case("T6 one's name in a domain without user addresses", JOE, not_owned("bob@xn--bcher-kva.example", "bob"), sender="bob@xn--bcher-kva.example", **bob)
    ask.case("T6 one's name where a catch-all brings it", JOE, not_owned("any@third.test", "bob"), sender="any@third.test", **bob)
    ask.case("N-102 T5 a group that one is in", JOE, not_owned("crew@second.test", "bob"), sender="crew@second.test", **bob)
    ask.case("N-102 T5 a public mailbox", JOE, not_owned("office@example.test", "bob"), sender="office@example.test", **bob)
    ask.case("N-102 T5 an address of several", JOE, not_owned("both@example.test", "bob"), sender="both@example.test", **bob)
    ask.case("N-101 without a login it is not looked at, on port 25", ALICE, OK, sender=BOB, ip=FAR)
    ask.files({"mynetworks": NEAR})
    ask.case("N-98 who logs in from our networks may be another", JOE, OK, sender=ALICE, ip=NEAR, **bob)
    ask.files({"mynetworks": None})
    granted(ask, bob)
    ask.files({"enforcesender": None, "addresses/both@example.test": None, "groups/crew": None, "mailboxes/office": None})
    ask.edit_account("bob", "mailAlternateAddress:", "proxyAddresses:")


def granted(ask, bob):
    ask.files({"sendas": "bob@example.test alice@example.test\nbob@example.test granted.example\n"})
    ask.case("T5 sendas: an address", JOE, OK, sender="Alice@example.test", **bob)
    ask.case("T5 sendas: a domain", JOE, OK, sender="x@granted.example", **bob)
    ask.case("T5 ... and none below it", JOE, not_owned("x@sub.granted.example", "bob"), sender="x@sub.granted.example", **bob)
    ask.case("T5 ... for that login alone", JOE, not_owned(BOB, "alice"), sender=BOB, login="alice", port=587)
    for word, sender in (("groups", "crew@second.test"), ("lists", "both@example.test"), ("public", "office@example.test")):
        ask.files({"sendas": word})
        ask.case(f"T5 sendas: {word}", JOE, OK, sender=sender, **bob)
        ask.case(f"T5 sendas: {word}, and no other's own address", JOE, not_owned(ALICE, "bob"), sender=ALICE, **bob)
    ask.files({"sendas": "bob@example.test *"})
    ask.case("T5 sendas: anybody", JOE, OK, sender="whoever@far.example", **bob)
    ask.files({"sendas": None})


def lists_of_senders(ask):
    """Instances on a central relay: their senders, and the From field."""
    ask.files({"allowedsenders/bob@example.test": "limit: 2\nbob@example.test\ninfo@shop.example\nlate@shop.example\n"})
    bob = dict(login="bob", port=587)
    ask.case("L-16 a sender of the list", JOE, OK, sender="info@shop.example", **bob)
    why = "not one of the 2 senders of bob@example.test, who may have 2"
    ask.case("L-16 one that is not: 5.7.1, with the address and the limit", JOE, rejected(ALICE, why), sender=ALICE, rule="sender-not-allowed, control/allowedsenders/bob@example.test", **bob)
    ask.case("L-16 one beyond the limit", JOE, rejected("late@shop.example", why), sender="late@shop.example", **bob)
    ask.case("L-16 the null sender", JOE, OK, sender="", **bob)
    ask.case("L-16 others have no list", JOE, OK, sender="info@other.example", login="alice", port=587)
    t = ask.t
    for field, code, what in ((f"From: Shop <info@shop.example>\n", 250, "a From of the list"), (f"From: {ALICE}\n", 553, "another"),
                              (f"From: info@shop.example, {ALICE}\n", 553, "the second of two"), (f"From: info@shop.example\nFROM: {ALICE}\n", 553, "in a second field"),
                              (f'From: "info@shop.example" <{ALICE}>\n', 553, "behind a name"), (f"From: team: {ALICE};\n", 553, "in a group"),
                              (f"From:\n {ALICE}\n", 553, "folded"), ("From: @\n", 553, "unreadable"), ("", 250, "none: the login's own is added")):
        client = ask.open(**bob)
        client.mail("info@shop.example"), client.rcpt(ALICE)
        said = client.data(f"{field}Subject: from\n\nHello\n")
        client.quit()
        t.is_(said[0], code, f"L-12 {what}" + ("" if code == 250 else f": {said[1].decode()}"))
    ask.files({"allowedsenders/bob@example.test": None, "enforcesender": "yes"})
    t.is_(data(ask, BOB, f"From: {ALICE}", **bob), "250", "From is free for who has no list")
    ask.files({"enforcefrom": "yes"})
    t.matches(data(ask, BOB, f"From: {ALICE}", **bob), "^553 5.7.1 <alice@example.test>: Sender address rejected: not owned by user bob@example.test$", "and not with control/enforcefrom")
    t.is_(data(ask, BOB, f"From: {BOB}", **bob), "250", "... but one's own")
    for value in (f"({ALICE})", f'"{ALICE}":;', "undisclosed:;", ",", f"<{BOB}> <{ALICE}>", f"<{BOB}>{ALICE}", f"x <{BOB}> (y) {ALICE}", f'"<" <{BOB}> <{ALICE}>'):
        t.matches(data(ask, BOB, f"From: {value}", **bob), "^553 5.7.1 <unreadable@invalid>", f"L-12 check 63: what a reader may take for another's is nobody's: {value}")
    for value in (f"Bob (x) <{BOB}> (at home)", f'"a > b" <{BOB}>', f"<{BOB}>,", f"team: <{BOB}>, {BOB};"):
        t.is_(data(ask, BOB, f"From: {value}", **bob), "250", f"L-12 ... and one's own in odd clothes is not: {value}")
    ask.files({"enforcefrom": None, "enforcesender": None})


def data(ask, sender, field, **how):
    client = ask.open(**how)
    client.mail(sender), client.rcpt(ALICE)
    code, text = client.data(f"{field}\nSubject: from\n\nHello\n")
    client.quit()
    return "250" if code == 250 else f"{code} {text.decode()}"


def through_proxy(ask, certificate):
    """A certificate is its proxy's own, not that of the client whom it names by XCLIENT."""
    ask.mail.control("xclienthosts", "127.0.37.60")
    ask.mail.restart("smtp-mx")
    client = ask.open(ip="127.0.37.60", tls=True, certificate=certificate)
    client.docmd("XCLIENT", "ADDR=192.0.2.9 PROTO=ESMTP HELO=stranger.example")
    client.mail("a@cert.example")
    ask.t.is_(client.rcpt(JOE)[0], 554, "check 13, S-21: who is named by XCLIENT does not relay by the proxy's certificate")
    client.close()
    ask.mail.control("xclienthosts", None)
    ask.mail.restart("smtp-mx")


def backends(ask):
    """Impersonation, three ways of saying who one is."""
    known, fingerprint = make_certificate(ask.mail.folder, "known")
    other, _ = make_certificate(ask.mail.folder, "other")
    hash = ask.mail.run("password-hash", input="shops-password\n").split()[0]
    rule = "host: 127.0.37.52\n"
    ask.files({"backends/shop": f"domain: shop.example\nnetwork: {SHOP}\nlogin: shop@relay\npassword: {hash}", "backends/cert": f"domain: cert.example\nfingerprint: {fingerprint}",
               "relayrules/all": "type: default\n" + rule})
    ways = (("its address", "shop", dict(ip=SHOP)), ("its password", "shop", dict(login="shop@relay", password="shops-password", port=587)),
            ("its certificate", "cert", dict(ip=FAR, tls=True, certificate=known)), ("its certificate on 465", "cert", dict(ip=FAR, port=465, certificate=known)))
    for way, name, how in ways:
        ask.case(f"S-21 a backend known by {way} may relay", JOE, OK, sender=f"a@{name}.example", **how)
        ask.case(f"S-22 by {way}: not as a domain of ours", JOE, rejected(BOB, f"not a domain of {name}", 554), sender=BOB, rule=f"backend-domain, control/backends/{name}", **how)
        ask.case(f"S-22 by {way}: not as a foreign one", JOE, rejected("x@far.example", f"not a domain of {name}", 554), sender="x@far.example", **how)
        ask.case(f"S-22 by {way}: with the null sender", JOE, OK, sender="", **how)
    ask.case("S-22 a backend is not another backend", JOE, rejected("a@cert.example", "not a domain of shop", 554), sender="a@cert.example", ip=SHOP)
    ask.case("S-21 another certificate is a stranger's", JOE, "554 5.7.1 <A>: Relay access denied", sender="a@cert.example", ip=FAR, tls=True, certificate=other)
    ask.case("S-21 no certificate is a stranger's", JOE, "554 5.7.1 <A>: Relay access denied", sender="a@cert.example", ip=FAR, tls=True)
    ask.case("S-21 a stranger with any certificate may send to us", ALICE, OK, sender="x@far.example", ip=FAR, tls=True, certificate=other)
    t = ask.t
    t.matches(swaks(ask, "--tls", "--tls-cert", known[0], "--tls-key", known[1], "--from", "a@cert.example", "--to", JOE), "250 2.1.5 Ok", "S-21 P-20 the same with swaks")
    t.ok(asks_for_certificate(ask), "S-21 clients are asked for a certificate where one is known")
    forgotten(ask, known, fingerprint)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        resumed(ask, known, version)
    through_proxy(ask, known)
    client = smtplib.SMTP(ask.mail.address, ask.mail.port(587), timeout=300)
    client.ehlo()
    t.is_(client.docmd("AUTH", "PLAIN AHNob3BAcmVsYXkAc2hvcHMtcGFzc3dvcmQ=")[0], 538, "S-23 no login without TLS")
    t.is_(client.docmd("MAIL", "FROM:<a@shop.example>")[0], 530, "S-23 ... nor mail")
    client.close()
    wrong = smtplib.SMTP(ask.mail.address, ask.mail.port(587), timeout=300)
    wrong.starttls()
    try:
        wrong.login("shop@relay", "wrong")
        t.ok(False, "S-21 a wrong password is none")
    except smtplib.SMTPAuthenticationError as e:
        t.is_(e.smtp_code, 535, "S-21 a wrong password is none")
    said = ask.mail.run("curl", "-sk", f"imaps://{ask.mail.address}:{ask.mail.port(993)}/", "-u", "shop@relay:shops-password")
    t.ok(ask.mail.code == 67, "S-21 a backend's login is for submission only", said)
    ask.files({"backends/shop": None, "backends/cert": None, "relayrules/all": None})
    t.ok(not asks_for_certificate(ask), "without a fingerprint nobody is asked for a certificate")


def forgotten(ask, certificate, fingerprint):
    """Its certificate is not known any more while its session is open (S-32): it is sent away, to come back with the next one."""
    client = ask.open(ip=FAR, tls=True, certificate=certificate)
    ask.t.is_((client.mail("a@cert.example")[0], client.rcpt(JOE)[0], client.rset()[0]), (250, 250, 250), "S-32 a session of a backend that is known by its certificate")
    ask.files({"backends/cert": "domain: cert.example\nfingerprint: " + "0" * 64})
    ask.t.is_(client.mail("a@cert.example")[0], 421, "S-32 ... which is not known at the next MAIL: 421, connect again, rather than a refusal")
    client.close()
    ask.files({"backends/cert": f"domain: cert.example\nfingerprint: {fingerprint}"})


def resumed(ask, certificate, version):
    """A session that goes on from an earlier one has the certificate of that, and none without it."""
    context = ssl._create_unverified_context()
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*certificate)
    session, replies = None, []
    for _ in range(2):
        with socket.create_connection((ask.mail.address, ask.mail.port(465)), timeout=300) as plain, context.wrap_socket(plain, session=session) as tls:
            lines = tls.makefile("rwb", buffering=0)
            lines.readline()
            for command in ("HELO x", "MAIL FROM:<a@cert.example>", f"RCPT TO:<{JOE}>", "QUIT"):
                lines.write(command.encode() + b"\r\n")
                replies.append((tls.session_reused, lines.readline().decode().strip()))
            session = tls.session
    found = [reply for reused, reply in replies if reused][2:3]
    ask.t.is_(found, [OK], f"S-21 a resumed session of {version.name} knows the certificate")


def asks_for_certificate(ask):
    said = subprocess.run(["openssl", "s_client", "-connect", f"{ask.mail.address}:{ask.mail.port(25)}", "-starttls", "smtp", "-tls1_2"], input="QUIT\n", capture_output=True, text=True, timeout=300)
    return "Acceptable client certificate" in said.stdout or "Client Certificate Types" in said.stdout


def swaks(ask, *words):
    return ask.mail.run("swaks", "--server", f"{ask.mail.address}:{ask.mail.port(25)}", "--quit-after", "RCPT", "--local-interface", FAR, *words)


def switched_off(ask):
    """Who may not send (source P), from a file of the directory."""
    ask.files({"mynetworks": NEAR, "addresses/desk": "to: carol@example.test", "groups/crew": "member: carol@example.test", "domains/second.test": "addusers: yes\naddgroups: yes"})
    ask.edit_account("carol", "mailSubmit: no")
    carol = dict(login="carol", port=587, password="carols-password")
    ask.case("P-08 P-19 who may not send, as himself", JOE, disabled(CAROL), sender=CAROL, rule="sending-disabled, directory/carol", **carol)
    ask.case("P-08 ... nor to us", ALICE, disabled(CAROL), sender=CAROL, **carol)
    ask.case("P-13 ... nor as another", JOE, disabled(BOB), sender=BOB, **carol)
    ask.case("P-14 ... nor as a group", JOE, disabled("crew@second.test"), sender="crew@second.test", **carol)
    ask.case("P-14 ... nor as nobody", JOE, disabled(""), sender="", **carol)
    ask.case("P-06 P-15 nobody else may use the address: on port 25", ALICE, disabled(CAROL), sender=CAROL, ip=FAR)
    ask.case("P-15 ... from our networks", JOE, disabled(CAROL), sender=CAROL, ip=NEAR)
    ask.case("P-15 ... logged in as another", JOE, disabled(CAROL), sender=CAROL, login="bob", port=587)
    ask.case("P-15 ... on 465", JOE, disabled(CAROL), sender=CAROL, login="bob", port=465)
    ask.case("P-06 ... with a detail", ALICE, disabled("carol+x@example.test"), sender="carol+x@example.test", ip=FAR)
    ask.case("P-06 ... an alias", ALICE, disabled("desk@second.test"), sender="desk@second.test", ip=FAR)
    ask.files({"enforcesender": "yes"})
    ask.case("P-14 the match is looked at before the switch", JOE, not_owned(BOB, "carol"), sender=BOB, **carol)
    ask.files({"enforcesender": None, "bypass": f"ip {FAR}\nsender {CAROL}"})
    ask.case("N-63 P-15 no bypass changes that", ALICE, disabled(CAROL), sender=CAROL, ip=FAR)
    ask.files({"bypass": None})
    ask.case("P-05 P-11 she gets mail", CAROL, OK, ip=FAR)
    client = ask.open(**carol)
    ask.t.is_(client.docmd("NOOP")[0], 250, "P-05 P-11 and can log in to submit")
    ask.t.is_(client.docmd("MAIL", f"FROM:<{CAROL}>")[0], 250, "P-19 MAIL is answered with 250,")
    code, text = client.rcpt(JOE)
    ask.t.is_(f"{code} {text.decode()}", disabled(CAROL), "P-19 RCPT with the refusal, which names the sender and no reason")
    client.quit()
    said = ask.mail.run("curl", "-sk", f"imaps://{ask.mail.address}:{ask.mail.port(993)}/INBOX", "-u", f"{CAROL}:carols-password", "-X", "NOOP")
    ask.t.ok(ask.mail.code == 0, "P-05 P-11 and by IMAP", said)
    ask.edit_account("carol", "mailSubmit:")
    ask.case("P-09 P-18 switched on again", JOE, OK, sender=CAROL, **carol)
    ask.files({"mynetworks": None, "groups/crew": None, "addresses/desk": None})


def listeners(ask):
    ask.files({"mynetworks": f"{NEAR} ::1"})
    needs = "530 5.7.0 Authentication required"
    ask.case("P-31 no login on 587, no mail: not to us", ALICE, needs, sender="x@far.example", port=587, ip=FAR)
    ask.case("P-31 ... not from our networks", ALICE, needs, sender="x@far.example", port=587, ip=NEAR)
    ask.case("P-31 ... nor on 465", ALICE, needs, sender="x@far.example", port=465, ip=NEAR)
    ask.case("N-99 P-24 from our networks on port 25, without login or TLS", JOE, OK, sender="scanner@example.test", ip=NEAR)
    ask.case("N-117 P-30 from elsewhere not", JOE, "554 5.7.1 <A>: Relay access denied", sender="scanner@example.test", ip=FAR)
    ask.files({"mynetworks": None})


SCHEMA = """attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'tnMailSendAllowed' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'mailSendAllowed' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'tnAccountStatus' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'mailAccountStatus' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'tnPerson' AUXILIARY MAY ( tnMailSendAllowed $ mailSendAllowed $ tnAccountStatus $ mailAccountStatus ) )
"""
PORT = 37389


def start_slapd(folder, hash):
    base = "dc=example,dc=test"
    os.makedirs(folder + "/db")
    for name, content in (("schema", SCHEMA), ("slapd.conf", f"""include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
include {folder}/schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix {base}
directory {folder}/db
rootdn cn=admin,{base}
rootpw admin
access to * by * read
"""), ("all.ldif", f"""dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: x

dn: uid=dora,{base}
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: tnPerson
uid: dora
cn: Dora
sn: D
mail: dora@example.test
uidNumber: 30001
gidNumber: 5000
homeDirectory: /nowhere
tnMailSendAllowed: TRUE
userPassword: {hash}
""")):
        with open(f"{folder}/{name}", "w") as file:
            file.write(content)
    subprocess.run(["slapadd", "-q", "-f", folder + "/slapd.conf", "-l", folder + "/all.ldif"], check=True)
    return run_slapd(folder)


def run_slapd(folder):
    """Its log says each operation of each connection."""
    return subprocess.Popen(["slapd", "-f", folder + "/slapd.conf", "-h", f"ldap://127.0.37.1:{PORT}", "-d", "256"], stderr=open(folder + "/log", "a"))


def writers(folder):
    """Who has written to the directory: the names that bound."""
    names, found, start = {}, set(), 0
    with open(folder + "/log") as file:
        for line in file:
            if "slapd starting" in line:
                start += 1
            said = re.search(r'conn=(\d+) op=\d+ (BIND dn="([^"]*)"|MOD |ADD |DEL |MODRDN |PASSMOD)', line)
            if said and said[2].startswith("BIND"):
                names[start, said[1]] = said[3]
            elif said:
                found.add(names.get((start, said[1]), "nobody"))
    return found


def toggle(folder, value, name="tnMailSendAllowed"):
    with open(folder + "/change", "w") as file:
        file.write(f"dn: uid=dora,dc=example,dc=test\nchangetype: modify\nreplace: {name}\n" + (f"{name}: {value}\n" if value else ""))
    subprocess.run(["ldapmodify", "-x", "-H", f"ldap://127.0.37.1:{PORT}", "-D", "cn=admin,dc=example,dc=test", "-w", "admin", "-f", folder + "/change"], check=True, capture_output=True)


def directory(ask):
    """The story of source P: an attribute in LDAP, toggled with ldapmodify, decides who may send."""
    mail, t, folder = ask.mail, ask.t, f"{ask.mail.folder}/slapd"
    slapd = start_slapd(folder, mail.run("password-hash", input="doras-password\n").split()[0])
    dora, who, system = "dora@example.test", dict(login="dora", port=587, password="doras-password"), users_of_the_system()
    try:
        t.ok(wait_for(lambda: subprocess.run(["ldapsearch", "-x", "-H", f"ldap://127.0.37.1:{PORT}", "-b", "dc=example,dc=test"], capture_output=True).returncode == 0), "slapd is there")
        for name, value in (("ldapserver", f"127.0.37.1:{PORT}"), ("ldaptls", "off"), ("ldapbasedn", "dc=example,dc=test"), ("ldapprofile", "rfc2307\npolicy")):
            mail.control(name, value)
        said = mail.run("ldapsync")
        t.ok(mail.code == 0, "ldapsync", said)
        ask.case("P-09 P-18 allowed in LDAP, she sends", JOE, OK, sender=dora, **who)
        client = ask.open(**who)
        t.is_((client.mail(dora)[0], client.rcpt(JOE)[0]), (250, 250), "P-10 T17 in a session that stays open")
        before = mailbox_of(mail)
        begin = time.monotonic()
        toggle(folder, "FALSE")
        mail.run("ldapsync")
        client.rset()
        client.mail(dora)
        code, text = client.rcpt(JOE)
        print(f"# from ldapmodify to the refusal: {time.monotonic() - begin:.2f} s")
        t.is_(f"{code} {text.decode()}", disabled(dora), "P-03 P-08 P-10 T17 toggled: refused by the next MAIL of the open session, nothing was restarted")
        client.quit()
        t.is_(mailbox_of(mail), before, "P-04 nothing in the mailboxes was touched")
        ask.case("P-06 P-15 on port 25 too", ALICE, disabled(dora), sender=dora, ip=FAR)
        t.matches(swaks(ask, "--from", dora, "--to", ALICE), r"554 5\.7\.1 <dora@example\.test>: Sender address rejected: sending is disabled", "P-20 with swaks")
        still(ask, "P-05 P-11 she", dora, who)
        slapd.terminate(), slapd.wait(300)
        t.ok(mail.run("ldapsync") is not None and mail.code == 111, "LDAP is stopped: ldapsync says so")
        ask.case("P-21 she may still not send", JOE, disabled(dora), sender=dora, **who)
        still(ask, "P-21 she still", dora, who)
        slapd = run_slapd(folder)
        for value, words in (("TRUE", "toggled back"), ("FALSE", None), (None, "without the attribute")):
            wait_for(lambda: subprocess.run(["ldapsearch", "-x", "-H", f"ldap://127.0.37.1:{PORT}", "-b", "dc=example,dc=test"], capture_output=True).returncode == 0)
            toggle(folder, value)
            mail.run("ldapsync")
            if words:
                ask.case(f"P-09 P-18 {words}, she sends", JOE, OK, sender=dora, **who)
            else:
                ask.case("P-18 and off", JOE, disabled(dora), sender=dora, **who)
        for name, value in (("mailSendAllowed", "FALSE"), ("tnAccountStatus", "disabled"), ("mailAccountStatus", "Disabled")):
            toggle(folder, value, name), mail.run("ldapsync")
            ask.case(f"P-07 {name}: {value}", JOE, disabled(dora), sender=dora, **who)
            toggle(folder, None, name), mail.run("ldapsync")
            ask.case(f"P-07 P-09 no {name}", JOE, OK, sender=dora, **who)
        t.is_(users_of_the_system(), system, "P-17 no account of the system was touched")
        leaves(ask, folder, dora, who)
        t.is_(writers(folder), {"cn=admin,dc=example,dc=test"}, "P-01 nobody but the administrator has written to the directory")
    finally:
        slapd.terminate(), slapd.wait(300)
        for name in ("ldapserver", "ldaptls", "ldapbasedn", "ldapprofile"):
            mail.control(name, None)


def leaves(ask, folder, dora, who):
    """Her entry is deleted: what she has open sends no more, her address is nobody's, her mail stays."""
    mail, t = ask.mail, ask.t
    client, before = ask.open(**who), mailbox_of(mail)
    t.is_((client.mail(dora)[0], client.rcpt(JOE)[0]), (250, 250), "P-12 she sends")
    client.rset()
    subprocess.run(["ldapdelete", "-x", "-H", f"ldap://127.0.37.1:{PORT}", "-D", "cn=admin,dc=example,dc=test", "-w", "admin", "uid=dora,dc=example,dc=test"], check=True)
    keep_one(folder)
    said = mail.run("ldapsync")
    t.is_(mail.code, 0, "P-12 her entry is deleted, and ldapsync runs: " + said.strip())
    for sender in (dora, BOB, ""):
        client.mail(sender)
        code, text = client.rcpt(JOE)
        t.is_(f"{code} {text.decode()}", disabled(sender), f"P-12 T17 in her open session nothing is sent as <{sender}>")
        client.rset()
    client.close()
    ask.case("P-12 her address is nobody's", dora, "550 5.1.1 <A>: Recipient address rejected: User unknown", ip=FAR)
    t.is_(mailbox_of(mail), before, "P-12 P-17 her mail is kept as it was")


def keep_one(folder):
    """Somebody else, for an empty directory is not believed."""
    with open(folder + "/change", "w") as file:
        file.write("dn: uid=emil,dc=example,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: emil\ncn: E\nsn: E\nmail: emil@example.test\n"
                   "uidNumber: 30002\ngidNumber: 5000\nhomeDirectory: /nowhere\n")
    subprocess.run(["ldapmodify", "-x", "-H", f"ldap://127.0.37.1:{PORT}", "-D", "cn=admin,dc=example,dc=test", "-w", "admin", "-f", folder + "/change"], check=True, capture_output=True)


def users_of_the_system():
    return [open(f"/etc/{name}").read() for name in ("passwd", "shadow", "group")]


def mailbox_of(mail):
    return {path: os.lstat(path).st_ctime_ns for path in glob.glob(f"{mail.home}/mail/**", recursive=True)}


def still(ask, words, dora, who):
    subject = f"to {words}"
    ask.send("ann@outside.example", dora, subject, ip=FAR)
    ask.t.ok(ask.mail.mail_with("dora", f"Subject: {subject}"), f"{words} gets mail")
    client = ask.open(**who)
    ask.t.is_(client.noop()[0], 250, f"{words} can log in to submit")
    client.quit()
    said = ask.mail.run("curl", "-sk", f"imaps://{ask.mail.address}:{ask.mail.port(993)}/INBOX", "-u", f"{dora}:doras-password", "-X", "NOOP")
    ask.t.ok(ask.mail.code == 0, f"{words} can read her mail", said)


with Postroom(37) as mail, Tap() as t:
    mail.add_account(CAROL, "carols-password")
    ask = Policy(mail, t)
    parts = [blocks, greylisted, spoofing, identity, lists_of_senders, backends, switched_off, listeners, directory]
    for part in parts:
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            print("# " + part.__name__)
            part(ask)
