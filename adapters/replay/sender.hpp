/// Work between its intended instant and its last answer: what is ready and finds no sender, what is in flight, what
/// waits for a further attempt or for word of what became of it. Which work there is, and when it is due, is the
/// session's to say.
///
/// A room for sending (sender.cpp), one for scans that share a request (batches.cpp), one for answers (answers.cpp).
/// One thread: answers come inside the transport's `poll`.
#pragma once

#include <cstdint>
#include <limits>
#include <queue>
#include <string>
#include <vector>

#include "adapters/replay.hpp"
#include "adapters/replay/composer.hpp"
#include "adapters/replay/open_parcels.hpp"
#include "adapters/replay/retries.hpp"
#include "adapters/replay/session.hpp"
#include "adapters/replay/tally.hpp"
#include "adapters/replay/work.hpp"
#include "adapters/transport.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm {

class Sender {
 public:
  /// What it works with; all must outlive it.
  struct Parts {
    const World& world;
    const ReplaySource& source;
    const ReplayOptions& options;
    const ReplayPorts& ports;
    ReplayRecorder& recorder;
    const ReplayTime& time;
    Retries& retries;
    Composer& composer;
    OpenParcels& parcels;
    Tally& tally;
  };
  explicit Sender(const Parts& parts);

  // ---- sending ----

  /// Further attempts are made from now on.
  void open() { closing_ = false; }
  /// Goes at once when a sender is free; else it is ready. Work that is ready and due before is to go first. A scan
  /// that may share a request waits for others.
  void start(Work work);
  /// A scan, behind its parcel's others.
  void queue(OpenParcel& parcel, Work work);
  /// Requires: a free sender.
  void send(Work work);
  /// Attempts whose pause is over become ready, and so does a batch that has waited long enough.
  void repeat_due();
  /// What is ready goes while there are free senders.
  void send_ready();
  /// Sends what is ready first when it comes before (intended, order), or `always`. Requires: a free sender.
  bool send_first_before(std::chrono::nanoseconds intended, std::uint64_t order, bool always);
  /// Drops what was ready for too long without finding a sender.
  void drop_overdue();
  /// Everything not in flight is dropped, scans behind others included.
  void drop_everything();
  /// Waits for what is in flight; patience bounds it. Nothing new is sent, and the rest is forgotten.
  void settle();

  /// Neither ready, nor waiting for an attempt, nor in flight.
  [[nodiscard]] bool nothing_left() const {
    return ready_.empty() && again_.empty() && gathering_.empty() && flying_ == 0;
  }
  /// When something here is to happen next; `forever` when only answers can come.
  [[nodiscard]] std::chrono::nanoseconds next_instant() const;
  [[nodiscard]] std::size_t in_flight() const { return flying_; }
  [[nodiscard]] std::size_t ready() const { return ready_.size(); }

 private:
  struct InFlight {
    Work work;
    std::chrono::nanoseconds sent{};
    std::uint32_t beside = 0;  // In flight then, itself included.
  };
  void submit(Work work, const wire::Message& message, std::chrono::nanoseconds at);
  [[nodiscard]] std::chrono::nanoseconds drop_instant(const Work& work) const;
  void drop(const Work& work);
  /// The parcel's scan is done with; the next one may go.
  void release(ParcelId id);

  // ---- scans that share a request (batches.cpp) ----

  [[nodiscard]] bool may_share(const Work& work) const;
  void gather(Work work);
  /// What is gathered becomes ready.
  void close_batch();
  /// Requires: works, all of a batch or just gathered.
  void ready_batch(std::vector<Work> works);
  void send_batch(Work work);
  /// Too long for the receiver: each half becomes ready. Requires: two or more.
  void halve(const Work& work);
  /// The receiver said so of what it got.
  void too_long(const Work& work, const Reply& reply);
  /// What the receiver says that it takes from now on.
  void heed_limits(const Reply& reply);
  /// `refused`: which of them are, when the fate of the others is `accepted`; empty: all share `fate`.
  void batch_settled(Work work, RequestFate fate, const Result<Reply>& reply, bool again, std::chrono::nanoseconds sent,
                     std::uint32_t beside, bool by_job, const std::vector<bool>& refused);

  // ---- answers ----

  void answered(std::size_t slot, const Result<Reply>& reply);
  /// `reply` is the first answer where there were several. `again`: another attempt may help.
  /// `by_job`: the fate is what was told later.
  void settled(Work work, RequestFate fate, const Result<Reply>& reply, bool again, std::chrono::nanoseconds sent,
               std::uint32_t beside, bool by_job = false);
  void extra_answered(Work work, RequestFate fate, const Result<Reply>& reply, std::chrono::nanoseconds sent,
                      std::uint32_t beside, bool by_job);
  /// Reads a tracking page: a "not found" is an answer too.
  RequestFate page(const Work& work, const Reply& reply, std::chrono::nanoseconds done);

  // ---- what became of a message that was taken in ----

  void taken_in(Work work, const Reply& reply, std::string job, std::chrono::nanoseconds sent,
                std::chrono::nanoseconds done, std::uint32_t beside);
  /// Asks later, or gives up: `pending` bounds it in time and number.
  void wait_and_ask(Work work, std::chrono::nanoseconds done);
  /// The answer to a question.
  void told(Work work, const Result<Reply>& reply, std::chrono::nanoseconds done);
  /// Nobody said what became of it.
  void never_told(Work work);
  [[nodiscard]] std::string below_prefix(std::string path) const;

  const World& world_;
  const ReplaySource& source_;
  const ReplayOptions& options_;
  wire::WireFormat& format_;
  Transport& transport_;
  bool broker_;
  bool named_;
  std::string prefix_;  // Of the target.
  std::chrono::nanoseconds scan_patience_;
  ReplayRecorder& recorder_;
  const ReplayTime& time_;
  Retries& retries_;
  Composer& composer_;
  OpenParcels& parcels_;
  Tally& tally_;

  std::priority_queue<Work, std::vector<Work>, IntendedLater> ready_;
  std::priority_queue<Work, std::vector<Work>, AgainLater> again_;
  std::vector<InFlight> flights_;
  std::vector<std::size_t> free_slots_;
  std::size_t flying_ = 0;
  bool closing_ = false;  // No further attempts.

  std::vector<Work> gathering_;  // Not yet a batch, the oldest first.
  std::size_t events_max_;       // In one request.
  std::size_t bytes_max_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace peakstorm
