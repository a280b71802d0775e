/// The carriers that a platform polls, as the verbs serve them and tell of them.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/carriers.hpp"
#include "adapters/cli/flags.hpp"
#include "results/polls.hpp"

namespace peakstorm::cli {

/// Carriers that are served, and how they are polled.
struct ServedCarriers {
  PollLedger ledger{wire::pull_api_count};  ///< Read it after carriers->stop().
  std::shared_ptr<RunningInstant> instant;
  std::unique_ptr<Carriers> carriers;  ///< Last: it writes into the others.
};

/// The flags' options, without address and port. Errors: bad_input for credentials that are missing or cannot be read.
Result<CarriersOptions> carriers_options(const CarrierFlags& flags);
/// Starts them with what `source` has and `amend` does to it. Errors: those of Carriers::start, and bad_input for a
/// carrier that was named though no parcel is its own.
Result<std::unique_ptr<ServedCarriers>> serve_carriers(const World& world, ReplaySource& source,
                                                       const std::function<void(std::vector<Scan>&)>& amend,
                                                       const CarrierFlags& flags, CarriersOptions options);

/// By API; those that nobody asked are left out.
boost::json::object polls_json(const PollLedger& ledger);
std::string polls_text(const PollLedger& ledger);
/// Writes the same as polls.json into a run folder that is not sealed yet. Errors: io.
Result<void> write_polls(const PollLedger& ledger, const std::string& folder);

}  // namespace peakstorm::cli
