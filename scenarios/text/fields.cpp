#include "scenarios/text/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "scenarios/text/civil.hpp"
#include "scenarios/text/utf8.hpp"

namespace peakstorm::scenarios {
namespace {

constexpr Cents money_max = 100'000'000;

tl::unexpected<Complaint> complain(std::string message, std::string cure) {
  return tl::unexpected<Complaint>(Complaint{std::move(message), std::move(cure)});
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Value of up to 18 digits.
std::uint64_t digits(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

/// "1.25" as units of 10^-decimals, exactly; nothing when it is not a plain number with so many decimals.
std::optional<std::uint64_t> fixed_point(std::string_view text, std::size_t decimals) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view("0") : text.substr(point + 1);
  if (!all_digits(whole) || !all_digits(fraction) || whole.size() > 9 || fraction.size() > decimals) {
    return std::nullopt;
  }
  std::uint64_t part = digits(fraction);
  for (std::size_t i = fraction.size(); i < decimals; ++i) part *= 10;
  std::uint64_t unit = 1;
  for (std::size_t i = 0; i < decimals; ++i) unit *= 10;
  return digits(whole) * unit + part;
}

std::string bounds(std::uint64_t low, std::uint64_t high) {
  return "from " + std::to_string(low) + " to " + std::to_string(high);
}

/// Why a text is no plain number of at most six decimals, in words.
Complaint number_complaint(std::string_view text, std::string_view kind, const char* example) {
  const std::string shown = std::string(kind) + " " + in_quotes(text);
  const std::string cure = "write digits with at most six decimals, for instance " + std::string(example);
  if (!text.empty() && text.front() == '-') return {shown + " is negative", cure};
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos && text.size() - point > 7 && all_digits(text.substr(point + 1))) {
    return {shown + " has more than six decimals", cure};
  }
  if (all_digits(text.substr(0, point)) && text.substr(0, point).size() > 9) return {shown + " is too large", cure};
  return {shown + " is not a number", cure};
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string out = "'";
  std::size_t end = std::min(text.size(), longest);
  // Never cut a UTF-8 sequence in two: its later bytes begin with the bits 10.
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  // A message goes to terminals and into JSON, where stray bytes would do more harm than in the file it is about.
  const bool readable = is_utf8(text.substr(0, end));
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable) ? '?' : c;
  }
  if (end < text.size()) out += "...";
  return out + "'";
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    text = trim(text);
    if (text.empty()) return words;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

Parsed<std::string> parse_name(std::string_view text) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  };
  if (text.empty()) return complain("the name is empty", "give it a name of letters, digits, '-', '_' and '.'");
  if (text.size() > 100) return complain("the name " + in_quotes(text) + " is too long", "use at most 100 characters");
  if (!std::all_of(text.begin(), text.end(), allowed) || text == "." || text == "..") {
    return complain(in_quotes(text) + " is not a name", "use only letters, digits, '-', '_' and '.'");
  }
  return std::string(text);
}

Parsed<Ppm> parse_share(std::string_view text) {
  const auto value = fixed_point(text, 6);
  if (!value) {
    Complaint complaint = number_complaint(text, "share", "0.25");
    if (!text.empty() && text.back() == '%') complaint.cure = "write a fraction of 1, for instance 0.25 for 25 %";
    return tl::unexpected<Complaint>(std::move(complaint));
  }
  if (*value > ppm_one) {
    return complain("share " + in_quotes(text) + " is above 1", "write a fraction of 1, for instance 0.25 for 25 %");
  }
  return static_cast<Ppm>(*value);
}

Parsed<Ppm> parse_factor(std::string_view text) {
  const auto value = fixed_point(text, 6);
  if (!value) return tl::unexpected<Complaint>(number_complaint(text, "factor", "1.37"));
  if (*value > std::uint64_t{factor_max} * ppm_one) {
    return complain("factor " + in_quotes(text) + " is too large", "use " + bounds(0, factor_max));
  }
  return static_cast<Ppm>(*value);
}

Parsed<Ppm> parse_positive_factor(std::string_view text) {
  auto value = parse_factor(text);
  if (value && *value == 0) return complain("the factor is 0", "use a factor above 0; a closure is a disruption");
  return value;
}

Parsed<std::uint64_t> parse_count(std::string_view text, std::uint64_t low, std::uint64_t high) {
  const std::string cure = "write a whole number " + bounds(low, high);
  if (text.size() > 1 && text.front() == '-' && all_digits(text.substr(1))) {
    return complain(in_quotes(text) + " is negative", cure);
  }
  if (!all_digits(text)) return complain(in_quotes(text) + " is not a whole number", cure);
  if (text.size() > 18 || digits(text) > high) return complain(in_quotes(text) + " is too large", cure);
  if (digits(text) < low) return complain(in_quotes(text) + " is too small", cure);
  return digits(text);
}

Parsed<double> parse_decimal(std::string_view text, double low, double high) {
  const auto shown = [](double value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return std::string(buffer.data(), end.ptr);
  };
  const std::string cure = "write a plain number from " + shown(low) + " to " + shown(high);
  std::string_view magnitude = text;
  if (!magnitude.empty() && magnitude.front() == '-') magnitude.remove_prefix(1);
  const std::size_t point = magnitude.find('.');
  const bool plain = magnitude.size() <= 40 && all_digits(magnitude.substr(0, point)) &&
                     (point == std::string_view::npos || all_digits(magnitude.substr(point + 1)));
  double value = 0;
  if (!plain || std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
    return complain(in_quotes(text) + " is not a number", cure);
  }
  if (!(value >= low && value <= high)) return complain(in_quotes(text) + " is out of range", cure);
  return value;
}

Parsed<UnixDay> parse_date(std::string_view text) {
  const std::string cure = "write it as 2013-12-24, from 1970 to 2199";
  const bool shape = text.size() == 10 && text[4] == '-' && text[7] == '-' && all_digits(text.substr(0, 4)) &&
                     all_digits(text.substr(5, 2)) && all_digits(text.substr(8, 2));
  if (!shape) return complain(in_quotes(text) + " is not a date", cure);
  const auto year = static_cast<int>(digits(text.substr(0, 4)));
  const auto month = static_cast<unsigned>(digits(text.substr(5, 2)));
  const auto day = static_cast<unsigned>(digits(text.substr(8, 2)));
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
    return complain(in_quotes(text) + " is no day of the calendar", "correct the date");
  }
  if (year < 1970 || year > 2199) return complain(in_quotes(text) + " is out of range", cure);
  return unix_day(year, month, day);
}

Parsed<SimDuration> parse_time(std::string_view text) {
  const std::string cure = "write hours and minutes with two digits each, 00:00 to 24:00";
  const bool shape =
      text.size() == 5 && text[2] == ':' && all_digits(text.substr(0, 2)) && all_digits(text.substr(3, 2));
  if (!shape) return complain(in_quotes(text) + " is not a time", cure);
  const std::uint64_t hour = digits(text.substr(0, 2));
  const std::uint64_t minute = digits(text.substr(3, 2));
  if (minute > 59 || hour > 24 || (hour == 24 && minute != 0)) {
    return complain(in_quotes(text) + " is no time of day", cure);
  }
  return minutes(static_cast<std::int64_t>(hour * 60 + minute));
}

Parsed<SimDuration> parse_duration(std::string_view text) {
  struct Unit {
    char letter;
    std::int64_t ms;
  };
  static constexpr std::array<Unit, 4> units{{{'d', 86'400'000}, {'h', 3'600'000}, {'m', 60'000}, {'s', 1'000}}};
  const std::string cure = "write a length with its unit, for instance 90m, 2h30m, 36h or 3d";
  if (all_digits(text)) return complain("the length " + in_quotes(text) + " has no unit", cure);
  if (!text.empty() && text.front() == '-') return complain("the length " + in_quotes(text) + " is negative", cure);
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t count = 0;
    while (count < rest.size() && is_digit(rest[count])) ++count;
    if (count == 0 || count > 9 || count == rest.size()) return complain(in_quotes(text) + " is not a length", cure);
    std::size_t unit = next_unit;
    while (unit < units.size() && units[unit].letter != rest[count]) ++unit;
    if (unit == units.size()) return complain(in_quotes(text) + " is not a length", cure);
    total += static_cast<std::int64_t>(digits(rest.substr(0, count))) * units[unit].ms;
    next_unit = unit + 1;
    rest.remove_prefix(count + 1);
  }
  if (text.empty()) return complain("the length is empty", cure);
  if (total > days(3650).count())
    return complain("the length " + in_quotes(text) + " is too long", "use at most 3650d");
  return SimDuration{total};
}

Parsed<SimDuration> parse_positive_duration(std::string_view text) {
  auto value = parse_duration(text);
  if (value && value->count() == 0) {
    return complain("the length " + in_quotes(text) + " is zero", "write more than 0, for instance 30m");
  }
  return value;
}

Parsed<Cents> parse_money(std::string_view text) {
  const std::string cure = "write US dollars with at most two decimals, for instance 7.95";
  const auto cents = fixed_point(text, 2);
  if (!cents) {
    const bool negative = !text.empty() && text.front() == '-';
    return complain("the amount " + in_quotes(text) + (negative ? " is negative" : " is no amount of dollars"), cure);
  }
  if (*cents > static_cast<std::uint64_t>(money_max)) {
    return complain("the amount " + in_quotes(text) + " is too large", "use at most 1000000");
  }
  return static_cast<Cents>(*cents);
}

Parsed<std::uint8_t> parse_weekdays(std::string_view text) {
  static constexpr std::array<std::string_view, 7> names{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const std::string cure = "write daily, a range as Mon-Fri, or days as Tue+Thu+Sat";
  if (text == "daily") return std::uint8_t{0x7f};
  const auto number = [](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  std::uint32_t set = 0;
  std::string_view rest = text;
  while (true) {
    const std::size_t plus = rest.find('+');
    const std::string_view part = trim(rest.substr(0, plus));
    const std::size_t dash = part.find('-');
    const std::size_t first = number(part.substr(0, dash));
    const std::size_t last = dash == std::string_view::npos ? first : number(part.substr(dash + 1));
    if (first == names.size() || last == names.size()) return complain(in_quotes(text) + " are no weekdays", cure);
    for (std::size_t day = first;; day = (day + 1) % 7) {
      if ((set >> day & 1U) != 0) return complain(in_quotes(text) + " names a day twice", cure);
      set |= 1U << day;
      if (day == last) break;
    }
    if (plus == std::string_view::npos) return static_cast<std::uint8_t>(set);
    rest.remove_prefix(plus + 1);
  }
}

Parsed<bool> parse_yes_no(std::string_view text) {
  if (text == "yes" || text == "true") return true;
  if (text == "no" || text == "false") return false;
  return complain(in_quotes(text) + " is neither yes nor no", "write yes or no");
}

std::string date_text(UnixDay day) {
  const CivilDate date = civil_date(day);
  std::string out = std::to_string(date.year);
  out += date.month < 10 ? "-0" : "-";
  out += std::to_string(date.month);
  out += date.day < 10 ? "-0" : "-";
  return out + std::to_string(date.day);
}

std::string ppm_text(std::uint64_t ppm) {
  std::string fraction = std::to_string(ppm % ppm_one + ppm_one).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(ppm / ppm_one) + (fraction.empty() ? "" : "." + fraction);
}

std::string time_text(SimDuration time_of_day) {
  const std::int64_t minute = time_of_day.count() / 60'000;
  std::string out = minute / 60 < 10 ? "0" : "";
  out += std::to_string(minute / 60);
  out += minute % 60 < 10 ? ":0" : ":";
  return out + std::to_string(minute % 60);
}

namespace {

/// The integer nearest to value * unit, when value is a decimal number with so many places: a double
/// carries 53 bits, so the product differs from the integer by rounding alone.
std::optional<std::int64_t> exact_multiple(double value, double unit) {
  const double scaled = value * unit;
  if (!(std::fabs(scaled) < 0x1p50)) return std::nullopt;
  const double nearest = std::nearbyint(scaled);
  if (std::fabs(scaled - nearest) > std::max(1.0, std::fabs(nearest)) * 0x1p-50) return std::nullopt;
  return static_cast<std::int64_t>(nearest);
}

std::string number_text(double value) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return in_quotes(std::string_view(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())));
}

}  // namespace

Parsed<Ppm> ppm_of(double value, std::uint32_t high) {
  if (!std::isfinite(value)) return complain(number_text(value) + " is not a number", "write a plain number");
  if (value < 0) return complain(number_text(value) + " is negative", "write 0 or more");
  if (value > high) {
    return complain(number_text(value) + " is above " + std::to_string(high),
                    high == 1 ? "write a fraction of 1, for instance 0.25 for 25 %" : "use " + bounds(0, high));
  }
  const auto ppm = exact_multiple(value, 1e6);
  if (!ppm) return complain(number_text(value) + " has more than six decimals", "write at most six decimals");
  return static_cast<Ppm>(*ppm);
}

Parsed<Cents> cents_of(double dollars) {
  const std::string cure = "write US dollars with at most two decimals, for instance 7.95";
  if (!std::isfinite(dollars)) return complain(number_text(dollars) + " is not a number", cure);
  if (dollars < 0) return complain("the amount " + number_text(dollars) + " is negative", cure);
  if (dollars > static_cast<double>(money_max) / 100) {
    return complain("the amount " + number_text(dollars) + " is too large", "use at most 1000000");
  }
  const auto cents = exact_multiple(dollars, 100);
  if (!cents) return complain("the amount " + number_text(dollars) + " has more than two decimals", cure);
  return *cents;
}

}  // namespace peakstorm::scenarios
