#!/bin/sh
# tables-build: what decides who may send what, and where mail goes, becomes records (doc/tables.md): N-63, N-64, N-79 to N-83,
# N-98, N-104, L-16, P-01 to P-09, P-17, P-29, S-21, S-22, T1 to T5, T20. A control file that cannot be understood ends the
# build with file and line, and the tables stay.
. tests/lib.sh
for folder in addresses allowedsenders backends domains groups mailboxes profiles relayrules; do mkdir -p "control/$folder"; done
mkdir -p directory state/tables state/directory
ln -s "$root/ldapsync/profiles" profiles

person() { printf '\ndn: uid=%s,dc=x\nentryUUID: k-%s\nuid: %s\nmail: %s@a.test\n' "$1" "$1" "$1" "$1"; shift; for line; do printf '%s\n' "$line"; done; }
file() { path=$1; shift; : >"control/$path"; for line; do printf '%s\n' "$line" >>"control/$path"; done; }
table() { cdb -q "tables/current/$1.cdb" "$2" 2>/dev/null | tr '\0' '\n' | grep -v '^from=' | xargs; }
record() { table policy "$1"; }
build() { tables-build "$@" >out 2>&1; code=$?; }
said() { grep -c "$1" out; }
refuses() {
  what=$1 sentence=$2 path=$3; shift 3
  [ ! -e "control/$path" ] || cp "control/$path" kept
  file "$path" "$@"
  build
  is "$what: refused, the tables stay" "100 $before 1" "$code $(readlink tables/current) $(said "$sentence")"
  rm "control/$path"
  [ ! -e kept ] || mv kept "control/$path"
}

file domains/a.test
{ person ann; person bob; } >directory/people.ldif

# networks, block, bypass
file mynetworks '192.168.12.42 10.77.4.0/24' '# the office' '2001:db8::/32'
file block 'sender bad@spam.test' 'sender spam.test go away' 'sender .more.test'
file bypass 'ip 192.0.2.0/24' 'sender boss@b.test +av' 'recipient list.test'
build
is "N-98: our networks" "length=4/32 length=4/24 length=6/32|file=control/mynetworks line=1|file=control/mynetworks line=3" \
  "$(record networks:mynetworks)|$(record network:mynetworks:4/24:0a4d04)|$(record network:mynetworks:6/32:20010db8)"
is "N-64: block by address, domain, suffix" "file=control/block line=1 kind=address|file=control/block line=2 kind=domain text=go away|file=control/block line=3 kind=suffix" \
  "$(record block:bad@spam.test)|$(record block:spam.test)|$(record block:.more.test)"
is "N-63, T20: bypass by network, sender, recipient" "file=control/bypass line=1 av=no|file=control/bypass line=2 av=yes|file=control/bypass line=3 av=no" \
  "$(record network:bypass:4/24:c00002)|$(record bypass:sender:boss@b.test)|$(record bypass:recipient:list.test)"
before=$(readlink tables/current)
refuses "a network that is none" 'control/mynetworks line 2: not a network' mynetworks 10.0.0.0/8 10.0.0.0/40
refuses "a block that is none" 'control/block line 1: not "sender' block 'recipient a@b.test'
refuses "a bypass that is none" 'control/bypass line 2: not "ip NETWORK"' bypass 'ip 10.0.0.1' 'ip host.test'

# backends
hash='{CRYPT}$6$x$y'
hex=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
file backends/one 'domain: One.test' 'domain: two.test' 'network: 10.1.0.0/16' "fingerprint: $hex" 'login: One.test@relay' "password: $hash"
build
is "S-21, S-22: a backend, its domains" "domain=one.test domain=two.test login=one.test@relay file=control/backends/one" "$(record backend:one)"
is "... by network, fingerprint, login" "backend=one|backend=one|backend=one" "$(record network:backend:4/16:0a01)|$(record fingerprint:$hex)|$(record login:one.test@relay)"
is "... its password is in the table of auth-server only" "password=$hash 0" "$(table auth backend:one) $(grep -c CRYPT tables/current/policy.cdb)"
before=$(readlink tables/current)
refuses "T18: a password in the clear" 'control/backends/two line 3: a login needs a hashed password' backends/two 'domain: x.test' 'login: x' 'password: secret'
refuses "a network of two backends" 'control/backends/two line 2: it is that of one already' backends/two 'domain: x.test' 'network: 10.1.0.0/16'
refuses "a backend without a domain" 'control/backends/two: it has no domain' backends/two 'network: 10.2.0.0/16'
file backends/two 'domain: x.test' 'login: Ann' "password: $hash"; build
is "a backend's login is nobody else's, and that is reported" "backend=two 1" "$(record login:ann) $(said 'uid=ann,dc=x: its login ann is that of control/backends/two')"
rm control/backends/two

# allowed senders, sendas
file allowedsenders/ann@a.test 'limit: 2' 'News@b.test' 'c.test' 'd.test'
file sendas 'bob Info@a.test' 'bob b.test' 'ANN *' 'nobody *' 'groups'
build
is "L-16: allowed senders of a login" "file=control/allowedsenders/ann@a.test limit=2 address=news@b.test domain=c.test" "$(record allowed:ann@a.test)"
is "L-15: ... those beyond the limit are reported" 1 "$(said 'control/allowedsenders/ann@a.test: 1 senders are beyond the limit of 2')"
is "T5: who may send as whom" "file=control/sendas address=info@a.test domain=b.test|file=control/sendas any=yes|groups=yes file=control/sendas" "$(record sendas:k-bob)|$(record sendas:k-ann)|$(record 'sendas:*')"
is "... a login that nobody has is reported" 1 "$(said 'control/sendas: nobody logs in as nobody')"
before=$(readlink tables/current)
refuses "a grant of nothing" 'control/sendas line 2: not "LOGIN' sendas groups ann
refuses "an allowed sender that is none" 'control/allowedsenders/bob line 1: not an address or a domain' allowedsenders/bob 'a b'

# relay rules
file relayrules/10-default 'host: out.test'
file relayrules/20-sender 'type: sender' 'subject: a.test' 'host: s.test' 'login: me' 'password: pass' 'port: 587'
file relayrules/null 'type: sender' 'subject: <>' 'host: n.test'
file relayrules/21-sender 'type: sender' 'subject: Ann@A.test' 'host: s2.test'
file relayrules/30-recipient 'type: recipient' 'subject: a.test' 'host: r.test' 'tls: may'
file relayrules/31-recipient 'type: recipient' 'subject: .sub.test' 'host: r2.test'
file relayrules/40-archive 'type: bcc' 'host: piler1' 'tls: off'
build
is "S-24: a rule for the null sender" "rule=null file=control/relayrules/null type=sender subject=<> host=n.test port=25 tls=verify auth=no" "$(record 'relay:sender:<>')"
is "N-79: a rule by sender's domain" "rule=20-sender file=control/relayrules/20-sender type=sender subject=a.test host=s.test port=587 tls=verify auth=yes" "$(record relay:sender:a.test)"
is "N-82: ... by address" "host=s2.test" "$(record relay:sender:ann@a.test | grep -o 'host=[^ ]*')"
is "T3: ... the same subject as recipient" "host=r.test" "$(record relay:recipient:a.test | grep -o 'host=[^ ]*')"
is "T2: ... subdomains by a dot" "host=r2.test" "$(record relay:recipient:.sub.test | grep -o 'host=[^ ]*')"
is "N-80, N-104: the default rule, and that of copies" "subject=* host=out.test|subject=* host=piler1" "$(record relay:default | grep -o 'subject=. host=[^ ]*')|$(record relay:bcc | grep -o 'subject=. host=[^ ]*')"
is "T4: credentials belong to the rule, and to its hosts" "login=me password=pass host=s.test port=587" "$(table relay rule:20-sender)"
before=$(readlink tables/current)
refuses "T3: two rules of one type and subject" 'control/relayrules/22-sender line 2: control/relayrules/20-sender is the sender rule of a.test already' relayrules/22-sender 'type: sender' 'subject: A.TEST' 'host: x.test'
refuses "N-80: two default rules" 'control/relayrules/11: control/relayrules/10-default is the default rule already' relayrules/11 'host: x.test'
refuses "a sender rule of everybody" 'control/relayrules/22 line 2: the subject is ADDRESS' relayrules/22 'type: sender' 'subject: *' 'host: x.test'
refuses "a recipient rule of the null sender" 'control/relayrules/22 line 2: the subject is ADDRESS' relayrules/22 'type: recipient' 'subject: <>' 'host: x.test'
refuses "an unknown type" 'control/relayrules/22 line 1: type is default, sender' relayrules/22 'type: any' 'host: x.test'

# P-01 to P-09: the policy overlay
printf 'rfc2307\npolicy\n' >control/ldapprofile
policy() { person "$@" >state/directory/ldap.ldif; build; record "mailbox:k-$1" | grep -o 'receive=.*imap=[a-z]*'; }
is "P-09: no attribute permits" "receive=yes submit=yes imap=yes" "$(policy eve)"
is "P-08: tnMailSendAllowed: FALSE: may not send; P-05, P-11: logs in and receives" "receive=yes submit=no imap=yes" "$(policy eve 'tnMailSendAllowed: FALSE')"
is "... in any case" "receive=yes submit=no imap=yes" "$(policy eve 'TNMAILSENDALLOWED: false')"
is "... TRUE permits" "receive=yes submit=yes imap=yes" "$(policy eve 'tnMailSendAllowed: TRUE')"
is "P-07: tnAccountStatus: disabled" "receive=yes submit=no imap=yes" "$(policy eve 'tnAccountStatus: disabled')"
is "P-07: the names of labs" "receive=yes submit=no imap=yes|receive=yes submit=no imap=yes" "$(policy eve 'mailSendAllowed: FALSE')|$(policy eve 'mailAccountStatus: disabled')"
echo 'no-submit: hrState=gone' >control/profiles/policy
is "P-07: names and values are the site's" "receive=yes submit=no imap=yes|receive=yes submit=yes imap=yes" "$(policy eve 'hrState: gone')|$(policy eve 'tnMailSendAllowed: FALSE')"
rm control/profiles/policy
is "P-17: the mailbox stays as it was" "$(sed -n 's/^k-eve //p' state/tables/uids)" "$(policy eve 'tnMailSendAllowed: FALSE' >/dev/null; sed -n 's/^k-eve //p' state/tables/uids)"
rm control/ldapprofile
is "without the overlay the attribute says nothing" "receive=yes submit=yes imap=yes" "$(policy eve 'tnMailSendAllowed: FALSE')"
before=$(readlink tables/current)
refuses "an overlay that is not there" 'there is no profile policie' ldapprofile rfc2307 policie
echo 'no-submit: x' >control/profiles/policy
refuses "an overlay that cannot be understood" 'control/profiles/policy: no-submit: x is not ATTRIBUTE=VALUE' ldapprofile rfc2307 policy
rm control/profiles/policy state/directory/ldap.ldif

# P-29: system users; daemon has uid 1 everywhere
file domains/host.test 'addusers: yes'
home=$(sed -n 's/^daemon:[^:]*:1:[^:]*:[^:]*:\([^:]*\):.*/\1/p' /etc/passwd)
build
is "P-29: there are none unless control/systemusers says so" "" "$(record mailbox:passwd-daemon)"
echo 1 >control/minimumuid; echo 1 >control/systemusers; build
is "P-29: a user of /etc/passwd: uid and home" "name=daemon@host.test kind=user uid=1 path=$home/Maildir gid=1 receive=yes submit=yes imap=yes" "$(record mailbox:passwd-daemon)"
is "... his address and login" "kind=user mailbox=passwd-daemon|mailbox=passwd-daemon" "$(record address:daemon@host.test)|$(record login:daemon)"
is "... root is none, nor is nobody" "|" "$(record mailbox:passwd-root)|$(record mailbox:passwd-nobody)"
is "... and nothing is kept of them" 0 "$(grep -c passwd- state/tables/uids)"
person cat 'uidNumber: 1' >directory/cat.ldif; build
is "... a uid that a mailbox has is refused, with the name" " 1" "$(record mailbox:passwd-daemon) $(said '/etc/passwd: daemon: no mailbox: its uid 1 is that of mailbox a.test/cat')"
rm control/minimumuid directory/cat.ldif
before=$(readlink tables/current)
refuses "... a uid below control/minimumuid" 'control/systemusers is below control/minimumuid' systemusers 1
refuses "... neither yes nor a number" 'control/systemusers is yes, no or the smallest uid' systemusers maybe
done_testing
