# TAP for program tests in sh: is WHAT EXPECTED IS; ok WHAT COMMAND...; exits CODE WHAT COMMAND...; done_testing.
# Programs of the build are on PATH; MAILHOME is a fresh folder, removed at the end, and the working directory.

count=0 failed=0
root=$(pwd)
for folder in "$root"/build/*/; do PATH=$folder:$PATH; done
MAILHOME=$(mktemp -d) && export PATH MAILHOME || exit 111
trap 'rm -rf "$MAILHOME"' EXIT
cd "$MAILHOME" || exit 111
mkdir -p control run tables queue/new queue/cur queue/log

say() { count=$((count + 1)); if [ "$1" = 0 ]; then echo "ok $count - $2"; else failed=$((failed + 1)); echo "not ok $count - $2"; echo "# not ok $count - $2" >&2; fi; }  # prove shows stderr
is() {
  if [ "$2" = "$3" ]; then say 0 "$1"; else say 1 "$1"; printf 'expected:\n%s\nis:\n%s\n' "$2" "$3" | sed 's/^/# /' >&2; fi
}
ok() { what=$1; shift; if "$@" >out 2>&1; then say 0 "$what"; else say 1 "$what"; sed 's/^/# /' out >&2; fi; }
exits() {
  expected=$1 what=$2; shift 2
  "$@" >out 2>&1; code=$?
  is "$what" "$expected" "$code"
}
done_testing() { echo "1..$count"; exit "$((failed > 0))"; }
