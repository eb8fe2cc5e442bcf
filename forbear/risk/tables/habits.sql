-- One row a subject with an installment due before its day: how it has paid.
-- Reads: lateness.
SELECT
    loan_id,
    as_of,
    CAST(SUM(CASE WHEN days > 0 THEN 1 ELSE 0 END) AS INTEGER) AS lates,
    CAST(SUM(CASE WHEN days > 7 THEN 1 ELSE 0 END) AS INTEGER) AS lates_7,
    CAST(SUM(CASE WHEN days > 30 THEN 1 ELSE 0 END) AS INTEGER) AS lates_30,
    CAST(SUM(CASE WHEN days = 0 THEN 1 ELSE 0 END) AS INTEGER) AS last_minutes,
    CAST(SUM(CASE WHEN days < -3 THEN 1 ELSE 0 END) AS INTEGER) AS earlies,
    CAST(SUM(days) AS DOUBLE) / COUNT(*) AS mean_days,
    CAST(SUM(GREATEST(days, 0)) AS DOUBLE) / COUNT(*) AS mean_days_late,
    MAX(days) AS worst_days,
    MAX(CASE WHEN place = 1 THEN days END) AS first_days,
    MAX(CASE WHEN back = 0 THEN days END) AS last_days,
    MAX(CASE WHEN back = 1 THEN days END) AS last2_days,
    MAX(CASE WHEN back = 2 THEN days END) AS last3_days,
    CAST(SUM(CASE WHEN back < 3 THEN days END) AS DOUBLE)
        / CAST(SUM(CASE WHEN back < 3 THEN 1 ELSE 0 END) AS DOUBLE) AS recent_days,
    COALESCE(MIN(CASE WHEN days > 0 THEN back END), COUNT(*)) AS kept_streak,
    COALESCE(MIN(CASE WHEN days <= 0 THEN back END), COUNT(*)) AS broken_streak,
    SQRT(GREATEST(
        CAST(SUM(CAST(days AS BIGINT) * days) AS DOUBLE) / COUNT(*)
        - (CAST(SUM(days) AS DOUBLE) / COUNT(*)) * (CAST(SUM(days) AS DOUBLE) / COUNT(*)), 0
    )) AS unsteady_days
FROM lateness
GROUP BY loan_id, as_of
