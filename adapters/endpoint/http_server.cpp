// Sockets and HTTP of whatever is served here: one thread, one io_context. A turn of its loop runs the handlers that
// are ready, commits what they stored as one group, then sends the replies: the busier the server, the larger its
// groups, with no timer to tune. HTTP is parsed by Beast's parser straight from the read buffer; deadlines are checked
// by one sweep a second, because a timer per read costs more than the read.
#include "adapters/endpoint/http_server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <ctime>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace peakstorm::endpoint {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 16U << 10U;
constexpr std::uint32_t header_bytes_max = 16U << 10U;
constexpr std::size_t buffer_bytes_max = 64U << 10U;
constexpr std::size_t turn_handlers_max = 1024;  // Bounds a group, and so the wait of its first message.
constexpr std::size_t linger_bytes_max = 64U << 20U;
constexpr std::chrono::seconds linger_time{2};

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

class OtherHeaders final : public Headers {
 public:
  explicit OtherHeaders(const http::fields& fields) : fields_(fields) {}
  [[nodiscard]] std::string_view value(std::string_view name) const override {
    return view(fields_[boost::beast::string_view(name.data(), name.size())]);
  }

 private:
  const http::fields& fields_;
};

std::string_view reason(unsigned status) {
  const auto text = http::obsolete_reason(static_cast<http::status>(status));
  return view(text);
}

class Server;

/// One connection. Reads a request, waits for its reply, sends it, and so on: pipelined requests stay in
/// the buffer until their turn. Kept alive by its pending operation and the server's list.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Server& server, tcp::socket socket) : server_(server), socket_(std::move(socket)) {}

  void start();
  /// Answers a connection too many.
  void turn_away();
  /// After the commit; the reply is complete.
  void send();
  void close();
  Reply& reply() { return reply_; }
  [[nodiscard]] SteadyClock::time_point deadline() const { return deadline_; }
  std::list<std::shared_ptr<Session>>::iterator self;

 private:
  using Parser = http::request_parser<http::string_body>;

  void next_request();
  void read();
  void feed();
  bool header_is_fine();
  void handle();
  void refuse_and_close(unsigned status, std::string_view why);
  void send_later();
  void linger();
  void drain();

  Server& server_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_{buffer_bytes_max};
  std::optional<Parser> parser_;
  std::optional<asio::steady_timer> delay_;  // Of a reply that is to come late.
  Reply reply_;
  std::string out_;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  SteadyClock::time_point received_;
  std::size_t charged_ = 0;  // Bytes of the server's budget for bodies.
  std::size_t drained_ = 0;
  bool first_ = true;  // No request has been answered yet.
  bool header_seen_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool closed_ = false;
};

class Server {
 public:
  Server(ServerOptions options, std::unique_ptr<Service> service)
      : options_(std::move(options)), acceptor_(io_), sweep_(io_), service_(std::move(service)) {}
  ~Server() { stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> open() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
      return fail(ErrorKind::bad_input,
                  options_.name + " address '" + options_.address + "': not numeric; for instance 127.0.0.1");
    }
    if (!address.is_loopback() && !options_.allow_any_address) {
      return fail(ErrorKind::bad_input,
                  options_.name + " address " + options_.address +
                      ": reachable from outside this machine; use 127.0.0.1 or allow it explicitly");
    }
    const tcp::endpoint where(address, options_.port);
    acceptor_.open(where.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(where, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return fail(ErrorKind::io, options_.name + " " + options_.address + " port " + std::to_string(options_.port) +
                                     ": " + error.message() + "; choose another port, or 0 for a free one");
    }
    port_ = acceptor_.local_endpoint(error).port();
    return {};
  }

  void run() {
    thread_ = std::thread([this] { loop(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { stopping_ = true; });
    thread_.join();
  }

  void serve(std::shared_ptr<const OwnedRequest> request, std::function<void(const Reply&)> done) {
    asio::post(io_, [this, request = std::move(request), done = std::move(done)]() mutable {
      Call call{{}, std::move(done), SteadyClock::now()};
      service_->handle(request->view(), call.reply);
      if (call.reply.pending) {
        calls_.push_back(std::move(call));
      } else {
        finish(call);
      }
    });
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const ServerOptions& options() const { return options_; }

  // For sessions, on the thread.
  Service& service() { return *service_; }
  [[nodiscard]] const std::string& date() const { return date_; }
  void wait_for_commit(std::shared_ptr<Session> session) { waiting_.push_back(std::move(session)); }
  void remove(Session& session) {
    sessions_.erase(session.self);
    service_->connections(sessions_.size());
  }
  bool charge(std::size_t bytes) {
    if (pending_bytes_ + bytes > options_.pending_bytes_max) return false;
    pending_bytes_ += bytes;
    return true;
  }
  void discharge(std::size_t bytes) { pending_bytes_ -= bytes; }
  [[nodiscard]] std::chrono::milliseconds patience() const { return options_.patience; }

 private:
  /// A request that did not come by HTTP.
  struct Call {
    Reply reply;
    std::function<void(const Reply&)> done;
    SteadyClock::time_point received;
  };
  void finish(const Call& call) {
    call.done(call.reply);
    service_->answered(call.reply, SteadyClock::now() - call.received);
  }

  void loop() {
    write_date();
    accept();
    sweep();
    while (!stopping_) {
      io_.run_one();
      for (std::size_t n = 1; n < turn_handlers_max && io_.poll_one() != 0; ++n) {
      }
      finish_turn();
    }
    error_code ignored;
    acceptor_.close(ignored);
    sweep_.cancel();
    while (!sessions_.empty()) std::shared_ptr<Session>(sessions_.front())->close();
    io_.poll();  // Runs the cancelled operations' ends, which hold the sessions.
  }

  void finish_turn() {
    service_->commit();
    // Sending may run no handler before it returns, so the list does not grow meanwhile.
    for (const auto& session : waiting_) {
      service_->answer(session->reply());
      session->send();
    }
    waiting_.clear();
    for (Call& call : calls_) {
      service_->answer(call.reply);
      finish(call);
    }
    calls_.clear();
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (stopping_ || error == asio::error::operation_aborted) return;
      if (error) {
        // Out of file descriptors, as a rule: wait for some to be closed instead of spinning.
        pause_accepting();
        return;
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      const bool full = sessions_.size() >= options_.connections_max;
      // Even being turned away takes memory; past a margin the connection is just closed.
      if (sessions_.size() < options_.connections_max + 256) {
        auto session = std::make_shared<Session>(*this, std::move(socket));
        session->self = sessions_.insert(sessions_.end(), session);
        service_->connections(sessions_.size());
        full ? session->turn_away() : session->start();
      }
      accept();
    });
  }

  void pause_accepting() {
    auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds{50});
    timer->async_wait([this, timer](error_code) {
      if (!stopping_) accept();
    });
  }

  void sweep() {
    const auto step =
        std::min<std::chrono::milliseconds>(std::chrono::seconds{1}, patience() / 4 + std::chrono::milliseconds{1});
    sweep_.expires_after(step);
    sweep_.async_wait([this](error_code error) {
      if (error) return;
      write_date();
      const auto now = SteadyClock::now();
      for (auto next = sessions_.begin(); next != sessions_.end();) {
        const std::shared_ptr<Session> session = *next++;
        if (session->deadline() < now) session->close();
      }
      sweep();
    });
  }

  void write_date() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 64> text{};
    // The C locale's names: the program never calls setlocale.
    const std::size_t size = std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    date_.assign(text.data(), size);
  }

  ServerOptions options_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_;
  std::unique_ptr<Service> service_;
  std::list<std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> waiting_;
  std::vector<Call> calls_;  // Likewise for the commit.
  std::size_t pending_bytes_ = 0;
  std::string date_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;  // On the thread only.
  std::thread thread_;
};

void Session::start() {
  next_request();
}

void Session::turn_away() {
  deadline_ = SteadyClock::now() + server_.patience();
  received_ = SteadyClock::now();
  reply_ = {};
  refuse_and_close(503, "too many connections; come again");
}

void Session::next_request() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(header_bytes_max);
  parser_->body_limit(server_.options().body_bytes_max);
  header_seen_ = false;
  // A sender that has proved itself may be idle for longer: closing under its next request would look to
  // it like a failure.
  const bool idle = !std::exchange(first_, false) && buffer_.size() == 0;
  deadline_ = SteadyClock::now() + server_.patience() * (idle ? 10 : 1);
  if (buffer_.size() > 0) return feed();
  read();
}

void Session::read() {
  const std::size_t room = std::min(read_bytes, buffer_bytes_max - buffer_.size());
  if (room == 0) return refuse_and_close(431, "the header is too long");
  socket_.async_read_some(buffer_.prepare(room), [self = shared_from_this()](error_code error, std::size_t size) {
    if (self->closed_) return;
    if (error) {
      // The sender may have closed only its half: tell it what it did not finish.
      if (error == asio::error::eof && self->parser_->got_some() && !self->parser_->is_done()) {
        return self->refuse_and_close(400, "the request ends in the middle; send Content-Length bytes");
      }
      return self->close();
    }
    if (!self->parser_->got_some() && self->buffer_.size() == 0) {
      self->deadline_ = SteadyClock::now() + self->server_.patience();
    }
    self->buffer_.commit(size);
    self->feed();
  });
}

void Session::feed() {
  while (buffer_.size() > 0) {
    error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) error = {};
    if (error == http::error::body_limit) {
      return refuse_and_close(
          413, "the body is longer than " + std::to_string(server_.options().body_bytes_max) + " bytes; split it");
    }
    if (error == http::error::header_limit) return refuse_and_close(431, "the header is too long");
    if (error) return refuse_and_close(400, "not HTTP/1.1: " + error.message());
    if (!header_seen_ && parser_->is_header_done()) {
      header_seen_ = true;
      if (!header_is_fine()) return;
    }
    if (parser_->is_done()) return handle();
    if (used == 0) break;
  }
  read();
}

bool Session::header_is_fine() {
  if (parser_->is_done()) return true;
  // A chunked body may grow to the limit.
  const auto told = parser_->content_length();
  charged_ = told ? static_cast<std::size_t>(*told) : server_.options().body_bytes_max;
  if (!server_.charge(charged_)) {
    charged_ = 0;
    refuse_and_close(503, "too much in flight; come again");
    return false;
  }
  const auto expect = parser_->get()[http::field::expect];
  if (!boost::beast::iequals(expect, "100-continue")) return true;
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->feed();
  });
  return false;
}

void Session::handle() {
  received_ = SteadyClock::now();
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive() && message.version() == 11;
  head_only_ = message.method() == http::verb::head;
  Request request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.body = message.body();
  request.accept = view(message[http::field::accept]);
  request.content_type = view(message[http::field::content_type]);
  request.signature = view(message["X-Hmac-Signature"]);
  if (request.signature.empty()) request.signature = view(message["X-Peakstorm-Signature"]);
  request.ce_specversion = view(message["ce-specversion"]);
  if (!request.ce_specversion.empty()) {
    request.ce_id = view(message["ce-id"]);
    request.ce_source = view(message["ce-source"]);
    request.ce_type = view(message["ce-type"]);
    request.ce_time = view(message["ce-time"]);
  }
  const OtherHeaders others(message);
  request.others = &others;
  reply_ = {};
  server_.service().handle(request, reply_);
  deadline_ = SteadyClock::time_point::max();  // Until the commit it is our time, not the sender's.
  if (reply_.pending) {
    server_.wait_for_commit(shared_from_this());
  } else {
    send();
  }
}

void Session::refuse_and_close(unsigned status, std::string_view why) {
  received_ = SteadyClock::now();
  keep_alive_ = false;
  head_only_ = false;
  reply_ = {};
  refuse(reply_, status, why);
  if (status == 503) reply_.headers = "Retry-After: 1\r\n";
  send();
}

void Session::send() {
  if (closed_) return;
  if (reply_.delay.count() > 0) return send_later();
  server_.discharge(std::exchange(charged_, 0));
  out_.clear();
  out_ += "HTTP/1.1 ";
  out_ += std::to_string(reply_.status);
  out_ += ' ';
  out_ += reason(reply_.status);
  out_ += "\r\nContent-Type: ";
  out_ += reply_.content_type;
  out_ += "\r\nContent-Length: ";
  out_ += std::to_string(reply_.body.size());
  out_ += "\r\n";
  out_ += server_.date();
  out_ += reply_.headers;
  if (!keep_alive_) out_ += "Connection: close\r\n";
  out_ += "\r\n";
  if (!head_only_) out_ += reply_.body;
  deadline_ = SteadyClock::now() + server_.patience();
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    self->server_.service().answered(self->reply_, SteadyClock::now() - self->received_);
    if (error) return self->close();
    if (self->keep_alive_) return self->next_request();
    self->linger();
  });
}

void Session::send_later() {
  delay_.emplace(socket_.get_executor(), std::exchange(reply_.delay, {}));
  delay_->async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->send();
  });
}

void Session::linger() {
  // Closing with unread input would reset the connection, and the sender might never see the reply.
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) return close();
  deadline_ = SteadyClock::now() + linger_time;
  buffer_.clear();
  drain();
}

void Session::drain() {
  socket_.async_read_some(buffer_.prepare(read_bytes), [self = shared_from_this()](error_code error, std::size_t size) {
    if (self->closed_) return;
    self->drained_ += size;
    if (error || self->drained_ > linger_bytes_max) return self->close();
    self->drain();
  });
}

void Session::close() {
  if (std::exchange(closed_, true)) return;
  server_.discharge(std::exchange(charged_, 0));
  if (delay_) delay_->cancel();
  error_code ignored;
  socket_.close(ignored);
  server_.remove(*this);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(ServerOptions options, std::unique_ptr<Service> service) : server(std::move(options), std::move(service)) {}
  Server server;
};

ServerOptions options_for_reading(std::string name, std::uint16_t port) {
  ServerOptions options;
  options.name = std::move(name);
  options.port = port;
  options.body_bytes_max = 1U << 10U;
  options.pending_bytes_max = 64U << 10U;
  options.connections_max = 64;
  options.patience = std::chrono::seconds{30};
  return options;
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options, std::unique_ptr<Service> service) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(service));
  if (auto opened = impl->server.open(); !opened) return tl::unexpected(opened.error());
  impl->server.run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
std::uint16_t HttpServer::port() const {
  return impl_->server.port();
}
std::string HttpServer::url() const {
  const std::string& address = impl_->server.options().address;
  const bool six = address.find(':') != std::string::npos;
  return "http://" + (six ? "[" + address + "]" : address) + ":" + std::to_string(port());
}
void HttpServer::serve(std::shared_ptr<const OwnedRequest> request, std::function<void(const Reply&)> done) {
  impl_->server.serve(std::move(request), std::move(done));
}
void HttpServer::stop() {
  impl_->server.stop();
}

}  // namespace peakstorm::endpoint
