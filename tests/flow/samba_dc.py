"""A Samba AD domain controller for flow tests, in a network namespace (net.inside): its ports are fixed, and its address has to be there.

    with Domain(folder, "10.30.0.9") as dc:       # provisioned once, TLS by a CA made here: dc.ca
        dc.fill(lambda db: db.newuser(...))        # before start(): straight into its database, by Samba's own Python modules
        dc.start()                                 # answers on 389 and 636
        dc.change("dn: ...\\nchangetype: modify\\n...")

Takes about 4 s of CPU to provision. Packages: service/packages, test."""
import os, re, socket, subprocess, sys

from net import wait_until

REALM, BASE, PASSWORD = "AD.TEST", "DC=ad,DC=test", "Passw0rd.x1"


def run(command, **options):
    done = subprocess.run(command.split() if isinstance(command, str) else command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode:
        sys.exit(f"{command}: {done.stdout}")
    return done.stdout


class Domain:
    def __init__(self, folder, address):
        self.folder, self.address, self.process = folder, address, None
        self.conf, self.ca = f"{folder}/etc/smb.conf", f"{folder}/ca.pem"

    def __enter__(self):
        os.makedirs(f"{self.folder}/run/ncalrpc")
        run(["samba-tool", "domain", "provision", f"--realm={REALM}", "--domain=ADT", "--server-role=dc", "--dns-backend=NONE",
             f"--adminpass={PASSWORD}", f"--targetdir={self.folder}", f"--host-ip={self.address}", "--host-name=dc1", "--use-rfc2307"])
        self.make_certificate()
        self.configure()
        return self

    def __exit__(self, *_):
        self.stop()

    def make_certificate(self):
        key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        with open(f"{self.folder}/ext", "w") as file:
            file.write(f"subjectAltName=IP:{self.address}\n")
        for command in (f"openssl req -x509 {key} -subj /CN=ca -days 2 -keyout ca.key -out ca.pem",
                        f"openssl req {key} -subj /CN=dc1 -keyout tls.key -out tls.csr",
                        "openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out tls.pem"):
            run(command, cwd=self.folder)
        os.chmod(f"{self.folder}/tls.key", 0o600)

    def configure(self):
        """LDAP alone, here alone. Simple binds need TLS, as Samba has it by default."""
        ours = {"server services": "ldap", "interfaces": f"{self.address}/24", "bind interfaces only": "yes", "pid directory": f"{self.folder}/run",
                "ncalrpc dir": f"{self.folder}/run/ncalrpc", "log file": f"{self.folder}/log.%m", "tls certfile": f"{self.folder}/tls.pem",
                "tls keyfile": f"{self.folder}/tls.key", "tls cafile": self.ca}
        with open(self.conf) as file:
            lines = [line for line in file if line.split("=")[0].strip() not in ours]
        at = next(i for i, line in enumerate(lines) if line.strip() == "[global]") + 1
        lines[at:at] = [f"\t{key} = {value}\n" for key, value in ours.items()]
        with open(self.conf, "w") as file:
            file.writelines(lines)

    def fill(self, what):
        from samba.auth import system_session
        from samba.param import LoadParm
        from samba.samdb import SamDB
        conf = LoadParm()
        conf.load(self.conf)
        db = SamDB(url=f"{self.folder}/private/sam.ldb", session_info=system_session(), lp=conf)
        db.transaction_start()
        what(db)
        db.transaction_commit()

    def answers(self):
        try:
            for port in (389, 636):
                socket.create_connection((self.address, port), 1).close()
            return True
        except OSError:
            return False

    def start(self):
        with open(f"{self.folder}/said", "w") as said:
            self.process = subprocess.Popen(["samba", "-s", self.conf, "-i", "-M", "single"], stdin=subprocess.PIPE,  # it ends when fd 0 does
                                            stdout=said, stderr=said)
        if not wait_until(lambda: self.answers() or self.process.poll() is not None, 120) or self.process.poll() is not None:
            with open(f"{self.folder}/said") as said:
                sys.exit("samba does not answer: " + said.read())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(300)

    def change(self, ldif):
        """What the administrator changes, by LDAPS."""
        run(["ldapmodify", "-x", "-H", f"ldaps://{self.address}", "-D", f"CN=Administrator,CN=Users,{BASE}", "-w", PASSWORD],
            input=ldif, env={"LDAPTLS_CACERT": self.ca, "PATH": "/usr/bin:/bin"})

    def search(self, *words):
        return run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldaps://{self.address}", "-D", f"CN=Administrator,CN=Users,{BASE}",
                    "-w", PASSWORD, "-b", BASE, *words], env={"LDAPTLS_CACERT": self.ca, "PATH": "/usr/bin:/bin"})
