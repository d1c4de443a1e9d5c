// Makes another of every part of an order, as the WIT says.

#include <windlass/world.h>

static echo_list_line_t reversed(const echo_list_line_t *lines) {
  echo_list_line_t turned = {0};
  for (size_t i = lines->len; i > 0; i--) {
    windlass_list_push(&turned, lines->ptr[i - 1]);
  }
  return turned;
}

static echo_list_line_t turned_lines(const echo_list_line_t *lines) {
  echo_list_line_t turned = reversed(lines);
  for (size_t i = 0; i < turned.len; i++) {
    turned.ptr[i].count++;
    turned.ptr[i].price /= 2;
  }
  return turned;
}

static echo_shape_t turned_shape(const echo_shape_t *shape) {
  echo_shape_t turned = {.tag = shape->tag};
  switch (shape->tag) {
    case ECHO_SHAPE_CIRCLE:
      turned.tag = ECHO_SHAPE_RECTANGLE;
      turned.val.rectangle.f0 = turned.val.rectangle.f1 = shape->val.circle;
      break;
    case ECHO_SHAPE_RECTANGLE:
      turned.tag = ECHO_SHAPE_CIRCLE;
      turned.val.circle = shape->val.rectangle.f0;
      break;
    case ECHO_SHAPE_LINES:
      turned.val.lines = reversed(&shape->val.lines);
      break;
  }
  return turned;
}

echo_order_t echo_turn(const echo_order_t *v) {
  echo_order_t turned = *v;
  turned.order_id = v->order_id + 1;
  turned.lines = turned_lines(&v->lines);
  if (v->note.is_some) {
    windlass_some(&turned.note, windlass_format("%.*s!", WINDLASS_ARG(v->note.val)));
  } else {
    windlass_some(&turned.note, windlass_string("none"));
  }
  turned.permissions = v->permissions ^ (ECHO_PERMISSIONS_READ | ECHO_PERMISSIONS_WRITE |
                                         ECHO_PERMISSIONS_EXECUTE);
  turned.color = v->color == ECHO_COLOR_LIGHT_BLUE ? ECHO_COLOR_RED : (echo_color_t)(v->color + 1);
  turned.shape = turned_shape(&v->shape);
  uint8_t *bytes = windlass_list_new(&turned.picture, v->picture.len);
  for (size_t i = 0; i < v->picture.len; i++) {
    bytes[i] = v->picture.ptr[i] ^ 255;
  }
  // Without a sign, so that the least number wraps.
  turned.balance = (int64_t)(0 - (uint64_t)v->balance);
  turned.position.f0 = v->position.f1;
  turned.position.f1 = (float)v->position.f0;
  turned.verdict.is_err = !v->verdict.is_err;
  if (v->verdict.is_err) {
    turned.verdict.val.ok = (uint32_t)v->verdict.val.err.len;
  } else {
    turned.verdict.val.err = windlass_format("%u", (unsigned)v->verdict.val.ok);
  }
  turned.initial = 'x';
  turned.paid = !v->paid;
  return turned;
}
