#!/usr/bin/python3
"""L-03, P-10: ldap-watch and what no real domain controller does on demand: another one answers under the same name, a restored one, one whose numbers go
backwards, one that does not say whose numbers they are, that gives an object no objectGUID; one that is no Active Directory after all is polled; one that takes
its time with a page of a comparison: changes come through meanwhile, and the page does not take them back. With a real one: tests/flow/ad-watch.t."""
import sys; sys.path.insert(0, 'tests')
from tap import *
from ldap_server import Server, octets, parts
from ldif_changes import entries
import threading

ADDRESS, PORT, STATE = '127.0.10.2', 10440, 'state/directory/'
BASE, CONTROLLER = 'OU=School,DC=ad,DC=test', 'CN=NTDS Settings,CN=DC1,DC=ad,DC=test'
SHIM = ROOT + '/build/tests/crash/cut.so'
CAPABILITY = b'1.2.840.113556.1.4.800'

for folder in (STATE, 'control/profiles', 'bin'):
    os.makedirs(folder, exist_ok=True)
os.symlink(ROOT + '/ldapsync/profiles', 'profiles')
os.symlink(program('ldap-fetch'), 'bin/ldap-fetch')
for name, value in (('ldapserver', '%s:%d' % (ADDRESS, PORT)), ('ldaptls', 'off'), ('ldapbasedn', BASE), ('me', 'mail.home.test'), ('ldapprofile', 'ad')):
    write('control/' + name, value + '\n')


class Controller:
    """As much of one as is asked: people by number, the last change of each."""
    def __init__(self):
        self.id, self.usn, self.people, self.capabilities, self.hidden, self.asked = b'A' * 16, 0, {}, [CAPABILITY], set(), []
        self.changed, self.groups, self.pages, self.may_answer = {}, {}, None, threading.Semaphore(0)  # pages: how many were asked for and wait; None: they need not

    def set(self, number, name):
        self.usn += 1
        self.people[number] = (name, self.usn)

    def delete(self, number):
        """It leaves a tombstone, which the login may see."""
        self.usn += 1
        del self.people[number]
        self.changed[self.usn] = {'objectGUID': [guid(number)], 'objectClass': [b'user'], 'isDeleted': [b'TRUE']}

    def change_container(self):
        """Everything has to be compared."""
        self.usn += 1
        self.changed[self.usn] = {'objectGUID': [guid(99)], 'objectClass': [b'organizationalUnit']}

    def answer(self, base, scope, filter, attributes):
        if not base:
            return [('', {'namingContexts': [b'DC=ad,DC=test'], 'dsServiceName': [CONTROLLER.encode()], 'highestCommittedUSN': [b'%d' % self.usn],
                          'supportedCapabilities': self.capabilities})], 0
        if base == CONTROLLER:
            return [(CONTROLLER, {'invocationId': [self.id]} if self.id else {})], 0
        if base.startswith('<WKGUID='):
            return [], 0
        if scope == 2 and attributes[-1] not in ('memberOf', 'isDeleted', '1.1') and CAPABILITY in self.capabilities:
            return [], 12  # RFC 4533
        self.asked.append((base, attributes[-1]))
        found = [self.entry(number, *one) for number, one in self.people.items() if self.fits(number, one, filter)]
        if attributes[-1] == 'isDeleted':
            found += [('CN=changed%d,%s' % (usn, BASE), one) for usn, one in self.changed.items() if self.fits(0, ('', usn), filter)]
        elif b'objectGUID' not in filter and attributes[-1] == 'memberOf':
            found += [self.group(number, members) for number, members in self.groups.items()]
            self.take_time()
        else:
            found += [self.group(number, members) for number, members in self.groups.items() if self.fits(number, ('', 0), filter)]
        return found, 0

    def take_time(self):
        """The answer is made, and stays where it is for a while."""
        if self.pages is not None:
            self.pages += 1
            self.may_answer.acquire()

    def group(self, number, members):
        return 'CN=group%d,%s' % (number, BASE), {'objectGUID': [guid(number)], 'objectClass': [b'group'], 'sAMAccountName': [b'group%d' % number],
                                                  'member': [b'CN=%s,%s' % (name.encode(), BASE.encode()) for name in members]}

    def fits(self, number, one, filter):
        """Of the filters that are sent: by number of the change, from a number on, by objectGUID, all."""
        if filter.startswith(octets('uSNChanged')):
            return one[1] >= int(parts(filter)[1][1])
        if b'uSNChanged' in filter:
            return octets('uSNChanged') + octets(b'%d' % one[1]) in filter
        return guid(number) in filter if b'objectGUID' in filter else True

    def entry(self, number, name, usn):
        found = {'objectGUID': [guid(number)], 'uSNChanged': [b'%d' % usn], 'sAMAccountName': [name.encode()], 'mail': [name.encode() + b'@x.test'],
                 'objectClass': [b'user'], 'userAccountControl': [b'512']}
        if number in self.hidden:
            del found['objectGUID']
        return 'CN=%s,%s' % (name, BASE), found


def guid(number):
    return b'\x04\0*)' + number.to_bytes(12, 'big')  # any bytes


def answer_calls(listening):
    """In the place of tables-publish."""
    while True:
        connection, _ = listening.accept()
        with connection:
            if receive(connection)[0] == [('what', 'publish')]:
                asked_with.append(stored() == place())
                send(connection, [('answer', 'done'), ('code', 0)])


def names():
    return sorted(dn.split('=')[1].split(',')[0] for dn in entries(read(STATE + 'ldap.ldif').decode())) if os.path.exists(STATE + 'ldap.ldif') else []


def stored():
    """The place in ldap.watch: whose numbers, and which one."""
    if not os.path.exists(STATE + 'ldap.watch'):
        return None
    for line in read(STATE + 'ldap.watch').decode().splitlines():
        if line.startswith(b'ad 1 '.hex()):
            return bytes.fromhex(line).decode()[5:]
    return None


def place():
    return '%s %d' % ((dc.id or CONTROLLER.encode()).hex(), dc.usn)


def watch(fact, **env):
    """Runs ldap-watch until that is so; what was logged."""
    with open('log', 'wb') as log:
        process = subprocess.Popen([program('ldap-watch')], stdin=subprocess.DEVNULL, stderr=log, env=dict(ENV, **env))
    running.append(process)
    wait_for(fact)
    process.kill()
    process.wait()
    return read('log').decode()


def follows(*people):
    return lambda: names() == sorted(people) and stored() == place()


asked_with = []
dc = Controller()
server = Server(ADDRESS, PORT, lambda *asked: dc.answer(*asked))
threading.Thread(target=answer_calls, args=(listen('tables-publish'),), daemon=True).start()
for number, name in enumerate(('ann', 'bob', 'cat'), 1):
    dc.set(number, name)

said = watch(follows('ann', 'bob', 'cat'))
equal((names(), stored()), (['ann', 'bob', 'cat'], place()), 'everybody is read, and the place stored: whose numbers, and the last one')
dc.set(1, 'anna'), dc.set(4, 'dan')
dc.asked.clear()
said = watch(follows('anna', 'bob', 'cat', 'dan'))
equal((names(), 'form=numbers' in said), (['anna', 'bob', 'cat', 'dan'], True), 'with the place, what has changed since')
ok(dc.asked and all(last != 'memberOf' or base == BASE for base, last in dc.asked), '... below the base alone entries are read', dc.asked)

for cut in range(1, 60):
    name = 'cut%d' % cut
    dc.set(4, name)
    watch(follows('anna', 'bob', 'cat', name), LD_PRELOAD=SHIM, CUT=str(cut), CUT_REPORT='report')
    if int(read('report').split(b'\n')[0]) < cut:
        break
    ok(follows('anna', 'bob', 'cat', name)(), 'cut before lasting call %d: in the end the file and the place are right' % cut, (names(), stored(), read('log')))
ok(cut > 4, 'the calls were counted', cut)
ok(asked_with and not any(asked_with), '... and tables were asked for before the place was stored, each time', asked_with)


def is_asked(pages):
    return lambda: dc.pages == pages


def meanwhile():
    """What changes while a page is under way; the page is as it was before."""
    if not wait_for(follows('anna', 'bob', 'cat', name), 60) or not (dc.change_container() or wait_for(is_asked(1), 60)):
        return None
    dc.set(1, 'anne'), dc.set(7, 'gil'), dc.delete(2), dc.change_container()
    came = wait_for(lambda: names() == sorted(['anne', 'gil', 'cat', name]), 60)
    early.append(stored() == place())
    dc.groups[8] = ['cat']  # it could not be seen before, and has no number now
    dc.may_answer.release()
    is_again = wait_for(is_asked(2), 60)
    dc.set(3, 'cathy')
    dc.groups[8] = ['cathy']  # the page has her old name, and she has no other number than her own
    wait_for(lambda: 'cathy' in names(), 60)
    early.append(names())
    dc.may_answer.release()
    return came and is_again and wait_for(follows('anne', 'cathy', 'gil', 'group8', name), 60)


early, dc.pages = [], 0
said = watch(meanwhile)
equal(names(), sorted(['anne', 'gil', 'group8', 'cathy', name]), 'while a page of a comparison is under way, changes come through')
equal(early, [False, sorted(['anne', 'gil', 'cathy', name])], '... the page does not take them back, nor anybody back who is gone; what needs another comparison has one, and the '
      'place is not stored before that')
group = str(entries(read(STATE + 'ldap.ldif').decode()).get('dn: CN=group8,' + BASE))
ok('CN=cathy,' in group and 'CN=cat,' not in group, '... nor brings it the old name of a member', group)
ok(dc.pages >= 2, '... two comparisons', dc.pages)
dc.pages, dc.groups = None, {}
dc.set(1, 'anna'), dc.set(2, 'bob'), dc.set(3, 'cat'), dc.delete(7), dc.change_container()
watch(follows('anna', 'bob', 'cat', name))
dc.usn += 1000
dc.set(3, 'kate')
watch(follows('anna', 'bob', 'kate', name))
equal((names(), stored()), (sorted(['anna', 'bob', 'kate', name]), place()), 'many numbers at once, most of them of what is not shown')
many = ['many%d' % number for number in range(2100)]
for number, one in enumerate(many, 1000):
    dc.set(number, one)
said = watch(follows('anna', 'bob', 'kate', name, *many))
equal((len(names()), 'compared' in said), (2104, True), 'many people at once: everything is compared')
for number in range(1000, 3100):
    del dc.people[number]

dc.people[3] = ('cat', 3)
dc.id, dc.usn = b'B' * 16, 3
del dc.people[2]
said = watch(follows('anna', 'cat', name))
equal((names(), 'moved' in said), (['anna', 'cat', name], True), 'another controller, with smaller numbers: everything is compared; who is not there is gone')
dc.people[1] = ('ann', 1)
dc.usn = 2
said = watch(follows('ann', 'cat', name))
equal((names(), 'moved' in said), (['ann', 'cat', name], True), 'the same one with a smaller number, a copy of it that was put back: the same')
dc.id = b''
dc.people[1] = ('anne', 1)
said = watch(follows('anne', 'cat', name))
equal((names(), 'moved' in said), (['anne', 'cat', name], True), 'one that does not show its invocationId: its name counts')
dc.set(5, 'eve')
dc.hidden.add(5)
before = names()
os.remove(STATE + 'ldap.watch')
said = watch(lambda: 'without an objectGUID' in read('log').decode())
equal((names(), 'without an objectGUID' in said), (before, True), 'a person without an objectGUID: nothing is changed')
del dc.people[5]
dc.capabilities = []
write('control/ldappoll', '1\n')
dc.people[1] = ('anja', 1)
dc.answer_before, refused = dc.answer, []


def no_sync(base, scope, filter, attributes):
    """Its first search of everybody is the one of RFC 4533."""
    if scope == 2 and not refused:
        refused.append(1)
        return [], 12
    return dc.answer_before(base, scope, filter, attributes)


dc.answer = no_sync
said = watch(lambda: 'anja' in names())
equal((names(), 'polling' in said), (['anja', 'cat', name], True), 'what is no Active Directory, and knows no RFC 4533, is polled')
done_testing()
