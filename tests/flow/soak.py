"""A soak: many clients at once, good ones and hostile ones, for some time, against an installed instance. tests/flow/soak.t
runs it for seconds, bench/soak for minutes. What it finds: what was acknowledged and what lies in the mailboxes, and memory,
descriptors and processes before, while, and after.

    ledger = Soak(mail, users, connections=200, seconds=600).run()
"""
import asyncio, base64, collections, glob, os, random, re, ssl, time

MESSAGES_MAX = 10  # of a kept connection


def processes(home):
    """The instance's processes: pid -> (program, resident KiB, descriptors)."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
            if program.startswith(home + "/"):
                status = open(f"/proc/{pid}/status").read()
                found[int(pid)] = (os.path.basename(program), int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(os.listdir(f"/proc/{pid}/fd")))
        except (OSError, TypeError):
            pass
    return found


class Soak:
    def __init__(self, mail, users, connections, seconds, seed=1):
        self.mail, self.users, self.connections, self.seconds = mail, users, connections, seconds
        self.seed, self.random = seed, random.Random(seed)
        self.sent = {}                             # token -> recipients, of what was answered 250
        self.tried = {}                            # token -> recipients, of what was sent to its end
        self.events = collections.Counter()
        self.number = 0
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    # --- one connection
    async def open(self, port):
        return await asyncio.wait_for(asyncio.open_connection(self.mail.address, self.mail.port(port), limit=1 << 20), 300)

    async def reply(self, reader):
        while True:
            line = await asyncio.wait_for(reader.readline(), 300)
            if not line:
                raise ConnectionError("closed")
            if line[3:4] != b"-":
                return line

    async def say(self, reader, writer, line):
        writer.write(line + b"\r\n")
        await writer.drain()
        return await self.reply(reader)

    # --- good clients
    def message(self):
        self.number += 1
        token = f"soak-{self.seed}-{self.number}."
        to = self.random.sample(sorted(self.users), self.random.choice((1, 1, 1, 2)))
        size = self.random.choice((200, 4000, 4000, 20000, 200000))
        body = b"Subject: %s\r\nFrom: <far@away.example>\r\n\r\n" % token.encode() + b"x" * 70 + b"\r\n" + (b"." + b"y" * 69 + b"\r\n") * (size // 72)
        return token, to, body

    async def transaction(self, reader, writer, sender):
        token, to, body = self.message()
        style = self.random.choice(("plain", "pipelined", "bdat"))
        head = [b"MAIL FROM:<%s>" % sender] + [b"RCPT TO:<%s@example.test>" % u.encode() for u in to]
        if style == "plain":
            for line in head:
                await self.expect(reader, writer, line, b"250")
        else:
            writer.write(b"".join(line + b"\r\n" for line in head))
            for _ in head:
                await self.answered(await self.reply(reader), b"250")
        self.tried[token] = to
        if style == "bdat":
            half = len(body) // 2
            await self.expect(reader, writer, b"BDAT %d" % half, b"250", body[:half])
            last = await self.expect(reader, writer, b"BDAT %d LAST" % (len(body) - half), b"250", body[half:])
        else:
            await self.expect(reader, writer, b"DATA", b"354")
            writer.write(body.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            last = await self.answered(await self.reply(reader), b"250")
        self.sent[token] = to
        self.events["messages"] += 1
        return last

    async def expect(self, reader, writer, line, code, more=b""):
        writer.write(line + b"\r\n" + more)
        await writer.drain()
        return await self.answered(await self.reply(reader), code)

    async def answered(self, said, code):
        if not said.startswith(code):
            raise ValueError(said.decode("latin-1").strip())
        return said

    async def good(self):
        reader, writer = await self.open(25)
        try:
            await self.answered(await self.reply(reader), b"220")
            await self.expect(reader, writer, b"EHLO soak.example", b"250")
            for _ in range(self.random.randint(1, MESSAGES_MAX)):
                await self.transaction(reader, writer, b"far@away.example")
            await self.expect(reader, writer, b"QUIT", b"221")
        finally:
            writer.close()

    async def submitting(self):
        user = self.random.choice(sorted(self.users))
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self.mail.address, self.mail.port(465), ssl=self.tls), 300)
        try:
            await self.answered(await self.reply(reader), b"220")
            await self.expect(reader, writer, b"EHLO soak.example", b"250")
            await self.expect(reader, writer, b"AUTH PLAIN " + base64.b64encode(f"\0{user}@example.test\0{self.users[user]}".encode()), b"235")
            await self.transaction(reader, writer, f"{user}@example.test".encode())
            await self.expect(reader, writer, b"QUIT", b"221")
        finally:
            writer.close()

    # --- hostile clients: none is owed anything, and none may harm the others
    HOSTILE = (
        b"\x00\xff\x16\x03\x01\x02\x00" * 50, b"EHLO " + b"x" * 100000, b"EHLO a\r\n" + b"NOOP\r\n" * 300, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"EHLO a\r\nSTARTTLS\r\n" + b"garbage" * 100, b"EHLO a\r\nMAIL FROM:<a@b.example>\r\n" + b"RCPT TO:<nobody@example.test>\r\n" * 200,
        b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: half",
        b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nbare\n.\nMAIL FROM:<evil@b.example>\r\n.\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.test>\r\nBDAT 99999999999999999999\r\n", b"EHLO a\r\nBDAT 100\r\n" + b"QUIT\r\n" * 16,
        b"EHLO a\r\nMAIL FROM:<a@b.example> SIZE=99999999999\r\nRCPT TO:<x@far.example>\r\n", b"\r\n" * 3000, b"RCPT TO:<@@@>\r\n" * 30, b"")

    async def hostile(self):
        reader, writer = await self.open(self.random.choice((25, 25, 25, 587, 465)))
        try:
            attack = self.random.choice(self.HOSTILE)
            self.events["attacks"] += 1
            if self.random.random() < 0.3:  # slowly, then away
                for i in range(min(20, len(attack))):
                    writer.write(attack[i:i + 1])
                    await writer.drain()
                    await asyncio.sleep(0.05)
            else:
                writer.write(attack)
                await asyncio.wait_for(reader.read(2000), 1)
            if self.random.random() < 0.5:
                writer.transport.abort()
        finally:
            writer.close()

    # --- all of them
    async def client(self, until):
        while time.monotonic() < until:
            kind = self.random.choices((self.good, self.submitting, self.hostile), (6, 1, 4))[0]
            try:
                await kind()
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                if kind != self.hostile:
                    self.events[f"{kind.__name__}: {type(error).__name__}"] += 1
            except ValueError as error:
                self.events[f"{kind.__name__}: {error}" if kind != self.hostile else "attack answered"] += 1

    async def watch(self, until, samples):
        while time.monotonic() < until:
            samples.append((time.monotonic(), processes(self.mail.home)))
            await asyncio.sleep(max(0.5, self.seconds / 60))

    async def all(self, samples):
        until = time.monotonic() + self.seconds
        await asyncio.gather(self.watch(until, samples), *(self.client(until) for _ in range(self.connections)))

    def run(self):
        samples = []
        asyncio.run(self.all(samples))
        self.samples = samples
        return self

    def found(self):
        """token -> how often it lies in each mailbox."""
        found = collections.Counter()
        for user in self.users:
            for path in glob.glob(f"{self.mail.home}/mail/example.test/{user}/*/*"):
                with open(path, "rb") as file:  # of gigabytes, only the headers
                    token = re.search(rb"^Subject: (soak-%d-\d+\.)" % self.seed, file.read(2000), re.M)
                if token:
                    found[(token[1].decode(), user)] += 1
        return found
