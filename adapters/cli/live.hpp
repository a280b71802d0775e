/// --live PORT: the page that follows a run, and what it is told (adapters/live_server.hpp serves it, the page itself
/// is results/live_page.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/progress.hpp"
#include "adapters/live_server.hpp"

namespace peakstorm::cli {

/// Follows all stretches of work of this process while it lives. One thread, that of the run; the page is served by
/// another one.
class Live final : public ProgressWatcher {
 public:
  /// Errors: bad_input, when the port cannot be had.
  static Result<std::unique_ptr<Live>> start(std::uint16_t port, const std::string& command_line);
  ~Live() override;
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  Live(Live&&) = delete;
  Live& operator=(Live&&) = delete;

  [[nodiscard]] std::string url() const { return server_->url(); }
  /// Of the scenario, for people.
  void title(const std::string& title) { title_ = title; }
  /// The page links to this file at the end.
  void report(const std::filesystem::path& file);
  void watch(const Stretch& stretch, const Essentials& now) override;
  /// Tells those who watch how it ended, and waits a few seconds for them to hear it; 2.5 when `stop` was requested.
  void end(ExitCode code, const std::stop_token& stop);

 private:
  Live(std::unique_ptr<LiveServer> server, const std::string& command_line);

  /// Of a stretch, as the page lists them.
  struct Phase {
    std::string name;
    std::string unit;
    std::uint64_t count = 0;
    double fraction = 0;
    double spent_s = 0;
    bool over = false;
  };
  /// A point of the page's curves.
  struct Point {
    double at_s = 0;  ///< Since the start.
    double per_s = 0;
    std::optional<double> kept;
    std::optional<std::uint64_t> in_network;
    std::optional<double> p99_ms;
    std::optional<std::uint64_t> failed;
  };
  [[nodiscard]] double elapsed_s() const;
  void add_point(const Phase& phase, double per_s);
  void publish();

  std::unique_ptr<LiveServer> server_;
  std::string command_line_;
  std::string title_;
  std::filesystem::path report_;
  std::chrono::steady_clock::time_point began_;
  std::deque<Phase> phases_;
  Essentials essentials_;
  std::vector<Point> points_;
  double step_s_ = 0.5;  ///< Between points; doubles when they get too many.
  double rate_ = 0;
  double rate_at_s_ = 0;
  std::uint64_t rate_count_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace peakstorm::cli
