/// A small HTTP/2 server without TLS on a free loopback port, with the faults of that protocol. Serves from one thread
/// of its own until it is destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace peakstorm::testing {

struct H2Request {
  std::string method;
  std::string path;
  std::string authority;
  std::string headers;  ///< The rest, "name: value\n" each.
  std::string body;
  std::uint64_t connection = 0;  ///< Counts accepted connections from 0.
  std::uint64_t number = 0;      ///< Counts requests from 0.
};

struct H2Served {
  enum class Fate { answered, silent, reset, refused, go_away_unseen, go_away_after, lost };
  Fate fate = Fate::answered;
  unsigned status = 200;
  std::string body{};
  std::string retry_after{};
};

class H2Server {
 public:
  using Handler = std::function<H2Served(const H2Request&)>;
  /// `handler` runs on the server's thread, one call at a time. `streams_max`: what it allows per connection.
  H2Server(Handler handler, std::uint32_t streams_max);
  H2Server(const H2Server&) = delete;
  H2Server& operator=(const H2Server&) = delete;
  ~H2Server();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint64_t connections() const;  ///< Accepted so far. Any thread.
  /// Lets requests wait until so many are open at once, then answers them all; 0: at once. Before the first request.
  void gather(std::size_t streams);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::testing
