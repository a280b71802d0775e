/// Messages as templates: a JSON document with placeholders, compiled once into steps that append to a buffer. The
/// profiles of the platforms (wire/profiles) and the user's own files (`template:FILE`) are the same language.
///
///   {"number": {{tracking_number}}, "state": "at {{scan.place}}", "eta": {{eta?}},
///    "events": [ {{#history}} {"at": {{scan.at|local}}, "kind": {{scan.kind}}} {{/history}} ]}
///
/// A placeholder that is a whole value becomes a JSON string, number or boolean, or null when there is nothing to tell;
/// with `?` it leaves its member (or array element) out instead. Inside a string it becomes escaped text, empty when
/// there is nothing to tell. `{{#history}}` repeats one array element for each scan told so far, oldest first (or
/// `{{#history|newest_first}}`); `scan.` then means that scan. README.md lists the fields and the filters.
/// White space between the tokens of JSON is dropped.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/wire/template/binary.hpp"
#include "adapters/wire/template/pieces.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm::wire {

/// How text is made safe for where it goes.
enum class Escape : std::uint8_t {
  json,
  percent,  ///< For header values and URLs.
  none,     ///< As it is: for Protobuf, which tells lengths.
};
inline constexpr std::size_t escape_count = 3;
void append_escaped(std::string& out, std::string_view text, Escape escape);

/// A name, escaped in every way beforehand.
class Text {
 public:
  Text() = default;  ///< Nothing to tell.
  explicit Text(std::string_view text);
  [[nodiscard]] bool told() const { return told_; }
  [[nodiscard]] std::string_view as(Escape escape) const { return forms_[static_cast<std::size_t>(escape)]; }

 private:
  bool told_ = false;
  std::array<std::string, escape_count> forms_;
};

/// A platform's words for one kind of scan, and what a reader makes of them at best.
struct Words {
  std::string_view status;  ///< Empty: not told in a history.
  std::string_view detail;
  std::string_view code;
  std::optional<ScanKind> shown;
};
/// By kind; row 0 has the words for a parcel without any status yet.
using Vocabulary = std::array<Words, scan_kind_end>;
ShownKinds shown_of(const Vocabulary& words);

/// A platform's name for a carrier, and the number it goes by there (0: none).
struct CarrierName {
  std::string_view ours;
  std::string_view theirs;
  std::uint32_t number = 0;
};

/// What all templates of one format read of a World, escaped and rounded beforehand.
class WorldTexts {
 public:
  /// Carriers that `names` does not know keep the scenario's name. `world` must outlive this.
  WorldTexts(const World& world, const Vocabulary& words, std::span<const CarrierName> names);

 private:
  friend class Renderer;
  struct CarrierTexts {
    Text name;
    Text slug;  // a-z, 0-9 and single underscores, as some platforms want it.
    std::uint32_t number = 0;
  };
  struct PlaceTexts {
    Text name;
    Text region;
    Text state;  // The region, where it is two capital letters.
    ZoneId zone{};
  };
  struct KindTexts {
    Text name;
    Text text;  // What the carrier prints, for people.
    Text status;
    Text detail;
    Text code;
  };
  PlaceTexts place_texts(std::string_view name, RegionId region, ZoneId zone) const;

  const World& world_;
  ParcelKeys keys_;
  std::int64_t first_day_unix_ms_;
  std::vector<CarrierTexts> carriers_;
  std::vector<PlaceTexts> places_;     // By PlaceId.
  std::vector<PlaceTexts> doorsteps_;  // By DestinationId; without a name.
  std::vector<Text> destinations_;
  std::vector<Text> services_;
  std::vector<Text> zones_;
  struct Weight {
    std::uint32_t grams = 0;
    std::string ounces;        // "17.0"
    std::string ounces_short;  // "17"
  };
  std::vector<Weight> weights_;
  std::array<KindTexts, scan_kind_end> kinds_;
};

enum class Field : std::uint8_t;
enum class Filter : std::uint8_t;

/// One step of a compiled template. `literal` is a slice of Program::text.
struct Step {
  enum class Kind : std::uint8_t {
    literal,
    separator,  ///< A comma, unless the container is still empty.
    field,
    optional,  ///< A field with the literal before it, or neither; with a separator when `separated`.
    loop,      ///< Once for each scan of the history; `end` is the step behind the loop.
    // Of Protobuf. The literal is the tag before the value; what has nothing to tell is left out with it.
    part,           ///< What follows, up to its part_end, has its length before it.
    part_end,       ///< `size` is that of the part's tag.
    proto_text,     ///< A field as text with its length.
    proto_number,   ///< A field as a number in `form`; of an enumeration `end` is the number of its names.
    proto_instant,  ///< A field as a google.protobuf.Timestamp.
  };
  Kind kind = Kind::literal;
  Field field{};
  Filter filter{};
  Escape escape = Escape::json;
  bool quoted = false;       ///< Text in quotes; else a bare number, or inside of a string.
  bool nullable = false;     ///< "null" where there is nothing to tell; else nothing.
  bool separated = false;    ///< Of an optional: a separator belongs to it.
  bool reversed = false;     ///< Of a loop.
  bool drops_empty = false;  ///< Of a part_end: an empty part is left out.
  NumberForm form{};
  std::uint32_t from = 0;
  std::uint32_t size = 0;
  std::uint32_t end = 0;
};

/// Names of an enumeration's values, ascending.
using EnumNames = std::vector<std::pair<std::string, std::int32_t>>;

struct Program {
  std::string text;
  std::vector<EnumNames> enums;
  std::vector<Step> steps;
  bool reads_history = false;
};

/// Compiles a JSON template. `file` is for messages: errors are bad_input and begin with "FILE:LINE:COLUMN: ".
/// `first_line` is the line of the file on which `text` begins.
Result<Program> compile_json(std::string_view text, std::string_view file, int first_line = 1);
/// Compiles plain text with placeholders, for instance header lines, whose values are escaped like this.
Result<Program> compile_text(std::string_view text, Escape escape, std::string_view file, int first_line = 1);

/// Runs programs for one parcel's message. Reuse it from message to message; one thread.
class Renderer {
 public:
  explicit Renderer(const WorldTexts& texts) : texts_(texts) {}
  /// Requires: `parcel` outlives the calls of `append`. `payload` is what {{payload}} stands for, may be empty.
  void begin(const ParcelView& parcel, std::string_view payload = {});
  void append(const Program& program, std::string& out);

 private:
  struct Value;
  struct Current;
  void run(const Program& program, std::size_t from, std::size_t to, const Scan& scan, std::string& out);
  [[nodiscard]] Value value_of(const Step& step, const Scan& scan) const;
  [[nodiscard]] Value text_or_none(const Text& text) const;
  [[nodiscard]] Value words_of(Field field, const WorldTexts::KindTexts& kind) const;
  [[nodiscard]] const WorldTexts::PlaceTexts& place_of(const Scan& scan) const;
  [[nodiscard]] Value instant(SimTime at, ZoneId zone) const;
  [[nodiscard]] std::optional<ScanKind> status_without(const Scan* without) const;
  [[nodiscard]] const Scan& newest() const;
  bool append_value(const Step& step, const Value& value, std::string& out) const;
  void append_number(const Program& program, const Step& step, const Value& value, std::string& out);

  const WorldTexts& texts_;
  const ParcelView* parcel_ = nullptr;
  std::string_view payload_;
  std::span<const Scan> history_;  // Never empty: at least the new scan.
  std::uint64_t key_ = 0;
  std::vector<std::size_t> parts_;  // Where those that are open began, behind their tag.
  std::string number_;              // The one at hand, as text.
};

}  // namespace peakstorm::wire
