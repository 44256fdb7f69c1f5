#!/usr/bin/python3
"""How smtp-send logs in at a relay (L-08, S-07): SCRAM-SHA-256 before PLAIN before LOGIN, XOAUTH2 with a token that is read each
time; nothing in clear, nothing to a server that does not know the password itself; and what lying servers get to see."""
import base64, hashlib, hmac, os, shutil, subprocess, sys
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.52.1'
write('control/me', 'mail.home.test\n')
os.makedirs('tables/one'), os.makedirs('control/tokens')
os.symlink('one', 'tables/current')
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'relay.key', '-out', 'relay.pem',
                '-days', '2', '-subj', '/CN=relay'], check=True, stderr=subprocess.DEVNULL)
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'log')


def rule(*facts):
    write_cdb('tables/one/relay.cdb', [(b'rule:office', record(facts))])


def b64(bytes_or_string):
    return base64.b64encode(bytes_or_string if isinstance(bytes_or_string, bytes) else bytes_or_string.encode())


def scram(password, iterations=4096, login='instance', lie=None):
    """A server's side of RFC 5802, by Python's own hashes; lie: what it says instead of something."""
    lie = lie or {}

    def ask(server, challenge):
        server.sock.sendall(b'334 ' + b64(challenge) + b'\r\n')
        server.heard.append(server.file.readline().decode().rstrip('\r\n'))
        return base64.b64decode(server.heard[-1]).decode() if server.heard[-1] != '*' else None

    def dialogue(server):
        words = server.heard[-1].split(' ')
        if words[1] != 'SCRAM-SHA-256':
            return b'504 5.5.4 not that one\r\n'
        if 'at once' in lie:
            return b'235 2.7.0 welcome\r\n'
        first = base64.b64decode(words[2]).decode()
        bare = first[3:]
        nonce = bare.split(',r=')[1] + 'AndOurs'
        salt = b'a salt of 16 byt'
        challenge = lie.get('challenge', 'r=%s,s=%s,i=%d') % (nonce, b64(salt).decode(), iterations)
        final = ask(server, challenge)
        if final is None:
            return b'501 5.0.0 cancelled\r\n'
        without, proof = final.rsplit(',p=', 1)
        message = ','.join((bare, challenge, without)).encode()
        salted = hashlib.pbkdf2_hmac('sha256', password.encode(), salt, iterations)
        key = lambda what: hmac.digest(salted, what, 'sha256')
        signature = hmac.digest(hashlib.sha256(key(b'Client Key')).digest(), message, 'sha256')
        mine = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature))
        good = mine == key(b'Client Key') and bare.startswith('n=' + login + ',') and without == 'c=biws,r=' + nonce
        if 'without a proof' in lie:
            return b'235 2.7.0 welcome\r\n'
        if not good and 'proof' not in lie:
            return b'535 5.7.8 wrong\r\n'
        end = ask(server, lie.get('proof') or 'v=' + b64(hmac.digest(key(b'Server Key'), message, 'sha256')).decode())
        return b'501 5.0.0 cancelled\r\n' if end is None else b'235 2.7.0 welcome\r\n' if end == '' else b'501 5.5.2 what\r\n'
    return dialogue


def try_once(auth, offers='AUTH LOGIN PLAIN SCRAM-SHA-256 XOAUTH2', tls='encrypt', starttls=True):
    s = peer.Server(address=ADDRESS, certificate='relay', extensions=(('STARTTLS',) if starttls else ()) + (offers,), AUTH=auth)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', 'office'), ('tls', tls)])
    outcome = c.send()[0]
    c.close(), s.join(300)
    return outcome, s.heard, s


def log():
    return read('log').decode()


rule(('login', 'instance'), ('password', 's3cret'))
outcome, heard, s = try_once(scram('s3cret'))
ok(outcome[0] == 'done' and len(s.messages) == 1, 'SCRAM-SHA-256, against a server of Python\'s hashes', (outcome, heard))
ok(not any('s3cret' in h or b64('s3cret').decode() in h for h in heard), 'the password was not said', heard)
first, second = (try_once(scram('s3cret'))[1] for _ in 'ab')
ok([h for h in first if h.startswith('AUTH')] != [h for h in second if h.startswith('AUTH')], 'a new nonce each time', (first, second))
outcome, heard, s = try_once(scram('another'))
ok(outcome[:2] == ('later', '4.7.8') and 'relay rule office by SCRAM-SHA-256' in outcome[3], 'a wrong password: later, with rule and mechanism', outcome)
ok([h for h in heard if h.startswith('AUTH')] == heard[3:4], 'and no weaker mechanism is tried then', heard)
for lie, what, says in (({'proof': 'v=' + b64(b'x' * 32).decode()}, 'a wrong proof', 'not proved'), ({'proof': 'e=other-error'}, 'an error', 'not proved'),
                        ({'at once': 1}, '235 at once', 'not proved'), ({'without a proof': 1}, '235 without its proof', 'not proved'),
                        ({'challenge': 'r=x%s,s=%s,i=%d'}, 'another nonce', 'nonce'), ({'challenge': 'r=%s,s=%s,i=1%.0s'}, 'one iteration', 'iterations'),
                        ({'challenge': 'r=%s,s=%s,i=99999999%.0s'}, 'too many', 'iterations')):
    outcome, heard, s = try_once(scram('s3cret', lie=lie))
    ok(outcome[:2] == ('later', '4.7.8') and says in outcome[3] and not s.messages and 'MAIL' not in ' '.join(heard),
       'a server that knows the password not, %s: no mail' % what, (outcome, heard))
for reply, what in ((b'334 !!!\r\n', 'no base64'), (b'334\r\n', 'nothing'), (b'334 ' + b'A' * 3000 + b'\r\n', 'too much')):
    outcome, heard, s = try_once([reply])
    ok(outcome[0] == 'later' and 'MAIL' not in ' '.join(heard), 'a challenge that is %s' % what, (outcome, heard))
outcome, heard, s = try_once(scram('s3cret', 100000))
equal(outcome[0], 'done', '100,000 iterations')
rule(('login', 'in=st,ance'), ('password', 's3cret'))
outcome, heard, s = try_once(scram('s3cret', login='in=3Dst=2Cance'))
equal(outcome[0], 'done', 'RFC 5802 5.1: a login with = and ,')

# a rule that has other hosts by now than the message that stood in line for it
for hosts, leads, what in (([('host', '127.0.52.9'), ('port', 25)], False, 'another host'), ([('host', ADDRESS), ('port', 25)], False, 'another port'),
                           ([('host', '127.0.52.9'), ('port', 25), ('equal', '127.0.52.9:26'), ('next', ADDRESS + ':PORT')], True, 'it is a further host')):
    s = peer.Server(address=ADDRESS, certificate='relay', extensions=('STARTTLS', 'AUTH PLAIN'), AUTH=b'235 ok\r\n')
    rule(('login', 'instance'), ('password', 's3cret'), *((k, str(v).replace('PORT', str(s.port))) for k, v in hosts))
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', 'office'), ('tls', 'encrypt')])
    outcome = c.send()[0]
    c.close()
    ok(outcome[0] == 'done' if leads else outcome[:2] == ('later', '4.3.0') and 'is no host of relay rule office any more' in outcome[3] and not s.heard, 'a rule that leads elsewhere by now: ' + what, (outcome, s.heard))
rule(('login', 'instance'), ('password', 's3cret'))
rule(('login', 'instance'), ('password', 's3cr\u00e9t'))
outcome, heard, s = try_once(b'235 ok\r\n')
ok(outcome[0] == 'done' and heard[3].startswith('AUTH PLAIN'), 'a password that is not ASCII: PLAIN, where SCRAM would have to prepare it', heard)
rule(('login', 'instance'), ('password', 's3cret'))
outcome, heard, s = try_once(b'235 ok\r\n', offers='AUTH LOGIN PLAIN')
ok(outcome[0] == 'done' and heard[3].startswith('AUTH PLAIN '), 'no SCRAM: PLAIN, before LOGIN', heard)
for tls in ('may', 'off'):
    outcome, heard, s = try_once(scram('s3cret'), tls=tls, starttls=False)
    ok(outcome[:2] == ('later', '4.7.11') and 'AUTH' not in ' '.join(heard), 'no TLS (tls: %s): not even SCRAM' % tls, (outcome, heard))


def token(content, mode=0o640):
    write('control/tokens/office', content)
    os.chmod('control/tokens/office', mode)


def bearer(value):
    return 'AUTH XOAUTH2 ' + b64('user=instance\x01auth=Bearer %s\x01\x01' % value).decode()


rule(('login', 'instance'), ('tokenfile', 'control/tokens/office'))
outcome, heard, s = try_once(b'235 ok\r\n')
ok(outcome[:2] == ('later', '4.3.0') and 'control/tokens/office' in outcome[3] and 'not there' in outcome[3], 'XOAUTH2: the token is not there: later, and says so', outcome)
for value in ('ya29.first-Token', 'ya29.renewed'):
    token(value + '\n')
    outcome, heard, s = try_once(b'235 ok\r\n')
    ok(outcome[0] == 'done' and bearer(value) in heard, 'XOAUTH2 with the token of this moment', heard)
outcome, heard, s = try_once([b'334 ' + b64('{"status":"400"}') + b'\r\n'], offers='AUTH XOAUTH2')
ok(outcome[0] == 'later' and heard[4] == '', 'a refused token: the explanation is answered by an empty line', (outcome, heard))
outcome, heard, s = try_once(b'535 5.7.8 expired\r\n')
ok(outcome[:2] == ('later', '4.7.8') and 'by XOAUTH2' in outcome[3] and 'expired' in outcome[3], 'an expired token: later, in the server\'s words', outcome)
outcome, heard, s = try_once(b'235 ok\r\n', offers='AUTH PLAIN LOGIN SCRAM-SHA-256')
ok(outcome[:2] == ('later', '4.7.0') and 'AUTH' not in ' '.join(heard), 'no XOAUTH2: a token is no password', (outcome, heard))
for content, mode, what in (('', 0o640, 'empty'), ('a b\n', 0o640, 'two words'), ('a\x01\n', 0o640, 'a control character'), ('x' * 8193, 0o640, 'too long'), ('x\n', 0o644, 'readable by everybody')):
    token(content, mode)
    outcome, heard, s = try_once(b'235 ok\r\n')
    ok(outcome[:2] == ('later', '4.3.0') and 'AUTH' not in ' '.join(heard), 'no token: ' + what, (outcome, heard))
token('x' * 8192)
outcome, heard, s = try_once(b'235 ok\r\n')
equal(outcome[0], 'done', 'one of 8192 bytes is one')
ok('s3cret' not in log() and 'ya29' not in log(), 'neither password nor token is in the log')
done_testing()
