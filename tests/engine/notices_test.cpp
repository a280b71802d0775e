#include "engine/notices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "engine/shopper/notice_words.hpp"

namespace peakstorm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::array<ActKind, 4> kinds{ActKind::notice_shipped, ActKind::notice_out_for_delivery,
                                       ActKind::notice_delivered, ActKind::notice_delay};

NoticeFields whole() {
  NoticeFields fields;
  fields.order = "A-1";
  fields.retailer = "Trading Post";
  fields.carrier = "ups";
  fields.tracking_number = "1Z9";
  fields.link = "https://shop.example/track/1Z9";
  fields.promised = std::chrono::sys_days{std::chrono::year{2013} / 12 / 24};
  fields.expected = std::chrono::sys_days{std::chrono::year{2013} / 12 / 27};
  return fields;
}

TEST(Notices, SayTheSameInEachLanguage) {
  const std::vector<std::string> subjects{
      "Your order A-1 is on its way",      "Your order A-1 comes today",
      "Your order A-1 has been delivered", "Your order A-1 comes later than promised",
      "Su pedido A-1 está en camino",      "Su pedido A-1 llega hoy",
      "Su pedido A-1 ha sido entregado",   "Su pedido A-1 llegará más tarde de lo prometido"};
  std::size_t next = 0;
  for (const char* const language : {"en", "es"}) {
    for (const ActKind kind : kinds) EXPECT_EQ(write_notice(kind, whole(), language).subject, subjects[next++]);
  }
  EXPECT_EQ(write_notice(ActKind::notice_delay, whole(), "en").text,
            "We promised your parcel for Tuesday 24 December; we are sorry that it will be late.\n"
            "It is now expected on Friday 27 December.\n"
            "Tracking number: 1Z9\nFollow it: https://shop.example/track/1Z9\nTrading Post\n");
  EXPECT_THAT(write_notice(ActKind::notice_shipped, whole(), "es").text, HasSubstr("martes 24 de diciembre"));
  EXPECT_EQ(write_notice(ActKind::notice_shipped, whole(), "xx").subject, subjects.front()) << "English otherwise";
}

// Goal: no catalogue lacks a notice or a value that another one tells, and none names a value that there is not.
TEST(Notices, CataloguesTellTheSameValues) {
  const auto slots = [](const shopper::NoticeText& text) {
    std::set<std::string> names;
    std::vector<std::string_view> patterns(text.lines.begin(), text.lines.end());
    patterns.push_back(text.subject);
    for (std::string_view pattern : patterns) {
      for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
        names.emplace(pattern.substr(open, pattern.find('}') + 1 - open));
        pattern.remove_prefix(pattern.find('}') + 1);
      }
    }
    return names;
  };
  const std::set<std::string> known{"{order}", "{retailer}", "{carrier}", "{tracking_number}",
                                    "{link}",  "{promised}", "{expected}"};
  const auto catalogues = shopper::notice_catalogues();
  ASSERT_EQ(catalogues.size(), notice_languages().size());
  for (const shopper::NoticeWords& words : catalogues) {
    EXPECT_EQ(words.dates.tag, words.tag);
    for (std::size_t i = 0; i < words.notices.size(); ++i) {
      EXPECT_EQ(slots(words.notices[i]), slots(catalogues.front().notices[i])) << words.tag << i;
      for (const std::string& name : slots(words.notices[i])) EXPECT_TRUE(known.contains(name)) << name;
      EXPECT_THAT(std::string(words.notices[i].subject), HasSubstr("{order}"));
    }
  }
}

TEST(Notices, LeaveOutTheLineWhoseValueIsNotKnown) {
  NoticeFields fields;
  fields.order = "A-1";
  for (const ActKind kind : kinds) EXPECT_EQ(write_notice(kind, fields, "en").text, "");
  fields.carrier = "ups";
  EXPECT_EQ(write_notice(ActKind::notice_out_for_delivery, fields, "en").text, "ups is out with your parcel.\n");
}

TEST(Notices, ANameCannotAddLinesNorFillThePage) {
  NoticeFields fields = whole();
  const std::string odd = "Shop\r\nBcc: everybody\x01";
  fields.order = odd;
  fields.retailer = odd;
  const Notice notice = write_notice(ActKind::notice_shipped, fields, "en");
  EXPECT_EQ(notice.subject, "Your order Shop  Bcc: everybody  is on its way");
  EXPECT_THAT(notice.text, Not(HasSubstr("\r")));
  std::string long_name;
  for (int i = 0; i < 500; ++i) long_name += "\xC3\xBC";
  fields.retailer = long_name;
  std::string cut;
  for (int i = 0; i < 80; ++i) cut += "\xC3\xBC";
  EXPECT_THAT(write_notice(ActKind::notice_shipped, fields, "en").text,
              testing::EndsWith("\n" + cut + "\xE2\x80\xA6\n"));
  // A value is not looked at for values of its own.
  fields.retailer = "{order}{";
  EXPECT_THAT(write_notice(ActKind::notice_shipped, fields, "es").text, testing::EndsWith("\n{order}{\n"));
  // A link that is cut leads nowhere.
  const std::string link(300, 'x');
  fields.link = link;
  EXPECT_THAT(write_notice(ActKind::notice_delivered, fields, "en").text, HasSubstr(link));
}

TEST(Notices, FollowTheScansThatArePublished) {
  EXPECT_EQ(notice_of(ScanKind::accepted, false), ActKind::notice_shipped);
  EXPECT_EQ(notice_of(ScanKind::accepted, true), std::nullopt);
  EXPECT_EQ(notice_of(ScanKind::out_for_delivery, true), ActKind::notice_out_for_delivery);
  EXPECT_EQ(notice_of(ScanKind::delivered, true), ActKind::notice_delivered);
  EXPECT_EQ(notice_of(ScanKind::eta_changed, true), ActKind::notice_delay);
  for (const ScanKind kind : {ScanKind::label_created, ScanKind::arrived, ScanKind::lost, ScanKind::retracted})
    EXPECT_EQ(notice_of(kind, false), std::nullopt);
  EXPECT_EQ(order_number(ParcelId{0x0123456789abcdefULL}), "0123456789abcdef");
}

}  // namespace
}  // namespace peakstorm
