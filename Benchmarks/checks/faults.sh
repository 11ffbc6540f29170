#!/usr/bin/env bash
# Results on disk under SIGKILL: whatever the moment, the file is absent, old or new, and the history stays sound.
#   Benchmarks/checks/faults.sh [KILLS]
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-50}
moebench=${MOEBENCH:-.build/release/moebench}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export MOEBENCH_HISTORY=$folder/history.sqlite
old='{"schema": "old"}'
bad=0 new=0
for kill in $(seq "$kills"); do
  out=$folder/result.json
  echo "$old" >"$out"
  "$moebench" run Tests/Fixtures/checkpoints/olmoe -p 16 -n 8 -r 3 --warmup 0 -t 1 -o json --output-file "$out" \
    >/dev/null 2>&1 &
  sleep "$(awk -v seed="$kill" 'BEGIN { srand(seed); print rand() * 4 }')"
  kill -KILL $! 2>/dev/null || true
  wait $! 2>/dev/null || true
  if [ "$(cat "$out")" != "$old" ]; then
    new=$((new + 1))
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$out" || bad=$((bad + 1))
  fi
done
if [ -e "$MOEBENCH_HISTORY" ]; then "$moebench" history check; fi
echo "$kills kills: $new new files, $bad damaged"
[ "$bad" = 0 ]
