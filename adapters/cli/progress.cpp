#include "adapters/cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
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
constexpr std::chrono::milliseconds watched_every{250};

ProgressWatcher* follower = nullptr;

/// Of standard error; a line that wrapped could not be taken back.
std::size_t terminal_columns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

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

void follow_progress(ProgressWatcher* watcher) {
  follower = watcher;
}

std::string essentials_text(const Essentials& now, std::size_t columns) {
  std::vector<std::string> parts;
  if (now.promises && now.promises->kept + now.promises->broken > 0) {
    const auto ended = static_cast<double>(now.promises->kept + now.promises->broken);
    parts.push_back(fmt::format("{} kept", percent(static_cast<double>(now.promises->kept) / ended)));
  }
  if (now.in_network) parts.push_back(fmt::format("{} under way", short_count(static_cast<double>(*now.in_network))));
  if (now.endpoint) {
    if (now.endpoint->requests > 0) parts.push_back(fmt::format("p99 {}", latency_text(now.endpoint->p99)));
    parts.push_back(fmt::format("{} failed", short_count(static_cast<double>(now.endpoint->failed))));
  }
  if (now.defects && *now.defects > 0) {
    parts.push_back(fmt::format("{} found", short_count(static_cast<double>(*now.defects))));
  }
  std::string text;
  for (const std::string& part : parts) {
    const std::string more = (text.empty() ? "" : ", ") + part;
    if (text.size() + more.size() > columns) break;
    text += more;
  }
  return text;
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
      shown_(began_),
      watched_(began_ - watched_every) {}

Progress::~Progress() {
  if (painted_) write_("\r\x1b[K");
}

void Progress::tell_watcher(Clock::time_point now, double fraction, std::uint64_t count, const Essentials& essentials,
                            bool over) {
  follower->watch({phase_, unit_, fraction, count, now - began_, over}, essentials);
  watched_ = now;
}

void Progress::update(double fraction, std::uint64_t count, const Gather& gather) {
  if (style_ == ProgressStyle::none && follower == nullptr) return;
  const auto now = now_();
  const bool shows =
      style_ != ProgressStyle::none && now - shown_ >= (style_ == ProgressStyle::bar ? seconds(1) : seconds(5));
  const bool tells = follower != nullptr && now - watched_ >= watched_every;
  if (!shows && !tells) return;
  fraction = std::clamp(fraction, 0.0, 1.0);
  const Essentials essentials = gather ? gather() : Essentials();
  if (tells) tell_watcher(now, fraction, count, essentials, false);
  if (!shows) return;
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
  std::string line = fmt::format("{:<9} {}{:3.0f} %  {} {}  {}/s  {} left", phase_, bar, std::floor(fraction * 100),
                                 short_count(static_cast<double>(count)), unit_, short_count(rate), left);
  const std::size_t columns = style_ == ProgressStyle::bar ? terminal_columns() : 1000;
  if (line.size() + 3 < columns) {
    const std::string beside = essentials_text(essentials, columns - line.size() - 3);
    if (!beside.empty()) line += "  " + beside;
  }
  show(line);
  shown_ = now;
  shown_count_ = count;
}

void Progress::finish(std::uint64_t count, const Gather& gather) {
  if (follower != nullptr) tell_watcher(now_(), 1, count, gather ? gather() : Essentials(), true);
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
