#!/usr/bin/python3
# queue: the operator sees what waits and why, and has it tried, held, released or deleted; a full disk is said to the client and
# loses nothing; any process may be killed or renewed under load: it is back in seconds, no session of others ends, and all that
# was acknowledged is delivered, once. (W-24, security checks 58 and 60, issue 2 items 6 and 10)
import imaplib, os, re, signal, smtplib, socket, subprocess, sys, threading, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

LISTENS = {line.split()[0]: line.split()[1] != "none" for line in open("service/services") if line.strip() and not line.startswith(("#", "off:"))}
SERVICES = list(LISTENS)


def is_clean(mail, t, when):
    said = mail.run("queue-check")
    t.is_(mail.code, 0, f"queue-check: clean {when}" + ("" if not mail.code else ": " + said))


def outcome(mail, *words):
    said = mail.run(*words)
    return mail.code, said


def operator(mail, t):
    mail.relay_rule(type="default", host="127.0.0.1", port=1, tls="off")
    begun = time.time()
    ids = [mail.submit("alice", [f"eve{i}@far.test", "bob@example.test"], f"operator {i}") for i in range(4)]
    for id in ids:
        mail.said_last(id)
    said_by = time.time()
    one = mail.queued(ids[0])
    t.is_(sorted(one), sorted(["id", "sender", "login", "arrival", "age", "size", "attempts", "next", "message-id", "recipients"]), "qstat --json: the fields")
    t.ok(one["sender"] == "alice@example.test" and int(begun) <= one["arrival"] <= said_by and 200 < one["size"] < 2000 and one["attempts"] == 1 and
         begun + 200 < one["next"] < said_by + 400, "... sender, arrival, size, attempts, and the next try in about five minutes", one)
    states = {r["address"]: r for r in one["recipients"]}
    t.is_({a: r["state"] for a, r in states.items()}, {"eve0@far.test": "todo", "bob@example.test": "done"}, "... each recipient with its state")
    said = states["eve0@far.test"]["said"]
    t.ok(said["verdict"] == "later" and said["status"] == "4.4.1" and "refused" in said["text"] and "127.0.0.1" in said["text"], "... and what was said about it", said)
    shown = mail.run("qstat")
    t.ok(all(id in shown for id in ids) and "eve0@far.test: to do" in shown and "bob@example.test: done" in shown and "next try in" in shown and "alice@example.test" in shown and
         "refused" in shown and "4 messages" in shown, "qstat: the same for people, and the sums", shown)
    code, shown = outcome(mail, "qstat", ids[1])
    t.ok(code == 0 and ids[1] in shown and ids[0] not in shown, "qstat ID: that one", shown)
    is_clean(mail, t, "with four that wait")

    t.is_(outcome(mail, "qctl", "hold", ids[0], ids[1]), (0, "2 messages held\n"), "qctl hold, some")
    mail.restart("send-schedule")
    t.is_([{r["state"] for r in mail.queued(id)["recipients"]} for id in ids[:3]], [{"held", "done"}, {"held", "done"}, {"todo", "done"}], "they are held, also after a restart")
    is_clean(mail, t, "with two that are held")
    code, shown = outcome(mail, "qctl", "retry", "--all")
    t.ok(code == 1 and f"{ids[0]}: is held" in shown and f"{ids[1]}: is held" in shown and "2 messages to be tried" in shown, "qctl retry --all says which are held", code, shown)
    t.ok(mail.said_last(ids[2], attempts=2) and mail.said_last(ids[3], attempts=2) and mail.queued(ids[0])["attempts"] == 1, "qctl retry --all: those that are not held", mail.run("qstat"))
    t.is_(outcome(mail, "qctl", "release", ids[0]), (0, "1 message released\n"), "qctl release, one")
    t.ok(mail.said_last(ids[0], attempts=2), "it is tried", mail.run("qstat"))
    t.is_(outcome(mail, "qctl", "delete", ids[3]), (0, "1 message deleted\n"), "qctl delete, one")
    t.ok(wait_for(lambda: not mail.queued(ids[3])) and len(mail.queue()) == 3, "it is gone, the others are there")
    is_clean(mail, t, "after a deletion")
    code, shown = outcome(mail, "qctl", "retry", ids[3])
    t.ok(code == 1 and f"{ids[3]}: no such message in the queue" in shown, "an id that is not there: said, exit 1", code, shown)
    code, shown = outcome(mail, "qctl", "delete", "../../etc/passwd")
    t.ok(code == 100 and "is not the id of a message" in shown, "what is no id: said, exit 100", code, shown)
    t.ok(outcome(mail, "qstat", ids[3])[0] == 1 and outcome(mail, "qctl", "burn", "--all")[0] == 100 and outcome(mail, "qctl", "delete")[0] == 100, "bad use is refused")
    t.is_(outcome(mail, "qctl", "release", "--all")[0], 0, "qctl release --all")
    code, shown = outcome(mail, "qctl", "delete", "--all")  # the one that was released is perhaps being tried: then it says so
    t.ok(code == 0 and shown.endswith("3 messages deleted\n") and wait_for(lambda: not mail.queue()), "qctl delete --all", code, shown, mail.run("qstat"))
    is_clean(mail, t, "when it is empty")
    t.is_(len(mail.mail_with("bob", "Subject: operator")), 4, "bob has each once, whatever was done to the rest")


class SlowHop(threading.Thread):
    """A host that takes connections and says nothing until .answer() is called: then 421."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.listening = socket.create_server((address, 0))
        self.port, self.open, self.may_answer = self.listening.getsockname()[1], 0, threading.Event()
        self.start()

    def run(self):
        while True:
            client, _ = self.listening.accept()
            self.open += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        self.may_answer.wait()
        client.sendall(b"421 4.3.2 not now\r\n")
        client.close()


def under_way(mail, t):
    """What is being delivered in that very moment, surely."""
    hop = SlowHop(mail.address)
    mail.relay_rule(type="default", host=mail.address, port=hop.port, tls="off")
    ids = {what: mail.submit("alice", f"{what}@far.test", what) for what in ("hold", "delete", "bounce", "retry")}
    t.ok(wait_for(lambda: hop.open == len(ids)), "four messages are being delivered to a host that does not answer", hop.open)
    for what, past in (("hold", "held"), ("delete", "deleted"), ("bounce", "returned to the sender")):
        t.is_(outcome(mail, "qctl", what, ids[what]), (0, f"qctl: warning: {ids[what]}: is being delivered at this moment: {past} if that leaves something to do\n1 message {past}\n"),
              f"N-72: qctl {what} of one that is under way: noted, said, counts as done")
    t.is_(outcome(mail, "qctl", "retry", "--json", ids["retry"]), (0, '{"what":"retry","count":1,"missing":[],"running":["%s"],"noted":[],"held":[],"unchanged":[],"failed":[]}\n' % ids["retry"]), "... retry: it is being tried")
    t.is_(len(mail.queue()), 4, "... nothing is cut off")
    hop.may_answer.set()
    t.ok(wait_for(lambda: not mail.queued(ids["delete"]) and not mail.queued(ids["bounce"])), "when the host has answered: deleted, returned", mail.run("qstat"))
    t.ok(mail.mail_with("alice", "<bounce@far.test>") or mail.mail_with("alice", "bounce@far.test"), "... with a report to its sender")
    t.ok(wait_for(lambda: [r["state"] for r in mail.queued(ids["hold"])["recipients"]] == ["held"]), "... held", mail.queued(ids["hold"]))
    t.ok(mail.said_last(ids["retry"]) and mail.queued(ids["retry"])["attempts"] == 1, "... and the other one waits for its next try", mail.queued(ids["retry"]))
    t.is_(outcome(mail, "qctl", "delete", "--all"), (0, "2 messages deleted\n"), "N-71: qctl delete --all")
    is_clean(mail, t, "when it is empty again")
    mail.relay_rule(type="default", host="127.0.0.1", port=1, tls="off")


def full_disk(mail, t):
    """queue/ on a tmpfs of 600 KB."""
    queue = f"{mail.home}/queue"
    mail.quickstart("--stop")
    subprocess.run(f"cp -a {queue} {queue}.copy && mount -t tmpfs -o size=600k,mode=0750 queue {queue} && "
                   f"chown --reference={queue}.copy {queue} && cp -a {queue}.copy/. {queue}/ && rm -r {queue}.copy", shell=True, check=True)
    mail.quickstart("--start")
    try:
        client = mail.login(587, "alice")
        ids, refusal = [], None
        for i in range(20):
            try:
                ids.append(mail.give(client, "alice@example.test", "eve@far.test", f"full {i}", ("x" * 70 + "\n") * 1000))
            except smtplib.SMTPResponseException as error:
                refusal = error
                break
        t.ok(refusal and refusal.smtp_code == 452 and refusal.smtp_error.startswith(b"4.3.1"), "the disk is full: 452 4.3.1", refusal, len(ids))
        t.ok(4 <= len(ids) <= 8 and sorted(m["id"] for m in mail.queue()) == sorted(ids), "... what was acknowledged is in the queue, and nothing else", ids, mail.run("qstat"))
        is_clean(mail, t, "on a full disk")
        try:
            mail.give(client, "alice@example.test", "eve@far.test", "too large", ("x" * 70 + "\n") * 30000)
            t.ok(False, "a message of 2 MB: 452 too")
        except smtplib.SMTPResponseException as error:
            t.ok(error.smtp_code == 452 and error.smtp_error.startswith(b"4.3.1"), "a message of 2 MB: 452 4.3.1 too", error)
        mail.run("qctl", "delete", ids[0], ids[1])
        t.ok(wait_for(lambda: not mail.queued(ids[0]) and not mail.queued(ids[1])), "two are deleted", mail.run("qstat"))
        ids = ids[2:]
        ids.append(mail.give(client, "alice@example.test", "eve@far.test", "room again", "small"))
        client.quit()
        t.ok(ids[-1], "in the same session: there is room again, it is taken")
        mail.relay_rule(type="default", host=mail.address, port=mail.port(25), tls="off")  # to ourselves: far.test is refused there
        t.ok(wait_for(lambda: mail.run("qctl", "retry", "--all") and not mail.queue(), 120), "the queue is worked off", mail.run("qstat"))
        t.ok(wait_for(lambda: len(mail.mail_with("alice", "Relay access denied")) >= len(ids)), "each of them has its outcome")
        t.is_(len(mail.mail_with("alice", "Relay access denied")), len(ids), "... once")
        is_clean(mail, t, "afterwards")
    finally:
        mail.quickstart("--stop")
        subprocess.run(["umount", queue], check=True)
        mail.quickstart("--start")


class Load(threading.Thread):
    """Sends to bob, a connection for each message, until it is told to stop: on port 25, or with TLS and a login on 587. What was
    acknowledged is in .taken, what went wrong in .trouble."""

    def __init__(self, mail, name, connect):
        super().__init__(daemon=True)
        self.mail, self.name, self.connect, self.taken, self.trouble, self.is_over = mail, name, connect, [], [], False
        self.start()

    def run(self):
        count = 0
        while not self.is_over:
            count += 1
            subject = f"{self.name} {count:06}."
            try:
                client = self.connect()
                self.mail.give(client, "alice@example.test", "bob@example.test", subject)
                self.taken.append(subject)
                client.close()
            except (OSError, smtplib.SMTPException) as error:
                self.trouble.append(f"{time.strftime('%T')} {subject} {error!r}")
                time.sleep(0.02)
            time.sleep(0.005)

    def stop(self):
        self.is_over = True
        self.join()
        return self


def loads(mail, name):
    return (Load(mail, name + " by 25", lambda: smtplib.SMTP(mail.address, mail.port(25), timeout=120)),
            Load(mail, name + " by 587", lambda: mail.login(587, "alice")))


class Sessions:
    """Of other people: IMAP with TLS, IMAP without, SMTP, submission with TLS."""

    def __init__(self, mail):
        self.mail = mail
        self.smtp = smtplib.SMTP(mail.address, mail.port(25), timeout=120)
        self.smtp.ehlo()
        self.submission = mail.login(587, "alice")
        self.imap = imaplib.IMAP4(mail.address, mail.port(143))
        self.imap.starttls(ssl_context=__import__("ssl")._create_unverified_context())
        self.imap.login("alice@example.test", mail.password("alice"))
        self.imap.select()

    def live(self):
        try:
            return self.smtp.noop()[0] == 250 and self.submission.noop()[0] == 250 and self.imap.noop()[0] == "OK"
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as error:
            return print("#", repr(error))


def all_delivered(mail, t, load):
    mail.run("qctl", "retry", "--all")
    wait_for(lambda: mail.run("qctl", "retry", "--all") and not mail.queue(), 120)
    found = re.findall(rf"Subject: ({load.name} \d+\.)".encode(), b"".join(mail.mail("bob")))
    counts = {s: found.count(s.encode()) for s in load.taken}
    wrong = {s: n for s, n in counts.items() if n != 1}
    t.ok(len(load.taken) > 20 and not wrong, f"{load.name}: all {len(load.taken)} that were acknowledged are there, once", wrong, mail.run("qstat"))


def killed(mail, t):
    sessions, both = Sessions(mail), loads(mail, "killed")
    for service in SERVICES:
        time.sleep(0.1)
        pid = wait_for(lambda: mail.pid(service))
        assert os.readlink(f"/proc/{pid}/exe").startswith(f"{mail.home}/bin/")
        started = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        subprocess.run(["s6-svwait", "-U", "-t", "60000", f"{mail.home}/service/{service}"], stderr=subprocess.DEVNULL)
        is_back = wait_for(lambda: mail.pid(service) not in (None, pid))
        t.ok(is_back, f"check 58: {service} is back: after {time.monotonic() - started:.1f} s here")
        t.ok(sessions.live(), "... and the sessions of others go on")
    for load in both:
        taken = len(load.taken)
        t.ok(wait_for(lambda: len(load.taken) > taken + 3), "mail flows again", load.trouble[-3:])
        load.stop()
    t.ok(Sessions(mail).live(), "new sessions of each kind are served")
    for load in both:
        all_delivered(mail, t, load)
    is_clean(mail, t, "after all this")


def images(mail, service):
    """How often its program was started or executed itself."""
    return len(re.findall(r": (?:serving|renewed)$", mail.log(service), re.M))


def renewed(mail, t):
    sessions, both = Sessions(mail), loads(mail, "renewed")
    load = both[0]
    for round in range(20):
        before = len(load.taken)
        subprocess.run(["s6-svc", "-h", f"{mail.home}/service/smtp-mx"], check=True)
        wait_for(lambda: len(load.taken) > before + 1, 5)
    t.ok(wait_for(lambda: mail.log("smtp-mx").count("renewed") >= 20), "smtp-mx executes itself anew, twenty times", mail.log("smtp-mx")[-500:])
    for service in SERVICES:
        pid, before, lines = mail.pid(service), len(load.taken), images(mail, service)
        subprocess.run(["s6-svc", "-h", f"{mail.home}/service/{service}"], check=True)
        if not LISTENS[service]:
            t.ok(wait_for(lambda: mail.pid(service) not in (None, pid), 300), f"check 60: SIGHUP: {service}, to which nobody is connected, is started anew")
            continue
        # a delivery that takes long puts send-schedule's renewal off for a minute
        t.ok(wait_for(lambda: images(mail, service) > lines and mail.pid(service) == pid, 300), f"check 60: SIGHUP: {service} goes on as a new image", mail.log(service)[-300:])
        wait_for(lambda: len(load.taken) > before + 1, 5)
    for load in both:
        t.is_(load.stop().trouble, [], "check 60: no connection was refused, no message deferred")
    t.ok(sessions.live() and Sessions(mail).live(), "old and new sessions are served")
    for load in both:
        all_delivered(mail, t, load)
    is_clean(mail, t, "at the end")


with Postroom(26) as mail, Tap() as t:
    operator(mail, t)
    under_way(mail, t)
    full_disk(mail, t)
    killed(mail, t)
    renewed(mail, t)
