#!/usr/bin/python3
"""ldap-watch without a directory server: it waits for a configuration, names what is wrong with one, tries again with pauses,
sees a changed file without a restart, and changes nothing. tables-publish runs tables-build and says how it ended, to those it
serves. With a real server: tests/flow/ldap-watch.t."""
import os, signal, subprocess, sys
sys.path.insert(0, 'tests')
from tap import *

for folder in ('control', 'directory', 'state/tables', 'state/directory', 'control/domains', 'bin', 'tables', 'run'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
for name in ('tables-build', 'ldap-fetch'):
    os.symlink(program(name), 'bin/' + name)
write('state/directory/ldap.ldif', 'old\n')


def said():
    return read('log').decode()


log = open('log', 'wb')
watch = subprocess.Popen([program('ldap-watch')], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENV)
running.append(watch)
ok(wait_for(lambda: 'idle reason="no control/ldapserver"' in said()), 'without a server it is idle, and says so', said())
write('control/ldapserver', '127.0.49.1:1\n')
ok(wait_for(lambda: 'control/ldapbasedn is missing' in said()), 'a setting that is missing is named', said())
ok(wait_for(lambda: 'waiting seconds=1' in said()), '... and waited for', said())
write('control/ldapbasedn', 'dc=x\n')
ok(wait_for(lambda: 'no directory server can be reached: ldap://127.0.49.1:1: ' in said()), 'a server that is not there is named', said())
ok(wait_for(lambda: 'waiting seconds=4' in said()), '... and tried again, with longer pauses', said())
ok(said().count('fatal') < 12, '... not in a circle without one', said())
equal(watch.poll(), None, 'it has not ended')
watch.terminate()
equal(watch.wait(300), -signal.SIGTERM, 'it ends when it is told to')
ignores = subprocess.Popen([program('ldap-watch')], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENV, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
running.append(ignores)
before = said().count('no directory server can be reached')
wait_for(lambda: said().count('no directory server can be reached') > before)
ignores.send_signal(signal.SIGHUP)
try:
    equal(ignores.wait(120), -signal.SIGHUP, 'check 60: SIGHUP ends it, to be started anew, also if all was started by nohup')
except subprocess.TimeoutExpired:
    ok(False, 'check 60: SIGHUP ends it, to be started anew, also if all was started by nohup')
equal((read('state/directory/ldap.ldif'), os.listdir('tables')), (b'old\n', []), 'the records are as they were, and there are no tables')
equal(subprocess.run([program('ldap-watch'), 'x'], capture_output=True).returncode, 100, 'bad use')

os.remove('state/directory/ldap.ldif')
write('control/me', 'mail.home.test\n')
start('tables-publish', listen('tables-publish'), 'log')
publish = lambda *pairs: call('tables-publish', list(pairs))[0]
equal(publish(('what', 'publish')), [('answer', 'done'), ('code', '0')], 'tables-publish: tables are made')
ok(os.path.exists('tables/current/policy.cdb'), '... and are there')
write('control/maxvanish', 'x\n')
equal(publish(('what', 'publish')), [('answer', 'done'), ('code', '100')], '... or it says what tables-build ended with')
ok(not publish(('what', 'build')), 'another request has no answer')
equal(subprocess.run([program('tables-publish'), 'x'], capture_output=True, stdin=subprocess.DEVNULL).returncode, 100, 'bad use')
done_testing()
