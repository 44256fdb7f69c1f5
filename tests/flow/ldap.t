#!/usr/bin/python3
# ldap: a school's users come from slapd (rfc2307, STARTTLS, a CA of its own) into a running instance; mail and logins work
# by stored hash and by binding; a change is seen by the next MAIL FROM of an open session; with slapd stopped all mail
# flows on, and a pass of ldapsync changes nothing. (issue 2, 9; L-03, L-04, L-06, P-21, check 57)
import imaplib, os, pwd, smtplib, socket, ssl, subprocess, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

BASE, PORT = "dc=school,dc=test", 31389


def shell(command, **options):
    subprocess.run(command.split(), check=True, capture_output=True, **options)


class Slapd:
    """A directory server with a few people, its certificate from a CA made here."""

    def __init__(self, mail):
        self.address, self.folder = mail.address, f"{mail.folder}/slapd"
        os.makedirs(self.folder + "/db")
        key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        with open(f"{self.folder}/ext", "w") as file:
            file.write(f"subjectAltName=IP:{mail.address}\n")
        for command in (f"openssl req -x509 {key} -subj /CN=ca -days 2 -keyout ca.key -out ca.pem",
                        f"openssl req {key} -subj /CN=ldap -keyout key -out csr",
                        "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert"):
            shell(command, cwd=self.folder)
        with open(f"{self.folder}/conf", "w") as file:
            file.write("".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson"))
                       + f"""modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {self.folder}/ca.pem
TLSCertificateFile {self.folder}/cert
TLSCertificateKeyFile {self.folder}/key
security simple_bind=128
database mdb
suffix {BASE}
directory {self.folder}/db
rootdn cn=admin,{BASE}
rootpw admin
access to attrs=userPassword by dn.base=cn=postroom,{BASE} read by anonymous auth
access to * by dn.base=cn=postroom,{BASE} read by * none
""")

    def fill(self, people):
        entries = [f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: school\no: x\n",
                   f"dn: cn=postroom,{BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: postroom\nuserPassword: reader\n"]
        for number, (name, password) in enumerate(people):
            entries.append(f"dn: uid={name},{BASE}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: {name}\ncn: {name}\nsn: {name}\n"
                           f"mail: {name}@school.test\nuidNumber: {31000 + number}\ngidNumber: 5000\nhomeDirectory: /nowhere\nuserPassword: {password}\n")
        subprocess.run(["slapadd", "-q", "-f", f"{self.folder}/conf"], input="\n".join(entries), text=True, check=True)

    def answers(self):
        try:
            socket.create_connection((self.address, PORT), 1).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        self.process = subprocess.Popen(["slapd", "-f", f"{self.folder}/conf", "-h", f"ldap://{self.address}:{PORT}", "-d", "0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(300)

    def modify(self, name, change):
        subprocess.run(["ldapmodify", "-x", "-ZZ", "-H", f"ldap://{self.address}:{PORT}", "-D", f"cn=admin,{BASE}", "-w", "admin"],
                       input=f"dn: uid={name},{BASE}\nchangetype: modify\n{change}\n", text=True, check=True, capture_output=True,
                       env={"LDAPTLS_CACERT": f"{self.folder}/ca.pem", "PATH": "/usr/bin:/bin"})


def configure(mail, slapd):
    for name, value in (("ldapserver", f"{mail.address}:{PORT}"), ("ldapbasedn", BASE), ("ldaplogin", f"cn=postroom,{BASE}"), ("ldaptimeout", "5")):
        mail.control(name, value)
    with open(f"{slapd.folder}/ca.pem") as file:
        mail.control("ldapca.pem", file.read())
    mail.control("ldappassword", "reader")
    os.chown(f"{mail.home}/control/ldappassword", pwd.getpwnam("mail-ldap").pw_uid, 0)
    os.chmod(f"{mail.home}/control/ldappassword", 0o400)
    mail.run("mailadm", "add", "domain", "school.test")


def imap(mail, user, password):
    """The number of messages in the user's INBOX, or what the server said instead."""
    box = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=ssl._create_unverified_context())
    try:
        box.login(user, password)
        count = int(box.select()[1][0])
        box.logout()
        return count
    except imaplib.IMAP4.error as error:
        box.shutdown()
        return str(error)


def send(mail, to, subject):
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as client:
        client.sendmail("ann@outside.example", [to], f"Subject: {subject}\r\n\r\nx\r\n")


def submit(mail, user, password, to, subject):
    with smtplib.SMTP(mail.address, mail.port(587), timeout=300) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login(user, password)
        client.sendmail(user, [to], f"Subject: {subject}\r\n\r\nx\r\n")


with Postroom(31) as mail, Tap() as t:
    slapd = Slapd(mail)
    stored = mail.run("password-hash", input="known to the tables\n").split()[0]
    slapd.fill([("hanna", stored), ("bert", "known to slapd")])
    with slapd:
        configure(mail, slapd)
        said = mail.run("ldapsync")
        t.is_(mail.code, 0, "one pass of ldapsync, as cron starts it")
        t.ok("hanna@school.test" in mail.run("mailadm", "list", "accounts"), "its people are accounts", said)
        for user in ("hanna", "bert"):
            send(mail, f"{user}@school.test", f"to {user}")
            t.ok(wait_for(lambda: mail.mail(user, "school.test")), f"L-06 mail from outside reaches {user}")
        t.is_(os.stat(f"{mail.home}/mail/school.test/bert").st_uid, 31001, "in a mailbox with the uidNumber of the directory")
        t.is_(imap(mail, "hanna@school.test", "known to the tables"), 1, "a login by the stored hash")
        t.is_(imap(mail, "bert@school.test", "known to slapd"), 1, "L-04 a login by binding to slapd over STARTTLS")
        t.matches(str(imap(mail, "bert@school.test", "wrong")), "AUTHENTICATIONFAILED", "a wrong password does not bind")
        submit(mail, "bert@school.test", "known to slapd", "hanna@school.test", "from bert")
        t.ok(wait_for(lambda: any(b"from bert" in m for m in mail.mail("hanna", "school.test"))), "bert sends by submission")

        client = smtplib.SMTP(mail.address, mail.port(25), timeout=300)
        client.ehlo()
        client.mail("ann@outside.example")
        t.is_(client.rcpt("headmistress@school.test")[0], 550, "an address that nobody has yet")
        slapd.modify("hanna", "add: mail\nmail: headmistress@school.test")
        mail.run("ldapsync")
        client.rset()
        client.mail("ann@outside.example")
        t.is_(client.rcpt("headmistress@school.test")[0], 250, "a changed attribute is seen by the next MAIL FROM of the open session")
        client.quit()

        slapd.stop()
        before = os.readlink(f"{mail.home}/tables/current")
        said = mail.run("ldapsync")
        t.is_((mail.code, os.readlink(f"{mail.home}/tables/current")), (111, before), "check 57: slapd is down: ldapsync says so and changes nothing")
        t.matches(said, rf"{mail.address}|server", "and names the server")
        send(mail, "headmistress@school.test", "no directory")
        t.ok(wait_for(lambda: any(b"no directory" in m for m in mail.mail("hanna", "school.test"))), "P-21 mail from outside flows on")
        submit(mail, "hanna@school.test", "known to the tables", "bert@school.test", "still here")
        t.ok(wait_for(lambda: any(b"still here" in m for m in mail.mail("bert", "school.test"))), "so does submission, by the stored hash")
        t.is_(imap(mail, "hanna@school.test", "known to the tables"), 3, "and IMAP")
        t.matches(str(imap(mail, "bert@school.test", "known to slapd")), "UNAVAILABLE", "who must be asked at slapd is told to try later")
        t.is_(mail.queue(), [], "nothing waits")
