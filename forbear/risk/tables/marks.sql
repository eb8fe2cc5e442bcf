-- One row a subject with a pause or reversal on record.
-- Reads: seen_events.
SELECT
    loan_id,
    as_of,
    MAX(CASE WHEN kind = 'pause' AND effective_on <= as_of AND (until_on IS NULL OR until_on >= as_of) THEN 1 ELSE 0 END)
        AS paused_now,
    CAST(SUM(CASE WHEN kind = 'pause' THEN 1 ELSE 0 END) AS INTEGER) AS pauses
FROM seen_events
GROUP BY loan_id, as_of
