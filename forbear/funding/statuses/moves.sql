-- statuses.moves: one row is a loan that was seen in a period and in the next one: from which state to which.
-- Reads: statuses.panel, statuses.states (state, rank, kind, dpd_from).
-- better: 1 improved, 0 the same, -1 worse, by days past due where both are told, else by the states' order;
-- NULL when either state is absent or unknown.
CREATE OR REPLACE TABLE statuses.moves AS
SELECT
    a.loan_id,
    b.period,
    a.state AS from_state,
    b.state AS to_state,
    a.balance AS opening_balance,
    b.balance AS closing_balance,
    CASE
        WHEN f.kind IN ('absent', 'unknown') OR t.kind IN ('absent', 'unknown') THEN NULL
        WHEN f.kind = 'active' AND t.kind = 'active' AND a.dpd IS NOT NULL AND b.dpd IS NOT NULL THEN sign(a.dpd - b.dpd)
        WHEN f.kind = t.kind AND f.kind = 'closed' THEN 0
        WHEN t.kind = 'closed' THEN 1
        WHEN f.kind = 'closed' THEN -1
        ELSE sign(f.dpd_from - t.dpd_from)
    END AS better
FROM statuses.panel AS a
JOIN statuses.panel AS b ON b.loan_id = a.loan_id AND b.period = a.period + 1
JOIN statuses.states AS f ON f.state = a.state
JOIN statuses.states AS t ON t.state = b.state
