#!/bin/sh
# Compiles the tasks and their tests for this machine and runs them, after `windlass build`. CC and
# CXX say with what; without compilers of your own it is the one that `windlass build` uses.
set -eu
cd "$(dirname "$0")"
made=.windlass
work=$made/work
if command -v cc >/dev/null && command -v c++ >/dev/null; then
  cc=${CC:-cc} cxx=${CXX:-c++}
else
  cc=${CC:-$made/cc} cxx=${CXX:-$made/c++}
fi
headers="-isystem $made/gen -isystem $made/sdk/include"
for file in "$made"/sdk/src/*.c; do
  "$cc" -g -Wall -Wextra $headers -c -o "$work/test-$(basename "$file").o" "$file"
done
"$cxx" -std=c++23 -g -Wall -Wextra $headers \
  -o "$work/test" src/*.cpp tests/*.cpp "$work"/test-*.o
exec "$work/test"
