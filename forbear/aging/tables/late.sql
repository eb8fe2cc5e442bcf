-- One row a spell in which an installment was unpaid at the end of its due date or later: from since_on up to the day
-- before before_on ($after when it is unpaid at the end of the as-of date), with what of it is unpaid as of that date.
-- Reads: pairs, regular, installments, uneven_late, uneven_installments, uneven.
SELECT
    p.loan_id,
    p.number AS place,
    p.due_on,
    p.due_on AS since_on,
    p.moved_on AS before_on,
    CAST(0 AS BIGINT) AS unpaid_principal,
    CAST(0 AS BIGINT) AS unpaid_interest,
    CAST(0 AS BIGINT) AS unpaid_fees
FROM pairs AS p
SEMI JOIN regular AS g ON g.loan_id = p.loan_id
WHERE p.is_exact AND p.moved_on > p.due_on
UNION ALL
SELECT
    i.loan_id,
    i.number AS place,
    i.due_on,
    i.due_on AS since_on,
    CASE WHEN g.is_complete THEN g.last_paid_on ELSE $after END AS before_on,
    CASE WHEN g.is_complete THEN 0 WHEN i.number = g.odd_number THEN i.principal_due - g.odd_principal_paid
        ELSE i.principal_due END AS unpaid_principal,
    CASE WHEN g.is_complete THEN 0 WHEN i.number = g.odd_number THEN i.interest_due - g.odd_interest_paid
        ELSE i.interest_due END AS unpaid_interest,
    CASE WHEN g.is_complete THEN 0 WHEN i.number = g.odd_number THEN i.fees_due - g.odd_fees_paid
        ELSE i.fees_due END AS unpaid_fees
FROM installments AS i
JOIN regular AS g ON g.loan_id = i.loan_id
WHERE
    g.installments_due > g.exact
    AND i.number > g.exact
    AND i.due_on < $as_of
    AND (NOT g.is_complete OR g.last_paid_on > i.due_on)
UNION ALL
SELECT
    l.loan_id,
    l.place,
    l.due_on,
    l.since_on,
    l.before_on,
    CASE WHEN l.before_on < $after THEN 0
        ELSE i.principal_due - GREATEST(u.paid_total - i.owed_before - i.fees_due - i.interest_due, 0)
    END AS unpaid_principal,
    CASE WHEN l.before_on < $after THEN 0
        ELSE i.interest_due - LEAST(GREATEST(u.paid_total - i.owed_before - i.fees_due, 0), i.interest_due)
    END AS unpaid_interest,
    CASE WHEN l.before_on < $after THEN 0
        ELSE i.fees_due - LEAST(GREATEST(u.paid_total - i.owed_before, 0), i.fees_due)
    END AS unpaid_fees
FROM uneven_late AS l
JOIN uneven_installments AS i ON i.loan_id = l.loan_id AND i.place = l.place
JOIN uneven AS u ON u.loan_id = l.loan_id
