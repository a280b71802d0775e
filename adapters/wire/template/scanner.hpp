/// What the compilers of templates have in common: a text with a place in it, errors that name the place, placeholders,
/// and the steps written so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/wire/template/fields.hpp"
#include "adapters/wire/template/program.hpp"
#include "engine/result.hpp"

namespace peakstorm::wire {

inline constexpr int template_depth_max = 64;

/// How many letters differ: for "do you mean".
std::size_t edits(std::string_view a, std::string_view b);
/// A field that is written as a number rather than as text.
bool is_number(Type type, Filter filter);

/// Recursive descent over the text; whatever is wrong ends it with the place.
class Scanner {
 protected:
  Scanner(std::string_view text, std::string_view file, int first_line)
      : text_(text), file_(file), first_line_(first_line) {}
  ~Scanner() = default;

  struct Placeholder {
    std::size_t from = 0;
    std::string_view name;
    Field field{};
    Filter filter{};
    Type type{};
    bool optional = false;
    bool loop = false;
    bool reversed = false;
  };

  Error error_at(std::size_t at, const std::string& what);
  Error error(const std::string& what) { return error_at(at_, what); }
  /// False, for whoever returns it.
  bool wrong(const std::string& what) { return wrong_at(at_, what); }
  bool wrong_at(std::size_t at, const std::string& what);
  [[nodiscard]] std::string found() const;

  /// What is in literal_ becomes a step.
  void flush();
  void put_literal(Step& step);

  /// Begins a JSON document: not empty, UTF-8, perhaps a byte order mark.
  bool begin_json();
  void space();
  [[nodiscard]] bool next_is(std::string_view token) const { return text_.substr(at_).starts_with(token); }
  /// Requires: a backslash. Appends the escape as it stands.
  bool escape_sequence(std::string& out);
  /// Appends the number as it stands.
  bool number(std::string& out);
  /// A value ends where it stands, and is not glued to another.
  bool ends_here();

  /// Elements between brackets with commas between them; the opening bracket is next, whichever it is. `each` reads one
  /// element, and is never called at the end of the text. `whole` and `one` name the two in errors.
  template <class Each>
  bool elements(char close, const std::string& whole, const std::string& one, const Each& each) {
    const std::size_t begin = at_++;
    const std::string bracket = std::string("'") + close + "'";
    const auto endless = [&] { return wrong_at(begin, "this " + whole + " has no end; close it with " + bracket); };
    const auto closes = [&] { return at_ < text_.size() && text_[at_] == close; };
    for (bool first = true;; first = false) {
      space();
      if (first && closes()) break;
      if (at_ >= text_.size()) return endless();
      if (!each()) return false;
      space();
      if (closes()) break;
      if (at_ >= text_.size()) return endless();
      if (!next_is(",")) return wrong(found() + " behind " + one + "; a comma or " + bracket + " is missing");
      ++at_;
    }
    ++at_;
    return true;
  }

  /// Requires: "{{". The history's loop is one with `loop` set.
  bool placeholder(Placeholder& p);
  /// The one element that stands in the history's loop `p`, read by `element`.
  template <class Element>
  bool history_loop(const Placeholder& p, const Element& element) {
    if (in_loop_) return wrong_at(p.from, "history within history; one loop is enough");
    in_loop_ = true;
    program_.reads_history = true;
    flush();
    const std::size_t step = program_.steps.size();
    program_.steps.emplace_back();
    program_.steps[step].kind = Step::Kind::loop;
    program_.steps[step].reversed = p.reversed;
    space();
    if (next_is("{{/")) return wrong("the history is empty; put the array element for one scan into it");
    if (!element()) return false;
    space();
    constexpr std::string_view close = "{{/history}}";
    if (!next_is(close)) return wrong(found() + " where {{/history}} should be; one element stands in the loop");
    at_ += close.size();
    flush();
    program_.steps[step].end = static_cast<std::uint32_t>(program_.steps.size());
    in_loop_ = false;
    return true;
  }
  static std::string_view trimmed(std::string_view text);

  std::string_view text_;
  std::string_view file_;
  int first_line_;
  std::size_t at_ = 0;
  std::string literal_;  // Not yet a step.
  Program program_;
  std::optional<Error> error_;

 private:
  bool loop_head(Placeholder& p, std::string_view inner);

  bool in_loop_ = false;
};

}  // namespace peakstorm::wire
