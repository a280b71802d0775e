#include "adapters/cli/pairs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>

#include "adapters/cli/output.hpp"
#include "adapters/cli/text.hpp"

namespace peakstorm::cli {
namespace {

namespace dom = simdjson::dom;
using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  void reset(int number) {
    close();
    number_ = number;
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

Result<void> make_pipe(Descriptor& read, Descriptor& write) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::io, fmt::format("no pipe: {}", std::strerror(errno)));
  }
  read.reset(ends[0]);
  write.reset(ends[1]);
  return {};
}

/// Appends what there is; closes at the end.
void drain(Descriptor& from, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
  if (got > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  } else if (got == 0 || errno != EINTR) {
    from.close();
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  const std::size_t from = text.rfind('\n');
  return std::string(from == std::string_view::npos ? text : text.substr(from + 1));
}

/// Of an element, or of a result that may hold one.
template <class Element>
std::optional<double> number_in(const Element& element) {
  double value = 0;
  if (element.get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

/// "NAME.counter" of Google Benchmark's list, or "counter" of the first in it; of repeated ones the median.
std::optional<double> benchmark_figure(const dom::element& root, std::string_view name) {
  dom::array benchmarks;
  if (root["benchmarks"].get(benchmarks) != simdjson::SUCCESS || benchmarks.size() == 0) return std::nullopt;
  const std::size_t dot = name.rfind('.');
  std::string_view wanted = name.substr(0, dot);
  if (dot == std::string_view::npos && benchmarks.at(0)["run_name"].get(wanted) != simdjson::SUCCESS)
    return std::nullopt;
  std::optional<double> found;
  for (const auto benchmark : benchmarks) {
    std::string_view run_name;
    if (benchmark["run_name"].get(run_name) != simdjson::SUCCESS || run_name != wanted) continue;
    std::string_view aggregate;
    const bool is_median = benchmark["aggregate_name"].get(aggregate) == simdjson::SUCCESS && aggregate == "median";
    const auto value = number_in(benchmark[name.substr(dot == std::string_view::npos ? 0 : dot + 1)]);
    if (value && (!found || is_median)) found = value;
  }
  return found;
}

std::optional<double> figure_in(const dom::element& root, const std::string& name) {
  if (const auto value = number_in(root[name])) return value;
  if (const auto value = number_in(root["measures"][name])) return value;
  if (const auto value = benchmark_figure(root, name)) return value;
  dom::element at = root;
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t to = std::min(name.find('.', from), name.size());
    if (at[name.substr(from, to - from)].get(at) != simdjson::SUCCESS) return std::nullopt;
    from = to + 1;
  }
  return number_in(at);
}

/// Names of the numbers there are, for the message.
std::string numbers_in(const dom::element& root) {
  std::vector<std::string> names{"wall_s", "cpu_s", "peak_rss_mib"};
  const auto collect = [&](const dom::element& element, const std::string& prefix) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return;
    for (const auto field : object) {
      if (number_in(field.value)) names.push_back(prefix + std::string(field.key));
    }
  };
  collect(root, "");
  dom::element measures;
  if (root["measures"].get(measures) == simdjson::SUCCESS) collect(measures, "");
  dom::array benchmarks;
  if (root["benchmarks"].get(benchmarks) == simdjson::SUCCESS) {
    for (const auto benchmark : benchmarks) {
      std::string_view run_name;
      if (benchmark["run_name"].get(run_name) == simdjson::SUCCESS) collect(benchmark, std::string(run_name) + ".");
    }
  }
  std::string text;
  constexpr std::size_t most = 30;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > most ? text + " ..." : text;
}

/// "12.3 %"
std::string percentage(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}
std::string signed_percentage(double share) {
  return fmt::format("{:+.1f} %", 100 * share);
}

std::string message_of(const SlowdownResult& r, const std::optional<double>& detectable, const PairsFlags& flags) {
  if (r.verdict == SlowdownVerdict::unmeasured) {
    return fmt::format("{} was not a positive number in every run, so it has no ratio", r.figure.name);
  }
  std::string text = fmt::format("{} {:.4g}, baseline {:.4g}", r.figure.name, r.candidate, r.baseline);
  if (r.change) {
    text += fmt::format(": {} ({} to {} at {:.0f} %)", signed_percentage(r.change->mean),
                        signed_percentage(r.change->low), signed_percentage(r.change->high), 100 * r.change->level);
  }
  text += fmt::format("; {}", slowdown_verdict_names[static_cast<std::size_t>(r.verdict)]);
  if (flags.ratio) text += fmt::format(" than {} times the baseline", *flags.ratio);
  if (detectable) {
    text += fmt::format("; {} worse would have been seen", percentage(*detectable));
  } else {
    text += "; too noisy to see even ten times worse";
  }
  return text;
}

}  // namespace

Result<CommandRun> run_command(const std::string& command, double patience_s, const std::stop_token& stop) {
  Descriptor out_read;
  Descriptor out_write;
  Descriptor err_read;
  Descriptor err_write;
  if (auto made = make_pipe(out_read, out_write); !made) return tl::unexpected(made.error());
  if (auto made = make_pipe(err_read, err_write); !made) return tl::unexpected(made.error());
  const auto started = Clock::now();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::io, fmt::format("cannot start a command: {}", std::strerror(errno)));
  if (pid == 0) {
    // A group of its own, so that what it starts can be ended with it.
    ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(out_write.get(), 1);
    ::dup2(err_write.get(), 2);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::setpgid(pid, pid);  // Here, too: whichever comes first.
  out_write.close();
  err_write.close();
  CommandRun run;
  std::string errors;
  const auto deadline = started + std::chrono::duration<double>(patience_s);
  bool killed = false;
  int status = 0;
  rusage usage{};
  bool ended = false;
  // Something the command left behind may hold the pipes open: the end of the command counts, not theirs.
  while (!ended) {
    std::array<pollfd, 2> wait{{{out_read.get(), POLLIN, 0}, {err_read.get(), POLLIN, 0}}};
    ::poll(wait.data(), wait.size(), 1);
    if (out_read.get() >= 0 && wait[0].revents != 0) drain(out_read, run.out);
    if (err_read.get() >= 0 && wait[1].revents != 0) drain(err_read, errors);
    const pid_t waited = ::wait4(pid, &status, WNOHANG, &usage);
    ended = waited == pid;
    if (!ended && !killed && (stop.stop_requested() || Clock::now() > deadline)) {
      run.stopped = stop.stop_requested();
      run.timed_out = !run.stopped;
      ::kill(-pid, SIGKILL);
      killed = true;
    }
  }
  run.wall_s = std::chrono::duration<double>(Clock::now() - started).count();
  for (auto* end : {&out_read, &err_read}) {
    while (end->get() >= 0) {
      pollfd wait{end->get(), POLLIN, 0};
      if (::poll(&wait, 1, 0) <= 0) break;
      drain(*end, end == &out_read ? run.out : errors);
    }
  }
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  run.peak_rss_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  run.last_error = last_line(errors);
  return run;
}

Result<double> figure_of(const CommandRun& run, const std::string& name) {
  if (name == "wall_s") return run.wall_s;
  if (name == "cpu_s") return run.cpu_s;
  if (name == "peak_rss_mib") return run.peak_rss_mib;
  dom::parser parser;
  dom::element root;
  // Padded copies: a parser keeps nothing of the text but what it found.
  if (parser.parse(run.out).get(root) != simdjson::SUCCESS &&
      parser.parse(last_line(run.out)).get(root) != simdjson::SUCCESS) {
    return fail(ErrorKind::bad_input,
                fmt::format("figure '{}': the command printed no JSON, neither as a whole nor on its "
                            "last line; there are wall_s, cpu_s and peak_rss_mib",
                            name));
  }
  if (const auto value = figure_in(root, name)) return *value;
  return fail(ErrorKind::bad_input,
              fmt::format("figure '{}' is not in what the command printed; there are {}", name, numbers_in(root)));
}

Result<PairsOutcome> run_pairs(const PairsFlags& flags, const std::stop_token& stop, bool quiet) {
  std::vector<ComparedFigure> figures;
  for (const auto& name : flags.lower) figures.push_back({name, false});
  for (const auto& name : flags.higher) figures.push_back({name, true});
  if (figures.empty()) figures = {{"wall_s", false}, {"cpu_s", false}};
  SlowdownTest test(figures, flags.plan);
  PairsOutcome outcome;
  // 0: baseline, 1: candidate.
  const std::array<const std::string*, 2> commands{&flags.baseline, &flags.candidate};
  constexpr std::array<const char*, 2> sides{"baseline", "candidate"};

  // One run of each that counts for nothing: caches and files are as cold for the first as they never are again.
  bool warm = false;
  const auto started = Clock::now();
  while (!warm || test.wanted() > 0) {
    std::array<std::vector<double>, 2> values;
    for (std::size_t turn = 0; turn < 2; ++turn) {
      // Baseline first, then candidate first, and so on: what drifts favours neither.
      const std::size_t side = (test.pairs() + turn) % 2;
      const auto run = run_command(*commands[side], flags.patience_s, stop);
      if (!run) return tl::unexpected(run.error());
      if (run->stopped)
        return fail(ErrorKind::interrupted, "stopped before the comparison was decided; nothing is known");
      if (run->exit_code == 126 || run->exit_code == 127) {
        return fail(ErrorKind::bad_input,
                    fmt::format("the {} cannot be run: {}: {}", sides[side], *commands[side], run->last_error));
      }
      if (run->exit_code != 0) {
        const std::string what = run->timed_out ? fmt::format("did not end within {} s", flags.patience_s)
                                                : fmt::format("ended with exit code {}", run->exit_code);
        outcome.pairs = test.pairs();
        outcome.checks.push_back({"pairs", sides[side], GateVerdict::error,
                                  fmt::format("the {} {}{}; nothing was compared", sides[side], what,
                                              warm ? fmt::format(" in pair {}", test.pairs() + 1) : ""),
                                  run->last_error, "", 0});
        return outcome;
      }
      for (const ComparedFigure& figure : figures) {
        const auto value = figure_of(*run, figure.name);
        if (!value) return tl::unexpected(value.error());
        // Judging against a ratio r is judging r times the baseline (of larger-is-better figures, too).
        values[side].push_back(side == 0 && flags.ratio ? *value * *flags.ratio : *value);
      }
    }
    if (warm) {
      test.add(values[0], values[1]);
      if (!quiet && (test.pairs() % 5 == 0 || test.wanted() == 0)) {
        const double each =
            std::chrono::duration<double>(Clock::now() - started).count() / (static_cast<double>(test.pairs()) + 1);
        note(fmt::format("pairs: {} done, {} to go{}, about {:.0f} s", test.pairs(), test.wanted(),
                         test.confirming() ? " to confirm a suspect" : "", each * static_cast<double>(test.wanted())));
      }
    }
    warm = true;
  }
  outcome.pairs = test.pairs();
  outcome.results = test.results();
  for (std::size_t f = 0; f < outcome.results.size(); ++f) {
    SlowdownResult& result = outcome.results[f];
    const auto& detectable = outcome.detectable.emplace_back(test.detectable(f));
    Check check{"pairs", result.figure.name, GateVerdict::passed, "", "", "", 0};
    if (flags.ratio) {
      // The figures themselves are told as they were measured.
      result.baseline /= *flags.ratio;
      if (result.change) {
        for (double* change : {&result.change->mean, &result.change->low, &result.change->high}) {
          *change = (1 + *change) * *flags.ratio - 1;
        }
      }
    }
    check.message = message_of(result, detectable, flags);
    if (result.verdict == SlowdownVerdict::worse) {
      check.verdict = GateVerdict::failed;
    } else if (result.verdict == SlowdownVerdict::unmeasured) {
      check.verdict = GateVerdict::error;
    } else if (flags.detect && (!detectable || *detectable > *flags.detect)) {
      check.verdict = GateVerdict::error;
      check.message += fmt::format(", but {} was asked for: run more --pairs, longer ones, or a quieter machine",
                                   percentage(*flags.detect));
    }
    check.detail = fmt::format("{} pairs; p {:.2g} in the first look{}; noise floor {}", outcome.pairs, result.p_first,
                               result.p_confirmed ? fmt::format(", {:.2g} in fresh pairs", *result.p_confirmed) : "",
                               percentage(flags.plan.floor));
    outcome.checks.push_back(std::move(check));
  }
  return outcome;
}

boost::json::array pairs_json(const PairsOutcome& outcome) {
  boost::json::array array;
  for (std::size_t f = 0; f < outcome.results.size(); ++f) {
    const SlowdownResult& r = outcome.results[f];
    boost::json::object object{{"figure", r.figure.name},
                               {"larger_is_better", r.figure.larger_is_better},
                               {"verdict", slowdown_verdict_names[static_cast<std::size_t>(r.verdict)]},
                               {"baseline", r.baseline},
                               {"candidate", r.candidate},
                               {"p_first", r.p_first},
                               {"p_confirmed", nullptr},
                               {"change", nullptr},
                               {"detectable", nullptr}};
    if (r.p_confirmed) object["p_confirmed"] = *r.p_confirmed;
    if (r.change) {
      object["change"] = {
          {"estimate", r.change->mean}, {"low", r.change->low}, {"high", r.change->high}, {"level", r.change->level}};
    }
    if (outcome.detectable[f]) object["detectable"] = *outcome.detectable[f];
    array.push_back(std::move(object));
  }
  return array;
}

std::string pairs_text(const PairsOutcome& outcome, const PairsFlags& flags) {
  std::string text = fmt::format("Measured in {} alternating pairs (noise floor {}, false alarms at most {})\n",
                                 outcome.pairs, percentage(flags.plan.floor), percentage(flags.plan.level));
  for (const Check& check : outcome.checks) {
    text += fmt::format("  {:<7}{}\n", gate_verdict_names[static_cast<std::size_t>(check.verdict)], check.message);
    if (check.verdict != GateVerdict::passed && !check.detail.empty())
      text += fmt::format("         {}\n", check.detail);
  }
  return text;
}

}  // namespace peakstorm::cli
