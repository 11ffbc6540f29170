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
