#include "scenarios/validation.hpp"

#include <algorithm>
#include <string_view>

#include "scenarios/build/faults.hpp"
#include "scenarios/build/table.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/near.hpp"

namespace peakstorm {
namespace {

using namespace scenarios;

Table read_table(std::string_view file, const Columns& columns, const std::filesystem::path& folder, Faults& faults) {
  return Table::read(folder / file, file, columns, Table::Presence::optional, faults);
}

/// A rate of on-time delivery that is counted by service and due day.
bool is_cut(std::string_view measure) {
  for (const std::string_view front : {"on_time.", "on_time_all."}) {
    if (measure.starts_with(front) && measure.find('.', front.size()) == std::string_view::npos) return true;
  }
  return false;
}

void read_services(const Row& row, const World& world, PublishedFigure& figure) {
  std::vector<std::string_view> known;
  for (const Service& service : world.services) known.push_back(service.name);
  for (const std::string_view word : split_list(row.text("services"))) {
    const std::string& name = figure.services.emplace_back(word);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    row.fault("services", "unknown service '" + name + "'",
              did_you_mean(name, known, "write names of services.csv, separated by blanks"));
  }
}

void read_due(const Row& row, const World& world, PublishedFigure& figure) {
  UnixDay due = 0;
  if (!row.read_if("due", parse_date, due)) return;
  const auto day = static_cast<Day>(due - floor_div(world.first_day_unix, 86'400));
  if (day < 0 || day >= world.day_count + world.drain_days) {
    row.fault("due", "nothing is due on that day of the run", "choose a day of the run, or leave the cell empty");
  }
  figure.due = day;
}

}  // namespace

tl::expected<std::vector<PublishedFigure>, std::vector<Fault>> read_validation(
    const std::filesystem::path& folder, const World& world, const std::vector<std::string>& measures) {
  Faults faults;
  const Table table = read_table(
      "validation.csv", {{"figure", "kind", "measure", "published"}, {"services", "due"}, false}, folder, faults);
  std::vector<std::string_view> known(measures.begin(), measures.end());
  std::vector<PublishedFigure> figures;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    PublishedFigure figure;
    for (const std::string_view column : {"figure", "kind", "measure"}) {
      if (row.empty(column) && table.has(column)) row.fault(column, "the cell is empty", "fill it in");
    }
    figure.figure = row.text("figure");
    const std::string_view kind = row.text("kind");
    figure.fitted = kind == "fitted";
    if (!kind.empty() && kind != "fitted" && kind != "predicted") {
      row.fault("kind", "'" + std::string(kind) + "' is no kind of figure",
                "write fitted, if parameters were set for it, or predicted");
    }
    figure.measure = row.text("measure");
    if (!figure.measure.empty() && std::find(known.begin(), known.end(), figure.measure) == known.end()) {
      row.fault("measure", "no run measures '" + figure.measure + "'",
                did_you_mean(figure.measure, known, "results/MEASURES.md has the names"));
    }
    row.read(
        "published", [](std::string_view text) { return parse_decimal(text, -1e15, 1e15); }, figure.published);
    read_services(row, world, figure);
    read_due(row, world, figure);
    if ((figure.due || !figure.services.empty()) && !figure.measure.empty() && !is_cut(figure.measure)) {
      row.fault("measure", "'" + figure.measure + "' is not counted by service and due day",
                "leave services and due empty, or name a rate such as on_time.promise or on_time_all.commit");
    }
    figure.source = row.text("source");
    figure.note = row.text("note");
    figures.push_back(std::move(figure));
  }
  if (faults.any()) return tl::unexpected(faults.take());
  return figures;
}

}  // namespace peakstorm
