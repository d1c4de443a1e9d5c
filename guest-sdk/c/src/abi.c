/*
 * Where the host puts arguments, and the results of what a task calls: the memory of the call.
 */
#ifdef __wasm__

#include <string.h>

#include "arena.h"

__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(void *pointer, size_t before,
                                                                    size_t alignment, size_t size) {
  if (size == 0) {
    return (void *)alignment;
  }
  void *taken = windlass_arena_take(size);
  return before == 0 ? taken : memcpy(taken, pointer, before < size ? before : size);
}

#endif
