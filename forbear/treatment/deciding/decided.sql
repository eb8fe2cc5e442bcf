-- One row a borrower who was looked at, in order of borrower_id: what is to be done (wait: nothing), from when on, what it
-- should bring, at which chance it was chosen, why, what came next, and the act that the gate was asked about.
-- Reads: decide_people, decide_chosen (borrower_id, action), decide_worth, decide_slice (borrower_id), decide_held
-- (borrower_id), decide_gate (borrower_id, action, answer, starts_at), decide_priced (borrower_id, action, net: value less
-- what its capacities cost).
WITH best AS (SELECT borrower_id, MAX(value) AS value FROM decide_worth GROUP BY borrower_id),
asked AS (
    SELECT borrower_id, COUNT(*) AS acts, COUNT(*) FILTER (WHERE starts_at IS NOT NULL) AS open
    FROM decide_gate GROUP BY borrower_id
),
would AS (SELECT borrower_id FROM decide_priced GROUP BY borrower_id HAVING MAX(net) > 0),
next_best AS (
    SELECT n.borrower_id, ARG_MAX(n.action, (n.net, n.action)) AS action
    FROM decide_priced AS n
    LEFT JOIN decide_chosen AS c ON c.borrower_id = n.borrower_id
    WHERE n.net > 0 AND n.action IS DISTINCT FROM c.action
    GROUP BY n.borrower_id
)
SELECT
    p.borrower_id,
    p.loan_ids,
    COALESCE(c.action, 'wait') AS action,
    g.starts_at AS not_before,
    ROUND(COALESCE(w.gain_low, 0), 4) AS expected_gain,
    ROUND(COALESCE(w.gain_mid, 0), 4) AS expected_gain_mid,
    w.gain_source,
    COALESCE(w.cost, 0) AS cost,
    COALESCE(w.burden, 0) AS burden,
    CAST(CASE WHEN c.action IS NOT NULL THEN 1 - {peace_share}
        WHEN s.borrower_id IS NOT NULL AND u.borrower_id IS NOT NULL THEN {peace_share}
        ELSE 1 END AS DOUBLE) AS propensity,
    CASE
        WHEN c.action IS NOT NULL THEN LIST_VALUE('best_net_value')
        WHEN h.borrower_id IS NOT NULL THEN LIST_VALUE('disputed')
        WHEN p.pays_alone >= {peace_above} THEN LIST_VALUE('pays_alone')
        WHEN a.acts IS NULL THEN LIST_VALUE('no_step_open')
        WHEN a.open = 0 THEN LIST_VALUE('gate_holds_back')
        WHEN s.borrower_id IS NOT NULL AND u.borrower_id IS NOT NULL THEN LIST_VALUE('peace_slice')
        WHEN b.value > 0 THEN LIST_VALUE('capacity')
        ELSE LIST_VALUE('not_worth_it')
    END || CASE WHEN p.cause <> 'unknown' THEN LIST_VALUE('cause_' || p.cause) ELSE [] END AS reasons,
    COALESCE(n.action, 'wait') AS runner_up,
    CASE WHEN c.action IS NOT NULL THEN CAST(p.borrower_id AS VARCHAR) || ':' || c.action END AS act_id,
    ROUND(p.at_stake, 2) AS at_stake,
    ROUND(CAST(p.pays_alone AS DOUBLE), 4) AS pays_alone,
    p.dpd,
    p.cause
FROM decide_people AS p
LEFT JOIN decide_chosen AS c ON c.borrower_id = p.borrower_id
LEFT JOIN decide_worth AS w ON w.borrower_id = p.borrower_id AND w.action = c.action
LEFT JOIN decide_gate AS g ON g.borrower_id = p.borrower_id AND g.action = c.action
LEFT JOIN decide_slice AS s ON s.borrower_id = p.borrower_id
LEFT JOIN decide_held AS h ON h.borrower_id = p.borrower_id
LEFT JOIN asked AS a ON a.borrower_id = p.borrower_id
LEFT JOIN best AS b ON b.borrower_id = p.borrower_id
LEFT JOIN would AS u ON u.borrower_id = p.borrower_id
LEFT JOIN next_best AS n ON n.borrower_id = p.borrower_id
ORDER BY p.borrower_id
