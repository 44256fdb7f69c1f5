#!/usr/bin/python3
# relay: an instance sends all mail for elsewhere to a central one, by the default relay rule: port 587, TLS, its own login
# (L-07, L-08, N-79, N-86). A wrong password or a certificate that is not accepted is told in qstat and loses nothing; a
# changed rule works at the next attempt (N-88).
import os, smtplib, ssl, subprocess, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for


def rule(office, central, password, tls):
    folder, name = f"{office.home}/control/relayrules", "10-central"
    os.makedirs(folder, exist_ok=True)
    with open(f"{office.home}/control/{name}.new", "w") as file:
        file.write(f"host: {central.address}\nport: {central.port(587)}\ntls: {tls}\n"
                   f"login: alice@example.test\npassword: {password}\n")
    os.chmod(file.name, 0o640)
    subprocess.run(["chown", "root:mail-tables", file.name], check=True)
    subprocess.run(["chown", "root:mail-tables", folder], check=True)
    os.rename(file.name, f"{folder}/{name}")
    said = office.run("tables-build")
    if office.code:
        print("# tables-build: " + said)


def submit(office, subject):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP(office.address, office.port(587), timeout=60) as smtp:
        smtp.starttls(context=context)
        smtp.login("alice@example.test", office.password("alice"))
        smtp.sendmail("alice@example.test", ["carol@central.test"], f"Subject: {subject}\r\n\r\n.dot\r\n")


def hung_up(office):
    """A kept connection has logged in already: waits until smtp-send has none."""
    pid = office.run("s6-svstat", "-o", "pid", f"{office.home}/service/smtp-send").strip()
    return wait_for(lambda: not subprocess.run(["pgrep", "-P", pid], capture_output=True).stdout)


def arrived(central, subject):
    return wait_for(lambda: [m for m in central.mail("carol", "central.test") if subject.encode() in m])


def waits(office, words):
    return wait_for(lambda: words in office.run("qstat"))


with Postroom(13) as office, Postroom(63) as central, Tap() as t:
    central.run("mailadm", "add", "domain", "central.test")
    central.run("mailadm", "add", "account", "carol@central.test", input="carol's password\n")
    password = central.password("alice")

    rule(office, central, password, "encrypt")
    submit(office, "by the relay")
    found = arrived(central, "by the relay")
    t.ok(found and b"\n.dot" in found[0], "mail for elsewhere goes to the central host", found, office.run("qstat"))
    t.matches(office.log("smtp-send"), r"to=carol@central.test outcome=done status=2\.\d\.\d remote=\S+:63587 tls=\"TLSv1.3 ",
              "over TLS, as the log tells")
    t.ok(found and b"alice" in found[0], "with the login that the central host knows", found)

    t.ok(hung_up(office), "an idle connection is ended")
    rule(office, central, "not the password", "encrypt")
    submit(office, "wrong password")
    t.ok(waits(office, "10-central"), "a refused login is told, with the rule's name", office.run("qstat"))
    rule(office, central, password, "verify")
    office.run("qctl", "retry", "--all")
    t.ok(waits(office, "certificate"), "a certificate of nobody's is not accepted when the rule says verify", office.run("qstat"))
    rule(office, central, password, "encrypt")
    office.run("qctl", "retry", "--all")
    t.ok(arrived(central, "wrong password"), "nothing was lost: the changed rule works at the next attempt", office.run("qstat"))
    t.is_(office.queue(), [], "the queue is empty")
