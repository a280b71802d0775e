#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "adapters/wire/template/scanner.hpp"

namespace peakstorm::wire {
namespace {

/// Fields that always have something to tell: their quotes are part of the text around them.
bool always_told(Field field) {
  constexpr std::array fields{
      Field::tracking_number, Field::carrier,       Field::carrier_slug, Field::service,   Field::key,
      Field::ordered,         Field::destination,   Field::scan_id,      Field::scan_kind, Field::scan_at,
      Field::scan_region,     Field::scan_reported, Field::scan_text,    Field::scan_zone, Field::status_text,
      Field::last_at};
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

class Compiler : Scanner {
 public:
  Compiler(std::string_view text, std::string_view file, int first_line, Escape escape)
      : Scanner(text, file, first_line), escape_(escape) {}

  Result<Program> json() {
    if (!begin_json()) return tl::unexpected(*error_);
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
  enum class Filled : std::uint8_t { no, maybe, yes };  // What is known of the container so far.

  // ---- steps ----

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

  bool value(int depth) {
    if (depth > template_depth_max) return wrong("more than 64 levels; flatten the message");
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
    return number(literal_);
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

  bool object(int depth) {
    Filled filled = Filled::no;
    std::vector<std::string> names;
    literal_ += '{';
    if (!elements('}', "object", "a member", [&] { return named_member(names, filled, depth); })) return false;
    literal_ += '}';
    return true;
  }

  bool named_member(std::vector<std::string>& names, Filled& filled, int depth) {
    if (!next_is("\"")) {
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
    return member(name + ":", filled, depth);
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
    Filled filled = Filled::no;
    literal_ += '[';
    const auto element = [&] {
      if (next_is("]")) return wrong("']' behind a comma; take the last comma away");
      return member("", filled, depth);
    };
    if (!elements(']', "array", "an array element", element)) return false;
    literal_ += ']';
    return true;
  }

  bool loop(const Placeholder& p, Filled& filled, int depth) {
    const auto element = [&] {
      put_separator(filled == Filled::no ? Filled::maybe : filled);
      return value(depth + 1);
    };
    if (!history_loop(p, element)) return false;
    if (filled == Filled::no) filled = Filled::maybe;
    return true;
  }

  Escape escape_;
};

}  // namespace

Result<Program> compile_json(std::string_view text, std::string_view file, int first_line) {
  return Compiler(text, file, first_line, Escape::json).json();
}

Result<Program> compile_text(std::string_view text, Escape escape, std::string_view file, int first_line) {
  return Compiler(text, file, first_line, escape).plain();
}

}  // namespace peakstorm::wire
