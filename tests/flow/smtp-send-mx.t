#!/usr/bin/python3
"""smtp-send finds the way by DNS, in a network namespace of its own with a real nsd: MX in order of preference, the next one
when one is dead or greets badly, no MX at all, null MX, loops by name, by address and by greeting, IPv6, /etc/hosts (N-78,
RFC 5321 5.1, RFC 7505). With DNS down mail is deferred, not returned; with DNS back it flows (check 33). Needs root."""
import atexit, collections, sys
sys.path[:0] = ['tests', 'tests/flow']
import net


def far(near):
    """A second host, on a wire to this one."""
    other = net.Namespace(FAR)
    net.ip('link', 'add', 'near', 'netns', NAME, 'type', 'veth', 'peer', 'name', 'far', 'netns', FAR)
    for host, device, address in ((near, 'near', 'fd00::13/64'), (other, 'far', 'fd00::14/64')):
        net.ip('-n', host.name, 'link', 'set', device, 'up')
        host.address(address, device)
    return other


NAME, FAR = 'postroom13', 'postroom13far'
net.inside(NAME, '192.0.2.13', hosts='127.0.13.21 relay.hosts', make=far)
from smtp_server import *
from tap import *

ZONE = '''alive A 127.0.13.21
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


write('control/me', 'mail.home.test\n')
write('control/timeoutremote', '30\n')
write('control/timeoutconnect', '5\n')
dns = net.Dns({'test': ZONE}, resolver=False)
atexit.register(dns.remove)
start('smtp-send', listen('smtp-send'), 'log')
start('tls-client', listen('tls-client'), 'tlslog')
alive = Server(sessions=1000, address='127.0.13.21', port=25)
second = Server(sessions=1000, address='127.0.13.22', port=25)
busy = Server(sessions=1000, address='127.0.13.23', port=25, BANNER=b'451 too busy\r\n')
mirror = Server(sessions=1000, address='127.0.13.24', port=25, EHLO=b'250-mail.home.test at your service\r\n250 PIPELINING\r\n')
own = Server(sessions=1000, address='192.0.2.13', port=25)
with net.At(FAR):
    six = Server(sessions=1000, address='fd00::14', port=25)


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

dns.stop()
outcome, remote = mx('order.test')
ok(outcome[:2] == ('later', '4.4.3'), 'check 33: DNS is down: later', outcome)
ok(dns.start(), 'DNS is back')
outcome, remote = mx('order.test')
ok(outcome[0] == 'done', 'check 33: DNS is back: done', outcome)
done_testing()
