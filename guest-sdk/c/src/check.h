/*
 * Checks of what a task hands to the host. The generated glue calls them.
 */
#ifndef WINDLASS_CHECK_H
#define WINDLASS_CHECK_H

#include "../include/windlass.h"

/* Where a value lies: a field of what lies at `outer`, or without a name one of its elements. */
typedef struct windlass_place_t {
  const struct windlass_place_t *outer;
  const char *name;
  size_t index;
} windlass_place_t;

/* Each ends the invocation, naming the place, unless the value is one of its type. */
void windlass_check_string(const windlass_string_t *value, const windlass_place_t *place);
void windlass_check_char(const uint32_t *value, const windlass_place_t *place);
void windlass_check_case(uint32_t value, uint32_t count, const windlass_place_t *place);

#endif
