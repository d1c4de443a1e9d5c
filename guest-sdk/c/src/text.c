/*
 * Strings of the call.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "windlass.h"

windlass_string_t windlass_string(const char *text) {
  return (windlass_string_t){(char *)text, strlen(text)};
}

windlass_string_t windlass_copy(const char *bytes, size_t length) {
  windlass_string_t copy = {windlass_arena_take(length), length};
  if (length > 0) {
    memcpy(copy.ptr, bytes, length);
  }
  return copy;
}

windlass_string_t windlass_format_list(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) {
    windlass_panic("the format \"%s\" cannot be printed", format);
  }
  windlass_string_t made = {windlass_arena_take((size_t)length + 1), (size_t)length};
  vsnprintf(made.ptr, (size_t)length + 1, format, arguments);
  return made;
}

windlass_string_t windlass_format(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  windlass_string_t made = windlass_format_list(format, arguments);
  va_end(arguments);
  return made;
}

windlass_string_t windlass_slice(windlass_string_t string, size_t from, size_t to) {
  size_t end = to < string.len ? to : string.len;
  size_t begin = from < end ? from : end;
  return (windlass_string_t){string.ptr + begin, end - begin};
}

bool windlass_equal(windlass_string_t a, windlass_string_t b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

size_t windlass_characters(windlass_string_t string) {
  size_t count = 0;
  for (size_t i = 0; i < string.len; i++) {
    /* All bytes of a character but the first begin with the bits 10. */
    count += ((unsigned char)string.ptr[i] & 0xc0) != 0x80;
  }
  return count;
}

char *windlass_text(windlass_string_t string) {
  char *text = windlass_alloc(string.len + 1);
  if (string.len > 0) {
    memcpy(text, string.ptr, string.len);
  }
  return text;
}

bool windlass_fail(windlass_string_t *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *error = windlass_format_list(format, arguments);
  va_end(arguments);
  return false;
}

void windlass_panic(const char *format, ...) {
  /* Without the heap, which may be what is broken. */
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(message, sizeof message - 1, format, arguments);
  va_end(arguments);
  size_t end = length < 0 ? 0 : (size_t)length;
  if (end > sizeof message - 2) {
    end = sizeof message - 2;
  }
  message[end] = '\n';
  fflush(NULL);
  if (write(STDERR_FILENO, message, end + 1) < 0) {
    /* It ends all the same. */
  }
  abort();
}
