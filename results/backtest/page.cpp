#include <fmt/format.h>

#include <algorithm>

#include "results/backtest.hpp"
#include "results/markup.hpp"

namespace peakstorm {
namespace {

std::string percent(double share) {
  return fmt::format("{:.2f} %", 100 * share);
}

constexpr double left = 48;
constexpr double top = 12;
constexpr double height = 220;

/// Frame and horizontal lines from 0 to `largest`, in percent.
std::string frame(double width, double largest, std::string_view label) {
  std::string out =
      fmt::format("<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {:.0f} {:.0f}\" style=\"max-width:{:.0f}px\">",
                  escape_markup(label), left + width + 12, top + height + 44, left + width + 12);
  constexpr int lines = 4;
  for (int i = 0; i <= lines; ++i) {
    const double y = top + height - height * i / lines;
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"axis\" x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.1f} %</text>",
        left, left + width, y, left - 6, y + 4, 100 * largest * i / lines);
  }
  return out;
}

std::string months_chart(const std::vector<RateRow>& rows) {
  if (rows.empty()) return {};
  constexpr double step = 44;
  const double width = step * static_cast<double>(rows.size());
  double largest = 0.01;
  for (const RateRow& row : rows) {
    if (row.counted) largest = std::max({largest, row.high, row.actual});
  }
  const auto y = [&](double rate) { return top + height - height * std::min(1.0, rate / largest); };
  std::string out = frame(width, largest, "Late rate by month: predicted with its 90 % interval, and actual");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RateRow& row = rows[i];
    const double x = left + step * (static_cast<double>(i) + 0.5);
    out += fmt::format(
        "<line class=\"interval\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/>"
        "<circle class=\"predicted\" cx=\"{0:.1f}\" cy=\"{3:.1f}\" r=\"4\"/>"
        "<path class=\"actual\" d=\"M{4:.1f} {5:.1f}h14\"/>"
        "<text class=\"axis\" x=\"{0:.1f}\" y=\"{6:.1f}\" text-anchor=\"middle\">{7}</text>"
        "<text class=\"axis\" x=\"{0:.1f}\" y=\"{8:.1f}\" text-anchor=\"middle\">{9}</text>",
        x, y(row.low), y(row.high), y(row.predicted), x - 7, y(row.actual), top + height + 16, row.name.substr(2),
        top + height + 32, row.counted ? (row.apart ? "apart" : "") : "few");
  }
  return out +
         "</svg><p class=\"key\">Circle: predicted; bar: its 90 % interval; dash: actual. Months marked few have "
         "fewer orders than count in the error.</p>";
}

std::string reliability_chart(const BacktestScore& score) {
  constexpr double width = 260;
  double largest = 0.1;
  for (const Bin& bin : score.reliability) {
    if (bin.n > 0) largest = std::max({largest, bin.predicted, bin.actual});
  }
  std::string out = frame(width, largest, "Reliability: actual late rate against predicted probability");
  out += fmt::format("<line class=\"diagonal\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", left,
                     top + height, left + width, top);
  for (const Bin& bin : score.reliability) {
    if (bin.n == 0) continue;
    out += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"><title>{} orders</title></circle>",
                       bin.n >= 500 ? "predicted" : "few", left + width * bin.predicted / largest,
                       top + height - height * bin.actual / largest, bin.n);
  }
  return out + fmt::format(
                   "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">predicted, to {:.0f} %"
                   "</text></svg><p class=\"key\">One circle per tenth of the predicted probability; hollow: "
                   "fewer than 500 orders. On the line, probabilities mean what they say.</p>",
                   left + width / 2, top + height + 18, 100 * largest);
}

std::string pit_chart(const BacktestScore& score) {
  constexpr double step = 26;
  const double largest = std::max(0.15, *std::max_element(score.pit.begin(), score.pit.end()));
  std::string out = frame(step * 10, largest, "PIT histogram of the delivery day");
  for (std::size_t b = 0; b < score.pit.size(); ++b) {
    const double tall = height * score.pit[b] / largest;
    out += fmt::format("<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>",
                       left + step * static_cast<double>(b) + 2, top + height - tall, step - 4, tall);
  }
  return out +
         "</svg><p class=\"key\">Where in its predicted distribution the delivery day fell; level at 10 % when the "
         "distributions are right.</p>";
}

std::string rates_table(const char* head, const std::vector<RateRow>& rows, bool with_baselines) {
  std::string out = fmt::format(
      "<table><thead><tr><th>{}</th><th>orders</th><th>predicted</th><th>90 % interval</th>"
      "<th>actual</th><th>error, points</th>",
      head);
  if (with_baselines) {
    for (const char* name : Baselines::names) out += fmt::format("<th>{}</th>", name);
  }
  out += "</tr></thead><tbody>";
  for (const RateRow& row : rows) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{} to {}</td><td>{}</td><td>{:+.2f}</td>",
                       escape_markup(row.name), row.n, percent(row.predicted), percent(row.low), percent(row.high),
                       percent(row.actual), 100 * (row.predicted - row.actual));
    if (with_baselines) {
      for (const double baseline : row.baselines) out += fmt::format("<td>{}</td>", percent(baseline));
    }
    out += "</tr>";
  }
  return out + "</tbody></table>";
}

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1d2433;"
    "background:#fff}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;font-size:.9rem}"
    "th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #d8dde6}th:first-child,td:first-child"
    "{text-align:left}.scroll{overflow-x:auto}svg{display:block;width:100%;height:auto}.grid{stroke:#d8dde6}"
    ".axis{font-size:11px;fill:#4b5568}.interval{stroke:#9db4dd;stroke-width:8}.predicted,.bar{fill:#1f4e9c}"
    ".few{fill:none;stroke:#1f4e9c}.actual{stroke:#b3390f;stroke-width:4}.diagonal{stroke:#4b5568;stroke-dasharray:4}"
    ".key{color:#4b5568;font-size:.9rem}.text td{text-align:left}";

}  // namespace

std::string backtest_page(const BacktestPage& page, const BacktestScore& score) {
  std::string out = fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{0}</title><style>{1}</style></head><body><h1>{0}</h1>"
      "<p>{2}</p><p>{3}</p>",
      escape_markup(page.title), style, escape_markup(page.history), escape_markup(page.question));
  out +=
      "<h2>What was fitted, what was predicted, and the error of each</h2><div class=\"scroll\"><table class=\"text\">"
      "<thead><tr><th>figure</th><th>kind</th><th>value</th><th>error</th></tr></thead><tbody>";
  for (const auto& figure : page.figures) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", escape_markup(figure.what),
                       escape_markup(figure.kind), escape_markup(figure.value), escape_markup(figure.error));
  }
  out += fmt::format("</tbody></table></div><h2>Rows</h2><p>{} rows used.", page.rows_used);
  for (const auto& [reason, rows] : page.set_aside) {
    out += fmt::format(" {} set aside: {}.", rows, escape_markup(reason));
  }
  out += "</p>";
  if (score.orders > 0) {
    out += "<h2>Late rate by month</h2><div class=\"scroll\">" + months_chart(score.by_month) +
           "</div><div class=\"scroll\">" + rates_table("month", score.by_month, true) + "</div><h2>Reliability</h2>" +
           reliability_chart(score) + "<h2>Distribution of the delivery day (PIT)</h2>" + pit_chart(score) +
           "<h2>Late rate by region</h2><div class=\"scroll\">" + rates_table("region", score.by_region, false) +
           "</div>";
    if (!score.by_lane.empty()) {
      out += "<h2>Late rate by lane</h2><div class=\"scroll\">" + rates_table("lane", score.by_lane, false) + "</div>";
    }
  }
  return out + "</body></html>\n";
}

}  // namespace peakstorm
