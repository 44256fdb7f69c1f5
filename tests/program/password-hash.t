#!/bin/sh
# password-hash: two lines for userPassword, a hash and the keys for SCRAM-SHA-256; what is no password is refused.
. tests/lib.sh
hash() { printf '%s\n' "$1" | password-hash; }
hashes() { hash secret | cut -d'}' -f1 | tr '\n' ' '; }
is "yescrypt is the default" '{CRYPT}$y$j9T$' "$(hash secret | head -n 1 | cut -c1-14)"
is "each time with another salt" 4 "$({ hash secret; hash secret; } | sort -u | wc -l)"
echo bcrypt >control/passwordscheme
is "bcrypt" '{CRYPT}$2b$10$' "$(hash secret | head -n 1 | cut -c1-14)"
echo sha512 >control/passwordscheme
is "sha512" '{CRYPT}$6$rounds=' "$(hash secret | head -n 1 | cut -c1-17)"
echo argon2id >control/passwordscheme
is "argon2id" '{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$' "$(hash secret | head -n 1 | cut -c1-41)"
echo md5 >control/passwordscheme
exits 100 "another one" sh -c 'echo secret | password-hash'
rm control/passwordscheme
is "RFC 7677: beside it the keys for SCRAM-SHA-256" '{CRYPT {SCRAM-SHA-256 ' "$(hashes)"
is "... of 25000 iterations" '{SCRAM-SHA-256}25000' "$(hash secret | sed -n '2s/,.*//p')"
echo 4096 >control/scramiterations
is "... or of as many as control/scramiterations says" '{SCRAM-SHA-256}4096' "$(hash secret | sed -n '2s/,.*//p')"
echo 4095 >control/scramiterations
exits 100 "... but no fewer than 4096" sh -c 'echo secret | password-hash'
echo 0 >control/scramiterations
is "... and none if it says 0" '{CRYPT ' "$(hashes)"
rm control/scramiterations
is "a last line without an end is a password too" 1 "$(printf secret | password-hash | grep -c CRYPT)"
exits 100 "an empty one" sh -c 'echo | password-hash'
exits 100 "none" sh -c 'password-hash </dev/null'
exits 100 "a NUL inside" sh -c 'printf "a\0b\n" | password-hash'
exits 100 "512 bytes" sh -c 'head -c 512 /dev/zero | tr "\0" x | password-hash'
exits 0 "511 bytes" sh -c '{ head -c 511 /dev/zero | tr "\0" x; echo; } | password-hash'
exits 100 "bad use" password-hash secret
exits 111 "a full disk behind fd 1" sh -c 'echo x | password-hash >/dev/full'
done_testing
