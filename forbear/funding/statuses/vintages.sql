-- statuses.ripening: one row is a vintage (month of opening), a month on book and a threshold of days past due:
-- accounts whose record reaches that month on book, and how many of them had been so late by then.
-- Reads: statuses.panel, statuses.states, statuses.thresholds (days).
CREATE OR REPLACE TABLE statuses.ripening AS
WITH accounts AS (
    SELECT loan_id, date_trunc('month', min(opened_on))::DATE AS vintage, max(mob) AS reach
    FROM statuses.panel GROUP BY loan_id
),
first_late AS (
    SELECT p.loan_id, t.days, min(p.mob) AS mob
    FROM statuses.panel AS p
    JOIN statuses.states AS s ON s.state = p.state
    JOIN statuses.thresholds AS t ON s.dpd_from >= t.days
    GROUP BY p.loan_id, t.days
),
reached AS (
    SELECT a.vintage, m.mob, t.days, count(*) AS accounts
    FROM accounts AS a
    JOIN (SELECT DISTINCT mob FROM statuses.panel WHERE mob >= 0) AS m ON a.reach >= m.mob
    CROSS JOIN statuses.thresholds AS t
    GROUP BY a.vintage, m.mob, t.days
),
late AS (
    SELECT a.vintage, m.mob, f.days, count(*) AS late
    FROM accounts AS a
    JOIN first_late AS f ON f.loan_id = a.loan_id
    JOIN (SELECT DISTINCT mob FROM statuses.panel WHERE mob >= 0) AS m ON a.reach >= m.mob AND f.mob <= m.mob
    GROUP BY a.vintage, m.mob, f.days
)
SELECT r.vintage, r.mob, r.days, r.accounts, coalesce(l.late, 0) AS late
FROM reached AS r
LEFT JOIN late AS l ON l.vintage = r.vintage AND l.mob = r.mob AND l.days = r.days
