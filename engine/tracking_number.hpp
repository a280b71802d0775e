/// Tracking numbers: what the carrier prints on the label, with its check digit, made from the parcel's id.
#pragma once

#include <string>

#include "engine/ids.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// The number a carrier would print for this parcel. Unique within a run: different parcels never share
/// one, whatever their carriers. It is a rearrangement of the id (base 10 or 36, no hash), but its order of
/// digits depends on how many ship nodes and days the World has, so there is no inverse; keep a table.
///
/// By Carrier::number_format (structures and check digits as in the open tracking_number_data collection):
///   ups_1z    "1Z", shipper (6), service "03", package (7), check digit. Holds every id.
///   fedex_12  12 digits (Express) while the id's value is below 10^11, then 22 digits (Ground "96"), to 10^16.
///   usps_22   IMpb: "94", service type "001", mailer and serial (16), check digit, to 9 * 10^15.
///   s10       UPU S10: two letters of a parcel service, 8 digits, check digit, "US"; to 1.25 * 10^10.
///   plain     "PS", 13 characters of base 36, check character. Holds every id.
/// The value is (serial * hours + hour) * nodes + node with the World's own counts: for 40 nodes and 40
/// days, 12 FedEx digits hold 2.4 million serials per node and hour, an S10 300,000. An id beyond its format
/// (a World with 4,096 nodes and 170 days can have them in S10) gets a `plain` number: still unique.
/// Requires: `carrier` and the id's node are of this World.
std::string tracking_number(const World& world, CarrierId carrier, ParcelId parcel);

}  // namespace peakstorm
