"""What the machine says: a control group for each system, disk flushes, memory, and the head of the table."""
import os
import platform
import signal
import subprocess
import time


def mounts(kind):
    with open("/proc/mounts") as lines:
        return [line.split()[1::2][:2] for line in lines if line.split()[2] == kind]


def group_parent():
    """The folder to make control groups in, and the file in a group that holds its CPU time."""
    for kind, usage in (("cgroup2", "cpu.stat"), ("cgroup", "cpuacct.usage")):
        for folder, options in mounts(kind):
            if kind == "cgroup2" or "cpuacct" in options.split(","):
                return folder, usage
    raise SystemExit("bench/run: fatal: no control groups: neither cgroup2 nor cpuacct is mounted")


class Group:
    """A control group: what is started in it, and all that comes of that, is counted together and ended together."""

    def __init__(self, name):
        parent, self.usage = group_parent()
        self.folder = os.path.join(parent, name)
        os.mkdir(self.folder)

    def enter(self):
        """Called in the child, between fork and exec."""
        with open(os.path.join(self.folder, "cgroup.procs"), "w") as procs:
            procs.write("0")

    def cpu_us(self):
        with open(os.path.join(self.folder, self.usage)) as usage:
            words = usage.read().split()
        return int(words[0]) / 1000 if self.usage == "cpuacct.usage" else int(words[words.index("usage_usec") + 1])

    def pids(self):
        with open(os.path.join(self.folder, "cgroup.procs")) as procs:
            return [int(pid) for pid in procs.read().split()]

    def memory(self):
        """PSS in KB (memory of all processes, what they share counted once) and how many processes, by program."""
        found = {}
        for pid in self.pids():
            try:
                with open("/proc/%d/smaps_rollup" % pid) as lines:
                    kilobytes = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
                with open("/proc/%d/comm" % pid) as comm:
                    name = comm.read().strip()
            except OSError:
                continue
            total, count = found.get(name, (0, 0))
            found[name] = total + kilobytes, count + 1
        return found

    def cpu_by_program(self):
        """CPU time in us by program, of its processes and of their children that have ended."""
        found, tick = {}, 1e6 / os.sysconf("SC_CLK_TCK")
        for pid in self.pids():
            try:
                with open("/proc/%d/stat" % pid) as stat:
                    name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            found[name] = found.get(name, 0) + sum(int(word) for word in rest.split()[11:15]) * tick
        return found

    def settle(self, seconds=20):
        """Waits until the group does next to nothing: less than 1 % of a core for a quarter of a second."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu_us()
            time.sleep(0.25)
            if self.cpu_us() - before < 2500:
                return

    def end(self):
        for what in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(50):
                for pid in self.pids():
                    try:
                        os.kill(pid, what)
                    except ProcessLookupError:
                        pass
                if not self.pids():
                    break
                time.sleep(0.1)
        os.rmdir(self.folder)


def flushes(folder):
    """Flushes that the disk under this folder has done since boot, or None where the kernel does not say."""
    device = os.stat(folder).st_dev
    with open("/proc/diskstats") as lines:
        for line in lines:
            words = line.split()
            if (int(words[0]), int(words[1])) == (os.major(device), os.minor(device)) and len(words) >= 20:
                return int(words[18])
    return None


class Image:
    """A file system of its own, ext4 as mkfs makes it, in a file: for a machine whose disk has no journal."""

    def __init__(self, folder, gigabytes):
        self.path = os.path.join(folder, "image")
        self.point = os.path.join(folder, "disk")
        self.bytes = gigabytes << 30

    def __enter__(self):
        with open(self.path, "wb") as image:
            os.posix_fallocate(image.fileno(), 0, self.bytes)
        os.mkdir(self.point)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.path], check=True)
        subprocess.run(["mount", "-o", "loop,relatime", self.path, self.point], check=True)
        return self.point

    def __exit__(self, *_):
        subprocess.run(["umount", self.point], check=True)
        os.unlink(self.path)


def has_journal(folder):
    """Whether the ext4 there has one; None for any other file system."""
    device = os.path.basename(file_system(folder).split(" on ")[1])
    if not file_system(folder).startswith("ext4"):
        return None
    return any(name.startswith(device + "-") for name in os.listdir("/proc/fs/jbd2")) if os.path.isdir("/proc/fs/jbd2") else False


def cpu_times():
    with open("/proc/stat") as lines:
        return [int(word) for word in lines.readline().split()[1:9]]


def busy(seconds=2):
    """Percent of all CPU time that somebody uses now: before the systems start that is others' work, and disturbs."""
    before = cpu_times()
    time.sleep(seconds)
    spent = [after - earlier for after, earlier in zip(cpu_times(), before)]
    return 100 * (1 - (spent[3] + spent[4]) / max(sum(spent), 1))


def load():
    with open("/proc/loadavg") as average:
        return average.read().split()[0]


def file_system(folder):
    best = ("", "?", "")
    with open("/proc/mounts") as lines:
        for line in lines:
            device, point, kind = line.split()[:3]
            if os.path.join(folder, "").startswith(os.path.join(point, "")) and len(point) > len(best[0]):
                best = (point, kind, device)
    return "%s on %s" % (best[1], best[2])


def describe(folder):
    with open("/proc/cpuinfo") as lines:
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    journal = {True: " with a journal", False: " without a journal", None: ""}[has_journal(folder)]
    return "%d x %s, %.0f GiB, Linux %s, %s%s" % (os.cpu_count(), cpu, memory, platform.release(), file_system(folder), journal)
