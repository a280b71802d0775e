// Goal: a run under mpirun has the result of a run in one process.
// Method: every rank runs its share of PHOLD over MPI; rank 0 also runs the whole in one process, with
// another number of partitions, and compares digests and event counts. Then bytes of many sizes are gathered.
// Prints one line; exit code 0 when all agree.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "adapters/cluster/mpi.hpp"
#include "bench/phold.hpp"
#include "engine/kernel/engine.hpp"

namespace {

using namespace peakstorm;

struct Sum {
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  bool operator==(const Sum&) const = default;
};

Sum run_phold(kernel::Exchange& exchange, std::uint32_t partitions, unsigned threads) {
  const RunKey run{41, 7};
  Phold model({.lps = 2000, .population = 2, .remote = 0.3, .lookahead = 0.2}, run);
  kernel::Settings settings{.run = run, .threads = threads, .end = SimTime{SimDuration{15 * Phold::mean}}};
  for (std::uint32_t lp = 0; lp < model.lp_count(); ++lp) settings.partition_of_lp.push_back(lp % partitions);
  settings.exchange = &exchange;
  kernel::Engine engine(model, settings);
  model.start(engine);
  const auto totals = engine.run();
  std::uint64_t digest = model.digest();
  exchange.sum({&digest, 1});
  return {digest, totals.events};
}

bool gathers(kernel::Exchange& exchange) {
  // Rank r sends 1000 r bytes of value r; rank 0 sends none.
  const std::vector<std::byte> mine(1000 * exchange.rank(), static_cast<std::byte>(exchange.rank()));
  const auto all = exchange.gather(mine);
  if (exchange.rank() != 0) return all.empty();
  bool right = all.size() == exchange.ranks();
  for (std::size_t r = 0; right && r < all.size(); ++r) {
    right = all[r] == std::vector<std::byte>(1000 * r, static_cast<std::byte>(r));
  }
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  cluster::MpiJob job(argc, argv);
  const std::size_t wanted_ranks = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  const Sum together = run_phold(job, 24, 2);
  std::uint64_t failures = gathers(job) ? 0 : 1;
  if (job.rank() == 0) {
    kernel::SingleRank alone;
    const Sum expected = run_phold(alone, 5, 1);
    if (together != expected || together.events < 10'000 || job.ranks() != wanted_ranks) ++failures;
    std::printf("%zu ranks: digest %016llx after %llu events; one process: %016llx after %llu\n", job.ranks(),
                static_cast<unsigned long long>(together.digest), static_cast<unsigned long long>(together.events),
                static_cast<unsigned long long>(expected.digest), static_cast<unsigned long long>(expected.events));
  }
  job.sum({&failures, 1});
  return failures == 0 ? 0 : 1;
}
