#include "adapters/wire/template/proto.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wire_format_lite.h>
#include <google/protobuf/wrappers.pb.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "adapters/wire/template/scanner.hpp"

namespace peakstorm::wire {
namespace {

namespace pb = google::protobuf;
using FieldType = pb::FieldDescriptor::Type;
using CppType = pb::FieldDescriptor::CppType;
using pb::internal::WireFormatLite;

bool is_timestamp(const pb::Descriptor& message) {
  return message.full_name() == "google.protobuf.Timestamp";
}

void append_tag(std::string& out, int number, WireFormatLite::WireType type) {
  append_varint(out, WireFormatLite::MakeTag(number, type));
}
void append_tag(std::string& out, const pb::FieldDescriptor& field) {
  append_tag(out, field.number(),
             WireFormatLite::WireTypeForFieldType(static_cast<WireFormatLite::FieldType>(field.type())));
}

NumberForm form_of(FieldType type) {
  switch (type) {
    case FieldType::TYPE_SINT32:
    case FieldType::TYPE_SINT64:
      return NumberForm::zigzag;
    case FieldType::TYPE_FIXED32:
    case FieldType::TYPE_SFIXED32:
      return NumberForm::fixed32;
    case FieldType::TYPE_FIXED64:
    case FieldType::TYPE_SFIXED64:
      return NumberForm::fixed64;
    case FieldType::TYPE_FLOAT:
      return NumberForm::float32;
    case FieldType::TYPE_DOUBLE:
      return NumberForm::float64;
    case FieldType::TYPE_BOOL:
      return NumberForm::boolean;
    case FieldType::TYPE_ENUM:
      return NumberForm::enumeration;
    default:
      return NumberForm::varint;
  }
}

/// The words that a placeholder of a status may stand for, by kind; none for other fields.
std::optional<std::vector<std::string_view>> words_of(Field field, const Vocabulary& words) {
  std::vector<std::string_view> all;
  for (std::size_t kind = 0; kind < words.size(); ++kind) {
    switch (field) {
      case Field::status_kind:
      case Field::scan_kind:
        if (kind > 0) all.emplace_back(scan_kind_names[kind]);
        break;
      case Field::status_status:
      case Field::before_status:
      case Field::scan_status:
        all.push_back(words[kind].status);
        break;
      case Field::status_detail:
      case Field::scan_detail:
        all.push_back(words[kind].detail);
        break;
      case Field::status_code:
      case Field::scan_code:
        all.push_back(words[kind].code);
        break;
      default:
        return std::nullopt;
    }
  }
  std::erase(all, std::string_view());
  return all;
}

class ProtoCompiler : Scanner {
 public:
  ProtoCompiler(std::string_view text, std::string_view file, int first_line, const Vocabulary& words)
      : Scanner(text, file, first_line), words_(words) {}

  Result<Program> compile(const pb::Descriptor& descriptor) {
    if (!begin_json() || !message(descriptor, 0)) return tl::unexpected(*error_);
    space();
    if (at_ != text_.size()) return tl::unexpected(error("there is more behind the end of the message; take it away"));
    flush();
    return std::move(program_);
  }

 private:
  // ---- steps ----

  /// What is in literal_ goes into the step as its tag, and what was before into one of its own.
  void put(Step step, const std::string& tag) {
    flush();
    literal_ = tag;
    put_literal(step);
    program_.steps.push_back(step);
  }
  void begin_part(const std::string& tag) {
    Step step;
    step.kind = Step::Kind::part;
    put(step, tag);
  }
  void end_part(const std::string& tag, bool drops_empty) {
    flush();
    Step step;
    step.kind = Step::Kind::part_end;
    step.drops_empty = drops_empty;
    step.size = static_cast<std::uint32_t>(tag.size());
    program_.steps.push_back(step);
  }
  void put_placeholder(const Placeholder& p, const std::string& tag, Step::Kind kind, NumberForm form = {},
                       std::uint32_t names = 0) {
    Step step;
    step.kind = kind;
    step.field = p.field;
    step.filter = p.filter;
    step.escape = Escape::none;
    step.form = form;
    step.end = names;
    put(step, tag);
  }

  // ---- messages ----

  bool message(const pb::Descriptor& descriptor, int depth) {
    if (depth > template_depth_max) return wrong("more than 64 levels; flatten the message");
    const std::size_t begin = at_;
    if (!next_is("{")) {
      return wrong(found() + " where message " + descriptor.full_name() +
                   " should begin; write it as {\"field\": ...}");
    }
    std::set<const pb::FieldDescriptor*> seen;
    if (!elements('}', "message", "a field", [&] { return named_field(descriptor, seen, depth); })) return false;
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const pb::FieldDescriptor& field = *descriptor.field(i);
      if (field.is_required() && !seen.contains(&field)) {
        return wrong_at(begin,
                        "message " + descriptor.full_name() + " requires the field \"" + field.name() + "\"; add it");
      }
    }
    return true;
  }

  bool named_field(const pb::Descriptor& descriptor, std::set<const pb::FieldDescriptor*>& seen, int depth) {
    if (!next_is("\"")) {
      return wrong(found() + " where the \"name\" of a field should be" +
                   (next_is("}") ? "; take the last comma away" : ""));
    }
    const std::size_t name_at = at_;
    std::string name;
    if (!plain_string(name, "the name of a field")) return false;
    const pb::FieldDescriptor* const field = find(descriptor, name);
    if (field == nullptr) return wrong_at(name_at, no_such_field(descriptor, name));
    if (!fits_beside(*field, name_at, seen)) return false;
    space();
    if (!next_is(":")) return wrong(found() + " where the ':' behind field \"" + name + "\" should be");
    ++at_;
    space();
    return member(*field, depth);
  }

  static const pb::FieldDescriptor* find(const pb::Descriptor& descriptor, const std::string& name) {
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const pb::FieldDescriptor& field = *descriptor.field(i);
      if (field.name() == name || field.json_name() == name) return &field;
    }
    return nullptr;
  }
  static std::string no_such_field(const pb::Descriptor& descriptor, const std::string& name) {
    std::string text = "message " + descriptor.full_name() + " has no field \"" + name + "\"";
    const pb::FieldDescriptor* best = nullptr;
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const pb::FieldDescriptor* const field = descriptor.field(i);
      if (best == nullptr || edits(name, field->name()) < edits(name, best->name())) best = field;
    }
    return text + (best == nullptr ? "; it has none" : "; do you mean \"" + best->name() + "\"?");
  }
  bool fits_beside(const pb::FieldDescriptor& field, std::size_t at, std::set<const pb::FieldDescriptor*>& seen) {
    if (!seen.insert(&field).second) return wrong_at(at, "field \"" + field.name() + "\" stands twice; leave one");
    if (field.type() == FieldType::TYPE_GROUP) {
      return wrong_at(at, "field \"" + field.name() + "\" is a group, which templates do not write; leave it out");
    }
    const pb::OneofDescriptor* const one = field.real_containing_oneof();
    if (one == nullptr) return true;
    for (const pb::FieldDescriptor* const other : seen) {
      if (other != &field && other->real_containing_oneof() == one) {
        return wrong_at(at, "fields \"" + other->name() + "\" and \"" + field.name() + "\" exclude each other (oneof " +
                                one->name() + "); leave one");
      }
    }
    return true;
  }

  bool member(const pb::FieldDescriptor& field, int depth) {
    if (next_is("null")) {
      if (field.is_required()) return wrong("field \"" + field.name() + "\" is required; give it a value");
      at_ += 4;
      return ends_here();
    }
    if (field.is_map()) return map(field, depth);
    if (field.is_repeated()) return list(field, depth);
    std::string tag;
    append_tag(tag, field);
    return value(field, tag, depth);
  }

  bool list(const pb::FieldDescriptor& field, int depth) {
    if (!next_is("[")) return wrong("field \"" + field.name() + "\" is repeated; write its values in an array [ ]");
    std::string tag;
    std::string tag_of_each;
    if (field.is_packed()) {
      append_tag(tag, field.number(), WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
      begin_part(tag);
    } else {
      append_tag(tag_of_each, field);
    }
    const auto each = [&] {
      if (next_is("]")) return wrong("']' behind a comma; take the last comma away");
      return element(field, tag_of_each, depth);
    };
    if (!elements(']', "array", "an array element", each)) return false;
    if (field.is_packed()) end_part(tag, true);
    return true;
  }

  bool element(const pb::FieldDescriptor& field, const std::string& tag, int depth) {
    if (!next_is("{{#")) return value(field, tag, depth);
    Placeholder p;
    if (!placeholder(p)) return false;
    return history_loop(p, [&] { return value(field, tag, depth); });
  }

  bool map(const pb::FieldDescriptor& field, int depth) {
    if (!next_is("{") || next_is("{{"))
      return wrong("field \"" + field.name() + "\" is a map; write it as {\"key\": ...}");
    std::string tag;
    append_tag(tag, field);
    std::string value_tag;
    append_tag(value_tag, *field.message_type()->map_value());
    std::set<std::string> keys;
    return elements('}', "map", "a value", [&] { return entry(field, tag, value_tag, keys, depth); });
  }

  bool entry(const pb::FieldDescriptor& field, const std::string& tag, const std::string& value_tag,
             std::set<std::string>& keys, int depth) {
    if (!next_is("\"")) return wrong(found() + " where a \"key\" should be");
    const pb::FieldDescriptor& key = *field.message_type()->map_key();
    const std::size_t key_at = at_;
    std::string text;
    if (!plain_string(text, "the key of a map")) return false;
    if (!keys.insert(text).second) return wrong_at(key_at, "key \"" + text + "\" stands twice; leave one");
    begin_part(tag);
    append_tag(literal_, key);
    if (key.type() == FieldType::TYPE_STRING) {
      append_varint(literal_, text.size());
      literal_ += text;
    } else if (!append_number(key, text, key_at)) {
      return false;
    }
    space();
    if (!next_is(":")) return wrong(found() + " where the ':' behind a key should be");
    ++at_;
    space();
    if (!value(*field.message_type()->map_value(), value_tag, depth)) return false;
    end_part(tag, false);
    return true;
  }

  // ---- values ----

  bool value(const pb::FieldDescriptor& field, const std::string& tag, int depth) {
    if (next_is("{{")) {
      Placeholder p;
      if (!placeholder(p)) return false;
      if (p.loop) return wrong_at(p.from, "history stands within an array: [ {{#history}} ... {{/history}} ]");
      return whole_placeholder(field, tag, p);
    }
    switch (field.cpp_type()) {
      case CppType::CPPTYPE_MESSAGE:
        begin_part(tag);
        if (!message(*field.message_type(), depth + 1)) return false;
        end_part(tag, false);
        return true;
      case CppType::CPPTYPE_STRING:
        return field.type() == FieldType::TYPE_BYTES ? bytes(field, tag) : text(field, tag);
      default:
        return literal(field, tag);
    }
  }

  [[nodiscard]] static std::string told(const pb::FieldDescriptor& field) {
    std::string type = field.type_name();
    if (field.cpp_type() == CppType::CPPTYPE_MESSAGE) type = field.message_type()->full_name();
    if (field.cpp_type() == CppType::CPPTYPE_ENUM) type = field.enum_type()->full_name();
    return "field \"" + field.name() + "\" (" + type + ")";
  }

  bool whole_placeholder(const pb::FieldDescriptor& field, const std::string& tag, const Placeholder& p) {
    if (field.is_required() && p.optional) return wrong_at(p.from, told(field) + " is required; take the '?' away");
    const std::string cannot = told(field) + " cannot be '" + std::string(p.name) + "'";
    const bool is_instant = p.type == Type::instant;
    const bool as_number = is_number(p.type, p.filter);
    switch (field.cpp_type()) {
      case CppType::CPPTYPE_MESSAGE:
        if (!is_timestamp(*field.message_type()))
          return wrong_at(p.from, cannot + "; write its fields as {\"field\": ...}");
        if (!is_instant || p.filter != Filter::plain) {
          return wrong_at(p.from, cannot + "; a Timestamp takes an instant without a filter, such as {{scan.at}}");
        }
        put_placeholder(p, tag, Step::Kind::proto_instant);
        return true;
      case CppType::CPPTYPE_STRING:
        if (field.type() == FieldType::TYPE_BYTES) return wrong_at(p.from, cannot + "; only a string takes it");
        put_placeholder(p, tag, Step::Kind::proto_text);
        return true;
      case CppType::CPPTYPE_ENUM:
        return enum_placeholder(field, tag, p, cannot);
      case CppType::CPPTYPE_BOOL:
        if (p.type != Type::flag)
          return wrong_at(p.from, cannot + "; it takes status.is_new, status.action, scan.action");
        break;
      case CppType::CPPTYPE_FLOAT:
      case CppType::CPPTYPE_DOUBLE:
        if (!as_number || p.type == Type::flag) return wrong_at(p.from, cannot + no_number(p));
        break;
      default: {
        if (!as_number || p.type == Type::flag) return wrong_at(p.from, cannot + no_number(p));
        if (p.type == Type::ounces) return wrong_at(p.from, cannot + "; tenths of an ounce need a double or a string");
        const bool small = field.cpp_type() == CppType::CPPTYPE_INT32 || field.cpp_type() == CppType::CPPTYPE_UINT32;
        if (small && p.filter == Filter::unix_ms) return wrong_at(p.from, cannot + "; milliseconds need 64 bits");
        const bool natural = field.cpp_type() == CppType::CPPTYPE_UINT32 || field.cpp_type() == CppType::CPPTYPE_UINT64;
        if (natural && p.filter == Filter::offset_minutes) {
          return wrong_at(p.from, cannot + "; west of Greenwich the offset is negative, so make it signed");
        }
      }
    }
    put_placeholder(p, tag, Step::Kind::proto_number, form_of(field.type()));
    return true;
  }
  static std::string no_number(const Placeholder& p) {
    if (p.type == Type::instant) return ", which is text; write it as a number by |unix or |unix_ms";
    return ", which is no number";
  }

  bool enum_placeholder(const pb::FieldDescriptor& field, const std::string& tag, const Placeholder& p,
                        const std::string& cannot) {
    const auto words = words_of(p.field, words_);
    if (!words) return wrong_at(p.from, cannot + "; it takes scan.status, status.status, scan.kind and their like");
    EnumNames names;
    for (const std::string_view word : *words) {
      const auto* const named = field.enum_type()->FindValueByName(std::string(word));
      if (named == nullptr) {
        return wrong_at(p.from, cannot + ": the enumeration has no '" + std::string(word) +
                                    "'; give the words of your own with Peakstorm-Words");
      }
      names.emplace_back(word, named->number());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    program_.enums.push_back(std::move(names));
    put_placeholder(p, tag, Step::Kind::proto_number, NumberForm::enumeration,
                    static_cast<std::uint32_t>(program_.enums.size() - 1));
    return true;
  }

  /// Requires: at a quote. What stands in a JSON string without placeholders.
  bool plain_string(std::string& out, const std::string& what) {
    const std::size_t begin = at_++;
    std::string raw;
    while (true) {
      if (at_ >= text_.size()) return wrong_at(begin, "this string has no end; close it with a quote");
      if (next_is("\"")) break;
      if (next_is("{{")) return wrong(what + " cannot have a placeholder");
      if (!character(raw)) return false;
    }
    ++at_;
    return unescaped(raw, begin, out);
  }
  bool character(std::string& raw) {
    if (text_[at_] == '\\') return escape_sequence(raw);
    if (static_cast<unsigned char>(text_[at_]) < 0x20) {
      return wrong("a control character in a string; write it as \\n, \\t or \\u00..");
    }
    raw += text_[at_++];
    return true;
  }
  bool unescaped(const std::string& raw, std::size_t at, std::string& out) {
    simdjson::dom::parser parser;
    std::string_view text;
    if (parser.parse("\"" + raw + "\"").get(text) != simdjson::SUCCESS) {
      return wrong_at(at, "this string has half of a surrogate pair; write both or the character itself");
    }
    out += text;
    return true;
  }

  bool text(const pb::FieldDescriptor& field, const std::string& tag) {
    if (!next_is("\"")) return wrong(told(field) + " is text; put it in quotes");
    const std::size_t begin = at_++;
    begin_part(tag);
    std::string raw;
    while (!next_is("\"")) {
      if (at_ >= text_.size()) return wrong_at(begin, "this string has no end; close it with a quote");
      if (!next_is("{{")) {
        if (!character(raw)) return false;
        continue;
      }
      if (!unescaped(raw, begin, literal_)) return false;
      raw.clear();
      Placeholder p;
      if (!placeholder(p)) return false;
      if (p.loop) return wrong_at(p.from, "history stands within an array, not within a string");
      if (p.optional) return wrong_at(p.from, "only a whole field can be left out; take the '?' or the quotes away");
      flush();
      Step step;
      step.kind = Step::Kind::field;
      step.field = p.field;
      step.filter = p.filter;
      step.escape = Escape::none;
      program_.steps.push_back(step);
    }
    ++at_;
    if (!unescaped(raw, begin, literal_)) return false;
    end_part(tag, false);
    return true;
  }

  bool bytes(const pb::FieldDescriptor& field, const std::string& tag) {
    if (!next_is("\"")) return wrong(told(field) + " is bytes; put their Base64 in quotes");
    const std::size_t begin = at_;
    std::string base64;
    if (!plain_string(base64, told(field))) return false;
    // Protobuf's own reader of JSON knows both alphabets, padded or not.
    pb::BytesValue decoded;
    if (!base64.empty() && !pb::util::JsonStringToMessage("\"" + base64 + "\"", &decoded).ok()) {
      return wrong_at(begin, told(field) + " is not Base64; encode its bytes");
    }
    const std::string& plain = decoded.value();
    literal_ += tag;
    append_varint(literal_, plain.size());
    literal_ += plain;
    return true;
  }

  /// A number, boolean or enumeration as it stands, in quotes or not.
  bool literal(const pb::FieldDescriptor& field, const std::string& tag) {
    const std::size_t begin = at_;
    std::string token;
    if (next_is("\"")) {
      if (field.cpp_type() == CppType::CPPTYPE_BOOL) return wrong(told(field) + " is true or false, without quotes");
      if (!plain_string(token, told(field) + " in quotes")) return false;
    } else if (next_is("true") || next_is("false")) {
      token = next_is("true") ? "true" : "false";
      at_ += token.size();
      if (field.cpp_type() != CppType::CPPTYPE_BOOL) return wrong_at(begin, told(field) + " cannot be " + token);
      if (!ends_here()) return false;
    } else {
      if (next_is("{") || next_is("["))
        return wrong(told(field) + " is a single value, no " + (next_is("{") ? "object" : "array"));
      if (!number(token)) return false;
    }
    literal_ += tag;
    return append_number(field, token, begin);
  }

  template <class Integer>
  bool integer(const pb::FieldDescriptor& field, const std::string& token, std::size_t at, Integer& value) {
    const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
    if (read.ec == std::errc() && read.ptr == token.data() + token.size()) return true;
    return wrong_at(at, told(field) + " cannot be " + (token.empty() ? "empty" : token) + "; use a whole number from " +
                            std::to_string(std::numeric_limits<Integer>::min()) + " to " +
                            std::to_string(std::numeric_limits<Integer>::max()));
  }

  bool append_number(const pb::FieldDescriptor& field, const std::string& token, std::size_t at) {
    const NumberForm form = form_of(field.type());
    switch (field.cpp_type()) {
      case CppType::CPPTYPE_BOOL:
        if (token != "true" && token != "false") return wrong_at(at, told(field) + " is true or false");
        literal_ += token == "true" ? '\1' : '\0';
        return true;
      case CppType::CPPTYPE_ENUM: {
        const auto* const named = field.enum_type()->FindValueByName(token);
        std::int32_t value = named == nullptr ? 0 : named->number();
        const bool is_number = !token.empty() && (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
        if (named == nullptr && !is_number) {
          return wrong_at(at, told(field) + " has no value '" + token + "'; " + nearest(*field.enum_type(), token));
        }
        if (named == nullptr && !integer(field, token, at, value)) return false;
        append_whole(literal_, value, form);
        return true;
      }
      case CppType::CPPTYPE_FLOAT:
      case CppType::CPPTYPE_DOUBLE: {
        double value = 0;
        const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
        if (read.ec != std::errc() || read.ptr != token.data() + token.size()) {
          return wrong_at(at, told(field) + " cannot be '" + token + "'; use a number");
        }
        append_real(literal_, value, form);
        return true;
      }
      case CppType::CPPTYPE_INT32: {
        std::int32_t value = 0;
        if (!integer(field, token, at, value)) return false;
        append_whole(literal_, value, form);
        return true;
      }
      case CppType::CPPTYPE_UINT32: {
        std::uint32_t value = 0;
        if (!integer(field, token, at, value)) return false;
        append_whole(literal_, value, form);
        return true;
      }
      case CppType::CPPTYPE_UINT64: {
        std::uint64_t value = 0;
        if (!integer(field, token, at, value)) return false;
        append_whole(literal_, static_cast<std::int64_t>(value), form);
        return true;
      }
      default: {
        std::int64_t value = 0;
        if (!integer(field, token, at, value)) return false;
        append_whole(literal_, value, form);
        return true;
      }
    }
  }
  static std::string nearest(const pb::EnumDescriptor& values, const std::string& token) {
    const pb::EnumValueDescriptor* best = values.value(0);
    for (int i = 1; i < values.value_count(); ++i) {
      if (edits(token, values.value(i)->name()) < edits(token, best->name())) best = values.value(i);
    }
    return "do you mean " + best->name() + "?";
  }

  const Vocabulary& words_;
};

}  // namespace

Result<Program> ProtoMessage::compile(std::string_view text, std::string_view file, int first_line,
                                      const Vocabulary& words) const {
  return ProtoCompiler(text, file, first_line, words).compile(*descriptor_);
}

}  // namespace peakstorm::wire
