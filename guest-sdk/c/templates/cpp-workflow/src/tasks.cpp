// The tasks of {{name}}: wit/world.wit says what they take and return.

#include <sstream>
#include <windlass/world.hpp>

windlass::result<tasks::Summary, std::string> tasks::summarize(std::string_view letter) {
  windlass::info(windlass::format("summarizing %zu bytes", letter.size()));
  Summary summary;
  std::istringstream words{std::string(letter)};
  for (std::string word; words >> word; summary.words++) {
    if (windlass::characters(word) > windlass::characters(summary.longest)) {
      summary.longest = word;
    }
  }
  if (summary.words == 0) {
    return windlass::error("the letter is empty");
  }
  return summary;
}
