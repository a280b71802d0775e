#include "adapters/transport/channel.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

/// Where a context keeps its dialer.
int dialer_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<Dialer*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), dialer_index()))->keep(session);
  return 0;  // The reference stays OpenSSL's: keep() took a copy.
}

std::string text_of(int system_error) {
  return std::generic_category().message(system_error);
}

bool would_block(int system_error) {
  return system_error == EAGAIN || system_error == EWOULDBLOCK || system_error == EINTR;
}

/// What OpenSSL reads from and writes to: the socket, but by send and with MSG_NOSIGNAL, where its own would use write
/// and let a peer that hung up end the process.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}
int bio_write(BIO* bio, const char* bytes, int size) {
  const ssize_t sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent < 0 && would_block(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}
int bio_read(BIO* bio, char* room, int size) {
  const ssize_t got = ::recv(socket_of(bio), room, static_cast<std::size_t>(size), 0);
  BIO_clear_retry_flags(bio);
  if (got < 0 && would_block(errno)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}
long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO* make_bio(int socket) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  BIO* const bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  return bio;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24U) == 127;
  }
  const in6_addr& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&six);
}

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* const bytes = address.ss_family == AF_INET
                                ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                                : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  inet_ntop(address.ss_family, bytes, text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string certificate_cure(long verdict, const std::string& host) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is not for " + host + "; use the name that it was issued for";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate has expired; renew it";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate is not valid yet; check the clocks of both machines";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // One of the same name with another key: made anew, or an impostor.
      return "the certificate is from an authority that is not trusted here; if it is your own, name its certificate "
             "with --ca-file FILE";
    default:
      return std::string("the certificate is refused: ") + X509_verify_cert_error_string(verdict) +
             "; correct the certificate";
  }
}

}  // namespace

// ---- Channel ----

Channel::~Channel() {
  close();
}

void Channel::close() {
  tls_.reset();
  if (socket_ >= 0) {
    dialer_.loop_.forget(*this);
    ::close(socket_);
  }
  socket_ = -1;
  hung_up_ = false;
  stage_ = Stage::closed;
}

void Channel::open() {
  PEAKSTORM_CHECK(stage_ == Stage::closed, static_cast<int>(stage_));
  PEAKSTORM_CHECK(owner_ != nullptr, dialer_.target_.text());
  next_address_ = 0;
  connect_error_ = ECONNREFUSED;
  connect_next();
}

/// Addresses are tried one after the other, as the resolver lists them.
void Channel::connect_next() {
  while (next_address_ < dialer_.addresses_.size()) {
    const Dialer::Address& address = dialer_.addresses_[next_address_++];
    close();
    stage_ = Stage::connecting;
    socket_ = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (socket_ < 0) {
      connect_error_ = errno;
      continue;
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int result = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size);
    if (result != 0 && errno != EINPROGRESS) {
      connect_error_ = errno;
      continue;
    }
    if (!dialer_.loop_.watch(socket_, *this)) {
      connect_error_ = errno;
      continue;
    }
    return;  // ready() tells how it ended, at once where it has already.
  }
  give_up(dialer_
              .error(ErrorKind::unreachable,
                     "nobody answers: " + text_of(connect_error_) + "; start the target or correct the address")
              .value());
}

void Channel::give_up(const Error& why) {
  close();
  owner_->opened(tl::unexpected(why));
}

void Channel::ready(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  switch (stage_) {
    case Stage::closed:
      return;
    case Stage::connecting:
      return connect_ended();
    case Stage::shaking_hands:
      return shake_hands();
    case Stage::open:
      return owner_->moved();
  }
}

void Channel::connect_ended() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    // Watched from the first moment, a socket may be told ready before it is connected.
    if (getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
      if (errno == ENOTCONN) return;
      error = errno;
    }
  }
  if (error != 0) {
    connect_error_ = error;
    return connect_next();
  }
  if (!dialer_.context_) {
    stage_ = Stage::open;
    return owner_->opened({});
  }
  tls_.reset(dialer_.make_tls(socket_));
  if (!tls_) return give_up({ErrorKind::unreachable, dialer_.target_.text() + ": no memory for a TLS connection"});
  stage_ = Stage::shaking_hands;
  shake_hands();
}

void Channel::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) {
    stage_ = Stage::open;
    return owner_->opened({});
  }
  const int why = SSL_get_error(tls_.get(), result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
  give_up(dialer_.handshake_error(tls_.get(), why));
}

Error Channel::delay() const {
  return dialer_
      .error(ErrorKind::unreachable,
             stage_ == Stage::shaking_hands
                 ? "no TLS handshake in time; see whether a TLS server listens there, or use " + dialer_.without_tls()
                 : "nobody answers: " + text_of(ETIMEDOUT) + "; start the target or correct the address")
      .value();
}

Moved Channel::tls_outcome(int result) {
  if (result > 0) return {Moved::State::some, static_cast<std::size_t>(result)};
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {Moved::State::blocked};
    case SSL_ERROR_ZERO_RETURN:
      return {Moved::State::ended};
    default:
      return {Moved::State::broken};
  }
}

Moved Channel::read(char* room, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    return tls_outcome(SSL_read(tls_.get(), room, static_cast<int>(size)));
  }
  const ssize_t got = ::recv(socket_, room, size, 0);
  if (got > 0) return {Moved::State::some, static_cast<std::size_t>(got)};
  if (got == 0) return {Moved::State::ended};
  return {would_block(errno) ? Moved::State::blocked : Moved::State::broken};
}

Moved Channel::write(std::string_view bytes) {
  if (tls_) {
    ERR_clear_error();
    return tls_outcome(SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())));
  }
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {Moved::State::some, static_cast<std::size_t>(sent)};
  return {would_block(errno) ? Moved::State::blocked : Moved::State::broken};
}

bool Channel::silent() {
  char byte = 0;
  if (!tls_) return ::recv(socket_, &byte, 1, MSG_PEEK) < 0 && would_block(errno);
  // Session tickets may lie there unread, which is no reply: only the TLS layer can tell, so it reads.
  return read(&byte, 1).state == Moved::State::blocked;
}

std::string Channel::alpn() const {
  if (!tls_) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_.get(), &name, &size);
  return {name, name + size};
}

// ---- Dialer ----

Dialer::Dialer(const TargetUrl& target, const HttpOptions& options, const SteadyClock& clock)
    : target_(target), options_(options), clock_(clock), loop_(clock) {
  const bool ipv6 = target.host.find(':') != std::string::npos;
  authority_ = (ipv6 ? "[" + target.host + "]" : target.host) + ":" + target.port;
}

tl::unexpected<Error> Dialer::error(ErrorKind kind, const std::string& what) const {
  return fail(kind, target_.text() + ": " + what);
}

Result<void> Dialer::prepare() {
  if (!loop_.usable()) {
    return error(ErrorKind::io, "the system has no descriptor left (epoll); raise the limit on open files");
  }
  if (target_.tls) {
    if (auto ready = prepare_tls(); !ready) return ready;
  }
  return look_up();
}

Result<void> Dialer::look_up() {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(target_.host.c_str(), target_.port.c_str(), &wanted, &found);
  if (failed != 0) {
    return error(ErrorKind::unreachable, std::string("the name does not resolve: ") + gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    Address address;
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    if (!options_.allow_any_address && !is_loopback(address.bytes)) {
      return error(ErrorKind::bad_input, text_of(address.bytes) +
                                             " is not this machine; spell the host out with --allow-host " +
                                             target_.host + " if it may be loaded");
    }
    addresses_.push_back(address);
  }
  return {};
}

Result<void> Dialer::prepare_tls() {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return error(ErrorKind::io, "OpenSSL cannot be used");
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ERR_clear_error();
  const bool system = options_.ca_file.empty();
  const int loaded =
      system ? SSL_CTX_set_default_verify_paths(context) : SSL_CTX_load_verify_file(context, options_.ca_file.c_str());
  if (loaded != 1) {
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    const std::string why = reason != nullptr ? reason : "unknown error";
    if (system) return error(ErrorKind::io, "the system's certificates cannot be read: " + why);
    return fail(ErrorKind::bad_input, options_.ca_file + ": " + why);
  }
  SSL_CTX_set_ex_data(context, dialer_index(), this);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  return {};
}

void Dialer::keep(SSL_SESSION* session) {
  // A copy: OpenSSL spoils the session of a connection that ends without a farewell, as broken ones do.
  session_.reset(SSL_SESSION_dup(session));
}

SSL* Dialer::make_tls(int socket) {
  SSL* const ssl = SSL_new(context_.get());
  BIO* const bio = ssl == nullptr ? nullptr : make_bio(socket);
  if (bio == nullptr) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  if (is_address(target_.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), target_.host.c_str());
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, target_.host.c_str());
    SSL_set_tlsext_host_name(ssl, target_.host.c_str());
  }
  // Names with their lengths before them, the preferred one first.
  static constexpr std::array<unsigned char, 12> offers{2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  constexpr unsigned of_two = 3;
  const bool skips_two = options_.version == HttpVersion::one;
  const bool only_two = options_.version == HttpVersion::two;
  SSL_set_alpn_protos(ssl, offers.data() + (skips_two ? of_two : 0),
                      only_two ? of_two : static_cast<unsigned>(offers.size()) - (skips_two ? of_two : 0));
  if (session_) {
    const std::unique_ptr<SSL_SESSION, SessionFree> copy(SSL_SESSION_dup(session_.get()));
    SSL_set_session(ssl, copy.get());
  }
  return ssl;
}

Error Dialer::handshake_error(const SSL* tls, int result) const {
  const auto refused = [this](const std::string& what) { return error(ErrorKind::unreachable, what).value(); };
  const long verdict = SSL_get_verify_result(tls);
  if (verdict != X509_V_OK) return refused(certificate_cure(verdict, target_.host));
  const int system_error = errno;
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  if (result == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    const bool reset = result == SSL_ERROR_SYSCALL && system_error != 0;
    return refused("hung up in the TLS handshake: " + (reset ? text_of(system_error) : "end of stream") +
                   "; see the target's log, or use " + without_tls() + " if it has no TLS");
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
    return refused("what answers there does not speak TLS; use " + without_tls() + " or the port for TLS");
  }
  const char* const text = ERR_reason_error_string(code);
  return refused(std::string("no TLS connection: ") + (text != nullptr ? text : "unknown error") +
                 "; TLS 1.2 or 1.3 and an HTTP version in common (--http) are needed");
}

}  // namespace peakstorm
