#!/bin/sh
# tcp-bind: the program that is executed finds the listening socket on fd 0, and is no longer root.
. tests/lib.sh

cat >report.py <<'END'
import os, socket, sys
s = socket.socket(fileno=0)
print(os.getuid(), os.getgid(), os.getgroups(), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), s.getsockname()[0])
END
chmod 755 "$MAILHOME"
run() { tcp-bind "$@" /usr/bin/python3 report.py 2>&1; }

if [ "$(id -u)" = 0 ]; then
  uid=$(id -u nobody) gid=$(id -g nobody)
  is "an IPv4 address" "$uid $gid [$gid] 1 127.0.17.1" "$(run 127.0.17.1 0 nobody)"
  is ":: takes IPv6 and IPv4, or IPv4 alone where there is no IPv6" "$uid $gid [$gid] 1" "$(run :: 0 nobody | sed 's/ [0:.]*$//')"
  is "the program learns on which descriptor s6 waits" "3" "$(tcp-bind -d 3 127.0.17.1 0 nobody sh -c 'echo $READY_FD' 3>&1)"
  is "what was open besides is closed" "0 1 2 3" "$(tcp-bind -d 3 127.0.17.1 0 nobody sh -c 'for n in 0 1 2 3 4 7 9; do [ ! -e /proc/$$/fd/$n ] || echo $n; done' 3>&1 7</etc/passwd 9<.| xargs)"
  /usr/bin/python3 -c 'import socket,time; s=socket.socket(); s.bind(("127.0.17.1",2517)); s.listen(); print(1,flush=True); time.sleep(60)' >taken &
  taken=$!
  while [ ! -s taken ]; do sleep 0.05; done
  exits 111 "a port that is taken may become free" tcp-bind 127.0.17.1 2517 nobody true
  is "and says which" "tcp-bind: fatal: unable to listen on 127.0.17.1 port 2517: Address already in use" "$(cat out)"
  kill $taken
  exits 100 "a user that does not exist" tcp-bind 127.0.17.1 0 nobody-here true
  exits 111 "a program that does not exist" tcp-bind 127.0.17.1 0 nobody ./nothing
fi
exits 100 "a name is no address" tcp-bind localhost 25 nobody true
exits 100 "a port above 65535" tcp-bind 127.0.17.1 65536 nobody true
exits 100 "no program" tcp-bind 127.0.17.1 25 nobody
done_testing
