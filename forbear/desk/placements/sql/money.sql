-- One row a placement of the agencies %(agencies)s (null: all) that was open within [%(since)s, %(until)s): what came in on
-- the borrower's loans while it was open, within those days, less what was undone.
-- Reads: placements, loans, ledger_entries.
SELECT
    p.placement_id, p.agency_id, p.segment, p.randomised, p.dpd, p.owed, p.schedule, p.currency,
    greatest(coalesce((
        SELECT sum(e.amount)
        FROM loans AS l
        JOIN ledger_entries AS e ON e.loan_id = l.loan_id
        WHERE l.borrower_id = p.borrower_id
            AND e.kind = 'payment' AND e.of_entry IS NULL AND e.reverses IS NULL
            AND NOT EXISTS (SELECT FROM ledger_entries AS r WHERE r.reverses = e.entry_id)
            AND e.effective_on >= greatest(p.placed_at::date, %(since)s)
            AND e.effective_on < %(until)s
            AND (p.ended_at IS NULL OR e.effective_on <= p.ended_at::date)
    ), 0), 0)::bigint AS recovered
FROM placements AS p
WHERE (%(agencies)s::text[] IS NULL OR p.agency_id = ANY(%(agencies)s))
    AND p.placed_at::date < %(until)s AND (p.ended_at IS NULL OR p.ended_at::date >= %(since)s)
ORDER BY p.placement_id
