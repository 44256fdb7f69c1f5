#!/bin/sh
# S-10: one-time links to set a password: made by mailadm, stored hashed, good once, until they end.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
field() { cdb -q "tables/current/$1.cdb" "$2" 2>/dev/null | tr '\0' '\n' | sed -n "s/^$3=//p"; }
hash_of() { field auth "mailbox:$(field policy "login:$1" mailbox)" password | head -n 1; }
mailadm add domain example.test 2>/dev/null
for user in ann bob; do echo old | mailadm add account $user@example.test 2>/dev/null; done
before=$(hash_of ann)
use() { printf '%s\n%s\n' "$1" "$2" | mailadm passwd --link; }

exits 0 "a link" mailadm link ann@example.test
token=$(cat out)
is "... a token of 192 random bits" 1 "$(echo "$token" | grep -Ec '^[0-9a-f]{48}$')"
is "... which is stored nowhere, but its hash" "0 $(printf %s "$token" | sha256sum | cut -d' ' -f1)" "$(cat state/links/* directory/* | grep -c "$token") $(ls state/links)"
is "... where only its owner looks" "700 600" "$(stat -c %a state/links state/links/* | xargs)"
is "list links" "ann@example.test" "$(mailadm list links | cut -d' ' -f1)"
is "... as JSON" '{"account":"ann@example.test","ends":"T"}' "$(mailadm list links --json | sed 's/"ends":"[^"]*"/"ends":"T"/')"
is "the password is still the old one" "$before" "$(hash_of ann)"
exits 100 "another token" use 0000000000 new
is "... is not valid" 1 "$(grep -c 'link_not_valid' out)"
exits 100 "an empty password does not use it up" use "$token" ''
exits 100 "nor none at all" sh -c "echo $token | mailadm passwd --link"
exits 0 "the token sets the password" use "$token" 'a new one'
after=$(hash_of ann)
is "... which is hashed, and there at once" "1 0" "$(test "$after" != "$before" && echo 1) $(grep -rc 'a new one' directory state tables | grep -vc ':0')"
exits 100 "... once" use "$token" 'another one'
is "... nothing changes" "$after 0" "$(hash_of ann) $(ls state/links | wc -l)"

mailadm link ann >first; mailadm link ann >second; mailadm link bob >other
exits 100 "a newer link ends the older one" use "$(cat first)" x
exits 0 "... and that of somebody else stands" use "$(cat other)" x
echo direct | mailadm passwd ann 2>/dev/null
exits 100 "so does another password" use "$(cat second)" x
echo 0 >control/passwordlinktime; mailadm link ann >first; rm control/passwordlinktime
exits 100 "a link that has ended" use "$(cat first)" x
is "... is not listed" "" "$(mailadm list links)"
mailadm link bob >other
is "... and goes with the next one" 1 "$(ls state/links | wc -l)"
mailadm delete account bob --yes 2>/dev/null
is "a link goes with its account" 0 "$(ls state/links | wc -l)"
exits 100 "... and is not valid" use "$(cat other)" x

echo https://mail.example.test/password# >control/passwordlink
is "control/passwordlink stands in front" 1 "$(mailadm link ann | grep -Ec '^https://mail.example.test/password#[0-9a-f]{48}$')"
exits 0 "--reset: the old password is no longer good" mailadm link ann --reset
is "... nobody logs in" "" "$(hash_of ann)"
exits 0 "... until the link is used" use "$(sed -n 's/.*#//p' out)" fresh
is "... then he has a password again" '{CRYPT}' "$(hash_of ann | cut -c1-7)"
exits 0 "--given: a token of one's own" sh -c 'echo my-own-token | mailadm link ann --given'
is "... is not said again" "" "$(cat out)"
exits 0 "... works" use my-own-token fresh
exits 100 "... has at least ten characters" sh -c 'echo ninechars | mailadm link ann --given'
exits 100 "nobody" mailadm link nobody@example.test
printf 'dn: cn=srv,dc=x\nentryUUID: k-srv\nuid: srv\nmail: srv@example.test\n' >state/directory/ldap.ldif; tables-build 2>/dev/null
exits 100 "whom a directory server owns" mailadm link srv
is "... is changed there" 1 "$(grep -c 'srv@example.test is of the directory server: change it there (cn=srv,dc=x)' out)"
exits 100 "S-10: an address that somebody has" sh -c 'echo x | mailadm add account ann@example.test'
is "... says address_already_used" 1 "$(grep -c address_already_used out)"
exits 100 "bad use" mailadm passwd ann --link
exits 100 "bad use" mailadm passwd
exits 100 "bad use" mailadm add domain x.test --reset
done_testing
