// Makes another of every part of an order, as the WIT says.

#include <windlass/world.hpp>

namespace echo {

static std::vector<Line> reversed(const std::vector<Line> &lines) {
  return {lines.rbegin(), lines.rend()};
}

struct Turned {
  Shape operator()(const ShapeCircle &circle) const {
    return ShapeRectangle{{circle.value, circle.value}};
  }
  Shape operator()(const ShapeRectangle &rectangle) const {
    return ShapeCircle{std::get<0>(rectangle.value)};
  }
  Shape operator()(const ShapeLines &lines) const { return ShapeLines{reversed(lines.value)}; }
  Shape operator()(const ShapeNothing &nothing) const { return nothing; }
};

static Color next(Color color) {
  switch (color) {
    case Color::red: return Color::green;
    case Color::green: return Color::light_blue;
    case Color::light_blue: break;
  }
  return Color::red;
}

Order turn(const Order &v) {
  Order turned;
  turned.order_id = v.order_id + 1;
  turned.lines = reversed(v.lines);
  for (Line &line : turned.lines) {
    line.count++;
    line.price /= 2;
  }
  turned.note = v.note ? *v.note + "!" : "none";
  turned.permissions = {!v.permissions.read, !v.permissions.write, !v.permissions.execute};
  turned.color = next(v.color);
  turned.shape = std::visit(Turned(), v.shape);
  for (std::uint8_t byte : v.picture) {
    turned.picture.push_back(byte ^ 255);
  }
  // Without a sign, so that the least number wraps.
  turned.balance = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(v.balance));
  turned.position = {std::get<1>(v.position), static_cast<float>(std::get<0>(v.position))};
  if (v.verdict) {
    turned.verdict = windlass::error(std::to_string(*v.verdict));
  } else {
    turned.verdict = static_cast<std::uint32_t>(v.verdict.error().size());
  }
  turned.initial = U'x';
  turned.paid = !v.paid;
  return turned;
}

}  // namespace echo
