#include "tests/e2e/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>

extern char** environ;

#include "tests/arguments.hpp"

namespace peakstorm::e2e {
namespace {

std::int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return ends;
}

}  // namespace

boost::json::object Finished::json() const {
  std::string last = out;
  while (!last.empty() && last.back() == '\n') last.pop_back();
  last = last.substr(last.rfind('\n') + 1);
  boost::system::error_code error;
  auto value = boost::json::parse(last, error);
  if (error || !value.is_object()) {
    ADD_FAILURE() << "no JSON object in: " << out << "\nstandard error: " << err;
    return {};
  }
  return value.as_object();
}

Program::Program(std::vector<std::string> arguments, std::vector<std::string> environment) {
  arguments.insert(arguments.begin(), PEAKSTORM_PROGRAM);
  start(std::move(arguments), std::move(environment));
}

Program::Program(const Command& command, std::vector<std::string> environment) {
  start(command.words, std::move(environment));
}

void Program::start(std::vector<std::string> words, std::vector<std::string> environment) {
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  const auto out = make_pipe();
  const auto err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  const auto argv = testing::pointers(words);
  const auto envp = testing::pointers(environment);
  const int failed = posix_spawnp(&pid_, words.front().c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
  if (failed != 0) throw std::runtime_error("cannot start " + words.front());
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int end : {out_, err_}) {
    if (end >= 0) close(end);
  }
}

bool Program::pump(int deadline_ms) {
  std::array<pollfd, 2> ends{{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};  // poll passes over negative ones.
  if (out_ < 0 && err_ < 0) return false;
  if (poll(ends.data(), ends.size(), deadline_ms) <= 0) return false;
  std::array<char, 4096> buffer{};
  for (auto [end, text] : {std::pair{&out_, &out_text_}, std::pair{&err_, &err_text_}}) {
    const auto& state = end == &out_ ? ends[0] : ends[1];
    if (*end < 0 || state.revents == 0) continue;
    const ssize_t count = read(*end, buffer.data(), buffer.size());
    if (count > 0) {
      text->append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      close(*end);
      *end = -1;
    }
  }
  return true;
}

std::string Program::next_line(const std::string& text, std::size_t& returned) {
  for (;;) {
    const std::size_t end = text.find('\n', returned);
    if (end != std::string::npos) {
      std::string line = text.substr(returned, end - returned);
      returned = end + 1;
      return line;
    }
    if (!pump(60'000)) return {};
  }
}

std::string Program::read_line() {
  return next_line(out_text_, returned_);
}

std::string Program::read_error_line() {
  return next_line(err_text_, returned_errors_);
}

void Program::signal(int number) const {
  kill(pid_, number);
}

Finished Program::wait(int deadline_s) {
  const std::int64_t deadline = monotonic_ms() + std::int64_t{deadline_s} * 1000;
  for (std::int64_t left = deadline_s * 1000; left > 0 && pump(static_cast<int>(left));)
    left = deadline - monotonic_ms();
  if (out_ >= 0 || err_ >= 0) {
    ADD_FAILURE() << "still running after " << deadline_s << " s; standard error: " << err_text_;
    kill(pid_, SIGKILL);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out_text_, err_text_};
}

Finished run(std::vector<std::string> arguments, std::vector<std::string> environment) {
  return Program(std::move(arguments), std::move(environment)).wait();
}

Finished run(const Command& command, std::vector<std::string> environment) {
  return Program(command, std::move(environment)).wait();
}

FolderWatch::FolderWatch(const std::filesystem::path& folder) : queue_(inotify_init1(IN_CLOEXEC)) {
  if (queue_ < 0 || inotify_add_watch(queue_, folder.c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0) {
    throw std::runtime_error("cannot watch " + folder.string());
  }
}

FolderWatch::~FolderWatch() {
  close(queue_);
}

bool FolderWatch::wait_for(const std::string& prefix, int deadline_s) const {
  const std::int64_t deadline = monotonic_ms() + std::int64_t{deadline_s} * 1000;
  for (std::int64_t left = deadline_s * 1000; left > 0; left = deadline - monotonic_ms()) {
    pollfd end{queue_, POLLIN, 0};
    if (poll(&end, 1, static_cast<int>(left)) <= 0) return false;
    alignas(inotify_event) std::array<char, 8192> buffer{};
    const ssize_t count = read(queue_, buffer.data(), buffer.size());
    for (ssize_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if (event->len > 0 && std::string(event->name).starts_with(prefix)) return true;
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  return false;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace peakstorm::e2e
