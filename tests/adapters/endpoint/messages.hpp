/// Messages as senders write them, and their signature.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>
#include <vector>

#include "adapters/status_map.hpp"
#include "engine/scan.hpp"

namespace peakstorm::testing {

inline constexpr std::string_view secret = "correct horse battery staple";

/// Signed independently of the endpoint's own code: OpenSSL's one-call HMAC.
inline std::string signature(std::string_view body, std::string_view key = secret) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(body.data()),
       body.size(), digest, &size);
  std::string hex = "X-Hmac-Signature: hmac-sha256-hex=";
  for (unsigned int i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4U];
    hex += "0123456789abcdef"[digest[i] & 15U];
  }
  return hex + "\r\n";
}

struct Told {
  ScanKind kind;
  std::string at;
  std::string place;
};

inline std::string easypost_detail(const Told& scan) {
  const wire::EasyPostStatus words = wire::easypost_status(scan.kind);
  return R"({"object":"TrackingDetail","message":")" + std::string(words.message) + R"(","status":")" +
         std::string(words.status) + R"(","status_detail":")" + std::string(words.detail) + R"(","datetime":")" +
         scan.at + R"(","tracking_location":{"city":")" + scan.place + R"(","state":"TX","country":null,"zip":null}})";
}

/// An EasyPost event. `eta` empty: null.
inline std::string easypost(std::string_view id, std::string_view number, const std::vector<Told>& scans,
                            std::string_view eta = "", std::string_view created = "2013-12-24T20:00:00Z") {
  std::string body = R"({"object":"Event","id":")" + std::string(id) +
                     R"(","description":"tracker.updated","mode":"test","previous_attributes":{},"created_at":")" +
                     std::string(created) + R"(","result":{"object":"Tracker","id":"trk_1","tracking_code":")" +
                     std::string(number) +
                     R"(","status":"in_transit","carrier":"UPS","weight":17.6,"est_delivery_date":)" +
                     (eta.empty() ? std::string("null") : '"' + std::string(eta) + '"') + R"(,"tracking_details":[)";
  for (std::size_t i = 0; i < scans.size(); ++i) body += (i == 0 ? "" : ",") + easypost_detail(scans[i]);
  return body + "]}}";
}

inline std::string scan_data(std::string_view number, const Told& scan, std::string_view eta = "") {
  return R"({"tracking_number":")" + std::string(number) + R"(","carrier":"ups","kind":")" +
         scan_kind_names[index(scan.kind)] + R"(","occurred_at":")" + scan.at + R"(","reported_at":")" + scan.at +
         R"(","place":")" + scan.place + R"(","region":"TX","eta_date":)" +
         (eta.empty() ? std::string("null") : '"' + std::string(eta) + '"') + "}";
}

inline std::string cloudevent(std::string_view id, std::string_view number, const Told& scan,
                              std::string_view eta = "") {
  return R"({"specversion":"1.0","id":")" + std::string(id) +
         R"(","source":"/carriers/ups","type":"peakstorm.scan","time":")" + scan.at +
         R"(","datacontenttype":"application/json","data":)" + scan_data(number, scan, eta) + "}";
}

}  // namespace peakstorm::testing
