#!/bin/sh
# Every experiment of `moebench sweep` on the shape of OLMoE, into Benchmarks/results/active-versus-total: some five
# minutes on two cores. The machine must have nothing else to do.
#
#   Benchmarks/active-versus-total.sh [MODEL [LAYERS]]
set -eu
cd "$(dirname "$0")/.."
moebench=${MOEBENCH:-.build/release/moebench}
model=${1:-olmoe-1b-7b}
# A quarter of the layers in memory: the rest is extrapolated, and said so.
layers=${2:-4}
folder=Benchmarks/results/active-versus-total
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MOEBENCH_HISTORY="$work/history.sqlite"

sweep() {
  kind=$1
  shift
  echo "sweep $kind" >&2
  "$moebench" sweep "$kind" "$model" --layers "$layers" --warmup 1 -r 4 "$@" \
    -o json --output-file "$folder/$model-$kind.json"
}

sweep top-k -p 256 -n 32
sweep batch -n 12 -r 3
sweep experts -p 256 -n 32
sweep routing -p 256 -n 12 -b 16 --points uniform,zipf:1,router,single
sweep format -p 256 -n 32
sweep dense -p 256 -n 16 -r 3

python3 - "$folder" "$model" <<'PY'
import json, sys

folder, model = sys.argv[1:]


def short(value):
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def speed(test):
    if test is None:
        return None
    whole = test["extrapolated"]
    return whole["tokens_per_second"]["value"] if whole else test["tokens_per_second"]["median"]


def read(test):
    whole = test["extrapolated"]
    return whole["bytes_touched_per_token"] if whole else test["bytes_touched_per_token"]


lines = [f"# Active versus total on {model}", ""]
for kind in ("top-k", "batch", "experts", "routing", "format", "dense"):
    sweep = json.load(open(f"{folder}/{model}-{kind}.json"))
    if kind == "top-k":
        piece = sweep["points"][0]["model"]["slice"]
        how = (f"slices of {piece['layers_measured']} of {piece['layers_total']} layers, extrapolated"
               if piece else "the whole model")
        machine = sweep["machine"]
        lines += [f"`Benchmarks/active-versus-total.sh`, {sweep['started_at'][:10]}, {machine['cpu']}, "
                  f"{sweep['engine']['threads']} threads, {sweep['engine']['instruction_set']}: {how}. "
                  "Rates in tokens/s.", ""]
    lines += [f"## {sweep['subject']}", "",
              "| | decode | prefill | weights, GB | MB read a token | experts awake | if at random | J/token | $/M output |",
              "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for point in sweep["points"]:
        tests = point["tests"]
        decode = next((t for t in tests if t["phase"] == "decode"), None)
        prefill = next((t for t in tests if t["phase"] == "prefill"), None)
        seen = next((c for c in point["coverage"] if c["label"] == decode["label"]), {})
        whole = decode["extrapolated"]
        joules = (whole["joules_per_token"] or {}).get("value") if whole else decode["energy"]["joules_per_token"]
        cost = (point["cost"] or {}).get("usd_per_million_output") or {}
        lines.append(f"| {point['name']} | {short(speed(decode))} | {short(speed(prefill))} | "
                     f"{short(point['model']['weight_bytes'] / 1e9)} | {short(read(decode) / 1e6)} | "
                     f"{short(seen.get('distinct_measured'))} | {short(seen.get('distinct_expected'))} | "
                     f"{short(joules)} | {short(cost.get('value'))} |")
    lines += [""] + sweep["reading"] + [""]
open(f"{folder}/{model}.md", "w").write("\n".join(lines).rstrip() + "\n")
print("\n".join(lines))
PY
