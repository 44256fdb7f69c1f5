#!/bin/sh
# mailadm adopt: the user domain has changed, from OpenLDAP to Active Directory, and everybody has another key: mail is not removed, and is
# accessible again by who has the same name, when the operator says so (N-91). No uid or folder is ever two people's.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.a.test >control/me; : >control/domains/a.test; : >control/domains/b.test
field() { cdb -q tables/current/policy.cdb "mailbox:$1" 2>/dev/null | tr '\0' '\n' | sed -n "s/^$2=//p"; }
key_of() { cdb -q tables/current/policy.cdb "login:$1" 2>/dev/null | tr '\0' '\n' | sed -n 's/^mailbox=//p'; }
path() { field "$(key_of "$1")" path; }
uid() { field "$(key_of "$1")" uid; }
whole() { awk '{ print $1; print $2; print $3 }' state/tables/uids | sort | uniq -d | wc -l | xargs; }

echo rfc2307 >control/ldapprofile
for name in ann bob cat; do printf 'dn: uid=%s,dc=x\nobjectClass: inetOrgPerson\nentryUUID: k-%s\nuid: %s\nmail: %s@a.test\n\n' $name $name $name $name; done >state/directory/ldap.ldif
tables-build 2>/dev/null
for name in ann bob cat; do mkdir -p mail/a.test/$name/new; echo "of $name" >mail/a.test/$name/new/1; done
before=$(for name in ann bob; do uid $name; done | xargs)

# the new user domain: ann and bob are there, cat is not; dan is new, zoe comes from another domain
echo ad >control/ldapprofile
guid() { printf '%032x' "$1" | sed 's/../\\x&/g' | xargs -0 printf '%b' | base64; }
n=0; for name in bob ann dan; do n=$((n + 1)); printf 'dn: CN=%s,DC=y\nobjectClass: user\nobjectGUID:: %s\nsAMAccountName: %s\nmail: %s@a.test\n\n' $name "$(guid $n)" $name $name; done >state/directory/ldap.ldif
exits 1 "everybody would vanish: the guard says so" env sh -c 'echo 0 >control/maxvanish; for n in 1 2 3 4 5 6; do printf "dn: cn=%s\nentryUUID: g-%s\nuid: g%s\nmail: g%s@a.test\n\n" $n $n $n $n; done >directory/g.ldif; tables-build; rm directory/g.ldif; tables-build'
tables-build -f 2>/dev/null; rm control/maxvanish
is "N-91: the mail is still there" "of ann of bob of cat" "$(cat mail/a.test/*/new/1 | xargs)"
is "... but theirs are new folders, for they are other entries" "a.test/ann~2 a.test/bob~2 a.test/dan" "$(for name in ann bob dan; do path $name; done | xargs)"
mkdir -p mail/a.test/bob~2/new; echo meanwhile >mail/a.test/bob~2/new/1
is "... and it is listed as nobody's" "a.test/ann a.test/bob a.test/cat" "$(mailadm list orphans | cut -d' ' -f1 | xargs)"

exits 0 "adopt USER" mailadm adopt bob
is "... says what he has" "bob@a.test has mail/a.test/bob now; what came to mail/a.test/bob~2 meanwhile stays there" "$(grep ' has mail/' out)"
is "... he has his folder and uid again" "a.test/bob $(echo "$before" | cut -d' ' -f2)" "$(path bob) $(uid bob)"
is "... by his new key, at once" "00000000-0000-0000-0000-000000000001" "$(key_of bob)"
is "... and what came meanwhile is listed" "a.test/ann a.test/bob~2 a.test/cat" "$(mailadm list orphans | cut -d' ' -f1 | sort | xargs)"
is "no uid, key or folder is there twice" 0 "$(whole)"
exits 0 "adopt --all" mailadm adopt --all
is "... the others, each by his name" "ann@a.test has mail/a.test/ann now" "$(grep -o 'ann@a.test has mail/[^ ]* now' out)"
is "... ann, and nobody else" "a.test/ann $(echo "$before" | cut -d' ' -f1) 1 a.test/dan a.test/bob" "$(path ann) $(uid ann) $(grep -c ' has mail/' out) $(path dan) $(path bob)"
is "... who is gone stays so" "a.test/bob~2 a.test/cat" "$(mailadm list orphans | cut -d' ' -f1 | sort | xargs)"
exits 0 "adopt --all again" mailadm adopt --all
is "... nothing is left to do" "" "$(grep ' has mail/' out)"
is "no uid, key or folder is there twice" 0 "$(whole)"
kept=$(cat state/tables/uids)
tables-build -f 2>/dev/null
is "the next build changes none of that" "$kept" "$(cat state/tables/uids)"

exits 0 "a folder by name: dan was cat" mailadm adopt dan a.test/cat
is "... has her mail" "a.test/cat" "$(path dan)"
refused() { sentence=$1; shift; kept=$(cat state/tables/uids); mailadm adopt "$@" >out 2>&1; is "adopt $*: refused" "100 1 0" "$? $(grep -c "$sentence" out) $([ "$kept" = "$(cat state/tables/uids)" ]; echo $?)"; }
refused 'mail/a.test/bob is the mailbox of bob@a.test' ann a.test/bob
refused 'ann has mail/a.test/ann, the folder of his own name: say which other one is his' ann
refused 'there is no mailbox mail/a.test/nobody' ann a.test/nobody
refused 'nobody logs in as eve' eve
refused 'mailadm adopt USER \[ FOLDER \], or mailadm adopt --all'
refused 'mailadm adopt USER \[ FOLDER \], or mailadm adopt --all' ann --all
for pairs in 'x' 'no such
' 'k-cat k-cat
'; do
  kept=$(cat state/tables/uids); printf '%s' "$pairs" | tables-build --exchange >out 2>&1
  is "tables-build --exchange of what is none: $(echo "$pairs" | head -n 1)" "100 0" "$? $([ "$kept" = "$(cat state/tables/uids)" ]; echo $?)"
done

# entries that were made anew, of a directory that gives the uids: the same uid, another key (doc/mailadm.md)
people() { for n in 1 2; do printf 'dn: uid=%s%s,dc=x\nobjectClass: inetOrgPerson\nentryUUID: %s-%s\nuid: p%s\nmail: p%s@b.test\nuidNumber: 3100%s\n\n' p $n "$1" $n $n $n $n; done >state/directory/ldap.ldif; }
echo rfc2307 >control/ldapprofile; people old; tables-build -f 2>/dev/null
people new; tables-build -f 2>out
is "N-91: the same uid by another key: no mailbox, and where the way back is told" 2 "$(grep -c 'no mailbox: its uid 3100. is that of mailbox b.test/p. (key old-.); if the entry was made anew' out)"
mkdir -p control/profiles; grep -v '^uid:' profiles/rfc2307 >control/profiles/rfc2307; tables-build -f 2>/dev/null
is "... with a profile that says nothing of uids they have new ones" "b.test/p1~2 b.test/p2~2" "$(path p1) $(path p2)"
exits 0 "... adopt --all" mailadm adopt --all
rm control/profiles/rfc2307; exits 0 "... and with the profile as it was" tables-build
is "... they have their folders and the uids of the directory, by the new keys" "b.test/p1 31001 new-1 b.test/p2 31002 new-2" "$(path p1) $(uid p1) $(key_of p1) $(path p2) $(uid p2) $(key_of p2)"
is "... of which nothing is complained" 0 "$(grep -c 'its uid' out)"
is "no uid, key or folder is there twice" 0 "$(whole)"
done_testing
