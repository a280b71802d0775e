#include "engine/shopper/notice_words.hpp"

namespace peakstorm::shopper {
namespace {

constexpr std::array<NoticeWords, 2> catalogues{{
    {.tag = "en",
     .dates = english_dates,
     .notices = {{
         {.subject = "Your order {order} is on its way",
          .lines = {"{carrier} has your parcel.", "It is promised for {promised}.",
                    "Tracking number: {tracking_number}", "Follow it: {link}", "{retailer}"}},
         {.subject = "Your order {order} comes today",
          .lines = {"{carrier} is out with your parcel.", "It was promised for {promised}.",
                    "Tracking number: {tracking_number}", "Follow it: {link}", "{retailer}"}},
         {.subject = "Your order {order} has been delivered",
          .lines = {"{carrier} reports that your parcel is there.", "Tracking number: {tracking_number}",
                    "Not found it? See where it was left: {link}", "{retailer}"}},
         {.subject = "Your order {order} comes later than promised",
          .lines = {"We promised your parcel for {promised}; we are sorry that it will be late.",
                    "It is now expected on {expected}.", "Tracking number: {tracking_number}", "Follow it: {link}",
                    "{retailer}"}},
     }}},
    {.tag = "es",
     .dates = spanish_dates,
     .notices = {{
         {.subject = "Su pedido {order} está en camino",
          .lines = {"{carrier} ya tiene su paquete.", "Está prometido para el {promised}.",
                    "Número de seguimiento: {tracking_number}", "Sígalo: {link}", "{retailer}"}},
         {.subject = "Su pedido {order} llega hoy",
          .lines = {"{carrier} ha salido a repartir su paquete.", "Estaba prometido para el {promised}.",
                    "Número de seguimiento: {tracking_number}", "Sígalo: {link}", "{retailer}"}},
         {.subject = "Su pedido {order} ha sido entregado",
          .lines = {"{carrier} comunica que su paquete ya está en destino.", "Número de seguimiento: {tracking_number}",
                    "¿No lo encuentra? Vea dónde se dejó: {link}", "{retailer}"}},
         {.subject = "Su pedido {order} llegará más tarde de lo prometido",
          .lines = {"Le prometimos su paquete para el {promised}; sentimos que vaya a llegar tarde.",
                    "Ahora se espera para el {expected}.", "Número de seguimiento: {tracking_number}", "Sígalo: {link}",
                    "{retailer}"}},
     }}},
}};

}  // namespace

std::span<const NoticeWords> notice_catalogues() {
  return catalogues;
}

}  // namespace peakstorm::shopper
