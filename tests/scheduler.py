"""For the program tests of send-schedule: messages in the queue as it sees them.

    import sys; sys.path.insert(0, 'tests'); from scheduler import *
"""
from tap import *


def notify(id):
    """As queue-add does, when the file is there."""
    with connect('send-schedule') as s:
        send(s, [('what', 'new'), ('id', id)])


def path(id):
    for p in ('queue/new/' + id, 'queue/cur/%s/%s' % (id[-2:], id)):
        if os.path.exists(p):
            return p


def states(id):
    """The state bytes of its recipients; '' if it is gone."""
    p = path(id)
    return b''.join(l[:1] for l in read(p).split(b'\n\n')[0].split(b'\n')[5:]).decode() if p else ''


def attempts(id):
    return int(read(path(id))[21:25])


def gone(*ids):
    return wait_for(lambda: not any(path(id) for id in ids))


def asked(callee, id):
    """What a callee was asked about a message."""
    return [a for a in list(callee.asked) if a[0]['id'] == id]


def qctl(*arguments):
    r = subprocess.run([program('qctl'), *arguments], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def qctl_until_cut(scheduler, *arguments):
    """For the crash tests: nobody answers when the scheduler ends meanwhile."""
    asking = subprocess.Popen([program('qctl'), *arguments], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while asking.poll() is None and scheduler.poll() is None:
        time.sleep(0.002)
    asking.kill()  # or it has ended
    asking.wait()
