#include "results/store/notice_book.hpp"

#include <span>

#include "results/run_folder.hpp"
#include "results/store/database.hpp"
#include "results/store/manifest.hpp"

namespace peakstorm::store {
namespace {

std::map<std::int64_t, std::string> names(Database& database, const char* sql) {
  std::map<std::int64_t, std::string> all;
  for (Statement row(database, sql); row.step();) all.emplace(row.integer(0), row.text(1));
  return all;
}

}  // namespace

Result<NoticeBook> NoticeBook::read(const std::filesystem::path& run_folder, std::chrono::sys_days first_day) {
  auto opened = Database::open_read_only(run_folder / tables_name);
  if (!opened) return tl::unexpected(opened.error());
  Database& database = **opened;
  NoticeBook book;
  book.first_day_ = first_day;
  book.retailers_ = names(database, "SELECT shipper_id, name FROM shipper");
  book.carriers_ = names(database, "SELECT carrier_id, name FROM carrier");
  {
    Statement row(database,
                  "SELECT parcel_id, shipper_id, carrier_id, coalesce(promise_day, -1) "
                  "FROM parcel JOIN service USING (service_id)");
    while (row.step()) {
      Order order;
      order.retailer = static_cast<std::uint32_t>(row.integer(1));
      order.carrier = static_cast<std::uint32_t>(row.integer(2));
      if (row.integer(3) >= 0) order.promise_day = row.integer(3);
      book.orders_.emplace(static_cast<std::uint64_t>(row.integer(0)), order);
    }
  }
  if (auto status = database.status(); !status) return tl::unexpected(status.error());
  auto read = visit_scans(run_folder, [&](std::span<const Scan> scans) {
    for (const Scan& scan : scans) {
      if (scan.kind != ScanKind::eta_changed || scan.reported == never || scan.eta_day == no_day) continue;
      book.new_dates_[{static_cast<std::uint64_t>(scan.parcel), scan.reported.time_since_epoch().count()}] =
          scan.eta_day;
    }
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  return book;
}

std::optional<NoticeBook::Sender> NoticeBook::sender(const ShopperAct& notice) const {
  const auto order = orders_.find(static_cast<std::uint64_t>(notice.parcel));
  if (order == orders_.end()) return std::nullopt;
  Sender sender;
  const auto name = [](const std::map<std::int64_t, std::string>& all, std::int64_t id) {
    const auto found = all.find(id);
    return found == all.end() ? std::string() : found->second;
  };
  sender.retailer = name(retailers_, order->second.retailer);
  sender.carrier = name(carriers_, order->second.carrier);
  sender.carrier_id = CarrierId{static_cast<std::underlying_type_t<CarrierId>>(order->second.carrier)};
  if (order->second.promise_day) sender.promised = first_day_ + std::chrono::days{*order->second.promise_day};
  if (notice.kind == ActKind::notice_delay) {
    const auto date =
        new_dates_.find({static_cast<std::uint64_t>(notice.parcel), notice.at.time_since_epoch().count()});
    if (date != new_dates_.end()) sender.expected = first_day_ + std::chrono::days{date->second};
  }
  return sender;
}

}  // namespace peakstorm::store
