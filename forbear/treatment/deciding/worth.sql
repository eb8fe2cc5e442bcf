-- One row a borrower and action that is possible and allowed: what it should bring in 90 days against waiting, at the low
-- end (gain_low) and in the middle (gain_mid), and where that is from (gain_source); value is the low one net of cost,
-- burden and what acting today takes from a later step (given_up).
-- By studies: gain = money at stake x chance that it does not come by itself x reach x effect x factor of the cause,
-- discounted over the 45 days that money takes on average. Learned: gain = money at stake x share x factor of the cause.
-- Reads: decide_open (borrower_id, action), decide_people, decide_actions (action, cost, burden, reach, low, mid),
-- decide_scale (cause, action, factor), decide_learned (borrower_id, action, low, mid, given_up, source).
SELECT *, gain_low - cost - burden * {burden_price} - given_up AS value
FROM (
    SELECT
        o.borrower_id,
        o.action,
        a.cost,
        a.burden,
        p.at_stake * COALESCE(f.factor, 1) * COALESCE(
            l.low, (1 - p.pays_alone) * a.reach / (1 + {discount} * 45 / 365) * a.low
        ) AS gain_low,
        p.at_stake * COALESCE(f.factor, 1) * COALESCE(
            l.mid, (1 - p.pays_alone) * a.reach / (1 + {discount} * 45 / 365) * a.mid
        ) AS gain_mid,
        p.at_stake * COALESCE(l.given_up, 0) AS given_up,
        COALESCE(l.source, 'study') AS gain_source
    FROM decide_open AS o
    JOIN decide_people AS p ON p.borrower_id = o.borrower_id
    JOIN decide_actions AS a ON a.action = o.action
    LEFT JOIN decide_scale AS f ON f.cause = p.cause AND f.action = o.action
    LEFT JOIN decide_learned AS l ON l.borrower_id = o.borrower_id AND l.action = o.action
) AS priced
