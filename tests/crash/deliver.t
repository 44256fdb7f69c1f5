#!/usr/bin/python3
"""deliver, cut before each of its lasting calls (checks 22, 35, 49): nothing is said that is not there whole; whatever was
left, the next attempt makes exactly one file of it. What a power cut may leave, a name without its bytes, is made good too."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from spawn import *

SHIM = ROOT + '/build/tests/crash/cut.so'
ANN = 'mail/example.test/ann'
WHOLE = b'Return-Path: <bob@example.org>\nDelivered-To: ann@example.test\n' + MESSAGE.replace(b'\r\n', b'\n')


def attempt(cut, again):
    """One mailbox-spawn with one caller: the outcome (None: it ended before), and its exit code."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = dict(ENV, LD_PRELOAD=SHIM, CUT=str(cut))
    process = subprocess.Popen([program('mailbox-spawn')], stdin=its, stderr=subprocess.DEVNULL, env=env)
    its.close()
    ours.settimeout(60)
    fd = memfd(MESSAGE)
    send(ours, [('what', 'deliver'), ('mailbox', 'key-ann'), ('id', ID), ('sender', 'bob@example.org'), ('recipient', 'ann@example.test'),
                ('offset', 0), ('again', again)], [fd])
    os.close(fd)
    try:
        answer = receive(ours)[0]
    except ConnectionError:
        answer = None
    ours.close()
    return state(answer), process.wait(300)


def messages():
    found = [os.path.join(ANN, folder, name) for folder in ('new', 'cur') if os.path.isdir(ANN + '/' + folder) for name in os.listdir(ANN + '/' + folder)]
    return [read(path) for path in found]


account('ann', 45001)
build_tables()
for cut in range(1, 40):
    shutil.rmtree('mail/example.test', ignore_errors=True)
    outcome, code = attempt(cut, again=0)
    if code != 99:
        break
    ok(outcome is None and messages() in ([], [WHOLE]), 'cut before its lasting call %d: no answer; the message is whole or not there' % cut, (outcome, messages()))
    equal((attempt(0, again=1), messages()), (('done 2.0.0', 0), [WHOLE]), '... the next attempt: it is there, once')
    equal(os.listdir(ANN + '/tmp'), [], '... nothing is left over in tmp')
equal((outcome, messages()), ('done 2.0.0', [WHOLE]), 'then it lives')
disk = subprocess.run(['stat', '-f', '-c', '%T', '.'], capture_output=True, text=True).stdout.strip()
equal(cut - 1, 11 if disk in ('ext2/ext3', 'xfs', 'btrfs') else 12, '... mail/DOMAIN and USER, new, cur, tmp with a sync each, the write, the link, the sync; on %s' % disk)

shutil.rmtree('mail/example.test')
os.makedirs(ANN, 0o700)
equal((attempt(0, again=0)[0], os.stat(ANN).st_uid), ('done 2.0.0', 45001), 'a folder that was made and not yet given away')

BLANK = b'\0' * len(WHOLE)
for content, what in ((b'', 'nothing'), (WHOLE[:20], 'a part'), (BLANK, 'NULs instead'), (WHOLE[:40] + BLANK[40:], 'NULs behind a part')):
    for folder, flags in (('new', ''), ('cur', ':2,S')):
        name = os.listdir(ANN + '/new')[0] if os.listdir(ANN + '/new') else name
        for old in ('new', 'cur'):
            for entry in os.listdir(ANN + '/' + old):
                os.unlink('%s/%s/%s' % (ANN, old, entry))
        path = '%s/%s/%s%s' % (ANN, folder, name, flags)
        write(path, content)
        os.chown(path, 45001, 45001)
        equal((attempt(0, again=1)[0], messages()), ('done 2.0.0', [WHOLE]), 'a name in %s with %s: made good' % (folder, what))
    os.unlink('%s/new/%s' % (ANN, name)), write('%s/new/%s' % (ANN, name), content), os.chown('%s/new/%s' % (ANN, name), 45001, 45001)
    equal((attempt(0, again=0)[0], messages()), ('done 2.0.0', [WHOLE]), '... even if nobody says again')
edited = b'X-Read: yes\n' + WHOLE
os.rename('%s/new/%s' % (ANN, name), '%s/cur/%s:2,S' % (ANN, name)), write('%s/cur/%s:2,S' % (ANN, name), edited)
equal((attempt(0, again=1)[0], messages()), ('done 2.0.0', [edited]), 'a message that its owner changed is left alone')
done_testing()
