#!/bin/sh
# S-03: directory/ is filled by many, each by itself: an account is a file, which comes and goes by one rename or unlink; nobody waits for
# anybody else, nothing is lost, and what is half written is not seen. mailadm does the same.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.a.test >control/me; : >control/domains/a.test; echo 100 >control/maxvanish
file() { printf 'dn: uid=%s,dc=a\nentryUUID: k-%s\nuid: %s\nmail: %s@a.test\n' "$1" "$1" "$1" "$1"; }
accounts() { mailadm list accounts | sed 's/@a.test//' | xargs; }

# a requester: writes aside, renames, builds; some take theirs away again
request() {
  file "$1" >"directory/.$1.new" && mv "directory/.$1.new" "directory/$1.ldif" || exit 1
  tables-build >"out.$1" 2>&1 || exit 1
  [ "$2" = stays ] || { rm "directory/$1.ldif" && tables-build >"out.$1" 2>&1; }
}
pids=
for n in 01 02 03 04 05 06 07 08; do request "stay$n" stays & pids="$pids $!"; request "gone$n" goes & pids="$pids $!"; done
for n in 1 2 3; do (echo a-long-password | mailadm add account "made$n@a.test" >"out.made$n" 2>&1) & pids="$pids $!"; done
failed_ones=0; for pid in $pids; do wait "$pid" || failed_ones=$((failed_ones + 1)); done
is "19 requesters at once: each is served" 0 "$failed_ones"
is "... who stays is there, who went is not" "made1 made2 made3 stay01 stay02 stay03 stay04 stay05 stay06 stay07 stay08" "$(accounts)"
is "... each has a uid of his own" 0 "$(awk '{ print $1; print $2; print $3 }' state/tables/uids | sort | uniq -d | wc -l | xargs)"

# what is half there is nobody's
file half | head -c 30 >directory/.half.new
exits 0 "a file that is being written" tables-build
is "... is not seen" "" "$(mailadm list accounts | grep half)"
printf 'dn: uid=half\nentry' >directory/half.ldif
before=$(readlink tables/current)
exits 100 "one that was not written aside, and is cut off" tables-build
is "... is named, and the tables stay" "1 $before" "$(grep -c 'directory/half.ldif line' out) $(readlink tables/current)"
rm directory/half.ldif
done_testing
