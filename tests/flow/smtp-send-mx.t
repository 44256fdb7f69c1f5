#!/usr/bin/python3
"""smtp-send finds the way by DNS, in a network namespace of its own with a real nsd: MX in order of preference, the next one
when one is dead or greets badly, no MX at all, null MX, loops by name, by address and by greeting, IPv6, /etc/hosts (N-78,
RFC 5321 5.1, RFC 7505). With DNS down mail is deferred, not returned; with DNS back it flows (check 33). Needs root."""
import collections, ctypes, os, shutil, signal, subprocess, sys
sys.path.insert(0, 'tests')

NAME, FAR = 'postroom13', 'postroom13far'
if os.environ.get('INSIDE') != NAME:
    if os.getuid():
        print('1..0 # SKIP only root can make a network namespace')
        sys.exit(0)
    folder = '/etc/netns/' + NAME
    for name in (NAME, FAR):
        subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)
    os.makedirs(folder, exist_ok=True)
    with open(folder + '/resolv.conf', 'w') as f:
        f.write('nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
    with open(folder + '/hosts', 'w') as f:
        f.write('127.0.0.1 localhost\n127.0.13.21 relay.hosts\n')
    try:
        for words in (['netns', 'add', NAME], ['netns', 'add', FAR], ['link', 'add', 'near', 'netns', NAME, 'type', 'veth',
                                                                      'peer', 'name', 'far', 'netns', FAR],
                      ['-n', NAME, 'link', 'set', 'lo', 'up'], ['-n', NAME, 'link', 'set', 'near', 'up'], ['-n', FAR, 'link', 'set', 'far', 'up'],
                      ['-n', NAME, 'addr', 'add', '192.0.2.13/32', 'dev', 'lo'], ['-n', NAME, 'addr', 'add', 'fd00::13/64',
                                                                                  'dev', 'near', 'nodad'],
                      ['-n', FAR, 'addr', 'add', 'fd00::14/64', 'dev', 'far', 'nodad']):
            subprocess.run(['ip', *words], check=True)
        code = subprocess.run(['ip', 'netns', 'exec', NAME, sys.executable, *sys.argv], env=dict(os.environ, INSIDE=NAME)).returncode
    finally:
        for name in (NAME, FAR):
            subprocess.run(['ip', 'netns', 'del', name])
        shutil.rmtree(folder)
    sys.exit(code)

from smtp_server import *
from tap import *

ZONE = '''$ORIGIN test.
$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns.test.
ns A 127.0.0.1
alive A 127.0.13.21
dead A 127.0.13.20
second A 127.0.13.22
busy A 127.0.13.23
mirror A 127.0.13.24
own A 192.0.2.13
six AAAA fd00::14
order MX 30 second
order MX 10 dead
order MX 20 alive
greet MX 10 busy
greet MX 20 alive
equal MX 10 alive
equal MX 10 second
null MX 0 .
implicit A 127.0.13.21
alias CNAME implicit
aliasmx CNAME order
loop MX 10 mail.home.test.
loop MX 20 alive
behind MX 10 dead
behind MX 20 mail.home.test.
address MX 10 own
greeting MX 10 mirror
nowhere MX 10 missing
v6 MX 10 six
both A 127.0.13.20
both AAAA fd00::14
text TXT "no mail"
gone MX 10 alive.outside.example.
'''


def enter(namespace):
    """This thread's sockets are made there from now on."""
    fd = os.open('/run/netns/' + namespace, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
        raise OSError(ctypes.get_errno(), 'setns')
    os.close(fd)


def start_dns():
    dns = subprocess.Popen(['/usr/sbin/nsd', '-d', '-c', HOME + '/nsd.conf'], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    running.append(dns)
    ask = '127.0.0.1', 53

    def is_up():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.connect(ask)
                s.send(b'\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02ns\x04test\x00\x00\x01\x00\x01')
                return s.recv(512)
            except OSError:
                return False
    ok(wait_for(is_up), 'nsd answers')
    return dns


write('zone', ZONE)
write('nsd.conf', '''server:
  ip-address: 127.0.0.1
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
write('control/timeoutremote', '30\n')
write('control/timeoutconnect', '5\n')
dns = start_dns()
start('smtp-send', listen('smtp-send'), 'log')
start('tls-client', listen('tls-client'), 'tlslog')
alive = Server(sessions=1000, address='127.0.13.21', port=25)
second = Server(sessions=1000, address='127.0.13.22', port=25)
busy = Server(sessions=1000, address='127.0.13.23', port=25, BANNER=b'451 too busy\r\n')
mirror = Server(sessions=1000, address='127.0.13.24', port=25, EHLO=b'250-mail.home.test at your service\r\n250 PIPELINING\r\n')
own = Server(sessions=1000, address='192.0.2.13', port=25)
enter(FAR)
six = Server(sessions=1000, address='fd00::14', port=25)
enter(NAME)


def mx(domain):
    c = Call([('route', 'mx'), ('domain', domain)])
    outcome = c.send()[0]
    c.close()
    return outcome, c.fields.get('remote')


for domain, remote, what in (
        ('order.test', 'alive.test[127.0.13.21]:25', 'a dead host: the one of the next preference'),
        ('ORDER.test', 'alive.test[127.0.13.21]:25', 'in any case'),
        ('greet.test', 'alive.test[127.0.13.21]:25', 'a host that greets with 451: the next one'),
        ('implicit.test', 'implicit.test[127.0.13.21]:25', 'no MX: the domain itself'),
        ('alias.test', 'alias.test[127.0.13.21]:25', 'a CNAME'),
        ('aliasmx.test', 'alive.test[127.0.13.21]:25', 'a CNAME to a domain with MX'),
        ('v6.test', 'six.test[fd00::14]:25', 'S-05: IPv6'),
        ('both.test', 'both.test[fd00::14]:25', 'IPv6 when IPv4 is dead'),
        ('[127.0.13.21]', '127.0.13.21[127.0.13.21]:25', 'an address literal'),
        ('[IPv6:fd00::14]', 'fd00::14[fd00::14]:25', 'an IPv6 literal')):
    outcome, seen = mx(domain)
    ok(outcome[0] == 'done' and seen == remote, '%s: %s' % (domain, what), (outcome, seen, read('log')[-400:]))
counts = collections.Counter(mx('equal.test')[1] for _ in range(40))
ok(len(counts) == 2, 'equal preferences: by chance', counts)

for domain, kind, status, words in (
        ('null.test', 'never', '5.1.10', 'null MX'), ('absent.test', 'never', '5.1.2', 'no domain'), ('nowhere.test', 'never', '5.4.4', 'has an address'),
        ('text.test', 'never', '5.4.4', 'has an address'), ('loop.test', 'never', '5.4.6', 'loops back'), ('address.test', 'never', '5.4.6', 'loops back'),
        ('greeting.test', 'never', '5.4.6', 'loops back'), ('[192.0.2.13]', 'never', '5.4.6', 'loops back'), ('behind.test', 'later', '4.4.1', 'refused'), ('gone.test', 'later', '4.4.3', 'DNS'),
        ('other.example', 'later', '4.4.3', 'DNS'), ('a..b', 'never', '5.1.2', 'no domain'), ('a b.test', 'never', '5.1.2', 'no domain')):
    outcome, remote = mx(domain)
    ok(outcome[:2] == (kind, status) and words in outcome[3], '%s: %s %s' % (domain, kind, status), outcome)
equal(mx('null.test')[0][2], '556', 'a null MX is 556 (RFC 7505)')
equal((own.messages, mirror.messages), ([], []), 'nothing was sent to ourselves')

for host, remote in (('alive.test', 'alive.test[127.0.13.21]:25'), ('relay.hosts', 'relay.hosts[127.0.13.21]:25'),
                     ('[relay.hosts]', 'relay.hosts[127.0.13.21]:25')):
    c = Call([('route', 'host'), ('host', host), ('port', '25'), ('tls', 'off')])
    ok(c.send()[0][0] == 'done' and c.fields.get('remote') == remote, 'the relay %s' % host, c.answer)
    c.close()
os.makedirs('tables/current', exist_ok=True)
write_cdb('tables/current/relay.cdb', [])
c = Call([('route', 'host'), ('host', 'order.test'), ('rule', 'office'), ('tls', 'off')])
ok(c.send()[0][:2] == ('later', '4.4.4') and 'rule office' in c.fields['recipient'],
   'a relay has no MX; one without an address is later, and the rule is named', c.answer)
c.close()

dns.send_signal(signal.SIGTERM), dns.wait()
outcome, remote = mx('order.test')
ok(outcome[:2] == ('later', '4.4.3'), 'check 33: DNS is down: later', outcome)
dns = start_dns()
outcome, remote = mx('order.test')
ok(outcome[0] == 'done', 'check 33: DNS is back: done', outcome)
done_testing()
