/// The page of a comparison. Everything is placed in percent of its box, so that one page fits a phone and a wall;
/// there is no script.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <tuple>

#include "results/compare_report.hpp"

namespace peakstorm {
namespace {

/// Rows of a forest and names beside dots; beyond them lies the table.
constexpr std::size_t forest_rows = 30;
constexpr std::size_t table_rows = 400;
constexpr std::size_t league_rows = 200;

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--page:#f6f5f2;--card:#fff;--ink:#16202b;--ink2:#43505e;--muted:#5d6874;--line:#dcdad4;--grid:#e7e5df;--good:#0b6aa8;--bad:#c04a00;--open:#6b7480;--pick:#0a6b4d}
@media screen and (prefers-color-scheme:dark){:root{--page:#10151b;--card:#182029;--ink:#eef2f6;--ink2:#c3ccd6;--muted:#9aa6b3;--line:#2c3742;--grid:#27313b;--good:#5fb2e6;--bad:#ff9352;--open:#9aa6b3;--pick:#5fd3a5}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:24px 20px 60px}h1{font-size:clamp(24px,3.6vw,38px);line-height:1.15;letter-spacing:-.015em;margin:10px 0}h2{font-size:clamp(20px,2.2vw,26px);margin:38px 0 4px}h3{font-size:16px;margin:0 0 8px}
p{margin:0 0 12px;max-width:50em}.muted{color:var(--muted);font-size:14px}.lead{font-size:clamp(17px,1.6vw,20px);color:var(--ink2)}.banner{border-left:4px solid var(--bad);padding:10px 14px;background:var(--card);border-radius:8px}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:16px 18px;min-width:0}.cards{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr))}
.forest{display:grid;gap:2px 10px;grid-template-columns:minmax(0,11em) minmax(0,1fr)}.forest .name{font-size:14px;overflow-wrap:anywhere;line-height:1.25;padding:3px 0}.track{position:relative;min-height:22px;border-bottom:1px solid var(--grid)}
.track i{position:absolute;top:50%;height:4px;margin-top:-2px;background:var(--open);border-radius:2px;min-width:2px}.track b{position:absolute;top:50%;width:10px;height:10px;margin:-5px 0 0 -5px;border-radius:50%;background:var(--open)}.track u{position:absolute;top:0;bottom:-3px;width:0;border-left:1px dashed var(--muted)}
.better i,.better b{background:var(--good)}.worse i,.worse b{background:var(--bad)}.axis{display:flex;justify-content:space-between;gap:8px;font-size:12px;color:var(--muted)}
.plane{position:relative;height:min(60vw,420px);min-height:280px;border-left:1px solid var(--muted);border-bottom:1px solid var(--muted);margin:6px 8px 4px 52px}.dot{position:absolute;width:12px;height:12px;margin:-6px 0 0 -6px;border-radius:50%;background:var(--open);opacity:.75}.dot.front{background:var(--good);opacity:1}.dot.pick{background:var(--pick);opacity:1;width:16px;height:16px;margin:-8px 0 0 -8px}
.tag{position:absolute;font-size:12px;line-height:1.1;max-width:11em;overflow-wrap:anywhere;transform:translate(10px,-50%)}.tag.left{transform:translate(calc(-100% - 10px),-50%);text-align:right}.ylab{position:absolute;left:-54px;width:48px;white-space:nowrap;text-align:right;font-size:12px;color:var(--muted);transform:translateY(-50%)}.bar{position:absolute;background:var(--line)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:6px 10px 6px 0;border-bottom:1px solid var(--grid);vertical-align:top;font-weight:400}thead th{color:var(--muted);font-size:13px;font-weight:600}tbody th{font-weight:600;min-width:9em;overflow-wrap:anywhere}td.num{white-space:nowrap}.num{text-align:right}.num small{display:block;color:var(--muted);font-size:12px}
.flag{font-size:12px;font-weight:650;color:var(--pick)}li{margin:4px 0;max-width:50em}
)";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else if (c == '"') {
      safe += "&quot;";
    } else {
      safe += c;
    }
  }
  return safe;
}

/// How a yardstick is written for people.
struct Words {
  const char* name;
  const char* title;
  const char* difference;  ///< Unit of a difference.
  double scale;
  int digits;
};
/// By Blame.
constexpr std::array<const char*, blames> blame_words{"our handling", "our promise", "the network", "storms"};
constexpr std::array<Words, yardsticks> words{{{"Promises kept", "Promises kept, %", "percentage points", 100, 2},
                                               {"Cost per order", "Cost per order, $", "dollars", 1, 2},
                                               {"Promised", "Promised, days", "days", 1, 2},
                                               {"Delivered", "Delivered, days", "days", 1, 2},
                                               {"Contacts", "Contacts per order", "per order", 1, 4},
                                               {"NPS", "Net promoter score", "points", 1, 2},
                                               {"Worth", "Margin of the next year per order, $", "dollars", 1, 2}}};

std::string number(std::size_t y, double value, bool sign) {
  const Words& w = words[y];
  return sign ? fmt::format("{:+.{}f}", value * w.scale, w.digits) : fmt::format("{:.{}f}", value * w.scale, w.digits);
}

class Page {
 public:
  explicit Page(const CompareReport& report) : report_(report), found_(report.found) {
    for (std::size_t p = 0; p < report.policies.size(); ++p) order_.push_back(p);
    const auto rank = [&](std::size_t p) {
      const auto& value = found_.policies[p].value[0];
      return std::tuple(found_.selected != p, !on_front(p), value ? -value->mean : 0.0, p);
    };
    std::sort(order_.begin(), order_.end(), [&](std::size_t x, std::size_t y) { return rank(x) < rank(y); });
  }

  std::string html() {
    out_ = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:\"><link rel=\"icon\" href=\"data:,\"><title>{}: policies "
        "compared</title><style>{}</style></head>"
        "<body><main>\n",
        escaped(report_.title), style);
    head();
    forests();
    pareto();
    table();
    league();
    reading();
    out_ += "</main></body></html>\n";
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool on_front(std::size_t p) const {
    return std::find(found_.pareto.begin(), found_.pareto.end(), p) != found_.pareto.end();
  }
  [[nodiscard]] std::string name(std::size_t p) const { return escaped(report_.policies[p].name); }

  void head() {
    out_ += fmt::format("<p class=\"muted\">{} &middot; {} policies &middot; {}</p>\n", escaped(report_.title),
                        report_.policies.size(), escaped(report_.inputs));
    const std::size_t best = found_.selected.value_or(0);
    const char* said = !found_.selected                 ? "Not decided yet"
                       : best == 0 && found_.guaranteed ? "The policy of today is the best of these"
                       : found_.guaranteed              ? "{} is the best of these"
                                                        : "{} leads, without a guarantee";
    out_ += "<h1>" + fmt::format(fmt::runtime(said), name(best)) + "</h1>\n";
    if (found_.cut_short)
      out_ += "<p class=\"banner\">The comparison was cut short: what follows is what was run.</p>\n";
    out_ += "<p class=\"lead\">" + escaped(found_.statement) + "</p>\n";
    selection();
    explored();
  }

  /// How the choice was made, and what common random numbers saved.
  void selection() {
    const char* procedure = found_.procedure == Procedure::two_stage    ? "two-stage selection (Matejcik & Nelson 1995)"
                            : found_.procedure == Procedure::kim_nelson ? "KN (Kim & Nelson 2001)"
                                                                        : "screening, then two-stage selection";
    out_ += fmt::format("<p class=\"muted\">By {}: {}, {:.4g} % confidence, smallest difference that matters {}",
                        info_of(report_.plan.best).name, procedure, report_.plan.level * 100, report_.plan.delta);
    if (found_.seasons_needed) out_ += fmt::format(", {} seasons of each needed", *found_.seasons_needed);
    out_ += ".";
    std::vector<double> ratios;
    for (const auto& of : found_.policies) {
      if (of.variance_ratio[0]) ratios.push_back(*of.variance_ratio[0]);
    }
    if (!ratios.empty()) {
      std::sort(ratios.begin(), ratios.end());
      out_ += fmt::format(
          " Common random numbers: independent seasons would need {:.3g} times as many for the same intervals of "
          "promises "
          "kept (median; {:.3g} to {:.3g}).",
          ratios[ratios.size() / 2], ratios.front(), ratios.back());
    }
    out_ += "</p>\n";
  }

  void explored() {
    if (!report_.explored) return;
    out_ += fmt::format(
        "<h2>What was searched, and what was not</h2><p>{} of the {} points of the space were "
        "run{}.</p><ul>",
        report_.explored->points, report_.explored->of,
        report_.explored->is_all() ? "" : "; of the others nothing is known");
    for (const CompareReport::Axis& axis : report_.explored->axes) {
      out_ += fmt::format("<li>{}: {} of {} values from {} to {}</li>", escaped(axis.name), axis.met, axis.of,
                          escaped(axis.from), escaped(axis.to));
    }
    out_ += "</ul>\n";
    if (report_.explored->unfit > 0) {
      out_ += fmt::format("<p>{} more cannot run and were left out, for instance {}</p>\n", report_.explored->unfit,
                          escaped(report_.explored->unfit_why));
    }
  }

  void forests() {
    out_ += fmt::format(
        "<h2>Differences from {}</h2><p class=\"muted\">Paired over the same seasons; the {} intervals hold together "
        "at "
        "{:.4g} %. Blue is certainly better, orange certainly worse, grey not told apart.{}</p>\n<div "
        "class=\"cards\">\n",
        name(0), found_.intervals, report_.plan.level * 100,
        order_.size() > forest_rows + 1 ? " The table below has all policies." : "");
    for (std::size_t y = 0; y < yardsticks; ++y) forest(y);
    out_ += "</div>\n";
  }

  void forest(std::size_t y) {
    std::vector<std::size_t> rows;
    double low = 0;
    double high = 0;
    for (const std::size_t p : order_) {
      const auto& d = found_.policies[p].difference[y];
      if (p == 0 || !d || rows.size() == forest_rows) continue;
      rows.push_back(p);
      low = std::min(low, d->low);
      high = std::max(high, d->high);
    }
    if (rows.empty()) return;
    if (high - low <= 0) high = low + 1e-9;
    const double margin = (high - low) * 0.04;
    low -= margin;
    high += margin;
    const auto at = [&](double value) { return 100 * (value - low) / (high - low); };
    out_ += fmt::format("<section class=\"card\"><h3>{}: {}</h3><div class=\"forest\">\n", words[y].name,
                        words[y].difference);
    for (const std::size_t p : rows) {
      const Interval& d = *found_.policies[p].difference[y];
      const bool larger = yardstick_infos[y].larger_is_better;
      const char* kind = d.low > 0 ? (larger ? "better" : "worse") : d.high < 0 ? (larger ? "worse" : "better") : "";
      const std::string label =
          fmt::format("{} ({} to {})", number(y, d.mean, true), number(y, d.low, true), number(y, d.high, true));
      out_ += fmt::format(
          "<div class=\"name\">{}</div><div class=\"track {}\" role=\"img\" aria-label=\"{}: {}\" title=\"{}\">"
          "<u style=\"left:{:.2f}%\"></u><i style=\"left:{:.2f}%;width:{:.2f}%\"></i><b "
          "style=\"left:{:.2f}%\"></b></div>\n",
          name(p), kind, name(p), label, label, at(0), at(d.low), at(d.high) - at(d.low), at(d.mean));
    }
    out_ += fmt::format("<div></div><div class=\"axis\"><span>{}</span><span>{}</span></div></div></section>\n",
                        number(y, low, true), number(y, high, true));
  }

  void pareto() {
    double x_low = 1e300;
    double x_high = -1e300;
    double y_low = 1e300;
    double y_high = -1e300;
    const auto& values = found_.policies;
    const auto drawn = [&](std::size_t p) { return values[p].value[0] && values[p].value[1]; };
    for (std::size_t p = 0; p < values.size(); ++p) {
      if (!drawn(p)) continue;
      x_low = std::min(x_low, values[p].value[1]->mean);
      x_high = std::max(x_high, values[p].value[1]->mean);
      y_low = std::min(y_low, values[p].value[0]->mean);
      y_high = std::max(y_high, values[p].value[0]->mean);
    }
    if (x_low > x_high) return;
    const auto widen = [](double& low, double& high) {
      const double margin = std::max((high - low) * 0.08, 1e-6);
      low -= margin;
      high += margin;
    };
    widen(x_low, x_high);
    widen(y_low, y_high);
    const auto x = [&](double v) { return 100 * (v - x_low) / (x_high - x_low); };
    const auto y = [&](double v) { return 100 * (y_high - v) / (y_high - y_low); };
    out_ += fmt::format(
        "<h2>Promises against cost</h2><p class=\"muted\">Up is more promises kept, left is cheaper. Blue: nobody is "
        "certainly better by promises, cost and promised days together ({} intervals). Green: selected.</p>\n"
        "<div class=\"card\"><div class=\"plane\">\n",
        found_.pareto_intervals);
    for (const double share : {0.0, 0.5, 1.0}) {
      const double value = y_low + share * (y_high - y_low);
      out_ += fmt::format("<span class=\"ylab\" style=\"top:{:.1f}%\">{} %</span>", y(value), number(0, value, false));
    }
    std::vector<std::pair<double, double>> tags;
    for (const std::size_t p : order_) {
      if (!drawn(p)) continue;
      const double left = x(values[p].value[1]->mean);
      const double top = y(values[p].value[0]->mean);
      const char* kind = found_.selected == p ? " pick" : on_front(p) ? " front" : "";
      out_ += fmt::format(
          "<span class=\"dot{}\" style=\"left:{:.2f}%;top:{:.2f}%\" title=\"{}: {} %, ${}, {} days\"></span>", kind,
          left, top, name(p), number(0, values[p].value[0]->mean, false), number(1, values[p].value[1]->mean, false),
          values[p].value[2] ? number(2, values[p].value[2]->mean, false) : "-");
      // A name where it does not cover another.
      const bool free = std::none_of(tags.begin(), tags.end(), [&](const auto& tag) {
        return std::abs(tag.first - left) < 34 && std::abs(tag.second - top) < 7;
      });
      if (!free || tags.size() >= 12) continue;
      tags.emplace_back(left, top);
      out_ += fmt::format("<span class=\"tag{}\" style=\"left:{:.2f}%;top:{:.2f}%\">{}</span>\n",
                          left > 55 ? " left" : "", left, top, name(p));
    }
    out_ += fmt::format(
        "</div><div class=\"axis\" style=\"margin-left:52px\"><span>${}</span><span>cost per "
        "order</span><span>${}</span>"
        "</div></div>\n",
        number(1, x_low, false), number(1, x_high, false));
  }

  void table() {
    out_ +=
        "<h2>All policies</h2><div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"All policies\">"
        "<table><thead><tr><th>Policy</th><th class=\"num\">Seasons</th>";
    for (const Words& w : words) out_ += fmt::format("<th class=\"num\">{}</th>", w.title);
    out_ += "<th>What it changes</th></tr></thead><tbody>\n";
    for (std::size_t i = 0; i < std::min(order_.size(), table_rows); ++i) {
      const std::size_t p = order_[i];
      const Comparison::OfPolicy& of = found_.policies[p];
      out_ += fmt::format("<tr><th scope=\"row\">{}{}{}{}</th><td class=\"num\">{}</td>", name(p),
                          p == 0 ? "<br><span class=\"flag\">control</span>" : "",
                          found_.selected == p ? "<br><span class=\"flag\">selected</span>" : "",
                          on_front(p)     ? "<br><span class=\"flag\">Pareto</span>"
                          : of.eliminated ? "<br><span class=\"muted\">left out early</span>"
                                          : "",
                          of.seasons);
      for (std::size_t y = 0; y < yardsticks; ++y) {
        out_ += "<td class=\"num\">" + (of.value[y] ? number(y, of.value[y]->mean, false) : std::string("-"));
        if (of.difference[y]) {
          out_ += fmt::format("<small>{} to {}</small>", number(y, of.difference[y]->low, true),
                              number(y, of.difference[y]->high, true));
        }
        out_ += "</td>";
      }
      out_ += "<td>" + escaped(report_.policies[p].note);
      for (const std::string& change : report_.policies[p].changes) {
        out_ += "<br><span class=\"muted\">" + escaped(change) + "</span>";
      }
      out_ += "</td></tr>\n";
    }
    out_ += "</tbody></table>";
    if (order_.size() > table_rows) {
      out_ += fmt::format("<p class=\"muted\">and {} more in comparison.json</p>", order_.size() - table_rows);
    }
    out_ += "</div>\n";
  }

  [[nodiscard]] std::string place(const League::Row& row) const {
    return escaped(report_.services[index(row.service)]) +
           (row.region ? " in " + escaped(report_.regions[index(*row.region)]) : "");
  }
  static std::string percents(const Interval& i, bool sign) {
    return fmt::format("{}<small>{} to {}</small>", number(0, i.mean, sign), number(0, i.low, sign),
                       number(0, i.high, sign));
  }

  void league() {
    const League& l = report_.league;
    if (l.rows.empty()) return;
    out_ += fmt::format(
        "<h2>Carriers by region and service</h2><p>Under {}, promises kept by who carried them, and what the others "
        "were lost to: our handling (waited at our node), our promise (lost no time, too tight from the start), the "
        "network, storms; shares of all promises. The {} intervals hold together at {:.4g} %; cells below {} promises "
        "are left out.</p>\n<ul>",
        name(0), l.intervals, report_.plan.level * 100, League::least_promises);
    const auto say = [&](const char* what, const std::optional<std::size_t>& row, bool improved = false) {
      if (!row) return;
      const League::Row& r = l.rows[*row];
      const Interval& figure = improved ? *r.change : r.kept;
      out_ += fmt::format("<li>{}: <b>{}</b>, {} {} ({} to {})", what, place(r), number(0, figure.mean, improved),
                          improved ? "points" : "% kept", number(0, figure.low, improved),
                          number(0, figure.high, improved));
      const auto most = std::max_element(r.blame.begin(), r.blame.end());
      if (!improved && *most > 0) {
        out_ += fmt::format("; most of the others lost to {}",
                            blame_words[static_cast<std::size_t>(most - r.blame.begin())]);
      }
      out_ += "</li>";
    };
    say("Best", l.best);
    say("Worst", l.worst);
    say("Most improved, second half of the season less the first", l.most_improved, true);
    out_ +=
        "</ul>\n<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Carriers\"><table><thead><tr>"
        "<th>Carrier, service</th><th>Region</th><th class=\"num\">Promises</th><th class=\"num\">Kept, %</th>"
        "<th class=\"num\">Second half less first, pp</th><th class=\"num\">Lost to our handling, %</th>"
        "<th class=\"num\">to our promise, %</th><th class=\"num\">to the network, %</th><th class=\"num\">to "
        "storms, %</th>"
        "</tr></thead><tbody>\n";
    for (std::size_t i = 0; i < std::min(l.rows.size(), league_rows); ++i) {
      const League::Row& row = l.rows[i];
      out_ += fmt::format(
          "<tr><th scope=\"row\">{}<br><span class=\"muted\">{}</span></th><td>{}</td><td class=\"num\">{}</td><td "
          "class=\"num\">{}</td><td class=\"num\">{}</td>",
          escaped(report_.carriers[index(row.service)]), escaped(report_.services[index(row.service)]),
          row.region ? escaped(report_.regions[index(*row.region)]) : "everywhere", row.promises,
          percents(row.kept, false), row.change ? percents(*row.change, true) : "-");
      for (const Interval& lost : row.lost) out_ += "<td class=\"num\">" + percents(lost, false) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table>";
    if (l.rows.size() > league_rows) {
      out_ += fmt::format("<p class=\"muted\">and {} more in comparison.json</p>", l.rows.size() - league_rows);
    }
    out_ += "</div>\n";
    cuts();
  }

  void cuts() {
    if (report_.league.cuts.empty()) return;
    out_ += fmt::format(
        "<h3 style=\"margin-top:20px\">Which carrier to cut where, and what that would change</h3><p "
        "class=\"muted\">Promises kept of all orders to the region without the carrier less with it, percentage "
        "points; {} intervals together. Shown: carriers left out everywhere, and the regions where leaving one out, "
        "everywhere or there alone, certainly changes something. Above zero: cut.</p>"
        "<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Without a carrier\"><table><thead><tr>"
        "<th>Policy</th><th>Region</th><th class=\"num\">Difference, pp</th></tr></thead><tbody>\n",
        report_.league.cuts.size());
    std::size_t rows = 0;
    for (const League::Cut& cut : report_.league.cuts) {
      const bool everywhere = !cut.cut_in && !cut.region;
      if (!everywhere && cut.difference.low <= 0 && cut.difference.high >= 0) continue;
      if (++rows > league_rows) break;
      out_ += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\">{}</td></tr>\n", name(cut.policy),
                          cut.region ? escaped(report_.regions[index(*cut.region)]) : "everywhere",
                          percents(cut.difference, true));
    }
    out_ += "</tbody></table></div>\n";
  }

  void reading() {
    out_ += fmt::format(
        "<h2>How to read this</h2><ul><li>A season is one replication; season r has the same orders, weather and luck "
        "under "
        "every policy, so that differences are the policies'.</li><li>Intervals are about chance within the model. "
        "They say "
        "nothing of inputs that were guessed.</li><li>Days to delivery count delivered parcels only; promises count "
        "undelivered "
        "ones as broken once they are due.</li><li>Contacts, and their cost, are the shopper model's.</li><li>A policy "
        "that was "
        "left out early is certainly not the best by {}; its other figures rest on fewer seasons.</li></ul>"
        "<p class=\"muted\">Peakstorm {}. Method: results/COMPARE.md.</p>\n",
        info_of(report_.plan.best).name, escaped(report_.version));
  }

  const CompareReport& report_;
  const Comparison& found_;
  std::vector<std::size_t> order_;
  std::string out_;
};

}  // namespace

std::string comparison_page(const CompareReport& report) {
  return Page(report).html();
}

}  // namespace peakstorm
