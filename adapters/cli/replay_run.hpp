/// One replay as the verbs run and show it.
#pragma once

#include <boost/json/fwd.hpp>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "adapters/cli/carriers_run.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/endpoint.hpp"
#include "adapters/jwks_server.hpp"
#include "adapters/replay.hpp"
#include "engine/world.hpp"
#include "results/reconcile.hpp"

namespace peakstorm::cli {

/// Options from the flags and the scenario's defaults; the target is still empty when the embedded endpoint is
/// meant. Checks what can be checked before a long simulation: the URL, the host, the secret. `folder` is the
/// scenario's, where its template lies. Errors: bad_input.
Result<ReplayOptions> replay_options(const World& world, const std::filesystem::path& folder, const ReplayFlags& flags);

/// Writes --jwks, when given, in one step, and serves --jwks-port from now on: the platform under test needs the key
/// before the first message comes. Null when nothing is to be served. The URL is told, unless `quiet` and the port is
/// no news. Errors: bad_input for a format without a public key, a file that cannot be written, a port that is taken.
Result<std::unique_ptr<JwksServer>> publish_jwks(const World& world, const ReplayOptions& options,
                                                 const ReplayFlags& flags, bool quiet);

/// Starts the embedded endpoint on a free loopback port and points `options` to it, with a secret of its own
/// when none is given.
Result<std::unique_ptr<TrackingEndpoint>> start_embedded(ReplayOptions& options, const ReplayFlags& flags);

/// How truth appears on the target's page, fed through the format.
ShownRules shown_rules(const World& world, const ReplayOptions& options);

/// How the replay is to be compared with the truth: with what its faults publish besides.
ReconcileOptions reconcile_options(const World& world, const ReplayOptions& options);

/// The carriers of --serve-carriers, moved along by a replay with these options; null when none are asked for. `source`
/// is read to its end: another one than the replay's. `options.target` is known. Errors: bad_input, io.
Result<std::unique_ptr<ServedCarriers>> carriers_beside(const World& world, ReplaySource& source,
                                                        ReplayOptions& options, const ReplayFlags& flags, bool quiet);

/// peakstorm::replay with progress. `found`: where `recorder` keeps what it finds, for those who watch; may be null.
Result<ReplaySummary> run_replay(const World& world, ReplaySource& source, const ReplayOptions& options,
                                 ReplayRecorder& recorder, const std::stop_token& stop, bool quiet,
                                 const Reconciliation* found, ReplayParty* party = nullptr);

boost::json::object replay_json(const ReplaySummary& summary, const ReplayResults& results);
/// Promise-keeping as the pages show it and as it was, over the same parcels; null when there are none.
boost::json::object on_time_shown_json(const ReplayResults& results);
/// Counts by kind and by oracle, what they look like, what was injected, and "total" of those that are the endpoint's
/// defects.
boost::json::object findings_json(const ReplayResults& results);
std::string replay_text(const ReplaySummary& summary, const ReplayResults& results);

}  // namespace peakstorm::cli
