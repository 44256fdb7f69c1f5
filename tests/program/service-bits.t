#!/usr/bin/python3
"""Service bits of an account, of the directory and of control/mailboxes: imap, pop3 and sieve at the login, receive, submit and forwarding in
what whatif asks the functions of smtp-receive (N-27, T12, N-28). Through SMTP and IMAP: tests/flow/logins.t."""
import sys; sys.path.insert(0, 'tests')
from auth import *

SERVICES = ('imap', 'pop3', 'sieve', 'submit')
write('control/me', 'mx.example.test\n')
stored = hashed('secret')
for name, line in (('ann', ''), ('bob', 'mailImap: no'), ('cat', 'mailPop3: no'), ('dan', 'mailSieve: no'), ('eve', 'mailSubmit: no'), ('fay', 'mailReceive: no'),
                   ('gus', 'mailForwardingAddress: gus@far.example\nmailForwarding: no'), ('hal', 'mailForwardingAddress: hal@far.example')):
    person(name, stored, *([line] if line else []))
build()
start('auth-server', listen('auth-server'), 'log')


def may(name):
    return [service for service in SERVICES if plain(name, 'secret', service=service)['answer'] == 'yes']


def whatif(*words):
    return run(program('whatif'), *words).stdout


def set_bits(name, *lines):
    write('control/mailboxes/%s@example.test' % name, '\n'.join(lines) + '\n')
    build()


equal(may('ann'), list(SERVICES), 'nothing is said: all')
equal(may('bob'), ['submit'], 'mailImap: no: neither POP3 nor Sieve')
equal(may('cat'), ['imap', 'sieve', 'submit'], 'mailPop3: no')
equal(may('dan'), ['imap', 'pop3', 'submit'], 'mailSieve: no')
equal(may('eve'), list(SERVICES), 'mailSubmit: no: the login is right (P-05)')
ok('reason="sieve is not allowed" login=dan' in open('log').read(), 'the log says why')
ok('554 5.7.1' in whatif('eve@example.test', 'ann@example.test', '--login', 'eve'), '... and the mail is refused')
ok('550 5.2.1' in whatif('x@far.example', 'fay@example.test'), 'T12: mailReceive: no')
ok('destination hal@far.example' in whatif('x@far.example', 'hal@example.test'), 'a forward')
seen = whatif('x@far.example', 'gus@example.test')
ok('destination gus@example.test' in seen and 'far.example' not in seen.split('destination', 1)[1], 'mailForwarding: no: the mailbox gets it', seen)
ok('not forwarded (forwarding-off, directory/gus.ldif' in seen, '... and that is said', seen)

os.makedirs('control/mailboxes')
set_bits('ann', 'imap: no', 'pop3: yes')
equal(may('ann'), ['pop3', 'submit'], 'N-27: control/mailboxes: POP3 alone')
set_bits('ann', 'sieve: no')
equal(may('ann'), ['imap', 'pop3', 'submit'], '... no Sieve')
set_bits('bob', 'imap: yes', 'pop3: yes', 'sieve: yes')
equal(may('bob'), ['submit'], 'what the directory forbids stays forbidden')
set_bits('hal', 'forwarding: no')
ok('destination hal@example.test' in whatif('x@far.example', 'hal@example.test'), 'forwarding: no: the directory\'s forwards, too')
set_bits('hal', 'forwarding: no', 'forward: hal@other.example')
ok('destination hal@example.test' in whatif('x@far.example', 'hal@example.test'), '... and those of the same file (N-28)')
os.unlink('control/mailboxes/hal@example.test')
seen = run(program('tables-build'), '--dry-run').stdout
ok('hal@example.test: may forward again' in seen, 'tables-diff tells of it in words', seen)
write('control/mailboxes/hal@example.test', 'pop3: perhaps\n')
done = run(program('tables-build'))
ok(done.returncode == 100 and 'pop3 is yes or no, not perhaps' in done.stderr, 'neither yes nor no', done)
done_testing()
