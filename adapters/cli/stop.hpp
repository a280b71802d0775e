/// Ctrl-C, SIGTERM and SIGUSR1 as a stop request that long work looks at between steps. SIGUSR1 is what mpirun passes
/// on to its ranks as it is: at SIGTERM and Ctrl-C it gives them a second and then kills them.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace peakstorm::cli {

/// Owns SIGINT, SIGTERM and SIGUSR1 while it lives. Construct it before any other thread: threads inherit the
/// blocked signals, so that only the watching thread receives them. The first signal requests the stop;
/// a second one, a second or more later, ends the process at once, for whoever does not want to wait.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool requested() const { return source_.stop_requested(); }

 private:
  void watch();

  std::stop_source source_;
  std::atomic<bool> closing_{false};
  std::thread watcher_;
};

}  // namespace peakstorm::cli
