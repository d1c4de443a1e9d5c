// Every function of the conformance test but `turn`: each returns what it is given.

#include <string.h>
#include <windlass/world.h>

uint8_t echo_echo_u8(uint8_t v) { return v; }
uint16_t echo_echo_u16(uint16_t v) { return v; }
uint32_t echo_echo_u32(uint32_t v) { return v; }
uint64_t echo_echo_u64(uint64_t v) { return v; }
int8_t echo_echo_s8(int8_t v) { return v; }
int16_t echo_echo_s16(int16_t v) { return v; }
int32_t echo_echo_s32(int32_t v) { return v; }
int64_t echo_echo_s64(int64_t v) { return v; }
float echo_echo_f32(float v) { return v; }
double echo_echo_f64(double v) { return v; }
bool echo_echo_bool(bool v) { return v; }
uint32_t echo_echo_char(uint32_t v) { return v; }
windlass_string_t echo_echo_string(windlass_string_t v) { return v; }
windlass_list_u8_t echo_echo_bytes(const windlass_list_u8_t *v) { return *v; }
windlass_list_s32_t echo_echo_list(const windlass_list_s32_t *v) { return *v; }
windlass_list_u64_t echo_echo_longs(const windlass_list_u64_t *v) { return *v; }
windlass_list_f64_t echo_echo_floats(const windlass_list_f64_t *v) { return *v; }
echo_names_t echo_echo_names(const echo_names_t *v) { return *v; }
windlass_list_list_string_t echo_echo_nested_list(const windlass_list_list_string_t *v) {
  return *v;
}
echo_list_line_t echo_echo_records(const echo_list_line_t *v) { return *v; }
windlass_tuple3_u8_string_bool_t echo_echo_tuple(const windlass_tuple3_u8_string_bool_t *v) {
  return *v;
}
windlass_option_string_t echo_echo_option(const windlass_option_string_t *v) { return *v; }
windlass_option_option_u8_t echo_echo_nested_option(const windlass_option_option_u8_t *v) {
  return *v;
}
echo_order_t echo_echo_record(const echo_order_t *v) { return *v; }
echo_record_t echo_echo_keywords(const echo_record_t *record) { return *record; }
echo_shape_t echo_echo_variant(const echo_shape_t *v) { return *v; }
echo_color_t echo_echo_enum(echo_color_t v) { return v; }
echo_permissions_t echo_echo_flags(echo_permissions_t v) { return v; }
echo_many_flags_t echo_echo_many_flags(echo_many_flags_t v) { return v; }

echo_tuple1_result_u32_string_t echo_echo_result(const echo_result_u32_string_t *v) {
  return (echo_tuple1_result_u32_string_t){*v};
}

bool echo_return_result(const echo_result_u32_string_t *v, uint32_t *ok, windlass_string_t *error) {
  if (v->is_err) {
    *error = v->val.err;
  } else {
    *ok = v->val.ok;
  }
  return !v->is_err;
}

bool echo_return_typed_error(const echo_shape_t *v, windlass_string_t *ok, echo_shape_t *error) {
  if (v->tag == ECHO_SHAPE_NOTHING) {
    *ok = windlass_string("nothing");
    return true;
  }
  *error = *v;
  return false;
}

bool echo_return_bare_result(bool ok) { return ok; }

bool echo_return_only_ok(bool ok, windlass_string_t *ok_of_result) {
  *ok_of_result = windlass_string("ok");
  return ok;
}

bool echo_return_only_err(bool ok, windlass_string_t *error) {
  return ok || windlass_fail(error, "err");
}

windlass_string_t echo_join(windlass_string_t first_part, windlass_string_t second_part,
                            uint32_t times) {
  size_t length = first_part.len + second_part.len;
  windlass_string_t once =
      windlass_format("%.*s%.*s", WINDLASS_ARG(first_part), WINDLASS_ARG(second_part));
  windlass_string_t all = {windlass_alloc(length * times), length * times};
  for (uint32_t i = 0; i < times; i++) {
    memcpy(all.ptr + i * length, once.ptr, length);
  }
  return all;
}

void echo_nothing(void) {}
