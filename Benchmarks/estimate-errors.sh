#!/bin/sh
# Predictions beside measurements, into Benchmarks/results/estimate-errors.json and .md: models and formats that run
# here, whole or as slices, some four minutes on two cores. The machine must have nothing else to do.
#
#   Benchmarks/estimate-errors.sh
set -eu
cd "$(dirname "$0")/.."
moebench=${MOEBENCH:-.build/release/moebench}
out=Benchmarks/results/estimate-errors
"$moebench" machine --measure >/dev/null
"$moebench" estimate granite-3.1-1b-a400m --weights q8_0,q4_0,q4_k,f16 -p 256 -n 32 --verify \
  -o json --output-file "$out-whole.json"
"$moebench" estimate olmoe-1b-7b qwen3-30b-a3b deepseek-v2-lite gpt-oss-20b --weights q8_0,q4_0 \
  --layers 3 -p 256 -n 32 --verify -o json --output-file "$out-slices.json"
python3 - "$out" <<'PY'
import json, statistics, sys

out = sys.argv[1]
rows = []
for part in ("whole", "slices"):
    for estimate in json.load(open(f"{out}-{part}.json"))["estimates"]:
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
