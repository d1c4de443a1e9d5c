// The workflow, compiled for this machine: what it enqueues runs at once, in place.

#include <assert.h>
#include <stdio.h>
#include <windlass/testing.h>
#include <windlass/world.h>

// Runs the task itself, with JSON on both sides.
static bool summarize(windlass_string_t arguments, windlass_string_t *value,
                      windlass_string_t *error) {
  windlass_string_t letter;
  tasks_summary_t summary = {0};
  assert(windlass_json_element(arguments, 0, &letter));
  assert(windlass_json_read_string(letter, &letter));
  if (!tasks_summarize(letter, &summary, error)) {
    return false;
  }
  windlass_json_t json = {0};
  windlass_json_open(&json, '{');
  windlass_json_key(&json, "words");
  windlass_json_u64(&json, summary.words);
  windlass_json_key(&json, "longest");
  windlass_json_string(&json, summary.longest);
  windlass_json_close(&json, '}');
  *value = json.text;
  return true;
}

static bool add_up(const char *first, const char *second, workflows_totals_t *totals,
                   windlass_string_t *error) {
  windlass_test_reset();
  windlass_test_answer("summarize", summarize);
  windlass_list_string_t letters = {0};
  windlass_list_push(&letters, windlass_string(first));
  windlass_list_push(&letters, windlass_string(second));
  return workflows_add_up(&letters, totals, error);
}

static void letters_are_added_up(void) {
  workflows_totals_t totals = {0};
  windlass_string_t error = {0};

  bool done = add_up("dear Ada", "yours, Charles", &totals, &error);

  assert(done);
  assert(totals.letters == 2 && totals.words == 4);
  assert(windlass_equal(totals.longest, windlass_string("Charles")));
  assert(windlass_equal(windlass_test_published("letters"), windlass_string("2")));
}

static void a_letter_that_fails_is_named(void) {
  workflows_totals_t totals = {0};
  windlass_string_t error = {0};

  bool done = add_up("dear Ada", "", &totals, &error);

  assert(!done);
  assert(windlass_equal(error, windlass_string("letter 1: the letter is empty")));
}

int main(void) {
  letters_are_added_up();
  a_letter_that_fails_is_named();
  puts("2 tests passed");
}
