#!/usr/bin/python3
"""Hashes that other tools have made let their owners in: slappasswd, mkpasswd, doveadm pw, argon2; what would cost too much is refused at the
build and not tried (T18 for a password in the clear)."""
import sys; sys.path.insert(0, 'tests')
from auth import *

SECRET = 'secret'
MODULES = ['-o', 'module-path=/usr/lib/ldap', '-o', 'module-load=argon2', '-o', 'module-load=pw-sha2']
made = {}


def make(name, *command, prefix='', **more):
    """A hash by a tool, or nothing where that is not there or does not know it."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, **more)
    except FileNotFoundError:
        return
    lines = done.stdout.split()
    if not done.returncode and lines:
        made[name] = prefix + lines[-1]


for scheme in ('SHA', 'SSHA'):
    make('slappasswd %s' % scheme, '/usr/sbin/slappasswd', '-s', SECRET, '-h', '{%s}' % scheme)
for scheme in ('SSHA256', 'SSHA512', 'ARGON2'):
    make('slappasswd %s' % scheme, '/usr/sbin/slappasswd', *MODULES, '-s', SECRET, '-h', '{%s}' % scheme)
for scheme in ('ARGON2ID', 'ARGON2I', 'SSHA', 'SSHA256', 'SSHA512', 'SHA', 'BLF-CRYPT', 'SHA512-CRYPT', 'SHA256-CRYPT', 'MD5-CRYPT', 'CRYPT', 'SCRAM-SHA-256'):
    make('doveadm pw %s' % scheme, 'doveadm', 'pw', '-s', scheme, '-p', SECRET)
for method in ('yescrypt', 'gost-yescrypt', 'scrypt', 'bcrypt', 'bcrypt-a', 'sha512crypt', 'sha256crypt', 'sunmd5', 'md5crypt', 'bsdicrypt', 'descrypt'):
    make('mkpasswd %s' % method, 'mkpasswd', '-m', method, '-s', input=SECRET + '\n', prefix='{CRYPT}')
for words in ('-id -t 2 -k 19456 -p 1', '-id -t 1 -k 47104 -p 1', '-id -t 3 -k 65536 -p 4', '-i -t 3 -k 4096 -p 1', '-id -v 10 -t 3 -k 4096 -p 2', '-id -t 4 -k 262144 -p 1'):
    make('argon2 ' + words, 'argon2', 'saltsaltsalt', '-e', *words.split(), input=SECRET, prefix='{ARGON2ID}')
for scheme in ('yescrypt', 'argon2id', 'sha512', 'bcrypt'):
    write('control/passwordscheme', scheme + '\n')
    made['password-hash ' + scheme] = hashed(SECRET)
os.unlink('control/passwordscheme')
ok(len(made) >= 25, 'the tools are here', sorted(made))

people = {'u%d' % n: name for n, name in enumerate(sorted(made))}
for user, name in people.items():
    person(user, made[name])
person('huge', '{ARGON2ID}$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$HGYLTCV6ZTbFUqBz1nLFCmdiA5YOh/5T9b12mYeqJ0s')
person('long', '{CRYPT}$6$rounds=999999999$saltsalt$x')
person('clear', '{PLAIN}secret')
done = run(program('tables-build'))
for user in ('huge', 'long', 'clear'):
    ok('cn=%s: nobody can log in' % user in done.stderr, 'reported and not stored: ' + user, done.stderr)
server = start('auth-server', listen('auth-server'), 'log')
for number, (user, name) in enumerate(people.items()):
    equal(plain(user, SECRET, ip='192.0.2.%d' % number)['answer'], 'yes', name)
for user in ('huge', 'long', 'clear'):
    equal(plain(user, SECRET, ip='192.0.2.200')['answer'], 'no', 'no login: ' + user)
some = [user for user in people if 'ID' in people[user] or 'SHA512' in people[user] or 'yescrypt' in people[user]]
equal({plain(user, 'Secret', ip='198.51.100.%d' % n)['answer'] for n, user in enumerate(some)}, {'no'}, 'another password is wrong by each kind')

os.symlink(program('tables-build'), 'bin/tables-build')
write('users', 'zoe@example.test:{PLAIN}zoes:::::\n')
equal(run(program('mailadm'), 'import', 'users', 'users').returncode, 0, 'T18: {PLAIN} is imported')
ok('zoes' not in ''.join(read(path).decode() for path in glob.glob('directory/zoe*')), '... hashed at once')
equal(plain('zoe@example.test', 'zoes')['answer'], 'yes', '... and is right')
done_testing()
