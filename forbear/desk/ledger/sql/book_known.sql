-- One row an act in effect by %(as_of)s and known by %(known_at)s (null: all), with the day on which it was undone.
-- The first step of the other book_* queries.
-- Reads: ledger_entries.
WITH acts AS MATERIALIZED (
    SELECT e.entry_id, e.loan_id, e.kind, e.effective_on, e.amount, e.cause, e.facts, e.booked_at, r.effective_on AS undone_on
    FROM ledger_entries AS e
    LEFT JOIN ledger_entries AS r
        ON r.reverses = e.entry_id AND r.effective_on <= %(as_of)s
        AND (%(known_at)s::timestamptz IS NULL OR r.booked_at <= %(known_at)s)
    WHERE e.of_entry IS NULL AND e.kind <> 'reversal' AND e.effective_on <= %(as_of)s
        AND (%(known_at)s::timestamptz IS NULL OR e.booked_at <= %(known_at)s)
)
