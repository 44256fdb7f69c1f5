#!/usr/bin/python3
# rbl: what DNS says about a client of port 25, by client-check: block lists (N-56), reverse name, HELO name. A whole instance in a
# network namespace of its own, with a real nsd: who is listed is refused with the list's text, over IPv4 and IPv6; which answers
# count; a header instead of a refusal; trusted clients, logins and bypassed recipients are spared; without DNS mail flows.
import os, smtplib, socket, sys, time

sys.path[:0] = ["tests", "tests/flow"]
import net
net.inside("postroom41", *(f"192.0.2.{last}" for last in range(60, 90)), *(f"fd00:41::{last}" for last in (1, 66, 80, 81)))
from postroom import Postroom, Tap, wait_for

NIBBLES = ".".join("6600" + "0" * 20 + "140000df")  # fd00:41::66
ZONES = {"test": f"""66.2.0.192.bl A 127.0.0.2
66.2.0.192.bl TXT "listed" " since today\\013\\010421 x"
67.2.0.192.bl A 127.0.0.10
68.2.0.192.bl A 127.0.0.2
68.2.0.192.wl A 127.0.9.1
69.2.0.192.bl A 127.255.255.254
70.2.0.192.bl A 203.0.113.1
71.2.0.192.warn A 127.0.0.4
71.2.0.192.warn TXT "a dynamic address"
72.2.0.192.slow A 127.0.0.3
{NIBBLES}.bl A 127.0.0.2
good A 192.0.2.80
good6 AAAA fd00:41::80
liar A 192.0.2.1
mail MX 10 good
""", "2.0.192.in-addr.arpa": "80 PTR good.test.\n81 PTR liar.test.\n", "1.4.0.0.0.0.d.f.ip6.arpa": ".".join("08" + "0" * 22) + " PTR good6.test.\n"}
LISTS = """# zone action matchon text
wl.test accept any
bl.test reject 127.0.0.2
bl.test defer 127.0.0.8/29 Policy block, ask us
warn.test addheader any
"""


def rcpt(mail, ip, helo="client.example", to="bob@example.test", sender="ann@far.example"):
    """What the client at this address is told at RCPT."""
    server = "fd00:41::1" if ":" in ip else mail.address
    with smtplib.SMTP(server, mail.port(25), local_hostname=helo, timeout=300, source_address=(ip, 0)) as client:
        client.ehlo()
        client.mail(sender)
        code, text = client.rcpt(to)
        return f"{code} {text.decode()}"


def asked(mail):
    """How many questions client-check is at: the processes below it that have not ended."""
    pid = mail.pid("client-check")
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return sum(map(lives, file.read().split()))


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


OK = "250 2.1.5 Ok"
REJECTED = "554 5.7.1 Service unavailable; Client host [192.0.2.66] blocked using bl.test; listed since today??421 x"

mail = Postroom(41)
mail.options[3] = "::"
with mail, Tap() as t:
    with net.Dns(ZONES, resolver=False) as dns:
        t.is_(rcpt(mail, "192.0.2.66"), OK, "without control/rbllist nobody is asked")
        mail.control("rbllist", LISTS)
        mail.control("rbltimeout", "60")
        t.is_(rcpt(mail, "192.0.2.66"), REJECTED, "N-56: who is listed is refused, with the list's text made harmless")
        wait_for(lambda: "refused rule=rbl" in mail.log("smtp-mx"))
        t.matches(mail.log("smtp-mx"), r"refused rule=rbl file=control/rbllist reply=\"554 5\.7\.1\".* client=192\.0\.2\.66", "... and the log names the rule")
        t.is_(rcpt(mail, "192.0.2.60"), OK, "who is not listed is not")
        t.is_(rcpt(mail, "fd00:41::66"), REJECTED.replace("192.0.2.66", "fd00:41::66").split("; listed")[0], "over IPv6, by nibbles")
        t.is_(rcpt(mail, "fd00:41::81"), OK, "... one that is not listed")
        t.is_(rcpt(mail, "192.0.2.67"), "450 4.7.1 Service unavailable; Client host [192.0.2.67] blocked using bl.test; Policy block, ask us",
              "matchon a network, action defer, and our own text")
        t.is_(rcpt(mail, "192.0.2.68"), OK, "a list whose action is accept goes before those that refuse")
        mail.control("rbllist", "bl.test reject any\n")
        t.ok(rcpt(mail, "192.0.2.67").startswith("554"), "matchon any")
        t.is_(rcpt(mail, "192.0.2.69"), OK, "... but not 127.255.255.0/24, by which a list refuses the resolver")
        t.is_(rcpt(mail, "192.0.2.70"), OK, "... nor what is no listing (RFC 5782 2.1)")

        mail.control("rbllist", LISTS)
        mail.control("recipientdelimiter", None)
        with smtplib.SMTP(mail.address, mail.port(25), timeout=300, source_address=("192.0.2.71", 0)) as client:
            mail.give(client, "ann@far.example", "bob@example.test", "with a warning")
        found = mail.mail_with("bob", "Subject: with a warning")
        t.ok(found and b"X-RBL-Warning: (warn.test) a dynamic address\r\n" in found[0].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "addheader: a field in the message", found)

        client = smtplib.SMTP(mail.address, mail.port(587), timeout=300, source_address=("192.0.2.66", 0))
        client.starttls()
        client.login("alice@example.test", mail.password("alice"))
        t.ok(mail.give(client, "alice@example.test", "bob@example.test", "from a listed address, with a login"), "who has logged in is not asked about")
        client.quit()
        os.makedirs(f"{mail.home}/control", exist_ok=True)
        mail.control("bypass", "recipient alice@example.test\n")
        mail.run("tables-build")
        t.is_((rcpt(mail, "192.0.2.66", to="alice@example.test"), rcpt(mail, "192.0.2.66")), (OK, REJECTED), "T20: a bypassed recipient, beside one that is not")
        mail.control("bypass", "ip 192.0.2.66\n")
        mail.run("tables-build")
        t.is_(rcpt(mail, "192.0.2.66"), OK, "... a bypassed client")
        mail.control("bypass", None)
        mail.control("mynetworks", "192.0.2.66\n")
        mail.run("tables-build")
        t.is_(rcpt(mail, "192.0.2.66"), OK, "N-98: a trusted client is not asked about")
        mail.control("mynetworks", None)
        mail.run("tables-build")
        t.is_(rcpt(mail, "192.0.2.66"), REJECTED, "... and is again when it is not trusted any more")
        mail.control("rbllist", None)

        # Names
        mail.control("reversecheck", "reject")
        NO_NAME = "550 5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.%d]"
        t.is_([rcpt(mail, f"192.0.2.{last}") for last in (80, 81, 82)], [OK, NO_NAME % 81, NO_NAME % 82],
              "reversecheck: a name that leads back; one that does not; none (RFC 7372)")
        t.is_((rcpt(mail, "fd00:41::80"), rcpt(mail, "fd00:41::81")[:10]), (OK, "550 5.7.25"), "... over IPv6")
        mail.control("reversecheck", "defer")
        t.is_(rcpt(mail, "192.0.2.82"), (NO_NAME % 82).replace("550 5", "450 4"), "... defer")
        mail.control("reversecheck", None)
        mail.control("helocheck", "known")
        t.is_([rcpt(mail, "192.0.2.82", helo) for helo in ("good.test", "good6.test", "mail.test", "[192.0.2.82]", "nowhere.test", "short")],
              [OK] * 4 + ["550 5.7.1 Helo command rejected: Host not found", "550 5.7.1 Helo command rejected: need fully-qualified hostname"], "helocheck: known by A, AAAA or MX, a literal; not there; no name of a host")
        mail.control("helocheck", "syntax")
        t.is_([rcpt(mail, "192.0.2.82", helo)[:3] for helo in ("nowhere.test", "short")], ["250", "550"], "... or only how it is written")
        mail.control("helocheck", None)

        # Without DNS
        mail.control("rbllist", LISTS)
        mail.control("reversecheck", "reject")
        mail.control("helocheck", "known")
        mail.control("rbltimeout", "1")
        dns.stop()
        t.is_(rcpt(mail, "192.0.2.66"), OK, "DNS is down: mail flows")
        wait_for(lambda: "unanswered what=bl.test" in mail.log("client-check"))
        t.matches(mail.log("client-check"), r"unanswered what=bl\.test client=192\.0\.2\.66", "... and the log says what was not answered")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 53))
            with socket.create_connection((mail.address, mail.port(25)), timeout=300) as client:
                client.recv(1000)
                client.sendall(b"".join(b"EHLO h%d.far.example\r\n" % n for n in range(8)))
                t.ok(wait_for(lambda: asked(mail) > 0), "who says EHLO is asked about")
                most = max([time.sleep(0.01) or asked(mail) for _ in range(50)])
                t.ok(most <= 2, "check 17: ... once at a time, whatever names it says (one may just be ending): nobody uses client-check up for the others", most)
            wait_for(lambda: not asked(mail))
            mail.control("rbltimeout", "60")
            crowd = [socket.create_connection((mail.address, mail.port(25)), timeout=300) for _ in range(20)]
            for client in crowd:
                client.recv(1000)
                client.sendall(b"EHLO far.example\r\n")
            t.ok(wait_for(lambda: asked(mail) == 20), "each client is asked about", asked(mail))
            for client in crowd:
                client.close()
            t.ok(wait_for(lambda: not asked(mail)), "check 17: who hangs up leaves nobody behind who waits for DNS", asked(mail))
            mail.control("rbltimeout", "1")
            t.is_(rcpt(mail, "192.0.2.66"), OK, "DNS does not answer: the client waits for control/rbltimeout, then mail flows")
        mail.stop("client-check")
        t.is_(rcpt(mail, "192.0.2.66"), OK, "client-check is down: mail flows")
        wait_for(lambda: "unchecked reason" in mail.log("smtp-mx"))
        t.matches(mail.log("smtp-mx"), r"unchecked reason=.* client=192\.0\.2\.66", "... and the log says so")
        mail.start("client-check")
        t.ok(dns.start(), "DNS is back")
        mail.control("helocheck", None)
        mail.control("rbltimeout", "60")
        t.is_(rcpt(mail, "192.0.2.66"), REJECTED, "... and so are the lists")
        mail.control("rbllist", "bl.test refuse any\n")
        said = mail.run("client-check")
        t.ok(mail.code == 100 and "control/rbllist" in said and "none of reject" in said, "a list that cannot be understood is told at the start", said)
