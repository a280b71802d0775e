-- Where parcels that broke a promise lost their time, why, and how full the place was at its worst.
SELECT coalesce(p.name, '') AS place, x.cause, sum(x.broken_promises) AS broken_promises,
       round(sum(x.minutes_lost) / 60.0, 1) AS hours_lost, k.pieces AS pieces_at_peak
FROM cause x
LEFT JOIN place p USING (place_id)
LEFT JOIN place_peak k USING (place_id)
WHERE x.role = 'retailer'
GROUP BY x.place_id, x.cause
ORDER BY broken_promises DESC, place, x.cause
LIMIT 10;
