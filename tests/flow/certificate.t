#!/usr/bin/python3
# certificate: people log in by their certificate, SASL EXTERNAL (RFC 4422 A), over IMAP and submission: known by its fingerprint, or by an authority that vouches for the
# address in it; whose it is not, who may not; what a server that was taken over cannot say. (N-112, 2.4, S-21; checks 15, 55)
import base64, ctypes, fcntl, imaplib, os, pwd, re, smtplib, socket, ssl, subprocess, sys

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for
from stsworld import Authority, openssl

BOB, ALICE = "bob@example.test", "alice@example.test"
REFUSED = "535 5.7.8 Error: authentication failed"


def own(folder, name):
    """A certificate that its owner has signed himself, for bob's address: the paths."""
    path = f"{folder}/{name}"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName=email:{BOB}",
            "-keyout", path + ".key", "-out", path + ".pem")
    return path + ".pem", path + ".key"


def issued(ca, name, *alternatives, dates=("-days", "30"), more=""):
    path = f"{ca.folder}/{ca.name}-{name}"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}/emailAddress={BOB}", "-keyout", path + ".key", "-out", path + ".csr")
    with open(path + ".ext", "w") as file:
        file.write(f"subjectAltName={','.join(alternatives)}\n{more}\n")
    openssl("x509", "-req", "-in", path + ".csr", "-CA", ca.pem, "-CAkey", f"{ca.folder}/{ca.name}.key", *dates, "-extfile", path + ".ext", "-out", path + ".pem")
    return path + ".pem", path + ".key"


def chained(ca, issuer, name, address):
    """One that the owner of another certificate has issued with it, as if he were an authority; he shows both."""
    path = f"{ca.folder}/{name}"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", path + ".key", "-out", path + ".csr")
    with open(path + ".ext", "w") as file:
        file.write(f"subjectAltName=email:{address}\n")
    openssl("x509", "-req", "-in", path + ".csr", "-CA", issuer[0], "-CAkey", issuer[1], "-set_serial", "77", "-days", "30", "-extfile", path + ".ext", "-out", path + ".pem")
    with open(path + ".pem", "a") as both, open(issuer[0]) as file:
        both.write(file.read())
    return path + ".pem", path + ".key"


def namesake(ca):
    """An authority with the name of this one, and another key."""
    subject = subprocess.run(["openssl", "x509", "-in", ca.pem, "-noout", "-subject", "-nameopt", "RFC2253"], capture_output=True, text=True, check=True).stdout.strip().split("=", 1)[1]
    path = f"{ca.folder}/namesake"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/" + subject.replace(",", "/"), "-keyout", path + ".key", "-out", path + ".pem")
    return path + ".pem", path + ".key"


def fingerprint(paths):
    return subprocess.run(["openssl", "x509", "-in", paths[0], "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True, check=True).stdout.strip().split("=")[1]


def context(paths=None):
    c = ssl._create_unverified_context()
    if paths:
        c.load_cert_chain(*paths)
    return c


def smtp(mail, paths, said=b"", port=465):
    """Is it offered, and the answer."""
    with smtplib.SMTP_SSL(mail.address, mail.port(port), context=context(paths)) as client:
        client.ehlo()
        code, words = client.docmd("AUTH", "EXTERNAL " + (base64.b64encode(said).decode() or "="))
        return "EXTERNAL" in client.esmtp_features["auth"], f"{code} {words.decode()}"


def imap(mail, paths, said=b""):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=context(paths))
    try:
        offered = "AUTH=EXTERNAL" in client.capabilities
        client.authenticate("EXTERNAL", lambda _: said)
        return offered, client.select()[0]
    except imaplib.IMAP4.error as error:
        return offered, re.sub(r"^.*?\[(\w+)\].*", r"\1", str(error))
    finally:
        client.shutdown()


def asks(mail, port):
    """Does the server ask for a certificate?"""
    said = subprocess.run(["openssl", "s_client", "-connect", f"{mail.address}:{mail.port(port)}", "-tls1_2", "-trace"], input=b"", capture_output=True).stdout
    return b"CertificateRequest" in said


def tables(mail, name, lines):
    if lines is None:
        os.remove(f"{mail.home}/control/{name}")
    else:
        mail.control(name, lines)
    mail.run("tables-build")


def by_fingerprint(mail, t, known, stranger):
    t.is_([asks(mail, 993), asks(mail, 465)], [False, False], "nobody is known by a certificate: none is asked for")
    t.is_((smtp(mail, known), imap(mail, known)), ((False, "504 5.5.4 The mechanism is not offered"), (False, "CANNOT")), "... and EXTERNAL is not offered, nor taken")
    tables(mail, "certificates", f"{fingerprint(known)} {BOB}\n")
    t.is_([asks(mail, 993), asks(mail, 465)], [True, True], "S-21: with control/certificates it is asked for")
    t.is_(smtp(mail, known)[1][:3], "235", "submission: bob logs in by his certificate")
    t.is_(imap(mail, known), (True, "OK"), "IMAP: EXTERNAL is offered to him, and he is in his mailbox")
    t.is_((smtp(mail, known, BOB.encode())[1][:3], imap(mail, known, b"Bob@Example.Test")), ("235", (True, "OK")), "... also if he says who he is")
    t.is_((smtp(mail, known, ALICE.encode())[1], imap(mail, known, ALICE.encode())[1]), (REFUSED, "AUTHENTICATIONFAILED"), "2.5: but not as alice")
    t.is_((smtp(mail, stranger), imap(mail, stranger)), ((False, "504 5.5.4 The mechanism is not offered"), (False, "CANNOT")),
          "a certificate that nobody knows, with bob's address in it: EXTERNAL is not offered")
    t.is_((smtp(mail, None), imap(mail, None)), ((False, "504 5.5.4 The mechanism is not offered"), (False, "CANNOT")), "none: the same")
    with smtplib.SMTP(mail.address, mail.port(587)) as client:
        client.ehlo()
        t.ok("EXTERNAL" not in client.esmtp_features.get("auth", ""), "in clear it is not offered")
        client.starttls(context=context(known))
        client.ehlo()
        t.is_(client.docmd("AUTH", "EXTERNAL")[0], 334, "after STARTTLS, without an initial response: a challenge")
        t.is_(client.docmd("")[0], 235, "... an empty answer")
    code = mail.run("curl", "-sk", "--cert", known[0], "--key", known[1], "--login-options", "AUTH=EXTERNAL", "--user", f"{BOB}:", f"imaps://{mail.address}:{mail.port(993)}/INBOX")
    t.is_(mail.code, 0, "curl logs in by EXTERNAL")
    os.makedirs(f"{mail.home}/control/mailboxes", exist_ok=True)
    tables(mail, f"mailboxes/{BOB}", "imap: no\n")
    t.is_((imap(mail, known)[1], smtp(mail, known)[1][:3]), ("AUTHENTICATIONFAILED", "235"), "P-11: imap: no is no for a certificate; he may send")
    tables(mail, f"mailboxes/{BOB}", None)
    tables(mail, "certificates", f"{fingerprint(known)} nobody@example.test\n")
    t.is_(imap(mail, known)[1], "AUTHENTICATIONFAILED", "a certificate of a login that is not there")
    mail.control("certificates", "abc bob\n")
    said = mail.run("tables-build")
    t.ok(mail.code == 100 and "control/certificates line 1: the first word is no SHA-256 in hex" in said, "what is no fingerprint is not published", said)
    tables(mail, "certificates", None)


def by_authority(mail, t, ca, stranger):
    other = Authority(mail.folder, "other")
    with open(ca.pem) as file:
        mail.control("clientca", file.read())
    good = issued(ca, "good", f"email:{BOB}")
    t.is_(asks(mail, 993), True, "with control/clientca a certificate is asked for")
    t.is_((imap(mail, good), smtp(mail, good)), ((True, "OK"), (True, "235 2.7.0 Authentication successful")), "an authority vouches for bob's address: he is in")
    t.is_(imap(mail, issued(ca, "two", "DNS:x.example", f"email:x@example.org,email:BOB@example.test")), (True, "OK"), "... one of several names, in other letters")
    t.is_(imap(mail, issued(ca, "both", f"email:{BOB},email:{ALICE}"), ALICE.encode()), (True, "OK"), "one with two addresses, as the second one")
    middle = issued(ca, "middle", "DNS:middle.example", more="basicConstraints=critical,CA:TRUE")
    t.is_(imap(mail, chained(ca, middle, "below", BOB)), (True, "OK"), "one of an authority below, which is shown with it")
    bad = {"of another authority": issued(other, "good", f"email:{BOB}"), "signed by himself": stranger, "that has expired": issued(ca, "old", f"email:{BOB}", dates=("-days", "-1")),
           "that bob has issued for alice": chained(ca, good, "bobs", ALICE), "of an authority of the same name": chained(ca, namesake(ca), "named", BOB),
           "for servers alone": issued(ca, "server", f"email:{BOB}", more="extendedKeyUsage=serverAuth"), "with the address in its subject alone": issued(ca, "bare", "DNS:x.example"),
           "with the address as a DNS name": issued(ca, "dns", "DNS:bob.example.test")}
    t.is_({why: imap(mail, paths) for why, paths in bad.items()}, dict.fromkeys(bad, (False, "CANNOT")), "a certificate " + ", ".join(bad) + ": EXTERNAL is not offered")
    t.is_(imap(mail, issued(ca, "none", "email:nobody@example.test")), (True, "AUTHENTICATIONFAILED"), "an address that nobody has")
    t.is_(imap(mail, good, ALICE.encode())[1], "AUTHENTICATIONFAILED", "... not as alice")
    return good


class Lister:
    """An authority with lists of what it has revoked, by openssl ca."""

    def __init__(self, folder, name, issuer=None):
        self.folder, self.name, self.pem, self.base = folder, name, f"{folder}/{name}.pem", f"{folder}/{name}"
        usage = "keyUsage=critical,keyCertSign,cRLSign"
        if issuer:
            pem, key = issued(issuer, name, f"DNS:{name}.example", more=f"basicConstraints=critical,CA:TRUE\n{usage}")
            os.rename(pem, self.pem), os.rename(key, self.base + ".key")
        else:
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN=Test {name}", "-addext", usage,
                    "-keyout", self.base + ".key", "-out", self.pem)
        with open(self.base + ".conf", "w") as file:
            file.write(f"[ca]\ndefault_ca=x\n[x]\ndatabase={self.base}.index\ncrlnumber={self.base}.number\ndefault_md=sha256\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n")
        open(self.base + ".index", "w").close()
        with open(self.base + ".number", "w") as file:
            file.write("01\n")

    def ca(self, *words):
        openssl("ca", "-config", self.base + ".conf", "-cert", self.pem, "-keyfile", self.base + ".key", *words)

    def revoke(self, paths):
        self.ca("-revoke", paths[0])

    def list(self, *until):
        self.ca("-gencrl", *(until or ("-crldays", "30")), "-out", self.base + ".crl")
        with open(self.base + ".crl") as file:
            return file.read()


def publish(mail, lists):
    """As it should be done: by mv."""
    mail.control("clientcrl.new", lists)
    os.rename(f"{mail.home}/control/clientcrl.new", f"{mail.home}/control/clientcrl")


class Visit:
    """TLS 1.2 sessions of one client, each going on from the one before if it can."""

    def __init__(self, mail, paths):
        self.mail, self.context, self.session = mail, context(paths), None
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2

    def again(self):
        """Did it go on from the one before; is EXTERNAL offered?"""
        with socket.create_connection((self.mail.address, self.mail.port(993))) as connection, self.context.wrap_socket(connection, session=self.session) as tls:
            greeting = tls.recv(4096)
            self.session = tls.session
            return tls.session_reused, b"AUTH=EXTERNAL" in greeting


IN, OUT = (True, "OK"), (False, "CANNOT")


def revoked(mail, t):
    root = Lister(mail.folder, "root")
    middle = Lister(mail.folder, "below", root)
    with open(root.pem) as file:
        mail.control("clientca", file.read())
    good, lost = issued(root, "kept", f"email:{BOB}"), issued(root, "lost", f"email:{BOB}")
    t.is_((imap(mail, good), imap(mail, lost)), (IN, IN), "without control/clientcrl nobody is asked for lists")
    visit = Visit(mail, lost)
    t.is_([visit.again(), visit.again()], [(False, True), (True, True)], "... a session goes on from another one")
    root.revoke(lost)
    publish(mail, root.list())
    t.is_(visit.again(), (False, False), "N-112: revoked in control/clientcrl: no session goes on from before, and EXTERNAL is not offered")
    t.is_((imap(mail, lost), imap(mail, good), smtp(mail, lost)[1][:3]), (OUT, IN, "504"), "... nor taken; the other one is in")
    t.ok(wait_for(lambda: re.search(f'not-vouched reason="certificate revoked" fingerprint={fingerprint(lost).replace(":", "").lower()}', mail.log("tls-server"))), "... the log says why, and which")
    tables(mail, "certificates", f"{fingerprint(lost)} {BOB}\n")
    t.is_(imap(mail, lost), IN, "a certificate of control/certificates is no authority's to revoke")
    tables(mail, "certificates", None)

    leaf = issued(middle, "leaf", f"email:{BOB}")
    with open(leaf[0], "a") as both, open(middle.pem) as file:
        both.write(file.read())
    t.is_(imap(mail, leaf), OUT, "of an authority below that has no list: nobody")
    t.ok(wait_for(lambda: "unable to get certificate CRL" in mail.log("tls-server")), "... which the log says")
    publish(mail, middle.list() + root.list())
    t.is_((imap(mail, leaf), imap(mail, lost), imap(mail, good)), (IN, OUT, IN), "the lists of both in one file")
    root.revoke((middle.pem,))
    publish(mail, middle.list() + root.list())
    t.is_((imap(mail, leaf), imap(mail, good)), (OUT, IN), "the authority below is revoked itself")

    def closed(why):
        t.is_((imap(mail, good), imap(mail, lost), smtp(mail, good)[0]), (OUT, OUT, False), why + ": nobody is believed")

    publish(mail, root.list("-crl_lastupdate", "20240101000000Z", "-crl_nextupdate", "20240201000000Z"))
    closed("a list that has expired")
    t.ok(wait_for(lambda: "revocations-expired file=control/clientcrl" in mail.log("tls-server")), "... the log says so")
    publish(mail, Lister(mail.folder, "another").list())
    closed("the list of another authority")
    publish(mail, "")
    closed("an empty file")
    publish(mail, root.list()[:-60])
    closed("one that is cut off")
    t.ok(wait_for(lambda: 'authorities-refused error="unable to use the revocations in control/clientcrl: ' in mail.log("tls-server")), "... the log says so")
    publish(mail, root.list())
    t.is_(imap(mail, good), IN, "a good one")
    os.chmod(f"{mail.home}/control/clientcrl", 0o600)
    os.utime(f"{mail.home}/control/clientcrl")
    closed("one that tls-server may not read")
    os.remove(f"{mail.home}/control/clientcrl")
    os.symlink("nothing", f"{mail.home}/control/clientcrl")
    closed("a link that leads nowhere")
    forged = root.list().splitlines()
    forged[2] = ("A" if forged[2][0] != "A" else "B") + forged[2][1:]
    publish(mail, "\n".join(forged) + "\n")
    closed("one whose signature is wrong")

    publish(mail, root.list("-crlsec", "20"))
    visit = Visit(mail, good)
    t.is_((visit.again()[1], visit.again()), (True, (True, True)), "one that is good for 20 seconds")
    told = mail.log("tls-server").count("revocations-expired")
    t.ok(wait_for(lambda: visit.again() == (False, False)), "... after them EXTERNAL is not offered any more, nor does a session go on")
    t.ok(wait_for(lambda: mail.log("tls-server").count("revocations-expired") == told + 1), "... the log says so, once")
    os.remove(f"{mail.home}/control/clientcrl")
    t.is_(imap(mail, lost), IN, "no control/clientcrl: nobody is asked for lists, as before")


def by_directory(mail, t, known, other):
    """The certificates that a directory server has of people, with the overlay profile certificate."""
    def people(**certificates):
        entries = []
        for name, values in certificates.items():
            entries.append(f"dn: uid={name},dc=x\nentryUUID: k-{name}\nobjectClass: inetOrgPerson\nuid: {name}\nmail: {name}@example.test\n" + "".join(v + "\n" for v in values))
        with open(f"{mail.home}/state/directory/server.ldif", "w") as file:
            file.write("version: 1\n\n" + "\n".join(entries))
        mail.run("tables-build")

    def der(paths):
        return "userCertificate;binary:: " + base64.b64encode(subprocess.run(["openssl", "x509", "-in", paths[0], "-outform", "DER"], capture_output=True, check=True).stdout).decode()

    tables(mail, "ldapprofile", "rfc2307\n")
    people(carol=[der(known)])
    t.is_((asks(mail, 993), imap(mail, known)), (False, OUT), "2.4: a certificate that the directory has of somebody: without the overlay it is nobody's")
    tables(mail, "ldapprofile", "rfc2307\ncertificate\n")
    t.is_((asks(mail, 993), imap(mail, known), smtp(mail, known)[1][:3], imap(mail, other)), (True, IN, "235", OUT), "with the profile certificate she logs in by it")
    t.ok(wait_for(lambda: "login result=yes reason=certificate login=carol@example.test" in mail.log("auth-server")), "... as herself")
    t.is_((imap(mail, known, b"carol"), imap(mail, known, BOB.encode())[1]), (IN, "AUTHENTICATIONFAILED"), "... as who she says, not as bob")
    people(carol=[der(known), "userCertificate: " + fingerprint(other)])
    t.is_((imap(mail, known), imap(mail, other)), (IN, IN), "two, the second one by its SHA-256")
    people(carol=[der(other)])
    t.is_((imap(mail, known), imap(mail, other)), (OUT, IN), "another one in its place: the old one is nobody's at once")
    people(carol=[der(known)], dave=[der(known)])
    t.is_(imap(mail, known), OUT, "one that two entries have is nobody's: whoever writes another's into his own gets nobody in")
    os.remove(f"{mail.home}/state/directory/server.ldif")
    tables(mail, "ldapprofile", None)
    t.is_((asks(mail, 993), imap(mail, known)), (False, OUT), "they are gone")


def identity_file(words, seals=15):
    fd = os.memfd_create("identity", os.MFD_ALLOW_SEALING)
    os.write(fd, words)
    fcntl.fcntl(fd, 1033, seals)  # F_ADD_SEALS
    return fd


def tell(mail, fd, mechanism="EXTERNAL", response="="):
    """What auth-server answers to a server that brings this file: as root, who may call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as call:
        call.connect(f"{mail.home}/run/auth-server")
        socket.send_fds(call, [f"service=imap\0mechanism={mechanism}\0ip=192.0.2.1\0tls=yes\0response={response}\0".encode()], [fd])
        return call.recv(65536).decode().split("\0")[:-1]


def uncounted(mail, t, fd):
    """fd: that it is bob."""
    alice = base64.b64encode(ALICE.encode()).decode()
    t.is_([tell(mail, fd, response=alice) for turn in range(6)], [["answer=no"]] * 6, "who shows a wrong certificate at each login is refused")
    t.is_(mail.run("mailadm", "auth"), "", "... and guesses nothing: it is counted neither for the name nor for the network, where others sit")
    for turn in range(3):
        tell(mail, fd, "PLAIN", base64.b64encode(b"\0%s\0wrong%d" % (ALICE.encode(), turn)).decode())
    mail.control("authblock", "2\n")
    t.matches(" ".join(tell(mail, fd, "PLAIN", base64.b64encode(f"\0{ALICE}\0{ALICE}".encode()).decode())), "^answer=later", "a network that is refused")
    t.matches(" ".join(tell(mail, fd)), f"^answer=yes name={BOB}", "... where a certificate is as good as before")
    os.remove(f"{mail.home}/control/authblock")
    mail.run("mailadm", "auth", "clear", "all")


def forged(mail, t):
    words = f"fingerprint={'0' * 64}\0address={BOB}\0".encode()
    tls = pwd.getpwnam("mail-tls").pw_uid
    fd = identity_file(words)
    t.is_(tell(mail, fd), ["answer=no", "error=unknown mechanism"], "check 55: what a server says of a certificate is not believed: it is not tls-server's word")
    os.close(fd)
    fd = identity_file(words, 0)
    os.fchown(fd, tls, 0)  # as root can, and no server
    t.is_(tell(mail, fd), ["answer=no", "error=unknown mechanism"], "... nor what can still be changed")
    fcntl.fcntl(fd, 1033, 15)
    mail.run("mailadm", "auth", "clear", "all")
    uncounted(mail, t, fd)
    t.matches(" ".join(tell(mail, fd)), f"^answer=yes name={BOB}", "... what is tls-server's, and whole, is")
    os.close(fd)


with Postroom(5) as mail, Tap() as t:
    mail.control("authproxies", f"{mail.address}\n")
    mail.restart("auth-server")
    ca, known, stranger = Authority(mail.folder), own(mail.folder, "known"), own(mail.folder, "stranger")
    by_fingerprint(mail, t, known, stranger)
    by_directory(mail, t, known, stranger)
    good = by_authority(mail, t, ca, stranger)
    revoked(mail, t)
    with open(ca.pem) as file:
        mail.control("clientca", file.read())
    forged(mail, t)
    os.remove(f"{mail.home}/control/clientca")
    t.is_(imap(mail, good), (False, "CANNOT"), "without control/clientca nobody is vouched for")
    mail.control("clientca", "nonsense\n")
    t.is_(imap(mail, good), (False, "CANNOT"), "one that is none: the same")
    t.ok(wait_for(lambda: "authorities-refused" in mail.log("tls-server")), "... and the log says so")
    t.ok(wait_for(lambda: re.search(r"login result=yes reason=certificate login=bob@example.test .*mechanism=EXTERNAL", mail.log("auth-server"))), "auth-server's log says how he logged in")
