#!/usr/bin/python3
"""token-run has the access tokens of relay rules (S-07, L-08): it runs the rule's command and no other, with nothing in its
environment, within limits; keeps what comes until it expires; runs it again when a server refuses the token, but not at once.
And smtp-send logs in with it, by OAUTHBEARER or XOAUTH2; a refused token is replaced, once. No token is in a log."""
import base64, os, subprocess, sys, time
sys.path.insert(0, 'tests')
import peer
from smtp_server import *
from tap import *

ADDRESS = '127.0.52.2'
write('control/me', 'mail.home.test\n')
os.makedirs('state/token'), os.makedirs('tables/one')
os.symlink('one', 'tables/current')
os.chmod(HOME, 0o755)


def script(name, *lines):
    path = '%s/%s' % (HOME, name)
    write(path, '#!/bin/sh\n' + '\n'.join(lines) + '\n')
    os.chmod(path, 0o755)
    return path


def rules(**commands):
    write_cdb('tables/one/token.cdb', [(b'rule:' + rule.encode(), record([('argument' if i else 'command', word) for i, word in enumerate(words)]))
                                       for rule, words in commands.items()])


def ask(rule, **more):
    pairs, _ = call('token-run', [('what', 'token'), ('rule', rule), *more.items()])
    return dict(pairs or [])


def token(rule, **more):
    return ask(rule, **more).get('token')


def runs(name='count'):
    try:
        return len(read('state/token/' + name))
    except FileNotFoundError:
        return 0


def forget():
    for name in os.listdir('state/token'):
        os.unlink('state/token/' + name)


def log():
    return read('log').decode()


def older(rule, seconds):
    """It was fetched so long ago, and expires so much earlier."""
    pairs = [(k, str(int(v) - seconds) if k in ('made', 'until') else v) for k, v in parse(read('state/token/' + rule))]
    write('state/token/' + rule, record(pairs))


def young(rule):
    """It was fetched this moment."""
    pairs = dict(parse(read('state/token/' + rule)))
    older(rule, int(pairs['made']) - int(time.time()))


COUNT = 'echo -n x >>%s/state/token/count' % HOME
start('token-run', listen('token-run'), 'log')
rules()
equal(ask('office').get('answer'), 'later', 'a rule without a command')
ok('no tokencommand' in ask('office')['error'], '... says so')
rules(office=[script('plain', COUNT, 'echo "ya29.plain-$1-$2"'), 'a;b', '$HOME'])
equal([token('office') for _ in range(3)], ['ya29.plain-a;b-$HOME'] * 3, 'a command and its words, as they are: no shell looks at them')
equal(runs(), 1, 'it is run once: the token is kept')
equal(oct(os.stat('state/token/office').st_mode), '0o100600', '... for this user alone')
equal(token('office', refused='another'), 'ya29.plain-a;b-$HOME', 'who had another one refused gets this one')
young('office')
equal((token('office', refused='ya29.plain-a;b-$HOME'), runs()), ('ya29.plain-a;b-$HOME', 1), 'one that is young is not fetched again because it was refused')
older('office', 20)
equal((token('office'), runs()), ('ya29.plain-a;b-$HOME', 1), 'twenty seconds later it is the same')
equal((token('office', refused='ya29.plain-a;b-$HOME'), runs()), ('ya29.plain-a;b-$HOME', 2), 'but where it was refused the command is run again')
older('office', 300)
token('office')
equal(runs(), 3, 'a token that does not say how long it is good is good for five minutes')
rules(office=[script('other', COUNT, 'echo other')])
equal((token('office'), runs()), ('other', 4), 'another command: another token')
forget()
for seconds, age, again in ((3600, 3400, False), (3600, 3550, True), (100, 20, False), (100, 51, True), ('"3600"', 3400, False), (10 ** 9, 86000, False), (10 ** 9, 86400, True)):
    forget()
    rules(office=[script('json', COUNT, '''echo '{"token_type": "Bearer", "nested": {"access_token": ["no"], "x": [1, {}]}, "access_token": "ya\\u0032\\/9.json", "expires_in": %s}' ''' % seconds)])
    first = token('office')
    older('office', age)
    equal((first, token('office'), runs()), ('ya2/9.json',) * 2 + (2 if again else 1,), 'JSON, good for %s s: after %d s it is %s' % (seconds, age, 'fetched again' if again else 'kept'))
forget()

for lines, words, what in ((['echo token; exit 3'], 'exit code 3', 'fails'), (['kill -9 $$'], 'signal 9', 'is killed'), ([':'], 'writes', 'writes nothing'), (['echo two words'], 'no token', 'writes two words'),
                           (['''echo '{"error": "invalid_grant"}' '''], 'without an access_token', 'answers with an error'), (['''echo '{"access_token": "x"' '''], 'but is none', 'writes half of JSON'),
                           (['head -c 8193 /dev/zero | tr "\\0" x'], 'no token', 'writes too long a token'), (['head -c 70000 /dev/zero | tr "\\0" x'], '64 KiB', 'writes too much'),
                           (['yes'], '64 KiB', 'writes for ever')):
    rules(office=[script('bad', COUNT, *lines)])
    said, again = ask('office'), ask('office')
    ok(said['answer'] == 'later' and words in said['error'] and again == said and runs() == 1, 'a command that %s: later, and it is not run again at once' % what, (said, runs()))
    older('office', 11)
    ask('office')
    equal(runs(), 2, '... but ten seconds later')
    forget()
rules(office=[HOME + '/missing'])
ok('cannot be run' in ask('office')['error'], 'a command that is not there', log()[-300:])
forget()
rules(office=[script('looks', 'exec 2>&1; { env; ls /proc/self/fd; pwd; id -u; } | tr "\\n" _')])
environment = token('office') or ''
ok('PWD=/_' in environment and 'MAILHOME' not in environment and 'PATH' not in environment and '0_1_2_3_/_%d_' % os.getuid() in environment,
   'its environment is empty (the shell adds PWD), its folder is /, it has no descriptor of ours', environment)
forget()
rules(office=[script('lingers', 'sleep 300 >/dev/null & echo $! >%s/state/token/pid; echo left' % HOME)])
equal(token('office'), 'left', 'one that leaves a process behind')
pid = int(read('state/token/pid'))
ok(wait_for(lambda: not os.path.exists('/proc/%d' % pid)), 'which is ended, too')
forget()
rules(office=[script('slow', COUNT, 'sleep 1; echo slow')])
calls = [connect('token-run') for _ in range(5)]
for c in calls:
    send(c, [('what', 'token'), ('rule', 'office')])
equal(([dict(receive(c)[0])['token'] for c in calls], runs()), (['slow'] * 5, 1), 'five ask at once: it is run once')
equal(call('token-run', [('what', 'run'), ('command', '/bin/sh')]), (None, []), 'nothing else is asked of it')
for rule in ('../../control/me', '', 'a/b', '.', 'x' * 1000):
    equal(ask(rule).get('answer'), 'later', 'no such rule: %.20r' % rule)

# --- smtp-send --------------------------------------------------------------------------------------------------------------
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'relay.key', '-out', 'relay.pem',
                '-days', '2', '-subj', '/CN=relay'], check=True, stderr=subprocess.DEVNULL)
write_cdb('tables/one/relay.cdb', [(b'rule:office', record([('login', 'in=st,ance'), ('tokencommand', 'yes')]))])
start('tls-client', listen('tls-client'), 'tlslog')
start('smtp-send', listen('smtp-send'), 'sendlog')


def b64(string):
    return base64.b64encode(string.encode()).decode()


def try_once(auth, offers, **more):
    s = peer.Server(address=ADDRESS, certificate='relay', extensions=('STARTTLS', offers), AUTH=auth, **more)
    c = Call([('route', 'host'), ('host', ADDRESS), ('port', s.port), ('rule', 'office'), ('tls', 'encrypt')])
    outcome = c.send()[0]
    c.close(), s.join(300)
    return outcome, s


def bearer(value, s):
    return 'AUTH OAUTHBEARER ' + b64('n,a=in=3Dst=2Cance,\x01host=%s\x01port=%d\x01auth=Bearer %s\x01\x01' % (ADDRESS, s.port, value))


def xoauth2(value):
    return 'AUTH XOAUTH2 ' + b64('user=in=st,ance\x01auth=Bearer %s\x01\x01' % value)


def numbered():
    """A command whose token is another one each time."""
    forget()
    rules(office=[script('numbered', COUNT, 'echo secret-$(wc -c <%s/state/token/count)' % HOME)])


numbered()
outcome, s = try_once(b'235 2.7.0 welcome\r\n', 'AUTH XOAUTH2 OAUTHBEARER PLAIN')
ok(outcome[0] == 'done' and bearer('secret-1', s) in s.heard, 'OAUTHBEARER (RFC 7628) with the token of the command', s.heard)
outcome, s = try_once(b'235 2.7.0 welcome\r\n', 'AUTH PLAIN XOAUTH2')
ok(outcome[0] == 'done' and xoauth2('secret-1') in s.heard and runs() == 1, 'XOAUTH2 where that is all; the token is kept', s.heard)
older('office', 30)
outcome, s = try_once([b'535 5.7.8 expired\r\n', b'235 2.7.0 welcome\r\n'], 'AUTH XOAUTH2')
ok(outcome[0] == 'done' and [h for h in s.heard if h.startswith('AUTH')] == [xoauth2('secret-1'), xoauth2('secret-2')],
   'a token that is refused is fetched anew, and the login tried again', s.heard)
older('office', 30)
challenge = b'334 ' + b64('{"status":"invalid_token"}').encode() + b'\r\n'
outcome, s = try_once([challenge, b'235 2.7.0 welcome\r\n'], 'AUTH OAUTHBEARER', **{b64('\x01'): b'535 5.7.8 refused\r\n', b64('\x01').upper(): b'535 5.7.8 refused\r\n'})
ok(outcome[0] == 'done' and bearer('secret-2', s) in s.heard and b64('\x01') in s.heard and bearer('secret-3', s) in s.heard, 'the same by OAUTHBEARER, where the server explains itself first', s.heard)
older('office', 30)
outcome, s = try_once([b'535 5.7.8 wrong\r\n'], 'AUTH XOAUTH2')
ok(outcome[:2] == ('later', '4.7.8') and 'wrong' in outcome[3] and len([h for h in s.heard if h.startswith('AUTH')]) == 2, 'a server that refuses all: twice, not for ever', (outcome, s.heard))
young('office')
outcome, s = try_once([b'535 5.7.8 wrong\r\n'], 'AUTH XOAUTH2')
ok(outcome[:2] == ('later', '4.7.8') and len([h for h in s.heard if h.startswith('AUTH')]) == 1, 'a young token that is refused is not fetched again', (outcome, s.heard))
outcome, s = try_once([b'454 4.7.0 not now\r\n'], 'AUTH XOAUTH2')
ok(outcome[:2] == ('later', '4.7.8') and len([h for h in s.heard if h.startswith('AUTH')]) == 1, '454 says nothing of the token', (outcome, s.heard))
outcome, s = try_once(b'235 2.7.0 welcome\r\n', 'AUTH PLAIN LOGIN')
ok(outcome[:2] == ('later', '4.7.0') and 'AUTH' not in ' '.join(s.heard), 'a token is no password', (outcome, s.heard))
forget()
rules(office=[script('bad', 'exit 4')])
outcome, s = try_once(b'235 2.7.0 welcome\r\n', 'AUTH XOAUTH2')
ok(outcome[:2] == ('later', '4.3.0') and 'relay rule office' in outcome[3] and 'exit code 4' in outcome[3] and 'AUTH' not in ' '.join(s.heard), 'a command that fails: later, and says why', outcome)
running[0].terminate()
running[0].wait()
os.unlink('run/token-run')
outcome, s = try_once(b'235 2.7.0 welcome\r\n', 'AUTH XOAUTH2')
ok(outcome[:2] == ('later', '4.3.0') and 'token-run does not answer' in outcome[3], 'token-run is not there: later', outcome)
for name in ('log', 'sendlog', 'tlslog'):
    ok('secret-' not in read(name).decode() and 'ya29' not in read(name).decode(), 'no token in ' + name)
done_testing()
