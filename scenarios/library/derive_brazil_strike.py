#!/usr/bin/env python3
"""Writes the tables of brazil-strike-2018/: python3 derive_brazil_strike.py. Sources and assumptions: its README.md."""
import csv
import datetime
import math
import pathlib

FOLDER = pathlib.Path(__file__).parent / "brazil-strike-2018"
HUB = (-23.49, -46.77)  # Sao Paulo; from there 7 of 10 parcels of the marketplace come.

# State: zone, capital, share of the marketplace's customers (per 10,000), median days from hand-over to door. Both are
# fitted to the orders of Olist before March 2018; states below 20 orders take the median of their neighbours.
STATES = {
    "SP": ("America/Sao_Paulo", -23.55, -46.63, 4110, 5.2), "RJ": ("America/Sao_Paulo", -22.91, -43.17, 1340, 9.1),
    "MG": ("America/Sao_Paulo", -19.92, -43.94, 1240, 7.9), "RS": ("America/Sao_Paulo", -30.03, -51.23, 610, 10.2),
    "PR": ("America/Sao_Paulo", -25.43, -49.27, 475, 8.0), "BA": ("America/Bahia", -12.97, -38.50, 387, 13.0),
    "SC": ("America/Sao_Paulo", -27.60, -48.55, 364, 11.2), "GO": ("America/Sao_Paulo", -16.69, -49.25, 222, 11.9),
    "ES": ("America/Sao_Paulo", -20.32, -40.34, 196, 10.0), "DF": ("America/Sao_Paulo", -15.79, -47.88, 196, 8.4),
    "PE": ("America/Recife", -8.05, -34.88, 151, 14.0), "CE": ("America/Fortaleza", -3.73, -38.52, 128, 14.9),
    "PA": ("America/Belem", -1.46, -48.50, 114, 18.0), "MT": ("America/Cuiaba", -15.60, -56.10, 110, 14.2),
    "MS": ("America/Campo_Grande", -20.47, -54.62, 68, 11.3), "PB": ("America/Fortaleza", -7.12, -34.86, 65, 13.9),
    "MA": ("America/Fortaleza", -2.53, -44.30, 61, 17.8), "AL": ("America/Maceio", -9.67, -35.74, 47, 21.7),
    "RN": ("America/Fortaleza", -5.79, -35.21, 42, 12.9), "SE": ("America/Maceio", -10.91, -37.07, 40, 19.1),
    "PI": ("America/Fortaleza", -5.09, -42.80, 37, 13.0), "TO": ("America/Araguaina", -10.18, -48.33, 31, 13.1),
    "RO": ("America/Porto_Velho", -8.76, -63.90, 25, 18.0), "AM": ("America/Manaus", -3.12, -60.02, 14, 18.0),
    "AC": ("America/Rio_Branco", -9.97, -67.81, 17, 18.0), "AP": ("America/Belem", 0.03, -51.07, 12, 18.0),
    "RR": ("America/Boa_Vista", 2.82, -60.67, 5, 18.0),
}
# How long sellers take to hand over: hours from, hours to, share. Fitted to quantiles of Olist (10 %: 0.8 days, half:
# 2.6, 90 %: 7.0, 98 %: 14.3).
SELLERS = {"quick": (2, 150, 0.76), "slow": (60, 380, 0.24)}

POST = 20_000   # Everybody else's parcels a day: a sample of the post's; only the ratio to its capacity matters.
SHOP = 217      # Orders a day; Olist had 218 from March to June 2018.
# 3.4 days of pieces cleared in 15 days, of which 11 are working days, on top of what comes in.
HEADROOM = 1 + 3.4 / 11
WEEK = 7 / 5    # A working day sorts and delivers what seven days bring.
ATTEMPTS = 1.33  # Stops a parcel takes when three in four are at home.

# Loss of the working days of the strike. Published: 40 % on Friday 25 May; 85 million pieces undelivered at its end, 25
# million a day. It grows evenly until the day it was measured; the last three days take what is left.
MEASURED = [0.08, 0.16, 0.24, 0.32, 0.40]
LEFT = (85 / 25 - sum(MEASURED)) / 3
LOSS = {21 + i: loss for i, loss in enumerate(MEASURED)} | {28: LEFT, 29: LEFT, 30: LEFT}

HEAD = """# Written by ../derive_brazil_strike.py; README.md says what is fact and what is assumption.

[scenario]
name = "brazil-strike-2018"
title = "Brazil, the truckers' strike of May 2018"
description = "A marketplace whose sellers ship by the national post, before, in and after the strike of 21 to 30 May 2018; its promises were extended by five working days."
first_day = 2018-03-12
days = 111
drain_days = 50
measure_from = 2018-04-30
measure_to = 2018-06-30
seed = 1
home_zone = "America/Sao_Paulo"

[[size]]
share = 1
weight_g = 2100
volume_cm3 = 15000

[[carrier]]
name = "post"
number_format = "s10"
pickup_calendar = "weekdays"
first_attempt_success = 0.75
missort = 0.05

[[shipper]]
name = "marketplace"
role = "retailer"
orders_per_day = {shop}
day_cv = 0.21
tiers = {{ standard = 1 }}
target_days = {{ standard = 12 }}
policy = "fixed_split"
    [[shipper.tariff]]
    tier = "standard"
    service = "post-parcel"
    share = 1
    [shipper.promise]
    rule = "quantile"
    quantile = 0.82
    [[shipper.promise.hedge]]
    from = 2018-05-21
    to = 2018-06-14
    days = 5

[[shipper]]
name = "everybody-else"
role = "background"
orders_per_day = {post}
day_cv = 0.05
tiers = {{ standard = 1 }}
    [[shipper.tariff]]
    tier = "standard"
    service = "post-parcel"
    share = 1
"""


def km(a, b):
    la, lb = math.radians(a[0]), math.radians(b[0])
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(h))


def write(name, note, header, rows):
    with open(FOLDER / name, "w", newline="", encoding="utf-8") as out:
        out.write(f"# Written by ../derive_brazil_strike.py; README.md says what is fact and what is assumption.\n# {note}\n")
        table = csv.writer(out, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def main():
    FOLDER.mkdir(exist_ok=True)
    people = sum(v[3] for v in STATES.values())
    daily = (POST + SHOP) * WEEK * HEADROOM
    write("demand.csv", "One row per state; weight: customers of Olist before March 2018, per 10,000.",
          ["destination", "region", "zone", "lat", "lon", "weight"],
          [[s, s, v[0], v[1], v[2], v[3]] for s, v in STATES.items()])
    # Corpus Christi, 31 May; Labour Day; Good Friday; Tiradentes falls on a Saturday.
    write("calendars.csv", "The post works on weekdays; national holidays.", ["calendar", "weekdays", "closed"],
          [["weekdays", "Mon-Fri", "2018-03-30 2018-05-01 2018-05-31"]])

    facilities = [["sao-paulo", "post", "hub", "SP", "America/Sao_Paulo", HUB[0], HUB[1], "1h", "", "", ""]]
    sorts = [["sao-paulo", "00:00", "24:00", "Mon-Fri", round(daily / 24)]]
    lanes, coverage = [], []
    for s, (zone, lat, lon, share, median) in STATES.items():
        depot = f"depot-{s.lower()}"
        share /= people
        facilities.append([depot, "post", "depot", s, zone, lat, lon, "1h", max(3, round(daily * share * 1.15 * ATTEMPTS)), "08:00", "9h"])
        distance = max(20, round(km(HUB, (lat, lon)) * 1.25))
        # Collected the same day, sorted in the night, out the next working morning: about two and a half days of the
        # median are not the road's.
        hours = max(10, round(24 * (median - 2.6)))
        lanes.append(["sao-paulo", depot, "road", distance, f"{hours}h", "05:00 17:00", "Mon-Fri", "30m",
                      max(4, round(daily * share))])
        coverage.append(["post", s, depot])
    write("facilities.csv", "One hub, one depot a state; rounds sized for the days after the strike.",
          ["facility", "carrier", "kind", "region", "zone", "lat", "lon", "handling", "stops_per_day", "load_out", "round_length"],
          facilities)
    write("sorts.csv", "What the working days bring, and the room that cleared the backlog in 15 days.",
          ["facility", "from", "to", "weekdays", "pieces_per_hour"], sorts)
    write("lanes.csv", "Transit fitted to the median by state.",
          ["from", "to", "mode", "km", "transit", "departures", "weekdays", "cut_off", "pieces"], lanes)
    write("coverage.csv", "Every state.", ["carrier", "destination", "depot"], coverage)
    write("services.csv", "One service.",
          ["service", "carrier", "tier", "mode", "transit_calendar", "delivery_calendar", "commit_time", "residential", "fuel"],
          [["post-parcel", "post", "standard", "road", "weekdays", "weekdays", "20:00", 0, 0]])
    write("transit.csv", "Working days; assumptions near the medians. Promises are learned and do not use them.",
          ["service", "km_max", "days"], [["post-parcel", reach, days] for reach, days in
                                           [(100, 4), (700, 7), (1400, 9), (2600, 12), ("any", 15)]])
    write("rates.csv", "US dollars; assumptions near the freight of Olist's orders.", ["service", "km_max", "base", "per_kg"],
          [["post-parcel", reach, base, "0.60"] for reach, base in [(100, "3.50"), (700, "4.60"), (1400, "5.60"), (2600, "7.00"), ("any", "9.00")]])

    nodes, pickups = [], []
    for name, (low, high, share) in SELLERS.items():
        nodes.append([f"sellers-{name}", "marketplace", "SP", "America/Sao_Paulo", -23.55, -46.63, "weekdays", "18:00",
                      f"{low}h", f"{high}h", f"share {share}"])
    nodes.append(["elsewhere", "everybody-else", "SP", "America/Sao_Paulo", -23.55, -46.63, "weekdays", "16:00", "1h", "3h", "share 1"])
    for node in nodes:
        pickups.append([node[0], "post", "sao-paulo", "18:30", "45m", ""])
    write("nodes.csv", "Sellers by how long they take to hand over; fitted to quantiles.",
          ["node", "shipper", "region", "zone", "lat", "lon", "calendar", "cut_off", "handling_min", "handling_max", "serves"], nodes)
    write("pickups.csv", "Once a working day.", ["node", "carrier", "facility", "time", "drive", "pieces_per_day"], pickups)

    # The post sorts and delivers (1 - loss) of an ordinary day; its staff is larger than that day needs by HEADROOM.
    rows = []
    for day, loss in LOSS.items():
        start = datetime.date(2018, 5, day)
        rows.append([f"strike-{start:%m-%d}", "staffing", f"{start} 00:00 America/Sao_Paulo",
                     f"{start + datetime.timedelta(days=1)} 00:00 America/Sao_Paulo", "all", "post",
                     f"{(1 - loss) / HEADROOM:.4f}", f"loss of {loss:.2f} of a working day's pieces"])
    write("disruptions.csv", "The strike, 21 to 30 May, by working day.",
          ["name", "kind", "from", "to", "area", "carrier", "staffing", "source"], rows)
    (FOLDER / "scenario.toml").write_text(HEAD.format(shop=SHOP, post=POST), encoding="utf-8")


if __name__ == "__main__":
    main()
