#!/bin/sh
# P-21: how old the tables and the directory's facts are, and what the guard has refused, for node_exporter (doc/metrics.md); and
# what an age that is too great means (control/directorymaxage).
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains
ln -s "$root/ldapsync/profiles" profiles
person() { printf 'dn: cn=%s\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nentryUUID: k-%s\nuid: %s\nmail: %s@example.test\n\n' "$1" "$1" "$1" "$1"; }
build() { tables-build "$@" >out 2>err; code=$?; }
metrics=state/metrics/mail-tables/tables.prom
value() { sed -n "s/^postroom_$1 //p" "$metrics"; }
refused() { value 'tables_refused_total{reason="'"$1"'"}'; }
is_now() { [ $(($(date +%s) - $1)) -ge 0 ] && [ $(($(date +%s) - $1)) -lt 600 ]; }

echo mx.example.test >control/me
: >control/domains/example.test
for name in ann bob cat dan eve fay gus; do person "$name"; done >state/directory/ldap.ldif
person here >directory/here.ldif
build
is "without state/metrics nothing is exported, which is no failure" "0 0" "$code $(grep -c metrics err)"
mkdir -p state/metrics/mail-tables state/metrics/mail-ldap
build
ok "P-21 when the tables were last what the directory says, also if nothing changed" is_now "$(value tables_checked_timestamp_seconds)"
ok "... and when they were made" is_now "$(value tables_built_timestamp_seconds)"
is "... what is in them" "8 8 0" "$(value tables_mailboxes) $(value tables_addresses) $(value tables_held)"
is "... for everybody to read, and nothing beside it" "644 tables.prom" "$(stat -c %a "$metrics") $(ls -A state/metrics/mail-tables)"
is "... as node_exporter reads it: each metric with its help and type, each line a name and a number" 0 \
  "$(grep -vcE '^(# (HELP postroom_[a-z_]+ .+|TYPE postroom_[a-z_]+ (gauge|counter))|postroom_[a-z_]+(\{reason="[a-z]+"\})? [0-9]+)$' "$metrics")"
is "... each once" 6 "$(grep -c '^# TYPE' "$metrics")"

sed -i 's/^postroom_tables_checked.* .*/postroom_tables_checked_timestamp_seconds 1000/' "$metrics"
person ann >state/directory/ldap.ldif
build
is "who would vanish: refused, and counted" "1 1 0 0" "$code $(refused maxvanish) $(refused expect) $(refused held)"
is "... the tables are as old as before" "1000 8" "$(value tables_checked_timestamp_seconds) $(value tables_mailboxes)"
build
is "... again" 2 "$(refused maxvanish)"
build -f
is "published: the count stays" "0 2 2" "$code $(refused maxvanish) $(value tables_mailboxes)"
ok "... the age is none" is_now "$(value tables_checked_timestamp_seconds)"
echo 'from ann@example.test to here@example.test -> 550' >control/expect
person bob >>state/directory/ldap.ldif
build
is "control/expect: counted apart" "1 2 1" "$code $(refused maxvanish) $(refused expect)"
rm control/expect
build --back
is "--back: held" "0 1 8" "$code $(value tables_held) $(value tables_mailboxes)"
build
is "... and nothing is published" "1 1" "$code $(refused held)"
build --release
is "released" "0 0 3" "$code $(value tables_held) $(value tables_mailboxes)"
rm "$metrics"
build
is "a file that is gone is there again" "0 0" "$code $(refused maxvanish)"

# control/directorymaxage
sends() { whatif "$1@example.test" x@far.example --login "$1" | sed -n 's/^sender  *//p'; }
directory=state/metrics/mail-ldap/directory.prom
is "no control/directorymaxage: however old it is" '250 2.1.0 Ok' "$(sends ann)"
echo 2h >control/directorymaxage
is "P-21 too old: who of the directory's people may send is not known" '451 4.3.0 the directory has not been heard of for too long' "$(sends ann)"
ok "... which whatif tells with the rule and the file" sh -c 'whatif ann@example.test x@far.example --login ann | grep -q "rule directory-old, control/directorymaxage"'
is "... who is in directory/ may" '250 2.1.0 Ok' "$(sends here)"
exits 0 "... they get mail as before" whatif joe@far.example ann@example.test
: >"$directory"
is "it has just been heard of" '250 2.1.0 Ok' "$(sends ann)"
touch -d '1 hour ago' "$directory"
is "an hour ago" '250 2.1.0 Ok' "$(sends ann)"
touch -d '3 hours ago' "$directory"
is "three hours ago" '451 4.3.0 the directory has not been heard of for too long' "$(sends ann)"
echo soon >control/directorymaxage
exits 100 "it is a time" whatif ann@example.test x@far.example --login ann
done_testing
