#!/usr/bin/python3
"""Users from a real directory server (issue 2, 9; N-10, L-03, L-04, L-06, P-21, check 57).

slapd with 200 people of RFC 2307 behind a CA made here. ldapsync, as cron starts it, makes tables of them under the uids
of doc/uids.md; a changed attribute, a new person and a removed one arrive; passwords are checked against hashes and by
binding over STARTTLS and LDAPS. An empty answer, a wrong CA, a wrong password, a slow server and a stopped one change nothing."""
import sys; sys.path.insert(0, 'tests')
from tap import *
import base64, grp, hashlib, pwd, urllib.parse

ADDRESS, OTHER, PORT, PORT_TLS = '127.0.14.1', '127.0.14.4', 14389, 14636  # the certificate is ADDRESS's, not OTHER's
BASE = 'dc=example,dc=test'
USERS = ('mail-ldap', 'mail-tables', 'mail-auth', 'mail-remote', 'mail-bind', 'mail-submit')


def known(user):
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


if os.geteuid() or not all(map(known, USERS)) or not shutil.which('slapd'):
    print('1..0 # SKIP needs root, the users of service/users, and slapd')
    sys.exit(0)


def run(*command, **more):
    return subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=120, **more)


def folder(path, owner, group, mode):
    os.makedirs(path, exist_ok=True)
    os.chown(path, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
    os.chmod(path, mode)


def make_home():
    os.chmod(HOME, 0o755)
    folder('control', 'root', 'root', 0o755)
    folder('control/domains', 'root', 'root', 0o755)
    folder('directory', 'root', 'mail-tables', 0o750)
    folder('state', 'root', 'root', 0o755)
    folder('state/directory', 'mail-ldap', 'mail-tables', 0o2750)
    folder('state/tables', 'mail-tables', 'mail-tables', 0o700)
    folder('tables', 'mail-tables', 'mail-tables', 0o755)
    os.mkdir('bin')
    for name in ('ldap-fetch', 'tables-build', 'ldapsync', 'mailadm'):
        shutil.copy(program(name), 'bin/' + name)
    shutil.copytree(ROOT + '/ldapsync/profiles', 'profiles')
    write('control/domains/example.test')
    write('control/ldapserver', '%s:%d\n' % (ADDRESS, PORT))
    write('control/ldapbasedn', BASE + '\n')
    write('control/ldaplogin', 'cn=postroom,%s\n' % BASE)
    set_secret('reads everything')
    write('control/ldaptimeout', '5\n')


def set_secret(password):
    write('control/ldappassword', password + '\n')
    os.chown('control/ldappassword', pwd.getpwnam('mail-ldap').pw_uid, 0)
    os.chmod('control/ldappassword', 0o400)


def make_ca(name):
    command = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=NAME -days 2 -keyout ld/NAME.key -out ld/NAME.pem'
    subprocess.run(command.replace('NAME', name).split(), check=True, capture_output=True)


def make_certificate():
    make_ca('ca')
    make_ca('other')
    write('ld/ext', 'subjectAltName=IP:%s\n' % ADDRESS)
    for name in ('fetcher', 'stranger'):
        for command in ('openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=NAME -keyout ld/NAME.key -out ld/NAME.csr',
                        'openssl x509 -req -in ld/NAME.csr -CA ld/ca.pem -CAkey ld/ca.key -CAcreateserial -days 2 -out ld/NAME.pem'):
            subprocess.run(command.replace('NAME', name).split(), check=True, capture_output=True)
    for command in ('openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ldap -keyout ld/server.key -out ld/server.csr',
                    'openssl x509 -req -in ld/server.csr -CA ld/ca.pem -CAkey ld/ca.key -CAcreateserial -days 2 -extfile ld/ext -out ld/server.pem'):
        subprocess.run(command.split(), check=True, capture_output=True)
    shutil.copy('ld/ca.pem', 'control/ldapca.pem')
    os.chmod('control/ldapca.pem', 0o644)


def show_certificate(name):
    write('control/ldapclient.pem', read('ld/%s.pem' % name) + read('ld/%s.key' % name))
    os.chown('control/ldapclient.pem', pwd.getpwnam('mail-ldap').pw_uid, 0)
    os.chmod('control/ldapclient.pem', 0o400)


def hashed(password):
    return run(program('password-hash'), input=password + '\n').stdout.split()[0]


def person(n, password):
    return ('dn: uid=user%03d,ou=people,%s\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: user%03d\ncn: User %d\nsn: %d\n'
            'mail: user%03d@example.test\nmail: u%d@example.test\nuidNumber: %d\ngidNumber: 5000\nhomeDirectory: /nowhere\n'
            'userPassword: %s\n\n') % (n, BASE, n, n, n, n, n, 30000 + n, password)


def make_directory():
    os.makedirs('ld/db')
    make_certificate()
    write('ld/slapd.conf', '''include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit size.soft=50 size.hard=50 size.pr=unlimited size.prtotal=unlimited
TLSCACertificateFile %(home)s/ld/ca.pem
TLSCertificateFile %(home)s/ld/server.pem
TLSCertificateKeyFile %(home)s/ld/server.key
TLSVerifyClient try
authz-regexp ^cn=fetcher$ cn=postroom,%(base)s
authz-regexp ^gidNumber=[0-9]+[+]uidNumber=%(uid)d,cn=peercred,cn=external,cn=auth$ cn=postroom,%(base)s
security simple_bind=128
database mdb
suffix %(base)s
directory %(home)s/ld/db
rootdn cn=admin,%(base)s
rootpw admin
access to attrs=userPassword by dn.base=cn=postroom,%(base)s read by anonymous auth
access to * by dn.base=cn=postroom,%(base)s read by * none
''' % {'home': HOME, 'base': BASE, 'uid': known('mail-ldap').pw_uid})
    stored = hashed('tables know me')
    entries = ['dn: %s\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: x\n\n' % BASE,
               'dn: ou=people,%s\nobjectClass: organizationalUnit\nou: people\n\n' % BASE,
               'dn: ou=nobody,%s\nobjectClass: organizationalUnit\nou: nobody\n\n' % BASE,
               'dn: cn=postroom,%s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: postroom\nuserPassword: reads everything\n\n' % BASE]
    entries += [person(n, stored if n == 1 else 'clear text %d' % n) for n in range(1, 201)]
    write('ld/all.ldif', ''.join(entries))
    subprocess.run(['slapadd', '-q', '-f', 'ld/slapd.conf', '-l', 'ld/all.ldif'], check=True)


def start_slapd():
    urls = 'ldap://%s:%d ldap://%s:%d ldaps://%s:%d ldaps://%s:%d ldapi://%s' % (ADDRESS, PORT, OTHER, PORT, ADDRESS, PORT_TLS, OTHER, PORT_TLS, urllib.parse.quote(HOME + '/ld/socket', ''))
    process = subprocess.Popen(['slapd', '-f', 'ld/slapd.conf', '-h', urls, '-d', '0'], stderr=subprocess.DEVNULL)
    running.append(process)
    wait_for(lambda: not socket.create_connection((ADDRESS, PORT), 1).close())
    return process


def stop(process):
    process.terminate()
    process.wait(300)


def change(ldif):
    write('ld/change', ldif)
    made = run('ldapmodify', '-x', '-ZZ', '-H', 'ldap://%s:%d' % (ADDRESS, PORT), '-D', 'cn=admin,' + BASE, '-w', 'admin', '-f', 'ld/change')
    assert made.returncode == 0, made.stderr


def table(name):
    """A published table as {key: [(key, value)...]}."""
    dump = subprocess.run(['cdb', '-d', 'tables/current/%s.cdb' % name], capture_output=True, check=True).stdout
    records, at = {}, 0
    while dump[at:at + 1] == b'+':
        head, _ = dump[at + 1:].split(b':', 1)
        key_length, length = map(int, head.split(b','))
        start = at + 1 + len(head) + 1
        key = dump[start:start + key_length].decode()
        value = dump[start + key_length + 2:start + key_length + 2 + length]
        records[key] = parse(value)
        at = start + key_length + 2 + length + 1
    return records


def sync(*arguments):
    return run('bin/ldapsync', *arguments)


def state():
    return read('state/directory/ldap.ldif'), os.readlink('tables/current'), read('tables/current/policy.cdb')


def unchanged(what, expected_code, sentence):
    before = state()
    seen = sync()
    ok(seen.returncode == expected_code and sentence in seen.stderr, '%s: exit %d, and the reason is said' % (what, expected_code), (seen.returncode, seen.stderr))
    ok(state() == before, '... and the last good records and tables are untouched')


def login(name, password, service='submit'):
    response = base64.b64encode(b'\0' + name.encode() + b'\0' + password.encode())
    answer, _ = call('auth-server', [('service', service), ('mechanism', 'PLAIN'), ('ip', ADDRESS), ('tls', 'yes'), ('response', response)])
    return dict(answer or []).get('answer')


def bind(dn, password):
    return dict(call('auth-bind', [('dn', dn), ('password', password)])[0] or []).get('answer')


def as_user(name):
    entry = pwd.getpwnam(name)
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


make_home()
make_directory()
ENV['LDAPTLS_CACERT'] = HOME + '/ld/ca.pem'  # for ldapmodify
slapd = start_slapd()
try:
    seen = sync()
    equal((seen.returncode, 'mailboxes=200' in seen.stderr), (0, True), 'ldapsync: 200 people over STARTTLS, in pages of more than the size limit')
    policy, auth = table('policy'), table('auth')
    one = dict(policy['login:user001'])['mailbox']
    equal(dict(policy['mailbox:' + one])['uid'], '30001', 'L-05: the uid is the directory\'s, the key its entryUUID')
    equal(dict(policy['address:u1@example.test'])['mailbox'], one, 'L-06: a second mail value is an address of the same mailbox')
    ok(dict(auth['mailbox:' + one])['password'].startswith('{CRYPT}$'), 'a stored hash comes along')
    two = dict(policy['login:user002'])['mailbox']
    equal(dict(auth['mailbox:' + two]), {'bind': 'uid=user002,ou=people,' + BASE}, 'T18: whose password is stored in the clear, is asked about by a bind')
    kept = read('state/directory/ldap.ldif')
    equal((kept.count(b'userpassword:'), b'clear text' in kept, base64.b64encode(b'clear text 2') in kept), (1, False, False),
          '... and no password in the clear reaches the disk')
    ids = [os.stat('tables/current/%s.cdb' % t) for t in ('policy', 'auth', 'relay')]
    equal([(pwd.getpwuid(s.st_uid).pw_name, grp.getgrgid(s.st_gid).gr_name, oct(s.st_mode & 0o7777)) for s in ids],
          [('mail-tables', 'mail-tables', '0o644'), ('mail-tables', 'mail-auth', '0o640'), ('mail-tables', 'mail-remote', '0o640')],
          'owner, group and mode of the tables are those of doc/uids.md')
    s = os.stat('state/directory/ldap.ldif')
    equal((pwd.getpwuid(s.st_uid).pw_name, grp.getgrgid(s.st_gid).gr_name, oct(s.st_mode & 0o7777)), ('mail-ldap', 'mail-tables', '0o640'), '... and of the records')

    before = os.readlink('tables/current')
    equal((sync().returncode, os.readlink('tables/current')), (0, before), 'nothing changed: no new generation')

    change('dn: uid=user002,ou=people,%s\nchangetype: modify\nadd: mail\nmail: second@example.test\n' % BASE)
    equal(sync().returncode, 0, 'an attribute is changed, and ldapsync runs')
    equal(dict(table('policy')['address:second@example.test'])['mailbox'], two, '... the new address leads to the same mailbox')
    change('dn: uid=user003,ou=people,%s\nchangetype: modrdn\nnewrdn: uid=renamed\ndeleteoldrdn: 1\n\n'
           'dn: uid=renamed,ou=people,%s\nchangetype: modify\nreplace: mail\nmail: renamed@example.test\n-\nreplace: uidNumber\nuidNumber: 44444\n' % (BASE, BASE))
    three = dict(policy['login:user003'])['mailbox']
    seen = sync()
    mailbox = dict(table('policy')['mailbox:' + three])
    equal((mailbox['name'], mailbox['path'], mailbox['uid']), ('renamed@example.test', 'example.test/user003', '30003'),
          'a rename moves nothing: same key, same folder, same uid')
    ok('renamed' in seen.stderr and '44444' in seen.stderr, '... and a new uidNumber is reported, not obeyed', seen.stderr)

    change('dn: uid=user200,ou=people,%s\nchangetype: delete\n' % BASE)
    before, fetched = os.readlink('tables/current'), read('state/directory/ldap.ldif')
    seen = sync('--dry-run')
    ok(seen.returncode == 0 and 'user200@example.test: has no mailbox any more; its mail stays in mail/example.test/user200\n' in seen.stdout,
       'ldapsync --dry-run says what would change, in words', seen)
    equal((os.readlink('tables/current'), read('state/directory/ldap.ldif'), [n for n in os.listdir('state/directory') if 'new' in n]), (before, fetched, []),
          '... and changes nothing, and leaves nothing')
    equal((sync().returncode, 'login:user200' in table('policy')), (0, False), 'a removed person is gone')

    der = subprocess.run(['openssl', 'x509', '-in', 'ld/fetcher.pem', '-outform', 'DER'], capture_output=True, check=True).stdout
    known_by = 'login:certificate:' + hashlib.sha256(der).hexdigest()
    change('dn: uid=user001,ou=people,%s\nchangetype: modify\nadd: userCertificate;binary\nuserCertificate;binary:: %s\n' % (BASE, base64.b64encode(der).decode()))
    equal((sync().returncode, known_by in table('policy')), (0, False), '2.4: a certificate of a person, which nobody asks for')
    write('control/ldapprofile', 'rfc2307\ncertificate\n')
    equal((sync().returncode, dict(table('policy').get(known_by, []))), (0, {'mailbox': one}), '... with the overlay certificate it is fetched, and leads to him')
    change('dn: uid=user001,ou=people,%s\nchangetype: modify\ndelete: userCertificate;binary\n' % BASE)
    equal((sync().returncode, known_by in table('policy')), (0, False), '... taken out, it is nobody\'s')
    os.unlink('control/ldapprofile')

    people = 'ou=people,' + BASE
    change('dn: cn=Staff,%s\nchangetype: add\nobjectClass: posixGroup\ncn: Staff\ngidNumber: 6000\nmemberUid: user001\nmemberUid: user002\n\n'
           'dn: cn=board,%s\nchangetype: add\nobjectClass: groupOfNames\ncn: board\nmember: UID=user004, %s\nmember: cn=staff,%s\nmember: uid=user001,%s\n'
           % (people, people, people, people, people))
    write('control/domains/example.test', 'addgroups: yes\n')
    seen = sync()
    policy = table('policy')
    of = lambda address: [v for k, v in policy['group:' + dict(policy['address:' + address])['group']] if k == 'mailbox']
    equal((seen.returncode, of('staff@example.test')), (0, [one, two]), 'N-18: groups come from the server too: a posixGroup by memberUid')
    equal(of('board@example.test'), [dict(policy['login:user004'])['mailbox'], one, two], '... a groupOfNames by DN, nested, each member once')
    change('dn: cn=Staff,%s\nchangetype: modify\ndelete: memberUid\nmemberUid: user001\n' % people)
    equal(sync().returncode, 0, 'somebody leaves the group')
    policy = table('policy')
    equal(of('staff@example.test'), [two], '... and gets none of its mail')

    listening = [listen('auth-server'), listen('auth-bind')]
    start('auth-server', listening[0], 'log-auth')
    start('auth-bind', listening[1], 'log-bind')
    equal(login('user001', 'tables know me'), 'yes', 'a login against the stored hash')
    equal(login('user002@example.test', 'clear text 2'), 'yes', 'L-04: a login by binding as the user, by his address')
    equal(login('user002', 'wrong'), 'no', '... with a wrong password')
    equal(bind('uid=user002,ou=people,' + BASE, 'clear text 2'), 'yes', 'auth-bind over STARTTLS: a right password')
    equal(bind('uid=user002,ou=people,' + BASE, 'wrong'), 'no', '... a wrong one')
    equal(bind('uid=user002,ou=people,' + BASE, ''), 'no', '... an empty one is refused here, whatever the server would say')
    equal(bind('', ''), 'no', '... no dn and no password either')
    equal(bind('uid=nobody,ou=people,' + BASE, 'x'), 'no', '... a person who is not there')
    write('control/ldapserver', 'ldaps://%s:%d\n' % (ADDRESS, PORT_TLS))
    equal(bind('uid=user002,ou=people,' + BASE, 'clear text 2'), 'yes', 'auth-bind over LDAPS, without a restart')
    equal(sync().returncode, 0, 'ldapsync over LDAPS')
    shutil.copy('ld/other.pem', 'control/ldapca.pem')
    unchanged('LDAPS: a server of another CA', 111, 'no directory server can be reached')
    shutil.copy('ld/ca.pem', 'control/ldapca.pem')
    write('control/ldapserver', 'ldaps://%s:%d\n' % (OTHER, PORT_TLS))
    unchanged('LDAPS: a certificate of the right CA for another name', 111, 'no directory server can be reached')
    write('control/ldapserver', 'ldap://%s:%d\n' % (ADDRESS, PORT))
    write('control/ldaptls', 'off\n')
    equal(bind('uid=user002,ou=people,' + BASE, 'clear text 2'), 'later', 'without TLS auth-bind sends no password')
    os.unlink('control/ldaptls')
    shutil.copy('ld/other.pem', 'control/ldapca.pem')
    equal(bind('uid=user002,ou=people,' + BASE, 'clear text 2'), 'later', 'a server of another CA gets no password')
    unchanged('a server of another CA', 111, 'STARTTLS')
    shutil.copy('ld/ca.pem', 'control/ldapca.pem')
    write('control/ldapserver', '%s:%d\n' % (OTHER, PORT))
    unchanged('a certificate of the right CA for another name', 111, 'STARTTLS')
    equal(bind('uid=user002,ou=people,' + BASE, 'clear text 2'), 'later', '... gets no password either')
    write('control/ldapserver', '%s:1\n%s:%d\n' % (ADDRESS, ADDRESS, PORT))
    equal(bind('uid=user002,ou=people,' + BASE, 'clear text 2'), 'yes', 'the second server is asked when the first is out of reach')

    os.chmod('control/ldappassword', 0o440)
    unchanged('a password file that others may read', 100, 'mode 0400')
    set_secret('not it')
    unchanged('a wrong bind password', 111, 'Invalid credentials')
    set_secret('reads everything')
    write('control/ldapbasedn', 'ou=nobody,%s\n' % BASE)
    unchanged('check 57: an empty answer', 111, 'nobody below')
    write('control/ldapbasedn', 'ou=gone,%s\n' % BASE)
    unchanged('check 57: a base that is not there', 111, 'nothing is changed')
    write('control/ldapbasedn', BASE + '\n')

    os.rename('control/ldaplogin', 'ldaplogin')
    write('control/ldapmechanism', 'external\n')
    unchanged('SASL EXTERNAL without a certificate', 111, 'nothing is changed')
    show_certificate('fetcher')
    equal(sync().returncode, 0, 'SASL EXTERNAL: a certificate is the login, over STARTTLS')
    show_certificate('stranger')
    unchanged('... that of somebody who may read nothing', 111, 'nothing is changed')
    os.unlink('control/ldapclient.pem')
    write('control/ldapserver', 'ldapi://%s\n' % urllib.parse.quote(HOME + '/ld/socket', ''))
    seen = sync()
    equal((seen.returncode, seen.stderr if seen.returncode else ''), (0, ''), '... over ldapi it is the uid of mail-ldap')
    write('control/ldapserver', '%s:%d\n' % (ADDRESS, PORT))
    os.unlink('control/ldapmechanism')
    os.rename('ldaplogin', 'control/ldaplogin')

    write('control/ldapprofile', 'wrong\n')
    os.makedirs('control/profiles', exist_ok=True)
    write('control/profiles/wrong', 'key: entryUUID\nprimary: noSuchAttribute\n')
    before = os.readlink('tables/current')
    equal((sync().returncode, os.readlink('tables/current')), (1, before), 'check 57: a wrong schema: everybody would vanish, so nothing is published')
    os.unlink('control/ldapprofile')

    for n in range(170, 200):
        change('dn: uid=user%03d,ou=people,%s\nchangetype: delete\n' % (n, BASE))
    before = os.readlink('tables/current')
    seen = sync()
    equal((seen.returncode, os.readlink('tables/current')), (1, before), 'check 57: the guard: 30 of 199 would vanish, so nothing is published (exit 1)')
    ok('30 of 199 mailboxes would vanish' in seen.stderr, '... and it says so', seen.stderr)
    seen = sync('-f')
    equal((seen.returncode, 'mailboxes=169' in seen.stderr), (0, True), '... until the operator says that it is right (-f)')

    seen = subprocess.run(['bin/ldapsync'], env=ENV, capture_output=True, text=True, preexec_fn=lambda: as_user('mail-submit'))
    ok(seen.returncode == 100 and 'mail-ldap' in seen.stderr, 'started by somebody else it says as whom', (seen.returncode, seen.stderr))

    stop(slapd)
    unchanged('P-21: the server is stopped', 111, 'no directory server can be reached')
    equal(login('user001', 'tables know me'), 'yes', '... and who has a stored hash logs in all the same')
    equal(login('user004', 'clear text 4'), 'later', '... the others are told that it is temporary')
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stuck.bind((ADDRESS, PORT))
    stuck.listen(5)
    write('control/ldaptimeout', '1\n')
    unchanged('check 57: a server that accepts and says nothing', 111, 'nothing is changed')
    ok('clear text' not in open('log-auth').read() + open('log-bind').read() and 'tables know' not in open('log-auth').read(), 'no password is in a log')
finally:
    if slapd.poll() is None:
        stop(slapd)
done_testing()
