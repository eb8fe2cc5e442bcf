-- One row a run of installments, one after another, none of which was paid in full by its due date and stayed so.
-- Reads: late.
SELECT
    loan_id,
    MIN(place) AS first_place,
    MAX(place) AS last_place
FROM (
    SELECT
        loan_id,
        place,
        place - CAST(DENSE_RANK() OVER (PARTITION BY loan_id ORDER BY place) AS INTEGER) AS run
    FROM late
) AS placed
GROUP BY loan_id, run
