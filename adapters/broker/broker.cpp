// Chooses the link by the URL's scheme.
#include "adapters/broker.hpp"

#include <csignal>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

std::unique_ptr<Link> make_link(LinkSetup setup) {
  switch (setup.url.kind) {
    case BrokerKind::nats:
      return make_nats_link(std::move(setup));
    case BrokerKind::amqp:
      return make_amqp_link(std::move(setup));
    case BrokerKind::mqtt:
      return make_mqtt_link(std::move(setup));
    case BrokerKind::redis:
      return make_redis_link(std::move(setup));
    case BrokerKind::kafka:
      return make_kafka_link(std::move(setup));
  }
  PEAKSTORM_CHECK(false, static_cast<int>(setup.url.kind));
}

}  // namespace

Result<BrokerTarget> open_broker(const BrokerUrl& url, const BrokerOptions& options, bool read_back,
                                 const SteadyClock& clock) {
  if (options.in_flight < 1 || options.in_flight > 4096) {
    return fail(ErrorKind::bad_input,
                "connections: " + std::to_string(options.in_flight) + " is out of range; use 1 to 4096");
  }
  // Some of the libraries write to a socket that the other side has closed; that is to be an error, not the end.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail(ErrorKind::io, "SIGPIPE cannot be ignored");
  auto address = find_broker(url, options);
  if (!address) return tl::unexpected(address.error());
  std::unique_ptr<Link> link = make_link({url, options, std::move(*address), read_back});
  Link& made = *link;
  auto transport = make_broker_transport(url, std::move(link), options.in_flight, clock);
  if (!transport) return tl::unexpected(transport.error());
  return BrokerTarget{std::move(*transport), read_back ? made.stored() : nullptr};
}

}  // namespace peakstorm
