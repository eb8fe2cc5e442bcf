-- One row a loan, as the book's table `loans` has it; principal that was waived was never lent as far as arrears go.
-- Reads: acts (book_known), loans.
SELECT
    l.loan_id, l.borrower_id, l.disbursed_on, l.principal - coalesce(w.waived, 0)::bigint AS principal,
    l.annual_rate, l.term, l.currency, l.product, l.repayment_method, l.funder_id
FROM loans AS l
JOIN ledger_accounts AS a ON a.loan_id = l.loan_id
LEFT JOIN (
    SELECT acts.loan_id, sum((part ->> 2)::bigint) AS waived
    FROM acts
    CROSS JOIN LATERAL jsonb_array_elements(acts.facts -> 'parts') AS part
    WHERE acts.kind = 'waiver' AND acts.undone_on IS NULL AND part ->> 1 = 'principal'
    GROUP BY acts.loan_id
) AS w ON w.loan_id = l.loan_id
ORDER BY l.loan_id
