#include "results/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace peakstorm {
namespace {

struct UnitSuffix {
  std::string_view text;
  Unit unit;
  double factor;  ///< From the suffix to the measure's unit.
};
constexpr UnitSuffix suffixes[] = {
    {"%", Unit::share, 0.01},   {"ns", Unit::ms, 1e-6},      {"us", Unit::ms, 1e-3},    {"ms", Unit::ms, 1},
    {"s", Unit::ms, 1000},      {"m", Unit::minutes, 1},     {"min", Unit::minutes, 1}, {"h", Unit::minutes, 60},
    {"d", Unit::minutes, 1440}, {"/s", Unit::per_second, 1},
};

const char* how_to_write(Unit unit) {
  switch (unit) {
    case Unit::count:
      return "write a bare number, for instance 0";
    case Unit::share:
      return "write a share from 0 to 1 or a percentage, for instance 0.9 or 90%";
    case Unit::ms:
      return "write a time with its unit, for instance 250ms (ns, us, ms, s)";
    case Unit::minutes:
      return "write a simulated time with its unit, for instance 36h (m, h, d)";
    case Unit::per_second:
      return "write a rate, for instance 500/s";
    case Unit::cents:
      return "write an amount in dollars, for instance $12.50";
  }
  return "";
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}
bool is_space(char c) {
  return c == ' ' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Edits (insert, delete, replace) that turn one name into the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + static_cast<std::size_t>(a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

/// "'parsecs' is no unit, did you mean 'ms'": of all the units there are, the nearest.
std::string unknown_unit(std::string_view text) {
  if (text.empty() ||
      std::any_of(std::begin(suffixes), std::end(suffixes), [&](const UnitSuffix& s) { return s.text == text; })) {
    return {};
  }
  std::string near;
  for (const UnitSuffix& suffix : suffixes) {
    if (distance(text, suffix.text) == 1) near += fmt::format("{}'{}'", near.empty() ? "" : " or ", suffix.text);
  }
  return fmt::format("'{}' is no unit{}; ", text.substr(0, 40), near.empty() ? "" : ", did you mean " + near);
}

std::string near_names(std::string_view name, const MeasureCatalogue& known) {
  // A very long "name" is not a slip of the keyboard; comparing it with every measure would only cost time.
  if (name.size() > 100) return "";
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const auto& [candidate, unit] : known) {
    std::size_t score = distance(name, candidate);
    // "p99" for "endpoint.p99", "promise" for "on_time.promise".
    if (candidate.size() > name.size() && candidate.ends_with(name) &&
        candidate[candidate.size() - name.size() - 1] == '.') {
      score = std::min<std::size_t>(score, 1);
    }
    if (score <= std::max<std::size_t>(2, name.size() / 3)) near.emplace_back(score, candidate);
  }
  std::sort(near.begin(), near.end());
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(near.size(), 3); ++i) {
    text += (i == 0 ? "did you mean " : " or ") + fmt::format("'{}'", near[i].second);
  }
  return text;
}

/// Reads one expression from left to right and remembers where it stands, for the message.
class Parser {
 public:
  Parser(const GateText& text, const MeasureCatalogue& known) : text_(text), rest_(text.expression), known_(known) {}

  Result<Gate> parse() {
    Gate gate;
    gate.expression = text_.expression;
    gate.file = text_.file;
    gate.line = text_.line;

    skip_space();
    const std::size_t name_at = at_;
    while (at_ < rest_.size() && is_name(rest_[at_])) ++at_;
    gate.measure = rest_.substr(name_at, at_ - name_at);
    if (gate.measure.empty()) {
      return error(name_at, "no measure; write it as 'MEASURE >= VALUE', for instance 'promise_kept >= 0.9'");
    }
    const auto found = known_.find(gate.measure);
    if (found == known_.end()) {
      std::string cure = near_names(gate.measure, known_);
      if (cure.empty()) cure = "results/MEASURES.md and the table 'measure' of any run.sqlite list them";
      return error(name_at, fmt::format("unknown measure '{}'; {}", gate.measure.substr(0, 100), cure));
    }
    gate.unit = found->second;

    skip_space();
    const std::size_t relation_at = at_;
    if (!read_relation(gate.relation)) {
      return error(relation_at, "no relation after the measure; write one of >=, >, <=, <, ==, !=");
    }

    skip_space();
    return read_value(gate);
  }

 private:
  void skip_space() {
    while (at_ < rest_.size() && is_space(rest_[at_])) ++at_;
  }

  bool read_relation(Relation& relation) {
    // Two-character relations stand before their prefixes.
    constexpr std::pair<std::string_view, Relation> all[] = {{">=", Relation::at_least}, {"<=", Relation::at_most},
                                                             {"==", Relation::equal},    {"!=", Relation::not_equal},
                                                             {">", Relation::above},     {"<", Relation::below}};
    for (const auto& [text, meaning] : all) {
      if (rest_.substr(at_).starts_with(text)) {
        relation = meaning;
        at_ += text.size();
        return true;
      }
    }
    return false;
  }

  Result<Gate> read_value(Gate& gate) {
    char quote = 0;
    if (at_ < rest_.size() && (rest_[at_] == '"' || rest_[at_] == '\'')) quote = rest_[at_++];
    const std::size_t value_at = at_;
    const bool money = at_ < rest_.size() && rest_[at_] == '$';
    if (money) ++at_;
    const std::size_t number_at = at_;
    while (at_ < rest_.size() && (is_digit(rest_[at_]) || rest_[at_] == '.')) ++at_;
    const std::string_view digits = rest_.substr(number_at, at_ - number_at);
    double number = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
    if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(number) ||
        !is_digit(digits.front())) {
      return error(value_at, fmt::format("no number; {}", how_to_write(gate.unit)));
    }
    skip_space();
    const std::size_t unit_at = at_;
    while (at_ < rest_.size() && !is_space(rest_[at_]) && rest_[at_] != quote) ++at_;
    const std::string_view suffix = rest_.substr(unit_at, at_ - unit_at);
    if (quote != 0) {
      skip_space();
      if (at_ == rest_.size() || rest_[at_] != quote) {
        return error(value_at - 1, "the quote is never closed; close it or leave both quotes out");
      }
      ++at_;
    }
    skip_space();
    if (at_ != rest_.size()) {
      const bool is_unit =
          std::any_of(std::begin(suffixes), std::end(suffixes), [&](const UnitSuffix& s) { return s.text == suffix; });
      if (quote == 0 && !suffix.empty() && !is_unit) at_ = unit_at;
      return error(at_, fmt::format("'{}' after the value; one gate tests one measure: write a second gate",
                                    rest_.substr(at_, 40)));
    }

    if (money != (gate.unit == Unit::cents) || (money && !suffix.empty())) return unit_error(gate, value_at);
    if (money) {
      gate.limit = number * 100;
      return gate;
    }
    if (suffix.empty()) {
      const bool bare = gate.unit == Unit::count || gate.unit == Unit::share || gate.unit == Unit::per_second;
      // A bare 0 is the same in every unit.
      if (!bare && number != 0) return unit_error(gate, value_at);
      gate.limit = number;
    } else {
      const auto unit = std::find_if(std::begin(suffixes), std::end(suffixes),
                                     [&](const UnitSuffix& s) { return s.text == suffix && s.unit == gate.unit; });
      if (unit == std::end(suffixes)) return unit_error(gate, unit_at, unknown_unit(suffix));
      // Dividing keeps 97% the same number as 0.97.
      gate.limit = unit->text == "%" ? number / 100 : number * unit->factor;
    }
    if (gate.unit == Unit::share && gate.limit > 1) {
      return error(value_at, fmt::format("a share of {} is more than all; {}", format_measure(gate.limit, Unit::count),
                                         how_to_write(gate.unit)));
    }
    return gate;
  }

  tl::unexpected<Error> unit_error(const Gate& gate, std::size_t column, const std::string& first = {}) const {
    return error(column, fmt::format("{}the value does not fit '{}', which is {}; {}", first, gate.measure,
                                     gate.unit == Unit::ms        ? "a wall-clock time"
                                     : gate.unit == Unit::minutes ? "a simulated time"
                                     : gate.unit == Unit::cents   ? "an amount of money"
                                     : gate.unit == Unit::share   ? "a share"
                                     : gate.unit == Unit::count   ? "a count"
                                                                  : "a rate per second",
                                     how_to_write(gate.unit)));
  }

  tl::unexpected<Error> error(std::size_t column, const std::string& what) const {
    const std::string place = text_.file.empty() ? "" : fmt::format("{}:{}: ", text_.file, text_.line);
    return fail(ErrorKind::bad_input,
                fmt::format("{}gate '{}', column {}: {}", place, text_.expression.substr(0, 200), column + 1, what));
  }

  const GateText& text_;
  std::string_view rest_;
  const MeasureCatalogue& known_;
  std::size_t at_ = 0;
};

bool holds(double actual, Relation relation, double limit) {
  switch (relation) {
    case Relation::at_least:
      return actual >= limit;
    case Relation::above:
      return actual > limit;
    case Relation::at_most:
      return actual <= limit;
    case Relation::below:
      return actual < limit;
    case Relation::equal:
      return actual == limit;
    case Relation::not_equal:
      return actual != limit;
  }
  return false;
}

}  // namespace

std::string format_measure(double value, Unit unit) {
  switch (unit) {
    case Unit::count:
      return fmt::format("{:.6g}", value) == fmt::format("{:.0f}", value) || std::fabs(value) >= 1e6
                 ? fmt::format("{:.0f}", value)
                 : fmt::format("{:.4g}", value);
    case Unit::share:
      return fmt::format("{:.6g}", value);
    case Unit::ms:
      return value >= 10'000 ? fmt::format("{:.4g}s", value / 1000) : fmt::format("{:.4g}ms", value);
    case Unit::minutes:
      return value >= 180 ? fmt::format("{:.4g}h", value / 60) : fmt::format("{:.4g}m", value);
    case Unit::per_second:
      return fmt::format("{:.6g}/s", value);
    case Unit::cents:
      return fmt::format("${:.2f}", value / 100);
  }
  return "";
}

Result<Gate> parse_gate(const GateText& text, const MeasureCatalogue& known) {
  return Parser(text, known).parse();
}

GateResult evaluate(const Gate& gate, const MeasureMap& measures, bool partial) {
  GateResult result;
  result.gate = gate;
  const std::string required = fmt::format("required {} {}", relation_names[static_cast<std::size_t>(gate.relation)],
                                           format_measure(gate.limit, gate.unit));
  const auto found = measures.find(gate.measure);
  if (found == measures.end()) {
    result.message = fmt::format("{} was not measured in this run, {}", gate.measure, required);
    return result;
  }
  if (!found->second.value || std::isnan(*found->second.value)) {
    result.message = fmt::format("{} has no value: nothing was counted, {}", gate.measure, required);
    return result;
  }
  result.actual = found->second.value;
  result.message = fmt::format("{} is {}, {}", gate.measure, format_measure(*result.actual, gate.unit), required);
  if (found->second.unit != gate.unit) {
    result.message +=
        fmt::format(" (units differ: {} and {})", unit_names[static_cast<std::size_t>(found->second.unit)],
                    unit_names[static_cast<std::size_t>(gate.unit)]);
    return result;
  }
  if (partial) {
    result.message += "; the run is partial, so this proves nothing";
    return result;
  }
  result.verdict = holds(*result.actual, gate.relation, gate.limit) ? GateVerdict::passed : GateVerdict::failed;
  return result;
}

bool all_passed(std::span<const GateResult> results) {
  return std::all_of(results.begin(), results.end(),
                     [](const GateResult& result) { return result.verdict == GateVerdict::passed; });
}

}  // namespace peakstorm
