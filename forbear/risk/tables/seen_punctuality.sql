-- One row a day, product, region, vintage and due date of the 90 days before it.
-- Reads: days, punctuality.
-- Seen: punctuality by due_on
-- Kept as: view
SELECT a.as_of, p.product, p.region, p.vintage, p.dues, p.lates
FROM days AS a
JOIN punctuality AS p ON p.due_on < a.as_of AND p.due_on >= DAYS_AFTER(a.as_of, -90)
