#!/bin/sh
# mailadm where a directory server owns the people: each of its verbs changes nothing of theirs, and says where that is changed; what is
# ours is changed as always (P-01, issue 5).
. tests/lib.sh
mkdir -p directory state/tables state/directory control bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.x.test >control/me
echo ldap.example.test >control/ldapserver
mkdir control/domains; echo 'addgroups: yes' >control/domains/x.test
person() { printf '\ndn: uid=%s,dc=x\nobjectClass: inetOrgPerson\nentryUUID: k-%s\nuid: %s\nmail: %s@x.test\n' "$1" "$1" "$1" "$1"; shift; [ $# = 0 ] || printf '%s\n' "$@"; }
{
  person ann 'mail: a@x.test'
  person bob 'mail: list@x.test'
  person cat 'mail: list@x.test'
  printf '\ndn: cn=team,dc=x\nobjectClass: groupOfNames\nentryUUID: g-team\ncn: team\nmail: crew@x.test\nmember: uid=ann,dc=x\n'
} >state/directory/ldap.ldif
tables-build 2>/dev/null

owned() { (cd control && find . -type f ! -name domains | sort | xargs cat; cd .. && cat directory/* state/directory/ldap.ldif tables/current/policy.cdb) 2>/dev/null | cksum; }
before=$(owned)
verbs=
# refused WHERE WORD...: exit 100, where to change it is said, and nothing has changed
refused() {
  where=$1; shift
  verbs="$verbs $1:$2"
  echo pw-which-is-long | mailadm "$@" >out 2>&1; code=$?
  is "$*: refused, nothing is changed, and it says where: $where" "100 $before 1" "$code $(owned) $(grep -c "is of the directory server ldap.example.test: change it there ($where), then run ldapsync" out)"
}
ann='uid=ann,dc=x' bob='uid=bob,dc=x' team='cn=team,dc=x'
refused "$ann" passwd ann
refused "$ann" passwd a@x.test
refused "$ann" link ann
refused "$ann" delete account ann --yes
refused "$ann" delete account ann@x.test --yes --purge
refused "$ann" add account ann@x.test
refused "$ann" add account a@x.test
refused "$bob" add account list@x.test
refused "$team" add account team@x.test
refused "$ann" add address ann@x.test far@far.test
refused "$ann" add alias a@x.test far@far.test
refused "$bob" add address list@x.test far@far.test
refused "$team" add address crew@x.test far@far.test
refused "$team" add alias team@x.test far@far.test
refused "$ann" delete address ann@x.test
refused "$bob" delete alias list@x.test
refused "$team" delete address crew@x.test
refused "$team" add group team ann
refused "$team" delete group team
refused "$team" add public team

# import: what is there stays as it is
there() { # KIND LINE ARGUMENT...
  kind=$1; printf '%s\n' "$2" >file; shift 2
  verbs="$verbs import:0"
  mailadm import "$kind" file "$@" >out 2>&1; code=$?
  is "import $kind: it is there already, and stays" "0 $before 1" "$code $(owned) $(grep -c '0 taken over, 1 were there already' out)"
}
there users 'ann@x.test:{PLAIN}secret:::::'
there mailboxes 'ann@x.test x/'
there virtual 'a@x.test far@far.test'
there virtual 'team@x.test far@far.test'
there aliases 'crew: far@far.test' x.test
there passwd 'ann:x:5001:5001::/home/ann:/bin/sh' x.test
rm file

# what is ours
exits 0 "add alias: another address for one of its people is ours" mailadm add alias info@x.test ann
exits 0 "add group: one of ours, with its people" mailadm add group office ann bob
exits 0 "add account: one of ours beside them" sh -c 'echo pw-which-is-long | mailadm add account zoe@x.test'
exits 0 "add domain" mailadm add domain y.test
exits 0 "add public" mailadm add public desk
exits 0 "delete alias" mailadm delete alias info@x.test
exits 0 "delete group" mailadm delete group office
exits 0 "delete account" mailadm delete account zoe --yes
is "... its people are as they were" "ann@x.test bob@x.test cat@x.test" "$(mailadm list accounts | grep -v public | xargs)"
exits 1 "delete domain: asks, and says whose mailboxes go with it" sh -c 'echo no | mailadm delete domain x.test'
is "... of the directory server" 1 "$(grep -c '3 accounts of the directory server or the system lose their mailbox here' out)"
is "... without a yes they stay" "ann@x.test bob@x.test cat@x.test" "$(mailadm list accounts | grep -v public | xargs)"

# the list above is whole: each verb that changes something, but those that make what is ours (app passwords: apppassword.t, rules: mailadm-relayrules.t)
verbs="$verbs adopt:0 add:domain delete:domain import:ldap-table apppassword:add apppassword:delete add:relayrule set:relayrule enable:relayrule disable:relayrule delete:relayrule"
is "each verb of mailadm that changes something is in this test" "" "$(sed -n 's/^  { "\([a-z]*\)", "\{0,1\}\([a-z0-9-]*\)"\{0,1\},.*/\1:\2/p' "$root/admin/mailadm.c" | grep -vE '^(list|limits|auth|master|apppassword:list)' |
  sed 's/^passwd:0/passwd:/; s/^link:0/link:/' | while read -r verb; do case " $verbs " in *" $verb"*) ;; *) echo "$verb" ;; esac; done | xargs)"
done_testing
