// peakstorm endpoint: serves the embedded tracking endpoint alone, until Ctrl-C.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "adapters/cli/carriers_run.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/secret.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/endpoint.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  EndpointOptions endpoint;
  std::string secret_file;
  MisbehaviourFlags misbehaviour;
  bool list_bugs = false;
  std::string run;  ///< Folder; not empty: the carriers of that run are served instead.
  double speed = 60;
  CarrierFlags carriers;
  OutputFlags output;
};

ExitCode list_bugs(const OutputFlags& output) {
  if (output.json) {
    boost::json::array bugs;
    for (const EndpointBugInfo& bug : endpoint_bugs()) {
      bugs.push_back({{"bug", bug.name}, {"does", bug.does}, {"seen", bug.seen}});
    }
    print_json({{"bugs", std::move(bugs)}});
    return ExitCode::passed;
  }
  std::string text;
  for (const EndpointBugInfo& bug : endpoint_bugs()) {
    text += fmt::format("{}\n  {}\n  Seen: {}.\n", bug.name, bug.does, bug.seen);
  }
  print_text(text);
  return ExitCode::passed;
}

void wait_for(const StopSignals& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop.token(), [] { return false; });
}

boost::json::object json_of(const EndpointStats& stats) {
  return {{"requests", stats.requests},
          {"refused", stats.refused},
          {"overloaded", stats.overloaded},
          {"messages", stats.messages},
          {"duplicate_messages", stats.duplicate_messages},
          {"scans_stored", stats.scans_stored},
          {"scans_repeated", stats.scans_repeated},
          {"scans_unmapped", stats.scans_unmapped},
          {"promises", stats.promises},
          {"pages", stats.pages},
          {"commits", stats.commits}};
}

/// Plays the carriers of a finished run, from its first scan on.
ExitCode serve_run(const Flags& flags, const StopSignals& stop) {
  auto options = carriers_options(flags.carriers);
  if (!options) return report(options.error());
  const auto run = RunReader::open(flags.run);
  if (!run) return report(run.error());
  const auto scenario = open_inputs(**run);
  if (!scenario) return scenario.error();
  const auto source = (*run)->replay_source();
  if (!source) return report(source.error());
  options->address = flags.endpoint.address;
  options->allow_any_address = flags.endpoint.allow_any_address;
  options->port = flags.endpoint.port;
  const auto apis = options->apis;
  const auto served = serve_carriers(scenario->world, **source, {}, flags.carriers, std::move(*options));
  if (!served) return report(served.error());
  Carriers& carriers = *(*served)->carriers;
  if (flags.output.json) {
    print_json({{"url", carriers.url()}, {"port", carriers.port()}});
  } else if (!flags.output.quiet) {
    std::string text = fmt::format("Carriers at {}, {} x life\n", carriers.url(), short_count(flags.speed));
    for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
      if (!apis[api]) continue;
      text += fmt::format("  {:<9} {}\n", wire::pull_api_names[api],
                          plural(carriers.parcels(static_cast<wire::PullApi>(api)), "parcel"));
    }
    print_text(text + "Ctrl-C ends it.\n");
  }
  (*served)->instant->start(flags.speed);
  wait_for(stop);
  carriers.stop();
  if (flags.output.json) {
    print_json({{"polls", polls_json((*served)->ledger)}});
  } else if (!flags.output.quiet) {
    print_text(polls_text((*served)->ledger));
  }
  return ExitCode::passed;
}

ExitCode serve(Flags& flags, const StopSignals& stop) {
  if (flags.list_bugs) return list_bugs(flags.output);
  if (!flags.run.empty()) return serve_run(flags, stop);
  if (!flags.carriers.apis.empty() || flags.carriers.any_credentials || !flags.carriers.credentials_file.empty()) {
    return report(
        {ErrorKind::bad_input,
         "endpoint: carriers tell of a run's parcels; name its folder: peakstorm endpoint RUN --as-carrier ups"});
  }
  auto secret = webhook_secret(flags.secret_file);
  if (!secret) return report(secret.error());
  if (secret->empty() && !flags.endpoint.allow_unsigned) {
    return report({ErrorKind::bad_input,
                   fmt::format("endpoint: no secret to check signatures with; set {}, or name a --secret-file, or take "
                               "messages from anybody with --allow-unsigned",
                               secret_variable)});
  }
  flags.endpoint.secret = *secret;
  flags.endpoint.bugs = flags.misbehaviour.bugs;
  flags.endpoint.faults = flags.misbehaviour.faults;
  flags.endpoint.capture_events_max = flags.misbehaviour.capture_events_max;
  auto endpoint = TrackingEndpoint::start(flags.endpoint);
  if (!endpoint) return report(endpoint.error());
  const std::string url = (*endpoint)->url();
  if (flags.output.json) {
    boost::json::object object{{"url", url}, {"port", (*endpoint)->port()}};
    if (flags.endpoint.grpc_port) {
      object["grpc_url"] = (*endpoint)->grpc_url();
      object["grpc_port"] = (*endpoint)->grpc_port();
    }
    print_json(object);
  } else if (!flags.output.quiet) {
    print_text(
        fmt::format("Listening on {0}\n"
                    "  webhooks  POST {0}/webhooks/easypost, {0}/webhooks/cloudevents\n"
                    "  EPCIS     POST {0}/capture\n"
                    "  promises  PUT {0}/parcels\n"
                    "  tracking  GET {0}/track/NUMBER\n"
                    "  metrics   GET {0}/metrics\n"
                    "{1}"
                    "Ctrl-C ends it.\n",
                    url, flags.endpoint.grpc_port ? "  gRPC      " + (*endpoint)->grpc_url() + "\n" : ""));
  }
  wait_for(stop);
  (*endpoint)->stop();
  const EndpointStats stats = (*endpoint)->stats();
  if (flags.output.json) {
    print_json(json_of(stats));
  } else if (!flags.output.quiet) {
    print_text(fmt::format("{}, {} stored, {} repeated; {} shown; {} refused, {} overloaded\n",
                           plural(stats.messages, "message"), plural(stats.scans_stored, "scan"),
                           full_count(stats.scans_repeated), plural(stats.pages, "page"), full_count(stats.refused),
                           full_count(stats.overloaded)));
  }
  return ExitCode::passed;
}

}  // namespace

void add_endpoint(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  flags->endpoint.port = 8080;
  auto* const verb =
      program.add_subcommand("endpoint", "Serve the embedded tracking endpoint, or a run's carriers, until Ctrl-C");
  verb->add_option("--port", flags->endpoint.port, "Port; 0 takes a free one and prints it (default 8080)");
  verb->add_option("--grpc", flags->endpoint.grpc_port,
                   "Serve gRPC as well, on this port (adapters/transport/tracking.proto); 0 takes a free one")
      ->type_name("PORT");
  verb->add_option("--address", flags->endpoint.address, "Numeric address to listen on (default 127.0.0.1)");
  verb->add_flag("--allow-any-address", flags->endpoint.allow_any_address, "Listen beyond this machine");
  verb->add_option("--database", flags->endpoint.database, "SQLite file (default: in memory, gone at the end)")
      ->type_name("FILE");
  verb->add_flag("--survive-power-loss", flags->endpoint.survive_power_loss, "Wait for the disk at every commit");
  verb->add_option("--promises", flags->endpoint.promises_file, "JSON of promises as for PUT /parcels")
      ->type_name("FILE");
  verb->add_option("--secret-file", flags->secret_file,
                   "File with the webhook secret (default: environment PEAKSTORM_WEBHOOK_SECRET)")
      ->type_name("FILE");
  verb->add_flag("--allow-unsigned", flags->endpoint.allow_unsigned, "Without a secret: take messages from anybody");
  verb->add_flag("--allow-batches", flags->endpoint.allow_batches, "Take CloudEvents batches");
  verb->add_flag("--registered-only", flags->endpoint.registered_only,
                 "Refuse messages about numbers that PUT /parcels never told");
  verb->add_option("run", flags->run,
                   "Folder of a finished run: stand in for its carriers instead, which a platform polls");
  verb->add_option("--speed", flags->speed,
                   "Carriers: simulated seconds per second from the run's first scan (default 60)")
      ->check(CLI::Range(1e-6, 1e9));
  add_carrier_flags(*verb, flags->carriers);
  verb->add_flag("--list-bugs", flags->list_bugs, "Tell of every known mistake: what it does, and where it was seen");
  add_misbehaviour_flags(*verb, flags->misbehaviour);
  add_output_flags(*verb, flags->output);
  verb->callback(
      [flags, &action] { action = [flags](const Context& context) { return serve(*flags, context.stop); }; });
}

}  // namespace peakstorm::cli
