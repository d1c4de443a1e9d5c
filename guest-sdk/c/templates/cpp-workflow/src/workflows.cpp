// The workflow of {{name}}: it enqueues the task for each letter, waits, and adds up.

#include <windlass/workflow.hpp>
#include <windlass/world.hpp>

namespace workflow = windlass::workflow;
namespace json = windlass::json;
using namespace std::chrono_literals;

windlass::result<workflows::Totals, std::string> workflows::add_up(
    const std::vector<std::string> &letters) {
  std::vector<workflow::Handle> handles;
  for (const std::string &letter : letters) {
    auto handle = workflow::enqueue("summarize", json::array(letter));
    if (!handle) {
      return windlass::error(handle.error().message);
    }
    handles.push_back(std::move(*handle));
  }
  workflow::wait_all(handles);
  workflow::sleep(10ms);
  // Done once, whatever happens: a replay takes what was recorded. Inside nothing is asked of the host.
  auto now = workflow::now().time_since_epoch().count();
  auto stamped = workflow::step("stamp", [now] { return now; });
  workflow::publish("letters", letters.size());
  Totals totals{.letters = static_cast<std::uint32_t>(letters.size())};
  totals.stamped = stamped.u64().value_or(0);
  for (std::size_t i = 0; i < handles.size(); i++) {
    auto summary = handles[i].get_result();
    if (!summary) {
      return windlass::error("letter " + std::to_string(i) + ": " + summary.error().text());
    }
    totals.words += static_cast<std::uint32_t>((*summary)["words"].u64().value_or(0));
    std::string longest = (*summary)["longest"].string().value_or("");
    if (windlass::characters(longest) > windlass::characters(totals.longest)) {
      totals.longest = longest;
    }
  }
  return totals;
}
