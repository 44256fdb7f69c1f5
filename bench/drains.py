"""The drain cases: the queue is filled while the sink keeps everybody waiting for its greeting; then it lets them in, and only the way
out is counted. deferred: all wait for a host that is out of reach."""
import json
import re
import subprocess
import time

import cases
import wide

NAMES = re.compile(r"drain-(one|500|slow)$|deferred-20000$")
ALL = ["drain-one", "drain-500", "drain-slow", "deferred-20000"]
COUNTS = {"drain-one": 5000, "drain-500": 5000, "drain-slow": 2000, "deferred-20000": 20000}
SLOW_MS = 200
QUIET_SECONDS = 30


def hand_in(name, system, load, count):
    to, users = ("r@" + wide.DOMAIN, wide.DOMAINS) if name == "drain-500" else ("r%d@elsewhere.example", cases.USERS)
    options = dict(system.relay)
    port = options.pop("port")
    if "user" in options:
        load.run("login", system, port, protocol="smtp", users=cases.USERS, messages=cases.USERS, connections=4, **options)
    result = load.run("smtp", system, port, to=to, users=users, connections=20, each=0, messages=count, **options)
    if result["done"] != count:
        raise RuntimeError("%d of %d were accepted: %s" % (result["done"], count, result["error"]))
    return result


def fast(name, system, load, count):
    system.route(None if name == "drain-500" else (wide.HUB, 25))
    sink = wide.Sink()
    try:
        result = hand_in(name, system, load, count)
        cost = cases.Cost(system)
        seconds, found = sink.go(count)
        row = dict(cases.accepted(result), **cost.stop(count))
        row["by_program"] = {name: {"cpu_us": us} for name, us in cost.spent.items() if us}
        time.sleep(2.5)  # until those who keep connections have closed them, and they are counted
    finally:
        sink.stop()
    row.update(relayed_per_s=found / seconds, sink_connections=sink.sessions)
    return row, found


def slow(name, system, load, count):
    """smtp-sink knows no part of a second: the sink is ours."""
    system.route(system.sink)
    sink = subprocess.Popen(load.command("sink", *system.sink, messages=count, delay=SLOW_MS), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if sink.stdout.readline() != "listening\n":
            raise RuntimeError("the sink does not listen")
        result = hand_in(name, system, load, count)
        cost = cases.Cost(system)
        sink.stdin.write("go\n")
        sink.stdin.flush()
        sunk = json.loads(sink.stdout.readline())
        row = dict(cases.accepted(result), **cost.stop(count))
        row["by_program"] = {name: {"cpu_us": us} for name, us in cost.spent.items() if us}
    finally:
        sink.kill()
        sink.wait()
    row.update(relayed_per_s=sunk["done"] / max(sunk["ended"] - sunk["began"], 1e-6), sink_connections=sunk["connections"])
    return row, sunk["done"]


def drained(name, system, load):
    count = load.scaled(COUNTS[name])
    row, found = (slow if name == "drain-slow" else fast)(name, system, load, count)
    system.route(system.sink)
    if found != count and not row["error"]:
        row["error"] = "%d of %d came to the sink" % (found, count)
    return row


def until_deferred(system, wanted, seconds=600):
    """The log's lines are counted: one for each message that was put off."""
    end = time.monotonic() + seconds
    while system.deferrals() < wanted:
        if time.monotonic() > end:
            raise RuntimeError("%d are deferred, not %d" % (system.deferrals(), wanted))
        time.sleep(0.2)


def deferred(name, system, load):
    """Nobody listens where they are to go. What do they cost while they wait, all tried once more, and the mail that comes meanwhile?"""
    count = load.scaled(COUNTS[name])
    system.route((wide.HUB, 26))
    cost, already = cases.Cost(system), system.deferrals()
    hand_in(name, system, load, count)
    until_deferred(system, already + count)
    row = {"deferring_us": cost.stop(count)["cpu_us"]}
    before = system.group.cpu_us()
    time.sleep(QUIET_SECONDS)
    row["waiting_ms"] = (system.group.cpu_us() - before) / 1000 / QUIET_SECONDS
    cost, began = cases.Cost(system), time.monotonic()
    system.retry_all()
    until_deferred(system, already + 2 * count)
    row["retry_per_s"] = count / (time.monotonic() - began)
    row["retry_us"] = cost.stop(count)["cpu_us"]
    new = cases.messages("c10-kept", system, load, load.scaled(3000))
    row.update({key: new[key] for key in ("accepted_per_s", "delivered_per_s", "cpu_us", "done", "failed", "error")})
    system.remove_all()
    system.route(system.sink)
    return row
