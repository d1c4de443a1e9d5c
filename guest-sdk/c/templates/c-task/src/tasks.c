// The tasks of {{name}}: wit/world.wit says what they take and return.

#include <ctype.h>
#include <windlass/world.h>

// The next word of a text, which is shortened by it; one without letters if there is none.
static windlass_string_t next_word(windlass_string_t *text) {
  size_t begin = 0;
  while (begin < text->len && isspace((unsigned char)text->ptr[begin])) {
    begin++;
  }
  size_t end = begin;
  while (end < text->len && !isspace((unsigned char)text->ptr[end])) {
    end++;
  }
  windlass_string_t word = windlass_slice(*text, begin, end);
  *text = windlass_slice(*text, end, text->len);
  return word;
}

bool tasks_summarize(windlass_string_t letter, tasks_summary_t *summary, windlass_string_t *error) {
  windlass_log(WINDLASS_INFO, "summarizing %zu bytes", letter.len);
  windlass_string_t word;
  while ((word = next_word(&letter)).len > 0) {
    summary->words++;
    if (windlass_characters(word) > windlass_characters(summary->longest)) {
      // A piece of the argument may be returned: nothing of a call is freed before its end.
      summary->longest = word;
    }
  }
  if (summary->words == 0) {
    return windlass_fail(error, "the letter is empty");
  }
  return true;
}
