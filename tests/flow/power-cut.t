#!/usr/bin/python3
"""Power cuts under load: what was answered 250 is there, whole, and once in its Maildir, wherever the power goes.

An instance lives on an ext4 file system on a loop device on block-log (tests/powercut/block-log.c), which remembers
every write and flush. Senders deliver messages over SMTP and note, at each 250, how far the log was. Some go to mailboxes;
some go to a host elsewhere (its power is on), over kept connections, that refuses some for good, so that alice gets a report,
and some at their first attempt, so that they are tried again. Then the disk is
made again as it may be after a cut at a random place: every write before the last flush, and each write after it with
probability 1/2 (a disk may do those in any order). The file system is mounted, which replays its journal; queue-check
judges the queue; the suite is started on it and drains it. Each acknowledged message must lie in its Maildir exactly once
and be whole, or alice must have exactly one report about it, or the host elsewhere must have it; no mailbox may have a message
or report twice, and the host elsewhere only what it took shortly before the cut (doc/queue.md: a removal is not synced).

power-cut.t [--cuts 60] [--messages 400] [--seed N] [--keep]      from the top of the tree, as root. TAP on stdout.
"""
import argparse, hashlib, os, random, re, shutil, signal, smtplib, socketserver, struct, subprocess, sys, tempfile, threading, time

DISK_BYTES = 160 << 20
ADDRESS, OFFSET = "127.0.19.1", 21000
ELSEWHERE = "127.0.19.2"
USERS = ("alice", "bob")
SHORTLY = 100  # flushes: whatever was under way when the host elsewhere said 250 is on the disk after so many


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options).stdout


def wait_for(condition, what, seconds=600):
    for _ in range(int(seconds * 20)):
        if condition():
            return
        time.sleep(0.05)
    raise SystemExit(f"Bail out! waited {seconds} s for {what}")


def unmount(folder):
    """A loop device is detached only when the last who looks at it has gone: a mount namespace that began meanwhile, for example."""
    for _ in range(200):
        if subprocess.run(["umount", folder], stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    run("umount", "--lazy", folder)


class Disk:
    """The loop device that the file system lies on, over an image file."""

    def __init__(self, image, mountpoint):
        self.image, self.mountpoint, self.loop = image, mountpoint, None

    def attach(self):
        self.loop = run("losetup", "--find", "--show", self.image).strip()

    def mount(self):
        run("mount", "-t", "ext4", self.loop, self.mountpoint)

    def release(self):
        if os.path.ismount(self.mountpoint):
            unmount(self.mountpoint)
        if self.loop:
            run("losetup", "--detach", self.loop)
        self.loop = None


class Elsewhere(socketserver.ThreadingTCPServer):
    """An SMTP server. never.test does not exist there, later.test comes twice, the rest is taken: .taken, (number, size of the log)."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.taken, self.connections, self.came, self.log = [], 0, set(), None
        super().__init__((ELSEWHERE, 25 + OFFSET), Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a cut suite does not take its leave
            super().handle_error(request, client_address)

    def take(self, number):
        self.taken.append((number, os.path.getsize(self.log) if self.log else None))


class Session(socketserver.StreamRequestHandler):
    def answer(self, line):
        word = line[:4].upper()
        if word == b"EHLO":
            return b"250-elsewhere\r\n250-PIPELINING\r\n250 8BITMIME"
        if word == b"MAIL":
            self.is_wanted = False
        if word == b"RCPT":
            number = int(re.search(rb"<(\d+)@", line)[1])
            if b"@never.test" in line:
                return b"550 5.1.1 nobody here"
            if b"@later.test" in line and number not in self.server.came:
                self.server.came.add(number)
                return b"450 4.2.1 come again"
            self.is_wanted = True
        if word == b"DATA":
            return b"354 go" if self.is_wanted else b"554 5.5.1 no recipients"
        return b"250 2.0.0 ok"

    def handle(self):
        self.server.connections += 1
        self.wfile.write(b"220 elsewhere ESMTP\r\n")
        for line in self.rfile:
            said = self.answer(line)
            self.wfile.write(said + b"\r\n")
            if said.startswith(b"354"):
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.take(int(re.search(rb"^Subject: cut-(\d+)", content, re.M)[1]))
                self.wfile.write(b"250 2.0.0 taken\r\n")


class Instance:
    def __init__(self, home):
        self.home = home
        self.environment = {"MAILHOME": home, "PATH": f"{home}/bin:{os.environ['PATH']}"}

    def open_the_way(self):
        """To the host elsewhere; what is put off is tried again after a second."""
        for name, value in {"relayrules/elsewhere": f"type: default\nhost: {ELSEWHERE}\nport: {25 + OFFSET}\ntls: off\n",
                            "mynetworks": "127.0.0.0/8\n", "retryfirst": "1\n", "retrymax": "2\n", "sendchunking": "no\n"}.items():
            with open(f"{self.home}/control/{name}", "w") as file:
                file.write(value)
        shutil.chown(f"{self.home}/control/relayrules/elsewhere", "root", "mail-tables")
        run("tables-build", env=self.environment)
        self.quickstart("--stop")
        self.quickstart("--start")

    def quickstart(self, *words):
        done = subprocess.run(["./quickstart", "--home", self.home, "--address", ADDRESS, "--offset", str(OFFSET), *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            more = subprocess.run("tail -n 20 log/svscan/current; for s in service/*; do echo $s $(s6-svstat $s 2>&1); done", shell=True, cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
            raise SystemExit(f"Bail out! quickstart {' '.join(words)} failed:\n{done.stdout}\n{more.decode(errors='replace')}")

    def waiting(self):
        found = []
        for folder, _, names in os.walk(f"{self.home}/queue"):
            if not folder.startswith(f"{self.home}/queue/log"):
                found += [name for name in names if re.fullmatch(r"[0-9a-v]{16}(b\d+)?", name)]
        return found

    def delivered(self):
        """name of each test message -> the files that hold it"""
        files = {}
        for user in USERS:
            for folder in ("new", "cur"):
                path = f"{self.home}/mail/example.test/{user}/{folder}"
                for name in os.listdir(path) if os.path.isdir(path) else ():
                    with open(f"{path}/{name}", "rb") as file:
                        content = file.read()
                    found = re.search(rb"^Subject: cut-(\d+)\r?$", content, re.M)
                    if found:
                        files.setdefault((user, int(found[1])), []).append(content)
        return files


def message(number):
    lines = [hashlib.sha256(f"{number} {i}".encode()).hexdigest() for i in range(number % 120 + 5)]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return f"Subject: cut-{number}\r\nX-Digest: {digest}\r\n\r\n" + "\r\n".join(lines) + "\r\n"


def is_whole(content):
    head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    digest = re.search(rb"^X-Digest: (\w+)$", head, re.M)
    return digest and hashlib.sha256(body.rstrip(b"\n")).hexdigest().encode() == digest[1]


def ways(number):
    """[(recipient, who has the message, or the report, in the end)]"""
    if number % 8 < 5:
        return [(f"{USERS[number // 4 % 2]}@example.test", USERS[number // 4 % 2])]
    far = [(f"{number}@{'far' if number % 8 == 7 else 'later'}.test", "elsewhere")]
    return [(f"{number}@never.test", "alice")] + far if number % 8 == 5 else far


def send_all(count, log, acknowledged):
    """Four senders; acknowledged[(who has it in the end, number)] = size of the log when the 250 had come."""
    def sender(first):
        client = None
        for number in range(first, count, 4):
            if client is None:
                client = smtplib.SMTP(ADDRESS, 25 + OFFSET, timeout=300)
            client.sendmail("alice@example.test", [address for address, _ in ways(number)], message(number))
            acknowledged.update(((user, number), os.path.getsize(log)) for _, user in ways(number))
            if number % 5 == 0:
                client.quit()
                client = None
        if client:
            client.quit()
    threads = [threading.Thread(target=sender, args=(first,), daemon=True) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read_events(log):
    """[(place behind the event in the log, offset or None for a flush, bytes)]"""
    events = []
    with open(log, "rb") as file:
        while True:
            head = file.read(24)
            if len(head) < 24:
                return events
            kind, offset, length = struct.unpack("QQQ", head)
            data = file.read(length)
            events.append((file.tell(), offset if kind == ord("W") else None, data))


def make_image(path, events, cut, chance):
    """The disk after a cut behind event number cut."""
    last_flush = max((i for i in range(cut) if events[i][1] is None), default=0)
    with open(path, "wb") as image:
        image.truncate(DISK_BYTES)
        for i in range(cut):
            _, offset, data = events[i]
            if offset is not None and (i < last_flush or chance.random() < 0.5):
                image.seek(offset)
                image.write(data)


def judge(instance, due, before, after, old):
    """Sentences about what is wrong after the suite has drained the queue. before, after: the numbers that the host elsewhere took
    before and after the cut; old: those that it took so long before that they may not come again."""
    wrong, delivered = [], instance.delivered()
    for user, number in due:
        if user == "elsewhere" and number not in before and number not in after:
            wrong.append(f"lost: {number} to another host was acknowledged")
        if user != "elsewhere" and (user, number) not in delivered:
            wrong.append(f"lost: {user}, {number} was acknowledged")
    for (user, number), contents in delivered.items():
        if len(contents) > 1:
            wrong.append(f"doubled: {user}, {number} lies {len(contents)} times in the Maildir")
        if number % 8 != 5 and not all(is_whole(content) for content in contents):
            wrong.append(f"damaged: {user}, {number}")
    wrong += [f"doubled: {number} was sent again to another host" for number in old if number in after]
    return wrong


def cut_once(number, work, events, acknowledged, elsewhere, cut, chance):
    mountpoint = f"{work}/mnt"
    # A file of its own: where another mount namespace holds the file system of the last cut for a moment longer, that one still writes
    disk, instance, wrong = Disk(f"{work}/image{number}", mountpoint), Instance(f"{mountpoint}/home"), []
    make_image(disk.image, events, cut, chance)
    place = events[cut - 1][0]
    due = [key for key, at in acknowledged.items() if at <= place]
    before = {taken for taken, at in elsewhere.recorded if at <= place}
    flushes = [events[i][0] for i in range(cut) if events[i][1] is None]
    old = {taken for taken, at in elsewhere.recorded if len(flushes) > SHORTLY and at < flushes[-SHORTLY]}
    elsewhere.taken.clear()
    try:
        disk.attach()
        disk.mount()
        check = subprocess.run([f"{instance.home}/bin/queue-check"], env={"MAILHOME": instance.home, "PATH": os.environ["PATH"]},
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if check.returncode:
            wrong.append(f"queue-check: {check.stdout.strip()}")
        instance.quickstart("--start")
        wait_for(lambda: not instance.waiting(), "the queue to be drained")
        instance.quickstart("--stop")
        wrong += judge(instance, due, before, [taken for taken, _ in elsewhere.taken], old)
    finally:
        subprocess.run(["./quickstart", "--home", instance.home, "--address", ADDRESS, "--offset", str(OFFSET), "--stop"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        disk.release()
        if not wrong:
            os.remove(disk.image)
    print(f"{'not ' if wrong else ''}ok {number} - cut at event {cut} of {len(events)}: what was acknowledged for {len(due)} recipients is there, once, whole")
    for sentence in wrong[:10]:
        print("# " + sentence.replace("\n", "\n# "))
    sys.stdout.flush()
    return not wrong


def record(work, count, elsewhere):
    """Runs the load on the remembering disk; gives its events, where the load began, and the acknowledgements."""
    log, mountpoint, acknowledged = f"{work}/log", f"{work}/mnt", {}
    os.makedirs(f"{work}/fuse")
    os.makedirs(mountpoint)
    server = subprocess.Popen(["build/tests/powercut/block-log", log, str(DISK_BYTES), f"{work}/fuse"])
    disk, instance = Disk(f"{work}/fuse/disk", mountpoint), Instance(f"{mountpoint}/home")
    try:
        wait_for(lambda: os.path.exists(disk.image), "block-log")
        disk.attach()
        run("mkfs.ext4", "-q", "-b", "4096", "-J", "size=8", disk.loop)
        disk.mount()
        instance.quickstart()
        instance.open_the_way()
        run("sync", "-f", mountpoint)
        begin, elsewhere.log = os.path.getsize(log), log
        send_all(count, log, acknowledged)
        wait_for(lambda: not instance.waiting(), "the queue to be drained")
        instance.quickstart("--stop")
        elsewhere.recorded, elsewhere.log = list(elsewhere.taken), None
    finally:
        subprocess.run(["./quickstart", "--home", instance.home, "--address", ADDRESS, "--offset", str(OFFSET), "--stop"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        disk.release()
        unmount(f"{work}/fuse")
        server.wait(300)
    return read_events(log), begin, acknowledged


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=60)
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
    work = tempfile.mkdtemp(prefix="power-cut.")
    os.chmod(work, 0o755)
    chance, elsewhere = random.Random(options.seed), Elsewhere()
    try:
        events, begin, acknowledged = record(work, options.messages, elsewhere)
        first = next(i for i, event in enumerate(events) if event[0] > begin)
        print(f"# seed {options.seed}: {len(acknowledged)} recipients acknowledged, {len(events) - first} writes and flushes under load, "
              f"{len(elsewhere.recorded)} taken elsewhere over {elsewhere.connections} connections, {len(elsewhere.came)} at the second attempt")
        good = sum(cut_once(i + 1, work, events, acknowledged, elsewhere, chance.randint(first + 1, len(events)), chance)
                   for i in range(options.cuts))
        print(f"1..{options.cuts}")
        return good != options.cuts
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
