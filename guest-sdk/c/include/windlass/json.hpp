// As much JSON as workflows in C++ need: `json::array(letter, 3)` writes arguments, `json::Value`
// reads a result.
#pragma once

#include <type_traits>
#include <windlass.hpp>
#include <windlass/json.h>

namespace windlass::json {

// A piece of JSON, read a value at a time. What is not there, or of another type, is none.
class Value {
 public:
  explicit Value(std::string text) : text_(std::move(text)) {}

  const std::string &text() const { return text_; }
  bool is_null() const { return windlass_json_is_null(view(text_)); }

  // The member of an object, the element of an array; null if there is none.
  Value operator[](const char *name) const {
    windlass_string_t found;
    return of(windlass_json_member(view(text_), name, &found), found);
  }
  Value operator[](std::size_t index) const {
    windlass_string_t found;
    return of(windlass_json_element(view(text_), index, &found), found);
  }

  std::optional<std::string> string() const {
    Scope scope;
    windlass_string_t found;
    if (windlass_json_read_string(view(text_), &found)) {
      return windlass::text(found);
    }
    return std::nullopt;
  }
  std::optional<std::uint64_t> u64() const { return read(windlass_json_read_u64); }
  std::optional<std::int64_t> s64() const { return read(windlass_json_read_s64); }
  std::optional<double> f64() const { return read(windlass_json_read_f64); }
  std::optional<bool> boolean() const { return read(windlass_json_read_bool); }

 private:
  static Value of(bool is_there, windlass_string_t found) {
    return Value(is_there ? windlass::text(found) : std::string("null"));
  }
  template <class T>
  std::optional<T> read(bool (*reader)(windlass_string_t, T *)) const {
    Scope scope;
    T value;
    if (reader(view(text_), &value)) {
      return value;
    }
    return std::nullopt;
  }

  std::string text_;
};

namespace detail {

inline void write(windlass_json_t &json, std::string_view value) {
  windlass_json_string(&json, view(value));
}
inline void write(windlass_json_t &json, const std::string &value) {
  windlass_json_string(&json, view(value));
}
inline void write(windlass_json_t &json, const char *value) {
  windlass_json_string(&json, view(value));
}
inline void write(windlass_json_t &json, const Value &value) {
  windlass_json_raw(&json, view(value.text()));
}
inline void write(windlass_json_t &json, bool value) { windlass_json_bool(&json, value); }
template <class T>
  requires std::is_arithmetic_v<T>
void write(windlass_json_t &json, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    windlass_json_f64(&json, value);
  } else if constexpr (std::is_signed_v<T>) {
    windlass_json_s64(&json, value);
  } else {
    windlass_json_u64(&json, value);
  }
}
template <class T>
void write(windlass_json_t &json, const std::optional<T> &value) {
  if (value) {
    write(json, *value);
  } else {
    windlass_json_null(&json);
  }
}
template <class T>
void write(windlass_json_t &json, const std::vector<T> &values) {
  windlass_json_open(&json, '[');
  for (const auto &value : values) {
    write(json, value);
  }
  windlass_json_close(&json, ']');
}

}  // namespace detail

// The JSON of a value: text, numbers, bool, optional, vector of these, or JSON.
template <class T>
std::string text(const T &value) {
  Scope scope;
  windlass_json_t json{};
  detail::write(json, value);
  return windlass::text(json.text);
}

// An array of these values: the arguments of a call.
template <class... T>
std::string array(const T &...values) {
  Scope scope;
  windlass_json_t json{};
  windlass_json_open(&json, '[');
  (detail::write(json, values), ...);
  windlass_json_close(&json, ']');
  return windlass::text(json.text);
}

}  // namespace windlass::json
