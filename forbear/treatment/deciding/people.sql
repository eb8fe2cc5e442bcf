-- One row a borrower for whom something might be done: with a loan in arrears, or with an installment due within the days
-- ahead and a chance of {ahead_least} or more to be a week late with it. Money in the major unit.
-- Reads: decide_accounts (accounts.parquet), decide_scores, decide_causes, book.installments.
WITH ahead AS (
    SELECT i.loan_id, MIN(i.due_on) AS next_due_on,
        ARG_MIN(i.principal_due + i.interest_due + i.fees_due, i.due_on) AS next_due
    FROM book.installments AS i
    JOIN decide_accounts AS a ON a.loan_id = i.loan_id AND i.number > a.installments_paid
    WHERE i.due_on > {as_of} AND i.due_on <= {ahead_until} AND a.arrears_total = 0
        AND a.status IN ('current', 'not_due')
    GROUP BY i.loan_id
),
looked AS (
    SELECT a.borrower_id, a.loan_id, a.dpd, a.arrears_total > 0 AS late,
        CASE WHEN a.arrears_total > 0 THEN CAST(a.arrears_total AS DOUBLE) ELSE h.next_due / {unit} END AS at_stake,
        CASE WHEN a.arrears_total > 0
            THEN COALESCE(s.p_cure_30, {self_cure})
            ELSE 1 - s.p_late_7 END AS pays_alone,
        c.cause, h.next_due_on
    FROM decide_accounts AS a
    LEFT JOIN ahead AS h ON h.loan_id = a.loan_id
    LEFT JOIN decide_scores AS s ON s.loan_id = a.loan_id
    LEFT JOIN decide_causes AS c ON c.loan_id = a.loan_id
    WHERE a.arrears_total > 0 OR (h.loan_id IS NOT NULL AND s.p_late_7 >= {ahead_least})
)
SELECT
    borrower_id,
    LIST(loan_id ORDER BY loan_id) AS loan_ids,
    BOOL_OR(late) AS late,
    MAX(dpd) AS dpd,
    SUM(at_stake) FILTER (WHERE late OR NOT any_late) AS at_stake,
    MIN(pays_alone) FILTER (WHERE late OR NOT any_late) AS pays_alone,
    COALESCE(ARG_MAX(cause, dpd) FILTER (WHERE cause IS NOT NULL AND cause <> 'unknown'), 'unknown') AS cause,
    BOOL_OR(cause = 'dispute') AS disputed,
    MIN(next_due_on) AS next_due_on
FROM (SELECT *, BOOL_OR(late) OVER (PARTITION BY borrower_id) AS any_late FROM looked) AS marked
GROUP BY borrower_id
