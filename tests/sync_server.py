"""A directory server for tests that synchronizes content (RFC 4533) as the test says, in answers that no real one gives on demand.

    def changes(cookie):                  # what a search with this cookie (None: without one) brings: messages, made by those below
        return [sync_entry(1, 7, "uid=a,dc=x", {"mail": ["a@x"]}), sync_phase(2, "c1")]
    server = SyncServer("127.0.43.1", 14431, changes)       # server.cookies: what it was asked with
"""
import contextlib

from ldap_server import Server, ber, integer, octets, parts, result

BASE = "1.3.6.1.4.1.4203.1.9.1."


def uuid(number):
    return bytes(15) + bytes([number])


def sync_entry(state, number, dn, attributes, cookie=None):
    """state: 0 present, 1 added, 2 modified, 3 deleted"""
    more = [octets(cookie)] if cookie else []
    control = ber(0xA0, ber(0x30, octets(BASE + "2"), octets(ber(0x30, integer(state, 10), octets(uuid(number)), *more))))
    return Server.entry(None, dn, attributes) + control


def info(value):
    return ber(0x79, ber(0x80, (BASE + "4").encode()), ber(0x81, value))


def sync_phase(kind, cookie=None, is_done=True):
    """kind: 1 refreshDelete, 2 refreshPresent"""
    return info(ber(0xA0 | kind, *([octets(cookie)] if cookie else []), *([] if is_done else [ber(1, b"\0")])))


def sync_ids(is_deleted, *numbers):
    return info(ber(0xA3, ber(1, b"\xff" if is_deleted else b"\0"), ber(0x31, *(octets(uuid(n)) for n in numbers))))


def sync_end(code):
    return result(0x65, code)


class SyncServer(Server):
    def __init__(self, address, port, changes):
        self.changes, self.cookies = changes, []
        super().__init__(address, port, lambda *_: ([("uid=somebody,dc=x", {})], 0))

    def session(self, client):
        with contextlib.suppress(ConnectionError), client, client.makefile("rwb") as wire:  # who is killed says no goodbye
            while message := self.read(wire):
                (_, number), (tag, body), *controls = parts(message)
                answers = self.synchronize(controls[0][1]) if controls and tag == 0x63 else self.act(tag, body)
                if answers is None:
                    return
                for one in answers:
                    wire.write(ber(0x30, ber(2, number), one))
                wire.flush()

    def synchronize(self, controls):
        value = parts(parts(controls)[0][1])[-1][1]
        asked = parts(parts(value)[0][1])
        cookie = asked[1][1].decode() if len(asked) > 1 else None
        self.cookies.append(cookie)
        return self.changes(cookie)
