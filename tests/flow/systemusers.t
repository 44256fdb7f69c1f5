#!/usr/bin/python3
# systemusers: users of /etc/passwd have their mail at home, in ~/Maildir (P-29): delivered, and read by IMAP, with their own uid and
# gid. Only below control/homes, through no link, into no folder of somebody else. (P-29, P-33, P-35)
import array, grp, os, pwd, shutil, smtplib, socket, subprocess, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap, wait_for

USER, UID, GROUP = "pr39home", 45939, "pr39group"


def lmtp(mail, to, subject):
    with smtplib.LMTP(f"{mail.home}/run/lmtp") as client:
        client.ehlo()
        client.mail("ann@outside.example")
        code, text = client.rcpt(to)
        if code == 250:
            try:
                code, text = client.data(f"Subject: {subject}\r\n\r\nx\r\n")
            except smtplib.SMTPDataError as e:
                code, text = e.smtp_code, e.smtp_error
    return f"{code} {text.decode()}"


def imap(mail, key):
    """A session as auth-server starts one (root may): the dialogue after SELECT and LOGOUT."""
    client, its = socket.socketpair()
    client.settimeout(300)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as call:
        call.connect(f"{mail.home}/run/mailbox-spawn")
        request = b"".join(word.encode() + b"\0" for word in ("what=imap", f"mailbox={key}", f"login={USER}", "tag=a1", "ahead=", "ip=192.0.2.1"))
        call.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [its.fileno()]))])
        answer = call.recv(65536)
    its.close()
    said = answer.decode()
    if "started" in said:
        client.sendall(b"a2 SELECT INBOX\r\na3 CREATE mine\r\na4 LOGOUT\r\n")
        while part := client.recv(65536):
            said += part.decode()
    return said


def tests(mail, t, homes):
    home = f"{homes}/{USER}"
    box, address = f"{home}/Maildir", f"{USER}@example.test"
    t.matches(lmtp(mail, address, "early"), "^550 5.1.1", "P-29 without control/systemusers they have no mail")
    mail.control("homes", homes)
    mail.control("systemusers", str(UID))
    mail.control("domains/example.test", "addusers: yes")
    t.is_((mail.run("tables-build"), mail.code)[1], 0, "control/systemusers, control/homes, addusers")
    t.matches(lmtp(mail, address, "not restarted"), "^451", "mailbox-spawn's sandbox has no homes before it is restarted")
    mail.restart("mailbox-spawn")
    t.matches(lmtp(mail, address, "at home"), "^250", "P-29 delivered")
    found = os.listdir(box + "/new")
    t.is_(len(found), 1, "P-35 in ~/Maildir/new")
    user, group = pwd.getpwnam(USER), grp.getgrnam(GROUP)
    for path, mode in ((box, "0700"), (box + "/new", "0700"), (f"{box}/new/{found[0]}", "0600")):
        st = os.stat(path)
        t.is_((st.st_uid, st.st_gid, oct(st.st_mode)[-4:]), (user.pw_uid, group.gr_gid, mode), f"P-33 {path[len(home):]}: the user's uid and gid, {mode}")
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", [address], "Subject: by SMTP\r\n\r\nx\r\n")
    t.ok(wait_for(lambda: len(os.listdir(box + "/new")) == 2), "P-29 by SMTP and the queue")
    t.matches(imap(mail, f"passwd-{USER}"), r"a1 OK.*\* 2 EXISTS.*a2 OK.*a3 OK", "P-29 IMAP reads it, and makes folders")
    t.is_((os.path.isdir(box + "/.mine"), os.stat(box + "/.mine").st_uid), (True, UID), "... at home")
    t.matches(lmtp(mail, "bob@example.test", "virtual"), "^250", "virtual mailboxes stay where they are")
    stopped(mail, t, address)
    hard(mail, t, homes, home, box, address)


def stop_deliveries(mail):
    """What the user himself may do with what delivers to him: SIGSTOP, with his own uid."""
    with open(f"/proc/{mail.pid('mailbox-spawn')}/task/{mail.pid('mailbox-spawn')}/children") as file:
        children = file.read().split()
    code = f"import os, signal, sys; os.setuid({UID})\nfor pid in sys.argv[1:]:\n  try: os.kill(int(pid), signal.SIGSTOP)\n  except OSError: pass"
    subprocess.run(["python3", "-c", code, *children], check=True)
    return len(children)


def stopped(mail, t, address):
    mail.control("concurrencylocal", "2")
    mail.restart("send-schedule")
    with smtplib.SMTP(mail.address, mail.port(25), timeout=300) as smtp:
        smtp.sendmail("ann@outside.example", [address], "Subject: to be kept for\r\n\r\nx\r\n")
        t.ok(wait_for(lambda: stop_deliveries(mail)), "a user stops the process that delivers to him")
        for n in range(4):
            smtp.sendmail("ann@outside.example", [address], f"Subject: stopped {n}\r\n\r\nx\r\n")
            stop_deliveries(mail)
        held = lambda: [stop_deliveries(mail)] and mail.log("send-schedule").count(": hanging ")
        smtp.sendmail("ann@outside.example", ["bob@example.test"], "Subject: not stopped\r\n\r\nx\r\n")
        t.ok(wait_for(held), "it hangs, and is told")
        t.ok(wait_for(lambda: held() and mail.mail_with("bob", "Subject: not stopped", 0)), "check 32: others get their mail all the same")
    t.ok(wait_for(lambda: "has not come to its end" in mail.log("send-schedule")), "... and he no more until it ends: later")
    mail.restart("mailbox-spawn")
    t.ok(True, "check 58: what he has stopped does not hold up mailbox-spawn's restart")
    mail.control("concurrencylocal", None)
    mail.run("qctl", "delete", "all")


def hard(mail, t, homes, home, box, address):
    os.rename(box, home + "/kept")
    os.mkdir(home + "/elsewhere")
    os.chown(home + "/elsewhere", UID, -1)
    os.symlink("elsewhere", box)
    t.matches(lmtp(mail, address, "link"), "^451", "check 36: a Maildir that is a link is not followed")
    t.is_(os.listdir(home + "/elsewhere"), [], "... nothing is there")
    os.unlink(box)
    os.mkdir(box, 0o777)
    t.matches(lmtp(mail, address, "root's"), "^451", "a Maildir of root is not the user's")
    os.rmdir(box)
    os.rename(home + "/kept", box)
    os.rename(home, homes + "/moved")
    os.symlink("moved", home)
    t.matches(lmtp(mail, address, "home is a link"), "^451", "nor a home that is a link")
    os.unlink(home)
    os.rename(homes + "/moved", home)
    os.chown(home, 1, -1)
    t.matches(lmtp(mail, address, "home of another"), "^451", "nor one of somebody else")
    os.chown(home, UID, -1)
    os.chmod(home, 0o700)
    t.matches(lmtp(mail, address, "closed home"), "^250", "a home that is open to its user alone")
    mail.control("homes", "/srv/none")
    mail.restart("mailbox-spawn")
    t.matches(lmtp(mail, address, "not below"), "^451", "only below control/homes")
    t.matches(mail.log("mailbox-spawn"), "not below control/homes", "... as the log says")


with Postroom(39) as mail, Tap() as t:
    homes = mail.folder + "/homes"
    os.mkdir(homes, 0o755)
    subprocess.run(["/usr/sbin/groupadd", "-g", "45940", GROUP], check=True)
    try:
        subprocess.run(["/usr/sbin/useradd", "-u", str(UID), "-g", GROUP, "-m", "-d", f"{homes}/{USER}", USER], check=True, stderr=subprocess.DEVNULL)
        tests(mail, t, homes)
    finally:
        subprocess.run(["/usr/sbin/userdel", USER], stderr=subprocess.DEVNULL)
        subprocess.run(["/usr/sbin/groupdel", GROUP], stderr=subprocess.DEVNULL)
