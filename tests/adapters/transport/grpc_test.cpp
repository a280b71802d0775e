// Goal: what a gRPC call said, and what it did not say, is counted as just that; nothing is confirmed without the
// server's word. Method: our transport, which has an HTTP/2 of its own, against servers of gRPC's library, with faults.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "adapters/transport.hpp"
#include "tests/adapters/transport/h2_server.hpp"
#include "tests/adapters/transport/test_server.hpp"
#include "tests/adapters/transport/tls_front.hpp"
#include "tests/adapters/transport/transport_test.hpp"
#include "tracking.grpc.pb.h"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
namespace service = ::peakstorm::tracking::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TestAuthority;

/// A platform with the service of tracking.proto. A message whose path is "/code/N" ends with that code; "/silent" is
/// not answered before the platform goes or the caller gives up.
class Platform final : public service::Tracking::CallbackService {
 public:
  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context, const service::ScanMessage* message,
                                    service::Ack* /*ack*/) override {
    auto* const reactor = context->DefaultReactor();
    std::vector<grpc::ServerUnaryReactor*> ready;
    {
      const std::lock_guard lock(mutex);
      messages.push_back(*message);
      left = context->deadline() - std::chrono::system_clock::now();
      if (message->path() == "/silent") return new Patient<grpc::ServerUnaryReactor>;
      if (message->path() == "/busy") context->AddTrailingMetadata("grpc-retry-pushback-ms", "2100");
      held.push_back(reactor);
      if (held.size() < gather) return reactor;
      ready.swap(held);
    }
    for (auto* const r : ready) r->Finish(status_of(*message));
    return reactor;
  }

  grpc::ServerReadReactor<service::ScanMessage>* PublishStream(grpc::CallbackServerContext* /*context*/,
                                                               service::PublishSummary* summary) override {
    if (deaf) return new Patient<grpc::ServerReadReactor<service::ScanMessage>>;
    return new Stream(*this, *summary);
  }

  grpc::ServerUnaryReactor* PutParcels(grpc::CallbackServerContext* context, const service::Parcels* parcels,
                                       service::Ack* /*ack*/) override {
    {
      const std::lock_guard lock(mutex);
      promises = *parcels;
    }
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerUnaryReactor* GetTracking(grpc::CallbackServerContext* context, const service::TrackingRequest* asked,
                                        service::TrackingPage* page) override {
    auto* const reactor = context->DefaultReactor();
    if (asked->tracking_number() == "unknown") {
      reactor->Finish({grpc::StatusCode::NOT_FOUND, "no such parcel"});
      return reactor;
    }
    page->set_tracking_number(asked->tracking_number());
    if (asked->tracking_number() != "new") {
      page->set_status("delivered");
      auto& scan = *page->add_scans();
      scan.set_at("2013-12-24T18:03:00.000Z");
      scan.set_kind("delivered");
    }
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  static grpc::Status status_of(const service::ScanMessage& message) {
    if (message.path() == "/busy") return {grpc::StatusCode::RESOURCE_EXHAUSTED, "busy"};
    if (!message.path().starts_with("/code/")) return grpc::Status::OK;
    return {static_cast<grpc::StatusCode>(std::stoi(message.path().substr(6))), "on request"};
  }

  std::mutex mutex;  // Of all below.
  std::vector<service::ScanMessage> messages;
  service::Parcels promises;
  std::chrono::system_clock::duration left{};  // Until the last call's deadline.
  std::size_t gather = 1;                      // Unary calls are answered together, so many at a time.
  std::vector<grpc::ServerUnaryReactor*> held;
  std::vector<std::size_t> stream_sizes;
  std::uint64_t forgotten = 0;     // Messages of each stream that its summary does not account for.
  std::uint64_t beyond = 0;        // Positions are told so much too high.
  std::atomic<bool> deaf = false;  // Streams are not read.
  std::size_t ends_after = 0;      // A stream is ended with INTERNAL after so many messages; 0: never.

 private:
  /// Answers nothing until the caller is gone.
  template <class Reactor>
  class Patient final : public Reactor {
   public:
    void OnCancel() override { this->Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };

  class Stream final : public grpc::ServerReadReactor<service::ScanMessage> {
   public:
    Stream(Platform& platform, service::PublishSummary& summary) : platform_(platform), summary_(summary) {
      StartRead(&message_);
    }
    void OnReadDone(bool ok) override {
      bool breaks = false;
      {
        const std::lock_guard lock(platform_.mutex);
        if (ok) {
          platform_.messages.push_back(message_);
          breaks = ++read_ == platform_.ends_after;
          if (const auto status = status_of(message_); status.ok()) {
            summary_.set_stored(summary_.stored() + 1);
          } else {
            auto& refused = *summary_.add_refused();
            refused.set_position(read_ - 1 + platform_.beyond);
            refused.set_code(static_cast<std::uint32_t>(status.error_code()));
            refused.set_message(status.error_message());
            refused.set_retry_after_ms(1500);
          }
        } else {
          platform_.stream_sizes.push_back(read_);
          summary_.set_stored(summary_.stored() - std::min(summary_.stored(), platform_.forgotten));
        }
      }
      if (breaks) return Finish({grpc::StatusCode::INTERNAL, "broken on request"});
      if (!ok) return Finish(grpc::Status::OK);
      StartRead(&message_);
    }
    void OnDone() override { delete this; }

   private:
    Platform& platform_;
    service::PublishSummary& summary_;
    service::ScanMessage message_;
    std::size_t read_ = 0;
  };
};

/// Any method: takes one message and answers with what it got, or with nothing at all.
class AnyMethod final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new Call(*this, *context);
  }
  std::mutex mutex;
  std::string method, header, body;
  bool answers = true;

 private:
  class Call final : public grpc::ServerGenericBidiReactor {
   public:
    Call(AnyMethod& any, grpc::GenericCallbackServerContext& context) : any_(any) {
      const std::lock_guard lock(any_.mutex);
      any_.method = context.method();
      const auto found = context.client_metadata().find("x-event");
      if (found != context.client_metadata().end()) any_.header = {found->second.data(), found->second.size()};
      StartRead(&bytes_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      std::vector<grpc::Slice> slices;
      (void)bytes_.Dump(&slices);
      bool answers = false;
      {
        const std::lock_guard lock(any_.mutex);
        any_.body.clear();
        for (const auto& slice : slices) any_.body.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
        answers = any_.answers;
      }
      if (answers) return StartWriteAndFinish(&bytes_, grpc::WriteOptions(), grpc::Status::OK);
      Finish(grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    AnyMethod& any_;
    grpc::ByteBuffer bytes_;
  };
};

/// One of gRPC's servers on a free loopback port, or on `port`.
class Serving {
 public:
  template <class Register>
  explicit Serving(Register add, int port = 0,
                   const std::shared_ptr<grpc::ServerCredentials>& credentials = grpc::InsecureServerCredentials()) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), credentials, &port_);
    add(builder);
    server_ = builder.BuildAndStart();
  }
  ~Serving() { stop(); }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  void stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& scheme = "grpc://") const {
    return scheme + "127.0.0.1:" + std::to_string(port_);
  }

 private:
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

class Grpc : public testing::TransportTest {
 protected:
  [[nodiscard]] auto add() {
    return [this](grpc::ServerBuilder& builder) { builder.RegisterService(&platform_); };
  }
  static HttpOptions streaming() {
    HttpOptions options;
    options.call = GrpcCall::stream;
    return options;
  }
  using TransportTest::open;
  using TransportTest::refusal;
  std::unique_ptr<Transport> open(const std::string& url) { return open(url, {}); }
  Error refusal(const std::string& url) { return refusal(url, {}); }
  static Request scan(std::string_view path, std::string_view body = "{}") {
    return {"POST", path, "Content-Type: application/json\r\nX-Event: 7\r\n", body, "id-1", "1Z"};
  }
  std::vector<Result<Reply>> send_all(Transport& transport, const std::vector<Request>& requests,
                                      std::chrono::milliseconds patience = 20s) {
    std::vector<std::optional<Result<Reply>>> results(requests.size());
    std::size_t done = 0;
    for (std::size_t next = 0; done < requests.size();) {
      for (; next < requests.size() && transport.idle() > 0; ++next) {
        transport.submit(requests[next], patience, [&, next](Result<Reply> reply) {
          results[next] = std::move(reply);
          ++done;
        });
      }
      transport.poll(clock_.now() + 1s);
    }
    EXPECT_EQ(transport.in_flight(), 0U);
    std::vector<Result<Reply>> all;
    for (auto& result : results) all.push_back(std::move(*result));
    return all;
  }

  Platform platform_;
};

TEST_F(Grpc, CarriesMessagesOfAnySizeWithWhatIsKnownOfThem) {
  const Serving server(add());
  const auto transport = open(server.url());
  ASSERT_TRUE(transport);
  for (const std::size_t size : {0, 1, 5'000, 70'000, 1'000'000}) {
    const std::string body(size, 'x');
    const auto reply = send(*transport, scan("/webhooks/easypost", body));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->acknowledgement, Acknowledgement::confirmed);
    EXPECT_EQ(reply->status, 200U);
    EXPECT_EQ(reply->grpc_status, 0U);
    const std::lock_guard lock(platform_.mutex);
    const service::ScanMessage& got = platform_.messages.back();
    EXPECT_EQ(got.body(), body);
    EXPECT_EQ(got.id(), "id-1");
    EXPECT_EQ(got.tracking_number(), "1Z");
    EXPECT_EQ(got.path(), "/webhooks/easypost");
    ASSERT_EQ(got.headers_size(), 2);
    EXPECT_EQ(got.headers(1).name() + "=" + got.headers(1).value(), "X-Event=7");
  }
  EXPECT_GT(platform_.left, 10s);
  EXPECT_LE(platform_.left, 20s);
}

TEST_F(Grpc, EveryCodeIsFinalOrWorthAnotherAttempt) {
  const Serving server(add());
  const auto transport = open(server.url());
  ASSERT_TRUE(transport);
  struct Case {
    unsigned code, status;
    bool again;
  };
  for (const Case& c :
       {Case{1, 499, true}, Case{2, 500, true}, Case{3, 400, false}, Case{5, 404, false}, Case{6, 409, false},
        Case{7, 403, false}, Case{8, 429, true}, Case{9, 400, false}, Case{10, 409, true}, Case{11, 400, false},
        Case{12, 501, false}, Case{13, 500, true}, Case{14, 503, true}, Case{15, 500, true}, Case{16, 401, false}}) {
    SCOPED_TRACE(c.code);
    const auto reply = send(*transport, scan("/code/" + std::to_string(c.code)));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->grpc_status, c.code);
    EXPECT_EQ(reply->status, c.status);
    EXPECT_EQ(reply->acknowledgement, c.again ? Acknowledgement::refused_now : Acknowledgement::refused);
    EXPECT_THAT(reply->body, HasSubstr(": on request"));
    EXPECT_EQ(reply->retry_after, std::nullopt);
  }
  const auto busy = send(*transport, scan("/busy"));
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->retry_after, 3s);  // 2100 ms, in whole seconds.
  const auto late = send(*transport, scan("/code/4"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timed_out);
}

TEST_F(Grpc, ManyCallsAreUnderWayAtOnce) {
  const Serving server(add());
  HttpOptions options;
  options.streams = 40;
  const auto transport = open(server.url(), options);
  ASSERT_TRUE(transport);
  EXPECT_EQ(transport->idle(), 40U);
  platform_.gather = 40;
  for (const auto& reply : send_all(*transport, std::vector<Request>(400, scan("/x")))) {
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->acknowledgement, Acknowledgement::confirmed);
  }
}

TEST_F(Grpc, AServerThatNeverAnswersTimesOut) {
  const Serving server(add());
  platform_.deaf = true;
  for (const HttpOptions& options : {HttpOptions(), streaming()}) {
    const auto transport = open(server.url(), options);
    ASSERT_TRUE(transport);
    for (const auto& reply : send_all(*transport, {scan("/silent"), scan("/silent")}, 50ms)) {
      ASSERT_FALSE(reply);
      EXPECT_EQ(reply.error().kind, ErrorKind::timed_out);
    }
  }
}

TEST_F(Grpc, AStreamsSummaryTellsTheFateOfEachMessage) {
  const Serving server(add());
  const auto transport = open(server.url(), streaming());
  ASSERT_TRUE(transport);
  std::vector<Request> requests(150, scan("/x"));
  requests[3] = scan("/code/3");
  requests[70] = scan("/code/8");
  requests[140] = scan("/code/4");
  const auto replies = send_all(*transport, requests);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    SCOPED_TRACE(i);
    if (i == 140) {
      ASSERT_FALSE(replies[i]);
      EXPECT_EQ(replies[i].error().kind, ErrorKind::timed_out);
      continue;
    }
    ASSERT_TRUE(replies[i]) << replies[i].error().message;
    EXPECT_EQ(replies[i]->acknowledgement, i == 3    ? Acknowledgement::refused
                                           : i == 70 ? Acknowledgement::refused_now
                                                     : Acknowledgement::confirmed);
    EXPECT_EQ(replies[i]->retry_after, i == 3 || i == 70 ? std::optional(2s) : std::nullopt);
  }
  const std::lock_guard lock(platform_.mutex);
  ASSERT_EQ(platform_.messages.size(), 150U);
  for (const std::size_t size : platform_.stream_sizes) EXPECT_LE(size, grpc_stream_messages);
  EXPECT_GE(platform_.stream_sizes.size(), 3U);
}

TEST_F(Grpc, AMessageDoesNotWaitForAStreamToFill) {
  const Serving server(add());
  HttpOptions options = streaming();
  options.streams = 1;
  const auto transport = open(server.url(), options);
  ASSERT_TRUE(transport);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(send(*transport, scan("/x")));
  const std::lock_guard lock(platform_.mutex);
  EXPECT_THAT(platform_.stream_sizes, ElementsAre(1, 1, 1));
}

TEST_F(Grpc, ABrokenStreamConfirmsNothing) {
  const Serving server(add());
  const auto transport = open(server.url(), streaming());
  ASSERT_TRUE(transport);
  platform_.ends_after = 2;
  for (const auto& reply : send_all(*transport, std::vector<Request>(20, scan("/x")))) {
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->acknowledgement, Acknowledgement::refused_now);
    EXPECT_EQ(reply->status, 500U);
  }
  platform_.ends_after = 0;
  EXPECT_TRUE(send(*transport, scan("/x")));
}

TEST_F(Grpc, ASummaryThatDoesNotAddUpConfirmsNothing) {
  const Serving server(add());
  const auto transport = open(server.url(), streaming());
  ASSERT_TRUE(transport);
  platform_.forgotten = 1;
  for (const auto& reply : send_all(*transport, std::vector<Request>(5, scan("/x")))) {
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::malformed_reply);
    EXPECT_THAT(reply.error().message, HasSubstr("accounts for"));
  }
  platform_.forgotten = 0;
  platform_.beyond = 100;
  const auto replies = send_all(*transport, {scan("/x"), scan("/code/3")});
  for (const auto& reply : replies) {
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().message, HasSubstr("not sent"));
  }
}

TEST_F(Grpc, AServerThatDiesAndComesAgainIsConnectedToAnew) {
  for (const HttpOptions& options : {HttpOptions(), streaming()}) {
    auto server = std::make_unique<Serving>(add());
    const int port = server->port();
    const auto transport = open(server->url(), options);
    ASSERT_TRUE(transport);
    EXPECT_TRUE(send(*transport, scan("/x")));
    server.reset();
    const auto gone = send(*transport, scan("/x"));
    EXPECT_FALSE(gone);
    server = std::make_unique<Serving>(add(), port);
    const auto back = send(*transport, scan("/x"));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->acknowledgement, Acknowledgement::confirmed);
  }
}

TEST_F(Grpc, WhatIsUnderWayWhenAServerDiesIsNotConfirmed) {
  auto server = std::make_unique<Serving>(add());
  const auto transport = open(server->url());
  ASSERT_TRUE(transport);
  std::optional<Result<Reply>> result;
  transport->submit(scan("/silent"), 20s, [&](Result<Reply> reply) { result = std::move(reply); });
  const auto arrived = [this] {
    const std::lock_guard lock(platform_.mutex);
    return !platform_.messages.empty();
  };
  while (!arrived()) transport->poll(clock_.now() + 1ms);
  std::thread ender([&] { server.reset(); });
  while (!result) transport->poll(clock_.now() + 10ms);
  ender.join();
  EXPECT_TRUE(!*result || (*result)->acknowledgement == Acknowledgement::refused_now);
}

TEST_F(Grpc, PromisesAndPages) {
  const Serving server(add());
  const auto transport = open(server.url(), streaming());
  ASSERT_TRUE(transport);
  const auto put = send(*transport, {"PUT", "/parcels", "X-Hmac-Signature: ab\r\n", R"({"parcels":[]})"});
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(put->status, 200U);
  EXPECT_EQ(platform_.promises.body(), R"({"parcels":[]})");
  ASSERT_EQ(platform_.promises.headers_size(), 1);
  const auto page = send(*transport, {"GET", "/track/1%20Z", "", ""});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->status, 200U);
  EXPECT_EQ(page->acknowledgement, Acknowledgement::by_status);
  for (const char* const member : {R"("tracking_number":"1 Z")", R"("status":"delivered")",
                                   R"("scans":[{"at":"2013-12-24T18:03:00.000Z","kind":"delivered"}])"}) {
    EXPECT_THAT(page->body, HasSubstr(member));
  }
  EXPECT_EQ(send(*transport, {"GET", "/track/new", "", ""})->body, R"({"tracking_number":"new","scans":[]})");
  const auto none = send(*transport, {"GET", "/track/unknown", "", ""});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->status, 404U);
}

TEST_F(Grpc, AMethodOfOnesOwnGetsTheBareMessage) {
  AnyMethod any;
  const Serving server([&](grpc::ServerBuilder& builder) { builder.RegisterCallbackGenericService(&any); });
  for (const HttpOptions& options : {HttpOptions(), streaming()}) {
    const auto transport = open(server.url() + "/acme.v1.Hooks/Take", options);
    ASSERT_TRUE(transport);
    any.answers = true;
    const auto taken = send(*transport, scan("/ignored", "bytes"));
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->acknowledgement, Acknowledgement::confirmed);
    EXPECT_EQ(any.method, "/acme.v1.Hooks/Take");
    EXPECT_EQ(any.body, "bytes");
    EXPECT_EQ(any.header, "7");
    any.answers = false;
    const auto empty = send(*transport, scan("/ignored", "bytes"));
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().kind, ErrorKind::malformed_reply);
    EXPECT_THAT(empty.error().message, HasSubstr("one uncompressed message"));
  }
}

TEST_F(Grpc, OverTlsTheCertificateIsChecked) {
  const TestAuthority authority;
  const auto credentials = [&](const std::string& names) {
    const auto identity = authority.issue(names);
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({identity.key, identity.certificate});
    return grpc::SslServerCredentials(options);
  };
  const Serving server(add(), 0, credentials("IP:127.0.0.1"));
  HttpOptions options;
  options.ca_file = authority.file();
  const auto transport = open(server.url("grpcs://"), options);
  ASSERT_TRUE(transport);
  const auto reply = send(*transport, scan("/x"));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->acknowledgement, Acknowledgement::confirmed);

  EXPECT_THAT(refusal(server.url("grpcs://")).message, HasSubstr("--ca-file"));
  EXPECT_EQ(refusal(server.url("grpcs://")).kind, ErrorKind::unreachable);
  const Serving other(add(), 0, credentials("DNS:other.example"));
  EXPECT_THAT(refusal(other.url("grpcs://"), options).message, HasSubstr("not for 127.0.0.1"));
  const Serving plain(add());
  EXPECT_THAT(refusal(plain.url("grpcs://"), options).message, HasSubstr("use grpc://"));
  EXPECT_THAT(refusal(plain.url(), options).message, HasSubstr("use grpcs://"));
}

TEST_F(Grpc, WhatIsNoGrpcServerIsNamed) {
  const testing::TestServer one([](const testing::ServedRequest&) { return testing::answer(400); });
  const Error spoken = refusal("grpc" + one.url().substr(4));
  EXPECT_EQ(spoken.kind, ErrorKind::unreachable);
  EXPECT_THAT(spoken.message, HasSubstr("check that a gRPC server listens there"));

  const testing::H2Server two(
      [](const testing::H2Request& request) -> testing::H2Served {
        if (request.headers.find("te: trailers") == std::string::npos) return {testing::H2Served::Fate::reset};
        const bool busy = request.body.find("/busy") != std::string::npos;
        return {testing::H2Served::Fate::answered, busy ? 503U : 200U, "<html>"};
      },
      8);
  const auto transport = open("grpc" + two.url().substr(4));
  ASSERT_TRUE(transport);
  const auto html = send(*transport, scan("/x"));
  ASSERT_FALSE(html);
  EXPECT_THAT(html.error().message, HasSubstr("without grpc-status"));
  const auto proxy = send(*transport, scan("/busy"));
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->acknowledgement, Acknowledgement::refused_now);
  EXPECT_EQ(refusal("grpc://127.0.0.1:1").kind, ErrorKind::unreachable);
}

TEST(GrpcUrl, HasAPortAndPerhapsAMethod) {
  const auto url = parse_target("grpc://localhost:50051/acme.v1.Hooks/Take");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->grpc);
  EXPECT_FALSE(url->tls);
  EXPECT_EQ(url->prefix, "/acme.v1.Hooks/Take");
  EXPECT_EQ(url->text(), "grpc://localhost:50051/acme.v1.Hooks/Take");
  EXPECT_EQ(parse_target("grpcs://[::1]:1/")->text(), "grpcs://[::1]:1");
  for (const auto& [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"grpc://localhost", "has no port"},
           {"grpc://localhost:1/Take", "PACKAGE.SERVICE/METHOD"},
           {"grpc://localhost:1/a/b/c", "PACKAGE.SERVICE/METHOD"},
           {"grpc://a@b:1", "user or password"},
           {"grpcx://localhost:1", "must be"}}) {
    const auto refused = parse_target(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, HasSubstr(why));
  }
}

}  // namespace
}  // namespace peakstorm
