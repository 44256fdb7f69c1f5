"""slapd, stopped: mail to its people and from them, and their logins, go on as if nothing were. For outage.t, and bench/outage with more of it."""
import glob, json, re, subprocess

from postroom import wait_for
from slapd import BASE, Slapd, person

LOAD, USERS, PASSWORD = "build/bench/load", 10, "known to the tables"
# what a few clients may do at once who all come from one address, as the peers' measurements have it
LIMITS = {"concurrencysmtpd": 200, "concurrencysmtpdclient": 200, "concurrencyimapclient": 200, "concurrencytls": 400, "concurrencylocal": 20,
          "concurrencyremote": 20, "concurrencydestination": 20}


def load(mode, **words):
    """What the load generator says."""
    return json.loads(subprocess.run([LOAD, mode, *(f"{name.rstrip('_')}={value}" for name, value in words.items())], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, text=True, timeout=3000).stdout)


class Outage:
    """People of a slapd that was followed, and is stopped now; a sink for what they send."""
    def __init__(self, mail):
        self.mail, self.sink = mail, f"127.0.{mail.net}.9"
        for name, number in LIMITS.items():
            mail.control(name, str(number))
        stored = mail.run("password-hash", input=PASSWORD + "\n").split()[0]
        self.slapd = Slapd(mail, mail.port(389))
        self.slapd.fill([], "\n" + "\n".join(person(f"user{n}", 31000 + n, userPassword=stored) for n in range(1, USERS + 1)))

    def __enter__(self):
        with self.slapd:
            self.prepare()
        wait_for(lambda: "waiting seconds" in self.mail.log("ldap-watch"))
        return self

    def __exit__(self, *_):
        self.slapd.stop()

    def prepare(self):
        mail = self.mail
        self.slapd.configure(mail)
        wait_for(lambda: f"user{USERS}@school.test" in mail.run("mailadm", "list", "accounts"))
        said = mail.run("mailadm", "apppassword", "add", "user1@school.test", "imap,submit", "phone")
        self.phone = re.search(r"(?m)^\w{4}(-\w{4}){6}$", said)[0]
        mail.relay_rule(host=self.sink, port=mail.port(2525), tls="off")
        for service in ("smtp-mx", "smtp-submission", "smtp-submissions", "imaps", "send-schedule"):
            mail.restart(service)
        self.come_in(USERS)  # everybody has a mailbox
        wait_for(lambda: len(glob.glob(self.inboxes())) == USERS)

    def inboxes(self):
        return f"{self.mail.home}/mail/school.test/*/new"

    def come_in(self, messages, **more):
        return load("smtp", host=self.mail.address, port=self.mail.port(25), messages=messages, connections=5, each=20, size=2000, to="user%d@school.test", users=USERS, **more)

    def go_out(self, messages):
        """What was acknowledged to the senders, and what the sink took."""
        sink = subprocess.Popen([LOAD, "sink", f"host={self.sink}", f"port={self.mail.port(2525)}", f"messages={messages}", "wait=300"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        sink.stdout.readline()  # it listens
        sink.stdin.write("\n")
        sink.stdin.flush()
        sent = load("smtp", host=self.mail.address, port=self.mail.port(465), messages=messages, connections=5, each=20, size=2000, tls="implicit", users=USERS,
                    to="eve%d@outside.example", user="user%d@school.test", password=PASSWORD, from_="user%d@school.test")
        return sent, json.loads(sink.communicate(timeout=600)[0])

    def log_in(self, logins, user="user%d@school.test", password=PASSWORD, protocol="imap", port=993, tls="implicit"):
        return load("login", host=self.mail.address, port=self.mail.port(port), messages=logins, connections=4, users=USERS, protocol=protocol, tls=tls, user=user, password=password)

    def deferred(self):
        """Attempts that were put off, of all messages."""
        found = 0
        for path in glob.glob(f"{self.mail.home}/log/send-schedule/[@c]*"):
            with open(path, errors="replace") as file:
                found += sum(" deferred id=" in line for line in file)
        return found
