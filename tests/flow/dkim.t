#!/usr/bin/python3
# dkim: mail that is sent from here bears a signature that another implementation (python3-dkim) believes, as it arrives at the next host;
# mail that only passes through bears none; what is to be signed and cannot be is not taken. (L-09, N-24, N-24b, N-23, W-14, T9)
import os, re, smtplib, socket, stat, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
import dkim
from peer import Server
from postroom import Postroom, Tap, wait_for

NET = 45
SINK, BACKEND, TRUSTED, FAR = (f"127.0.{NET}.{n}" for n in (2, 50, 60, 200))
JOE = "joe@far.example"
records = {}  # what the DNS would say


def dns(name, timeout=5):
    return records.get(name.decode() if isinstance(name, bytes) else name)


def put(t, mail, path, value):
    """A file of control/ that holds secrets; None removes it."""
    mail.control(path, value)
    if value is not None and "/" in path:
        os.chmod(f"{mail.home}/control/{path}", 0o640)
        subprocess.run(["chgrp", "mail-tables", f"{mail.home}/control/{path}"], check=True)
    said = mail.run("tables-build")
    t.ok(mail.code == 0, f"tables with {path}", said)


def new_key(t, mail, *words):
    done = subprocess.run(["service/dkim", mail.home, "new", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.ok(done.returncode == 0, f"service/dkim new {' '.join(words)}", done.stdout)
    name, record = re.search(r"^(\S+) TXT (v=DKIM1; k=\w+; p=\S+)$", done.stdout, re.M).groups()
    zone = re.search(r"IN TXT \(\n(.*)\n\)", done.stdout, re.S)[1]
    strings = re.findall(r'"(.*)"', zone)
    t.ok("".join(strings) == record and max(map(len, strings)) <= 255, "N-24b: the record, raw and as text for a zone file in strings of at most 255", done.stdout)
    if name.endswith(".DOMAIN"):
        for domain in ("example.test", "shop.example", "other.test"):
            records[name[:-6] + domain + "."] = record.encode()
    else:
        records[name + "."] = record.encode()
    return done.stdout


def send(mail, source, sender, content, port=25, login=None, password=None, to=JOE):
    """The code and text that DATA got."""
    client = smtplib.SMTP(mail.address, mail.port(port), timeout=300, source_address=(source, 0), local_hostname="far.example")
    client.ehlo()
    if login:
        client.starttls()
        client.login(login, password)
    said = client.mail(sender, ["BODY=8BITMIME"] + (["SMTPUTF8"] if b"gr\xc3" in content.split(b"\r\n\r\n")[0] else [])), client.rcpt(to)
    if any(code != 250 for code, _ in said):
        raise AssertionError(said)
    client.putcmd("data")
    client.getreply()
    client.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    answer = client.getreply()
    client.quit()
    return answer[0], answer[1].decode()


def arrived(sink, words):
    """What the next host got, without what DATA adds."""
    found = wait_for(lambda: [m for m in sink.messages if words in m], 300)
    return found and re.sub(rb"^\.", b"", found[0].removesuffix(b".\r\n"), flags=re.M)


def signatures(message):
    return [dict(tag.strip().split("=", 1) for tag in re.sub(rb"\r\n[ \t]|[ \t]", b"", field).decode().split(":", 1)[1].strip().split(";") if tag.strip())
            for field in re.findall(rb"^DKIM-Signature:.*?\r\n(?![ \t])", message, re.M | re.S | re.I)]


def is_good(message, index=0):
    try:
        return dkim.DKIM(message).verify(idx=index, dnsfunc=dns)
    except dkim.DKIMException as e:
        print("#", repr(e), flush=True)
        return False


def content(subject, body=b"Hello\r\n", sender=b"alice@example.test", more=b""):
    return b"From: Alice <" + sender + b">\r\nTo: " + JOE.encode() + b"\r\nSubject: " + subject + b"\r\n" + more + b"\r\n" + body


def submission(t, mail, sink):
    who = dict(port=587, login="alice@example.test", password=mail.password("alice"))
    cases = {
        b"ascii": content(b"ascii"),
        b"eight": content(b"eight", "Grüße\r\nund  mehr \t \r\n\r\n\r\n".encode(), more=b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"),
        b"utf gr": content("utf grüße".encode()),
        b"long": content(b"long", b"".join(b"%07d %s  \r\n" % (i, b"x" * 60) for i in range(40000))),
        b"dots": content(b"dots", b".\r\n..\r\n.x\r\nend\r\n"),
        b"empty": content(b"empty", b""),
        b"lines": content(b"lines", b"\r\n\r\n \r\n"),
        b"folded": content(b"folded\r\n  and \t more\r\n\tstill", more=b"List-Id: <x.example>\r\nX-Own:  a\r\nReferences: <a@b>\r\n <c@d>\r\n"),
    }
    for words, message in cases.items():
        code, said = send(mail, FAR, "alice@example.test", message, **who)
        t.is_(code, 250, f"{words.decode()}: taken", said) if code != 250 else None
        found = arrived(sink, b"Subject: " + words)
        t.ok(found and is_good(found), f"L-09: submission, {words.decode()}: the signature is good", found and found[:3000])
    found = arrived(sink, b"Subject: ascii")
    tags = signatures(found)[0]
    t.is_((tags["d"], tags["s"], tags["a"], tags["c"]), ("example.test", "default", "rsa-sha256", "relaxed/relaxed"), "... of the domain of From")
    t.ok(found.startswith(b"DKIM-Signature:") and b"Received:" in found, "... it stands first, before Received", found[:500])
    t.ok(tags["h"].lower().count("from") == 2 and "received" not in tags["h"].lower() and "l" not in tags, "... From is signed twice, Received is not, the whole body is", tags)
    t.ok(not is_good(found.replace(b"Hello", b"Hallo")), "a changed body: not good")
    t.ok(not is_good(found.replace(b"Subject: ascii", b"Subject: other")), "a changed subject: not good")
    t.ok(not is_good(found.replace(b"\r\nTo: ", b"\r\nFrom: eve@far.example\r\nTo: ")), "another From: not good")
    t.ok(len(arrived(sink, b"Subject: folded").split(b"\r\n\r\n")[0]) and "List-Id" in signatures(arrived(sink, b"Subject: folded"))[0]["h"], "List-Id is signed, too")
    send(mail, FAR, "alice@example.test", content(b"not ours", sender=b"alice@far.example"), **who)
    t.is_(signatures(arrived(sink, b"Subject: not ours")), [], "From of a foreign domain: no signature")
    two = content(b"two", more=b"Sender: alice@example.test\r\n").replace(b"<alice@example.test>", b"<alice@example.test>, bob@example.test")
    send(mail, FAR, "alice@example.test", two, **who)
    t.is_(signatures(arrived(sink, b"Subject: two")), [], "From with two addresses: no signature")
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls(), client.login("alice@example.test", who["password"])
        client.ehlo(), client.mail("alice@example.test"), client.rcpt(JOE)
        body = content(b"chunk", b"no line end")
        client.sock.sendall(b"BDAT %d LAST\r\n" % len(body) + body)
        t.is_(client.getreply()[0], 250, "BDAT without a line end")
    t.ok(is_good(arrived(sink, b"Subject: chunk")), "... signed as it goes on")


def others(t, mail, sink):
    mail.run("sendmail", "-f", "alice@example.test", JOE, input="From: alice@example.test\nSubject: by sendmail\n\nlocal\n")
    found = arrived(sink, b"Subject: by sendmail")
    t.ok(found and is_good(found), "L-09: sendmail: the signature is good", found)
    hash = mail.run("password-hash", input="shops-password\n").split()[0]
    put(t, mail, "backends/shop", f"domain: shop.example\nnetwork: {BACKEND}\nlogin: shop@relay\npassword: {hash}")
    shop = lambda words: content(words, sender=b"a@shop.example")
    send(mail, FAR, "a@shop.example", shop(b"backend login"), 587, "shop@relay", "shops-password")
    found = arrived(sink, b"Subject: backend login")
    t.ok(found and is_good(found) and signatures(found)[0]["d"] == "shop.example", "L-09: a backend's login: signed for its domain", found)
    send(mail, BACKEND, "a@shop.example", shop(b"backend network"))
    found = arrived(sink, b"Subject: backend network")
    t.ok(found and is_good(found), "L-09: a backend on port 25 by its network: signed", found)
    send(mail, BACKEND, "a@shop.example", content(b"backend foreign", sender=b"x@elsewhere.example"))
    t.is_(signatures(arrived(sink, b"Subject: backend foreign")), [], "... not for a domain that is not its own")
    put(t, mail, "mynetworks", TRUSTED)
    send(mail, TRUSTED, "alice@example.test", content(b"trusted one"))
    t.is_(signatures(arrived(sink, b"Subject: trusted one")), [], "T9, N-24: a client in mynetworks on port 25: not signed")
    mail.control("dkimnetworks", "yes")
    send(mail, TRUSTED, "alice@example.test", content(b"trusted two"))
    t.ok(is_good(arrived(sink, b"Subject: trusted two")), "T9: ... but if control/dkimnetworks is yes")
    send(mail, FAR, "alice@example.test", content(b"received only"), to="bob@example.test")
    found = mail.mail_with("bob", "Subject: received only")
    t.ok(found and b"DKIM-Signature" not in found[0], "mail that is only received is never signed, whoever it says it is from", found)


def reports(t, mail, sink):
    """What this host writes itself: to a stranger who is elsewhere, and to a user here."""
    mail.run("sendmail", "-f", JOE, "refused@far.example", input="Subject: returned one\n\nlocal\n")
    found = arrived(sink, b"returned one")
    head = found.split(b"\r\n\r\n")[0]
    t.ok(b"multipart/report" in head and is_good(found) and signatures(found)[0]["d"] == "example.test", "L-09: a report of this host, mail.example.test: the signature is good, of the domain of ours above it", found[:3000])
    t.is_(signatures(found)[0]["h"].lower().count("from"), 2, "... From is signed twice")
    t.ok(not is_good(found.replace(b"refused@far.example", b"another@far.example")), "... changed: not good")
    send(mail, FAR, "alice@example.test", content(b"returned two", "Grüße\r\n".encode(), more=b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"),
         port=587, login="alice@example.test", password=mail.password("alice"), to="refused@far.example")
    got = mail.mail_with("alice", "returned two")
    t.ok(got and is_good(re.sub(rb"(?<!\r)\n", b"\r\n", got[0].split(b"\n", 2)[2])), "L-09: one to a mailbox here, as well", got and got[0][:2000])
    plain = Server(sessions=100, address=SINK, patience=3000, extensions=("PIPELINING",))
    put(t, mail, "relayrules/plain", f"type: recipient\nsubject: plain.example\nhost: {SINK}\nport: {plain.port}\ntls: off\n")
    mail.run("sendmail", "-R", "full", "-f", "joe@plain.example", "refused@far.example", input="Subject: returned three\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGr\u00fc\u00dfe\n")
    found = arrived(plain, b"returned three")
    t.ok(found and b"multipart/report" in found and signatures(found.split(b"\r\n\r\n")[0] + b"\r\n\r\n") == [] and all(c < 0x80 for c in found),
         "a report with 8-bit text to a host without 8BITMIME: it loses its signature and is converted, rather than be returned itself", found)
    mail.control("dkim", "* nothere\n")
    mail.run("sendmail", "-f", JOE, "refused@far.example", input="Subject: returned four\n\nlocal\n")
    t.is_(mail.code, 0, "sendmail, whose From is not ours: taken though a key is missing")
    found = arrived(sink, b"returned four")
    t.ok(found and signatures(found) == [], "... its report goes unsigned")
    t.ok("send-schedule: unsigned " in mail.log("send-schedule") and "nothere" in mail.log("send-schedule"), "... the log says which key is missing")
    mail.stop("dkim-sign")
    mail.run("sendmail", "-f", JOE, "refused@far.example", input="Subject: returned five\n\nlocal\n")
    found = arrived(sink, b"returned five")
    t.ok(found and signatures(found) == [], "... so it does, a little later, when dkim-sign is down")
    mail.start("dkim-sign")
    mail.control("dkim", "* default\n")


def refuse(server):
    return b"550 5.1.1 nobody\r\n" if "refused@" in server.heard[-1] else b"250 ok\r\n"


def keys(t, mail, sink):
    who = dict(port=587, login="alice@example.test", password=mail.password("alice"))
    new_key(t, mail, "--ed25519", "example.test", "ed")
    t.ok("example.test ed" in open(f"{mail.home}/control/dkim").read().split("\n"), "W-14: a key of its own for the domain; its line is in control/dkim")
    send(mail, FAR, "alice@example.test", content(b"ed one"), **who)
    found = arrived(sink, b"Subject: ed one")
    t.ok(is_good(found) and signatures(found)[0]["a"] == "ed25519-sha256", "RFC 8463: Ed25519: the signature is good", found)
    mail.control("dkim", "* default\nexample.test default ed\n")
    send(mail, FAR, "alice@example.test", content(b"both"), **who)
    found = arrived(sink, b"Subject: both")
    t.is_([s["a"] for s in signatures(found)], ["rsa-sha256", "ed25519-sha256"], "two selectors: two signatures")
    t.ok(is_good(found, 0) and is_good(found, 1), "... both are good")
    mail.control("dkim", "* default\nexample.test off\n")
    send(mail, FAR, "alice@example.test", content(b"switched off"), **who)
    t.is_(signatures(arrived(sink, b"Subject: switched off")), [], "N-23: off for a domain")
    for lines, why in (("* nothere\n", "dkim/nothere.pem: No such file"), ("example.test a/b\n", "not a selector: a/b")):
        mail.control("dkim", lines)
        code, said = send(mail, FAR, "alice@example.test", content(b"fails"), **who)
        t.ok(code == 451 and said.startswith("4.3.0"), "what cannot be signed is not taken: 451", (code, said))
        t.ok(wait_for(lambda: why in mail.log("smtp-submission")), f"... the log says: {why}", mail.log("smtp-submission")[-1500:])
    mail.control("dkim", "* default\n")
    mail.stop("dkim-sign")
    code, said = send(mail, FAR, "alice@example.test", content(b"fails"), **who)
    t.is_(code, 451, "dkim-sign is down: 451")
    mail.control("dkim", None)
    code, said = send(mail, FAR, "alice@example.test", content(b"no control file"), **who)
    t.ok(code == 250 and signatures(arrived(sink, b"Subject: no control file")) == [], "without control/dkim nobody is asked", (code, said))
    mail.start("dkim-sign")


def isolation(t, mail):
    pid = mail.pid("dkim-sign")
    with open(f"/proc/{pid}/status") as file:
        fields = {key: value.split() for key, value in (line.split(":", 1) for line in file)}
    uid = subprocess.check_output(["id", "-u", "mail-sign"], text=True).strip()
    t.ok(set(fields["Uid"]) == {uid} and fields["NoNewPrivs"] == ["1"] and fields["Seccomp"] == ["2"], "dkim-sign runs as mail-sign alone, in its sandbox", fields)
    st, key = os.stat(f"{mail.home}/dkim"), os.stat(f"{mail.home}/dkim/default.pem")
    t.is_((st.st_uid, stat.S_IMODE(st.st_mode), key.st_uid, stat.S_IMODE(key.st_mode)), (int(uid), 0o700, int(uid), 0o400), "the keys are mail-sign's")
    users = [line.split()[0] for line in open("service/users") if not line.startswith("#")] + ["nobody"]
    readers = [user for user in users if subprocess.run(["s6-setuidgid", user, "cat", f"{mail.home}/dkim/default.pem"], capture_output=True).returncode == 0]
    t.is_(readers, ["mail-sign"], "nobody else can read one")
    t.ok(all(subprocess.run(["s6-setuidgid", "nobody", "cat", f"{mail.home}/state/dkim/{name}.txt"], capture_output=True).returncode == 0 for name in ("default", "ed.example.test")),
         "what the DNS is to say everybody can read")


with Postroom(NET, me="mail.example.test") as mail, Tap() as t:
    sink = Server(sessions=100000, address=SINK, patience=3000, extensions=("PIPELINING", "8BITMIME", "SMTPUTF8"), RCPT=refuse)
    mail.relay_rule(type="default", host=SINK, port=sink.port, tls="off")
    said = new_key(t, mail)
    t.ok("control/dkim: * default" in said, "N-24b: one key for all domains, selector default", said)
    again = subprocess.run(["service/dkim", mail.home, "new"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.ok(again.returncode == 111 and "choose another selector" in again.stdout, "a key that is there stays", again.stdout)
    submission(t, mail, sink)
    others(t, mail, sink)
    reports(t, mail, sink)
    keys(t, mail, sink)
    isolation(t, mail)
