#!/bin/sh
# ldapsync, ldap-fetch: without a usable configuration nothing is changed, and what is wrong is named. With a real
# directory server: tests/flow/directory.t.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" "$(command -v ldap-fetch)" bin/
echo old >state/directory/ldap.ldif
stays() { # what, exit code, sentence
  exits "$2" "$1" ldapsync
  is "... and says so" 1 "$(grep -c "$3" out)"
}
stays "no server" 100 'control/ldapserver is missing'
echo 'http://127.0.14.1/' >control/ldapserver; stays "no LDAP URI" 100 'control/ldapserver: not host, host:port or a URI: http://'
echo '127.0.14.1:1' >control/ldapserver; stays "no base" 100 'control/ldapbasedn is missing'
echo 'dc=x' >control/ldapbasedn
echo 'cn=me' >control/ldaplogin; stays "a login without a password" 111 'control/ldappassword: No such file'
echo secret >control/ldappassword; chmod 644 control/ldappassword; stays "a password that others may read" 100 'mode 0400'
chmod 400 control/ldappassword; stays "no server answers" 111 'no directory server can be reached: ldap://127.0.14.1:1'
printf '127.0.14.1:1\nldaps://127.0.14.1:2\n' >control/ldapserver; stays "nor the next one" 111 'ldap://127.0.14.1:1.*; ldaps://127.0.14.1:2'
echo tls >control/ldaptls; stays "a word that is none" 100 'control/ldaptls is starttls, ldaps or off, not tls'
rm control/ldaptls
echo x >control/ldaptimeout; stays "a number that is none" 100 'control/ldaptimeout line 1'
rm control/ldaptimeout
echo ../x >control/ldapprofile; stays "a profile from elsewhere" 100 'is no file name'
mkdir control/profiles; printf 'primary: mail\nfiltre: x\n' >control/profiles/own; echo own >control/ldapprofile
stays "a profile of the site with an unknown key" 100 'control/profiles/own line 2: unknown key "filtre"'
is "after all that the records are as they were, and there are no tables" "old " "$(cat state/directory/ldap.ldif) $(ls tables)"
exits 100 "bad use" ldapsync -x
exits 100 "bad use" ldap-fetch x
done_testing
