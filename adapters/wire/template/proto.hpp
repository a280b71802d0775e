/// The user's Protobuf message as a template: its JSON form with placeholders, checked against the .proto and compiled
/// into steps that write the binary form at once. No message object is made at the time of sending.
///
/// The JSON form is Protobuf's own: members by the field's name or its JSON name, enumerations by name or number, bytes
/// in Base64, maps as objects. Well-known types are written by their fields, but google.protobuf.Timestamp also takes
/// an instant's placeholder. What has nothing to tell is left out, with `?` or without.
#pragma once

#include <memory>
#include <string_view>

#include "adapters/wire/template/program.hpp"
#include "engine/result.hpp"

namespace google::protobuf {
class Descriptor;
}

namespace peakstorm::wire {

class ProtoMessage {
 public:
  /// `path` ends in .proto, or is a FileDescriptorSet as `protoc --include_imports -o` writes it. Imports are looked
  /// for in the folders from the file's own up to `root`; those of Protobuf itself are always there. Errors: bad_input,
  /// naming file, line and column of a fault in a .proto, and the cure.
  static Result<ProtoMessage> read(const std::string& path, const std::string& root, std::string_view message);
  /// A message of the program's own.
  explicit ProtoMessage(const google::protobuf::Descriptor& descriptor);
  ProtoMessage(ProtoMessage&&) noexcept;
  ProtoMessage& operator=(ProtoMessage&&) = delete;
  ProtoMessage(const ProtoMessage&) = delete;
  ProtoMessage& operator=(const ProtoMessage&) = delete;
  ~ProtoMessage();

  /// Valid as long as this.
  [[nodiscard]] const google::protobuf::Descriptor& descriptor() const { return *descriptor_; }
  /// As compile_json. `words`: what placeholders of statuses may say, so that an enumeration can be checked for them.
  [[nodiscard]] Result<Program> compile(std::string_view text, std::string_view file, int first_line,
                                        const Vocabulary& words) const;

 private:
  struct Source;
  ProtoMessage();
  std::unique_ptr<Source> source_;  // What the descriptor is part of.
  const google::protobuf::Descriptor* descriptor_ = nullptr;
};

}  // namespace peakstorm::wire
