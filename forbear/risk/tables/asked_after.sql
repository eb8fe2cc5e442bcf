-- One row a moment followed by an outgoing contact on its own day or later: days until the first. For labels only.
-- Reads: seen_traits, contacts.
-- Outcome
SELECT
    t.moment,
    CAST(MIN(DATE_DIFF('day', t.as_of, CAST(c.at AS DATE))) AS INTEGER) AS asked_in
FROM seen_traits AS t
JOIN contacts AS c ON c.borrower_id = t.borrower_id AND c.direction = 'out' AND CAST(c.at AS DATE) >= t.as_of
WHERE DATE_DIFF('day', t.as_of, CAST(c.at AS DATE)) <= 30
GROUP BY t.moment
