#include "results/export.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/notices.hpp"
#include "results/store/database.hpp"
#include "results/store/file_calls.hpp"
#include "results/store/manifest.hpp"
#include "results/store/notice_book.hpp"
#include "results/store/stream.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

using Text = fmt::memory_buffer;

/// A place's name as it stands in a row of either format.
struct PlaceName {
  std::string csv;
  std::string json;
};

/// What rows need of run.sqlite.
struct Words {
  std::chrono::sys_seconds first_day;
  std::vector<PlaceName> places;  ///< By place_id.
};

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell.append(c == '"' ? 2 : 1, c);
  return cell + '"';
}

Result<Words> read_words(const fs::path& folder) {
  auto database = store::Database::open_read_only(folder / store::tables_name);
  if (!database) return tl::unexpected(database.error());
  Words words;
  {
    store::Statement row(**database, "SELECT CAST(value AS INTEGER) FROM run WHERE key = 'first_day_unix_s'");
    if (row.step()) words.first_day = std::chrono::sys_seconds{std::chrono::seconds{row.integer(0)}};
  }
  {
    store::Statement row(**database, "SELECT name FROM place ORDER BY place_id");
    while (row.step()) {
      const std::string name = row.text(0);
      words.places.push_back({csv_cell(name), json::serialize(json::string(name))});
    }
  }
  if (auto status = (*database)->status(); !status) return tl::unexpected(status.error());
  return words;
}

void put_date(Text& out, std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

/// "2013-11-25T13:05:00.250Z".
void put_instant(Text& out, const Words& words, SimTime at) {
  const auto instant = words.first_day + at.time_since_epoch();
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::hh_mm_ss clock(instant - day);
  put_date(out, day);
  fmt::format_to(std::back_inserter(out), "T{:02}:{:02}:{:02}.{:03}Z", clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count(), clock.subseconds().count());
}

void put_eta_date(Text& out, const Words& words, std::uint16_t day) {
  put_date(out, std::chrono::floor<std::chrono::days>(words.first_day) + std::chrono::days{day});
}

void put(Text& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

/// run.sqlite has ids as signed integers.
std::int64_t stored_id(ParcelId id) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(id));
}

void put_csv(Text& out, const Words& words, const Scan& scan) {
  const auto end = [&out] { return std::back_inserter(out); };
  fmt::format_to(end(), "{},", scan.at.time_since_epoch().count());
  put_instant(out, words, scan.at);
  fmt::format_to(end(), ",{},{},{},", stored_id(scan.parcel), scan.sequence,
                 scan_kind_names[static_cast<std::size_t>(scan.kind)]);
  if (scan.place != no_place) fmt::format_to(end(), "{},{}", index(scan.place), words.places[index(scan.place)].csv);
  if (scan.place == no_place) put(out, ",");
  put(out, ",");
  if (scan.reported != never) {
    fmt::format_to(end(), "{},", scan.reported.time_since_epoch().count());
    put_instant(out, words, scan.reported);
  } else {
    put(out, ",");
  }
  if (scan.eta_day != no_day) {
    fmt::format_to(end(), ",{},", scan.eta_day);
    put_eta_date(out, words, scan.eta_day);
    put(out, "\n");
  } else {
    put(out, ",,\n");
  }
}

void put_json(Text& out, const Words& words, const Scan& scan) {
  const auto end = [&out] { return std::back_inserter(out); };
  fmt::format_to(end(), R"({{"at_ms":{},"at_utc":")", scan.at.time_since_epoch().count());
  put_instant(out, words, scan.at);
  fmt::format_to(end(), R"(","parcel_id":"{}","sequence":{},"kind":"{}",)", stored_id(scan.parcel), scan.sequence,
                 scan_kind_names[static_cast<std::size_t>(scan.kind)]);
  if (scan.place != no_place) {
    fmt::format_to(end(), R"("place_id":{},"place":{},)", index(scan.place), words.places[index(scan.place)].json);
  } else {
    put(out, R"("place_id":null,"place":null,)");
  }
  if (scan.reported != never) {
    fmt::format_to(end(), R"("reported_ms":{},"reported_utc":")", scan.reported.time_since_epoch().count());
    put_instant(out, words, scan.reported);
    put(out, "\",");
  } else {
    put(out, R"("reported_ms":null,"reported_utc":null,)");
  }
  if (scan.eta_day != no_day) {
    fmt::format_to(end(), R"("eta_day":{},"eta_date":")", scan.eta_day);
    put_eta_date(out, words, scan.eta_day);
    put(out, "\"}\n");
  } else {
    put(out, "\"eta_day\":null,\"eta_date\":null}\n");
  }
}

void put_csv(Text& out, const Words& words, const ShopperAct& act) {
  fmt::format_to(std::back_inserter(out), "{},", act.at.time_since_epoch().count());
  put_instant(out, words, act.at);
  fmt::format_to(std::back_inserter(out), ",{},{},{}\n", stored_id(act.parcel), act.sequence,
                 act_kind_names[static_cast<std::size_t>(act.kind)]);
}

void put_json(Text& out, const Words& words, const ShopperAct& act) {
  fmt::format_to(std::back_inserter(out), R"({{"at_ms":{},"at_utc":")", act.at.time_since_epoch().count());
  put_instant(out, words, act.at);
  fmt::format_to(std::back_inserter(out), "\",\"parcel_id\":\"{}\",\"sequence\":{},\"kind\":\"{}\"}}\n",
                 stored_id(act.parcel), act.sequence, act_kind_names[static_cast<std::size_t>(act.kind)]);
}

std::optional<PlaceId> place_of(const Scan& scan) {
  if (scan.place == no_place) return std::nullopt;
  return scan.place;
}
std::optional<PlaceId> place_of(const ShopperAct&) {
  return std::nullopt;
}

constexpr std::string_view header_of(ExportTable table) {
  switch (table) {
    case ExportTable::scans:
      return "at_ms,at_utc,parcel_id,sequence,kind,place_id,place,reported_ms,reported_utc,eta_day,eta_date\n";
    case ExportTable::acts:
      return "at_ms,at_utc,parcel_id,sequence,kind\n";
    case ExportTable::notices:
      return "at_ms,at_utc,parcel_id,sequence,kind,language,retailer,carrier,order_number,tracking_number,"
             "promised_date,expected_date,subject,text\n";
  }
  return {};
}

// What is handed to the sink at once: few calls, and little beside the frame that is in memory anyway.
constexpr std::size_t piece_bytes = std::size_t{1} << 18U;

template <class T>
Result<std::uint64_t> export_stream(const fs::path& path, const Words& words, ExportFormat format,
                                    const ExportSink& sink) {
  auto reader = store::StreamReader<T>::open(path);
  if (!reader) return tl::unexpected(reader.error());
  std::uint64_t rows = 0;
  std::vector<T> items;
  Text out;
  const auto flush = [&]() -> Result<void> {
    auto taken = sink({out.data(), out.size()});
    out.clear();
    return taken;
  };
  for (;;) {
    if (auto got = (*reader)->next_frame(items); !got) return tl::unexpected(got.error());
    if (items.empty()) return rows;
    rows += items.size();
    if (format == ExportFormat::pb) {
      const auto plain = (*reader)->plain();
      if (auto taken = sink({reinterpret_cast<const char*>(plain.data()), plain.size()}); !taken) {
        return tl::unexpected(taken.error());
      }
      continue;
    }
    for (const T& item : items) {
      if (const auto place = place_of(item); place && index(*place) >= words.places.size()) {
        return fail(ErrorKind::bad_input,
                    fmt::format("{}: it names place {}, which run.sqlite does not have; the folder's files do not "
                                "belong together: run the scenario again",
                                path.string(), index(*place)));
      }
      if (format == ExportFormat::csv) put_csv(out, words, item);
      if (format == ExportFormat::jsonl) put_json(out, words, item);
      if (out.size() < piece_bytes) continue;
      if (auto taken = flush(); !taken) return tl::unexpected(taken.error());
    }
    if (auto taken = flush(); !taken) return tl::unexpected(taken.error());
  }
}

std::string iso_date(const std::optional<std::chrono::sys_days>& day) {
  Text out;
  if (day) put_date(out, *day);
  return fmt::to_string(out);
}

/// One notice, as a row.
Result<void> put_notice(Text& out, const Words& words, const store::NoticeBook& book, const NoticeStyle& style,
                        ExportFormat format, const ShopperAct& act) {
  const auto sender = book.sender(act);
  if (!sender) {
    return fail(ErrorKind::bad_input,
                fmt::format("acts.pb.zst: it names parcel {}, which run.sqlite does not have; the folder's files do "
                            "not belong together: run the scenario again",
                            stored_id(act.parcel)));
  }
  const std::string order = order_number(act.parcel);
  const std::string number =
      style.tracking_number ? style.tracking_number(sender->carrier_id, act.parcel) : std::string();
  std::string link = number.empty() ? std::string() : style.link;
  constexpr std::string_view place = "{number}";
  if (const std::size_t at = link.find(place); at != std::string::npos) link.replace(at, place.size(), number);
  NoticeFields fields;
  fields.order = order;
  fields.retailer = sender->retailer;
  fields.carrier = sender->carrier;
  fields.tracking_number = number;
  fields.link = link;
  fields.promised = sender->promised;
  fields.expected = sender->expected;
  const Notice notice = write_notice(act.kind, fields, style.language);
  const std::pair<const char*, std::string> cells[] = {{"language", style.language},
                                                       {"retailer", sender->retailer},
                                                       {"carrier", sender->carrier},
                                                       {"order_number", order},
                                                       {"tracking_number", number},
                                                       {"promised_date", iso_date(sender->promised)},
                                                       {"expected_date", iso_date(sender->expected)},
                                                       {"subject", notice.subject},
                                                       {"text", notice.text}};
  Text row;
  if (format == ExportFormat::csv) {
    put_csv(row, words, act);
    row.resize(row.size() - 1);  // Its line goes on.
    for (const auto& [name, value] : cells) fmt::format_to(std::back_inserter(row), ",{}", csv_cell(value));
    put(row, "\n");
  } else {
    put_json(row, words, act);
    row.resize(row.size() - 2);
    for (const auto& [name, value] : cells) {
      fmt::format_to(std::back_inserter(row), ",\"{}\":{}", name,
                     value.empty() ? std::string("null") : json::serialize(json::string(value)));
    }
    put(row, "}\n");
  }
  out.append(row.data(), row.data() + row.size());
  return {};
}

Result<std::uint64_t> export_notices(const fs::path& folder, const Words& words, ExportFormat format,
                                     const ExportSink& sink, const NoticeStyle& style) {
  const auto book = store::NoticeBook::read(folder, std::chrono::floor<std::chrono::days>(words.first_day));
  if (!book) return tl::unexpected(book.error());
  std::uint64_t rows = 0;
  Text out;
  Result<void> done;
  auto read = visit_acts(folder, [&](std::span<const ShopperAct> acts) {
    for (const ShopperAct& act : acts) {
      if (!is_notice(act.kind)) continue;
      done = put_notice(out, words, *book, style, format, act);
      if (!done) return false;
      ++rows;
    }
    done = sink({out.data(), out.size()});
    out.clear();
    return done.has_value();
  });
  if (!read) return tl::unexpected(read.error());
  if (!done) return tl::unexpected(done.error());
  return rows;
}

}  // namespace

Result<std::uint64_t> export_rows(const RunReader& run, ExportTable table, ExportFormat format, const ExportSink& sink,
                                  const NoticeStyle& style) {
  if (table == ExportTable::notices && format == ExportFormat::pb) {
    return fail(ErrorKind::bad_input, "notices are text and have no Protobuf message; choose --format csv or jsonl");
  }
  if (!run.manifest().streams) {
    return fail(ErrorKind::bad_input, fmt::format("{}: the run kept no scan stream, so there is nothing to export; "
                                                  "simulate it again with --stream tracked",
                                                  run.folder().string()));
  }
  const auto words = read_words(run.folder());
  if (!words) return tl::unexpected(words.error());
  if (format == ExportFormat::csv) {
    if (auto taken = sink(header_of(table)); !taken) return tl::unexpected(taken.error());
  }
  if (table == ExportTable::notices) return export_notices(run.folder(), *words, format, sink, style);
  return table == ExportTable::scans ? export_stream<Scan>(run.folder() / "scans.pb.zst", *words, format, sink)
                                     : export_stream<ShopperAct>(run.folder() / "acts.pb.zst", *words, format, sink);
}

Result<std::uint64_t> export_file(const RunReader& run, ExportTable table, ExportFormat format, const fs::path& folder,
                                  const ExportSink& watch, const NoticeStyle& style) {
  store::FileCalls& calls = store::system_calls();
  const fs::path whole = folder / fmt::format("{}.{}", export_table_names[static_cast<std::size_t>(table)],
                                              export_format_names[static_cast<std::size_t>(format)]);
  const fs::path unfinished = whole.string() + ".tmp";
  std::error_code error;
  if (fs::exists(whole, error)) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: is already there; remove it or choose another folder", whole.string()));
  }
  fs::create_directories(folder, error);
  if (error) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: cannot be made a folder: {}; choose another", folder.string(), error.message()));
  }
  fs::remove(unfinished, error);  // Of an export that was killed.
  auto file = store::OutputFile::create(unfinished, calls);
  if (!file) return tl::unexpected(file.error());
  const auto append = [&](std::string_view text) -> Result<void> {
    if (auto seen = watch(text); !seen) return seen;
    return (*file)->append(text);
  };
  auto rows = export_rows(run, table, format, append, style);
  if (rows) {
    if (auto done = (*file)->finish(); !done) rows = tl::unexpected(done.error());
  }
  if (rows && calls.rename(unfinished.c_str(), whole.c_str()) != 0) rows = store::io_error(whole, "rename");
  if (!rows) calls.remove(unfinished.c_str());
  return rows;
}

}  // namespace peakstorm
