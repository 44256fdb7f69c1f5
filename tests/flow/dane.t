#!/usr/bin/python3
"""smtp-send and DANE (RFC 7672, check 30), in a network namespace of its own: nsd with signed, forged and unsigned zones behind a validating unbound,
and mail hosts that answer with right, wrong, old and no certificates. Nothing goes in clear where TLSA records say otherwise; where nothing is
signed, nobody is asked for them. MTA-STS beside it (RFC 8461), REQUIRETLS by MX (RFC 8689), each word of control/tlspolicy, and what tls-report
is told (RFC 8460). Needs root."""
import hashlib, os, re, subprocess, sys
sys.path[:0] = ['tests', 'tests/flow']
sys.dont_write_bytecode = True
import net

FAR = '192.0.2.55'  # a nameserver that is not on this host, as its address says
net.inside('postroom55', FAR)
from signed import Signed, der, tlsa
from smtp_server import *
from tap import *

GOOD, CLEAR, PAST, STRICT, OTHER, DEAD = ('127.0.55.%d' % n for n in range(2, 8))


def openssl(*words):
    subprocess.run(['openssl', *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
openssl('req', '-x509', *KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Authority', '-addext', 'keyUsage=keyCertSign')


def certificate(name, days, *names):
    write('ext', 'subjectAltName=' + ','.join('DNS:' + n for n in names))
    openssl('req', *KEY, '-keyout', name + '.key', '-out', 'req', '-subj', '/CN=' + name)
    openssl('x509', '-req', '-in', 'req', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', str(days), '-extfile', 'ext', '-out', name + '.leaf')
    write(name + '.pem', read(name + '.leaf') + read('ca.pem'))


certificate('good', 2, 'mx.dane.test', 'tadomain.dane.test', 'mx.plain.test', 'mx.far.test')
certificate('past', -1, 'past.dane.test', 'mx-pastta.dane.test')
certificate('strict', 2, 'strict.dane.test', 'strict.plain.test')
certificate('other', 2, 'somebody.else.test')
WRONG = '3 1 1 ' + '5a' * 32
EE, TA, PIN = tlsa(3, 1, 1, 'good.pem'), tlsa(2, 0, 1, 'ca.pem'), None

# label: (addresses of its MX host, TLSA records of that). The domain is LABEL.dane.test, its MX mx-LABEL.dane.test.
HOSTS = {
    'ee': (GOOD, [EE]), 'wrong': (GOOD, [WRONG]), 'rollover': (GOOD, [WRONG, EE]), 'whole': (GOOD, [tlsa(3, 0, 0, 'good.pem')]),
    'none': (GOOD, []), 'pkix': (GOOD, ['1 0 1 ' + '00' * 32, '0 0 1 ' + '00' * 32]), 'odd': (GOOD, ['3 1 7 0102']),
    'pkixclear': (CLEAR, ['1 0 1 ' + '00' * 32]), 'stripped': (CLEAR, [EE]), 'past': (PAST, [tlsa(3, 1, 1, 'past.pem')]), 'pastta': (PAST, [TA]),
    'tadomain': (GOOD, [TA]), 'tawrong': (OTHER, [TA]), 'strict': (STRICT, [tlsa(3, 1, 1, 'strict.pem')]), 'clear': (CLEAR, []),
}
zone = ''.join('%s MX 10 mx-%s\nmx-%s A %s\n' % (l, l, l, a) + ''.join('_25._tcp.mx-%s TLSA %s\n' % (l, r) for r in records) for l, (a, records) in HOSTS.items())
zone += f'''mx A {GOOD}
_25._tcp.mx TLSA {TA}
ta MX 10 mx
strict A {STRICT}
pkixname MX 10 strict
dead A {DEAD}
_25._tcp.dead TLSA {EE}
second MX 10 dead
second MX 20 mx-ee
better MX 10 mx-wrong
better MX 20 mx-ee
implicit A {GOOD}
_25._tcp.implicit TLSA {EE}
alias CNAME mx-ee
aliasdomain CNAME ee
byalias MX 10 alias
own CNAME mx.plain.test.
_25._tcp.own TLSA {EE}
byown MX 10 own
wrongown CNAME mx.plain.test.
_25._tcp.wrongown TLSA {WRONG}
bywrongown MX 10 wrongown
indirect A {GOOD}
_25._tcp.indirect CNAME keys
keys TLSA {EE}
byindirect MX 10 indirect
forged MX 10 mx.bogus.test.
forgedfirst MX 10 mx.bogus.test.
forgedfirst MX 20 mx-ee
some MX 10 mx-ee
some MX 20 mx-strict
_587._tcp.relay TLSA {EE}
relay A {GOOD}
''' + ''.join('_mta-sts.%s TXT "v=STSv1; id=1;"\n' % label for label in ('none', 'clear', 'ee', 'wrong'))
signed = Signed('dane.test', zone)
bogus = Signed('bogus.test', f'mx A {GOOD}\n_25._tcp.mx TLSA {WRONG}\n@ MX 10 mx\n')
bogus.forge('5a5a5a', '5b5b5b')
broken = Signed('broken.test', f'@ MX 10 mx\nmx A {GOOD}\nsts MX 20 mx.plain.test.\n_mta-sts.sts TXT "v=STSv1; id=some"\n')
broken.forge('\t10 mx', '\t11 mx')
broken.forge('id=some', 'id=other')
plain = f'''@ MX 10 mx
mx A {GOOD}
_25._tcp.mx TLSA {WRONG}
hosted MX 10 mx-ee.dane.test.
badlyhosted MX 10 mx-wrong.dane.test.
stricthosted MX 10 mx-strict.dane.test.
strict A {STRICT}
byname MX 10 strict
intothe CNAME mx-ee.dane.test.
cname MX 10 intothe
numeric MX 10 {CLEAR}.
''' + ''.join('_mta-sts%s TXT "v=STSv1; id=1;"\n' % label for label in ('', '.byname', '.hosted', '.stricthosted', '.numeric'))
dns = net.Dns({'dane.test': signed.records, 'bogus.test': bogus.records, 'broken.test': broken.records, 'plain.test': plain}, addresses=[FAR, '127.0.0.11'],
              anchors=[signed.anchor, bogus.anchor, broken.anchor])
atexit.register(dns.remove)
dns.stop()
with open(dns.folder + '/unbound.conf') as file:
    conf = file.read()
dns.write('unbound.conf', conf.replace('server:\n', 'server:\n  log-queries: yes\n', 1))
ok(dns.start(), 'nsd and unbound answer')

write('control/me', 'mail.home.test\n')
write('control/ca.pem', read('ca.pem'))
write('control/tlscafile', 'control/ca.pem\n')
write('control/timeoutconnect', '20\n')
policies = {}  # of MTA-STS, by domain
sts = Callee('sts-fetch', lambda pairs, hop: policies.get(dict(pairs)['domain'], [('answer', 'none')]))
reports = Callee('tls-report', lambda pairs, hop: None)
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'log')
TLS = ('PIPELINING', '8BITMIME', 'STARTTLS')
servers = {a: Server(sessions=10000, address=a, port=25, certificate=c, extensions=e, patience=3000)
           for a, c, e in ((GOOD, 'good', TLS), (CLEAR, 'good', ('8BITMIME',)), (PAST, 'past', TLS), (STRICT, 'strict', (*TLS, 'REQUIRETLS')), (OTHER, 'other', TLS))}
told = []  # what was told before the last try; then what by it


def said(word):
    return sum(h.split(' ')[0] == word for s in servers.values() for h in s.heard)


def to(domain, *hop, facts=(), **how):
    """How it ended: 'done dane yes' or 'later 4.7.5 ...'; the server that was reached last; whether MAIL was said in clear."""
    before = said('MAIL')
    told[:] = [len(reports.asked), domain]
    c = Call([('route', 'mx'), ('domain', domain), *hop])
    outcome = c.send(facts=facts, **how)[0]
    c.close()
    f = c.fields
    mails = said('MAIL') - before
    return (outcome[0] if outcome[0] == 'done' else ' '.join(outcome[:2])) + ' ' + f.get('policy', '-') + ' ' + f.get('verified', 'no'), \
        f.get('remote', ''), ('tls' if f.get('tls') else 'clear') if mails else 'nothing', outcome[3]


def is_(domain, expected, way, what, *hop, host=None, **how):
    got, remote, seen, words = to(domain, *hop, **how)
    return ok((got, seen) == (expected, way) and (not host or remote.startswith(host)), what, (got, seen, remote, words))


def is_told(policy, result, what):
    since, domain = told
    told[:] = wait_for(lambda: [packet for packet, *_ in reports.asked[since:] if packet['domain'] == domain]) or []
    return ok([(p['policy'], p['result']) for p in told] == [(policy, result)], '... tls-report hears: ' + what, told)


# DANE (RFC 7672)
is_('ee.dane.test', 'done dane yes', 'tls', 'DANE-EE: delivered, verified')
is_told('tlsa', 'success', 'success by TLSA')
ok(told[0].get('line') == EE and told[0]['domain'] == 'ee.dane.test' and told[0]['host'] == 'mx-ee.dane.test' and told[0]['ip'] == GOOD and told[0]['source'], '... with record, domain, host and both addresses', told)
is_('wrong.dane.test', 'later 4.7.5 dane no', 'nothing', 'check 30: another digest: later, nothing is said in clear')
is_told('tlsa', 'validation-failure', 'a failure')
is_('rollover.dane.test', 'done dane yes', 'tls', 'two records, one fits: rollover')
is_('whole.dane.test', 'done dane yes', 'tls', 'the whole certificate in the DNS')
is_('past.dane.test', 'done dane yes', 'tls', 'DANE-EE: an expired certificate is as good (3.1.1)')
is_('pastta.dane.test', 'later 4.7.5 dane no', 'nothing', 'DANE-TA: it is not')
is_told('tlsa', 'certificate-expired', 'it has expired')
is_('ta.dane.test', 'done dane yes', 'tls', 'DANE-TA: the name of the MX')
is_('tadomain.dane.test', 'done dane yes', 'tls', 'DANE-TA: the name of the domain, whose MX is signed (3.2.2)')
is_('tawrong.dane.test', 'later 4.7.5 dane no', 'nothing', 'DANE-TA: another name')
is_told('tlsa', 'certificate-host-mismatch', 'the name')
is_('stripped.dane.test', 'later 4.7.4 dane no', 'nothing', 'STARTTLS is not offered: later, nothing is said in clear')
is_told('tlsa', 'starttls-not-supported', 'no STARTTLS')
ok('TLSA' in to('stripped.dane.test')[3], '... and the words say what demands it')
for label in ('pkix', 'odd'):
    is_(label + '.dane.test', 'done dane no', 'tls', 'no record of use (%s): encrypted, nobody is verified (2.2)' % label)
    is_told('tlsa', 'tlsa-invalid', 'tlsa-invalid')
is_('pkixclear.dane.test', 'later 4.7.4 dane no', 'nothing', '... or not at all')
is_('none.dane.test', 'done may no', 'tls', 'a signed host without records: as before')
is_told('no-policy-found', 'success', 'no policy')
is_('clear.dane.test', 'done may no', 'clear', '... in clear, too')
is_told('no-policy-found', 'starttls-not-supported', 'that')
is_('forged.dane.test', 'later 4.7.5 dane no', 'nothing', 'check 30: forged TLSA records: this host gets nothing (2.1.2)')
is_told('tlsa', 'dnssec-invalid', 'dnssec-invalid')
is_('forgedfirst.dane.test', 'done dane yes', 'tls', '... but the next one does', host='mx-ee.dane.test')
is_('broken.test', 'later 4.4.3 - no', 'nothing', 'a forged MX: no answer')
is_('second.dane.test', 'done dane yes', 'tls', 'the first MX is dead: the second one', host='mx-ee.dane.test')
is_('better.dane.test', 'done dane yes', 'tls', 'the first MX has another certificate: the second one', host='mx-ee.dane.test')
is_('implicit.dane.test', 'done dane yes', 'tls', 'no MX: the domain itself')
is_('byalias.dane.test', 'done dane yes', 'tls', 'a CNAME: the records of where it leads (2.2.2)')
is_('aliasdomain.dane.test', 'done dane yes', 'tls', 'a CNAME of the domain')
is_('byown.dane.test', 'done dane yes', 'tls', 'a signed CNAME into an unsigned zone: its own records')
is_('bywrongown.dane.test', 'later 4.7.5 dane no', 'nothing', '... which count')
is_('byindirect.dane.test', 'done dane yes', 'tls', 'TLSA behind a CNAME')
is_('[%s]' % CLEAR, 'done may no', 'clear', 'an address literal has none')

# What is not signed
asked = len(read(dns.folder + '/unbound.log').decode())
is_('plain.test', 'done may no', 'tls', 'an unsigned zone: its TLSA record does not count')
log = wait_for(lambda: (lambda tail: tail if 'plain.test. A IN' in tail else None)(read(dns.folder + '/unbound.log').decode()[asked:])) or ''
ok('plain.test. A IN' in log and 'TLSA' not in log, '... and is not even asked for', log)
is_('hosted.plain.test', 'done dane host', 'tls', 'an unsigned MX to a signed host: that is verified, and not taken for the domain\'s (2.2.1)')
is_('badlyhosted.plain.test', 'later 4.7.5 dane no', 'nothing', '... or gets nothing')
is_('cname.plain.test', 'done may no', 'tls', 'an unsigned CNAME to a signed host: nothing counts')
write('control/dane', 'no\n')
is_('wrong.dane.test', 'done may no', 'tls', 'control/dane no: nobody looks')
os.unlink('control/dane')
resolv = read('/etc/resolv.conf')
write('/etc/resolv.conf', 'nameserver %s\n' % FAR)
is_('wrong.dane.test', 'done may no', 'tls', 'a nameserver elsewhere is not believed')
is_('ee.dane.test', 'later 4.7.5 dane no', 'nothing', '... where DANE is demanded, this is said', ('tls', 'dane'))
is_told('tlsa', 'dane-required', 'dane-required')
write('/etc/resolv.conf', 'nameserver 127.0.0.11\n')
is_('wrong.dane.test', 'done may no', 'tls', '... nor is what Docker has in its containers, which asks others and looks at nothing')
write('/etc/resolv.conf', 'nameserver %s\n' % FAR)
write('control/trustresolver', 'yes\n')
is_('wrong.dane.test', 'later 4.7.5 dane no', 'nothing', 'unless control/trustresolver says so')
write('/etc/resolv.conf', resolv)
write('control/trustresolver', 'no\n')
is_('wrong.dane.test', 'done may no', 'tls', 'control/trustresolver no: nor is one on this host')
os.unlink('control/trustresolver')

# Postfix decides the same: posttls-finger, its client for such questions
def postfix(domain):
    """Verified, Trusted (an unsigned MX), Untrusted, or what else it says of the session with the MX that it would use."""
    words = ['/usr/sbin/posttls-finger', '-c', '-l', 'dane', '-t', '60', '-T', '60', '-L', 'summary', '-o', 'smtp_tls_CAfile=' + HOME + '/ca.pem', '-o', 'myhostname=mail.home.test', domain]
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, env={'PATH': '/usr/bin:/usr/sbin', 'LC_ALL': 'C'}).stdout
    found = re.findall(r'(\w+) TLS connection established', said)
    return found[-1] if found else said


if os.path.exists('/usr/sbin/posttls-finger') and os.path.exists('/etc/postfix/main.cf'):
    for domain in [l + '.dane.test' for l in ('ee', 'wrong', 'rollover', 'whole', 'past', 'pastta', 'ta', 'tadomain', 'tawrong', 'pkix', 'forged', 'second', 'byalias', 'byown', 'bywrongown',
                                              'byindirect', 'implicit', 'aliasdomain')] + [l + '.plain.test' for l in ('hosted', 'badlyhosted', 'cname')]:
        word, ours = postfix(domain), to(domain)[0]
        equal(word if word in ('Verified', 'Trusted') else 'neither', {'done dane yes': 'Verified', 'done dane host': 'Trusted'}.get(ours, 'neither'), 'Postfix (posttls-finger) decides the same: %s, %s' % (domain, ours))
else:
    ok(True, 'Postfix decides the same # SKIP no posttls-finger')

# REQUIRETLS (RFC 8689 4.2.1)
wants = dict(facts=[('requiretls', 'yes')])
is_('strict.dane.test', 'done dane yes', 'tls', 'REQUIRETLS: a signed MX, DANE', **wants)
ok(any(h.startswith('MAIL') and 'REQUIRETLS' in h for h in servers[STRICT].heard), '... and it is asked for there')
is_('pkixname.dane.test', 'done may yes', 'tls', 'REQUIRETLS: a signed MX without TLSA, verified by name', **wants)
is_('stricthosted.plain.test', 'never 5.7.30 dane host', 'nothing', 'REQUIRETLS: an unsigned MX is nobody\'s word, though its host is verified', **wants)
is_('byname.plain.test', 'never 5.7.30 may no', 'nothing', 'REQUIRETLS: an unsigned MX', **wants)
is_('ee.dane.test', 'never 5.7.30 dane yes', 'nothing', 'REQUIRETLS: a host that does not know it', **wants)
is_('some.dane.test', 'done dane yes', 'tls', '... is passed over for one that does', host='mx-strict.dane.test', **wants)
is_('wrong.dane.test', 'later 4.7.5 dane no', 'nothing', 'REQUIRETLS: what may do better later is tried again', **wants)
is_('second.dane.test', 'later 4.7.30 dane yes', 'nothing', 'REQUIRETLS: a dead MX and one that is not fit: later, and not as if nobody was there, for which other mail would have to wait', **wants)
c = Call([('route', 'mx'), ('domain', 'some.dane.test')])
first, host = c.send()[0][0], c.fields['remote']
second = c.send(facts=[('requiretls', 'yes')])[0][0]
equal((first, host[:5], second, c.fields['remote'][:9]), ('done', 'mx-ee', 'done', 'mx-strict'), 'REQUIRETLS: a kept connection that is not fit is left')
c.close()

# MTA-STS (RFC 8461)
def policy(mode, *mx):
    return [('answer', 'policy'), ('mode', mode), ('id', '1'), ('from', 'cache'), *(('mx', m) for m in mx), ('policy', 'version: STSv1'), ('policy', 'mode: ' + mode)]


is_('sts.broken.test', 'done may yes', 'tls', 'a record that is forged')
equal([packet['domain'] for packet, *_ in sts.asked if packet['domain'] in ('sts.broken.test', 'cname.plain.test', 'ta.dane.test')], ['sts.broken.test'],
      'sts-fetch is asked where nobody could say whether there is a record, and not where there is none')
policies['plain.test'] = policy('enforce', 'mx.plain.test')
is_('plain.test', 'done sts yes', 'tls', 'MTA-STS enforce: the MX, its name, an authority')
is_told('sts', 'success', 'success')
ok(told[0]['mx'] == 'mx.plain.test', '... with the policy\'s MX', told)
policies['plain.test'] = policy('enforce', '*.plain.test')
is_('plain.test', 'done sts yes', 'tls', 'a pattern')
policies['plain.test'] = policy('enforce', 'mx.elsewhere.test')
is_('plain.test', 'later 4.7.5 sts no', 'nothing', 'an MX that the policy does not have is not used (4.1)')
is_told('sts', 'validation-failure', 'validation-failure')
policies['plain.test'] = policy('testing', 'mx.elsewhere.test')
is_('plain.test', 'done sts-testing host', 'tls', 'testing: it is (5)')
is_told('sts', 'validation-failure', '... but it is told')
policies['byname.plain.test'] = policy('enforce', 'strict.plain.test')
is_('byname.plain.test', 'done sts yes', 'tls', 'REQUIRETLS: by a policy', **wants)
policies['none.dane.test'] = policy('enforce', 'mx-none.dane.test')
is_('none.dane.test', 'later 4.7.5 sts no', 'nothing', 'check 30: enforce and a wrong certificate: later, nothing is said in clear')
is_told('sts', 'certificate-host-mismatch', 'the name')
policies['none.dane.test'] = policy('testing', 'mx-none.dane.test')
is_('none.dane.test', 'done sts-testing no', 'tls', 'check 30: testing: sent')
is_told('sts', 'certificate-host-mismatch', '... and told')
for mode, expected, way in (('enforce', 'later 4.7.4 sts no', 'nothing'), ('testing', 'done sts-testing no', 'clear')):
    policies['clear.dane.test'] = policy(mode, 'mx-clear.dane.test')
    is_('clear.dane.test', expected, way, '%s and no STARTTLS: %s' % (mode, expected[:5]))
    is_told('sts', 'starttls-not-supported', 'no STARTTLS')
count = len(sts.asked)
policies['ee.dane.test'] = policy('enforce', 'mx.elsewhere.test')
is_('ee.dane.test', 'done dane yes', 'tls', 'DANE of a signed MX goes before any policy (2)')
equal(len(sts.asked), count, '... which is not asked for')
policies['wrong.dane.test'] = policy('enforce', 'mx-wrong.dane.test')
is_('wrong.dane.test', 'later 4.7.5 dane no', 'nothing', 'no policy makes up for wrong TLSA records')
policies['hosted.plain.test'] = policy('enforce', 'mx.elsewhere.test')
is_('hosted.plain.test', 'later 4.7.5 sts no', 'nothing', 'an unsigned MX that the policy does not have is not used, whatever TLSA its host has')
policies['stricthosted.plain.test'] = policy('enforce', 'mx-strict.dane.test')
is_('stricthosted.plain.test', 'done dane yes', 'tls', 'REQUIRETLS: the policy has the MX, DANE verifies it', **wants)
policies['numeric.plain.test'] = policy('enforce', '*.plain.test')
is_('numeric.plain.test', 'later 4.7.5 sts no', 'nothing', 'check 30: an MX that is an address, as a forger would have it: the policy does not have it')
policies['plain.test'] = [('answer', 'none'), ('error', 'sts-webpki-invalid'), ('text', 'no')]
is_('plain.test', 'done may no', 'tls', 'a policy that cannot be had: as without one (5)')
is_told('sts', 'sts-webpki-invalid', 'that')
policies['plain.test'] = [('answer', 'later'), ('error', 'disk')]
is_('plain.test', 'later 4.7.5 sts no', 'nothing', 'sts-fetch cannot say: later')
policies['plain.test'] = policy('enforce', 'mx.elsewhere.test')
write('control/mtasts', 'no\n')
is_('plain.test', 'done may no', 'tls', 'control/mtasts no: nobody asks')
os.unlink('control/mtasts')

# Each word of control/tlspolicy
pin = hashlib.sha256(der('good.leaf')).hexdigest()
for domain, words, expected, way, what in (
        ('wrong.dane.test', [('tls', 'may')], 'done may no', 'tls', 'may: no TLSA record counts'),
        ('wrong.dane.test', [('tls', 'auto')], 'later 4.7.5 dane no', 'nothing', 'auto is the default'),
        ('clear.dane.test', [('tls', 'may')], 'done may no', 'clear', 'may, and no STARTTLS'),
        ('clear.dane.test', [('tls', 'encrypt')], 'later 4.7.4 encrypt no', 'nothing', 'encrypt, and no STARTTLS'),
        ('wrong.dane.test', [('tls', 'encrypt')], 'done encrypt no', 'tls', 'encrypt'),
        ('plain.test', [('tls', 'verify')], 'done verify host', 'tls', 'verify'),
        ('wrong.dane.test', [('tls', 'verify')], 'later 4.7.5 verify no', 'nothing', 'verify, another name'),
        ('wrong.dane.test', [('tls', 'fingerprint'), ('fingerprint', '0' * 64), ('fingerprint', pin)], 'done fingerprint yes', 'tls', 'fingerprint'),
        ('past.dane.test', [('tls', 'fingerprint'), ('fingerprint', pin)], 'later 4.7.5 fingerprint no', 'nothing', 'fingerprint, another one'),
        ('ee.dane.test', [('tls', 'dane')], 'done dane yes', 'tls', 'dane'),
        ('none.dane.test', [('tls', 'dane')], 'later 4.7.5 dane no', 'nothing', 'dane, and no TLSA record'),
        ('pkix.dane.test', [('tls', 'dane')], 'later 4.7.5 dane no', 'nothing', 'dane, and none of use'),
        ('hosted.plain.test', [('tls', 'dane')], 'later 4.7.5 dane no', 'nothing', 'dane, and an unsigned MX'),
        ('plain.test', [('tls', 'dane')], 'later 4.7.5 dane no', 'nothing', 'dane, and nothing is signed'),
        ('byname.plain.test', [('tls', 'sts')], 'done sts yes', 'tls', 'sts'),
        ('cname.plain.test', [('tls', 'sts')], 'later 4.7.5 sts no', 'nothing', 'sts, and no policy'),
        ('ee.dane.test', [('tls', 'sts')], 'done dane yes', 'tls', 'sts, and DANE, which is more'),
        ('clear.dane.test', [('tls', 'sts')], 'later 4.7.4 sts no', 'nothing', 'sts, and a policy in testing: as if it was enforced'),
        ('ee.dane.test', [('tls', 'off')], 'done none no', 'clear', 'off')):
    is_(domain, expected, way, 'tls=' + what, *words)

# Relay rules: no MX, TLSA of its port
relay = Server(sessions=10, address=GOOD, port=587, certificate='good', extensions=TLS, patience=300)
servers['relay'] = relay


def by_rule(host, port, tls):
    c = Call([('route', 'host'), ('host', host), ('port', port), ('rule', ''), ('tls', tls)])
    outcome = c.send()[0]
    c.close()
    return outcome[0], c.fields.get('policy'), c.fields.get('verified')


equal(by_rule('relay.dane.test', 587, 'dane'), ('done', 'dane', 'yes'), 'a relay rule: the TLSA record of its port')
equal(by_rule('relay.dane.test', 25, 'dane'), ('later', 'dane', None), '... of another port there is none: later')
equal(by_rule('mx-wrong.dane.test', 25, 'dane'), ('later', 'dane', None), '... a wrong one: later')
equal(by_rule('mx-wrong.dane.test', 25, 'encrypt'), ('done', 'encrypt', None), 'a rule that does not say dane: nobody looks')
log = read('log').decode()
ok(re.search(r'unreached hop=some.dane.test remote=mx-ee.* status=5.7.30 reason="a message that requires TLS', log), 'the log says who was passed over by REQUIRETLS')
ok(re.search(r'delivery .*tls="TLSv1.3 [A-Z0-9_]+" policy=dane verified=yes ', log), 'the log says policy and whether it was verified', log[-1500:])
done_testing()
