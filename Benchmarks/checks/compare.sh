#!/usr/bin/env bash
# Does `moebench compare` claim differences that are not there, and find those that are? The same run twice, 20 times; then
# the second run with its times lengthened as a loss of 10 % of the speed would.
#   Benchmarks/checks/compare.sh [PAIRS] [RUN OPTIONS...]
set -euo pipefail
cd "$(dirname "$0")/../.."
pairs=${1:-20}
shift || true
options=("$@")
[ ${#options[@]} -gt 0 ] || options=(Tests/Fixtures/checkpoints/olmoe -p 128 -n 128 -r 10 -t 1)
moebench=${MOEBENCH:-.build/release/moebench}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Exit status 1 is a regression: here an answer, not a failure.
verdicts() { "$moebench" compare "$1" "$2" -o json 2>/dev/null | grep -o '"verdict": "[a-z_]*"' | cut -d'"' -f4 || true; }

claimed=0 found=0 tests=0
for pair in $(seq "$pairs"); do
  for side in a b; do
    "$moebench" run "${options[@]}" -o json --output-file "$folder/$side.json" --quiet --no-history 2>/dev/null
  done
  python3 - "$folder/b.json" "$folder/slow.json" <<'PY'
import json, sys
result = json.load(open(sys.argv[1]))
for test in result["tests"]:
    del test["tokens_per_second"]
    for sample in test["samples"]:
        sample["seconds"] /= 0.9
json.dump(result, open(sys.argv[2], "w"))
PY
  same=$(verdicts "$folder/a.json" "$folder/b.json")
  slow=$(verdicts "$folder/a.json" "$folder/slow.json")
  tests=$((tests + $(wc -w <<<"$same")))
  claimed=$((claimed + $(grep -c -v within_noise <<<"$same" || true)))
  found=$((found + $(grep -c worse <<<"$slow" || true)))
done
echo "$tests comparisons of equal runs: $claimed claimed a difference; of $tests slow-downs of 10 % $found were found"
[ $((claimed * 20)) -le "$tests" ] && [ $((found * 20)) -ge $((tests * 18)) ]
