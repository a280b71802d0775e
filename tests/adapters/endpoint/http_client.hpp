/// A small blocking HTTP/1.1 client over plain sockets, so that tests can also send what no client would.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace peakstorm::testing {

struct HttpReply {
  int status = 0;  ///< 0: the connection ended without a whole reply.
  std::string head;
  std::string body;
  [[nodiscard]] bool has_header(std::string_view line) const { return head.find(line) != std::string::npos; }
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // A reply that does not come within this is a failure, not a slow machine.
    const timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() { ::close(socket_); }

  [[nodiscard]] bool connected() const { return connected_; }

  /// False when the peer closed meanwhile; what was sent before stays sent.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  HttpReply receive(bool without_body = false) {
    HttpReply reply;
    std::size_t end = std::string::npos;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return reply;
    }
    reply.head = input_.substr(0, end + 4);
    const std::size_t length = without_body ? 0 : content_length(reply.head);
    while (input_.size() < end + 4 + length) {
      if (!more()) return reply;
    }
    reply.body = input_.substr(end + 4, length);
    input_.erase(0, end + 4 + length);
    reply.status = std::stoi(reply.head.substr(9, 3));
    return reply;
  }
  /// True when the peer has closed and sent nothing further.
  bool ended() { return input_.empty() && !more(); }

  static std::string request(std::string_view method, std::string_view target, std::string_view headers,
                             std::string_view body) {
    std::string out;
    out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
    if (!body.empty() || method == "POST" || method == "PUT") {
      out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    out.append("\r\n").append(body);
    return out;
  }
  HttpReply exchange(std::string_view method, std::string_view target, std::string_view headers = "",
                     std::string_view body = "") {
    send(request(method, target, headers, body));
    return receive(method == "HEAD");
  }

 private:
  static std::size_t content_length(const std::string& head) {
    std::string lower = head;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t at = lower.find("\r\ncontent-length:");
    return at == std::string::npos ? 0 : std::stoul(lower.substr(at + 17));
  }
  bool more() {
    char buffer[65536];
    const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string input_;
};

}  // namespace peakstorm::testing
