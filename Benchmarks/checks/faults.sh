#!/usr/bin/env bash
# Faults at moments that no unit test can choose: SIGKILL at any time, files of limited size, full and closed standard
# output, a checkpoint that shrinks. Whatever the moment, a result is absent, old or new, the history stays sound, no
# signal but ours ends the program, and its exit status tells why.
#
#   Benchmarks/checks/faults.sh [KILLS]
#
# MOEBENCH names the program (default: .build/release/moebench).
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-50}
moebench=${MOEBENCH:-$PWD/.build/release/moebench}
[ -x "$moebench" ] || { echo "$moebench is not there: make build makes it" >&2; exit 66; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export MOEBENCH_HISTORY=$folder/history.sqlite XDG_CACHE_HOME=$folder TMPDIR=$folder
model=Tests/Fixtures/checkpoints/olmoe
out=$folder/result.json
old='{"schema": "old"}'
failed=0

# The run of every check; more options follow.
run() { "$moebench" run "$model" -p 16 -n 8 -t 1 -o json -r 3 --warmup 0 "$@"; }

# absent, old, new or damaged
state() {
  if [ ! -e "$out" ]; then echo absent
  elif [ "$(cat "$out")" = "$old" ]; then echo old
  elif "$moebench" cost "$out" >/dev/null 2>&1; then echo new
  else echo damaged; fi
}

check() {
  local name=$1
  shift
  echo "== $name"
  "$@" || { failed=$((failed + 1)); echo "FAILED: $name"; }
}

killed() {
  local damaged=0 new=0 start took
  # However busy the machine, some runs must end before they are killed.
  start=$(date +%s.%N)
  run --output-file "$out" >/dev/null 2>&1
  took=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }')
  for kill in $(seq "$kills"); do
    echo "$old" >"$out"
    "$moebench" run "$model" -p 16 -n 8 -t 1 -o json -r 3 --warmup 0 --output-file "$out" >/dev/null 2>&1 &
    # When it is killed is a matter of chance, not of waiting for anything.
    sleep "$(awk -v seed="$kill" -v took="$took" 'BEGIN { srand(seed); print rand() * 2 * took }')"
    kill -KILL $! 2>/dev/null || true
    wait $! 2>/dev/null || true
    case $(state) in new) new=$((new + 1)) ;; damaged | absent) damaged=$((damaged + 1)) ;; esac
  done
  echo "$kills kills: $new new files, $damaged damaged or lost"
  [ "$new" -gt 0 ] || echo "no run was ever finished: nothing is shown" >&2
  [ "$damaged" = 0 ] && [ "$new" -gt 0 ]
}

# In blocks of 1024 bytes.
limited() {
  echo "$old" >"$out"
  local status=0 said
  said=$( (ulimit -f "$1"; run --output-file "$out" --no-history) 2>&1 >/dev/null) || status=$?
  echo "at most $1 KiB: status $status, the file is $(state): $said"
  [ "$status" = 74 ] && [ "$(state)" = old ]
}

full_output() {
  local status=0
  run --no-history >/dev/full 2>"$folder/errors" || status=$?
  echo "status $status: $(head -1 "$folder/errors")"
  [ "$status" = 74 ]
}

# A reader that has gone is no fault of the run.
closed_output() {
  local status
  set +e
  run --no-history 2>"$folder/errors" | true
  status=${PIPESTATUS[0]}
  set -e
  echo "status $status: $(head -1 "$folder/errors")"
  [ "$status" = 0 ] || [ "$status" = 74 ] || [ "$status" = 141 ]
}

# Read errors are 74; a file that shrank while it was opened is malformed, 65.
shrinking() {
  local status=0 copy=$folder/model.gguf
  cp "$model/model-f32.gguf" "$copy"
  "$moebench" run "$copy" -p 16 -n 8 -t 1 -r 10000 --warmup 0 -o json --no-history >/dev/null 2>"$folder/errors" &
  local program=$!
  sleep 1
  truncate -s 1000 "$copy"
  wait "$program" || status=$?
  echo "status $status: $(tail -1 "$folder/errors")"
  [ "$status" = 74 ] || [ "$status" = 65 ]
}

check "killed at any time" killed
for size in 0 1 4; do check "a file of limited size" limited "$size"; done
if [ -e /dev/full ]; then check "standard output is full" full_output; fi
check "standard output is closed" closed_output
check "a checkpoint that shrinks" shrinking
check "the history after all that" "$moebench" history check
echo "$failed failed"
[ "$failed" = 0 ]
