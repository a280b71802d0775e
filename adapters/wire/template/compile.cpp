#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string>

#include "adapters/wire/template/fields.hpp"
#include "adapters/wire/template/program.hpp"

namespace peakstorm::wire {
namespace {

constexpr int depth_max = 64;

bool is_number(Type type, Filter filter) {
  if (type == Type::number || type == Type::ounces || type == Type::flag) return true;
  return std::any_of(filter_names.begin(), filter_names.end(),
                     [&](const FilterName& f) { return f.type == type && f.filter == filter && f.number; });
}

/// Fields that always have something to tell: their quotes are part of the text around them.
bool always_told(Field field) {
  constexpr std::array fields{
      Field::tracking_number, Field::carrier,       Field::carrier_slug, Field::service,   Field::key,
      Field::ordered,         Field::destination,   Field::scan_id,      Field::scan_kind, Field::scan_at,
      Field::scan_region,     Field::scan_reported, Field::scan_text,    Field::scan_zone, Field::status_text,
      Field::last_at};
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

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

/// Recursive descent over the text; whatever is wrong ends it with the place.
class Compiler {
 public:
  Compiler(std::string_view text, std::string_view file, int first_line, Escape escape)
      : text_(text), file_(file), first_line_(first_line), escape_(escape) {}

  Result<Program> json() {
    if (!simdjson::validate_utf8(text_.data(), text_.size())) {
      return tl::unexpected(error("the template is not UTF-8; save it as UTF-8"));
    }
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // A byte order mark, which some editors leave.
    space();
    if (at_ == text_.size()) return tl::unexpected(error("the template is empty; write the JSON of one message"));
    if (!value(0)) return tl::unexpected(*error_);
    space();
    if (at_ != text_.size()) {
      return tl::unexpected(error("there is more behind the end of the document; wrap it in one object or array"));
    }
    flush();
    return std::move(program_);
  }

  Result<Program> plain() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("{{")) {
        Placeholder p;
        if (!placeholder(p)) return tl::unexpected(*error_);
        if (p.loop || p.optional) {
          return tl::unexpected(error_at(p.from, p.loop ? "history can only be told within a JSON array"
                                                        : "only a member of JSON can be left out; take the '?' away"));
        }
        put_field(p, false);
      } else {
        literal_ += text_[at_++];
      }
    }
    flush();
    return std::move(program_);
  }

 private:
  struct Placeholder {
    std::size_t from = 0;
    Field field{};
    Filter filter{};
    Type type{};
    bool optional = false;
    bool loop = false;
    bool reversed = false;
  };
  enum class Filled : std::uint8_t { no, maybe, yes };  // What is known of the container so far.

  // ---- errors ----

  Error error_at(std::size_t at, const std::string& what) {
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
  Error error(const std::string& what) { return error_at(at_, what); }
  bool wrong(const std::string& what) {
    error(what);
    return false;
  }
  bool wrong_at(std::size_t at, const std::string& what) {
    error_at(at, what);
    return false;
  }
  [[nodiscard]] std::string found() const {
    if (at_ >= text_.size()) return "the end of the file";
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x20 || c >= 0x7f) return "a character that does not belong here";
    return std::string("'") + text_[at_] + "'";
  }

  // ---- steps ----

  void flush() {
    if (literal_.empty()) return;
    Step step;
    put_literal(step);
    program_.steps.push_back(step);
  }
  void put_literal(Step& step) {
    step.from = static_cast<std::uint32_t>(program_.text.size());
    step.size = static_cast<std::uint32_t>(literal_.size());
    program_.text += literal_;
    literal_.clear();
  }
  void put_field(const Placeholder& p, bool whole) {
    const bool quoted = whole && !is_number(p.type, p.filter);
    const bool quotes_around = quoted && always_told(p.field);
    if (quotes_around) literal_ += '"';
    flush();
    Step step;
    step.kind = Step::Kind::field;
    step.field = p.field;
    step.filter = p.filter;
    step.escape = escape_;
    step.quoted = quoted && !quotes_around;
    step.nullable = whole;
    program_.steps.push_back(step);
    if (quotes_around) literal_ += '"';
  }
  /// The comma before an element, given what came before it.
  void put_separator(Filled filled) {
    if (filled == Filled::yes) literal_ += ',';
    if (filled != Filled::maybe) return;
    flush();
    Step step;
    step.kind = Step::Kind::separator;
    program_.steps.push_back(step);
  }
  void put_optional(const Placeholder& p, std::string_view name, Filled filled) {
    flush();
    Step step;
    step.kind = Step::Kind::optional;
    step.field = p.field;
    step.filter = p.filter;
    step.escape = escape_;
    step.quoted = !is_number(p.type, p.filter);
    step.separated = filled != Filled::no;
    literal_ = name;
    put_literal(step);
    program_.steps.push_back(step);
  }

  // ---- JSON ----

  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  [[nodiscard]] bool next_is(std::string_view token) const { return text_.substr(at_).starts_with(token); }

  bool value(int depth) {
    if (depth > depth_max) return wrong("more than 64 levels; flatten the message");
    if (next_is("{{")) {
      Placeholder p;
      if (!placeholder(p)) return false;
      if (p.loop) return wrong_at(p.from, "history stands within an array: [ {{#history}} ... {{/history}} ]");
      if (p.optional) return wrong_at(p.from, "only a member or an array element can be left out; take the '?' away");
      put_field(p, true);
      return true;
    }
    if (next_is("{")) return object(depth);
    if (next_is("[")) return array(depth);
    if (next_is("\"")) return string(literal_, true);
    return word();
  }

  bool word() {
    for (const std::string_view known : {"true", "false", "null"}) {
      if (next_is(known)) {
        literal_ += known;
        at_ += known.size();
        return ends_here();
      }
    }
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
    const std::string number(text_.substr(from, at_ - from));
    if (simdjson::dom::parser parser; parser.parse(number).error() != simdjson::SUCCESS) {
      return wrong_at(from, "a number beyond 64 bits, which readers of JSON cannot hold; put it in quotes");
    }
    literal_ += number;
    return ends_here();
  }
  bool ends_here() {
    const bool more = at_ < text_.size() && std::string_view(" \n\r\t,]}").find(text_[at_]) == std::string_view::npos;
    if (more) return wrong(found() + " directly behind a value; a comma or quotes are missing");
    return true;
  }

  /// Requires: a quote. Appends the string with its quotes to `out`; placeholders become steps when they may.
  bool string(std::string& out, bool may_have_fields) {
    const std::size_t begin = at_;
    out += text_[at_++];
    while (true) {
      if (at_ >= text_.size()) return wrong_at(begin, "this string has no end; close it with a quote");
      const char c = text_[at_];
      if (c == '"') {
        out += c;
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return wrong("a control character in a string; write it as \\n, \\t or \\u00..");
      }
      if (c == '\\') {
        if (!escape_sequence(out)) return false;
        continue;
      }
      if (next_is("{{")) {
        if (!may_have_fields) return wrong("the name of a member cannot have a placeholder");
        Placeholder p;
        if (!placeholder(p)) return false;
        if (p.loop) return wrong_at(p.from, "history stands within an array, not within a string");
        if (p.optional) {
          return wrong_at(p.from, "only a whole member can be left out; take the '?' or the quotes away");
        }
        put_field(p, false);
        continue;
      }
      out += c;
      ++at_;
    }
  }
  bool escape_sequence(std::string& out) {
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

  bool object(int depth) {
    const std::size_t begin = at_;
    literal_ += text_[at_++];
    Filled filled = Filled::no;
    bool first = true;
    std::vector<std::string> names;
    while (true) {
      space();
      if (next_is("}") && first) break;
      if (!next_is("\"")) {
        if (at_ >= text_.size()) return wrong_at(begin, "this object has no end; close it with '}'");
        return wrong(found() + " where the \"name\" of a member should be" +
                     (next_is("}") ? "; take the last comma away" : ""));
      }
      std::string name;
      const std::size_t name_at = at_;
      if (!string(name, false)) return false;
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        return wrong_at(name_at, "member " + name + " stands twice; readers differ on which one counts");
      }
      names.push_back(name);
      space();
      if (!next_is(":")) return wrong(found() + " where the ':' behind member " + name + " should be");
      ++at_;
      space();
      if (!member(name + ":", filled, depth)) return false;
      first = false;
      space();
      if (next_is(",")) {
        ++at_;
        continue;
      }
      if (next_is("}")) break;
      if (at_ >= text_.size()) return wrong_at(begin, "this object has no end; close it with '}'");
      return wrong(found() + " behind a member; a comma or '}' is missing");
    }
    literal_ += text_[at_++];
    return true;
  }

  /// A member or an array element (`name` empty), with the comma before it.
  bool member(const std::string& name, Filled& filled, int depth) {
    if (next_is("{{")) {
      Placeholder p;
      if (!placeholder(p)) return false;
      if (p.loop) {
        if (!name.empty()) return wrong_at(p.from, "history stands within an array: [ {{#history}} ... ]");
        return loop(p, filled, depth);
      }
      if (p.optional) {
        put_optional(p, name, filled);
        if (filled == Filled::no) filled = Filled::maybe;
        return true;
      }
      put_separator(filled);
      literal_ += name;
      put_field(p, true);
      filled = Filled::yes;
      return true;
    }
    put_separator(filled);
    literal_ += name;
    filled = Filled::yes;
    return value(depth + 1);
  }

  bool array(int depth) {
    const std::size_t begin = at_;
    literal_ += text_[at_++];
    Filled filled = Filled::no;
    bool first = true;
    while (true) {
      space();
      if (next_is("]") && first) break;
      if (at_ >= text_.size()) return wrong_at(begin, "this array has no end; close it with ']'");
      if (next_is("]")) return wrong("']' behind a comma; take the last comma away");
      if (!member("", filled, depth)) return false;
      first = false;
      space();
      if (next_is(",")) {
        ++at_;
        continue;
      }
      if (next_is("]")) break;
      if (at_ >= text_.size()) return wrong_at(begin, "this array has no end; close it with ']'");
      return wrong(found() + " behind an array element; a comma or ']' is missing");
    }
    literal_ += text_[at_++];
    return true;
  }

  bool loop(const Placeholder& p, Filled& filled, int depth) {
    if (in_loop_) return wrong_at(p.from, "history within history; one loop is enough");
    in_loop_ = true;
    program_.reads_history = true;
    flush();
    const std::size_t step = program_.steps.size();
    program_.steps.emplace_back();
    program_.steps[step].kind = Step::Kind::loop;
    program_.steps[step].reversed = p.reversed;
    put_separator(filled == Filled::no ? Filled::maybe : filled);
    space();
    if (next_is("{{/")) return wrong("the history is empty; put the array element for one scan into it");
    if (!value(depth + 1)) return false;
    space();
    constexpr std::string_view close = "{{/history}}";
    if (!next_is(close)) return wrong(found() + " where {{/history}} should be; one element stands in the loop");
    at_ += close.size();
    flush();
    program_.steps[step].end = static_cast<std::uint32_t>(program_.steps.size());
    if (filled == Filled::no) filled = Filled::maybe;
    in_loop_ = false;
    return true;
  }

  // ---- placeholders ----

  bool placeholder(Placeholder& p) {
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
  bool loop_head(Placeholder& p, std::string_view inner) {
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
  static std::string_view trimmed(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t\r");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
  }

  std::string_view text_;
  std::string_view file_;
  int first_line_;
  Escape escape_;
  std::size_t at_ = 0;
  bool in_loop_ = false;
  std::string literal_;  // Not yet a step.
  Program program_;
  std::optional<Error> error_;
};

}  // namespace

Result<Program> compile_json(std::string_view text, std::string_view file, int first_line) {
  return Compiler(text, file, first_line, Escape::json).json();
}

Result<Program> compile_text(std::string_view text, Escape escape, std::string_view file, int first_line) {
  return Compiler(text, file, first_line, escape).plain();
}

}  // namespace peakstorm::wire
