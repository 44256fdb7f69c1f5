#!/bin/sh
# whatif tells the story of a message by the functions that the servers ask, and its exit code is the answer (issue 2, 11).
. tests/lib.sh

entry() { # NAME [LINE]: a user in directory/
  printf 'dn: uid=%s,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\nmail: %s@example.test\nentryUUID: key-%s\nuidNumber: %s\n%s\n' \
    "$1" "$1" "$1" "$1" "$2" "$3" >"directory/$1.ldif"
}
mkdir -p control/domains directory state/tables control/relayrules control/addresses
ln -s "$root/ldapsync/profiles" profiles
echo mx.example.test >control/me
: >control/domains/example.test
entry bob 30001
entry mute 30002 'mailSubmit: no'
entry shut 30003 'mailReceive: no'
tables-build 2>err || cat err

is "who is accepted, and where it goes" 'recipient   250 2.1.5 Ok
destination bob@example.test
route       mailbox key-bob: mail/example.test/bob, uid 30001
result      accepted' "$(whatif joe@far.example Bob@Example.test | grep -E '^(recipient|destination|route|result)')"
ok "by which entry" sh -c 'whatif joe@far.example bob@example.test | grep -q "rule address, directory/bob.ldif"'
exits 0 "accepted is 0" whatif joe@far.example bob@example.test
exits 0 "the null sender, with an IP" whatif '' '<bob@example.test>' --ip 192.0.2.1
exits 1 "an unknown user is 1" whatif joe@far.example nobody@example.test
is "N-20" 'recipient   550 5.1.1 <nobody@example.test>: Recipient address rejected: User unknown
              rule unknown-user, control/domains/example.test
result      refused' "$(whatif joe@far.example nobody@example.test | tail -n 3)"
is "N-117: relay" 'recipient   554 5.7.1 <x@far.example>: Relay access denied' "$(whatif joe@far.example x@far.example | grep ^recipient)"
is "T12: a disabled mailbox" 'recipient   550 5.2.1 <shut@example.test>: Recipient address rejected: mailbox is disabled' "$(whatif joe@far.example shut@example.test | grep ^recipient)"
is "P-31: submission without a login" 'client      530 5.7.0 Authentication required' "$(whatif bob@example.test x@far.example --port 587 | grep ^client)"
is "P-14: who may not send" 'sender      554 5.7.1 <mute@example.test>: Sender address rejected: sending is disabled' "$(whatif mute@example.test bob@example.test | grep ^sender)"
exits 1 "an unknown login" whatif bob@example.test x@far.example --login nobody
is "... and what he has in the queue" 'queued mail sending is disabled: what mute@example.test has in the queue is held until it is released: qctl release --login mute@example.test' "$(whatif mute@example.test x@far.example --login mute | grep ^queued)"
is "N-78: by MX" 'route       route=mx domain=far.example' "$(whatif bob@example.test x@far.example --login bob | grep ^route)"
printf 'type: default\nhost: relay.example\nport: 587\ntls: verify\n' >control/relayrules/office
ok "a relay rule is built" tables-build
is "N-86, N-88: by the relay rule, at once" 'route       route=host host=relay.example port=587 rule=office tls=verify' "$(whatif bob@example.test x@far.example --login bob | grep ^route)"
echo yes >control/enforcesender
is "N-101" 'sender      553 5.7.1 <shut@example.test>: Sender address rejected: not owned by user bob@example.test' "$(whatif shut@example.test x@far.example --login bob | grep ^sender)"
rm control/enforcesender
echo 'to: bob@example.test
to: shut@example.test
to: joe@far.example' >control/addresses/team
old=$(readlink tables/current)
ok "a list is built" tables-build
is "N-41: the tree, with rule and file of each branch" 'branch      team@example.test: address (generic-address, control/addresses/team)
branch        bob@example.test: mailbox (mailbox, directory/bob.ldif: uid=bob,dc=example,dc=test)
branch        shut@example.test: disabled (mailbox-disabled, directory/shut.ldif: uid=shut,dc=example,dc=test)
branch        joe@far.example: elsewhere (remote)' "$(whatif joe@far.example team@example.test | grep ^branch)"
is "who forwards it elsewhere: SRS" 'via         team@example.test forwards it: the sender is rewritten (SRS) at example.test' "$(whatif joe@far.example team@example.test | grep ^via)"
is "... but not a sender of ours" 'via         team@example.test forwards it' "$(whatif bob@example.test team@example.test | grep ^via)"
is "N-86: as whom it logs in there" 'log in as   nobody' "$(whatif joe@far.example team@example.test | grep '^log in')"
is "--at: by the tables of before" 'recipient   550 5.1.1 <team@example.test>: Recipient address rejected: User unknown' "$(whatif joe@far.example team@example.test --at "$old" | grep ^recipient)"
is "--json: the same, an object a line" 5 "$(whatif joe@far.example team@example.test --json | python3 -c '
import json, sys
story = [json.loads(line) for line in sys.stdin]
assert story[-1] == {"what": "result", "value": "accepted"}
print(sum(one["what"] == "branch" and "rule" in one and "depth" in one or "recipient" == one["what"] for one in story))')"
is "N-44: a folder" 'folder      Lists' "$(whatif joe@far.example bob+Lists@example.test | grep ^folder)"
echo arch@far.example >control/alwaysbcc
is "N-103: a copy" 'copy        arch@far.example' "$(whatif joe@far.example bob@example.test | grep ^copy)"
rm control/alwaysbcc
is "LMTP is a port too" 'session     port 24 (lmtp)' "$(whatif joe@far.example bob@example.test --port 24 | grep ^session)"
is "and the internal one, where the session counts as encrypted" 'client      530 5.7.0 Authentication required' "$(whatif bob@example.test x@far.example --port 10587 | grep ^client)"
mkdir -p state/full && : >state/full/key-bob
is "S-34: a full mailbox" 'recipient   552 5.2.2 <bob@example.test>: Recipient address rejected: Mailbox is full' "$(whatif joe@far.example bob@example.test | grep ^recipient)"
rm state/full/key-bob
for file in recipientdelimiter:xy recipientdelimiter:@ alwaysbcc:nobody relayorder:sender 'relayorder:sender sender default'; do
  echo "${file#*:}" >"control/${file%%:*}"
  exits 100 "control/${file%%:*} is not ${file#*:}" whatif joe@far.example bob@example.test
  rm "control/${file%%:*}"
done
echo reject >control/reversecheck
is "a client without a name" 'recipient   550 5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]
              rule reverse, control/reversecheck' "$(whatif joe@far.example bob@example.test --ip 192.0.2.1 --reverse none | grep -A1 ^recipient)"
exits 0 "one with a name" whatif joe@far.example bob@example.test --ip 192.0.2.1 --reverse mail.far.example
exits 0 "nothing is known of it" whatif joe@far.example bob@example.test --ip 192.0.2.1
exits 0 "who has logged in needs none" whatif bob@example.test bob@example.test --login bob --reverse none
rm control/reversecheck
echo syntax >control/helocheck
is "a HELO that is no name" 'recipient   550 5.7.1 Helo command rejected: need fully-qualified hostname' "$(whatif joe@far.example bob@example.test --helo client | grep ^recipient)"
rm control/helocheck
echo 'zone.example reject any' >control/rbllist
is "a block list" 1 "$(whatif joe@far.example bob@example.test --ip 192.0.2.1 --listed 'zone.example 127.0.0.2 spammer' | grep -c '^recipient   554 5.7.1 Service unavailable; Client host \[192.0.2.1\] blocked using zone.example; spammer')"
rm control/rbllist
echo yes >control/enforcefrom
is "L-12: whose From it is" 1 "$(whatif bob@example.test joe@far.example --login bob --from mute@example.test | grep -c '^from        55')"
exits 0 "... his own" whatif bob@example.test joe@far.example --login bob --from bob@example.test
rm control/enforcefrom
exits 100 "no IP" whatif a@b.example bob@example.test --ip 1.2.3
exits 100 "no generation" whatif a@b.example bob@example.test --at ../x
exits 111 "one that is not there" whatif a@b.example bob@example.test --at none
exits 1 "no address" whatif joe@far.example 'x y'
exits 100 "bad use" whatif joe@far.example
exits 100 "an unknown option" whatif a@b c@d --now x
exits 100 "another port" whatif a@b c@d --port 26
rm tables/current
exits 111 "without tables it cannot say" whatif a@b.example bob@example.test
done_testing
