#include "adapters/endpoint/page_words.hpp"

#include <charconv>

namespace peakstorm::endpoint {
namespace {

constexpr PageWords english{
    .tag = "en",
    .name = "English",
    .status = {{
        {"", ""},
        {"Label created", "Shipping label created; the carrier is waiting for the parcel"},
        {"On its way", "Accepted by the carrier"},
        {"On its way", "Departed"},
        {"On its way", "Arrived"},
        {"On its way", "Processed"},
        {"In customs", "In customs"},
        {"Held in customs", "Held in customs"},
        {"On its way", "Cleared customs"},
        {"Out for delivery", "Out for delivery"},
        {"Delivery attempted", "Delivery attempted, not possible"},
        {"Ready for pickup", "Ready for pickup"},
        {"Delivered", "Delivered"},
        {"Delayed by weather", "Delayed by weather"},
        {"Delayed", "Delayed"},
        {"Held", "Held"},
        {"On its way", "Sent the wrong way; being rerouted"},
        {"Damaged", "Damaged in transit"},
        {"Lost", "The carrier reports the parcel lost"},
        {"Returning to sender", "Returning to sender"},
        {"Returned to sender", "Returned to sender"},
        {"Cancelled", "Shipment cancelled"},
        {"Estimate changed", "New estimated date"},
        {"Delivery corrected", "The delivery scan was a mistake; the parcel is still on its way"},
    }},
    .dates = english_dates,
    .steps = {"Label created", "On its way", "Out for delivery", "Delivered"},
    .progress = "Progress",
    .ready_for_pickup = "Ready for pickup",
    .done = "(done)",
    .on = "On",
    .at = "at",
    .expected = "Expected",
    .later_than_promised = "Later than promised:",
    .promised_for = "Promised for",
    .retracted = "An earlier delivery scan was a mistake and was taken back by the carrier.",
    .delayed = "The carrier reports a delay.",
    .history = "History",
    .notices = "Messages to you",
    .notices_why = "What a shop that follows these scans writes to its customer.",
    .parcel = "Parcel",
    .not_found = "Not found yet",
    .not_found_why =
        "The carrier has told us nothing about this number so far. That is usual for some hours after the "
        "label is made; please check the number, or look again later.",
    .clocks = "Times are local to the place of each scan where the carrier tells it, else to the destination."};

constexpr PageWords spanish{
    .tag = "es",
    .name = "Español",
    .status = {{
        {"", ""},
        {"Etiqueta creada", "Etiqueta de envío creada; el transportista espera el paquete"},
        {"En camino", "Aceptado por el transportista"},
        {"En camino", "Salió"},
        {"En camino", "Llegó"},
        {"En camino", "Procesado"},
        {"En aduana", "En aduana"},
        {"Retenido en aduana", "Retenido en aduana"},
        {"En camino", "Despachado de aduana"},
        {"En reparto", "En reparto"},
        {"Entrega intentada", "Se intentó la entrega, no fue posible"},
        {"Listo para recoger", "Listo para recoger"},
        {"Entregado", "Entregado"},
        {"Retrasado por el tiempo", "Retrasado por el mal tiempo"},
        {"Retrasado", "Retrasado"},
        {"Retenido", "Retenido"},
        {"En camino", "Enviado por error a otro lugar; se está reencaminando"},
        {"Dañado", "Dañado en el transporte"},
        {"Perdido", "El transportista da el paquete por perdido"},
        {"De vuelta al remitente", "De vuelta al remitente"},
        {"Devuelto al remitente", "Devuelto al remitente"},
        {"Cancelado", "Envío cancelado"},
        {"Cambió la fecha", "Nueva fecha estimada"},
        {"Entrega corregida", "La lectura de entrega fue un error; el paquete sigue en camino"},
    }},
    .dates = spanish_dates,
    .steps = {"Etiqueta creada", "En camino", "En reparto", "Entregado"},
    .progress = "Avance",
    .ready_for_pickup = "Listo para recoger",
    .done = "(hecho)",
    .on = "El",
    .at = "a las",
    .expected = "Previsto para el",
    .later_than_promised = "Más tarde de lo prometido:",
    .promised_for = "Prometido para el",
    .retracted = "Una lectura de entrega anterior fue un error y el transportista la anuló.",
    .delayed = "El transportista comunica un retraso.",
    .history = "Historial",
    .notices = "Mensajes para usted",
    .notices_why = "Lo que una tienda que sigue estas lecturas escribe a su cliente.",
    .parcel = "Paquete",
    .not_found = "Aún no encontrado",
    .not_found_why =
        "El transportista todavía no nos ha dicho nada de este número. Es normal durante unas horas "
        "después de crear la etiqueta; compruebe el número o vuelva a mirar más tarde.",
    .clocks = "Las horas son las del lugar de cada lectura cuando el transportista la indica; si no, las del destino."};

constexpr std::array<const PageWords*, 2> catalogues{&english, &spanish};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The weight of "es-MX;q=0.8" and the like; 0 for one that cannot be read.
double weight_of(std::string_view range) {
  const std::size_t q = range.find(";q=");
  if (q == std::string_view::npos) return 1;
  const std::string_view number = trimmed(range.substr(q + 3));
  double weight = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), weight);
  return read.ec == std::errc() ? weight : 0;
}

}  // namespace

const PageWords& page_words(std::string_view tag) {
  for (const PageWords* const words : catalogues) {
    if (words->tag == tag) return *words;
  }
  return english;
}

std::string_view preferred_language(std::string_view accept_language) {
  std::string_view best = english.tag;
  double most = 0;
  while (!accept_language.empty()) {
    const std::size_t comma = accept_language.find(',');
    const std::string_view range = trimmed(accept_language.substr(0, comma));
    accept_language.remove_prefix(comma == std::string_view::npos ? accept_language.size() : comma + 1);
    const std::string_view tag = trimmed(range.substr(0, range.find_first_of(";-")));
    for (const PageWords* const words : catalogues) {
      if (words->tag != tag || weight_of(range) <= most) continue;
      most = weight_of(range);
      best = words->tag;
    }
  }
  return best;
}

}  // namespace peakstorm::endpoint
