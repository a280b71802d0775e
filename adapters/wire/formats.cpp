#include <array>

#include "adapters/wire/cloudevents/cloudevents.hpp"
#include "adapters/wire/easypost/easypost.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm::wire {
namespace {
constexpr std::array<std::string_view, 3> names{"easypost", "cloudevents", "cloudevents-binary"};
}

std::span<const std::string_view> format_names() {
  return names;
}

Result<std::unique_ptr<WireFormat>> make_format(std::string_view name, const World& world,
                                                const FormatOptions& options) {
  if (name == "easypost") return make_easypost(world, options);
  if (name == "cloudevents") return make_cloudevents(world, options, CloudEventsMode::structured);
  if (name == "cloudevents-binary") return make_cloudevents(world, options, CloudEventsMode::binary);
  std::string message = "format '" + std::string(name) + "' is unknown; use one of";
  for (const std::string_view known : names) message.append(" ").append(known);
  return fail(ErrorKind::bad_input, std::move(message));
}

}  // namespace peakstorm::wire
