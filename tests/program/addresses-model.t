#!/usr/bin/python3
"""Random nets of addresses, forwards, aliases of domains and a catch-all: where tables-build and whatif say that an address leads
must be what a model of N-28, N-29, N-37 to N-41 and T12 says, which is written here anew, without regard to the program."""
import sys; sys.path.insert(0, 'tests'); from tap import *
import random, re

USERS = ['u%d' % i for i in range(6)]
LOCALS = ['l%d' % i for i in range(8)]
FAR = ['x@far.example', 'y@far.example']
EVERY = [u + '@a.test' for u in USERS] + [l + d for l in LOCALS for d in ('@a.test', '@b.test', '@other.test')] + ['zz@catch.test']


class Net:
    """other.test is an alias of a.test; catch.test has a catch-all."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.closed = {self.random.choice(USERS)}
        some = lambda most: self.random.sample(EVERY + FAR, self.random.randint(1, most))
        self.addresses = {l + d: some(3) for l in LOCALS for d in ('@a.test', '@b.test', '@*') if self.random.random() < .5}
        self.forwards = {u: (some(2), self.random.random() < .4) for u in USERS if self.random.random() < .5}

    def write(self):
        for folder in ('control', 'directory', 'state', 'tables'):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in ('control/domains', 'control/addresses', 'control/mailboxes', 'directory', 'state/tables', 'tables'):
            os.makedirs(folder)
        write('control/me', 'mx.a.test\n')
        for name, content in {'a.test': '', 'b.test': '', 'other.test': 'alias: a.test\n', 'catch.test': 'catchall: u0@a.test\n'}.items():
            write('control/domains/' + name, content)
        for i, u in enumerate(USERS):
            write('directory/%s.ldif' % u, 'dn: uid=%s,dc=a,dc=test\nobjectClass: inetOrgPerson\nuid: %s\nmail: %s@a.test\nentryUUID: key-%s\nuidNumber: %d\n%s'
                  % (u, u, u, u, 30001 + i, 'mailReceive: no\n' if u in self.closed else ''))
        for address, to in self.addresses.items():
            write('control/addresses/' + address.replace('@*', ''), ''.join('to: %s\n' % t for t in to))
        for u, (to, keep) in self.forwards.items():
            write('control/mailboxes/%s@a.test' % u, ''.join('forward: %s\n' % t for t in to) + ('keep: yes\n' if keep else ''))

    def ends(self, address, met, found):
        if address in met:
            return
        met.add(address)
        local, domain = address.split('@')
        if domain == 'far.example':
            found.add(address)
        elif address in self.addresses:
            self.all(self.addresses[address], met, found)
        elif domain == 'other.test':
            self.ends(local + '@a.test', met, found)
        elif domain == 'a.test' and local in USERS:
            self.mailbox(local, met, found)
        elif local + '@*' in self.addresses:
            self.all(self.addresses[local + '@*'], met, found)
        elif domain == 'catch.test':
            self.ends('u0@a.test', met, found)

    def record(self, address):
        """What an address itself leads to, without a look at other names of its domain."""
        local, domain = address.split('@')
        own = self.addresses.get(address)
        return own or (domain in ('a.test', 'b.test', 'catch.test') and self.addresses.get(local + '@*')) or []

    def all(self, addresses, met, found):
        for address in addresses:
            self.ends(address, met, found)

    def mailbox(self, user, met, found):
        own = user + '@a.test'
        to, keep = self.forwards.get(user, ((), True))
        if user in self.closed:
            return
        if keep or own in to or any(own in self.record(t) for t in to):
            found.add(own)
        self.all([t for t in to if t != own], met, found)


os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
for seed in [*range(12), 55]:
    net = Net(seed)
    net.write()
    built = subprocess.run([program('tables-build')], env=ENV, capture_output=True, text=True)
    faults = [] if built.returncode == 0 else [built.stderr]
    for address in EVERY:
        expected = set()
        net.ends(address, set(), expected)
        said = subprocess.run([program('whatif'), 's@far.example', address], env=ENV, capture_output=True, text=True).stdout
        seen = set(re.findall(r'^destination (\S+)', said, re.M))
        if seen != expected or ('result      accepted' in said) != bool(expected):
            faults.append('%s: the model says %s, whatif %s' % (address, sorted(expected), said))
    equal(faults[:2], [], 'N-41 N-39 N-28 net %d: %d addresses lead where the model says' % (seed, len(EVERY)))
done_testing()
