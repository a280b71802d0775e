#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "results/compare_report.hpp"

namespace peakstorm {
namespace {

namespace json = boost::json;

json::value interval_json(const std::optional<Interval>& interval) {
  if (!interval || !std::isfinite(interval->low)) return nullptr;
  return json::object{{"mean", interval->mean},
                      {"low", interval->low},
                      {"high", interval->high},
                      {"n", interval->n},
                      {"level", interval->level}};
}

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object policy_json(const CompareReport& report, std::size_t p) {
  const Comparison::OfPolicy& of = report.found.policies[p];
  const ComparedPolicy& policy = report.policies[p];
  json::array changes;
  for (const std::string& change : policy.changes) changes.emplace_back(change);
  json::array dominated;
  for (const std::size_t by : of.dominated_by) dominated.emplace_back(report.policies[by].name);
  json::object means;
  json::object differences;
  json::object ratios;
  for (std::size_t y = 0; y < yardsticks; ++y) {
    const char* const name = yardstick_infos[y].name;
    means[name] = interval_json(of.value[y]);
    differences[name] = interval_json(of.difference[y]);
    ratios[name] = or_null(of.variance_ratio[y]);
  }
  return {{"name", policy.name},
          {"note", policy.note},
          {"changes", std::move(changes)},
          {"control", p == 0},
          {"seasons", of.seasons},
          {"shared", policy.shared},
          {"pareto", std::find(report.found.pareto.begin(), report.found.pareto.end(), p) != report.found.pareto.end()},
          {"dominated_by", std::move(dominated)},
          {"eliminated", of.eliminated},
          {"selected", report.found.selected == p},
          {"means", std::move(means)},
          {"differences", std::move(differences)},
          {"variance_ratio", std::move(ratios)}};
}

json::object league_json(const CompareReport& report) {
  const League& league = report.league;
  const auto region_of = [&](const std::optional<RegionId>& region) {
    return region ? json::value(report.regions[index(*region)]) : json::value(nullptr);
  };
  json::array rows;
  for (const League::Row& row : league.rows) {
    json::object causes;
    for (std::size_t b = 0; b < blames; ++b) {
      causes[blame_names[b]] = {{"promises", row.blame[b]}, {"share", interval_json(row.lost[b])}};
    }
    rows.push_back({{"carrier", report.carriers[index(row.service)]},
                    {"service", report.services[index(row.service)]},
                    {"region", region_of(row.region)},
                    {"promises", row.promises},
                    {"kept", interval_json(row.kept)},
                    {"change", interval_json(row.change)},
                    {"broken_by", std::move(causes)}});
  }
  json::array cuts;
  for (const League::Cut& cut : league.cuts) {
    cuts.push_back({{"policy", report.policies[cut.policy].name},
                    {"cut_in", region_of(cut.cut_in)},
                    {"region", region_of(cut.region)},
                    {"difference", interval_json(cut.difference)}});
  }
  return {{"rows", std::move(rows)},
          {"best", or_null(league.best)},
          {"worst", or_null(league.worst)},
          {"most_improved", or_null(league.most_improved)},
          {"cuts", std::move(cuts)},
          {"together", league.intervals},
          {"together_cuts", league.cuts.size()}};
}

json::value explored_json(const std::optional<CompareReport::Explored>& explored) {
  if (!explored) return nullptr;
  json::array axes;
  for (const CompareReport::Axis& axis : explored->axes) {
    axes.push_back({{"name", axis.name}, {"from", axis.from}, {"to", axis.to}, {"met", axis.met}, {"of", axis.of}});
  }
  return {{"points", explored->points},
          {"of", explored->of},
          {"unfit", explored->unfit},
          {"unfit_why", explored->unfit_why},
          {"axes", std::move(axes)}};
}

}  // namespace

std::string comparison_json(const CompareReport& report) {
  const Comparison& found = report.found;
  json::array policies;
  for (std::size_t p = 0; p < report.policies.size(); ++p) policies.push_back(policy_json(report, p));
  json::array pareto;
  for (const std::size_t p : found.pareto) pareto.emplace_back(report.policies[p].name);
  json::array scales;
  for (const YardstickInfo& info : yardstick_infos) {
    scales.push_back({{"name", info.name}, {"unit", info.unit}, {"larger_is_better", info.larger_is_better}});
  }
  const json::object object{
      {"scenario", report.scenario},
      {"title", report.title},
      {"inputs", report.inputs},
      {"version", report.version},
      {"seed", report.seed},
      {"scale", report.scale},
      {"seasons", report.seasons},
      {"partial", found.cut_short},
      {"control", report.policies.front().name},
      {"policies", std::move(policies)},
      {"pareto", std::move(pareto)},
      {"selected", found.selected ? json::value(report.policies[*found.selected].name) : json::value(nullptr)},
      {"statement", found.statement},
      {"selection",
       {{"by", info_of(report.plan.best).name},
        {"procedure", procedure_names[static_cast<std::size_t>(found.procedure)]},
        {"guaranteed", found.guaranteed},
        {"level", report.plan.level},
        {"delta", report.plan.delta},
        {"delta_reached", or_null(found.delta_reached)},
        {"seasons_needed", or_null(found.seasons_needed)}}},
      {"intervals",
       {{"level", report.plan.level},
        {"method", "bonferroni"},
        {"together", found.intervals},
        {"together_pareto", found.pareto_intervals}}},
      {"precision", report.plan.precision},
      {"league", league_json(report)},
      {"explored", explored_json(report.explored)},
      {"yardsticks", std::move(scales)}};
  return json::serialize(object);
}

}  // namespace peakstorm
