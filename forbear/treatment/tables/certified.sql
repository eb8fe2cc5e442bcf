-- One row: what `forbear certify` works out from all rows of the values and the decisions made on them.
-- Reads: values (a row a borrower and action), decisions (a row a borrower who is treated).
-- Words with a dollar are filled in from the capacities and the certificate's prices: `reduced` is a row's value less
-- its uses at the prices.
WITH met AS (
    SELECT
        v.borrower_id,
        v.value,
        $reduced AS reduced,
        d.borrower_id IS NOT NULL AS chosen,
        d.borrower_id IS NOT NULL AND ($differs) AS differs,
        $invalid AS invalid
        $uses
    FROM "values" AS v
    LEFT JOIN decisions AS d ON d.borrower_id = v.borrower_id AND d.action = v.action
),

persons AS (
    SELECT
        borrower_id,
        count(*) AS rows,
        greatest(max(reduced), 0) AS best,
        count(*) FILTER (chosen) AS matched,
        count(*) FILTER (differs) AS differing,
        count(*) FILTER (invalid) AS invalid,
        fsum(value) FILTER (chosen) AS gained
        $sums
    FROM met
    GROUP BY borrower_id
)

SELECT
    count(*) AS borrowers,
    sum(rows) AS rows,
    fsum(best) AS best,
    sum(matched) AS matched,
    sum(differing) AS differing,
    sum(invalid) AS invalid,
    fsum(gained) AS gained
    $totals
FROM persons
