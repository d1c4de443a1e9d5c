// Every function of the conformance test but `turn`: each returns what it is given.

#include <windlass/world.hpp>

namespace echo {

template <class T>
static std::vector<T> copy(std::span<const T> v) {
  return {v.begin(), v.end()};
}

std::uint8_t echo_u8(std::uint8_t v) { return v; }
std::uint16_t echo_u16(std::uint16_t v) { return v; }
std::uint32_t echo_u32(std::uint32_t v) { return v; }
std::uint64_t echo_u64(std::uint64_t v) { return v; }
std::int8_t echo_s8(std::int8_t v) { return v; }
std::int16_t echo_s16(std::int16_t v) { return v; }
std::int32_t echo_s32(std::int32_t v) { return v; }
std::int64_t echo_s64(std::int64_t v) { return v; }
float echo_f32(float v) { return v; }
double echo_f64(double v) { return v; }
bool echo_bool(bool v) { return v; }
char32_t echo_char(char32_t v) { return v; }
std::string echo_string(std::string_view v) { return std::string(v); }
std::vector<std::uint8_t> echo_bytes(std::span<const std::uint8_t> v) { return copy(v); }
std::vector<std::int32_t> echo_list(std::span<const std::int32_t> v) { return copy(v); }
std::vector<std::uint64_t> echo_longs(std::span<const std::uint64_t> v) { return copy(v); }
std::vector<double> echo_floats(std::span<const double> v) { return copy(v); }
Names echo_names(const Names &v) { return v; }
std::vector<std::vector<std::string>> echo_nested_list(
    const std::vector<std::vector<std::string>> &v) {
  return v;
}
std::vector<Line> echo_records(const std::vector<Line> &v) { return v; }
std::tuple<std::uint8_t, std::string, bool> echo_tuple(
    const std::tuple<std::uint8_t, std::string, bool> &v) {
  return v;
}
std::optional<std::string> echo_option(const std::optional<std::string> &v) { return v; }
std::optional<std::optional<std::uint8_t>> echo_nested_option(
    const std::optional<std::optional<std::uint8_t>> &v) {
  return v;
}
Order echo_record(const Order &v) { return v; }
Record echo_keywords(const Record &record) { return record; }
Shape echo_variant(const Shape &v) { return v; }
Color echo_enum(Color v) { return v; }
Permissions echo_flags(Permissions v) { return v; }
ManyFlags echo_many_flags(ManyFlags v) { return v; }

std::tuple<windlass::result<std::uint32_t, std::string>> echo_result(
    const windlass::result<std::uint32_t, std::string> &v) {
  return {v};
}

windlass::result<std::uint32_t, std::string> return_result(
    const windlass::result<std::uint32_t, std::string> &v) {
  return v;
}

windlass::result<std::string, Shape> return_typed_error(const Shape &v) {
  if (std::holds_alternative<ShapeNothing>(v)) {
    return "nothing";
  }
  return windlass::failed(v);
}

windlass::result<void, std::monostate> return_bare_result(bool ok) {
  if (!ok) {
    return windlass::failed(std::monostate());
  }
  return {};
}

windlass::result<std::string, std::monostate> return_only_ok(bool ok) {
  if (!ok) {
    return windlass::failed(std::monostate());
  }
  return "ok";
}

windlass::result<void, std::string> return_only_err(bool ok) {
  if (!ok) {
    return windlass::error("err");
  }
  return {};
}

std::string join(std::string_view first_part, std::string_view second_part, std::uint32_t times) {
  std::string all;
  for (std::uint32_t i = 0; i < times; i++) {
    all.append(first_part).append(second_part);
  }
  return all;
}

void nothing() {}

}  // namespace echo
