"""Policy from both sides: a case is asked over real SMTP at the running instance, and of whatif; both must say the same.

    ask = Policy(mail, t)
    ask.files({"addresses/info": "to: bob@example.test"})
    ask.case("N-38 a generic address", "info@example.test", "250 2.1.5 Ok", leads=["bob@example.test"], ip="127.0.36.9")

A client's address is given as the source of its connection, so that control/mynetworks and the like count."""
import os, re, shutil, smtplib, ssl, subprocess

ANN = "ann@outside.example"


class Policy:
    def __init__(self, mail, t):
        self.mail, self.t = mail, t

    def files(self, files):
        """Writes control files (None: removes) and builds the tables."""
        for name, content in files.items():
            path = f"{self.mail.home}/control/{name}"
            if content is None:
                if os.path.exists(path):
                    os.remove(path)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path + ".new", "w") as file:
                file.write(content if content.endswith("\n") or not content else content + "\n")
            os.chmod(path + ".new", 0o640)
            shutil.chown(path + ".new", "root", "mail-tables")
            if "/" not in name:
                os.chmod(path + ".new", 0o644)
            os.rename(path + ".new", path)
        return self.build()

    def build(self):
        said = self.mail.run("tables-build")
        if self.mail.code:
            print("# tables-build: " + said.replace("\n", "\n# "))
        return said

    def edit_account(self, user, *lines):
        """Lines of a user's LDIF, instead of those of the same names."""
        path = f"{self.mail.home}/directory/{user}@example.test.ldif"
        names = {line.split(":")[0] for line in lines}
        with open(path) as file:
            kept = [old for old in file.read().rstrip("\n").split("\n") if old.split(":")[0] not in names]
        with open(path + ".new", "w") as file:
            file.write("\n".join(kept + [line for line in lines if line.split(":", 1)[1].strip()]) + "\n")
        os.chmod(path + ".new", 0o640)
        shutil.chown(path + ".new", "root", "mail-tables")
        os.rename(path + ".new", path)
        return self.build()

    def open(self, port=25, ip=None, login=None, password=None, tls=False, helo="client.example", certificate=None):
        """A session, greeted and, if asked for, encrypted (certificate: the client's, its files) and logged in."""
        source = (ip, 0) if ip else None
        kind = smtplib.LMTP if port == 24 else smtplib.SMTP
        host, number = self.mail.address, self.mail.port(port)
        context = ssl._create_unverified_context()
        if certificate:
            context.load_cert_chain(*certificate)
        if port == 465:
            client = smtplib.SMTP_SSL(host, number, local_hostname=helo, timeout=300, source_address=source, context=context)
        else:
            client = kind(host, number, local_hostname=helo, source_address=source, **({} if port == 24 else {"timeout": 60}))
        client.ehlo_or_helo_if_needed()
        if (port == 587 or tls) and port != 465:
            client.starttls(context=context)
            client.ehlo()
        if login:
            client.login(login if "@" in login else f"{login}@example.test", password or self.mail.password(login.split("@")[0]))
        return client

    def smtp(self, sender, to, **how):
        """The reply that decides: to MAIL if it refuses, else to RCPT."""
        client = self.open(**how)
        code, text = client.mail(sender)
        if code == 250:
            code, text = client.rcpt(to)
        try:
            client.rset(), client.quit()
        except smtplib.SMTPException:
            pass
        return f"{code} {text.decode()}"

    def whatif(self, sender, to, port=None, ip=None, login=None, password=None, tls=False, helo=None, certificate=None):
        words = [sender, to]
        if login:
            words += ["--login", login if "@" in login else f"{login}@example.test"]
        if certificate:
            words += ["--fingerprint", self.fingerprint(certificate[0])]
        for name, value in (("--port", port and str(port)), ("--ip", ip or self.mail.address), ("--helo", helo)):
            words += [name, value] if value else []
        return self.mail.run("whatif", *words, *(["--tls"] if tls else []))

    @staticmethod
    def fingerprint(path):
        """SHA-256 of a certificate, as whatif takes it."""
        said = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True, text=True)
        return said.stdout.strip().split("=")[1].replace(":", "").lower()

    @staticmethod
    def reply_of(said):
        """The first of client, sender and recipient that is refused, or the recipient's."""
        replies = re.findall(r"^(?:client|sender|recipient) +(\d.*)$", said, re.M)
        return next((r for r in replies if r[0] != "2"), replies[-1] if replies else None)

    @staticmethod
    def leads_of(said):
        """Where it goes: addresses; copies begin with copy:, what has a folder ends with /folder."""
        found = []
        for name, value in re.findall(r"^(destination|copy|folder) +(\S+)", said, re.M):
            if name == "folder":
                found[-1] += "/" + value
            else:
                found.append(("copy:" if name == "copy" else "") + value)
        return sorted(found)

    def case(self, what, to, expected, sender=ANN, leads=None, rule=None, **how):
        """expected: the whole reply, with A for the recipient. leads: where whatif says it goes, in any order."""
        expected = expected.replace("<A>", f"<{to}>")
        over_smtp, said = self.smtp(sender, to, **how), self.whatif(sender, to, **how)
        faults = []
        if over_smtp != expected:
            faults.append(f"SMTP:     {over_smtp}")
        if self.reply_of(said) != expected:
            faults.append(f"whatif:   {self.reply_of(said)}")
        if leads is not None and self.leads_of(said) != sorted(leads):
            faults.append(f"leads to: {self.leads_of(said)}, not {sorted(leads)}")
        if rule and not re.search(r"rule " + rule, said):
            faults.append(f"no rule {rule}")
        self.t.ok(not faults, what, f"expected: {expected}", *faults, said)

    def send(self, sender, to, subject, **how):
        """A whole message; the id under which it is queued."""
        client = self.open(**how)
        client.mail(sender)
        for address in [to] if isinstance(to, str) else to:
            code, text = client.rcpt(address)
            if code != 250:
                raise smtplib.SMTPResponseException(code, text)
        code, text = client.data(f"From: <{sender}>\nSubject: {subject}\n\nHello\n")
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        client.quit()
        return text.decode().split()[-1]
