#!/bin/sh
# mailadm import: the users and maps of Postfix and Dovecot become domains, accounts and addresses: all of a file, or nothing of it
# (W-10, W-11, W-12, T18).
. tests/lib.sh
mkdir -p directory state/tables state/directory control/domains bin other
ln -s "$root/ldapsync/profiles" profiles
ln -s "$(command -v tables-build)" bin/tables-build
echo mx.example.test >control/me
field() { cdb -q "$MAILHOME/tables/current/$1.cdb" "$2" 2>/dev/null | tr '\0' '\n' | sed -n "s/^$3=//p"; }
stored() { field auth "mailbox:$(field policy "login:$1" mailbox)" password; }
cd other || exit 111

printf '# ours\nexample.test OK\nSecond.test\tOK\n' >vdomains
exits 0 "W-12: the domains" mailadm import domains vdomains
is "... are ours" "example.test second.test 2 taken over, 0 were there already" "$(mailadm list domains | xargs) $(tail -n 1 out)"
exits 0 "... once" mailadm import domains vdomains
is "... says so" "0 taken over, 2 were there already" "$(tail -n 1 out)"

crypt='$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/'
cat >users <<X
# email:{SCHEME}password:uid:gid:gecos:home:shell:extra
test@example.test:{PLAIN}illegall:mail:mail::/var/mail/vhosts/example.test/test::
hash@example.test:{SHA512-CRYPT}$crypt:5000:5000::/var/mail::userdb_quota_rule=*:storage=2G userdb_x=y
bare@example.test:$crypt::::::
none@example.test:::::::
test@second.test:{CLEARTEXT}two:mail:mail::/::
X
exits 0 "W-10, W-11: the users file, uid and gid by name" mailadm import users users
is "... all of them" "5 taken over, 0 were there already" "$(tail -n 1 out)"
is "... are there" "bare@example.test hash@example.test none@example.test test@example.test test@second.test" "$(mailadm list accounts | xargs)"
is "T18: a password in the clear is hashed at once, with keys for SCRAM" '{CRYPT}$y$ {SCRAM-SHA-256}' "$(stored test | cut -c1-15 | sed 's/\(.CRYPT.\$y\$\).*/\1/' | xargs)"
is "... and is nowhere" 0 "$(cat ../directory/* ../tables/current/* | grep -c illegall)"
is "a hash stays a hash" "{SHA512-CRYPT}$crypt" "$(stored hash)"
is "... one without a scheme is CRYPT" "{CRYPT}$crypt" "$(stored bare)"
is "who has none cannot log in" "" "$(stored none)"
is "the quota comes along" 2147483648 "$(field policy "mailbox:$(field policy login:hash mailbox)" quota)"
is "each has a uid of his own" "200000 200001 200002 200003 200004" "$(cut -d' ' -f2 ../state/tables/uids | xargs)"
is "of two of a name the first has the short login" test@example.test "$(field policy "mailbox:$(field policy login:test mailbox)" name)"
exits 0 "again" mailadm import users users
is "... changes nothing" "0 taken over, 5 were there already" "$(tail -n 1 out)"
cat >bad <<X
good@example.test:{PLAIN}x:::::
x@nowhere.test:{PLAIN}x:::::
y@example.test:{MD5-HASH}x:::::
z@example.test:{PLAIN}:::::
plainname:{PLAIN}x:::::
w@example.test:word:::::
X
exits 100 "what cannot be taken over" mailadm import users bad
is "... is named, line by line" 'bad line 2: the domain nowhere.test is not ours: mailadm add domain nowhere.test
bad line 3: its password is of a scheme that cannot be checked here
bad line 4: its password is empty
bad line 5: not an address like user@example.org
bad line 6: its password is of a scheme that cannot be checked here
nothing was taken over: mend these lines, or pass them over with --skip' "$(sed 's/^mailadm: [a-z]*: //' out)"
is "... and nothing is written" 0 "$(ls ../directory | grep -c good)"
exits 0 "--skip" mailadm import users bad --skip
is "... takes the rest" "1 taken over, 0 were there already, 5 lines passed over 1" "$(tail -n 1 out) $(ls ../directory | grep -c good)"

printf 'test@example.test\texample.test/test/\nbox@example.test\tx/\n' >vmailbox
exits 0 "W-12: the mailbox map" mailadm import mailboxes vmailbox
is "... who is new can be given a password" "1 taken over, 1 were there already" "$(tail -n 1 out)"

cat >virtual <<X
third.test   anything
info@example.test test@example.test,
    hash@example.test far@else.test
@second.test test@second.test
sales@third.test hash
X
exits 0 "a virtual alias map" mailadm import virtual virtual
is "... a continued line" "info@example.test address test@example.test hash@example.test far@else.test" "$(mailadm list aliases | grep info)"
is "... a domain" 1 "$(mailadm list domains | grep -c third.test)"
is "... a catchall" "test@second.test" "$(field policy domain:second.test catchall)"
is "... a login" "sales@third.test address hash@example.test" "$(mailadm list aliases | grep sales)"
printf 'a@example.test @other.test\nlocal x\n@second.test a@x.test b@x.test\nb@example.test\n' >bad
exits 100 "what no address of ours can do" mailadm import virtual bad
is "... is named" 4 "$(grep -c 'bad line [1-4]:' out)"

cat >aliases <<'X'
# See man 5 aliases
postmaster:    root
root:	test,
  hash@example.test
Lists: "|/usr/bin/list", test
file: /var/mail/x
more: :include:/etc/more
X
exits 100 "/etc/aliases: commands, files and includes" mailadm import aliases aliases example.test
is "... are named, by their lines" "aliases line 5: leads to a command|aliases line 6: leads to a file|aliases line 7: includes another file" "$(grep -o 'aliases line [0-9]*: [a-z ]*' out | paste -sd'|')"
exits 0 "... the rest" mailadm import aliases aliases example.test --skip
is "... one leads to another" "postmaster@example.test address root@example.test|root@example.test address test@example.test hash@example.test" "$(mailadm list aliases | grep -E '^(postmaster|root)' | paste -sd'|')"
is "... which works" "test@example.test hash@example.test" "$(whatif x@far.test postmaster@example.test | sed -n 's/^destination //p' | xargs)"
exits 100 "... without a domain" mailadm import aliases aliases

printf 'root:x:0:0::/root:/bin/sh\ndaemon:x:1001:1::/:/usr/sbin/nologin\nkim:x:1002:1002:Kim,,,:/home/kim:/bin/bash\nlee:x:1003:1003::/home/lee:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >passwd
printf 'root:*:1::::::\nkim:%s:19000:0:99999:7:::\nlee:!:1::::::\n' "$crypt" >shadow
exits 0 "/etc/passwd, with its shadow" mailadm import passwd passwd example.test shadow
is "... people, with their uid and hash" "2 taken over, 0 were there already 1002 {CRYPT}$crypt" "$(tail -n 1 out) $(field policy "mailbox:$(field policy login:kim mailbox)" uid) $(stored kim)"
is "... no service, nobody else" "kim@example.test lee@example.test" "$(mailadm list accounts | grep -E '^(root|daemon|nobody|kim|lee)' | xargs)"
exits 100 "another kind" mailadm import sendmail x
exits 111 "a file that is not there" mailadm import users nosuch
exits 100 "bad use" mailadm import users
exits 100 "bad use: --skip of what is no import" mailadm delete account kim --skip
done_testing
