#!/usr/bin/python3
"""Several IMAP sessions and other programs in one mailbox: message numbers hold between two answers whatever the others do
(check 47), changes from outside are noticed and uids stay (check 48), IDLE tells news at once, files that other programs
made or damaged are read."""
import sys; sys.path.insert(0, 'tests')
import random
from imap import *


def numbers(answers, word):
    return [int(a.split()[1]) for a in answers if a.startswith(b'* ') and a.endswith(word)]


# --- two sessions ---
one, two = Session(), Session()
for i in range(5):
    one.append('INBOX', message('m%d' % i))
one.do('SELECT INBOX')
ok(b'* 0 RECENT' in two.do('SELECT INBOX'), 'a message is recent to the first session only')
two.do('STORE 2 +FLAGS.SILENT (\\Flagged)')
ok(b'* 2 FETCH (FLAGS (\\Flagged \\Recent))' in one.do('NOOP'), 'flags that another session set are told')
two.do('STORE 2,4 +FLAGS.SILENT (\\Deleted)')
two.do('EXPUNGE')
answers = one.do('FETCH 1:5 FLAGS')
ok(not numbers(answers, b'EXPUNGE'), 'no EXPUNGE in FETCH')
ok(sum(b'FETCH' in a for a in answers) >= 5, '... whose numbers still hold: flags of all five are told')
answers = one.do('FETCH 1:5 (UID BODY.PEEK[])')
equal([a.split()[1] for a in answers if b'BODY[] {' in a], [b'1', b'3', b'5'], '... bodies of those that are left')
ok(answers[-1].startswith(b'NO [EXPUNGEISSUED]'), '... and the client is told why')
answers = one.do('STORE 1:5 +FLAGS (\\Answered)')
ok(not numbers(answers, b'EXPUNGE') and answers[-1].startswith(b'NO [EXPUNGEISSUED]'), 'no EXPUNGE in STORE')
answers = one.do('SEARCH ALL')
ok(not numbers(answers, b'EXPUNGE'), 'no EXPUNGE in SEARCH')
ok(one.do('COPY 2 Sent')[-1].startswith(b'NO [EXPUNGEISSUED]') and not files('m/.Sent'), 'COPY of what has gone copies nothing')
equal(numbers(one.do('NOOP'), b'EXPUNGE'), [], '... and was allowed to say so')
equal(one.uids(), [1, 3, 5], 'the others are left')
one.do('STORE 3 +FLAGS (\\Deleted)')

# --- from outside ---
one.do('EXPUNGE')
equal(two.uids(), [1, 3], 'both see the same')
put('m', '1700000000.1.host', message('outside'))
answers = one.do('NOOP')
ok(b'* 3 EXISTS' in answers and b'* 3 RECENT' in answers, 'a delivery is seen', answers)
os.rename('m/cur/1700000000.1.host:2,', 'm/cur/1700000000.1.host:2,FRS')
ok(b'* 3 FETCH (FLAGS (\\Answered \\Flagged \\Seen \\Recent))' in one.do('NOOP'), 'flags that mutt set are seen')
os.rename('m/cur/1700000000.1.host:2,FRS', 'm/new/1700000000.1.host')
equal(one.flags()[6], {'\\Recent'}, 'so is a message that was put back into new/')
uidlist = read('m/dovecot-uidlist')
validity = re.search(rb'UIDVALIDITY (\d+)', b'\n'.join(two.do('SELECT INBOX')))[1]
os.unlink('m/dovecot-uidlist')
put('m', '1700000001.1.host', message('outside2'))
two.do('NOOP')
ok(validity in read('m/dovecot-uidlist') and two.uids() == [1, 3, 6, 7], 'check 48: a uidlist that was removed is made again, with the same uids')
names = {n.split(':')[0]: n for n in os.listdir('m/cur')}
saved = read('m/cur/' + names['1700000000.1.host'])
os.unlink('m/cur/' + names['1700000000.1.host'])
equal((one.uids(), two.uids()), ([1, 3, 7], [1, 3, 7]), 'a message that was removed is gone in both')
write('m/cur/' + names['1700000000.1.host'], saved)
equal((one.uids(), two.uids()), ([1, 3, 7, 8], [1, 3, 7, 8]), 'restored while they know it gone, it has a new uid, the same in both')
one.close(), two.close()

os.unlink('m/cur/' + names['1700000000.1.host'])
write('m/cur/' + names['1700000000.1.host'], saved)
s = Session()
s.do('SELECT INBOX')
equal(s.uids(), [1, 3, 7, 8], 'restored while nobody looks (rsync, a backup), it keeps its uid')
before = read('m/dovecot-uidlist')
s.close()
write('m/dovecot-uidlist', before[:-7])
s = Session()
s.do('SELECT INBOX')
ok({1, 3, 7} < set(s.uids()), 'a uidlist whose last line was cut off by a crash: the other uids stay')
s.close()
for junk in (b'', b'nonsense\n', b'3 V0 N0\n', b'\0' * 1000, b'4 V1 N1\n'):
    write('m/dovecot-uidlist', junk)
    s = Session()
    answers = b'\n'.join(s.do('SELECT INBOX'))
    ok(b'* 4 EXISTS' in answers and s.uids() == [1, 2, 3, 4] and validity not in answers, 'a uidlist of %r: a new one, with another uidvalidity' % junk[:9], answers)
    validity = re.search(rb'UIDVALIDITY (\d+)', answers)[1]
    s.close()
for gone in ('dovecot-keywords', 'subscriptions', 'postroom-lock', 'postroom-mailbox-lock', 'dovecot-uidvalidity'):
    if os.path.exists('m/' + gone):
        os.unlink('m/' + gone)
s = Session()
s.do('SELECT INBOX')
equal(s.uids(), [1, 2, 3, 4], 'P-37: any of the other files may be removed at any time')
s.close()

# --- what Dovecot 2.3 wrote (V-3 uidlist, subscriptions 2, keywords) ---
for name, content in (('dovecot-uidlist', '3 V1795260777 N9 Gad5f9a3a6981016bf75d000083ecc375\n2 W19 :1795260777.M9P2.vm,S=16,W=19:2,S\n'
                       '3 P77 :1795260778.M1P2.vm,S=18,W=21\n4 :1795260779.M1P2.vm,S=18,W=21\n'),
                      ('dovecot-keywords', '0 $Junk\n1 work\n'), ('subscriptions', 'V\t2\n\nLists\tdeep\nINBOX\n'), ('postroom-folders', '')):
    os.makedirs('d/.Lists.deep', exist_ok=True)
    write('d/' + name, content)
put('d', '1795260777.M9P2.vm,S=16,W=19:2,Sab', b'Subject: two\n\ny\n', 'cur')
put('d', '1795260778.M1P2.vm,S=18,W=21', b'Subject: three\n\nz\n')
d = Session('d')
answers = b'\n'.join(d.do('SELECT INBOX'))
ok(b'[UIDVALIDITY 1795260777]' in answers and b'[UIDNEXT 9]' in answers, 'a Dovecot mailbox keeps its uidvalidity and next uid')
equal(d.flags(), {2: {'\\Seen', '$Junk', 'work'}, 3: {'\\Recent'}}, '... its uids, flags and keywords')
equal(d.said('LSUB "" *'), '* LSUB () "/" INBOX\n* LSUB () "/" Lists/deep\nOK these', '... and its subscriptions')
put('d', '1795260790.M1P2.vm', b'Subject: four\n\nz\n')
d.do('NOOP')
equal(read('d/dovecot-uidlist').split(b'\n')[-2], b'9 :1795260790.M1P2.vm', '... new lines are as Dovecot has them')
ok(b'\n3 P77 :' in read('d/dovecot-uidlist'), '... and what we do not need stays')
d.close()
write('d/subscriptions', 'INBOX\nLists.deep\n')
write('d/dovecot-uidlist', '1 1234567890 20\n11 1795260777.M9P2.vm,S=16,W=19:2,S\n12 1795260778.M1P2.vm,S=18,W=21\n')
d = Session('d')
answers = b'\n'.join(d.do('SELECT INBOX'))
ok(b'[UIDVALIDITY 1234567890]' in answers and sorted(d.flags()) == [11, 12, 20], 'version 1 (and Courier) is read', answers)
ok('Lists/deep' in d.said('LSUB "" *'), '... subscriptions too')
d.close()
lines = ['3 V1 N2000\n'] + ['%d :gone%d\n' % (i, i) for i in range(1, 1500)] + ['1500 W3 :1795260777.M9P2.vm,S=16,W=19\n']
write('d/dovecot-uidlist', ''.join(lines))
d = Session('d')
d.do('SELECT INBOX')
equal(sorted(d.flags()), [1500, 2000, 2001], 'a uidlist with many lines of what has gone')
equal(read('d/dovecot-uidlist').split(b'\n')[:2], [b'3 V1 N2002', b'1500 W3 :1795260777.M9P2.vm,S=16,W=19'], '... is made shorter')
d.close()

# --- IDLE ---
s, other = Session(), Session()
s.do('SELECT INBOX')
tag = s.start('IDLE')
equal(s.answer(), b'+ idling', 'IDLE')
waits = []
for i in range(5):
    began = time.monotonic()
    put('m', '1700001000.%d.host' % i, message('idle%d' % i))
    equal(s.answer(), b'* %d EXISTS' % (5 + i), 'IDLE: a delivery is told')
    waits.append(time.monotonic() - began)
    s.answer()
print('# delivery to EXISTS: %.1f ms at best' % (min(waits) * 1000))
ok(min(waits) < 0.5, '... at once')
other.do('SELECT INBOX')
other.do('STORE 1 +FLAGS.SILENT (\\Seen \\Deleted)')
ok(b'* 1 FETCH (FLAGS (\\Deleted \\Seen' in s.answer(), 'IDLE: flags are told')
other.do('EXPUNGE')
equal(s.answer(), b'* 1 EXPUNGE', 'IDLE: an EXPUNGE is told')
s.send('DONE\r\n')
equal(s.finish(tag)[-1], b'OK no longer idle', 'DONE ends it')
tag = s.start('IDLE')
s.answer()
s.send('NOOP\r\n')
ok(s.finish(tag)[-1].startswith(b'BAD'), 'anything else ends it with BAD')
ok(s.status('NOOP').startswith('OK'), '... and the session goes on')
other.do('UNSELECT')
other.do('CREATE Short')
s.do('SELECT Short')
other.do('DELETE Short')
answers = s.do('NOOP')
ok(answers[0].startswith(b'* BYE'), 'the session of a folder that another one removes ends with BYE', answers)
s.close()
s = Session()
other.do('CREATE Long')
s.do('SELECT Long')
other.do('RENAME Long Longer')
s.append('Longer', message('x'))
equal(s.uids(), [1], 'the session of a folder that another one renames goes on in it')
s.close(), other.close()

# --- any interleaving: each client's picture of the mailbox is checked against every answer ---
class Client(Session):
    def __init__(self):
        super().__init__('stress', log='stress.log')
        self.picture = []  # uid or None (not known yet), by number
        self.errors = []
        self.follow('SELECT', self.do('SELECT INBOX'))

    def follow(self, command, answers):
        for answer in answers[:-1]:
            words = answer.split()
            if answer.endswith(b' EXISTS'):
                if int(words[1]) < len(self.picture):
                    self.errors.append('EXISTS shrinks: %r in %s' % (answer, command))
                self.picture += [None] * (int(words[1]) - len(self.picture))
            elif answer.endswith(b' EXPUNGE'):
                if command.split()[0] in ('FETCH', 'STORE', 'SEARCH'):
                    self.errors.append('EXPUNGE in ' + command)
                if not 1 <= int(words[1]) <= len(self.picture):
                    self.errors.append('%r of %d in %s' % (answer, len(self.picture), command))
                else:
                    del self.picture[int(words[1]) - 1]
            elif b' FETCH (' in answer:
                number, uid = int(words[1]), re.search(rb'UID (\d+)', answer)
                if not 1 <= number <= len(self.picture):
                    self.errors.append('%r of %d in %s' % (answer[:60], len(self.picture), command))
                elif uid:
                    if self.picture[number - 1] not in (None, int(uid[1])):
                        self.errors.append('%r, but it was %d, in %s' % (answer[:60], self.picture[number - 1], command))
                    self.picture[number - 1] = int(uid[1])
        known = [u for u in self.picture if u]
        if known != sorted(set(known)):
            self.errors.append('uids out of order after ' + command)
        if not answers[-1].startswith((b'OK', b'NO [EXPUNGEISSUED]')):
            self.errors.append('%s: %r' % (command, answers[-1][:80]))

    def some(self, chance):
        n = len(self.picture)
        return '%d:%d' % tuple(sorted((chance.randint(1, n), chance.randint(1, n)))) if n else None

    def next_command(self, chance):
        some = self.some(chance)
        pick = chance.randint(0, 11)
        if pick < 2 or not some:
            words = message('s%d' % chance.randint(0, 10**9), 1)
            return 'APPEND INBOX %s{%d+}\r\n%s' % (chance.choice(['', '(\\Seen) ', '(key%d) ' % chance.randint(0, 9)]), len(words), words.decode())
        return ['NOOP', 'FETCH %s (UID FLAGS)' % some, 'UID FETCH 1:* (FLAGS)', 'STORE %s +FLAGS (\\Deleted)' % some, 'STORE %s -FLAGS.SILENT (\\Deleted)' % some,
                'EXPUNGE', 'UID SEARCH DELETED', 'FETCH %s (UID BODY.PEEK[])' % some, 'COPY %s INBOX' % some.split(':')[0], 'STORE %s FLAGS (key%d)' % (some, chance.randint(0, 9))][pick - 2]


chance = random.Random(47)
clients = [Client() for _ in range(4)]
for step in range(400):
    started = []
    for client in chance.sample(clients, chance.randint(1, 4)):
        command = client.next_command(chance)
        started.append((client, command, client.start(command)))
    for client, command, tag in started:
        client.follow(command.split('\r')[0], client.finish(tag))
    if step % 20 == 0:
        name = '17000%05d.%d.host' % (step, step)
        put('stress', name, message('out%d' % step))
    if step % 50 == 25 and os.listdir('stress/cur'):
        os.unlink('stress/cur/' + chance.choice(sorted(os.listdir('stress/cur'))))
for client in clients:
    client.follow('NOOP', client.do('NOOP'))
for client in clients:
    client.follow('UID FETCH', client.do('UID FETCH 1:* (FLAGS)'))
ok(not any(c.errors for c in clients), 'check 47: four sessions, 400 steps: no answer contradicts another', [e for c in clients for e in c.errors][:5])
equal([c.picture for c in clients[1:]], [clients[0].picture] * 3, '... in the end all see the same')
equal(len(files('stress')), len(clients[0].picture), '... which is what lies on the disk')
told = [c.flags() for c in clients]
strip = lambda flags: {u: f - {'\\Recent'} for u, f in flags.items()}
ok(all(strip(t) == strip(told[0]) for t in told), '... with the same flags')
ok('trouble' not in read('stress.log').decode(), '... and no trouble in the log')
for client in clients:
    equal(client.close(), 0, '... each ends well')
done_testing()
