#!/usr/bin/python3
"""send-schedule: the sender of a message that waits longer than control/delaywarning is told so, once (N-76; RFC 3464 2.3.3, RFC 3461
4.1); who is not told; what the file says. Over a crash: tests/crash/send-schedule.t."""
import sys; sys.path.insert(0, 'tests')
import email, email.policy, email.utils
from scheduler import *

LATER, NEVER = 'later 4.2.1 450 come again', 'never 5.1.1 550 nobody of this name'
NOW = int(time.time())
number = 0
content = b'Subject: hello\r\nMessage-ID: <m@a.test>\r\n\r\nthe body\r\n'


def head(id):
    for _ in range(3):
        try:
            return read(path(id))[21:46]
        except (OSError, TypeError):
            pass


def add(recipients=('far@later.test',), sender='ann@a.test', facts=('role=submission',), content=content, attempts=4, age=5000):
    """A message that was tried four times in 5000 s; the fifth attempt follows."""
    global number
    number += 1
    id = '0123456789b%05d' % number
    write('queue/new/' + id, envelope(id, sender, list(recipients), facts=facts, birth=NOW - age, attempts=attempts) + content)
    os.chmod('queue/new/' + id, 0o660)
    notify(id)
    if not wait_for(lambda: not path(id) or int(head(id)[:4]) > attempts and head(id)[4:5] != b'w'):
        print('# not tried:', id, head(id))
    return id


def retry(id):
    was = head(id)[:4]
    subprocess.run([program('qctl'), 'retry', id], env=ENV, capture_output=True)
    return wait_for(lambda: not path(id) or head(id)[:4] != was)


def asked(id):
    return [a[0]['id'] for a in list(reports.asked) if a[0]['id'].startswith(id + 'b')]


def report(id, attempt=5):
    found = [a for a in list(reports.asked) if a[0]['id'] == id + 'b%04d' % attempt]
    if not found:
        return None
    message = email.message_from_bytes(found[0][3][int(found[0][3][10:20]):], policy=email.policy.default)
    parts = list(message.iter_parts())
    status = parts[1].get_payload()
    return {'to': message['To'].addresses[0].addr_spec, 'subject': message['Subject'], 'text': parts[0].get_payload(), 'fields': status[1:],
            'of': {r['Final-Recipient']: (r['Action'], r['Status']) for r in status[1:]}, 'type': parts[2].get_content_type(),
            'third': parts[2].as_bytes(), 'envelope': found[0][3].split(b'\n\n')[0]}


def answer(pairs, hop):
    return outcomes(pairs, NEVER if hop['domain'] == 'never.test' else LATER)


write('control/me', 'host.test\n')
write('control/delaywarning', '3600\n')
write_tables({'bob@a.test': 'kbob', 'ann@a.test': 'kann'}, more=[('domain:relayed.test', [('file', 'x'), ('relay', 'h.test')])])
smtp = Callee('smtp-send', answer)
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'scanned messages=0' in read('log')), 'it has read the queue')

id = add(facts=('role=submission', 'ret=full'))
r = report(id)
equal(r and (r['to'], r['of'], r['subject']), ('ann@a.test', {'rfc822;far@later.test': ('delayed', '4.2.1')}, 'Your message is delayed, and still tried'),
      'N-76: after delaywarning its sender is told that it waits')
f = r['fields'][0]
equal(email.utils.parsedate_to_datetime(f['Will-Retry-Until']).timestamp(), NOW - 5000 + 432000, '... Will-Retry-Until: the end of its lifetime (RFC 3464 2.3.9)')
equal(f['Diagnostic-Code'], 'smtp; 450 4.2.1 come again', '... the other host\'s words')
ok('You need not send it again' in r['text'] and 'It is not tried again' not in r['text'], '... a person is told what to do', r['text'])
equal((r['type'], b'the body' in r['third']), ('text/rfc822-headers', False), '... only the header, whatever RET says (RFC 3461 4.3)')
ok(b'\nS \n' in r['envelope'] and b'role=report' in r['envelope'], '... from the null sender', r['envelope'])
equal(head(id)[4:5], b'W', 'the file says that he was told')
ok(retry(id) and retry(id), 'it is tried again and again')
equal(asked(id), [id + 'b0005'], '... he is told once')
equal(subprocess.run([program('queue-check')], env=ENV, capture_output=True).returncode, 0, 'queue-check knows that byte')

for what, more in (
        ('younger', dict(age=100)),
        ('the first attempt, whatever the calendar says', dict(attempts=0, age=315360000)),
        ('the null sender', dict(sender='')),
        ('a report', dict(facts=('role=report', 'report=sender'))),
        ('NOTIFY without DELAY (RFC 3461 4.1)', dict(recipients=[('far@later.test', 'notify=success,failure')])),
        ('NOTIFY=NEVER', dict(recipients=[('far@later.test', 'notify=never')])),
        ('List-Id', dict(content=b'List-Id: <l.a.test>\r\n' + content)),
        ('list-unsubscribe', dict(content=b'Subject: x\r\nlist-unsubscribe: <mailto:l@a.test>\r\n\r\n')),
        ('Precedence: bulk', dict(content=b'Precedence:  Bulk\r\n' + content)),
        ('an automatic answer (RFC 3834 5)', dict(content=b'auto-submitted: auto-replied\r\n' + content)),
        ('a sender that a stranger named', dict(sender='joe@far.test', facts=('role=mx', 'client=192.0.2.1'))),
        ('... also with NOTIFY, but not DELAY', dict(sender='joe@far.test', facts=('role=mx',), recipients=[('far@later.test', 'notify=failure')])),
        ('... of a domain that is only relayed', dict(sender='joe@relayed.test', facts=('role=mx',))),
        ('... by LMTP', dict(sender='joe@far.test', facts=('role=lmtp',)))):
    id = add(**more)
    equal((asked(id), head(id)[4:5]), ([], b' '), 'no warning: ' + what)
for what, more in (
        ('Auto-Submitted: no', dict(content=b'Auto-Submitted: no\r\n' + content)),
        ('a login', dict(sender='joe@far.test', facts=('role=mx', 'login=ann@a.test'))),
        ('a local user', dict(sender='joe@far.test', facts=('role=inject',))),
        ('control/mynetworks', dict(sender='joe@far.test', facts=('role=mx', 'trusted=yes'))),
        ('a backend', dict(sender='joe@far.test', facts=('role=mx', 'backend=one'))),
        ('a sender of ours', dict(facts=('role=mx',))),
        ('a stranger who asked for it', dict(sender='joe@far.test', facts=('role=mx',), recipients=[('far@later.test', 'notify=delay')]))):
    id = add(**more)
    equal(asked(id), [id + 'b0005'], 'a warning: ' + what)
id = add(sender='joe@far.test', facts=('role=mx',), recipients=['a@later.test', ('b@later.test', 'notify=failure,delay')])
equal(list(report(id)['of']), ['rfc822;b@later.test'], '... about that recipient alone')
id = add(content=b'Subject: x\r\n\r\nList-Id: <l.a.test>\r\n')
equal(asked(id), [id + 'b0005'], 'a list\'s field in the body is none')

id = add(['a@later.test', ('b@later.test', 'notify=failure'), ('c@later.test', 'notify=delay,failure', 'orcpt=rfc822;see@a.test')])
equal(list(report(id)['of']), ['rfc822;a@later.test', 'rfc822;c@later.test'], 'only those recipients whose sender wants to know')
equal(report(id)['fields'][1]['Original-Recipient'], 'rfc822;see@a.test', '... with ORCPT')
id = add(['a@later.test', 'b@never.test'])
equal(report(id)['of'], {'rfc822;a@later.test': ('delayed', '4.2.1'), 'rfc822;b@never.test': ('failed', '5.1.1')}, 'a failure and a delay: one report')
ok(len(asked(id)) == 1 and wait_for(lambda: head(id)[4:5] == b'W'), '... once')

# the attempt comes when the warning is due, not hours later
id = add(attempts=0, age=3500)
ok(NOW + 100 <= int(head(id)[5:]) <= NOW + 101, 'the next attempt is when the warning is due', (head(id), NOW))

# queue-add cannot: the mark stays, and the same report is asked for again
reports.answer = lambda pairs, hop: [('answer', 'later'), ('error', 'no room')]
number += 1
id = '0123456789b%05d' % number
write('queue/new/' + id, envelope(id, 'ann@a.test', ['far@later.test'], birth=NOW - 5000, attempts=4) + content)
os.chmod('queue/new/' + id, 0o660)
with connect('send-schedule') as s:
    send(s, [('what', 'new'), ('id', id)])
ok(wait_for(lambda: b'unable id=%s to="queue the report"' % id.encode() in read('log')), 'queue-add has no room', read('log')[-300:])
equal(head(id)[4:5], b'w', '... the file says that the warning is due')
reports.answer = lambda pairs, hop: [('answer', 'there'), ('id', dict(pairs)['id'])]
subprocess.run([program('qctl'), 'hold', id], env=ENV, capture_output=True)
ok(wait_for(lambda: head(id)[4:5] == b'W'), '... and it is made although the operator holds the message', head(id))
equal(set(asked(id)), {id + 'b0005'}, '... under the same id')

write('control/delaywarning', '0\n')
write('control/bouncelifetime', '86400\n')
write('control/bouncefrom', 'bounces\n')
write('control/bouncehost', 'mail.test\n')
scheduler.terminate(), scheduler.wait(300)
start('send-schedule', listening, 'log2')
wait_for(lambda: b'scanned' in read('log2'))
id = add()
equal((asked(id), head(id)[4:5]), ([], b' '), 'control/delaywarning 0: nobody is told')
for what, sender, age, is_over in (('of the null sender, two days old: over', '', 2 * 86400, True), ('... an hour old: not', '', 3600, False), ('of a sender, two days old: not', 'ann@a.test', 2 * 86400, False)):
    id = add(sender=sender, attempts=13, age=age)
    if is_over:
        wait_for(lambda: not path(id))
    equal((bool(asked(id)), bool(path(id))), (is_over, not is_over), 'T19, control/bouncelifetime 86400: a message ' + what)
    if is_over:
        equal(report(id, 14)['envelope'].split(b'\nR ')[1], b'postmaster@host.test', '... the postmaster is told')
        raw = [a for a in list(reports.asked) if a[0]['id'] == id + 'b0014'][0][3]
        ok(b'\r\nFrom: Mail Delivery System <bounces@mail.test>\r\n' in raw, 'control/bouncefrom and bouncehost', raw)
done_testing()
