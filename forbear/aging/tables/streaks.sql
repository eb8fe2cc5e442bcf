-- One row a loan with a broken run: its longest run, the place where the last one ends, the longest gap between runs.
-- Reads: broken_runs.
SELECT
    loan_id,
    MAX(last_place - first_place + 1) AS longest_broken,
    MAX(last_place) AS last_broken,
    CAST(MAX(last_run) AS INTEGER) AS last_run,
    MAX(first_place - previous_place - 1) AS longest_kept
FROM (
    SELECT
        loan_id,
        first_place,
        last_place,
        CASE WHEN LEAD(first_place) OVER (PARTITION BY loan_id ORDER BY first_place) IS NULL
            THEN last_place - first_place + 1 END AS last_run,
        COALESCE(LAG(last_place) OVER (PARTITION BY loan_id ORDER BY first_place), 0) AS previous_place
    FROM broken_runs
) AS runs
GROUP BY loan_id
