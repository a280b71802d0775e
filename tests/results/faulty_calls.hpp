/// For tests of what is written to disk: a folder of its own, and system calls that fail or stop at a chosen step.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "results/store/file_calls.hpp"
#include "tests/temporary_folder.hpp"

namespace peakstorm::test {

/// Counts the system calls of a run and does something at one of them.
class Faulty final : public store::FileCalls {
 public:
  enum class Act { fail, die, write_less };
  explicit Faulty(long at = -1, Act act = Act::fail, int reason = ENOSPC) : at_(at), act_(act), reason_(reason) {}

  int make_directory(const char* path) override { return strikes() ? -1 : FileCalls::make_directory(path); }
  int create(const char* path) override { return strikes() ? -1 : FileCalls::create(path); }
  ssize_t write(int file, const void* bytes, std::size_t size) override {
    if (act_ == Act::write_less) return FileCalls::write(file, bytes, std::min<std::size_t>(size, 7));
    if (strikes()) {
      // What a full disk or a kill does: part of it is there.
      if (size > 1) FileCalls::write(file, bytes, size / 2);
      if (act_ == Act::die) ::_exit(9);
      errno = reason_;
      return -1;
    }
    return FileCalls::write(file, bytes, size);
  }
  int sync(int file) override { return strikes() ? -1 : FileCalls::sync(file); }
  int close(int file) override { return FileCalls::close(file); }
  int rename(const char* from, const char* to) override { return strikes() ? -1 : FileCalls::rename(from, to); }
  int remove(const char* path) override { return strikes() ? -1 : FileCalls::remove(path); }
  int sync_directory(const char* path) override { return strikes() ? -1 : FileCalls::sync_directory(path); }

  [[nodiscard]] long count() const { return count_; }

 private:
  bool strikes() {
    if (count_++ != at_ || act_ == Act::write_less) return false;
    if (act_ == Act::die) ::_exit(9);
    errno = reason_;
    return true;
  }
  long at_;
  Act act_;
  int reason_;
  long count_ = 0;
};

}  // namespace peakstorm::test
