-- One row: a row of the values of a borrower in the sample, drawn by the MD5 of the borrower's id; `part` tells the two
-- halves of the sample apart.
-- Reads: offered (a row a borrower and action).
-- Words with a dollar: `share`, the hexadecimal digits below which an id's hash falls into the sample.
WITH drawn AS (
    SELECT borrower_id, action, value, $uses, MD5(CAST(borrower_id AS VARCHAR)) AS drawn
    FROM offered
)

SELECT borrower_id, action, value, $uses, SUBSTRING(drawn, 9, 1) < '8' AS part
FROM drawn
WHERE SUBSTRING(drawn, 1, 8) < '$share'
ORDER BY borrower_id, action
