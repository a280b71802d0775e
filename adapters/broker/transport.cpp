// Slots, patience and reconnecting: what all brokers have in common behind `Transport`.
#include <algorithm>
#include <deque>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds first_pause = std::chrono::milliseconds{20};
constexpr nanoseconds longest_pause = std::chrono::seconds{1};
constexpr nanoseconds forever = nanoseconds::max();
// A broker's link has to be turned now and then even if nothing comes: keep-alives.
constexpr nanoseconds longest_wait = std::chrono::milliseconds{500};

constexpr std::string_view content_type = "content-type";

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y; });
}

void read_headers(std::string_view lines, Publication& out) {
  out.headers.clear();
  out.content_type.clear();
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (same_name(line.substr(0, colon), content_type)) {
      out.content_type = value;
    } else {
      out.headers.emplace_back(line.substr(0, colon), value);
    }
  }
}

class BrokerTransport final : public Transport, private LinkEvents {
 public:
  BrokerTransport(const BrokerUrl& url, std::unique_ptr<Link> link, std::size_t in_flight, const Clock& clock)
      : url_(url.text()), link_(std::move(link)), clock_(clock), slots_(in_flight) {
    for (std::size_t i = in_flight; i-- > 0;) free_.push_back(i);
  }

  Result<void> open() { return link_->open(*this); }

  [[nodiscard]] std::size_t idle() const override { return free_.size(); }
  [[nodiscard]] std::size_t in_flight() const override { return slots_.size() - free_.size(); }

  void submit(const Request& request, nanoseconds patience, Completion done) override {
    PEAKSTORM_CHECK(!free_.empty(), slots_.size());
    const std::size_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.publication.id = request.id;
    slot.publication.key = request.key;
    slot.publication.body = request.body;
    read_headers(request.headers, slot.publication);
    slot.done = std::move(done);
    slot.deadline = clock_.now() + patience;
    slot.state = State::waiting;
    next_deadline_ = std::min(next_deadline_, slot.deadline);
    waiting_.push_back(index);
    hand_over();
  }

  void poll(nanoseconds until) override {
    completed_ = 0;
    while (true) {
      reconnect();
      hand_over();
      const nanoseconds now = clock_.now();
      nanoseconds wake = std::min({until, next_deadline_, now + longest_wait});
      if (!link_->up() && !connecting_) wake = std::min(wake, reconnect_at_);
      link_->turn(settled_.empty() ? std::max(wake - now, nanoseconds{0}) : nanoseconds{0});
      if (link_->up()) connecting_ = false;
      expire();
      complete();
      if (completed_ > 0 || clock_.now() >= until) return;
    }
  }

 private:
  enum class State : std::uint8_t { free, waiting, handed_over };
  struct Slot {
    State state = State::free;
    std::uint32_t generation = 0;
    Publication publication;
    Completion done;
    nanoseconds deadline{};
    nanoseconds handed_over{};
  };
  struct Settled {
    std::size_t index;
    Result<Reply> reply;
  };

  [[nodiscard]] Ticket ticket_of(std::size_t index) const {
    return Ticket{(std::uint64_t{slots_[index].generation} << 32U) | index};
  }

  /// As much as the link takes. The broker may owe answers to messages whose patience has run out: those count too, so
  /// that one that has stopped answering is not fed for ever.
  void hand_over() {
    while (!waiting_.empty() && link_->up() && owed_ < slots_.size()) {
      const std::size_t index = waiting_.front();
      Slot& slot = slots_[index];
      slot.state = State::handed_over;  // Before the call: it may report that the connection broke.
      slot.handed_over = clock_.now();
      waiting_.pop_front();
      ++owed_;
      if (link_->publish(ticket_of(index), slot.publication)) continue;
      if (slot.state == State::handed_over && link_->up()) {
        slot.state = State::waiting;
        waiting_.push_front(index);
        --owed_;
      }
      return;
    }
  }

  void settled(Ticket ticket, Result<Reply> reply) override {
    last_answer_ = clock_.now();
    if (owed_ > 0) --owed_;
    const auto value = static_cast<std::uint64_t>(ticket);
    const auto index = static_cast<std::size_t>(value & 0xffff'ffffU);
    const Slot& slot = slots_[index];
    if (slot.generation != value >> 32U || slot.state != State::handed_over) return;
    end(index, std::move(reply));
  }

  void down(std::string why) override {
    owed_ = 0;
    connecting_ = false;
    pause_ = pause_ == nanoseconds{0} ? first_pause : std::min(pause_ * 2, longest_pause);
    reconnect_at_ = clock_.now() + pause_;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].state != State::handed_over) continue;
      end(i, fail(ErrorKind::malformed_reply, url_ + ": " + why + "; the message may be stored or not"));
    }
  }

  void reconnect() {
    if (link_->up()) {
      pause_ = nanoseconds{0};
      return;
    }
    if (connecting_ || clock_.now() < reconnect_at_) return;
    connecting_ = true;
    link_->reopen();
  }

  /// Its completion runs in `poll`.
  void end(std::size_t index, Result<Reply> reply) {
    Slot& slot = slots_[index];
    slot.state = State::free;
    ++slot.generation;
    settled_.push_back({index, std::move(reply)});
  }

  void complete() {
    while (!settled_.empty()) {
      Settled one = std::move(settled_.front());
      settled_.pop_front();
      const Completion done = std::move(slots_[one.index].done);
      slots_[one.index].done = nullptr;
      free_.push_back(one.index);
      ++completed_;
      done(std::move(one.reply));
    }
  }

  void expire() {
    const nanoseconds now = clock_.now();
    if (now < next_deadline_) return;
    next_deadline_ = forever;
    bool silent = false;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      if (slot.state == State::free) continue;
      if (slot.deadline > now) {
        next_deadline_ = std::min(next_deadline_, slot.deadline);
        continue;
      }
      const bool left = slot.state == State::handed_over;
      if (!left) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), i));
      // Nothing at all was heard since it left: the connection may be open at this end only.
      silent = silent || (left && last_answer_ < slot.handed_over);
      end(i, fail(ErrorKind::timed_out, url_ + (left ? ": no acknowledgement in time" : ": no connection in time")));
    }
    if (!silent) return;
    link_->drop();
    down("the broker has fallen silent");
  }

  std::string url_;
  std::unique_ptr<Link> link_;
  const Clock& clock_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
  std::deque<std::size_t> waiting_;  // Submitted, not handed over; oldest first.
  std::deque<Settled> settled_;
  std::size_t owed_ = 0;  // Handed over on this connection, and not answered.
  nanoseconds last_answer_{};
  nanoseconds next_deadline_ = forever;
  nanoseconds reconnect_at_{};
  nanoseconds pause_{};
  bool connecting_ = false;
  std::size_t completed_ = 0;
};

constexpr std::string_view cloud_event = "ce-";

}  // namespace

std::string header_name(std::string_view name, std::string_view cloud_event_prefix) {
  if (name.size() <= cloud_event.size() || !same_name(name.substr(0, cloud_event.size()), cloud_event)) {
    return std::string(name);
  }
  return std::string(cloud_event_prefix) + std::string(name.substr(cloud_event.size()));
}

std::string header_value(const std::pair<std::string, std::string>& header) {
  const auto& [name, value] = header;
  if (name.size() <= cloud_event.size() ||
      !same_name(std::string_view(name).substr(0, cloud_event.size()), cloud_event)) {
    return value;
  }
  return percent_decoded(value).value_or(value);
}

Result<std::unique_ptr<Transport>> make_broker_transport(const BrokerUrl& url, std::unique_ptr<Link> link,
                                                         std::size_t in_flight, const Clock& clock) {
  auto transport = std::make_unique<BrokerTransport>(url, std::move(link), in_flight, clock);
  if (auto opened = transport->open(); !opened) return tl::unexpected(opened.error());
  return transport;
}

}  // namespace peakstorm
