#!/usr/bin/python3
"""send-schedule: its reports bear a DKIM signature (L-09), of which domain, and what becomes of them if there is none to be had: no report
is lost or late for ever because of that. With the real dkim-sign: tests/flow/dkim.t; over a crash: tests/crash/send-reports.t."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

NEVER = 'never 5.1.1 550 nobody of this name'
FIELDS = 'DKIM-Signature: v=1; a=rsa-sha256;\r\n\td=%s; b=AAAA\r\n'
number = 0
answer = None # what dkim-sign answers; None: it signs


def sign(pairs, hop):
    return answer if answer is not None else [('answer', 'yes'), ('fields', FIELDS % dict(pairs)['domain'])]


def add():
    """A message that fails; its report's id."""
    global number
    number += 1
    id = '0123456789c%05d' % number
    write('queue/new/' + id, envelope(id, 'ann@a.test', ['x@never.test'], facts=['role=submission']) + b'Subject: hello\r\n\r\nthe body\r\n')
    os.chmod('queue/new/' + id, 0o660)
    notify(id)
    return id + 'b0001'


def report(id):
    """What queue-add got: the envelope and the message."""
    found = wait_for(lambda: [a for a in list(reports.asked) if a[0]['id'] == id])
    content = found[0][3] if found else b''
    length = int(content[10:20] or 0)
    return content[:length], content[length:]


def case(what, domain, **files):
    for name in ('dkim', 'bouncefrom', 'bouncehost'):
        if os.path.exists('control/' + name):
            os.unlink('control/' + name)
    for name, content in files.items():
        write('control/' + name, content)
    asked_before = len(signer.asked)
    id = add()
    head, message = report(id)
    asked = signer.asked[asked_before:]
    equal((len(asked), message.startswith((FIELDS % domain).encode()) if domain else b'DKIM-Signature' in message), (1, True) if domain else (0, False), what)
    ok(head.endswith(b'\n\n') and b'R ann@a.test' in head and b'\r\nAuto-Submitted: auto-' in message, '... and is whole', (head, message[:800]))
    return asked and asked[0]


write('control/me', 'mail.host.test\n')
write_tables({'ann@a.test': 'kann', 'postmaster@host.test': 'kpost'}, more=[('domain:sub.mail.other.test', [('file', 'x')])])
smtp = Callee('smtp-send', lambda pairs, hop: outcomes(pairs, NEVER))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
signer = Callee('dkim-sign', sign)
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'scanned messages=0' in read('log')), 'it has read the queue')

# By which domain
case('without control/dkim nobody is asked', None)
asked = case('L-09: From is MAILER-DAEMON@mail.host.test: the next domain above it that is ours signs', 'host.test', dkim='* default\n')
ok(asked and asked[0]['what'] == 'sign' and asked[0]['id'].endswith('b0001') and asked[3][int(asked[0]['offset']):].startswith(b'Date: '), 'dkim-sign gets the message and where it begins', asked)
case('a line of its own: it signs itself', 'mail.host.test', dkim='mail.host.test default\n')
case('... in any case', 'mail.host.test', dkim='Mail.HOST.test\tdefault\n* other\n')
case('... off: nobody signs', None, dkim='mail.host.test off\n* default\n')
case('only the domain above has a line', 'host.test', dkim='host.test default\n')
case('... which says off', None, dkim='* default\nhost.test off\n')
case('control/bouncefrom of another domain of ours', 'a.test', dkim='* default\n', bouncefrom='bounces@a.test\n')
case('... of one that is not ours', None, dkim='* default\n', bouncefrom='bounces@foreign.test\n')
case('... of one above one of ours', None, dkim='* default\n', bouncefrom='bounces@mail.other.test\n')
case('a line that is wrong: the report goes', None, dkim='* a/b\n')
ok(wait_for(lambda: b'unsigned id=' in read('log') and b'not a selector' in read('log')), '... and the log says why', read('log'))

# What dkim-sign cannot sign
write('control/dkim', '* default\n')
for answer, what, why in (([('answer', 'no'), ('error', 'dkim/default.pem: No such file or directory')], 'a key is missing', b'No such file'),
                          ([], 'it ends without a word', b'no answer from dkim-sign'), ([('answer', 'yes')], 'it says yes, and no field', b'no answer from dkim-sign')):
    before = read('log').count(b'unsigned id=')
    head, message = report(add())
    ok(message.startswith(b'Date: ') and head, what + ': the report goes at once, unsigned', message[:300])
    ok(wait_for(lambda: read('log').count(b'unsigned id=') > before and why in read('log')), '... and the log says why', read('log')[-600:])
answer = None

# One that was taken over may sign as it likes, and no more: it has the envelope as well
signer.touch = forge
head, message = report(add())
ok(message.startswith(b'DKIM-Signature') and head.startswith(b'postroom') and b'R ann@a.test' in head and message.endswith(b'--\r\n'), 'dkim-sign cannot change what it signs', (head, message[-80:]))
answer = [('answer', 'no'), ('error', 'taken over')]
head, message = report(add())
ok(message.startswith(b'Date: ') and head.startswith(b'postroom') and b'R ann@a.test' in head and message.endswith(b'--\r\n'), '... nor what goes unsigned', (head, message[-80:]))
signer.touch = answer = None

# It is away: that is a restart, or it is for long
signer.close()
id = add()
ok(wait_for(lambda: b'away service=dkim-sign' in read('log')), 'dkim-sign is away')
time.sleep(1)
ok(not [a for a in list(reports.asked) if a[0]['id'] == id], '... the report waits')
signer = Callee('dkim-sign', sign)
ok(report(id)[1].startswith((FIELDS % 'host.test').encode()), '... and is signed when it is back')
signer.close()
ids = [add(), add()]
messages = [report(id)[1] for id in ids]
ok(all(m.startswith(b'Date: ') for m in messages), '... which does not come back: after a while reports go unsigned', messages)
ok(b'error="dkim-sign is away"' in read('log'), '... and the log says so')
before = time.monotonic()
report(add())
ok(True, '... the next one does not wait again')
signer = Callee('dkim-sign', sign)
ok(wait_for(lambda: report(add())[1].startswith(b'DKIM-Signature')), '... until it is there')

# It hangs
signer.answer = lambda pairs, hop: time.sleep(90)
id = add()
ok(report(id)[1].startswith(b'Date: '), 'dkim-sign says nothing for half a minute: the report goes unsigned')
before = len(signer.asked)
ok(report(add())[1].startswith(b'Date: ') and len(signer.asked) == before, '... and it is not asked about the next one')
signer.answer = sign
ok(wait_for(lambda: report(add())[1].startswith(b'DKIM-Signature')), '... until a minute later')

# Killed while dkim-sign has the report
held = []
def hold(pairs, hop):
    held.append(pairs)
    time.sleep(5)
    return sign(pairs, hop)
signer.answer = hold
id = add()
ok(wait_for(lambda: held), 'dkim-sign has a report')
scheduler.kill(), scheduler.wait()
signer.answer = sign
scheduler = start('send-schedule', listening, 'log')
ok(report(id)[1].startswith(b'DKIM-Signature'), 'killed meanwhile, it makes the same report again')
wait_for(lambda: not os.path.exists(path(id[:16]) or ''))
equal(len([a for a in list(reports.asked) if a[0]['id'] == id]), 1, '... once')
equal(subprocess.run([program('queue-check')], env=ENV, capture_output=True).returncode, 0, 'the queue is as it should be')
scheduler.terminate()
equal(scheduler.wait(300), 0, 'told to stop it stops')
done_testing()
