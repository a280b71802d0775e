// peakstorm backtest: real orders in, predicted against actual out.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "adapters/cli/backtest.hpp"
#include "adapters/cli/dates.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/cli/live.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/progress.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/cli/write_file.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::string history;
  std::string map = "olist";
  std::string fit_until;
  std::string split;
  std::string rolling;
  std::string from;
  std::string predict;
  std::string out;
  std::string shock;
  std::string page;
  std::vector<std::string> apart;
  std::uint64_t seed = 1;
  OutputFlags output;
};

/// A day of the calendar, where the flag was given.
Result<std::optional<CalendarDay>> day_flag(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto day = read_date(flag, text);
  if (!day) return tl::unexpected(day.error());
  return *day;
}

struct Rows {
  std::uint64_t used = 0;
  std::vector<SetAside> set_aside;
};
Rows rows_of(const HistoryReading& reading) {
  Rows rows{reading.history.orders.size(), reading.set_aside};
  const NotScored apart = not_scored(reading);
  if (apart.unfinished_month > 0) {
    rows.set_aside.push_back({"of an unfinished last month: learnt from, not scored", apart.unfinished_month, 0});
  }
  if (apart.open_promises > 0) {
    rows.set_aside.push_back(
        {"promise not expired when the file ends: learnt from, not scored", apart.open_promises, 0});
  }
  rows.used -= apart.unfinished_month + apart.open_promises;
  return rows;
}

boost::json::array json_of(const std::vector<RateRow>& rows) {
  boost::json::array all;
  for (const RateRow& row : rows) {
    all.push_back({{"name", row.name},
                   {"predicted", row.predicted},
                   {"actual", row.actual},
                   {"n", row.n},
                   {"low", row.low},
                   {"high", row.high},
                   {"apart", row.apart},
                   {"counted", row.counted}});
  }
  return all;
}

boost::json::object json_rows(const HistoryReading& reading) {
  const Rows rows = rows_of(reading);
  boost::json::object set_aside;
  for (const SetAside& aside : rows.set_aside) set_aside[aside.reason] = aside.rows;
  return {{"rows_read", reading.rows_read},
          {"rows_used", rows.used},
          {"rows_set_aside", std::move(set_aside)},
          {"hand_overs_ignored", reading.handed_ignored},
          {"distances_found", reading.distances_found}};
}

/// Late is what a door is, not a hand-over.
bool is_transit(const StageScore& stage) {
  return std::string_view(stage.name) == "transit";
}

boost::json::object json_of(const std::string& question, const HistoryReading& reading, const Answer& answer) {
  const BacktestScore& score = answer.score;
  boost::json::array baselines;
  for (std::size_t b = 0; b < Baselines::names.size(); ++b) {
    baselines.push_back({{"name", Baselines::names[b]},
                         {"mae_points", score.baselines[b]},
                         {"mae_points_not_apart", score.baselines_not_apart[b]}});
  }
  boost::json::array by_month = json_of(score.by_month);
  for (auto& row : by_month) row.as_object()["month"] = row.at("name");
  boost::json::array reliability;
  for (const Bin& bin : score.reliability) {
    reliability.push_back({{"predicted", bin.predicted}, {"actual", bin.actual}, {"n", bin.n}});
  }
  boost::json::array central;
  for (std::size_t c = 0; c < score.covered.size(); ++c) {
    central.push_back({{"nominal", BacktestScore::central[c]}, {"actual", score.covered[c]}});
  }
  boost::json::array pinball;
  for (std::size_t q = 0; q < score.pinball.size(); ++q) {
    pinball.push_back({{"quantile", BacktestScore::quantiles[q]}, {"days", score.pinball[q]}});
  }
  boost::json::object all = json_rows(reading);
  all["question"] = question;
  all["fits"] = answer.fits;
  all["orders_scored"] = score.orders;
  all["mae_points"] = score.mae_points;
  all["mae_points_not_apart"] = score.mae_points_not_apart;
  all["apart_share_of_error"] = score.apart_share;
  all["noise_floor_points"] = score.noise_points;
  all["noise_floor_points_sd"] = score.noise_points_sd;
  all["cluster_effect"] = score.cluster_effect;
  all["mae_points_by_region"] = score.mae_points_by_region;
  all["by_month"] = std::move(by_month);
  all["by_region"] = json_of(score.by_region);
  all["by_lane"] = json_of(score.by_lane);
  all["by_window"] = json_of(score.by_window);
  all["baselines"] = std::move(baselines);
  all["ks"] = score.ks;
  all["reliability"] = std::move(reliability);
  all["reliability_gap_points"] = score.reliability_gap;
  all["pit"] = boost::json::array(score.pit.begin(), score.pit.end());
  all["pinball"] = std::move(pinball);
  all["coverage"] = {{"delivery_day", std::move(central)},
                     {"rate", {{"nominal", 0.9}, {"windows", score.windows}, {"covered", score.windows_covered}}}};
  all["never_delivered"] = {
      {"orders", score.never}, {"predicted", score.never_predicted}, {"actual", score.never_actual}};
  all["model"] = {{"orders", answer.model->learnt_orders()},
                  {"under_way", answer.model->learnt_censored()},
                  {"week_step", answer.model->week_step()},
                  {"converged", answer.model->converged()}};
  boost::json::array stages;
  for (const StageScore& stage : answer.stages) {
    boost::json::array intervals;
    for (std::size_t c = 0; c < stage.score.covered.size(); ++c) {
      intervals.push_back({{"nominal", BacktestScore::central[c]}, {"actual", stage.score.covered[c]}});
    }
    boost::json::object one = {{"name", stage.name},
                               {"orders_learnt", stage.learnt},
                               {"orders_scored", stage.score.orders},
                               {"median_day_error_days", stage.score.mean_days_error},
                               {"ks", stage.score.ks},
                               {"coverage", std::move(intervals)}};
    if (is_transit(stage)) {
      one["mae_points"] = stage.score.mae_points;
      one["noise_floor_points"] = stage.score.noise_points;
    }
    stages.push_back(std::move(one));
  }
  all["stages"] = std::move(stages);
  if (answer.calibration) {
    all["calibration"] = {{"fortnight_spread", answer.calibration->fortnight_spread()},
                          {"region_spread", answer.calibration->region_spread()}};
  }
  return all;
}

std::string rows_text(const HistoryReading& reading) {
  const Rows rows = rows_of(reading);
  std::string text = fmt::format("{} rows used of {} read\n", full_count(rows.used), full_count(reading.rows_read));
  for (const SetAside& aside : rows.set_aside) {
    text += fmt::format("  {:>8} set aside: {}{}\n", full_count(aside.rows), aside.reason,
                        aside.first_line > 0 ? fmt::format(" (first in line {})", aside.first_line) : "");
  }
  return text;
}

std::string text_of(const std::string& question, const HistoryReading& reading, const Answer& answer) {
  const BacktestScore& score = answer.score;
  std::string text = question + "\n" + rows_text(reading);
  text +=
      fmt::format("\n{:<9}{:>7}{:>11}{:>20}{:>9}  error\n", "month", "orders", "predicted", "90 % interval", "actual");
  for (const RateRow& row : score.by_month) {
    text += fmt::format("{:<9}{:>7}{:>11}{:>20}{:>9}  {:+.2f}{}{}\n", row.name, row.n, percent(row.predicted),
                        percent(row.low) + " - " + percent(row.high), percent(row.actual),
                        100 * (row.predicted - row.actual), row.counted ? "" : "  (too few to count)",
                        row.apart ? "  (apart)" : "");
  }
  text += fmt::format("\nmean absolute error of the monthly rate  {:.2f} points (chance alone: {:.2f} +- {:.2f})\n",
                      score.mae_points, score.noise_points, score.noise_points_sd);
  if (score.apart_share > 0) {
    text += fmt::format("  without the months set apart           {:.2f} points; they are {:.0f} % of the error\n",
                        score.mae_points_not_apart, 100 * score.apart_share);
  }
  for (std::size_t b = 0; b < Baselines::names.size(); ++b) {
    text += fmt::format("  {:<51}{:.2f} points\n", std::string("baseline, ") + Baselines::names[b], score.baselines[b]);
  }
  text += fmt::format("by region (weighted by orders)           {:.2f} points\n", score.mae_points_by_region);
  text += fmt::format("delivered minus promised, KS distance    {:.3f}\n", score.ks);
  text += fmt::format("reliability, largest gap of a tenth      {:.2f} points\n", score.reliability_gap);
  for (const Bin& bin : score.reliability) {
    if (bin.n > 0) {
      text +=
          fmt::format("  predicted {:>8}  actual {:>8}  n {}\n", percent(bin.predicted), percent(bin.actual), bin.n);
    }
  }
  text += "delivery day, central intervals          ";
  for (std::size_t c = 0; c < score.covered.size(); ++c) {
    text +=
        fmt::format("{}{:.0f} %: {}", c > 0 ? ", " : "", 100 * BacktestScore::central[c], percent(score.covered[c]));
  }
  text +=
      fmt::format("\n90 % intervals of the rate               {} of {} hold\n", score.windows_covered, score.windows);
  text += fmt::format("never delivered                          {} predicted, {} actual\n",
                      percent(score.never_predicted), percent(score.never_actual));
  if (!answer.stages.empty()) text += "\nthe two legs, each learnt by itself where the hand-over is known\n";
  for (const StageScore& stage : answer.stages) {
    text += fmt::format("{:<9}{:>7} orders, median day off by {:.2f} days, KS {:.3f}, 80 % intervals hold {}{}\n",
                        stage.name, stage.score.orders, stage.score.mean_days_error, stage.score.ks,
                        percent(stage.score.covered[1]),
                        is_transit(stage) ? fmt::format(", monthly rate late off by {:.2f} points (chance {:.2f})",
                                                        stage.score.mae_points, stage.score.noise_points)
                                          : "");
  }
  return text;
}

BacktestPage page_of(const Flags& flags, const HistoryMap& map, const std::string& question,
                     const HistoryReading& reading, const Answer& answer) {
  const BacktestScore& score = answer.score;
  BacktestPage page;
  page.title = "Backtest: " + fs::path(flags.history).filename().string();
  page.history = map.title.empty() ? "Map: " + map.name : map.title;
  page.question = question;
  const Rows rows = rows_of(reading);
  page.rows_used = rows.used;
  for (const SetAside& aside : rows.set_aside) page.set_aside.emplace_back(aside.reason, aside.rows);
  const auto points = [](double value) { return fmt::format("{:.2f} points", value); };
  page.figures = {
      {"orders learnt from", "counted", full_count(static_cast<std::uint64_t>(answer.model->learnt_orders())), ""},
      {"step of the weekly state, log odds a day", "fitted", fmt::format("{:.3f}", answer.model->week_step()), ""},
      {"share never delivered", "predicted", percent(score.never_predicted), "actual " + percent(score.never_actual)},
      {"late rate by month", "predicted", fmt::format("{} months", score.by_month.size()),
       fmt::format("{}; chance alone {:.2f} +- {:.2f}", points(score.mae_points), score.noise_points,
                   score.noise_points_sd)},
      {"late rate by region", "predicted", fmt::format("{} regions", score.by_region.size()),
       points(score.mae_points_by_region)},
      {"probability late of an order", "predicted", full_count(score.orders) + " orders",
       "largest gap of a tenth " + points(score.reliability_gap)},
      {"delivered minus promised", "predicted", "distribution", fmt::format("Kolmogorov-Smirnov {:.3f}", score.ks)},
      {"median delivery day", "predicted", full_count(score.orders) + " orders",
       fmt::format("{:.2f} days on average", score.mean_days_error)},
      {"90 % interval of the rate", "predicted", fmt::format("{} periods", score.windows),
       fmt::format("{} hold the actual rate", score.windows_covered)}};
  for (const StageScore& stage : answer.stages) {
    page.figures.push_back({std::string(stage.name) + " alone: median day", "predicted",
                            full_count(stage.score.orders) + " orders",
                            fmt::format("{:.2f} days on average; Kolmogorov-Smirnov {:.3f}",
                                        stage.score.mean_days_error, stage.score.ks)});
  }
  if (answer.calibration) {
    page.figures.push_back({"calibration of the log odds late, by fortnight and by region", "fitted",
                            fmt::format("spread {:.3f} and {:.3f}", answer.calibration->fortnight_spread(),
                                        answer.calibration->region_spread()),
                            ""});
  }
  for (std::size_t b = 0; b < Baselines::names.size(); ++b) {
    page.figures.push_back(
        {std::string("baseline: ") + Baselines::names[b], "counted", "late rate by month", points(score.baselines[b])});
  }
  return page;
}

constexpr std::array<double, 7> quantiles_written = {0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95};

std::string csv_of(const Predicted& predicted) {
  std::string text = "order_id,probability_late,probability_late_low,probability_late_high,probability_never";
  for (const double q : quantiles_written) text += fmt::format(",delivered_q{:02.0f}", 100 * q);
  text += '\n';
  for (std::size_t i = 0; i < predicted.orders.size(); ++i) {
    const PastOrder& order = predicted.orders[i];
    const DeliveryOutlook& outlook = predicted.outlooks[i];
    const auto [low, high] = std::minmax_element(outlook.late.begin(), outlook.late.end());
    // An id may hold what separates cells.
    std::string id = order.id;
    if (id.find_first_of(",\"\n") != std::string::npos) {
      std::string quoted = "\"";
      for (const char c : id) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
      id = quoted + '"';
    }
    text += fmt::format("{},{:.6f},{:.6f},{:.6f},{:.6f}", id, outlook.late_mean, *low, *high, outlook.never);
    for (const double q : quantiles_written) text += "," + day_name(order.placed + outlook.quantile(q));
    text += '\n';
  }
  return text;
}

struct Group {
  double mean = 0;
  std::array<double, scenario_count> states{};
  std::uint64_t n = 0;
};
/// Rates of groups of orders, with the range of the states of the network.
boost::json::array json_groups(const char* key, const std::map<std::string, Group>& groups) {
  boost::json::array all;
  for (const auto& [name, group] : groups) {
    const auto n = static_cast<double>(group.n);
    const auto [low, high] = std::minmax_element(group.states.begin(), group.states.end());
    all.push_back({{key, name}, {"predicted", group.mean / n}, {"low", *low / n}, {"high", *high / n}, {"n", group.n}});
  }
  return all;
}

std::string groups_text(const char* head, const boost::json::array& groups, const char* key) {
  std::string text = fmt::format("\n{:<22}{:>7}{:>11}{:>20}\n", head, "orders", "late", "range of states");
  for (const auto& group : groups) {
    text += fmt::format("{:<22}{:>7}{:>11}{:>20}\n", group.at(key).as_string().c_str(), group.at("n").as_uint64(),
                        percent(group.at("predicted").as_double()),
                        percent(group.at("low").as_double()) + " - " + percent(group.at("high").as_double()));
  }
  return text;
}

ExitCode predict(const Flags& flags, const HistoryMap& map, HistoryReading& reading, CalendarDay until) {
  std::optional<ShockFacts> facts;
  if (!flags.shock.empty()) {
    auto loaded = load_shock(flags.shock);
    if (!loaded) return report(loaded.error());
    facts = std::move(*loaded);
  }
  auto asked = read_orders(flags.predict, map, reading.history);
  if (!asked) return report(asked.error());
  const auto predicted = predict_orders(reading, *asked, until, facts);
  if (!predicted) return report(predicted.error());
  if (const auto written = write_file(flags.out, csv_of(*predicted)); !written) return report(written.error());

  std::map<std::string, Group> months;
  std::map<std::string, Group> weeks;
  for (std::size_t i = 0; i < predicted->orders.size(); ++i) {
    const PastOrder& order = predicted->orders[i];
    constexpr CalendarDay thursday = 3;  // 1 January 1970; weeks begin on Mondays.
    const CalendarDay monday = order.promised - (order.promised + thursday) % 7;
    for (Group* const group : {&months[month_name(order.placed)], &weeks[day_name(monday)]}) {
      group->mean += predicted->outlooks[i].late_mean;
      for (std::size_t s = 0; s < group->states.size(); ++s) group->states[s] += predicted->outlooks[i].late[s];
      ++group->n;
    }
  }
  const auto by_month = json_groups("month", months);
  const auto by_week = json_groups("promised_week", weeks);
  boost::json::array days;
  if (predicted->course) {
    const auto& course = *predicted->course;
    for (std::size_t i = 0; i < course.backlog.size(); ++i) {
      const CalendarDay day = course.shock.first + static_cast<CalendarDay>(i);
      const auto at = static_cast<std::size_t>(std::max(0, day - predicted->first_day));
      const auto expected = [&](const std::vector<double>& by_day) { return at < by_day.size() ? by_day[at] : 0.0; };
      days.push_back({{"day", day_name(day)},
                      {"network_deliveries", course.deliveries[i]},
                      {"backlog_days", course.backlog[i]},
                      {"orders_delivered", expected(predicted->deliveries)},
                      {"orders_delivered_undisturbed", expected(predicted->deliveries_undisturbed)}});
    }
  }
  if (flags.output.json) {
    boost::json::object all = json_rows(reading);
    boost::json::object aside;
    for (const SetAside& rows : asked->set_aside) aside[rows.reason] = rows.rows;
    all["predicted"] = predicted->orders.size();
    all["not_predicted"] = std::move(aside);
    all["file"] = flags.out;
    all["predicted_by_month"] = by_month;
    all["predicted_by_promised_week"] = by_week;
    if (facts) {
      all["shock"] = {{"title", facts->title},
                      {"by_day", days},
                      {"normal_again", predicted->recovered ? day_name(*predicted->recovered) : ""},
                      {"late_without", predicted->late_without_shock}};
    }
    print_json(all);
  } else if (!flags.output.quiet) {
    std::string text = rows_text(reading);
    text += fmt::format("{} orders predicted into {}\n", full_count(predicted->orders.size()), flags.out);
    for (const SetAside& rows : asked->set_aside) {
      text += fmt::format("  {:>8} not predicted: {} (first in line {})\n", full_count(rows.rows), rows.reason,
                          rows.first_line);
    }
    text += groups_text("month of the order", by_month, "month");
    if (facts) {
      text += groups_text("week of the promise", by_week, "promised_week");
      text += fmt::format("\n{}\n{:<12}{:>16}{:>14}{:>18}\n", facts->title, "day", "of a normal day", "backlog, days",
                          "orders delivered");
      for (const auto& day : days) {
        text += fmt::format("{:<12}{:>16}{:>14.2f}{:>18.1f}\n", day.at("day").as_string().c_str(),
                            percent(day.at("network_deliveries").as_double()), day.at("backlog_days").as_double(),
                            day.at("orders_delivered").as_double());
      }
      text += fmt::format("normal again from {}\n", predicted->recovered ? day_name(*predicted->recovered) : "later");
    }
    print_text(text);
  }
  return ExitCode::passed;
}

ExitCode backtest(const Flags& flags, const Context& context) {
  const int questions = (flags.fit_until.empty() || !flags.predict.empty() ? 0 : 1) + (flags.split.empty() ? 0 : 1) +
                        (flags.rolling.empty() ? 0 : 1) + (flags.predict.empty() ? 0 : 1);
  const auto wrong = [](const char* what) { return report({ErrorKind::bad_input, what}); };
  if (questions != 1) {
    return wrong(
        "backtest asks one question at a time: --fit-until DATE, --split sellers, --rolling month|week, or "
        "--predict ORDERS.csv --out FILE.csv");
  }
  if (flags.predict.empty() != flags.out.empty())
    return wrong("--predict and --out go together: orders in, a file out");
  if (!flags.shock.empty() && flags.predict.empty()) return wrong("--shock needs --predict: it changes days to come");
  if (!flags.from.empty() && flags.rolling.empty())
    return wrong("--from needs --rolling: it is the day of its first fit");
  if (!flags.page.empty() && !flags.predict.empty())
    return wrong("--page shows predicted against actual; --predict has no actual");
  const auto until = day_flag("--fit-until", flags.fit_until);
  if (!until) return report(until.error());
  const auto from = day_flag("--from", flags.from);
  if (!from) return report(from.error());
  const auto map = load_history_map(flags.map);
  if (!map) return report(map.error());
  auto reading = read_history(flags.history, *map);
  if (!reading) return report(reading.error());
  if (!flags.predict.empty()) return predict(flags, *map, *reading, until->value_or(reading->history.as_of + 1));

  set_promise_levels(reading->history.orders);
  if (context.live != nullptr) context.live->title(flags.history);
  // How many fits there will be is known to nobody here: those who watch are told how many there were.
  Progress fitting("backtest", "fits", ProgressStyle::none);
  std::uint64_t fits = 0;
  std::string question;
  Result<Answer> answer = [&]() -> Result<Answer> {
    if (*until) {
      question = fmt::format("Learnt from what was known at the start of {}; the orders from then on are predicted.",
                             day_name(**until));
      return ask_until(*reading, **until, flags.apart);
    }
    if (!flags.split.empty()) {
      question =
          "Structure: learnt from a random half of each month's sellers; the orders of the other half are predicted.";
      return ask_structure(*reading, flags.seed, flags.apart);
    }
    question =
        fmt::format("Forecast: learnt anew at the start of each {} from what was known then; its orders are predicted.",
                    flags.rolling);
    return ask_rolling(*reading, flags.rolling == "month" ? Rolling::month : Rolling::week, *from, flags.apart,
                       [&](CalendarDay day) {
                         if (!flags.output.quiet && !flags.output.json) note("learning until " + day_name(day));
                         fitting.update(0, ++fits);
                         return !context.stop.requested();
                       });
  }();
  if (!answer) return report(answer.error());
  fitting.finish(fits);
  if (!flags.page.empty()) {
    const auto written =
        write_file(flags.page, backtest_page(page_of(flags, *map, question, *reading, *answer), answer->score));
    if (!written) return report(written.error());
  }
  if (flags.output.json) {
    print_json(json_of(question, *reading, *answer));
  } else if (!flags.output.quiet) {
    print_text(text_of(question, *reading, *answer));
  }
  return ExitCode::passed;
}

}  // namespace

void add_backtest(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb =
      program.add_subcommand("backtest", "Learn from real past orders, predict, and compare with what came");
  verb->add_option("history", flags->history, "CSV of past orders")->required();
  verb->add_option("--map", flags->map, "What its columns mean: olist, scms, or a TOML file (default olist)");
  verb->add_option("--fit-until", flags->fit_until, "Learn what was known at the start of this day, predict the rest");
  verb->add_option("--split", flags->split, "Learn from half of each month's sellers, predict the others")
      ->check(CLI::IsMember({"sellers"}));
  verb->add_option("--rolling", flags->rolling, "Learn anew at each start, predict until the next")
      ->check(CLI::IsMember({"month", "week"}));
  verb->add_option("--from", flags->from, "First day of --rolling (default: when 500 outcomes are known)");
  verb->add_option("--predict", flags->predict, "CSV of orders without outcomes to predict");
  verb->add_option("--out", flags->out, "Where --predict writes probabilities and quantiles");
  verb->add_option("--shock", flags->shock, "Published facts of a disturbance (TOML; ready: brazil-strike-2018)");
  verb->add_option("--apart", flags->apart, "Months (2017-11) whose error is told apart")->delimiter(',');
  verb->add_option("--page", flags->page, "Write the validation page (HTML) to this file");
  verb->add_option("--seed", flags->seed, "Of --split (default 1)");
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context& context) { return backtest(*flags, context); }; });
}

}  // namespace peakstorm::cli
