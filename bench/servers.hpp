/// Foreign programs of the replay's benches: nginx as the target, wrk as the client to compare with. Both from Debian;
/// `./dev bench` installs them, and without them these benches are left out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peakstorm::bench {

/// Full path of a program, or nothing. Looks in PATH and in /usr/sbin.
std::optional<std::string> find_program(const std::string& name);

/// What a child process did.
struct Ran {
  bool good = false;  ///< Ended with exit code 0.
  std::string out;
  double cpu_s = 0;  ///< User and system.
};
/// Runs to the end, on the given core when that is not negative.
Ran run_program(const std::vector<std::string>& command, int core);

/// One process on one core that answers everything with 204, on a free port of 127.0.0.1, until it is destroyed.
class Nginx {
 public:
  explicit Nginx(int core);
  ~Nginx();
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  /// False when there is no nginx, or it did not begin to listen.
  [[nodiscard]] bool running() const { return pid_ > 0; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// A process on one core that answers every request with 204 and never sleeps, until it is destroyed. Understands one
/// request at a time on each connection, with a Content-Length, at most 64 KiB long.
class AwakeServer {
 public:
  explicit AwakeServer(int core);
  ~AwakeServer();
  AwakeServer(const AwakeServer&) = delete;
  AwakeServer& operator=(const AwakeServer&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// Binds the calling thread to a core for as long as it lives.
class OnCore {
 public:
  explicit OnCore(int core);
  ~OnCore();
  OnCore(const OnCore&) = delete;
  OnCore& operator=(const OnCore&) = delete;

 private:
  std::vector<unsigned char> before_;
};

}  // namespace peakstorm::bench
