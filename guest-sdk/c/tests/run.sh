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
"${CC:-cc}" -g -Wall -Wextra -Iinclude -o "$made/leaks" tests/leaks.c tests/counted.c "$made"/*.o
"$made/leaks"
"${CC:-cc}" -g -O1 -Wall -Wextra -Wno-builtin-declaration-mismatch -Iinclude -DWINDLASS_HEAP_TEST \
  -Dmalloc=checked_malloc -Dfree=checked_free -Dcalloc=checked_calloc -Drealloc=checked_realloc \
  -Daligned_alloc=checked_aligned_alloc -Dposix_memalign=checked_posix_memalign \
  -Dmemalign=checked_memalign -Dmalloc_usable_size=checked_usable_size \
  -c -o "$made/heap.o" src/heap.c
"${CC:-cc}" -g -Wall -Wextra -Iinclude -o "$made/misuse" tests/misuse.c "$made/heap.o" \
  "$made/text.c.o" "$made/arena.c.o" tests/counted.c
"$made/misuse"
