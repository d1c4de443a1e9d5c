// The tasks, compiled for this machine and called as functions: no host and no wasm.

#include <assert.h>
#include <stdio.h>
#include <windlass/world.h>

static void a_letter_is_counted_and_its_first_longest_word_found(void) {
  tasks_summary_t summary = {0};
  windlass_string_t error = {0};

  bool done = tasks_summarize(windlass_string("dear Ada, how are you"), &summary, &error);

  assert(done);
  assert(summary.words == 5);
  assert(windlass_equal(summary.longest, windlass_string("dear")));
}

static void a_letter_without_words_is_an_error(void) {
  tasks_summary_t summary = {0};
  windlass_string_t error = {0};

  bool done = tasks_summarize(windlass_string(" "), &summary, &error);

  assert(!done);
  assert(windlass_equal(error, windlass_string("the letter is empty")));
}

int main(void) {
  a_letter_is_counted_and_its_first_longest_word_found();
  a_letter_without_words_is_an_error();
  puts("2 tests passed");
}
