-- One row a fact that the gate may ask for, as docs/gate.md has them: requests, disputes, consents, wishes, holds. Whether it
-- holds at the instant of an act is for the gate. Zones are left out of whom they only say what `borrowers` says, and ended
-- ones of all. Reads: facts, borrowers, loans.
WITH known AS (
    SELECT f.*, f.value = b.time_zone AND concat(f.loan_id, f.number, f.sender, f.channel) = '' AS as_in_book
    FROM facts AS f
    JOIN borrowers AS b ON b.borrower_id = f.borrower_id
    WHERE (%(known_at)s::timestamptz IS NULL OR f.recorded_at <= %(known_at)s)
        AND NOT (f.fact = 'time_zone' AND f.until IS NOT NULL)
        AND EXISTS (SELECT FROM loans AS l WHERE l.borrower_id = f.borrower_id AND l.currency = %(currency)s)
),
told AS (
    SELECT k.*, k.fact = 'time_zone' AND bool_and(coalesce(k.as_in_book, FALSE)) OVER (
        PARTITION BY k.borrower_id, k.fact) AS said_already
    FROM known AS k
)
SELECT
    t.borrower_id, t.fact, t.value,
    to_char(t.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since,
    to_char(t.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS until,
    t.loan_id, t.number, t.sender, t.channel
FROM told AS t
WHERE NOT t.said_already
ORDER BY t.id
