// Refusals and tokens, in each API's form.
#include <array>

#include "adapters/pull_format.hpp"
#include "adapters/wire/text.hpp"
#include "engine/check.hpp"

namespace peakstorm::wire {
namespace {

/// A refusal's HTTP status, and the code by which clients know it.
struct Refusal {
  unsigned status = 0;
  std::string_view code;
  std::string_view title;
};
using Refusals = std::array<Refusal, pull_refusal_count>;

// In the order of PullRefusal. Where a code comes from: README.md, "Polls".
constexpr std::array<Refusals, pull_api_count> refusals{{
    // ups
    {{{400, "TV0002", "Invalid request"},
      {401, "10401", "ClientId is Invalid"},
      {401, "250002", "Invalid Authentication Information."},
      {404, "TW0001", "Tracking Information Not Found"},
      {404, "NOT_FOUND", "Nothing is served at this path"},
      {405, "METHOD_NOT_ALLOWED", "This path takes another method"},
      {400, "TV0002", "Invalid request"},
      {429, "10429", "Too Many Requests"},
      {500, "TW0002", "Internal error"},
      {503, "TW0003", "Service not available"}}},
    // usps
    {{{400, "010001", "Bad Request"},
      {401, "invalid_client", "The client is not known, or its secret is another one"},
      {401, "010004", "Unauthorized"},
      {404, "150001", "A status update is not yet available"},
      {404, "010005", "Not Found"},
      {405, "010006", "Method Not Allowed"},
      {400, "010001", "Bad Request"},
      {429, "010007", "Too Many Requests"},
      {500, "010008", "Internal Server Error"},
      {503, "010009", "Service Unavailable"}}},
    // easypost
    {{{400, "BAD_REQUEST", "The request could not be understood"},
      {401, "UNAUTHORIZED", "An API key is needed"},
      {401, "UNAUTHORIZED", "An API key is needed, and this is none that is accepted"},
      {404, "NOT_FOUND", "The requested resource could not be found."},
      {404, "NOT_FOUND", "The requested resource could not be found."},
      {405, "METHOD_NOT_ALLOWED", "This path takes another method"},
      {422, "PARAMETER.INVALID", "Too many in one request"},
      {429, "RATE_LIMITED", "Too many requests"},
      {500, "INTERNAL_SERVER_ERROR", "An unexpected error"},
      {503, "SERVICE_UNAVAILABLE", "Not available just now"}}},
    // fedex
    {{{400, "TRACKING.TRACKINGNUMBER.INVALID", "The request is not valid"},
      {401, "NOT.AUTHORIZED.ERROR", "The client credentials are not valid"},
      {401, "NOT.AUTHORIZED.ERROR", "The access token is missing, wrong or has expired"},
      {404, "TRACKING.TRACKINGNUMBER.NOTFOUND", "No such tracking number is known"},
      {404, "NOT.FOUND.ERROR", "Nothing is served at this path"},
      {405, "METHOD.NOT.ALLOWED.ERROR", "This path takes another method"},
      {400, "TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED", "Too many tracking numbers in one request"},
      {429, "TOO.MANY.REQUESTS.ERROR", "Too many requests"},
      {500, "INTERNAL.SERVER.ERROR", "An unexpected error"},
      {503, "SERVICE.UNAVAILABLE.ERROR", "The service is not available just now"}}},
}};

const Refusal& refusal_of(PullApi api, PullRefusal why) {
  return refusals[static_cast<std::size_t>(api)][static_cast<std::size_t>(why)];
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += '"';
  out += name;
  out += "\":";
  append_json_string(out, text);
}

std::string sentence(const Refusal& refusal, std::string_view detail) {
  std::string text(refusal.title);
  if (!detail.empty()) text.append(text.ends_with('.') ? " " : ": ").append(detail);
  return text;
}

/// Begins FedEx's reply. The id is made from what is said, so that the same answer has the same bytes.
void append_transaction_id(std::string& out, std::string_view said) {
  const std::uint64_t id = hash64(said);
  out += R"({"transactionId":")";
  append_uuid(out, id, mix64(id));
  out += '"';
}

}  // namespace

unsigned pull_status(PullApi api, PullRefusal why) {
  return refusal_of(api, why).status;
}

void append_refusal(PullApi api, PullRefusal why, std::string_view detail, std::string& out) {
  const Refusal& refusal = refusal_of(api, why);
  const std::string status = std::to_string(refusal.status);
  switch (api) {
    case PullApi::ups:
      // Clients compare UPS's message, so a detail only stands behind those that have no fixed one.
      out += R"({"response":{"errors":[{)";
      append_member(out, "code", refusal.code);
      out += ',';
      append_member(out, "message", why == PullRefusal::bad_request ? sentence(refusal, detail) : refusal.title);
      out += "}]}}";
      return;
    case PullApi::usps:
      if (why == PullRefusal::wrong_client) {  // OAuth's own form (RFC 6749, section 5.2).
        out += '{';
        append_member(out, "error", refusal.code);
        out += ',';
        append_member(out, "error_description", refusal.title);
        out += '}';
        return;
      }
      out += R"({"apiVersion":"/tracking/v3","error":{)";
      append_member(out, "code", status);
      out += ',';
      append_member(out, "message", refusal.title);
      out += R"(,"errors":[{)";
      append_member(out, "status", status);
      out += ',';
      append_member(out, "code", refusal.code);
      out += ',';
      append_member(out, "title", refusal.title);
      out += ',';
      append_member(out, "detail", detail);
      if (why == PullRefusal::not_found) out += R"(,"source":{"parameter":"trackingNumber"})";
      out += "}]}}";
      return;
    case PullApi::easypost:
      out += R"({"error":{)";
      append_member(out, "code", refusal.code);
      out += ',';
      append_member(out, "message", sentence(refusal, why == PullRefusal::not_found ? "" : detail));
      out += R"(,"errors":[]}})";
      return;
    case PullApi::fedex: {
      const std::string message = sentence(refusal, detail);
      append_transaction_id(out, message);
      out += R"(,"errors":[{)";
      append_member(out, "code", refusal.code);
      out += ',';
      append_member(out, "message", message);
      out += "}]}";
      return;
    }
  }
}

void append_token(PullApi api, const IssuedToken& token, std::string& out) {
  PEAKSTORM_CHECK(api != PullApi::easypost, api);
  // UPS tells numbers as text, the others as numbers.
  const std::string_view quote = api == PullApi::ups ? "\"" : "";
  out += '{';
  append_member(out, "access_token", token.token);
  out += ',';
  append_member(out, "token_type", api == PullApi::fedex ? "bearer" : "Bearer");
  out.append(",\"expires_in\":").append(quote);
  append_integer(out, token.life_s);
  out += quote;
  if (api == PullApi::fedex) {
    out += R"(,"scope":"CXS"})";
    return;
  }
  out.append(",\"issued_at\":").append(quote);
  append_integer(out, token.issued_unix_ms);
  out.append(quote).append(R"(,"status":"approved",)");
  append_member(out, "client_id", token.client);
  if (api == PullApi::usps) out += R"(,"scope":"tracking","issuer":"api.usps.com")";
  out += '}';
}

void append_fedex_reply(std::string_view results, std::string_view customer_id, std::string& out) {
  append_transaction_id(out, results);
  if (!customer_id.empty()) {
    out += ',';
    append_member(out, "customerTransactionId", customer_id);
  }
  out += R"(,"output":{"completeTrackResults":[)";
  out += results;
  out += "]}}";
}

std::int64_t documented_token_life_s(PullApi api) {
  switch (api) {
    case PullApi::ups:
      return 14'399;
    case PullApi::usps:
      return 28'799;
    case PullApi::fedex:
      return 3'599;
    case PullApi::easypost:
      break;
  }
  return 0;
}

std::size_t pull_batch_max(PullApi api) {
  switch (api) {
    case PullApi::usps:
      return 35;
    case PullApi::easypost:
      return 100;
    case PullApi::fedex:
      return 30;
    case PullApi::ups:
      break;
  }
  return 1;
}

}  // namespace peakstorm::wire
