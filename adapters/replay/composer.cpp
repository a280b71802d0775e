#include "adapters/replay/composer.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "adapters/track_page.hpp"
#include "engine/check.hpp"
#include "engine/random.hpp"
#include "engine/tracking_number.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;
constexpr std::size_t ghosts_max = 10'000;

}  // namespace

void Composer::name_replay() {
  replay_id_ = hash64(static_cast<std::uint64_t>(time_.clock().unix_time().count()),
                      static_cast<std::uint64_t>(time_.clock().processor().count()));
}

const wire::Message& Composer::write(const Work& work, const ParcelFacts& facts, const OpenParcel* parcel) {
  if (work.pending) {
    ask_for(work.pending->path);
    format_.sign(time_.unix_ms(), message_);
  } else if (work.extra) {
    message_ = work.extra->message;
    if (work.extra->sign) format_.sign(time_.unix_ms() - work.extra->signed_ago.count(), message_);
  } else if (work.kind == RequestKind::scan) {
    compose(facts, *parcel, work.scan, work.attempts == 0);
    format_.sign(time_.unix_ms(), message_);
  } else {
    const std::string number = tracking_number(world_, world_.services[index(facts.service)].carrier, facts.id);
    wire::ask_for_page(wire::page_or_own(options_.page), work.ghost ? ghost_number(number) : number, message_);
  }
  return message_;
}

const wire::Message& Composer::write(ScanBatch& batch, const ReplaySource& source, OpenParcels& parcels) {
  views_.clear();
  views_.reserve(batch.works.size());
  for (const Work& work : batch.works) {
    const ParcelFacts* facts = source.facts(work.parcel);
    PEAKSTORM_CHECK(facts != nullptr, static_cast<std::uint64_t>(work.parcel));
    const OpenParcel& parcel = parcels.at(work.parcel);
    views_.push_back({*facts, parcel.number, parcel.history, work.scan});
  }
  if (batch.ids.empty()) {
    for (const wire::ParcelView& view : views_) batch.ids.push_back(format_.event_id(view));
  }
  format_.encode_batch(views_, message_);
  format_.sign(time_.unix_ms(), message_);
  return message_;
}

bool Composer::stands_alone(const Scan& scan) const {
  return faults_.any() && (faults_.happens(FaultKind::other_zone, scan.parcel, scan.sequence) ||
                           faults_.happens(FaultKind::schema_drift, scan.parcel, scan.sequence));
}

void Composer::ask_for(std::string path) {
  message_.method = "GET";
  message_.path = std::move(path);
  message_.headers = "Accept: application/json\r\n";
  message_.body.clear();
}

/// A redelivery is the scan's own message, told again.
const std::string& Composer::write_id(const Work& work) {
  const FaultKind fault = work.extra ? work.extra->fault : FaultKind::none;
  write_message_id({replay_id_, work.parcel, work.scan.sequence,
                    fault == FaultKind::redelivery ? FaultKind::none : fault, hash64(message_.body)},
                   id_);
  return id_;
}

std::shared_ptr<const Extra> Composer::hand_on(const ParcelFacts& facts, const std::string& number) const {
  auto extra = std::make_shared<Extra>();
  std::string element;
  wire::append_promise(world_, facts, number, element, true);
  extra->fault = FaultKind::number_reuse;
  extra->message = wire::promises_message(element, options_.secret);
  extra->is_promise = true;
  return extra;
}

/// The scan's message, with the faults that it carries itself.
void Composer::compose(const ParcelFacts& facts, const OpenParcel& parcel, const Scan& scan, bool tell) {
  format_.encode({facts, parcel.number, parcel.history, scan}, message_);
  if (!faults_.any()) return;
  if (faults_.happens(FaultKind::other_zone, scan.parcel, scan.sequence)) {
    constexpr std::array<std::int64_t, 6> offsets{-600, -300, 60, 330, 345, 780};
    const std::int64_t offset =
        offsets[faults_.draw(FaultKind::other_zone, scan.parcel, scan.sequence, 1) % offsets.size()];
    alter::zone(message_, minutes(offset));
    if (tell) injected(FaultKind::other_zone, scan, "instants told at " + std::to_string(offset) + " minutes of UTC");
  }
  if (faults_.happens(FaultKind::schema_drift, scan.parcel, scan.sequence)) {
    alter::drift(message_);
    if (tell) injected(FaultKind::schema_drift, scan, "three members that nobody documented");
  }
}

void Composer::injected(FaultKind kind, const Scan& scan, std::string detail) {
  recorder_.injected({kind, scan.parcel, scan.sequence, scan.reported, std::move(detail)});
}

void Composer::follow_up(const Work& work, const ParcelFacts& facts, const OpenParcel& parcel, double speed,
                         const std::function<void(Work)>& take) {
  if (!faults_.any()) return;
  const Scan& scan = work.scan;
  const auto follows = [&](FaultKind kind, std::string detail, auto&& change) {
    if (!faults_.happens(kind, scan.parcel, scan.sequence)) return;
    compose(facts, parcel, scan, false);
    Work further;
    further.kind = RequestKind::scan;
    further.parcel = work.parcel;
    further.at = work.at;
    further.scan = scan;
    further.intended = time_.now();
    further.ready = further.intended;
    further.order = work.order;
    auto extra = std::make_shared<Extra>();
    extra->fault = kind;
    extra->sign = true;
    extra->message = message_;
    if (!change(*extra, further)) return;
    further.extra = std::move(extra);
    injected(kind, scan, std::move(detail));
    further.again = further.intended;
    take(std::move(further));
  };
  const auto drawn = [&](FaultKind kind) { return faults_.draw(kind, scan.parcel, scan.sequence, 1); };
  const bool later = drawn(FaultKind::redelivery) % 2 == 0;
  follows(FaultKind::redelivery, later ? "the same message again, later" : "the same message again, at once",
          [&](Extra&, Work& further) {
            if (later) {
              const double share = faults_.draw(FaultKind::redelivery, scan.parcel, scan.sequence, 2) * 0x1p-32;
              const double seconds = speed > 0 ? std::min(5.0, 12 * 3600 / speed) : 2;
              further.intended += nanoseconds{static_cast<std::int64_t>(share * seconds * 1e9)};
            }
            return true;
          });
  const bool vocabulary = drawn(FaultKind::near_duplicate) % 2 == 0;
  follows(FaultKind::near_duplicate,
          vocabulary ? "told again under another id, all in capitals"
                     : "told again under another id and with "
                       "other words",
          [&](Extra& extra, Work&) {
            alter::identity(extra.message);
            alter::capitals(extra.message, vocabulary);
            return true;
          });
  follows(FaultKind::naive_time, "told besides without offsets", [](Extra& extra, Work&) {
    alter::identity(extra.message);
    alter::drop_offsets(extra.message);
    return true;
  });
  const auto proof_of = [&](std::string_view body) {
    wire::Message bare = message_;
    bare.headers.clear();
    bare.body = body;
    bare.covered = body;
    format_.sign(0, bare);
    return bare.headers;
  };
  const auto forge = [&](Extra& extra, bool with_signature) {
    const std::string proof = proof_of("one");
    // A token proves the sender and nothing of the body: a receiver cannot see that it was changed.
    if (proof.empty() || (with_signature && proof == proof_of("other"))) return false;
    if (with_signature) format_.sign(time_.unix_ms(), extra.message);
    extra.sign = false;
    alter::identity(extra.message);
    alter::move_instants(extra.message, with_signature ? minutes(13) : minutes(17));
    return true;
  };
  follows(FaultKind::forged, "changed after it was signed", [&](Extra& extra, Work&) { return forge(extra, true); });
  follows(FaultKind::unsigned_message, "changed and not signed",
          [&](Extra& extra, Work&) { return forge(extra, false); });
  follows(FaultKind::stale_signature, "signed an hour ago", [&](Extra& extra, Work&) {
    wire::Message then = extra.message;
    wire::Message now_signed = extra.message;
    format_.sign(0, then);
    format_.sign(3'600'000, now_signed);
    extra.signed_ago = std::chrono::hours{1};
    alter::identity(extra.message);
    return then.headers != now_signed.headers;
  });
  follows(FaultKind::ghost, "a number that was never shipped", [&](Extra& extra, Work&) {
    alter::identity(extra.message);
    alter::number(extra.message, parcel.number, ghost_number(parcel.number));
    if (ghosts_.size() < ghosts_max) ghosts_.push_back(scan.parcel);
    return true;
  });
}

std::vector<ParcelId> Composer::ghosts() {
  std::sort(ghosts_.begin(), ghosts_.end());
  ghosts_.erase(std::unique(ghosts_.begin(), ghosts_.end()), ghosts_.end());
  return ghosts_;
}

}  // namespace peakstorm
