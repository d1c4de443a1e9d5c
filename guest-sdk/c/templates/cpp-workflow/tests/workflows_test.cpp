// The workflow, compiled for this machine: what it enqueues runs at once, in place.

#include <cassert>
#include <cstdio>
#include <windlass/json.hpp>
#include <windlass/testing.h>
#include <windlass/world.hpp>

// Runs the task itself, with JSON on both sides.
static bool summarize(windlass_string_t arguments, windlass_string_t *value,
                      windlass_string_t *error) {
  windlass::json::Value given(windlass::text(arguments));
  auto summary = tasks::summarize(given[std::size_t{0}].string().value());
  std::string told = summary ? "{\"words\":" + windlass::json::text(summary->words) +
                                   ",\"longest\":" + windlass::json::text(summary->longest) + "}"
                             : summary.error();
  *(summary ? value : error) = windlass_copy(told.data(), told.size());
  return summary.has_value();
}

static windlass::result<workflows::Totals, std::string> add_up(std::vector<std::string> letters) {
  windlass_test_reset();
  windlass_test_answer("summarize", summarize);
  return workflows::add_up(letters);
}

static void letters_are_added_up() {
  auto totals = add_up({"dear Ada", "yours, Charles"});

  assert(totals.has_value());
  assert(totals->letters == 2 && totals->words == 4);
  assert(totals->longest == "Charles");
  assert(windlass::text(windlass_test_published("letters")) == "2");
}

static void a_letter_that_fails_is_named() {
  auto totals = add_up({"dear Ada", ""});

  assert(totals.error() == "letter 1: the letter is empty");
}

int main() {
  letters_are_added_up();
  a_letter_that_fails_is_named();
  std::puts("2 tests passed");
}
