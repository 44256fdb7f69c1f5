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
  cat >report2.py <<'END'
import os, socket
more = [int(fd) for fd in os.environ.get('SERVE_SOCKETS', '').split()]
print(*[socket.socket(fileno=fd).getsockname()[0] for fd in [0] + more])
END
  is "S-05: several addresses, of both families" "127.0.17.1 ::1 127.0.17.2" "$(tcp-bind "127.0.17.1 ::1
127.0.17.2" 2518 nobody /usr/bin/python3 report2.py 2>&1)"
  is "S-05: :: beside others is IPv6 alone" ":: 0.0.0.0" "$(tcp-bind ":: 0.0.0.0" 2518 nobody /usr/bin/python3 report2.py 2>&1)"
  is "no further sockets are not named" "none" "$(SERVE_SOCKETS=7 tcp-bind 127.0.17.1 0 nobody sh -c 'echo ${SERVE_SOCKETS-none}')"
  exits 111 "one address of two that is not there" tcp-bind "127.0.17.1 192.0.2.1" 2518 nobody true
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
exits 100 "no address" tcp-bind " " 25 nobody true
exits 100 "no program" tcp-bind 127.0.17.1 25 nobody
done_testing
