#!/usr/bin/python3
"""send-schedule: an address that became a forward while its mail was queued: the sender is rewritten (SRS) as smtp-receive would
have done, for those destinations that are elsewhere; srs-server away means later, and holds nothing up."""
import sys; sys.path.insert(0, 'tests')
from scheduler import *

number = 0
rewritten = {'a.test': 'SRS0=h=1=out.test=joe@a.test', 'srs.test': 'SRS0=h=1=out.test=joe@srs.test'}


def add(sender, to):
    global number
    number += 1
    id = '0123456789c%05d' % number
    put('new', envelope(id, sender, [to], birth=int(time.time())) + b'Subject: x\r\n\r\n', id)
    notify(id)
    return id


def told(id):
    """Who was told by which sender."""
    return {r: a[0]['sender'] for a in list(smtp.asked) + list(spawn.asked) if a[0]['id'] == id for r in a[1]}


def forward(pairs, hop):
    asked = dict(pairs)
    if asked['address'] == 'no@out.test':
        return [('answer', 'no'), ('error', 'too long')]
    return [('answer', 'yes'), ('address', rewritten[asked['domain']])]


write('control/me', 'host.test\n')
write_tables({'bob@a.test': 'kbob'}, more=[('address:away@a.test', [('forward', 'x@far.test'), ('from', 'test')]),
                                           ('address:both@a.test', [('forward', 'bob@a.test'), ('forward', 'x@far.test'), ('forward', 'y@far.test'), ('from', 'test')])])
spawn, smtp = Callee('mailbox-spawn', lambda p, h: outcomes(p, 'done 2.0.0 250 ok')), Callee('smtp-send', lambda p, h: outcomes(p, 'done 2.0.0 250 ok'))
srs = Callee('srs-server', forward)
listening = listen('send-schedule')
scheduler = start('send-schedule', listening, 'log')
ok(wait_for(lambda: b'scanned messages=0' in read('log')), 'it has read the queue')

id = add('joe@out.test', 'away@a.test')
ok(wait_for(lambda: not path(id)), 'an address that forwards elsewhere now')
equal(told(id), {'x@far.test': rewritten['a.test']}, '... its sender is rewritten, at the domain of the address that forwards')
id = add('joe@out.test', 'both@a.test')
ok(wait_for(lambda: not path(id)), 'one that forwards and keeps')
equal(told(id), {'bob@a.test': 'joe@out.test', 'x@far.test': rewritten['a.test'], 'y@far.test': rewritten['a.test']}, '... the mailbox here is told the sender himself')
equal(len(srs.asked), 2, '... for two destinations in a row it is asked once')
for sender, what in (('bob@a.test', 'a sender of ours'), ('', 'the null sender'), ('no@out.test', 'one that cannot be rewritten')):
    id = add(sender, 'away@a.test')
    ok(wait_for(lambda: not path(id)), what)
    equal(told(id), {'x@far.test': sender}, '... stays')
asked = len(srs.asked)
write('control/srs', 'no\n')
id = add('joe@out.test', 'away@a.test')
ok(wait_for(lambda: not path(id)) and told(id) == {'x@far.test': 'joe@out.test'} and len(srs.asked) == asked, 'control/srs no: every sender stays')
os.unlink('control/srs')
write('control/srsdomain', 'srs.test\n')
id = add('joe@out.test', 'away@a.test')
ok(wait_for(lambda: not path(id)) and told(id) == {'x@far.test': rewritten['srs.test']}, 'control/srsdomain', told(id))

srs.close()
id = add('joe@out.test', 'both@a.test')
said = wait_for(lambda: b'4.3.0' in read('queue/log/' + id) and read('queue/log/' + id))
ok(said and b'srs-server' in said and not told(id).get('x@far.test'), 'srs-server is away: it waits', said)
equal(told(id), {'bob@a.test': 'joe@out.test'}, '... the mailbox here has it')
id = add('joe@out.test', 'z@other.test')
ok(wait_for(lambda: not path(id)), '... and other mail goes on')
scheduler.terminate(), scheduler.wait(300)
done_testing()
