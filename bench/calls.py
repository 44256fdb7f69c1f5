"""System calls of a system's whole process tree, from strace: how many a message, which, and by which program. The
tracing slows all down, so nothing is timed here."""
import collections
import os
import re
import signal
import subprocess
import tempfile
import time

LINE = re.compile(r"(\d+) +(\w+)\(")
EXEC = re.compile(r'(\d+) +execve\("([^"]+)"')
FORK = re.compile(r"(\d+) +(?:<\.\.\. )?(?:clone|clone3|fork|vfork)\b.*= (\d+)$")
SYNCS = ("fsync", "fdatasync", "syncfs", "sync", "sync_file_range", "msync")
FORKS = ("clone", "clone3", "fork", "vfork")
MESSAGES = 200


def command_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as words:
            return os.path.basename(words.read().split("\0")[0].split(" ")[0]) or "?"
    except OSError:
        return "?"


class Trace:
    def __init__(self, pids):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-calls.")
        self.path = os.path.join(self.folder.name, "calls")
        self.names = {pid: command_of(pid) for pid in pids}
        command = ["strace", "-f", "-qq", "-s", "64", "-o", self.path] + [word for pid in pids for word in ("-p", str(pid))]
        self.strace = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.wait_attached(pids)

    def wait_attached(self, pids):
        end = time.monotonic() + 30
        while time.monotonic() < end and self.strace.poll() is None:
            if all(self.is_attached(pid) for pid in pids):
                return
            time.sleep(0.05)
        raise RuntimeError("strace does not trace the system")

    def is_attached(self, pid):
        try:
            with open("/proc/%d/status" % pid) as lines:
                return "TracerPid:\t%d\n" % self.strace.pid in lines.read()
        except OSError:
            return True

    def stop(self):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()
        with open(self.path, errors="replace") as lines:
            counts = count(lines, self.names)
        self.folder.cleanup()
        return counts


def parents(lines):
    """Which process forked which; a call that was interrupted in the trace ends on a line of its own."""
    found = {}
    for line in lines:
        fork = FORK.match(line)
        if fork:
            found[int(fork[2])] = int(fork[1])
    return found


def count(lines, names):
    """Calls by program; a process has the name of what it executed last, or its parent's."""
    lines = list(lines)
    forked = parents(lines)
    counts = collections.defaultdict(collections.Counter)
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        pid = int(match[1])
        executed = EXEC.match(line)
        if executed:
            names[pid] = os.path.basename(executed[2])
        if pid not in names:
            names[pid] = names.get(forked.get(pid), "?")
        counts[names[pid]][match[2]] += 1
    return counts


def summary(counts, messages):
    total = sum(counts.values(), collections.Counter())
    programs = {name: {call: round(number / messages, 2) for call, number in calls.most_common(12) if number / messages >= 0.05}
                for name, calls in sorted(counts.items(), key=lambda item: -sum(item[1].values()))}
    return {"calls": sum(total.values()) / messages, "syncs": sum(total[call] for call in SYNCS) / messages,
            "forks": sum(total[call] for call in FORKS) / messages, "execs": total["execve"] / messages,
            "by_program": {name: dict({"all": round(sum(counts[name].values()) / messages, 1)}, **calls) for name, calls in programs.items() if calls}}
