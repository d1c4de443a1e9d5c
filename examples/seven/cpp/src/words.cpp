// The task in C++.

#include <algorithm>
#include <unordered_map>
#include <windlass/world.hpp>

static char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

windlass::result<std::vector<tasks::Word>, std::string> tasks::frequent(std::string_view text,
                                                                        uint32_t most) {
  windlass::info(windlass::format("%zu bytes of text", text.size()));
  std::vector<Word> words;
  std::unordered_map<std::string, size_t> places;
  for (size_t begin = 0; (begin = text.find_first_not_of(" \t\n\r", begin)) != text.npos;) {
    size_t end = std::min(text.find_first_of(" \t\n\r", begin), text.size());
    std::string word(text.substr(begin, end - begin));
    std::transform(word.begin(), word.end(), word.begin(), lower);
    auto [place, is_new] = places.try_emplace(word, words.size());
    if (is_new) {
      words.push_back({word, 0});
    }
    words[place->second].times++;
    begin = end;
  }
  if (words.empty()) {
    return windlass::error("the text has no words");
  }
  std::stable_sort(words.begin(), words.end(),
                   [](const Word &a, const Word &b) { return a.times > b.times; });
  words.resize(std::min<size_t>(words.size(), most));
  return words;
}
