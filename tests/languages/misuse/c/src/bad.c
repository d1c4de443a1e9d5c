// What C lets an author do wrong. The pointers are volatile, so that the compiler does not see it.

#include <stdlib.h>
#include <string.h>
#include <windlass/world.h>

void bad_twice(void) {
  char *volatile bytes = malloc(10);
  free(bytes);
  free(bytes);
}

void bad_beyond(void) {
  char *volatile bytes = malloc(10);
  memset(bytes, 1, 11);
  free(bytes);
}

bad_list_part_t bad_text(void) {
  bad_list_part_t parts = {0};
  windlass_list_push(&parts, (bad_part_t){windlass_string("fine")});
  windlass_list_push(&parts, (bad_part_t){windlass_string("a\xff")});
  return parts;
}
