"""Memory of idle IMAP connections: each logs in, selects INBOX and stays in IDLE."""
import socket
import ssl
import time

from systems import DOMAIN, PASSWORD, USERS

PARKED_AFTER = 12  # seconds: by then Dovecot has parked what is idle


class Session:
    def __init__(self, address, port, tls, user):
        self.socket = socket.create_connection((address, port), timeout=60)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.rest = b""
        self.line()
        self.command("a", 'LOGIN "%s" "%s"' % (user, PASSWORD))

    def line(self):
        while b"\n" not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise RuntimeError("the IMAP server ended the connection")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode("ascii", "replace")

    def command(self, tag, text, until=None):
        self.socket.sendall(("%s %s\r\n" % (tag, text)).encode())
        line = self.line()
        while not line.startswith(until or tag + " "):
            line = self.line()
        if not until and not line.startswith(tag + " OK"):
            raise RuntimeError("%s: %s" % (text.split()[0], line.strip()))

    def idle(self):
        self.command("b", "SELECT INBOX")
        self.command("c", "IDLE", until="+")


def per_session(before, after, count):
    """By program: how much memory and how many processes came with each session."""
    return {name: {"KB": round((after[name][0] - before.get(name, (0, 0))[0]) / count, 1), "processes": round((after[name][1] - before.get(name, (0, 0))[1]) / count, 2)}
            for name in after if after[name][0] - before.get(name, (0, 0))[0] >= count}


def total(memory, what):
    return sum(both[what] for both in memory.values())


def measure(system, tls, count):
    port = system.imaps if tls else system.imap
    for i in range(5):
        Session(system.address, port, tls, system.login("again") % (i + 1)).socket.close()
    system.group.settle()
    before = system.group.memory()
    sessions = []
    try:
        for i in range(count):
            session = Session(system.address, port, tls, system.login("again") % (i % USERS + 1))
            sessions.append(session)
            session.idle()
        fresh = system.group.memory()
        time.sleep(PARKED_AFTER)
        parked = system.group.memory()
    finally:
        for session in sessions:
            session.socket.close()
    return {"fresh_kb": (total(fresh, 0) - total(before, 0)) / count, "parked_kb": (total(parked, 0) - total(before, 0)) / count,
            "processes": (total(fresh, 1) - total(before, 1)) / count, "by_program": per_session(before, parked, count), "done": count, "failed": 0, "error": ""}
