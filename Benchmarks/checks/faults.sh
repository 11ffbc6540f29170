#!/usr/bin/env bash
# Faults that no unit test can make: SIGKILL at any time, signals, full disks, closed pipes, limits of memory, files that
# shrink. Whatever the moment, a result is absent, old or new, the history stays sound, and the exit status tells why.
#   Benchmarks/checks/faults.sh [KILLS]
# MOEBENCH names the program (default: .build/release/moebench). What needs faults.py (FAULTS, default
# ../shared/reliability/faults.py) is left out where it is absent, and said to be.
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-50}
moebench=${MOEBENCH:-$PWD/.build/release/moebench}
faults=${FAULTS:-../shared/reliability/faults.py}
[ -x "$moebench" ] || { echo "$moebench is not there: make build makes it" >&2; exit 66; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export MOEBENCH_HISTORY=$folder/history.sqlite TMPDIR=$folder
model=Tests/Fixtures/checkpoints/olmoe
run="$moebench run $model -p 16 -n 8 -t 1 -o json"
failed=0

# Without faults.py: the same kills, judged by what is on disk.
kill_here() {
  local old='{"schema": "old"}' out=$folder/result.json bad=0 new=0
  for kill in $(seq "$kills"); do
    echo "$old" >"$out"
    $run -r 3 --warmup 0 --output-file "$out" >/dev/null 2>&1 &
    # When it is killed is a matter of chance, not of waiting for anything.
    sleep "$(awk -v seed="$kill" 'BEGIN { srand(seed); print rand() * 3 }')"
    kill -KILL $! 2>/dev/null || true
    wait $! 2>/dev/null || true
    if [ "$(cat "$out")" != "$old" ]; then
      new=$((new + 1))
      python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$out" || bad=$((bad + 1))
    fi
  done
  echo "$kills kills: $new new files, $bad damaged"
  [ "$new" -gt 0 ] || echo "no run was ever finished: nothing is shown" >&2
  [ "$bad" = 0 ] && [ "$new" -gt 0 ]
}

check() {
  local name=$1
  shift
  echo "== $name"
  "$@" || { failed=$((failed + 1)); echo "FAILED: $name"; }
}

try() { python3 "$faults" "$@"; }

if [ -f "$faults" ]; then
  few="$run -r 3 --warmup 0 --output-file {out}"
  many="$run -r 10000 --warmup 0 --output-file {out}"
  check "killed at any time" try kill --n "$kills" --cmd "$few"
  check "interrupted" try sigint --n 10 --cmd "$many"
  check "terminated" try sigint --signal TERM --n 10 --cmd "$many"
  check "files of limited size" try fsize --cmd "$few"
  check "a full disk" try enospc --cmd "$few"
  check "standard output full, or closed" try devfull --cmd "$run -r 3 --warmup 0"
  check "no place for the result" try readonly --cmd "$few"
  for megabytes in 128 256 512 1024; do
    check "$megabytes MiB of addresses" try memory --as-mb "$megabytes" --cmd "$few"
  done
  check "a checkpoint that shrinks" try truncate --model "$model/model-f32.gguf" \
    --cmd "$moebench run {model} -p 16 -n 8 -t 1 -r 10000 --warmup 0 -o json --output-file {out}"
else
  check "killed at any time" kill_here
  echo "left out, $faults is absent: signals, full disks, pipes, limits, shrinking files"
fi
[ ! -e "$MOEBENCH_HISTORY" ] || check "the history after all that" "$moebench" history check
echo "$failed failed"
[ "$failed" = 0 ]
