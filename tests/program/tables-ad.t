#!/bin/sh
# tables-build with the profile ad: what an Active Directory says becomes mailboxes, lists and bits (L-05, L-06, L-19 to L-22, N-17, N-18,
# N-25, T15). With a real one: tests/flow/samba.t.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains
ln -s "$root/ldapsync/profiles" profiles
echo ad >control/ldapprofile
echo 'addgroups: yes' >control/domains/a.test

guid() { printf '%032x' "$1" | sed 's/../\\x&/g' | xargs -0 printf '%b' | base64; }
key() { printf '%08x' 0; printf -- '-0000-0000-0000-%012x' "$1"; } # of the same number, below 2^48
# person NUMBER NAME LINE...
person() {
  printf '\ndn: CN=%s,CN=Users,DC=a,DC=test\nobjectClass: user\nobjectGUID:: %s\nsAMAccountName: %s\nprimaryGroupID: %s\n' "$2" "$(guid "$1")" "$2" "${rid:-513}"
  shift 2
  printf '%s\n' "$@"
}
group() {
  printf '\ndn: CN=%s,CN=Users,DC=a,DC=test\nobjectClass: group\nobjectGUID:: %s\nsAMAccountName: %s\n' "$2" "$(guid "$1")" "$2"
  shift 2
  printf '%s\n' "$@"
}
contact() {
  printf '\ndn: CN=%s,CN=Users,DC=a,DC=test\nobjectClass: contact\nobjectGUID:: %s\nmail: %s\nproxyAddresses: smtp:team@a.test\n' "$2" "$(guid "$1")" "$3"
}
at() { echo "CN=$1,CN=Users,DC=a,DC=test"; }
record() { cdb -q tables/current/policy.cdb "$1" 2>/dev/null | tr '\0' '\n' | grep -v '^from=' | xargs; }
build() { tables-build "$@" >out 2>&1; code=$?; }
said() { grep -c "$1" out; }

{
  person 1 ann 'mail: ann@a.test' 'userPrincipalName: ann@ad.local' 'userAccountControl: 66048' 'proxyAddresses: smtp:team@a.test' 'accountExpires: 0' 'mDBOverHardQuotaLimit: 2048'
  person 2 bob 'mail: bob@a.test' 'userAccountControl: 544' 'proxyAddresses: SMTP:Team@A.test' 'proxyAddresses: X500:/o=x' 'accountExpires: 9223372036854775807'
  person 3 cat 'mail: cat@a.test' 'userAccountControl: 514' 'proxyAddresses: sMtP:team@a.test'
  person 4 dan 'mail: dan@a.test' 'userAccountControl: 512' 'accountExpires: 116444736000000000'
  person 5 eve 'userAccountControl: 512' 'proxyAddresses: smtp:team@a.test'
  rid=1234; person 6 fay 'mail: fay@a.test' 'userAccountControl: 512'; rid=
  contact 21 out out@elsewhere.test
  contact 22 inn bob@a.test
  contact 23 own own@a.test
  group 108 outside "member: $(at out)" "member: $(at inn)" "member: $(at own)" "member: $(at ann)"
  group 101 universal 'groupType: -2147483640' "member: $(at ann)" "member: $(at nested)"
  group 102 nested 'groupType: -2147483646' "member: $(at bob)" "member: $(at universal)" "member: $(at eve)"
  group 103 local 'groupType: -2147483644' "member: $(at cat)" 'mail: office@a.test' 'proxyAddresses: SMTP:office@a.test' 'proxyAddresses: smtp:front@a.test'
  group 104 primary 'groupType: -2147483646' 'primaryGroupToken: 1234'
  group 105 'Domain Users' 'isCriticalSystemObject: TRUE' 'primaryGroupToken: 513' "member: $(at nobody)"
  group 106 everybody 'groupType: 8' "member: $(at 'Domain Users')"
  group 107 Administrators 'isCriticalSystemObject: TRUE' 'primaryGroupToken: 544' 'mail: administrators@a.test' "member: $(at ann)"
} >state/directory/ldap.ldif
build
is "it is published" "0 5" "$code $(sed -n 's/.*mailboxes=\([0-9]*\).*/\1/p' out)"
one=$(key 1) two=$(key 2) three=$(key 3) four=$(key 4) six=$(key 6)
is "L-05: the key is the objectGUID" "kind=address mailbox=$one" "$(record address:ann@a.test)"
is "L-19, L-21, T15: smtp: and SMTP: in any case make a list; who has no mail is passed over" "kind=address mailbox=$one mailbox=$two mailbox=$three" "$(record address:team@a.test)"
is "... and reported" 1 "$(said 'CN=eve.*no mail address, so it is passed over in lists (L-21)')"
is "N-25: sAMAccountName and userPrincipalName are logins" "mailbox=$one mailbox=$one" "$(record login:ann | grep -o 'mailbox=[^ ]*') $(record login:ann@ad.local | grep -o 'mailbox=[^ ]*')"
bits() { record "mailbox:$1" | tr ' ' '\n' | grep -E '^(receive|submit|imap)=' | xargs; }
is "N-30: Exchange's limit is the quota, in kilobytes" "quota=2097152|" "$(record "mailbox:$one" | grep -o 'quota=[^ ]*')|$(record "mailbox:$two" | grep -o 'quota=[^ ]*')"
is "66048 and 544 are not disabled" "$(bits "$one")" "$(bits "$two")"
is "... 514 is: a bit of userAccountControl" "receive=no submit=no imap=no" "$(bits "$three")"
is "... who has expired gets mail, and neither reads nor sends" "receive=yes submit=no imap=no" "$(bits "$four")"
members() { record "group:$(key "$1")" | tr ' ' '\n' | sed -n 's/^mailbox=0*-0000-0000-0000-0*//p' | sort | xargs; }
is "N-18: a universal group, one in it, and a circle" "1 2" "$(members 101)"
is "N-18: a global one" "1 2" "$(members 102)"
is "N-18: a domain-local one" 3 "$(members 103)"
is "... by its name, its mail and proxyAddresses" "group=$(key 103) group=$(key 103) group=$(key 103)" \
  "$(for name in local office front; do record "address:$name@a.test" | grep -o 'group=[^ ]*'; done | xargs)"
is "who has it as primary group is in it" 6 "$(members 104)"
is "contacts in a group get its mail at their addresses" "forward=bob@a.test forward=out@elsewhere.test forward=own@a.test mailbox=$one" \
  "$(record "group:$(key 108)" | tr ' ' '\n' | grep -E '^(mailbox|forward)=' | sort | xargs)"
is "... and have neither address nor mailbox here, whatever the domain (L-23)" "" "$(record address:own@a.test)$(record address:out@elsewhere.test)"
is "a built-in group has no address" "" "$(record address:administrators@a.test)$(record 'address:domain users@a.test')"
is "... but is found in another one, by the primary group of people" "1 2 3 4" "$(members 106)"
is "... and nothing is said about who is in it" 0 "$(said 'CN=nobody')"

sed -i 's/^dn: CN=ann,/dn: CN=Ann Other,/; s/CN=ann,/CN=Ann Other,/; s/^mail: ann@/mail: ann.other@/; s/sAMAccountName: ann/sAMAccountName: annother/' state/directory/ldap.ldif
build
is "renamed, with another address and login, it is the same mailbox" "0 kind=address mailbox=$one" "$code $(record address:ann.other@a.test)"
is "... in the same folder" "a.test/ann" "$(awk -v key="$one" '$1 == key { print $3 }' state/tables/uids)"
echo 'addusers: yes' >control/domains/users.test
build
is "N-17: sAMAccountName is a local part, userPrincipalName is none" "0 kind=user mailbox=$one " "$code $(record address:annother@users.test) $(record address:ann@users.test)"
is "... also of who has no mail; not of a contact" "kind=user mailbox=$(key 5) " "$(record address:eve@users.test) $(record address:out@users.test)"
done_testing
