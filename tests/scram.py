"""The client's side of SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677), for tests: Python has none."""
import base64, hashlib, hmac, os


def b64(bytes):
    return base64.b64encode(bytes).decode()


class Scram:
    """first() -> last(challenge) -> is_server(challenge). binding: (name, bytes) of a channel; flag: what is said instead of one."""
    def __init__(self, name, password, flag='n', binding=None, acts_as='', hash='sha256'):
        self.hash = hash
        self.password = password.encode()
        self.header = ('p=' + binding[0] if binding else flag) + ',' + acts_as + ','
        self.binding = binding[1] if binding else b''
        self.nonce = None  # the server's is said, but by a liar
        self.bare = 'n=%s,r=%s' % (name.replace('=', '=3D').replace(',', '=2C'), base64.b64encode(os.urandom(18)).decode())

    def first(self):
        return (self.header + self.bare).encode()

    def last(self, challenge):
        challenge = challenge.decode()
        nonce, salt, iterations = (part[2:] for part in challenge.split(',')[:3])
        salted = hashlib.pbkdf2_hmac(self.hash, self.password, base64.b64decode(salt), int(iterations))
        without = 'c=%s,r=%s' % (b64(self.header.encode() + self.binding), self.nonce or nonce)
        self.signed = ','.join((self.bare, challenge, without)).encode()
        self.server = hmac.new(hmac.new(salted, b'Server Key', self.hash).digest(), self.signed, self.hash).digest()
        key = hmac.new(salted, b'Client Key', self.hash).digest()
        signature = hmac.new(hashlib.new(self.hash, key).digest(), self.signed, self.hash).digest()
        return ('%s,p=%s' % (without, b64(bytes(a ^ b for a, b in zip(key, signature))))).encode()

    def is_server(self, challenge):
        return challenge == b'v=' + base64.b64encode(self.server)
