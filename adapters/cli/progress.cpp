#include "adapters/cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "adapters/cli/text.hpp"

namespace peakstorm::cli {
namespace {

using std::chrono::duration;
using std::chrono::seconds;

constexpr int bar_cells = 24;

void write_to_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

double per_second(std::uint64_t count, duration<double> span) {
  return span.count() > 0 ? static_cast<double>(count) / span.count() : 0;
}

}  // namespace

ProgressStyle progress_style(bool quiet) {
  if (quiet) return ProgressStyle::none;
  const char* terminal = std::getenv("TERM");
  const bool repaints = terminal != nullptr && std::string_view(terminal) != "dumb";
  return isatty(STDERR_FILENO) != 0 && repaints ? ProgressStyle::bar : ProgressStyle::lines;
}

Progress::Progress(std::string phase, std::string unit, ProgressStyle style)
    : Progress(std::move(phase), std::move(unit), style, write_to_stderr, [] { return Clock::now(); }) {}

Progress::Progress(std::string phase, std::string unit, ProgressStyle style, Write write, Now now)
    : phase_(std::move(phase)),
      unit_(std::move(unit)),
      style_(style),
      write_(std::move(write)),
      now_(std::move(now)),
      began_(now_()),
      shown_(began_) {}

Progress::~Progress() {
  if (painted_) write_("\r\x1b[K");
}

void Progress::update(double fraction, std::uint64_t count) {
  if (style_ == ProgressStyle::none) return;
  const auto now = now_();
  if (now - shown_ < (style_ == ProgressStyle::bar ? seconds(1) : seconds(5))) return;
  fraction = std::clamp(fraction, 0.0, 1.0);
  const double rate = per_second(count - std::min(count, shown_count_), now - shown_);
  const duration<double> spent = now - began_;
  // Before one part in two hundred is done, an estimate would only jump.
  const std::string left =
      fraction < 0.005 ? "-:--" : clock_text(seconds(std::llround(spent.count() * (1 - fraction) / fraction)));
  std::string bar;
  if (style_ == ProgressStyle::bar) {
    const auto full = static_cast<std::size_t>(fraction * bar_cells);
    bar = fmt::format("[{}{}] ", std::string(full, '#'), std::string(bar_cells - full, '.'));
  }
  show(fmt::format("{:<9} {}{:3.0f} %  {} {}  {}/s  {} left", phase_, bar, std::floor(fraction * 100),
                   short_count(static_cast<double>(count)), unit_, short_count(rate), left));
  shown_ = now;
  shown_count_ = count;
}

void Progress::finish(std::uint64_t count) {
  if (style_ == ProgressStyle::none) return;
  const duration<double> spent = now_() - began_;
  if (painted_) write_("\r\x1b[K");
  painted_ = false;
  write_(fmt::format("{:<9} {} {} in {:.1f} s, {}/s\n", phase_, full_count(count), unit_, spent.count(),
                     short_count(per_second(count, spent))));
}

void Progress::show(std::string_view line) {
  if (style_ == ProgressStyle::lines) {
    write_(fmt::format("{}\n", line));
    return;
  }
  write_(fmt::format("\r\x1b[K{}", line));
  painted_ = true;
}

}  // namespace peakstorm::cli
