/*
 * The allocations of the arena, counted: how many are not freed.
 */
#include <stdlib.h>

long living;

void *counted_malloc(size_t size) {
  living++;
  return malloc(size);
}

void counted_free(void *pointer) {
  living -= pointer != NULL;
  free(pointer);
}
