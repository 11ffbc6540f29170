#!/bin/sh
# Builds the kernels for AArch64 and runs check.c under emulation. Needs gcc-aarch64-linux-gnu (for its libraries), clang
# and qemu-user; exits 77 where one is missing.
set -eu
cd "$(dirname "$0")/../.."
for tool in clang aarch64-linux-gnu-gcc qemu-aarch64; do
  command -v "$tool" >/dev/null || { echo "aarch64: $tool is missing" >&2; exit 77; }
done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for file in Sources/CKernels/*.c Sources/CKernels/*/*.c Tests/AArch64/check.c; do
  clang -target aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -O2 -std=c11 -ffp-contract=off -Wall -Wextra \
    -Werror -I Sources/CKernels/include -c "$file" -o "$out/$(echo "$file" | tr / _).o"
done
aarch64-linux-gnu-gcc -static "$out"/*.o -lm -o "$out/check"
for cpu in cortex-a57 max; do  # without and with dot products and int8 matrices
  echo "as $cpu:"
  qemu-aarch64 -cpu "$cpu" "$out/check"
done
