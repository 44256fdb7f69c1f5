#!/usr/bin/python3
"""qstat --summary, --by and --follow: why and where to the queue waits, counted; what happens in it, as it happens (N-70, N-73)."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
import json, re
from tap import *

NOW = int(time.time())
os.makedirs('queue/cur/00', exist_ok=True)


def run(*arguments):
    r = subprocess.run([program('qstat'), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def put(letter, recipients, said=(), state=b'R', sender='ann@x.test'):
    id = '012345678%s000000' % letter
    write('queue/cur/00/' + id, envelope(id, sender, recipients, birth=NOW - 7300, attempts=1, next=NOW + 3000, state=state) + b'x')
    if said:
        write('queue/log/' + id, b''.join(b'%d 1 later %s %03d %s mx%%20[192.0.2.1] %s\n' % (NOW, status, code, to, words) for status, code, to, words in said))
    return id


equal(run('--summary')[:2], (0, 'recipients  messages  oldest       cause\n\nrecipients  messages  oldest       destination\n0 messages, 0 recipients to go, 0 B\n'), 'an empty queue')
put('a', ['u@later.test', 'v@LATER.test'], [(b'4.2.1', 450, b'u@later.test', b'wait%1Ba'), (b'4.2.1', 450, b'v@LATER.test', b'waitb')])
put('b', ['u@later.test'], [(b'4.2.1', 450, b'u@later.test', b'waitc')])
put('c', ['w@dead.test'], [(b'4.4.1', 0, b'w@dead.test', b'silence')], sender='')
put('d', [('bob@a.test', 'mailbox=k')])
put('e', ['x@dead.test'], state=b'H')
code, out, error = run('--by', 'cause')
lines = out.splitlines()
equal([re.split(r'  +', l.strip()) for l in lines[1:-1]],
      [['3', '2', '2 h 1 min', '450 4.2.1: mx [192.0.2.1]: wait?a'], ['1', '1', '2 h 1 min', '4.4.1: mx [192.0.2.1]: silence'],
       ['1', '1', '2 h 1 min', 'held by the operator'], ['1', '1', '2 h 1 min', 'not tried yet']], 'N-70: by cause: recipients, messages, the oldest, an example')
code, out, error = run('--by', 'destination', '--json')
j = json.loads(out)
equal(([(d['destination'], d['recipients'], d['messages']) for d in j['destinations']], j['messages'], j['recipients'], 'causes' in j),
      ([('later.test', 3, 2), ('dead.test', 2, 2), ('mailbox', 1, 1)], 5, 6, False), 'by destination, as JSON')
equal(j['destinations'][0]['oldest'], NOW - 7300, '... since when')
j = json.loads(run('--summary', '--json', '--sender', '<>')[1])
equal((len(j['causes']), len(j['destinations']), j['messages']), (1, 1, 1), 'of a selection')
for bad in (('--by',), ('--by', 'sender'), ('--summary', '--mailq'), ('--follow', '--summary'), ('--follow', '012345678a000000'), ('--follow', '--older', 'x')):
    equal(run(*bad)[0], 100, 'bad use: ' + ' '.join(bad))

followers = [subprocess.Popen([program('qstat'), '--follow', *more], env=ENV, stdout=subprocess.PIPE, text=True) for more in ((), ('--json',))]
text, other = followers
selected = {}
for name, words in {'sender': ('--sender', '<>'), 'recipient': ('--recipient', 'C@y.test'), 'destination': ('--destination', 'y.test'), 'older': ('--older', '1h'), 'once': ('--recipient', 'done@y.test'), 'none': ('--sender', '@nobody.test')}.items():
    selected[name] = subprocess.Popen([program('qstat'), '--follow', '--json', *words], env=ENV, stdout=subprocess.PIPE, text=True)
    followers.append(selected[name])
first = {name: json.loads(f.stdout.readline()) for name, f in selected.items()}
equal({name: e['messages'] for name, e in first.items()}, {'sender': 1, 'recipient': 0, 'destination': 0, 'older': 5, 'once': 0, 'none': 0}, '--follow with a selection begins: so many are meant')
ok(text.stdout.readline().endswith(' following 5 in the queue\n'), '--follow begins')
equal(json.loads(other.stdout.readline())['messages'], 5, '... as JSON')
write('control/me', 'host.test\n')
write_tables({})
for f in os.listdir('queue/cur/00'):
    os.unlink('queue/cur/00/' + f)
equal(sorted(text.stdout.readline().split(' ')[1] for _ in range(5)), ['left'] * 5, 'what leaves')
def answer(pairs, hop):
    return [('remote', 'there')] + [('recipient', 'done 2.0.0 250 ok' if v == 'done@y.test' else 'later 4.2.1 450 come\x1b again') for k, v in pairs if k == 'recipient']


smtp = Callee('smtp-send', answer)
start('send-schedule', listen('send-schedule'), 'log')
wait_for(lambda: b'scanned' in read('log'))
id = '0123456789f00000'
write('whole', envelope(id, 'a\x1b@x.test', ['b@y.test', 'c@y.test'], birth=NOW) + b'x' * 2000)
os.chmod('whole', 0o660)
os.rename('whole', 'queue/new/' + id)  # as queue-add: it is there at once
events = {name: [] for name in ('other', 'recipient', 'destination')}


def told():
    """Each of these has told so much more: what is gone before they look at it they only tell to have left."""
    for name, seen in events.items():
        seen.append(json.loads((other if name == 'other' else selected[name]).stdout.readline()))


ok(text.stdout.readline().endswith(' came %s, 1.9 KB, from a?@x.test, to b@y.test and 1 more\n' % id), 'what comes')
events['other'] += [json.loads(other.stdout.readline()) for _ in range(5)]
told()
with connect('send-schedule') as s:
    send(s, [('what', 'new'), ('id', id)])
ok(text.stdout.readline().endswith(' tried %s, attempt 1, to b@y.test: later: there: 450 4.2.1 come? again\n' % id), 'what is tried, and what was said')
ok('c@y.test' in text.stdout.readline(), '... of each recipient')
told()
subprocess.run([program('qctl'), 'delete', id], env=ENV, capture_output=True)
ok(text.stdout.readline().endswith(' left %s\n' % id), 'what leaves queue/cur')
told()
all_events = events['other']
equal([e['event'] for e in all_events], ['left'] * 5 + ['came', 'tried', 'left'], 'the same as JSON')
equal((all_events[5]['message']['id'], all_events[6]['message']['recipients'][0]['said']['text'], all_events[7]['id']), (id, 'come\x1b again', id), '... with the message')
for name, count in (('sender', 1), ('older', 5)):
    events[name] = [json.loads(selected[name].stdout.readline()) for _ in range(count)]
for name, expected in (('sender', ['left']), ('recipient', ['came', 'tried', 'left']), ('destination', ['came', 'tried', 'left']), ('older', ['left'] * 5)):
    equal([e['event'] for e in events[name]], expected, '--follow with a selection tells of those alone: ' + name)
# What was to be silent says nothing but this, which comes last.
last = '0123456789g00000'
write('whole', envelope(last, 'last@nobody.test', ['z@other.test'], birth=NOW - 9000) + b'x')
os.rename('whole', 'queue/new/' + last)
for name in ('none', 'older'):
    event = json.loads(selected[name].stdout.readline())
    equal((event['event'], event['message']['id']), ('came', last), '... and of nothing else: ' + name)
id = '0123456789h00000'
write('whole', envelope(id, 'two@z.test', ['done@y.test', 'wait@y.test'], birth=NOW) + b'x')
os.chmod('whole', 0o660)
os.rename('whole', 'queue/new/' + id)
with connect('send-schedule') as s:
    send(s, [('what', 'new'), ('id', id)])
equal([json.loads(selected['once'].stdout.readline())['event'] for _ in range(2)], ['came', 'tried'], 'a message with the recipient that is meant')
ok(wait_for(lambda: b' 0001' in read('queue/cur/00/' + id)[:47]), '... which is delivered')
subprocess.run([program('qctl'), 'retry', id], env=ENV, capture_output=True)
equal(json.loads(selected['once'].stdout.readline())['message']['recipients'][0]['state'], 'done', '... is followed on, for the sake of what it was')
subprocess.run([program('qctl'), 'delete', id], env=ENV, capture_output=True)
equal(json.loads(selected['once'].stdout.readline()).get('id'), id, '... until it has left')
for f in followers:
    f.terminate(), f.wait(300)
done_testing()
