#!/bin/sh
# mailadm list quotas: how much of its quota each mailbox has used (N-93), by the maildirsize that delivery and IMAP keep; whatever a
# user has put there instead. While mail comes and goes: tests/flow/quota.t.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/mailboxes bin
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.a.test >control/me; : >control/domains/a.test
for name in ann bob cat dan eve fay; do printf 'dn: uid=%s\nentryUUID: k-%s\nuid: %s\nmail: %s@a.test\n' $name $name $name $name >"directory/$name.ldif"; mkdir -p mail/a.test/$name; done
echo 'mailQuota: 1000' >>directory/ann.ldif; echo 'mailQuota: 2000' >>directory/bob.ldif; echo 'mailQuota: 0' >>directory/dan.ldif
echo 'quota: 500' >control/mailboxes/office
tables-build 2>/dev/null
printf '1000S\n900 3\n-650 -1\n' >mail/a.test/ann/maildirsize
printf '1000S\n900 3\n' >mail/a.test/bob/maildirsize
mkdir -p mail/public/office; printf '500S\n505 9\n' >mail/public/office/maildirsize
exits 0 "list quotas" mailadm list quotas
is "... bytes used, of how many; who has none is not there; what is of another quota is not believed" 'ann@a.test 250 1000 25%
bob@a.test - 2000 -
public:office 505 500 101%' "$(cat out)"
is "... as JSON" '{"account":"ann@a.test","quota":1000,"used":250,"messages":2,"percent":25}
{"account":"bob@a.test","quota":2000}
{"account":"public:office","quota":500,"used":505,"messages":9,"percent":101}' "$(mailadm list quotas --json)"
echo 100K >control/defaultquotasize
printf '102400S\n1 1\n' >mail/a.test/cat/maildirsize
ln -s /etc/passwd mail/a.test/eve/maildirsize; mkfifo mail/a.test/fay/maildirsize
exits 0 "control/defaultquotasize; a link and a pipe instead of the file" timeout 300 mailadm list quotas
is "... are not followed; 0 is no limit" 'cat@a.test 1 102400 0%|eve@a.test - 102400 -|fay@a.test - 102400 -' "$(grep -E '^(cat|dan|eve|fay)' out | paste -sd'|')"
rm mail/a.test/fay/maildirsize; head -c 2000000 /dev/zero >mail/a.test/fay/maildirsize
exits 0 "a file without end" mailadm list quotas
is "... is not read" 'fay@a.test - 102400 -' "$(grep fay out)"
done_testing
