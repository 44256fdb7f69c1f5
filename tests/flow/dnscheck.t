#!/usr/bin/python3
"""dnscheck: what the DNS says of this host and its domains, and what it should say (N-90): A and AAAA, the reverse name, MX, SPF and
DMARC. In a network namespace of its own with a real nsd. Needs root."""
import json, subprocess, sys
sys.path[:0] = ['tests', 'tests/flow']
import net

net.inside('postroom51', '192.0.2.50', 'fd00:51::1')
from tap import *

ZONE = '''mail A 192.0.2.50
mail AAAA fd00:51::1
second A 192.0.2.51
good MX 10 mail
good MX 20 second
good TXT "v=spf1 mx -all"
good TXT "v=spf10 is another"
_dmarc.good TXT "v=DMARC1; p=none"
mixed MX 10 MAIL
mixed MX 20 other
elsewhere MX 10 other
twice MX 10 mail
twice TXT "v=spf1 -all"
twice TXT "V=SPF1 mx \\007 -all"
_dmarc.twice TXT "v=DMARC1; p=none"
_dmarc.twice TXT "v=DMARC1;p=reject"
bare A 192.0.2.50
shut MX 0 .
xn--bcher-kva MX 10 mail
'''
REVERSE = {'2.0.192.in-addr.arpa': '50 PTR mail.test.\n', '1.5.0.0.0.0.d.f.ip6.arpa': '.'.join('1' + '0' * 23) + ' PTR liar.test.\n'}


def check(*words):
    done = subprocess.run([program('dnscheck'), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV, timeout=300)
    return done.returncode, done.stdout.splitlines(), done.stderr


def domains(*names):
    write_cdb('tables/1/policy.cdb', [(b'domain:' + name.encode(), record([('file', 'control/domains/' + name)])) for name in names])


os.makedirs('tables/1')
os.symlink('1', 'tables/current')
write('control/me', 'mail.test\n')
write('control/mxhosts', 'mail.test 10\nsecond.test 20\n')
domains('good.test')
with net.Dns({'test': ZONE, **REVERSE}) as dns:
    code, lines, error = check()
    equal(lines[0], 'ok    mail.test A: 192.0.2.50', 'N-90: the address of the name that we call ourselves by')
    ok('ok    192.0.2.50 PTR: mail.test' in lines, '... and its reverse name', lines)
    ok('ok    mail.test AAAA: fd00:51::1' in lines and 'wrong fd00:51::1 PTR: liar.test, not mail.test, as we call ourselves' in lines, '... another one is wrong', lines)
    ok('ok    second.test A: 192.0.2.51' in lines and not [l for l in lines if '192.0.2.51 PTR' in l], 'another host that takes our mail needs an address only', lines)
    equal(lines[-3:], ['ok    good.test MX: mail.test, second.test', 'ok    good.test SPF: v=spf1 mx -all', 'ok    good.test DMARC: v=DMARC1; p=none'], 'N-90: a domain: MX, SPF, DMARC')
    equal((code, error), (1, ''), 'something is wrong: 1')
    dns.change('1.5.0.0.0.0.d.f.ip6.arpa', '@ TXT nothing\n')
    code, lines, error = check('good.test')
    ok(code == 1 and [l for l in lines if l.startswith('wrong fd00:51::1 PTR: the address has no name') and l.endswith('the name mail.test')], 'an address without a name', lines)
    dns.change('1.5.0.0.0.0.d.f.ip6.arpa', REVERSE['1.5.0.0.0.0.d.f.ip6.arpa'].replace('liar', 'mail'))
    equal((check('good.test')[0], check()[0]), (0, 0), 'all is well: 0, for one domain and for all of the tables')

    for name, finding, words in (('mixed', 'note', 'MX: mail.test, other.test: not all of them'), ('elsewhere', 'wrong', 'MX: other.test: none of them is this host'),
                                 ('bare', 'wrong', 'MX: there is none'), ('shut', 'wrong', 'MX: a null MX'), ('absent', 'wrong', 'MX: there is no such name'),
                                 ('twice', 'wrong', 'SPF: there are several such records at twice.test'), ('twice', 'wrong', 'DMARC: there are several such records at _dmarc.twice.test'),
                                 ('mixed', 'note', 'SPF: nothing says'), ('mixed', 'note', 'DMARC: nothing says')):
        code, lines, error = check(name + '.test')
        ok([l for l in lines if l.startswith('%-5s %s.test %s' % (finding, name, words))] and code == (1 if [l for l in lines if l.startswith('wrong')] else 0), '%s.test: %s %s' % (name, finding, words), lines)
    equal(check('mixed.test')[0], 0, 'a note is no fault')
    ok('ok    xn--bcher-kva.test MX: mail.test' in check('Bücher.test')[1], 'a name of any script', check('Bücher.test'))
    os.unlink('control/mxhosts')
    ok([l for l in check('good.test')[1] if l.startswith('note  good.test MX')], 'without control/mxhosts this host alone takes our mail')
    domains('b.test', 'a.test')
    equal([l.split()[1] for l in check()[1] if ' MX: ' in l], ['a.test', 'b.test'], 'all domains, in order')
    found = [json.loads(l) for l in check('--json', 'good.test')[1]]
    ok({'finding': 'ok', 'subject': '192.0.2.50', 'type': 'PTR', 'text': 'mail.test'} in found, '--json: an object a line', found)
    write('control/helohost', 'nowhere.test\n')
    ok([l for l in check('good.test')[1] if l.startswith('wrong nowhere.test A: the name that we call ourselves by has no address')], 'control/helohost without an address')
    os.unlink('control/helohost')

    write('control/dkim', 'good.test one two\n* three\nb.test off\n')
    os.makedirs('state/dkim')
    for name, key in (('one', 'AAAA'), ('two.good.test', 'BBBB'), ('two', 'wrong')):
        write('state/dkim/%s.txt' % name, 'v=DKIM1; k=rsa; p=%s\n' % key)
    dns.change('test', ZONE + 'one._domainkey.good TXT "v=DKIM1; k=rsa; " "p=AA" "AA"\ntwo._domainkey.good TXT "v=DKIM1; p=BBB; t=s"\n')
    equal([l for l in check('good.test')[1] if ' DKIM: ' in l], ['ok    good.test DKIM: one._domainkey.good.test',
          'wrong good.test DKIM: the key that signs is not there; `mailadm list dns` tells what is to be set at two._domainkey.good.test'], 'N-24b: the keys that sign, and one that the DNS has not')
    dns.change('test', ZONE + 'one._domainkey.good TXT "v=DKIM1; k=rsa; p=AAAA"\ntwo._domainkey.good TXT "v=DKIM1; p = BB BB ; t=s"\n')
    equal([l[:6] for l in check('good.test')[1] if ' DKIM: ' in l], ['ok    ', 'ok    '], '... white space does not count')
    ok([l for l in check('mixed.test')[1] if l.startswith('note  mixed.test DKIM: state/dkim/ does not say')], '... a key that was brought by hand is not known')
    ok(not [l for l in check('b.test')[1] if 'DKIM' in l], '... nothing of a domain that is off')
    os.unlink('control/dkim')

    for bad in (['a b'], ['--foo'], ['-x'], ['a..b']):
        code, lines, error = check(*bad)
        ok(code == 100 and not lines and error, 'bad use: ' + ' '.join(bad), (code, lines, error))
    write('control/mxhosts', 'mail.test first\n')
    code, lines, error = check('good.test')
    ok(code == 100 and 'control/mxhosts: mail.test first is not HOST' in error, 'control/mxhosts that cannot be understood', error)
    os.unlink('control/mxhosts')
    dns.stop()
    code, lines, error = check('good.test')
    ok(code == 111 and lines and all(l.startswith('later') for l in lines), 'the DNS does not answer: nothing is wrong, it is later', (code, lines, error))
done_testing()
