/// A real broker as a child process on this machine, on ports of its own, with all it keeps in a temporary folder; it
/// can be ended and started again on the same folder and ports.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/temporary_folder.hpp"

namespace peakstorm::testing {

/// A TCP port of 127.0.0.1 that nobody uses.
std::uint16_t free_port();

class BrokerServer {
 public:
  /// `words`: the program and its arguments; `environment`: "NAME=value" on top of this process's own. Starts it, and
  /// returns when somebody takes connections at `port`. What it writes goes to "log" in the folder.
  BrokerServer(const std::filesystem::path& folder, std::vector<std::string> words, std::uint16_t port,
               std::vector<std::string> environment = {});
  /// Kills what still runs, by its process id.
  ~BrokerServer();
  BrokerServer(const BrokerServer&) = delete;
  BrokerServer& operator=(const BrokerServer&) = delete;

  /// Ends it with this signal, and waits until it is gone.
  void stop(int signal);
  void start();
  /// SIGSTOP and SIGCONT, for one that hangs.
  void signal(int number) const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string log() const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> words_;
  std::uint16_t port_;
  std::vector<std::string> environment_;
  pid_t pid_ = -1;
};

}  // namespace peakstorm::testing
