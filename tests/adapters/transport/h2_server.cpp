#include "tests/adapters/transport/h2_server.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <list>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

namespace peakstorm::testing {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class H2Server::Impl {
 public:
  Impl(Handler handler, std::uint32_t streams_max) : handler_(std::move(handler)), streams_max_(streams_max) {
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    io_.stop();
    thread_.join();
    for (Session& s : sessions_) nghttp2_session_del(s.http);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  void gather(std::size_t streams) { gather_ = streams; }

 private:
  struct Stream {
    H2Request request;
    H2Served served;
    std::size_t sent = 0;
  };
  struct Session {
    Session(Impl* owner, tcp::socket s) : server(owner), socket(std::move(s)) {}
    Impl* server;
    tcp::socket socket;
    nghttp2_session* http = nullptr;
    std::map<std::int32_t, Stream> streams;
    std::vector<std::int32_t> gathered;
    std::array<std::uint8_t, 16384> in{};
    std::string out;
    bool writing = false;
    std::uint64_t number = 0;
  };

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      Session& s = sessions_.emplace_back(this, std::move(socket));
      s.number = accepted_++;
      error_code ignored;
      s.socket.set_option(tcp::no_delay(true), ignored);
      nghttp2_session_callbacks* callbacks = nullptr;
      nghttp2_session_callbacks_new(&callbacks);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
      nghttp2_session_server_new(&s.http, callbacks, &s);
      nghttp2_session_callbacks_del(callbacks);
      const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max_};
      nghttp2_submit_settings(s.http, NGHTTP2_FLAG_NONE, &limit, 1);
      flush(s);
      read(s);
      accept();
    });
  }

  void read(Session& s) {
    s.socket.async_read_some(asio::buffer(s.in), [this, &s](const error_code& error, std::size_t size) {
      if (error || nghttp2_session_mem_recv(s.http, s.in.data(), size) < 0) return close(s);
      flush(s);
      if (s.socket.is_open()) read(s);
    });
  }

  void flush(Session& s) {
    if (s.writing || !s.socket.is_open()) return;
    s.out.clear();
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(s.http, &bytes)) > 0;) {
      s.out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    if (s.out.empty()) {
      if (nghttp2_session_want_read(s.http) == 0) close(s);
      return;
    }
    s.writing = true;
    asio::async_write(s.socket, asio::buffer(s.out), [this, &s](const error_code& error, std::size_t) {
      s.writing = false;
      if (!error) flush(s);
    });
  }

  static void close(Session& s) {
    error_code ignored;
    s.socket.shutdown(tcp::socket::shutdown_both, ignored);
    s.socket.close(ignored);
  }

  static int on_header(nghttp2_session* /*http*/, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/,
                       void* user) {
    H2Request& request = static_cast<Session*>(user)->streams[frame->hd.stream_id].request;
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":method") {
      request.method = text;
    } else if (key == ":path") {
      request.path = text;
    } else if (key == ":authority") {
      request.authority = text;
    } else if (key != ":scheme") {
      request.headers += key + ": " + text + "\n";
    }
    return 0;
  }

  static int on_data(nghttp2_session* /*http*/, std::uint8_t /*flags*/, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    static_cast<Session*>(user)->streams[id].request.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int on_frame(nghttp2_session* /*http*/, const nghttp2_frame* frame, void* user) {
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!carries || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    Session& s = *static_cast<Session*>(user);
    s.gathered.push_back(frame->hd.stream_id);
    if (s.gathered.size() < s.server->gather_) return 0;
    for (const std::int32_t id : s.gathered) s.server->serve(s, id);
    s.gathered.clear();
    return 0;
  }

  static int on_close(nghttp2_session* /*http*/, std::int32_t id, std::uint32_t /*error*/, void* user) {
    static_cast<Session*>(user)->streams.erase(id);
    return 0;
  }

  void serve(Session& s, std::int32_t id) {
    Stream& stream = s.streams[id];
    stream.request.connection = s.number;
    stream.request.number = requests_++;
    stream.served = handler_(stream.request);
    using Fate = H2Served::Fate;
    switch (stream.served.fate) {
      case Fate::silent:
        return;
      case Fate::lost:
        return close(s);
      case Fate::reset:
      case Fate::refused:
        nghttp2_submit_rst_stream(s.http, NGHTTP2_FLAG_NONE, id,
                                  stream.served.fate == Fate::reset ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_REFUSED_STREAM);
        return;
      case Fate::go_away_unseen:
        nghttp2_submit_goaway(s.http, NGHTTP2_FLAG_NONE, std::max(0, id - 2), NGHTTP2_NO_ERROR, nullptr, 0);
        return;
      case Fate::go_away_after:
        nghttp2_submit_goaway(s.http, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR, nullptr, 0);
        [[fallthrough]];
      case Fate::answered:
        break;
    }
    const std::string status = std::to_string(stream.served.status);
    const auto line = [](std::string_view name, const std::string& value) {
      const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
      };
      return nghttp2_nv{bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    std::vector<nghttp2_nv> lines{line(":status", status)};
    if (!stream.served.retry_after.empty()) lines.push_back(line("retry-after", stream.served.retry_after));
    nghttp2_data_provider body{};
    body.read_callback = on_body;
    nghttp2_submit_response(s.http, id, lines.data(), lines.size(), &body);
  }

  static ssize_t on_body(nghttp2_session* /*http*/, std::int32_t id, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* /*source*/, void* user) {
    Stream& stream = static_cast<Session*>(user)->streams[id];
    const std::size_t part = stream.served.body.copy(reinterpret_cast<char*>(out), size, stream.sent);
    stream.sent += part;
    if (stream.sent == stream.served.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part);
  }

  Handler handler_;
  std::uint32_t streams_max_;
  std::atomic<std::size_t> gather_ = 0;  // Written by the test's thread, read by the server's.
  std::uint64_t requests_ = 0;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  std::list<Session> sessions_;
  std::atomic<std::uint64_t> accepted_ = 0;  // Written by the server's thread, read by the test's.
  std::thread thread_;
};

H2Server::H2Server(Handler handler, std::uint32_t streams_max)
    : impl_(std::make_unique<Impl>(std::move(handler), streams_max)) {}
H2Server::~H2Server() = default;
std::uint16_t H2Server::port() const {
  return impl_->port();
}
std::string H2Server::url() const {
  return "http://127.0.0.1:" + std::to_string(port());
}
std::uint64_t H2Server::connections() const {
  return impl_->accepted();
}
void H2Server::gather(std::size_t streams) {
  impl_->gather(streams);
}

}  // namespace peakstorm::testing
