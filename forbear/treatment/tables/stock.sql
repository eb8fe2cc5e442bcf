-- One row: what must be known of all rows of the values before prices are sought.
-- Reads: offered (a row a borrower and action).
-- Words with a dollar: for each capacity its greatest use, greatest value per unit and whether all uses are whole;
-- `unfit`, whether a cell cannot be used.
SELECT
    COUNT(*) AS offers,
    COUNT(DISTINCT borrower_id) AS borrowers,
    -- the id's length in front: else 'a b' with 'c' would be the same as 'a' with 'b c'
    COUNT(DISTINCT CONCAT(
        CAST(LENGTH(CAST(borrower_id AS VARCHAR)) AS VARCHAR), ' ', CAST(borrower_id AS VARCHAR), ' ', action
    )) AS unlike,
    SUM(CASE WHEN $unfit THEN 1 ELSE 0 END) AS unfit,
    MAX(ABS(value)) AS most_value,
    $columns
FROM offered
