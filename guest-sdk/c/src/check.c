/*
 * Checks of what a task hands to the host, which would otherwise end it without a word of where.
 */
#include "check.h"

#include <stdio.h>

/* Writes `tasks.summarize: the ok.lines[2].article`. */
static size_t write_place(char *text, size_t size, const windlass_place_t *place) {
  size_t used = place->outer == NULL ? 0 : write_place(text, size, place->outer);
  size_t left = used < size ? size - used : 0;
  const char *dot = place->outer == NULL ? "" : ".";
  int more = place->name == NULL ? snprintf(text + used, left, "[%zu]", place->index)
                                 : snprintf(text + used, left, "%s%s", dot, place->name);
  size_t end = used + (more > 0 ? (size_t)more : 0);
  return end < size ? end : size - 1;
}

static const char *told(const windlass_place_t *place) {
  static char text[512];
  write_place(text, sizeof text, place);
  return text;
}

/* How many bytes the character at `at` has; 0 if it is none. */
static size_t width(const unsigned char *at, size_t left) {
  if (at[0] < 0x80) {
    return 1;
  }
  size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
  if (at[0] < 0xc2 || at[0] > 0xf4 || left < bytes) {
    return 0;
  }
  for (size_t i = 1; i < bytes; i++) {
    if ((at[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  /* Longer than it need be, half of a pair, beyond the last. */
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
      (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)) {
    return 0;
  }
  return bytes;
}

void windlass_check_string(const windlass_string_t *value, const windlass_place_t *place) {
  const unsigned char *bytes = (const unsigned char *)value->ptr;
  if (bytes == NULL && value->len > 0) {
    windlass_panic("%s is a string of %zu bytes at NULL", told(place), value->len);
  }
  for (size_t at = 0; at < value->len;) {
    size_t wide = width(bytes + at, value->len - at);
    if (wide == 0) {
      windlass_panic("%s is not UTF-8: byte 0x%02x at %zu; return list<u8> for bytes that are no "
                     "text",
                     told(place), bytes[at], at);
    }
    at += wide;
  }
}

void windlass_check_char(const uint32_t *value, const windlass_place_t *place) {
  if (*value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) {
    windlass_panic("%s is no character: 0x%x", told(place), (unsigned)*value);
  }
}

void windlass_check_case(uint32_t value, uint32_t count, const windlass_place_t *place) {
  if (value >= count) {
    windlass_panic("%s is case %u of a type that has %u", told(place), (unsigned)value,
                   (unsigned)count);
  }
}
