#include "adapters/cli/flags.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

#include "adapters/wire_format.hpp"

namespace peakstorm::cli {
namespace {

/// The platforms, without the dialects of each.
std::string format_help() {
  std::string text;
  for (const std::string_view name : wire::format_names()) {
    if (name.find('/') != std::string_view::npos) continue;
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text + "; NAME/as-wired with the quirks that receivers meet; template:FILE";
}

std::string kinds_text() {
  std::string text;
  for (const char* kind : disruption_kind_names) text += (text.empty() ? "" : ", ") + std::string(kind);
  return text;
}

/// A finite number in (0, most]. `CLI::Range` would let NaN pass.
CLI::Validator positive(double most) {
  return CLI::Validator(
      [most](std::string& text) -> std::string {
        double value = 0;
        if (!CLI::detail::lexical_cast(text, value) || !std::isfinite(value) || value <= 0 || value > most) {
          return "'" + text + "' is not a number above 0 and at most " + CLI::detail::to_string(most);
        }
        return {};
      },
      "");
}

/// Digits alone: the conversion would take -1 for the largest number.
CLI::Validator whole_number() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const bool digits = !text.empty() &&
                            std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
        return digits ? std::string() : "'" + text + "' is not a whole number of 0 or more";
      },
      "");
}

std::string fault_names_text() {
  std::string text;
  for (std::size_t kind = 1; kind < fault_kinds; ++kind) text += std::string(kind > 1 ? ", " : "") + fault_names[kind];
  return text;
}

/// "redelivery=0.05"; kind none stands for all of them.
std::pair<FaultKind, Ppm> fault_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  std::size_t kind = 0;
  while (kind < fault_kinds && fault_names[kind] != name) ++kind;
  if (name == "all") kind = 0;
  if (kind == fault_kinds || name == "none") {
    throw CLI::ValidationError("--fault", "'" + name + "' is no fault; one of all, " + fault_names_text());
  }
  double rate = -1;
  const std::string share = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (!CLI::detail::lexical_cast(share, rate) || !(rate >= 0 && rate <= 1)) {
    throw CLI::ValidationError("--fault", "'" + text + "' needs a share from 0 to 1, for instance " + name + "=0.05");
  }
  return {static_cast<FaultKind>(kind), static_cast<Ppm>(std::lround(rate * ppm_one))};
}

/// "slow=0.05": a share of polls.
void set_poll_fault(const std::string& text, CarrierTroubles& troubles) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  Ppm* const share = name == "slow"    ? &troubles.slow
                     : name == "error" ? &troubles.error
                     : name == "stale" ? &troubles.stale
                                       : nullptr;
  double rate = -1;
  const std::string told = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (share == nullptr || !CLI::detail::lexical_cast(told, rate) || !(rate >= 0 && rate <= 1)) {
    throw CLI::ValidationError("--poll-fault",
                               "'" + text + "' is none of slow, error, stale with a share from 0 to 1: slow=0.05");
  }
  *share = static_cast<Ppm>(std::lround(rate * ppm_one));
}

/// "20" requests a second, or "100/60" in 60 seconds.
void set_poll_limit(const std::string& text, CarrierTroubles& troubles) {
  const std::size_t slash = text.find('/');
  std::uint32_t requests = 0;
  std::int64_t seconds = 1;
  const bool read = CLI::detail::lexical_cast(text.substr(0, slash), requests) && requests > 0 &&
                    (slash == std::string::npos || CLI::detail::lexical_cast(text.substr(slash + 1), seconds));
  if (!read || seconds < 1 || seconds > 86'400) {
    throw CLI::ValidationError("--poll-limit", "'" + text + "' is no limit; 20 is twenty a second, 100/60 in a minute");
  }
  troubles.limit = requests;
  troubles.limit_window = std::chrono::seconds{seconds};
}

}  // namespace

void add_output_flags(CLI::App& verb, OutputFlags& flags) {
  verb.add_flag("--json", flags.json, "Print one JSON object instead of text");
  verb.add_flag("--quiet", flags.quiet, "No progress and no summary; errors and --json still print");
}

void add_simulation_flags(CLI::App& verb, SimulationFlags& flags, bool needs_scenario) {
  verb.add_option("scenario", flags.scenario, "Scenario folder, or the name of one of the library")
      ->required(needs_scenario);
  verb.add_option("--scale", flags.scale, "Volume and capacity relative to the scenario, in (0, 10]")
      ->check(positive(10));
  verb.add_option("--seed", flags.seed, "Seed of everything random (default: the scenario's)")->check(whole_number());
  verb.add_option("--replication", flags.replication, "Number of the (first) replication (default 0)")
      ->check(CLI::Range(0U, 1'000'000U));
  verb.add_option("--replications", flags.replications, "How many to run, for confidence intervals (default 1)")
      ->check(CLI::Range(1U, 10'000U));
  verb.add_option("--threads", flags.threads,
                  "Threads, of each rank (default: one per processor); the result does not depend on it")
      ->check(CLI::Range(0U, 1024U));
  verb.add_option(
          "--memory", flags.memory_gib,
          "Memory the simulation may take on a machine; it does not begin, or stops, beyond (default: all of it)")
      ->check(positive(1e6))
      ->type_name("GIB");
  verb.add_option_function<std::vector<std::string>>(
          "--without",
          [&flags](const std::vector<std::string>& kinds) {
            for (const auto& kind : kinds) {
              const auto* const found = std::find(disruption_kind_names.begin(), disruption_kind_names.end(), kind);
              if (found == disruption_kind_names.end()) {
                throw CLI::ValidationError("--without", "'" + kind + "' is no disruption kind; one of " + kinds_text());
              }
              flags.without[static_cast<std::size_t>(found - disruption_kind_names.begin())] = true;
            }
          },
          "Leave out disruptions of this kind: " + kinds_text())
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("KIND");
}

void add_replay_flags(CLI::App& verb, ReplayFlags& flags) {
  verb.add_option(
          "--against", flags.against,
          "Target, for instance http://127.0.0.1:8080 (default: embedded), gRPC: grpc://HOST:PORT, or a broker: "
          "nats://HOST/SUBJECT, amqp://HOST/VHOST/EXCHANGE?key=KEY, mqtt://HOST/TOPIC, redis://HOST/STREAM, "
          "kafka://HOST/TOPIC")
      ->type_name("URL");
  verb.add_option_function<std::string>(
          "--http",
          [&flags](const std::string& version) { flags.http = version == "2" ? HttpVersion::two : HttpVersion::one; },
          "HTTP version: 1.1 or 2 (default: 1.1; over TLS what the target prefers)")
      ->check(CLI::IsMember({"1.1", "2"}))
      ->type_name("VERSION");
  verb.add_option_function<std::string>(
          "--grpc-call",
          [&flags](const std::string& kind) {
            flags.grpc_call = kind == "stream" ? GrpcCall::stream : GrpcCall::unary;
          },
          "gRPC: a call for each message (unary, default) or many on a client stream (stream); without --against "
          "the embedded endpoint over gRPC. grpc://HOST:PORT is a Peakstorm endpoint (--grpc) or whoever "
          "serves adapters/transport/tracking.proto; grpc://HOST:PORT/PACKAGE.SERVICE/METHOD is a method of "
          "your own (--write-only) that takes what --format template:FILE writes; grpcs:// is over TLS")
      ->check(CLI::IsMember({"unary", "stream"}))
      ->type_name("KIND");
  verb.add_option("--streams", flags.streams,
                  "HTTP/2 requests, or gRPC calls, in flight (default: as many as the target allows, at most 128)")
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  verb.add_option("--ca-file", flags.ca_file,
                  "PEM file of the authorities to trust for a target with TLS, instead of the system's")
      ->type_name("FILE");
  verb.add_option("--allow-host", flags.allow_hosts, "Host off this machine that may be loaded; spell it out")
      ->allow_extra_args(false)
      ->type_name("NAME");
  auto* const speed =
      verb.add_option("--speed", flags.speed, "Simulated seconds per second; 1 is life")->check(positive(1e9));
  auto* const rate =
      verb.add_option_function<std::string>(
              "--rate",
              [&flags](const std::string& text) {
                auto profile = RateProfile::parse(text);
                if (!profile) throw CLI::ValidationError("--rate", profile.error().message);
                flags.rates = std::move(*profile);
              },
              "Requests per second instead: 500, steps (200:10s,400:10s,800) or ramps (100-2000:60s,2000)")
          ->type_name("RATES");
  auto* const seconds =
      verb.add_option("--seconds", flags.seconds, "Compress the replay to about this long")->check(positive(864'000));
  speed->excludes(rate)->excludes(seconds);
  rate->excludes(seconds);
  auto* const find_limit = verb.add_flag(
      "--find-limit", flags.find_limit,
      "Send no replay but trials at fixed rates, and find the highest one at which the gates on endpoint.* "
      "and sent.* hold; --rate is the first one tried");
  find_limit->excludes(speed)->excludes(seconds);
  verb.add_option("--trial-seconds", flags.trial_seconds, "Length of a trial of --find-limit (default 5)")
      ->check(positive(3600))
      ->needs(find_limit);
  verb.add_option("--format", flags.format, format_help())->type_name("NAME");
  verb.add_option("--secret-file", flags.secret_file,
                  "File with the webhook secret (default: environment PEAKSTORM_WEBHOOK_SECRET)")
      ->type_name("FILE");
  verb.add_option("--jwks", flags.jwks_file,
                  "Write the public key (JWKS) that the messages' signatures are checked with: shipengine; before "
                  "anything is sent")
      ->type_name("FILE");
  verb.add_option("--jwks-port", flags.jwks_port,
                  "Serve that key at http://127.0.0.1:PORT/jwks while the run lasts; 0 takes a free port and prints it")
      ->type_name("PORT");
  verb.add_option("--broker-user", flags.broker_user,
                  "Who logs in at a broker; the password comes from environment PEAKSTORM_BROKER_PASSWORD")
      ->type_name("NAME");
  verb.add_option("--broker-password-file", flags.broker_password_file, "File with the broker's password instead")
      ->type_name("FILE");
  verb.add_option("--webhook-path", flags.webhook_path, "Path for scans (default: /webhooks/FORMAT)")
      ->type_name("PATH");
  auto* const track_page =
      verb.add_option("--track-page", flags.track_page,
                      "File that says how the target shows a parcel: request, JSON pointers, words (default: as the "
                      "embedded endpoint does, GET /track/NUMBER)")
          ->type_name("FILE");
  verb.add_option("--batch", flags.batch,
                  "Scans in one message: epcis and epcis-proceed up to 500, cloudevents-batch up to 100 (default 1)")
      ->check(CLI::Range(1U, 500U))
      ->type_name("N");
  verb.add_option("--batch-wait", flags.batch_wait_ms,
                  "Milliseconds of the replay after which a message leaves though it is not full (default 100)")
      ->check(CLI::Range(0.0, 60'000.0))
      ->type_name("MS");
  verb.add_flag("--write-only", flags.write_only,
                "The target shows no parcels: no checks, no read-back (of a broker neither)")
      ->excludes(track_page);
  verb.add_option_function<std::vector<std::string>>(
          "--fault",
          [&flags](const std::vector<std::string>& texts) {
            for (const auto& text : texts) flags.faults.push_back(fault_of(text));
          },
          "Inject a fault instead of at the scenario's rate, for instance redelivery=0.05 or all=0.02: " +
              fault_names_text())
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME=RATE");
  verb.add_option("--fault-seed", flags.fault_seed, "Seed of the faults (default: the scenario's)")
      ->check(whole_number());
  add_misbehaviour_flags(verb, flags.embedded);
  verb.add_option("--serve-carriers", flags.carriers.port,
                  "Meanwhile stand in for the carriers that your platform polls, at http://127.0.0.1:PORT; 0 takes a "
                  "free port and prints it")
      ->type_name("PORT");
  add_carrier_flags(verb, flags.carriers);
  verb.add_flag("--register-promises", flags.register_promises, "PUT /parcels first (always for the embedded one)");
}

void add_carrier_flags(CLI::App& verb, CarrierFlags& flags) {
  verb.add_option_function<std::vector<std::string>>(
          "--as-carrier",
          [&flags](const std::vector<std::string>& names) {
            for (const auto& name : names) {
              const auto api = wire::pull_api_named(name);
              if (!api && name != "all") {
                throw CLI::ValidationError("--as-carrier", "'" + name + "' is none of ups, usps, easypost, fedex, all");
              }
              if (api) flags.apis.push_back(*api);
            }
          },
          "Carriers: those that are polled, of ups, usps, easypost, fedex (default: all, each at its own paths)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME");
  verb.add_option("--carrier-credentials", flags.credentials_file,
                  "Carriers: who may poll, a line each, 'ups ID:SECRET' or 'easypost KEY' (default: environment "
                  "PEAKSTORM_CARRIER_CREDENTIALS)")
      ->type_name("FILE");
  verb.add_flag("--any-credentials", flags.any_credentials, "Carriers: everybody may poll");
  verb.add_option("--token-life", flags.token_life_s, "Carriers: seconds a token is good for (default: as documented)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{31'536'000}));
  verb.add_option_function<std::string>(
          "--poll-limit", [&flags](const std::string& text) { set_poll_limit(text, flags.troubles); },
          "Carriers: requests of one credential a second, or N/SECONDS; beyond: 429 with Retry-After")
      ->type_name("N");
  verb.add_option_function<std::vector<std::string>>(
          "--poll-fault",
          [&flags](const std::vector<std::string>& texts) {
            for (const auto& text : texts) set_poll_fault(text, flags.troubles);
          },
          "Carriers: shares of polls that go wrong: slow=0.05,error=0.01,stale=0.1 (an old cache)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME=RATE");
  verb.add_option("--poll-seed", flags.troubles.seed, "Carriers: seed of those (default 1)")->check(whole_number());
  verb.add_option_function<std::int64_t>(
          "--poll-slow-ms", [&flags](std::int64_t ms) { flags.troubles.slow_by = std::chrono::milliseconds{ms}; },
          "Carriers: how late a slow answer comes (default 2000)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{3'600'000}));
  verb.add_option_function<double>(
          "--poll-stale-hours",
          [&flags](double h) { flags.troubles.stale_by = SimDuration{std::llround(h * 3'600'000)}; },
          "Carriers: how old a stale cache is, in simulated hours (default 2)")
      ->check(positive(10'000));
}

void add_misbehaviour_flags(CLI::App& verb, MisbehaviourFlags& flags) {
  verb.add_option_function<std::vector<std::string>>(
          "--bug",
          [&flags](const std::vector<std::string>& names) {
            for (const auto& name : names) {
              const auto bug = endpoint_bug(name);
              if (!bug) {
                std::string known;
                for (const EndpointBugInfo& info : endpoint_bugs()) known += " " + std::string(info.name);
                throw CLI::ValidationError("--bug", "'" + name + "' is no known bug; one of" + known);
              }
              flags.bugs.set(static_cast<std::size_t>(*bug));
            }
          },
          "Embedded endpoint with a known mistake; see peakstorm endpoint --list-bugs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME");
  EndpointFaults& f = flags.faults;
  const CLI::Range count(0U, 1'000'000'000U);
  verb.add_option("--forget-ppm", f.forget_ppm, "Embedded endpoint: messages per million acknowledged and not stored")
      ->check(CLI::Range(0U, 1'000'000U));
  verb.add_option("--refuse-every", f.refuse_every, "Embedded endpoint: every n-th message gets 503")->check(count);
  verb.add_option("--throttle-every", f.throttle_every,
                  "Embedded endpoint: every n-th message gets 429 with Retry-After: 1")
      ->check(count);
  verb.add_option("--outage-after", f.outage_after, "Embedded endpoint: after so many messages ...")->check(count);
  verb.add_option("--outage-for", f.outage_for, "... this many get 503")->check(count);
  verb.add_option("--stall-every", f.stall_every, "Embedded endpoint: after every n-th message ...")->check(count);
  verb.add_option("--capture-limit", flags.capture_events_max,
                  "Embedded endpoint: events in one EPCIS document; more get 413 (default 500)")
      ->check(CLI::Range(1U, 1'000'000U));
  verb.add_option("--capture-refuse-ppm", f.capture_refuse_ppm,
                  "Embedded endpoint: EPCIS events per million that their capture job refuses")
      ->check(CLI::Range(0U, 1'000'000U));
  verb.add_option("--capture-stuck-every", f.capture_stuck_every,
                  "Embedded endpoint: every n-th capture job never ends")
      ->check(count);
  verb.add_option("--stall-ms", f.stall_ms, "... it stands still for so long")->check(CLI::Range(0U, 600'000U));
}

void add_gate_flags(CLI::App& verb, GateFlags& flags) {
  verb.add_option("--require", flags.require, "A further gate, for instance 'promise_kept >= 0.9'")
      ->allow_extra_args(false)
      ->type_name("EXPR");
  verb.add_option("--junit", flags.junit, "Write the verdicts as JUnit XML")->type_name("FILE");
  verb.add_option("--markdown", flags.markdown, "Write the verdicts as Markdown, for instance for a job's summary")
      ->type_name("FILE");
  verb.add_option("--openmetrics", flags.openmetrics, "Write measures and verdicts as OpenMetrics text")
      ->type_name("FILE");
  verb.add_flag("--github", flags.github, "Print annotations for GitHub Actions on standard error");
}

}  // namespace peakstorm::cli
