#include "adapters/replay/message_id.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace peakstorm {
namespace {

constexpr std::string_view prefix = "peakstorm";

}  // namespace

void write_message_id(const MessageId& id, std::string& out) {
  out.assign(prefix);
  for (const std::uint64_t number : {id.replay, static_cast<std::uint64_t>(id.parcel), std::uint64_t{id.sequence},
                                     static_cast<std::uint64_t>(id.fault), id.body}) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    out += '-';
    out.append(digits.data(), end);
  }
}

std::optional<MessageId> read_message_id(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  std::array<std::uint64_t, 5> numbers{};
  for (std::uint64_t& number : numbers) {
    if (!text.starts_with('-')) return std::nullopt;
    text.remove_prefix(1);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (read.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  }
  const auto [replay, parcel, sequence, fault, body] = numbers;
  if (!text.empty() || sequence > std::numeric_limits<std::uint8_t>::max() || fault >= fault_kinds) return std::nullopt;
  return MessageId{replay, ParcelId{parcel}, static_cast<std::uint8_t>(sequence), static_cast<FaultKind>(fault), body};
}

}  // namespace peakstorm
