#include "tests/adapters/broker/load.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

namespace peakstorm::testing {

Load::Load(const BrokerTarget& target, const SteadyClock& clock, std::size_t count, std::size_t keys)
    : target_(target), clock_(clock), keys_(keys) {
  for (std::size_t i = 0; i < count; ++i) {
    Sent one;
    one.id = "id-" + std::to_string(i);
    one.key = "key-" + std::to_string(i % keys);
    // Every byte but zero turns up somewhere, line ends and quotes among them.
    one.body = "{\"n\":" + std::to_string(i) + ",\"text\":\"\xc3\xa9\r\n" +
               std::string(i % 700, static_cast<char>(1 + i % 255)) + "\"}";
    messages.push_back(std::move(one));
  }
}

void Load::run(const std::function<void()>& at_half) {
  std::size_t confirmed = 0;
  bool half = false;
  std::vector<std::size_t> next(keys_);  // Of each key: its position in the key's messages.
  std::deque<std::size_t> ready;
  for (std::size_t key = 0; key < keys_ && key < messages.size(); ++key) ready.push_back(key);
  auto last_progress = clock_.now();
  Transport& transport = *target_.transport;
  while (confirmed < messages.size()) {
    while (!ready.empty() && transport.idle() > 0) {
      const std::size_t index = ready.front();
      ready.pop_front();
      Sent& one = messages[index];
      ++one.attempts;
      transport.submit({"POST", "/ignored", headers, one.body, one.id, one.key}, patience,
                       [&, index](const Result<Reply>& reply) {
                         if (reply && reply->acknowledgement == Acknowledgement::confirmed) {
                           messages[index].confirmed = true;
                           ++confirmed;
                           last_progress = clock_.now();
                           if (index + keys_ < messages.size()) ready.push_back(index + keys_);
                           return;
                         }
                         ++(reply ? refused : broken);
                         ready.push_back(index);
                       });
    }
    transport.poll(clock_.now() + std::chrono::milliseconds{5});
    if (at_half && !half && confirmed * 2 >= messages.size()) {
      half = true;
      at_half();
      last_progress = clock_.now();
    }
    if (clock_.now() - last_progress > std::chrono::seconds{30}) {
      FAIL() << "no acknowledgement any more, after " << confirmed << " of " << messages.size();
    }
  }
  while (transport.in_flight() > 0) transport.poll(clock_.now() + std::chrono::milliseconds{5});
}

void Load::read() {
  stored_.clear();
  std::size_t place = 0;
  const auto read =
      target_.stored->read(messages.size(), std::chrono::seconds{20}, [&](std::string_view id, std::string_view body) {
        stored_[std::string(id)].push_back({place++, std::string(body)});
        return true;
      });
  ASSERT_TRUE(read.has_value()) << read.error().message;
}

std::size_t Load::missing() {
  read();
  std::size_t count = 0;
  for (const Sent& one : messages) count += static_cast<std::size_t>(one.confirmed && !stored_.contains(one.id));
  return count;
}

std::size_t Load::expect_stored() {
  read();
  std::size_t further = 0;
  std::map<std::string, std::size_t> newest;
  for (const Sent& one : messages) {
    EXPECT_TRUE(one.confirmed) << one.id;
    const auto found = stored_.find(one.id);
    if (found == stored_.end()) {
      ADD_FAILURE() << one.id << " was acknowledged and is not stored";
      continue;
    }
    const std::vector<Stored>& copies = found->second;
    EXPECT_LE(copies.size(), one.attempts) << one.id;
    for (const Stored& copy : copies) EXPECT_EQ(copy.body, one.body) << one.id;
    further += copies.size() - 1;
    if (const auto before = newest.find(one.key); before != newest.end()) {
      EXPECT_LT(before->second, copies.front().place) << one.id << " stands before an earlier message of its key";
    }
    newest[one.key] = copies.front().place;
  }
  EXPECT_EQ(stored_.size(), messages.size());
  return further;
}

Result<Reply> send_one(Transport& transport, const SteadyClock& clock, const std::string& body,
                       std::chrono::milliseconds patience) {
  std::optional<Result<Reply>> answer;
  transport.submit({"POST", "/", "", body, "one", "key"}, patience,
                   [&](Result<Reply> reply) { answer = std::move(reply); });
  while (!answer) transport.poll(clock.now() + std::chrono::milliseconds{100});
  return *answer;
}

}  // namespace peakstorm::testing
