#!/usr/bin/python3
# mailadm import ldap-table, end to end: the ldap_table(5) files of a Postfix, a slapd that they ask, and then ldapsync with what was made
# of them. For each address Postfix's own postmap says where it leads (if Debian's postfix-ldap is there), and whatif says the same.
# Then service/first instead (N-10, N-11, N-13).
import os, shutil, smtplib, subprocess, sys

sys.path.insert(0, "tests/flow")
sys.dont_write_bytecode = True
from postroom import Postroom, Tap, wait_for
from slapd import BASE, Slapd, person

COMMON = """server_host = ldap://{address}:{port}
version = 3
start_tls = yes
tls_require_cert = yes
tls_ca_cert_file = {folder}/ca.pem
bind = yes
bind_dn = cn=postroom,{base}
bind_pw = reader
search_base = {base}
"""
TABLES = {
    "virtual_mailbox_maps": "query_filter = (&(objectClass=inetOrgPerson)(mail=%s))\nresult_attribute = mail\n",
    "virtual_alias_maps": "query_filter = (&(objectClass=inetOrgPerson)(|(mail=%s)(mailAlternateAddress=%s)))\nresult_attribute = mail\n",
    "virtual_list_maps": "query_filter = (&(objectClass=groupOfNames)(mail=%s))\nspecial_result_attribute = member\nleaf_result_attribute = mail\nresult_attribute = rfc822Member\n",
    "smtpd_sender_login_maps": "query_filter = (&(objectClass=inetOrgPerson)(|(mail=%s)(mailAlternateAddress=%s)))\nresult_attribute = uid\n",
    "sender_reject_disabled": "query_filter = (&(mail=%s)(|(tnMailSendAllowed=FALSE)(tnAccountStatus=disabled)))\nresult_attribute = mail\nresult_format = REJECT no\n",
}
SCHEMA = "".join(f"attributetype ( 1.3.6.1.4.1.4203.666.77.{n} NAME '{name}' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )\n"
                 for n, name in enumerate(("mailAlternateAddress", "rfc822Member", "tnMailSendAllowed", "tnAccountStatus"), 1))
PEOPLE = [person("ann", 31001, mailAlternateAddress="a@school.test"), person("bob", 31002, tnMailSendAllowed="FALSE"),
          person("cat", 31003, tnAccountStatus="disabled", mailAlternateAddress="kitty@school.test")]
GROUPS = [f"dn: cn={name},ou=groups,{BASE}\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: {name}\nmail: {name}@school.test\n"
          + "".join(f"member: {member}\n" for member in members) + more
          for name, members, more in (("team", [f"uid=ann,ou=people,{BASE}", f"uid=bob,ou=people,{BASE}"], ""),
                                      ("all", [f"cn=team,ou=groups,{BASE}", f"uid=cat,ou=people,{BASE}"], "rfc822Member: out@far.test\n"))]


def write_tables(slapd):
    for name, text in TABLES.items():
        with open(f"{slapd.folder}/{name}.cf", "w") as file:
            file.write(COMMON.format(address=slapd.address, port=slapd.port, folder=slapd.folder, base=BASE) + text)
    return [f"{slapd.folder}/{name}.cf" for name in TABLES]


def postmap(slapd, address, *names):
    """Where Postfix's tables lead, as far as they do."""
    for name in names:
        done = subprocess.run(["postmap", "-q", address, f"ldap:{slapd.folder}/{name}.cf"], stdout=subprocess.PIPE, text=True)
        if done.stdout.strip():
            return sorted(done.stdout.strip().split(","))
    return []


def leads(mail, address):
    said = mail.run("whatif", "x@outside.example", address)
    return sorted(line.split()[1] for line in said.splitlines() if line.startswith("destination"))


def has_postfix():
    done = subprocess.run(["postconf", "-m"], stdout=subprocess.PIPE, text=True) if shutil.which("postconf") else None
    return done and "ldap" in done.stdout.split()


def test_import(t, mail, slapd):
    said = mail.run("mailadm", "import", "ldap-table", *write_tables(slapd))
    t.ok(mail.code == 0, "five tables of a Postfix are taken over, all of them", said)
    t.ok("reader" not in said, "... and the password is not said")
    status = os.stat(f"{mail.home}/control/ldappassword")
    t.is_((status.st_uid, status.st_mode & 0o777), (os.stat(f"{mail.home}/state/directory").st_uid, 0o400), "... but given to who reads the directory")
    mail.run("mailadm", "add", "domain", "school.test")
    mail.control("minimumuid", "1000")
    said = mail.run("ldapsync")
    t.ok(mail.code == 0, "ldapsync reads the directory with what was made of them: TLS, authority, login, base", said)


def test_same(t, mail, slapd):
    expected = {"ann": ["ann"], "a": ["ann"], "kitty": ["cat"], "team": ["ann", "bob"], "all": ["ann", "bob", "cat", "out"], "nobody": []}
    for name, ends in expected.items():
        address = f"{name}@school.test"
        wanted = sorted(f"{end}@{'far' if end == 'out' else 'school'}.test" for end in ends)
        t.is_(leads(mail, address), wanted, f"{address} leads to {', '.join(ends) or 'nobody'}")
        if has_postfix():
            t.is_(postmap(slapd, address, "virtual_alias_maps", "virtual_list_maps", "virtual_mailbox_maps"), wanted, "... as Postfix's postmap says")


def test_senders(t, mail, slapd):
    for name, may in (("ann", True), ("bob", False), ("cat", False)):
        mail.run("whatif", f"{name}@school.test", "x@outside.example", "--login", name)
        t.is_(mail.code == 0, may, f"{name} {'may' if may else 'may not'} send")
        if has_postfix():
            t.is_(postmap(slapd, f"{name}@school.test", "sender_reject_disabled") == [], may, "... as Postfix's postmap says")
    mail.run("whatif", "a@school.test", "x@outside.example", "--login", "ann")
    t.is_(mail.code, 0, "she may send as her further address")
    mail.run("whatif", "kitty@school.test", "x@outside.example", "--login", "ann")
    t.is_(mail.code, 1, "... and not as another one's")


def test_first(t, mail, slapd):
    """service/first instead: the host's name, the mail domain and the user domain, by questions."""
    for name in ("profiles/imported", "ldapprofile", "ldapserver", "ldapbasedn", "ldaplogin", "ldappassword", "ldaptls", "ldapca.pem", "domains/school.test"):
        if os.path.exists(f"{mail.home}/control/{name}"):
            os.unlink(f"{mail.home}/control/{name}")
    answers = ["mx.school.test", "", "rfc2307", f"{slapd.address}:{slapd.port}", BASE, f"cn=postroom,{BASE}", "reader", f"{slapd.folder}/ca.pem", "yes", "no"]
    done = subprocess.run(["service/first", mail.home], input="\n".join(answers) + "\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.ok(done.returncode == 0 and "reader" not in done.stdout, "N-10 N-13 service/first: a running instance gets a user domain", done.stdout)
    t.is_(leads(mail, "ann@school.test"), ["ann@school.test"], "... whose users have an address in the mail domain")
    subject = subprocess.run(["openssl", "x509", "-in", f"{mail.home}/tls/cert.pem", "-noout", "-subject", "-nameopt", "RFC2253"], stdout=subprocess.PIPE, text=True).stdout
    t.is_(subject.strip(), "subject=CN=mx.school.test", "N-11 the certificate that we made bears the host's name")

    def greets():
        with smtplib.SMTP() as client:
            return client.connect(mail.address, mail.port(25))[1].decode()
    t.ok(wait_for(lambda: greets().startswith("mx.school.test ")), "... which the server says", greets())


def main():
    if os.geteuid() or not shutil.which("slapd"):
        print("1..0 # SKIP needs root and slapd")
        return
    with Postroom(11) as mail, Tap() as t:
        slapd = Slapd(mail, 11389)
        with open(f"{slapd.folder}/conf") as file:
            conf = file.read()
        with open(f"{slapd.folder}/conf", "w") as file:
            file.write(conf.replace("modulepath", SCHEMA + "modulepath", 1))
        slapd.fill([], more="\n" + "\n".join(PEOPLE + GROUPS))
        with slapd:
            test_import(t, mail, slapd)
            test_same(t, mail, slapd)
            test_senders(t, mail, slapd)
            test_first(t, mail, slapd)


main()
