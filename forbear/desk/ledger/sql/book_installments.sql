-- One row an installment of the schedule in force, as the book's table `installments` has it: fees and penalties that
-- were charged are in its fees, what was waived is taken off.
-- Reads: acts (book_known), installments, ledger_accounts.
, schedule AS (
    SELECT DISTINCT ON (a.loan_id) a.loan_id, coalesce((acts.facts ->> 'version')::smallint, 1) AS version
    FROM ledger_accounts AS a
    LEFT JOIN acts
        ON acts.loan_id = a.loan_id AND acts.kind IN ('due', 're-age', 're-amortize') AND acts.undone_on IS NULL
    ORDER BY a.loan_id, acts.effective_on DESC, acts.entry_id DESC
), change AS (
    SELECT
        loan_id, number,
        sum(amount) FILTER (WHERE component IN ('fees', 'penalty')) AS fees,
        sum(amount) FILTER (WHERE component = 'interest') AS interest,
        sum(amount) FILTER (WHERE component = 'principal') AS principal
    FROM (
        SELECT loan_id, (facts ->> 'number')::integer AS number, 'fees' AS component, amount
        FROM acts
        WHERE kind IN ('fee', 'penalty') AND undone_on IS NULL
        UNION ALL
        SELECT loan_id, (part ->> 0)::integer, part ->> 1, -(part ->> 2)::bigint
        FROM acts
        CROSS JOIN LATERAL jsonb_array_elements(facts -> 'parts') AS part
        WHERE kind = 'waiver' AND undone_on IS NULL
    ) AS changes
    GROUP BY loan_id, number
)
SELECT
    i.loan_id, i.number, i.due_on,
    (i.principal_due + coalesce(c.principal, 0))::bigint AS principal_due,
    (i.interest_due + coalesce(c.interest, 0))::bigint AS interest_due,
    (i.fees_due + coalesce(c.fees, 0))::bigint AS fees_due
FROM schedule AS s
JOIN installments AS i ON i.loan_id = s.loan_id AND i.version = s.version
LEFT JOIN change AS c ON c.loan_id = i.loan_id AND c.number = i.number
ORDER BY i.loan_id, i.number
