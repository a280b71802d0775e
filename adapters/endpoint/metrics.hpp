/// Counts of the endpoint, for EndpointStats (any thread) and GET /metrics (the serving thread).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "adapters/endpoint.hpp"

namespace peakstorm::endpoint {

/// What a request was for; the label `path` of the metrics.
enum class Route : std::uint8_t { easypost, cloudevents, capture, parcels, track, healthz, metrics, other };
inline constexpr std::size_t route_count = 8;
inline constexpr std::array<const char*, route_count> route_names{
    "/webhooks/easypost", "/webhooks/cloudevents", "/capture", "/parcels", "/track", "/healthz", "/metrics", "other"};

/// Written by one thread, read by any; relaxed, because each count stands for itself.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// Cumulative histogram of durations. One thread.
class Histogram {
 public:
  void add(std::chrono::nanoseconds duration);
  /// Appends the samples of one label set; `labels` is empty or `name="value"`.
  void append(const char* name, const std::string& labels, std::string& out) const;

 private:
  static constexpr std::array<double, 16> bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                 0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  std::array<std::uint64_t, bounds.size() + 1> counts_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

struct Metrics {
  // Any thread.
  Counter requests, refused, overloaded, messages, duplicate_messages, scans_stored, scans_repeated, scans_unmapped,
      promises, pages, commits, connections;
  // The serving thread.
  std::map<std::pair<Route, unsigned>, std::uint64_t> replies;
  std::array<Histogram, route_count> request_time;
  Histogram commit_time;

  /// One request answered, `took` from its last byte to the reply's hand-over to the system.
  void answered(Route route, unsigned status, std::chrono::nanoseconds took);
  [[nodiscard]] EndpointStats stats() const;
  /// OpenMetrics 1.0 text.
  [[nodiscard]] std::string text() const;
};

}  // namespace peakstorm::endpoint
