/// How numbers look on the terminal: short, with their unit, one spelling everywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace peakstorm::cli {

/// "940", "12.3 k", "4.56 M", "1.20 G": three digits that matter.
std::string short_count(double count);
/// "4,560,123".
std::string full_count(std::uint64_t count);
/// "93.42 %"; a rate that rounds to 100 % without being 1 is shown as "> 99.99 %", and likewise at 0.
std::string percent(double rate);
/// "0:42", "12:05", "3:07:00".
std::string clock_text(std::chrono::seconds length);
/// "850 us", "12.3 ms", "4.20 s".
std::string latency_text(std::chrono::nanoseconds length);
/// One thing, many things: plural(1, "lane") is "1 lane".
std::string plural(std::uint64_t count, std::string_view noun);

}  // namespace peakstorm::cli
