/// How far long work is: a bar that repaints on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace peakstorm::cli {

enum class ProgressStyle {
  none,   ///< --quiet.
  bar,    ///< A terminal: one line, repainted at most once a second.
  lines,  ///< A file or a pipe: a line every five seconds.
};

/// `bar` when standard error is a terminal that can repaint, `lines` otherwise, `none` when quiet.
ProgressStyle progress_style(bool quiet);

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
  /// moments, the time left from the mean pace so far. Cheap when nothing is to be shown yet.
  void update(double fraction, std::uint64_t count);
  /// Ends the stretch with one line: what was done, in what time, at what mean rate.
  void finish(std::uint64_t count);

 private:
  void show(std::string_view line);

  std::string phase_;
  std::string unit_;
  ProgressStyle style_;
  Write write_;
  Now now_;
  Clock::time_point began_;
  Clock::time_point shown_;
  std::uint64_t shown_count_ = 0;
  bool painted_ = false;
};

}  // namespace peakstorm::cli
