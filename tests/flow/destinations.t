#!/usr/bin/python3
# destinations: many messages to hosts that are dead, slow, or may have so many a day: a dead one gets a probe, not five hundred messages, a slow one delays
# nobody, what is beyond a rate waits and is not returned (L-10, issue 4 On the wire, security check 32)
import os, shutil, smtplib, socket, ssl, sys, threading, time

sys.path[:0] = ["tests", "tests/flow"]
from clock import same_day
from postroom import Postroom, Tap, wait_for


class Host(threading.Thread):
    """A server: kind "quick" takes every message, "slow" says nothing, "dead" closes each connection at once."""

    def __init__(self, mail, name, address, kind):
        super().__init__(daemon=True)
        self.address, self.kind, self.connections, self.messages, self.open, self.most = address, kind, 0, 0, 0, 0
        self.lock, self.listening = threading.Lock(), socket.create_server((address, 0), backlog=1000)
        self.gives_up = threading.Event()
        self.start()
        path = f"{mail.home}/control/relayrules/{name}"
        with open(path, "w") as file:
            file.write(f"type: recipient\nsubject: {name}.test\nhost: {address}\nport: {self.listening.getsockname()[1]}\ntls: off\n")
        os.chmod(path, 0o640)
        shutil.chown(path, "root", "mail-tables")

    def run(self):
        while True:
            client, _ = self.listening.accept()
            with self.lock:
                self.connections += 1
                self.open += 1
                self.most = max(self.most, self.open)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client:
                if self.kind == "slow":
                    self.gives_up.wait()
                elif self.kind == "quick":
                    self.take(client)
        except OSError:
            pass
        with self.lock:
            self.open -= 1

    def take(self, client):
        file, in_data = client.makefile("rb"), False
        client.sendall(b"220 hello\r\n")
        for line in file:
            if in_data:
                if line != b".\r\n":
                    continue
                in_data = False
                with self.lock:
                    self.messages += 1
                client.sendall(b"250 2.0.0 taken\r\n")
                continue
            word = line[:4].upper().strip()
            in_data = word == b"DATA"
            client.sendall({b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 2.0.0 ok\r\n"))
            if word == b"QUIT":
                return


def submit(mail, domain, count):
    with smtplib.SMTP(mail.address, mail.port(587), timeout=120) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login("alice@example.test", mail.password("alice"))
        return [mail.give(client, "alice@example.test", f"eve{i}@{domain}", f"{domain} {i}") for i in range(count)]


def queued(mail, ids):
    return {m["id"]: m for m in mail.queue() if m["id"] in ids}


def all_tried(mail, ids, attempts):
    return wait_for(lambda: all(m["attempts"] >= attempts for m in queued(mail, ids).values()), 600)


def dead(mail, t, host):
    begun = time.monotonic()
    ids = submit(mail, "dead.test", 500)
    t.ok(all_tried(mail, ids, 1) and len(queued(mail, ids)) == 500, "500 messages to a host that closes every connection: all wait", mail.run("qstat", "--summary"))
    first = host.connections
    t.ok(1 <= first <= 5 + (time.monotonic() - begun) // 30, f"... after {first} connections, as many as a new hop gets at once, and a probe after each rest", first)
    t.ok(wait_for(lambda: host.connections > first, 900), "... when its rest is over it is probed")
    probed, tries = time.monotonic(), max(m["attempts"] for m in queued(mail, ids).values())
    t.ok(all_tried(mail, ids, tries + 1), "... and while all are due again and again", mail.run("qstat", "--summary"))
    t.ok(host.connections <= first + 1 + (time.monotonic() - probed) // 60, f"... by one message: {host.connections - first} connection for 500", host.connections, first)
    t.ok(all("closed" in m["recipients"][0]["said"]["text"] for m in queued(mail, ids).values()), "qstat says of each what the host's trouble is")
    mail.run("qctl", "delete", "--destination", "dead.test")


def slow(mail, t, host, quick):
    ids = submit(mail, "slow.test", 60)
    t.ok(wait_for(lambda: host.open >= 5), "60 messages to a host that takes connections and says nothing")
    before = quick.messages
    others = submit(mail, "quick.test", 60)
    t.ok(wait_for(lambda: not queued(mail, others), 120) and quick.messages == before + 60, "60 to another: delivered meanwhile", mail.run("qstat", "--summary"))
    t.ok(len(queued(mail, ids)) == 60 and host.open >= 5, "... while the slow one has not even greeted", host.open)
    client = mail.login(587, "alice")
    both = mail.give(client, "alice@example.test", ["eve@quick.test", "eve@slow.test"], "both")
    t.ok(wait_for(lambda: quick.messages == before + 61), "one for both: the quick one has it")
    return ids, both


def slow_end(mail, t, host, quick, ids, both):
    states = lambda: [r["state"] for r in mail.queued(both)["recipients"]]
    t.ok(wait_for(lambda: states() == ["done", "todo"], 240), "... which is written down although the rest of it still stands in line", states())
    taken, ids = quick.messages, ids + [both]
    said = mail.run("qctl", "delete", "--destination", "slow.test")
    t.ok(mail.code == 0 and "61 messages deleted" in said and len(queued(mail, ids)) >= 5, "they are deleted, but for those that are under way", said[-300:])
    host.gives_up.set()
    t.ok(wait_for(lambda: not queued(mail, ids)), "... which are when that has ended", mail.run("qstat"))
    t.is_(quick.messages, taken, "... and the quick one has nothing twice")


def limited(mail, t, host):
    same_day()
    mail.control("destinationrate", f"{host.address} 5/day connections 2")
    mail.restart("send-schedule")
    ids = submit(mail, "limited.test", 12)
    t.ok(wait_for(lambda: len(queued(mail, ids)) == 7), "L-10: of twelve messages to a host that may have five a day five go", mail.run("qstat", "--summary"))
    words = f"waits for the rate limit of {host.address}: 5/day"
    t.ok(wait_for(lambda: all(m["recipients"][0].get("said", {}).get("text") == words and m["attempts"] == 0 for m in queued(mail, ids).values())), "L-10: qstat says what the others wait for; that is no attempt", mail.run("qstat"))
    t.ok(wait_for(lambda: not queued(mail, submit(mail, "quick.test", 3))), "... mail to others goes")
    mail.restart("send-schedule")
    mail.run("qctl", "retry", "--all")
    t.is_((len(queued(mail, ids)), host.messages), (7, 5), "L-10: a restart, and a retry of all, let no more go")
    said = mail.run("mailadm", "limits", "list")
    t.ok(f"mail-send: destination {host.address}: 5 in a day" in said, "mailadm limits list shows it", said)
    mail.run("mailadm", "limits", "clear", f"destination {host.address}")
    t.ok(wait_for(lambda: mail.run("qctl", "retry", "--all") and len(queued(mail, ids)) == 2), "... limits clear: five more go", mail.run("qstat"))
    t.is_((host.messages, host.most <= 2), (10, True), "... each once, over two connections at most")
    mail.control("destinationrate", None)
    mail.restart("send-schedule")
    t.ok(wait_for(lambda: not queued(mail, ids)) and host.messages == 12, "without the rule the rest goes", mail.run("qstat"))
    t.is_(mail.mail_with("alice", "Your message could not be", 0.1), [], "nobody was told of a delay or a failure")
    t.ok("clean" in mail.run("queue-check") or mail.code == 0, "queue-check has no complaint")


with Postroom(54) as mail, Tap() as t:
    hosts = {name: Host(mail, name, f"127.0.54.{10 + i}", kind) for i, (name, kind) in enumerate((("dead", "dead"), ("slow", "slow"), ("quick", "quick"), ("limited", "quick")))}
    mail.run("tables-build")
    for name, value in (("retryfirst", "10"), ("retrymax", "10"), ("timeoutremote", "3000")):
        mail.control(name, value)
    mail.restart("send-schedule")
    waiting = slow(mail, t, hosts["slow"], hosts["quick"])
    dead(mail, t, hosts["dead"])
    slow_end(mail, t, hosts["slow"], hosts["quick"], *waiting)
    limited(mail, t, hosts["limited"])
