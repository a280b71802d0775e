#include "tests/adapters/transport/tls_front.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace peakstorm::testing {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

template <class Write>
std::string pem_of(Write write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  write(bio);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

void extend(X509* certificate, int what, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
  if (extension == nullptr) throw std::runtime_error("extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* certificate_for(EVP_PKEY* key, const char* name, long serial, std::chrono::seconds from,
                      std::chrono::seconds until) {
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), until.count());
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  return certificate;
}

}  // namespace

class TestAuthority::Impl {
 public:
  Impl() {
    key_ = EVP_EC_gen("P-256");
    using std::chrono::hours;
    certificate_ = certificate_for(key_, "test authority", 1, hours(-2), hours(2));
    X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
    extend(certificate_, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_, NID_key_usage, "critical,keyCertSign");
    X509_sign(certificate_, key_, EVP_sha256());
    const char* const folder = std::getenv("TMPDIR");
    file_ = std::string(folder != nullptr ? folder : "/tmp") + "/peakstorm-ca-XXXXXX";
    const int made = mkstemp(file_.data());
    if (made < 0) throw std::runtime_error(file_);
    ::close(made);
    std::ofstream(file_) << pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate_); });
  }
  ~Impl() {
    ::unlink(file_.c_str());
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Identity issue(const std::string& names, std::chrono::hours from, std::chrono::hours until) const {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = certificate_for(key, "test server", 2, from, until);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate_));
    extend(certificate, NID_subject_alt_name, names);
    X509_sign(certificate, key_, EVP_sha256());
    Identity identity{pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); }), pem_of([&](BIO* bio) {
                        PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
                      })};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return identity;
  }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
  std::string file_;
};

TestAuthority::TestAuthority() : impl_(std::make_unique<Impl>()) {}
TestAuthority::~TestAuthority() = default;
Identity TestAuthority::issue(const std::string& names, std::chrono::hours from, std::chrono::hours until) const {
  return impl_->issue(names, from, until);
}
const std::string& TestAuthority::file() const {
  return impl_->file();
}

class TlsFront::Impl {
 public:
  explicit Impl(const TlsFrontOptions& options) : options_(options) {
    context_.use_certificate(asio::buffer(options.identity.certificate), asio::ssl::context::pem);
    context_.use_private_key(asio::buffer(options.identity.key), asio::ssl::context::pem);
    if (options.version_max != 0) SSL_CTX_set_max_proto_version(context_.native_handle(), options.version_max);
    SSL_CTX_set_alpn_select_cb(context_.native_handle(), choose, &options_);
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    io_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::uint64_t handshakes() const { return handshakes_; }
  [[nodiscard]] std::uint64_t resumed() const { return resumed_; }
  [[nodiscard]] std::string server_name() const {
    const std::lock_guard lock(mutex_);
    return server_name_;
  }

 private:
  struct Session {
    Session(tcp::socket s, asio::ssl::context& context, asio::io_context& io)
        : client(std::move(s), context), backend(io) {}
    asio::ssl::stream<tcp::socket> client;
    tcp::socket backend;
    std::array<char, 16384> up{};
    std::array<char, 16384> down{};
    std::size_t replied = 0;
  };

  static int choose(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void* options) {
    const std::string& mine = static_cast<const TlsFrontOptions*>(options)->alpn;
    if (mine.empty()) return SSL_TLSEXT_ERR_NOACK;
    for (unsigned at = 0; at < in_size; at += 1U + in[at]) {
      if (std::string(in + at + 1, in + at + 1 + in[at]) == mine) {
        *out = in + at + 1;
        *out_size = in[at];
        return SSL_TLSEXT_ERR_OK;
      }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      Session& s = sessions_.emplace_back(std::move(socket), context_, io_);
      error_code ignored;
      s.client.next_layer().set_option(tcp::no_delay(true), ignored);
      s.client.async_handshake(asio::ssl::stream_base::server, [this, &s](const error_code& failed) {
        if (failed) return close(s);
        ++handshakes_;
        if (SSL_session_reused(s.client.native_handle()) == 1) ++resumed_;
        const char* const name = SSL_get_servername(s.client.native_handle(), TLSEXT_NAMETYPE_host_name);
        {
          const std::lock_guard lock(mutex_);
          server_name_ = name != nullptr ? name : "";
        }
        error_code refused;
        s.backend.connect({asio::ip::make_address("127.0.0.1"), options_.backend}, refused);
        if (refused) return close(s);
        s.backend.set_option(tcp::no_delay(true), refused);
        up(s);
        down(s);
      });
      accept();
    });
  }

  void up(Session& s) {
    s.client.async_read_some(asio::buffer(s.up), [this, &s](const error_code& error, std::size_t size) {
      if (error) return close(s);
      asio::async_write(s.backend, asio::buffer(s.up, size), [this, &s](const error_code& failed, std::size_t) {
        if (failed) return close(s);
        up(s);
      });
    });
  }

  void down(Session& s) {
    s.backend.async_read_some(asio::buffer(s.down), [this, &s](const error_code& error, std::size_t size) {
      if (error) return close(s);
      const std::size_t before = s.replied;
      s.replied += size;
      const bool reset = options_.reset_after > 0 && s.replied >= options_.reset_after;
      if (reset) size = options_.reset_after - before;
      asio::async_write(s.client, asio::buffer(s.down, size), [this, &s, reset](const error_code& failed, std::size_t) {
        error_code ignored;
        if (reset) s.client.next_layer().set_option(asio::socket_base::linger(true, 0), ignored);
        if (failed || reset) return close(s);
        down(s);
      });
    });
  }

  static void close(Session& s) {
    error_code ignored;
    s.client.next_layer().close(ignored);
    s.backend.close(ignored);
  }

  TlsFrontOptions options_;
  asio::ssl::context context_{asio::ssl::context::tls_server};
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  std::list<Session> sessions_;
  std::atomic<std::uint64_t> handshakes_ = 0;  // Written by the server's thread, read by the test's.
  std::atomic<std::uint64_t> resumed_ = 0;
  mutable std::mutex mutex_;  // Of server_name_.
  std::string server_name_;
  std::thread thread_;
};

TlsFront::TlsFront(const TlsFrontOptions& options) : impl_(std::make_unique<Impl>(options)) {}
TlsFront::~TlsFront() = default;
std::string TlsFront::url(const std::string& host) const {
  return "https://" + host + ":" + std::to_string(impl_->port());
}
std::uint64_t TlsFront::handshakes() const {
  return impl_->handshakes();
}
std::uint64_t TlsFront::resumed() const {
  return impl_->resumed();
}
std::string TlsFront::server_name() const {
  return impl_->server_name();
}

}  // namespace peakstorm::testing
