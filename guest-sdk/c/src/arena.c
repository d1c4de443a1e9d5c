/*
 * The memory of a call. Blocks from malloc, filled from their beginning; freed all at once.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "windlass.h"

/* What the canonical ABI and C ask for at most. */
#define ALIGNMENT 16
/* Large enough for most calls, small beside a page of wasm. */
#define BLOCK 8192

typedef struct block {
  struct block *before;
  size_t used;
  size_t size;
  size_t padding;
} block;

static block *newest;

void *windlass_arena_take(size_t size) {
  if (size > SIZE_MAX / 2) {
    windlass_panic("a task asked for %zu bytes at once", size);
  }
  size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (newest == NULL || newest->size - newest->used < rounded) {
    size_t wanted = rounded > BLOCK ? rounded : BLOCK;
    block *made = malloc(sizeof(block) + wanted);
    if (made == NULL) {
      windlass_panic("no memory is left for %zu bytes", size);
    }
    made->before = newest;
    made->used = 0;
    made->size = wanted;
    newest = made;
  }
  char *taken = (char *)(newest + 1) + newest->used;
  newest->used += rounded;
  return taken;
}

void windlass_arena_clear(void) {
  windlass_scope_end((windlass_scope_t){NULL, 0});
}

windlass_scope_t windlass_scope_begin(void) {
  return (windlass_scope_t){newest, newest == NULL ? 0 : newest->used};
}

void windlass_scope_end(windlass_scope_t scope) {
  while (newest != scope.block) {
    if (newest == NULL) {
      windlass_panic("windlass_scope_end() of a scope that ended before");
    }
    block *ended = newest;
    newest = ended->before;
    free(ended);
  }
  if (newest != NULL) {
    newest->used = scope.used;
  }
}

void *windlass_alloc(size_t size) {
  return memset(windlass_arena_take(size), 0, size);
}

void *windlass_list_make(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / 2 / size) {
    windlass_panic("a list of %zu elements does not fit into memory", count);
  }
  return windlass_alloc(count * size);
}

void *windlass_list_grow(void *list, size_t count, size_t size) {
  /* There is room for as many as the next power of two. */
  if (count != 0 && (count & (count - 1)) != 0) {
    return list;
  }
  void *grown = windlass_list_make(count == 0 ? 1 : count * 2, size);
  return count == 0 ? grown : memcpy(grown, list, count * size);
}
