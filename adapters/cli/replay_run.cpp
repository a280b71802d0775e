#include "adapters/cli/replay_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <optional>

#include "adapters/cli/hint.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/progress.hpp"
#include "adapters/cli/secret.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/track_page.hpp"
#include "adapters/wire_format.hpp"
#include "engine/message_formats.hpp"

namespace peakstorm::cli {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;

double seconds_of(nanoseconds length) {
  return duration<double>(length).count();
}

boost::json::value share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return nullptr;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

boost::json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return boost::json::value(text);
}

boost::json::value latency_json(const LatencyHistogram& latency) {
  if (latency.empty()) return nullptr;
  return {{"count", latency.count()},        {"mean", latency.mean_ms()},        {"p50", latency.quantile_ms(0.5)},
          {"p90", latency.quantile_ms(0.9)}, {"p99", latency.quantile_ms(0.99)}, {"p999", latency.quantile_ms(0.999)},
          {"max", latency.quantile_ms(1)}};
}

LatencyHistogram scans_and_checks(const std::array<LatencyHistogram, 3>& by_kind) {
  LatencyHistogram both = by_kind[static_cast<std::size_t>(RequestKind::scan)];
  both.merge(by_kind[static_cast<std::size_t>(RequestKind::check)]);
  return both;
}

/// Of scans and checks together, at the top of the latency object.
void add_percentiles(boost::json::object& object, const LatencyHistogram& latency) {
  for (const auto& [name, q] :
       {std::pair("p50", 0.5), std::pair("p99", 0.99), std::pair("p99_9", 0.999), std::pair("max", 1.0)}) {
    object[name] = latency.empty() ? boost::json::value(nullptr) : boost::json::value(latency.quantile_ms(q));
  }
}

boost::json::object latencies_json(const std::array<LatencyHistogram, 3>& by_kind) {
  const LatencyHistogram both = scans_and_checks(by_kind);
  boost::json::object object{{"all", latency_json(both)},
                             {"scan", latency_json(by_kind[static_cast<std::size_t>(RequestKind::scan)])},
                             {"check", latency_json(by_kind[static_cast<std::size_t>(RequestKind::check)])},
                             {"read_back", latency_json(by_kind[static_cast<std::size_t>(RequestKind::read_back)])}};
  add_percentiles(object, both);
  return object;
}

std::uint64_t acknowledged(const ReplayResults& results) {
  std::uint64_t sum = 0;
  for (const auto& [key, count] : results.requests) {
    if (std::get<0>(key) == RequestKind::scan && std::get<1>(key) == RequestFate::accepted) sum += count;
  }
  return sum;
}

/// What a broker has; null of others, and when it was not read back.
boost::json::value stored_json(const ReplayResults& results) {
  if (!results.stored_read) return nullptr;
  return {{"messages", results.stored}, {"again", results.stored_again}, {"foreign", results.stored_foreign}};
}

double throughput(const ReplaySummary& summary) {
  const double span = seconds_of(summary.sending);
  return span > 0 ? static_cast<double>(summary.accepted) / span : 0;
}

/// Rates that are one number, or none.
bool is_steady(const std::string& rates) {
  return rates.find_first_of(":-") == std::string::npos;
}

std::uint64_t count_of(const ReplayResults& results, FindingKind kind) {
  return results.findings[static_cast<std::size_t>(kind)];
}

/// "lost 3, wrong 1" of the kinds for which `wanted`; empty when there are none.
template <class Wanted>
std::string found_text(const ReplayResults& results, Wanted wanted) {
  std::string text;
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
    if (results.findings[kind] == 0 || !wanted(static_cast<FindingKind>(kind))) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", finding_names[kind], full_count(results.findings[kind]));
  }
  return text;
}

/// The scenario's own, with a template by its whole path.
std::string format_of(const World& world, const std::filesystem::path& folder) {
  const std::string& format = world.replay.format;
  if (!format.starts_with(template_prefix)) return format;
  return std::string(template_prefix) + (folder / format.substr(template_prefix.size())).string();
}

/// A reader finds the file whole or not at all.
Result<void> write_in_one_step(const std::string& file, const std::string& text) {
  const std::string fresh = file + ".new";
  {
    std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
    stream << text;
    if (!stream.flush()) {
      return fail(ErrorKind::bad_input, file + ": cannot be written; name a --jwks file in a folder you may use");
    }
  }
  std::error_code error;
  std::filesystem::rename(fresh, file, error);
  if (error) return fail(ErrorKind::bad_input, file + ": cannot be written: " + error.message());
  return {};
}

/// Of the last second that is over, the slower of scans and checks.
double p99_lately(const ReplayResults& results) {
  double p99 = 0;
  for (const RequestKind kind : {RequestKind::scan, RequestKind::check}) {
    const auto& seconds = results.seconds[static_cast<std::size_t>(kind)];
    const auto last = std::find_if(seconds.rbegin(), seconds.rend(), [](const auto& s) { return s.p99_ms > 0; });
    if (last != seconds.rend()) p99 = std::max(p99, last->p99_ms);
  }
  return p99;
}

Essentials essentials_of(const ReplayProgress& now, const Reconciliation* found) {
  Essentials essentials;
  Essentials::Endpoint endpoint;
  endpoint.failed = now.failed;
  endpoint.late = now.late;
  endpoint.dropped = now.dropped;
  endpoint.in_flight = now.in_flight;
  if (found != nullptr) {
    const ReplayResults& results = found->so_far();
    const LatencyHistogram latency = scans_and_checks(results.latency);
    endpoint.requests = latency.count();
    endpoint.p50 = latency.quantile(0.5);
    endpoint.p99 = latency.quantile(0.99);
    endpoint.max = latency.max();
    endpoint.p99_lately_ms = p99_lately(results);
    std::uint64_t defects = 0;
    for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
      if (results.findings[kind] == 0 || !is_defect(static_cast<FindingKind>(kind))) continue;
      essentials.findings.emplace_back(finding_names[kind], results.findings[kind]);
      defects += results.findings[kind];
    }
    essentials.defects = defects;
    for (const auto& one : found->latest()) {
      essentials.latest.emplace_back(finding_names[static_cast<std::size_t>(one.kind)],
                                     std::to_string(static_cast<std::int64_t>(one.parcel)));
    }
  }
  essentials.endpoint = endpoint;
  return essentials;
}

/// One bar per phase of the replay.
class PhasedProgress {
 public:
  /// `found`: what the replay's recorder finds; may be null.
  PhasedProgress(bool quiet, const Reconciliation* found) : style_(progress_style(quiet)), found_(found) {}

  void update(const ReplayProgress& now) {
    if (!phase_ || *phase_ != now.phase) {
      finish();
      phase_ = now.phase;
      progress_.emplace(now.phase == ReplayPhase::registering ? "register"
                        : now.phase == ReplayPhase::sending   ? "replay"
                                                              : "read back",
                        now.phase == ReplayPhase::sending ? "requests" : "parcels", style_);
    }
    last_ = now;
    progress_->update(now.total > 0 ? static_cast<double>(now.sent) / static_cast<double>(now.total) : 0, now.sent,
                      [&] { return essentials_of(now, found_); });
  }
  void finish() {
    if (progress_) progress_->finish(last_.sent, [&] { return essentials_of(last_, found_); });
    progress_.reset();
  }

 private:
  ProgressStyle style_;
  const Reconciliation* found_;
  std::optional<ReplayPhase> phase_;
  std::optional<Progress> progress_;
  ReplayProgress last_;
};

}  // namespace

Result<ReplayOptions> replay_options(const World& world, const std::filesystem::path& folder,
                                     const ReplayFlags& flags) {
  ReplayOptions options;
  options.target = flags.against;
  options.allow_hosts = flags.allow_hosts;
  options.format = flags.format ? *flags.format : format_of(world, folder);
  options.webhook_path = flags.webhook_path;
  options.http = flags.http;
  options.streams = flags.streams;
  options.call = flags.grpc_call.value_or(GrpcCall::unary);
  options.ca_file = flags.ca_file;
  options.broker_user = flags.broker_user;
  options.batch = flags.batch;
  options.batch_wait = std::chrono::milliseconds{static_cast<std::int64_t>(std::llround(flags.batch_wait_ms))};
  options.track_pages = !flags.write_only;
  options.register_promises = flags.register_promises;
  const bool given = flags.rates || flags.speed || flags.seconds;
  if (flags.rates) options.rates = *flags.rates;
  options.speed = flags.speed.value_or(given ? 0 : world.replay.speed);
  options.seconds = flags.seconds.value_or(world.replay.seconds);
  options.faults = world.replay.faults;
  for (const auto& [kind, rate] : flags.faults) {
    if (kind == FaultKind::none) {
      std::fill(options.faults.rate.begin() + 1, options.faults.rate.end(), rate);
    } else {
      options.faults.rate[static_cast<std::size_t>(kind)] = rate;
    }
  }
  options.faults.seed = flags.fault_seed.value_or(options.faults.seed);
  auto secret = webhook_secret(flags.secret_file);
  if (!secret) return tl::unexpected(secret.error());
  options.secret = *secret;
  if (const auto kinds = wire::shown_kinds(options.format); !kinds) {
    const auto known = wire::format_names();
    const std::string near = nearest(options.format, {known.begin(), known.end()});
    Error error = kinds.error();
    if (!near.empty()) error.message += "; did you mean '" + near + "'?";
    return tl::unexpected(std::move(error));
  }
  if (const auto fits = check_batch(options); !fits) return tl::unexpected(fits.error());
  if (flags.carriers.port) {
    if (flags.find_limit) {
      return fail(ErrorKind::bad_input,
                  "--serve-carriers: trials of --find-limit have no simulated time; leave out one of the two");
    }
    // Better to hear of it before a long simulation than after.
    if (const auto carriers = carriers_options(flags.carriers); !carriers) return tl::unexpected(carriers.error());
  }
  if (flags.against.empty()) {
    if (!flags.ca_file.empty()) {
      return fail(ErrorKind::bad_input,
                  "--ca-file: the embedded endpoint has no TLS; name your own with --against URL");
    }
    if (!flags.broker_user.empty() || !flags.broker_password_file.empty()) {
      return fail(ErrorKind::bad_input,
                  "--broker-user, --broker-password-file: the embedded endpoint is no broker; name one with --against "
                  "URL");
    }
    if (!flags.track_page.empty()) {
      return fail(ErrorKind::bad_input,
                  "--track-page: the embedded endpoint has a page of its own; name your platform with --against URL");
    }
    if (wire::embedded_endpoint_reads(options.format)) return options;
    return fail(ErrorKind::bad_input,
                fmt::format("format {}: the embedded endpoint does not read it; name your own with --against URL, or "
                            "use easypost, cloudevents or epcis",
                            options.format));
  }

  if (flags.embedded != MisbehaviourFlags()) {
    return fail(ErrorKind::bad_input,
                "--against " + flags.against +
                    ": bugs and troubles are the embedded endpoint's; leave out --against, or give them to "
                    "'peakstorm endpoint'");
  }
  auto password = broker_password(flags.broker_password_file);
  if (!password) return tl::unexpected(password.error());
  options.broker_password = *password;
  const auto target = check_target(options);
  if (!target) return tl::unexpected(target.error());
  if (!flags.track_page.empty()) {
    if (target->is_broker) {
      return fail(ErrorKind::bad_input,
                  "--track-page: a broker shows no pages, what it stored is read back; leave it out");
    }
    auto page = wire::read_track_page_file(flags.track_page);
    if (!page) return tl::unexpected(page.error());
    options.page = std::move(*page);
  }
  // Some formats cannot do without a secret; better to hear of it before a long simulation than after.
  if (const auto format = wire::make_format(options.format, world, {options.secret, options.webhook_path}); !format) {
    return tl::unexpected(format.error());
  }
  return options;
}

Result<std::unique_ptr<JwksServer>> publish_jwks(const World& world, const ReplayOptions& options,
                                                 const ReplayFlags& flags, bool quiet) {
  if (flags.jwks_file.empty() && !flags.jwks_port) return nullptr;
  const auto format = wire::make_format(options.format, world, {options.secret, options.webhook_path});
  if (!format) return tl::unexpected(format.error());
  if ((*format)->jwks().empty()) {
    return fail(ErrorKind::bad_input, fmt::format("{}: messages of format {} are not signed with a key pair; leave "
                                                  "it out, or use --format shipengine",
                                                  flags.jwks_port ? "--jwks-port" : "--jwks", options.format));
  }
  const std::string document = std::string((*format)->jwks()) + "\n";
  if (!flags.jwks_file.empty()) {
    if (const auto written = write_in_one_step(flags.jwks_file, document); !written) {
      return tl::unexpected(written.error());
    }
  }
  if (!flags.jwks_port) return nullptr;
  auto server = JwksServer::start(document, *flags.jwks_port);
  if (server && (!quiet || *flags.jwks_port == 0)) note("Public key at " + (*server)->url());
  return server;
}

Result<std::unique_ptr<TrackingEndpoint>> start_embedded(ReplayOptions& options, const ReplayFlags& flags) {
  if (options.secret.empty()) options.secret = random_secret();
  EndpointOptions endpoint;
  endpoint.secret = options.secret;
  endpoint.registered_only = true;
  endpoint.bugs = flags.embedded.bugs;
  endpoint.faults = flags.embedded.faults;
  if (flags.grpc_call) endpoint.grpc_port = 0;
  endpoint.allow_batches = options.format == "cloudevents-batch";
  endpoint.capture_events_max = flags.embedded.capture_events_max;
  auto started = TrackingEndpoint::start(std::move(endpoint));
  if (!started) return started;
  options.target = flags.grpc_call ? (*started)->grpc_url() : (*started)->url();
  options.register_promises = true;
  options.track_pages = true;
  options.webhook_path.clear();
  return started;
}

Result<std::unique_ptr<ServedCarriers>> carriers_beside(const World& world, ReplaySource& source,
                                                        ReplayOptions& options, const ReplayFlags& flags, bool quiet) {
  if (!flags.carriers.port) return nullptr;
  auto carriers = carriers_options(flags.carriers);
  if (!carriers) return tl::unexpected(carriers.error());
  carriers->port = *flags.carriers.port;
  auto served =
      serve_carriers(world, source, amend_truth(world, faults_of(options)), flags.carriers, std::move(*carriers));
  if (!served) return tl::unexpected(served.error());
  options.running = (*served)->instant;
  if (!quiet || *flags.carriers.port == 0) note("Carriers at " + (*served)->carriers->url());
  return served;
}

ReconcileOptions reconcile_options(const World& world, const ReplayOptions& options) {
  ReconcileOptions reconcile;
  reconcile.amend = amend_truth(world, faults_of(options));
  return reconcile;
}

ShownRules shown_rules(const World& world, const ReplayOptions& options) {
  ShownRules rules = plain_rules(world);
  const auto kinds = wire::shown_kinds(options.format);
  if (!kinds) return rules;
  rules.scan = [plain = rules.scan, shown = *kinds, page = options.page](const ParcelFacts& facts, const Scan& scan) {
    auto told = plain(facts, scan);
    const auto kind = told ? shown[static_cast<std::size_t>(told->kind)] : std::nullopt;
    if (!kind) return std::optional<ShownScan>();
    told->kind = *kind;
    return page ? wire::as_on_page(*page, std::move(*told)) : told;
  };
  if (options.page) {
    rules.status = [plain = rules.status, page = options.page](std::span<const ShownScan> history) {
      const auto status = plain(history);
      return status ? wire::status_on_page(*page, *status) : status;
    };
  }
  return rules;
}

Result<ReplaySummary> run_replay(const World& world, ReplaySource& source, const ReplayOptions& options,
                                 ReplayRecorder& recorder, const std::stop_token& stop, bool quiet,
                                 const Reconciliation* found, ReplayParty* party) {
  PhasedProgress progress(quiet, found);
  auto summary = replay(
      world, source, options, recorder, stop, [&progress](const ReplayProgress& now) { progress.update(now); }, party);
  if (summary) progress.finish();
  return summary;
}

/// Who sent it; null where that was one process.
boost::json::value senders_json(const ReplayResults& results) {
  if (results.senders.empty()) return nullptr;
  boost::json::array senders;
  const auto us = [](nanoseconds t) { return static_cast<double>(t.count()) / 1e3; };
  for (const ReplaySender& s : results.senders) {
    senders.push_back({{"rank", s.rank},
                       {"host", s.host},
                       {"scans", s.scans},
                       {"checks", s.checks},
                       {"sent", s.attempts},
                       {"late", s.late},
                       {"cpu_s", seconds_of(s.cpu)},
                       {"clock_offset_us", us(s.clock_offset)},
                       {"clock_uncertainty_us", us(s.clock_uncertainty)},
                       {"clock_drift_us", us(s.clock_drift)}});
  }
  return senders;
}

boost::json::object replay_json(const ReplaySummary& summary, const ReplayResults& results) {
  boost::json::array answers;
  for (const auto& [key, count] : results.requests) {
    const auto& [kind, fate, status] = key;
    answers.push_back({{"kind", request_kind_names[static_cast<std::size_t>(kind)]},
                       {"fate", request_fate_names[static_cast<std::size_t>(fate)]},
                       {"status", status},
                       {"count", count}});
  }
  return {{"target", results.environment.target},
          {"format", results.environment.format},
          {"speed", summary.speed},
          {"rate", results.environment.rate},
          {"rates", text_or_null(summary.rates)},
          {"complete", summary.complete},
          {"hosts", results.hosts()},
          {"senders", senders_json(results)},
          {"scans", summary.scans},
          {"checks", summary.checks},
          {"attempts", summary.attempts},
          {"requests", summary.requests},
          {"split", summary.split},
          {"accepted", summary.accepted},
          {"refused", summary.refused},
          {"timed_out", summary.timed_out},
          {"broken", summary.broken},
          {"dropped", summary.dropped},
          {"late", summary.late},
          {"given_up", summary.given_up},
          {"registered", summary.registered},
          {"read", summary.read},
          {"unread", summary.unread},
          {"unreadable", text_or_null(summary.unreadable)},
          {"stored", stored_json(results)},
          {"sending_s", seconds_of(summary.sending)},
          {"wall_s", seconds_of(summary.wall)},
          {"cpu_s", seconds_of(summary.cpu)},
          {"throughput_per_s", throughput(summary)},
          {"sent", summary.attempts},
          {"acknowledged", acknowledged(results)},
          {"asked", summary.asked},
          {"injected", summary.injected},
          {"latency_ms", latencies_json(results.latency)},
          {"service_ms", latencies_json(results.service)},
          {"answers", std::move(answers)},
          {"checks_answered", results.checks},
          {"checks_stale", results.stale},
          {"promise_true", share(results.true_kept, results.true_kept + results.true_broken)},
          {"promise_shown", share(results.shown_kept, results.shown_kept + results.shown_broken)}};
}

boost::json::object on_time_shown_json(const ReplayResults& results) {
  return {{"promise", share(results.shown_kept, results.shown_kept + results.shown_broken)},
          {"promise_true", share(results.true_kept, results.true_kept + results.true_broken)}};
}

boost::json::object findings_json(const ReplayResults& results) {
  boost::json::object object;
  object["total"] = results.defects();
  for (std::size_t oracle = 0; oracle < oracles; ++oracle) {
    object[oracle_names[oracle]] = results.oracle[oracle].findings;
  }
  boost::json::array diagnosis;
  for (const Diagnosis& d : results.diagnosis) diagnosis.push_back({{"bug", d.bug}, {"why", d.why}});
  object["diagnosis"] = std::move(diagnosis);
  boost::json::object injected;
  for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
    if (results.injected_count[kind] > 0) injected[fault_names[kind]] = results.injected_count[kind];
  }
  object["injected"] = std::move(injected);
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) object[finding_names[kind]] = results.findings[kind];
  return object;
}

std::string replay_text(const ReplaySummary& summary, const ReplayResults& results) {
  const auto& environment = results.environment;
  const std::string pace = summary.speed > 0 ? fmt::format("{} x life", short_count(summary.speed))
                                             : fmt::format("{}/s", short_count(environment.rate)) +
                                                   (is_steady(summary.rates) ? "" : ", rates " + summary.rates);
  std::string text = fmt::format("Replay against {} ({}, {}){}\n", environment.target, environment.format, pace,
                                 summary.complete ? "" : "  (cut short: all numbers are partial)");
  text += fmt::format("  {} and {} in {:.1f} s, {}/s; late {}, dropped {}, failed {}\n", plural(summary.scans, "scan"),
                      plural(summary.checks, "check"), seconds_of(summary.sending), short_count(throughput(summary)),
                      full_count(summary.late), full_count(summary.dropped),
                      full_count(summary.refused + summary.timed_out + summary.broken));
  if (!results.senders.empty()) {
    nanoseconds apart{};
    for (const ReplaySender& s : results.senders) apart = std::max(apart, s.clock_uncertainty + abs(s.clock_drift));
    text += fmt::format("  sent by {} on {}, whose clocks agree within {}\n", plural(results.senders.size(), "rank"),
                        plural(results.hosts(), "host"), latency_text(apart));
  }
  const LatencyHistogram latency = scans_and_checks(results.latency);
  if (!latency.empty()) {
    text += fmt::format("  latency p50 {}, p99 {}, p99.9 {}, max {}\n", latency_text(latency.quantile(0.5)),
                        latency_text(latency.quantile(0.99)), latency_text(latency.quantile(0.999)),
                        latency_text(latency.max()));
  }
  const std::uint64_t counted = results.true_kept + results.true_broken;
  if (results.read > 0) {
    text += fmt::format("  read back {}: promise as shown {}, in truth {}\n", plural(results.read, "parcel"),
                        share_text(results.shown_kept, results.shown_kept + results.shown_broken),
                        share_text(results.true_kept, counted));
  }
  if (results.stored_read) {
    text += fmt::format(
        "  read back {}{}{}\n", plural(results.stored, "message"),
        results.stored_again > 0 ? fmt::format(", {} of them again after a lost acknowledgement or on purpose",
                                               full_count(results.stored_again))
                                 : "",
        results.stored_foreign > 0 ? fmt::format("; besides {} of others", full_count(results.stored_foreign)) : "");
  }
  const std::string defects = found_text(results, is_defect);
  const std::string others = found_text(results, [](FindingKind kind) { return !is_defect(kind); });
  text += fmt::format("  findings: {}{}\n", defects.empty() ? "none" : defects,
                      others.empty() ? "" : "; besides: " + others);
  if (!results.injected.empty()) {
    std::string faults;
    for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
      if (results.injected_count[kind] == 0) continue;
      faults += fmt::format("{}{} {}", faults.empty() ? "" : ", ", fault_names[kind],
                            full_count(results.injected_count[kind]));
    }
    text += fmt::format("  injected: {}\n", faults);
  }
  std::string oracle_counts;
  for (std::size_t oracle = 0; oracle < oracles; ++oracle) {
    if (results.oracle[oracle].findings == 0) continue;
    oracle_counts += fmt::format("{}{} {}", oracle_counts.empty() ? "" : ", ", oracle_names[oracle],
                                 full_count(results.oracle[oracle].findings));
  }
  if (!oracle_counts.empty()) text += fmt::format("  oracles: {}\n", oracle_counts);
  for (const Diagnosis& d : results.diagnosis) text += fmt::format("  looks like {}: {}\n", d.bug, d.why);
  if (count_of(results, FindingKind::parcel_not_read) > 0) {
    text += results.environment.broker ? "  nothing was read back: what is stored is not known\n"
                                       : "  not every page could be read: what those show is not known\n";
  }
  if (!summary.unreadable.empty()) text += fmt::format("  the first page that made no sense: {}\n", summary.unreadable);
  return text;
}

}  // namespace peakstorm::cli
