#!/usr/bin/python3
"""tls-report: sessions are counted and told in a report by RFC 8460; each is sent once, also over a restart, and tried again for a
day; a day that ended while nothing ran is reported then. What is hostile takes a bounded place."""
import calendar, contextlib, email, email.policy, gzip, json, re, sqlite3
import sys; sys.path.insert(0, 'tests')
from clock import same_day
from tap import *

same_day()
write('control/me', 'mx.ours.test\n')
write('control/tlsreportorg', 'Ours & Co\n')
write('control/dkim', '* default\n')
os.makedirs('control/domains')
write('control/domains/Ours.test')
os.makedirs('state/tlsrpt')
DAY = 86400
STS = ['version: STSv1', 'mode: enforce', 'mx: *.far.test', 'max_age: 86400']
listening = listen('tls-report')
answers = {}   # domain: what report-post says of it
posted = {}    # uri: what report-post answers
queued = {}    # id: what queue-add answers, once


def post(pairs, *_):
    asked = dict(pairs)
    if asked['what'] == 'find':
        return answers.get(asked['domain'], [('answer', 'none'), ('error', 'no record')])
    return posted.get(asked['uri'], [('answer', 'done'), ('error', '200')])


poster = Callee('report-post', post)
signed = {}    # domain: what dkim-sign answers
signer = Callee('dkim-sign', lambda pairs, *_: signed.get(dict(pairs)['domain'], [('answer', 'yes'), ('fields', 'DKIM-Signature: v=1; d=%s; b=AA\r\n' % dict(pairs)['domain'])]))
adder = Callee('queue-add', lambda pairs, *_: queued.pop('next', [('answer', 'queued')]))


@contextlib.contextmanager
def database():
    with contextlib.closing(sqlite3.connect('state/tlsrpt/counts', isolation_level=None)) as db:
        yield db


def begin():
    before = log().count('serving')
    process = start('tls-report', listening, 'log')
    wait_for(lambda: log().count('serving') > before)
    return process


def log():
    return read('log').decode() if os.path.exists('log') else ''


def stop(process):
    process.terminate()
    process.wait(300)


def session(connection, domain, result='success', policy='no-policy-found', more=()):
    send(connection, [('what', 'session'), ('domain', domain), ('policy', policy), *more, ('result', result)])


def tell(domain, result='success', policy='no-policy-found', more=(), times=1):
    with connect('tls-report') as connection:
        for _ in range(times):
            session(connection, domain, result, policy, more)


def run(*words):
    return subprocess.run([program('tls-report'), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV, timeout=300)


def report(domain):
    said = run('show', domain)
    return json.loads(said.stdout) if not said.returncode else None


def counts(domain):
    """Of the policies, in their order."""
    seen = report(domain)
    return [tuple(p['summary'].values()) for p in seen['policies']] if seen else []


def today():
    return time.strftime('%Y-%m-%d', time.gmtime())


def asked(callee, what):
    """Requests of that kind, and what came with them."""
    return [(a[0], a[3]) for a in callee.asked if a[0]['what'] == what]


write('control/tlsreportcontact', 'no address\n')
wrong = subprocess.run([program('tls-report')], stdin=listening, stderr=subprocess.PIPE, text=True, env=ENV)
equal((wrong.returncode, wrong.stderr), (100, 'tls-report: fatal: control/tlsreportcontact: not an address with a domain name: no address@mx.ours.test\n'),
      'it does not start with a contact that is no address')
os.unlink('control/tlsreportcontact')
service = begin()
equal(run('show').stdout, 'Nothing was counted until now.\n', 'show, when there is nothing')
equal(run('show', 'nobody.test').returncode, 1, '... of a domain: exit code 1')
for words in (['show', 'a.test', 'b.test'], ['send', '--day'], ['nothing'], ['send', '--day', '2026-13-01'], ['send', '--day', 'x']):
    equal(run(*words).returncode, 100, 'bad use: ' + ' '.join(words))

# What is counted (RFC 8460 4)
tell('Far.test', times=3, policy='sts', more=[('line', line) for line in STS] + [('mx', '*.far.test')])
tell('far.test', 'certificate-expired', 'sts', [('line', line) for line in STS] + [('mx', '*.far.test'), ('host', 'MX1.far.test'), ('ip', '192.0.2.7'),
     ('source', '2001:DB8::1'), ('error', 'expired on 1 May \r\nX: y'), ('helo', 'mx1.far.test'), ('information', 'https://ours.test/help')], times=2)
tell('far.test', 'starttls-not-supported', 'sts', [('line', line) for line in STS] + [('mx', '*.far.test'), ('host', 'mx2.far.test')])
tell('far.test', 'tlsa-invalid', 'tlsa', [('line', '3 1 1 00ff'), ('line', '2 0 1 aa'), ('host', 'no host!'), ('ip', 'nonsense')])
tell('far.test')
wait_for(lambda: len(counts('far.test')) == 3)
seen = report('far.test')
begin_day = time.strftime('%Y-%m-%dT00:00:00Z', time.gmtime())
ok(seen.pop('date-range')['start-datetime'] <= begin_day, 'the range begins with the day (UTC)')
equal(seen, {
    'organization-name': 'Ours & Co', 'contact-info': 'postmaster@mx.ours.test', 'report-id': 'preview@mx.ours.test',
    'policies': [
        {'policy': {'policy-type': 'sts', 'policy-string': STS, 'policy-domain': 'far.test', 'mx-host': ['*.far.test']},
         'summary': {'total-successful-session-count': 3, 'total-failure-session-count': 3},
         'failure-details': [
             {'result-type': 'certificate-expired', 'sending-mta-ip': '2001:db8::1', 'receiving-mx-hostname': 'mx1.far.test',
              'receiving-mx-helo': 'mx1.far.test', 'receiving-ip': '192.0.2.7', 'failed-session-count': 2,
              'additional-information': 'https://ours.test/help', 'failure-reason-code': 'expired on 1 May ??X: y'},
             {'result-type': 'starttls-not-supported', 'receiving-mx-hostname': 'mx2.far.test', 'failed-session-count': 1}]},
        {'policy': {'policy-type': 'tlsa', 'policy-string': ['3 1 1 00ff', '2 0 1 aa'], 'policy-domain': 'far.test'},
         'summary': {'total-successful-session-count': 0, 'total-failure-session-count': 1},
         'failure-details': [{'result-type': 'tlsa-invalid', 'failed-session-count': 1}]},
        {'policy': {'policy-type': 'no-policy-found', 'policy-domain': 'far.test'},
         'summary': {'total-successful-session-count': 1, 'total-failure-session-count': 0}}]},
      'the report of a domain has all that was told, by RFC 8460 4.4; what is no host and no address is left out')
ok('far.test sts: 3 successful, 3 failed\n' in run('show').stdout, 'show: a line for each domain and type', run('show').stdout)

for wrong in ([('domain', 'a b'), ('policy', 'sts'), ('result', 'success')], [('domain', 'a.test'), ('policy', 'x'), ('result', 'success')],
              [('domain', 'a.test'), ('policy', 'sts'), ('result', 'x')], []):
    with connect('tls-report') as connection:
        send(connection, [('what', 'session'), *wrong])
        session(connection, 'behind.test')
wait_for(lambda: counts('behind.test') == [(4, 0)])
equal((report('a.test'), counts('behind.test')), (None, [(4, 0)]), 'a packet that is none is not counted; the next one is')
with connect('tls-report') as connection:
    send(connection, [('what', 'nonsense')])
    equal(receive(connection)[0], None, '... of what else is said, nothing')
ok('refused reason="not a session" field=policy' in log(), '... and the log says why', log())
tell('missed.test', more=[('missed', '7')])
wait_for(lambda: 'uncounted sessions=7' in log())
ok('7 sessions that could not be counted' in run('show').stdout, 'what smtp-send could not tell is said', run('show').stdout)

# Caps: what goes beyond is summed up
with connect('tls-report') as connection:
    for i in range(15):
        for _ in range(2):
            session(connection, 'many.test', 'success', 'tlsa', [('line', '3 1 1 %02x' % i)])
    for i in range(60):
        session(connection, 'hosts.test', 'certificate-not-trusted', 'sts', [('host', 'mx%d.hosts.test' % i), ('ip', '192.0.2.%d' % i)])
    for i in range(3):
        session(connection, 'long.test', 'success', 'sts', [('line', 'mx: %s.long.test' % ('x' * 60)) for _ in range(700)])
wait_for(lambda: counts('long.test') == [(3, 0)])
policies = report('many.test')['policies']
equal([('policy-string' in p['policy'], p['summary']['total-successful-session-count']) for p in policies], [(True, 2)] * 10 + [(False, 10)],
      'after ten policies of a domain the others of the type are one, without its lines')
details = report('hosts.test')['policies'][0]['failure-details']
equal((len(details), details[-1]), (51, {'result-type': 'certificate-not-trusted', 'failed-session-count': 10}),
      'after fifty failures of a policy the others are one, without its hosts')
lines = report('long.test')['policies'][0]['policy']['policy-string']
ok(0 < len(lines) < 200 and set(lines) == {'mx: %s.long.test' % ('x' * 60)}, 'a long policy is cut, by whole lines', len(lines))

# It survives the end of the process, and a renewal
stop(service)
service = begin()
equal(counts('behind.test'), [(4, 0)], 'what was counted is there after a restart')
tell('behind.test')
service.send_signal(signal.SIGHUP)
wait_for(lambda: log().count('serving') == 3)
equal(counts('behind.test'), [(5, 0)], '... and after SIGHUP, with the last that was told')
wal = os.stat('state/tlsrpt/counts-wal')
tell('killed.test')
wait_for(lambda: counts('killed.test'))
wait_for(lambda: os.stat('state/tlsrpt/counts-wal').st_mtime_ns > wal.st_mtime_ns)
counts('killed.test')  # when it answers again it has ended what it was writing
service.kill(), service.wait()
service = begin()
equal(counts('killed.test'), [(1, 0)], 'killed: what was written once a second stays')

# Today's, now. far.test wants two mails and a POST; behind.test nothing.
answers['far.test'] = [('answer', 'found'), ('mail', 'tls@far.test'), ('mail', 'bad address\r\nX: y@far.test'), ('mail', '"a b"@far.test'), ('post', 'https://far.test/r')]
said = run('send', '--day', today())
ok(said.returncode == 0 and ' reports are due now' in said.stdout, 'send --day', said)
ok(wait_for(lambda: report('far.test') is None), 'the report was sent, and is forgotten', log())
wait_for(lambda: len(asked(adder, 'add')) >= 2 and asked(poster, 'post'))
mails, posts = asked(adder, 'add'), asked(poster, 'post')
equal((len(mails), [p['uri'] for p, _ in posts]), (2, ['https://far.test/r']), 'two mails and one POST: what is no address is left out')
wait_for(lambda: log().count('unwanted') >= 5)
ok('unwanted domain=behind.test' in log(), 'a domain without a record: the counts are dropped, and the log says so', log())

# The mail, RFC 8460 5.3
head, message = mails[0][1].split(b'\n\n', 1)
head = head.decode().splitlines()
id = mails[0][0]['id']
equal(head[1], 'I ' + id, 'the mail: its id')
equal(head[3:], ['S postmaster@mx.ours.test', 'C role=tls-report tlsoptional=yes', 'R tls@far.test notify=never'], '... its envelope')
equal(mails[1][1].split(b'\n\n')[0].split(b'\n')[5], b'R "a%20b"@far.test notify=never', '... a quoted local part')
m = email.message_from_bytes(message, policy=email.policy.SMTP)
parts = list(m.iter_parts())
body = json.loads(gzip.decompress(parts[1].get_payload(decode=True)))
name = body['report-id']
for field, value in (('Subject', 'Report Domain: far.test Submitter: mx.ours.test Report-ID: <%s>' % name), ('TLS-Report-Domain', 'far.test'),
                     ('TLS-Report-Submitter', 'mx.ours.test'), ('TLS-Required', 'No'), ('From', 'postmaster@mx.ours.test'), ('To', 'tls@far.test'),
                     ('MIME-Version', '1.0'), ('Auto-Submitted', 'auto-generated'), ('Message-ID', '<%s@mx.ours.test>' % id)):
    equal(m[field], value, '... ' + field)
ok(m['Date'] and all(line.endswith(b'\r\n') and len(line) < 1000 for line in message.splitlines(True)), '... a date; its lines end with CRLF')
ok(message.startswith(b'DKIM-Signature: v=1; d=ours.test; b=AA\r\nDate: '), 'L-09: it is signed', message[:300])
equal((m.get_content_type(), m.get_param('report-type'), [p.get_content_type() for p in parts]),
      ('multipart/report', 'tlsrpt', ['text/plain', 'application/tlsrpt+gzip']), '... multipart/report of the type tlsrpt, with two parts')
equal(posts[0][1][:2], b'\x1f\x8b', 'what is posted is gzip')
equal(json.loads(gzip.decompress(posts[0][1])), body, '... of the same report')
ok(re.fullmatch('[0-9a-v]{16}@mx.ours.test', name), 'its report-id', name)
start_at, end_at = (calendar.timegm(time.strptime(body['date-range'][key], '%Y-%m-%dT%H:%M:%SZ')) for key in ('start-datetime', 'end-datetime'))
equal(parts[1].get_filename(), 'mx.ours.test!far.test!%d!%d!%s.json.gz' % (start_at, end_at, name.split('@')[0]), 'the file name of RFC 8460 5.1')
equal((start_at % DAY, len(body['policies'])), (0, 3), 'the report begins with the day, and has all policies')
tell('far.test')
wait_for(lambda: counts('far.test') == [(1, 0)])
equal(report('far.test')['date-range']['start-datetime'], time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(end_at + 1)), 'what comes later today is the next report, from there on')

# What fails is tried again, and only that; a day after the first try it is given up
answers['again.test'] = [('answer', 'later'), ('error', 'no answer from DNS')]
answers['half.test'] = [('answer', 'found'), ('mail', 'a@half.test'), ('post', 'https://half.test/r')]
posted['https://half.test/r'] = [('answer', 'later'), ('error', '503')]
queued['next'] = [('answer', 'there')]
tell('again.test'), tell('half.test')
wait_for(lambda: counts('half.test') and counts('again.test'))
run('send', '--day', today())
ok(wait_for(lambda: 'later domain=again.test' in log() and 'later domain=half.test' in log()), 'what cannot be looked up or posted waits', log())
ok('error=503' in log() and 'error="no answer from DNS"' in log(), '... the log says why', log())
before = len(asked(adder, 'add'))
posted['https://half.test/r'] = [('answer', 'done'), ('error', '201')]
answers['again.test'] = [('answer', 'found'), ('mail', 'a@again.test')]
stop(service)
service = begin()
ok('again.test' in run('show').stdout and 'tried again after' in run('show').stdout, 'it waits, also over a restart', run('show').stdout)
run('send')
ok(wait_for(lambda: not report('half.test') and not report('again.test')), 'send: at once')
new = [p for p, _ in asked(poster, 'post') if p['uri'] == 'https://half.test/r']
equal((len(new), len(asked(adder, 'add')) - before), (2, 1), 'the POST was repeated; of the mails only the one that was not sent (there: it was queued already)')
equal(len({json.loads(gzip.decompress(c))['report-id'] for p, c in asked(poster, 'post') if p['uri'] == 'https://half.test/r'}), 1, '... under the same report-id')

# dkim-sign (L-09): it was taken over, it cannot, or is away
answers['forged.test'] = [('answer', 'found'), ('mail', 'a@forged.test')]
signer.touch = forge
before = len(asked(adder, 'add'))
tell('forged.test')
wait_for(lambda: counts('forged.test'))
run('send', '--day', today())
ok(wait_for(lambda: len(asked(adder, 'add')) > before) and asked(adder, 'add')[-1][1].startswith(b'postroom') and b'R a@forged.test' in asked(adder, 'add')[-1][1] and b'DKIM-Signature' in asked(adder, 'add')[-1][1],
   'dkim-sign cannot change what it signs', asked(adder, 'add')[-1][1][:300])
signer.touch = None
for domain in ('nokey.test', 'nosign.test'):
    answers[domain] = [('answer', 'found'), ('mail', 'a@' + domain)]
signed['ours.test'] = [('answer', 'no'), ('error', 'no such key')]
before = len(asked(adder, 'add'))
tell('nokey.test')
wait_for(lambda: counts('nokey.test'))
run('send', '--day', today())
ok(wait_for(lambda: len(asked(adder, 'add')) > before) and b'DKIM' not in asked(adder, 'add')[-1][1] and 'unsigned domain=nokey.test' in log() and 'error="no such key"' in log(),
   'a key is missing: the mail goes unsigned, and the log says so', log()[-600:])
signer.close()
tell('nosign.test')
wait_for(lambda: counts('nosign.test'))
before = len(asked(adder, 'add'))
run('send', '--day', today())
ok(wait_for(lambda: 'away domain=nosign.test' in log()) and report('nosign.test') and len(asked(adder, 'add')) == before, 'dkim-sign is away: the mail waits for another try', log()[-600:])
stop(service)
with database() as db:
    db.execute("UPDATE report SET first = first - 3600, due = 0 WHERE domain = 'nosign.test'")
service = begin()
ok(wait_for(lambda: len(asked(adder, 'add')) > before) and b'DKIM' not in asked(adder, 'add')[-1][1], '... for an hour; then it goes unsigned')

# A day that ended while nothing ran
answers['old.test'] = answers['tired.test'] = [('answer', 'found'), ('post', 'https://old.test/r')]
posted['https://old.test/r'] = [('answer', 'later'), ('error', 'refused')]
tell('old.test'), tell('tired.test', 'validation-failure')
wait_for(lambda: counts('old.test') and counts('tired.test'))
stop(service)
write('control/tlsreportdelay', '0\n')
midnight = int(time.time()) // DAY * DAY
with database() as db:
    db.execute('UPDATE period SET begin = ? WHERE end IS NULL', (midnight - 3 * DAY,))
service = begin()
ok(wait_for(lambda: log().count('error=refused') >= 2), 'a day that ended while nothing ran is reported at the next start', log())
found = json.loads(gzip.decompress(asked(poster, 'post')[-1][1]))['date-range']
equal(found, {'start-datetime': time.strftime('%Y-%m-%dT00:00:00Z', time.gmtime(midnight - 3 * DAY)), 'end-datetime': time.strftime('%Y-%m-%dT23:59:59Z', time.gmtime(midnight - 3 * DAY))},
      '... as that day, to its last second')
stop(service)
with database() as db:
    for domain, first, tries, due in db.execute('SELECT domain, first, tries, due FROM report').fetchall():
        ok(tries == 1 and 900 <= due - first <= 900 + 113 + 600, 'the next try comes after a quarter of an hour', (domain, first, tries, due))
    db.execute("UPDATE report SET first = first - 86400, due = 0 WHERE domain = 'old.test'")
    db.execute("UPDATE report SET tries = 4, due = 0 WHERE domain = 'tired.test'")
service = begin()
ok(wait_for(lambda: 'given-up domain=old.test' in log()), 'a day after the first try it is given up', log())
ok(wait_for(lambda: log().count('later domain=tired.test') >= 2), 'the other one is tried again')
stop(service)
with database() as db:
    (domain, wait), = db.execute("SELECT domain, due - first FROM report WHERE period IN (SELECT id FROM period WHERE end IS NOT NULL)")
    ok(domain == 'tired.test' and 16 * 900 <= wait < 18 * 900 + 600, '... after twice as long each time', (domain, wait))

# Typed by a person, who is root: it does not touch the store
typed = subprocess.run([program('tls-report')], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV, timeout=300)
ok(typed.returncode == 100 and not typed.stdout and 'not the listening socket' in typed.stderr and 'tls-report show' in typed.stderr, 'started without a listening socket it says how it is asked', typed)

# Off; and a store that is broken
write('control/tlsreport', 'no\n')
service = begin()
tell('off.test')
with connect('tls-report') as connection:
    send(connection, [('what', 'show')])
    receive(connection)
equal(report('off.test'), None, 'control/tlsreport no: nothing is counted')
stop(service)
os.unlink('control/tlsreport')
write('state/tlsrpt/counts', b'This is no database at all' * 1000)
process = start('tls-report', listening, 'log')
equal(process.wait(300), 111, 'a store that is broken: it ends')
ok(os.path.exists('state/tlsrpt/counts.broken') and not os.path.exists('state/tlsrpt/counts'), '... and the store is put aside')
service = begin()
tell('anew.test')
ok(wait_for(lambda: counts('anew.test') == [(1, 0)]), 'the next one begins anew', log())
done_testing()
