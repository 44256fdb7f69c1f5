#!/usr/bin/python3
"""pop3-session beside Dovecot's pop3 on the same mailbox (N-02: who comes from there): the same UIDL, so that no client fetches anything twice; the same sizes, messages and TOP; and what
the one deletes is gone for the other, whose UIDL stay."""
import sys; sys.path.insert(0, 'tests')
from pop3 import *
import random

DOVECOT = '/usr/lib/dovecot/pop3'
if not os.path.exists(DOVECOT):
    print('1..0 # SKIP needs dovecot-pop3d')
    sys.exit(0)
os.chmod('.', 0o755)
write('dovecot.conf', 'log_path = %s/dovecot.log\nmail_location = maildir:%s/m\nbase_dir = %s/run\nfirst_valid_uid = 0\nprotocols = pop3\n' % (HOME, HOME, HOME))
USER = 65534  # nobody: Dovecot reads no mail as root


def become():
    os.setgroups([]), os.setresgid(USER, USER, USER), os.setresuid(USER, USER, USER)


class Theirs(Pop):
    def __init__(self):
        self.socket, its = socket.socketpair()
        self.process = subprocess.Popen([DOVECOT, '-c', 'dovecot.conf'], stdin=its, stdout=its, stderr=subprocess.DEVNULL, preexec_fn=become,
                                        env={'USER': 'nobody', 'HOME': HOME, 'CONFIG_FILE': HOME + '/dovecot.conf'})
        running.append(self.process)
        its.close()
        self.socket.settimeout(120)
        self.file = self.socket.makefile('rb')


class Ours(Pop):
    def __init__(self):
        self.socket, its = socket.socketpair()
        self.process = subprocess.Popen([program_for_all('pop3-session')], cwd='m', stdin=its, stdout=its, stderr=subprocess.DEVNULL, preexec_fn=become, env=ENV)
        running.append(self.process)
        its.close()
        self.socket.settimeout(120)
        self.file = self.socket.makefile('rb')
        self.greeting = self.line()


def message_of(dice):
    """Lines that may hurt: dots, none, long ones; ends of all kinds, but the last line has one."""
    end = dice.choice((b'\n', b'\r\n', None))
    lines = [b'Subject: x'] * dice.randrange(3) + [b''] + [dice.choice((b'', b'.', b'..', b'. ', b'.a', b'text', b'x' * 2000, b'K\xc3\xb6ln', b'\xff\xfe', b'a\rb', b'\t.')) for _ in range(dice.randrange(8))]
    return b''.join(line + (end or dice.choice((b'\n', b'\r\n'))) for line in lines)


def all_of(s):
    stat = s.do('STAT')
    numbers = range(1, int(stat.split()[1]) + 1)
    return {'STAT': stat, 'LIST': s.lines('LIST'), 'LIST 2': s.do('LIST 2'), 'UIDL': s.lines('UIDL'), 'UIDL 3': s.do('UIDL 3'), 'RETR': [s.long('RETR %d' % n) for n in numbers],
            'TOP 0': [s.long('TOP %d 0' % n) for n in numbers], 'TOP 3': [s.long('TOP %d 3' % n) for n in numbers], 'TOP 100': [s.long('TOP %d 100' % n) for n in numbers]}


def put_some(dice, count, start):
    for n in range(start, start + count):
        name, content = '%d.M%dP1.host' % (1700000000 + n, n), message_of(dice)
        if n % 2:
            name += ',S=%d,W=%d' % (len(content), len(re.sub(rb'\r?\n', b'\r\n', content)))
        part = dice.choice(('new', 'cur'))
        write('m/tmp/x', content)
        os.chown('m/tmp/x', USER, USER)
        os.rename('m/tmp/x', 'm/%s/%s%s' % (part, name, ':2,' if part == 'cur' else ''))


def same(first, second, what):
    a, b = all_of(first), all_of(second)
    for key in a:
        equal(a[key], b[key], '%s: %s' % (what, key))
    return a


for folder in ('m', 'm/new', 'm/cur', 'm/tmp', 'run'):
    os.makedirs(folder, exist_ok=True)
    os.chown(folder, USER, USER)
for seed in range(3):
    dice = random.Random(seed)
    put_some(dice, 40, seed * 100)
    first, second = (Theirs, Ours) if seed % 2 else (Ours, Theirs)
    a = first()
    all_of(a)  # who comes first gives the uids
    b = second()
    before = same(a, b, 'seed %d, %s first' % (seed, first.__name__.lower()))
    gone = sorted(dice.sample(range(1, 30), 5))
    for n in gone:
        a.do('DELE %d' % n)
    equal(a.do('QUIT')[:3], '+OK', '... five are deleted')
    a.cut(), b.cut()
    left = [line.split()[1] for n, line in enumerate(before['UIDL']) if n + 1 not in gone]
    for who in (Theirs, Ours):
        s = who()
        equal([line.split()[1] for line in s.lines('UIDL')], left, '... the others keep their UIDL for %s' % who.__name__.lower())
        s.cut()

# --- names that mail has brought with it (dsync from another server): P in the uidlist ---
head, *lines = read('m/dovecot-uidlist').decode('latin-1').splitlines()
lines = [re.sub(r'^(\d+) ', r'\1 P%s.old-%d ' % ('x' * (n % 3), n), line) if n % 3 else line for n, line in enumerate(lines)]
lines[4] = lines[4].replace(' P', ' W77 P', 1)
write('m/dovecot-uidlist', '\n'.join([head] + lines + ['']))
for index in glob.glob('m/dovecot.index*'):
    os.unlink(index)
a, b = Theirs(), Ours()
told = a.lines('UIDL')
equal(b.lines('UIDL'), told, 'UIDLs that the uidlist has are those that both say')
ok(sum('.old-' in line for line in told) > 20 and sum('.old-' not in line for line in told) > 10, '... some have one, some have none', told)
equal([b.do('UIDL %d' % n) for n in (1, 2, 3)], ['+OK ' + line for line in told[:3]], '... one by one')
a.cut(), b.cut()
s = Ours()
s.do('DELE 2')
s.quit()
put_some(random.Random(9), 3, 900)
s = Ours()
equal([line.split()[1] for line in s.lines('UIDL')][:-3], [line.split()[1] for n, line in enumerate(told) if n != 1], '... and they stay, when others go and come')
s.cut()
done_testing()
