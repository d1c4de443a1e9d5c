/*
 * JSON, a value at a time. The host reads what is written, and wrote what is read, so that reading
 * need not find every mistake: what is not as it should be is not found.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "windlass/workflow.h"

static void append(windlass_json_t *json, const char *bytes, size_t length) {
  if (json->room - json->text.len < length) {
    size_t room = (json->text.len + length) * 2 + 32;
    char *grown = windlass_arena_take(room);
    if (json->text.len > 0) {
      memcpy(grown, json->text.ptr, json->text.len);
    }
    json->text.ptr = grown;
    json->room = room;
  }
  memcpy(json->text.ptr + json->text.len, bytes, length);
  json->text.len += length;
}

/* Before a value: a comma, unless it is the first or comes after its name. */
static void separate(windlass_json_t *json) {
  if (json->text.len > 0 && strchr("[{:", json->text.ptr[json->text.len - 1]) == NULL) {
    append(json, ",", 1);
  }
}

static void literal(windlass_json_t *json, const char *text) {
  separate(json);
  append(json, text, strlen(text));
}

static void quoted(windlass_json_t *json, windlass_string_t value) {
  append(json, "\"", 1);
  for (size_t i = 0; i < value.len; i++) {
    unsigned char byte = (unsigned char)value.ptr[i];
    if (byte == '"' || byte == '\\') {
      char escaped[2] = {'\\', (char)byte};
      append(json, escaped, 2);
    } else if (byte < 0x20) {
      char escaped[8];
      append(json, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", byte));
    } else {
      append(json, &value.ptr[i], 1);
    }
  }
  append(json, "\"", 1);
}

void windlass_json_open(windlass_json_t *json, char bracket) {
  separate(json);
  append(json, &bracket, 1);
}

void windlass_json_close(windlass_json_t *json, char bracket) {
  append(json, &bracket, 1);
}

void windlass_json_key(windlass_json_t *json, const char *name) {
  separate(json);
  quoted(json, windlass_string(name));
  append(json, ":", 1);
}

void windlass_json_string(windlass_json_t *json, windlass_string_t value) {
  separate(json);
  quoted(json, value);
}

void windlass_json_u64(windlass_json_t *json, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  literal(json, text);
}

void windlass_json_s64(windlass_json_t *json, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)value);
  literal(json, text);
}

void windlass_json_f64(windlass_json_t *json, double value) {
  char text[40];
  snprintf(text, sizeof text, "%.17g", value);
  if (isnan(value)) {
    literal(json, "\"NaN\"");
  } else if (isinf(value)) {
    literal(json, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    literal(json, text);
  }
}

void windlass_json_bool(windlass_json_t *json, bool value) {
  literal(json, value ? "true" : "false");
}

void windlass_json_null(windlass_json_t *json) {
  literal(json, "null");
}

void windlass_json_raw(windlass_json_t *json, windlass_string_t value) {
  separate(json);
  append(json, value.ptr, value.len);
}

static size_t skip_space(windlass_string_t json, size_t at) {
  while (at < json.len && strchr(" \t\r\n", json.ptr[at]) != NULL && json.ptr[at] != '\0') {
    at++;
  }
  return at;
}

/* Where the value that begins at `at` ends. */
static size_t end_of(windlass_string_t json, size_t at) {
  size_t depth = 0;
  for (; at < json.len; at++) {
    char byte = json.ptr[at];
    if (byte == '"') {
      for (at++; at < json.len && json.ptr[at] != '"'; at++) {
        at += json.ptr[at] == '\\';
      }
    } else if (byte == '[' || byte == '{') {
      depth++;
    } else if (byte == ']' || byte == '}') {
      if (depth == 0) {
        return at;
      }
      depth--;
    } else if (byte == ',' && depth == 0) {
      return at;
    } else if (byte == ':' && depth == 0) {
      return at;
    }
  }
  return json.len < at ? json.len : at;
}

static windlass_string_t trimmed(windlass_string_t json) {
  size_t begin = skip_space(json, 0);
  size_t end = json.len;
  while (end > begin && strchr(" \t\r\n", json.ptr[end - 1]) != NULL && json.ptr[end - 1] != '\0') {
    end--;
  }
  return windlass_slice(json, begin, end);
}

/* What lies between the brackets. */
static bool inside(windlass_string_t *json, char open, char close) {
  windlass_string_t whole = trimmed(*json);
  if (whole.len < 2 || whole.ptr[0] != open || whole.ptr[whole.len - 1] != close) {
    return false;
  }
  *json = trimmed(windlass_slice(whole, 1, whole.len - 1));
  return true;
}

bool windlass_json_member(windlass_string_t object, const char *name, windlass_string_t *value) {
  if (!inside(&object, '{', '}')) {
    return false;
  }
  for (size_t at = 0; at < object.len;) {
    size_t colon = end_of(object, at);
    size_t end = end_of(object, colon + 1);
    windlass_string_t key;
    if (windlass_json_read_string(windlass_slice(object, at, colon), &key) &&
        windlass_equal(key, windlass_string(name))) {
      *value = trimmed(windlass_slice(object, colon + 1, end));
      return true;
    }
    at = end + 1;
  }
  return false;
}

bool windlass_json_element(windlass_string_t array, size_t index, windlass_string_t *value) {
  if (!inside(&array, '[', ']')) {
    return false;
  }
  for (size_t at = 0; at < array.len; index--) {
    size_t end = end_of(array, at);
    if (index == 0) {
      *value = trimmed(windlass_slice(array, at, end));
      return true;
    }
    at = end + 1;
  }
  return false;
}

static size_t write_utf8(char *to, uint32_t character) {
  if (character < 0x80) {
    to[0] = (char)character;
    return 1;
  }
  size_t bytes = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  for (size_t i = bytes - 1; i > 0; i--) {
    to[i] = (char)(0x80 | (character & 0x3f));
    character >>= 6;
  }
  static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
  to[0] = (char)(first[bytes] | character);
  return bytes;
}

static bool read_unit(windlass_string_t text, size_t at, uint32_t *unit) {
  if (at + 4 > text.len) {
    return false;
  }
  char digits[5] = {text.ptr[at], text.ptr[at + 1], text.ptr[at + 2], text.ptr[at + 3], 0};
  char *end;
  *unit = (uint32_t)strtoul(digits, &end, 16);
  return end == digits + 4;
}

/* A character after a backslash and `u`, which may be half of a pair. */
static bool read_escaped(windlass_string_t text, size_t *at, uint32_t *character) {
  uint32_t low;
  if (!read_unit(text, *at, character)) {
    return false;
  }
  *at += 4;
  if (*character < 0xd800 || *character > 0xdfff) {
    return true;
  }
  if (*at + 2 > text.len || memcmp(text.ptr + *at, "\\u", 2) != 0 ||
      !read_unit(text, *at + 2, &low) || low < 0xdc00 || low > 0xdfff) {
    return false;
  }
  *at += 6;
  *character = 0x10000 + ((*character - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

bool windlass_json_read_string(windlass_string_t json, windlass_string_t *value) {
  windlass_string_t text = trimmed(json);
  if (text.len < 2 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '"') {
    return false;
  }
  text = windlass_slice(text, 1, text.len - 1);
  windlass_string_t read = {windlass_arena_take(text.len), 0};
  for (size_t at = 0; at < text.len;) {
    char byte = text.ptr[at++];
    if (byte != '\\') {
      read.ptr[read.len++] = byte;
      continue;
    }
    if (at == text.len) {
      return false;
    }
    static const char escapes[] = "bfnrt\"\\/";
    static const char meant[] = "\b\f\n\r\t\"\\/";
    char escape = text.ptr[at++];
    const char *found = escape == '\0' ? NULL : strchr(escapes, escape);
    uint32_t character;
    if (found != NULL) {
      read.ptr[read.len++] = meant[found - escapes];
    } else if (escape == 'u' && read_escaped(text, &at, &character)) {
      read.len += write_utf8(read.ptr + read.len, character);
    } else {
      return false;
    }
  }
  *value = read;
  return true;
}

/* A number, which may stand in a text, as numbers of 64 bits and NaN do. */
static const char *number(windlass_string_t json) {
  windlass_string_t text = trimmed(json);
  windlass_string_t inner;
  return windlass_text(windlass_json_read_string(text, &inner) ? inner : text);
}

static bool ends(const char *begin, const char *end) {
  return end != begin && *end == '\0';
}

bool windlass_json_read_u64(windlass_string_t json, uint64_t *value) {
  const char *text = number(json);
  char *end;
  unsigned long long read = strtoull(text, &end, 10);
  if (!ends(text, end) || text[0] == '-') {
    return false;
  }
  *value = read;
  return true;
}

bool windlass_json_read_s64(windlass_string_t json, int64_t *value) {
  const char *text = number(json);
  char *end;
  long long read = strtoll(text, &end, 10);
  if (!ends(text, end)) {
    return false;
  }
  *value = read;
  return true;
}

bool windlass_json_read_f64(windlass_string_t json, double *value) {
  const char *text = number(json);
  char *end;
  double read = strtod(text, &end);
  if (!ends(text, end)) {
    return false;
  }
  *value = read;
  return true;
}

bool windlass_json_read_bool(windlass_string_t json, bool *value) {
  windlass_string_t text = trimmed(json);
  bool is_true = windlass_equal(text, windlass_string("true"));
  if (!is_true && !windlass_equal(text, windlass_string("false"))) {
    return false;
  }
  *value = is_true;
  return true;
}

bool windlass_json_is_null(windlass_string_t json) {
  return windlass_equal(trimmed(json), windlass_string("null"));
}

windlass_string_t windlass_failure_text(const windlass_failure_t *failure) {
  windlass_string_t told;
  return windlass_json_read_string(failure->payload, &told) ? told : failure->message;
}
