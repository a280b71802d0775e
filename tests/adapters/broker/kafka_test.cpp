// Kafka: librdkafka's own mock cluster, within this process. Debian has no broker.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "tests/adapters/broker/fixture.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;

class Kafka : public testing::BrokerTest {
 protected:
  Kafka() {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "3", nullptr, 0);
    rd_kafka_conf_set_log_cb(conf, nullptr);
    handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    cluster = rd_kafka_handle_mock_cluster(handle);
    rd_kafka_mock_topic_create(cluster, "scans", 4, 3);
    const std::string all = rd_kafka_mock_cluster_bootstraps(cluster);
    place = "kafka://" + all.substr(0, all.find(',')) + "/scans";
  }
  ~Kafka() override { rd_kafka_destroy(handle); }

  rd_kafka_t* handle = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  std::string place;
};

TEST_F(Kafka, WhatIsAcknowledgedIsStoredWhileBrokersComeAndGo) {
  options.in_flight = 16;
  const BrokerTarget target = must_open(place);
  testing::Load load(target, clock, 1000, 20);
  load.run([&] {
    for (int id = 1; id <= 3; ++id) rd_kafka_mock_broker_set_down(cluster, id);
    for (int i = 0; i < 20; ++i) target.transport->poll(clock.now() + 5ms);
    for (int id = 1; id <= 3; ++id) rd_kafka_mock_broker_set_up(cluster, id);
  });
  load.expect_stored();
}

// The twin of the test above: the mock keeps so much of a partition and no more.
TEST_F(Kafka, WhatTheClusterThrowsAwayIsFound) {
  const BrokerTarget target = must_open(place);
  testing::Load load(target, clock, 120, 1);
  for (testing::Sent& one : load.messages) one.body += std::string(100'000, 'x');
  load.run();
  EXPECT_GT(load.missing(), 0U);
}

TEST_F(Kafka, OnlyWhatCameAfterTheOpeningIsReadBack) {
  {
    const BrokerTarget before = must_open(place, false);
    ASSERT_TRUE(testing::send_one(*before.transport, clock, "old").has_value());
  }
  const BrokerTarget target = must_open(place);
  testing::Load load(target, clock, 50, 5);
  load.run();
  EXPECT_EQ(load.expect_stored(), 0U);
}

TEST_F(Kafka, ARefusalKeepsItsCode) {
  const BrokerTarget target = must_open(place, false);
  constexpr std::int16_t produce = 0;
  rd_kafka_mock_push_request_errors(cluster, produce, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto answer = testing::send_one(*target.transport, clock, "first");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->acknowledgement, Acknowledgement::refused);
  EXPECT_EQ(answer->status, 29U);
}

TEST_F(Kafka, LoginsAreRefusedAndSoIsSilence) {
  options.user = "carrier";
  options.password = "s3cret";
  expect_refused(place, ErrorKind::bad_input, "without a login");
  options.user.clear();
  options.password.clear();
  expect_refused("kafka://127.0.0.1:" + std::to_string(testing::free_port()) + "/scans", ErrorKind::unreachable,
                 "start the broker");
}

}  // namespace
}  // namespace peakstorm
