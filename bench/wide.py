"""The world of the drain cases: bench/run in a network namespace with its own DNS, and beyond a wire a host that takes mail for 500
domains, each with its own MX and address. Made by tests/flow/net.py; removed at the end, also on failure."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import time

from systems import TOP

sys.path.insert(0, os.path.join(TOP, "tests/flow"))
import net

HERE, FAR = "postroombench", "postroombench-far"
DOMAINS = 500
DOMAIN = "d%d.drain.example"
HUB = "10.200.0.1"  # the far host, when it is the relay for all


def address(number):
    return "10.200.%d.%d" % (1 + number // 200, 1 + number % 200)


def zone():
    return "".join("d%d MX 10 mx.d%d\nmx.d%d A %s\n" % (i, i, i, address(i)) for i in range(1, DOMAINS + 1))


@contextlib.contextmanager
def around(environment="POSTROOM_BENCH_INSIDE"):
    """Executes this program anew in there. Yields the exit code out here, and None in there."""
    if os.environ.get(environment):
        with net.Dns({"drain.example": zone()}, ttl=3600):
            yield None
        return
    here, far = net.Namespace(HERE), net.Namespace(FAR)
    try:
        net.ip("link", "add", "wire", "netns", HERE, "type", "veth", "peer", "name", "wire", "netns", FAR)
        for host, end in ((here, "192.0.2.1/24"), (far, "192.0.2.2/24")):
            host.address(end, "wire")
            net.ip("-n", host.name, "link", "set", "wire", "up")
        net.ip("-n", HERE, "route", "add", "10.200.0.0/16", "via", "192.0.2.2")
        net.ip("-n", FAR, "route", "add", "local", "10.200.0.0/16", "dev", "lo")
        # not `ip netns exec`: it would hide the control groups
        inner = "mount --bind %s/resolv.conf /etc/resolv.conf && exec \"$@\"" % here.etc
        child = subprocess.Popen(["nsenter", "--net=/run/netns/" + HERE, "unshare", "--mount", "sh", "-c", inner, "sh", sys.executable, *sys.argv],
                                 env=dict(os.environ, **{environment: "yes"}))
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        yield child.wait()
    finally:
        for host in (here, far):
            host.remove()


class Sink:
    """Postfix's smtp-sink on all addresses of the far host. It is stopped (SIGSTOP) until go: who connects waits for its greeting."""
    COUNTS = re.compile(rb"sess=(\d+) quit=(\d+) mesg=(\d+)")

    def __init__(self):
        self.process = subprocess.Popen(["nsenter", "--net=/run/netns/" + FAR, "smtp-sink", "-4", "-c", "-u", "postfix", "-m", "2000", ":25", "1024"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.said, self.sessions, self.messages = b"", 0, 0
        os.set_blocking(self.process.stdout.fileno(), False)
        self.wait_listening()
        os.kill(self.process.pid, signal.SIGSTOP)

    def wait_listening(self):
        end = time.monotonic() + 10
        while b":25 " not in subprocess.run(["nsenter", "--net=/run/netns/" + FAR, "ss", "-Hltn"], stdout=subprocess.PIPE).stdout:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("smtp-sink does not listen")
            time.sleep(0.05)

    def go(self, wanted, patience=60):
        """Seconds until so many messages came, and how many did; nothing for `patience` seconds is the end."""
        began = last = time.monotonic()
        found = 0
        os.kill(self.process.pid, signal.SIGCONT)
        while found < wanted and time.monotonic() < last + patience:
            time.sleep(0.002)
            now_found = self.count()
            if now_found > found:
                found, last = now_found, time.monotonic()
        return max(last - began, 1e-6), found

    def count(self):
        """Messages until now; sessions that have ended are in self.sessions."""
        self.said = self.said[-100:] + (self.process.stdout.read() or b"")
        counts = self.COUNTS.findall(self.said)
        if counts:
            self.sessions, self.messages = int(counts[-1][0]), int(counts[-1][2])
        return self.messages

    def stop(self):
        self.count()
        os.kill(self.process.pid, signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
