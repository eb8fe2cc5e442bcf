-- One row money in (a payment, or what another loan gave), or a part of it that was given back later: then in two rows,
-- what stayed and what did not. `undone_on` is the day on which the row stopped to count.
-- Reads: acts (book_known).
, money AS (
    SELECT
        entry_id, loan_id, effective_on, amount, undone_on, booked_at, facts ->> 'source' AS source,
        CASE WHEN kind = 'payment' THEN cause ELSE 'transfer:' || entry_id END AS payment_id
    FROM acts
    WHERE kind = 'payment' OR (kind = 'transfer' AND amount > 0)
), back AS (
    SELECT
        entry_id, loan_id, effective_on, abs(amount) AS amount,
        sum(abs(amount)) OVER (PARTITION BY loan_id ORDER BY effective_on, entry_id) AS upto
    FROM acts
    WHERE undone_on IS NULL AND (kind = 'refund' OR (kind = 'transfer' AND amount < 0))
), kept AS (
    SELECT entry_id, loan_id, amount, sum(amount) OVER (PARTITION BY loan_id ORDER BY effective_on, entry_id) AS upto
    FROM money
    WHERE undone_on IS NULL AND loan_id IN (SELECT loan_id FROM back)
), given_back AS MATERIALIZED (
    SELECT
        k.entry_id, b.entry_id AS back_id, b.effective_on,
        (least(k.upto, b.upto) - greatest(k.upto - k.amount, b.upto - b.amount))::bigint AS amount
    FROM kept AS k
    JOIN back AS b ON b.loan_id = k.loan_id AND k.upto > b.upto - b.amount AND k.upto - k.amount < b.upto
), rows AS (
    SELECT m.payment_id, m.loan_id, m.effective_on AS paid_on, m.amount - coalesce(g.amount, 0) AS amount, m.source,
        m.undone_on, m.booked_at
    FROM money AS m
    LEFT JOIN (SELECT entry_id, sum(amount)::bigint AS amount FROM given_back GROUP BY entry_id) AS g
        ON g.entry_id = m.entry_id
    WHERE m.amount > coalesce(g.amount, 0)
    UNION ALL
    SELECT m.payment_id || '#' || g.back_id, m.loan_id, m.effective_on, g.amount, m.source, g.effective_on, m.booked_at
    FROM given_back AS g
    JOIN money AS m ON m.entry_id = g.entry_id
)
