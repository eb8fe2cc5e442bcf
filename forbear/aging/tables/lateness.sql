-- One row a loan that was ever late with an installment: what is overdue now, how late it is, how late it ever was.
-- Reads: late_days. Days are before any grace; the thresholds ($at_30 and the like) have it in them.
SELECT
    loan_id,
    CAST(SUM(CASE WHEN before_on = $after THEN 1 ELSE 0 END) AS INTEGER) AS installments_overdue,
    MIN(CASE WHEN before_on = $after THEN due_on END) AS oldest_unpaid_due_on,
    MAX(CASE WHEN before_on = $after THEN days ELSE 0 END) AS days_now,
    MAX(days) AS days_worst,
    MAX(CASE WHEN place = 1 THEN days ELSE 0 END) AS days_first,
    CAST(SUM(unpaid_principal) AS BIGINT) AS arrears_principal,
    CAST(SUM(unpaid_interest) AS BIGINT) AS arrears_interest,
    CAST(SUM(unpaid_fees) AS BIGINT) AS arrears_fees,
    CAST(SUM(CASE WHEN days >= $at_1 THEN 1 ELSE 0 END) AS INTEGER) AS times_late,
    CAST(SUM(CASE WHEN days >= $at_30 THEN 1 ELSE 0 END) AS INTEGER) AS times_30,
    CAST(SUM(CASE WHEN days >= $at_60 THEN 1 ELSE 0 END) AS INTEGER) AS times_60,
    CAST(SUM(CASE WHEN days >= $at_90 THEN 1 ELSE 0 END) AS INTEGER) AS times_90
FROM late_days
GROUP BY loan_id
