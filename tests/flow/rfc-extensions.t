#!/usr/bin/python3
# rfc-extensions: the SMTP extensions, tested from their standards alone: BDAT (RFC 3030), 8BITMIME (6152), SMTPUTF8 (6531, 6532),
# FUTURERELEASE (4865), MT-PRIORITY (6710), REQUIRETLS (8689). Delivery reports are rfc-dsn.t's.
import datetime, email, glob, os, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from peer import Server
from postroom import Postroom, Tap, wait_for
from extwire import Report, Wire, gone, letter, parameters, reports, transaction

TRUSTED = "127.0.47.9"  # in control/mynetworks
MORE = ("PIPELINING", "8BITMIME", "SIZE 1000000", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "MT-PRIORITY", "FUTURERELEASE 100000 2030-01-01T00:00:00Z")


class Peer(Server):
    """Another host; refuses recipients with `bad` in their local part."""

    def __init__(self, **more):
        super().__init__(sessions=10000, address="127.0.47.2", RCPT=lambda s: b"550 5.1.1 no such user\r\n" if "bad" in s.heard[-1] else b"250 2.1.5 ok\r\n", **more)

    def start(self):
        self.listening.settimeout(1800)
        super().start()


def rule(mail, name, port, tls="off", host="127.0.47.2", domain=None):
    """Mail for the domain NAME.test goes to this port."""
    path = f"{mail.home}/control/relayrules/{name}"
    with open(path, "w") as file:
        file.write(f"type: recipient\nsubject: {domain or name + '.test'}\nhost: {host}\nport: {port}\ntls: {tls}\n")
    subprocess.run(["chown", "root:mail-tables", path], check=True)
    os.chmod(path, 0o640)
    said = mail.run("tables-build")
    assert mail.code == 0, said


def content(mail, user, subject, domain="example.test"):
    """What was delivered with this subject, from the From field on; None."""
    found = mail.mail_with(user, f"Subject: {subject}\n", domain=domain)
    return found and (lambda m: m[m.index(b"From: "):])(found[0].replace(b"\r\n", b"\n"))


def is_content(mail, t, user, subject, expected, what):
    t.is_(content(mail, user, subject), expected.replace(b"\r\n", b"\n"), what)


def chunks(mail, t):
    text = letter("chunks", b".\r\n..dots\r\n.QUIT\r\nR\xc3\xbcssel\r\n\r\n.")
    with Wire(mail) as w:
        t.is_(w.extensions.get("CHUNKING"), "", "RFC 3030 2 (1): EHLO lists CHUNKING, without a parameter")
        t.ok("BINARYMIME" not in w.extensions, "RFC 3030 3: BINARYMIME is not offered (documented)")
        t.ok(w.code("MAIL FROM:<a@far.test> BODY=BINARYMIME") // 100 == 5, "RFC 3030 3: BODY=BINARYMIME is refused where it is not offered")
        w.say("RSET")
        for name, sizes in (("whole", [len(text)]), ("three", [7, 101, len(text) - 108]), ("nothing between", [50, 0, 0, len(text) - 50]), ("empty last", [len(text), 0])):
            msg = text.replace(b"chunks", name.encode())
            sizes[-2 if name == "empty last" else -1] += len(msg) - len(text)
            w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
            at, said = 0, []
            for n, size in enumerate(sizes):
                said.append(w.bdat(msg[at:at + size], n == len(sizes) - 1)[0])
                at += size
            t.is_(said, [250] * len(sizes), f"RFC 3030 2: 250 for each chunk ({name})")
            is_content(mail, t, "bob", name, msg + b"\r\n", f"RFC 3030 2: octets arrive as they were sent, dots too; the last line gets its CRLF ({name})")
        msg = letter("single octets", b"a\r\nb\r\n")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        said = {w.bdat(msg[n:n + 1], n + 1 == len(msg))[0] for n in range(len(msg))}
        t.is_(said, {250}, "RFC 3030 2: chunks of one octet, also between CR and LF")
        is_content(mail, t, "bob", "single octets", msg, "RFC 3030 2: ... and the message is whole")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        msg = letter("case", b"x\r\n")
        w.send(b"bdat %d last\r\n" % len(msg) + msg)
        t.is_(w.read()[0], 250, "RFC 3030 2: BDAT and LAST in any case")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        big = letter("big chunk", b"0123456789abcdef\r\n" * 30000)
        t.is_(w.bdat(big, True)[0], 250, "RFC 3030 2: one chunk of 540 kB")
        is_content(mail, t, "bob", "big chunk", big, "RFC 3030 2: ... arrives")


def pipelined(mail, t):
    one, two = letter("pipe 1", b"first\r\n"), letter("pipe 2", b"second\r\n")
    with Wire(mail) as w:
        w.send(b"MAIL FROM:<a@far.test>\r\nRCPT TO:<bob@example.test>\r\nBDAT 10\r\n" + one[:10] + b"BDAT %d LAST\r\n" % (len(one) - 10) + one[10:] +
               b"MAIL FROM:<a@far.test>\r\nRCPT TO:<bob@example.test>\r\nBDAT %d\r\n" % len(two) + two + b"BDAT 0 LAST\r\nQUIT\r\n")
        t.is_(w.reads(9), [250] * 8 + [221], "RFC 3030 2, 4.2: MAIL, RCPT, BDAT of two messages and QUIT in one piece")
    for name, text in (("pipe 1", one), ("pipe 2", two)):
        is_content(mail, t, "bob", name, text, f"RFC 3030 4.2: ... {name} is whole")
    short = b"Subject: cut\r\n\r\n.\r\nx"
    whole = b"MAIL FROM:<a@far.test>\r\nRCPT TO:<bob@example.test>\r\nBDAT 17\r\n" + short[:17] + b"BDAT %d LAST\r\n" % (len(short) - 17) + short[17:]
    start, bad = whole.index(b"BDAT"), []
    for cut in range(start, len(whole) + 1):
        if (cut - start) % 25 == 0:
            w = Wire(mail)
        w.send(whole[:cut])
        first = w.reads(2)  # what was sent first has been read by now: the rest comes in another segment
        w.send(whole[cut:])
        if first + w.reads(2) != [250] * 4:
            bad.append(cut)
    t.is_(bad, [], f"RFC 3030 2: a session cut in two at each of {len(whole) + 1 - start} places")
    n = len(whole) + 1 - start
    arrived = wait_for(lambda: (lambda m: m if len(m) == n else None)([m for m in mail.mail("bob") if b"Subject: cut\n" in m.replace(b"\r", b"")]))
    t.is_({m.replace(b"\r", b"")[m.replace(b"\r", b"").index(b"Subject: cut"):] for m in arrived or []}, {short.replace(b"\r", b"") + b"\n"}, "RFC 3030 2: ... and all are delivered alike")
    with Wire(mail) as w:
        for n in range(len(whole)):
            w.send(whole[n:n + 1])
        t.is_(w.reads(4), [250] * 4, "RFC 3030 2: a session of single bytes")


def wrong_order(mail, t):
    evil = b"RSET\r\nQUIT\r\nMAIL FROM:<x@far.test>\r\n"
    with Wire(mail) as w:
        t.is_((w.bdat(evil)[0], w.code("NOOP")), (503, 250), "RFC 3030 2: BDAT without MAIL: 503, its octets are discarded, never commands")
        t.is_((w.bdat(evil, True)[0], w.code("NOOP")), (503, 250), "RFC 3030 2: the same with LAST")
        w.say("MAIL FROM:<a@far.test>")
        t.is_((w.bdat(evil, True)[0] // 100, w.code("NOOP")), (5, 250), "RFC 3030 2: BDAT without RCPT is refused, its octets discarded")
        w.codes("RSET", "MAIL FROM:<a@far.test>")
        t.is_((w.code("RCPT TO:<nobody-here@example.test>"), w.bdat(evil, True)[0] // 100, w.code("NOOP")), (550, 5, 250), "RFC 3030 2: BDAT where all RCPT were refused is refused")
        w.say("RSET")
        msg = letter("data after bdat", b"x\r\n")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        t.is_((w.bdat(msg)[0], w.code("DATA")), (250, 503), "RFC 3030 2: DATA after BDAT: 503")
        t.is_(w.codes("RSET", "MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>"), [250] * 3, "RFC 3030 2: ... RSET clears that")
        msg = letter("after last", b"x\r\n")
        t.is_((w.bdat(msg, True)[0], w.bdat(b"more\r\n")[0], w.bdat(b"", True)[0], w.code("NOOP")), (250, 503, 503, 250), "RFC 3030 2: any BDAT after BDAT LAST: 503")
        w.codes("RSET", "MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
    with Wire(mail) as w:
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        msg = letter("between chunks", b"second half\r\n")
        t.is_(w.bdat(msg[:30])[0], 250, "RFC 3030 2: a first chunk")
        t.is_(w.codes("NOOP", "VRFY bob", "HELP")[0], 250, "RFC 5321 4.1.1.9: NOOP between chunks is 250")
        t.is_(w.codes("MAIL FROM:<b@far.test>", "STARTTLS")[0], 503, "RFC 5321 4.1.4: MAIL between chunks is 503")
    with Wire(mail) as w:
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        t.is_((w.bdat(msg[:30])[0], w.code("NOOP"), w.bdat(msg[30:], True)[0]), (250, 250, 250), "RFC 3030 2: NOOP between two chunks changes nothing")
        is_content(mail, t, "bob", "between chunks", msg, "RFC 3030 2: ... the message is whole")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        w.bdat(b"Subject: thrown away\r\n")
        t.is_((w.code("RSET"), w.bdat(b"x\r\n", True)[0]), (250, 503), "RFC 3030 2: RSET between chunks ends the transaction")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        fresh = letter("fresh", b"new\r\n")
        t.is_(w.bdat(fresh, True)[0], 250, "RFC 3030 2: ... the next one is new")
        is_content(mail, t, "bob", "fresh", fresh, "RFC 3030 2: ... and holds nothing of the one before")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        w.bdat(letter("greeted again", b"x\r\n"))
        t.is_((w.code("EHLO client.example"), w.bdat(b"", True)[0]), (250, 503), "RFC 5321 4.1.4: EHLO between chunks resets too")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        w.bdat(letter("quit in the middle", b"x\r\n"))
        t.is_((w.code("QUIT"), w.ended()), (221, True), "RFC 3030 2: QUIT between chunks: 221")
    with Wire(mail) as w:
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        w.bdat(letter("hung up", b"x\r\n"))
    with Wire(mail) as w:
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        w.send(b"BDAT 1000 LAST\r\n" + letter("hung up in a chunk", b"x\r\n"))
    with Wire(mail) as w:
        id = w.give("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>", letter("after them"))
        gone(mail, id)
    for name in ("quit in the middle", "hung up", "hung up in a chunk", "thrown away", "greeted again", "data after bdat"):
        t.ok(not mail.mail_with("bob", f"Subject: {name}\n", 0), f"RFC 3030 2: nothing is delivered without LAST ({name})")


def wrong_sizes(mail, t):
    for line in ("BDAT", "BDAT ", "BDAT x", "BDAT -1", "BDAT 0x10", "BDAT 5.5", "BDAT +5", "BDAT LAST", "BDAT 1 2", "BDAT 5 FIRST", "BDAT 5 LAST LAST",
                 "BDAT 18446744073709551617", "BDAT 99999999999999999999999999 LAST", "BDAT 4294967296"):
        with Wire(mail) as w:
            w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
            w.send(line + "\r\nVRFY bob\r\nHELP\r\nRSET\r\n")
            said = w.read()[0]
            rest = []
            try:
                while True:
                    rest.append(w.read()[0])
            except (EOFError, OSError):
                pass
            t.ok(said // 100 == 5 and not [r for r in rest if r != 421], f"RFC 3030 2, security check 8: {line!r} is refused, and what follows is never read as commands", said, rest)


def too_much(mail, t):
    mail.control("databytes", "20000")
    with Wire(mail) as w:
        t.is_(w.extensions.get("SIZE", "").strip(), "20000", "RFC 1870 4: the limit stands in EHLO")
        t.is_(w.code("MAIL FROM:<a@far.test> SIZE=20001"), 552, "RFC 1870 6.1: SIZE= beyond it: 552 at MAIL")
        w.codes("MAIL FROM:<a@far.test> SIZE=100", "RCPT TO:<bob@example.test>")
        head = letter("exactly", b"")
        t.is_(w.bdat(head + b"x" * (20000 - len(head) - 2) + b"\r\n", True)[0], 250, "RFC 3030 2, 1870 6.3: exactly the limit is taken")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        t.is_((w.bdat(head + b"y" * 20000, True)[0], w.code("NOOP")), (552, 250), "RFC 3030 2: one chunk beyond the limit: 552 when its octets were discarded")
        w.codes("RSET", "MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        t.is_([w.bdat(b"z" * 8000)[0] for _ in range(2)], [250, 250], "RFC 3030 2: chunks below the limit")
        t.is_((w.bdat(b"RSET\r\n" * 1500)[0], w.bdat(b"QUIT\r\n")[0] // 100, w.bdat(b"QUIT\r\n", True)[0] // 100), (552, 5, 5), "RFC 3030 2: their sum beyond it: 552; chunks after that are discarded and refused")
        t.is_(w.codes("RSET", "MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>"), [250] * 3, "RFC 3030 2: ... RSET ends that")
        t.is_(w.bdat(letter("after too much"), True)[0], 250, "RFC 3030 2: ... and a message of the right size goes")
        w.send(b"MAIL FROM:<a@far.test>\r\nRCPT TO:<bob@example.test>\r\nBDAT 30000\r\n" + b"QUIT\r\n" * 5000 + b"BDAT 12\r\nQUIT\r\nQUIT\r\nBDAT 0 LAST\r\nRSET\r\nNOOP\r\n")
        said = w.reads(7)
        t.ok(said[:3] == [250, 250, 552] and said[3] // 100 == said[4] // 100 == 5 and said[5:] == [250, 250], "RFC 3030 4.2: pipelined chunks behind one that failed are discarded, each gets a refusal", said)
    mail.control("databytes", None)


def content_of_chunks(mail, t):
    with Wire(mail) as w:
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        t.is_((w.bdat(b"Subject: bare\r\n\r\nx\ny\r\n", True)[0], w.code("NOOP")), (550, 250), "RFC 3030 3: without BINARYMIME a bare LF on port 25 is refused (documented: 550 5.6.11)")
        w.codes("MAIL FROM:<a@far.test> BODY=8BITMIME", "RCPT TO:<bob@example.test>")
        octets = bytes(c for c in range(1, 256) if c not in (10, 13)) + b"\r\n"
        msg = letter("all octets", octets)
        t.is_(w.bdat(msg, True)[0], 250, "RFC 6152 3, 3030 2: BODY=8BITMIME by BDAT")
        is_content(mail, t, "bob", "all octets", msg, "RFC 6152 2: all octets arrive unchanged")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        t.is_(w.bdat(b"", True)[0] // 100 in (2, 5), True, "RFC 3030 2: an empty message (BDAT 0 LAST alone) has an answer")
        t.is_(w.code("NOOP"), 250, "RFC 3030 2: ... and the session goes on")
        w.say("RSET")
        w.codes("MAIL FROM:<a@far.test>", "RCPT TO:<bob@example.test>")
        w.code("RCPT TO:<nobody-here@example.test>")
        t.is_(w.bdat(letter("one of two"), True)[0], 250, "RFC 3030 2: BDAT with one good and one refused RCPT")
        t.ok(mail.mail_with("bob", "Subject: one of two"), "RFC 3030 2: ... is delivered to the good one")
    for port in (587, 465):
        with Wire(mail, port, user="alice") as w:
            t.ok("CHUNKING" in w.extensions, f"RFC 3030 2: CHUNKING on port {port}")
            w.send(b"MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nBDAT 3\r\nFroBDAT 36 LAST\r\nm: <a@x.test>\r\nSubject: over TLS\r\n\r\n")
            t.is_(w.reads(4), [250] * 4, f"RFC 3030 4.2: pipelined chunks over TLS on port {port}")
            w.codes("MAIL FROM:<alice@example.test>", "RCPT TO:<bob@example.test>")
            t.is_(w.bdat(letter(f"bare at {port}", b"a\nb\r\n"), True)[0], 250, f"RFC 6409 8: a bare LF in submitted chunks is put right on port {port}")
            is_content(mail, t, "bob", f"bare at {port}", letter(f"bare at {port}", b"a\r\nb\r\n"), "RFC 6409 8: ... it is CRLF")


def eightbit(mail, t, peers):
    with Wire(mail) as w:
        t.is_(w.extensions.get("8BITMIME"), "", "RFC 6152 2 (2): EHLO lists 8BITMIME, without a parameter")
        for value, code in (("BODY=7BIT", 250), ("BODY=8BITMIME", 250), ("body=8bitmime", 250), ("BODY=8BIT", 501), ("BODY=", 501), ("BODY", 501), ("BODY=7BIT BODY=8BITMIME", 501)):
            said = w.code(f"MAIL FROM:<a@far.test> {value}")
            t.ok(said == code or code == 501 and said in (501, 504, 555), f"RFC 6152 2 (3), 5321 4.1.1.11: {value} is {code}", said)
            w.say("RSET")
    with Wire(mail, 465, user="alice") as w:
        send = lambda to, more, body: w.give("MAIL FROM:<alice@example.test>" + more, f"RCPT TO:<{to}>", letter("to " + to.split("@")[0], body))
        gone(mail, send("b1@more.test", " BODY=8BITMIME", "Größe\r\n".encode()))
        heard = transaction(peers["more"], "b1@")
        t.is_(heard and parameters(heard[0]).get("BODY"), "8BITMIME", "RFC 6152 3: 8-bit mail goes to a host with 8BITMIME by BODY=8BITMIME")
        t.ok(any("Größe".encode() in m for m in peers["more"].messages), "RFC 6152 3: ... unchanged")
        gone(mail, send("b2@bare.test", "", b"plain\r\n"))
        heard = transaction(peers["bare"], "b2@")
        t.is_(heard and parameters(heard[0]), {}, "RFC 6152 3, 3461 5.2.2, 1870 5: a host that offers nothing is told no parameter")
        gone(mail, send("b3@bare.test", " BODY=8BITMIME", "Größe\r\n".encode()))
        came = [email.message_from_bytes(m) for m in peers["bare"].messages if b"Subject: to b3" in m]
        t.ok(came and came[0].get_payload(decode=True).startswith("Größe\r\n".encode()), "RFC 6152 3: 8-bit text goes to a host without 8BITMIME in an encoding of MIME", came and came[0].as_bytes())
        t.ok(not any(byte > 0x7f for m in peers["bare"].messages for byte in m), "RFC 6152 3: ... and nothing with 8 bits")
        gone(mail, w.give("MAIL FROM:<alice@example.test>", "RCPT TO:<b5@bare.test>", b"DKIM-Signature: v=1\r\n" + letter("to b5", "Größe\r\n".encode())))
        r = reports(mail, "alice", "Subject: to b5")
        t.is_(r and Report(r[0]).field("Status"), "5.6.3", "RFC 6152 3: what is signed is not changed but returned, 5.6.3 (RFC 3463)")
        gone(mail, send("b4@bare.test", " BODY=8BITMIME", b"ascii only\r\n"))
        heard = transaction(peers["bare"], "b4@")
        t.ok(heard and "BODY" not in parameters(heard[0]), "RFC 6152 3: BODY=8BITMIME with 7-bit content goes there as 7-bit", heard)


def utf8_receive(mail, t):
    for port, user in ((25, None), (587, "alice"), (465, "alice")):
        with Wire(mail, port, user=user) as w:
            t.is_((w.extensions.get("SMTPUTF8"), "8BITMIME" in w.extensions), ("", True), f"RFC 6531 3.1 (2): SMTPUTF8 without a parameter, and 8BITMIME, on port {port}")
    with Wire(mail) as w:
        t.is_(w.code("MAIL FROM:<a@far.test> SMTPUTF8=yes"), 501, "RFC 6531 3.4: SMTPUTF8 takes no value")
        t.is_(w.code("MAIL FROM:<a@far.test> SMTPUTF8 SMTPUTF8"), 501, "RFC 5321 4.1.1.11: not twice")
        code, said = w.say("MAIL FROM:<jörg@far.test>")
        t.ok(code in (550, 553) and said.startswith("5.6.7"), "RFC 6531 3.5: a non-ASCII sender without SMTPUTF8: 550 or 553, 5.6.7", code, said)
        w.codes("RSET", "MAIL FROM:<a@far.test>")
        code, said = w.say("RCPT TO:<jörg@bücher.example>")
        t.ok(code in (550, 553) and said.startswith("5.6.7"), "RFC 6531 3.5: a non-ASCII recipient likewise", code, said)
        t.is_(w.code("RCPT TO:<bob@example.test>"), 250, "RFC 6531 3.5: ... which leaves the transaction as it was")
        w.say("RSET")
        for name, bad in (("a cut sequence", b"j\xc3@far.test"), ("an overlong one", b"j\xc0\xaf@far.test"), ("a surrogate", b"j\xed\xa0\x80@far.test"), ("beyond U+10FFFF", b"j\xf4\x90\x80\x80@far.test"), ("in the domain", b"j@b\xfccher.example")):
            t.ok(w.code(b"MAIL FROM:<" + bad + b"> SMTPUTF8") // 100 == 5, f"RFC 6531 3.3: {name} is no UTF-8: refused")
            w.say("RSET")
        for line in ("MAIL FROM:<jörg@bücher.example> SMTPUTF8", "MAIL FROM:<\"jö rg\"@far.test> SMTPUTF8", "MAIL FROM:<ünïcödé@xn--bcher-kva.example> smtputf8 body=8bitmime", "MAIL FROM:<伝言@伝言.example> SMTPUTF8 BODY=8BITMIME", "MAIL FROM:<😀@far.test> SMTPUTF8", "MAIL FROM:<> SMTPUTF8"):
            t.is_(w.code(line), 250, f"RFC 6531 3.3: {line}")
            w.say("RSET")
        t.ok(w.code("RCPT TO:<bob@example.test> SMTPUTF8") // 100 == 5, "RFC 6531 3.4: SMTPUTF8 is no parameter of RCPT")
        t.ok(w.code("VRFY bob SMTPUTF8") in (250, 252), "RFC 6531 3.7.4.2: VRFY with SMTPUTF8")
        t.ok(w.code("VRFY jörg@bücher.example SMTPUTF8") in (250, 252, 550), "RFC 6531 3.7.4.2: VRFY of a non-ASCII address with SMTPUTF8")
        code, said = w.say("VRFY jörg@bücher.example")
        t.ok(code in (550, 553) and said.startswith("5.6.7"), "RFC 6531 3.7.4.2: VRFY of one without it", code, said)
        t.ok(w.code("EXPN team SMTPUTF8") in (250, 252, 502, 550), "RFC 6531 3.7.4.2: EXPN with SMTPUTF8 is not a syntax error")


def utf8_deliver(mail, t):
    for n, to in enumerate(("jörg@bücher.example", "JÖRG@BÜCHER.EXAMPLE", "jörg@xn--bcher-kva.example", "jo\u0308rg@bücher.example")):
        with Wire(mail) as w:
            id = w.give("MAIL FROM:<änn@größe.example> SMTPUTF8 BODY=8BITMIME", f"RCPT TO:<{to}>", letter(f"ü{n}", "Grüße\r\n".encode(), "änn@größe.example", "X-N: ünd\r\n".encode()))
        found = wait_for(lambda: mail_anywhere(mail, f"Subject: ü{n}"))
        t.ok(found, f"RFC 6531 3.1 (7), 3.3: to {to!a}: the mailbox of the same name, U- and A-labels alike")
        m = found[0] if found else b""
        t.ok(m.startswith("Return-Path: <änn@größe.example>".encode()) and "X-N: ünd".encode() in m and b"Subject: \xc3\xbc" in m, f"RFC 6532 3.2: ... with its UTF-8 header as it was sent ({n})", m[:600])
    t.ok(" with UTF8SMTP " in m.decode().replace("\r\n\t", " ").replace("\n\t", " "), "RFC 6531 4.3: Received: with UTF8SMTP", m[:600])
    with Wire(mail, tls=True) as w:
        w.give("MAIL FROM:<a@far.test> SMTPUTF8", "RCPT TO:<bob@example.test>", letter("utf8 tls"))
    t.ok(b"with UTF8SMTPS " in b" ".join(mail.mail_with("bob", "Subject: utf8 tls")[0].split()), "RFC 6531 4.3: with UTF8SMTPS over TLS, whatever the addresses")
    with Wire(mail, 465, user="alice") as w:
        w.give("MAIL FROM:<alice@example.test> SMTPUTF8", "RCPT TO:<bob@example.test>", letter("utf8 tls auth"))
        w.give("MAIL FROM:<alice@example.test>", "RCPT TO:<bob@example.test>", letter("ascii tls auth"))
    t.ok(b"with UTF8SMTPSA " in b" ".join(mail.mail_with("bob", "Subject: utf8 tls auth")[0].split()), "RFC 6531 4.3: with UTF8SMTPSA for a login")
    t.ok(b"with ESMTPSA " in b" ".join(mail.mail_with("bob", "Subject: ascii tls auth")[0].split()), "RFC 3848: ESMTPSA without SMTPUTF8")
    with Wire(mail, 465, address="jörg@bücher.example", password="geheim1234") as w:
        said = w.codes("MAIL FROM:<jörg@bücher.example> SMTPUTF8", "RCPT TO:<bob@example.test>", "DATA")
        w.send(letter("from jörg", b"x\r\n", "jörg@bücher.example") + b".\r\n")
        t.is_(said + [w.read()[0]], [250, 250, 354, 250], "RFC 6531 3.1: submitted by a login that is not ASCII")


def mail_anywhere(mail, words):
    return [m for m in (open(p, "rb").read() for p in glob.glob(f"{mail.home}/mail/*/*/new/*")) if words.encode() in m]


def utf8_relay(mail, t, peers):
    with Wire(mail, 465, user="alice") as w:
        send = lambda sender, to, subject, more=" SMTPUTF8": w.give(f"MAIL FROM:<{sender}>{more}", f"RCPT TO:<{to}>", letter(subject, b"x\r\n"))
        gone(mail, send("älice@far.test", "jörg@more.test", "out ü1"))
        heard = transaction(peers["more"], "jörg@more.test")
        t.ok(heard and "<älice@far.test>" in heard[0] and "SMTPUTF8" in parameters(heard[0]), "RFC 6531 3.2, 3.4: to a host with SMTPUTF8: addresses in UTF-8, MAIL with SMTPUTF8", heard)
        t.is_(heard and parameters(heard[0]).get("SMTPUTF8"), "", "RFC 6531 3.4: ... without a value")
        t.ok(all(ord(c) < 128 for line in peers["more"].heard if line.startswith("EHLO") for c in line), "RFC 6531 3.7.1: EHLO in ASCII")
        gone(mail, send("alice@example.test", "h1@more.test", "out ü2"))
        t.ok("SMTPUTF8" in parameters(transaction(peers["more"], "h1@")[0]), "RFC 6531 3.4: a UTF-8 header alone needs SMTPUTF8 as well")
        t.ok(any("Subject: out ü2".encode() in m for m in peers["more"].messages), "RFC 6532 3.2: ... and goes unchanged")
        gone(mail, send("alice@example.test", "h2@more.test", "out plain", ""))
        t.ok("SMTPUTF8" not in parameters(transaction(peers["more"], "h2@")[0]), "RFC 6531 3.4: SMTPUTF8 is not said for a message that came without it")
        for sender, to, subject in (("alice@example.test", "jörg@plain.test", "to plain 1"), ("älice@example.test", "u2@plain.test", "to plain 2"), ("alice@example.test", "u3@plain.test", "to plain ü3")):
            id = send("alice@example.test" if sender[0] == "a" else "alice@example.test", to, subject)
            gone(mail, id)
            if sender[0] == "ä":
                continue
            r = reports(mail, "alice", f"Subject: {subject}")
            t.ok(transaction(peers["plain"], to) is None or not any(subject.encode() in m for m in peers["plain"].messages), f"RFC 6531 3.2: {to}, {subject!a}: not sent to a host without SMTPUTF8")
            t.is_(r and (Report(r[0]).field("Action"), Report(r[0]).field("Status")), ("failed", "5.6.7"), "RFC 6531 3.2, 3463, 5248: ... but returned, 5.6.7")
        t.ok(all(ord(c) < 128 for line in peers["plain"].heard for c in line), "RFC 6531 3.2: such a host never hears a byte that is not ASCII")
        t.ok(transaction(peers["plain"], "u2@plain.test"), "RFC 6531 3.4: SMTPUTF8 was said but nothing needs it: a host without it gets the message")
        id = send("alice@example.test", "u4@bücher.test", "ulabel only")
        gone(mail, id)
        heard = transaction(peers["plain"], "u4@")
        t.ok(heard is None and reports(mail, "alice", "Subject: ulabel only") or heard and "u4@xn--bcher-kva.test" in heard[1], "RFC 6531 3.2: only the domain is not ASCII: sent by its A-label, or returned", heard)


def hold(mail, t, peers):
    with Wire(mail) as w:
        t.ok("FUTURERELEASE" not in w.extensions, "RFC 4865 3: port 25 does not offer FUTURERELEASE, it is for submission")
        t.ok(w.code("MAIL FROM:<a@far.test> HOLDFOR=10") // 100 == 5, "RFC 4865 4: ... nor take HOLDFOR")
    now = datetime.datetime.now(datetime.timezone.utc)
    date = lambda seconds, zone="Z": (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S") + zone
    with Wire(mail, 465, user="alice") as w:
        words = w.extensions.get("FUTURERELEASE", "").split()
        t.ok(len(words) == 2 and words[0].isdigit() and 0 < int(words[0]) < 10**9, "RFC 4865 3 (4): FUTURERELEASE max-interval max-date-time", words)
        limit = datetime.datetime.strptime(words[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        t.ok(abs((limit - now).total_seconds() - int(words[0])) < 3600, "RFC 4865 3 (4): the date is a UTC date of RFC 3339, that many seconds from now", words)
        for value, code in (("HOLDFOR=1", 250), ("HOLDFOR=" + words[0], 250), ("holdfor=60", 250), ("HOLDUNTIL=" + date(3600), 250), ("HOLDUNTIL=" + date(7200, "+01:00"), 250), ("HOLDUNTIL=" + date(3600, ".5Z"), 250),
                            ("HOLDFOR=0", 501), ("HOLDFOR=01", 501), ("HOLDFOR=-5", 501), ("HOLDFOR=", 501), ("HOLDFOR", 501), ("HOLDFOR=1h", 501), ("HOLDFOR=1234567890", 5), ("HOLDFOR=%d" % (int(words[0]) + 1), 5),
                            ("HOLDUNTIL=" + date(int(words[0]) + 7200), 5), ("HOLDUNTIL=tomorrow", 501), ("HOLDUNTIL=2026-13-01T00:00:00Z", 501), ("HOLDUNTIL=2026-02-30T00:00:00Z", 501), ("HOLDUNTIL=" + date(3600, ""), 501), ("HOLDUNTIL=2020-01-01T00:00:00Z", 5),
                            ("HOLDFOR=60 HOLDFOR=60", 501), ("HOLDFOR=60 HOLDUNTIL=" + date(60), 501)):
            said = w.code(f"MAIL FROM:<alice@example.test> {value}")
            t.ok(said == code or said // 100 == code, f"RFC 4865 4: MAIL {value if '20' not in value[10:14] else value[:12] + '...'} is {code}", value, said)
            w.say("RSET")
        id = w.give("MAIL FROM:<alice@example.test> HOLDFOR=3600", "RCPT TO:<bob@example.test>", letter("held"))
        now_id = w.give("MAIL FROM:<alice@example.test>", "RCPT TO:<bob@example.test>", letter("not held"))
        gone(mail, now_id)
        held = mail.queued(id)
        t.ok(held and held["attempts"] == 0 and 3500 < held["next"] - held["arrival"] < 3700, "RFC 4865 5: a held message waits in the queue, untried, until its time", held)
        t.ok(not mail.mail_with("bob", "Subject: held\n", 0), "RFC 4865 5: ... and is not delivered before")
        mail.run("qctl", "delete", id)
        id = w.give("MAIL FROM:<alice@example.test> HOLDFOR=2", ["RCPT TO:<bob@example.test>", "RCPT TO:<held@more.test>"], letter("held for two seconds"))
        t.ok(mail.mail_with("bob", "Subject: held for two seconds"), "RFC 4865 5: it is delivered when its time has come")
        gone(mail, id)
        t.ok(not {"HOLDFOR", "HOLDUNTIL"} & set(parameters(transaction(peers["more"], "held@")[0])), "RFC 4865 5: who has held it does not pass HOLDFOR on")


def priority(mail, t, peers):
    with Wire(mail) as w:
        t.ok("MT-PRIORITY" not in w.extensions and w.code("MAIL FROM:<a@far.test> MT-PRIORITY=9") // 100 == 5, "RFC 6710 5: strangers on port 25 get no priority (documented)")
    with Wire(mail, 465, user="alice") as w:
        t.ok("MT-PRIORITY" in w.extensions, "RFC 6710 3: MT-PRIORITY on submission ports")
        for value in range(-9, 10):
            said = w.code(f"MAIL FROM:<alice@example.test> MT-PRIORITY={value}")
            w.say("RSET")
            if said != 250:
                break
        t.is_((value, said), (9, 250), "RFC 6710 3, 6: -9 to 9 are taken")
        for value in ("10", "-10", "+1", "-0", "00", "", "1.5", "high", "3 MT-PRIORITY=3"):
            t.is_(w.code(f"MAIL FROM:<alice@example.test> MT-PRIORITY={value}"), 501, f"RFC 6710 4: MT-PRIORITY={value} is 501")
            w.say("RSET")
        for value in ("-4", "7", None):
            more = f" MT-PRIORITY={value}" if value else ""
            for domain in ("more", "plain"):
                gone(mail, w.give("MAIL FROM:<alice@example.test>" + more, f"RCPT TO:<prio{value}@{domain}.test>", letter(f"priority {value} {domain}")))
                heard = transaction(peers[domain], f"prio{value}@")
                t.is_(heard and parameters(heard[0]).get("MT-PRIORITY"), value if domain == "more" else None, f"RFC 6710 4.1: MT-PRIORITY {value} " + ("is passed on" if domain == "more" else "is not said to a host without it"))


def require_tls(mail, t, peers):
    with Wire(mail) as w:
        t.ok("REQUIRETLS" not in w.extensions, "RFC 8689 2 (3): REQUIRETLS is not offered in clear")
        code, said = w.say("MAIL FROM:<a@far.test> REQUIRETLS")
        t.ok((code, said[:6]) == (530, "5.7.10") or code == 555, "RFC 8689 2, 4.1: ... and refused there (5.7.10)", code, said)
    with Wire(mail, tls=True) as w:
        t.is_(w.extensions.get("REQUIRETLS"), "", "RFC 8689 2: offered under TLS on port 25, without a parameter")
        t.is_(w.code("MAIL FROM:<a@far.test> REQUIRETLS=yes"), 501, "RFC 8689 2 (4): it takes no value")
        w.say("RSET")
        w.give("MAIL FROM:<a@far.test> REQUIRETLS", "RCPT TO:<bob@example.test>", letter("tls here"))
        t.ok(mail.mail_with("bob", "Subject: tls here"), "RFC 8689 4.4: a mailbox here needs no more TLS")
    with Wire(mail, 465, user="alice") as w:
        t.is_(w.extensions.get("REQUIRETLS"), "", "RFC 8689 2: offered on port 465")
        send = lambda to, more="", sender="alice@example.test", subject=None: w.give(f"MAIL FROM:<{sender}>{more}", f"RCPT TO:<{to}>", letter(subject or "rt " + to, b"a secret\r\n"))
        for to, why in (("rt@more.test", "without TLS"), ("rt@tls.test", "with TLS but without REQUIRETLS")):
            gone(mail, send(to, " REQUIRETLS RET=FULL"))
            peer = peers[to.split("@")[1].split(".")[0]]
            t.ok(transaction(peer, to) is None and not any(f"rt {to}".encode() in m for m in peer.messages), f"RFC 8689 4.2.1: not sent to a host {why}")
            r = reports(mail, "alice", "Subject: rt " + to)
            t.is_(r and (Report(r[0]).field("Action"), Report(r[0]).field("Status")), ("failed", "5.7.30"), f"RFC 8689 4.2.1, 5: ... but returned, 5.7.30 ({why})")
            t.ok(r and b"a secret" not in r[0], f"RFC 8689 5: the report returns the header only, in spite of RET=FULL ({why})")
        gone(mail, w.give("MAIL FROM:<alice@example.test> REQUIRETLS", "RCPT TO:<both@more.test>", letter("rt both", more=b"TLS-Required: No\r\n")))
        r = reports(mail, "alice", "Subject: rt both")
        t.is_((transaction(peers["more"], "both@"), r and Report(r[0]).field("Status")), (None, "5.7.30"), "RFC 8689 3, 4.1: TLS-Required: No counts nothing beside REQUIRETLS")
        id = w.give("MAIL FROM:<alice@example.test>", "RCPT TO:<relaxed@verified.test>", letter("rt relaxed", more=b"TLS-Required: No\r\n"))
        said = mail.said_last(id)
        t.is_((said and said["verdict"], transaction(peers["more"], "relaxed@")), ("later", None), "RFC 8689 4.2.2: TLS-Required: No does not relax what a relay rule demands (documented: it is a field like any other)")
        mail.run("qctl", "delete", id)
        gone(mail, send("rt@required.test", " REQUIRETLS"))
        heard = transaction(peers["required"], "rt@required.test")
        t.is_(heard and parameters(heard[0]).get("REQUIRETLS"), "", "RFC 8689 4.2.1: to a verified host that offers it: MAIL with REQUIRETLS")
        t.ok(peers["required"].tls, "RFC 8689 4.2.1: ... over TLS")
        gone(mail, send("plain@required.test"))
        t.ok("REQUIRETLS" not in parameters(transaction(peers["required"], "plain@required.test")[0]), "RFC 8689 4.2: REQUIRETLS is not said for a message that did not ask for it")
        gone(mail, send("bad@required.test", " REQUIRETLS", "back@required.test"))
        heard = transaction(peers["required"], "back@required.test")
        t.ok(heard and "<>" in heard[0] and "REQUIRETLS" in parameters(heard[0]), "RFC 8689 5: the report about such a message requires TLS itself", heard)
        gone(mail, send("bad@required.test", " REQUIRETLS", "leak@more.test", "leaky"))
        t.ok(transaction(peers["more"], "leak@more.test") is None, "RFC 8689 5: ... so it is not sent to a host in clear")


def prepare(mail, t):
    mail.control("mynetworks", TRUSTED)
    mail.control("errorsmax", "0")
    cert = f"{mail.folder}/cert"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.47.2", "-keyout", cert + ".key", "-out", cert + ".pem"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["install", "-m", "0644", cert + ".pem", f"{mail.home}/control/relay-ca.pem"], check=True)
    mail.control("tlscafile", "control/relay-ca.pem")
    peers = {"more": Peer(extensions=MORE), "plain": Peer(extensions=("8BITMIME",)), "bare": Peer(extensions=()),
             "tls": Peer(extensions=MORE + ("STARTTLS",), certificate=cert), "required": Peer(extensions=MORE + ("STARTTLS", "REQUIRETLS"), certificate=cert)}
    for name, peer in peers.items():
        rule(mail, name, peer.port, "verify" if peer.certificate == cert else "off")
    rule(mail, "verified", peers["more"].port, "verify")
    rule(mail, "ulabel", peers["plain"].port, domain="xn--bcher-kva.test")
    mail.add_account("jörg@bücher.example", "geheim1234")
    return peers


with Postroom(47) as mail, Tap() as t:
    peers = prepare(mail, t)
    parts = {"bdat": lambda: [f(mail, t) for f in (chunks, pipelined, wrong_order, wrong_sizes, too_much, content_of_chunks)], "8bit": lambda: eightbit(mail, t, peers),
             "utf8": lambda: (utf8_receive(mail, t), utf8_deliver(mail, t), utf8_relay(mail, t, peers)), "hold": lambda: hold(mail, t, peers),
             "priority": lambda: priority(mail, t, peers), "tls": lambda: require_tls(mail, t, peers)}
    for name in sys.argv[1:] or parts:
        parts[name]()
