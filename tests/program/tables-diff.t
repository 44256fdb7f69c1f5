#!/bin/sh
# What would change, and what has, in words: tables-build --dry-run publishes nothing, tables-diff compares two generations, and
# tables-build --back goes back to one (issue 5).
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/addresses control/groups control/relayrules
ln -s "$root/ldapsync/profiles" profiles
person() { # KEY LOGIN MAIL...: an LDIF entry
  printf 'dn: cn=%s\nentryUUID: %s\nuid: %s\n' "$1" "$1" "$2"
  shift 2
  for mail; do printf 'mail: %s\n' "$mail"; done
}
build() { tables-build "$@" >out 2>err; code=$?; }
current() { readlink tables/current; }

echo mx.example.test >control/me
: >control/domains/example.test
for name in ann bob cat; do { person "k-$name" "$name" "$name@example.test"; echo 'userPassword: {CRYPT}$6$x$y'; } >"directory/$name.ldif"; done
printf 'to: ann\n' >control/addresses/info@example.test
printf 'member: ann\n' >control/groups/team
printf 'host: relay.test\nport: 587\nlogin: me\npassword: secret-one\n' >control/relayrules/office
build --dry-run
is "--dry-run: before there are any tables" "0 " "$code $(current)"
is "... all is new" 'ann@example.test: has a mailbox now
bob@example.test: has a mailbox now
cat@example.test: has a mailbox now
domain example.test: is new (control/domains/example.test)
info@example.test: the address is new, and leads to ann@example.test
relay default: is new (control/relayrules/office)
rule office: has a password or login now
team@: the group is new, with 1 member: ann@example.test' "$(cat out)"
is "... nothing is left, nobody has a uid" "0 0" "$(ls tables | wc -l) $(ls state/tables | grep -c uids)"
build
first=$(current)
build --dry-run
is "nothing changes" "0 nothing changes $first" "$code $(cat out) $(current)"

{ person k-bob bob bob@example.test b@example.test; printf 'mailSubmit: no\nuserPassword: {CRYPT}$6$other$y\n'; } >directory/bob.ldif
person k-dan dan dan@example.test >directory/dan.ldif
{ person k-ann anna anna@example.test ann@example.test; printf 'mailForwardingAddress: x@far.test\nmailQuota: 2G\nuserPassword: {CRYPT}$6$x$y\n'; } >directory/ann.ldif
rm directory/cat.ldif
printf 'to: bob\ninternal: yes\n' >control/addresses/info@example.test
printf 'member: bob\nmember: dan\nmember: y@far.test\n' >control/groups/team
printf 'host: relay2.test\nport: 587\nlogin: me\npassword: secret-two\n' >control/relayrules/office
echo 'block-me@far.test' | sed 's/^/sender /' >control/block
build --dry-run
words='anna@example.test: its quota is now 2147483648
anna@example.test: is forwarded to x@far.test
anna@example.test: is the new name of ann@example.test
anna@example.test: may log in so now: anna@example.test
anna@example.test: the address is new, and leads to anna@example.test
b@example.test: the address is new, and leads to bob@example.test
block block-me@far.test: is new (control/block)
bob@example.test: has another password or login
bob@example.test: may no longer send
cat@example.test: has no mailbox any more; its mail stays in mail/example.test/cat
dan@example.test: has a mailbox now
info@example.test: outsiders can no longer send there
info@example.test: the address now leads to bob@example.test, no longer to anna@example.test
relay default: host is now relay2.test, no longer relay.test
rule office: has another password or login
team@: gains 3 members: bob@example.test, dan@example.test, y@far.test
team@: loses 1 member: anna@example.test'
is "--dry-run: what people would see, sorted" "$({ echo "$words" | grep -v 'may log in so'; echo 'anna: may log in so now: anna@example.test'; echo 'ann: nobody may log in so any more; it was anna@example.test'; } | LC_ALL=C sort)" "$(cat out)"
is "... and publishes nothing" "0 $first 1 0" "$code $(current) $(ls tables | grep -cE '^[0-9a-v]{16}$') $(grep -c k-dan state/tables/uids)"
is "... no password and no hash is said" 0 "$(grep -cE 'secret|6\$' out)"
cp out expected
echo 'from bob@example.test to ann@example.test login bob -> 250' >control/expect
build --dry-run
is "--dry-run: what the guard would refuse is 1, and both is said" "1 1 16" "$code $(grep -c 'control/expect line 1: .*but it would be 554' err) $(grep -c : out | sed 's/1[0-9]/16/')"
rm control/expect
build
second=$(current)
exits 1 "tables-diff: what has changed; 1: something" tables-diff
is "... the same words" "$(cat expected)" "$(cat out)"
exits 0 "tables-diff of one with itself" tables-diff "$second" "$second"
is "... says so" "nothing changes" "$(cat out)"
exits 1 "tables-diff OLD NEW: the other way round" tables-diff "$second" "$first"
is "... in words" 'bob@example.test: may send again
cat@example.test: has a mailbox now
team@: gains 1 member: ann@example.test' "$(grep -E '^(bob.*send|cat.*has|team.*gains)' out)"
exits 100 "a generation that is not there" tables-diff nosuch
exits 100 "... nor a path" tables-diff ../tables/current
exits 0 "--list" tables-diff --list
is "... each with its time, the current one is named" "$first 3 mailboxes|$second 3 mailboxes current" "$(sed -E 's/ [0-9T:Z-]{20} / /; s/ [0-9]+ addresses//' out | paste -sd'|')"

# back
build --back --dry-run
is "--back --dry-run: says what, does nothing" "0 $second 1" "$code $(current) $(grep -c 'bob@example.test: may send again' out)"
build --back
is "--back: the one before" "0 $first 1" "$code $(current) $(grep -c "back generation=$first was=$second" err)"
is "... in words" 1 "$(grep -c 'bob@example.test: may send again' out)"
build
is "nothing is published over it" "1 $first 1" "$code $(current) $(grep -c "the tables are those of $first since tables-build --back" err)"
is "... which is said in the log" 1 "$(grep -c "refused reason=held kept=$first" err)"
build -f
is "... not by -f either" "1 $first" "$code $(current)"
build --dry-run
is "--dry-run works all the same" "0 1" "$code $(grep -c 'bob@example.test: may no longer send' out)"
build --release
is "--release: what the directory says is published" "0 1" "$code $(cdb -q tables/current/policy.cdb mailbox:k-bob | tr '\0' '\n' | grep -c submit=no)"
build --back "$second"
is "--back GENERATION" "0 $second" "$code $(current)"
build --back nosuch
is "... that is not there" "100 $second" "$code $(current)"
build --release; build --release
is "nothing was held" "0 1" "$code $(grep -c 'no generation was held' err)"
exits 100 "bad use" tables-build --back a b
exits 100 "bad use" tables-build -f --back

# which are kept: the newest, and of the days before the last one each
id() { python3 -c 'import sys
n, out = int(sys.argv[1]) * 1000000, ""
for i in range(11): n, out = n // 32, "0123456789abcdefghijklmnopqrstuv"[n % 32] + out
print(out + "00000")' "$1"; }
midnight=$(($(date +%s) / 86400 * 86400))
old() { copy=$(id $((midnight - $1 * 86400 + $2))); cp -r "tables/$(current)" "tables/$copy"; echo "$copy"; }
for name in $(ls tables | grep -E '^[0-9a-v]{16}$'); do [ "$name" = "$(current)" ] || rm -r "tables/$name"; done
a=$(old 9 10) b=$(old 2 10) c=$(old 2 20) d=$(old 1 10) e=$(old 1 20)
echo 1 >control/keepgenerations; echo 3 >control/keepgenerationdays; echo 0 >control/keepgenerationhours
rm directory/dan.ldif; build
if [ "$(($(date +%s) / 86400 * 86400))" != "$midnight" ]; then say 0 "control/keepgenerationdays # SKIP it became midnight"
else is "control/keepgenerationdays: the last one of each day" "0 $c $e $(current)" "$code $(ls tables | grep -E '^[0-9a-v]{16}$' | xargs)"; fi
echo 0 >control/keepgenerationdays
person k-dan dan dan@example.test >directory/dan.ldif; build
is "0: the newest alone" "0 $(current)" "$code $(ls tables | grep -E '^[0-9a-v]{16}$' | xargs)"
hour=$(($(date +%s) / 3600 * 3600))
earlier() { copy=$(id $((hour - $1 * 3600 + $2))); cp -r "tables/$(current)" "tables/$copy"; echo "$copy"; }
a=$(earlier 5 10) b=$(earlier 2 10) c=$(earlier 2 20) d=$(earlier 1 10) e=$(earlier 1 20)
echo 3 >control/keepgenerationhours
rm directory/dan.ldif; build
if [ "$(($(date +%s) / 3600 * 3600))" != "$hour" ]; then say 0 "control/keepgenerationhours # SKIP the hour is over"
else is "control/keepgenerationhours: the last one of each hour" "0 $c $e $(current)" "$code $(ls tables | grep -E '^[0-9a-v]{16}$' | xargs)"; fi
rm control/keepgenerationhours
person k-dan dan dan@example.test >directory/dan.ldif; build
if [ "$(($(date +%s) / 3600 * 3600))" != "$hour" ]; then say 0 "... # SKIP the hour is over"
else is "... for a working day, if nothing else is said" "0 1 1" "$code $(ls tables | grep -c "^$c\$") $(ls tables | grep -c "^$e\$")"; fi
keys='{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='
sed -i "/^userPassword/s|.*|userPassword: $keys|" directory/*.ldif
build --dry-run
is "every login gets keys for SCRAM-SHA-256" "SCRAM-SHA-256: is offered now" "$(grep SCRAM out)"
mkdir control/apppasswords
apps() { for id; do echo "app: 000000000000000$id imap 1795000000 {SSHA256}$(head -c 36 /dev/zero | base64) phone"; done >control/apppasswords/k-bob; build --dry-run; grep 'app password' out; }
is "app passwords: whose they are" "bob@example.test: has 1 app password now" "$(apps 1)"
build
is "... how many" "bob@example.test: has 2 app passwords now, no longer 1" "$(apps 1 2)"
is "... others" "bob@example.test: has other app passwords" "$(apps 2)"
rm control/apppasswords/k-bob; build --dry-run
is "... none" "bob@example.test: has no app password any more" "$(grep app out)"
done_testing
