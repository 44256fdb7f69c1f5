#!/usr/bin/python3
"""send-schedule: what a sender asked for at submission, and what the queue file says of single recipients: NOTIFY, RET, ENVID
(RFC 3461), FUTURERELEASE (RFC 4865), MT-PRIORITY (RFC 6710), another envelope sender for a forward or a copy (SRS, N-103)."""
import sys; sys.path.insert(0, 'tests')
import email, email.policy
from scheduler import *

DONE, NEVER = 'done 2.0.0 250 ok', 'never 5.1.1 550 nobody of this name'
number = 0
content = b'Subject: hello\r\n\r\nthe body\r\n'


def say(outcome, more=()):
    return lambda pairs, hop: outcomes(pairs, outcome, more)


def add(recipients, sender='ann@a.test', facts=('role=submission',), **more):
    global number
    number += 1
    id = '0123456789b%05d' % number
    put('new', envelope(id, sender, recipients, facts=facts, birth=int(time.time()), **more) + content, id)
    notify(id)
    return id


def report(id):
    """The report about a message: its text, and the fields for each recipient; None if there is none."""
    found = asked(reports, id + 'b0001')
    if not found:
        return None
    message = email.message_from_bytes(found[0][3][int(found[0][3][10:20]):], policy=email.policy.default)
    parts = list(message.iter_parts())
    status = parts[1].get_payload()
    return {'to': message['To'].addresses[0].addr_spec, 'subject': message['Subject'], 'text': parts[0].get_payload(), 'envid': status[0]['Original-Envelope-Id'],
            'of': {r['Final-Recipient']: (r['Action'], r['Status'][0]) for r in status[1:]}, 'type': parts[2].get_content_type(), 'third': parts[2].as_bytes()}


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob', 'amy@a.test': 'kamy', 'postmaster@host.test': 'kpost'})
deliver, smtp = Callee('mailbox-spawn', say(DONE)), Callee('smtp-send', say(DONE, [('keep', 'yes')]))
reports = Callee('queue-add', lambda pairs, hop: [('answer', 'queued'), ('id', dict(pairs)['id'])])
scheduler = start('send-schedule', listen('send-schedule'), 'log')
ok(wait_for(lambda: b'scanned messages=0' in read('log')), 'it has read the queue')

# NOTIFY
BOB = ('bob@a.test', 'mailbox=kbob')
id = add([(*BOB, 'notify=success'), ('far@x.test', 'notify=success,failure'), ('quiet@x.test', 'notify=failure')], facts=('role=submission', 'envid=my id', 'ret=full'))
ok(gone(id), 'NOTIFY=SUCCESS: the message ends')
r = report(id)
equal(r and r['of'], {'rfc822;bob@a.test': ('delivered', '2'), 'rfc822;far@x.test': ('relayed', '2')},
      'RFC 3461 4.1: delivered and relayed, of those who were asked for')
equal((r['to'], r['subject'], r['envid'], r['type'], b'the body' in r['third']),
      ('ann@a.test', 'Your message was delivered', 'my id', 'text/rfc822-headers', False), '... to the sender, with its id, without the message (RFC 3461 4.3)')
smtp.answer = say(DONE, [('dsn', 'yes')])
id = add([('far@x.test', 'notify=success')])
ok(gone(id) and not report(id), '... none of ours if the next host reports')
fields = asked(smtp, id)[0][0]
equal(fields.get('notify'), 'success', '... which was told')
id = add([(*BOB, 'notify=success')], sender='')
ok(gone(id) and not report(id), '... none to the null sender')

smtp.answer = say(NEVER)
id = add([('no@x.test', 'notify=never'), ('not@x.test', 'notify=success')])
ok(gone(id) and not report(id), 'NOTIFY=NEVER, or without FAILURE: no report of a failure')
ok(b'failed id=%s to=no@x.test' % id.encode() in read('log'), '... but a line in the log')
id = add([('no@x.test', 'notify=failure,delay', 'orcpt=rfc822;list@a.test'), (*BOB, 'notify=success')], facts=('role=submission', 'ret=full', 'smtputf8=yes'))
ok(gone(id), 'NOTIFY=FAILURE and SUCCESS in one message')
r = report(id)
equal(r['of'], {'rfc822;no@x.test': ('failed', '5'), 'rfc822;bob@a.test': ('delivered', '2')}, '... one report says both')
equal((r['subject'], r['type'], b'the body' in r['third']), ('Your message could not be delivered to all', 'message/rfc822', True), '... RET=FULL: the message comes back')
write('control/bouncemaxbytes', '10\n')
id = add([('no@x.test', 'notify=failure')], facts=('role=submission', 'ret=full'))
ok(gone(id) and report(id)['type'] == 'text/rfc822-headers', '... unless it is larger than control/bouncemaxbytes')
os.unlink('control/bouncemaxbytes')
id = add([('b\u00fccher@x.test', 'notify=failure')], sender='\u00e4nn@a.test')
ok(gone(id), 'RFC 6533: addresses in UTF-8')
raw = asked(reports, id + 'b0001')[0][3]
ok(b' smtputf8=yes\n' in raw.split(b'\n\n')[0] + b'\n' and b'\r\nContent-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n' in raw and
   'Final-Recipient: utf-8;b\u00fccher@x.test\r\n'.encode() in raw, '... the report needs SMTPUTF8 itself, and may use it (RFC 6533 4)', raw)
id = add([('b\u00fccher@x.test', 'notify=failure')], sender='ann@b\u00fccher.test')
ok(gone(id), '... the domain alone of the sender is not ASCII')
raw = asked(reports, id + 'b0001')[0][3]
ok(b'\nR ann@xn--bcher-kva.test\n' in raw and b'smtputf8' not in raw.split(b'\n\n')[0] and b'\r\nTo: <ann@xn--bcher-kva.test>\r\n' in raw and
   b'\r\nContent-Type: message/delivery-status\r\n' in raw and b'Final-Recipient: utf-8;b\\x{FC}cher@x.test\r\n' in raw, '... its report goes to any host, with utf-8-addr-xtext (RFC 6533 3)', raw)
smtp.answer = say(DONE, [('keep', 'yes')])

# another envelope sender
id = add([BOB, ('far@x.test', 'sender=SRS0=a=b=c=d@a.test'), ('near@x.test',), ('archive@x.test', 'sender=<>', 'notify=never', 'copy=yes')], facts=('role=mx', 'smtputf8=yes', 'requiretls=yes', 'envid=e', 'priority=2'))
ok(gone(id), 'recipients with senders of their own')
equal(sorted((f['sender'], to) for f, to, _, _ in asked(smtp, id)), [('', ['archive@x.test']), ('SRS0=a=b=c=d@a.test', ['far@x.test']), ('ann@a.test', ['near@x.test'])],
      'N-103, SRS: the next host is told the recipient\'s sender, in a transaction of its own')
equal(asked(deliver, id)[0][0]['sender'], 'ann@a.test', '... the others the message\'s')
equal({k: v for k, v in asked(smtp, id)[0][0].items() if k in ('smtputf8', 'requiretls', 'envid', 'priority')},
      {'smtputf8': 'yes', 'requiretls': 'yes', 'envid': 'e', 'priority': '2'}, '... what was asked of every host goes along')
smtp.answer = say(NEVER)
id = add([('far@x.test', 'sender=SRS0=a=b=c=d@a.test'), ('archive@x.test', 'sender=<>', 'notify=never', 'copy=yes')])
ok(gone(id) and report(id)['to'] == 'ann@a.test' and list(report(id)['of']) == ['rfc822;far@x.test'], 'a forward that fails is reported to the sender, a copy to nobody')
smtp.answer = say(DONE, [('keep', 'yes')])

# FUTURERELEASE
until = int(time.time()) + 3000
id = add([BOB], facts=('role=submission', 'holduntil=%d' % until), next=until)
ok(wait_for(lambda: b'kept-back id=%s until=%d' % (id.encode(), until) in read('log')), 'RFC 4865: it is kept back')
now = add([BOB])
ok(gone(now) and path(id) and not asked(deliver, id), '... while others go')
shown = subprocess.run([program('qstat')], env=ENV, capture_output=True, text=True).stdout
ok(any('next try in %d min' % left in shown for left in range(40, 51)), '... qstat says until when', shown)
past = add([BOB], facts=('role=submission', 'holduntil=%d' % (time.time() - 5)), next=int(time.time()) - 5)
ok(gone(past), '... and it goes when the time has come')
checked = subprocess.run([program('queue-check')], env=ENV, capture_output=True, text=True)
equal(checked.returncode, 0, 'queue-check has no complaint')

# MT-PRIORITY: who stands in line
write('control/concurrencylocal', '1\n')
go = threading.Event()
order = []


def slowly(pairs, hop):
    order.append(dict(pairs)['id'])
    go.wait(300)
    return outcomes(pairs, DONE)


deliver.answer = slowly
scheduler.terminate(), scheduler.wait(300)  # the settings are read at its start
start('send-schedule', listen('send-schedule'), 'log2')
ok(wait_for(lambda: b'scanned' in read('log2')), 'one delivery at a time')
first = add([BOB])
wait_for(lambda: order == [first])
ids = [add([('amy@a.test', 'mailbox=kamy')], facts=('role=submission', 'priority=%d' % p)) for p in (0, -4, 5, 0)]
ok(wait_for(lambda: dict(call('send-schedule', [('what', 'status')])[0]).get('open') == '5'), 'four stand in line behind it', call('send-schedule', [('what', 'status')])[0])
go.set()
ok(all(gone(i) for i in ids), 'all are delivered')
equal(order[1:], [ids[2], ids[0], ids[3], ids[1]], 'RFC 6710: the higher priority goes first, equal ones in their order')
done_testing()
