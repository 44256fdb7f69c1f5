#!/bin/sh
# mailadm: domains and accounts are there at once, or not at all (N-16, W-16, W-17, W-18, T18).
. tests/lib.sh
mkdir -p directory state/tables state/directory bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
field() { cdb -q "tables/current/$1.cdb" "$2" 2>/dev/null | tr '\0' '\n' | sed -n "s/^$3=//p"; }
add() { printf '%s\n' "$1" | mailadm add account "$2"; }

exits 0 "W-16: add domain" mailadm add domain Example.Test
is "... it is ours at once" "control/domains/example.test" "$(field policy domain:example.test file)"
exits 100 "N-16: the same again" mailadm add domain example.test
is "... says so" 1 "$(grep -c 'mail_domain_already_exists: the domain example.test exists already' out)"
exits 100 "N-16: a domain without a dot" mailadm add domain localdomain
exits 100 "no domain name" mailadm add domain 'exa mple.test'
exits 100 "no path" mailadm add domain ../../etc.d
is "... and no file was made" "example.test" "$(ls control/domains)"

exits 0 "W-17, S-02: add account" add 'correct horse' alice@example.test
key=$(field policy login:alice mailbox)
is "... it is there at once" "alice@example.test 200000 example.test/alice" "$(field policy "mailbox:$key" name) $(field policy "mailbox:$key" uid) $(field policy "mailbox:$key" path)"
is "... with a random UUID" 1 "$(echo "$key" | grep -Ec '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')"
is "T18: ... and a slow hash" '{CRYPT}$y$' "$(field auth "mailbox:$key" password | head -n 1 | cut -c1-10)"
is "N-112: ... and the keys for SCRAM-SHA-256" '{SCRAM-SHA-256}25000,' "$(field auth "mailbox:$key" password | sed -n 2p | cut -c1-21)"
is "... the password is nowhere" 0 "$(grep -rc 'correct horse' directory tables | grep -vc ':0')"
is "... and only the owner and the group read the file" 640 "$(stat -c %a directory/alice@example.test.ldif)"
exits 100 "W-17: a password on the command line" mailadm add account dora@example.test pass-word-1
is "... is refused, it is said why, and not said again" "1 0" "$(grep -c 'the password is read from fd 0' out) $(grep -c pass-word-1 out)"
exits 100 "... of passwd" mailadm passwd alice pass-word-1
is "... too" 1 "$(grep -c 'the password is read from fd 0' out)"
mv directory/alice@example.test.ldif elsewhere && ln -s ../elsewhere directory/alice@example.test.ldif
exits 100 "an entry behind a symbolic link" sh -c 'echo other | mailadm passwd alice'
is "... is not changed, which is said" "1 directory/alice@example.test.ldif" "$(grep -c 'directory/alice@example.test.ldif is a symbolic link' out) $(find directory -type l)"
exits 100 "... nor deleted" mailadm delete account alice
rm directory/alice@example.test.ldif && mkdir directory/alice@example.test.ldif
exits 100 "a folder" sh -c 'echo other | mailadm passwd alice'
is "... is no file" 1 "$(grep -c 'directory/alice@example.test.ldif is no file' out)"
rmdir directory/alice@example.test.ldif && mv elsewhere directory/alice@example.test.ldif
exits 100 "the same account again" add x Alice@example.test
is "... says where it is" 1 "$(grep -c 'the address alice@example.test exists already: directory/alice@example.test.ldif' out)"
exits 100 "W-17: a domain that is not ours" add x bob@other.test
is "... says what to do" 1 "$(grep -c 'mailadm add domain other.test' out)"
exits 100 "an empty password" add '' bob@example.test
exits 100 "no line at all" sh -c 'mailadm add account bob@example.test </dev/null'
exits 100 "a password that is too long" sh -c 'head -c 2000 /dev/zero | tr "\0" x | mailadm add account bob@example.test'
exits 100 "no address" add x bob
is "... none of these left a file" "alice@example.test.ldif" "$(ls -A directory)"

exits 0 "an odd local part" add x '"../bob /x"@example.test'
is "... has a safe file and folder" "%2E./bob%20%2Fx@example.test.ldif example.test/%22..%2Fbob%20%2Fx%22" "$(ls directory | grep bob | sed 's,%2E.,%2E.,; s,%2F,/,') $(field policy "mailbox:$(field policy 'login:"../bob /x"@example.test' mailbox)" path)"
exits 0 "a second domain" mailadm add domain second.test
exits 0 "the same local part there" add other alice@second.test
is "... the short login stays with the first" "$key" "$(field policy login:alice mailbox)"
is "W-18: list domains" "example.test second.test" "$(mailadm list domains | xargs)"
is "W-18: list accounts" "alice@example.test alice@second.test" "$(mailadm list accounts | grep alice | sort | xargs)"

exits 0 "sha512 by control/passwordscheme" sh -c 'echo sha512 >control/passwordscheme; echo x | mailadm add account six@example.test'
is "... is used" '{CRYPT}$6$' "$(field auth "mailbox:$(field policy login:six mailbox)" password | head -n 1 | cut -c1-10)"
exits 100 "an unknown scheme" sh -c 'echo md5 >control/passwordscheme; echo x | mailadm add account five@example.test'
is "... names the file, and nothing is written" "1 0" "$(grep -c control/passwordscheme out) $(ls directory | grep -c five)"
rm control/passwordscheme

# addresses, groups, public mailboxes
exits 0 "N-36: add address, with its destinations" mailadm add address Info@Example.Test alice six@example.test far@elsewhere.test
is "... it is there at once" "alice@example.test six@example.test far@elsewhere.test" "$(mailadm list addresses | sed -n 's/^info@example.test address //p')"
is "... in a file that others can edit" "644 to: alice" "$(stat -c %a control/addresses/info@example.test) $(head -n 1 control/addresses/info@example.test)"
exits 100 "the same again" mailadm add address info@example.test alice
is "... says where it is" 1 "$(grep -c 'the address info@example.test exists already: control/addresses/info@example.test' out)"
exits 100 "an address that somebody has" mailadm add address alice@second.test six
exits 100 "a domain that is not ours" mailadm add address info@other.test alice
exits 100 "a destination that cannot be" mailadm add address x@example.test 'a b'
exits 100 "no destination" mailadm add address x@example.test
exits 0 "N-38: a generic address" mailadm add address sales public:none alice
is "... in every domain" "sales@* address alice@example.test" "$(mailadm list addresses | grep sales)"
exits 100 "an address that leads nowhere" mailadm add address lost@example.test nobody
is "... says that it is written" 1 "$(grep -c 'control/addresses/lost@example.test is written, but leads nowhere' out)"
exits 0 "... and can be deleted" mailadm delete address lost@example.test
exits 0 "N-18: add group" mailadm add group Team alice six@example.test far@elsewhere.test
is "list groups" "team alice@example.test six@example.test far@elsewhere.test" "$(mailadm list groups)"
exits 0 "N-26, N-35: add public" mailadm add public office
is "... has its generic address" "office@* address public:office" "$(mailadm list addresses | grep office)"
is "... and is listed" "public:office" "$(mailadm list accounts | grep public)"
exits 0 "a group as a destination" mailadm add address crew@second.test group:team public:office
is "list addresses --json" '{"address":"crew@second.test","kind":"address","internal":false,"to":["group:team","public:office"],"from":["control/addresses/crew@second.test"]}' "$(mailadm list addresses --json | grep crew)"
is "list groups --json" '{"group":"team","key":"group-team","members":["alice@example.test","six@example.test","far@elsewhere.test"],"from":["control/groups/team"]}' "$(mailadm list groups --json)"
echo mail.example.test >control/me
is "S-13: list dns: the MX of each domain is this host" "example.test. MX 10 mail.example.test.|second.test. MX 10 mail.example.test." "$(mailadm list dns | paste -sd'|')"
mkdir -p state/dkim && echo 'v=DKIM1; k=rsa; p=AAAA' >state/dkim/default.txt
printf 'second.test off\n* default\n' >control/dkim
is "N-24b: ... and the key that signs its mail" "example.test. MX 10 mail.example.test.|default._domainkey.example.test. TXT v=DKIM1; k=rsa; p=AAAA|second.test. MX 10 mail.example.test." "$(mailadm list dns | paste -sd'|')"
is "... as JSON" '{"domain":"example.test","type":"TXT","name":"default._domainkey.example.test","text":"v=DKIM1; k=rsa; p=AAAA"}' "$(mailadm list dns --json | grep TXT)"
rm control/dkim
printf '# the cluster\nMX1.example.test\nmx2.example.test 20\n' >control/mxhosts
is "... or those of control/mxhosts, with their preference" "second.test. MX 10 mx1.example.test.|second.test. MX 20 mx2.example.test." "$(mailadm list dns | grep second | paste -sd'|')"
is "... as JSON" '{"domain":"second.test","type":"MX","preference":20,"host":"mx2.example.test"}' "$(mailadm list dns --json | tail -n 1)"
echo 'mx1.example.test soon' >control/mxhosts
exits 100 "... what cannot be understood is refused" mailadm list dns
is "... with a sentence" 1 "$(grep -c "control/mxhosts: mx1.example.test soon is not HOST or HOST PREFERENCE" out)"
rm control/mxhosts
is "list domains --json" '{"domain":"example.test","file":"control/domains/example.test"}' "$(mailadm list domains --json | head -n 1)"
is "each line is JSON" "" "$(for what in domains accounts addresses groups; do mailadm list $what --json; done | python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' 2>&1)"
exits 0 "delete address" mailadm delete address crew@second.test
is "... it is gone at once" "" "$(mailadm list addresses | grep crew)"
exits 0 "delete group" mailadm delete group team
is "... it is gone at once" "" "$(mailadm list groups)"
exits 100 "an address of the directory is not deleted here" mailadm delete address alice@example.test
is "... says of what it is" 1 "$(grep -c 'is not of control/addresses, but of directory/alice@example.test.ldif' out)"
exits 100 "an address that nobody has" mailadm delete address nobody@example.test
exits 0 "N-42: a postmaster's mailbox" mailadm add public postmaster
exits 0 "... who is somebody else now" mailadm add address postmaster alice
exits 100 "N-42: he cannot be removed" mailadm delete address Postmaster
is "... says address_removal_forbidden, and he is there" "1 postmaster@* address alice@example.test" "$(grep -c address_removal_forbidden out) $(mailadm list addresses | grep ^postmaster)"
exits 0 "any table" tables-build
is "N-42: a domain without abuse is a warning" 1 "$(grep -c 'nobody has abuse@example.test and 1 more domains: mailadm add address abuse DESTINATION' out)"
exits 0 "... until there is one" mailadm add address abuse alice
is "... then there is none" 0 "$(grep -c 'nobody has' out)"
exits 0 "a domain in another script" mailadm add domain bücher.test
is "... is its A-label" "xn--bcher-kva.test" "$(mailadm list domains | grep xn)"
exits 100 "... and the same again" mailadm add domain xn--bcher-kva.test
exits 100 "bad use: --json of what is no list" mailadm add public x --json
rm bin/tables-build
exits 111 "without tables-build the account is written, and it is said that it is not published" add x late@example.test
is "... by name" "1 1" "$(grep -c 'the account is written' out) $(ls directory | grep -c late)"
exits 100 "bad use" mailadm add account
exits 100 "bad use" mailadm remove domain example.test
done_testing
