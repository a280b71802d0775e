/// A small HTTP server on a free loopback port, with whatever faults a test gives it. Serves from one thread of its
/// own until it is destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace peakstorm::testing {

struct ServedRequest {
  std::string method;
  std::string path;
  std::string body;
  std::uint64_t connection = 0;  ///< Counts accepted connections from 0.
};

/// What goes back: bytes as they are, so that a test can send anything.
struct Served {
  std::string bytes;
  bool close = false;    ///< After the bytes.
  std::string repeat{};  ///< Sent again and again after `bytes`, until the other side closes.
};

/// "HTTP/1.1 STATUS ...", with Content-Length.
Served answer(unsigned status, std::string body = {}, const std::string& headers = {});

class TestServer {
 public:
  using Handler = std::function<Served(const ServedRequest&)>;
  /// `handler` runs on the server's thread, one call at a time.
  explicit TestServer(Handler handler);
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint64_t connections() const;  ///< Accepted so far. Any thread.
  /// Closes every connection and waits until it is done; new ones are accepted.
  void close_connections();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::testing
