#!/usr/bin/python3
"""smtp-send and the addresses of a host, in a network namespace with a real nsd: IPv4 and IPv6 are tried in a race, so that one
that is silent stalls nothing (control/timeoutconnect is 600 here, and packets vanish); control/addressorder; a family without a
route; a host that greets badly; DNS that is silent about one family, or has more than a packet can carry. Needs root."""
import collections, sys
sys.path[:0] = ['tests', 'tests/flow']
import net

NAME, FAR = 'postroom43', 'postroom43far'
NOBODY = '02:00:00:00:00:99'


def far(near):
    """A second host, on a wire to this one; and addresses of nobody, to which packets vanish."""
    other = net.Namespace(FAR)
    net.ip('link', 'add', 'near', 'netns', NAME, 'type', 'veth', 'peer', 'name', 'far', 'netns', FAR)
    for host, device, addresses in ((near, 'near', ('198.51.100.1/24', 'fd00::13/64')), (other, 'far', ('198.51.100.2/24', 'fd00::14/64'))):
        net.ip('-n', host.name, 'link', 'set', device, 'up')
        for address in addresses:
            host.address(address, device)
    for address in ('198.51.100.66', '198.51.100.67', 'fd00::66', 'fd00::67'):
        net.ip('-n', NAME, 'neigh', 'add', address, 'lladdr', NOBODY, 'dev', 'near', 'nud', 'permanent')
    return other


net.inside(NAME, hosts='127.0.13.21 near.test', make=far)
from smtp_server import *
from tap import *

ZONE = '''$ORIGIN test.
$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns.test.
ns A 127.0.0.1
both A 198.51.100.2
both AAAA fd00::14
silent4 A 198.51.100.66
silent4 A 198.51.100.67
silent4 AAAA fd00::14
silent6 A 198.51.100.2
silent6 AAAA fd00::66
silent6 AAAA fd00::67
silent A 198.51.100.66
silent AAAA fd00::66
mute A 198.51.100.2
mutebad A 198.51.100.66
mutebad AAAA fd00::14
far6 AAAA 2001:db8:1::1
far A 198.51.100.2
far AAAA 2001:db8:1::1
busy A 127.0.13.23
busy AAAA fd00::14
busyonly A 127.0.13.23
busyonly AAAA 2001:db8:1::1
refused A 127.0.13.99
refused AAAA 2001:db8:1::1
near AAAA fd00::66
''' + ''.join('many A 127.0.77.%d\n' % i for i in range(1, 61)) + ''.join('dead A 127.0.78.%d\n' % i for i in range(1, 13)) + 'dead AAAA fd00::14\n'


class Resolver(threading.Thread):
    """Hands questions on to nsd, but is silent about the IPv6 addresses of `mute` and the IPv4 addresses of `mutebad`."""

    def __init__(self):
        super().__init__(daemon=True)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(('127.0.0.1', 53))
        self.tcp = socket.create_server(('127.0.0.1', 53))
        self.by_tcp, self.asked = 0, collections.Counter()
        self.start()
        threading.Thread(target=self.run_tcp, daemon=True).start()

    def run(self):
        while True:
            question, asker = self.udp.recvfrom(4096)
            end = question.index(b'\0', 12)
            name, kind = question[13:13 + question[12]], int.from_bytes(question[end + 1:end + 3], 'big')
            self.asked[name, kind] += 1
            if (name, kind) in ((b'mute', 28), (b'mutebad', 1)):
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nsd:
                nsd.settimeout(60)
                nsd.connect(('127.0.0.3', 53))
                nsd.send(question)
                self.udp.sendto(nsd.recv(65535), asker)

    def run_tcp(self):
        while True:
            asker, _ = self.tcp.accept()
            self.by_tcp += 1
            with asker, socket.create_connection(('127.0.0.3', 53)) as nsd:
                nsd.sendall(asker.recv(4096))
                answer = nsd.makefile('rb')
                length = answer.read(2)
                asker.sendall(length + answer.read(int.from_bytes(length, 'big')))


def dns_is_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.5)
        s.connect(('127.0.0.3', 53))
        s.send(b'\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02ns\x04test\x00\x00\x01\x00\x01')
        return s.recv(512)


write('zone', ZONE)
write('nsd.conf', '''server:
  ip-address: 127.0.0.3
  username: ""
  chroot: ""
  zonesdir: "%s"
  database: ""
  pidfile: "%s/nsd.pid"
  zonelistfile: "%s/nsd.zones"
  xfrdfile: "%s/nsd.xfrd"
remote-control:
  control-enable: no
zone:
  name: "test."
  zonefile: zone
''' % (HOME, HOME, HOME, HOME))
write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '60\n')
write('control/timeoutconnect', '600\n')
running.append(subprocess.Popen(['/usr/sbin/nsd', '-d', '-c', HOME + '/nsd.conf'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
ok(wait_for(dns_is_up), 'nsd answers')
resolver = Resolver()
start('smtp-send', listen('smtp-send'), 'log')
Server(sessions=1000, patience=600, address='127.0.13.21', port=25)
Server(sessions=1000, patience=600, address='127.0.13.23', port=25, BANNER=b'451 4.3.2 too busy\r\n')
Server(sessions=1000, patience=600, address='0.0.0.0', port=2626)
with net.At(FAR):
    v4 = Server(sessions=1000, patience=600, address='198.51.100.2', port=25)
    v6 = Server(sessions=1000, patience=600, address='fd00::14', port=25)


def to(host, port=25, **more):
    """A silent address would be waited for for ten minutes: that there is an answer says that it was not."""
    c = Call([('route', 'host'), ('host', host), ('port', port), ('tls', 'off'), *more.items()])
    c.connection.settimeout(500)
    outcome = c.send()[0]
    c.close()
    return outcome, c.fields.get('remote')


def reaches(host, address, what, **more):
    outcome, remote = to(host, **more)
    ok(outcome[0] == 'done' and remote == '%s[%s]:%d' % (host, address, more.get('port', 25)), what, (outcome, remote, read('log')[-600:]))


reaches('both.test', '198.51.100.2', 'IPv4 and IPv6: IPv4 first')
reaches('silent4.test', 'fd00::14', 'N-78: two IPv4 addresses are silent: IPv6')
reaches('silent6.test', '198.51.100.2', 'IPv6 is silent: IPv4')
reaches('dead.test', 'fd00::14', 'a dozen dead addresses of one family: the other family has its turn')
reaches('far.test', '198.51.100.2', 'no route to IPv6: IPv4')
reaches('busy.test', 'fd00::14', 'IPv4 greets with 451: IPv6')
outcome, remote = to('busyonly.test')
ok(outcome[:2] == ('later', '4.3.2') and 'too busy' in outcome[3] and remote == 'busyonly.test[127.0.13.23]:25',
   'what the host said is told, not that there is no route to IPv6', (outcome, remote))
outcome, remote = to('refused.test')
ok(outcome[:2] == ('later', '4.4.1') and 'refused' in outcome[3] and '127.0.13.99' in remote, 'nor where nobody listens', (outcome, remote))
outcome, remote = to('far6.test')
ok(outcome[:2] == ('later', '4.4.1') and 'unreachable' in outcome[3], 'but where that is all', (outcome, remote))
write('control/addressorder', 'ipv6\n')
reaches('both.test', 'fd00::14', 'control/addressorder ipv6: IPv6 first')
reaches('silent6.test', '198.51.100.2', 'which is silent: IPv4')
reaches('far.test', '198.51.100.2', 'to which is no route: IPv4')
write('control/addressorder', 'any\n')
reaches('both.test', 'fd00::14', 'control/addressorder any')
reaches('silent6.test', '198.51.100.2', 'any: IPv6 is silent')
reaches('silent4.test', 'fd00::14', 'any: IPv4 is silent')
os.unlink('control/addressorder')
reaches('near.test', '127.0.13.21', '/etc/hosts has the host: DNS is not asked')
equal(resolver.asked[b'near', 1] + resolver.asked[b'near', 28], 0, 'indeed')
reaches('mute.test', '198.51.100.2', 'DNS is silent about its IPv6 addresses: IPv4')
reaches('mutebad.test', 'fd00::14', 'DNS is silent about its IPv4 addresses: IPv6')
outcome, remote = to('many.test', port=2626)
ok(outcome[0] == 'done' and '127.0.77.' in remote and resolver.by_tcp, 'sixty addresses are asked for by TCP', (outcome, remote, resolver.by_tcp))

os.makedirs('tables/current')
write_cdb('tables/current/relay.cdb', [(b'rule:one', record([('source', '198.51.100.1')])), (b'rule:both', record([('source', 'fd00::13'), ('source', '198.51.100.1')])),
                                       (b'rule:other', record([('source', 'fd00::99')]))])
reaches('both.test', '198.51.100.2', 'a source address of IPv4', rule='one')
outcome, remote = to('far6.test', rule='one')
ok(outcome[:2] == ('later', '4.4.1') and 'no source address like it in relay rule one' in outcome[3], 'there is none of IPv6', outcome)
reaches('silent4.test', 'fd00::14', 'a source of each family, IPv4 is silent', rule='both')
outcome, remote = to('both.test', rule='other')
ok(outcome[:2] == ('later', '4.4.1') and 'not one of this host' in outcome[3], 'a source address that this host does not have', outcome)

write('control/timeoutconnect', '2\n')
outcome, remote = to('silent.test')
ok(outcome[:2] == ('later', '4.4.1') and 'timed out' in outcome[3], 'both are silent: later, after control/timeoutconnect', outcome)
write('control/addressorder', 'ipv5\n')
c = Call([('route', 'host'), ('host', 'both.test'), ('port', '25'), ('tls', 'off')])
equal(c.send(), [], 'an order that is none')
ok(wait_for(lambda: b'control/addressorder is ipv4, ipv6 or any, but ipv5' in read('log')), 'is told', read('log')[-300:])
c.close()
done_testing()
