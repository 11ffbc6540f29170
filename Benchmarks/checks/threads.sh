#!/usr/bin/env bash
# Tokens a second by threads: alone, beside a busy program, and in a control group of the caller's making (its folder;
# such as one with a quota of one processor), where one is given. Some two minutes.
#
#   Benchmarks/checks/threads.sh MODEL.gguf [CGROUP_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { echo "usage: $0 MODEL.gguf [CGROUP_FOLDER]" >&2; exit 64; }
moebench=${MOEBENCH:-.build/release/moebench}
model=$1
group=${2:-}
busy=
trap '[ -z "$busy" ] || kill "$busy" 2>/dev/null' EXIT

measure() {
  "$moebench" run "$model" -p 256 -n 64 -r 2 -t "$1" --warmup 1 --meter none --quiet --no-history |
    awk '/^(pp|tg)/ { printf "%s %s  ", $1, $2 }'
}

for _ in 1 2; do
  for threads in 1 2 4; do
    echo "alone, -t $threads: $(measure "$threads")"
    (while :; do :; done) &
    busy=$!
    echo "beside a busy program, -t $threads: $(measure "$threads")"
    kill "$busy"
    wait "$busy" 2>/dev/null || true
    busy=
    [ -z "$group" ] || echo "in $group, -t $threads: $(echo "$BASHPID" >"$group/cgroup.procs"; measure "$threads")"
  done
done
