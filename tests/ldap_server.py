"""A directory server for tests, for answers that no real one gives on demand: ranged attributes, referrals, binary values. BER of RFC 4511,
as far as ldap-fetch speaks it. Answers are made by the test's function.

    def answer(base, scope, filter, attributes):      # filter: as BER
        return [("cn=a", {"cn": [b"a"]}), "ldap://elsewhere/"], 0         # entries and references, result code; None: hang up
    server = Server("127.0.14.2", 14390, answer)      # server.binds: what was sent to log in
    server.bind_code = 49                             # what is said to that
    server.page = 500                                 # entries are given out in pages (RFC 2696), if that is asked for; server.pages: how many each was
"""
import socket, threading

PAGED = b"1.2.840.113556.1.4.319"


def ber(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def octets(value):
    return ber(4, value if isinstance(value, bytes) else value.encode())


def integer(value, tag=2):
    return ber(tag, value.to_bytes(max(1, (value.bit_length() + 8) // 8), "big"))


def result(tag, code, text="", *more):
    return ber(tag, integer(code, 10), octets(""), octets(text), *more)


def parts(data):
    """[(tag, body)...] of a constructed body."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(data[at:at + count], "big"), at + count
        found.append((tag, data[at:at + length]))
        at += length
    return found


class Server:
    def __init__(self, address, port, answer, path=None):
        self.answer, self.binds, self.searches = answer, [], []
        self.bind_code, self.page, self.pages, self.of = 0, 0, [], threading.local()  # of: what belongs to a connection
        self.socket = socket.create_server(path or (address, port), family=socket.AF_UNIX if path else socket.AF_INET)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.session, args=(client,), daemon=True).start()

    def session(self, client):
        with client, client.makefile("rwb") as wire:
            while message := self.read(wire):
                (_, number), (tag, body), *rest = parts(message)
                self.of.controls = [[value for _, value in parts(one)] for _, one in parts(rest[0][1])] if rest else []
                answers = self.act(tag, body)
                if answers is None:
                    return
                for one in answers:
                    wire.write(ber(0x30, ber(2, number), one))
                wire.flush()

    def read(self, wire):
        head = wire.read(2)
        if len(head) < 2:
            return None
        length = head[1]
        if length & 0x80:
            length = int.from_bytes(wire.read(length & 0x7F), "big")
        return wire.read(length)

    def act(self, tag, body):
        if tag == 0x60:
            _, (_, name), (how, secret) = parts(body)
            self.binds.append((name, secret) if how == 0x80 else (name, [part for _, part in parts(secret)]))
            return [result(0x61, self.bind_code)]
        if tag == 0x63:
            (_, base), (_, scope), _, _, _, _, filter, (_, attributes) = parts(body)
            asked = [name.decode() for _, name in parts(attributes)]
            self.searches.append((base.decode(), scope[0], asked))
            return self.found(self.answer(base.decode(), scope[0], filter[1], asked))
        return None

    def found(self, said):
        if said is None:
            return None
        entries, code = said
        paged = [control[-1] for control in getattr(self.of, "controls", ()) if control[0] == PAGED]
        if self.page and paged:
            return self.one_page(entries, paged[0])
        return [self.entry(*one) if isinstance(one, tuple) else ber(0x73, octets(one)) for one in entries] + [result(0x65, code)]

    def one_page(self, entries, control):
        """The cookie is the number of the next entry."""
        (_, _), (_, cookie) = parts(parts(control)[0][1])
        first = int(cookie or b"0")
        some, last = entries[first:first + self.page], first + self.page >= len(entries)
        self.pages.append(len(some))
        value = ber(0x30, integer(0), octets("" if last else str(first + self.page)))
        answers = [self.entry(*one) if isinstance(one, tuple) else ber(0x73, octets(one)) for one in some]
        return answers + [self.message_controls(result(0x65, 0), ber(0x30, octets(PAGED), octets(value)))]

    def message_controls(self, answer, *controls):
        """What stands behind an answer in its message: session() puts both into one."""
        return answer + ber(0xA0, *controls)

    def entry(self, dn, attributes):
        return ber(0x64, octets(dn), ber(0x30, *(ber(0x30, octets(name), ber(0x31, *map(octets, values))) for name, values in attributes.items())))
