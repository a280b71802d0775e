/// The known mistakes of EndpointBug, where they are more than one condition in the code they spoil.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "adapters/endpoint.hpp"
#include "adapters/endpoint/message.hpp"

namespace peakstorm::endpoint {

inline bool has(const EndpointBugs& bugs, EndpointBug bug) {
  return bugs[static_cast<std::size_t>(bug)];
}

/// naive-local-time, whole-second-instants, first-entry-only: what they make of a message.
void misread(const EndpointBugs& bugs, Delivery& delivery);
/// date-only-eta: a date that was midnight UTC, told in the clock of `time_zone`.
Date misdated(Date date, std::string_view time_zone);
/// int-weight-signature: the body as a verifier sees it that parses numbers and prints them again.
std::string reserialised(std::string_view body);

}  // namespace peakstorm::endpoint
