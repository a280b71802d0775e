/// What arrives, read: bodies to deliveries and promises. Pure: no store, no socket. An error is
/// bad_input; its message names the field ("result.tracking_details[2].datetime: ...") and the cure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/endpoint.hpp"
#include "adapters/endpoint/history.hpp"
#include "engine/result.hpp"

namespace peakstorm::endpoint {

/// One webhook message: what a sender tells of one parcel. Views live until the reader's next call.
struct Delivery {
  std::string event_key;  ///< Format, source and id; the same for every redelivery.
  std::string_view tracking_number;
  std::string_view carrier;
  std::vector<Milestone> milestones;
  std::uint32_t unmapped = 0;  ///< History entries left out: their status is not in the vocabulary.
};

/// An event of an EPCIS document that cannot be kept.
struct CaptureProblem {
  std::string event_id;  ///< Empty when it has none that can be told.
  std::string detail;    ///< Names the field and the cure.
};
/// An EPCIS document, read. The events stand in its order.
struct CaptureDocument {
  std::span<const Delivery> deliveries;    ///< One for each number of each good event.
  std::span<const std::string> event_ids;  ///< Of the deliveries.
  std::vector<CaptureProblem> problems;
  std::size_t events = 0;  ///< All, the bad ones included.
};

/// One record of PUT /parcels: the shop's promise. Views as above.
struct Promise {
  std::string_view tracking_number;
  std::string_view order_number;
  Date date = no_date;
  std::int16_t window_from = -1;  ///< Minutes since local midnight; -1: no promised hours.
  std::int16_t window_to = -1;
  std::string_view time_zone;  ///< IANA name of the destination; empty: unknown.
};

/// 1 to 64 bytes of UTF-8 without control characters, no blank at either end.
bool is_tracking_number(std::string_view text);

/// One per thread: it reuses its buffers.
class MessageReader {
 public:
  /// `bugs`: case-sensitive-status and rejects-unknown-fields are mistakes of reading.
  explicit MessageReader(EndpointBugs bugs = {});
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;
  MessageReader(MessageReader&&) = delete;
  MessageReader& operator=(MessageReader&&) = delete;
  ~MessageReader();

  /// Statuses and kinds are read whatever the case of their letters; members that are not known are skipped.
  /// A Tracker event of EasyPost. Events about other objects (batches, refunds) yield nothing: EasyPost
  /// sends them to the same address and takes a refusal for a broken receiver.
  Result<std::span<const Delivery>> easypost(std::string_view body);
  /// A CloudEvent whose data is one scan: {tracking_number, kind, occurred_at, and optionally carrier, place,
  /// region, country, message, reported_at, eta_date}; null is as good as absent. When the event's
  /// `time` is the same instant, its offset is the place's local time.
  Result<std::span<const Delivery>> cloudevent(std::string_view body);
  Result<std::span<const Delivery>> cloudevent_batch(std::string_view body);
  /// Binary mode: attributes from the ce-* headers, decoded; `time` may be empty. The body is the data.
  Result<std::span<const Delivery>> cloudevent_binary(std::string_view source, std::string_view id,
                                                      std::string_view time, std::string_view body);
  /// An EPCISDocument of ObjectEvents about numbers, the last parts of the URIs in `epcList`. bizStep and disposition
  /// are the words of `wire::epcis_step`; other words are skipped (`unmapped`). With an errorDeclaration the event is
  /// taken back: of a delivery that is a retraction at the declaration's time. readPoint is .../REGION/PLACE. Errors:
  /// of the document as a whole; what is wrong with an event is among the problems.
  Result<CaptureDocument> epcis(std::string_view body);
  /// {"parcels": [...]}, a bare array, or one object: {tracking_number, and optionally order_number,
  /// promise_date, window_from, window_to, time_zone}; null is as good as absent.
  Result<std::span<const Promise>> promises(std::string_view body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::endpoint
