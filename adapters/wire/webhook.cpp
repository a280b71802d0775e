#include <algorithm>
#include <optional>

#include "adapters/wire/hmac.hpp"
#include "adapters/wire/profile.hpp"
#include "adapters/wire/rsa.hpp"
#include "adapters/wire/text.hpp"
#include "engine/check.hpp"

namespace peakstorm::wire {
namespace {

/// Built-in templates are part of the program: a fault in one is ours.
Program compiled(Result<Program> program) {
  PEAKSTORM_CHECK(program.has_value(), program ? std::string() : program.error().message);
  return std::move(*program);
}

/// Header lines as HTTP has them.
std::string with_crlf(std::string_view lines) {
  std::string out;
  for (const char c : lines) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

/// One signature header, taken apart once.
class Signature {
 public:
  Signature(const SignatureRule& rule, std::string_view secret) : rule_(rule), secret_(secret), hmac_(secret) {
    for (std::string_view rest = rule.canonical; !rest.empty();) {
      const std::size_t open = rest.find('{');
      if (open > 0) {
        parts_.push_back({Part::literal, rest.substr(0, open)});
        rest.remove_prefix(std::min(open, rest.size()));
        continue;
      }
      const std::size_t close = rest.find('}');
      parts_.push_back({part_named(rest.substr(1, close - 1)), {}});
      rest.remove_prefix(close + 1);
    }
    const std::size_t time = rule.before.find("{t}");
    before_ = std::string(rule.header) + ": " + std::string(rule.before.substr(0, time));
    if (time != std::string_view::npos) {
      tells_time_ = true;
      after_time_ = rule.before.substr(time + 3);
    }
  }

  void set_key(RsaKey key) { rsa_.emplace(std::move(key)); }
  [[nodiscard]] const RsaKey* rsa() const { return rsa_ ? &*rsa_ : nullptr; }

  void append(std::int64_t unix_ms, Message& message) {
    time_.clear();
    if (rule_.time == SignatureRule::Time::unix_s) {
      append_integer(time_, floor_div(unix_ms, 1000));
    } else {
      append_reading(time_, unix_ms);
      time_ += 'Z';
    }
    std::string& out = message.headers;
    const auto line = [&out](std::string_view name, std::string_view value) {
      if (!name.empty()) out.append(name).append(": ").append(value).append("\r\n");
    };
    line(rule_.time_header, time_);
    line(rule_.path_header, message.path);
    if (rsa_) line(rule_.key_id_header, rsa_->id());
    // The signature is computed before its header begins: appending may move the buffers it reads, but not these.
    pieces_.clear();
    for (const auto& [part, literal] : parts_) pieces_.push_back(piece(part, literal, message));
    out += before_;
    if (tells_time_) out.append(time_).append(after_time_);
    switch (rule_.algorithm) {
      case SignatureRule::Algorithm::none:
        break;
      case SignatureRule::Algorithm::hmac_sha256: {
        const HmacSha256::Digest digest = hmac_.of(pieces_);
        encode({digest.data(), digest.size()}, out);
        break;
      }
      case SignatureRule::Algorithm::sha256_with_key: {
        const HmacSha256::Digest digest = sha256(pieces_);
        encode({digest.data(), digest.size()}, out);
        break;
      }
      case SignatureRule::Algorithm::rsa_sha256:
        encode(rsa_->sign(pieces_), out);
        break;
      case SignatureRule::Algorithm::token:
        out += secret_;
        break;
    }
    out += "\r\n";
  }

 private:
  enum class Part : std::uint8_t { literal, body, covered, time, method, path, key };

  static Part part_named(std::string_view name) {
    if (name == "body") return Part::body;
    if (name == "covered") return Part::covered;
    if (name == "t") return Part::time;
    if (name == "method") return Part::method;
    if (name == "path") return Part::path;
    PEAKSTORM_CHECK(name == "key", std::string(name));
    return Part::key;
  }
  [[nodiscard]] std::string_view piece(Part part, std::string_view literal, const Message& message) const {
    switch (part) {
      case Part::literal:
        break;
      case Part::body:
        return message.body;
      case Part::covered:
        return message.covered;
      case Part::time:
        return time_;
      case Part::method:
        return message.method;
      case Part::path:
        return message.path;
      case Part::key:
        return secret_;
    }
    return literal;
  }
  void encode(std::string_view bytes, std::string& out) const {
    if (rule_.encoding == SignatureRule::Encoding::hex) {
      append_hex_bytes(out, bytes);
    } else {
      append_base64(out, bytes);
    }
  }

  SignatureRule rule_;
  std::string secret_;
  HmacSha256 hmac_;
  std::optional<RsaKey> rsa_;
  std::vector<std::pair<Part, std::string_view>> parts_;
  std::string before_;  // The header up to the signature, or up to the time within.
  std::string_view after_time_;
  bool tells_time_ = false;
  std::string time_;                      // Of this message.
  std::vector<std::string_view> pieces_;  // Of this message.
};

/// The one engine behind all profiles.
class Webhook final : public WireFormat {
 public:
  Webhook(std::shared_ptr<const Profile> kept, const World& world, const FormatOptions& options)
      : kept_(std::move(kept)),
        profile_(*kept_),
        texts_(world, profile_.words, profile_.carriers),
        renderer_(texts_),
        shown_(shown_of(profile_.words)),
        headers_(compiled(compile_text(with_crlf(profile_.headers), Escape::percent, profile_.name))),
        body_(profile_.binary ? *profile_.binary : compiled(compile_json(profile_.body, profile_.name))) {
    const Profile& profile = profile_;
    path_ = options.path.empty() ? std::string(profile.path) : options.path;
    if (path_.empty()) {
      path_ = "/webhooks/";
      path_ += profile.name.substr(0, profile.name.find('/'));
    }
    if (!profile.payload.empty()) payload_program_ = compiled(compile_json(profile.payload, profile.name));
    if (!profile.covered.empty()) covered_ = compiled(compile_covered(profile));
    for (const Program* program : {&headers_, &body_, &payload_program_, &covered_}) {
      carries_history_ = carries_history_ || program->reads_history;
    }
    if (options.secret.empty()) return;
    for (const SignatureRule& rule : profile.signatures) {
      if (rule.algorithm != SignatureRule::Algorithm::none) signatures_.emplace_back(rule, options.secret);
    }
  }

  /// Keys of RSA rules. Errors: bad_input.
  Result<void> read_keys(std::string_view secret) {
    for (std::size_t i = 0; i < signatures_.size(); ++i) {
      if (profile_.signatures[i].algorithm != SignatureRule::Algorithm::rsa_sha256) continue;
      auto key = RsaKey::from_pem(secret);
      if (!key) {
        return fail(key.error().kind, "format " + std::string(profile_.name) + ": " + key.error().message);
      }
      signatures_[i].set_key(std::move(*key));
    }
    return {};
  }

  [[nodiscard]] std::string_view name() const override { return profile_.name; }
  [[nodiscard]] bool carries_history() const override { return carries_history_; }
  [[nodiscard]] const ShownKinds& shown() const override { return shown_; }
  [[nodiscard]] RetryPolicy retries() const override { return profile_.retries; }
  [[nodiscard]] DeliveryLimits limits() const override { return profile_.limits; }
  [[nodiscard]] bool accepts(unsigned status) const override {
    if (profile_.success[0] == 0) return WireFormat::accepts(status);
    return std::find(profile_.success.begin(), profile_.success.end(), status) != profile_.success.end();
  }
  [[nodiscard]] std::string_view jwks() const override {
    for (const Signature& signature : signatures_) {
      if (const RsaKey* key = signature.rsa()) return key->jwks();
    }
    return {};
  }

  void encode(const ParcelView& parcel, Message& out) override {
    out.clear();
    out.method = profile_.method;
    out.path = path_;
    if (!payload_program_.steps.empty()) {
      payload_.clear();
      renderer_.begin(parcel);
      renderer_.append(payload_program_, payload_);
    }
    renderer_.begin(parcel, payload_);
    renderer_.append(headers_, out.headers);
    renderer_.append(body_, out.body);
    if (covered_.steps.empty()) return;
    renderer_.append(covered_, out.covered);
    if (profile_.covers_payload) out.covered += payload_;
  }

  /// Batches are arrays: the elements of each message's own, one behind the other.
  void encode_batch(std::span<const ParcelView> parcels, Message& out) override {
    PEAKSTORM_CHECK(!parcels.empty(), parcels.size());
    encode(parcels.front(), out);
    if (parcels.size() == 1) return;
    PEAKSTORM_CHECK(parcels.size() <= profile_.limits.batch_max, parcels.size());
    PEAKSTORM_CHECK(out.body.starts_with('['), std::string(profile_.name));
    for (const ParcelView& parcel : parcels.subspan(1)) {
      out.body.back() = ',';
      payload_.clear();
      renderer_.begin(parcel);
      renderer_.append(body_, payload_);
      out.body.append(payload_, 1);
    }
  }

  void sign(std::int64_t unix_ms, Message& message) override {
    for (Signature& signature : signatures_) signature.append(unix_ms, message);
  }

 private:
  static Result<Program> compile_covered(const Profile& profile) {
    if (profile.covers_payload) return compile_text(profile.covered, Escape::json, profile.name);
    return compile_json(profile.covered, profile.name);
  }

  std::shared_ptr<const Profile> kept_;
  const Profile& profile_;
  WorldTexts texts_;
  Renderer renderer_;
  ShownKinds shown_;
  Program headers_;
  Program body_;
  Program payload_program_;
  Program covered_;
  bool carries_history_ = false;
  std::string path_;
  std::vector<Signature> signatures_;
  std::string payload_;
};

}  // namespace

Result<std::unique_ptr<WireFormat>> make_webhook(std::shared_ptr<const Profile> kept, const World& world,
                                                 const FormatOptions& options) {
  const Profile& profile = *kept;
  const std::string name(profile.name);
  const bool is_rsa = std::any_of(profile.signatures.begin(), profile.signatures.end(), [](const SignatureRule& rule) {
    return rule.algorithm == SignatureRule::Algorithm::rsa_sha256;
  });
  if (options.secret.empty() && profile.needs_secret) {
    return fail(ErrorKind::bad_input, "format " + name +
                                          ": no secret; it signs every message, so set the webhook secret" +
                                          (is_rsa ? " to an RSA private key in PEM" : ""));
  }
  if (!is_rsa &&
      std::any_of(options.secret.begin(), options.secret.end(), [](char c) { return c < 0x20 || c > 0x7e; })) {
    return fail(ErrorKind::bad_input,
                "format " + name +
                    ": the secret has characters beyond printable ASCII, which receivers normalise "
                    "differently; use letters, digits and punctuation");
  }
  auto format = std::make_unique<Webhook>(std::move(kept), world, options);
  if (auto keys = format->read_keys(options.secret); !keys) return tl::unexpected(keys.error());
  return format;
}

}  // namespace peakstorm::wire
