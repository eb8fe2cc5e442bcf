-- One row: a row of the values that is a borrower's best somewhere between two sets of prices; `settled` when no other of
-- the borrower's (nor waiting) can be, so that the choice stands.
-- Reads: offered (a row a borrower and action: borrower_id, action, value and use_0, use_1, ... of each capacity).
-- Words with a dollar are filled in from the prices: `at_most` is a row's value less its uses at the lowest prices,
-- `at_least` the same at the highest, the products subtracted one after the other in order of capacity.
WITH priced AS (
    SELECT borrower_id, action, value, $uses, $at_most AS at_most, $at_least AS at_least
    FROM offered
),

floors AS (
    SELECT borrower_id, GREATEST(MAX(at_least), 0.0e0) AS floor_value
    FROM priced
    GROUP BY borrower_id
),

kept AS (
    SELECT priced.borrower_id, action, value, $uses, floor_value
    FROM priced
    JOIN floors ON priced.borrower_id = floors.borrower_id
    WHERE at_most >= floor_value AND at_most > 0
),

counted AS (
    SELECT borrower_id, COUNT(*) AS options
    FROM kept
    GROUP BY borrower_id
)

SELECT kept.borrower_id, action, value, $uses, options = 1 AND floor_value > 0 AS settled
FROM kept
JOIN counted ON kept.borrower_id = counted.borrower_id
ORDER BY kept.borrower_id, action
