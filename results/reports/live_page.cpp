#include "results/live_page.hpp"

#include "results/reports/template.hpp"

namespace peakstorm {

std::string live_page() {
  std::string html;
  for (const std::string_view piece : reports::template_pieces(reports::Page::live)) html += piece;
  return html;
}

}  // namespace peakstorm
