// Between the types of C++ and those of C. For the generated glue only.
#pragma once

#include <cstring>
#include <type_traits>
#include <windlass.hpp>

namespace windlass::convert {

// `take` makes the C++ of what C holds, `give` the other way; what C points to is the call's memory.
// The glue brings those of the component's own types.
template <class T>
struct Of {
  static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);

  template <class C>
  static void take(const C &from, T &to) {
    to = static_cast<T>(from);
  }
  template <class C>
  static void give(const T &from, C &to) {
    to = static_cast<C>(from);
  }
};

template <class C, class T>
void take(const C &from, T &to) {
  Of<T>::take(from, to);
}

template <class T, class C>
void give(const T &from, C &to) {
  Of<T>::give(from, to);
}

template <class T, class C>
T taken(const C &from) {
  T to{};
  take(from, to);
  return to;
}

// C has no lists that cannot be written to; nobody does.
template <class T>
T *loose(const T *pointer) {
  return const_cast<T *>(pointer);
}

template <>
struct Of<std::string> {
  template <class C>
  static void take(const C &from, std::string &to) {
    to = windlass::text(from);
  }
  template <class C>
  static void give(const std::string &from, C &to) {
    to = windlass_copy(from.data(), from.size());
  }
};

template <>
struct Of<std::string_view> {
  template <class C>
  static void give(const std::string_view &from, C &to) {
    to = windlass::view(from);
  }
};

template <class T>
struct Of<std::vector<T>> {
  template <class C>
  static void take(const C &from, std::vector<T> &to) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      to.assign(from.ptr, from.ptr + from.len);
    } else {
      to.clear();
      to.reserve(from.len);
      for (std::size_t i = 0; i < from.len; i++) {
        to.push_back(taken<T>(from.ptr[i]));
      }
    }
  }
  template <class C>
  static void give(const std::vector<T> &from, C &to) {
    using Element = std::remove_pointer_t<decltype(to.ptr)>;
    to.len = from.size();
    to.ptr = static_cast<Element *>(windlass_list_make(from.size(), sizeof(Element)));
    if constexpr (std::is_same_v<T, Element> && std::is_arithmetic_v<T> &&
                  !std::is_same_v<T, bool>) {
      if (!from.empty()) {
        std::memcpy(to.ptr, from.data(), from.size() * sizeof(T));
      }
    } else {
      for (std::size_t i = 0; i < from.size(); i++) {
        convert::give(static_cast<const T &>(from[i]), to.ptr[i]);
      }
    }
  }
};

template <class T>
struct Of<std::optional<T>> {
  template <class C>
  static void take(const C &from, std::optional<T> &to) {
    to.reset();
    if (from.is_some) {
      to.emplace(taken<T>(from.val));
    }
  }
  template <class C>
  static void give(const std::optional<T> &from, C &to) {
    to.is_some = from.has_value();
    if (from) {
      convert::give(*from, to.val);
    }
  }
};

template <class T, class E>
struct Of<std::expected<T, E>> {
  template <class C>
  static void take(const C &from, std::expected<T, E> &to) {
    if (from.is_err) {
      if constexpr (std::is_same_v<E, std::monostate>) {
        to = std::unexpected(std::monostate());
      } else {
        to = std::unexpected(taken<E>(from.val.err));
      }
    } else if constexpr (std::is_void_v<T>) {
      to = {};
    } else {
      to = taken<T>(from.val.ok);
    }
  }
  template <class C>
  static void give(const std::expected<T, E> &from, C &to) {
    to.is_err = !from.has_value();
    if (from.has_value()) {
      if constexpr (!std::is_void_v<T>) {
        convert::give(*from, to.val.ok);
      }
    } else if constexpr (!std::is_same_v<E, std::monostate>) {
      convert::give(from.error(), to.val.err);
    }
  }
};

}  // namespace windlass::convert
