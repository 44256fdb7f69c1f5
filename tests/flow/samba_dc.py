"""A Samba AD domain controller for flow tests, in a network namespace (net.inside): its ports are fixed, and its address has to be there.

    with Domain(folder, "10.30.0.9") as dc:       # provisioned once, TLS by a CA made here: dc.ca
        dc.fill(lambda db: db.newuser(...))        # before start(): straight into its database, by Samba's own Python modules
        dc.start()                                 # answers on 389 and 636
        dc.change("dn: ...\\nchangetype: modify\\n...")

    with Domain(folder, "10.30.0.9", services=REPLICATED) as dc, Joined(other, "10.30.0.10", dc) as dc2:    # dc is started, and joined by another controller
        dc2.start()
        dc2.exchange()                             # each has what the other one has; the hosts dc1.ad.test and dc2.ad.test have to be known

Takes about 4 s of CPU to provision, as much again to join. Packages: service/packages, test."""
import os, pwd, socket, struct, subprocess, sys, uuid

sys.path.insert(0, "tests")
import certificate
from net import wait_until

REALM, BASE, PASSWORD = "AD.TEST", "DC=ad,DC=test", "Passw0rd.x1"
USERS, PORTS = f"CN=Users,{BASE}", (389, 636)
REPLICATED = "ldap, cldap, rpc, kdc"


def run(command, **options):
    done = subprocess.run(command.split() if isinstance(command, str) else command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode:
        sys.exit(f"{command}: {done.stdout}")
    return done.stdout


def person(db, name, dn=None, **more):
    """Somebody with the password "Passw0rd.NAME"; an attribute of more may be a list."""
    dn = dn or f"CN={name},{USERS}"
    db.add({"dn": dn, "objectClass": "user", "sAMAccountName": name, "userPrincipalName": more.pop("upn", f"{name}@ad.test"), **more})
    db.setpassword(f"(sAMAccountName={name})", f"Passw0rd.{name}", force_change_at_next_login=False)
    return dn


def show_deleted(db, name):
    """This user may see what was deleted: what doc/ldap-watch.md says to do with dsacls."""
    import ldb
    from samba.dcerpc import security
    from samba.ndr import ndr_pack, ndr_unpack
    sid = ndr_unpack(security.dom_sid, db.search(base=BASE, expression=f"(sAMAccountName={name})", attrs=["objectSid"])[0]["objectSid"][0])
    place = f"CN=Deleted Objects,{BASE}"
    found = db.search(base=place, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=["show_deleted:1"])[0]
    rights, _, rest = ndr_unpack(security.descriptor, found["nTSecurityDescriptor"][0]).as_sddl().partition("(")
    rights = security.descriptor.from_sddl(f"{rights}(A;CI;LCRP;;;{sid})({rest}", security.dom_sid(db.get_domain_sid()))
    message = ldb.Message(ldb.Dn(db, place))
    message["rights"] = ldb.MessageElement(ndr_pack(rights), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
    db.modify(message, controls=["show_deleted:1", "sd_flags:1:4"])


def take_values(db, dn, *names):
    """Of an entry: name -> values; of all its attributes, if none is named."""
    import ldb
    entry = db.search(base=dn, scope=ldb.SCOPE_BASE)[0]
    return {name: [bytes(value) for value in entry[name]] for name in names or set(entry.keys()) - {"dn", "distinguishedName"}}


def message(db, dn, how, values):
    import ldb
    made = ldb.Message(ldb.Dn(db, dn))
    for name, each in values.items():
        made[name] = ldb.MessageElement(each, how, name)
    return made


def add_copies(db, like, names, last):
    """Their numbers of changes follow this last one."""
    values = take_values(db, f"CN={like},{USERS}")
    sid, changes, before = values["objectSid"][0], values["replPropertyMetaData"][0], struct.pack("<Q", int(values["uSNCreated"][0]))
    named = {name: each for name, each in values.items() if like.encode() in each[0]}
    for n, name in enumerate(names, 1):
        own = {"objectGUID": uuid.uuid4().bytes, "objectSid": sid[:-4] + struct.pack("<I", 1000000 + n), "uSNCreated": b"%d" % (last + n), "uSNChanged": b"%d" % (last + n),
               "replPropertyMetaData": changes.replace(before, struct.pack("<Q", last + n))}
        own |= {key: each[0].replace(like.encode(), name.encode()) for key, each in named.items()}
        db.add(message(db, f"CN={name},{USERS}", 0, values | {key: [value] for key, value in own.items()}))


def configure(mail, dc, base=BASE, profile="ad"):
    """This instance takes its people of school.test from the domain, as its user postroom."""
    mail.run("mailadm", "add", "domain", "school.test")
    for name, value in (("ldapbasedn", base), ("ldaplogin", f"CN=postroom,{USERS}"), ("ldapprofile", profile), ("ldappassword", "Passw0rd.postroom"),
                        ("ldaptimeout", "120"), ("domains/school.test", "addgroups: yes")):
        mail.control(name, value)
    with open(dc.ca) as file:
        mail.control("ldapca.pem", file.read())
    os.chown(f"{mail.home}/control/ldappassword", pwd.getpwnam("mail-ldap").pw_uid, 0)
    os.chmod(f"{mail.home}/control/ldappassword", 0o400)
    mail.control("ldapserver", dc.address)


class Domain:
    def __init__(self, folder, address, services="ldap"):
        self.folder, self.address, self.services, self.process = folder, address, services, None
        self.conf, self.ca = f"{folder}/etc/smb.conf", f"{folder}/ca.pem"

    def __enter__(self):
        os.makedirs(f"{self.folder}/run/ncalrpc")
        run(["samba-tool", "domain", "provision", f"--realm={REALM}", "--domain=ADT", "--server-role=dc", "--dns-backend=NONE",
             f"--adminpass={PASSWORD}", f"--targetdir={self.folder}", f"--host-ip={self.address}", "--host-name=dc1", "--use-rfc2307"])
        certificate.make(self.folder, self.address, "tls")
        self.configure()
        return self

    def __exit__(self, *_):
        self.stop()

    def configure(self):
        """LDAP alone, here alone. Simple binds need TLS, as Samba has it by default."""
        ours = {"server services": self.services, "disable netbios": "yes", "dns update command": "/bin/true", "interfaces": f"{self.address}/24", "bind interfaces only": "yes", "pid directory": f"{self.folder}/run",
                "ncalrpc dir": f"{self.folder}/run/ncalrpc", "log file": f"{self.folder}/log.%m", "tls certfile": f"{self.folder}/tls.pem",
                "tls keyfile": f"{self.folder}/tls.key", "tls cafile": self.ca}
        with open(self.conf) as file:
            lines = [line for line in file if line.split("=")[0].strip() not in ours]
        at = next(i for i, line in enumerate(lines) if line.strip() == "[global]") + 1
        lines[at:at] = [f"\t{key} = {value}\n" for key, value in ours.items()]
        with open(self.conf, "w") as file:
            file.writelines(lines)

    def database(self, *options):
        from samba.auth import system_session
        from samba.param import LoadParm
        from samba.samdb import SamDB
        conf = LoadParm()
        conf.load(self.conf)
        return SamDB(url=f"{self.folder}/private/sam.ldb", session_info=system_session(), lp=conf, options=list(options))

    def fill(self, what):
        db = self.database()
        db.transaction_start()
        what(db)
        db.transaction_commit()

    def multiply(self, name, names):
        """Others like this one of USERS, each with a name, ids and a number of a change of his own: thousands a second, where db.add makes 300, and
        fewer with each that is there. They are written below Samba's modules without indices, which Samba makes afterwards: 6 s for 10,000, 6 minutes for
        100,000."""
        import ldb
        part = ldb.Ldb(f"{self.folder}/private/sam.ldb.d/{BASE.upper()}.ldb", flags=ldb.FLG_DONT_CREATE_DB | ldb.FLG_NOSYNC)
        indices = take_values(part, "@INDEXLIST", "@IDXATTR", "@IDXONE")
        part.transaction_start()
        part.modify(message(part, "@INDEXLIST", ldb.FLAG_MOD_DELETE, dict.fromkeys(indices, [])))
        add_copies(part, name, names, self.take_numbers(len(names)))
        part.transaction_commit()
        del part
        db = self.database("nosync:1")
        db.transaction_start()
        db.modify(message(db, "@INDEXLIST", ldb.FLAG_MOD_REPLACE, indices))  # of each part
        db.transaction_commit()

    def take_numbers(self, count):
        """So many numbers of changes are used: those behind the one that is returned."""
        import tdb
        file = tdb.open(f"{self.folder}/private/sam.ldb.d/metadata.tdb")
        last = int(file.get(b"SEQ_NUM"))
        file.store(b"SEQ_NUM", b"%d" % (last + count))
        file.close()
        return last

    def answers(self, port):
        try:
            socket.create_connection((self.address, port), 1).close()
            return True
        except OSError:
            return False

    def start(self, model="single"):
        """As one process; "prefork" is what a domain controller is run as: a change is then made in another process than the one that is asked."""
        with open(f"{self.folder}/said", "w") as said:
            self.process = subprocess.Popen(["samba", "-s", self.conf, "-i", "-M", model], stdin=subprocess.PIPE,  # it ends when fd 0 does
                                            stdout=said, stderr=said)
        if not wait_until(lambda: all(map(self.answers, PORTS)) or self.process.poll() is not None, 120) or self.process.poll() is not None:
            with open(f"{self.folder}/said") as said:
                sys.exit("samba does not answer: " + said.read())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(300)
            wait_until(lambda: not any(map(self.answers, PORTS)), 60)  # its children end after it

    def change(self, ldif):
        """What the administrator changes, by LDAPS."""
        run(["ldapmodify", "-x", "-H", f"ldaps://{self.address}", "-D", f"CN=Administrator,CN=Users,{BASE}", "-w", PASSWORD],
            input=ldif, env={"LDAPTLS_CACERT": self.ca, "PATH": "/usr/bin:/bin"})

    def search(self, *words):
        return run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldaps://{self.address}", "-D", f"CN=Administrator,CN=Users,{BASE}",
                    "-w", PASSWORD, "-b", BASE, *words], env={"LDAPTLS_CACERT": self.ca, "PATH": "/usr/bin:/bin"})


class Joined(Domain):
    """Another controller of the same domain; the first one is started."""
    def __init__(self, folder, address, first):
        super().__init__(folder, address, REPLICATED)
        self.first = first

    def __enter__(self):
        os.makedirs(f"{self.folder}/run/ncalrpc")
        self.write_kerberos()
        self.first.start("prefork")
        run(["samba-tool", "domain", "join", REALM.lower(), "DC", *self.login(), "--server=dc1.ad.test", "--dns-backend=NONE", f"--targetdir={self.folder}",
             "--option=netbios name=DC2", f"--option=interfaces={self.address}/24", "--option=bind interfaces only=yes",
             f"--option=ncalrpc dir={self.folder}/run/ncalrpc", "--option=dns update command=/bin/true"])
        certificate.make(self.folder, self.address, "tls")
        self.configure()
        return self

    def login(self):
        return [f"-UADT/Administrator%{PASSWORD}"]

    def write_kerberos(self):
        """For this process and those that it starts: both controllers have a KDC."""
        with open(f"{self.folder}/krb5.conf", "w") as file:
            file.write(f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n"
                       f"[realms]\n {REALM} = {{\n  kdc = {self.first.address}\n  kdc = {self.address}\n }}\n")
        os.environ["KRB5_CONFIG"] = file.name

    def exchange(self):
        """Each has what the other one has: replicated now, and not when Samba thinks of it. Both are started."""
        for conf, to, source in (self.conf, "dc2", "dc1"), (self.first.conf, "dc1", "dc2"):
            run(["samba-tool", "drs", "replicate", "--local", to, source, BASE, "-s", conf, *self.login()])
