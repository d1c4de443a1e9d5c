// The tasks of {{name}}: wit/world.wit says what they take and return.

#include <algorithm>
#include <windlass/world.hpp>

// The next word of a text, which is shortened by it; an empty one if there is none.
static std::string_view next_word(std::string_view &text) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  std::string_view word = text.substr(0, text.find_first_of(space));
  text.remove_prefix(word.size());
  return word;
}

windlass::result<tasks::Summary, std::string> tasks::summarize(std::string_view letter) {
  windlass::info(windlass::format("summarizing %zu bytes", letter.size()));
  Summary summary;
  for (auto word = next_word(letter); !word.empty(); word = next_word(letter)) {
    summary.words++;
    if (windlass::characters(word) > windlass::characters(summary.longest)) {
      summary.longest = word;
    }
  }
  if (summary.words == 0) {
    return windlass::error("the letter is empty");
  }
  return summary;
}
