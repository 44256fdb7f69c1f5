"""postroom, as ./quickstart sets it up, with the limits raised as the peers' are."""
import os
import subprocess
import uuid

from systems import DOMAIN, PASSWORD, TOP, USERS, System

OFFSET = 18000
# what a client may open, and how much is delivered at once: as much as the peers' configurations allow
CONTROL = {"concurrencysmtpd": 2000, "concurrencysmtpdclient": 2000, "concurrencyimap": 2000, "concurrencyimapclient": 2000, "concurrencyimapuser": 0, "concurrencytls": 4000,
           "concurrencylocal": 50, "concurrencyremote": 50}


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
        self.control("relayrules/default", "host: %s\nport: %d\ntls: off" % self.sink)
        self.add_users()
        self.program("tables-build")
        self.quickstart("--stop")
        self.quickstart("--start")

    def cold(self):
        self.run("s6-svc", "-wR", "-T", "20000", "-r", os.path.join(self.folder, "service/auth-server"))

    def stop(self):
        if os.path.exists(os.path.join(self.folder, "run/pid")):
            self.quickstart("--remove")

    def version(self):
        described = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return "postroom at %s" % (described.stdout.strip() or "an unknown commit")
