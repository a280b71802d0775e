/// Invariants of our own code. On in every build: the cost is one predicted branch, and a wrong number
/// that looks right costs more than an abort.
#pragma once

#include <string>
#include <type_traits>

namespace peakstorm::detail {

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& values);

template <class T>
std::string check_text(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (requires { value.time_since_epoch().count(); }) {
    return std::to_string(value.time_since_epoch().count()) + " ms";
  } else if constexpr (requires { value.count(); }) {
    return std::to_string(value.count()) + " ms";
  } else {
    return std::string(value);
  }
}

template <class... Ts>
std::string check_values(const Ts&... values) {
  std::string text;
  ((text += (text.empty() ? "" : ", ") + check_text(values)), ...);
  return text;
}

}  // namespace peakstorm::detail

/// Aborts with the condition, the place and the values when `condition` is false. One condition per check.
#define PEAKSTORM_CHECK(condition, ...)                                                  \
  do {                                                                                   \
    if (!(condition)) [[unlikely]]                                                       \
      ::peakstorm::detail::check_failed(#condition, __FILE__, __LINE__,                  \
                                        ::peakstorm::detail::check_values(__VA_ARGS__)); \
  } while (false)
