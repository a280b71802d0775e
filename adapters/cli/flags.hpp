/// Flags that several verbs share, spelled and checked once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/carriers.hpp"
#include "adapters/cli/exit_code.hpp"
#include "adapters/endpoint.hpp"
#include "adapters/rate_profile.hpp"
#include "adapters/transport.hpp"
#include "engine/world.hpp"

namespace CLI {
class App;
}

namespace peakstorm::cli {

/// Who reads the output: a person (default), a program, or nobody.
struct OutputFlags {
  bool json = false;
  bool quiet = false;
};
void add_output_flags(CLI::App& verb, OutputFlags& flags);

struct SimulationFlags {
  std::string scenario;               ///< Folder, or name of a scenario of the library.
  std::optional<double> scale;        ///< Volume and capacity; (0, 10].
  std::optional<std::uint64_t> seed;  ///< None: the scenario's.
  std::uint32_t replication = 0;
  std::uint32_t replications = 1;  ///< Runs replications [replication, replication + replications).
  unsigned threads = 0;
  std::optional<double> memory_gib;  ///< On this machine. None: what it or its container gives.
  std::array<bool, disruption_kind_names.size()> without{};
};
/// Where a run can also be resumed, the scenario is not required: the verb looks for itself.
void add_simulation_flags(CLI::App& verb, SimulationFlags& flags, bool needs_scenario = true);

/// Misbehaviour of the embedded endpoint, for the verbs that start one.
struct MisbehaviourFlags {
  EndpointBugs bugs;
  EndpointFaults faults;
  std::size_t capture_events_max = EndpointOptions().capture_events_max;
  bool operator==(const MisbehaviourFlags&) const = default;
};
void add_misbehaviour_flags(CLI::App& verb, MisbehaviourFlags& flags);

/// Carriers that the platform under test polls, for the verbs that serve them.
struct CarrierFlags {
  std::optional<std::uint16_t> port;  ///< None: nobody is served; 0: a free one.
  std::vector<wire::PullApi> apis;    ///< Empty: all.
  std::string credentials_file;
  bool any_credentials = false;
  std::optional<std::int64_t> token_life_s;
  CarrierTroubles troubles;
};
/// Without --serve-carriers, by which a replay serves them beside what it sends.
void add_carrier_flags(CLI::App& verb, CarrierFlags& flags);

struct ReplayFlags {
  std::string against;  ///< URL; empty: the embedded endpoint.
  std::vector<std::string> allow_hosts;
  std::optional<double> speed;       ///< Simulated seconds per second.
  std::optional<RateProfile> rates;  ///< Requests per second.
  std::optional<double> seconds;     ///< Compress the replay to about this long.
  std::optional<std::string> format;
  std::string secret_file;
  std::string jwks_file;                   ///< Where to write the public key of formats that have one; empty: nowhere.
  std::optional<std::uint16_t> jwks_port;  ///< Where to serve it as well; 0: a free one.
  HttpVersion http = HttpVersion::settled;
  std::optional<GrpcCall> grpc_call;  ///< Of gRPC; without a target: the embedded endpoint over gRPC.
  std::size_t streams = 0;            ///< Of HTTP/2 and gRPC; 0: as the target allows.
  std::string ca_file;                ///< Authorities to trust instead of the system's.
  std::string broker_user;
  std::string broker_password_file;
  std::string webhook_path;        ///< Where scans are posted; empty: the embedded endpoint's path.
  std::string track_page;          ///< File that describes the target's page (track_page.hpp); empty: ours.
  unsigned batch = 1;              ///< Scans in one message.
  double batch_wait_ms = 100;      ///< At most, for a message that is not full.
  bool write_only = false;         ///< The target shows no parcels: no checks; nothing is read back.
  bool register_promises = false;  ///< PUT /parcels first.
  std::vector<std::pair<FaultKind, Ppm>> faults;  ///< Instead of the scenario's rates.
  std::optional<std::uint64_t> fault_seed;
  bool find_limit = false;   ///< Instead of one replay: the highest rate at which the gates hold.
  double trial_seconds = 5;  ///< Of its trials.
  MisbehaviourFlags embedded;
  CarrierFlags carriers;
};
void add_replay_flags(CLI::App& verb, ReplayFlags& flags);

struct GateFlags {
  std::vector<std::string> require;
  std::string junit;
  std::string markdown;
  std::string openmetrics;
  bool github = false;
};
void add_gate_flags(CLI::App& verb, GateFlags& flags);

}  // namespace peakstorm::cli
