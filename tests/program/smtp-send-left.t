#!/usr/bin/python3
"""smtp-send: who asked may have ended, and will ask again when he is back: what has not been sent to its end by then is not sent, or it would come twice."""
import sys, threading
sys.path.insert(0, 'tests')
from smtp_server import *
from tap import *

ADDRESS = '127.0.13.1'
write('control/me', 'mail.home.test\n')
start('smtp-send', listen('smtp-send'), 'log')


class Impatient(Call):
    def hear(self):
        """Not yet."""


def left(stage, what, leaves=True, message=MESSAGE, word=None, **more):
    """What the server has heard when it went on, after the caller had gone."""
    there, gate = threading.Event(), threading.Event()

    def hang(server):
        there.set()
        gate.wait(300)
        return {'BANNER': b'220 relay ESMTP\r\n', 'DATA': b'354 go\r\n'}[stage]

    server = Server(**{stage: hang}, **more)
    call = Impatient([('route', 'host'), ('host', ADDRESS), ('port', server.port), ('tls', 'off')])
    call.send(message)
    ok(there.wait(300), what)
    if leaves:
        call.close()
    gate.set()
    if not leaves:
        equal(Call.hear(call)[0][0], 'done', '... who waits for it has it sent')
        call.close()
    server.join(300)
    return server


equal(len(left('DATA', 'a server that takes long', leaves=False).messages), 1, '... once')
server = left('DATA', 'who asked hangs up before the server has said 354')
equal((server.heard[-1], server.messages), ('DATA', []), '... the message is not sent')
server = left('DATA', '... one in parts', message=b'Subject: long\r\n\r\n' + b'.a line\n' * 500000, extensions=('SIZE 100000000',))
equal((server.heard[-1], server.messages), ('DATA', []), '... is not sent')
server = left('BANNER', '... before the greeting, of one that takes chunks', extensions=('PIPELINING', 'CHUNKING', '8BITMIME'))
equal([line for line in server.heard if line.startswith('BDAT')], [], '... no chunk is sent')
ok(wait_for(lambda: read('log').count(b'who asked has ended') == 3), 'the log says why', read('log'))
done_testing()
