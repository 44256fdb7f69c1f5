#!/usr/bin/python3
# soak: 200 clients at once, good ones and hostile ones mixed, for a short time (bench/soak runs longer): each message that was
# acknowledged is delivered once, memory stays flat, no process and no descriptor is left. (issue 3, Measures)
import sys, time

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for
from soak import Soak, processes

with Postroom(42) as mail, Tap() as t:
    users = {u: mail.password(u) for u in ("alice", "bob")}
    mail.control("concurrencysmtpdclient", "300")
    for service in ("smtp-mx", "smtp-submission", "smtp-submissions"):
        mail.restart(service)
    Soak(mail, users, 20, 2, seed=7).run()  # what is made at the first use is made
    t.ok(wait_for(lambda: not mail.queue()), "warm: the queue is empty")
    # A service's own processes are there before and after: those whose pid stays, when what is kept for a moment has ended.
    wait_for(lambda: sum(one[0] == "mailbox-spawn" for one in processes(mail.home).values()) == 1)
    long_lived = processes(mail.home)

    soak = Soak(mail, users, 200, 15).run()
    t.ok(soak.events["messages"] > 200 and soak.events["attacks"] > 100, "good and hostile clients were there", dict(soak.events))
    t.is_({k: n for k, n in soak.events.items() if k.startswith(("good", "submitting"))}, {}, "no good client was refused or cut off")
    t.ok(wait_for(lambda: not mail.queue()), "the queue is empty at the end", mail.run("qstat"), *[l for l in (mail.log("send-schedule") + mail.log("mailbox-spawn")).splitlines() if "deferred" in l or "away" in l or "unable" in l][-20:])
    found = soak.found()
    t.is_([(token, user) for token, to in soak.sent.items() for user in to if found[(token, user)] != 1][:10], [], "each acknowledged message lies in each mailbox once")
    t.is_([k for k, n in found.items() if n > 1][:10], [], "... none twice")
    t.is_([k for k in found if k[0] not in soak.tried][:10], [], "... and none that nobody sent to its end")

    def left():
        now = processes(mail.home)
        return {pid: one for pid, one in now.items() if pid not in long_lived and one[0] in ("smtp-receive", "tls-server", "auth-server")}
    t.ok(wait_for(lambda: not left()), "no session's process is left", left())
    wait_for(lambda: sum(one[0] == "mailbox-spawn" for one in processes(mail.home).values()) == 1)
    after = processes(mail.home)
    kept = [pid for pid in long_lived if pid in after and after[pid][0] == long_lived[pid][0]]
    t.ok(len(kept) >= 11, "the services' own processes live on", len(kept))

    def open_more():
        now = processes(mail.home)
        return {now[pid][0]: (long_lived[pid][2], now[pid][2]) for pid in kept if now[pid][2] > long_lived[pid][2] + 2}
    t.ok(wait_for(lambda: not open_more()), "no descriptor is left open in one", open_more())
    t.is_({after[pid][0]: (long_lived[pid][1], after[pid][1]) for pid in kept if after[pid][1] > long_lived[pid][1] + 2048}, {}, "none has grown by 2 MiB")
    peak = max((one[1], one[0]) for _, sample in soak.samples for one in sample.values())
    t.ok(peak[0] < 64 * 1024, "no process reached 64 MiB", peak)
