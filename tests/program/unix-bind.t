#!/bin/sh
# unix-bind: a client of the socket finds the old one or the new one, never none; what is not a socket is left alone.
. tests/lib.sh

cat >ask.py <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
END
cat >serve.py <<'END'
import os, socket, time
s = socket.socket(fileno=0)
print(os.getuid(), flush=True)
s.accept()
END
chmod 755 "$MAILHOME"
user=$(id -un)
wait_for() { while [ ! -s "$1" ]; do sleep 0.02; done; }

if [ "$(id -u)" = 0 ]; then
  unix-bind run/x 0666 "$user" /usr/bin/python3 serve.py >first &
  first=$!
  wait_for first
  is "the mode is as asked, whatever the umask" "srw-rw-rw-" "$(stat -c %A run/x)"
  before=$(stat -c %i run/x)
  unix-bind run/x 0666 "$user" /usr/bin/python3 serve.py >second &
  wait_for second
  is "a second one takes the name over" "no" "$([ "$before" = "$(stat -c %i run/x)" ] && echo yes || echo no)"
  ok "which answers" /usr/bin/python3 ask.py run/x
  is "nothing else is left in the folder" "x" "$(ls run)"
  is "it runs as the user" "$(id -u nobody)" "$(unix-bind run/y 0600 nobody id -u)"
  python3 -c 'import os, sys; os.execvp("unix-bind", ["unix-bind", "-s", "run/z", "0660", "nobody", "/usr/bin/python3", "-c", "import socket; s = socket.socket(fileno=0); print(s.type == socket.SOCK_STREAM)"])' >said
  is "-s makes a stream" "True" "$(cat said)"
  is "... of the user's group" "root $(id -gn nobody) srw-rw----" "$(stat -c '%U %G %A' run/z)"
  echo mail >run/file
  exits 100 "a file that is no socket is not replaced" unix-bind run/file 0666 nobody true
  is "it is still there" "mail" "$(cat run/file)"
  kill $first
fi
exits 100 "a mode that is none" unix-bind run/x 999 nobody true
exits 100 "a path too long for a socket" unix-bind "run/$(printf '%0120d' 0)" 0666 nobody true
exits 100 "no program" unix-bind run/x 0666 nobody
done_testing
