"""The peers: Debian's Postfix, which writes the Maildirs itself or hands over to Dovecot's LMTP. The files in peers/ are
their configuration."""
import os
import re
import subprocess

from systems import DOMAIN, PASSWORD, USERS, System

HERE = os.path.dirname(os.path.abspath(__file__))
UID = "5000"  # owns all Maildirs of the peers; needs no account


def fill_in(source, target, values):
    with open(os.path.join(HERE, "peers", source)) as template:
        text = re.sub(r"@(\w+)@", lambda word: values[word[1]], template.read())
    with open(target, "w") as out:
        out.write(text)


def version_of(package):
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE, text=True).stdout


def make_folders(*paths, owner=None):
    for path in paths:
        os.makedirs(path, exist_ok=True)
        if owner is not None:
            os.chown(path, owner, owner)


class Postfix(System):
    """Delivers by virtual(8), its fastest way: no index, no other process."""
    name = "postfix-virtual"
    smtp, smtps = 2525, 2465
    packages = ("postfix",)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.mail_base = os.path.join(self.folder, "mail")
        self.mail = os.path.join(self.mail_base, DOMAIN)
        self.relay = {"port": self.smtps, "tls": "implicit"}

    def values(self):
        return {"folder": self.folder, "address": self.address, "mail": self.mail_base, "uid": UID, "tls": os.path.join(self.folder, "tls"),
                "sink_host": self.sink[0], "sink_port": str(self.sink[1]), "transport": self.transport(), "smtp": str(self.smtp), "smtps": str(self.smtps)}

    def transport(self):
        return "virtual"

    def configure(self):
        folder = self.folder
        make_folders(*(os.path.join(folder, name) for name in ("etc", "spool", "data", "log", "tls")))
        make_folders(self.mail_base, self.mail, owner=int(UID))
        subprocess.run(["chown", "postfix", os.path.join(folder, "data")], check=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=mail." + DOMAIN,
                        "-keyout", folder + "/tls/key.pem", "-out", folder + "/tls/cert.pem"], check=True, stderr=subprocess.DEVNULL)
        for name in ("main.cf", "master.cf"):
            fill_in(name, os.path.join(folder, "etc", name), self.values())
        with open(folder + "/etc/mailboxes", "w") as map_file:
            for i in range(1, USERS + 1):
                map_file.write("user%d@%s %s/user%d/\n" % (i, DOMAIN, DOMAIN, i))
        subprocess.run(["postmap", "-c", folder + "/etc", "hash:" + folder + "/etc/mailboxes"], check=True)

    def start(self):
        self.configure()
        self.run("postfix", "-c", self.folder + "/etc", "start")

    def route(self, to):
        self.run("postconf", "-c", self.folder + "/etc", "-e", "relayhost=" + ("[%s]:%d" % to if to else ""))
        self.run("postfix", "-c", self.folder + "/etc", "reload")

    def deferrals(self):
        return self.count_in("log/maillog", "status=deferred")

    def retry_all(self):
        self.run("postqueue", "-c", self.folder + "/etc", "-f")

    def remove_all(self):
        self.run("postsuper", "-c", self.folder + "/etc", "-d", "ALL")

    def stop(self):
        if os.path.exists(self.folder + "/etc/main.cf"):
            subprocess.run(["postfix", "-c", self.folder + "/etc", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def version(self):
        return "Postfix %s with virtual(8)" % version_of("postfix")


class PostfixDovecot(Postfix):
    """Delivers over LMTP to Dovecot, which keeps its index up to date and serves IMAP."""
    name = "postfix-dovecot"
    imap, imaps = 2143, 2993
    packages = ("postfix", "dovecot-core", "dovecot-imapd", "dovecot-lmtpd")

    def transport(self):
        return "lmtp:unix:%s/dovecot/run/postfix-lmtp" % self.folder

    def configure(self):
        super().configure()
        dovecot = os.path.join(self.folder, "dovecot")
        make_folders(dovecot, dovecot + "/run", dovecot + "/state")
        values = dict(self.values(), folder=dovecot, imap=str(self.imap), imaps=str(self.imaps))
        fill_in("dovecot.conf", dovecot + "/dovecot.conf", values)
        self.set_passwords(dovecot + "/passwords")

    def set_passwords(self, path):
        """Each user twice: user7 costs Dovecot no hash at all, cold7 the same hash as everywhere."""
        with open(path, "w") as passwords:
            for i in range(1, USERS + 1):
                passwords.write("user%d@%s:{PLAIN}%s\n" % (i, DOMAIN, PASSWORD))
                passwords.write("cold%d@%s:%s\n" % (i, DOMAIN, self.stored_password))
        subprocess.run(["chgrp", "dovecot", path], check=True)
        os.chmod(path, 0o640)

    def login(self, kind):
        return ("cold%d@" if kind == "cold" else "user%d@") + DOMAIN

    def start(self):
        self.configure()
        self.run("dovecot", "-c", self.folder + "/dovecot/dovecot.conf")
        self.run("postfix", "-c", self.folder + "/etc", "start")

    def stop(self):
        super().stop()
        if os.path.exists(self.folder + "/dovecot/run/master.pid"):
            subprocess.run(["doveadm", "-c", self.folder + "/dovecot/dovecot.conf", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def version(self):
        return "Postfix %s with Dovecot %s (LMTP)" % (version_of("postfix"), version_of("dovecot-core"))
