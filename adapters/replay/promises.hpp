/// The shop's side before a replay: what each parcel was promised, by PUT /parcels.
#pragma once

#include <span>
#include <stop_token>

#include "adapters/replay.hpp"
#include "adapters/replay/open_parcels.hpp"
#include "adapters/replay/retries.hpp"
#include "adapters/replay/tally.hpp"
#include "adapters/transport.hpp"

namespace peakstorm {

/// What it takes; all must outlive the call.
struct PromisesToPut {
  const World& world;
  const ReplayOptions& options;
  std::span<const ParcelFacts> parcels;
  const OpenParcels& numbers;
  const Retries& retries;
  Transport& transport;
  const ReplayTime& time;
  Tally& tally;
};
/// Blocks until all are taken, or a stop. Errors: bad_input for a secret that the endpoint does not take, unreachable.
Result<void> put_promises(const PromisesToPut& put, const std::stop_token& stop);

}  // namespace peakstorm
