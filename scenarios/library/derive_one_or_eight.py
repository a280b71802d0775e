#!/usr/bin/env python3
"""Writes the tables of one-or-eight/: python3 derive_one_or_eight.py. Sources and assumptions: one-or-eight/README.md."""
import csv
import datetime
import math
import pathlib

FOLDER = pathlib.Path(__file__).parent / "one-or-eight"
FIRST = datetime.date(2025, 11, 10)
DAYS = 45

# Postal regions by the first letter of the code: province, zone, a place in it, people in thousands (Census 2021 by
# province; the split within Quebec and Ontario is approximate, but for the city of Toronto).
REGIONS = {
    "A": ("NL", "America/St_Johns", 47.56, -52.71, 511), "B": ("NS", "America/Halifax", 44.65, -63.58, 969),
    "C": ("PE", "America/Halifax", 46.24, -63.13, 154), "E": ("NB", "America/Halifax", 46.09, -64.78, 776),
    "G": ("QC", "America/Toronto", 46.81, -71.21, 1862), "H": ("QC", "America/Toronto", 45.50, -73.57, 2260),
    "J": ("QC", "America/Toronto", 45.53, -73.30, 4380), "K": ("ON", "America/Toronto", 45.42, -75.70, 1950),
    "L": ("ON", "America/Toronto", 43.70, -79.75, 5900), "M": ("ON", "America/Toronto", 43.70, -79.40, 2794),
    "N": ("ON", "America/Toronto", 42.98, -81.25, 2790), "P": ("ON", "America/Toronto", 46.49, -81.00, 790),
    "R": ("MB", "America/Winnipeg", 49.90, -97.14, 1342), "S": ("SK", "America/Regina", 50.45, -104.62, 1133),
    "T": ("AB", "America/Edmonton", 51.05, -114.07, 4263), "V": ("BC", "America/Vancouver", 49.25, -123.12, 5001),
    "X": ("NT", "America/Yellowknife", 62.45, -114.37, 78), "Y": ("YT", "America/Whitehorse", 60.72, -135.06, 40),
}
HUBS = {
    "toronto": ("ON", "America/Toronto", 43.65, -79.65, 0.46), "montreal": ("QC", "America/Toronto", 45.50, -73.75, 0.24),
    "calgary": ("AB", "America/Edmonton", 51.08, -113.98, 0.12), "vancouver": ("BC", "America/Vancouver", 49.18, -122.95, 0.18),
}  # The last: share of what is sent, an assumption.

# name: number format, parcels a day of everybody else, regions it leaves out, room in peak over its plan, what it
# publishes more than the road needs (days), price level. All but the names are assumptions.
CARRIERS = {
    "canada-post": ("s10", 900_000, "", 0.92, 0, 1.00),
    "purolator": ("plain", 400_000, "XY", 1.06, 0, 1.22),
    "ups": ("ups_1z", 220_000, "XY", 1.12, 0, 1.30),
    "fedex": ("fedex_12", 220_000, "XY", 1.08, 0, 1.27),
    "canpar": ("plain", 120_000, "AXY", 1.04, 1, 0.96),
    "loomis": ("plain", 100_000, "AXY", 1.00, 1, 0.98),
    "gls": ("plain", 90_000, "ABCEXYSR", 1.10, 0, 0.90),
    "intelcom": ("plain", 350_000, "ACXYSR", 0.96, 0, 0.80),
}
PEAK = 3.0  # The busiest day of tender over an ordinary day of orders: 1.5 in peak, and two for Mondays after weekends.


HEAD = """# Written by ../derive_one_or_eight.py. A Canadian retailer that ships with one carrier asks what eight would change.
# policies.toml beside this file has the answers to compare; README.md says what is assumed.

[scenario]
name = "one-or-eight"
title = "One carrier or eight"
description = "A Canadian retailer before the peak of 2025: stay with Canada Post, or split among eight carriers, and how."
first_day = 2025-11-10
days = 45
drain_days = 12
measure_from = 2025-11-24
measure_to = 2025-12-21
seed = 1
home_zone = "America/Toronto"

[[size]]
share = 0.7
weight_g = 900
volume_cm3 = 7000
[[size]]
share = 0.3
weight_g = 3200
volume_cm3 = 24000

[[shipper]]
name = "northern-goods"            # invented
role = "retailer"
orders_per_day = 12000
season = "retail"
day_cv = 0.1
tiers = { standard = 1 }
target_days = { standard = 5 }
policy = "fixed_split"
    [[shipper.tariff]]
    tier = "standard"
    service = "canada-post-ground"
    share = 1
"""


def km(a, b):
    la, lb = math.radians(a[0]), math.radians(b[0])
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(h))


def duration(minutes):
    return f"{int(minutes) // 60}h{int(minutes) % 60:02}m"


def drive(distance):
    return duration(max(30, distance * 1.25 / 75 * 60 + 30))


def write(name, note, header, rows):
    with open(FOLDER / name, "w", newline="", encoding="utf-8") as out:
        out.write("# Written by ../derive_one_or_eight.py; sources and assumptions in README.md.\n")
        out.write(f"# {note}\n")
        table = csv.writer(out, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def factor(day):
    """Orders relative to an ordinary week: a ramp to Cyber Monday, a plateau, and the end of it after the 18th."""
    date = FIRST + datetime.timedelta(days=day)
    if date == datetime.date(2025, 11, 28) or date == datetime.date(2025, 12, 1):
        return 2.4
    if date < datetime.date(2025, 11, 24):
        return 1.05
    if date < datetime.date(2025, 12, 8):
        return 1.5
    if date < datetime.date(2025, 12, 19):
        return 1.45
    return 0.75 if date < datetime.date(2025, 12, 24) else 0.4


def main():
    people = {r: v[4] for r, v in REGIONS.items()}
    write("demand.csv", "One row per postal region; weight: people in thousands.",
          ["destination", "region", "zone", "lat", "lon", "weight"],
          [[r, v[0], v[1], v[2], v[3], v[4]] for r, v in REGIONS.items()])
    write("calendars.csv", "Boxing Day and Christmas Day; Canada Post delivers on weekdays.",
          ["calendar", "weekdays", "closed"],
          [["weekdays", "Mon-Fri", "2025-12-25 2025-12-26 2026-01-01"],
           ["no-sunday", "Mon-Sat", "2025-12-25 2025-12-26 2026-01-01"]])
    write("season.csv", "Black Friday 28 November, Cyber Monday 1 December: assumptions, after the United States.",
          ["date", "retail"], [[FIRST + datetime.timedelta(days=d), factor(d)] for d in range(DAYS)])

    facilities, sorts, lanes, coverage, services, transit, rates = [], [], [], [], [], [], []
    for carrier, (_, volume, left_out, room, slack, price) in CARRIERS.items():
        served = [r for r in REGIONS if r not in left_out]
        total = sum(people[r] for r in served)
        nearest = {r: min(HUBS, key=lambda h, r=r: km(HUBS[h][2:4], REGIONS[r][2:4])) for r in served}
        to_hub = {h: sum(people[r] for r in served if nearest[r] == h) / total for h in HUBS}
        planned = (volume + 12_000) * PEAK * room
        for h, (region, zone, lat, lon, sends) in HUBS.items():
            name = f"{carrier}-{h}"
            facilities.append([name, carrier, "hub", region, zone, lat, lon, "40m", "", "", ""])
            # Everything passes the hub it is sent from; what stays there is sorted once.
            sorted_here = sends + sum(HUBS[o][4] for o in HUBS if o != h) * to_hub[h]
            sorts.append([name, "16:00", "05:00", "daily", max(50, round(planned * sorted_here / 13))])
            for other, v in HUBS.items():
                if other == h:
                    continue
                distance = km((lat, lon), v[2:4])
                pieces = max(40, round(planned * sends * to_hub[other] * 0.8))
                lanes.append([name, f"{carrier}-{other}", "road", round(distance * 1.25), drive(distance), "00:30 05:30",
                              "daily", "20m", pieces])
        for r in served:
            _, zone, lat, lon, _ = REGIONS[r]
            depot, hub = f"{carrier}-depot-{r}", nearest[r]
            stops = max(20, round(planned * people[r] / total))
            facilities.append([depot, carrier, "depot", REGIONS[r][0], zone, lat, lon, "30m", stops, "08:30", "9h"])
            distance = km(HUBS[hub][2:4], (lat, lon))
            lanes.append([f"{carrier}-{hub}", depot, "road", max(10, round(distance * 1.25)), drive(distance),
                          "00:30 05:30", "daily", "20m", max(40, round(planned * people[r] / total * 0.8))])
            coverage.append([carrier, r, depot])
        delivery = "weekdays" if carrier == "canada-post" else "no-sunday"
        ground = f"{carrier}-ground"
        services.append([ground, carrier, "standard", "road", "weekdays", delivery, "20:00",
                         0 if carrier in ("canada-post", "intelcom") else "1.20", 0.05 if carrier == "canada-post" else 0.12])
        for reach, days in [(150, 1), (700, 2), (1600, 4), (3000, 5), ("any", 7)]:
            transit.append([ground, reach, days + slack])
        for reach, base in [(150, 7.2), (700, 8.4), (1600, 10.6), (3000, 12.4), ("any", 15.0)]:
            rates.append([ground, reach, f"{base * price:.2f}", f"{0.55 * price:.2f}"])

    write("facilities.csv", "One hub per metro and one depot per postal region and carrier; depots serve a whole region.",
          ["facility", "carrier", "kind", "region", "zone", "lat", "lon", "handling", "stops_per_day", "load_out",
           "round_length"], facilities)
    write("sorts.csv", "Sized on the plan for peak.", ["facility", "from", "to", "weekdays", "pieces_per_hour"], sorts)
    write("lanes.csv", "Great circle x 1.25 at 75 km/h and half an hour.",
          ["from", "to", "mode", "km", "transit", "departures", "weekdays", "cut_off", "pieces"], lanes)
    write("coverage.csv", "Regions that a carrier leaves out are assumptions.", ["carrier", "destination", "depot"], coverage)
    write("services.csv", "Prices: assumptions, near those of a mid-large shipper.",
          ["service", "carrier", "tier", "mode", "transit_calendar", "delivery_calendar", "commit_time", "residential",
           "fuel"], services)
    write("transit.csv", "Assumptions.", ["service", "km_max", "days"], transit)
    write("rates.csv", "Assumptions.", ["service", "km_max", "base", "per_kg"], rates)

    nodes, pickups = [], []

    def node(name, shipper, hub, serves, carriers, hour):
        region, zone, lat, lon, _ = HUBS[hub]
        nodes.append([name, shipper, region, zone, lat, lon, "weekdays", "14:00", "1h", "3h", serves])
        for c in carriers:
            pickups.append([name, c, f"{c}-{hub}", hour, "45m", ""])

    node("mississauga", "northern-goods", "toronto", "share 0.75", CARRIERS, "17:30")
    node("calgary", "northern-goods", "calgary", "share 0.25", CARRIERS, "17:30")
    for c in CARRIERS:
        for h, v in HUBS.items():
            provinces = sorted({REGIONS[r][0] for r in REGIONS if r not in CARRIERS[c][2]})
            node(f"others-{c}-{h}", f"others-{c}", h, f"share {v[4]} in states {' '.join(provinces)}", [c], "18:00")
    write("nodes.csv", "The retailer's two sites, and where everybody else's parcels come from.",
          ["node", "shipper", "region", "zone", "lat", "lon", "calendar", "cut_off", "handling_min", "handling_max",
           "serves"], nodes)
    write("pickups.csv", "One truck a day.", ["node", "carrier", "facility", "time", "drive", "pieces_per_day"], pickups)

    text = HEAD
    for carrier, (number, volume, left_out, *_rest) in CARRIERS.items():
        text += f'\n[[carrier]]\nname = "{carrier}"\nnumber_format = "{number}"\npickup_calendar = "weekdays"\n'
        text += f"regional = {'true' if left_out else 'false'}\n"
    for carrier, (_, volume, left_out, *_rest) in CARRIERS.items():
        text += f'\n[[shipper]]\nname = "others-{carrier}"\nrole = "background"\norders_per_day = {volume}\n'
        text += 'season = "retail"\nday_cv = 0.05\ntiers = { standard = 1 }\n'
        text += f'    [[shipper.tariff]]\n    tier = "standard"\n    service = "{carrier}-ground"\n    share = 1\n'
    (FOLDER / "scenario.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
