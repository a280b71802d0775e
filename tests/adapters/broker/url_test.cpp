// Broker URLs: what they mean, and what is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/broker.hpp"

namespace peakstorm {
namespace {

struct Sound {
  const char* url;
  const char* text;
  BrokerKind kind;
  bool tls;
  const char* vhost;
  const char* name;
  const char* key;
};

class SoundUrl : public ::testing::TestWithParam<Sound> {};

TEST_P(SoundUrl, HasItsParts) {
  const Sound& sound = GetParam();
  ASSERT_TRUE(names_broker(sound.url));
  const auto url = parse_broker_url(sound.url);
  ASSERT_TRUE(url.has_value()) << url.error().message;
  EXPECT_EQ(url->kind, sound.kind);
  EXPECT_EQ(url->tls, sound.tls);
  EXPECT_EQ(url->vhost, sound.vhost);
  EXPECT_EQ(url->name, sound.name);
  EXPECT_EQ(url->key, sound.key);
  EXPECT_EQ(url->text(), sound.text);
  // What is told can be given again.
  const auto again = parse_broker_url(url->text());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->text(), sound.text);
}

INSTANTIATE_TEST_SUITE_P(
    EachScheme, SoundUrl,
    ::testing::Values(
        Sound{"nats://127.0.0.1/scans.ups", "nats://127.0.0.1:4222/scans.ups", BrokerKind::nats, false, "", "scans.ups",
              ""},
        Sound{"nats+tls://h:1/s", "nats+tls://h:1/s", BrokerKind::nats, true, "", "s", ""},
        Sound{"amqp://h/%2F/scans?key=a.b", "amqp://h:5672/%2F/scans?key=a.b", BrokerKind::amqp, false, "/", "scans",
              "a.b"},
        Sound{"amqp://h/%2F/?key=queue", "amqp://h:5672/%2F/?key=queue", BrokerKind::amqp, false, "/", "", "queue"},
        Sound{"amqps://h/shop%2Feu/x", "amqps://h:5671/shop%2Feu/x", BrokerKind::amqp, true, "shop/eu", "x", ""},
        Sound{"mqtt://[::1]:1883/a/b%20c", "mqtt://[::1]:1883/a/b%20c", BrokerKind::mqtt, false, "", "a/b c", ""},
        Sound{"mqtts://h/t", "mqtts://h:8883/t", BrokerKind::mqtt, true, "", "t", ""},
        Sound{"redis://localhost:0080/scans:ups", "redis://localhost:80/scans:ups", BrokerKind::redis, false, "",
              "scans:ups", ""},
        Sound{"kafka://h/scans_1.x-y", "kafka://h:9092/scans_1.x-y", BrokerKind::kafka, false, "", "scans_1.x-y", ""},
        Sound{"kafka+tls://h/t", "kafka+tls://h:9093/t", BrokerKind::kafka, true, "", "t", ""}));

struct Unsound {
  const char* url;
  const char* why;
};

class UnsoundUrl : public ::testing::TestWithParam<Unsound> {};

TEST_P(UnsoundUrl, IsRefusedWithItsCure) {
  ASSERT_TRUE(names_broker(GetParam().url));
  const auto url = parse_broker_url(GetParam().url);
  ASSERT_FALSE(url.has_value()) << url->text();
  EXPECT_EQ(url.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(url.error().message, ::testing::HasSubstr(GetParam().why));
  EXPECT_THAT(url.error().message, ::testing::Not(::testing::HasSubstr("s3cret")));
}

INSTANTIATE_TEST_SUITE_P(
    EachFault, UnsoundUrl,
    ::testing::Values(Unsound{"nats://carrier:s3cret@h/x", "PEAKSTORM_BROKER_PASSWORD"},
                      Unsound{"nats://h", "has no subject"}, Unsound{"nats://h/", "has no subject"},
                      Unsound{"nats://h/a.*", "one subject"}, Unsound{"nats://h/a/b", "one subject"},
                      Unsound{"nats://h/a..b", "empty token"}, Unsound{"nats://h/$JS.API", "the server's own"},
                      Unsound{"nats://h/a?x=1", "must not have a query"}, Unsound{"nats://h/a#b", "%23"},
                      Unsound{"nats://h:70000/a", "port"}, Unsound{"nats:///a", "has no host"},
                      Unsound{"nats://h/a%0", "two hex digits"}, Unsound{"nats://h/a%zz", "two hex digits"},
                      Unsound{"nats://h/a%0Ab", "control character"}, Unsound{"nats://h/\xc3\xa9", "percent-encode"},
                      Unsound{"amqp://h", "virtual host"}, Unsound{"amqp://h//x?key=k", "virtual host"},
                      Unsound{"amqp://h/%2F/", "neither an exchange nor a routing key"},
                      Unsound{"amqp://h/%2F/a/b", "%2F"}, Unsound{"amqp://h/%2F/x?queue=k", "?key="},
                      Unsound{"amqp://h/%2F/x?key=a&b=c", "nothing else"}, Unsound{"mqtt://h/", "has no topic"},
                      Unsound{"mqtt://h/a/+", "'+' or '#'"}, Unsound{"mqtt://h/$SYS/x", "the broker's own"},
                      Unsound{"redis://h/", "has no stream"}, Unsound{"rediss://h/s", "TLS tunnel"},
                      Unsound{"tls://h/s", "nats+tls://"}, Unsound{"kafka://h/", "has no topic"},
                      Unsound{"kafka://h/a%20b", "letters, digits"}, Unsound{"kafkas://h/a", "kafka+tls://"}));

TEST(BrokerUrls, OthersAreNotBrokers) {
  for (const char* url : {"http://h/x", "https://h", "ftp://h/x", "", "nats", "nats:/h"})
    EXPECT_FALSE(names_broker(url));
}

}  // namespace
}  // namespace peakstorm
