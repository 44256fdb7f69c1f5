#!/usr/bin/python3
"""send-schedule: the words of reports: from control/texts and texts/, in the language of whom they are for; a broken file loses none (N-75)
(doc/texts.md)."""
import sys; sys.path.insert(0, 'tests')
import email, email.policy
from tap import *

number = 0
os.chdir(HOME)
shutil.copytree(ROOT + '/send/texts', 'texts')


def add(sender='ann@plain.test', header='', recipients=('far@never.test',), facts=('role=submission',)):
    """A message of which something fails; its id."""
    global number
    number += 1
    id = '0123456789e%05d' % number
    content = (header + 'Subject: x\r\nMessage-ID: <m@a.test>\r\n\r\nbody\r\n').encode()
    put('new', envelope(id, sender, list(recipients), facts=facts, birth=int(time.time())) + content, id)
    with connect('send-schedule') as s:
        send(s, [('what', 'new'), ('id', id)])
    if not wait_for(lambda: not os.path.exists('queue/new/' + id) and not os.path.exists('queue/cur/%s/%s' % (id[-2:], id))):
        print('# not reported:', id)
    return id


def report(*more, **fields):
    id = add(*more, **fields)
    raw = next((a[3] for a in list(reports.asked) if a[0]['id'] == id + 'b0001'), b'')
    raw = raw[int(raw[10:20]):] if raw else b''
    message = email.message_from_bytes(raw, policy=email.policy.default)
    part = next(message.iter_parts(), None)
    return {'raw': raw, 'subject': message['Subject'], 'text': part and part.get_content().replace('\r\n', '\n'), 'language': part and part['Content-Language'], 'message': message, 'part': part, 'id': id}


GERMAN = 'Ihre Nachricht konnte nicht zugestellt werden'
ENGLISH = 'Your message could not be delivered'
write('control/me', 'host.test\n')
write_tables({'bob@plain.test': 'kbob'}, more=[('domain:de.test', [('file', 'control/domains/de.test'), ('language', 'de')]),
                                               ('address:amy@de.test', [('mailbox', 'kamy'), ('from', 'test')]),
                                               ('mailbox:kamy', [('name', 'amy@de.test'), ('uid', '1'), ('path', 'x'), ('receive', 'yes'), ('language', 'fr-ca'), ('from', 'test')])])
smtp = Callee('smtp-send', lambda p, h: outcomes(p, 'never 5.1.1 550 nobody' if h['domain'] == 'never.test' else 'later 4.2.1 450 no' if h['domain'] == 'later.test' else 'done 2.0.0 250 ok'))
spawn = Callee('mailbox-spawn', lambda p, h: outcomes(p, 'done 2.0.0 250 ok'))
reports = Callee('queue-add', lambda p, h: [('answer', 'queued'), ('id', dict(p)['id'])])
start('send-schedule', listen('send-schedule'), 'log')
ok(wait_for(lambda: b'scanned messages=0' in read('log')), 'it has read the queue')

r = report()
equal((r['subject'], r['language'], 'There is no mailbox of this name.' in r['text']), (ENGLISH, 'en', True), 'English, if nobody says another')
r = report('joe@de.test')
equal((r['subject'], r['language'], 'Ein Postfach dieses Namens gibt es nicht.' in r['text']), (GERMAN, 'de', True), 'the language of the sender\'s domain')
ok('Es wird nicht weiter versucht. Der Kopf der Nachricht ist angehängt.\n\nBei Rückfragen geben Sie bitte diese Nummer an: ' + r['id'] in r['text'], '... as its text has it', r['text'])
ok(r['raw'].isascii() and r['part']['Content-Transfer-Encoding'] == 'quoted-printable' and r['part'].get_content_charset() == 'utf-8', '... UTF-8 as quoted-printable', r['raw'])
ok(not r['message'].defects and max(map(len, r['raw'].split(b'\r\n'))) <= 78, '... in short lines that Python reads')
r = report('joe@de.test', 'Accept-Language: it\r\n')
equal(r['language'], 'de', '... before what the message says')
r = report('amy@de.test')
equal((r['language'], 'Il n\'existe pas de boîte' in r['text']), ('fr', True), 'a mailbox\'s own language first, and fr for fr-ca')
for header, language in (('Accept-Language: it\r\n', 'it'), ('Accept-Language: ja, es;q=0.5, de;q=0.4\r\n', 'es'), ('Content-Language: de-AT\r\n', 'de'), ('Accept-Language: tlh\r\nContent-Language: fr\r\n', 'fr'),
                         ('accept-language: ../../control\r\n', 'en'), ('Accept-Language: de;q=0\r\n', 'en'), ('Accept-Language: *\r\n', 'en')):
    equal(report('joe@far.test', header)['language'], language, 'of a message with ' + header.strip())
write('control/language', 'de\n')
equal(report('joe@far.test')['language'], 'de', 'control/language, where nobody says another')
equal(report('joe@far.test', 'Accept-Language: en\r\n')['language'], 'en', '... who says English gets it')
r = report('', 'Accept-Language: it\r\n')
equal((r['language'], r['subject']), ('de', 'Eine Nachricht konnte weder zugestellt noch zurückgegeben werden'), 'a double bounce: the operator\'s language, not what a stranger\'s message says')
r = report('joe@far.test', recipients=[('bob@plain.test', 'mailbox=kbob', 'notify=success'), ('far@never.test', 'notify=failure'), ('x@ok.test', 'notify=success')])
ok(r['subject'] == 'Ihre Nachricht konnte nicht allen zugestellt werden' and 'Sie wurde in das Postfach gelegt.' in r['text'] and 'Das nächste Mailsystem hat sie' in r['text'], 'several kinds in one', r['text'])
os.unlink('control/language')

# returned by the operator: with his words, or in the sender's language that he did
def bounced(*because):
    id = '0123456789f%05d' % len(because)
    put('new', envelope(id, 'joe@de.test', ['a@later.test'], facts=('role=submission',), birth=int(time.time())) + b'Subject: x\r\n\r\nbody\r\n', id)
    with connect('send-schedule') as s:
        send(s, [('what', 'new'), ('id', id)])
    ok(wait_for(lambda: os.path.exists('queue/cur/%s/%s' % (id[-2:], id))), 'a message waits')
    subprocess.run([program('qctl'), 'bounce', id, *because], env=ENV, stdout=subprocess.DEVNULL, check=True)
    raw = wait_for(lambda: next((a[3] for a in list(reports.asked) if a[0]['id'].startswith(id)), b''))
    return next(email.message_from_bytes(raw[int(raw[10:20]):], policy=email.policy.default).iter_parts()).get_content().replace('\r\n', '\n')


text = bounced()
ok('  a@later.test\n    Der Postmaster dieses Systems hat die Nachricht zurückgegeben.\n\n' in text, 'qctl bounce without words: nothing is said in another language', text)
text = bounced('--because', 'Falsche Adresse')
ok('zurückgegeben und sagt\n    dazu:\n    Falsche Adresse\n\n' in text, 'qctl bounce --because: his words', text)

# the operator's own
os.makedirs('control/texts/de')
write('control/texts/de/failure', 'Subject: Leider nein\n\nNicht an:\n{recipients}\nGrüße von {host}\n')
r = report('joe@de.test')
ok(r['subject'] == 'Leider nein' and 'Nicht an:\n  far@never.test\n    Ein Postfach dieses Namens gibt es nicht.\n    there antwortete:\n    550 nobody\nGrüße von host.test\n' in r['text'], 'control/texts/LANG/KIND takes the place of one', r['text'])
os.makedirs('control/texts/pt-br')
write('control/texts/pt-br/failure', 'Subject: Nao\n\n{recipients}\n')
r = report('joe@far.test', 'Accept-Language: pt-BR\r\n')
ok(r['subject'] == 'Nao' and r['language'] == 'pt-br' and 'This is the mail system of' in r['text'], 'a language of one\'s own: what it does not have is English', r['text'])
for bytes, error in ((b'Subject: x\n\nnothing\n', b'{recipients} is missing'), (b'Subject: \xff\n\n{recipients}\n', b'not UTF-8'), (b'', b'Subject is missing'), (b'Subject: x\n\n{recipients}{passwd}\n', b'placeholder'),
                     (b'Subject: x\n\n{recipients}\n' + b'x\n' * 20000, b'longer than')):
    write('control/texts/de/failure', bytes)
    r = report('joe@de.test')
    ok(r['subject'] == GERMAN and b'text-left-out file=control/texts/de/failure' in read('log') and error in read('log'), 'a broken file is left out, and named: ' + error.decode(), r['subject'])
write('texts/de/failure', 'nonsense\n')
r = report('joe@de.test')
ok(r['subject'] == ENGLISH and 'Ein Postfach dieses Namens' in r['text'], '... the shipped one, too: then it is English')
shutil.rmtree('texts'), shutil.rmtree('control/texts')
r = report('joe@de.test')
equal((r['subject'], r['language']), (ENGLISH, 'en'), 'no texts at all: English')
write('control/custombouncetext', 'Call the help desk.\r\nÖffnungszeiten: 8-16 {host}\n')
r = report()
ok('header of the message is attached.\n\nCall the help desk.\nÖffnungszeiten: 8-16 {host}\n\nIf you ask' in r['text'] and r['part'].get_content_charset() == 'utf-8', 'control/custombouncetext (qmail-ldap)', r['text'])
write('control/custombouncetext', b'\xff\n')
r = report()
ok(r['subject'] == ENGLISH and b'text-left-out file=control/custombouncetext' in read('log') and r['raw'].isascii(), '... a broken one is left out')
done_testing()
