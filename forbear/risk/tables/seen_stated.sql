-- One row a moment and month of the loan's record up to it. `back` counts months from the moment's, which is 0.
-- Reads: moments, stated.
-- Seen: stated by on_date
-- Kept as: view
SELECT
    m.moment,
    m.loan_id,
    m.as_of,
    s.on_date,
    CAST(YEAR(m.as_of) * 12 + MONTH(m.as_of) AS INTEGER) - s.month_number AS back,
    s.kind,
    s.dpd,
    s.balance,
    s.opened_on
FROM moments AS m
JOIN stated AS s ON s.loan_id = m.loan_id AND s.on_date <= m.as_of
