// Workflows that call `demo:hello` by its type: each call is enqueued and waited for.

#include <windlass/world.hpp>

windlass::result<std::int64_t, std::string> typed::sum(std::int64_t n) {
  windlass::result<std::int64_t, std::string> sum = 0;
  for (std::int64_t i = 1; sum && i <= n; i++) {
    sum = hello_tasks::add(*sum, i);
  }
  return sum;
}

std::vector<std::string> typed::greet(const std::vector<std::string> &names) {
  std::vector<std::string> greetings;
  for (const std::string &name : names) {
    greetings.push_back(hello_tasks::greet(name));
  }
  return greetings;
}

windlass::result<std::string, std::string> typed::fails(std::string_view message) {
  return hello_tasks::fail(message);
}
