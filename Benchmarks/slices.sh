#!/bin/sh
# Slices of models that fit beside the whole: speeds must agree within 10 %. Some two minutes on two cores. The machine
# must have nothing else to do. Exit status 1 if any does not. (That slices predict bytes exactly is tested by `make
# test`.)
#
#   Benchmarks/slices.sh
set -eu
cd "$(dirname "$0")/.."
moebench=${MOEBENCH:-.build/release/moebench}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export MOEBENCH_HISTORY="$folder/history.sqlite"
over=0
for case in "granite-3.1-1b-a400m q8_0 4" "granite-3.1-1b-a400m q4_0 2" "olmoe-1b-7b q4_0 4"; do
  set -- $case
  "$moebench" run "$1" --weights "$2" -p 256 -n 48 -r 5 -o json --output-file "$folder/whole.json"
  "$moebench" run "$1" --weights "$2" --layers "$3" -p 256 -n 48 -r 5 -o json \
    --output-file "$folder/slice.json"
  python3 - "$case" "$folder" <<'PY' || over=1
import json, sys

over = False
whole, part = (json.load(open(f"{sys.argv[2]}/{name}.json")) for name in ("whole", "slice"))
for a, b in zip(whole["tests"], part["tests"]):
    measured = a["tokens_per_second"]["median"]
    predicted = b["extrapolated"]["tokens_per_second"]["value"]
    error = predicted / measured - 1
    over |= abs(error) > 0.10
    print(f"{sys.argv[1]:32} {a['label']:6} whole {measured:8.4g}  slice {predicted:8.4g}  "
          f"{100 * error:+.1f} %{'' if abs(error) <= 0.10 else '  OVER 10 %'}")
sys.exit(over)
PY
done
exit "$over"
