#!/bin/sh
# mailadm import ldap-table: ldap_table(5) files of Postfix become a profile and control files, and what could not be carried over is
# said (requirements 2.5 item 4). The words of each: tests/unit/admin_ldaptable.c. With slapd: tests/flow/ldap-table.t.
. tests/lib.sh
mkdir -p directory state/tables state/directory bin other
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.a.test >control/me
cd other || exit 111
table() { printf 'server_host = ldap.example.test\nstart_tls = yes\ntls_require_cert = yes\ntls_ca_cert_file = %s\nbind_dn = cn=reader,dc=x\nbind_pw = geheim\nsearch_base = dc=x\n' "$PWD/ca.pem"; printf '%s\n' "$@"; }
echo CERTIFICATE >ca.pem
table 'query_filter = (&(objectClass=mailUser)(|(mail=%s)(shadowAddress=%s)))' 'result_attribute = mail' >users.cf
table 'query_filter = (&(objectClass=list)(mail=%s))' 'special_result_attribute = member' 'leaf_result_attribute = mail' 'result_attribute =' >groups.cf
table 'query_filter = (&(mail=%s)(tnMailSendAllowed=FALSE))' 'result_attribute = mail' 'result_format = REJECT' >x.cf

exits 0 "all of it can be carried over" mailadm import ldap-table users.cf groups.cf check_sender_access=x.cf --print
is "... printed, and nothing written" 0 "$(ls ../control | grep -c -e ldap -e profiles)"
is "... without the password" "0 1" "$(grep -c geheim out) $(grep -c '^(the password)' out)"
sed 's,^server_host.*,server_host = ldap://ldap.example.test:389/,; $a bind = yes' groups.cf >same.cf
exits 0 "the same server, written otherwise" mailadm import ldap-table users.cf virtual_alias_maps=same.cf --print
sed 's,^server_host.*,server_host = other.example.test,' groups.cf >same.cf
exits 1 "another server" mailadm import ldap-table users.cf virtual_alias_maps=same.cf --print
is "... is said" 1 "$(grep -c 'same.cf: its server or login is another' out)"
rm same.cf
exits 0 "... written" mailadm import ldap-table users.cf groups.cf check_sender_access=x.cf
is "... the profile" 'filter: (&(objectClass=mailUser)(|(mail=*)(shadowAddress=*)))
group-filter: (&(objectClass=list)(mail=*))
key: entryUUID
primary: mail
alias: shadowAddress
group: objectClass=list
group-address: mail
group-member: member
no-submit: tnMailSendAllowed=FALSE
login: uid
password: userPassword' "$(grep -v '^#' ../control/profiles/imported)"
is "... its files are named in it" 1 "$(grep -c '^# .*users.cf groups.cf x.cf' ../control/profiles/imported)"
is "... and the control files" "imported ldap.example.test starttls cn=reader,dc=x dc=x geheim CERTIFICATE" \
  "$(cd ../control && cat ldapprofile ldapserver ldaptls ldaplogin ldapbasedn ldappassword ldapca.pem | xargs)"
is "... the password is for its owner alone" 400 "$(stat -c %a ../control/ldappassword)"
is "... and not said" 0 "$(grep -c geheim out)"
printf 'dn: uid=ann,dc=x\nobjectClass: mailUser\nentryUUID: k-ann\nuid: ann\nmail: ann@a.test\nshadowAddress: a@a.test\ntnMailSendAllowed: FALSE\n\ndn: cn=t,dc=x\nobjectClass: list\nentryUUID: k-t\nmail: t@a.test\nmember: uid=ann,dc=x\n' >../state/directory/ldap.ldif
mailadm add domain a.test 2>/dev/null
is "... tables can be made by it" "ann@a.test|refused|mailbox=k-ann" \
  "$(whatif x@far.test a@a.test | sed -n 's/^destination *//p')|$(whatif ann@a.test x@far.test --login ann | sed -n 's/^result *//p')|$(cdb -q ../tables/current/policy.cdb group:k-t | tr '\0' '\n' | grep mailbox)"

before=$(cat ../control/ldap* ../control/profiles/* | cksum)
exits 100 "what is there is not written over" mailadm import ldap-table users.cf
is "... is said, and nothing is changed" "1 $before" "$(grep -c 'control/profiles/imported is there already' out) $(cat ../control/ldap* ../control/profiles/* | cksum)"
rm -r ../control/profiles ../control/ldap*

table 'scope = one' 'query_filter = (mail=%s)' 'result_attribute = maildir' >users.cf
rm ca.pem
exits 1 "what cannot be carried over is another ending" mailadm import ldap-table users.cf
is "... and each is said, with the file" "users.cf: maildir says where|users.cf: scope = one|users.cf: tls_ca_cert_file" "$(grep -o 'users.cf: \(maildir says where\|scope = one\|tls_ca_cert_file\)' out | paste -sd'|')"
is "... the rest is written" "imported 0" "$(cat ../control/ldapprofile) $(ls ../control | grep -c ldapca)"
rm -r ../control/profiles ../control/ldap*
echo 'query_filter = (mail=%s' >bad.cf
exits 100 "half a filter" mailadm import ldap-table bad.cf
is "... is named" 1 "$(grep -c 'bad.cf: query_filter: a term is not (ATTRIBUTE=VALUE)' out)"
mv users.cf what.cf
exits 100 "a file whose role nobody knows" mailadm import ldap-table what.cf
is "... is asked about" 1 "$(grep -c 'what.cf: what is it for? Say it as main.cf does: virtual_alias_maps=what.cf' out)"
is "... and nothing is written" 0 "$(ls ../control | grep -c ldap)"
exits 111 "a file that is not there" mailadm import ldap-table nosuch.cf
exits 100 "bad use: no file" mailadm import ldap-table
exits 100 "bad use: --print of something else" mailadm import users what.cf --print
done_testing
