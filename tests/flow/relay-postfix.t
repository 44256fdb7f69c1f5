#!/usr/bin/python3
# relay-postfix: a Postfix with Dovecot's SASL is the relay: SCRAM-SHA-256 against somebody else's code, CHUNKING as Postfix takes
# it, its certificate by fingerprint, and relay-test (L-07, L-08, N-84, N-85, S-07, S-31).
import hashlib, os, pwd, re, shutil, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from postroom import Postroom, Tap, wait_for

ADDRESS, PORT = "127.0.52.2", 52588
MAIN = """compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
inet_protocols = ipv4
inet_interfaces = loopback-only
myhostname = relay.example
mydestination =
mynetworks = 127.0.52.9/32
alias_maps =
local_recipient_maps =
default_transport = discard
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/relay.pem
smtpd_tls_key_file = {folder}/relay.key
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/dovecot/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
notify_classes =
"""
SERVICES = {"pickup": "n - n 60 1", "cleanup": "n - n - 0", "qmgr": "n - n 300 1", "rewrite": "- - n - - trivial-rewrite", "bounce": "- - n - 0",
            "defer": "- - n - 0 bounce", "trace": "- - n - 0 bounce", "anvil": "- - n - 1", "discard": "- - n - -", "tlsmgr": "- - n 1000? 1", "error": "- - n - -",
            "retry": "- - n - - error"}
DOVECOT = """base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
protocols =
ssl = no
auth_mechanisms = {mechanisms}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
service auth {{
  unix_listener auth {{
    mode = 0666
  }}
}}
"""


running = []


def start_dovecot(mail, folder, mechanisms):
    with open(folder + "/dovecot.conf", "w") as file:
        file.write(DOVECOT.format(folder=folder, mechanisms=mechanisms))
    with open(folder + "/dovecot.said", "w") as out:
        running.append(subprocess.Popen(["dovecot", "-F", "-c", folder + "/dovecot.conf"], stdin=subprocess.DEVNULL, stdout=out, stderr=out))
    return wait_for(lambda: os.path.exists(folder + "/dovecot/auth")), open(folder + "/dovecot.said").read()


def stop_dovecot():
    while running:
        process = running.pop()
        process.terminate()
        process.wait(300)


def start(mail, folder):
    for part in ("", "/spool", "/data", "/dovecot"):
        os.mkdir(folder + part, 0o755)
    os.chown(folder + "/data", pwd.getpwnam("postfix").pw_uid, -1)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=relay.example",
                    "-keyout", f"{folder}/relay.key", "-out", f"{folder}/relay.pem"], check=True, stderr=subprocess.DEVNULL)
    with open(folder + "/users", "w") as file:
        file.write("instance:only-for-a::::::\n")
    with open(folder + "/main.cf", "w") as file:
        file.write(MAIN.format(folder=folder))
    with open(folder + "/master.cf", "w") as file:
        file.write(f"{ADDRESS}:{PORT} inet n - n - - smtpd\npostlog unix-dgram n - n - 1 postlogd\n")
        for name, words in SERVICES.items():
            fields = words.split()
            file.write(f"{name} unix {' '.join(fields[:5])} {(fields + [name])[5]}\n")
    return mail.run("postfix", "-c", folder, "start")


def fingerprint(folder):
    der = subprocess.run(["openssl", "x509", "-in", folder + "/relay.pem", "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout
    return hashlib.sha256(der).hexdigest()


def by_mechanism(mail, t, folder, offered, mechanism):
    found, said = start_dovecot(mail, folder, offered)
    t.ok(found, f"Dovecot offers {offered}", said)
    said = mail.run("relay-test", "test")
    t.ok(mail.code == 0 and f"after the login of instance by {mechanism}" in said and fingerprint(folder) in said, f"N-85 relay-test: ok, by {mechanism}", said)
    id = mail.submit("alice", "bob@elsewhere.example", f"by {mechanism}")
    wait_for(lambda: mail.queued(id) is None)
    log = open(folder + "/maillog").read()
    t.ok(re.search(rf"sasl_method={mechanism}, sasl_username=instance", log) and mail.queued(id) is None,
         f"L-08 Postfix has taken it from who logged in by {mechanism}", log[-1500:], mail.log("smtp-send")[-800:])


with Postroom(52) as mail, Tap() as t:
    folder = mail.folder + "/relay"
    if not os.path.exists("/usr/lib/postfix/sbin/smtpd") or not shutil.which("dovecot"):
        t.ok(True, "SKIP no Postfix or Dovecot here")
        sys.exit(0)
    try:
        said = start(mail, folder)
        t.ok(mail.code == 0, "Postfix of this Debian starts", said)
        rule = dict(type="default", host=ADDRESS, port=PORT, tls="fingerprint", fingerprint=fingerprint(folder), login="instance", password="only-for-a")
        mail.relay_rule(**rule)
        by_mechanism(mail, t, folder, "plain scram-sha-256 login", "SCRAM-SHA-256")
        t.ok(wait_for(lambda: re.search(r"disconnect from .* bdat=1 ", open(folder + "/maillog").read())), "CHUNKING: Postfix has counted a BDAT", open(folder + "/maillog").read()[-1500:])
        mail.relay_rule(**dict(rule, password="wrong"))
        said = mail.run("relay-test", "test")
        t.ok(mail.code == 1 and said.startswith("cannot_authenticate_to_server\n"), "N-85 a wrong password by SCRAM", said)
    finally:
        mail.run("postfix", "-c", folder, "stop")
        stop_dovecot()
    t.ok(wait_for(lambda: not mail.queue()), "nothing is left in the queue", mail.queue())
