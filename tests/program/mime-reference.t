#!/usr/bin/python3
"""mime-show (lib/mime, imap/envelope, imap/bodystructure, imap/section) against Python's email module: the same parts,
the same types, the same decoded bodies, the same addresses, for odd mails (tests/data/mime) and for random ones, each
with LF and with CRLF line ends."""

import base64
import email
import email.policy
import email.utils
import glob
import quopri
import random
import re
import subprocess
import sys
import tempfile
from email.header import Header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

SHOW = 'build/tests/flow/mime-show'
OWN_SHAPE = b'Python makes messages of its groups of fields'
count = failed = 0


def check(fact, what, detail=''):
    global count, failed
    count += 1
    print(('ok' if fact else 'not ok'), count, '-', what)
    if not fact:
        failed += 1
        for line in [f'not ok {count} - {what}', *str(detail).splitlines()]:
            print('#', line, file=sys.stderr)


def show(path, *section):
    return subprocess.run([SHOW, path, *section], stdout=subprocess.PIPE, check=False).stdout


def read(data, at=0):
    """One IMAP value: a list, bytes, None for NIL; and the place behind it."""
    if data[at:at + 1] == b'(':
        values, at = [], at + 1
        while data[at:at + 1] != b')':
            if data[at:at + 1] == b' ':
                at += 1
                continue
            value, at = read(data, at)
            values.append(value)
        return values, at + 1
    if data[at:at + 1] == b'"':
        end = at + 1
        while data[end:end + 1] != b'"':
            end += 2 if data[end:end + 1] == b'\\' else 1
        return re.sub(rb'\\(.)', rb'\1', data[at + 1:end]), end + 1
    literal = re.compile(rb'\{(\d+)\}\r\n').match(data, at)
    if literal:
        return data[literal.end():literal.end() + int(literal[1])], literal.end() + int(literal[1])
    atom = re.compile(rb'[^ ()\r\n]+').match(data, at)
    return (None if atom[0] == b'NIL' else atom[0]), atom.end()


def crlf(data):
    return data.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')


def reference(part):
    """The shape of a part as Python sees it: (type, children) or (type, decoded body)."""
    kind = part.get_content_type().lower()
    if kind == 'message/rfc822' and part.is_multipart():
        return kind, [reference(part.get_payload(0))]
    if kind == 'message/delivery-status':
        return kind, OWN_SHAPE
    if part.is_multipart():
        return kind, [reference(child) for child in part.get_payload()]
    return kind, crlf(part.get_payload(decode=True) or b'')


def decoded(body, encoding):
    encoding = (encoding or b'').lower()
    if encoding == b'base64':
        return base64.b64decode(body)
    return quopri.decodestring(body.replace(b'\r\n', b'\n')) if encoding == b'quoted-printable' else body


def ours(path, structure, number, is_message):
    """The same from BODYSTRUCTURE and BODY[number]. is_message: the parts of the structure are numbered below it."""
    dot = number + '.' if number else ''
    if isinstance(structure[0], list):
        children = structure[:next(i for i, child in enumerate(structure) if not isinstance(child, list))]
        kind = 'multipart/' + structure[len(children)].decode().lower()
        return kind, [ours(path, child, f'{dot}{n}', False) for n, child in enumerate(children, 1)]
    kind = (structure[0] + b'/' + structure[1]).decode().lower()
    if is_message:
        number = dot + '1'
    if kind == 'message/rfc822':
        return kind, [ours(path, structure[8], number, True)]
    if kind == 'message/delivery-status':
        return kind, OWN_SHAPE
    body = show(path, number)
    if len(body) != int(structure[6]):
        return kind, b'the size is not that of the octets'
    return kind, crlf(decoded(body, structure[5]))


def addresses(message, name):
    return [address for _, address in email.utils.getaddresses(message.get_all(name, [])) if address]


def our_addresses(values):
    return [b'@'.join(filter(None, a[2:4])).decode('utf-8', 'replace') for a in values or [] if a[3] is not None]


def compare(data, what):
    message = email.message_from_bytes(data.replace(b'\r\n', b'\n'), policy=email.policy.compat32)
    shown = set()
    for form in (data.replace(b'\r\n', b'\n'), crlf(data)):
        with tempfile.NamedTemporaryFile() as file:
            file.write(form)
            file.flush()
            output = show(file.name)
            shown.add(output)
            size, rest = output.split(b'\n', 1)
            check(int(size) == len(crlf(data)), f'{what}: RFC822.SIZE')
            envelope, at = read(rest)
            _, at = read(rest, at + 1)
            structure, _ = read(rest, at + 1)
            expected, found = reference(message), ours(file.name, structure, '', True)
            check(found == expected, f'{what}: parts and decoded bodies', f'{expected}\n{found}')
            for name, place in (('From', 2), ('To', 5), ('Cc', 6)):
                expected, found = addresses(message, name), our_addresses(envelope[place])
                if message.get(name) and not expected:
                    continue  # Python gives up on it
                check(found == expected, f'{what}: {name}', f'{expected}\n{found}')
    check(len(shown) == 1, f'{what}: the same with LF and with CRLF', shown)


def random_part(r, depth):
    kind = r.randrange(6) if depth < 4 else r.randrange(3)
    if kind == 0:
        return MIMEText(''.join(r.choice('aä\n =.') for _ in range(r.randrange(200))) + 'x', r.choice(['plain', 'html']), 'utf-8')
    if kind == 1:
        return MIMEText('line\n' * r.randrange(5) + '--\n-- sig\n', 'plain', 'us-ascii')
    if kind == 2:
        part = MIMEApplication(r.randbytes(r.randrange(300)), 'x-rubbish', name='a "b".bin')
        part.add_header('Content-Disposition', 'attachment', filename=('utf-8', '', 'ü.bin'))
        return part
    if kind == 3:
        return MIMEMessage(random_mail(r, depth + 1))
    part = MIMEMultipart(r.choice(['mixed', 'alternative', 'related']))
    part.preamble = r.choice([None, 'preamble\n', '--no\n'])
    part.epilogue = r.choice([None, 'epilogue\n'])
    for _ in range(r.randrange(1, 4)):
        part.attach(random_part(r, depth + 1))
    return part


def random_mail(r, depth):
    mail = random_part(r, depth)
    mail['Subject'] = Header('Grüße ' * r.randrange(20), 'utf-8')
    mail['From'] = r.choice(['a@b.example', '"A, B" <a.b@c.example>', 'Ä <x@y.example>'.encode('ascii', 'replace').decode()])
    mail['To'] = ', '.join(f'"n {n}" <n{n}@x.example>' for n in range(r.randrange(1, 30)))
    return mail


for path in sorted(glob.glob('tests/data/mime/*.eml')):
    with open(path, 'rb') as f:
        compare(f.read(), path)
for seed in range(40):
    compare(random_mail(random.Random(seed), 0).as_bytes(), f'random mail {seed}')
print(f'1..{count}')
sys.exit(failed > 0)
