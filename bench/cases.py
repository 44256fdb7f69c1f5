"""The cases: what is driven at a system and what is measured. A case is known by its name, so every combination can be
asked for: c10-kept-100k-10rcpt is 10 connections, all messages of a client on one, 100 KB, 10 recipients."""
import glob
import json
import os
import re
import subprocess
import time

import calls
import drains
import idle
import machine
from systems import DOMAIN, PASSWORD, USERS

MESSAGES = re.compile(r"c(\d+)-(each|kept)(-100k)?(-10rcpt)?$")
LOGINS = re.compile(r"(imap|imaps)-login-(cold|again)$")
CONNECTS = re.compile(r"smtp-(connect|starttls)$")
OTHERS = ("relay", "drain", "idle-imap", "idle-imaps", "calls", "calls-relay")

ALL = ["c1-each", "c10-each", "c50-each", "c1-kept", "c10-kept", "c50-kept", "c1-each-100k", "c10-each-100k", "c10-kept-100k",
       "c10-each-10rcpt", "c50-kept-10rcpt", "relay", "drain", "smtp-connect", "smtp-starttls", "imap-login-cold",
       "imap-login-again", "imaps-login-cold", "imaps-login-again", "idle-imap", "idle-imaps", "calls", "calls-relay"] + drains.ALL


def known(name):
    return name in OTHERS or any(pattern.match(name) for pattern in (MESSAGES, LOGINS, CONNECTS, drains.NAMES))


class Load:
    """The load generator, and how many messages a run gets."""

    def __init__(self, program, quick):
        self.program = program
        self.quick = quick

    def scaled(self, count):
        return max(100, count // 10) if self.quick else count

    def command(self, mode, host, port, **options):
        return [self.program, mode, "host=%s" % host, "port=%d" % port] + ["%s=%s" % option for option in options.items()]

    def run(self, mode, system, port, **options):
        done = subprocess.run(self.command(mode, system.address, port, **options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not done.stdout.strip():
            raise RuntimeError(done.stderr.strip() or "the load generator said nothing")
        return json.loads(done.stdout)


class Cost:
    """CPU time of a system's processes and flushes of its disk, from here until stop, when it has come to rest."""

    def __init__(self, system):
        self.system = system
        system.group.settle()
        self.cpu = system.group.cpu_us()
        self.flushes = machine.flushes(system.folder)
        self.by_program = system.group.cpu_by_program()

    def stop(self, count):
        self.system.group.settle()
        count = max(count, 1)
        row = {"cpu_us": (self.system.group.cpu_us() - self.cpu) / count}
        now = self.system.group.cpu_by_program()
        self.spent = {name: round((us - self.by_program.get(name, 0)) / count) for name, us in now.items()}
        if self.flushes is not None:
            row["disk_flushes"] = (machine.flushes(self.system.folder) - self.flushes) / count
        return row


def rest(system):
    system.clean()
    os.sync()
    system.group.settle()


def warm_up(system, load):
    """A message for everybody: makes the Maildirs, fills the pools of processes."""
    result = load.run("smtp", system, system.smtp, to="user%d@" + DOMAIN, users=USERS, connections=10, messages=USERS)
    if result["done"] != USERS:
        raise RuntimeError("%s does not take mail: %s" % (system.name, result["error"]))
    end = time.monotonic() + 30
    while len(glob.glob(os.path.join(system.watched(), "*"))) < USERS:
        if time.monotonic() > end:
            raise RuntimeError("%s does not deliver" % system.name)
        time.sleep(0.1)


def message_options(name):
    connections, way, large, many = MESSAGES.match(name).groups()
    connections = int(connections)
    count = 1000 if connections == 1 else 3000 if way == "each" else 5000
    if large:
        count = min(count, 1000)
    if many:
        count //= 5
    return {"connections": connections, "each": 1 if way == "each" else 0, "size": 102400 if large else 4096, "recipients": 10 if many else 1, "messages": count}


def accepted(result):
    return {"accepted_per_s": result["per_second"], "p50_ms": result["ack_p50"], "p99_ms": result["ack_p99"],
            "client_cpu_us": result["client_cpu"] * 1e6 / max(result["done"], 1), "done": result["done"], "failed": result["failed"], "error": result["error"]}


def messages(name, system, load, count=None):
    options = message_options(name)
    options["messages"] = count or load.scaled(options["messages"])
    cost = Cost(system)
    result = load.run("smtp", system, system.smtp, to="user%d@" + DOMAIN, users=USERS, watch=system.watched(), **options)
    row = dict(accepted(result), recipients=options["recipients"], **cost.stop(result["done"]))
    row["delivered_per_s"] = result["delivered"] / max(result["delivered_at"] - result["began"], 1e-6)
    wanted = result["done"] * options["recipients"]
    if result["delivered_files"] != wanted and not row["error"]:
        row["error"] = "%d files for %d deliveries" % (result["delivered_files"], wanted)
    return row


def relayed(name, system, load, count=None):
    """relay: handed in and sent on at the same time. drain: the sink lets nobody in until all is handed in."""
    count, gated = count or load.scaled(3000), name == "drain"
    options = dict(system.relay)
    port = options.pop("port")
    if "user" in options:  # the hash of a first login is measured elsewhere
        load.run("login", system, port, protocol="smtp", users=USERS, messages=USERS, connections=4, **options)
    sink = subprocess.Popen(load.command("sink", *system.sink, messages=count), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if sink.stdout.readline() != "listening\n":
            raise RuntimeError("the sink does not listen")
        cost = Cost(system)
        if not gated:
            sink.stdin.write("go\n")
            sink.stdin.flush()
        result = load.run("smtp", system, port, to="r%d@elsewhere.example", users=USERS, connections=20, each=0, messages=count, **options)
        if gated:
            cost = Cost(system)
            sink.stdin.write("go\n")
            sink.stdin.flush()
        sunk = json.loads(sink.stdout.readline())
        row = dict(accepted(result), **cost.stop(sunk["done"]))
    finally:
        sink.kill()
        sink.wait()
    began = sunk["began"] if gated else result["began"]
    row.update(relayed_per_s=sunk["done"] / max(sunk["ended"] - began, 1e-6), sink_connections=sunk["connections"])
    if sunk["done"] != count and not row["error"]:
        row["error"] = "%d of %d came to the sink" % (sunk["done"], count)
    return row


def logins(name, system, load):
    """cold: each user once, after the server forgot them all. again: users whose password it has seen a moment ago."""
    protocol, kind = LOGINS.match(name).groups()
    port, tls = (system.imaps, "implicit") if protocol == "imaps" else (system.imap, "none")
    options = dict(protocol="imap", tls=tls, user=system.login(kind), password=PASSWORD, users=USERS, connections=10)
    count = USERS
    if kind == "cold":
        system.cold()
    else:
        load.run("login", system, port, messages=USERS, **options)
        count = load.scaled(1000)
    cost = Cost(system)
    result = load.run("login", system, port, messages=count, **options)
    return dict(accepted(result), **cost.stop(result["done"]))


def connects(name, system, load):
    """Banner and QUIT; with starttls a full handshake between them."""
    tls = "starttls" if name.endswith("starttls") else "none"
    cost = Cost(system)
    result = load.run("login", system, system.smtp, protocol="smtp", tls=tls, connections=10, messages=load.scaled(2000))
    return dict(accepted(result), **cost.stop(result["done"]))


def idles(name, system, load):
    return idle.measure(system, name.endswith("s"), 50 if load.quick else 500)


def traced(name, system, load):
    """System calls: a run of its own, with few messages, not timed."""
    trace = calls.Trace(system.group.pids())
    try:
        result = relayed("relay", system, load, calls.MESSAGES) if name == "calls-relay" else messages("c10-each", system, load, calls.MESSAGES)
    finally:
        counts = trace.stop()
    return dict(calls.summary(counts, max(result["done"], 1)), done=result["done"], failed=result["failed"], error=result["error"])


def work_of(name):
    if name.startswith("calls"):
        return traced
    if name.startswith("idle"):
        return idles
    if drains.NAMES.match(name):
        return drains.deferred if name.startswith("deferred") else drains.drained
    return next((work for pattern, work in ((MESSAGES, messages), (LOGINS, logins), (CONNECTS, connects)) if pattern.match(name)), relayed)


def measure(name, system, load):
    """One run of a case; None if this system does not have what the case is about."""
    if "imap" in name and not (system.imaps if "imaps" in name else system.imap):
        return None
    rest(system)
    began = time.time()
    row = work_of(name)(name, system, load)
    return dict(row, case=name, system=system.name, at=round(began), load=machine.load())
