#!/usr/bin/python3
"""tables-publish, cut before each of its lasting calls while it takes in a change: the process that has the build alone, and everything at once.
Alone: another one makes the tables in the same call. At once: tables/current is one whole generation with its base, the old one or the new one; no uid
is lost or given twice; and the next start finishes what was begun."""
import sys; sys.path.insert(0, 'tests')
from tap import *

SHIM = ROOT + '/build/tests/crash/cut.so'
FILE = 'state/directory/ldap.ldif'

for folder in ('directory', 'state/tables', 'state/directory', 'control/domains'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
write('control/domains/example.test')
write('control/ldapprofile', 'files\n')
write('control/keepgenerations', '3\n')
write('control/keepgenerationhours', '0\n')


def entry(name, more=''):
    return 'dn: cn=%s\nentryUUID: k-%s\nuid: %s\nmail: %s@example.test\nuserPassword: {CRYPT}$6$x$%s\n%s\n' % ((name,) * 5 + (more,))


def append(batch):
    with open(FILE, 'a') as f:
        f.write('# changes\n%s# end of changes\n' % batch)


def begin(**more):
    log = open('log', 'ab')
    process = subprocess.Popen([program('tables-publish')], stdin=listen('tables-publish'), stderr=log, env=dict(ENV, **more), start_new_session=True)
    running.append(process)
    return process


def publish():
    """The code; None: nobody was left to say one."""
    try:
        answer = call('tables-publish', [('what', 'publish')])[0]
    except OSError:
        return None
    return dict(answer)['code'] if answer else None


def end(process):
    if process.poll() is None:
        process.terminate()
    process.wait(300)


def read_cdb(path):
    bytes, found, at = read(path), {}, 2048
    end_at = min(struct.unpack_from('<I', bytes, i * 8)[0] for i in range(256))
    while at < end_at:
        key, value = struct.unpack_from('<II', bytes, at)
        found[bytes[at + 8:at + 8 + key]] = bytes[at + 8 + key:at + 8 + key + value]
        at += 8 + key + value
    return found


def tables():
    """Who has which mailbox and which uid; None if the generation is not whole."""
    try:
        records = read_cdb('tables/current/policy.cdb')
        base = records.pop(b'table:base', None)
        if base:
            records = {**read_cdb('tables/%s/policy.cdb' % dict(parse(base))['id']), **records}
        read_cdb('tables/current/auth.cdb')
    except (OSError, struct.error, ValueError):
        return None
    return sorted((key.decode(), dict(parse(value)).get('uid'), dict(parse(value))['submit']) for key, value in records.items() if key.startswith(b'mailbox:') and value)


def uids():
    return {line.split()[0]: line.split()[1] for line in read('state/tables/uids').decode().splitlines()}


def reset():
    for folder in ('tables', 'state/tables'):
        shutil.rmtree(folder)
        os.makedirs(folder)
    write('file.new', 'version: 1\n\n' + entry('ann') + entry('bob') + entry('cat'))
    os.rename('file.new', FILE)
    subprocess.run([program('tables-build')], env=ENV, capture_output=True, timeout=300)


CHANGES = (('a bit', entry('ann', 'mailSubmit: no\n')), ('somebody comes', entry('dan')), ('somebody goes', 'dn: cn=bob\nchangetype: delete\n\n'),
           ('a rename', 'dn: cn=cat\nchangetype: delete\n\n' + entry('cat').replace('dn: cn=cat', 'dn: cn=kate')))
for what, batch in CHANGES:
    for group in ('', '1'):
        how = 'everything is cut' if group else 'the build is cut'
        more = {'CUT_GROUP': '1'} if group else {}
        cuts, cut = 0, None
        while cut is None or cuts < 100:
            reset()
            before, kept = tables(), uids()
            process = begin(LD_PRELOAD=SHIM, CUT_REPORT=HOME + '/report', **(dict(more, CUT=str(cut)) if cut else {}))
            first = publish()
            if cut is None:  # where the change's own calls begin, and what comes of it
                start_at = int(read('report'))
                append(batch)
                second = publish()
                equal((first, second), ('0', '0'), '%s: published' % what)
                after, last = tables(), int(read('report'))
                ok(after is not None and (after != before or what == 'a rename') and last > start_at, '... as a generation of changes', (before, after))
                ok(b'table:base' in read('tables/current/policy.cdb'), '... with a base')
                cut = start_at + 1
                end(process)
                continue
            append(batch)
            code = publish()
            is_cut = process.poll() is not None or b'has ended' in read('log') if group else b'has ended' in read('log')
            if group and code is None:
                process.wait(300)
            if not is_cut and cut > last:
                end(process)
                break
            cuts += 1
            seen, now = tables(), uids()
            if group:
                ok(seen in (before, after) and all(now.get(k) == v for k, v in kept.items()) and all(now.get(key.split(':')[1]) == uid for key, uid, _ in seen or []),
                   '%s, %s before lasting call %d: the current tables are whole, their uids are on the disk' % (what, how, cut - start_at), (seen, now))
                end(process)
                process = begin()
                code = publish()
            ok(code == '0' and tables() == after, '%s, %s before lasting call %d: the tables are made %s' % (what, how, cut - start_at, 'by the next start' if group else 'all the same'), (code, tables()))
            now = list(uids().values())
            left = [name for name in os.listdir('tables') if name.startswith('build.')]
            ok(len(set(now)) == len(now) and not left, '... no uid is there twice, nothing is left over', (now, left))
            end(process)
            write('log')
            cut += 1
        ok(cuts >= 12, '%s: so many calls could be cut: %d' % (what, cuts))
done_testing()
