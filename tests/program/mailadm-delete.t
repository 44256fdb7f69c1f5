#!/bin/sh
# mailadm: a new password, and what goes: accounts and domains, after a question, with their mail only if that is said (S-02, N-15,
# N-91, S-02, W-21); what a directory server owns is changed there; mail without an owner is listed, and its uid is nobody else's.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains bin mail
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.example.test >control/me
field() { cdb -q "tables/current/$1.cdb" "$2" 2>/dev/null | tr '\0' '\n' | sed -n "s/^$3=//p"; }
add() { echo secret | mailadm add account "$1" >/dev/null 2>&1; mkdir -p "mail/$(path_of "$1")/cur"; echo mail >"mail/$(path_of "$1")/cur/1"; }
key_of() { field policy "login:$1" mailbox; }
path_of() { field policy "mailbox:$(key_of "$1")" path; }
uid_of() { field policy "mailbox:$(key_of "$1")" uid; }

for domain in example.test other.test; do mailadm add domain $domain 2>/dev/null; done
for user in ann@example.test bob@example.test bob@other.test; do add $user; done

# passwd
before=$(field auth "mailbox:$(key_of ann)" password)
cp directory/ann@example.test.ldif file
exits 0 "passwd" sh -c 'echo "another one" | mailadm passwd ann@example.test'
after=$(field auth "mailbox:$(key_of ann)" password)
is "... there is another hash, and keys for SCRAM" "2 1" "$(echo "$after" | wc -l) $(test "$before" != "$after" && echo 1)"
is "... every other line is as it was, and nobody else can read the file" "$(grep -v userPassword file | grep -v '^ ') 640" "$(grep -v userPassword directory/ann@example.test.ldif | grep -v '^ ') $(stat -c %a directory/ann@example.test.ldif)"
exits 100 "passwd of nobody" sh -c 'echo x | mailadm passwd nobody@example.test'
exits 100 "an empty password changes nothing" sh -c 'echo | mailadm passwd ann'
is "... nothing" "$after" "$(field auth "mailbox:$(key_of ann)" password)"
# a file of several people, edited by hand
printf '# all of us\nversion: 1\n\ndn: cn=x\nentryUUID: k-x\nuid: x\nmail: x@example.test\nuserPassword: {CRYPT}old\n of x\nsn: Ex\n\n# the next one\ndn: cn=y,ou=\xc3\xa4\nmail: y@example.test\nUserPassword:: e0NSWVBUfW9sZA==\n' >directory/people.ldif
tables-build 2>/dev/null
exits 0 "one of many in a file" sh -c 'echo new | mailadm passwd x@example.test'
is "... is found by its key" '# all of us
version: 1

dn: cn=x
entryUUID: k-x
uid: x
mail: x@example.test
sn: Ex
userPassword: {CRYPT}$y$
userPassword: {SCRAM-SHA

# the next one' "$(grep -v '^ ' directory/people.ldif | sed -n '1,/next/p' | cut -c1-24)"
exits 0 "another by its DN" sh -c 'echo new | mailadm passwd y@example.test'
is "... in place of what was in base64" "2 0" "$(sed -n '/next one/,$p' directory/people.ldif | grep -c '^userPassword: {') $(grep -c UserPassword directory/people.ldif)"

# delete account
exits 1 "W-21: delete account asks, and no answer is no" sh -c 'mailadm delete account bob@example.test </dev/null'
is "... what would go, and what stays" 1 "$(grep -c 'the account bob@example.test goes, with 1 addresses; its mail in mail/example.test/bob stays. Type yes to go on' out)"
exits 1 "... another word is no" sh -c 'echo y | mailadm delete account bob@example.test'
is "... everything is there" "bob@example.test" "$(mailadm list accounts | grep bob@example)"
bob=$(key_of bob@example.test) uid=$(uid_of bob@example.test)
exits 0 "... yes" sh -c 'echo yes | mailadm delete account bob@example.test'
is "... it is gone at once" "" "$(mailadm list accounts | grep bob@example)"
is "... and its mail is there" mail "$(cat mail/example.test/bob/cur/1)"
is "list orphans: mail without an owner" "example.test/bob $uid $bob" "$(mailadm list orphans | cut -d' ' -f1-3)"
since=$(mailadm list orphans | cut -d' ' -f4)
is "... and since when" "1" "$(echo "$since" | grep -Ec '^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$')"
is "... as JSON" "{\"path\":\"example.test/bob\",\"uid\":\"$uid\",\"key\":\"$bob\",\"since\":\"$since\"}" "$(mailadm list orphans --json)"
sed -i "s/^$bob .*/$bob 1700000000/" state/tables/gone; : >control/domains/later.test; tables-build 2>/dev/null
is "... which the next build does not change" "2023-11-14T22:13:20Z" "$(mailadm list orphans | cut -d' ' -f4)"
rm control/domains/later.test; sed -i "s/^$bob .*/$bob $(date +%s)/" state/tables/gone; tables-build 2>/dev/null
echo 2 >control/orphangrace
is "control/orphangrace: not on the list yet" "" "$(mailadm list orphans)"
sed -i "s/^$bob .*/$bob $(($(date +%s) - 172801))/" state/tables/gone
is "... two days later he is" "example.test/bob" "$(mailadm list orphans | cut -d' ' -f1)"
rm control/orphangrace
add bob@example.test
is "N-91: who comes after him has neither his uid nor his folder" "1 example.test/bob~2" "$(test "$(uid_of bob@example.test)" != "$uid" && echo 1) $(path_of bob@example.test)"
n=0; while [ $n -lt 3 ]; do n=$((n + 1)); mailadm delete account bob@example.test --yes 2>/dev/null; add bob@example.test; done
is "... nor does anybody, however often that happens" "" "$(cut -d' ' -f2 state/tables/uids | sort | uniq -d)"
is "... each has left his mail" "example.test/bob example.test/bob~2 example.test/bob~3 example.test/bob~4" "$(mailadm list orphans | cut -d' ' -f1 | xargs)"
sed -i "s/^entryUUID: .*/entryUUID: $bob/" directory/bob@example.test.ldif; tables-build 2>/dev/null
is "his key gives him back his uid and his mail" "$uid example.test/bob" "$(uid_of bob@example.test) $(path_of bob@example.test)"
is "... he is no orphan any more" "0 0" "$(mailadm list orphans | grep -c 'example.test/bob ') $(grep -c "^$bob " state/tables/gone)"
exits 0 "one of many in a file" mailadm delete account y@example.test --yes
is "... the others stay" "1 0" "$(grep -c 'cn=x' directory/people.ldif) $(grep -c 'cn=y' directory/people.ldif)"
exits 0 "the last one takes the file with it" mailadm delete account x@example.test --yes
is "... it is gone" 0 "$(ls directory | grep -c people)"

# what control/ has for him alone goes with him
add eve@example.test; add eve@other.test
mkdir -p control/mailboxes control/allowedsenders
for file in mailboxes/eve@example.test allowedsenders/eve@example.test allowedsenders/eve allowedsenders/eve@other.test; do : >control/$file; done
exits 0 "settings" mailadm delete account eve@example.test --yes
is "... go with the account, and no others" "allowedsenders/eve@other.test" "$(cd control; ls -d mailboxes/* allowedsenders/* 2>/dev/null | xargs)"
rm control/allowedsenders/*; mailadm delete account eve@other.test --yes 2>/dev/null

# a uid that the directory gives
{ printf 'dn: cn=five\nentryUUID: k-five\nuid: five\nmail: five@example.test\nuidNumber: 5000\n'; } >directory/five.ldif; tables-build 2>/dev/null
rm directory/five.ldif; tables-build 2>/dev/null
{ printf 'dn: cn=six\nentryUUID: k-six\nuid: six\nmail: six@example.test\nuidNumber: 5000\n'; } >directory/six.ldif
exits 0 "a directory that gives a uid again, of somebody who is gone" tables-build
is "... is not obeyed, and that is said" "1 " "$(grep -c 'cn=six: no mailbox: its uid 5000 is that of mailbox example.test/five (key k-five)' out) $(field policy mailbox:k-six name)"
rm directory/six.ldif

# --purge
ln -s /etc mail/example.test/ann/cur/link; mkdir -p mail/example.test/ann/.Sent/cur; ln -s "$MAILHOME/control" mail/example.test/ann/folder
exits 0 "--purge: with its mail" mailadm delete account ann@example.test --yes --purge
is "... which is gone; what a link in it named is not" "1 1 1" "$(test ! -e mail/example.test/ann && echo 1) $(test -e /etc/passwd && echo 1) $(test -e control/me && echo 1)"
is "... it is no orphan" 0 "$(mailadm list orphans | grep -c ann)"
is "... but its uid stays its own" 1 "$(grep -c ' example.test/ann$' state/tables/uids)"
add ann@example.test

# what a directory server owns
printf 'dn: cn=srv,dc=x\nentryUUID: k-srv\nuid: srv\nmail: srv@example.test\n' >state/directory/ldap.ldif
echo ldap.example.test >control/ldapserver; echo files >control/ldapprofile
tables-build 2>/dev/null
exits 100 "LDAP: delete account" mailadm delete account srv@example.test --yes
is "... says where" 1 "$(grep -c 'srv@example.test is of the directory server ldap.example.test: change it there (cn=srv,dc=x), then run ldapsync' out)"
exits 100 "LDAP: passwd" sh -c 'echo x | mailadm passwd srv'
is "... says where" 1 "$(grep -c 'change it there (cn=srv,dc=x)' out)"
exits 100 "LDAP: its address" mailadm delete address srv@example.test
rm state/directory/ldap.ldif control/ldapserver control/ldapprofile

# delete domain
{ printf 'dn: cn=two\nentryUUID: k-two\nuid: two\nmail: two@other.test\nmail: two@example.test\n'; } >directory/two.ldif
mailadm add alias info@other.test bob@other.test 2>/dev/null; mailadm add alias sales@example.test bob@other.test 2>/dev/null
echo 'to: nobody' >control/addresses/lost@other.test
n=0; while [ $n -lt 30 ]; do n=$((n + 1)); printf 'dn: cn=%s\nentryUUID: k-many%s\nuid: m%s\nmail: m%s@other.test\n\n' $n $n $n $n; done >directory/many.ldif
tables-build 2>/dev/null
is "S-12: list aliases" "info@other.test address bob@other.test|sales@example.test address bob@other.test" "$(mailadm list aliases | paste -sd'|')"
exits 0 "a domain that is its alias" sh -c 'echo "alias: other.test" >control/domains/third.test; tables-build'
exits 100 "... stands in the way" mailadm delete domain other.test --yes
is "... is named" 1 "$(grep -c 'the domain third.test is an alias of other.test: delete that first' out)"
exits 0 "... is deleted" mailadm delete domain third.test --yes
exits 1 "delete domain asks" sh -c 'mailadm delete domain other.test </dev/null'
is "... what goes" 1 "$(grep -c 'the domain other.test goes, with 31 accounts, 33 addresses and 2 files of control/addresses; their mail stays' out)"
exits 0 "N-15, W-21: ... yes: and the guard knows that somebody has said so" sh -c 'echo yes | mailadm delete domain Other.Test'
is "... it is gone" "example.test 0" "$(mailadm list domains | xargs) $(ls control/addresses | grep -c other)"
is "N-15: the mail is not" mail "$(cat mail/other.test/bob/cur/1)"
is "who has an address elsewhere still has a mailbox" "two@example.test" "$(field policy mailbox:k-two name)"
exits 100 "... it is not there any more" mailadm delete domain other.test --yes
exits 100 "bad use: --purge of what has no mail" mailadm delete address sales@example.test --purge
mailadm add domain other.test 2>/dev/null; add bob@other.test
exits 0 "--purge: the mail of the domain's accounts" mailadm delete domain other.test --yes --purge
is "... that of those of today" "bob eve" "$(ls mail/other.test | xargs)"
exits 0 "delete alias" mailadm delete alias sales@example.test
done_testing
