"""Fills the queue of a stopped postroom with messages that wait: each was tried a few times and has its words in queue/log, as
doc/queue.md says, and its sender was told that it waits. Senders, destinations and causes vary."""
import grp
import os
import pwd
import time

DIGITS = "0123456789abcdefghijklmnopqrstuv"
DESTINATIONS = 2000
WORDS = ((450, "4.2.1", "the mailbox is busy, come again"), (421, "4.7.0", "too many connections from your address"), (451, "4.7.1", "greylisted"),
         (452, "4.2.2", "the mailbox is full"), (0, "4.4.1", "unable to connect: Connection refused"), (0, "4.4.3", "no answer from DNS"))
ATTEMPTS = 8  # by then the longest time between two attempts has come (control/retrymax): none is due while we measure


def digits(number, count):
    return "".join(DIGITS[number >> 5 * (count - 1 - i) & 31] for i in range(count))


def make_id(number, birth):
    return digits(birth * 1000000 + number % 1000000, 11) + digits(number * 2654435761 & 0x1ffffff, 5)


def sender(number):
    return "user%d@bench.test" % (number % 1000) if number % 20 else "shop%d@customer.example" % (number % 7)


def envelope(id, number, birth, next, size, state):
    lines = ("I %s\nB %d\nS %s\nC role=submission login=user%d@bench.test message-id=<%s@bench.test> size=%d\n%s r%d@d%d.example\n\n" %
             (id, birth, sender(number), number % 1000, id, size, state, number, number * 7919 % DESTINATIONS))
    return "postroom1 %010d %04dW%020d\n" % (47 + len(lines), ATTEMPTS, next) + lines


def write(path, bytes, mode, uid, gid):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    os.write(fd, bytes)
    os.fchown(fd, uid, gid)
    os.fchmod(fd, mode)
    os.close(fd)


def said(number, now):
    code, status, words = WORDS[number * 31 % len(WORDS)]
    domain = number * 7919 % DESTINATIONS
    remote = "mx.d%d.example%%20[192.0.2.%d]" % (domain, domain % 250 + 1) if code else "-"
    return "".join("%d %d later %s %03d r%d@d%d.example %s %s\n" % (now - 3600 * (ATTEMPTS - i), i, status, code, number, domain, remote, words.replace(" ", "%20"))
                   for i in range(1, ATTEMPTS + 1))


def fill(home, count, first=0, state="R", folder="cur"):
    """The ids, in order of their numbers."""
    owner, scheduler = pwd.getpwnam("mail-queue").pw_uid, pwd.getpwnam("mail-send")
    group, now, ids, known = grp.getgrnam("mail-queue").gr_gid, int(time.time()), [], set()
    body = b"Subject: it waits\r\n\r\n" + b"All this was said before, and will be said again.\r\n" * 40
    for number in range(first, first + count):
        birth = now - 7200 - number * 11 % 90000
        id = make_id(number, birth)
        name = os.path.join(home, "queue/cur", id[-2:])
        if name not in known:
            os.makedirs(name, mode=0o700, exist_ok=True)
            os.chown(name, scheduler.pw_uid, scheduler.pw_gid)
            known.add(name)
        write(os.path.join(name, id), envelope(id, number, birth, now + 9000 + number % 3000, len(body), state).encode() + body, 0o660, owner, group)
        write(os.path.join(home, "queue/log", id), said(number, now).encode(), 0o600, scheduler.pw_uid, scheduler.pw_gid)
        ids.append(id)
    return ids
