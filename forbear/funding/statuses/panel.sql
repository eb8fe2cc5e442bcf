-- statuses.panel: one row is a loan in a period, with the last state told of it in that period.
-- Reads: statuses.told (loan_id, on_date, state, dpd, balance, opened_on), where {period} numbers the periods.
-- mob is the month on book: months from the month of opening (told, or the first month seen) to the period.
CREATE OR REPLACE TABLE statuses.panel AS
WITH placed AS (
    SELECT loan_id, on_date, state, dpd, balance, opened_on, {period} AS period FROM statuses.told
),
last_told AS (
    SELECT loan_id, period, max(on_date) AS on_date FROM placed GROUP BY loan_id, period
),
opened AS (
    SELECT loan_id, coalesce(min(opened_on), min(on_date)) AS opened_on FROM placed GROUP BY loan_id
)
SELECT
    p.loan_id, p.period, p.on_date, p.state, p.dpd, p.balance, o.opened_on,
    (year(p.on_date) - year(o.opened_on)) * 12 + month(p.on_date) - month(o.opened_on) AS mob
FROM placed AS p
JOIN last_told AS l ON l.loan_id = p.loan_id AND l.period = p.period AND l.on_date = p.on_date
JOIN opened AS o ON o.loan_id = p.loan_id
