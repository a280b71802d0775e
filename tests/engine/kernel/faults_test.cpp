// A model that breaks its promises is stopped at once, with the names involved; input that cannot work is an
// error before the run.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"

namespace peakstorm::kernel {
namespace {

/// Does one thing, once.
class Culprit {
 public:
  struct Payload {};
  enum class Crime { none, past_self, past_other, impatient, beyond_time, wraps_time, nobody };
  Crime crime = Crime::none;
  std::size_t lps = 2;
  SimDuration ahead = SimDuration{100};

  std::size_t lp_count() const { return lps; }
  std::string name(LpId lp) const { return index(lp) == 0 ? "Memphis" : "Louisville"; }
  std::uint64_t name_hash(LpId lp) const { return hash64(name(lp)); }
  SimDuration lookahead(LpId lp) const { return index(lp) == 0 ? ahead : SimDuration{60}; }
  void handle(const Event<Payload>& event, Outbox<Payload>& outbox) {
    const LpId other{1};
    switch (crime) {
      case Crime::none:
        return;
      case Crime::past_self:
        return outbox.send(event.target, event.at - SimDuration{1}, {});
      case Crime::past_other:
        return outbox.send(other, event.at - SimDuration{1}, {});
      case Crime::impatient:
        return outbox.send(other, event.at + SimDuration{99}, {});
      case Crime::beyond_time:
        return outbox.send(other, never, {});
      case Crime::wraps_time:
        return outbox.send_after(event.target, SimDuration::max(), {});
      case Crime::nobody:
        return outbox.send(LpId{7}, event.at + SimDuration{100}, {});
    }
  }
};

void commit(Culprit::Crime crime) {
  Culprit model;
  model.crime = crime;
  Engine engine(model, Settings{});
  engine.schedule(LpId{0}, SimTime{SimDuration{1000}}, {});
  engine.run();
}

TEST(FaultsDeathTest, AnEventInThePastStopsTheRun) {
  EXPECT_DEATH(commit(Culprit::Crime::past_self), "'Memphis' at 1000 ms sends 'Memphis' an event for 999 ms.*past");
  EXPECT_DEATH(commit(Culprit::Crime::past_other), "'Memphis' at 1000 ms sends 'Louisville' an event for 999 ms.*past");
}
TEST(FaultsDeathTest, AViolatedLookaheadStopsTheRun) {
  EXPECT_DEATH(commit(Culprit::Crime::impatient),
               "'Memphis' at 1000 ms sends 'Louisville' an event for 1099 ms.*lookahead.*1100 ms");
}
TEST(FaultsDeathTest, AnOverflowOfTimeStopsTheRun) {
  EXPECT_DEATH(commit(Culprit::Crime::beyond_time), "'Memphis' at 1000 ms sends 'Louisville'.*overflow of time");
  EXPECT_DEATH(commit(Culprit::Crime::wraps_time), "'Memphis' at 1000 ms sends 'Memphis'.*overflow of time");
}
TEST(FaultsDeathTest, AnUnknownTargetStopsTheRun) {
  EXPECT_DEATH(commit(Culprit::Crime::nobody), "'Memphis' at 1000 ms sends '7'.*does not have");
}
TEST(FaultsDeathTest, SchedulingIntoThePastStopsTheRun) {
  Culprit model;
  Engine engine(model, Settings{.end = SimTime{SimDuration{5000}}});
  engine.schedule(LpId{0}, SimTime{SimDuration{1000}}, {});
  engine.run();
  EXPECT_DEATH(engine.schedule(LpId{1}, SimTime{SimDuration{4999}}, {}),
               "'outside' at 5000 ms sends 'Louisville'.*past");
}

std::string rejection(const Culprit& model, const Settings& settings) {
  const auto valid = Engine<Culprit>::validate(model, settings);
  if (valid) return "accepted";
  EXPECT_EQ(valid.error().kind, ErrorKind::bad_input);
  return valid.error().message;
}

TEST(Validate, SaysWhatIsWrongBeforeTheRun) {
  Culprit good;
  EXPECT_EQ(rejection(good, {}), "accepted");

  Culprit empty = good;
  empty.lps = 0;
  EXPECT_NE(rejection(empty, {}).find("no process"), std::string::npos);

  for (const int lookahead : {0, -5}) {
    Culprit impatient = good;
    impatient.ahead = SimDuration{lookahead};
    EXPECT_NE(rejection(impatient, {}).find("'Memphis' has a lookahead of " + std::to_string(lookahead) + " ms"),
              std::string::npos);
  }
  EXPECT_NE(rejection(good, Settings{.threads = 0}).find("0 threads"), std::string::npos);
  EXPECT_NE(rejection(good, Settings{.partition_of_lp = {0}}).find("1 entries for 2 processes"), std::string::npos);
  EXPECT_NE(rejection(good, Settings{.partition_of_lp = {0, 1024}}).find("'Louisville' is in partition 1024"),
            std::string::npos);
  EXPECT_EQ(rejection(good, Settings{.partition_of_lp = {1023, 5}}), "accepted");
}

}  // namespace
}  // namespace peakstorm::kernel
