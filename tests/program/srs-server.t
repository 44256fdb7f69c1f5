#!/usr/bin/python3
"""srs-server, and smtp-receive with it: the sender of mail that an address of ours forwards elsewhere is rewritten (SRS), and mail
to such a sender goes back; nobody else's mail does (check 13). Copies beside it (N-22, N-103, T8)."""
import base64, glob, hashlib, hmac, os, re, subprocess, sys, time
sys.path.insert(0, 'tests')
from tap import *

KEY = 'a key for this test, and no other one'
write('control/me', 'mx.example.test\n')
for folder in ('control/domains', 'control/addresses', 'directory', 'state/tables'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
write('control/domains/second.test')
write('control/domains/relayed.test', 'relay: inner.example\n')
for name, to in (('forward', ['joe@far.example']), ('both', ['joe@far.example', 'bob@example.test']), ('inside', ['bob@example.test']),
                 ('list', ['joe@far.example', 'ann@far.example', 'eve@else.example']), ('torelay', ['x@relayed.test'])):
    write('control/addresses/%s@example.test' % name, ''.join('to: %s\n' % t for t in to))
write('control/addresses/forward@second.test', 'to: joe@far.example\n')
write('directory/bob.ldif', 'dn: uid=bob,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: bob\nmail: bob@example.test\n'
      'entryUUID: 00000000-0000-0000-0000-000000000001\n\n')


def build():
    done = subprocess.run([program('tables-build')], env=ENV, stderr=subprocess.PIPE)
    assert not done.returncode, done.stderr


build()
for value, words in ((None, 'control/srskey is missing'), ('short\n', 'fewer than 16 characters')):
    if value:
        write('control/srskey', value)
    done = subprocess.run([program('srs-server')], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV)
    ok(done.returncode == 100 and words.encode() in done.stderr, 'it does not start without a good key: ' + words, done)
equal(subprocess.run([program('srs-server'), 'x'], stderr=subprocess.DEVNULL, env=ENV).returncode, 100, 'bad use')
write('control/srskey', KEY + '\n')
server = start('srs-server', listen('srs-server'), 'srs.log')
start('queue-add', listen('queue-add'), 'queue.log')


def mac(key, *strings):
    return hmac.new(key, b''.join(s.encode() + b'\0' for s in strings), hashlib.sha256).digest()


def sign(kind, rest, key=KEY):
    """The hash, as doc/srs-server.md has it."""
    return base64.b32encode(mac(mac(bytes(32), key), kind, rest.lower())[:5]).decode()


def stamp(days_ago=0):
    digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    day = (int(time.time()) // 86400 - days_ago) % 1024
    return digits[day >> 5] + digits[day & 31]


def made(domain, local, days_ago=0, at='example.test', key=KEY):
    rest = '%s=%s=%s' % (stamp(days_ago), domain, local)
    return 'SRS0=%s=%s@%s' % (sign('SRS0', rest, key), rest, at)


# calls
equal(call('srs-server', [('what', 'forward'), ('address', 'joe@far.example'), ('domain', 'example.test')])[0],
      [('answer', 'yes'), ('address', made('far.example', 'joe'))], 'forward: an address that somebody else can compute who has the key')
equal(call('srs-server', [('what', 'reverse'), ('address', made('far.example', 'Joe'))])[0], [('answer', 'yes'), ('address', 'Joe@far.example')], 'reverse')
equal(call('srs-server', [('what', 'reverse'), ('address', made('far.example', 'Joe').lower())])[0][0], ('answer', 'yes'), '... in lower case')
for request, error in (([('what', 'reverse'), ('address', made('far.example', 'joe', 22))], 'expired'),
                       ([('what', 'reverse'), ('address', made('far.example', 'joe', -1))], 'expired'),
                       ([('what', 'reverse'), ('address', made('far.example', 'joe', key='x' * 20))], 'forged'),
                       ([('what', 'reverse'), ('address', 'joe@far.example')], 'not an SRS address'),
                       ([('what', 'reverse')], 'not an SRS address'),
                       ([('what', 'forward'), ('address', 'x' * 240 + '@far.example'), ('domain', 'example.test')], 'too long'),
                       ([('what', 'forward'), ('address', 'joe'), ('domain', 'example.test')], 'no address and domain'),
                       ([('what', 'forward'), ('address', 'joe@far.example'), ('domain', 'x\r\ny')], 'no address and domain'),
                       ([('what', 'forward'), ('address', 'joe@far.example')], 'no address and domain'), ([('what', 'x')], 'no such request')):
    equal(call('srs-server', request)[0], [('answer', 'no'), ('error', error)], error)
write('control/srskey', 'a new key, which is the first one\n' + KEY + '\n')
equal(call('srs-server', [('what', 'reverse'), ('address', made('far.example', 'joe'))])[0][0], ('answer', 'yes'), 'a new key: the old one is still believed')
equal(call('srs-server', [('what', 'forward'), ('address', 'joe@far.example'), ('domain', 'example.test')])[0][1][1],
      made('far.example', 'joe', key='a new key, which is the first one'), '... and the new one signs')
write('control/srskey', KEY + '\n')


def session(sender, *recipients):
    """Answers to the RCPTs and, if one was accepted, to the message; the recipients' lines of the queue file."""
    commands = ['EHLO client.example', 'MAIL FROM:<%s>' % sender, *('RCPT TO:<%s>' % r for r in recipients), 'DATA', 'Subject: x', '', 'x', '.']
    with open('log', 'ab') as log:
        out = subprocess.run([program('smtp-receive')], input=''.join(c + '\r\n' for c in commands).encode(), stdout=subprocess.PIPE,
                             stderr=log, env=ENV, timeout=300).stdout.decode().split('\r\n')
    answers = out[[line[:4] for line in out].index('250 ') + 2:]
    lines = []
    for path in glob.glob('queue/new/*'):
        head = read(path).split(b'\n\n')[0].decode()
        lines = [line.split(' ') for line in head.split('\n') if line.startswith('R ')]
        os.unlink(path)
    facts = {line[1]: dict(f.split('=', 1) for f in line[2:]) for line in lines}
    return answers[:len(recipients)], answers[-2] if len(answers) > len(recipients) else '', facts


def sender_for(recipient, sender, address):
    return session(sender, address)[2].get(recipient, {}).get('sender')


# forwards
equal(sender_for('joe@far.example', 'Ann@outside.example', 'forward@example.test'), made('outside.example', 'Ann'), 'a forward elsewhere carries SRS')
equal(sender_for('joe@far.example', 'ann@outside.example', 'forward@second.test'), made('outside.example', 'ann', at='second.test'),
      "... at the domain of the address that forwards")
_, _, facts = session('ann@outside.example', 'list@example.test', 'both@example.test', 'forward@second.test')
equal({a: f.get('sender') for a, f in facts.items()}, dict.fromkeys(('joe@far.example', 'ann@far.example', 'eve@else.example'), made('outside.example', 'ann'))
      | {'bob@example.test': None}, '... each one elsewhere, and no mailbox')
write('control/srsdomain', 'second.test\n')
equal(sender_for('joe@far.example', 'ann@outside.example', 'forward@example.test'), made('outside.example', 'ann', at='second.test'), '... or at control/srsdomain')
os.unlink('control/srsdomain')
equal(sender_for('joe@far.example', '', 'forward@example.test'), None, 'the null sender stays')
equal(sender_for('joe@far.example', 'bob@example.test', 'forward@example.test'), None, 'one of ours stays')
equal(sender_for('x@relayed.test', 'ann@outside.example', 'torelay@example.test'), None, 'so does mail to a domain that we relay')
equal(sender_for('bob@example.test', 'ann@outside.example', 'inside@example.test'), None, 'and mail that stays here')
write('control/srs', 'no\n')
equal(sender_for('joe@far.example', 'ann@outside.example', 'forward@example.test'), None, 'control/srs no: nothing is rewritten')
ok(session('', made('outside.example', 'ann'))[0][0].startswith('550 5.1.1'), '... and nothing goes back')
os.unlink('control/srs')
nested = sender_for('joe@far.example', 'SRS0=abcd=ef=outside.example=ann@other.example', 'forward@example.test')
ok(nested.startswith('SRS1=') and nested.endswith('=other.example==abcd=ef=outside.example=ann@example.test'), 'what another one has rewritten becomes SRS1', nested)

# back
answers, said, facts = session('', made('outside.example', 'ann'))
ok(answers == ['250 2.1.5 Ok'] and said.startswith('250 2.0.0') and facts == {'ann@outside.example': {
    'orcpt': 'rfc822;' + made('outside.example', 'ann'), 'original': made('outside.example', 'ann')}}, 'a report comes back, and goes to the original sender', (answers, said, facts))
equal(list(session('', nested)[2]), ['SRS0=abcd=ef=outside.example=ann@other.example'], 'SRS1 goes back to the one who rewrote it first')
equal(session('eve@else.example', made('outside.example', 'ann'))[2]['ann@outside.example'].get('sender'), made('else.example', 'eve'),
      'mail that has a sender is forwarded again')
ok('mailbox' in session('', made('example.test', 'bob'))[2]['bob@example.test'], 'one that leads to a mailbox of ours arrives there')
for address, expected, what in ((made('outside.example', 'ann', key='x' * 20), '550 5.7.1', 'a forged one'),
                                (made('outside.example', 'victim').replace('victim', 'ann'), '550 5.7.1', 'one that was changed'),
                                (nested.replace('other', 'victim'), '550 5.7.1', 'an SRS1 that was changed'),
                                (made('outside.example', 'ann', 22), '550 5.1.1', 'an old one'), ('SRS0=x@example.test', '550 5.7.1', 'half a one'),
                                (made('example.test', 'nobody'), '550 5.1.1', 'one of nobody here'),
                                (made('outside.example', 'ann', at='far.example'), '554 5.7.1', 'one that was made elsewhere'),
                                (made('outside.example', 'ann', at='relayed.test'), '250', 'one of a domain that we relay, which is passed on')):
    answer = session('', address)[0][0]
    ok(answer.startswith(expected), 'check 13: %s: %s' % (what, expected), answer)
server.terminate()
server.wait(300)
os.unlink('run/srs-server')
answers, said, facts = session('ann@outside.example', 'forward@example.test')
ok(answers == ['250 2.1.5 Ok'] and said.startswith('451 4.3.0') and not facts, 'without srs-server what needs it is put off', (answers, said, facts))
ok(session('', made('outside.example', 'ann'))[0][0].startswith('451 4.3.0'), '... both ways')
ok(session('ann@outside.example', 'bob@example.test')[1].startswith('250'), '... and nothing else')

# copies
write('control/domains/example.test', 'copy: archive@store.example\n')
build()
_, said, facts = session('ann@outside.example', 'bob@example.test', 'inside@example.test')
equal(facts.get('archive@store.example'), {'copy': 'yes', 'notify': 'never', 'sender': '<>'}, 'N-22, T8: one copy of a message to a domain, with the null sender')
ok('mailbox' in facts['bob@example.test'] and 'copy' not in facts['bob@example.test'], '... and the recipient gets it too', facts)
write('control/alwaysbcc', 'all@store.example\n')
_, said, facts = session('ann@outside.example', 'bob@example.test')
equal([(a, f.get('copy')) for a, f in facts.items()], [('bob@example.test', None), ('archive@store.example', 'yes'), ('all@store.example', 'yes')],
      'N-103: control/alwaysbcc gets a copy, each archive one')
write('control/alwaysbcc', 'archive@store.example\n')
_, said, facts = session('ann@outside.example', 'bob@example.test')
equal(len(facts), 2, '... and one that is both gets one')
done_testing()
