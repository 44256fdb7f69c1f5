"""For flow tests: slapd with syncprov and a school in it, its certificate from a CA of its own.

    with Postroom(31) as mail:
        slapd = Slapd(mail, 31389)
        slapd.fill(["hanna", "bert"])
        with slapd:
            slapd.configure(mail)
            slapd.change("dn: uid=hanna,...\\nchangetype: modify\\n...")"""
import os, pwd, shutil, signal, socket, subprocess

from postroom import wait_for

BASE = "dc=school,dc=test"


def person(name, number, ou="people", **more):
    """An entry's LDIF; more: further attributes."""
    lines = {"uid": name, "cn": name, "sn": name, "mail": f"{name}@school.test", "uidNumber": number, "gidNumber": 5000, "homeDirectory": "/nowhere", **more}
    return (f"dn: uid={name},ou={ou},{BASE}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: extensibleObject\n"
            + "".join(f"{key}: {value}\n" for key, value in lines.items()))


class Slapd:
    def __init__(self, mail, port, overlays="overlay syncprov\nsyncprov-sessionlog 1000\n"):
        self.address, self.port, self.folder, self.process = mail.address, port, f"{mail.folder}/slapd", None
        self.uri = f"ldap://{self.address}:{port}"
        os.makedirs(self.folder + "/db")
        self.make_certificate()
        self.write(overlays)

    def make_certificate(self):
        key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        with open(f"{self.folder}/ext", "w") as file:
            file.write(f"subjectAltName=IP:{self.address}\n")
        for command in (f"openssl req -x509 {key} -subj /CN=ca -days 2 -keyout ca.key -out ca.pem",
                        f"openssl req {key} -subj /CN=ldap -keyout key -out csr",
                        "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert"):
            subprocess.run(command.split(), check=True, capture_output=True, cwd=self.folder)

    def write(self, overlays):
        """slapd.conf, for the next start."""
        schemas = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson"))
        with open(f"{self.folder}/conf", "w") as file:
            file.write(schemas + f"""modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
TLSCACertificateFile {self.folder}/ca.pem
TLSCertificateFile {self.folder}/cert
TLSCertificateKeyFile {self.folder}/key
security simple_bind=128
database mdb
suffix {BASE}
directory {self.folder}/db
maxsize 4294967296
index entryCSN,entryUUID,objectClass eq
rootdn cn=admin,{BASE}
rootpw admin
limits dn.exact="cn=postroom,{BASE}" size.soft=unlimited size.hard=unlimited time=unlimited
access to attrs=userPassword by dn.base=cn=postroom,{BASE} read by anonymous auth
access to * by dn.base=cn=postroom,{BASE} read by * none
{overlays}""")

    def fill(self, names, more=""):
        entries = [f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: school\no: x\n",
                   *(f"dn: ou={ou},{BASE}\nobjectClass: organizationalUnit\nou: {ou}\n" for ou in ("people", "groups", "gone")),
                   f"dn: cn=postroom,{BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: postroom\nuserPassword: reader\n"]
        entries += [person(name, 31000 + number) for number, name in enumerate(names)]
        subprocess.run(["slapadd", "-q", "-f", f"{self.folder}/conf"], input="\n".join(entries) + more, text=True, check=True)

    def answers(self):
        try:
            socket.create_connection((self.address, self.port), 1).close()
            return True
        except OSError:
            return False

    def start(self):
        self.process = subprocess.Popen(["slapd", "-f", f"{self.folder}/conf", "-h", self.uri, "-d", "0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(300)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def configure(self, mail, base=BASE):
        for name, value in (("ldapbasedn", base), ("ldaplogin", f"cn=postroom,{BASE}"), ("ldaptimeout", "5")):
            mail.control(name, value)
        with open(f"{self.folder}/ca.pem") as file:
            mail.control("ldapca.pem", file.read())
        mail.control("ldappassword", "reader")
        os.chown(f"{mail.home}/control/ldappassword", pwd.getpwnam("mail-ldap").pw_uid, 0)
        os.chmod(f"{mail.home}/control/ldappassword", 0o400)
        mail.run("mailadm", "add", "domain", "school.test")
        mail.control("ldapserver", f"{self.address}:{self.port}")  # the last one: ldap-watch begins by it

    def change(self, ldif):
        """Change records, as admin. Entries without a changetype are added."""
        done = subprocess.run(["ldapmodify", "-a", "-x", "-ZZ", "-H", self.uri, "-D", f"cn=admin,{BASE}", "-w", "admin"], input=ldif + "\n", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"LDAPTLS_CACERT": f"{self.folder}/ca.pem", "PATH": "/usr/bin:/bin"})
        if done.returncode:
            raise RuntimeError(done.stdout)
