#!/bin/sh
# Slices of models that fit beside the whole: speeds must agree within 10 %, as the median of three pairs in turn, for a
# machine's speed changes from one run to the next. Exit status 1 if any does not. Some three minutes on two cores; the
# machine must have nothing else to do. Slices too small to outgrow the last cache decode too fast, which the tool warns
# of; these are large enough. (That slices predict bytes exactly is tested by `make test`.)
#
#   Benchmarks/slices.sh
set -eu
cd "$(dirname "$0")/.."
moebench=${MOEBENCH:-.build/release/moebench}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export MOEBENCH_HISTORY="$folder/history.sqlite"
over=0
for case in "granite-3.1-1b-a400m q8_0 12" "olmoe-1b-7b q4_0 4" "olmoe-1b-7b q4_0 8"; do
  set -- $case
  for round in 1 2 3; do
    "$moebench" run "$1" --weights "$2" -p 256 -n 48 -r 5 -o json --output-file "$folder/whole$round.json"
    "$moebench" run "$1" --weights "$2" --layers "$3" -p 256 -n 48 -r 5 -o json \
      --output-file "$folder/slice$round.json"
  done
  python3 - "$case" "$folder" <<'PY' || over=1
import json, statistics, sys

pairs = [[json.load(open(f"{sys.argv[2]}/{name}{n}.json"))["tests"] for name in ("whole", "slice")] for n in (1, 2, 3)]
worst = 0
for test in range(len(pairs[0][0])):
    label = pairs[0][0][test]["label"]
    ratios = sorted(part[test]["extrapolated"]["tokens_per_second"]["value"] / whole[test]["tokens_per_second"]["median"]
                    for whole, part in pairs)
    error = statistics.median(ratios) - 1
    worst = max(worst, abs(error))
    print(f"{sys.argv[1]:32} {label:6} slice over whole {1 + error:.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
          f"{'' if abs(error) <= 0.10 else '  OVER 10 %'}")
sys.exit(worst > 0.10)
PY
done
exit "$over"
