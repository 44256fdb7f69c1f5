#!/bin/sh
# service/first: the first questions: the host's name (N-11), the mail domain (N-12), the user domain, each of whose users gets an address
# (N-10, N-13). With a directory server: tests/flow/ldap-table.t.
. tests/lib.sh
mkdir -p directory state/tables state/directory bin
ln -s "$root/ldapsync/profiles" profiles
for name in tables-build ldapsync ldap-fetch mailadm; do ln -s "$(command -v $name)" bin/; done
first() { (cd "$root" && printf '%s\n' "$@" | service/first "$MAILHOME"); }
address() { cdb -q tables/current/policy.cdb "address:$1" 2>/dev/null | tr '\0' '\n' | grep -E '^(kind|mailbox|group)=' | xargs; }
echo old.example.test >control/me
printf 'dn: uid=ann\nentryUUID: k-ann\nuid: ann\n\ndn: cn=team\nobjectClass: groupOfNames\nentryUUID: g-team\ncn: team\nmember: uid=ann\n' >directory/ann.ldif
before=$(ls -R control | cksum)

refused() { sentence=$1; shift; first "$@" >out 2>&1; is "refused: $sentence" "100 1 $before" "$? $(grep -c "$sentence; nothing was written" out) $(ls -R control | cksum)"; }
refused 'host is no full host name' host
refused 'nodot is no domain with a dot' mx.school.test nodot
refused 'there is no profile x: see doc/profiles.md' mx.school.test '' x
refused 'there is no profile ../x: see doc/profiles.md' mx.school.test '' ../x
refused 'maybe is neither yes nor no' mx.school.test '' '' maybe
refused 'a directory has a server' mx.school.test '' ad ''
refused 'cn=me needs a password' mx.school.test '' ad dc1.school.test '' cn=me ''
refused '/dev/null has no certificate' mx.school.test '' ad dc1.school.test '' '' /dev/null

exits 0 "the answers that are offered" first mx.school.test '' '' '' ''
is "N-11: the name" mx.school.test "$(cat control/me)"
is "N-12: the domain behind it is the mail domain" "school.test" "$(mailadm list domains)"
is "N-13: every user has an address in it" "kind=user mailbox=k-ann" "$(address ann@school.test)"
is "... groups have none" "" "$(address team@school.test)"
exits 0 "another domain, groups too" first '' Other.test files yes yes
is "... the name is offered, and stays" "mx.school.test kind=user mailbox=k-ann kind=group group=g-team" "$(cat control/me) $(address ann@other.test) $(address team@other.test)"
exits 0 "a domain that is there" first '' other.test files no no
is "... stays as it is" "1 kind=user mailbox=k-ann" "$(grep -c 'control/domains/other.test is there, and stays' out) $(address ann@other.test)"

# a directory server that does not answer: it is written, and said
first '' third.test rfc2307 '127.0.14.5:1, ldap2.school.test' 'ou=people,dc=x' cn=me geheim '' yes no >out 2>&1
is "N-10: a directory server that is not there: it is written, and the next pass reads it" "111 1" "$? $(grep -c 'then run .*/bin/ldapsync' out)"
is "... its control files" "rfc2307 127.0.14.5:1 ldap2.school.test ou=people,dc=x cn=me geheim" "$(cd control && cat ldapprofile ldapserver ldapbasedn ldaplogin ldappassword | xargs)"
is "... the password is for its owner alone, and not said" "400 0" "$(stat -c %a control/ldappassword) $(grep -c geheim out)"
before=$(ls -R control | cksum)
refused 'ldapserver is there: the users are in 127.0.14.5:1 already' '' fourth.test ad

# the certificate bears the name
mkdir tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=real.example.test -days 2 -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mx.real.test -keyout tls/key.pem -out csr 2>/dev/null
openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out tls/cert.pem 2>/dev/null
first mx.school.test fifth.test files yes no >out 2>&1
is "a certificate that somebody has signed stays, and that it is for another name is said" "1 CN=mx.real.test" \
  "$(grep -c 'cert.pem is for another name than mx.school.test' out) $(openssl x509 -in tls/cert.pem -noout -subject -nameopt RFC2253 | sed 's/subject=//')"
done_testing
