#include "adapters/cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace peakstorm::cli {
namespace {

// Three digits that matter: 1.23, 12.3, 123.
std::string three_digits(double value) {
  return value < 9.995 ? fmt::format("{:.2f}", value)
                       : (value < 99.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value));
}

}  // namespace

std::string short_count(double count) {
  if (count < 999.5) return fmt::format("{:.0f}", count);
  if (count < 999.5e3) return three_digits(count / 1e3) + " k";
  if (count < 999.5e6) return three_digits(count / 1e6) + " M";
  return three_digits(count / 1e9) + " G";
}

std::string full_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string percent(double rate) {
  if (std::isnan(rate)) return "-";
  if (rate < 1 && rate > 0.99995) return "> 99.99 %";
  if (rate > 0 && rate < 0.00005) return "< 0.01 %";
  return fmt::format("{:.2f} %", rate * 100);
}

std::string clock_text(std::chrono::seconds length) {
  const std::int64_t s = std::max<std::int64_t>(0, length.count());
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string latency_text(std::chrono::nanoseconds length) {
  const double us = static_cast<double>(length.count()) / 1e3;
  if (us < 999.5) return three_digits(us) + " us";
  if (us < 999.5e3) return three_digits(us / 1e3) + " ms";
  return three_digits(us / 1e6) + " s";
}

std::string plural(std::uint64_t count, std::string_view noun) {
  const bool y = noun.ends_with('y') && !noun.ends_with("ay");
  if (count == 1) return fmt::format("1 {}", noun);
  return full_count(count) + " " + (y ? std::string(noun.substr(0, noun.size() - 1)) + "ies" : std::string(noun) + "s");
}

}  // namespace peakstorm::cli
