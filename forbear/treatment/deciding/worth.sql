-- One row a borrower and action that is possible and allowed: what it should bring in 90 days against waiting, at the low
-- end of what its source lets one expect (gain_low) and in the middle (gain_mid); value is the low one net of cost and
-- burden. gain = money at stake x chance that it does not come by itself x reach x effect x factor of the cause,
-- discounted over the 45 days that money takes on average.
-- Reads: decide_open (borrower_id, action), decide_people, decide_actions (action, cost, burden, reach, low, mid),
-- decide_scale (cause, action, factor).
SELECT *, gain_low - cost - burden * {burden_price} AS value
FROM (
    SELECT
        o.borrower_id,
        o.action,
        a.cost,
        a.burden,
        p.at_stake * (1 - p.pays_alone) * a.reach * COALESCE(f.factor, 1) / (1 + {discount} * 45 / 365) * a.low AS gain_low,
        p.at_stake * (1 - p.pays_alone) * a.reach * COALESCE(f.factor, 1) / (1 + {discount} * 45 / 365) * a.mid AS gain_mid
    FROM decide_open AS o
    JOIN decide_people AS p ON p.borrower_id = o.borrower_id
    JOIN decide_actions AS a ON a.action = o.action
    LEFT JOIN decide_scale AS f ON f.cause = p.cause AND f.action = o.action
) AS priced
