/// A platform's webhooks as data: envelope, signature, schedule, limits, vocabulary. One engine (webhook.cpp) runs
/// them all; README.md says where each fact comes from.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/wire/template/program.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm::wire {

/// How one header proves the sender.
struct SignatureRule {
  enum class Algorithm : std::uint8_t {
    none,
    hmac_sha256,
    rsa_sha256,       ///< PKCS #1 v1.5; the secret is a private key in PEM.
    sha256_with_key,  ///< SHA-256 of what is covered, with the secret as part of it.
    token,            ///< The secret itself.
  };
  enum class Encoding : std::uint8_t { hex, base64 };
  enum class Time : std::uint8_t { unix_s, rfc3339 };

  Algorithm algorithm = Algorithm::none;
  std::string_view header = {};  ///< Name of the header.
  std::string_view before = {};  ///< In front of the signature; "{t}" is the time.
  Encoding encoding = Encoding::hex;
  /// What is signed: "{body}", "{t}.{body}"; also {covered} (Message::covered), {method}, {path}, {key}.
  std::string_view canonical = "{body}";
  Time time = Time::unix_s;
  std::string_view time_header = {};    ///< The time of sending in a header of its own.
  std::string_view path_header = {};    ///< The path likewise.
  std::string_view key_id_header = {};  ///< The id of the key likewise.
};

struct Profile {
  std::string_view name;
  std::string_view method = "POST";
  std::string_view path = {};  ///< Where the embedded endpoint takes it; empty: /webhooks/NAME, without the dialect.
  /// Header lines, each ended by \n, with placeholders (percent-encoded).
  std::string headers;
  std::string body = {};               ///< JSON template.
  std::optional<Program> binary = {};  ///< Of Protobuf, instead of `body`: it is no text then.
  /// JSON template that {{payload}} in `body` stands for: JSON within a JSON string.
  std::string payload = {};
  /// Template of Message::covered, when a signature covers something else than the body.
  std::string covered = {};
  bool covers_payload = false;  ///< The payload stands behind `covered` in Message::covered.
  std::array<SignatureRule, 2> signatures = {};
  bool needs_secret = true;                   ///< False: without one the messages go unsigned.
  std::array<std::uint16_t, 2> success = {};  ///< Status codes; none: 2xx.
  RetryPolicy retries = {};
  DeliveryLimits limits = {};
  Vocabulary words = {};
  std::span<const CarrierName> carriers = {};
};

/// `text` with each "@NAME@" replaced, for templates that differ between dialects only here and there. Replacements are
/// not searched again.
std::string filled(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> replacements);

/// All built-in profiles, strict and as wired. Made once; valid for ever.
std::span<const Profile> all_profiles();

/// The profile of this name; null when there is none.
const Profile* find_profile(std::string_view name);

/// One parcel's record as a JSON template in the published form: what the platform's webhook tells and what its API
/// answers to a poll. EasyPost's Tracker, USPS's TrackingDetails, one of FedEx's completeTrackResults.
std::string easypost_tracker();
std::string_view usps_tracking_record();
/// `detailed`: with the scans.
std::string fedex_track_result(bool detailed);

/// The platforms' own, one file each in profiles/.
std::vector<Profile> easypost_profiles();
std::vector<Profile> aftership_profiles();
std::vector<Profile> shippo_profiles();
std::vector<Profile> shipengine_profiles();
std::vector<Profile> ups_profiles();
std::vector<Profile> fedex_profiles();
std::vector<Profile> usps_profiles();
std::vector<Profile> track17_profiles();
std::vector<Profile> cloudevents_profiles();

/// Requires: templates that compile. Errors: bad_input for a secret that does not fit the profile.
Result<std::unique_ptr<WireFormat>> make_webhook(std::shared_ptr<const Profile> profile, const World& world,
                                                 const FormatOptions& options);

}  // namespace peakstorm::wire
