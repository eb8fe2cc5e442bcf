-- One row a member whose days are over: arm, what came from her within them (minor units, reversed payments left out).
-- Reads: experiment_members, loans, ledger_entries.
SELECT m.arm, COALESCE(SUM(e.amount), 0)::float AS result
FROM experiment_members AS m
LEFT JOIN loans AS l ON l.borrower_id = m.borrower_id
LEFT JOIN ledger_entries AS e ON e.loan_id = l.loan_id AND e.kind = 'payment' AND e.of_entry IS NULL
    AND e.effective_on > m.joined_on AND e.effective_on <= m.joined_on + %(days)s
    AND NOT EXISTS (SELECT 1 FROM ledger_entries AS r WHERE r.reverses = e.entry_id)
WHERE m.experiment_id = %(experiment)s AND m.joined_on + %(days)s < %(today)s
GROUP BY m.member_id, m.arm, m.joined_on
ORDER BY m.joined_on, m.member_id
