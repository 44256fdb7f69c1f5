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

    def send(self, message=MESSAGE, recipients=('bob@example.org',), sender='ann@home.test', offset=0):
        fd = memfd(message)
        send(self.connection, [('what', 'send'), ('id', '0123'), ('sender', sender), ('offset', offset)] + [('recipient', r) for r in recipients], [fd])
        os.close(fd)
        answer, _ = receive(self.connection)
        self.answer = answer or []
        self.fields = dict(self.answer)
        return [tuple(v.split(' ', 3)) for k, v in self.answer if k == 'recipient']

    def close(self):
        self.connection.close()
