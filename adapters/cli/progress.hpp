/// How far long work is: a bar that repaints on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peakstorm::cli {

enum class ProgressStyle {
  none,   ///< --quiet.
  bar,    ///< A terminal: one line, repainted at most once a second.
  lines,  ///< A file or a pipe: a line every five seconds.
};

/// `bar` when standard error is a terminal that can repaint, `lines` otherwise, `none` when quiet.
ProgressStyle progress_style(bool quiet);

/// What matters about a run beside its pace, as far as it is known by now.
struct Essentials {
  struct Promises {
    std::uint64_t kept = 0;
    std::uint64_t broken = 0;
  };
  std::optional<Promises> promises;  ///< Retailers', over parcels whose story has ended.
  std::optional<std::uint64_t> in_network;
  std::optional<std::int64_t> simulated_unix_s;  ///< The instant that the simulation has come to.
  struct Endpoint {
    std::chrono::nanoseconds p50{};  ///< Of scans and checks, from the intended instant.
    std::chrono::nanoseconds p99{};
    std::chrono::nanoseconds max{};
    double p99_lately_ms = 0;  ///< Of the last second that is over.
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::uint64_t late = 0;
    std::uint64_t dropped = 0;
    std::uint64_t in_flight = 0;
  };
  std::optional<Endpoint> endpoint;
  std::optional<std::uint64_t> defects;
  std::vector<std::pair<std::string, std::uint64_t>> findings;  ///< Kinds of defects found so far.
  std::vector<std::pair<std::string, std::string>> latest;      ///< Kind and parcel of the last ones, newest first.
};
/// Gathers them; called only when somebody is to be told, at most a few times a second.
using Gather = std::function<Essentials()>;
/// "93.41 % of promises kept, 48.2 k parcels under way": what of them fits into `columns`; empty when nothing does.
std::string essentials_text(const Essentials& now, std::size_t columns);

/// Follows all work of this process.
class ProgressWatcher {
 public:
  virtual ~ProgressWatcher() = default;
  struct Stretch {
    const std::string& phase;
    const std::string& unit;
    double fraction = 0;
    std::uint64_t count = 0;
    std::chrono::duration<double> spent{};
    bool over = false;
  };
  /// By the thread that works, several times a second.
  virtual void watch(const Stretch& stretch, const Essentials& now) = 0;
};
/// From now on `watcher` follows the stretches of work of this process; null: nobody does.
void follow_progress(ProgressWatcher* watcher);

/// One stretch of work, for instance "simulate". Called from one thread. Writes through `write` (standard
/// error unless a test listens); reads the time through `now`.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(std::string_view)>;
  using Now = std::function<Clock::time_point()>;

  Progress(std::string phase, std::string unit, ProgressStyle style);
  Progress(std::string phase, std::string unit, ProgressStyle style, Write write, Now now);
  /// Removes the bar if `finish` was not called.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `fraction` of the work is done, in [0, 1]; `count` of `unit`s so far. The rate is over the last
  /// moments, the time left from the mean pace so far. What `gather` tells stands behind it, as far as a line has room.
  /// Cheap when nothing is to be shown yet.
  void update(double fraction, std::uint64_t count, const Gather& gather = {});
  /// Ends the stretch with one line: what was done, in what time, at what mean rate. Who follows is told what `gather`
  /// tells; without it, what was told last stands.
  void finish(std::uint64_t count, const Gather& gather = {});

 private:
  void show(std::string_view line);
  void tell_watcher(Clock::time_point now, double fraction, std::uint64_t count, const Essentials& essentials,
                    bool over);

  std::string phase_;
  std::string unit_;
  ProgressStyle style_;
  Write write_;
  Now now_;
  Clock::time_point began_;
  Clock::time_point shown_;
  Clock::time_point watched_;
  std::uint64_t shown_count_ = 0;
  bool painted_ = false;
};

}  // namespace peakstorm::cli
