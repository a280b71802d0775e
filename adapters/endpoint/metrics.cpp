#include "adapters/endpoint/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace peakstorm::endpoint {

void Histogram::add(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto* const bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
  ++count_;
  sum_ += seconds;
}

void Histogram::append(const char* name, const std::string& labels, std::string& out) const {
  const std::string comma = labels.empty() ? "" : labels + ",";
  const std::string braces = labels.empty() ? "" : "{" + labels + "}";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += counts_[i];
    fmt::format_to(std::back_inserter(out), "{}_bucket{{{}le=\"{:#}\"}} {}\n", name, comma, bounds[i], below);
  }
  fmt::format_to(std::back_inserter(out), "{0}_bucket{{{1}le=\"+Inf\"}} {2}\n{0}_sum{3} {4:.9f}\n{0}_count{3} {2}\n",
                 name, comma, count_, braces, sum_);
}

void Metrics::answered(Route route, unsigned status, std::chrono::nanoseconds took) {
  requests.add();
  if (status >= 400 && status < 500 && !(route == Route::track && status == 404)) refused.add();
  if (status == 503) overloaded.add();
  if (route == Route::track && (status == 200 || status == 404)) pages.add();
  ++replies[{route, status}];
  request_time[static_cast<std::size_t>(route)].add(took);
}

EndpointStats Metrics::stats() const {
  EndpointStats s;
  s.requests = requests.get();
  s.refused = refused.get();
  s.overloaded = overloaded.get();
  s.messages = messages.get();
  s.duplicate_messages = duplicate_messages.get();
  s.scans_stored = scans_stored.get();
  s.scans_repeated = scans_repeated.get();
  s.scans_unmapped = scans_unmapped.get();
  s.promises = promises.get();
  s.pages = pages.get();
  s.commits = commits.get();
  s.connections = connections.get();
  return s;
}

std::string Metrics::text() const {
  std::string out;
  const auto counter = [&out](const char* name, const char* help, const Counter& value) {
    fmt::format_to(std::back_inserter(out), "# TYPE {0} counter\n# HELP {0} {1}\n{0}_total {2}\n", name, help,
                   value.get());
  };
  out += "# TYPE peakstorm_endpoint_requests counter\n# HELP peakstorm_endpoint_requests Requests answered.\n";
  for (const auto& [key, count] : replies) {
    fmt::format_to(std::back_inserter(out), "peakstorm_endpoint_requests_total{{path=\"{}\",code=\"{}\"}} {}\n",
                   route_names[static_cast<std::size_t>(key.first)], key.second, count);
  }
  out +=
      "# TYPE peakstorm_endpoint_request_seconds histogram\n# UNIT peakstorm_endpoint_request_seconds seconds\n"
      "# HELP peakstorm_endpoint_request_seconds From a request's last byte to the reply's hand-over.\n";
  for (std::size_t i = 0; i < route_count; ++i) {
    request_time[i].append("peakstorm_endpoint_request_seconds", fmt::format("path=\"{}\"", route_names[i]), out);
  }
  out +=
      "# TYPE peakstorm_endpoint_commit_seconds histogram\n# UNIT peakstorm_endpoint_commit_seconds seconds\n"
      "# HELP peakstorm_endpoint_commit_seconds Commits of the database.\n";
  commit_time.append("peakstorm_endpoint_commit_seconds", "", out);
  counter("peakstorm_endpoint_messages", "Webhook messages acknowledged.", messages);
  counter("peakstorm_endpoint_messages_duplicate", "Of which known by their event id.", duplicate_messages);
  counter("peakstorm_endpoint_scans_stored", "New milestones.", scans_stored);
  counter("peakstorm_endpoint_scans_repeated", "Milestones already known.", scans_repeated);
  counter("peakstorm_endpoint_scans_unmapped", "History entries outside the vocabulary.", scans_unmapped);
  counter("peakstorm_endpoint_promises", "Records of /parcels.", promises);
  counter("peakstorm_endpoint_commits", "Transactions committed.", commits);
  fmt::format_to(
      std::back_inserter(out),
      "# TYPE peakstorm_endpoint_connections gauge\n"
      "# HELP peakstorm_endpoint_connections Connections open now.\npeakstorm_endpoint_connections {}\n# EOF\n",
      connections.get());
  return out;
}

}  // namespace peakstorm::endpoint
