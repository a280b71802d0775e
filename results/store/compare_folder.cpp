#include "results/compare_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <boost/json.hpp>
#include <charconv>
#include <cstring>
#include <set>
#include <string_view>
#include <system_error>

#include "engine/check.hpp"
#include "results/store/file_calls.hpp"
#include "results/store/manifest.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* facts_name = "compare.json";
constexpr const char* seasons_name = "seasons.txt";
constexpr int format = 2;
constexpr std::size_t hash_digits = 16;

std::string hash_of(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

/// Whole numbers with blanks between: policy, replication, the sums, the number of league rows, and the rows.
std::string line_of(Season season, const SeasonRecord& record) {
  const SeasonSums& s = record.sums;
  std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", season.policy,
                                 season.replication, s.orders, s.kept, s.broken, s.shipping_cents, s.recovery_cents,
                                 s.contact_cents, s.contacts, s.promised, s.promised_days, s.delivered,
                                 s.delivered_days, s.extra_attempt_cents, s.loyal_orders, s.happy_millionths,
                                 s.unhappy_millionths, s.answers_millionths, s.lifetime_cents, record.league.size());
  for (const LeagueRow& row : record.league) {
    text += fmt::format(" {} {} {} {} {} {}", index(row.service), index(row.region), row.kept, row.broken,
                        row.early_kept, row.early_broken);
    for (const std::uint64_t count : row.blame) text += fmt::format(" {}", count);
  }
  return hash_of(text) + " " + text + "\n";
}

/// Reads what line_of wrote.
class Numbers {
 public:
  explicit Numbers(std::string_view text) : text_(text) {}
  template <class T>
  void operator()(T& out) {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), out);
    ok_ = ok_ && error == std::errc();
    if (ok_) text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::optional<std::pair<Season, SeasonRecord>> season_in(std::string_view line) {
  if (line.size() <= hash_digits + 1) return std::nullopt;
  const std::string_view body = line.substr(hash_digits + 1);
  if (hash_of(body) != line.substr(0, hash_digits)) return std::nullopt;
  std::pair<Season, SeasonRecord> read;
  auto& [season, record] = read;
  SeasonSums& s = record.sums;
  Numbers next(body);
  std::size_t rows = 0;
  next(season.policy);
  next(season.replication);
  next(s.orders);
  next(s.kept);
  next(s.broken);
  next(s.shipping_cents);
  next(s.recovery_cents);
  next(s.contact_cents);
  next(s.contacts);
  next(s.promised);
  next(s.promised_days);
  next(s.delivered);
  next(s.delivered_days);
  next(s.extra_attempt_cents);
  next(s.loyal_orders);
  next(s.happy_millionths);
  next(s.unhappy_millionths);
  next(s.answers_millionths);
  next(s.lifetime_cents);
  next(rows);
  for (std::size_t i = 0; i < rows && next.ok(); ++i) {
    LeagueRow row;
    std::uint8_t service = 0;
    std::uint8_t region = 0;
    next(service);
    next(region);
    row.service = ServiceId{service};
    row.region = RegionId{region};
    next(row.kept);
    next(row.broken);
    next(row.early_kept);
    next(row.early_broken);
    for (std::uint64_t& count : row.blame) next(count);
    record.league.push_back(row);
  }
  if (!next.done()) return std::nullopt;
  return read;
}

std::string facts_text(const CompareFacts& facts) {
  json::array policies;
  for (std::size_t p = 0; p < facts.names.size(); ++p) {
    policies.push_back({{"name", facts.names[p]}, {"fingerprint", facts.fingerprints[p]}});
  }
  const ComparisonPlan& plan = facts.plan;
  // Doubles as texts of full precision: what is read back is what was written.
  const auto exact = [](double value) { return json::value(fmt::format("{}", value)); };
  const json::object object{{"format", format},
                            {"version", facts.version},
                            {"scenario", facts.scenario},
                            {"policies_file", facts.policies},
                            {"seed", facts.seed},
                            {"replication", facts.replication},
                            {"scale", exact(facts.scale)},
                            {"exact", facts.exact},
                            {"least", plan.least},
                            {"most", plan.most},
                            {"fixed", plan.fixed ? json::value(*plan.fixed) : json::value(nullptr)},
                            {"precision", exact(plan.precision)},
                            {"delta", exact(plan.delta)},
                            {"level", exact(plan.level)},
                            {"best", info_of(plan.best).name},
                            {"budget", facts.budget ? json::value(*facts.budget) : json::value(nullptr)},
                            {"policies", std::move(policies)}};
  return json::serialize(object) + "\n";
}

CompareFacts facts_in(const json::value& value) {
  CompareFacts facts;
  const json::object& object = value.as_object();
  const auto exact = [&](const char* key) {
    const json::string& text = object.at(key).as_string();
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  };
  const auto text = [&](const char* key) { return std::string(object.at(key).as_string()); };
  const auto count = [&](const char* key) { return object.at(key).to_number<std::size_t>(); };
  if (object.at("format").to_number<int>() != format) throw std::runtime_error("its format is of another version");
  facts.version = text("version");
  facts.scenario = text("scenario");
  facts.policies = text("policies_file");
  facts.seed = object.at("seed").to_number<std::uint64_t>();
  facts.replication = object.at("replication").to_number<std::uint32_t>();
  facts.scale = exact("scale");
  facts.exact = object.at("exact").as_bool();
  facts.plan.least = count("least");
  facts.plan.most = count("most");
  if (!object.at("fixed").is_null()) facts.plan.fixed = count("fixed");
  if (!object.at("budget").is_null()) facts.budget = count("budget");
  facts.plan.precision = exact("precision");
  facts.plan.delta = exact("delta");
  facts.plan.level = exact("level");
  const std::string best = text("best");
  for (std::size_t y = 0; y < yardsticks; ++y) {
    if (best == yardstick_infos[y].name) facts.plan.best = static_cast<Yardstick>(y);
  }
  for (const json::value& policy : object.at("policies").as_array()) {
    facts.names.emplace_back(policy.at("name").as_string());
    facts.fingerprints.emplace_back(policy.at("fingerprint").as_string());
  }
  if (facts.names.size() < 2 || facts.plan.least < 2 || facts.plan.most < facts.plan.least ||
      !(facts.plan.level > 0 && facts.plan.level < 1) || !(facts.plan.precision > 0) || !(facts.plan.delta > 0) ||
      (facts.plan.fixed && *facts.plan.fixed < 2)) {
    throw std::runtime_error("its numbers make no comparison");
  }
  return facts;
}

}  // namespace

struct CompareFolder::Impl {
  fs::path path;
  CompareFacts facts;
  std::vector<std::pair<Season, SeasonRecord>> seasons;
  int journal = -1;

  ~Impl() {
    if (journal >= 0) ::close(journal);
  }

  Result<void> open_journal() {
    const fs::path name = path / seasons_name;
    journal = ::open(name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal < 0) return store::io_error(name, "open");
    if (::flock(journal, LOCK_EX | LOCK_NB) != 0) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: another comparison is writing here; wait for it, or stop it", path.string()));
    }
    return {};
  }

  Result<void> read_journal() {
    const fs::path name = path / seasons_name;
    auto text = store::read_text(name);
    if (!text) return tl::unexpected(text.error());
    std::string_view rest = *text;
    std::size_t good = 0;
    int line = 0;
    std::set<std::pair<std::size_t, std::uint32_t>> known;
    while (!rest.empty()) {
      ++line;
      const std::size_t end = rest.find('\n');
      auto season = end == std::string_view::npos ? std::nullopt : season_in(rest.substr(0, end));
      if (season && (season->first.policy >= facts.names.size() ||
                     !known.emplace(season->first.policy, season->first.replication).second)) {
        season.reset();
      }
      if (!season) {
        // Only the last line can have been cut off; anything else is damage.
        if (end == std::string_view::npos || end + 1 == rest.size()) break;
        return fail(
            ErrorKind::bad_input,
            fmt::format("{}:{}: the line is damaged; remove it to simulate its season again", name.string(), line));
      }
      seasons.push_back(*std::move(season));
      good += end + 1;
      rest.remove_prefix(end + 1);
    }
    if (good < text->size() && ::ftruncate(journal, static_cast<off_t>(good)) != 0) {
      return store::io_error(name, "truncate");
    }
    return {};
  }
};

CompareFolder::CompareFolder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CompareFolder::~CompareFolder() = default;

Result<std::unique_ptr<CompareFolder>> CompareFolder::create(
    const fs::path& folder, const CompareFacts& facts, const std::vector<std::pair<fs::path, std::string>>& copies) {
  store::FileCalls& calls = store::system_calls();
  if (auto made = store::make_empty_folder(folder, calls); !made) return tl::unexpected(made.error());
  auto impl = std::make_unique<Impl>();
  impl->path = folder;
  impl->facts = facts;
  for (const auto& [from, to] : copies) {
    std::error_code problem;
    fs::create_directories((folder / to).parent_path(), problem);
    if (!problem) fs::copy_file(from, folder / to, problem);
    if (problem) {
      return fail(ErrorKind::io,
                  fmt::format("{}: cannot copy to {}: {}", from.string(), (folder / to).string(), problem.message()));
    }
  }
  if (auto opened = impl->open_journal(); !opened) return tl::unexpected(opened.error());
  auto created = std::unique_ptr<CompareFolder>(new CompareFolder(std::move(impl)));
  // Last: a folder without it is none that can go on.
  if (auto written = created->write(facts_name, facts_text(facts)); !written) return tl::unexpected(written.error());
  return created;
}

Result<std::unique_ptr<CompareFolder>> CompareFolder::open(const fs::path& folder) {
  auto impl = std::make_unique<Impl>();
  impl->path = folder;
  std::error_code problem;
  if (!fs::is_regular_file(folder / facts_name, problem)) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: has no {}; name a folder that compare --out made", folder.string(), facts_name));
  }
  const auto text = store::read_text(folder / facts_name);
  if (!text) return tl::unexpected(text.error());
  try {
    impl->facts = facts_in(json::parse(*text));
  } catch (const std::exception& error) {
    return fail(ErrorKind::bad_input, fmt::format("{}: cannot be read: {}; begin a new comparison",
                                                  (folder / facts_name).string(), error.what()));
  }
  if (auto opened = impl->open_journal(); !opened) return tl::unexpected(opened.error());
  if (auto read = impl->read_journal(); !read) return tl::unexpected(read.error());
  return std::unique_ptr<CompareFolder>(new CompareFolder(std::move(impl)));
}

const CompareFacts& CompareFolder::facts() const {
  return impl_->facts;
}
const fs::path& CompareFolder::path() const {
  return impl_->path;
}
fs::path CompareFolder::scenario() const {
  return impl_->path / "scenario" / impl_->facts.scenario;
}
fs::path CompareFolder::policies() const {
  return impl_->path / "policies" / impl_->facts.policies;
}
const std::vector<std::pair<Season, SeasonRecord>>& CompareFolder::seasons() const {
  return impl_->seasons;
}

Result<void> CompareFolder::append(Season season, const SeasonRecord& record) {
  const std::string line = line_of(season, record);
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(impl_->journal, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return store::io_error(impl_->path / seasons_name, "write");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(impl_->journal) != 0) return store::io_error(impl_->path / seasons_name, "flush");
  return {};
}

Result<void> CompareFolder::write(const std::string& name, std::string_view text) {
  store::FileCalls& calls = store::system_calls();
  const fs::path target = impl_->path / name;
  const fs::path draft = impl_->path / (name + ".part");
  std::error_code ignored;
  fs::remove(draft, ignored);
  if (auto written = store::write_file(draft, text, calls); !written) return written;
  if (calls.rename(draft.c_str(), target.c_str()) != 0) return store::io_error(target, "replace");
  calls.sync_directory(impl_->path.c_str());
  return {};
}

}  // namespace peakstorm
