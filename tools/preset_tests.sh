#!/usr/bin/env bash
# Builds the preset asan, tsan or aarch64 and runs its C++ tests, and under asan the Python tests too (arguments go to
# pytest).
set -euo pipefail
preset=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
export PATH="$root/.venv/bin:$PATH"

if [ "$preset" = tsan ] && ! echo 'int main() {}' | clang++ -fopenmp -x c++ - -o /dev/null 2>/dev/null; then
  echo "make tsan needs clang++ and its OpenMP runtime, e.g. apt-get install clang libomp-dev" >&2
  exit 1
fi
if [ "$preset" = aarch64 ] && ! command -v aarch64-linux-gnu-g++ qemu-aarch64 > /dev/null; then
  echo "make aarch64 needs a cross compiler and an emulator, e.g. apt-get install g++-aarch64-linux-gnu qemu-user" >&2
  exit 1
fi
cmake --preset "$preset"
cmake --build --preset "$preset"

# Python and the libraries it loads keep memory until they end: leaks are looked for in the C++ tests alone.
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1
# The runtime that tells ThreadSanitizer about OpenMP's barriers, which it cannot see by itself.
archer=$(ls "$(clang++ -print-resource-dir 2>/dev/null)"/../../libarcher.so 2>/dev/null || true)
[ "$preset" != tsan ] || export OMP_TOOL_LIBRARIES=$archer
ctest --preset "$preset"
[ "$preset" = asan ] || exit 0

cmake --install build/asan --prefix build/asan/site > /dev/null
asan=$("${CXX:-c++}" -print-file-name=libasan.so)
ubsan=$("${CXX:-c++}" -print-file-name=libubsan.so)
ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$asan $ubsan" PYTHONPATH=build/asan/site PYTHONMALLOC=malloc \
  .venv/bin/python -m pytest -q -n auto "$@"
