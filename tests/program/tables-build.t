#!/bin/sh
# tables-build: LDIF and control files become a generation; what is wrong is named with file and line or DN; uids and folders
# are given once; a generation is swapped whole; a directory that shrinks too much is not believed (N-16, N-17, W-09, T18,
# check 57).
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/relayrules
ln -s "$root/ldapsync/profiles" profiles

# person KEY LOGIN MAIL...: an LDIF entry on stdout; more lines from stdin
person() {
  printf 'dn: cn=%s\nentryUUID: %s\nuid: %s\n' "$1" "$1" "$2"
  shift 2
  for mail; do printf 'mail: %s\n' "$mail"; done
}
field() { cdb -q "tables/current/$1.cdb" "$2" 2>/dev/null | tr '\0' '\n' | sed -n "s/^$3=//p"; }
build() { tables-build "$@" >out 2>&1; code=$?; }
generations() { ls tables | grep -Ec '^[0-9a-v]{16}$'; }

: >control/domains/example.test
build
is "no users, one domain" "0 control/domains/example.test" "$code $(field policy domain:example.test file)"

{ person k-ann ann ann@example.test Ann.A@Example.TEST; echo 'userPassword: {CRYPT}$6$x$y'; } >directory/ann.ldif
build
is "a user: uid and folder are allotted" "0 200000 example.test/ann ann@example.test" \
  "$code $(field policy mailbox:k-ann uid) $(field policy mailbox:k-ann path) $(field policy mailbox:k-ann name)"
is "both addresses lead to the mailbox, in lower case" "k-ann k-ann" \
  "$(field policy address:ann@example.test mailbox) $(field policy address:ann.a@example.test mailbox)"
is "the login and both addresses are logins" "k-ann k-ann k-ann" \
  "$(field policy login:ann mailbox) $(field policy login:ann@example.test mailbox) $(field policy login:ann.a@example.test mailbox)"
is "the hash is in the table of auth-server only" '{CRYPT}$6$x$y 0' \
  "$(field auth mailbox:k-ann password) $(grep -c CRYPT tables/current/policy.cdb)"
is "each says where it is from" "directory/ann.ldif: cn=k-ann" "$(field policy mailbox:k-ann from)"
is "the files of a home with one owner are his alone" "644 600 600" "$(stat -c %a tables/current/policy.cdb tables/current/auth.cdb tables/current/relay.cdb | xargs)"

before=$(readlink tables/current)
build
is "nothing changed: nothing is published" "0 $before" "$code $(readlink tables/current)"

person k-ann ann annabel@example.test ann@example.test >directory/ann.ldif
build
is "a new primary address moves nothing" "annabel@example.test example.test/ann 200000" \
  "$(field policy mailbox:k-ann name) $(field policy mailbox:k-ann path) $(field policy mailbox:k-ann uid)"

{ person k-bob bob bob@example.test; echo 'uidNumber: 200001'; } >directory/bob.ldif
person k-cat cat cat@example.test >directory/cat.ldif
build
is "the directory's uid is taken, and not allotted to the next one" "200001 200002" "$(field policy mailbox:k-bob uid) $(field policy mailbox:k-cat uid)"

for n in 0 999 x 4294967296; do
  { person k-dan dan dan@example.test; echo "uidNumber: $n"; } >directory/dan.ldif
  build
  is "W-09: uid $n is refused, with the DN" "0 1 " "$code $(grep -c 'directory/dan.ldif: cn=k-dan: no mailbox: its uid' out) $(field policy mailbox:k-dan uid)"
done
{ person k-dan dan dan@example.test; echo 'uidNumber: 200002'; } >directory/dan.ldif
build
is "a uid that is somebody's is refused" "1 " "$(grep -c 'cn=k-dan: no mailbox: its uid 200002 is that of mailbox example.test/cat' out) $(field policy mailbox:k-dan uid)"
rm directory/dan.ldif

rm directory/cat.ldif
build
person k-cat2 cat cat@example.test >directory/cat.ldif
build
is "who comes later gets neither the uid nor the folder of who is gone" "200003 example.test/cat~2" "$(field policy mailbox:k-cat2 uid) $(field policy mailbox:k-cat2 path)"
person k-cat cat cat@example.test >directory/cat.ldif
build
is "the same entry again has its own back" "200002 example.test/cat" "$(field policy mailbox:k-cat uid) $(field policy mailbox:k-cat path)"

person k-aaa aaa bob@example.test >directory/aaa.ldif
build
is "a primary address that is somebody's: the older one keeps it" "k-bob 1" "$(field policy address:bob@example.test mailbox) $(grep -c 'directory/aaa.ldif: cn=k-aaa: no mailbox: its primary address bob@example.test is that of directory/bob.ldif: cn=k-bob' out)"
person k-aaa bob aaa@example.test team@example.test ann@example.test >directory/aaa.ldif
{ person k-bob bob bob@example.test; echo 'mail: team@example.test'; } >directory/bob.ldif
build
is "L-21: an address of two is both's" "k-aaa k-bob" "$(field policy address:team@example.test mailbox | sort | xargs)"
is "... and nobody's login" "" "$(field policy login:team@example.test mailbox)"
is "a login of two is the older one's, and it is reported" "k-bob 1" "$(field policy login:bob mailbox) $(grep -c 'cn=k-aaa: its login bob is that of' out)"
rm directory/aaa.ldif

person k-bob eve eve@example.test >directory/copy.ldif
build
is "a copied entry with the same key is reported" "1" "$(grep -c 'no mailbox: its key k-bob is that of directory/bob.ldif' out)"
person k-eve eve eve@elsewhere.test >directory/copy.ldif
build
is "an address of a foreign domain gives no mailbox" "1 " "$(grep -c 'cn=k-eve: no mailbox: no address is in a domain of control/domains; the first is eve@elsewhere.test' out) $(field policy mailbox:k-eve name)"
person k-eve eve >directory/copy.ldif
build
is "L-21: somebody without mail is reported" "1" "$(grep -c 'cn=k-eve: no mailbox: it has no mail address' out)"
echo 'addusers: yes' >control/domains/users.test
build
is "N-17: addusers: every login is an address" "k-eve eve@users.test k-ann" "$(field policy address:eve@users.test mailbox) $(field policy mailbox:k-eve name) $(field policy address:ann@users.test mailbox)"
rm directory/copy.ldif control/domains/users.test

for bad in '{PLAIN}secret' '{CLEARTEXT}secret' secret '{SCRAM-SHA-256}x'; do
  { person k-eve eve eve@example.test; echo "userPassword: $bad"; } >directory/eve.ldif
  build
  is "T18: the password $bad is refused and reported, the mailbox stands" "0 eve@example.test  1" \
    "$code $(field policy mailbox:k-eve name) $(field auth mailbox:k-eve password) $(grep -c 'cn=k-eve: nobody can log in' out)"
done
is "T18: it is in no table" "0" "$(cat tables/current/*.cdb | grep -c secret)"
{ person k-eve eve eve@example.test; printf 'mailImap: no\nmailSubmit: NO\n'; } >directory/eve.ldif
build
is "bits of the profile" "yes no no" "$(field policy mailbox:k-eve receive) $(field policy mailbox:k-eve submit) $(field policy mailbox:k-eve imap)"

printf 'dn: cn=srv\nentryUUID: k-srv\nuid: srv\nmail: srv@example.test\n' >state/directory/ldap.ldif
build
is "whom the server knows without a hash is asked about by a bind" "cn=srv" "$(field auth mailbox:k-srv bind)"
printf 'userPassword: {CRYPT}$6$x$y\n' >>state/directory/ldap.ldif
build
is "... with a hash he is not" " {CRYPT}" "$(field auth mailbox:k-srv bind) $(field auth mailbox:k-srv password | cut -c1-7)"
{ printf '\n# changes\ndn: cn=srv\nentryUUID: k-srv\nuid: srv\nmail: srv2@example.test\nuserPassword: {CRYPT}$6$x$y\n\n'
  printf 'dn: cn=nobody\nchangetype: delete\n\n# end of changes\n# changes\ndn: cn=srv\nchangetype: dele'; } >>state/directory/ldap.ldif
build
is "changes at the end of the file count, and a torn one does not" "srv2@example.test" "$(field policy mailbox:k-srv name)"
echo yes >control/authbind; build
is "... unless control/authbind says so" "cn=srv" "$(field auth mailbox:k-srv bind)"
rm control/authbind

printf 'host: relay.test\nport: 587\nlogin: me\npassword: pass word\n' >control/relayrules/10-office
build
is "a relay rule, and its credentials apart" "10-office relay.test 587 verify yes me pass word 0" \
  "$(field policy relay:default rule) $(field policy relay:default host) $(field policy relay:default port) $(field policy relay:default tls) $(field policy relay:default auth) $(field relay rule:10-office login) $(field relay rule:10-office password) $(grep -c 'pass word' tables/current/policy.cdb)"

# what stops a build: the sentence names file and line, and the tables stay
before=$(readlink tables/current)
stays() {
  build
  is "$1" "$2 $before" "$code $(readlink tables/current)"
  is "... and it says so" 1 "$(grep -c "$3" out)"
}
printf 'host: x\nprot: 25\n' >control/relayrules/20-bad; stays "an unknown key" 100 'control/relayrules/20-bad line 2: unknown key "prot"'
printf 'host: x\n' >control/relayrules/20-bad; stays "N-80: two default rules" 100 'control/relayrules/10-office is the default rule already'
rm control/relayrules/20-bad
echo 'adusers: yes' >control/domains/other.test; stays "an unknown key of a domain" 100 'control/domains/other.test line 1: unknown key "adusers"'
rm control/domains/other.test
: >control/domains/Upper.test; stays "a domain in upper case" 100 'control/domains/Upper.test: a domain.s file is named in lower case'
rm control/domains/Upper.test
printf 'dn: cn=x\nmail x\n' >directory/x.ldif; stays "a file that is not LDIF" 100 'directory/x.ldif line 2: not an "attribute: value" line'
rm directory/x.ldif
echo nosuch >control/ldapprofile; stays "a profile that is not there" 100 'there is no profile nosuch'
rm control/ldapprofile
echo 12x >control/maxvanish; stays "a number that is none" 100 'control/maxvanish line 1'
rm control/maxvanish
cp state/tables/uids uids; echo nonsense >>state/tables/uids; stays "a broken line in state/tables/uids" 100 'state/tables/uids line [0-9]*: not'
rm state/tables/uids; stays "state/tables/uids is gone" 100 'state/tables/uids is missing'
mv uids state/tables/uids

# the guard
n=1; while [ $n -le 60 ]; do person "k-$n" "u$n" "u$n@example.test"; echo; n=$((n + 1)); done >directory/many.ldif
build
before=$(readlink tables/current)
mv directory/many.ldif many; sed -n '1,270p' many >directory/many.ldif # 6 of 60 are gone
build
is "10 percent may vanish" 0 "$code"
rm directory/many.ldif; before=$(readlink tables/current)
stays "check 57: the guard: more may not" 1 '54 of [0-9]* mailboxes would vanish, more than control/maxvanish (10 percent) allows'
echo 95 >control/maxvanish; build
is "control/maxvanish" 0 "$code"
mv many directory/many.ldif; build; rm directory/many.ldif control/maxvanish
build -f
is "-f" 0 "$code"

# generations
echo 3 >control/keepgenerations; echo 0 >control/keepgenerationhours
for n in 1 2 3 4 5; do person k-new new "new$n@example.test" >directory/new.ldif; build; done
is "old generations are kept, so many" 3 "$(generations)"
is "... and the current one is among them" 0 "$(test -f tables/current/policy.cdb; echo $?)"
mkdir tables/build.1abc; : >tables/build.1abc/policy.cdb; build
is "what an interrupted build has left is removed" "0 0" "$code $(ls tables | grep -c build)"

# two at once do not get in each other's way
person k-new new new9@example.test >directory/new.ldif
tables-build 2>/dev/null & tables-build 2>/dev/null; first=$?; wait $!
is "two builds at once" "0 0 new9@example.test" "$first $? $(field policy mailbox:k-new name)"
exits 100 "bad use" tables-build -x
done_testing
