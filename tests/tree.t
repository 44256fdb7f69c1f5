#!/usr/bin/python3
"""The tree: what the folders promise, seen from outside. Each program has a page, modes and a test; who includes, links and
calls what; sizes (style); banned calls (check 62); rows of doc/requirements.md that are named done have a test."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *
import glob, re

os.chdir(ROOT)
FOLDERS = ['lib', 'service', 'smtpd', 'sendmail', 'filter', 'queue', 'send', 'tlsrpt', 'deliver', 'imap', 'pop3', 'auth', 'ldapsync', 'admin']
HEADINGS = ['Reads', 'Answers', 'Started by', 'Runs as', 'May touch', 'If it lies', 'See']
BANNED = r'(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|system|popen|mktemp|tmpnam|scanf)'
programs = subprocess.run(['make', '-s', 'list'], capture_output=True, text=True).stdout.split()
sources = sorted(path for folder in FOLDERS for path in glob.glob(folder + '/*.[ch]'))
makefile = read('Makefile').decode().replace('\\\n', ' ')


def text(path):
    return read(path).decode()


def without_comments(code):
    return re.sub(r'"(\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', lambda m: '""' if m[0][0] == '"' else ' ', code, flags=re.S)


def table(path):
    return [line.split() for line in text(path).splitlines() if line.strip() and not line.startswith('#')]


def none(faults, what):
    equal(sorted(faults), [], what)


def in_make(variable):
    return set(re.search(r'^%s\s*=(.*)$' % variable, makefile, re.M)[1].split())


# Programs
modes = {row[0]: row[1:] for row in table('service/modes')}
names = [os.path.basename(p) for p in programs]
none([p for p in programs if not os.path.exists(p + '.c')], 'each program of the Makefile is there')
none([n for n in names if not os.path.exists('doc/%s.md' % n)], 'each program has a page')
none([n for n in names if n not in modes], 'each program has a line in service/modes')
tests = ' '.join(text(p) for p in glob.glob('tests/*/*.t'))
none([n for n in names if not re.search(r'(?<![\w-])%s(?![\w-])' % n, tests)], 'each program has a test that runs it')
none([n for n, row in modes.items() if row != ['root', 'root', '0755']], 'service/modes: all root root 0755, no setuid bit')
none([p[:-2] for p in sources if '-' in p and p.endswith('.c') and p[:-2] not in programs], 'each file with a hyphen is a program of the Makefile')
pages = {n: text('doc/%s.md' % n) for n in names if os.path.exists('doc/%s.md' % n)}
none(['%s: %s' % (n, h) for n, page in pages.items() for h in HEADINGS if not re.search('^' + h, page, re.M)], 'each page has the headings')

# Services
users = {row[0] for row in table('service/users')}
services = [re.sub('^off: *', '', line).split() for line in text('service/services').splitlines() if line and not line.startswith('#')]
none([row[3] for row in services if row[3] not in users | {'root'}], 'service/services: the users are those of service/users')
none([row[4] for row in services if row[4] not in names], '... the programs are those of the Makefile')
none([row[0] for row in services if row[3] == 'root' and row[0] != 'mailbox-spawn'], '... root runs mailbox-spawn alone')

# Includes
allowed = {'deliver/mailbox-spawn.c': {'imap/session.h', 'imap/plus.h', 'pop3/session.h'},
           'deliver/visit.c': {'imap/session.h', 'imap/guest.h'}}  # the one program of two stages: no exec between them
# POP3 is a second way to the mailbox that imap/ keeps: of its modules it knows the connection, the folder and its messages, nothing of IMAP's commands.
of_mailbox = {'imap/' + name for name in ('wire.h', 'session.h', 'state.h', 'mailbox.h', 'message.h', 'quota.h', 'folder.h')}
faults = []
for path in sources:
    folder = path.split('/')[0]
    for included in re.findall(r'^#include "([^"]+)"', text(path), re.M):
        if included.split('/')[0] not in {folder, 'lib'} and included not in (of_mailbox if folder == 'pop3' else allowed.get(path, ())):
            faults.append('%s includes %s' % (path, included))
none(faults, 'lib includes lib; a folder includes itself and lib')
none([p for p in sources if '<cdb.h>' in text(p) and p not in ('lib/lookup.c', 'ldapsync/cdb_write.c')], 'two modules know tinycdb: one reads, one writes')
none([p for p in sources if re.search(r'skalibs/(skalibs|stddjb|cdb|cdbmake)\.h', text(p))], 'nobody includes skalibs\' cdb')

# Pages that list all of a kind
mentioned = {n for p in sources for line in re.findall(r'RFC ?(\d{4}(?:(?:,| and) \d{4})*)', text(p)) for n in re.findall(r'\d{4}', line)}
standards = text('doc/standards.md')
none([n for n in mentioned if not re.search(r'\b%s\b' % n, standards)], 'each RFC that the code names is in doc/standards.md')
settings = [n for p in sources for n in re.findall(r'\bconf_(?:value|number|size|lines|address|is_yes)\("(\w+)"', text(p))] + re.findall(r'control/(\w+)\)', text('service/setup'))
rows = re.findall(r'^\| (\w+)(?:\.pem|/[A-Z/]+)? \|', text('doc/conf.md'), re.M)
ok(len(set(settings)) > 25, 'the control files are seen', settings)
none([n for n in set(settings) if rows.count(n) != 1], 'each control file that is read has one row in doc/conf.md')
named = {n for p in sources for n in re.findall(r'\bcontrol/([a-z0-9]+)', text(p))}
ok(len(named) > 60, 'control files are named in the code', named)
none(named - set(rows), '... each of them has a row there')
flow, owners = (set(re.findall(r'[\w-]+', text('doc/%s.md' % page))) for page in ('flow', 'uids'))
none({word for row in services for word in row[3:5]} - flow, 'each service is in the drawing, with its user (doc/flow.md)')
none({row[0] for row in table('service/users')} - flow - owners, 'each user of service/users is in doc/flow.md or doc/uids.md')

# Sizes
tags = subprocess.run(['ctags', '-x', '--_xformat=%F %N %n %{end}', '--kinds-C=f', '--languages=C', '-f', '-', *sources], capture_output=True, text=True)
functions = [(f, n, int(end) - int(start) + 1) for f, n, start, end in (line.split() for line in tags.stdout.splitlines())]
ok(len(functions) > 200, 'ctags sees the functions', (len(functions), tags.stderr))
none(['%s: %s has %d lines' % fault for fault in functions if fault[2] > 60], 'no function over 60 lines')
none(['%s has %d lines' % (p, len(text(p).splitlines())) for p in sources if len(text(p).splitlines()) > 400], 'no file over 400 lines')

# Banned words
code = {p: without_comments(text(p)) for p in sources}
none(['%s: %s' % (p, m) for p, c in code.items() for m in re.findall(r'(?<![\w.>])' + BANNED + r'\s*\(', c)], 'check 62: no banned call')
tracked = subprocess.run(['git', 'ls-files'], capture_output=True, text=True).stdout.split() or glob.glob('**/*', recursive=True)
tracked = [p for p in tracked if os.path.isfile(p)]
unfinished = re.compile(rb'\b(TO' rb'DO|FIX' rb'ME|XX' rb'X)\b(?! )|/wo' rb'rk/(wt|main|shared)')
none([p for p in tracked if unfinished.search(read(p))], 'nothing unfinished, no path of somebody\'s machine')
none([p for p in tracked if re.search(rb'^(<{7}|>{7}) ', read(p), re.M)], 'nothing that a merge left')
none([p for p in tracked if read(p).startswith(b'#!/bin/sh') and subprocess.run(['sh', '-n', p], capture_output=True).returncode], 'all shell scripts can be parsed')

# Linking
ok(0 < makefile.find('-lcdb') < makefile.find('-lskarnet'), '-lcdb comes before -lskarnet')
# A static program has no NEEDED; what it holds, or asks of a library, is seen in its symbols.
symbols = {p: set(re.findall(r' [A-Za-z] (\w+)', subprocess.run(['nm', 'build/' + p], capture_output=True, text=True).stdout)) for p in programs}
calling = lambda pattern: {p for p in programs if any(re.fullmatch(pattern, s) for s in symbols[p])}
none(set(programs) - calling('main'), 'nm sees what the programs hold')
none(calling('(SSL|EVP|CRYPTO|OPENSSL|BIO|X509|HMAC)_.*') ^ in_make('programs_with_tls'), 'the named programs hold OpenSSL, and no other')
none(calling('(ldap|ber)_.*') ^ in_make('programs_with_ldap'), 'the named programs hold libldap, and no other')
none(calling('curl_.*') ^ in_make('programs_with_https'), 'the named programs hold libcurl, and no other')
none(calling('crypt(_[a-z]+)?') ^ in_make('programs_with_hashing'), 'the named programs hold libcrypt, and no other')
none(calling('argon2_.*') ^ in_make('programs_with_hashing'), '... and libargon2')
none(calling('sqlite3_.*') ^ in_make('programs_with_sqlite'), 'the named programs hold SQLite, and no other')
none(calling('(deflate|inflate|crc32|compress2?)(Init2?_|End|Bound)?') ^ in_make('programs_with_zlib'), 'the named programs hold zlib, and no other')
none(calling('(u8|u16|u32|uc|uninorm)_.*') ^ in_make('programs_with_unicode'), 'the named programs hold libunistring, and no other')
none(calling('s6_.*'), 'no program holds libs6')
dynamic = {p for p in programs if 'NEEDED' in subprocess.run(['readelf', '-d', 'build/' + p], capture_output=True, text=True).stdout}
none((set(programs) - dynamic) ^ in_make('programs_static'), 'the named programs are static, and no other')
none(calling('getpw.+|getgrn.+|getgrg.+|getaddrinfo|gethostby.+|getserv.+|initgroups|iconv_open') & in_make('programs_static'),
     '... and none of those calls what loads libraries at run time: NSS, iconv')
hardened = lambda p: subprocess.run(['readelf', '-hldW', 'build/' + p], capture_output=True, text=True).stdout
heads = {p: hardened(p) for p in programs}
none([p for p, head in heads.items() if not ('DYN' in head and 'GNU_RELRO' in head and 'NOW' in head and re.search(r'GNU_STACK.* RW ', head))],
     'each program is position independent, with relro, immediate binding, no executable stack')

flags = {'conf-cc': '-Werror=implicit -Wvla -Wconversion -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full '
                    '-ftrivial-auto-var-init=zero -fno-strict-aliasing -fno-delete-null-pointer-checks -fPIE',
         'conf-ld': '-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed'}
none([f for name, words in flags.items() for f in words.split() if f not in text(name).splitlines()[0].split()], 'conf-cc and conf-ld harden')
none([p for p, head in heads.items() if re.search(r'R(UN)?PATH|LOAD .* RWE ', head)], '... no program says where libraries lie, or has memory to write and execute')
none([p for p in programs if '__stack_chk_fail' not in symbols[p]], '... and each watches its stack')
ok('U __stack_chk_fail' in subprocess.run(['nm', 'build/mail.a'], capture_output=True, text=True).stdout, '... also in what static programs link')

# Requirements
rows = [[cell.strip() for cell in line.strip('| \n').split('|')] for line in text('doc/requirements.md').splitlines() if re.match(r'\| ([A-Z]-\d+[a-z]?|T\d+) ', line)]
none([r[0] for r in rows if len(r) != 3 or r[1] not in ('done', 'partly', 'not yet')], 'doc/requirements.md: each row is done, partly or not yet')
none([r[0] for r in rows if r[1] in ('done', 'partly') and not re.search(r'tests/\S+', r[2])], '... a row that is done or partly done names its test')
none(['%s: %s' % (r[0], t) for r in rows for t in re.findall(r'tests/[\w./-]*\w', r[2]) if not os.path.exists(t)], '... which is there')
none(['%s: %s' % (r[0], t) for r in rows for t in re.findall(r'tests/[\w./-]*\w', r[2]) if os.path.exists(t) and not re.search(r'\b%s\b' % r[0], text(t))],
     '... and bears the row\'s ID')
none({r[0] for r in rows if [x[0] for x in rows].count(r[0]) > 1}, '... no row twice')
equal((len(rows), sum(r[0].startswith('T') for r in rows)), (271, 20), '... and none was lost: 251 rows of the five sources and 20 traps')
done_testing()
