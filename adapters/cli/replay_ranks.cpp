#include "adapters/cli/replay_ranks.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/cli/output.hpp"
#include "adapters/cli/replay_run.hpp"
#include "adapters/cli/together.hpp"
#include "adapters/cluster/party.hpp"
#include "adapters/cluster/start.hpp"
#include "adapters/replay_log.hpp"
#include "engine/archive.hpp"

namespace peakstorm::cli {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::size_t piece = 4U << 20U;

/// What a rank tells of itself when it is done.
struct Account {
  ReplaySummary summary;
  ReplaySender sender;

  template <class Archive>
  void transfer(Archive& archive) {
    ReplaySummary& s = summary;
    archive(s.complete, s.scans, s.checks, s.attempts, s.accepted, s.refused, s.timed_out, s.broken, s.dropped, s.late,
            s.asked, s.injected, s.given_up, s.registered, s.read, s.unread, s.unreadable, s.speed, s.rates, s.sending,
            s.wall, s.cpu);
    archive(sender.host, sender.clock_offset, sender.clock_uncertainty, sender.clock_drift);
  }
};

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "?";
}

void add(ReplaySummary& all, const ReplaySummary& one) {
  all.complete = all.complete && one.complete;
  for (const auto count :
       {&ReplaySummary::scans, &ReplaySummary::checks, &ReplaySummary::attempts, &ReplaySummary::accepted,
        &ReplaySummary::refused, &ReplaySummary::timed_out, &ReplaySummary::broken, &ReplaySummary::dropped,
        &ReplaySummary::late, &ReplaySummary::asked, &ReplaySummary::requests, &ReplaySummary::split,
        &ReplaySummary::injected, &ReplaySummary::given_up, &ReplaySummary::registered, &ReplaySummary::read,
        &ReplaySummary::unread}) {
    all.*count += one.*count;
  }
  if (all.unreadable.empty()) all.unreadable = one.unreadable;
  all.sending = std::max(all.sending, one.sending);
  all.wall = std::max(all.wall, one.wall);
  all.cpu += one.cpu;
}

/// Brings every rank's log to rank 0; elsewhere none comes. Collective, to its end even where something fails.
Result<std::vector<std::unique_ptr<ReplayLog>>> gather(kernel::Exchange& exchange, std::unique_ptr<ReplayLog> mine) {
  std::vector<std::unique_ptr<ReplayLog>> logs;
  Result<void> status;
  const bool is_first = exchange.rank() == 0;
  for (std::size_t r = 1; is_first && r < exchange.ranks() && status; ++r) {
    auto log = ReplayLog::create();
    if (log) {
      logs.push_back(std::move(*log));
    } else {
      status = tl::unexpected(log.error());
    }
  }
  while (true) {
    Bytes bytes;
    if (!is_first && status) {
      auto more = mine->take(piece);
      if (more) bytes = std::move(*more);
      if (!more) status = tl::unexpected(more.error());
    }
    const auto all = exchange.gather(bytes);
    for (std::size_t r = 1; is_first && r < all.size() && status; ++r) status = logs[r - 1]->append(all[r]);
    if (exchange.minimum(-static_cast<std::int64_t>(bytes.size())) == 0) break;
  }
  if (!status) return tl::unexpected(status.error());
  if (is_first) logs.insert(logs.begin(), std::move(mine));
  return logs;
}

Result<std::vector<Account>> unpack(const std::vector<Bytes>& all) {
  std::vector<Account> accounts;
  for (const Bytes& bytes : all) {
    BytesSource source(bytes);
    ArchiveReader archive(source);
    Account& account = accounts.emplace_back();
    archive(account);
    if (!archive.ok()) {
      return fail(ErrorKind::malformed_reply, "a rank is another version of the program; start the same on all hosts");
    }
    ReplaySender& sender = account.sender;
    sender.rank = static_cast<std::uint32_t>(accounts.size() - 1);
    sender.scans = account.summary.scans;
    sender.checks = account.summary.checks;
    sender.attempts = account.summary.attempts;
    sender.late = account.summary.late;
    sender.cpu = account.summary.cpu;
  }
  return accounts;
}

/// Tells `recorder` of all ranks' replay as of one.
Result<ReplaySummary> bring_together(const std::vector<std::unique_ptr<ReplayLog>>& logs,
                                     const std::vector<Account>& accounts, ReplayRecorder& recorder) {
  ReplaySummary all = accounts[0].summary;
  std::vector<ReplaySender> senders;
  for (const Account& account : accounts) {
    if (!senders.empty()) add(all, account.summary);
    senders.push_back(account.sender);
  }
  recorder.begin(logs[0]->frame().environment);
  if (auto told = tell(logs, recorder); !told) return tl::unexpected(told.error());
  recorder.senders(senders);
  recorder.end(all.wall, all.cpu, all.complete);
  return all;
}

template <class T>
tl::expected<void, ExitCode> reported(const Result<T>& result) {
  if (!result) return tl::unexpected(report(result.error()));
  return {};
}

}  // namespace

tl::expected<ReplaySummary, ExitCode> run_replay_together(const Context& context, const World& world,
                                                          ReplaySource& source, const ReplayOptions& options,
                                                          ReplayRecorder* recorder, bool quiet) {
  cluster::Job& job = context.job->job();
  auto log = ReplayLog::create();
  if (auto opened = together(context, [&] { return reported(log); }); !opened) return tl::unexpected(opened.error());

  cluster::RankParty party(job);
  const auto sent =
      run_replay(world, source, options, **log, context.stop.token(), quiet || !is_first(context), nullptr, &party);
  if (auto done = together(context, [&] { return reported(sent); }); !done) return tl::unexpected(done.error());

  Account mine{*sent, {}};
  mine.sender.host = host_name();
  mine.sender.clock_offset = party.offset().offset;
  mine.sender.clock_uncertainty = party.offset().uncertainty;
  mine.sender.clock_drift = party.drift();
  auto logs = gather(job, std::move(*log));
  if (auto here = together(context, [&] { return reported(logs); }); !here) return tl::unexpected(here.error());
  Bytes bytes;
  BytesSink sink(bytes);
  ArchiveWriter archive(sink);
  archive(mine);
  const auto accounts = job.gather(bytes);
  Result<ReplaySummary> all = *sent;
  if (is_first(context)) {
    all = unpack(accounts).and_then(
        [&](const std::vector<Account>& of_ranks) { return bring_together(*logs, of_ranks, *recorder); });
  }
  if (auto told = together(context, [&] { return reported(all); }); !told) return tl::unexpected(told.error());
  return *all;
}

}  // namespace peakstorm::cli
