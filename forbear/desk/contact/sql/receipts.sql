-- Keeps receipts, from arrays, each put to its attempt where there is one: by the attempt's own id, else by the
-- provider's name for it. One row a receipt that was not kept before: attempt (null: none yet), result, detail.
-- Reads: contact_attempts. Writes: contact_receipts.
INSERT INTO contact_receipts (provider, key, provider_ref, attempt_id, result, at, detail)
SELECT %(provider)s, w.key, w.ref, coalesce(own.attempt_id, named.attempt_id), w.result, w.at, w.detail
FROM unnest(
    %(keys)s::text[], %(refs)s::text[], %(ids)s::text[], %(results)s::text[], %(ats)s::timestamptz[], %(details)s::text[]
) AS w (key, ref, id, result, at, detail)
LEFT JOIN contact_attempts AS own ON own.attempt_id = w.id AND own.provider = %(provider)s
LEFT JOIN LATERAL (
    SELECT a.attempt_id FROM contact_attempts AS a
    WHERE own.attempt_id IS NULL AND w.ref <> '' AND a.provider = %(provider)s AND a.provider_ref = w.ref LIMIT 1
) AS named ON true
ON CONFLICT (provider, key) DO NOTHING
RETURNING attempt_id, result, detail
