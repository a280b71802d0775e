-- The parcels that broke their promise, the latest first: from where, by which service, where the time went.
SELECT q.parcel_id, n.name AS node, s.name AS service, t.name AS destination, due.date AS promised,
       came.date AS delivered, q.delivered_day - q.promise_day AS days_late, q.cause, coalesce(p.name, '') AS culprit
FROM parcel q
JOIN place n ON n.place_id = q.node_id + (SELECT count(*) FROM place WHERE kind <> 'node')
JOIN service s USING (service_id)
JOIN destination t USING (destination_id)
JOIN day due ON due.day = q.promise_day
LEFT JOIN day came ON came.day = q.delivered_day
LEFT JOIN place p ON p.place_id = q.culprit_place_id
WHERE q.verdict_promise = 'broken'
ORDER BY days_late IS NULL DESC, days_late DESC, q.parcel_id
LIMIT 20;
