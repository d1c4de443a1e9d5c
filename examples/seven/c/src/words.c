// The task in C.

#include <stdlib.h>
#include <string.h>
#include <windlass/world.h>

// A word, and its place among all of them, which keeps equally frequent ones in their order.
typedef struct {
  tasks_word_t word;
  size_t place;
} counted_t;

static bool separates(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

static void make_lower(windlass_string_t *word) {
  for (size_t i = 0; i < word->len; i++) {
    char letter = (char)word->ptr[i];
    if (letter >= 'A' && letter <= 'Z') {
      word->ptr[i] = letter - 'A' + 'a';
    }
  }
}

static size_t hash(windlass_string_t word) {
  uint32_t hash = 2166136261;
  for (size_t i = 0; i < word.len; i++) {
    hash = (hash ^ (uint8_t)word.ptr[i]) * 16777619;
  }
  return hash;
}

// Where a word stands in a table of hashes, or where it is to stand. The table is never full.
static counted_t *find(counted_t *table, size_t size, windlass_string_t word) {
  size_t at = hash(word) % size;
  while (table[at].word.times > 0 &&
         (table[at].word.text.len != word.len ||
          memcmp(table[at].word.text.ptr, word.ptr, word.len) != 0)) {
    at = (at + 1) % size;
  }
  return &table[at];
}

static int more_frequent(const void *one, const void *other) {
  const counted_t *a = one, *b = other;
  if (a->word.times != b->word.times) {
    return a->word.times > b->word.times ? -1 : 1;
  }
  // Where nothing stands goes to the end.
  return a->place < b->place ? -1 : 1;
}

bool tasks_frequent(windlass_string_t text, uint32_t most, tasks_list_word_t *words,
                    windlass_string_t *error) {
  windlass_log(WINDLASS_INFO, "%zu bytes of text", text.len);
  size_t size = text.len + 1, count = 0;
  counted_t *table = calloc(size, sizeof *table);
  for (size_t begin = 0, end; begin < text.len; begin = end + 1) {
    for (end = begin; end < text.len && !separates((char)text.ptr[end]); end++) {
    }
    if (end > begin) {
      windlass_string_t word = windlass_slice(text, begin, end);
      make_lower(&word);
      counted_t *counted = find(table, size, word);
      if (counted->word.times == 0) {
        *counted = (counted_t){.word.text = word, .place = count++};
      }
      counted->word.times++;
    }
  }
  qsort(table, size, sizeof *table, more_frequent);
  for (size_t i = 0; i < count && i < most; i++) {
    windlass_list_push(words, table[i].word);
  }
  free(table);
  return count > 0 || windlass_fail(error, "the text has no words");
}
