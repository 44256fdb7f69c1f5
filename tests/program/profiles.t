#!/bin/sh
# N-10: the profiles that are data only: qmail-ldap, laser, iredmail, postfix-book, freeipa (doc/profiles.md; requirements 2.5). For each
# a small LDIF in the words of its schema: addresses, forwards, quota, who may what, groups; in the tables, and by whatif.
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains control/addresses
ln -s "$root/ldapsync/profiles" profiles
echo mx.a.test >control/me
echo 'addgroups: yes' >control/domains/a.test

record() { cdb -q tables/current/policy.cdb "$1" 2>/dev/null | tr '\0' '\n' | grep -v '^from=' | xargs; }
person() { record "mailbox:k-$1" | tr ' ' '\n' | grep -Ev '^(name|kind|uid|path|gid)=' | xargs; }
bits() { person "$1" | tr ' ' '\n' | sed -n 's/^\(receive\|submit\|imap\)=//p' | xargs; }
field() { person "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | xargs; }
leads() { record "address:$1"; }
members() { record "group:k-$1" | tr ' ' '\n' | grep -E '^(mailbox|forward)=' | sort | xargs; }
to() { whatif ann@far.test "$1" | sed -n 's/^destination *//p' | sort | xargs; }
answer() { whatif "$@" | sed -n 's/^result *//p'; }
profile() { # NAME, and LDIF on fd 0
  rm -rf tables/* state/tables/*
  echo "$1" >control/ldapprofile
  cat >state/directory/ldap.ldif
  tables-build >out 2>&1
  is "$1: the tables are made" 0 $?
}

profile rfc2307 <<'X'
dn: uid=ann,ou=people,dc=a,dc=test
objectClass: inetOrgPerson
objectClass: posixAccount
entryUUID: k-ann
uid: ann
mail: ann@a.test
shadowExpire: -1

dn: uid=bob,ou=people,dc=a,dc=test
objectClass: inetOrgPerson
objectClass: posixAccount
entryUUID: k-bob
uid: bob
mail: bob@a.test
shadowExpire: 20000

dn: uid=cat,ou=people,dc=a,dc=test
objectClass: inetOrgPerson
objectClass: posixAccount
entryUUID: k-cat
uid: cat
mail: cat@a.test
pwdAccountLockedTime: 20200101000000Z

dn: uid=dan,ou=people,dc=a,dc=test
objectClass: inetOrgPerson
objectClass: posixAccount
entryUUID: k-dan
uid: dan
mail: dan@a.test
shadowExpire: 999999
X
is "... shadowExpire: never, long past, in the far future; a locked account" "yes yes yes|yes no no|yes yes yes|yes no no" "$(bits ann)|$(bits bob)|$(bits dan)|$(bits cat)"

profile qmail-ldap <<'X'
dn: uid=ann,ou=people,dc=a,dc=test
objectClass: qmailUser
entryUUID: k-ann
uid: ann
mail: ann@a.test
mailAlternateAddress: a@a.test
mailHost: store1.a.test
qmailUID: 11184
mailQuotaSize: 5000000
mailQuotaCount: 100
deliveryProgramPath: /usr/bin/procmail
accountStatus: active

dn: uid=bob,ou=people,dc=a,dc=test
objectClass: qmailUser
entryUUID: k-bob
uid: bob
mail: bob@a.test
qmailUID: 11184
mailQuota: 1000000S,100C
mailForwardingAddress: bob@far.test
mailForwardingAddress: bob@far2.test
accountStatus: noaccess

dn: uid=cat,ou=people,dc=a,dc=test
objectClass: qmailUser
entryUUID: k-cat
uid: cat
mail: cat@a.test
deliveryMode: NoLocal
deliveryMode: noprogram
mailForwardingAddress: cat@far.test
accountStatus: disabled

dn: uid=dan,ou=people,dc=a,dc=test
objectClass: qmailUser
entryUUID: k-dan
uid: dan
mail: dan@a.test
deliveryMode: noforward
mailForwardingAddress: dan@far.test
accountStatus: deleted

dn: uid=eve,ou=people,dc=a,dc=test
objectClass: qmailUser
entryUUID: k-eve
uid: eve
mail: eve@a.test
deliveryMode: nolocal
mailForwardingAddress: eve@far.test

dn: cn=team,ou=groups,dc=a,dc=test
objectClass: qmailUser
objectClass: qmailGroup
entryUUID: k-team
cn: team
mail: team@a.test
mailAlternateAddress: crew@a.test
mailMessageStore: /x
dnmember: UID=Ann, ou=people, dc=a, dc=test
rfc822member: out@far.test
filtermember: (ou=sales)

dn: cn=inner,ou=groups,dc=a,dc=test
objectClass: qmailGroup
entryUUID: k-inner
cn: inner
mail: inner@a.test
dnmember: uid=eve,ou=people,dc=a,dc=test
membersonly: TRUE
X
is "qmail-ldap: mail and mailAlternateAddress" "kind=address mailbox=k-ann|kind=address mailbox=k-ann" "$(leads ann@a.test)|$(leads a@a.test)"
is "... uid is the login" "mailbox=k-ann" "$(record login:ann)"
is "... mailQuotaSize in bytes, mailQuota in its own form" "5000000 1000000" "$(field ann quota) $(field bob quota)"
is "... a uid that all share is not theirs here" "200000 200001" "$(awk '{ print $2 }' state/tables/uids | head -n 2 | xargs)"
is "... active, noaccess, disabled, deleted; nothing is active" "yes yes yes|yes no no|no no no|no no no|yes yes yes" "$(bits ann)|$(bits bob)|$(bits cat)|$(bits dan)|$(bits eve)"
is "... forwards, with a copy" "bob@far.test bob@far2.test yes" "$(field bob forward) $(field bob keep)"
is "... nolocal: without one" "eve@far.test no" "$(field eve forward) $(field eve keep)"
is "... noforward: it is not followed" "dan@far.test no" "$(field dan forward) $(field dan forwarding)"
is "... so mail goes there" "bob@a.test bob@far.test bob@far2.test|eve@far.test" "$(to bob@a.test)|$(to eve@a.test)"
is "... what is deleted gets none, and stays" "refused k-dan" "$(answer ann@far.test dan@a.test) $(awk '$1 == "k-dan" { print $1 }' state/tables/uids)"
is "... a group by DN and address" "forward=out@far.test mailbox=k-ann|group=k-team group=k-team" "$(members team)|$(for n in team crew; do leads $n@a.test | grep -o 'group=[^ ]*'; done | xargs)"
is "... membersonly: not for outsiders" "refused accepted" "$(answer ann@far.test inner@a.test) $(answer eve@a.test inner@a.test --login eve)"

profile laser <<'X'
dn: uid=ann,ou=people,dc=a,dc=test
objectClass: inetLocalMailRecipient
entryUUID: k-ann
uid: ann
uidNumber: 31001
mail: ann@a.test
mailLocalAddress: ann@a.test
mailLocalAddress: Ann.Other@a.test
mailRoutingAddress: ann@a.test

dn: uid=bob,ou=people,dc=a,dc=test
objectClass: inetLocalMailRecipient
entryUUID: k-bob
uid: bob
mailLocalAddress: bob@a.test
mailHost: mx2.a.test
mailRoutingAddress: bob@elsewhere.test

dn: cn=postmaster,ou=aliases,dc=a,dc=test
objectClass: nisMailAlias
entryUUID: k-pm
cn: postmaster
rfc822MailMember: ann

dn: cn=all,ou=aliases,dc=a,dc=test
objectClass: nisMailAlias
entryUUID: k-all
cn: all
rfc822MailMember: postmaster
rfc822MailMember: out@far.test
rfc822MailMember: nobody
rfc822MailMember: group:all
X
is "laser: mail, and every mailLocalAddress" "kind=address mailbox=k-ann|kind=address mailbox=k-ann" "$(leads ann@a.test)|$(leads ann.other@a.test)"
is "... without mail the first of these is the primary one" "name=bob@a.test" "$(record mailbox:k-bob | grep -o 'name=[^ ]*')"
is "... mailRoutingAddress, if it is another address" "ann@a.test|bob@elsewhere.test" "$(to ann.other@a.test)|$(to bob@a.test)"
is "... uidNumber" "uid=31001" "$(record mailbox:k-ann | grep -o 'uid=[^ ]*')"
is "... an alias of a login, one of an alias and an address" "mailbox=k-ann|forward=out@far.test mailbox=k-ann" "$(members pm)|$(members all)"
is "... who is not there is said, with the DN" 2 "$(grep -c 'cn=all,.*member \(nobody\|group:all\) is passed over' out)"
is "... mail to it" "ann@a.test out@far.test" "$(to all@a.test)"

services='enabledService: mail
enabledService: deliver
enabledService: smtp
enabledService: imap
enabledService: forward'
profile iredmail <<X
dn: mail=ann@a.test,ou=Users,domainName=a.test,o=domains,dc=x
objectClass: mailUser
entryUUID: k-ann
uid: ann
mail: ann@a.test
shadowAddress: a@a.test
accountStatus: active
$services
mailQuota: 104857600
memberOfGroup: Team@a.test
expiredDate: 99990101000000Z

dn: mail=bob@a.test,ou=Users,domainName=a.test,o=domains,dc=x
objectClass: mailUser
entryUUID: k-bob
uid: bob
mail: bob@a.test
accountStatus: active
enabledService: mail
enabledService: deliver
enabledService: smtp
mailForwardingAddress: bob@far.test
mailQuota: 0

dn: mail=cat@a.test,ou=Users,domainName=a.test,o=domains,dc=x
objectClass: mailUser
entryUUID: k-cat
mail: cat@a.test
accountStatus: disabled
$services

dn: mail=dan@a.test,ou=Users,domainName=a.test,o=domains,dc=x
objectClass: mailUser
entryUUID: k-dan
mail: dan@a.test
accountStatus: active
$services
disabledService: imap
mailForwardingAddress: dan@a.test
mailForwardingAddress: dan@far.test

dn: mail=eve@a.test,ou=Users,domainName=a.test,o=domains,dc=x
objectClass: mailUser
entryUUID: k-eve
mail: eve@a.test
accountStatus: active
$services
expiredDate: 20200101000000Z

dn: mail=fay@a.test,ou=Users,domainName=a.test,o=domains,dc=x
objectClass: mailUser
entryUUID: k-fay
mail: fay@a.test
accountStatus: active
domainStatus: disabled
$services

dn: mail=out@far.test,ou=Externals,domainName=a.test,o=domains,dc=x
objectClass: mailExternalUser
entryUUID: k-out
mail: out@far.test
accountStatus: active
enabledService: mail
memberOfGroup: team@a.test

dn: mail=team@a.test,ou=Groups,domainName=a.test,o=domains,dc=x
objectClass: mailList
entryUUID: k-team
mail: team@a.test
accountStatus: active
accessPolicy: domain
enabledService: mail

dn: mail=info@a.test,ou=Aliases,domainName=a.test,o=domains,dc=x
objectClass: mailAlias
entryUUID: k-info
mail: info@a.test
shadowAddress: contact@a.test
accountStatus: active
mailForwardingAddress: ann@a.test
mailForwardingAddress: else@far.test

dn: mail=sales@a.test,ou=Aliases,domainName=a.test,o=domains,dc=x
objectClass: mailAlias
entryUUID: k-sales
mail: sales@a.test
accountStatus: active
memberOfGroup: info@a.test
mailForwardingAddress: bob@a.test

dn: mail=old@a.test,ou=Aliases,domainName=a.test,o=domains,dc=x
objectClass: mailAlias
entryUUID: k-old
mail: old@a.test
accountStatus: disabled
mailForwardingAddress: ann@a.test

dn: domainName=a.test,o=domains,dc=x
objectClass: mailDomain
entryUUID: k-domain
domainName: a.test
X
is "iredmail: mail and shadowAddress" "kind=address mailbox=k-ann|kind=address mailbox=k-ann" "$(leads ann@a.test)|$(leads a@a.test)"
is "... mail is the login; uid, which two domains may share, is none" "mailbox=k-ann|" "$(record login:ann@a.test)|$(record login:ann)"
is "... quota in bytes, 0 is none" "104857600 0" "$(field ann quota) $(field bob quota)"
is "... accountStatus, enabledService, disabledService, expiredDate, domainStatus" "yes yes yes|yes yes no|no no no|yes yes no|yes no no|no no no" \
  "$(bits ann)|$(bits bob)|$(bits cat)|$(bits dan)|$(bits eve)|$(bits fay)"
is "... forwards without the service are none; with it, and oneself among them, a copy stays" "bob@a.test|dan@a.test dan@far.test" "$(to bob@a.test)|$(to dan@a.test)"
is "... a list by those who name it, in any case, external ones too" "forward=out@far.test mailbox=k-ann" "$(members team)"
is "... accessPolicy: not for outsiders" "refused" "$(answer ann@far.test team@a.test)"
is "... an alias, and one that names it" "forward=else@far.test mailbox=k-ann mailbox=k-bob|mailbox=k-bob" "$(members info)|$(members sales)"
is "... by its shadowAddress" "ann@a.test bob@a.test else@far.test" "$(to contact@a.test)"
is "... one that is disabled has no address" "" "$(leads old@a.test)"

profile postfix-book <<'X'
dn: uniqueIdentifier=ann,ou=people,dc=x
objectClass: PostfixBookMailAccount
objectClass: PostfixBookMailForward
entryUUID: k-ann
uniqueIdentifier: ann
mail: ann@a.test
mailAlias: a@a.test
mailAlias: postmaster@a.test
mailGroupMember: team@a.test
mailUidNumber: 5000
mailQuota: 100M
mailEnabled: TRUE

dn: uniqueIdentifier=bob,ou=people,dc=x
objectClass: PostfixBookMailAccount
entryUUID: k-bob
uniqueIdentifier: bob
mail: bob@a.test
mailGroupMember: team@a.test
mailUidNumber: 5000
mailQuota: 2048
mailEnabled: FALSE

dn: uniqueIdentifier=cat,ou=people,dc=x
objectClass: PostfixBookMailAccount
entryUUID: k-cat
uniqueIdentifier: cat
mail: cat@a.test
mailForwardingAddress: cat@far.test
mailQuota: much

dn: cn=fwd,ou=people,dc=x
objectClass: PostfixBookMailForward
entryUUID: k-fwd
mail: ann@a.test
mailAlias: sales@a.test
mailForwardingAddress: sales@far.test
X
is "postfix-book: mail and mailAlias, of an account that is a forward, too" "kind=address mailbox=k-ann|kind=address mailbox=k-ann" "$(leads ann@a.test)|$(leads a@a.test)"
is "... uniqueIdentifier is the login" "mailbox=k-ann" "$(record login:ann)"
is "... mailQuota: 100M, or kilobytes" "104857600 2097152" "$(field ann quota) $(field bob quota)"
is "... what is no quota is said, with the DN" 1 "$(grep -c 'uniqueIdentifier=cat,.*its quota much is no number' out)"
is "... mailEnabled: only TRUE is" "yes yes yes|no no no|no no no" "$(bits ann)|$(bits bob)|$(bits cat)"
is "... a list by those who name it" "kind=address mailbox=k-ann mailbox=k-bob" "$(leads team@a.test)"
rm profiles && cp -r "$root/ldapsync/profiles" profiles
for name in qmail-ldap laser postfix-book freeipa; do
  is "N-27: $name: who is locked out of IMAP is out of POP3 and Sieve by lines of their own, which no overlay takes away" "$(sed -n 's/^no-imap//p' "profiles/$name" | sort)" "$(sed -n 's/^no-pop3//p' "profiles/$name" | sort)"
done
echo 'no-pop3: employeeType=student' >profiles/more
printf 'postfix-book\nmore\n' >control/ldapprofile
tables-build >out 2>&1
is "... behind an overlay with a rule for POP3 of its own, too" "no no|" "$(field bob pop3) $(field bob sieve)|$(field ann pop3)"
is "... a forward of its own: mailAlias to mail, and to mailForwardingAddress" "ann@a.test sales@far.test" "$(to sales@a.test)"

profile freeipa <<'X'
dn: uid=ann,cn=users,cn=accounts,dc=x
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: mailReceiverEntity
ipaUniqueID: k-ann
uid: ann
uidNumber: 31001
primaryMail: ann@a.test
mail: ann@a.test
alias: a@a.test
sendAlias: news@a.test
sendAlias: ann@far.test
mailboxQuota: *:storage=1024M
canSendExternally: TRUE
canReceiveExternally: TRUE
nsAccountLock: FALSE

dn: uid=bob,cn=users,cn=accounts,dc=x
objectClass: inetOrgPerson
objectClass: posixAccount
ipaUniqueID: k-bob
uid: bob
uidNumber: 31002
mail: bob@a.test
nsAccountLock: TRUE

dn: uid=cat,cn=users,cn=accounts,dc=x
objectClass: inetOrgPerson
objectClass: posixAccount
nsUniqueId: k-cat
uid: cat
uidNumber: 31003
mail: cat@a.test
mailboxQuota: 512
canSendExternally: FALSE
canReceiveExternally: FALSE

dn: uid=dan,cn=users,cn=accounts,dc=x
objectClass: inetOrgPerson
objectClass: posixAccount
ipaUniqueID: k-dan
uid: dan
uidNumber: 31004
mail: dan@a.test
krbPrincipalExpiration: 20200101000000Z

dn: cn=team,cn=groups,cn=accounts,dc=x
objectClass: ipaUserGroup
objectClass: mailenabledGroup
ipaUniqueID: k-team
cn: team
alias: crew@a.test
member: uid=ann,cn=users,cn=accounts,dc=x
member: cn=inner,cn=groups,cn=accounts,dc=x

dn: cn=inner,cn=groups,cn=accounts,dc=x
objectClass: ipaUserGroup
ipaUniqueID: k-inner
cn: inner
member: uid=dan,cn=users,cn=accounts,dc=x
X
is "freeipa: primaryMail, mail, alias" "kind=address mailbox=k-ann|kind=address mailbox=k-ann|kind=address mailbox=k-bob" "$(leads ann@a.test)|$(leads a@a.test)|$(leads bob@a.test)"
is "... ipaUniqueID or nsUniqueId is the key; uid; uidNumber" "mailbox=k-cat uid=31003" "$(record login:cat) $(record mailbox:k-cat | grep -o ' uid=[^ ]*' | xargs)"
is "... a rule of Dovecot, or megabytes" "1073741824 536870912" "$(field ann quota) $(field cat quota)"
is "... nsAccountLock, canSendExternally, krbPrincipalExpiration" "yes yes yes|no no no|yes no yes|yes no no" "$(bits ann)|$(bits bob)|$(bits cat)|$(bits dan)"
is "... sendAlias: she may send as that, and gets no mail there" "accepted accepted refused refused" \
  "$(answer news@a.test out@far.test --login ann) $(answer ann@far.test out@far.test --login ann) $(answer bob@a.test out@far.test --login ann) $(answer x@far.test news@a.test)"
is "... canReceiveExternally FALSE: not for outsiders" "refused accepted accepted" \
  "$(answer x@far.test cat@a.test) $(answer ann@a.test cat@a.test --login ann) $(answer x@far.test ann@a.test)"
is "... groups, nested, by cn and alias" "mailbox=k-ann mailbox=k-dan|group=k-team group=k-team" "$(members team)|$(for n in team crew; do leads $n@a.test | grep -o 'group=[^ ]*'; done | xargs)"
echo 'ann info@a.test' >control/sendas
tables-build >out 2>&1
is "control/sendas and the directory both grant" "address=info@a.test address=news@a.test address=ann@far.test" "$(record sendas:k-ann | sed 's/^file=[^ ]* //')"

for name in qmail-ldap laser iredmail postfix-book freeipa; do
  is "$name: each attribute that it reads is in doc/profiles.md" "" "$(grep -v '^#' "profiles/$name" | grep -v filter | grep -v objectClass | sed 's/^[a-z0-9-]*: *\([A-Za-z0-9-]*\).*/\1/' | sort -u |
    while read -r a; do grep -q "\`$a\b" "$root/doc/profiles.md" || echo "$a"; done)"
done
done_testing
