#!/usr/bin/python3
"""The data-only profiles against slapd: their filters find the people and groups of their schema, and nobody else; what they ask for comes.
`laser` with misc.schema as OpenLDAP ships it; of the other schemas the names, each with a syntax of its own making, for two of them cannot
be loaded into one server (requirements 2.4). What each value means: tests/program/profiles.t."""
import sys; sys.path.insert(0, 'tests')
from tap import *
import re

ADDRESS, PORT, BASE = '127.0.14.6', 14400, 'dc=x'
CLASSES = {'qmail-ldap': ['qmailUser', 'qmailGroup'], 'laser': [], 'iredmail': ['mailUser', 'mailExternalUser', 'mailAlias', 'mailList', 'mailDomain'],
           'postfix-book': ['PostfixBookMailAccount', 'PostfixBookMailForward'], 'freeipa': ['ipaUserGroup', 'mailReceiverEntity']}
IREDMAIL = 'accountStatus: active\nenabledService: mail\nenabledService: deliver\nenabledService: smtp\nenabledService: imap\n'
# (rdn, classes, lines); whose key is found as a mailbox or a group: "+"; who must not be found: "-"
ENTRIES = {
    'qmail-ldap': [('+ann', 'qmailUser', 'uid: ann\nmail: ann@a.test\nmailAlternateAddress: a@a.test\naccountStatus: active\n'),
                   ('+team', 'qmailGroup', 'mail: team@a.test\nrfc822member: ann@a.test\n'), ('-other', '', 'uid: other\nmail: other@a.test\n')],
    'laser': [('+ann', 'inetLocalMailRecipient', 'uid: ann\nmailLocalAddress: ann@a.test\nmailLocalAddress: a@a.test\nmailRoutingAddress: ann@far.test\nmailHost: mx.a.test\n'),
              ('+team', 'nisMailAlias', 'rfc822MailMember: ann\n'), ('-other', '', 'uid: other\nmail: other@a.test\n')],
    'iredmail': [('+ann', 'mailUser', 'uid: ann\nmail: ann@a.test\nshadowAddress: a@a.test\nmemberOfGroup: team@a.test\nexpiredDate: 99990101000000Z\n' + IREDMAIL),
                 ('+team', 'mailList', 'mail: team@a.test\n' + IREDMAIL), ('+info', 'mailAlias', 'mail: info@a.test\nmailForwardingAddress: ann@a.test\n' + IREDMAIL),
                 ('-other', 'mailDomain', 'mail: other@a.test\ndomainName: a.test\n')],
    'postfix-book': [('+ann', 'PostfixBookMailAccount', 'uniqueIdentifier: ann\nmail: ann@a.test\nmailAlias: a@a.test\nmailEnabled: TRUE\n'),
                     ('+team', 'PostfixBookMailForward', 'mail: ann@a.test\nmailAlias: team@a.test\n'), ('-other', '', 'mail: other@a.test\n')],
    'freeipa': [('+ann', 'inetOrgPerson posixAccount', 'sn: a\nuid: ann\nuidNumber: 5001\ngidNumber: 1\nhomeDirectory: /x\nipaUniqueID: k-ann\nprimaryMail: ann@a.test\nalias: a@a.test\nnsAccountLock: FALSE\n'),
                ('+team', 'ipaUserGroup', 'ipaUniqueID: k-team\nalias: team@a.test\nmember: cn=ann,dc=x\n'), ('-other', 'inetOrgPerson', 'sn: o\nuid: other\nmail: other@a.test\n')],
}


def known_names():
    """Attributes that the schemas of OpenLDAP have."""
    text = b''.join(read(f'/etc/ldap/schema/{name}.schema') for name in ('core', 'cosine', 'nis', 'inetorgperson', 'misc')).decode()
    names = [''.join(pair) for pair in re.findall(r"NAME\s+(?:'([^']+)'|\(([^)]*)\))", text)]
    built_in = 'objectclass entryuuid cn uid mail userpassword member description name sn'.split()
    return set(built_in) | {name.lower() for one in names for name in (re.findall(r"'([^']+)'", one) or [one]) if name != 'alias'}  # that is a class


def schema(profile):
    text = read(f'profiles/{profile}').decode() + ''.join(lines for _, _, lines in ENTRIES[profile])
    wanted = set(re.findall(r'^[a-z-]+: ([A-Za-z0-9]+)', read(f'profiles/{profile}').decode(), re.M)) | set(re.findall(r'^([A-Za-z0-9]+): ', ''.join(e[2] for e in ENTRIES[profile]), re.M))
    names = sorted(name for name in wanted if name.lower() not in known_names())
    lines = [f"attributetype ( 1.3.6.1.4.1.4203.666.77.1.{n} NAME '{name}' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )"
             for n, name in enumerate(names, 1)]
    return '\n'.join(lines + [f"objectclass ( 1.3.6.1.4.1.4203.666.77.2.{n} NAME '{name}' SUP top AUXILIARY )" for n, name in enumerate(CLASSES[profile], 1)]) + '\n'


def entry(rdn, classes, lines):
    names = classes.split()
    structural = [] if 'inetOrgPerson' in names else ['nisMailAlias'] if 'nisMailAlias' in names else ['device']
    return (f'dn: cn={rdn[1:]},{BASE}\ncn: {rdn[1:]}\n' + ''.join(f'objectClass: {name}\n' for name in structural + [n for n in names if n not in structural] + ['extensibleObject']) + lines)


def start_slapd(profile):
    shutil.rmtree('db', ignore_errors=True)
    os.mkdir('db')
    includes = ''.join(f'include /etc/ldap/schema/{name}.schema\n' for name in ('core', 'cosine', 'nis', 'inetorgperson') + (('misc',) if profile == 'laser' else ()))
    write('slapd.conf', f'{includes}{schema(profile)}modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix {BASE}\ndirectory {HOME}/db\naccess to * by * read\n')
    ldif = f'dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: x\no: x\n\n' + '\n'.join(entry(*one) for one in ENTRIES[profile])
    done = subprocess.run(['slapadd', '-q', '-f', 'slapd.conf'], input=ldif, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ok(done.returncode == 0, f'{profile}: slapd takes the entries', done.stdout)
    process = subprocess.Popen(['slapd', '-f', 'slapd.conf', '-h', f'ldap://{ADDRESS}:{PORT}', '-d', '0'], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running.append(process)
    wait_for(lambda: not socket.create_connection((ADDRESS, PORT), 1).close())
    return process


def leads(address):
    done = subprocess.run([program('whatif'), 'x@far.test', address], env=ENV, capture_output=True, text=True)
    return sorted(line.split()[1] for line in done.stdout.splitlines() if line.startswith('destination'))


def try_profile(name):
    process = start_slapd(name)
    write('control/ldapprofile', name + '\n')
    shutil.rmtree('tables')
    shutil.rmtree('state/tables')
    os.makedirs('tables')
    os.makedirs('state/tables')
    seen = subprocess.run([HOME + '/bin/ldapsync'], env=ENV, capture_output=True, text=True, timeout=120)
    ok(seen.returncode == 0, f'{name}: ldapsync', seen.stderr)
    found = read('state/directory/ldap.ldif').decode().lower()
    for rdn, _, _ in ENTRIES[name]:
        equal(f'dn: cn={rdn[1:]},{BASE}\n' in found, rdn[0] == '+', f'... {rdn[1:]} is {"found" if rdn[0] == "+" else "not asked for"}')
    end = ['ann@far.test'] if name == 'laser' else ['ann@a.test']
    equal((leads('ann@a.test'), leads('a@a.test'), leads('team@a.test')), (end, end, end), '... her addresses, and a group that she is in')
    process.terminate()
    process.wait(300)


if not shutil.which('slapd'):
    print('1..0 # SKIP needs slapd')
    sys.exit(0)
os.makedirs('bin')
for name in ('ldapsync', 'ldap-fetch', 'tables-build'):
    os.symlink(program(name), 'bin/' + name)
for name in ('directory', 'state/directory', 'state/tables', 'control/domains'):
    os.makedirs(name)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
for name, value in (('me', 'mx.a.test'), ('ldapserver', f'{ADDRESS}:{PORT}'), ('ldapbasedn', BASE), ('ldaptls', 'off'), ('domains/a.test', 'addgroups: yes')):
    write('control/' + name, value + '\n')
for name in ENTRIES:
    try_profile(name)
done_testing()
