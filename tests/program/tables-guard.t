#!/bin/sh
# The guard of tables-build: control/expect is asked of the new tables before they are published, and a directory that loses too
# many mailboxes or addresses is not believed (issue 5, check 57). whatif --expect asks the same of the present ones.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/addresses
ln -s "$root/ldapsync/profiles" profiles
person() { # KEY LOGIN MAIL...: an LDIF entry
  printf 'dn: cn=%s\nentryUUID: %s\nuid: %s\n' "$1" "$1" "$2"
  shift 2
  for mail; do printf 'mail: %s\n' "$mail"; done
}
build() { tables-build "$@" >out 2>&1; code=$?; }
said() { grep -c "$1" out; }

echo mx.example.test >control/me
: >control/domains/example.test
person k-ann ann ann@example.test >directory/ann.ldif
{ person k-bob bob bob@example.test; echo 'mailSubmit: no'; } >directory/bob.ldif
echo 'to: ann' >control/addresses/info@example.test
build
is "no control/expect: nothing is expected" 0 "$code"
exits 0 "... and nothing is broken" whatif --expect
is "... says so" "result      0 of 0 lines of control/expect hold" "$(grep ^result out)"

cat >control/expect <<'X'
# what must stay
from ann@example.test to joe@far.example login ann -> 250
from joe@far.example to ann@example.test -> 250 2.1.5 address to ann@example.test
from joe@far.example to INFO@example.test -> 250 to ann@example.test
from <> to nobody@example.test -> 550 5.1.1 unknown-user
from joe@far.example to joe@far.example -> 554 5.7.1 relay-denied
from bob@example.test to ann@example.test login bob -> 554 5.7.1
from ann@example.test to ann@example.test login nobody -> 535
from ann@example.test to ann@example.test port 587 -> 530
from ann@example.test to x@far.example ip 192.0.2.7 helo far.example tls -> relay-denied
X
build
is "all of it holds: it is published" "0 0" "$code $(said broken)"
exits 0 "whatif --expect: the present tables" whatif --expect
is "... line by line" "holds       control/expect line 2: from ann@example.test to joe@far.example login ann -> 250|9" "$(grep -m1 ^holds out)|$(grep -c ^holds out)"

before=$(readlink tables/current)
person k-bob bob bob@example.test >directory/bob.ldif # he may send
build
is "a line is broken: nothing is published, exit code 1" "1 $before" "$code $(readlink tables/current)"
is "... which one, and what it would be, is said" 1 "$(said 'warning: control/expect line 7: from bob@example.test to ann@example.test login bob -> 554 5.7.1: but it would be 250 2.1.5 address (directory/ann.ldif: cn=k-ann) to ann@example.test')"
is "... and in the log" 1 "$(said "refused reason=expect kept=$before")"
is "... no generation is left half made" 0 "$(ls tables | grep -c build)"
build -f
is "-f is not about that" "1 $before" "$code $(readlink tables/current)"
exits 0 "the present tables still hold" whatif --expect
person k-new new new@example.test >directory/new.ldif
build
is "nobody has a uid by what was refused" "1 0" "$code $(grep -c k-new state/tables/uids)"
rm directory/new.ldif
sed -i 7d control/expect
build
is "the operator has changed his mind: published" 0 "$code"
is "... they are other tables" 1 "$(test "$(readlink tables/current)" != "$before" && echo 1)"
echo 'from joe@far.example to ann@example.test -> 250 to bob@example.test' >>control/expect
build
is "an edited control/expect counts even if no record has changed" "1 1" "$code $(said 'line 10: .*but it would be 250 2.1.5 address .* to ann@example.test')"
exits 1 "whatif --expect: 1" whatif --expect
is "... says the line" 1 "$(grep -c '^broken      control/expect line 10: .*: but it is 250' out)"
exits 0 "... as JSON" sh -c 'whatif --expect --json | python3 -c "import json, sys
print([json.loads(line)[\"what\"] for line in sys.stdin].count(\"broken\"))"'
is "... one object a line" 1 "$(cat out)"
exits 0 "the tables of before, whatif --at" sh -c "sed -i '\$d' control/expect; echo 'from bob@example.test to ann@example.test login bob -> 554' >>control/expect; whatif --expect --at $before"
rm control/expect

bad() { # LINE SENTENCE
  printf '# x\n\n%s\n' "$1" >control/expect
  build
  is "control/expect: $1" "100 1" "$code $(said "control/expect line 3: $2")"
}
bad 'from a@x.test to b@x.test' 'there is no -> ANSWER'
bad 'from a@x.test to b@x.test ->' 'there is no answer behind ->'
bad 'from a@x.test -> 250' 'there is no to ADDRESS'
bad 'to a@x.test -> 250' 'there is no from ADDRESS'
bad 'from a@x.test to b@x.test by me -> 250' 'unknown word: by'
bad 'from a@x.test to b@x.test port 26 -> 250' 'not 25, 587, 465, 10587 or 24: 26'
bad 'from a@x.test to b@x.test ip 1.2 -> 250' 'not an IP address: 1.2'
bad 'from a@x.test to <> -> 250' 'not an address: <>'
bad 'from a@x.test to b@x.test -> 250 25' 'neither a code, nor a status, nor the name of a rule: 25'
bad 'from a@x.test to b@x.test -> 250 550' 'there twice: code'
exits 100 "whatif: bad use" whatif --expect a@x.test
rm control/expect

# the limits on what vanishes
n=1; while [ $n -le 40 ]; do person "k-$n" "u$n" "u$n@example.test" "v$n@example.test"; echo; n=$((n + 1)); done >directory/many.ldif
build
before=$(readlink tables/current)
sed '/^mail: v/d' directory/many.ldif >less; mv directory/many.ldif many; mv less directory/many.ldif
build
is "addresses that vanish, with every mailbox there" "1 $before" "$code $(readlink tables/current)"
is "... say how many" 1 "$(said '40 of 83 addresses would vanish, more than control/maxvanishaddresses (10 percent) allows')"
is "... and in the log" 1 "$(said "refused reason=maxvanish kept=$before")"
echo 60 >control/maxvanishaddresses; build
is "control/maxvanishaddresses" 0 "$code"
cp many directory/many.ldif; build; rm control/maxvanishaddresses
before=$(readlink tables/current)
sed '/^mail: v[0-9]$/d; /^mail: v1[0-9]$/d' many >directory/many.ldif; build
is "20 addresses always may" 0 "$code"
cp many directory/many.ldif; build
rm directory/many.ldif; build
is "mailboxes" "1 2" "$code $(said 'would vanish, more than control/maxvanish')"
is "... in the log" 1 "$(said 'refused reason=maxvanish ')"
echo 98 >control/maxvanish; build
is "control/maxvanish holds for addresses too, unless they have a limit of their own" 0 "$code"
cp many directory/many.ldif; build; rm control/maxvanish directory/many.ldif; build -f
is "-f" 0 "$code"
done_testing
