-- One row a payment that was undone by the as-of date, with the day on which it was.
-- Reads: events. An event recorded later counts from its effective day, unless the settings say otherwise.
SELECT
    payment_id,
    MIN(effective_on) AS reversed_on
FROM events
WHERE kind = 'reversal' AND effective_on <= $as_of AND (recorded_on IS NULL OR recorded_on <= $known_on)
GROUP BY payment_id
