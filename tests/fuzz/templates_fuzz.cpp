// Goal: whatever a user's template or a repository's capture job says, it is taken or refused by name; what a taken
// template writes is JSON and no header line that the template has not.
// Method: the input is a template file; two scans of a parcel with awkward names are told through it. The same bytes
// are also read as a capture job, and as the template of a Protobuf message with fields of every kind: what it writes,
// Protobuf reads.
#include <google/protobuf/descriptor.pb.h>
#include <simdjson.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "adapters/wire/epcis/epcis.hpp"
#include "adapters/wire/template/proto.hpp"
#include "adapters/wire/template_file.hpp"
#include "engine/check.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace {

using namespace peakstorm;

struct Story {
  ParcelFacts facts = testing::facts_of(make_parcel_id(ShipNodeId{1}, 5, 7), 3);
  std::vector<Scan> scans{2};
  Story() {
    scans[0].parcel = scans[1].parcel = facts.id;
    scans[1].sequence = 1;
    scans[1].kind = ScanKind::delivered;
    scans[0].place = PlaceId{4};
  }
};

void tell_in_protobuf(std::string_view text, const World& world) {
  using Described = google::protobuf::FileDescriptorProto;
  static const wire::ProtoMessage message(*Described::descriptor());
  static const wire::Vocabulary words = [] {
    wire::Vocabulary all{};
    for (auto& one : all) one.status = "TYPE_STRING";
    return all;
  }();
  const auto program = message.compile(text, "f", 1, words);
  if (!program) {
    PEAKSTORM_CHECK(program.error().message.starts_with("f:"), program.error().message);
    return;
  }
  const Story story;
  const wire::WorldTexts texts(world, words, {});
  wire::Renderer renderer(texts);
  std::string out;
  const wire::ParcelView view{story.facts, "1Z", story.scans, story.scans.back()};
  renderer.begin(view);
  renderer.append(*program, out);
  Described described;
  PEAKSTORM_CHECK(described.ParsePartialFromString(out), out.size());
  PEAKSTORM_CHECK(described.unknown_fields().empty(), out.size());
}

void tell(const std::shared_ptr<const wire::Profile>& profile, const World& world) {
  const auto format = wire::make_webhook(profile, world, {"secret", ""});
  PEAKSTORM_CHECK(format.has_value(), std::string(profile->name));
  if (profile->binary) return;  // It read a .proto of this machine.
  const Story story;
  wire::Message message;
  simdjson::dom::parser parser;
  for (const Scan& scan : story.scans) {
    (*format)->encode({story.facts, "1Z", story.scans, scan}, message);
    PEAKSTORM_CHECK(parser.parse(message.body).error() == simdjson::SUCCESS, message.body);
    (*format)->sign(1'795'184'100'000, message);
    PEAKSTORM_CHECK(message.headers.ends_with("\r\n"), message.headers);
    PEAKSTORM_CHECK(message.headers.find("\r\n\r\n") == std::string::npos, message.headers);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world = testing::tiny_world();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto profile = wire::parse_template(text, "f"); profile) {
    tell(*profile, world);
  } else {
    PEAKSTORM_CHECK(profile.error().kind == ErrorKind::bad_input, profile.error().message);
    PEAKSTORM_CHECK(profile.error().message.starts_with("f:"), profile.error().message);
  }
  tell_in_protobuf(text, world);
  if (const auto job = wire::read_capture_job(text); !job) {
    PEAKSTORM_CHECK(job.error().kind == ErrorKind::malformed_reply, job.error().message);
  }
  return 0;
}
