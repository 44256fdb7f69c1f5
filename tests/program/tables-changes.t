#!/bin/sh
# A generation of changes says in every program what a whole one of the same records says (doc/tables.md).
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/addresses control/groups control/relayrules
ln -s "$root/ldapsync/profiles" profiles
build() { tables-build "$@" >out 2>err; code=$?; }
current() { readlink tables/current; }
names() { ls tables | grep -E '^[0-9a-v]{16}$' | xargs; }
person() { # NAME [LINE]
  printf 'dn: cn=%s\nentryUUID: k-%s\nuid: %s\nmail: %s@example.test\nuserPassword: {CRYPT}$6$x$%s\n%s\n' "$1" "$1" "$1" "$1" "$1" "$2" >"directory/$1.ldif"
}
publish() { "$root/build/tests/flow/publish-changes" "$@"; }
see() { # what every program says that asks or walks
  for what in domains accounts addresses groups; do mailadm list "$what"; mailadm list "$what" --json; done
  for to in ann bob cat dan info team; do whatif joe@far.example "$to@example.test"; done
  whatif bob@example.test x@far.example --login bob
  tables-diff "$base" current
  tables-diff current "$base"
  tables-diff --list | sed -n '/current/s/^[^ ]* [^ ]*//p'
  for login in bob cat dan; do echo wrong | auth-test "$login"; done
}

echo mx.example.test >control/me
: >control/domains/example.test
for name in ann bob cat; do person "$name"; done
printf 'to: ann\n' >control/addresses/info@example.test
printf 'member: ann\nmember: cat\n' >control/groups/team
printf 'host: relay.test\nport: 587\nlogin: me\npassword: secret-one\ntype: default\n' >control/relayrules/office
build
base=$(current)
person bob 'mailSubmit: no'
sed -i 's/x.bob/y$bob/' directory/bob.ldif
person dan
rm directory/cat.ldif
printf 'to: bob\n' >control/addresses/info@example.test
printf 'member: dan\n' >control/groups/team
printf 'host: relay.test\nport: 587\nlogin: me\npassword: secret-two\ntype: default\n' >control/relayrules/office
build
whole=$(current)
see 2>&1 | sed "s,^tables  .*,," >expected
is "there is something to see" "1 2 2" "$(grep -c '^bob@example.test: may no longer send' expected) $(grep -c '^rule office: has another password' expected) $(grep -c '^bob@example.test: has another password' expected)"

ln -sfn "$base" tables/current
ok "a generation of changes is published" publish "$base" "$whole" 10 7
changes=$(current)
is "it names its base, and holds less" "id=$base 1" "$(cdb -q tables/current/policy.cdb table:base | tr -d '\0') $(($(cdb -l tables/current/policy.cdb | wc -l) < $(cdb -l "tables/$whole/policy.cdb" | wc -l)))"
is "its files are whose they are in any generation" '644 0 policy.cdb|640 7 auth.cdb|640 7 relay.cdb|640 7 token.cdb' \
  "$(cd tables/current/ && stat -c '%a %g %n' policy.cdb auth.cdb relay.cdb token.cdb | paste -sd'|')"
see 2>&1 | sed "s,^tables  .*,," >seen
is "all who ask and all who walk see the same as in a whole one" "$(cat expected)" "$(cat seen)"
exits 0 "tables-diff of both" tables-diff "$whole" "$changes"
is "... finds nothing" "nothing changes" "$(cat out)"
is "whatif --at GENERATION" 'result      refused|result      accepted' "$(for at in $base $changes; do whatif joe@far.example dan@example.test --at "$at" | grep ^result; done | paste -sd'|')"
build --dry-run
is "tables-build --dry-run compares with it" "0 nothing changes" "$code $(cat out)"

# back, and back again
build --back
is "--back: to the whole one before" "0 $whole" "$code $(current)"
build --back "$changes"
is "--back to changes" "0 $changes nothing changes" "$code $(current) $(cat out)"
build --back "$base"
is "--back to the base" "0 $base 1" "$code $(current) $(grep -c '^cat@example.test: has a mailbox now' out)"
build --release
is "--release: a whole one" "0 " "$code $(cdb -q tables/current/policy.cdb table:base)"

# published and pruned in the moment in which the base is opened
ln -sfn "$changes" tables/current; ln -s "$whole" tables/.next
is "another generation is current before the base is opened, which is gone: that one is asked" "tables      $whole|result      accepted" \
  "$(SWAP="tables/$base" LD_PRELOAD="$root/build/tests/crash/swap.so" whatif joe@far.example dan@example.test 2>&1 | grep -E '^(tables|result|whatif)' | paste -sd'|')"
is "... it was in that moment" "$whole $base" "$(current) $(cdb -q aside/policy.cdb table:generation | tr '\0' '\n' | sed -n 's/^id=//p')"
mv aside "tables/$base"

# the guard
build --back "$changes" && rm state/tables/held
for i in 1 2 3 4 5 6 7; do person "new$i"; done
build
grown=$(current)
ln -sfn "$base" tables/current
publish "$base" "$grown" 100
rm directory/new*.ldif
build
is "the guard sees who would vanish that only the changes have" "1 1" "$code $(grep -c '^tables-build: warning: 7 of 10 mailboxes would vanish' err)"

# pruning
changes=$(current)
echo 1 >control/keepgenerations; echo 0 >control/keepgenerationdays; echo 0 >control/keepgenerationhours
publish "$base" "$grown" 1
is "the same records are not published again" "$changes" "$(current)"
is "the base stays with its changes" "$base $changes" "$(names)"
mv "tables/$base" tables/aside
exits 111 "without it they are no tables: nobody is unknown by them" whatif joe@far.example ann@example.test
is "... which is said" 1 "$(grep -c 'unable to open .*Stale file handle' out)"
exits 111 "... nor lists it anybody" mailadm list accounts
exits 111 "... nor compares" tables-diff "$changes" "$changes"
exits 111 "... nor builds on them: what would vanish cannot be said" tables-build
exits 1 "... nor are there changes to it" publish "$base" "$base" 1
mv tables/aside "tables/$base"
build -f
is "both go when a whole one has come" "0 $(current)" "$code $(names)"
exits 1 "changes to what is gone are not made" publish "$base" "$base" 1
done_testing
