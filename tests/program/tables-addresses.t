#!/bin/sh
# tables-build: domains, addresses, mailboxes and groups become records (doc/tables.md): N-14 to N-22, N-26 to N-31, N-35 to N-43,
# L-18 to L-24, T7, T11, T12, T15. What cannot be is reported, and the rest goes on; a control file that cannot be understood
# ends the build.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/addresses control/groups control/mailboxes
ln -s "$root/ldapsync/profiles" profiles
echo 100 >control/maxvanishaddresses # many come and go here; the guard: tests/program/tables-guard.t

# person LOGIN MAIL...: an LDIF entry with the key k-LOGIN; entry KEY LINE...: any
person() {
  printf '\ndn: uid=%s,dc=x\nentryUUID: k-%s\nuid: %s\n' "$1" "$1" "$1"
  shift
  for mail; do printf 'mail: %s\n' "$mail"; done
}
entry() {
  printf '\ndn: cn=%s,dc=x\nentryUUID: %s\n' "$1" "$1"
  shift
  for line; do printf '%s\n' "$line"; done
}
file() { path=$1; shift; : >"control/$path"; for line; do printf '%s\n' "$line" >>"control/$path"; done; }
# record KEY: all of a record but where it is from, in one line
record() { cdb -q tables/current/policy.cdb "$1" 2>/dev/null | tr '\0' '\n' | grep -v '^from=' | xargs; }
from() { cdb -q tables/current/policy.cdb "$1" 2>/dev/null | tr '\0' '\n' | sed -n 's/^from=//p' | paste -sd, ; }
build() { tables-build "$@" >out 2>&1; code=$?; }
said() { grep -c "$1" out; }

file domains/a.test
file domains/b.test
{ person ann ann@a.test; person bob bob@a.test; person cat cat@b.test; } >directory/people.ldif
build
is "three people" "0 kind=address mailbox=k-ann" "$code $(record address:ann@a.test)"

# domains
file domains/alias.test 'alias: A.test'
file domains/archive.test 'copy: Archive@elsewhere.test' 'catchall: bob@a.test'
file domains/branch.test 'relay: host.test:2525' 'tls: encrypt' 'recipients: listed'
file domains/six.test 'relay: [2001:db8::1]'
file domains/tls.test 'relay: 192.0.2.1' 'tls: tls'
build
is "an alias of another domain" "file=control/domains/alias.test alias=a.test" "$(record domain:alias.test)"
is "N-19, N-22: catchall and copy" "file=control/domains/archive.test catchall=bob@a.test copy=archive@elsewhere.test" "$(record domain:archive.test)"
is "a relayed domain" "file=control/domains/branch.test relay=host.test port=2525 tls=encrypt recipients=listed" "$(record domain:branch.test)"
is "... by address, with defaults" "file=control/domains/six.test relay=2001:db8::1 port=25 tls=may recipients=all" "$(record domain:six.test)"
is "... implicit TLS has its port" "file=control/domains/tls.test relay=192.0.2.1 port=465 tls=tls recipients=all" "$(record domain:tls.test)"
old=$(printf 'ab%.0s' $(seq 32)) next=$(printf 'cd:%.0s' $(seq 32))
file domains/pinned.test 'relay: [2001:db8::2]:10025' 'tls: fingerprint' "fingerprint: $old" "fingerprint: ${next%:}"
build
is "S-31, S-32: its host by its certificate, the next one in advance" "file=control/domains/pinned.test relay=2001:db8::2 port=10025 tls=fingerprint fingerprint=$old fingerprint=$(echo "$next" | tr -d :) recipients=all" "$(record domain:pinned.test)"
before=$(readlink tables/current)
# refuses WHAT SENTENCE FILE LINE...: the build ends, and names file and line
refuses() {
  what=$1 sentence=$2 path=$3; shift 3
  [ ! -e "control/$path" ] || cp "control/$path" kept
  file "$path" "$@"
  build
  is "$what: refused, the tables stay" "100 $before 1" "$code $(readlink tables/current) $(said "$sentence")"
  rm "control/$path"
  [ ! -e kept ] || mv kept "control/$path"
}
refuses "T11: catchall beside addusers" 'control/domains/x.test line 2: a domain with addusers: yes has no catchall' domains/x.test 'addusers: yes' 'catchall: ann@a.test'
file catchallalways yes
file domains/x.test 'addusers: yes' 'catchall: ann'
build
is "T11: control/catchallalways allows it; a local part is of the domain itself" "0 file=control/domains/x.test catchall=ann@x.test" "$code $(record domain:x.test)"
rm control/catchallalways control/domains/x.test; build; before=$(readlink tables/current)
file domains/bücher.test; file addresses/Grüße@bücher.test 'to: ann'; build
is "a domain's U-label and its A-label are one; local parts are case-folded" "file=control/domains/bücher.test|kind=address mailbox=k-ann" "$(record domain:xn--bcher-kva.test)|$(record address:grüsse@xn--bcher-kva.test)"
file domains/xn--bcher-kva.test; build
is "... two files of it are refused" "100 1" "$code $(said 'control/domains/.* are the same domain')"
rm control/domains/*b*cher* control/addresses/Gr*; build; before=$(readlink tables/current)
refuses "an alias of a foreign domain" 'control/domains/x.test line 1: that domain is not ours' domains/x.test 'alias: other.test'
refuses "an alias of itself" 'control/domains/x.test line 1: the aliases of these domains are a circle' domains/x.test 'alias: x.test'
refuses "a relayed domain with a catchall" 'a relayed domain is not ours' domains/x.test 'relay: h.test' 'catchall: ann@a.test'
refuses "recipients without a relay" 'control/domains/x.test line 1: recipients is said of a relay' domains/x.test 'recipients: all'
refuses "a word that is none" 'control/domains/x.test line 2: tls is may, encrypt, verify, fingerprint, dane, tls or off, not never' domains/x.test 'relay: h.test' 'tls: never'
refuses "S-31: tls: fingerprint without one" 'control/domains/x.test line 2: tls: fingerprint needs a fingerprint' domains/x.test 'relay: h.test' 'tls: fingerprint'
refuses "S-31: a fingerprint that nobody looks at" 'control/domains/x.test line 3: tls: encrypt looks at no fingerprint' domains/x.test 'relay: h.test' 'tls: encrypt' "fingerprint: $old"
refuses "S-31: a fingerprint that is none" 'control/domains/x.test line 3: fingerprint is a SHA-256 in hex, not abc' domains/x.test 'relay: h.test' 'tls: fingerprint' 'fingerprint: abc'
refuses "S-31: a fingerprint without a relay" 'control/domains/x.test line 1: fingerprint is said of a relay' domains/x.test "fingerprint: $old"
refuses "a copy to nobody" 'control/domains/x.test line 1: it is no mail address' domains/x.test 'copy: a b@c'

# addresses
file addresses/info@a.test 'to: ann' 'to: Bob@a.test' 'to: Out@elsewhere.test'
file addresses/info 'to: cat'
file addresses/secret@a.test 'to: ann' 'internal: yes'
build
is "N-36, N-37: an address with several destinations" "kind=address mailbox=k-ann mailbox=k-bob forward=out@elsewhere.test" "$(record address:info@a.test)"
is "... says where it is from" "control/addresses/info@a.test" "$(from address:info@a.test)"
is "N-38: a generic one beside it" "kind=address mailbox=k-cat" "$(record 'address:info@*')"
is "N-40: an internal one" "kind=address mailbox=k-ann internal=yes" "$(record address:secret@a.test)"
file addresses/ann@a.test 'to: ann@a.test' 'to: bob'
build
is "N-41: a file has the address alone, and its own mailbox is a destination" "kind=address mailbox=k-ann mailbox=k-bob" "$(record address:ann@a.test)"
file addresses/cat@b.test 'to: bob'
file addresses/also@b.test 'to: cat@b.test'
build
is "... who loses it is told" "kind=address mailbox=k-bob 1" "$(record address:cat@b.test) $(said 'uid=cat,dc=x: mail to cat@b.test does not get there: control/addresses/cat@b.test has this address')"
is "... and what leads to it is looked up again" "kind=address forward=cat@b.test" "$(record address:also@b.test)"
rm control/addresses/cat@b.test control/addresses/ann@a.test
file addresses/lost@a.test 'to: nobody' 'to: nobody@a.test' 'to: group:none' 'to: public:none'
build
is "a destination that is not there is reported, each" "0 1 1 1 1" "$code $(said 'lost@a.test: to: nobody is passed over') $(said 'lost@a.test leads to nobody@a.test, and nobody has that address') $(said 'to: group:none') $(said 'to: public:none')"
file addresses/lost@a.test 'to: nobody'
build
is "... an address that leads nowhere is none" " 1" "$(record address:lost@a.test) $(said 'control/addresses/lost@a.test: the address leads nowhere')"
rm control/addresses/lost@a.test; build; before=$(readlink tables/current)
refuses "an address without a destination" 'control/addresses/x@a.test: it has no "to:"' addresses/x@a.test 'internal: yes'
refuses "an unknown key" 'control/addresses/x@a.test line 2: unknown key "too"' addresses/x@a.test 'to: ann' 'too: bob'
refuses "a file that is no address" 'control/addresses/a b: its name is no address' 'addresses/a b' 'to: ann'
refuses "internal that is neither" 'control/addresses/x@a.test line 2: internal is yes or no' addresses/x@a.test 'to: ann' 'internal: maybe'
file 'addresses/%22odd %40one%22@a.test' 'to: ann'
build
is "N-36: any local part, its odd bytes as %XX" "kind=address mailbox=k-ann" "$(record 'address:"odd @one"@a.test')"
rm control/addresses/%22*

# control/internal
file internal 'ann@a.test' 'info@b.test' 'bob' 'ghost@a.test'
build
is "N-40: an address of the directory" "kind=address mailbox=k-ann internal=yes" "$(record address:ann@a.test)"
is "... a local part, in every domain" "kind=address mailbox=k-bob internal=yes" "$(record address:bob@a.test)"
is "... one domain of a generic address: it alone" "kind=address mailbox=k-cat internal=yes|kind=address mailbox=k-cat" "$(record address:info@b.test)|$(record 'address:info@*')"
is "... one that nobody has is reported" 1 "$(said 'control/internal: nobody has ghost@a.test')"
file internal info
build
is "T7: generic is internal, exact is not, and has its own say" "kind=address mailbox=k-cat internal=yes|kind=address mailbox=k-ann mailbox=k-bob forward=out@elsewhere.test" "$(record 'address:info@*')|$(record address:info@a.test)"
before=$(readlink tables/current)
refuses "what is no address" 'control/internal line 2: not an address' internal 'ann' 'a b'
rm control/internal

# mailboxes
file mailboxes/ann@a.test 'receive: no' 'forward: Far@elsewhere.test' 'forward: bob@a.test' 'keep: yes' 'quota: 100M' 'spamretention: 30'
build
is "N-27 to N-31: settings of a mailbox" "name=ann@a.test kind=user uid=200000 path=a.test/ann receive=no submit=yes imap=yes forward=far@elsewhere.test forward=bob@a.test keep=yes quota=104857600 spamretention=30" "$(record mailbox:k-ann)"
{ person dan dan@a.test; printf 'mailForwardingAddress: x@elsewhere.test\nmailKeep: yes\nmailQuota: 2k\nmailImap: no\n'; } >directory/dan.ldif
build
is "... of the directory" "name=dan@a.test kind=user uid=200003 path=a.test/dan receive=yes submit=yes imap=no pop3=no sieve=no forward=x@elsewhere.test keep=yes quota=2048" "$(record mailbox:k-dan)"
file mailboxes/dan@a.test 'imap: yes' 'submit: no' 'keep: no'
build
is "T12: one no is no; the rest is the file's" "name=dan@a.test kind=user uid=200003 path=a.test/dan receive=yes submit=no imap=no pop3=no sieve=no forward=x@elsewhere.test keep=no quota=2048" "$(record mailbox:k-dan)"
{ person dan dan@a.test; printf 'mailForwardingAddress: no address\nmailQuota: much\n'; } >directory/dan.ldif
rm control/mailboxes/dan@a.test
build
is "what the directory cannot mean is reported" "1 1" "$(said 'uid=dan,dc=x: its quota much is no number') $(said 'uid=dan,dc=x: it cannot be forwarded to no address')"
is "N-30: ... and he has the default" 0 "$(record mailbox:k-dan | grep -c quota)"
file mailboxes/dan@a.test 'quota: 0'; build
is "N-30: 0 is no limit, whatever the default" 1 "$(record mailbox:k-dan | grep -c 'quota=0')"
rm control/mailboxes/dan@a.test
file mailboxes/bob@a.test 'forward: ghost@b.test'; file domains/ghost.test 'catchall: ghost'; build
is "a forward to nobody, and a catchall of nobody, are reported" "0 1 1" "$code $(said 'uid=bob,dc=x: it is forwarded to ghost@b.test, and nobody has that address') $(said 'control/domains/ghost.test: the catchall is ghost@ghost.test, and nobody has that address')"
rm control/mailboxes/bob@a.test control/domains/ghost.test
file mailboxes/nobody@a.test 'keep: yes'; build
is "settings of nobody are reported" 1 "$(said 'control/mailboxes/nobody@a.test: no mailbox has the primary address nobody@a.test')"
rm control/mailboxes/nobody@a.test
build; before=$(readlink tables/current)
refuses "a quota that is none" 'control/mailboxes/bob@a.test line 1: quota is a number of bytes' mailboxes/bob@a.test 'quota: -1'
refuses "a bit that is none" 'control/mailboxes/bob@a.test line 1: receive is yes or no, not off' mailboxes/bob@a.test 'receive: off'
refuses "a forward to nobody" 'control/mailboxes/bob@a.test line 1: bob is no mail address' mailboxes/bob@a.test 'forward: bob'
refuses "N-32: an owner without a right that there is" 'control/mailboxes/office line 1: an owner is LOGIN' mailboxes/office 'owner: bob most'
refuses "N-32: two words that are no rights" 'control/mailboxes/office line 1: an owner is LOGIN' mailboxes/office 'owner: bob ro x y'
refuses "N-34: a root that is none" 'control/mailboxes/office line 2: root is yes or no' mailboxes/office 'owner: bob' 'root: maybe'

file mailboxes/office 'quota: 1G'
build
is "N-26: a public mailbox has a uid and a folder of its own" "kind=public uid=200004 path=public/office receive=yes submit=yes imap=yes quota=1073741824" "$(record mailbox:public-office)"
is "N-35: ... and its generic address" "kind=address mailbox=public-office" "$(record 'address:office@*')"
file mailboxes/office 'quota: 1G' 'owner: Bob@A.test ro' 'owner: group:Staff Team full' 'owner: anyone lr' 'owner: cat' 'root: yes'
build
is "N-32, N-33: owners with presets, letters, or rw" "mailbox=public-office owner=lrs bob@a.test owner=lrswipkxtea group:staff team owner=lr anyone owner=lrswikt cat" "$(record shared:office)"
is "N-32, N-34: all that have owners, and the root" "root=office name=office" "$(record 'shared:*')"
file groups/other 'member: ann@a.test'
file mailboxes/office 'owner: ghost' 'owner: bob@a.test ro' 'owner: group:none ro' 'owner: group:Other ro' 'owner: anyone lr' 'owner: -bob ro' 'root: yes'
build
is "N-32: an owner line that names nobody is reported" "0 3 1 1 1" "$code $(said 'is an owner, and nobody') $(said 'control/mailboxes/office: ghost is an owner, and nobody is called so') $(said 'control/mailboxes/office: group:none is') $(said 'office: -bob is')"
rm control/groups/other
file mailboxes/second 'owner: bob' 'root: yes'
build -f
is "N-34: there is one root" "100 1" "$code $(said 'there is another mailbox with root: yes')"
rm control/mailboxes/second
file mailboxes/office 'quota: 1G'
build
is "... without owners nobody reads it" "" "$(record shared:office)$(record 'shared:*')"
file domains/later.test
file addresses/desk@a.test 'to: public:office'
build
is "N-37: a public mailbox as a destination" "kind=address mailbox=public-office" "$(record address:desk@a.test)"

# groups
file domains/g.test 'addgroups: yes' 'addusers: yes'
{
  entry g-posix 'objectClass: posixGroup' 'cn: Staff' 'memberUid: ann' 'memberUid: Bob' 'memberUid: nobody'
  entry g-names 'objectClass: groupOfNames' 'cn: board' 'mail: board@a.test' 'member: UID=cat, DC=x' 'member: cn=g-posix,dc=x' 'member: uid=ann,dc=x' 'member: cn=gone,dc=x'
  entry g-unique 'objectClass: groupOfUniqueNames' 'cn: dan' 'uniqueMember: uid=ann,dc=x'
} >directory/groups.ldif
build
is "N-18: posixGroup by memberUid" "name=Staff mailbox=k-ann mailbox=k-bob" "$(record group:g-posix)"
is "... its name is an address where addgroups is" "kind=group group=g-posix||kind=user mailbox=k-ann" "$(record address:staff@g.test)|$(record address:staff@a.test)|$(record address:ann@g.test)"
is "... somebody who is not there is reported" 1 "$(said 'cn=g-posix,dc=x: its member nobody is passed over')"
is "nested, by DN however it is written, each member once" "name=board mailbox=k-cat mailbox=k-ann mailbox=k-bob" "$(record group:g-names)"
is "... its mail attribute is its address" "kind=address group=g-names" "$(record address:board@a.test)"
is "N-18: a group and a user of one name: the group wins, and the user is told" "kind=group group=g-unique 1" "$(record address:dan@g.test) $(said 'uid=dan,dc=x: mail to dan@g.test does not get there')"
file groups/team 'member: ann' 'member: cat@b.test' 'member: far@elsewhere.test' 'member: group:staff' 'member: public:office' 'internal: yes'
file addresses/all@a.test 'to: group:TEAM'
build
is "a group without a directory" "name=team mailbox=k-ann mailbox=k-cat forward=far@elsewhere.test mailbox=k-bob mailbox=public-office" "$(record group:group-team)"
is "N-40: ... internal" "kind=group group=group-team internal=yes" "$(record address:team@g.test)"
is "... as a destination" "kind=address group=group-team" "$(record address:all@a.test)"
file groups/staff 'member: cat'
build
is "a name of two groups is the operator's" "kind=group group=group-staff 1" "$(record address:staff@g.test) $(said 'cn=g-posix,dc=x: its name staff is that of control/groups/staff')"
file groups/one 'member: group:two' 'member: ann'
file groups/two 'member: group:one' 'member: bob'
build
is "a circle ends, and is reported" "name=one mailbox=k-bob mailbox=k-ann|name=two mailbox=k-ann mailbox=k-bob 1" "$(record group:group-one)|$(record group:group-two) $(said 'control/groups/one: it is a member of itself')"
n=1; while [ $n -le 70 ]; do file "groups/deep$n" "member: group:deep$((n + 1))"; n=$((n + 1)); done; file groups/deep71 'member: ann'
build
is "too deep: refused and reported, the others stand" "0  name=deep40 mailbox=k-ann 1" "$code $(record group:group-deep1) $(record group:group-deep40) $(said 'control/groups/deep1: it gets no mail: groups in groups')"
rm control/groups/deep* control/groups/one control/groups/two
echo 3 >control/groupmax
file addresses/big@a.test 'to: group:team'
build
is "control/groupmax: too many members: refused and reported" "0  1 1" "$code $(record group:group-team) $(said 'control/groups/team: it gets no mail: it has more than 3 members (control/groupmax)') $(said 'big@a.test: to: group:team is passed over')"
rm control/groupmax control/addresses/big@a.test
build; before=$(readlink tables/current)
refuses "a member that cannot be" 'control/groups/bad line 1: a member is ADDRESS, LOGIN' groups/bad 'member: a b'

# L-18 to L-24
{
  person eve eve@a.test; printf 'proxyAddresses: smtp:list@a.test\nproxyAddresses: x500:/o=x\nproxyAddresses: sip:eve@a.test\n'
  person fay fay@b.test; printf 'proxyAddresses: SMTP:List@A.test\nproxyAddresses: smtp:Own@a.test\n'
  person gus gus@elsewhere.test; printf 'proxyAddresses: Smtp:list@a.test\n'
  printf '\ndn: cn=k-hal,dc=x\nentryUUID: k-hal\ncn: hal\nproxyAddresses: smtp:list@a.test\n'
} >directory/lists.ldif
file domains/g.test 'addgroups: yes'
build
is "L-19, L-21, T15: all holders by proxyAddresses, whatever the prefix's case; whose mail is elsewhere gets it there" "kind=address mailbox=k-eve mailbox=k-fay forward=gus@elsewhere.test" "$(record address:list@a.test)"
is "L-21: who has no mail attribute is passed over and reported" 1 "$(said 'cn=k-hal,dc=x: no mailbox: it has no mail address, so it is passed over in lists')"
is "L-19: other types are no addresses" "" "$(record address:/o=x)$(record address:sip:eve@a.test)"
is "L-24: a list of one" "kind=address mailbox=k-fay" "$(record address:own@a.test)"

# T15
{ person kit kit@b.test; printf 'mail: kit@a.test\nproxyAddresses: SMTP:Kit@a.test\nproxyAddresses: smtp:kit@b.test\nproxyAddresses: SMTP:boss@a.test\n'
  person lea lea@b.test; printf 'mail: lea@a.test\nproxyAddresses: smtp:lea@a.test\nproxyAddresses: SMTP:BOSS@a.test\n'; } >directory/hints.ldif
build
is "T15: SMTP: in capitals says which main address is the primary one, smtp: does not" "name=kit@a.test name=lea@b.test" "$(record mailbox:k-kit | cut -d' ' -f1) $(record mailbox:k-lea | cut -d' ' -f1)"
is "T15: two that claim one: both get its mail, and it is reported" "kind=address mailbox=k-kit mailbox=k-lea 1" "$(record address:boss@a.test) $(said 'SMTP:boss@a.test, in capitals, says that this is its primary address; so does directory/hints.ldif')"
rm directory/hints.ldif; build

# a domain goes
{ person ivy ivy@g2.test; printf 'mail: ivy@b.test\n'; person jon jon@g2.test; } >directory/two.ldif
file domains/g2.test; build
is "two of the domain" "ivy@g2.test g2.test/ivy jon@g2.test" "$(record mailbox:k-ivy | cut -d' ' -f1 | cut -c6-) $(record mailbox:k-ivy | grep -o 'path=[^ ]*' | cut -c6-) $(record mailbox:k-jon | cut -d' ' -f1 | cut -c6-)"
rm control/domains/g2.test; build
is "N-15: a domain is deleted: who has an address elsewhere keeps his mailbox and its folder" "name=ivy@b.test kind=user path=g2.test/ivy" "$(record mailbox:k-ivy | cut -d' ' -f1,2,4)"
is "... who has none has no mailbox, but his uid and folder are kept" "0  k-jon g2.test/jon" "$code $(record mailbox:k-jon) $(sed -n 's/^\(k-jon\) [0-9]* /\1 /p' state/tables/uids)"
file domains/g2.test; build
is "... and are his again" "path=g2.test/jon" "$(record mailbox:k-jon | grep -o 'path=[^ ]*')"

# N-14
n=1; mkdir many; while [ $n -le 10000 ]; do echo "many/d$n.test"; n=$((n + 1)); done | xargs touch
cp -r control/domains saved; mv many/* control/domains/; build
is "N-14: ten thousand domains" "0 file=control/domains/d7777.test file=control/domains/d1.test" "$code $(record domain:d7777.test) $(record domain:d1.test)"
rm -r control/domains; mv saved control/domains
done_testing
