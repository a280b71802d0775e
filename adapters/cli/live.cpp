#include "adapters/cli/live.hpp"

#include <boost/json.hpp>
#include <utility>

#include "results/live_page.hpp"

namespace peakstorm::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t points_max = 400;
constexpr std::size_t phases_max = 60;  // A search or a comparison has many; the first ones are no news.
constexpr std::chrono::seconds farewell_patience{6};
/// A page that is looked at asks once a second.
constexpr std::chrono::milliseconds stopped_patience{2500};

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

double ms(std::chrono::nanoseconds length) {
  return static_cast<double>(length.count()) / 1e6;
}

json::value kept_of(const std::optional<Essentials::Promises>& promises) {
  if (!promises) return nullptr;
  return {{"kept", promises->kept}, {"broken", promises->broken}};
}

json::value endpoint_of(const std::optional<Essentials::Endpoint>& endpoint) {
  if (!endpoint) return nullptr;
  const bool timed = endpoint->requests > 0;
  const auto latency = [&](std::chrono::nanoseconds value) { return timed ? json::value(ms(value)) : nullptr; };
  return {{"requests", endpoint->requests},   {"p50_ms", latency(endpoint->p50)}, {"p99_ms", latency(endpoint->p99)},
          {"max_ms", latency(endpoint->max)}, {"failed", endpoint->failed},       {"late", endpoint->late},
          {"dropped", endpoint->dropped},     {"in_flight", endpoint->in_flight}};
}

/// Keeps what an earlier stretch told when this one does not say it: promises stay on the page during the replay.
void take_over(Essentials& known, const Essentials& now) {
  if (now.promises) known.promises = now.promises;
  if (now.in_network) known.in_network = now.in_network;
  if (now.simulated_unix_s) known.simulated_unix_s = now.simulated_unix_s;
  if (now.endpoint) known.endpoint = now.endpoint;
  if (now.defects) {
    known.defects = now.defects;
    known.findings = now.findings;
    known.latest = now.latest;
  }
}

}  // namespace

Result<std::unique_ptr<Live>> Live::start(std::uint16_t port, const std::string& command_line) {
  auto server = LiveServer::start(std::string(live_page()), port);
  if (!server) return tl::unexpected(server.error());
  return std::unique_ptr<Live>(new Live(std::move(*server), command_line));
}

Live::Live(std::unique_ptr<LiveServer> server, const std::string& command_line)
    : server_(std::move(server)), command_line_(command_line), began_(std::chrono::steady_clock::now()) {
  publish();
  follow_progress(this);
}

Live::~Live() {
  follow_progress(nullptr);
}

double Live::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void Live::report(const std::filesystem::path& file) {
  report_ = std::filesystem::absolute(file);
}

void Live::watch(const Stretch& stretch, const Essentials& now) {
  const bool is_new = phases_.empty() || phases_.back().over || phases_.back().name != stretch.phase ||
                      stretch.count < phases_.back().count;
  if (is_new) {
    phases_.push_back({stretch.phase, stretch.unit});
    if (phases_.size() > phases_max) phases_.pop_front();
    rate_count_ = 0;
    rate_at_s_ = elapsed_s() - stretch.spent.count();
    rate_ = 0;
  }
  Phase& phase = phases_.back();
  phase.count = stretch.count;
  phase.fraction = stretch.fraction;
  phase.spent_s = stretch.spent.count();
  phase.over = stretch.over;
  take_over(essentials_, now);
  const double at = elapsed_s();
  if (at - rate_at_s_ >= step_s_ || stretch.over) {
    if (at > rate_at_s_) rate_ = static_cast<double>(stretch.count - rate_count_) / (at - rate_at_s_);
    rate_at_s_ = at;
    rate_count_ = stretch.count;
    add_point(phase, rate_);
  }
  publish();
}

void Live::add_point(const Phase& phase, double per_s) {
  Point point;
  point.at_s = elapsed_s();
  point.per_s = per_s;
  if (essentials_.promises && essentials_.promises->kept + essentials_.promises->broken > 0) {
    const auto& promises = *essentials_.promises;
    point.kept = static_cast<double>(promises.kept) / static_cast<double>(promises.kept + promises.broken);
  }
  if (phase.unit == "scans") point.in_network = essentials_.in_network;
  if (essentials_.endpoint) {
    if (essentials_.endpoint->requests > 0) point.p99_ms = essentials_.endpoint->p99_lately_ms;
    point.failed = essentials_.endpoint->failed;
  }
  points_.push_back(point);
  if (points_.size() < points_max) return;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < points_.size(); i += 2) points_[kept++] = points_[i];
  points_.resize(kept);
  step_s_ *= 2;
}

void Live::publish() {
  json::array phases;
  for (const Phase& phase : phases_) {
    phases.push_back({{"name", phase.name},
                      {"unit", phase.unit},
                      {"count", phase.count},
                      {"fraction", phase.fraction},
                      {"spent_s", phase.spent_s},
                      {"over", phase.over}});
  }
  json::array curve;
  for (const Point& p : points_) {
    curve.push_back(
        json::array{p.at_s, p.per_s, or_null(p.kept), or_null(p.in_network), or_null(p.p99_ms), or_null(p.failed)});
  }
  json::array findings;
  for (const auto& [kind, count] : essentials_.findings) findings.push_back({{"kind", kind}, {"count", count}});
  json::array latest;
  for (const auto& [kind, parcel] : essentials_.latest) latest.push_back({{"kind", kind}, {"parcel", parcel}});
  server_->state(json::serialize(json::object{{"command", command_line_},
                                              {"title", title_},
                                              {"elapsed_s", elapsed_s()},
                                              {"per_s", rate_},
                                              {"phases", std::move(phases)},
                                              {"simulated_unix_s", or_null(essentials_.simulated_unix_s)},
                                              {"promises", kept_of(essentials_.promises)},
                                              {"in_network", or_null(essentials_.in_network)},
                                              {"endpoint", endpoint_of(essentials_.endpoint)},
                                              {"defects", or_null(essentials_.defects)},
                                              {"findings", std::move(findings)},
                                              {"latest", std::move(latest)},
                                              {"curve", std::move(curve)},
                                              {"exit_code", or_null(exit_code_)},
                                              {"report", report_.string()}}));
}

void Live::end(ExitCode code, const std::stop_token& stop) {
  follow_progress(nullptr);
  exit_code_ = static_cast<int>(code);
  std::error_code missing;
  if (!report_.empty() && !std::filesystem::is_regular_file(report_, missing)) report_.clear();
  server_->report(report_);
  publish();
  // Whoever stopped the run may be watching it: that request must not cut the page's last word off. The next one ends
  // the process at once anyway (stop.hpp).
  const bool stopped = stop.stop_requested();
  server_->farewell(stopped ? stopped_patience : farewell_patience, stopped ? std::stop_token() : stop);
}

}  // namespace peakstorm::cli
