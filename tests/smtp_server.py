"""For the tests of smtp-send: calls to it, and the server that they lead to."""
import os
from peer import Server
from tap import connect, memfd, receive, send

MESSAGE = b'Subject: hello\r\n\r\nline\r\n.dot\r\n'


class Call:
    """One connection to smtp-send."""

    def __init__(self, pairs):
        self.connection = connect('smtp-send')
        send(self.connection, pairs)

    def send(self, message=MESSAGE, recipients=('bob@example.org',), sender='ann@home.test', offset=0, facts=()):
        """A recipient is an address, or a tuple of one and its facts."""
        pairs = [('what', 'send'), ('id', '0123'), ('sender', sender), ('offset', offset), *facts]
        for address, *rest in (r if isinstance(r, tuple) else (r,) for r in recipients):
            pairs += [('recipient', address), *(fact.split('=', 1) for fact in rest)]
        fd = memfd(message)
        send(self.connection, pairs, [fd])
        os.close(fd)
        return self.hear()

    def verify(self, recipient, sender=''):
        send(self.connection, [('what', 'verify'), ('sender', sender), ('recipient', recipient)])
        return self.hear()

    def hear(self):
        answer, _ = receive(self.connection)
        self.answer = answer or []
        self.fields = dict(self.answer)
        return [tuple(v.split(' ', 3)) for k, v in self.answer if k == 'recipient']

    def close(self):
        self.connection.close()
