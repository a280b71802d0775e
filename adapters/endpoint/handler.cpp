#include "adapters/endpoint/handler.hpp"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

#include "adapters/endpoint/page.hpp"
#include "adapters/endpoint/page_words.hpp"
#include "engine/random.hpp"

namespace peakstorm::endpoint {
namespace {

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

/// As people type it: "1z 999-aa1" becomes "1Z999AA1".
std::string normalised(std::string_view number) {
  std::string out;
  for (const char c : number) {
    if (c == ' ' || c == '-') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

constexpr std::string_view track_prefix = "/track/";
constexpr std::string_view capture_path = "/capture";
constexpr std::string_view job_prefix = "/capture/";
constexpr std::size_t jobs_max = 100'000;  // Older ones are forgotten.

Route route_of(std::string_view path) {
  if (path == "/webhooks/easypost") return Route::easypost;
  if (path == "/webhooks/cloudevents") return Route::cloudevents;
  if (path == capture_path || path.starts_with(job_prefix)) return Route::capture;
  if (path == "/parcels") return Route::parcels;
  if (path.starts_with(track_prefix)) return Route::track;
  if (path == "/healthz") return Route::healthz;
  if (path == "/metrics") return Route::metrics;
  return Route::other;
}

/// Methods of a route, as the Allow header lists them.
std::string_view methods_of(Route route, std::string_view path) {
  switch (route) {
    case Route::capture:
      return path == capture_path ? "POST" : "GET, HEAD";
    case Route::easypost:
      return "POST";
    case Route::cloudevents:
      return "POST, OPTIONS";
    case Route::parcels:
      return "PUT, POST";
    default:
      return "GET, HEAD";
  }
}

bool allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const std::size_t comma = methods.find(", ");
    if (methods.substr(0, comma) == method) return true;
    methods = comma == std::string_view::npos ? "" : methods.substr(comma + 2);
  }
  return false;
}

void overloaded(Reply& reply, std::string_view why) {
  refuse(reply, 503, why);
  reply.headers = "Retry-After: 1\r\n";
}

}  // namespace

Handler::Handler(const EndpointOptions& options, std::unique_ptr<Store> store, std::shared_ptr<Metrics> metrics)
    : allow_batches_(options.allow_batches),
      capture_events_max_(options.capture_events_max),
      capture_limits_("GS1-EPCIS-Capture-Limit: " + std::to_string(options.capture_events_max) +
                      "\r\nGS1-EPCIS-Capture-File-Size-Limit: " + std::to_string(options.body_bytes_max) + "\r\n"),
      registered_only_(options.registered_only && !has(options.bugs, EndpointBug::takes_ghosts)),
      faults_(options.faults),
      bugs_(options.bugs),
      store_(std::move(store)),
      kept_metrics_(std::move(metrics)),
      metrics_(*kept_metrics_),
      reader_(options.bugs) {
  if (options.secret.empty()) return;
  signature_.emplace(options.secret);
  token_proof_ = signature_->sign("Bearer " + options.secret);
}

void Handler::handle(const Request& request, Reply& reply) {
  const auto [path, query] = split_target(request.target);
  reply.route = route_of(path);
  if (reply.route == Route::other) {
    return refuse(reply, 404,
                  "no such path; there are /webhooks/easypost, /webhooks/cloudevents, /capture, /parcels, "
                  "/track/NUMBER, /healthz and /metrics");
  }
  const std::string_view methods = methods_of(reply.route, path);
  if (!allows(methods, request.method)) return refuse_method(reply, methods);
  switch (reply.route) {
    case Route::easypost:
      if (authentic(request, reply)) webhook(reply, reader_.easypost(request.body));
      return;
    case Route::cloudevents:
      return cloudevents(request, reply);
    case Route::capture:
      return capture(request, path, reply);
    case Route::parcels:
      return parcels(request, reply);
    case Route::track:
      return track(request, path, query, reply);
    case Route::healthz:
      reply.body = "{\"status\":\"ok\"}\n";
      return;
    default:
      reply.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
      reply.body = metrics_.text();
      return;
  }
}

bool Handler::authentic(const Request& request, Reply& reply) {
  if (!signature_ || has(bugs_, EndpointBug::skips_signature_check)) return true;
  if (request.signature.empty() && has(bugs_, EndpointBug::missing_signature_passes)) return true;
  const bool matches = has(bugs_, EndpointBug::int_weight_signature)
                           ? signature_->verify(reserialised(request.body), request.signature)
                           : signature_->verify(request.body, request.signature);
  if (matches) return true;
  if (has(bugs_, EndpointBug::server_error_on_bad_signature)) {
    refuse(reply, 500, "signature does not match the body");
    return false;
  }
  refuse(reply, 401,
         request.signature.empty() ? "signature missing; send X-Hmac-Signature: hmac-sha256-hex=HEX over the raw body"
                                   : "signature does not match the body; check the secret, and sign the bytes as sent");
  reply.headers = "WWW-Authenticate: Hmac-SHA256\r\n";
  return false;
}

bool Handler::has_token(const Request& request, Reply& reply) {
  if (!signature_ || has(bugs_, EndpointBug::skips_signature_check)) return true;
  const std::string_view given = request.header("Authorization");
  if (given.empty() && has(bugs_, EndpointBug::missing_signature_passes)) return true;
  // Comparing signatures takes as long for a token that is nearly right as for any other.
  if (signature_->verify(given, token_proof_)) return true;
  if (has(bugs_, EndpointBug::server_error_on_bad_signature)) {
    refuse(reply, 500, "the token is not this endpoint's");
    return false;
  }
  refuse(reply, 401,
         given.empty() ? "token missing; send Authorization: Bearer SECRET" : "the token is not this endpoint's");
  reply.headers = "WWW-Authenticate: Bearer\r\n";
  return false;
}

bool Handler::forgets(const Delivery& delivery) const {
  return faults_.forget_ppm > 0 && hash64(delivery.event_key) % 1'000'000 < faults_.forget_ppm;
}

/// What the bugs make of messages before they are stored.
Result<std::span<const Delivery>> Handler::spoiled(std::span<const Delivery> deliveries) {
  spoiled_.assign(deliveries.begin(), deliveries.end());
  for (Delivery& delivery : spoiled_) {
    misread(bugs_, delivery);
    const bool late_matters = has(bugs_, EndpointBug::drops_late_scans);
    if (!late_matters && !has(bugs_, EndpointBug::delivered_is_final)) continue;
    const auto parcel = store_->find(delivery.tracking_number);
    if (!parcel) return tl::unexpected(parcel.error());
    if (*parcel == nullptr || (*parcel)->history().empty()) continue;
    const std::int64_t newest = (*parcel)->history().back().at_ms;
    const bool closed =
        has(bugs_, EndpointBug::delivered_is_final) && standing((*parcel)->history()).status == ScanKind::delivered;
    std::erase_if(delivery.milestones,
                  [&](const Milestone& m) { return closed || (late_matters && m.at_ms < newest); });
  }
  return std::span<const Delivery>{spoiled_};
}

/// True when the present message is acknowledged and then lost: it comes when four of its moment wait already, or
/// it is one of the eight in memory when the process dies.
bool Handler::swallows() const {
  return (has(bugs_, EndpointBug::drop_under_load) && group_.messages >= 4) ||
         (has(bugs_, EndpointBug::ack_before_store) && webhooks_ % 97 < 8);
}

void Handler::webhook(Reply& reply, Result<std::span<const Delivery>> deliveries) {
  if (!deliveries) return refuse(reply, 400, deliveries.error().message);
  if (registered_only_) {
    for (const Delivery& delivery : *deliveries) {
      const auto known = store_->find(delivery.tracking_number);
      if (known && *known == nullptr) {
        return refuse(reply, 404,
                      "no parcel of this shop has the number " + std::string(delivery.tracking_number) +
                          "; PUT /parcels tells of new ones");
      }
    }
  }
  if (!troubled(reply)) keep(reply, *deliveries);
}

bool Handler::troubled(Reply& reply) {
  ++webhooks_;
  if (faults_.refuse_every > 0 && webhooks_ % faults_.refuse_every == 0) {
    overloaded(reply, "refused on request (fault)");
    return true;
  }
  if (faults_.outage_for > 0 && webhooks_ > faults_.outage_after &&
      webhooks_ - faults_.outage_after <= faults_.outage_for) {
    refuse(reply, 503, "out of service on request (fault)");
    return true;
  }
  if (faults_.throttle_every > 0 && webhooks_ % faults_.throttle_every == 0) {
    refuse(reply, 429, "too many requests, on request (fault)");
    reply.headers = "Retry-After: 1\r\n";
    return true;
  }
  stall_ = stall_ || (faults_.stall_every > 0 && webhooks_ % faults_.stall_every == 0);
  return false;
}

void Handler::keep(Reply& reply, std::span<const Delivery> deliveries) {
  reply.pending = true;
  reply.wrote = true;
  if (failed_) return;  // The group is lost anyway; the sender is told to come again.
  if (bugs_.any()) {
    if (swallows()) {
      ++group_.messages;
      reply.body = "{\"stored\":1}\n";
      return;
    }
    const auto changed = spoiled(deliveries);
    if (!changed) {
      failed_ = true;
      return;
    }
    deliveries = *changed;
  }
  std::uint32_t added = 0;
  bool duplicate = !deliveries.empty();
  for (const Delivery& delivery : deliveries) {
    if (forgets(delivery)) continue;
    const bool again = !answered_503_.empty() && answered_503_.contains(delivery.event_key);
    const auto applied = store_->apply(delivery, again);
    if (!applied) {
      failed_ = true;
      return;
    }
    duplicate = duplicate && applied->duplicate;
    added += applied->added;
    group_.duplicates += applied->duplicate ? 1 : 0;
    group_.stored += applied->added;
    group_.repeated += applied->repeated;
    group_.unmapped += applied->duplicate ? 0 : delivery.unmapped;
  }
  ++group_.messages;
  if (has(bugs_, EndpointBug::retry_counted_twice) && webhooks_ % 7 == 0 && !deliveries.empty() &&
      answered_503_.insert(deliveries.front().event_key).second) {
    reply.wrote = false;
    return overloaded(reply, "stored, and taking too long to say so");
  }
  reply.body = "{\"stored\":" + std::to_string(added) + (duplicate ? ",\"duplicate\":true}\n" : "}\n");
}

void Handler::capture(const Request& request, std::string_view path, Reply& reply) {
  if (!has_token(request, reply)) return;
  if (path != capture_path) return capture_job(path.substr(job_prefix.size()), reply);
  reply.headers = capture_limits_;
  const std::string behaviour = lower(request.header("GS1-Capture-Error-Behaviour"));
  if (!behaviour.empty() && behaviour != "rollback" && behaviour != "proceed") {
    return refuse(reply, 400, "GS1-Capture-Error-Behaviour: must be rollback or proceed");
  }
  auto document = reader_.epcis(request.body);
  if (!document) return refuse(reply, 400, document.error().message);
  if (document->events > capture_events_max_) {
    return refuse(reply, 413,
                  "more than " + std::to_string(capture_events_max_) + " events in one document; send fewer at a time");
  }
  if (troubled(reply)) return;
  CaptureJob job;
  job.proceed = behaviour == "proceed";
  job.problems = judged(*document);
  ++jobs_made_;
  job.runs_for_ever = faults_.capture_stuck_every > 0 && jobs_made_ % faults_.capture_stuck_every == 0;
  const bool none = job.runs_for_ever || (!job.proceed && !job.problems.empty());
  keep(reply, none ? std::span<const Delivery>() : std::span<const Delivery>(good_));
  if (jobs_.size() == jobs_max) jobs_.pop_front();
  jobs_.push_back(std::move(job));
  if (!reply.wrote) return;
  reply.status = 202;
  reply.body.clear();
  reply.headers = capture_limits_ + "Location: " + std::string(job_prefix) + std::to_string(jobs_made_) + "\r\n";
}

std::vector<CaptureProblem> Handler::judged(CaptureDocument document) {
  good_.clear();
  for (std::size_t i = 0; i < document.deliveries.size(); ++i) {
    const Delivery& delivery = document.deliveries[i];
    const auto known = registered_only_ ? store_->find(delivery.tracking_number) : nullptr;
    if (registered_only_ && known && *known == nullptr) {
      document.problems.push_back({document.event_ids[i], "no parcel of this shop has the number " +
                                                              std::string(delivery.tracking_number) +
                                                              "; PUT /parcels tells of new ones"});
    } else if (hash64(delivery.event_key) % 1'000'000 < faults_.capture_refuse_ppm) {
      document.problems.push_back({document.event_ids[i], "refused on request (fault)"});
    } else {
      good_.push_back(delivery);
    }
  }
  return std::move(document.problems);
}

void Handler::capture_job(std::string_view id, Reply& reply) const {
  std::uint64_t number = 0;
  const auto read = std::from_chars(id.data(), id.data() + id.size(), number);
  const bool known = read.ec == std::errc{} && read.ptr == id.data() + id.size() && number <= jobs_made_ &&
                     number + jobs_.size() > jobs_made_;
  if (!known) return refuse(reply, 404, "no such capture job, or too long ago");
  const CaptureJob& job = jobs_[static_cast<std::size_t>(number + jobs_.size() - jobs_made_ - 1)];
  reply.body = "{\"captureID\":\"" + std::to_string(number) + "\",\"running\":";
  reply.body += job.runs_for_ever      ? "true,\"success\":true"
                : job.problems.empty() ? "false,\"success\":true"
                                       : "false,\"success\":false";
  reply.body += job.proceed ? ",\"captureErrorBehaviour\":\"proceed\",\"errors\":["
                            : ",\"captureErrorBehaviour\":\"rollback\",\"errors\":[";
  if (!job.runs_for_ever) {
    for (const CaptureProblem& problem : job.problems) {
      if (&problem != &job.problems.front()) reply.body += ',';
      reply.body += "{\"type\":\"epcisException:ValidationException\",\"title\":\"The event was not kept\",\"detail\":";
      append_json(problem.detail, reply.body);
      if (!problem.event_id.empty()) {
        reply.body += ",\"instance\":";
        append_json(problem.event_id, reply.body);
      }
      reply.body += '}';
    }
  }
  reply.body += "]}\n";
}

void Handler::cloudevents(const Request& request, Reply& reply) {
  if (request.method == "OPTIONS") {
    // The standard's validation handshake, section 4 of its HTTP webhook page. Senders still have to sign.
    reply.headers = "Allow: POST\r\nWebHook-Allowed-Origin: *\r\nWebHook-Allowed-Rate: *\r\n";
    return;
  }
  if (!authentic(request, reply)) return;
  const std::string type = lower(request.content_type.substr(0, request.content_type.find(';')));
  const std::string_view media = std::string_view(type).substr(0, type.find_last_not_of(' ') + 1);
  if (media == "application/cloudevents+json") return webhook(reply, reader_.cloudevent(request.body));
  if (media == "application/cloudevents-batch+json" && allow_batches_) {
    return webhook(reply, reader_.cloudevent_batch(request.body));
  }
  if (media != "application/json") {
    return refuse(reply, 415,
                  allow_batches_ ? "content type must be application/cloudevents+json, "
                                   "application/cloudevents-batch+json, or application/json with ce-* headers"
                                 : "content type must be application/cloudevents+json, or application/json with ce-* "
                                   "headers; batches were not solicited");
  }
  if (request.ce_specversion != "1.0") {
    return refuse(reply, 400,
                  request.ce_specversion.empty()
                      ? "ce-specversion: missing; binary mode needs it, structured mode needs content type "
                        "application/cloudevents+json"
                      : "ce-specversion: not supported; send 1.0");
  }
  const std::optional<std::string> id = percent_decoded(request.ce_id);
  const std::optional<std::string> source = percent_decoded(request.ce_source);
  if (!id || id->empty()) return refuse(reply, 400, "ce-id: missing or badly percent-encoded");
  if (!source || source->empty()) return refuse(reply, 400, "ce-source: missing or badly percent-encoded");
  if (request.ce_type.empty()) return refuse(reply, 400, "ce-type: missing");
  webhook(reply, reader_.cloudevent_binary(*source, *id, request.ce_time, request.body));
}

Result<void> Handler::check_zones(std::span<const Promise> promises) {
  for (const Promise& promise : promises) {
    if (promise.time_zone.empty() || promise.time_zone == last_zone_) continue;
    // Without a database on this machine no name can be judged, and pages show UTC.
    if (!is_time_zone(promise.time_zone) && is_time_zone("Etc/UTC")) {
      return fail(ErrorKind::bad_input, "time_zone of " + std::string(promise.tracking_number) + ": '" +
                                            std::string(promise.time_zone) +
                                            "' is not an IANA zone, for instance America/Chicago");
    }
    last_zone_ = promise.time_zone;
  }
  return {};
}

void Handler::parcels(const Request& request, Reply& reply) {
  if (!authentic(request, reply)) return;
  const auto promises = reader_.promises(request.body);
  if (!promises) return refuse(reply, 400, promises.error().message);
  if (auto checked = check_zones(*promises); !checked) return refuse(reply, 400, checked.error().message);
  reply.pending = true;
  reply.wrote = true;
  if (failed_) return;
  for (Promise promise : *promises) {
    if (has(bugs_, EndpointBug::date_only_eta)) promise.date = misdated(promise.date, promise.time_zone);
    if (!store_->promise(promise)) {
      failed_ = true;
      return;
    }
  }
  group_.promises += promises->size();
  reply.body = "{\"stored\":" + std::to_string(promises->size()) + "}\n";
}

void Handler::track(const Request& request, std::string_view path, std::string_view query, Reply& reply) {
  const std::optional<std::string> number = percent_decoded(path.substr(track_prefix.size()));
  if (!number) return refuse(reply, 400, "the path is badly percent-encoded");
  reply.track_number = *number;
  // The first of the two in the Accept header wins; weights are for browsers, which ask for HTML first.
  const std::size_t json = request.accept.find("application/json");
  reply.track_json = json < request.accept.find("text/html") || query == "format=json" ||
                     query.starts_with("format=json&") || query.find("&format=json") != std::string_view::npos;
  if (!reply.track_json) {
    const std::size_t wish = query.find("lang=");
    reply.track_language = wish != std::string_view::npos ? page_words(query.substr(wish + 5, 2)).tag
                                                          : preferred_language(request.header("Accept-Language"));
  }
  reply.pending = true;
}

void Handler::commit() {
  if (std::exchange(stall_, false)) std::this_thread::sleep_for(std::chrono::milliseconds{faults_.stall_ms});
  committed_ = true;
  if (failed_ || store_->dirty()) {
    const auto begin = std::chrono::steady_clock::now();
    committed_ = !failed_ && store_->commit().has_value();
    if (committed_) {
      metrics_.commits.add();
      metrics_.commit_time.add(std::chrono::steady_clock::now() - begin);
    } else {
      store_->rollback();
    }
  }
  if (committed_) {
    metrics_.messages.add(group_.messages);
    metrics_.duplicate_messages.add(group_.duplicates);
    metrics_.scans_stored.add(group_.stored);
    metrics_.scans_repeated.add(group_.repeated);
    metrics_.scans_unmapped.add(group_.unmapped);
    metrics_.promises.add(group_.promises);
  }
  group_ = {};
  failed_ = false;
}

void Handler::answer(Reply& reply) {
  reply.pending = false;
  if (reply.wrote) {
    if (!committed_) overloaded(reply, "the message could not be stored; send it again");
    return;
  }
  if (has(bugs_, EndpointBug::stale_cache) && answer_from_cache(reply)) return;
  const ParcelRecord* parcel = nullptr;
  if (is_tracking_number(reply.track_number)) {
    auto found = store_->find(reply.track_number);
    if (found && *found == nullptr) found = store_->find(normalised(reply.track_number));
    if (!found) return overloaded(reply, "the history could not be read; ask again");
    parcel = *found;
  }
  const std::string_view number = parcel == nullptr ? std::string_view(reply.track_number) : parcel->number;
  reply.status = is_found(parcel) ? 200 : 404;
  reply.headers = "Cache-Control: no-store\r\nVary: Accept\r\n";
  if (reply.track_json) {
    append_track_json(number, parcel, reply.body);
    if (has(bugs_, EndpointBug::stale_cache)) cached_pages_[reply.track_number] = {reply.status, reply.body};
    return;
  }
  reply.content_type = "text/html; charset=utf-8";
  reply.headers +=
      "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
  reply.headers += "Vary: Accept-Language\r\nContent-Language: ";
  reply.headers += reply.track_language;
  reply.headers += "\r\n";
  append_track_html(number, parcel, reply.track_language, reply.body);
}

/// The page as it was when somebody first looked.
bool Handler::answer_from_cache(Reply& reply) {
  const auto cached = cached_pages_.find(reply.track_number);
  if (!reply.track_json || cached == cached_pages_.end()) return false;
  reply.status = cached->second.status;
  reply.body = cached->second.body;
  return true;
}

Result<void> Handler::load_promises(std::string_view json) {
  const auto promises = reader_.promises(json);
  if (!promises) return tl::unexpected(promises.error());
  if (auto checked = check_zones(*promises); !checked) return checked;
  for (const Promise& promise : *promises) {
    if (auto done = store_->promise(promise); !done) return done;
  }
  group_.promises += promises->size();
  commit();
  if (!committed_) return fail(ErrorKind::io, "the promises could not be stored");
  return {};
}

}  // namespace peakstorm::endpoint
