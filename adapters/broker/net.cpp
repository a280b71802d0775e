// Waiting, waking, and finding the address at which a broker answers.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(v4->sin_addr.s_addr) >> 24U) == 127;
  }
  if (address->sa_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(address);
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  }
  return false;
}

/// Whether somebody takes a connection there; empty, or why not.
std::string knock(const addrinfo& at, std::chrono::milliseconds patience) {
  const int fd = ::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::generic_category().message(errno);
  std::string fault;
  if (::connect(fd, at.ai_addr, at.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) {
      fault = std::generic_category().message(errno);
    } else {
      pollfd waiting{fd, POLLOUT, 0};
      int failed = 0;
      socklen_t size = sizeof failed;
      if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) {
        fault = "no answer in time";
      } else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed != 0) {
        fault = std::generic_category().message(failed);
      }
    }
  }
  ::close(fd);
  return fault;
}

std::string numeric(const addrinfo& at) {
  std::array<char, NI_MAXHOST> text{};
  ::getnameinfo(at.ai_addr, at.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return text.data();
}

}  // namespace

Result<std::string> find_broker(const BrokerUrl& url, const BrokerOptions& options) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found); failed != 0) {
    return fail(ErrorKind::unreachable, url.text() + ": the name does not resolve: " + ::gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (options.allow_any_address || is_loopback(at->ai_addr)) continue;
    return fail(ErrorKind::bad_input, url.text() + ": " + numeric(*at) +
                                          " is not this machine; spell the host out with --allow-host " + url.host +
                                          " if it may be loaded");
  }
  std::string fault;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    fault = knock(*at, options.connect_patience);
    if (fault.empty()) return numeric(*at);
  }
  return fail(ErrorKind::unreachable,
              url.text() + ": " + fault + "; start the broker, or correct the host and port of the URL");
}

Bell::Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PEAKSTORM_CHECK(fd_ >= 0, errno);
}

Bell::~Bell() {
  ::close(fd_);
}

void Bell::ring() {
  // Full only after 2^64 - 2 rings: then it rings already.
  (void)::eventfd_write(fd_, 1);
}

void Bell::silence() {
  eventfd_t rings = 0;
  (void)::eventfd_read(fd_, &rings);
}

Readiness wait_ready(int fd, bool for_writing, nanoseconds wait) {
  if (wait.count() < 0) wait = nanoseconds{0};
  const timespec limit{static_cast<std::time_t>(wait.count() / 1'000'000'000), wait.count() % 1'000'000'000};
  pollfd waiting{fd, static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN), 0};
  if (::ppoll(&waiting, 1, &limit, nullptr) <= 0) return Readiness::none;
  // Errors and hang-ups show when one reads.
  const unsigned readable = (waiting.revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? 1 : 0;
  const unsigned writable = (waiting.revents & POLLOUT) != 0 ? 2 : 0;
  return static_cast<Readiness>(readable | writable);
}

}  // namespace peakstorm
