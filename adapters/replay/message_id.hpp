/// What a message to a broker is called, so that it is known again when the broker is read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/faults.hpp"
#include "engine/ids.hpp"

namespace peakstorm {

/// The id of a message: which replay, which scan, which fault if it exists only by one, and a hash of its body. The
/// same at every attempt, so that a broker that knows ids (JetStream) keeps one copy.
struct MessageId {
  std::uint64_t replay = 0;
  ParcelId parcel{};
  std::uint8_t sequence = 0;
  FaultKind fault = FaultKind::none;
  std::uint64_t body = 0;  ///< hash64 of it.
  bool operator==(const MessageId&) const = default;
};

/// "peakstorm-REPLAY-PARCEL-SEQUENCE-FAULT-BODY", numbers in hex.
void write_message_id(const MessageId& id, std::string& out);
/// None for anything that `write_message_id` does not write.
std::optional<MessageId> read_message_id(std::string_view text);

}  // namespace peakstorm
