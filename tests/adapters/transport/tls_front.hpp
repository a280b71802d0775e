/// TLS before a plain server on this machine, with certificates from an authority made for the occasion: none lies in
/// a file, none expires.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace peakstorm::testing {

struct Identity {
  std::string certificate;  ///< PEM.
  std::string key;          ///< PEM.
};

/// A certificate authority of its own.
class TestAuthority {
 public:
  TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;
  ~TestAuthority();
  /// For `names` as OpenSSL writes them, "DNS:localhost,IP:127.0.0.1"; valid from now + `from` to now + `until`.
  [[nodiscard]] Identity issue(const std::string& names, std::chrono::hours from = std::chrono::hours(-1),
                               std::chrono::hours until = std::chrono::hours(1)) const;
  /// A PEM file with the authority's certificate; removed with it.
  [[nodiscard]] const std::string& file() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct TlsFrontOptions {
  Identity identity;
  std::uint16_t backend = 0;    ///< Port on 127.0.0.1.
  std::string alpn{};           ///< What the server speaks, "h2" or "http/1.1"; empty: no ALPN.
  int version_max = 0;          ///< OpenSSL's number; 0: the newest.
  std::size_t reset_after = 0;  ///< Reset the connection after so many bytes of replies; 0: never.
};

/// Serves from a thread of its own until it is destroyed.
class TlsFront {
 public:
  explicit TlsFront(const TlsFrontOptions& options);
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;
  ~TlsFront();
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const;
  [[nodiscard]] std::uint64_t handshakes() const;  ///< Completed. Any thread.
  [[nodiscard]] std::uint64_t resumed() const;     ///< Of them, those that resumed a session.
  [[nodiscard]] std::string server_name() const;   ///< Of the last handshake, as the client asked for it (SNI).

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::testing
