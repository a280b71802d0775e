#include "adapters/cli/stop.hpp"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace peakstorm::cli {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

StopSignals::~StopSignals() {
  closing_ = true;
  pthread_kill(watcher_.native_handle(), SIGTERM);  // Wakes sigwait; `closing_` says it is not a request.
  watcher_.join();
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void StopSignals::watch() {
  using Clock = std::chrono::steady_clock;
  const sigset_t set = stop_signals();
  Clock::time_point first;
  for (;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || closing_) return;
    if (source_.request_stop()) {
      first = Clock::now();
    } else if (Clock::now() - first > std::chrono::seconds(1)) {
      // Only an impatient second request ends the process at once. A supervisor that signals both the process and its
      // group (timeout(1) does) sends two within a moment and means one.
      _exit(128 + signal);
    }
  }
}

}  // namespace peakstorm::cli
