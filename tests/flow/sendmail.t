#!/usr/bin/python3
# sendmail: local users and programs send through HOME/bin/sendmail, as they are: mutt, what git send-email and cron and Python
# do, several uids, many at once, 50 MB; Bcc stays hidden; sender, block, rates and copies are the policy's; mailq and flush (P-36).
import os, re, resource, shutil, subprocess, sys

if os.getuid():
    print("1..0 # SKIP only root can become other users")
    sys.exit(0)
sys.path[:0] = ["tests", "tests/flow"]
from clock import same_day
from postroom import Postroom, Tap, wait_for

NOBODY, CAROL, EVE = 65534, 54321, 54322


def sendmail(mail, words, input=b"", uid=0, **more):
    """The exit code, and what it said."""
    r = subprocess.run(["sendmail", *words], input=input.encode() if isinstance(input, str) else input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       env=mail.environment, user=uid, group=uid, extra_groups=[], timeout=120, executable=f"{mail.home}/bin/sendmail", **more)
    return r.returncode, r.stdout.decode()


def programs(mail, t):
    folder = f"{mail.folder}/home-of-nobody"
    os.mkdir(folder)
    os.chown(folder, NOBODY, NOBODY)
    r = subprocess.run(["mutt", "-n", "-F", "/dev/null", "-e", f'set sendmail="{mail.home}/bin/sendmail -oem -oi"', "-e", "set copy=no", "-s", "by mutt", "-b", "alice@example.test", "--",
                        "bob@example.test"], input=b"hello\n.\nbehind a dot\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, user=NOBODY, group=NOBODY, extra_groups=[],
                       cwd=folder, env=dict(mail.environment, HOME=folder, TERM="dumb"), timeout=300)
    found, copy = mail.mail_with("bob", "Subject: by mutt"), mail.mail_with("alice", "Subject: by mutt")
    t.ok(r.returncode == 0 and found and b"behind a dot" in found[0], "mutt, with its setting for sendmail, as nobody", r.stdout, found)
    t.ok(copy and b"Bcc" not in copy[0] + found[0] and b"Return-Path: <nobody@example.test>" in found[0], "... its Bcc gets it and is not shown; the sender is nobody@control/defaultdomain", copy, found)
    t.matches(found[0].decode(), r"Received: from nobody \(uid 65534\)\s+by \S+ with local", "... Received says who")
    code, said = sendmail(mail, ["-FCronDaemon", "-i", "-B8BITMIME", "-oem", "bob"], "From: root (Cron Daemon)\nTo: bob\nSubject: Cron <x> test\nContent-Type: text/plain; charset=UTF-8\n\n100%\rdone \u00e4\n")
    found = mail.mail_with("bob", "Subject: Cron <x> test")
    t.ok(code == 0 and found and b"100%" in found[0] and "done \u00e4".encode() in found[0], "what cron says", said, found)
    code, said = sendmail(mail, ["-f", "alice@example.test", "-i", "bob@example.test", "alice@example.test"], "From: Alice <alice@example.test>\nTo: bob@example.test\nSubject: [PATCH] x\n\n---\n diff\n", uid=EVE)
    t.ok(code == 0 and mail.mail_with("bob", "Subject: [PATCH] x") and mail.mail_with("alice", "Subject: [PATCH] x"), "what git send-email says", said)
    pipe = subprocess.Popen([f"{mail.home}/bin/sendmail", "-t", "-oi"], stdin=subprocess.PIPE, user=EVE, group=EVE, extra_groups=[], env=mail.environment)
    for piece in (b"To: bob\nBc", b"c: alice\nSubject: in pie", b"ces\n\none\n", b"two"):
        pipe.stdin.write(piece), pipe.stdin.flush()
    pipe.stdin.close()
    t.ok(pipe.wait(300) == 0 and (found := mail.mail_with("bob", "Subject: in pieces")) and b"two" in found[0] and mail.mail_with("alice", "Subject: in pieces"), "a pipe of Python's, in pieces")
    t.ok(all(re.search(rb"(?m)^Message-ID: <.+@.+>\r?$", m, re.I) and re.search(rb"(?m)^Date: ", m) for m in found), "... Date and Message-ID were added")
    code, said = sendmail(mail, ["-N", "success,delay", "-R", "hdrs", "-V", "id=7", "bob"], "Subject: dsn\n\nx\n")
    t.ok(code == 0 and mail.mail_with("bob", "Subject: dsn"), "-N, -R and -V are taken", said)
    code, said = sendmail(mail, ["nobody-there@example.test", "bob"], "Subject: lost?\n\nx\n")
    t.ok(code == 67 and "User unknown" in said and "nothing was sent" in said, "one unknown recipient: 67", said)


def many(mail, t):
    uids = (NOBODY, CAROL, EVE)
    running = [subprocess.Popen([f"{mail.home}/bin/sendmail", "bob"], stdin=subprocess.PIPE, user=uids[i % 3], group=uids[i % 3], extra_groups=[], env=mail.environment)
               for i in range(180)]
    for i, one in enumerate(running):
        one.stdin.write(b"Subject: one of many %d.\n\nx\n" % i)
        one.stdin.close()
    codes = [one.wait(120) for one in running]
    t.is_([code for code in codes if code], [], "180 at once by three uids, more than control/concurrencysmtpdclient for each: all are taken")
    wait_for(lambda: len([m for m in mail.mail("bob") if b"Subject: one of many" in m]) >= 180)
    numbers = sorted(int(re.search(rb"one of many (\d+)", m)[1]) for m in mail.mail("bob") if b"Subject: one of many" in m)
    t.is_(numbers, list(range(180)), "... each arrives once")


def large(mail, t):
    line = b"." + b"0123456789abcdef" * 4 + b"\n"
    with open(f"{mail.folder}/large", "wb") as file:
        file.write(b"To: bob\nSubject: large\n\n" + line * (49 * 1000 * 1000 // len(line)))
    with open(f"{mail.folder}/large", "rb") as file:
        status = subprocess.run([f"{mail.home}/bin/sendmail", "-ti"], stdin=file, env=mail.environment, timeout=120,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (8 << 20, 8 << 20))).returncode
    found = mail.mail_with("bob", b"Subject: large")
    t.ok(status == 0 and found and found[0].replace(b"\r\n", b"\n").count(line) == 49 * 1000 * 1000 // len(line), "49 MB, byte for byte, with 8 MB of memory", status)
    os.unlink(f"{mail.folder}/large")
    r = subprocess.run(["sh", "-c", f"yes | {mail.home}/bin/sendmail bob"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=mail.environment, timeout=120)
    t.ok(r.returncode == 65 and b"databytes" in r.stdout, "an endless message is given up at control/databytes: 65", r)


def policies(mail, t):
    message = "Subject: policy\n\nx\n"
    code, said = sendmail(mail, ["bob"], message, uid=EVE + 1)
    t.ok(code == 77 and "sending is disabled" in said, "P-14: the mailbox with the caller's uid may not send: 77", said)
    mail.control("enforcesender", "yes")
    got = [sendmail(mail, ["-f", sender, "bob"], message, uid=uid)[0] for sender, uid in
           (("alice@example.test", CAROL), ("carol@example.test", CAROL), ("uid-54321@example.test", CAROL), ("alice@example.test", 0))]
    t.is_(got, [77, 0, 0, 0], "control/enforcesender: not another's address, but one's own, one's name; root any")
    mail.control("trustedusers", "uid-54321")
    t.is_(sendmail(mail, ["-f", "alice@example.test", "bob"], message, uid=CAROL)[0], 0, "... and who is in control/trustedusers")
    mail.control("trustedusers", None)
    mail.control("enforcesender", None)
    mail.control("block", "sender spam@far.example not this one\n")
    mail.run("tables-build")
    code, said = sendmail(mail, ["-f", "spam@far.example", "bob"], message)
    t.ok(code == 77 and "spam@far.example" in said, "N-64: a blocked sender", said)
    mail.control("block", None)
    mail.run("tables-build")
    mail.control("alwaysbcc", "alice@example.test")
    t.ok(sendmail(mail, ["bob"], "Subject: copied\n\nx\n", uid=CAROL)[0] == 0 and mail.mail_with("alice", "Subject: copied"), "N-22: the copy of control/alwaysbcc")
    mail.control("alwaysbcc", None)
    same_day()
    mail.control("ratelimit", "login messages 2 per day\n")
    got = [sendmail(mail, ["bob"], message, uid=EVE) for _ in range(3)]
    t.ok([code for code, _ in got] == [0, 0, 75] and "limit of 2 messages" in got[2][1], "L-10: the rate limit of a login is that of a uid's name: 75", got)
    mail.control("ratelimit", None)


def queue(mail, t):
    mail.relay_rule(host="127.0.41.9", port="9", tls="off")
    code, said = sendmail(mail, ["eve@far.example"], "Subject: waits\n\nx\n", uid=NOBODY)
    id = (wait_for(lambda: [m for m in mail.queue() if m["attempts"]]) or [{"id": "?"}])[0]["id"]
    said = mail.run("mailq")
    t.matches(said, rf"^-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n{id} +\d+ \w{{3}} \w{{3}} [ \d]\d \d\d:\d\d:\d\d  nobody@example\.test\n"
                    r"\(.*127\.0\.41\.9.*\)\n {41}eve@far\.example\n\n-- 1 Kbytes in 1 Request\.\n$", "P-36, N-70: mailq, as Postfix's: id, size, time, sender, reason, recipient, sum")
    before = mail.queued(id)["attempts"]
    code, said = sendmail(mail, ["-q"])
    t.ok(code == 0 and wait_for(lambda: mail.queued(id)["attempts"] > before), "P-36: sendmail -q tries what waits", said)
    code, said = sendmail(mail, ["-bp"], uid=NOBODY)
    t.ok(code == 77 and "run it as root" in said, "... others are told who may look", said)
    mail.run("qctl", "delete", id)
    t.is_(mail.run("mailq"), "Mail queue is empty\n", "... and then it is empty")
    for name in ("sendmail", "mailq", "newaliases"):
        link = f"{mail.folder}/{name}"
        os.symlink(f"{mail.home}/bin/{name}", link)
    r = subprocess.run([f"{mail.folder}/mailq"], stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin"})
    t.is_(r.stdout, "Mail queue is empty\n", "a link from elsewhere finds its home, as /usr/bin/mailq would be")


def down(mail, t):
    mail.stop("inject")
    code, said = sendmail(mail, ["bob"], "Subject: down\n\nx\n")
    t.ok(code == 75 and "is it running?" in said, "the server is down: 75, and that is said", said)
    running = subprocess.Popen([f"{mail.home}/bin/sendmail", "bob"], stdin=subprocess.PIPE, env=mail.environment)
    running.stdin.write(b"Subject: restarted\n\nx\n")
    running.stdin.close()
    mail.start("inject")
    t.ok(running.wait(300) == 0 and mail.mail_with("bob", "Subject: restarted"), "... one that is being started is waited for")


with Postroom(41) as mail, Tap() as t:
    mail.control("defaultdomain", "example.test")
    for user, uid, extra in (("carol", CAROL, ""), ("dumb", EVE + 1, "mailSubmit: no\n")):
        path = f"{mail.home}/directory/{user}@example.test.ldif"
        with open(path, "w") as file:
            file.write(f"dn: uid={user}\nobjectClass: inetOrgPerson\nentryUUID: key-{user}\nuid: {user}\nmail: {user}@example.test\nuidNumber: {uid}\n{extra}")
        shutil.chown(path, "root", "mail-tables")
        os.chmod(path, 0o640)
    said = mail.run("tables-build")
    t.ok(mail.code == 0, "tables with the uids of local users", said)
    programs(mail, t)
    many(mail, t)
    large(mail, t)
    policies(mail, t)
    queue(mail, t)
    down(mail, t)
