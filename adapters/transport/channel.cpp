#include "adapters/transport/channel.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

/// Where a context keeps its dialer. Asio has the context's "app data" for itself.
int dialer_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<Dialer*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), dialer_index()))->keep(session);
  return 0;  // The reference stays OpenSSL's: keep() took a copy.
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
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

bool Channel::silent() {
  if (!tls_) {
    char byte = 0;
    const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  // Session tickets may lie there unread, which is no reply: only the TLS layer can tell, so it reads.
  error_code error;
  socket_.non_blocking(true, error);
  char byte = 0;
  tls_->read_some(asio::buffer(&byte, 1), error);
  return error == asio::error::would_block || error == asio::error::try_again;
}

std::string Channel::alpn() {
  if (!tls_) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_->native_handle(), &name, &size);
  return {name, name + size};
}

void Channel::close() {
  error_code ignored;
  socket_.close(ignored);
  connected_ = false;
}

// ---- Dialer ----

Dialer::Dialer(const TargetUrl& target, const HttpOptions& options, const SteadyClock& clock)
    : target_(target), options_(options), clock_(clock) {
  const bool ipv6 = target.host.find(':') != std::string::npos;
  authority_ = (ipv6 ? "[" + target.host + "]" : target.host) + ":" + target.port;
}

Dialer::~Dialer() = default;

tl::unexpected<Error> Dialer::error(ErrorKind kind, const std::string& what) const {
  return fail(kind, target_.text() + ": " + what);
}

Result<void> Dialer::prepare() {
  if (target_.tls) {
    if (auto ready = prepare_tls(); !ready) return ready;
  }
  error_code failed;
  tcp::resolver resolver(io_);
  endpoints_ = resolver.resolve(target_.host, target_.port, failed);
  if (failed) return error(ErrorKind::unreachable, "the name does not resolve: " + failed.message());
  for (const auto& entry : endpoints_) {
    if (!options_.allow_any_address && !entry.endpoint().address().is_loopback()) {
      return error(ErrorKind::bad_input, entry.endpoint().address().to_string() +
                                             " is not this machine; spell the host out with --allow-host " +
                                             target_.host + " if it may be loaded");
    }
  }
  return {};
}

Result<void> Dialer::prepare_tls() {
  error_code failed;
  context_.emplace(asio::ssl::context::tls_client);
  SSL_CTX* const context = context_->native_handle();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options_.ca_file.empty()) {
    context_->set_default_verify_paths(failed);
    if (failed) return error(ErrorKind::io, "the system's certificates cannot be read: " + failed.message());
  } else {
    context_->load_verify_file(options_.ca_file, failed);
    if (failed) return fail(ErrorKind::bad_input, options_.ca_file + ": " + failed.message());
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

void Dialer::start_tls(Channel& channel) {
  channel.tls_.emplace(channel.socket_, *context_);
  SSL* const ssl = channel.tls_->native_handle();
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
}

void Dialer::connect(Channel& channel, Done done) {
  asio::async_connect(
      channel.socket_, endpoints_,
      [this, &channel, done = std::move(done)](const error_code& failed, const tcp::endpoint&) {
        if (failed || !channel.socket_.is_open()) {
          const bool late = !failed || failed == asio::error::operation_aborted;
          return done(error(ErrorKind::unreachable,
                            "nobody answers: " + (late ? error_code(asio::error::timed_out) : failed).message() +
                                "; start the target or correct the address"));
        }
        error_code ignored;
        channel.socket_.set_option(tcp::no_delay(true), ignored);
        if (!context_) {
          channel.connected_ = true;
          return done({});
        }
        start_tls(channel);
        channel.tls_->async_handshake(asio::ssl::stream_base::client, [this, &channel, done](const error_code& e) {
          if (e || !channel.socket_.is_open()) return done(handshake_error(e, channel));
          channel.connected_ = true;
          done({});
        });
      });
}

tl::unexpected<Error> Dialer::handshake_error(const error_code& failed, Channel& channel) const {
  const long verdict = SSL_get_verify_result(channel.tls_->native_handle());
  if (verdict != X509_V_OK) return error(ErrorKind::unreachable, certificate_cure(verdict, target_.host));
  if (!failed || failed == asio::error::operation_aborted) {
    return error(ErrorKind::unreachable,
                 "no TLS handshake in time; see whether a TLS server listens there, or use http://");
  }
  const bool not_tls = failed.category() == asio::error::get_ssl_category() &&
                       (ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_WRONG_VERSION_NUMBER ||
                        ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_HTTP_REQUEST);
  if (not_tls) {
    return error(ErrorKind::unreachable, "what answers there does not speak TLS; use http:// or the port for TLS");
  }
  if (failed.category() != asio::error::get_ssl_category()) {
    return error(ErrorKind::unreachable, "hung up in the TLS handshake: " + failed.message() +
                                             "; see the target's log, or use http:// if it has no TLS");
  }
  return error(ErrorKind::unreachable, "no TLS connection: " + failed.message() +
                                           "; TLS 1.2 or 1.3 and an HTTP version in common (--http) are needed");
}

Result<void> Dialer::connect_now(Channel& channel) {
  std::optional<Result<void>> result;
  connect(channel, [&result](Result<void> r) { result = std::move(r); });
  if (!run_until(clock_.now() + options_.connect_patience, [&] { return result.has_value(); })) {
    channel.close();
    while (!result) io_.run_one();
    if (*result) result = error(ErrorKind::unreachable, "nobody answers in time; start the target");
  }
  return *result;
}

bool Dialer::run_until(nanoseconds until, const std::function<bool()>& ready) {
  while (!ready()) {
    if (clock_.now() >= until) return false;
    wait(until);
  }
  return true;
}

void Dialer::wait(nanoseconds at) {
  if (!armed_ || armed_for_ > at) {  // One armed for earlier fires, and the caller looks again.
    armed_ = true;
    armed_for_ = at;
    timer_.expires_at(clock_.instant(at));
    timer_.async_wait([this](const error_code& error) {
      if (!error) armed_ = false;
    });
  }
  io_.run_one();
}

}  // namespace peakstorm
