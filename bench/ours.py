"""postroom, as ./quickstart sets it up, with the limits raised as the peers' are."""
import os
import subprocess
import uuid

from systems import DOMAIN, PASSWORD, TOP, USERS, System

OFFSET = 18000
# what a client may open, and how much is delivered at once: as much as the peers' configurations allow
CONTROL = {"concurrencysmtpd": 2000, "concurrencysmtpdclient": 2000, "concurrencyimap": 2000, "concurrencyimapclient": 2000, "concurrencyimapuser": 0, "concurrencytls": 4000,
           "concurrencylocal": 50, "concurrencyremote": 67, "concurrencydestination": 50, "retryfirst": 3600}


class Postroom(System):
    name = "postroom"
    smtp, imaps = OFFSET + 25, OFFSET + 993

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.mail = os.path.join(self.folder, "mail", DOMAIN)
        self.relay = {"port": OFFSET + 465, "tls": "implicit", "user": "user%d@" + DOMAIN, "from": "user%d@" + DOMAIN, "password": PASSWORD}

    def quickstart(self, *words):
        return self.run("./quickstart", "--home", self.folder, "--address", self.address, "--offset", str(OFFSET), *words, cwd=TOP)

    def program(self, name, *words):
        return self.run(os.path.join(self.folder, "bin", name), *words, env=dict(os.environ, MAILHOME=self.folder))

    def control(self, name, text):
        with open(os.path.join(self.folder, "control", name), "w") as file:
            file.write(text + "\n")

    def add_users(self):
        path = os.path.join(self.folder, "directory", "bench.ldif")
        with open(path, "w") as ldif:
            for i in range(1, USERS + 1):
                ldif.write("dn: uid=user%d\nobjectClass: inetOrgPerson\nentryUUID: %s\ncn: User\nsn: User\nmail: user%d@%s\nuserPassword: %s\n\n" % (
                    i, uuid.uuid5(uuid.NAMESPACE_DNS, "user%d.bench.test" % i), i, DOMAIN, self.stored_password))
        subprocess.run(["chgrp", "mail-tables", path], check=True)
        os.chmod(path, 0o640)

    def start(self):
        self.quickstart()
        for name, number in CONTROL.items():
            self.control(name, str(number))
        self.control("domains/" + DOMAIN, "")
        self.add_users()
        self.route(self.sink)
        self.quickstart("--stop")
        self.quickstart("--start")

    def route(self, to):
        if to:
            self.control("relayrules/default", "host: %s\nport: %d\ntls: off" % to)
        elif os.path.exists(os.path.join(self.folder, "control/relayrules/default")):
            os.remove(os.path.join(self.folder, "control/relayrules/default"))
        self.program("tables-build")

    def deferrals(self):
        return self.count_in("log/send-schedule/*[!k]", " deferred id=")  # not its lock

    def retry_all(self):
        self.program("qctl", "retry", "--all")

    def remove_all(self):
        self.program("qctl", "delete", "--all")

    def cold(self):
        for words in (("-wD", "-d"), ("-wU", "-u")):  # -wR may wait in vain (tests/flow/postroom.py)
            self.run("s6-svc", *words, "-T", "60000", os.path.join(self.folder, "service/auth-server"))

    def stop(self):
        if os.path.exists(os.path.join(self.folder, "run/pid")):
            self.quickstart("--remove")

    def version(self):
        described = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return "postroom at %s" % (described.stdout.strip() or "an unknown commit")


class PostroomAll(Postroom):
    """The same with a school district's tables and every policy on: 100,000 users more with 500,000 addresses, rules, limits,
    greylisting. What it costs beside plain postroom is the price of policy."""
    name = "postroom-all"
    FOLK, DOMAINS = 100000, 5
    POLICIES = {"enforcesender": "yes", "spoofmx": "yes", "hideclient": "yes", "recipientdelimiter": "+", "helocheck": "syntax",
                "ratelimit": "client messages 1000000 per hour\nclient recipients 10000000 per day\nclient connections 1000000 per minute\nlogin messages 1000000 per hour",
                "tarpitcount": "100", "tarpitdelay": "1", "greylist": "yes", "greylistdelay": "0",
                "block": "\n".join("sender spam%d.example" % i for i in range(1000)), "bypass": "\n".join("ip 198.51.100.%d" % i for i in range(200)),
                "mynetworks": "\n".join("10.%d.0.0/16" % i for i in range(100)), "internal": "\n".join("staff%d" % i for i in range(100))}

    def add_users(self):
        super().add_users()
        path = os.path.join(self.folder, "directory", "folk.ldif")
        with open(path, "w") as ldif:
            for i in range(self.FOLK):
                ldif.write("dn: uid=folk%d\nobjectClass: inetOrgPerson\nentryUUID: %s\nuid: folk%d\nmail: folk%d@d0.example\n\n" % (i, uuid.uuid5(uuid.NAMESPACE_DNS, "folk%d" % i), i, i))
        subprocess.run(["chgrp", "mail-tables", path], check=True)
        os.chmod(path, 0o640)
        for i in range(self.DOMAINS):
            self.control("domains/d%d.example" % i, "addusers: yes")
        for name, value in self.POLICIES.items():
            self.control(name, value)
