-- One row a loan that sql/verify_plain.sql does not cover, among those after %(after)s up to %(upto)s.
-- Reads: ledger_accounts, ledger_entries, loans.
SELECT a.loan_id
FROM ledger_accounts AS a
WHERE a.loan_id > %(after)s AND a.loan_id <= %(upto)s
    AND (
        a.components IS NULL
        OR EXISTS (
            SELECT
            FROM ledger_entries AS e
            LEFT JOIN ledger_entries AS r ON r.entry_id = e.reverses
            JOIN loans AS l ON l.loan_id = e.loan_id
            WHERE e.loan_id = a.loan_id AND e.of_entry IS NULL
                AND (
                    e.kind NOT IN ('disbursal', 'due', 'payment', 'reversal')
                    OR r.kind <> 'payment'
                    OR e.effective_on < l.disbursed_on
                )
        )
    )
ORDER BY a.loan_id
