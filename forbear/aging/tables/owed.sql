-- One row a loan with a schedule: what it owes in all and before the as-of date, and whether its numbers run with its
-- dates. They do when due dates stay within one step of a straight line through the numbers (step of a month, two
-- weeks or a week): then each number is due after the one before. Other schedules take the general way, not a wrong one.
-- Reads: installments.
SELECT
    loan_id,
    COUNT(*) AS installments,
    CAST(SUM(CASE WHEN due_on < $as_of THEN 1 ELSE 0 END) AS BIGINT) AS installments_due,
    MIN(due_on) AS first_due_on,
    MAX(due_on) AS last_due_on,
    CAST(SUM(principal_due + interest_due + fees_due) AS BIGINT) AS total_due,
    CAST(SUM(principal_due) AS BIGINT) AS principal_due,
    MIN(principal_due + interest_due + fees_due) AS least_due,
    MIN(number) = 1 AND MAX(number) = COUNT(*) AND 2 * SUM(number) = COUNT(*) * (COUNT(*) + 1)
    AND (
        COUNT(*) = 1
        OR MAX(100 * DATE_DIFF('day', DATE '2000-01-01', due_on) - 3044 * number)
        - MIN(100 * DATE_DIFF('day', DATE '2000-01-01', due_on) - 3044 * number) < 3044
        OR MAX(DATE_DIFF('day', DATE '2000-01-01', due_on) - 14 * number)
        - MIN(DATE_DIFF('day', DATE '2000-01-01', due_on) - 14 * number) < 14
        OR MAX(DATE_DIFF('day', DATE '2000-01-01', due_on) - 7 * number)
        - MIN(DATE_DIFF('day', DATE '2000-01-01', due_on) - 7 * number) < 7
    ) AS runs_with_dates
FROM installments
GROUP BY loan_id
