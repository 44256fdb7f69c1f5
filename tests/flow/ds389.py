"""389 DS with a school in it, as slapd.py has it for slapd: an instance of its own, made by dscreate in a mount namespace, so that it touches
nothing of the system's. Its plug-ins are on that tell of changes (content synchronization, which reads the retro changelog).

Packages: service/packages, test. Takes about 15 s to make."""
import os, re, shutil, subprocess

from slapd import BASE, Directory, school

NAME, MANAGER, PASSWORD = "school", "cn=Directory Manager", "directory manager"

CREATE = f"""
from lib389.instance.setup import SetupDs
from lib389.paths import Paths
import logging
Paths.with_systemd = property(lambda self: False)
SetupDs(False, False, logging.getLogger()).create_from_inf("inf")
"""

SETTINGS = f"""[general]
selinux = False
systemd = False
full_machine_name = localhost
[slapd]
instance_name = {NAME}
port = PORT
root_dn = {MANAGER}
root_password = {PASSWORD}
self_sign_cert = False
[backend-userroot]
suffix = {BASE}
"""


class Ds389(Directory):
    def __init__(self, mail, port):
        super().__init__(mail, port, "389", MANAGER, PASSWORD, key="rsa:2048")  # its attribute encryption wants RSA
        self.config, self.log = f"{self.folder}/etc/slapd-{NAME}", f"{self.folder}/log/slapd-{NAME}/errors"
        os.chmod(mail.folder, 0o755)
        for last in (False, False, True):  # lib389 starts it and stops it, and does not always wait long enough for it
            if self.create(last):
                break
        self.give_certificate()
        self.settle()

    def within(self, *words, network=False):
        """Who runs so finds the instance's folders in the system's places; with our network, or one of his own and nothing of his left behind."""
        folders = {"etc": "/etc/dirsrv", "lib": "/var/lib/dirsrv", "log": "/var/log/dirsrv", "run": "/run", "default": "/etc/default", "shm": "/dev/shm"}
        mounts = "; ".join(f"mount --bind {self.folder}/{ours} {theirs}" for ours, theirs in folders.items())
        up = "" if network else "ip link set lo up; "
        alone = ["-m"] if network else ["-mn", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return ["unshare", *alone, "sh", "-ec", f'{mounts}; {up}exec "$@"', "sh", *words]

    def create(self, last):
        """True: it is made. False: it is to be tried again; the last time that is an error."""
        for name in ("etc", "lib", "log", "run", "default", "shm"):
            shutil.rmtree(f"{self.folder}/{name}", ignore_errors=True)
        shutil.copytree("/etc/dirsrv", f"{self.folder}/etc")
        for name in ("lib", "log", "run/lock", "default", "shm"):
            os.makedirs(f"{self.folder}/{name}")
        for name in ("etc", "lib", "log"):  # it becomes dirsrv
            shutil.chown(f"{self.folder}/{name}", "dirsrv", "dirsrv")
        for name in ("run/lock", "shm"):
            os.chmod(f"{self.folder}/{name}", 0o1777)
        with open(f"{self.folder}/inf", "w") as file:
            file.write(SETTINGS.replace("PORT", str(self.port)))
        stop = f"pid=$(cat /run/dirsrv/slapd-{NAME}.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.2; done"
        done = subprocess.run(self.within("sh", "-ec", f'/usr/bin/python3 -c "$1"; {stop}', "sh", CREATE), cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        if done.returncode and last:
            raise RuntimeError(done.stdout)
        return not done.returncode

    def give_certificate(self):
        def run(*words):
            subprocess.run(words, check=True, capture_output=True, cwd=self.folder)
        run("openssl", "pkcs12", "-export", "-in", "server.pem", "-inkey", "server.key", "-name", "Server-Cert", "-out", "p12", "-passout", "pass:x")
        run("pk12util", "-i", "p12", "-W", "x", "-d", self.config, "-k", f"{self.config}/pwdfile.txt")
        run("certutil", "-A", "-n", "ca", "-t", "CT,,", "-i", "ca.pem", "-d", self.config, "-f", f"{self.config}/pwdfile.txt")

    def settle(self):
        """What is set while it is stopped: where it listens, TLS, the plug-ins; less memory than it would take."""
        with open(f"{self.config}/dse.ldif") as file:
            entries = re.split(r"\n\n+", file.read())
        more = {"cn=config": f"nsslapd-listenhost: {self.address}\nnsslapd-securelistenhost: {self.address}\nnsslapd-securePort: {self.port + 247}\nnsslapd-security: on",
                "cn=Content Synchronization,cn=plugins,cn=config": "nsslapd-pluginEnabled: on",
                "cn=Retro Changelog Plugin,cn=plugins,cn=config": "nsslapd-pluginEnabled: on\nnsslapd-attribute: nsuniqueid:targetUniqueId",
                "cn=bdb,cn=config,cn=ldbm database,cn=plugins,cn=config": "nsslapd-cache-autosize: 0\nnsslapd-dbcachesize: 10000000"}
        for at, entry in enumerate(entries):
            dn = re.match(r"dn: (.*)", entry)
            for line in more.pop(dn[1], "").splitlines() if dn else ():
                name = line.split(":")[0]
                entries[at] = re.sub(rf"(?mi)^{name}:.*\n?", "", entries[at] + "\n").rstrip("\n") + "\n" + line
        if more:
            raise RuntimeError(f"not in dse.ldif: {list(more)}")
        with open(f"{self.config}/dse.ldif", "w") as file:
            file.write("\n\n".join(entries).rstrip("\n") + "\n")

    def start(self):
        self.run(*self.within("ns-slapd", "-D", f"/etc/dirsrv/slapd-{NAME}", "-i", f"/run/dirsrv/slapd-{NAME}.pid", "-d", "0", network=True))

    def fill(self, names):
        """Once it runs: the people, and whom postroom reads by, without the limits of others."""
        self.change("\n".join(school(names)))
        self.change(f"dn: {BASE}\nchangetype: modify\nadd: aci\naci: (targetattr=\"*\")(version 3.0; acl \"postroom reads\"; allow (read, search, compare)"
                    f" userdn=\"ldap:///cn=postroom,{BASE}\";)\n\n"
                    f"dn: cn=postroom,{BASE}\nchangetype: modify\nadd: objectClass\nobjectClass: extensibleObject\n-\n"
                    + "-\n".join(f"add: {name}\n{name}: -1\n" for name in ("nsSizeLimit", "nsTimeLimit", "nsLookThroughLimit", "nsIdleTimeout")))
