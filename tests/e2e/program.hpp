/// Runs the built `peakstorm` as a user would: a child process with its own standard output and error.
#pragma once

#include <sys/types.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/temporary_folder.hpp"

namespace peakstorm::e2e {

struct Finished {
  int exit_code = -1;  ///< 128 + signal when a signal ended it.
  std::string out;
  std::string err;
  /// The last line of standard output, parsed; fails the test when it is no JSON object.
  [[nodiscard]] boost::json::object json() const;
};

/// Another program that runs the program, for instance mpirun: found on the path.
struct Command {
  std::vector<std::string> words;
};

/// A running child. One that is still running at the end of the test is killed by its process id.
class Program {
 public:
  /// `environment` entries ("NAME=value") come on top of this process's own.
  explicit Program(std::vector<std::string> arguments, std::vector<std::string> environment = {});
  explicit Program(const Command& command, std::vector<std::string> environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Blocks until standard output holds a whole line beyond those already returned; empty at its end.
  std::string read_line();
  /// Likewise for standard error.
  std::string read_error_line();
  void signal(int number) const;
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Blocks until it ends; kills it and fails the test after `deadline_s`.
  Finished wait(int deadline_s = 120);

 private:
  /// Reads what there is from both pipes; false when both are closed or `deadline_ms` has passed.
  bool pump(int deadline_ms);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string out_text_;
  std::string err_text_;
  std::size_t returned_ = 0;
  std::size_t returned_errors_ = 0;
  void start(std::vector<std::string> words, std::vector<std::string> environment);
  std::string next_line(const std::string& text, std::size_t& returned);
};

Finished run(std::vector<std::string> arguments, std::vector<std::string> environment = {});
Finished run(const Command& command, std::vector<std::string> environment = {});

using testing::TemporaryFolder;

/// Blocks until something is created or written in `folder` (not in its sub-folders) after construction.
class FolderWatch {
 public:
  explicit FolderWatch(const std::filesystem::path& folder);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  /// True once a file whose name begins with `prefix` was created or written; false after `deadline_s`.
  [[nodiscard]] bool wait_for(const std::string& prefix, int deadline_s = 60) const;

 private:
  int queue_ = -1;
};

std::string text_of(const std::filesystem::path& file);

}  // namespace peakstorm::e2e
