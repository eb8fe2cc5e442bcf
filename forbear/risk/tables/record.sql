-- One row a moment: every feature that a record of statuses gives, by the names of record.toml.
-- Reads: seen_stated.
SELECT
    moment,
    loan_id,
    as_of,
    MAX(CASE WHEN back = 0 THEN kind END) AS kind_now,
    MAX(CASE WHEN back = 0 THEN dpd END) AS dpd_now,
    MAX(dpd) AS worst_ever,
    CAST(DATE_DIFF('month', COALESCE(MIN(opened_on), MIN(on_date)), as_of) AS DOUBLE) AS months_on_book,
    CAST(COUNT(*) AS DOUBLE) AS months_seen,
    CAST(MAX(CASE WHEN back = 0 THEN dpd END) AS DOUBLE) AS state_now,
    CAST(MAX(CASE WHEN back = 0 AND kind = 'absent' THEN 1 WHEN back = 0 THEN 0 END) AS DOUBLE) AS absent_now,
    CAST(MAX(CASE WHEN back = 1 THEN dpd END) AS DOUBLE) AS state_1,
    CAST(MAX(CASE WHEN back = 2 THEN dpd END) AS DOUBLE) AS state_2,
    CAST(MAX(CASE WHEN back = 3 THEN dpd END) AS DOUBLE) AS state_3,
    CAST(MAX(CASE WHEN back = 4 THEN dpd END) AS DOUBLE) AS state_4,
    CAST(MAX(CASE WHEN back = 5 THEN dpd END) AS DOUBLE) AS state_5,
    CAST(SUM(CASE WHEN back BETWEEN 1 AND 3 AND dpd >= 30 THEN 1 ELSE 0 END) AS DOUBLE) AS late_months_3,
    CAST(SUM(CASE WHEN back BETWEEN 0 AND 5 AND dpd >= 30 THEN 1 ELSE 0 END) AS DOUBLE) AS late_months_6,
    CAST(SUM(CASE WHEN back BETWEEN 0 AND 11 AND dpd >= 30 THEN 1 ELSE 0 END) AS DOUBLE) AS late_months_12,
    CAST(SUM(CASE WHEN dpd >= 30 THEN 1 ELSE 0 END) AS DOUBLE) AS late_months,
    CAST(SUM(CASE WHEN dpd >= 60 THEN 1 ELSE 0 END) AS DOUBLE) AS late_months_60,
    CAST(SUM(CASE WHEN dpd >= 30 THEN 1 ELSE 0 END) AS DOUBLE) / COUNT(*) AS late_share,
    CAST(MAX(dpd) AS DOUBLE) AS worst,
    CAST(MAX(CASE WHEN back BETWEEN 1 AND 6 THEN dpd END) AS DOUBLE) AS worst_6,
    CAST(MIN(CASE WHEN dpd >= 30 AND back > 0 THEN back END) AS DOUBLE) AS months_since_late,
    CAST(COALESCE(MIN(CASE WHEN dpd < 30 THEN back END), COUNT(*)) AS DOUBLE) AS late_streak,
    CAST(COALESCE(MIN(CASE WHEN dpd >= 30 THEN back END), COUNT(*)) AS DOUBLE) AS good_streak,
    CAST(SUM(CASE WHEN kind = 'absent' THEN 1 ELSE 0 END) AS DOUBLE) / COUNT(*) AS absent_share,
    CAST(SUM(CASE WHEN kind = 'absent' AND back BETWEEN 0 AND 2 THEN 1 ELSE 0 END) AS DOUBLE) AS absent_months_3,
    CAST(COALESCE(MIN(CASE WHEN kind = 'absent' THEN back END), COUNT(*)) AS DOUBLE) AS used_streak,
    CAST(COALESCE(MIN(CASE WHEN kind <> 'absent' THEN back END), COUNT(*)) AS DOUBLE) AS absent_streak,
    LN(1 + CAST(GREATEST(MAX(CASE WHEN back = 0 THEN balance END), 0) AS DOUBLE)) AS balance_log,
    CAST(MAX(CASE WHEN back = 0 THEN balance END) AS DOUBLE)
        / CAST(NULLIF(MAX(CASE WHEN back = 1 THEN balance END), 0) AS DOUBLE) AS balance_growth,
    CAST(MONTH(as_of) AS DOUBLE) AS calendar_month
FROM seen_stated
GROUP BY moment, loan_id, as_of
