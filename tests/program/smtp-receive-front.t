#!/usr/bin/python3
"""smtp-receive and imap-login behind a balancer: who is let in, and as whom (W-28: the client is counted, not the balancer)."""
import signal, socket, struct, sys
sys.path.insert(0, 'tests')
from tap import *

write('control/me', 'mx.example.test\n')
write('control/proxyhosts', '# the balancers\n127.0.33.1\n127.0.33.16/28 2001:db8::/32\n')
write('control/concurrencysmtpdclient', '2\n')
write('control/concurrencyimapclient', '2\n')


def listen_tcp():
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(('127.0.33.1', 0))
    listening.listen(64)
    return listening


class Client:
    """A connection from an address, with the first bytes that it sends."""

    def __init__(self, listening, first=b'', source='127.0.33.1'):
        self.socket = socket.socket()
        self.socket.settimeout(300)
        self.socket.bind((source, 0))
        self.socket.connect(listening.getsockname())
        self.socket.sendall(first)
        self.file = self.socket.makefile('rb')

    def line(self):
        try:
            return self.file.readline().decode('latin-1').rstrip('\r\n')
        except ConnectionResetError:
            return ''

    def say(self, line):
        self.socket.sendall(line.encode() + b'\r\n')
        return self.line()

    def close(self):
        self.file.close()
        self.socket.close()


def v1(ip, family='TCP4', to='198.51.100.2'):
    return ('PROXY %s %s %s 12345 25\r\n' % (family, ip, to)).encode()


def v2(ip, command=0x21, more=b''):
    body = socket.inet_aton(ip) + socket.inet_aton('198.51.100.2') + struct.pack('>HH', 12345, 25) + more
    return b'\r\n\r\n\0\r\nQUIT\n' + bytes([command, 0x11]) + struct.pack('>H', len(body)) + body


BANNER = '220 mx.example.test ESMTP'
smtp = listen_tcp()
server = start('smtp-receive', smtp, 'log')

# a header from a balancer
for what, header in (('v1', v1('203.0.113.5')), ('v1 over IPv6', v1('2001:db8:5::1', 'TCP6', '2001:db8::2')), ('v2', v2('203.0.113.5')),
                     ('v2 with 2 KB of TLVs', v2('203.0.113.5', more=b'\x04\x08\x00' + bytes(2048))), ('v2 LOCAL', v2('203.0.113.5', 0x20)),
                     ('v1 UNKNOWN', b'PROXY UNKNOWN\r\n')):
    client = Client(smtp, header)
    equal(client.line(), BANNER, 'a session begins behind a header: ' + what)
    client.close()
client = Client(smtp)
for byte in v2('203.0.113.6'):
    client.socket.sendall(bytes([byte]))
equal(client.line(), BANNER, '... also if it comes byte by byte')
client.close()
client = Client(smtp, v1('203.0.113.7') + b'EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n')
equal([client.line(), client.line()], [BANNER, '250-mx.example.test'], '... and what stands behind it is the session')
client.close()
ok(wait_for(lambda: b'client=203.0.113.7' in read('log')), '... of the client that it names', read('log'))

# no header
for what, first in (('EHLO', b'EHLO client.example\r\n'), ('half a signature and something else', b'\r\n\r\nQUIT\r\n'), ('an address that is none', v1('203.0.113.500')),
                    ('a v2 header that says it is 64 KB long', v2('203.0.113.5')[:14] + b'\xff\xff'), ('the end', None)):
    client = Client(smtp, first or b'')
    if first is None:
        client.socket.shutdown(socket.SHUT_WR)
    equal(client.line(), '', 'a balancer must begin with a header: ' + what)
    client.close()
ok(wait_for(lambda: b'refused reason="no PROXY header" client=127.0.33.1' in read('log')), '... which is in the log', read('log'))
client = Client(smtp)
equal(client.line(), '', '... and within 5 seconds')
client.close()
ok(wait_for(lambda: b'refused reason="the PROXY header did not come" client=127.0.33.1' in read('log')), '... which is in the log', read('log')[-500:])

# from others
client = Client(smtp, v1('203.0.113.5'), '127.0.33.2')
equal([client.line(), client.line()], [BANNER, '500 5.5.1 Command not known'], 'from others no header is read: it is a command that nobody knows')
client.close()
client = Client(smtp, v2('203.0.113.5'), '127.0.33.17')
equal(client.line(), BANNER, 'a network of balancers')
client.close()


# the limit of a network counts clients, not balancers
def open_two(ip):
    clients = [Client(smtp, v1(ip)) for _ in range(2)]
    return clients, [c.line() for c in clients]


others = [Client(smtp, v2('203.0.113.5', 0x20)) for _ in range(3)]
equal([c.line() for c in others], [BANNER] * 3, 'the balancer itself has no limit')
first, banners = open_two('203.0.113.8')
equal(banners, [BANNER] * 2, 'W-28: two sessions of one client behind the balancer')
third = Client(smtp, v2('203.0.113.8'))
equal(third.line(), '421 4.7.0 Too many connections, try again later', 'W-28: a third one is refused')
second, banners = open_two('203.0.113.9')
equal(banners, [BANNER] * 2, 'W-28: another client behind the same balancer is not')
direct = [Client(smtp, source='127.0.33.3') for _ in range(2)]
equal([c.line() for c in direct], [BANNER] * 2, '... nor one without a balancer')
direct.append(Client(smtp, source='127.0.33.3'))
equal(direct[2].line(), '421 4.7.0 Too many connections, try again later', 'W-28: ... up to its own limit')
ok(b'refused reason="concurrency of the client network" client=203.0.113.8' in read('log'), '... and the log names the client', read('log'))
server.send_signal(signal.SIGHUP)
ok(wait_for(lambda: b'smtp-receive: renewed' in read('log')), 'the listener executes itself anew')
third = Client(smtp, v1('203.0.113.8'))
equal(third.line(), '421 4.7.0 Too many connections, try again later', '... and the sessions stay counted')
first[0].close()
ok(wait_for(lambda: Client(smtp, v1('203.0.113.8')).line() == BANNER), '... until they end')
for client in first[1:] + second + direct + others:
    client.close()

# IMAP
imap = listen_tcp()
start('imap-login', imap, 'imap.log')
client = Client(imap, v1('203.0.113.5'))
ok(client.line().startswith('* OK'), 'imap-login: a session begins behind a header')
client.close()
client = Client(imap, b'a CAPABILITY\r\n')
equal(client.line(), '', '... and not without')
client.close()
clients = [Client(imap, v2('203.0.113.8')) for _ in range(2)]
ok(all(c.line().startswith('* OK') for c in clients), 'W-28: two IMAP sessions of one client')
client = Client(imap, v2('203.0.113.8'))
equal(client.line(), '* BYE [LIMIT] too many connections, try again later', '... and no third')
done_testing()
