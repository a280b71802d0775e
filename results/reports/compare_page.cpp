/// The page of a comparison. Everything is placed in percent of its box, so that one page fits a phone and a wall. It
/// is written once in every language; the only script changes one for another.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <tuple>

#include "results/compare_report.hpp"
#include "results/reports/compare_words.hpp"

namespace peakstorm {
namespace {

using reports::compare_catalogues;
using reports::CompareWords;

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
.languages{float:right}.languages[hidden]{display:none}.languages button{font:inherit;font-size:14px;padding:4px 10px;border:1px solid var(--line);background:var(--card);color:var(--ink2);border-radius:8px;margin-left:4px;cursor:pointer}.languages button[aria-pressed=true]{color:var(--ink);border-color:var(--ink2);font-weight:650}
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
struct Figures {
  double scale;
  int digits;
};
constexpr std::array<Figures, yardsticks> figures{{{100, 2}, {1, 2}, {1, 2}, {1, 2}, {1, 4}, {1, 2}, {1, 2}}};

/// Puts the page's `main` of another language, which waits in a template, in the place of the one that is shown. The
/// reader's choice is kept where the report keeps it (page/src/i18n.js).
constexpr std::string_view script =
    "(()=>{const k='peakstorm.language',m=new Map([[document.querySelector('main').lang,document.querySelector('main')"
    "]]);for(const t of document.querySelectorAll('template[lang]'))m.set(t.lang,t.content.firstElementChild);"
    "for(const e of m.values())e.querySelector('.languages').hidden=false;"
    "const show=l=>{document.querySelector('main').replaceWith(m.get(l));document.documentElement.lang=l;"
    "document.title=m.get(l).dataset.title};let c=null;try{c=localStorage.getItem(k)}catch{}"
    "const w=m.has(c)?c:(navigator.languages||[navigator.language]).map(l=>l.slice(0,2)).find(l=>m.has(l));"
    "if(w)show(w);document.addEventListener('click',e=>{const b=e.target.closest('.languages button');if(!b)return;"
    "show(b.lang);try{localStorage.setItem(k,b.lang)}catch{}"
    "document.querySelector('.languages [lang='+b.lang+']').focus()})})()";
/// Of that text: the policy runs nothing else, whatever a name may hold. A browser says so on its console when the two
/// do not fit.
constexpr std::string_view script_hash = "sha256-yxunoBfxt3CfPLgF0DCQ8C35d4Cv59/E4CXT97qEAmM=";

class Page {
 public:
  Page(const CompareReport& report, const CompareWords& words) : report_(report), found_(report.found), w_(words) {
    for (std::size_t p = 0; p < report.policies.size(); ++p) order_.push_back(p);
    const auto rank = [&](std::size_t p) {
      const auto& value = found_.policies[p].value[0];
      return std::tuple(found_.selected != p, !on_front(p), value ? -value->mean : 0.0, p);
    };
    std::sort(order_.begin(), order_.end(), [&](std::size_t x, std::size_t y) { return rank(x) < rank(y); });
  }

  /// The `main` element.
  std::string html() {
    out_ = fmt::format("<main lang=\"{}\" data-title=\"{}\">\n", w_.tag, title());
    head();
    forests();
    pareto();
    table();
    league();
    reading();
    out_ += "</main>";
    return std::move(out_);
  }
  [[nodiscard]] std::string title() const { return say(w_.title, escaped(report_.title)); }

 private:
  [[nodiscard]] bool on_front(std::size_t p) const {
    return std::find(found_.pareto.begin(), found_.pareto.end(), p) != found_.pareto.end();
  }
  [[nodiscard]] std::string name(std::size_t p) const { return escaped(report_.policies[p].name); }
  template <class... Values>
  static std::string say(const char* pattern, const Values&... values) {
    return fmt::format(fmt::runtime(pattern), values...);
  }
  /// With the language's decimal sign.
  [[nodiscard]] std::string local(std::string text) const {
    std::replace(text.begin(), text.end(), '.', w_.decimal);
    return text;
  }
  [[nodiscard]] std::string short_number(double value) const { return local(fmt::format("{:.4g}", value)); }
  [[nodiscard]] std::string number(std::size_t y, double value, bool sign) const {
    const Figures& f = figures[y];
    return local(sign ? fmt::format("{:+.{}f}", value * f.scale, f.digits)
                      : fmt::format("{:.{}f}", value * f.scale, f.digits));
  }
  [[nodiscard]] std::string best_by() const { return w_.yardstick[static_cast<std::size_t>(report_.plan.best)].name; }
  /// A difference with its unit.
  [[nodiscard]] std::string amount(double value, bool sign) const {
    const auto y = static_cast<std::size_t>(report_.plan.best);
    return number(y, value, sign) + " " + w_.yardstick[y].difference;
  }

  void languages() {
    out_ += fmt::format("<span class=\"languages\" role=\"group\" aria-label=\"{}\" hidden>", w_.language);
    for (const CompareWords& other : compare_catalogues()) {
      out_ += fmt::format("<button type=\"button\" lang=\"{0}\" aria-pressed=\"{1}\">{2}</button>", other.tag,
                          std::string_view(other.tag) == w_.tag, other.name);
    }
    out_ += "</span>\n";
  }

  /// Comparison::statement of the same comparison, in this language.
  [[nodiscard]] std::string statement() const {
    if (w_.statement == nullptr) return found_.statement;
    const CompareWords::Statement& w = *w_.statement;
    if (!found_.selected) return w.nothing_yet;
    const std::size_t best = *found_.selected;
    const auto& policies = report_.policies;
    const std::size_t k = policies.size();
    const auto y = static_cast<std::size_t>(report_.plan.best);
    const std::string level = short_number(report_.plan.level * 100);
    const std::string basis = say(w.basis, k, yardsticks, report_.inputs);
    std::string text;
    const auto& difference = found_.policies[best].difference[y];
    if (best == 0) {
      text = say(w.none_better, policies[0].name, found_.policies[0].seasons, basis);
    } else if (difference) {
      text = say(w.differs, policies[best].name, policies[0].name, best_by(), amount(difference->mean, true), level,
                 number(y, difference->low, true), number(y, difference->high, true), difference->n, basis);
      if (difference->low <= 0 && difference->high >= 0) text += w.not_told_apart;
    }
    const std::string delta = amount(report_.plan.delta, false);
    if (found_.guaranteed && found_.procedure == Procedure::kim_nelson) {
      text += say(w.sure_kn, level, policies[best].name, k, best_by(), delta);
    } else if (found_.guaranteed) {
      text += say(w.sure_two_stage, level, policies[best].name, k, best_by(), delta,
                  w_.procedure[static_cast<std::size_t>(found_.procedure)]);
    } else if (found_.seasons_needed && found_.delta_reached) {
      text += say(w.needs_seasons, delta, *found_.seasons_needed, amount(*found_.delta_reached, false));
    } else {
      const auto left = std::count_if(found_.policies.begin(), found_.policies.end(),
                                      [](const Comparison::OfPolicy& of) { return !of.eliminated; });
      text += say(w.still_undecided, left, k);
    }
    return text;
  }

  void head() {
    languages();
    out_ += "<p class=\"muted\">" +
            say(w_.head, escaped(report_.title), report_.policies.size(), escaped(report_.inputs)) + "</p>\n";
    const std::size_t best = found_.selected.value_or(0);
    const char* said = !found_.selected                 ? w_.undecided
                       : best == 0 && found_.guaranteed ? w_.today_is_best
                       : found_.guaranteed              ? w_.is_best
                                                        : w_.leads;
    out_ += "<h1>" + say(said, name(best)) + "</h1>\n";
    if (found_.cut_short) out_ += fmt::format("<p class=\"banner\">{}</p>\n", w_.cut_short);
    out_ += "<p class=\"lead\">" + escaped(statement()) + "</p>\n";
    selection();
    explored();
  }

  /// How the choice was made, and what common random numbers saved.
  void selection() {
    out_ +=
        "<p class=\"muted\">" + say(w_.selection, best_by(), w_.procedure[static_cast<std::size_t>(found_.procedure)],
                                    short_number(report_.plan.level * 100), amount(report_.plan.delta, false));
    if (found_.seasons_needed) out_ += say(w_.seasons_needed, *found_.seasons_needed);
    out_ += ".";
    std::vector<double> ratios;
    for (const auto& of : found_.policies) {
      if (of.variance_ratio[0]) ratios.push_back(*of.variance_ratio[0]);
    }
    if (!ratios.empty()) {
      std::sort(ratios.begin(), ratios.end());
      const auto three = [&](double ratio) { return local(fmt::format("{:.3g}", ratio)); };
      out_ += say(w_.common_numbers, three(ratios[ratios.size() / 2]), three(ratios.front()), three(ratios.back()));
    }
    out_ += "</p>\n";
  }

  void explored() {
    if (!report_.explored) return;
    out_ += fmt::format("<h2>{}</h2><p>{}</p><ul>", w_.searched,
                        say(report_.explored->is_all() ? w_.points_all_run : w_.points_run, report_.explored->points,
                            report_.explored->of));
    for (const CompareReport::Axis& axis : report_.explored->axes) {
      out_ +=
          "<li>" + say(w_.axis, escaped(axis.name), axis.met, axis.of, escaped(axis.from), escaped(axis.to)) + "</li>";
    }
    out_ += "</ul>\n";
    if (report_.explored->unfit > 0) {
      out_ += "<p>" + say(w_.unfit, report_.explored->unfit, escaped(report_.explored->unfit_why)) + "</p>\n";
    }
  }

  void forests() {
    out_ += fmt::format("<h2>{}</h2><p class=\"muted\">{}{}</p>\n<div class=\"cards\">\n",
                        say(w_.differences_from, name(0)),
                        say(w_.paired, found_.intervals, short_number(report_.plan.level * 100)),
                        order_.size() > forest_rows + 1 ? w_.table_has_all : "");
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
    out_ += fmt::format("<section class=\"card\"><h3>{}: {}</h3><div class=\"forest\">\n", w_.yardstick[y].name,
                        w_.yardstick[y].difference);
    for (const std::size_t p : rows) {
      const Interval& d = *found_.policies[p].difference[y];
      const bool larger = yardstick_infos[y].larger_is_better;
      const char* kind = d.low > 0 ? (larger ? "better" : "worse") : d.high < 0 ? (larger ? "worse" : "better") : "";
      const std::string label = fmt::format("{} ({})", number(y, d.mean, true),
                                            say(w_.range, number(y, d.low, true), number(y, d.high, true)));
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
    out_ += fmt::format("<h2>{}</h2><p class=\"muted\">{}</p>\n<div class=\"card\"><div class=\"plane\">\n",
                        w_.against_cost, say(w_.against_cost_how, found_.pareto_intervals));
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
          "<span class=\"dot{}\" style=\"left:{:.2f}%;top:{:.2f}%\" title=\"{}: {}\"></span>", kind, left, top, name(p),
          say(w_.dot, number(0, values[p].value[0]->mean, false), number(1, values[p].value[1]->mean, false),
              values[p].value[2] ? number(2, values[p].value[2]->mean, false) : std::string("-")));
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
        "</div><div class=\"axis\" "
        "style=\"margin-left:52px\"><span>${}</span><span>{}</span><span>${}</span></div></div>\n",
        number(1, x_low, false), w_.cost_axis, number(1, x_high, false));
  }

  void table() {
    out_ += fmt::format(
        "<h2>{0}</h2><div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><thead><tr>"
        "<th>{1}</th><th class=\"num\">{2}</th>",
        w_.all_policies, w_.policy, w_.seasons);
    for (const auto& y : w_.yardstick) out_ += fmt::format("<th class=\"num\">{}</th>", y.title);
    out_ += fmt::format("<th>{}</th></tr></thead><tbody>\n", w_.what_it_changes);
    const auto flag = [](const char* kind, const char* text) {
      return fmt::format("<br><span class=\"{}\">{}</span>", kind, text);
    };
    for (std::size_t i = 0; i < std::min(order_.size(), table_rows); ++i) {
      const std::size_t p = order_[i];
      const Comparison::OfPolicy& of = found_.policies[p];
      out_ += fmt::format("<tr><th scope=\"row\">{}{}{}{}</th><td class=\"num\">{}</td>", name(p),
                          p == 0 ? flag("flag", w_.control) : std::string(),
                          found_.selected == p ? flag("flag", w_.selected) : std::string(),
                          on_front(p)     ? flag("flag", "Pareto")
                          : of.eliminated ? flag("muted", w_.left_out)
                                          : std::string(),
                          of.seasons);
      for (std::size_t y = 0; y < yardsticks; ++y) {
        out_ += "<td class=\"num\">" + (of.value[y] ? number(y, of.value[y]->mean, false) : std::string("-"));
        if (of.difference[y]) {
          out_ += "<small>" +
                  say(w_.range, number(y, of.difference[y]->low, true), number(y, of.difference[y]->high, true)) +
                  "</small>";
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
      out_ += "<p class=\"muted\">" + say(w_.more_rows, order_.size() - table_rows) + "</p>";
    }
    out_ += "</div>\n";
  }

  [[nodiscard]] std::string place(const League::Row& row) const {
    const std::string service = escaped(report_.services[index(row.service)]);
    return row.region ? say(w_.in_region, service, escaped(report_.regions[index(*row.region)])) : service;
  }
  [[nodiscard]] std::string percents(const Interval& i, bool sign) const {
    return fmt::format("{}<small>{}</small>", number(0, i.mean, sign),
                       say(w_.range, number(0, i.low, sign), number(0, i.high, sign)));
  }

  void league() {
    const League& l = report_.league;
    if (l.rows.empty()) return;
    out_ += fmt::format(
        "<h2>{}</h2><p>{}</p>\n<ul>", w_.league,
        say(w_.league_how, name(0), l.intervals, short_number(report_.plan.level * 100), League::least_promises));
    const auto tell = [&](const char* what, const std::optional<std::size_t>& row, bool improved = false) {
      if (!row) return;
      const League::Row& r = l.rows[*row];
      const Interval& figure = improved ? *r.change : r.kept;
      out_ += fmt::format("<li>{}: <b>{}</b>, {}", what, place(r),
                          say(improved ? w_.points_of : w_.kept_of, number(0, figure.mean, improved),
                              number(0, figure.low, improved), number(0, figure.high, improved)));
      const auto most = std::max_element(r.blame.begin(), r.blame.end());
      if (!improved && *most > 0) {
        out_ += say(w_.lost_to, w_.blame[static_cast<std::size_t>(most - r.blame.begin())]);
      }
      out_ += "</li>";
    };
    tell(w_.best, l.best);
    tell(w_.worst, l.worst);
    tell(w_.most_improved, l.most_improved, true);
    out_ +=
        fmt::format("</ul>\n<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">", w_.carriers);
    const auto by_region = static_cast<std::size_t>(
        std::count_if(l.rows.begin(), l.rows.end(), [](const League::Row& row) { return row.region.has_value(); }));
    league_table(false);
    if (by_region > 0) {
      // Hundreds of rows in a large market: unfolded by who wants them.
      out_ += "<details><summary>" + say(w_.by_region, by_region) + "</summary>";
      league_table(true);
      if (by_region > league_rows) {
        out_ += "<p class=\"muted\">" + say(w_.more_rows, by_region - league_rows) + "</p>";
      }
      out_ += "</details>";
    }
    out_ += "</div>\n";
    cuts();
  }

  /// The rows of regions, or those of all regions together.
  void league_table(bool by_region) {
    out_ += "<table><thead><tr>";
    for (std::size_t i = 0; i < w_.league_heads.size(); ++i) {
      out_ += fmt::format("<th{}>{}</th>", i < 2 ? "" : " class=\"num\"", w_.league_heads[i]);
    }
    for (const char* head : w_.lost_heads) out_ += fmt::format("<th class=\"num\">{}</th>", head);
    out_ += "</tr></thead><tbody>\n";
    std::size_t rows = 0;
    for (const League::Row& row : report_.league.rows) {
      if (row.region.has_value() != by_region) continue;
      if (++rows > league_rows) break;
      out_ += fmt::format(
          "<tr><th scope=\"row\">{}<br><span class=\"muted\">{}</span></th><td>{}</td><td class=\"num\">{}</td><td "
          "class=\"num\">{}</td><td class=\"num\">{}</td>",
          escaped(report_.carriers[index(row.service)]), escaped(report_.services[index(row.service)]),
          row.region ? escaped(report_.regions[index(*row.region)]) : std::string(w_.everywhere), row.promises,
          percents(row.kept, false), row.change ? percents(*row.change, true) : "-");
      for (const Interval& lost : row.lost) out_ += "<td class=\"num\">" + percents(lost, false) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table>";
  }

  void cuts() {
    if (report_.league.cuts.empty()) return;
    out_ += fmt::format("<h3 style=\"margin-top:20px\">{}</h3><p class=\"muted\">{}</p>", w_.cuts,
                        say(w_.cuts_how, report_.league.cuts.size()));
    std::string rows;
    std::size_t count = 0;
    for (const League::Cut& cut : report_.league.cuts) {
      const bool everywhere = !cut.cut_in && !cut.region;
      if (!everywhere && cut.difference.low <= 0 && cut.difference.high >= 0) continue;
      if (++count > league_rows) break;
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\">{}</td></tr>\n", name(cut.policy),
                          cut.region ? escaped(report_.regions[index(*cut.region)]) : std::string(w_.everywhere),
                          percents(cut.difference, true));
    }
    if (rows.empty()) {
      out_ += fmt::format("<p>{}</p>\n", w_.no_cut);
      return;
    }
    out_ += fmt::format(
        "<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr><th>{}</th>"
        "<th>{}</th><th class=\"num\">{}</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
        w_.without, w_.cut_heads[0], w_.cut_heads[1], w_.cut_heads[2], rows);
  }

  void reading() {
    out_ += fmt::format("<h2>{}</h2><ul>", w_.reading);
    for (const char* line : w_.reading_lines) out_ += "<li>" + say(line, best_by()) + "</li>";
    out_ += "</ul><p class=\"muted\">" + say(w_.method, escaped(report_.version)) + "</p>\n";
  }

  const CompareReport& report_;
  const Comparison& found_;
  const CompareWords& w_;
  std::vector<std::size_t> order_;
  std::string out_;
};

}  // namespace

std::string comparison_page(const CompareReport& report) {
  const auto catalogues = compare_catalogues();
  Page first(report, catalogues.front());
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src '{}'; img-src data:\"><link rel=\"icon\" href=\"data:,\"><title>{}</title><style>{}</style></head>"
      "<body>\n",
      catalogues.front().tag, script_hash, first.title(), style);
  html += first.html();
  for (const CompareWords& words : catalogues.subspan(1)) {
    html += fmt::format("\n<template lang=\"{}\">{}</template>", words.tag, Page(report, words).html());
  }
  html += fmt::format("\n<script>{}</script>\n</body></html>\n", script);
  return html;
}

}  // namespace peakstorm
