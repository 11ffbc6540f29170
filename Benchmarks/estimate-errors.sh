#!/bin/sh
# Predictions beside measurements, into Benchmarks/results/estimate-errors.md: models and formats that run
# here, whole or as slices, some five minutes on two cores. The machine must have nothing else to do.
#
#   Benchmarks/estimate-errors.sh
set -eu
cd "$(dirname "$0")/.."
moebench=${MOEBENCH:-.build/release/moebench}
out=Benchmarks/results/estimate-errors
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Neither the user's runs nor the user's limits are touched.
export MOEBENCH_HISTORY="$work/history.sqlite" XDG_CACHE_HOME="$work"
# Limits are measured again before each model: what a virtual machine gets of its host's memory changes by the minute.
verify() {
  model=$1
  formats=$2
  shift 2
  echo "$model in $formats" >&2
  "$moebench" machine --measure >/dev/null
  "$moebench" estimate "$model" --weights "$formats" -p 256 -n 32 --verify "$@" \
    -o json --output-file "$work/$model-$formats.json"
}

verify granite-3.1-1b-a400m q8_0,q4_0
verify granite-3.1-1b-a400m q4_k,f16
verify olmoe-1b-7b q8_0,q4_0 --layers 4
verify qwen3-30b-a3b q8_0,q4_0 --layers 4
verify deepseek-v2-lite q8_0,q4_k --layers 4
verify gpt-oss-20b mxfp4,q8_0 --layers 2
python3 - "$out" "$work" <<'PY'
import glob, json, statistics, sys

out = sys.argv[1]
rows = []
for path in sorted(glob.glob(f"{sys.argv[2]}/*.json")):
    for estimate in json.load(open(path))["estimates"]:
        piece = estimate["verified_slice"]
        how = f"{piece['layers_measured']} of {piece['layers_total']} layers" if piece else "whole"
        for case in estimate["verification"] or []:
            rows.append((case["model"], case["weight_format"], how, case["label"],
                         case["predicted_tokens_per_second"], case["measured_tokens_per_second"],
                         case["relative_error"]))
median = statistics.median(abs(row[6]) for row in rows)
lines = ["# Predictions beside measurements", "",
         "`Benchmarks/estimate-errors.sh`; tokens a second. No earlier result scaled the predictions.", "",
         "| model | weights | measured | test | predicted | measured | error |",
         "|---|---|---|---|---:|---:|---:|"]
lines += [f"| {m} | {f} | {h} | {t} | {p:.4g} | {x:.4g} | {100 * e:+.1f} % |"
          for m, f, h, t, p, x, e in rows]
lines += ["", f"Median absolute error {100 * median:.1f} %, of {len(rows)} tests of "
          f"{len({row[:2] for row in rows})} models and formats."]
open(f"{out}.md", "w").write("\n".join(lines) + "\n")
print("\n".join(lines))
PY
