#!/bin/sh
# Compiles the tasks and their tests for this machine and runs them, after `windlass build`. CC says
# with what; without a compiler of your own it is the one that `windlass build` uses.
set -eu
cd "$(dirname "$0")"
made=.windlass
work=$made/work
cc=${CC:-$(command -v cc || echo "$made/cc")}
"$cc" -g -Wall -Wextra -isystem "$made/gen" -isystem "$made/sdk/include" \
  -o "$work/test" src/*.c tests/*.c "$made"/sdk/src/*.c
exec "$work/test"
