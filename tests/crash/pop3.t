#!/usr/bin/python3
"""pop3-session, cut before each of the lasting calls of its QUIT (checks 49, 51): what was not deleted is there, whole and with its UIDL; what was is there or gone; after +OK it is gone."""
import sys; sys.path.insert(0, 'tests')
from pop3 import *

SHIM = ROOT + '/build/tests/crash/cut.so'
MESSAGES = [message('m%d' % i, 50) for i in range(6)]


def fresh():
    shutil.rmtree('m', ignore_errors=True)
    for n, each in enumerate(MESSAGES):
        put('m', '%d.M%dP1.host:2,' % (1700000000 + n, n), each, 'cur')
    s = Pop()
    told = s.lines('UIDL')
    s.cut()
    return [line.split()[1] for line in told]


def look():
    """What a later session sees: UIDL and message."""
    s = Pop()
    found = {line.split()[1]: s.long('RETR ' + line.split()[0]) for line in s.lines('UIDL')}
    s.cut()
    return found


def quit_after(env):
    """Reads 1, deletes 2, 4 and 5, and says QUIT; how it ended."""
    s = Pop(env=dict(env, LD_PRELOAD=SHIM))
    s.long('RETR 1')
    for n in (2, 4, 5):
        s.do('DELE %d' % n)
    before = int(read('m/count')) if 'CUT_REPORT' in env else 0
    try:
        s.send('QUIT\r\n')
        said = s.line()
    except OSError:
        said = ''
    return said, before, s.cut()


fresh()
said, before, _ = quit_after({'CUT_REPORT': 'count'})
calls = int(read('m/count')) - before
ok(said.startswith('+OK') and calls >= 5, 'QUIT makes lasting calls: three files and what is synced', calls)
for kind in ('CUT', 'FAIL'):
    for n in range(1, calls + 2):
        uidl = fresh()
        said, _, code = quit_after({kind: str(before + n)})
        found = look()
        kept = {uidl[k]: MESSAGES[k] for k in (0, 2, 5)}
        what = '%s call %d of %d' % ('cut before' if kind == 'CUT' else 'an error in', n, calls)
        ok(kept.items() <= found.items() and all(found[u] == MESSAGES[uidl.index(u)] for u in found), '%s: what was not deleted is there, and nothing is half' % what, list(found))
        if said.startswith('+OK'):
            ok(found.keys() == kept.keys(), '... +OK: what was deleted is gone', list(found))
        else:
            ok(code == 99 if kind == 'CUT' else said.startswith('-ERR [SYS/TEMP]'), '... no +OK without it', (said, code))
    ok(said.startswith('+OK'), '%s: the last run lived' % kind)
ok(any(name.endswith(':2,S') for name in files('m')), 'what was read is seen')
done_testing()
