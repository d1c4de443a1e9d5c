/*
 * Nothing is left of a call: strings, lists, JSON and scopes, with every allocation counted. Run by
 * run.sh beside this file.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/arena.h"
#include "windlass/testing.h"

extern long living;

typedef struct list {
  windlass_string_t *ptr;
  size_t len;
} list;

static void one_call(int number) {
  list words = {0};
  for (int i = 0; i < 100; i++) {
    windlass_list_push(&words, windlass_format("word %d of %d", i, number));
  }
  windlass_json_t json = {0};
  windlass_json_open(&json, '[');
  for (size_t i = 0; i < words.len; i++) {
    windlass_json_string(&json, words.ptr[i]);
  }
  windlass_json_close(&json, ']');
  windlass_string_t last;
  assert(windlass_json_element(json.text, 99, &last));
  assert(windlass_json_read_string(last, &last));
  assert(windlass_equal(last, words.ptr[99]));
  windlass_string_t error = {0};
  assert(!windlass_fail(&error, "%*d", 20000, 1));
  assert(error.len == 20000);
}

static void a_call_leaves_nothing(void) {
  for (int i = 0; i < 1000; i++) {
    one_call(i);
    windlass_arena_clear();
    assert(living == 0);
  }
}

static void a_scope_gives_back_what_was_allocated_in_it(void) {
  windlass_string_t kept = windlass_copy("kept", 4);
  long before = living;
  for (int i = 0; i < 1000; i++) {
    windlass_scope_t scope = windlass_scope_begin();
    one_call(i);
    windlass_scope_end(scope);
    assert(living == before);
  }
  assert(windlass_equal(kept, windlass_string("kept")));
  windlass_arena_clear();
}

static void json_is_read_as_it_is_written(void) {
  windlass_string_t odd = windlass_copy("a\"\\\n\0\x01 \xc3\xa9]},:", 13);
  windlass_json_t json = {0};
  windlass_json_open(&json, '{');
  windlass_json_key(&json, "a");
  windlass_json_string(&json, odd);
  windlass_json_key(&json, "b:");
  windlass_json_s64(&json, INT64_MIN);
  windlass_json_key(&json, "c");
  windlass_json_u64(&json, UINT64_MAX);
  windlass_json_close(&json, '}');

  windlass_string_t found;
  int64_t least;
  uint64_t most;
  assert(windlass_json_member(json.text, "a", &found) && windlass_json_read_string(found, &found));
  assert(windlass_equal(found, odd));
  assert(windlass_json_member(json.text, "b:", &found) && windlass_json_read_s64(found, &least));
  assert(least == INT64_MIN);
  assert(windlass_json_member(json.text, "c", &found) && windlass_json_read_u64(found, &most));
  assert(most == UINT64_MAX);
  assert(!windlass_json_member(json.text, "d", &found));
  assert(windlass_json_read_string(windlass_string("\"\\ud83d\\ude00\""), &found));
  assert(windlass_equal(found, windlass_string("\xf0\x9f\x98\x80")));
  windlass_arena_clear();
}

int main(void) {
  a_call_leaves_nothing();
  a_scope_gives_back_what_was_allocated_in_it();
  json_is_read_as_it_is_written();
  puts("3 tests passed");
}
