"""For flow tests: an instance of postroom by ./quickstart, and TAP.

    from postroom import Postroom, Tap
    with Postroom(21) as mail, Tap() as t:            # 127.0.21.1, every port raised by 21000
        t.ok(mail.password("bob"), "bob has a password")
    with Postroom(21, host=far, address="::", offset=0, me="mail.far.example") as mail:    # on a host of tests/flow/net.py

Run from the top of the tree, as root. The instance is stopped and removed at the end, also on failure."""
import atexit, contextlib, glob, imaplib, json, os, re, shutil, signal, smtplib, socket, ssl, subprocess, sys, tempfile, time


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, fact, what, *why):
        self.count += 1
        self.failed += not fact
        print(f"{'' if fact else 'not '}ok {self.count} - {what}")
        sys.stdout.flush()
        if not fact:  # to where prove shows it
            for line in [f"not ok {self.count} - {what}"] + "\n".join(str(w) for w in why).splitlines()[:40]:
                print("# " + line, file=sys.stderr)
            sys.stderr.flush()
        return bool(fact)

    def is_(self, found, expected, what):
        return self.ok(found == expected, what, f"expected: {expected!r}", f"found:    {found!r}")

    def matches(self, found, pattern, what):
        return self.ok(re.search(pattern, found or "", re.S), what, f"expected to match: {pattern}", f"found: {found!r}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            print(f"1..{self.count}")
            sys.stdout.flush()
            if self.failed:
                sys.exit(1)


def wait_for(condition, seconds=120):
    """The condition's value once it is true; its last value after so many seconds. So many, because a busy machine is slow and no test
    fails for that."""
    end = time.monotonic() + seconds
    while True:
        is_late = time.monotonic() > end  # before it looks for the last time
        value = condition()
        if value or is_late:
            if not value and seconds >= 1:
                print(f"# line {sys._getframe(1).f_lineno}: waited {seconds:g} s in vain", file=sys.stderr, flush=True)
            return value
        time.sleep(0.02)


class Postroom:
    def __init__(self, net, home=None, address=None, offset=None, host=None, me=None):
        self.net, self.address, self.offset = net, address or f"127.0.{net}.1", net * 1000 if offset is None else offset
        self.inside, self.prefix = host or contextlib.nullcontext(), host.command if host else []
        self.folder = tempfile.mkdtemp(prefix=f"postroom-{net}.")
        os.chmod(self.folder, 0o755)
        self.home = home or f"{self.folder}/home"
        self.options = ["--home", self.home, "--address", self.address, "--offset", str(self.offset)]
        self.environment = {"PATH": f"{self.home}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        if me:  # before the first start: the certificate bears it
            os.makedirs(f"{self.home}/control", 0o755)
            self.control("me", me)
        atexit.register(self.remove)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))

    def __enter__(self):
        done = self.quickstart()
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            sys.exit("quickstart failed")
        self.said = done.stdout
        return self

    def __exit__(self, *_):
        self.remove()

    def quickstart(self, *words):
        return subprocess.run([*self.prefix, "./quickstart", *self.options, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)

    def remove(self):
        if os.path.isdir(self.home):
            self.quickstart("--remove")
        shutil.rmtree(self.folder, ignore_errors=True)

    def port(self, port):
        return port + self.offset

    def password(self, user):
        with open(f"{self.home}/demo-passwords") as file:
            return dict(line.split() for line in file)[user]

    def run(self, program, *words, input=None):
        """A program of HOME/bin (or of the system), its output and errors together; its exit code is in .code."""
        done = subprocess.run([*self.prefix, program, *words], input=input, stdin=None if input is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment, timeout=300)
        self.code = done.returncode
        return done.stdout

    def control(self, name, value):
        """Writes a control file; None removes it."""
        path = f"{self.home}/control/{name}"
        if value is None:
            if os.path.exists(path):
                os.remove(path)
            return
        with open(path + ".new", "w") as file:
            file.write(value if value.endswith("\n") else value + "\n")
        os.rename(path + ".new", path)

    def log(self, service):
        """All of it, also what its logger has put aside, which begins a new file at a megabyte."""
        aside = lambda: sorted(glob.glob(f"{self.home}/log/{service}/@*"))
        while True:
            text, before = "", aside()
            for path in [*before, f"{self.home}/log/{service}/current"]:
                try:
                    with open(path, errors="replace") as file:
                        text += file.read()
                except FileNotFoundError:  # the logger has not begun yet, or begins a new file
                    pass
            if aside() == before:
                return text

    def mbsync_config(self, user, channel):
        """Writes a configuration of mbsync between user@example.test and FOLDER/local (stores :far: and :near:), with the channel's lines; its path."""
        path, local = f"{self.folder}/mbsyncrc", f"{self.folder}/local"
        os.makedirs(local, exist_ok=True)
        with open(path, "w") as file:
            file.write(f"""IMAPAccount a
Tunnel "openssl s_client -quiet -verify_quiet -connect {self.address}:{self.port(993)} 2>/dev/null"
User {user}@example.test
Pass "{self.password(user)}"
SSLType None
AuthMechs PLAIN

IMAPStore far
Account a

MaildirStore near
Path {local}/
Inbox {local}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
{channel}
""")
        return path

    def connect(self, port):
        with self.inside:
            return socket.create_connection((self.address, self.port(port)), timeout=300)

    def pid(self, service):
        """The process that s6 started for a service; None if it is down at this moment."""
        said = subprocess.run(["s6-svstat", "-o", "pid", f"{self.home}/service/{service}"], stdout=subprocess.PIPE, text=True).stdout
        return int(said) if int(said) > 1 else None

    def status(self, service):
        """What s6 says of a service: its process (None: there is none), whether that is ready, whether there shall be one."""
        said = subprocess.run(["s6-svstat", "-o", "pid,ready,wantedup", f"{self.home}/service/{service}"], stdout=subprocess.PIPE, text=True).stdout
        pid, is_ready, is_wanted = said.split()
        return int(pid) if int(pid) > 1 else None, is_ready == "true", is_wanted == "true"

    def tell(self, service, command, is_done):
        """s6-svc, and waits until the service's status is as it shall be. That is looked at: s6-svc -wR waits for an event, and loses it if
        it does not run for a moment in which the service ends and is ready again (s6 2.11)."""
        subprocess.run(["s6-svc", command, f"{self.home}/service/{service}"], check=True)
        if not wait_for(lambda: is_done(*self.status(service)), 300):
            print(self.explain(service), file=sys.stderr)
            sys.exit(f"s6-svc {command} {service}: in vain")

    def explain(self, service):
        """Why a service does not do what it was told."""
        def said(*words):
            return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        svstat = said("s6-svstat", f"{self.home}/service/{service}")
        processes = [line for line in said("ps", "-eo", "pid,ppid,stat,etimes,wchan:24,args").splitlines() if "PPID" in line or (f"{self.home}/" in line and "s6-log" not in line)]
        log = self.log(service).splitlines()[-40:]
        return "\n".join([f"# {service}: {svstat}", *processes, *log, *self.run("qstat").splitlines()[:40], said("cat", "/proc/loadavg")])

    def stop(self, service):
        self.tell(service, "-d", lambda pid, is_ready, is_wanted: not pid and not is_wanted)

    def start(self, service):
        """Ready when it returns."""
        self.tell(service, "-u", lambda pid, is_ready, is_wanted: pid and is_ready and is_wanted)

    def switch_on(self, *services):
        """Services that are off at first (service/services), as doc/quickstart.md says it."""
        for service in services:
            os.remove(f"{self.home}/service/{service}/down")
            self.start(service)

    def restart(self, service):
        """Stops and starts one service, ready when it returns."""
        before = wait_for(lambda: self.pid(service), 300)
        self.tell(service, "-r", lambda pid, is_ready, is_wanted: pid not in (None, before) and is_ready)

    def mail(self, user, domain="example.test"):
        """The messages in a user's INBOX, as bytes."""
        found = []
        for folder in ("new", "cur"):
            for path in glob.glob(f"{self.home}/mail/{domain}/{user}/{folder}/*"):
                try:
                    with open(path, "rb") as file:
                        found.append(file.read())
                except FileNotFoundError:  # a session moves it from new to cur
                    pass
        return found

    def mail_with(self, user, words, seconds=120, domain="example.test"):
        """Waits for a message that contains the words; all such messages."""
        if isinstance(words, str):
            words = words.encode()
        return wait_for(lambda: [m for m in self.mail(user, domain) if words in m], seconds)

    def add_account(self, address, password):
        """One more user, whose domain is made if it is not there."""
        self.run("mailadm", "add", "domain", address.split("@")[1])
        said = self.run("mailadm", "add", "account", address, input=password + "\n")
        if self.code:
            sys.exit(f"mailadm add account {address}: {said}")

    def edit_account(self, user, *lines):
        """Lines in a user's LDIF instead of those of the same attribute; published."""
        path = f"{self.home}/directory/{user}@example.test.ldif"
        names = tuple(line.split(":")[0] + ":" for line in lines)
        with open(path) as file:
            kept = [old for old in file.read().rstrip("\n").split("\n") if not old.startswith(names)]
        with open(path + ".new", "w") as file:
            file.write("\n".join(kept + list(lines)) + "\n")
        os.chmod(path + ".new", 0o640)
        shutil.chown(path + ".new", "root", "mail-tables")
        os.rename(path + ".new", path)
        said = self.run("tables-build")
        if self.code:
            sys.exit(f"tables-build: {said}")

    def login(self, port, user):
        """An open submission session (smtplib) of a user of example.test."""
        with self.inside:
            client = smtplib.SMTP(self.address, self.port(port), timeout=300)
        client.starttls()
        client.login(f"{user}@example.test", self.password(user))
        return client

    def submit(self, user, to, subject, body="Hello"):
        """A message by port 587 as a user of example.test; the id under which it is queued."""
        client = self.login(587, user)
        id = self.give(client, f"{user}@example.test", to, subject, body)
        client.quit()
        return id

    def give(self, client, sender, to, subject, body="Hello"):
        """A message in an open session (smtplib); its id. Anything but 250 is an exception."""
        to = [to] if isinstance(to, str) else to
        client.ehlo_or_helo_if_needed()
        client.mail(sender)
        for address in to:
            code, text = client.rcpt(address)
            if code != 250:
                raise smtplib.SMTPResponseException(code, text)
        code, text = client.data(f"From: <{sender}>\nTo: {', '.join(to)}\nSubject: {subject}\n\n{body}\n")
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        return text.decode().split()[-1]

    def send(self, to, subject, sender="stranger@outside.example"):
        """A message from outside, by port 25; its id."""
        with self.inside:
            client = smtplib.SMTP(self.address, self.port(25), timeout=300)
        with client:
            return self.give(client, sender, to, subject)

    def rcpt(self, to, sender="stranger@outside.example"):
        """What port 25 says to a recipient, and its code before it."""
        with self.inside:
            client = smtplib.SMTP(self.address, self.port(25), timeout=300)
        with client:
            client.ehlo("outside.example")
            client.mail(sender)
            code, text = client.rcpt(to)
        return f"{code} {text.decode()}"

    def count(self, login, password):
        """The number of messages in the INBOX of who logs in by IMAP, or what the server says instead."""
        with self.inside:
            box = imaplib.IMAP4_SSL(self.address, self.port(993), ssl_context=ssl._create_unverified_context())
        try:
            box.login(login, password)
            count = int(box.select()[1][0])
            box.logout()
            return count
        except imaplib.IMAP4.error as error:
            box.shutdown()
            return str(error)

    def relay_rule(self, **fields):
        """control/relayrules/test, published."""
        path = f"{self.home}/control/relayrules/test"
        with open(path + ".new", "w") as file:
            file.write("".join(f"{key}: {value}\n" for key, value in fields.items()))
        os.chmod(path + ".new", 0o640)
        shutil.chown(path + ".new", "root", "mail-tables")
        os.rename(path + ".new", path)
        said = self.run("tables-build")
        if self.code:
            sys.exit(f"tables-build: {said}")

    def queued(self, id):
        """What qstat --json says of one message; None if it is not in the queue."""
        return next((message for message in self.queue() if message["id"] == id), None)

    def said_last(self, id, seconds=120, attempts=1):
        """Waits for that many attempts; what was said last about the first recipient. None if the message is gone."""
        def has_said():
            message = self.queued(id)
            return [message] if not message or message["attempts"] >= attempts else None
        message = (wait_for(has_said, seconds) or [None])[0]
        return message and message["recipients"][0].get("said")

    def queue(self):
        """qstat --json, as a list."""
        return [json.loads(line) for line in self.run("qstat", "--json").splitlines() if line.startswith("{")]
