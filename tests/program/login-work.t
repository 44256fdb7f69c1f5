#!/usr/bin/python3
"""Check 15: an unknown name and a wrong password cost the same work, whatever hash is stored. Counted is the CPU time of auth-server's children, which a
busy machine does not make longer as it does the time on the wall; each must be at least half of what a stranger's costs, which is two slow hashes."""
import sys; sys.path.insert(0, 'tests')
from auth import *
import hashlib

TRIES, used = 6, []
write('control/authblock', '0\n')
ssha = '{SSHA}' + b64(hashlib.sha1(b'x' + b'salt').digest() + b'salt')
slow, keys = both('secret')
people = {'fast': ssha, 'slow': slow, 'keys': keys, 'full': slow + '\nuserPassword: ' + keys, 'none': 'in the clear'}
for name, stored in people.items():
    person(name, stored)
build()
server = start('auth-server', listen('auth-server'), 'log')


def children():
    """Clock ticks that children have used which are gone."""
    fields = open('/proc/%d/stat' % server.pid).read().rsplit(')', 1)[1].split()
    return int(fields[13]) + int(fields[14])


def cost(name):
    """Of so many tries, when the children that made them are gone."""
    used.append(name)
    before = children()
    for n in range(TRIES):
        assert plain(name, 'wrong', ip='2001:db8:%x:%x::1' % (len(used), n))['answer'] in ('no', 'later')
    wait_for(lambda: len(open('/proc/%d/task/%d/children' % (server.pid, server.pid)).read().split()) == 0)
    return children() - before


work = {name: cost(name) for name in ('nobody', *people)}
for name in people:
    ok(work[name] >= work['nobody'] / 2 and work['nobody'] >= work[name] / 3, 'a wrong password costs what a stranger\'s does: %s' % name, work)
ok(work['nobody'] > 0, '... which is something', work)
equal(plain('fast', '', ip='192.0.2.1'), {'answer': 'no'}, 'an empty password is nobody\'s')
done_testing()
