-- One row is an origin, a cell (the state that accounts were last seen in, and a band of their age in periods), and how many
-- periods later the event came (NULL: later than looked at, or not yet): accounts, or money where the book tells it.
-- Reads: book.statuses, funding.periods (n, ends_on), funding.event_states (state), funding.shut_states (state),
-- funding.weights (loan_id, weight).
-- The event is the first status in a state of funding.event_states; an account that is in a state of funding.shut_states
-- takes no part while it is. An account that is told of only at its end stands in no state ('') until then.
WITH opened AS (
    SELECT a.loan_id, o.n AS opened_n
    FROM (
        SELECT loan_id, min(coalesce(opened_on, on_date)) AS opened_on FROM book.statuses GROUP BY loan_id
    ) AS a
    ASOF JOIN funding.periods AS o ON a.opened_on <= o.ends_on
    WHERE a.opened_on <= $as_of
),
told AS (
    SELECT s.loan_id, s.state, s.balance, p.n, o.opened_n
    FROM book.statuses AS s
    JOIN opened AS o ON o.loan_id = s.loan_id
    ASOF JOIN funding.periods AS p ON s.on_date <= p.ends_on
    WHERE s.on_date <= $as_of
),
last_of_period AS (
    SELECT loan_id, n, min(opened_n) AS opened_n, max_by(state, n) AS state, max(balance) AS balance
    FROM told GROUP BY loan_id, n
),
happened AS (
    SELECT loan_id, min(n) AS event_n, min_by(balance, n) AS event_balance
    FROM last_of_period
    WHERE state IN (SELECT state FROM funding.event_states)
    GROUP BY loan_id
),
spells AS (
    SELECT
        loan_id, state, n AS from_n, opened_n,
        lead(n) OVER (PARTITION BY loan_id ORDER BY n) - 1 AS until_n
    FROM last_of_period
    UNION ALL
    SELECT o.loan_id, '' AS state, o.opened_n, o.opened_n, min(l.n) - 1
    FROM opened AS o
    LEFT JOIN last_of_period AS l ON l.loan_id = o.loan_id
    GROUP BY o.loan_id, o.opened_n
    HAVING coalesce(min(l.n), 1) > o.opened_n
),
summed AS (
    SELECT
        s.state, s.opened_n, s.from_n, coalesce(s.until_n, 0) AS until_n, h.event_n,
        sum(w.weight) AS weight,
        sum(CASE WHEN $counts THEN 1 ELSE coalesce(h.event_balance, w.weight) END) AS event_weight
    FROM spells AS s
    JOIN funding.weights AS w ON w.loan_id = s.loan_id
    LEFT JOIN happened AS h ON h.loan_id = s.loan_id
    WHERE s.state NOT IN (SELECT state FROM funding.shut_states)
    GROUP BY ALL
)
SELECT
    p.n AS origin,
    s.state,
    least(greatest(p.n - s.opened_n, 0) // $band, $bands - 1) AS age,
    CASE WHEN s.event_n - p.n <= $horizon THEN s.event_n - p.n END AS later,
    CAST(sum(s.weight) AS DOUBLE) AS weight,
    CAST(sum(s.event_weight) AS DOUBLE) AS event_weight
FROM summed AS s
JOIN funding.periods AS p ON p.n BETWEEN greatest(s.from_n, $first) AND least(s.until_n, coalesce(s.event_n - 1, 0), 0)
GROUP BY ALL
