/// Reads one HTTP/1.1 reply (RFC 9112) from bytes as they come. Strict where two readings are possible, because a reply
/// that is read wrongly spoils every later one on its connection. Pure: no socket. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/transport.hpp"

namespace peakstorm {

class ReplyReader {
 public:
  enum class State : std::uint8_t {
    more,      ///< The reply goes on.
    complete,  ///< `reply()` is whole.
    bad,       ///< It is no reply, or too long: `fault()` says why.
  };

  /// Of status line and header lines, and of a chunked body's trailer, together.
  static constexpr std::size_t head_bytes_max = 16 << 10;

  /// For the next reply, with a body of at most so many bytes.
  void start(std::size_t body_bytes_max);
  /// Takes bytes of the reply, removing them from `bytes`; what follows a complete reply is left there.
  State take(std::string_view& bytes);
  /// The other side closed in good order: that completes a body whose length was not stated.
  State end();

  [[nodiscard]] Reply& reply() { return reply_; }
  [[nodiscard]] const char* fault() const { return fault_; }
  /// The connection may carry another request. Requires: complete.
  [[nodiscard]] bool keeps_alive() const { return keeps_alive_; }

 private:
  enum class Part : std::uint8_t { head, body, body_to_end, chunk_size, chunk, chunk_end, trailer, whole };
  struct Framing {
    std::uint64_t length = 0;
    bool has_length = false;
    bool chunked = false;
    bool said_close = false;
    bool said_keep_alive = false;
  };

  State bad(const char* why);
  /// The next line without its end; false while it has not come whole. Sets fault_ when it never may.
  bool line(std::string_view& bytes, std::string_view& text);
  State head(std::string_view text);
  State status_line(std::string_view text);
  State field(std::string_view text);
  State head_ended();
  State chunk_line(std::string_view text);
  State body(std::string_view& bytes);

  Reply reply_;
  Part part_ = Part::head;
  Framing framing_;
  bool has_status_ = false;
  bool old_version_ = false;  // HTTP/1.0.
  bool keeps_alive_ = false;
  std::uint64_t left_ = 0;  // Of the body or chunk.
  std::size_t body_bytes_max_ = 0;
  std::size_t head_bytes_ = 0;
  std::string partial_;  // A line that has begun.
  std::string whole_line_;
  const char* fault_ = "";
};

}  // namespace peakstorm
