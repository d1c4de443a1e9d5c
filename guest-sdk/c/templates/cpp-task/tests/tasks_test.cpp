// The tasks, compiled for this machine and called as functions: no host and no wasm.

#include <cassert>
#include <cstdio>
#include <windlass/world.hpp>

static void a_letter_is_counted_and_its_first_longest_word_found() {
  auto summary = tasks::summarize("dear Ada, how are you");

  assert(summary.has_value());
  assert((*summary == tasks::Summary{5, "dear"}));
}

static void a_letter_without_words_is_an_error() {
  auto summary = tasks::summarize(" ");

  assert(!summary.has_value());
  assert(summary.error() == "the letter is empty");
}

int main() {
  a_letter_is_counted_and_its_first_longest_word_found();
  a_letter_without_words_is_an_error();
  std::puts("2 tests passed");
}
