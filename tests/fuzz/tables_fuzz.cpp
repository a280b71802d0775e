// Goal: the CSV reader and the parsers of single fields take any bytes; what they accept is in the range their headers
// name, and reads the same once more when it is written down.
// Method: the input is a table. It is read, written with every cell in quotes, and read again; each cell goes through
// every parser of a field. Then the input is the text of one cell, which has to survive being written and read.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/check.hpp"
#include "scenarios/text/csv.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/utf8.hpp"
#include "scenarios/text/zones.hpp"

namespace {

using namespace peakstorm;
using namespace peakstorm::scenarios;

constexpr std::size_t cells_max = 40;
constexpr std::size_t zones_max = 2;  ///< An unknown zone is compared with all six hundred, for its near names.

/// True when it was read; a complaint has both its sentences.
template <class T>
bool is_read(const Parsed<T>& parsed) {
  if (parsed) return true;
  PEAKSTORM_CHECK(!parsed.error().message.empty());
  PEAKSTORM_CHECK(!parsed.error().cure.empty(), parsed.error().message);
  PEAKSTORM_CHECK(is_utf8(parsed.error().message), parsed.error().message);
  PEAKSTORM_CHECK(is_utf8(parsed.error().cure), parsed.error().cure);
  return false;
}

void read_cell(std::string_view text) {
  if (const auto name = parse_name(text); is_read(name)) PEAKSTORM_CHECK(*name == text, *name);
  if (const auto share = parse_share(text); is_read(share)) {
    PEAKSTORM_CHECK(*share <= ppm_one, *share);
    const auto again = parse_share(ppm_text(*share));
    PEAKSTORM_CHECK(again.has_value(), *share);
    PEAKSTORM_CHECK(*again == *share, *again, *share);
  }
  if (const auto factor = parse_factor(text); is_read(factor)) {
    PEAKSTORM_CHECK(*factor <= std::uint64_t{factor_max} * ppm_one, *factor);
    const auto again = parse_factor(ppm_text(*factor));
    PEAKSTORM_CHECK(again.has_value(), *factor);
    PEAKSTORM_CHECK(*again == *factor, *again, *factor);
    PEAKSTORM_CHECK(is_read(parse_positive_factor(text)) == (*factor > 0), *factor);
  }
  if (const auto count = parse_count(text, 3, 1'000); is_read(count)) {
    PEAKSTORM_CHECK(*count >= 3, *count);
    PEAKSTORM_CHECK(*count <= 1'000, *count);
  }
  is_read(parse_count(text, 0, UINT64_MAX));
  if (const auto decimal = parse_decimal(text, -180, 180); is_read(decimal)) {
    PEAKSTORM_CHECK(std::abs(*decimal) <= 180, *decimal);
  }
  if (const auto date = parse_date(text); is_read(date)) {
    const auto again = parse_date(date_text(*date));
    PEAKSTORM_CHECK(again.has_value(), *date);
    PEAKSTORM_CHECK(*again == *date, *again, *date);
  }
  if (const auto time = parse_time(text); is_read(time)) {
    PEAKSTORM_CHECK(*time >= SimDuration::zero(), *time);
    PEAKSTORM_CHECK(*time <= hours(24), *time);
    const auto again = parse_time(time_text(*time));
    PEAKSTORM_CHECK(again.has_value(), *time);
    PEAKSTORM_CHECK(*again == *time, *again, *time);
  }
  if (const auto duration = parse_duration(text); is_read(duration)) {
    PEAKSTORM_CHECK(*duration >= SimDuration::zero(), *duration);
    PEAKSTORM_CHECK(*duration <= days(3650), *duration);
    PEAKSTORM_CHECK(is_read(parse_positive_duration(text)) == (*duration > SimDuration::zero()), *duration);
  }
  if (const auto money = parse_money(text); is_read(money)) {
    PEAKSTORM_CHECK(*money >= 0, *money);
    PEAKSTORM_CHECK(*money <= 100'000'000, *money);
  }
  if (const auto weekdays = parse_weekdays(text); is_read(weekdays)) {
    PEAKSTORM_CHECK(*weekdays != 0);
    PEAKSTORM_CHECK(*weekdays <= 0x7f, *weekdays);
  }
  is_read(parse_yes_no(text));
  for (const std::string_view word : split_list(text)) PEAKSTORM_CHECK(trim(word) == word, std::string(word));
  PEAKSTORM_CHECK(is_utf8(in_quotes(text)), std::string(text));
}

void read_zone(std::string_view text) {
  is_read(parse_zone(text));
  is_read(parse_instant(text));
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

/// Text that a cell may hold, in quotes at least.
bool fits_in_a_cell(std::string_view text) {
  return is_utf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\n' || c == '\t';
         });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const CsvText table = read_csv(text);
  int last_line = 0;
  for (const CsvFault& fault : table.faults) {
    PEAKSTORM_CHECK(fault.line >= 1, fault.line);
    PEAKSTORM_CHECK(!fault.message.empty(), fault.line);
    PEAKSTORM_CHECK(!fault.cure.empty(), fault.line);
    PEAKSTORM_CHECK(is_utf8(fault.message), fault.line);
  }
  std::string written;
  std::size_t cells = 0;
  std::size_t zones = 0;
  for (const CsvRow& row : table.rows) {
    PEAKSTORM_CHECK(!row.empty());
    for (std::size_t c = 0; c < row.size(); ++c) {
      PEAKSTORM_CHECK(row[c].line >= 1, row[c].line);
      PEAKSTORM_CHECK(row[c].line >= last_line, row[c].line, last_line);
      PEAKSTORM_CHECK(row[c].text.size() <= csv_cell_max, row[c].text.size());
      PEAKSTORM_CHECK(fits_in_a_cell(row[c].text), row[c].line);
      last_line = row[c].line;
      written += (c == 0 ? "" : ",") + quoted(row[c].text);
      if (++cells <= cells_max) read_cell(row[c].text);
      if (row[c].text.find('/') != std::string::npos && ++zones <= zones_max) read_zone(row[c].text);
    }
    written += '\n';
  }
  const CsvText again = read_csv(written);
  PEAKSTORM_CHECK(again.faults.empty(), written);
  PEAKSTORM_CHECK(again.rows.size() == table.rows.size(), again.rows.size(), table.rows.size());
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    PEAKSTORM_CHECK(again.rows[r].size() == table.rows[r].size(), r);
    for (std::size_t c = 0; c < table.rows[r].size(); ++c) {
      PEAKSTORM_CHECK(again.rows[r][c].text == table.rows[r][c].text, r, c);
    }
  }
  if (fits_in_a_cell(text)) {
    const CsvText one = read_csv("cell\n" + quoted(std::string(text)));
    PEAKSTORM_CHECK(one.faults.empty(), std::string(text));
    PEAKSTORM_CHECK(one.rows.size() == 2, one.rows.size());
    PEAKSTORM_CHECK(one.rows[1].size() == 1, one.rows[1].size());
    PEAKSTORM_CHECK(one.rows[1][0].text == text, one.rows[1][0].text, std::string(text));
  }
  // Fields also come from scenario.toml, whose strings may hold what no cell can.
  if (size <= 256) {
    read_cell(text);
    if (zones == 0) read_zone(text);
  }
  return 0;
}
