#include "tests/adapters/transport/test_server.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <future>
#include <list>
#include <optional>
#include <thread>

namespace peakstorm::testing {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

Served answer(unsigned status, std::string body, const std::string& headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              headers + "\r\n" + body,
          false,
          {}};
}

class TestServer::Impl {
 public:
  explicit Impl(Handler handler) : handler_(std::move(handler)) {
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
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }

  void close_connections() {
    std::promise<void> done;
    asio::post(io_, [&] {
      for (Session& s : sessions_) {
        error_code ignored;
        s.socket.shutdown(tcp::socket::shutdown_both, ignored);
        s.socket.close(ignored);
      }
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  struct Session {
    explicit Session(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    boost::beast::flat_buffer buffer;
    std::optional<http::request_parser<http::string_body>> parser;
    Served served;
    std::uint64_t number = 0;
  };

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      Session& session = sessions_.emplace_back(std::move(socket));
      session.number = accepted_++;
      error_code ignored;
      session.socket.set_option(tcp::no_delay(true), ignored);
      read(session);
      accept();
    });
  }

  void read(Session& s) {
    s.parser.emplace();
    http::async_read(s.socket, s.buffer, *s.parser, [this, &s](const error_code& error, std::size_t) {
      if (error) {
        error_code ignored;
        s.socket.close(ignored);
        return;
      }
      auto& message = s.parser->get();
      s.served =
          handler_({std::string(message.method_string()), std::string(message.target()), message.body(), s.number});
      write(s);
    });
  }

  void write(Session& s) {
    asio::async_write(s.socket, asio::buffer(s.served.bytes), [this, &s](const error_code& error, std::size_t) {
      error_code ignored;
      if (error) return;
      if (!s.served.repeat.empty()) {
        s.served.bytes = s.served.repeat;
        write(s);
      } else if (s.served.close) {
        s.socket.shutdown(tcp::socket::shutdown_both, ignored);
        s.socket.close(ignored);
      } else {
        read(s);
      }
    });
  }

  Handler handler_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  std::list<Session> sessions_;
  std::atomic<std::uint64_t> accepted_ = 0;  // Written by the server's thread, read by the test's.
  std::thread thread_;
};

TestServer::TestServer(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {}
TestServer::~TestServer() = default;
std::uint16_t TestServer::port() const {
  return impl_->port();
}
std::string TestServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port());
}
std::uint64_t TestServer::connections() const {
  return impl_->accepted();
}
void TestServer::close_connections() {
  impl_->close_connections();
}

}  // namespace peakstorm::testing
