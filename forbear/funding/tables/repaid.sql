-- One row a day on which principal of a loan was paid (or, negative, undone), and how much.
-- Reads: pairs, regular, uneven_states, uneven_principal.
-- Kept as: view
SELECT p.loan_id, p.moved_on, p.principal_due AS principal
FROM pairs AS p
SEMI JOIN regular AS g ON g.loan_id = p.loan_id
WHERE p.is_exact
UNION ALL
SELECT
    loan_id,
    last_paid_on AS moved_on,
    CASE WHEN is_complete THEN principal_due - exact_principal ELSE odd_principal_paid END AS principal
FROM regular
WHERE odd_number IS NOT NULL
UNION ALL
SELECT loan_id, since_on AS moved_on, principal_paid - earlier AS principal
FROM (
    SELECT
        s.loan_id,
        s.since_on,
        COALESCE(u.principal_paid, 0) AS principal_paid,
        COALESCE(LAG(COALESCE(u.principal_paid, 0)) OVER (PARTITION BY s.loan_id ORDER BY s.since_on), 0) AS earlier
    FROM uneven_states AS s
    LEFT JOIN uneven_principal AS u ON u.loan_id = s.loan_id AND u.since_on = s.since_on
) AS stepped
WHERE principal_paid <> earlier
