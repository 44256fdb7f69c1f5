"""For flow tests: directory servers with a school in them, each with a certificate from a CA of its own: slapd with syncprov, and 389 DS (ds389.py).

    with Postroom(31) as mail:
        slapd = Slapd(mail, 31389)
        slapd.fill(["hanna", "bert"])
        with slapd:
            slapd.configure(mail)
            slapd.change("dn: uid=hanna,...\\nchangetype: modify\\n...")"""
import os, pwd, socket, subprocess, sys

sys.path.insert(0, "tests")
import certificate
from postroom import wait_for

BASE = "dc=school,dc=test"


def person(name, number, ou="people", **more):
    """An entry's LDIF; more: further attributes."""
    lines = {"uid": name, "cn": name, "sn": name, "mail": f"{name}@school.test", "uidNumber": number, "gidNumber": 5000, "homeDirectory": "/nowhere", **more}
    return (f"dn: uid={name},ou={ou},{BASE}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: extensibleObject\n"
            + "".join(f"{key}: {value}\n" for key, value in lines.items()))


def school(names):
    """The tree, the account that postroom reads by, and so many people."""
    return [f"dn: {BASE}\nobjectClass: domain\ndc: school\n",
            *(f"dn: ou={ou},{BASE}\nobjectClass: organizationalUnit\nou: {ou}\n" for ou in ("people", "groups", "gone")),
            f"dn: cn=postroom,{BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: postroom\nuserPassword: reader\n",
            *(person(name, 31000 + number) for number, name in enumerate(names))]


class Directory:
    """What all servers have: an address, a certificate, an administrator; how postroom is told of it."""
    def __init__(self, mail, port, name, admin, password, **key):
        self.address, self.port, self.folder, self.process = mail.address, port, f"{mail.folder}/{name}", None
        self.uri, self.admin, self.admin_password = f"ldap://{self.address}:{port}", admin, password
        os.makedirs(self.folder)
        certificate.make(self.folder, self.address, **key)

    def answers(self):
        try:
            socket.create_connection((self.address, self.port), 1).close()
            return True
        except OSError:
            return False

    def run(self, *words):
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
        done = subprocess.run(["ldapmodify", "-a", "-x", "-ZZ", "-H", self.uri, "-D", self.admin, "-w", self.admin_password], input=ldif + "\n", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"LDAPTLS_CACERT": f"{self.folder}/ca.pem", "PATH": "/usr/bin:/bin"})
        if done.returncode:
            raise RuntimeError(done.stdout)


class Slapd(Directory):
    def __init__(self, mail, port, overlays="overlay syncprov\nsyncprov-sessionlog 1000\n"):
        super().__init__(mail, port, "slapd", f"cn=admin,{BASE}", "admin")
        os.makedirs(self.folder + "/db")
        self.write(overlays)

    def write(self, overlays):
        """slapd.conf, for the next start."""
        schemas = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson"))
        with open(f"{self.folder}/conf", "w") as file:
            file.write(schemas + f"""modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
TLSCACertificateFile {self.folder}/ca.pem
TLSCertificateFile {self.folder}/server.pem
TLSCertificateKeyFile {self.folder}/server.key
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
        subprocess.run(["slapadd", "-q", "-f", f"{self.folder}/conf"], input="\n".join(school(names)) + more, text=True, check=True)

    def start(self):
        self.run("slapd", "-f", f"{self.folder}/conf", "-h", self.uri, "-d", "0")
