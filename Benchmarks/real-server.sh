#!/usr/bin/env bash
# Measures a real OpenAI-compatible server on this machine: starts it, waits until it answers, runs
# `moebench endpoint`, stops it.
#
#   Benchmarks/real-server.sh llama-server LLAMA_SERVER MODEL.gguf  [moebench options]
#   Benchmarks/real-server.sh llama-cpp-python PYTHON MODEL.gguf    [moebench options]
#   Benchmarks/real-server.sh transformers PYTHON MODEL_DIRECTORY   [moebench options]
#   Benchmarks/real-server.sh vllm PYTHON MODEL                     [moebench options]
#
# PYTHON has the server installed: llama-cpp-python[server], transformers[serving] or vllm. MOEBENCH names the program
# (default: .build/release/moebench), PORT a free port (default: 18080).
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 64; }
kind=$1 program=$2 model=$3
shift 3
port=${PORT:-18080}
moebench=${MOEBENCH:-$(dirname "$0")/../.build/release/moebench}
log=$(mktemp)
case $kind in
  llama-server) "$program" -m "$model" --host 127.0.0.1 --port "$port" -c 8192 >"$log" 2>&1 & ;;
  llama-cpp-python) "$program" -m llama_cpp.server --model "$model" --host 127.0.0.1 --port "$port" >"$log" 2>&1 & ;;
  transformers)
    HF_HUB_OFFLINE=1 "$program" -m transformers.cli.transformers serve --host 127.0.0.1 --port "$port" \
      --device cpu "$model" >"$log" 2>&1 &
    # It has no chat template for every model, and lists what its hub cache holds.
    set -- --api completions --model "$model" "$@" ;;
  vllm) "$program" -m vllm.entrypoints.openai.api_server --model "$model" --host 127.0.0.1 --port "$port" >"$log" 2>&1 & ;;
  *) echo "unknown kind of server: $kind" >&2; exit 64 ;;
esac
server=$!
# What a killed server exits with is not what the measurement exits with.
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 600); do
  kill -0 "$server" 2>/dev/null || { echo "the server ended:" >&2; tail -20 "$log" >&2; exit 69; }
  curl -sf "http://127.0.0.1:$port/health" >/dev/null && break
  curl -sf "http://127.0.0.1:$port/v1/models" >/dev/null && break
  sleep 0.5
done
"$moebench" endpoint "http://127.0.0.1:$port/v1" "$@"
