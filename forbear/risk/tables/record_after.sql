-- One row a moment: what its loan's record said later, up to $until; months are counted from the moment's. For labels.
-- Reads: moments, stated.
-- Outcome
SELECT
    m.moment,
    MAX(CASE WHEN s.month_number = YEAR(m.as_of) * 12 + MONTH(m.as_of) + 1 THEN s.dpd END) AS next_dpd,
    MAX(CASE WHEN s.month_number = YEAR(m.as_of) * 12 + MONTH(m.as_of) + 1 THEN s.kind END) AS next_kind,
    CAST(MAX(s.month_number) - (YEAR(m.as_of) * 12 + MONTH(m.as_of)) AS INTEGER) AS months_known,
    CAST(MIN(CASE WHEN s.dpd >= 60 THEN s.month_number END) - (YEAR(m.as_of) * 12 + MONTH(m.as_of)) AS INTEGER) AS months_to_60,
    CAST(MIN(CASE WHEN s.dpd >= 90 THEN s.month_number END) - (YEAR(m.as_of) * 12 + MONTH(m.as_of)) AS INTEGER) AS months_to_90
FROM moments AS m
JOIN stated AS s ON s.loan_id = m.loan_id AND s.on_date > m.as_of AND s.on_date <= $until
GROUP BY m.moment, YEAR(m.as_of) * 12 + MONTH(m.as_of)
