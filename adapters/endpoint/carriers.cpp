// The carriers' start, and the credentials that they accept.
#include "adapters/carriers.hpp"

#include <algorithm>
#include <utility>

#include "adapters/endpoint/carrier_book.hpp"
#include "adapters/endpoint/carrier_handler.hpp"
#include "adapters/endpoint/http_server.hpp"

namespace peakstorm {
namespace {

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c <= 0x7e; });
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorKind::bad_input, "carriers: " + std::move(message));
}

Result<void> check(const CarriersOptions& options) {
  if (std::none_of(options.apis.begin(), options.apis.end(), [](bool api) { return api; })) {
    return bad("nothing to serve; name one of ups, usps, easypost, fedex");
  }
  if (options.token_key.empty()) return bad("no key to sign tokens with");
  if (options.token_life_s && *options.token_life_s <= 0) return bad("the life of a token must be longer than nothing");
  const CarrierTroubles& troubles = options.troubles;
  for (const auto& [name, share] :
       {std::pair("slow", troubles.slow), std::pair("error", troubles.error), std::pair("stale", troubles.stale)}) {
    if (share > 1'000'000) return bad(std::string(name) + ": a share of polls cannot be above 1");
  }
  if (troubles.slow_by.count() < 0 || troubles.stale_by <= SimDuration{} || troubles.limit_window.count() <= 0) {
    return bad("delays, ages and windows must be longer than nothing");
  }
  if (options.any_credentials) return {};
  for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
    const bool declared = std::any_of(options.credentials.begin(), options.credentials.end(),
                                      [&](const auto& c) { return static_cast<std::size_t>(c.api) == api; });
    if (options.apis[api] && !declared) {
      return bad("no credential for " + std::string(wire::pull_api_names[api]) +
                 ", so nobody could ask it; declare one, or take everybody");
    }
  }
  return {};
}

}  // namespace

Result<std::vector<CarrierCredential>> parse_credentials(std::string_view text, std::string_view file) {
  std::vector<CarrierCredential> credentials;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    std::string_view rest = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    while (!rest.empty() && (rest.back() == '\r' || rest.back() == ' ')) rest.remove_suffix(1);
    if (rest.empty() || rest.front() == '#') continue;
    const auto wrong = [&](std::string what) {
      return fail(ErrorKind::bad_input, std::string(file) + ":" + std::to_string(line) + ": " + std::move(what));
    };
    const std::size_t blank = rest.find(' ');
    const auto api = wire::pull_api_named(rest.substr(0, blank));
    if (!api) return wrong("begins with none of ups, usps, easypost, fedex; write for instance 'ups ID:SECRET'");
    std::string_view told = blank == std::string_view::npos ? "" : rest.substr(blank + 1);
    told.remove_prefix(std::min(told.find_first_not_of(' '), told.size()));
    if (told.empty() || !is_printable(told)) {
      return wrong("the credential must be printable ASCII without blanks, and not empty");
    }
    CarrierCredential credential;
    credential.api = *api;
    const std::size_t colon = told.find(':');
    credential.id = told.substr(0, colon);
    if (*api == wire::PullApi::easypost) {
      if (colon != std::string_view::npos)
        return wrong("EasyPost's credential is a key without a secret: 'easypost KEY'");
    } else {
      if (colon == std::string_view::npos || colon == 0 || colon + 1 == told.size()) {
        return wrong("the credential must be ID:SECRET");
      }
      credential.secret = told.substr(colon + 1);
    }
    credentials.push_back(std::move(credential));
  }
  return credentials;
}

class Carriers::Impl {
 public:
  Impl(CarriersOptions given, endpoint::CarrierBook read) : options(std::move(given)), book(std::move(read)) {}
  CarriersOptions options;
  endpoint::CarrierBook book;
  std::unique_ptr<endpoint::HttpServer> server;  // Last: it reads the others.
};

Result<std::unique_ptr<Carriers>> Carriers::start(const World& world, ReplaySource& source,
                                                  const std::function<void(std::vector<Scan>&)>& amend,
                                                  std::shared_ptr<const RunningInstant> instant, PollRecorder* recorder,
                                                  CarriersOptions options) {
  if (auto checked = check(options); !checked) return tl::unexpected(checked.error());
  auto book = endpoint::CarrierBook::read(world, source, amend);
  if (!book) return tl::unexpected(book.error());
  if (!options.unix_time) {
    options.unix_time = [] {
      return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    };
  }
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*book));
  endpoint::ServerOptions server;
  server.name = "carriers";
  server.address = impl->options.address;
  server.allow_any_address = impl->options.allow_any_address;
  server.port = impl->options.port;
  server.body_bytes_max = 1U << 20U;
  server.pending_bytes_max = 64U << 20U;
  server.connections_max = 1024;
  server.patience = std::chrono::seconds{30};
  auto started = endpoint::HttpServer::start(
      std::move(server),
      std::make_unique<endpoint::CarrierHandler>(world, impl->options, impl->book, std::move(instant), recorder));
  if (!started) return tl::unexpected(started.error());
  impl->server = std::move(*started);
  return std::unique_ptr<Carriers>(new Carriers(std::move(impl)));
}

Carriers::Carriers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Carriers::~Carriers() = default;
std::uint16_t Carriers::port() const {
  return impl_->server->port();
}
std::string Carriers::url() const {
  return impl_->server->url();
}
std::uint64_t Carriers::parcels(wire::PullApi api) const {
  const auto parcels = impl_->book.parcels();
  return static_cast<std::uint64_t>(std::count_if(parcels.begin(), parcels.end(), [api](const auto& parcel) {
    return parcel.known_to[static_cast<std::size_t>(api)];
  }));
}
void Carriers::stop() {
  impl_->server->stop();
}

}  // namespace peakstorm
