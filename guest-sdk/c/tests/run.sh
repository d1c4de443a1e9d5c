#!/bin/sh
# The SDK's own tests, natively: no host and no wasm. CC says with which compiler.
set -eu
cd "$(dirname "$0")/.."
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for file in src/*.c; do
  # The arena's allocations are counted.
  count=
  if [ "$file" = src/arena.c ]; then
    printf '#include <stddef.h>\nvoid *counted_malloc(size_t);\nvoid counted_free(void *);\n' \
      >"$made/counted.h"
    count="-include stdlib.h -include $made/counted.h -Dmalloc=counted_malloc -Dfree=counted_free"
  fi
  "${CC:-cc}" -g -Wall -Wextra -Iinclude $count -c -o "$made/$(basename "$file").o" "$file"
done
"${CC:-cc}" -g -Wall -Wextra -Iinclude -o "$made/leaks" tests/leaks.c "$made"/*.o
"$made/leaks"
