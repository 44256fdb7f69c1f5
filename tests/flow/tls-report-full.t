#!/usr/bin/python3
"""tls-report on a full disk: what cannot be counted is said, and when there is room again it goes on by itself. In a mount namespace of its
own; needs root."""
import json, os, sys
sys.path.insert(0, 'tests')
if os.getuid():
    print('1..0 # SKIP only root can mount')
    sys.exit(0)
if os.environ.get('INSIDE') != 'mounts':
    os.execvpe('unshare', ['unshare', '-m', sys.executable, *sys.argv], dict(os.environ, INSIDE='mounts'))
from tap import *

write('control/me', 'mx.ours.test\n')
os.makedirs('state/tlsrpt')
subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', 'state/tlsrpt'], check=True)
listening = listen('tls-report')
service = start('tls-report', listening, 'log')


def log():
    return read('log').decode()


def tell(count):
    with connect('tls-report') as connection:
        for i in range(count):
            send(connection, [('what', 'session'), ('domain', 'd%d.test' % i), ('policy', 'tlsa'), ('line', '3 1 1 %064x' % i), ('result', 'validation-failure')])


def failed(domain):
    said = subprocess.run([program('tls-report'), 'show', domain], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV, timeout=300)
    return json.loads(said.stdout)['policies'][0]['summary']['total-failure-session-count'] if not said.returncode else 0


tell(1)
ok(wait_for(lambda: os.path.getsize('state/tlsrpt/counts-wal') > 0 and failed('d0.test') == 1), 'there is room')
tell(3000)
ok(wait_for(lambda: 'database or disk is full' in log() and 'uncounted sessions=' in log()), 'there is none: that is said, and how many are not counted', log()[-500:])
ok(log().count('disk is full') < 300, '... not once a session', log().count('disk is full'))
equal((service.poll(), failed('d0.test') >= 1), (None, True), 'it goes on, with what was counted before')
subprocess.run(['mount', '-o', 'remount,size=50m', 'state/tlsrpt'], check=True)
ok(wait_for(lambda: tell(1) or time.sleep(0.5) or failed('d0.test') > 1), 'when there is room again it counts again', log()[-500:])
before = failed('d0.test')
service.terminate()
service.wait(300)
service = start('tls-report', listening, 'log')
ok(wait_for(lambda: failed('d0.test') >= before), '... and the store is whole')
service.terminate()
service.wait(300)
subprocess.run(['umount', 'state/tlsrpt'], check=True)
done_testing()
