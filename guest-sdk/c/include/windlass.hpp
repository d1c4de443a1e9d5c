// What a task written in C++ says to Windlass.
//
// The component's own functions and types are in <windlass/world.hpp>, which `windlass build` makes
// from the WIT; workflows include <windlass/workflow.hpp> as well. There are no exceptions: a
// function that can fail returns a `windlass::result`.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <windlass.h>

namespace windlass {

// A value, or why there is none.
template <class T, class E>
using result = std::expected<T, E>;

// The error of a function's result: `return windlass::error("the letter is empty");`
inline std::unexpected<std::string> error(std::string_view message) {
  return std::unexpected(std::string(message));
}

template <class E>
std::unexpected<E> failed(E payload) {
  return std::unexpected<E>(std::move(payload));
}

// A string as printf makes it.
WINDLASS_PRINTF(1, 2) inline std::string format(const char *format, ...) {
  va_list arguments;
  va_list again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  std::string text(length < 0 ? 0 : static_cast<std::size_t>(length), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  va_end(arguments);
  return text;
}

// A string of C that looks at this one.
inline windlass_string_t view(std::string_view text) {
  return {const_cast<char *>(text.data()), text.size()};
}

inline std::string text(windlass_string_t string) {
  return string.len == 0 ? std::string() : std::string(string.ptr, string.len);
}

// How many characters it has; its size is its bytes.
inline std::size_t characters(std::string_view text) { return windlass_characters(view(text)); }

// Gives back what C allocated in the meantime.
class Scope {
 public:
  Scope() : began_(windlass_scope_begin()) {}
  ~Scope() { windlass_scope_end(began_); }
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;

 private:
  windlass_scope_t began_;
};

enum class Level { trace, debug, info, warn, error };

// Appends a line to the invocation's log, beside what goes to stdout and stderr.
inline void log(Level level, std::string_view message) {
  windlass_log(static_cast<windlass_level_t>(level), "%.*s", static_cast<int>(message.size()),
               message.data());
}

inline void info(std::string_view message) { log(Level::info, message); }
inline void warn(std::string_view message) { log(Level::warn, message); }

// Tells whoever watches how far it is: `done` of `total`, with a short note.
inline void progress(std::uint64_t done, std::uint64_t total, const std::string &note = {}) {
  windlass_progress(done, total, note.c_str());
}

// Who is running.
struct Invocation {
  std::string id;
  std::string name_space;
  std::string queue;
  std::string task;
  std::uint32_t attempt;
};

inline Invocation this_invocation() {
  Scope scope;
  windlass_invocation_t found = windlass_this_invocation();
  return {text(found.id), text(found.name_space), text(found.queue), text(found.task),
          found.attempt};
}

}  // namespace windlass
