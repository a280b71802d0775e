#include "adapters/cluster/agree.hpp"

#include <map>

#include "engine/archive.hpp"

namespace peakstorm::cluster {
namespace {

Intent unpack(std::span<const std::byte> bytes) {
  Intent intent;
  BytesSource source(bytes);
  ArchiveReader archive(source);
  archive(intent.facts, intent.failure);
  if (!archive.ok()) intent.failure = "it is another version of the program; start the same on all hosts";
  return intent;
}

std::string ranks_text(const std::vector<std::size_t>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == ranks.size() ? " and " : ", ") + std::to_string(ranks[i]);
  }
  return text;
}

std::string differences(const std::vector<std::vector<std::byte>>& all) {
  const Intent first = unpack(all[0]);
  // Ranks that say the same are named together.
  std::map<std::string, std::vector<std::size_t>> said;
  if (!first.failure.empty()) said[first.failure].push_back(0);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    const Intent other = unpack(all[rank]);
    if (!other.failure.empty()) {
      said[other.failure].push_back(rank);
      continue;
    }
    if (!first.failure.empty()) continue;
    for (std::size_t i = 0; i < first.facts.size(); ++i) {
      const auto& [name, value] = first.facts[i];
      const std::string theirs =
          i < other.facts.size() && other.facts[i].first == name ? other.facts[i].second : "nothing";
      if (theirs != value) said[name + " is " + theirs + ", rank 0 has " + value].push_back(rank);
    }
  }
  // What all say alike needs no ranks.
  if (said.size() == 1 && said.begin()->second.size() == all.size()) return said.begin()->first;
  std::string text;
  for (const auto& [what, ranks] : said) text += (text.empty() ? "" : "\n") + ranks_text(ranks) + ": " + what;
  return text;
}

}  // namespace

Result<void> agree(kernel::Exchange& exchange, const Intent& mine) {
  std::vector<std::byte> bytes;
  BytesSink sink(bytes);
  ArchiveWriter archive(sink);
  archive(mine.facts, mine.failure);
  const auto all = exchange.gather(bytes);
  std::string wrong;
  if (exchange.rank() == 0) wrong = differences(all);
  if (exchange.minimum(wrong.empty() ? 1 : 0) == 1) return {};
  return fail(ErrorKind::bad_input, wrong);
}

}  // namespace peakstorm::cluster
