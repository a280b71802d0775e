#include "adapters/wire/template/scanner.hpp"

#include <simdjson.h>

#include <algorithm>
#include <vector>

namespace peakstorm::wire {
namespace {

std::string nearest_field(std::string_view name) {
  const auto* const best = std::min_element(
      field_names.begin(), field_names.end(),
      [&](const FieldName& a, const FieldName& b) { return edits(name, a.name) < edits(name, b.name); });
  return std::string(best->name);
}

std::string filters_of(Type type) {
  std::string all;
  for (const FilterName& f : filter_names) {
    if (f.type != type) continue;
    if (!all.empty()) all += ' ';
    all += f.name;
  }
  return all;
}

}  // namespace

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

bool is_number(Type type, Filter filter) {
  if (type == Type::number || type == Type::ounces || type == Type::flag) return true;
  return std::any_of(filter_names.begin(), filter_names.end(),
                     [&](const FilterName& f) { return f.type == type && f.filter == filter && f.number; });
}

Error Scanner::error_at(std::size_t at, const std::string& what) {
  int line = first_line_;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < at && i < text_.size(); ++i) {
    if (text_[i] == '\n') {
      ++line;
      begin = i + 1;
    }
  }
  // Columns count characters, not bytes.
  std::size_t column = 1;
  for (std::size_t i = begin; i < at; ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xc0U) != 0x80U) ++column;
  }
  error_ = Error{ErrorKind::bad_input,
                 std::string(file_) + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what};
  return *error_;
}

bool Scanner::wrong_at(std::size_t at, const std::string& what) {
  error_at(at, what);
  return false;
}

std::string Scanner::found() const {
  if (at_ >= text_.size()) return "the end of the file";
  const auto c = static_cast<unsigned char>(text_[at_]);
  if (c < 0x20 || c >= 0x7f) return "a character that does not belong here";
  return std::string("'") + text_[at_] + "'";
}

void Scanner::flush() {
  if (literal_.empty()) return;
  Step step;
  put_literal(step);
  program_.steps.push_back(step);
}

void Scanner::put_literal(Step& step) {
  step.from = static_cast<std::uint32_t>(program_.text.size());
  step.size = static_cast<std::uint32_t>(literal_.size());
  program_.text += literal_;
  literal_.clear();
}

bool Scanner::begin_json() {
  if (!simdjson::validate_utf8(text_.data(), text_.size())) {
    return wrong("the template is not UTF-8; save it as UTF-8");
  }
  if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // A byte order mark, which some editors leave.
  space();
  if (at_ == text_.size()) return wrong("the template is empty; write the JSON of one message");
  return true;
}

void Scanner::space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

bool Scanner::escape_sequence(std::string& out) {
  const std::size_t begin = at_;
  const std::string_view rest = text_.substr(at_);
  std::size_t size = 2;
  if (rest.size() < 2) return wrong("the backslash has nothing behind it");
  if (rest[1] == 'u') {
    size = 6;
    const bool is_hex = rest.size() >= 6 && std::all_of(rest.begin() + 2, rest.begin() + 6, [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
                        });
    if (!is_hex) return wrong_at(begin, "\\u needs four hexadecimal digits");
  } else if (std::string_view("\"\\/bfnrt").find(rest[1]) == std::string_view::npos) {
    return wrong_at(begin, "this escape is not JSON; write \\\\ for a backslash");
  }
  out += rest.substr(0, size);
  at_ += size;
  return true;
}

bool Scanner::number(std::string& out) {
  const std::size_t from = at_;
  const auto digits = [&] {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  };
  if (next_is("-")) ++at_;
  const bool zero = next_is("0");
  const std::size_t first = at_;
  if (!digits()) {
    at_ = from;
    return wrong(found() + " begins no JSON value; text needs \"quotes\", a field {{braces}}");
  }
  if (zero && at_ - first > 1) return wrong_at(first, "a number begins with a superfluous 0");
  if (next_is(".")) {
    ++at_;
    if (!digits()) return wrong("digits are missing behind the decimal point");
  }
  if (next_is("e") || next_is("E")) {
    ++at_;
    if (next_is("+") || next_is("-")) ++at_;
    if (!digits()) return wrong("digits are missing in the exponent");
  }
  const std::string_view token = text_.substr(from, at_ - from);
  if (simdjson::dom::parser parser; parser.parse(std::string(token)).error() != simdjson::SUCCESS) {
    return wrong_at(from, "a number beyond 64 bits, which readers of JSON cannot hold; put it in quotes");
  }
  out += token;
  return ends_here();
}

bool Scanner::ends_here() {
  const bool more = at_ < text_.size() && std::string_view(" \n\r\t,]}").find(text_[at_]) == std::string_view::npos;
  if (more) return wrong(found() + " directly behind a value; a comma or quotes are missing");
  return true;
}

bool Scanner::placeholder(Placeholder& p) {
  p.from = at_;
  const std::size_t close = text_.find("}}", at_);
  const std::size_t line_end = text_.find('\n', at_);
  if (close == std::string_view::npos || close > line_end)
    return wrong("this placeholder has no end; close it with '}}'");
  std::string_view inner = trimmed(text_.substr(at_ + 2, close - at_ - 2));
  at_ = close + 2;
  if (inner.starts_with("#")) return loop_head(p, inner);
  if (inner.starts_with("/")) return wrong_at(p.from, "nothing is open here that could be closed");
  if (inner.ends_with("?")) {
    p.optional = true;
    inner = trimmed(inner.substr(0, inner.size() - 1));
  }
  const std::size_t bar = inner.find('|');
  const std::string_view name = trimmed(inner.substr(0, bar));
  const auto* const field =
      std::find_if(field_names.begin(), field_names.end(), [&](const FieldName& f) { return f.name == name; });
  if (field == field_names.end()) {
    return wrong_at(p.from, "unknown field '" + std::string(name) + "'; do you mean '" + nearest_field(name) + "'?");
  }
  p.name = field->name;
  p.field = field->field;
  p.type = field->type;
  program_.reads_history = program_.reads_history || field->needs_history;
  if (bar == std::string_view::npos) return true;
  const std::string_view filter_name = trimmed(inner.substr(bar + 1));
  const auto* const filter = std::find_if(filter_names.begin(), filter_names.end(), [&](const FilterName& f) {
    return f.name == filter_name && f.type == field->type;
  });
  if (filter == filter_names.end()) {
    const std::string known = filters_of(field->type);
    return wrong_at(p.from, "'" + std::string(name) + "' cannot be written as '" + std::string(filter_name) + "'; " +
                                (known.empty() ? "it takes no filter" : "use one of: " + known));
  }
  p.filter = filter->filter;
  return true;
}

bool Scanner::loop_head(Placeholder& p, std::string_view inner) {
  inner.remove_prefix(1);
  const std::size_t bar = inner.find('|');
  if (trimmed(inner.substr(0, bar)) != "history") {
    return wrong_at(p.from, "only the history can be repeated: {{#history}} ... {{/history}}");
  }
  p.loop = true;
  if (bar == std::string_view::npos) return true;
  if (trimmed(inner.substr(bar + 1)) != "newest_first") {
    return wrong_at(p.from, "the history is told as it is or as {{#history|newest_first}}");
  }
  p.reversed = true;
  return true;
}

std::string_view Scanner::trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

}  // namespace peakstorm::wire
