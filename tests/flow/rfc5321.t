#!/usr/bin/python3
# rfc5321: the server as the standards of SMTP want it, asked on raw sockets by somebody who has not read its code: RFC 5321,
# 1870, 2033, 2034, 2920, 3207, 3848, 4954, 6152, 6409, 8314, 9422. Each test names its section. Where postroom does otherwise
# by choice, the document that says so is named. (W-01, W-02)
import base64, email.utils, os, random, re, sys, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for
from smtpwire import Smtp, Wire

BOB, ALICE = "bob@example.test", "alice@example.test"
count = 0


def letter(body="x\r\n"):
    """A message with a subject of its own: the subject, and the message."""
    global count
    count += 1
    return f"rfc-{count}-end", f"From: <ann@far.example>\r\nSubject: rfc-{count}-end\r\n\r\n{body}"


def delivered(mail, subject, user="bob"):
    """The message as it lies in the mailbox, in CRLF."""
    found = mail.mail_with(user, f"Subject: {subject}\n")
    return found[0].replace(b"\n", b"\r\n") if found else b""


def body(message):
    return message.split(b"\r\n\r\n", 1)[-1]


def trace(message):
    """The first Received field, unfolded."""
    return re.sub(r"\r\n[ \t]+", " ", re.search(rb"^(Received:.*?)\r\n(?![ \t])", message, re.S | re.M)[1].decode()) if message else ""


def dialogue(t, s, table):
    """Each line: a command, what its reply must match, and what says so."""
    for command, expected, what in table:
        t.matches(s(command), expected, what)


def greeting(mail, t):
    with Smtp(mail, 25, hello=None) as s:
        t.matches(s.banner, r"^220 mail\.example\.test ESMTP", "RFC 5321 4.3.1, 4.2: 220, the host's name, and ESMTP")
        dialogue(t, s, [
            ("NOOP", "^250 ", "RFC 5321 4.1.4: NOOP without EHLO"),
            ("HELP", "^214 ", "RFC 5321 4.1.4: HELP without EHLO"),
            ("RSET", "^250 ", "RFC 5321 4.1.4: RSET without EHLO"),
            ("VRFY postmaster", "^25[0-2] ", "RFC 5321 4.1.4: VRFY without EHLO"),
            ("EXPN list", "^502 5.5.1 ", "RFC 5321 4.1.4, 4.2.4: EXPN without EHLO is not 503; 502 as it is known, but not offered"),
            ("MAIL FROM:<ann@far.example>", "^503 5.5.1 ", "RFC 5321 4.1.4: MAIL before EHLO"),
            ("RCPT TO:<bob@example.test>", "^503 5.5.1 ", "RFC 5321 4.1.4: RCPT before EHLO"),
            ("DATA", "^503 5.5.1 ", "RFC 5321 4.1.4: DATA before EHLO"),
            ("EHLO", "^501 ", "RFC 5321 4.1.1.1: EHLO needs a name"),
            ("HELO", "^501 ", "RFC 5321 4.1.1.1: HELO needs a name"),
            ("MAIL FROM:<ann@far.example>", "^503 5.5.1 ", "RFC 5321 4.1.4: a refused EHLO leaves the state as it was"),
            ("EHLO [192.0.2.7]", "^250-", "RFC 5321 4.1.3: EHLO with an IPv4 literal"),
            ("EHLO [IPv6:2001:db8::7]", "^250-", "RFC 5321 4.1.3: EHLO with an IPv6 literal"),
            ("EHLO not-the-name-of-127.0.0.1.example", "^250-", "RFC 5321 4.1.4: a name that is not the client's is no reason to refuse"),
            ("EHLO " + ".".join(["a" * 63] * 3 + ["b" * 61]), "^250-", "RFC 5321 4.5.3.1.2: EHLO with a name of 253 octets"),
            ("HELO client.example", r"^250 mail\.example\.test[^\n]*$", "RFC 5321 4.1.1.1: HELO is answered in one line that begins with the host's name"),
            ("MAIL FROM:<ann@far.example>", "^250 2.1.0 ", "RFC 5321 4.1.4: HELO is enough for a transaction"),
            ("EHLO", "^501 ", "RFC 5321 4.1.4: a refused EHLO in a transaction ..."),
            ("RCPT TO:<bob@example.test>", "^250 2.1.5 ", "RFC 5321 4.1.4: ... leaves it as it was"),
            ("EHLO client.example", "^250-", "RFC 5321 4.1.4: EHLO in a transaction ..."),
            ("RCPT TO:<bob@example.test>", "^503 5.5.1 ", "RFC 5321 4.1.4: ... ends it as RSET does"),
            ("QUIT", "^221 2.0.0 ", "RFC 5321 4.1.1.10: QUIT is 221"),
        ])
        t.ok(s.ended(), "RFC 5321 4.1.1.10: ... and the server closes")


def offers(mail, t, lmtp):
    with Smtp(mail, 25) as s:
        lines = s.greeting.split("\n")
        t.matches(lines[0], r"^250-mail\.example\.test( |$)", "RFC 5321 4.1.1.1: the first line of EHLO's answer begins with the name")
        t.ok(all(re.fullmatch(r"250[- ][A-Za-z0-9][A-Za-z0-9-]*( [!-~]+)*", line) for line in lines[1:]), "RFC 5321 4.1.1.1: the others are ehlo-keyword and ehlo-params", lines)
        t.is_(len(s.offered), len(lines) - 1, "RFC 5321 2.2.2: no keyword twice")
        t.ok({"PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS", "LIMITS"} <= set(s.offered), "RFC 2920 2, 1870 3, 6152 2, 2034 3, 3207 2, 9422 3: port 25 offers them", s.offered)
        t.is_([s.offered[k] for k in ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS")], [""] * 4, "RFC 2920 2, 6152 2, 2034 3, 3207 2: they have no parameter")
        t.matches(s.offered["SIZE"], r"^\d{1,20}$", "RFC 1870 3: SIZE has a number of at most 20 digits")
        t.matches(s.offered["LIMITS"], r"^[A-Z0-9-]+=[!-:<-~]+( [A-Z0-9-]+=[!-:<-~]+)*$", "RFC 9422 4: LIMITS has names with values")
        t.matches(s.offered["LIMITS"], r"\bRCPTMAX=[1-9]\d{0,5}\b", "RFC 9422 4.1: RCPTMAX of one to six digits")
        t.ok(not any(k.startswith("AUTH") for k in s.offered), "RFC 4954 4, doc/smtp-receive.md: port 25 has no AUTH", s.offered)
        t.matches(s("AUTH PLAIN AGEAYg=="), "^50[0-4] 5.5.", "RFC 5321 4.2.4: what is not offered is not there")
        s.secure()
        t.ok("STARTTLS" not in s.offered, "RFC 3207 4.2: under TLS STARTTLS is not offered", s.offered)
    with Smtp(mail, 587) as s:
        t.ok("AUTH" not in s.offered and "STARTTLS" in s.offered, "RFC 4954 4, 3207 4.1: 587 offers no plain text mechanism in clear", s.offered)
        s.secure()
        t.is_(s.offered["AUTH"], "PLAIN LOGIN SCRAM-SHA-256", "RFC 4954 3: AUTH and its mechanisms, separated by spaces")
        t.ok({"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "AUTH"} <= set(s.offered) and not {"ETRN", "ATRN"} & set(s.offered), "RFC 6409 7: the extensions that a submission server should have, none that it must not", s.offered)
        t.ok("AUTH=PLAIN" in s.offered, "doc/smtp-receive.md: AUTH= for old clients, which is no ehlo-keyword of RFC 5321 4.1.1.1", s.offered)
    with Smtp(mail, 465, tls=True) as s:
        t.ok("AUTH" in s.offered and "STARTTLS" not in s.offered, "RFC 8314 3.3: 465 is TLS from the first byte, and offers AUTH at once", s.offered)
    with lmtp() as s:
        t.matches(s.banner, "^220 .*LMTP", "RFC 2033 4.1: LMTP greets with 220")
        t.ok({"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME"} <= set(s.offered), "RFC 2033 5: LHLO offers PIPELINING, ENHANCEDSTATUSCODES, 8BITMIME", s.offered)
        t.is_(s.each("HELO x", "EHLO x"), "500 500", "RFC 2033 4.1: no HELO, no EHLO")


def syntax(mail, t):
    """Commands of RFC 5321 4.1.1, and how they may be written."""
    with Smtp(mail, 25) as s:
        for verb in ("mAiL fRoM:<ann@far.example>", "MAIL FROM:<ann@far.example> ", "mail from:<ann@far.example>   ", "MAIL FROM:<ann@far.example>\t", "MAIL FROM:<ann@far.example> sIzE=100 bOdY=8bItMiMe", "MAIL FROM:<>", "MAIL FROM:<ann@FAR.Example>", 'MAIL FROM:<"a\\"b c"@far.example>', 'MAIL FROM:<"@"@far.example>', "MAIL FROM:<a!b%c#$&'*+-/=?^_`{|}~d@far.example>", "MAIL FROM:<ann@[192.0.2.7]>", "MAIL FROM:<ann@[IPv6:2001:db8::7]>", "MAIL FROM:<@a.example,@b.example:ann@far.example>", "MAIL FROM:<" + "a" * 64 + "@far.example>", "MAIL FROM:<a@" + ".".join(["a" * 63] * 3 + ["b" * 61]) + ">", "MAIL FROM:<" + "a" * 64 + "@" + ".".join(["a" * 63] * 2 + ["b" * 61]) + ">"):
            t.is_(s.each(verb, "RSET"), "250 250", f"RFC 5321 2.4, 4.1.1, 4.1.2, 4.5.3.1: {verb[:60]!r} is taken")
        for bad in ("MAIL", "MAIL FROM", "MAIL FROM:", "MAIL TO:<ann@far.example>", "MAIL FROM:<ann@far.example", "MAIL FROM:<a b@far.example>", "MAIL FROM:<a@b@far.example>", "MAIL FROM:<a@far..example>", "MAIL FROM:<a@-far.example>", "MAIL FROM:<.a@far.example>", "MAIL FROM:<a..b@far.example>", 'MAIL FROM:<"a@far.example>', "MAIL FROM:<a@[300.0.0.1]>", "MAIL FROM:<a@[IPv6:1:2]>", "MAIL FROM:<a@" + "b" * 64 + ".example>", "MAIL FROM:<a@far.example>SIZE=1", "MAILFROM:<a@far.example>"):
            t.matches(s(bad), "^5(0[0-4]|53|55) 5", f"RFC 5321 4.1.2, 4.3.2: {bad[:60]!r} is refused")
            s("RSET")
    with Smtp(mail, 25) as s:
        for odd in ("MAIL  FROM:<ann@far.example>", "MAIL FROM: <ann@far.example>", "RCPT TO: <bob@example.test>", "rcpt  to:  <bob@example.test>  "):
            t.matches(s(odd), "^(250 2|501 5|503 5)", f"RFC 5321 3.3: {odd!r} has spaces that may not be: either is well")
            s.each("RSET", "MAIL FROM:<ann@far.example>") if odd.startswith("MAIL") else None
        dialogue(t, s, [
            ("NOOP", "^250 ", "... and the session is in step"),
            ("NOOP with an argument", "^250 2", "RFC 5321 4.1.1.9: the argument of NOOP is ignored"),
            ("HELP MAIL", "^21[14] 2", "RFC 5321 4.1.1.8: HELP with an argument"),
            ("VRFY bob", "^25[12] 2", "RFC 5321 3.5.3: VRFY, the least is 252"),
            ("VRFY <nobody@example.test>", "^252 2", "RFC 5321 7.3, security.md 20: VRFY tells nothing"),
            ("VRFY", "^501 5.5", "RFC 5321 4.1.1.6: VRFY needs a string"),
            ("RSET now", "^501 5.5.4", "RFC 5321 4.1.1.5, 4.2.4: RSET has no argument"),
            ("DATA now", "^50[13] 5.5", "RFC 5321 4.1.1.4: DATA has no argument"),
            ("QUIT now", "^501 5.5.4", "RFC 5321 4.1.1.10: QUIT has no argument"),
            ("TURN", "^50[02] 5.5.1", "RFC 5321 F.1: no TURN"),
            ("XYZZY", "^500 5.5.1", "RFC 5321 4.2.4: 500 for a command that is not known"),
            ("", "^500 5.5", "RFC 5321 4.1.1: an empty line is no command"),
            ("NOOP " + "x" * 505, "^250 ", "RFC 5321 4.5.3.1.4: a command line of 512 octets"),
            ("NOOP " + "x" * 65536, "^500 5.5", "RFC 5321 4.5.3.1.9: a line that is too long is 500"),
            (b"NOOP \xc3\xa4", "^500 5.5|^501 5.5", "RFC 5321 2.4: a command has no 8-bit bytes"),
            ("NOOP ", "^250 ", "... the session is in step"),
        ])
        s("RSET")
        s.write("NOOP\rMAIL FROM:<>\r\nNOOP\nMAIL FROM:<ann@far.example>\nRCPT TO:<bob@example.test>\r\nNOOP " + "x" * 5000 + "\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n")
        t.is_(s.codes(4), "500 500 500 503", "RFC 5321 2.3.8: a bare LF or CR ends no command, and what is behind it is none")
        t.ok(s.silent(), "RFC 5321 2.3.8: ... there is one answer to a line")


def odd_words(mail, t):
    """Parameters and paths that are none: RFC 5321 4.1.1.11, 4.1.2, 4.3.2."""
    with Smtp(mail, 25) as s:
        for word, expected in (("AUTH=<>", "555 5.5.4"), ("RET=HDRS", "555 5.5.4"), ("=x", "5(01|55) 5.5.4"), ("-X=1", "5(01|55) 5.5.4"), ("SIZE==1", "501 5.5.4"), ("SIZE", "501 5.5.4"), ("BODY=8BITMIME=", "501 5.5.4")):
            t.matches(s("MAIL FROM:<ann@far.example> " + word), "^" + expected, f"RFC 5321 4.1.1.11, 4.3.2: port 25: MAIL with {word}")
            s("RSET")
    with Smtp(mail, 25) as s:
        s("MAIL FROM:<ann@far.example>")
        for path in ("<postmaster@>", "<@example.test>", "<@>", "<bob@>", '<"">', "<<bob@example.test>", "<bob@example.test>>", "<bob@example.test>x", "<bob @example.test>", "<bob@ example.test>", "< bob@example.test>", "<bob(c)@example.test>", "<bob@example.test.>", "<bob@example_.test\\>"):
            t.matches(s(f"RCPT TO:{path}"), "^5(01|53|50|54) 5", f"RFC 5321 4.1.2: {path} is no recipient")
        t.matches(s("RCPT TO:<bob@example.test>"), "^250 2.1.5", "... and after all that the right one is")


def order(mail, t):
    with Smtp(mail, 25) as s:
        dialogue(t, s, [
            ("RCPT TO:<bob@example.test>", "^503 5.5.1", "RFC 5321 3.3: RCPT without MAIL"),
            ("DATA", "^503 5.5.1", "RFC 5321 3.3: DATA without MAIL"),
            ("MAIL FROM:<ann@far.example>", "^250 2.1.0", "RFC 5321 3.3: MAIL"),
            ("MAIL FROM:<eve@far.example>", "^503 5.5.1", "RFC 5321 4.1.4: a second MAIL"),
            ("DATA", "^(503|554) 5.5.1", "RFC 5321 3.3: DATA without a recipient"),
            ("RCPT TO:<nobody@example.test>", "^550 5.1.1", "RFC 5321 3.3: an unknown mailbox is 550"),
            ("DATA", "^(503|554) 5.5.1", "RFC 5321 3.3: DATA with no valid recipient"),
            ("RCPT TO:<bob@example.test>", "^250 2.1.5", "RFC 5321 3.3: the transaction goes on after that"),
            ("NOOP", "^250", "RFC 5321 4.1.1.9: NOOP ..."),
            ("VRFY bob", "^252", "RFC 5321 4.1.1.6: ... VRFY ..."),
            ("HELP", "^214", "RFC 5321 4.1.1.8: ... HELP ..."),
            ("EXPN x", "^502", "RFC 5321 4.1.1.7: ... EXPN ..."),
            ("XYZZY", "^500", "RFC 5321 4.1.4: ... and a wrong command"),
            ("RCPT TO:<alice@example.test>", "^250 2.1.5", "RFC 5321 4.1.1: ... do nothing to the buffers"),
        ])
        subject, message = letter()
        t.matches(s.content(message), "^250 2.0.0", "RFC 5321 4.1.1.4: 354, the content, a dot: 250")
        t.ok(delivered(mail, subject) and delivered(mail, subject, "alice"), "RFC 5321 3.3: both recipients, and the first sender")
        t.is_(s.each("RCPT TO:<bob@example.test>", "DATA"), "503 503", "RFC 5321 4.1.1.4: the end of the content clears the buffers")
        s.begin()
        t.is_(s.each("RSET", "RCPT TO:<bob@example.test>", "DATA"), "250 503 503", "RFC 5321 4.1.1.5: RSET clears sender and recipients")
        s.begin()
        t.is_(s.each("HELO client.example", "RCPT TO:<bob@example.test>"), "250 503", "RFC 5321 4.1.4: HELO ends a transaction too")
        lost, message = letter()
        s.begin()
        s("DATA")
        s.write(message + ".\r")
    with Smtp(mail, 25) as s:
        quit, message = letter()
        s.begin()
        t.is_(s("QUIT")[:3], "221", "RFC 5321 4.1.1.10: QUIT in a transaction")
    with Smtp(mail, 25) as s:
        subject, message = letter()
        s.message(message)
        t.ok(delivered(mail, subject), "RFC 5321 3.8: the next client is served")
        t.ok(not mail.mail_with("bob", lost, 0), "RFC 5321 3.8: a connection lost in DATA delivers nothing")


def recipients(mail, t, lmtp):
    with Smtp(mail, 25) as s:
        s("MAIL FROM:<ann@far.example>")
        dialogue(t, s, [
            ("RCPT TO:<Postmaster>", "^250 2.1.5", "RFC 5321 4.5.1, 4.1.1.3: <Postmaster> without a domain"),
            ("rcpt to:<pOsTmAsTeR>", "^250 2.1.5", "RFC 5321 4.5.1: in any case"),
            ("RCPT TO:<POSTMASTER@Example.TEST>", "^250 2.1.5", "RFC 5321 4.5.1: postmaster at a domain of ours"),
            ("RCPT TO:<bob@EXAMPLE.test>", "^250 2.1.5", "RFC 5321 2.4: domains have no case"),
            ('RCPT TO:<"bob"@example.test>', "^250 2.1.5", "RFC 5321 4.1.2: a quoted local part is the same mailbox"),
            ('RCPT TO:<"b\\ob"@example.test>', "^250 2.1.5", "RFC 5321 4.1.2: a quoted pair is its character"),
            ("RCPT TO:<@far.example,@other.example:bob@example.test>", "^250 2.1.5", "RFC 5321 3.6.1, C: a source route is accepted and ignored"),
            ("RCPT TO:<@example.test:eve@far.example>", "^55[0-4] 5.7.1", "RFC 5321 3.6.1, security.md 13: a source route through us opens no relay"),
            ("RCPT TO:<eve@far.example>", "^55[0-4] 5.7.1", "RFC 5321 3.6.2, 7.9: strangers do not relay"),
            ("RCPT TO:<eve%far.example@example.test>", "^550 5.1.1", "security.md 13: % means nothing"),
            ("RCPT TO:<>", "^5(01|53) 5", "RFC 5321 4.1.1.3: no recipient is the null path"),
            ("RCPT TO:bob@example.test", "^501 5", "RFC 5321 4.1.1.3: a path has brackets"),
            ("RCPT TO:<bob>", "^5(01|50|53) 5", "RFC 5321 4.1.1.3: only postmaster needs no domain"),
            ("RCPT TO:<bob@example.test> FOO=1", "^555 5.5.4", "RFC 5321 4.1.1.11: a parameter that is not known is 555"),
        ])
        long = s("RCPT TO:<" + "x" * 980 + "@example.test>")
        t.matches(long, "^55[0-3] 5.1.1", "RFC 5321 4.5.3.1: a local part of 980 octets is no error of syntax: nobody has that name")
        t.matches(s("RCPT TO:<" + "x" * 1000 + "@example.test>"), "^553 5.1.3", "doc/smtp-receive.md: a path ends after 1000 octets (RFC 5321 4.5.3.1 asks for 256)")
        t.ok(long and len(long) <= 510, "RFC 5321 4.5.3.1.5: no line of a reply is longer than 512 octets", len(long))
        t.ok(len(s("RCPT TO:<" + "x" * 980 + "@far.example>")) <= 510, "RFC 5321 4.5.3.1.5: ... nor where relaying is refused")
        s("RSET")
        many = [f"bob+{n}@example.test" for n in range(100)]
        t.is_(s.begin(*many), " ".join(["250"] * 101), "RFC 5321 4.5.3.1.8: 100 recipients")
        subject, message = letter()
        t.matches(s.content(message), "^250", "RFC 5321 4.5.3.1.8: ... and their message")
        t.ok(delivered(mail, subject), "... which is delivered")
    mail.control("maxrcptcount", "100")
    with Smtp(mail, 25) as s:
        t.is_(s.offered["LIMITS"], "RCPTMAX=100", "RFC 9422 4.1: RCPTMAX is the limit that holds")
        s.begin(*many)
        t.matches(s("RCPT TO:<alice@example.test>"), "^452 4.5.3", "RFC 5321 4.5.3.1.10, 9422 4.1: one more is 452")
        subject, message = letter()
        t.matches(s.content(message), "^250", "RFC 5321 4.5.3.1.10: those before it get the message")
        t.ok(delivered(mail, subject), "... they do")
    with lmtp() as s:
        subject, message = letter()
        t.is_(s.begin(BOB, "nobody@example.test", ALICE, BOB, "postmaster"), "250 250 550 250 250 250", "RFC 2033 4.2: RCPT of LMTP")
        s("DATA")
        s.write(message + ".\r\n")
        t.is_(s.codes(4), "250 250 250 250", "RFC 2033 4.2: one reply for each accepted RCPT, also for the same address twice")
        t.ok(s.silent(), "RFC 2033 4.2: ... and no other")
        t.is_(s.each("MAIL FROM:<>", "DATA", "RCPT TO:<nobody@example.test>", "DATA", "QUIT"), "250 503 550 503 221", "RFC 2033 4.2: DATA with no recipient is 503")
    mail.control("maxrcptcount", None)


def content(mail, t):
    """What lies between DATA and the dot: RFC 5321 4.5.2, 4.5.3.1.6, 2.3.8."""
    long = ["a" * 998, "b" * 999, "c" * 1000, "d" * 20000, "." + "e" * 997, "." * 998, ".", "..", ". ", " .", "", ".", "", "end"]
    with Smtp(mail, 25) as s:
        subject, message = letter("\r\n".join(long) + "\r\n")
        t.matches(s.message(re.sub(r"(?m)^\.", "..", message)), "^250", "RFC 5321 4.5.3.1.6: text lines of 1000 octets and more")
        t.is_(body(delivered(mail, subject)), ("\r\n".join(long) + "\r\n").encode(), "RFC 5321 4.5.2, 4.5.3.1.6: ... arrive as they are, each first dot taken away once")
        t.matches(s.message(""), "^250", "RFC 5321 4.1.1.4: an empty message")
        t.matches(s.message("\r\n"), "^250", "RFC 5321 4.1.1.4: a message of an empty line")
        subject, message = letter("x" * 78 + "\r\n" + ("y" * 62 + "\r\n") * 2048)
        t.matches(s.message(message), "^250", "RFC 5321 4.5.3.1.7: a message of 128 KB")
        t.ok(body(delivered(mail, subject)).count(b"\r\n") == 2049, "RFC 5321 4.5.3.1.7: ... is whole")
        eight = bytes(b for b in range(1, 256) if b not in (10, 13))
        for parameter in ("", " BODY=8BITMIME", " body=7bit"):
            subject, message = letter("%")
            s.each("MAIL FROM:<ann@far.example>" + parameter, "RCPT TO:<bob@example.test>")
            t.matches(s.content(message.encode().replace(b"%", eight + b"\r\n")), "^250", f"RFC 6152 3, 5321 2.4: 8-bit content with{parameter or ' no BODY'}")
            t.is_(body(delivered(mail, subject)), eight + b"\r\n", "RFC 6152 3, 5321 2.4: ... arrives as it is")
        t.is_(s.each("MAIL FROM:<ann@far.example> BODY=9BIT", "MAIL FROM:<ann@far.example> BODY", "MAIL FROM:<ann@far.example> BODY=7BIT BODY=7BIT"), "501 501 501", "RFC 6152 3, 5321 4.3.2: BODY has two values, and comes once")
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\r\n.\r\r\n", b"\n\r\n.x\r\n"):
            subject, message = letter()
            s.begin()
            s("DATA")
            s.write(message.encode() + b"one" + end + b"MAIL FROM:<eve@far.example>\r\n")
            t.ok(s.silent(0.05), f"RFC 5321 4.1.1.4, 2.3.8: {end!r} does not end the content")
            t.matches(s(b"."), "^550 5.6.11", "RFC 5321 2.3.8, doc/smtp-receive.md: a CR or LF alone is refused at the end") if b"x" not in end else s(b".")
            t.ok(not mail.mail_with("bob", subject + "\n", 0), "doc/smtp-receive.md: ... and nothing delivered")
        t.is_(s("NOOP")[:3], "250", "... the session is in step")


def sizes(mail, t):
    mail.control("databytes", "100000")
    with Smtp(mail, 25) as s:
        t.is_(s.offered["SIZE"], "100000", "RFC 1870 4: SIZE tells the fixed maximum")
        for value, expected, what in (
                ("0", "250", "0 is well"), ("100000", "250", "the maximum is well"), ("100001", "552 5.3.4", "one more is 552"),
                ("1" + "0" * 19, "55[25] 5|501 5", "20 digits are too much"), ("9" * 20, "552 5|501 5", "what overflows is refused (security.md 7)"),
                ("9" * 21, "501 5.5.4", "21 digits are no size"), ("-1", "501 5.5.4", "nor is -1"), ("", "501 5.5.4", "nor nothing"), ("1x", "501 5.5.4", "nor 1x"), ("10 SIZE=10", "501 5.5.4", "nor two")):
            t.matches(s(f"MAIL FROM:<ann@far.example> SIZE={value}"), "^" + expected, f"RFC 1870 6.1, 6.2: SIZE={value[:30]}: {what}")
            s("RSET")
        subject, message = letter()
        rest = 100000 - len(message) - 2
        dots = (".\r\n" * (rest // 3) + "." * (rest % 3))
        full = message + dots + "\r\n"
        stuffed = re.sub(r"(?m)^\.", "..", full)
        t.ok(len(full) == 100000 < len(stuffed), "(a message of just 100000 octets, most lines with a dot)")
        t.matches(s.message(stuffed), "^250", "RFC 1870 5: the dots that DATA doubles are not counted, nor is the last line")
        t.matches(s.message(full.replace(".", "x") + "x\r\n"), "^552 5.3.4", "RFC 1870 6.3: a larger message is refused at its end")
        s("MAIL FROM:<ann@far.example> SIZE=10")
        s("RCPT TO:<bob@example.test>")
        subject, message = letter("x" * 500 + "\r\n")
        t.matches(s.content(message), "^250", "RFC 1870 6.1: SIZE is an estimate: a message somewhat larger is well")
        t.ok(delivered(mail, subject), "... and delivered")
        t.matches(s("MAIL FROM:<ann@far.example>"), "^250", "RFC 1870 6: after all that the session is in step")
    mail.control("databytes", "0")
    with Smtp(mail, 25) as s:
        t.ok(s.offered["SIZE"] in ("", "0"), "RFC 1870 4: without a limit SIZE has no number, or 0", s.offered)
        t.matches(s("MAIL FROM:<ann@far.example> SIZE=99999999999999"), "^250", "RFC 1870 6.1: ... and no size is too much")
    mail.control("databytes", None)


GROUPS = [  # RFC 2920 3.1: what a client sends at once, and the codes it expects
    (b"MAIL FROM:<ann@far.example>\r\nRCPT TO:<nobody@example.test>\r\nrcpt to:<bob@example.test>\r\nDATA\r\n", "250 550 250 354"),
    (b"Subject: pipe\r\n\r\n..\r\n.x\r\n.\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 17\r\nSubject: pipe\r\n\r\nBDAT 8 LAST\r\n.\r\nx\r\n\r\nMAIL FROM:<eve@far.example>\r\nDATA\r\nNOOP\r\nQUIT\r\n",
     "250 250 250 250 250 250 250 ESC 250 221"),
]
CONTENT_DATA, CONTENT_BDAT = b".\r\nx\r\n", b".\r\nx\r\n\r\n"


def due(data):
    """How many replies are due when so much of the second group has been sent."""
    marks = [b"x\r\n.\r\n", b"RSET\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<bob@example.test>\r\n", b"BDAT 17\r\nSubject: pipe\r\n\r\n", b"BDAT 8 LAST\r\n.\r\nx\r\n\r\n", b"eve@far.example>\r\n", b"DATA\r\n", b"NOOP\r\n", b"QUIT\r\n"]
    return sum(mark in data for mark in marks)


def cut(s, group, codes, at, count):
    """The group in two packets; the second goes out only when all that the first one asks for has been answered."""
    s.write(group[:at])
    first = count(group[:at])
    said = s.codes(first) if first else ""
    s.write(group[at:])
    rest = s.codes(len(codes.split()) - first) if len(codes.split()) > first else ""
    return f"{said} {rest}".strip()


def pipelining(mail, t, lmtp):
    first, second = GROUPS
    expected = second[1].replace("ESC", "554")
    wrong = []
    positions = [(1, at) for at in range(len(first[0]) + 1)] + [(2, at) for at in range(len(second[0]) + 1)]
    for which, at in positions:
        with Smtp(mail, 25) as s:
            said1 = cut(s, *first, at if which == 1 else 0, lambda part: part.count(b"\r\n"))
            said2 = cut(s, second[0], expected, at if which == 2 else 0, due)
            if (said1, said2) != (first[1], expected) or not s.ended():
                wrong.append((which, at, said1, said2))
    t.ok(not wrong, f"RFC 2920 3.2, 3030: {len(positions)} sessions of pipelined groups, cut at each octet: the same replies in order", *wrong[:10])
    whole = lambda: (lambda m: m if len(m) >= 2 * len(positions) else None)(mail.mail_with("bob", "Subject: pipe\n", 0))
    found = wait_for(whole) or mail.mail_with("bob", "Subject: pipe\n", 0)
    bodies = sorted({body(m.replace(b"\n", b"\r\n")) for m in found})
    t.is_((len(found), bodies), (2 * len(positions), sorted([CONTENT_DATA, CONTENT_BDAT])), "RFC 2920 3.2, 5321 4.5.2: each message once, and whole")
    for how in ("in clear", "under TLS, each a record of its own"):
        with Smtp(mail, 25) as s:
            if how != "in clear":
                s.secure()
            for octet in first[0] + second[0]:
                s.write(bytes([octet]))
            t.is_(s.codes(14), first[1] + " " + expected, f"RFC 5321 2.3.8: octet by octet, {how}")
    with Smtp(mail, 25) as s:
        s.write("MAIL FROM:<ann@far.example>\r\nRCPT TO:<nobody@example.test>\r\nDATA\r\n.\r\nNOOP\r\n")
        t.matches(s.codes(5), "^250 550 (503|554) 50. 250$|^250 550 354 554 250$", "RFC 2920 3.1: DATA behind refused recipients")
        s.write("RSET\r\n" * 50 + "NOOP\r\n")
        t.is_(s.codes(51), " ".join(["250"] * 51), "RFC 2920 3.2: 50 RSET at once have 50 answers")
        s.write("EHLO a.example\r\nMAIL FROM:<ann@far.example>\r\n")
        t.matches(s.reply(status=False), "^250-", "RFC 2920 3.1: what comes behind EHLO is not lost ...")
        t.matches(s.reply(), "^250 2.1.0", "... and answered behind its answer")
    with lmtp() as s:
        subject, message = letter()
        s.write("MAIL FROM:<ann@far.example>\r\nRCPT TO:<bob@example.test>\r\nRCPT TO:<nobody@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
        t.is_(s.codes(5), "250 250 550 250 354", "RFC 2033 5, 2920: LMTP pipelined")
        s.write(message + ".\r\nNOOP\r\n")
        t.is_(s.codes(3), "250 250 250", "RFC 2033 4.2: the answers of each recipient, then that of the next command")
        s.write("MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nRCPT TO:<nobody@example.test>\r\nRCPT TO:<alice@example.test>\r\nBDAT 5\r\na: b\rBDAT 4 LAST\r\n\n\r\nxNOOP\r\n")
        t.is_(s.codes(8), "250 250 550 250 250 250 250 250", "RFC 2033 4.2, 3030 2: BDAT by LMTP: one answer for a chunk, one for each recipient behind the last")
        s.write("MAIL FROM:<>\r\nRCPT TO:<nobody@example.test>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
        t.is_(s.codes(4), "250 550 503 250", "RFC 2033 4.2, 3030 2: without a recipient BDAT is 503, and its octets are no command")


def starttls(mail, t):
    with Smtp(mail, 25) as s:
        t.matches(s("STARTTLS now"), "^501 5.5.4", "RFC 3207 4: STARTTLS has no parameter")
        s.begin()
        s.write("STARTTLS\r\nRSET\r\nMAIL FROM:<eve@far.example>\r\n")
        t.matches(s.reply(), "^220 2", "RFC 3207 4: 220")
        t.ok(s.silent(0.1), "RFC 3207 4: what was pipelined behind STARTTLS in clear has no answer")
        s.tls()
        dialogue(t, s, [
            ("NOOP", "^250 2.0.0 ", "RFC 3207 4.2: ... and none under TLS: NOOP is the first"),
            ("RCPT TO:<alice@example.test>", "^503 5.5.1", "RFC 3207 4.2: the transaction is forgotten"),
            ("MAIL FROM:<ann@far.example>", "^503 5.5.1", "RFC 3207 4.2: EHLO is forgotten"),
            ("EHLO tls.example", "^250-", "RFC 3207 4.2: EHLO again"),
            ("STARTTLS", "^503 5.5.1", "RFC 3207 4.2, security.md 18: a second STARTTLS"),
        ])
        subject, message = letter()
        t.matches(s.message(message), "^250 2", "RFC 3207 4: a message under TLS")
        t.matches(trace(delivered(mail, subject)), "from tls.example ", "RFC 3207 4.2: the name is that of the second EHLO")
    with Smtp(mail, 25) as s:
        s("STARTTLS")
        s.write("This is no handshake\r\n\r\n")
        s.socket.settimeout(300)
        while s.line():
            pass
        t.ok(True, "RFC 3207 4.1: a handshake that fails ends the connection")
    with Smtp(mail, 25) as s:
        t.is_(s("NOOP")[:3], "250", "... and no other")
    with Smtp(mail, 587) as s:
        t.is_(s.each("MAIL FROM:<bob@example.test>", "RCPT TO:<bob@example.test>", "DATA", "NOOP", "RSET", "VRFY bob"), "530 503 503 250 250 252", "RFC 3207 4, 6409 4.3: without TLS 530")
        t.matches(s("AUTH PLAIN AGJvYkBleGFtcGxlLnRlc3QAeA=="), "^5(03|04|34|38) 5", "RFC 4954 4, 3207: no password in clear")


def b64(text):
    return base64.b64encode(text.encode()).decode()


def auth(mail, t):
    right, wrong = b64(f"\0{BOB}\0{mail.password('bob')}"), b64(f"\0{BOB}\0wrong")
    with Smtp(mail, 587) as s:
        s.secure()
        dialogue(t, s, [
            ("MAIL FROM:<bob@example.test>", "^530 5.7.0", "RFC 6409 4.3, 4954 6: MAIL without a login is 530 5.7.0"),
            ("MAIL FROM:<>", "^530 5.7.0", "RFC 6409 4.3: also of the null sender"),
            ("AUTH", "^501 5.5.4", "RFC 4954 4: AUTH needs a mechanism"),
            ("AUTH CRAM-MD5", "^504 5.5.4", "RFC 4954 4: a mechanism that is not offered is 504 5.5.4"),
            ("AUTH PLAIN ###", "^501 5.5.2", "RFC 4954 4: what is no base64 is 501 5.5.2"),
            ("AUTH PLAIN " + right + " x", "^501 5.5", "RFC 4954 4: nor is a second word"),
            ("AUTH PLAIN " + right[:-1], "^501 5.5.2", "RFC 4954 4, 4648 3.2: base64 has its padding"),
            ("AUTH PLAIN =", "^(501|535) 5", "RFC 4954 4: = is a response of no octets, which PLAIN does not take"),
            ("AUTH PLAIN", "^334 $", "RFC 4954 4: without an initial response an empty challenge, with its space"),
            ("*", "^501 5", "RFC 4954 4: * cancels"),
            ("NOOP", "^250 2", "RFC 4954 4: ... and the session is in step"),
            ("AUTH PLAIN", "^334 $", "RFC 4954 4: again"),
            ("!not base64!", "^501 5.5.2", "RFC 4954 4: a response that is no base64 is 501 5.5.2"),
            ("AUTH LOGIN", "^334 VXNlcm5hbWU6$", "draft-murchison-sasl-login: User Name"),
            ("=", "^501 5.5.2", "RFC 4954 4: = is no base64 but in the AUTH command itself"),
            ("AUTH PLAIN", "^334 $", "RFC 4954 4: a response may be long"),
            ("A" * 12286, "^501 5|^535 5", "RFC 4954 4, 4.5.3.1.9: one of 12288 octets is read"),
            ("AUTH PLAIN", "^334 $", "RFC 4954 6: a longer one"),
            ("A" * 13000, "^500 5.5.6", "RFC 4954 6: ... is 500 5.5.6"),
        ])
    with Smtp(mail, 587) as s:
        s.secure()
        dialogue(t, s, [
            ("AUTH PLAIN " + "A" * 13000, "^500 5.5.6", "RFC 4954 4, 6: an AUTH command of more than 12288 octets is 500 5.5.6"),
            ("AUTH PLAIN " + wrong, "^535 5.7.8", "RFC 4954 6: a wrong password is 535 5.7.8"),
            ("MAIL FROM:<bob@example.test>", "^530 5.7.0", "RFC 4954 6: ... and nobody is logged in"),
            ("auth plain " + right, "^235 2.7.0", "RFC 4954 4, 6: after a failure the right one; no case; 235 2.7.0"),
            ("AUTH PLAIN " + right, "^503 5.5.1", "RFC 4954 4: no second AUTH after success"),
            ("MAIL FROM:<bob@example.test>", "^250 2.1.0", "RFC 4954 4: a transaction"),
            ("AUTH PLAIN " + right, "^503 5.5.1", "RFC 4954 4: AUTH in a transaction is 503"),
            ("RCPT TO:<bob@example.test>", "^250 2.1.5", "RFC 4954 4: ... which goes on"),
            ("RSET", "^250", "RFC 5321 4.1.1.5: RSET ..."),
            ("MAIL FROM:<bob@example.test>", "^250", "... keeps the login"),
            ("EHLO again.example", "^250-", "RFC 5321 4.1.4: EHLO ..."),
            ("MAIL FROM:<bob@example.test> AUTH=<>", "^250", "... too; RFC 4954 5: AUTH=<>"),
            ("RSET", "^250", "..."),
            ("MAIL FROM:<bob@example.test> AUTH=bob+2Btag@example.test", "^250", "RFC 4954 5, 3461 4: AUTH= in xtext"),
            ("RSET", "^250", "..."),
            ("MAIL FROM:<bob@example.test> AUTH=bob+zz@example.test", "^501 5.5.4", "RFC 4954 5, 3461 4: what is no xtext is 501"),
            ("STARTTLS", "^503 5.5.1", "RFC 3207 4.2, security.md 18: STARTTLS after AUTH"),
            ("QUIT", "^221", "QUIT"),
        ])
    with Smtp(mail, 587) as s:
        s.secure()
        t.matches(s("AUTH PLAIN " + b64(f"{ALICE}\0{BOB}\0{mail.password('bob')}")), "^535 5.7.8", "RFC 4616 2, 4954 6: nobody acts for somebody else")
        t.matches(s("AUTH PLAIN " + b64(f"{BOB}\0{BOB}\0{mail.password('bob')}")), "^235 2.7.0", "RFC 4616 2: but for himself")
    with Smtp(mail, 10587) as s:
        t.is_(s.each("AUTH PLAIN " + right, "STARTTLS", "MAIL FROM:<bob@example.test>"), "235 503 250", "RFC 3207 4, security.md 18: no STARTTLS behind a login in clear (N-115)")
    with Wire(mail, 465) as s:
        s.write("EHLO client.example\r\n")
        t.ok(not s.line().startswith((b"2", b"5")), "RFC 8314 3.3: in clear 465 says nothing of SMTP")
    with Smtp(mail, 465, tls=True) as s:
        t.is_(s.each("AUTH LOGIN", b64(BOB), b64(mail.password("bob"))), "334 334 235", "RFC 8314 3.3, 4954: AUTH LOGIN on 465")
    with Smtp(mail, 587) as s:
        s.secure()
        t.is_(s.each("AUTH LOGIN " + b64(BOB), "*", "AUTH LOGIN " + b64(BOB), b64(mail.password("bob"))), "334 501 334 235", "RFC 4954 4: an initial response of LOGIN; * in its midst, and again")
    with Smtp(mail, 587) as s:
        s.secure()
        t.is_(s.each(*["AUTH PLAIN " + b64("\0nobody@example.test\0x")] * 3), "535 535 535", "RFC 4954 6: three wrong logins ...")
        t.matches(s.reply(), "^421 4.7.0", "RFC 4954 9, 5321 4.1.4: ... end the session by 421")
    with Smtp(mail, 587) as s:
        s.secure()
        s.write(f"AUTH PLAIN {wrong}\r\nNOOP\r\nAUTH PLAIN\r\n{right}\r\nMAIL FROM:<bob@example.test>\r\n")
        t.is_(s.codes(5), "535 250 334 235 250", "RFC 2920, 4954: what is pipelined behind AUTH is kept in step")


def submission(mail, t):
    def client(port):
        s = Smtp(mail, port, tls=port == 465)
        if port == 587:
            s.secure()
        s("AUTH PLAIN " + b64(f"\0{BOB}\0{mail.password('bob')}"))
        return s
    for port, protocol in ((587, "ESMTPSA"), (465, "ESMTPSA"), (10587, "ESMTPA")):
        subject = f"submitted by {port}"
        with client(port) as s:
            t.matches(s.message(f"Subject: {subject}\r\nTo: alice\r\nBcc: eve@far.example\r\n\r\nx\r\n", ALICE, sender=BOB), "^250 2", f"RFC 6409 3: a message on {port}")
        message = delivered(mail, subject, "alice").decode()
        t.matches(trace(message.encode()), rf" with {protocol}\b", f"RFC 3848 2: on {port} the protocol is {protocol}")
        head = message.split("\r\n\r\n")[0]
        t.ok(re.search(r"(?m)^Message-I[Dd]: <[^<>@ ]+@[^<>@ ]+>", head) and email.utils.parsedate(re.search(r"(?m)^Date: (.*)", head)[1]) and "\r\nFrom: " in head, f"RFC 6409 8.2, 8.3: on {port} Date, Message-ID and From are there", head)
        t.ok(re.search(r"(?m)^To: <?alice@mail\.example\.test", head), f"RFC 6409 4.2: on {port} addresses of the header get a domain", head)
        t.ok("Bcc" not in head, "RFC 5322 3.6.3: Bcc goes")
    for port in (587, 465):
        with client(port) as s:
            dialogue(t, s, [
                ("MAIL FROM:<bob>", "^55[34] 5.1", f"RFC 6409 4.2: {port}: a sender without a domain"),
                ("MAIL FROM:<bob@example.test>", "^250", f"RFC 6409 4.2: {port}: a sender that is well"),
                ("RCPT TO:<alice>", "^55[34] 5.1", f"RFC 6409 4.2: {port}: a recipient without a domain"),
                ("RCPT TO:<alice@sales>", "^554 5.1.2", f"RFC 6409 4.2: {port}: a recipient whose domain is not fully qualified is 554"),
                ("RCPT TO:<a b@far.example>", "^5(01|53) 5.1.3", f"RFC 6409 5.1: {port}: an address that cannot be"),
                ("RCPT TO:<eve@far.example>", "^250 2.1.5", f"RFC 6409 3: {port}: who has logged in may relay"),
                ("RCPT TO:<postmaster>", "^250 2.1.5", f"RFC 5321 4.5.1: {port}: <postmaster>"),
                ("ETRN far.example", "^50[02] 5.5.1", f"RFC 6409 7: {port}: no ETRN"),
                ("RSET", "^250", "..."),
                ("MAIL FROM:<bob@sales>", "^250|^554 5.1.8", f"RFC 6409 4.2: {port}: a sender whose domain is not fully qualified"),
                ("RCPT TO:<alice@example.test>", "^554 5.1.8|^503", f"RFC 6409 4.2: {port}: ... is 554, at RCPT as all that is said of senders (doc/smtp-receive.md)"),
            ])


def traces(mail, t, lmtp):
    def field(hello, port=25, to=(BOB,), tls=False, client=None, sender="ann@far.example"):
        subject, message = letter()
        with client() if client else Smtp(mail, port, hello=hello) as s:
            if tls:
                s("STARTTLS")
                s.tls()
                s(hello)
            said = s.message(message, *to, sender=sender)
            id = said.split()[-1]
        found = delivered(mail, subject)
        return trace(found), found, id
    received, message, id = field("EHLO client.example")
    t.matches(received, r"^Received: from client\.example \((?:\S+ )?\[127\.0\.\d+\.\d+\]\) by mail\.example\.test with ESMTP id \S+ for <bob@example\.test>; .*$", "RFC 5321 4.4: Received: FROM with the name and the address, BY, WITH, ID, FOR, date")
    t.ok(f" id {id} " in received, "RFC 5321 4.4: ID is that of the reply", received, id)
    t.ok(abs(email.utils.mktime_tz(email.utils.parsedate_tz(received.split(";")[1])) - time.time()) < 600, "RFC 5321 4.4: the date, with its zone, is now", received)
    t.ok(message.startswith(b"Return-Path: <ann@far.example>\r\n") and message.count(b"Return-Path:") == 1, "RFC 5321 4.4: final delivery puts one Return-Path at the top", message[:200])
    t.ok(message.index(b"Received:") < message.index(b"From:"), "RFC 5321 4.4: Received stands before the message")
    received, message, id = field("EHLO client.example", to=(BOB, ALICE))
    t.ok(" for " not in received, "RFC 5321 4.4, 7.2: no FOR with several recipients", received)
    t.ok(ALICE.encode() not in message, "RFC 5321 7.2: no recipient learns of another", message)
    t.matches(field("HELO client.example")[0], r" with SMTP id ", "RFC 3848 2: HELO is SMTP")
    received = field("EHLO client.example", tls=True)[0]
    t.matches(received, r" with ESMTPS\b", "RFC 3848 2: EHLO under TLS is ESMTPS")
    t.matches(received, r" tls TLS_[A-Z0-9_]+[^;]*;", "RFC 8314 4.3: and has a tls clause")
    t.matches(field("", client=lmtp)[0], r" with LMTP\b", "RFC 3848 2: LMTP")
    t.matches(field("EHLO [192.0.2.7]")[0], r"^Received: from \[192\.0\.2\.7\] \(.*\[127\.0\.\d+\.\d+\]\)", "RFC 5321 4.4: a literal of EHLO beside the real address")
    for name in ("x) by evil.example (y", "(x", "a;b", 'x"', "<x>", "x\\"):
        t.matches(field("EHLO " + name)[0], r"^Received: from \S+ \([^()]*\[127\.0\.\d+\.\d+\]\) by mail\.example\.test with ESMTP id \S+ for <bob@example\.test>; [^()]*$", f"RFC 5321 4.4: the field's syntax holds with EHLO {name}")
    t.ok(all(len(line) <= 998 for line in field("EHLO " + ".".join(["a" * 63] * 3 + ["b" * 61]))[1].split(b"\r\n")), "RFC 5322 2.1.1: no line of it is too long")
    t.matches(field("EHLO x", sender="")[1].decode(), r"\AReturn-Path: <>\r\n", "RFC 5321 4.4, 4.5.5: Return-Path of the null sender")
    old = "Received: from a by b; Sat, 1 Aug 2026 00:00:00 +0000\r\nReturn-Path: <forged@far.example>\r\n"
    with Smtp(mail, 25) as s:
        subject, message = letter()
        s.message(old + message)
        hops = "Received: from a by b; Sat, 1 Aug 2026 00:00:00 +0000\r\n"
        t.matches(s.message(hops * 100 + message), "^250", "RFC 5321 6.3: 100 Received fields are no loop yet")
        t.matches(s.message(hops * 200 + message), "^554 5.4.6", "RFC 5321 6.3: 200 are")
        t.ok(b"\r\n" + old.split("\r\n")[0].encode() in delivered(mail, subject), "RFC 5321 4.4: older Received fields stay, behind ours")


WORDS = ["MAIL FROM:<ann@far.example>", "RCPT TO:<bob@example.test>", "RCPT TO:<nobody@example.test>", "mail from:<>", "MAIL FROM:<ann@far.example> SIZE=5 BODY=8BITMIME",
         "RSET", "NOOP", "NOOP\t \t", "VRFY x", "EXPN y", "HELP", "XX", "EHLO a", "HELO b", "DATA x", "\t", "  ", "", "A" * 3000, "NO\nOP", "NO\rOP", "\n", "\r", "x\n\n\ny",
         "\nRSET\nRSET", "AUTH PLAIN", "STARTTLS x", "RCPT TO:<" + "x" * 900 + "@example.test>"]


def nonsense(mail, t):
    """Whatever a line is, it has one answer; whatever the packets are."""
    mail.control("errorsmax", "0")
    seed = random.randrange(1 << 32)
    chance, wrong = random.Random(seed), []
    for _ in range(60):
        lines = [chance.choice(WORDS) for _ in range(30)]
        data = "".join(line + "\r\n" for line in lines).encode()
        with Smtp(mail, 25) as s:
            while data:
                size = chance.choice([1, 2, 3, 10, 100, 1000])
                s.write(data[:size])
                data = data[size:]
            said = [s.reply(status=line[:4] not in ("EHLO", "HELO"))[:3] for line in lines]
            if s("QUIT")[:3] != "221" or not s.ended():
                wrong.append((lines, said))
    t.ok(not wrong, f"RFC 5321 2.3.8, 4.2: 60 sessions of 30 random lines in random packets: one reply for each line (seed {seed})", *wrong[:2])
    mail.control("errorsmax", None)


def packets(mail, t, lmtp):
    """Messages of many dots, around and above the sizes of buffers, cut at random; the next command right behind the dot."""
    seed = random.randrange(1 << 32)
    chance, wrong = random.Random(seed), []
    for size in [*range(32768 - 6, 32768 + 6), 65536, 100000, 1 << 20, 3000000]:
        subject, message = letter()
        while len(message) < size:
            message += chance.choice([".", "..", "", ".x", "x.", "x" * 78, ". ", "...."]) + "\r\n"
        message = message[:size - 3].rstrip("\r\n") + "x\r\n"
        rest = message.encode()
        if chance.random() < 0.5:
            data, replies = re.sub(rb"(?m)^\.", b"..", rest) + b".\r\n", 1
        else:
            data, replies = b"", 1
            while rest:
                chunk = chance.choice([0, 1, 2, 3, 500, 32768, 1 << 20])
                data += b"BDAT %d\r\n" % len(rest[:chunk]) + rest[:chunk]
                rest, replies = rest[chunk:], replies + 1
            data += b"BDAT 0 LAST\r\n"
        is_chunks = data.startswith(b"BDAT")
        data += b"NOOP\r\nMAIL FROM:<>\r\n"
        with chance.choice([lambda: Smtp(mail, 25), lambda: Smtp(mail, 25).secure(), lmtp])() as s:
            s.begin()
            if not is_chunks:
                s("DATA")
            while data:
                piece = chance.choice([1, 2, 3, 5, 100, 4096, 16384, 32768, 65536, 1 << 20])
                s.write(data[:piece])
                data = data[piece:]
            said = set(s.codes(replies + 2).split())
        found = delivered(mail, subject)
        if said != {"250"} or not found.endswith(b"\r\n" + message.encode()):
            wrong.append((size, said, len(found)))
    t.ok(not wrong, f"RFC 5321 4.5.2, 4.5.3.1.7, 2920 3.2, 3030: 16 messages of 32 KB to 3 MB in random packets, by DATA and BDAT, in clear, under TLS, by LMTP: each is whole (seed {seed})", *wrong)


def out_of_order(mail, t, lmtp):
    """What the server says when something of it is down: 4yz, and the session stays."""
    mail.stop("auth-server")
    with Smtp(mail, 587) as s:
        s.secure()
        t.matches(s("AUTH PLAIN " + b64("\0a\0b")), "^454 4.7.0", "RFC 4954 6: 454 4.7.0 when nobody can be asked")
        mail.start("auth-server")
        t.matches(s("AUTH PLAIN " + b64(f"\0{BOB}\0{mail.password('bob')}")), "^235", "RFC 4954 6: ... and later it can be done")
    mail.stop("queue-add")
    with Smtp(mail, 25) as s:
        subject, message = letter()
        t.matches(s.message(message), "^45[12] 4.3", "RFC 5321 4.2.5, 6.1: who cannot keep a message says 4yz at its end")
        mail.start("queue-add")
        t.matches(s.message(message), "^250", "RFC 5321 4.2.5: ... and the client tries again")
        t.ok(delivered(mail, subject), "... with success")
    with lmtp() as s:
        long = "bob+" + "x" * 900 + "@example.test"
        subject, message = letter()
        s.begin(long)
        t.matches(s.content(message), r"^250 2.*delivered$", "RFC 2033 4.2, 5321 4.5.3.1.5: LMTP's answer for a long address, cut within it")
    with Smtp(mail, 25) as s:
        s.begin()
        mail.restart("smtp-mx")
        t.matches(s.reply(), "^421 4.3", "RFC 5321 3.8: a server that is told to stop says 421")
        t.ok(s.ended(), "RFC 5321 3.8: ... and closes")


def endings(mail, t):
    mail.control("timeoutsmtpd", "1")
    with Smtp(mail, 25) as s:
        t.matches(s.reply(), "^421 4.4.2", "RFC 5321 3.8, 4.5.3.2.7: a client that is silent is told 421")
        t.ok(s.ended(), "RFC 5321 3.8: ... before the server closes")
    mail.control("timeoutsmtpd", None)
    with open("doc/conf.md") as file:
        t.matches(file.read(), r"\| timeoutsmtpd \| 300 \|", "RFC 5321 4.5.3.2.7: by default after five minutes (doc/conf.md)")
    with Smtp(mail, 25) as s:
        said = [s(f"XYZZY{n}")[:3] for n in range(25)]
        t.is_((set(said[:19]), [c for c in said if c != "500"][0]), ({"500"}, "421"), "RFC 5321 4.1.4, doc/smtp-receive.md: wrong commands do not end a session; control/errorsmax of them do, by 421")


with Postroom(46) as mail, Tap() as t:
    mail.switch_on("smtp-internal")

    def lmtp():
        return Smtp(mail, path=f"{mail.home}/run/lmtp", hello="LHLO front.example")
    greeting(mail, t)
    offers(mail, t, lmtp)
    syntax(mail, t)
    odd_words(mail, t)
    order(mail, t)
    recipients(mail, t, lmtp)
    content(mail, t)
    sizes(mail, t)
    starttls(mail, t)
    auth(mail, t)
    submission(mail, t)
    traces(mail, t, lmtp)
    pipelining(mail, t, lmtp)
    nonsense(mail, t)
    packets(mail, t, lmtp)
    out_of_order(mail, t, lmtp)
    endings(mail, t)
    known = {"211", "214", "220", "221", "235", "250", "251", "252", "334", "354", "421", "450", "451", "452", "454", "455", "500", "501", "502", "503", "504", "530", "534", "535", "538", "550", "551", "552", "553", "554", "555"}
    t.ok(Wire.seen <= known, "RFC 5321 4.2.3, 4954 6, 3207 4: no code that is in none of them", Wire.seen - known)
    t.ok(not Wire.faults, "RFC 5321 4.2, 4.5.3.1.5, 2034 4, 3463 2: each reply has the grammar, 512 octets at most, and a code of its class where one must be", *Wire.faults)
