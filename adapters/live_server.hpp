/// Serves a page that follows a run, to browsers on this machine: GET / is the page, GET /state.json what it shows,
/// GET /report.html the report once there is one. Of this machine alone, without TLS; a request that names another host
/// than the loopback is refused, so that no site out there can read along by pointing its name here.
///
/// A browser asks again and again (the page does, once a second): there is nothing to reconnect.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "engine/result.hpp"

namespace peakstorm {

/// From `start` to destruction, by a thread of its own. All members may be called from any thread.
class LiveServer {
 public:
  /// `port` on 127.0.0.1; 0: a free one. `page` is complete HTML. Errors: bad_input, when the port cannot be had.
  static Result<std::unique_ptr<LiveServer>> start(std::string page, std::uint16_t port);
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;
  LiveServer(LiveServer&&) = delete;
  LiveServer& operator=(LiveServer&&) = delete;
  /// Closes every connection and joins the thread.
  ~LiveServer();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:41234/".

  /// What /state.json answers from now on: a JSON object.
  void state(std::string json);
  /// From now on /report.html is this file, read at each request. Empty: there is none.
  void report(std::filesystem::path file);
  /// Blocks until whoever asked lately has got the last state, and the report if there is one; `patience` at most, not
  /// at all when nobody asked in the last few seconds, and no longer once `stop` is requested.
  void farewell(std::chrono::milliseconds patience, const std::stop_token& stop);

 private:
  class Impl;
  explicit LiveServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
