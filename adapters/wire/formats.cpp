#include <algorithm>

#include "adapters/wire/epcis/epcis.hpp"
#include "adapters/wire/profile.hpp"
#include "adapters/wire/template_file.hpp"
#include "adapters/wire_format.hpp"
#include "engine/check.hpp"
#include "engine/message_formats.hpp"

namespace peakstorm::wire {
namespace {

bool is_epcis(std::string_view name) {
  return name == "epcis" || name == "epcis-proceed";
}

tl::unexpected<Error> unknown(std::string_view name) {
  std::string message = "format '" + std::string(name) + "' is unknown; use one of";
  for (const std::string_view known : format_names()) message.append(" ").append(known);
  return fail(ErrorKind::bad_input, message + ", or template:FILE with a message of your own");
}

}  // namespace

std::string filled(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> replacements) {
  std::string out;
  while (true) {
    const std::size_t open = text.find('@');
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find('@', open + 1);
    PEAKSTORM_CHECK(close != std::string_view::npos, open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto* const found = std::find_if(replacements.begin(), replacements.end(),
                                           [&](const auto& replacement) { return replacement.first == name; });
    PEAKSTORM_CHECK(found != replacements.end(), std::string(name));
    out += found->second;
    text.remove_prefix(close + 1);
  }
}

std::span<const Profile> all_profiles() {
  static const std::vector<Profile> profiles = [] {
    std::vector<Profile> all;
    for (const auto make : {easypost_profiles, cloudevents_profiles, aftership_profiles, shippo_profiles,
                            shipengine_profiles, ups_profiles, fedex_profiles, usps_profiles, track17_profiles}) {
      for (Profile& profile : make()) all.push_back(std::move(profile));
    }
    return all;
  }();
  return profiles;
}

const Profile* find_profile(std::string_view name) {
  const auto profiles = all_profiles();
  const auto found = std::find_if(profiles.begin(), profiles.end(), [&](const Profile& p) { return p.name == name; });
  return found == profiles.end() ? nullptr : &*found;
}

std::span<const std::string_view> format_names() {
  return message_formats;
}

void WireFormat::encode_batch(std::span<const ParcelView> parcels, Message& out) {
  PEAKSTORM_CHECK(parcels.size() == 1, parcels.size());
  encode(parcels.front(), out);
}

Receipt WireFormat::receipt(unsigned status, std::string_view /*location*/, std::string_view /*body*/,
                            std::string& /*job*/) const {
  if (accepts(status)) return Receipt::kept;
  if (status == 413) return Receipt::split;
  return status >= 500 || status == 429 || status == 408 ? Receipt::again : Receipt::refused;
}

Receipt WireFormat::job_receipt(unsigned /*status*/, std::string_view /*body*/, std::span<const std::string> /*ids*/,
                                std::vector<bool>& /*refused*/) const {
  return Receipt::pending;
}

Result<ShownKinds> shown_kinds(std::string_view name) {
  if (name.starts_with(template_prefix)) {
    const auto profile = read_template_file(name.substr(template_prefix.size()));
    if (!profile) return tl::unexpected(profile.error());
    return shown_of((*profile)->words);
  }
  if (is_epcis(name)) return epcis_shown();
  const Profile* profile = find_profile(name);
  if (profile == nullptr) return unknown(name);
  return shown_of(profile->words);
}

bool body_is_text(std::string_view name) {
  if (!name.starts_with(template_prefix)) return true;
  const auto profile = read_template_file(name.substr(template_prefix.size()));
  return !profile || !(*profile)->binary;
}

Result<unsigned> batch_max(std::string_view name) {
  if (name.starts_with(template_prefix)) return 1U;
  if (is_epcis(name)) return epcis_batch_max;
  const Profile* profile = find_profile(name);
  if (profile == nullptr) return unknown(name);
  return profile->limits.batch_max;
}

bool embedded_endpoint_reads(std::string_view name) {
  return name == "easypost" || name == "cloudevents" || name == "cloudevents-binary" || name == "cloudevents-batch" ||
         is_epcis(name);
}

Result<std::unique_ptr<WireFormat>> make_format(std::string_view name, const World& world,
                                                const FormatOptions& options) {
  if (name.starts_with(template_prefix)) {
    auto profile = read_template_file(name.substr(template_prefix.size()));
    if (!profile) return tl::unexpected(profile.error());
    return make_webhook(std::move(*profile), world, options);
  }
  if (name == "epcis") return make_epcis(world, options, CaptureErrors::rollback);
  if (name == "epcis-proceed") return make_epcis(world, options, CaptureErrors::proceed);
  const Profile* profile = find_profile(name);
  if (profile == nullptr) return unknown(name);
  // Built-in profiles live for ever.
  return make_webhook(std::shared_ptr<const Profile>(std::shared_ptr<void>(), profile), world, options);
}

}  // namespace peakstorm::wire
