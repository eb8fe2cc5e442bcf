-- One row a stretch of days on which a loan was paid in full, up to the day before before_on ($after: it still is), and
-- the principal that it left unasked: schedules may be shorter than their loans, tolerances forgive cents. A reversal
-- opens a loan again. Stretches of the same loan may touch.
-- Reads: aged, regular, uneven, uneven_states, uneven_principal.
SELECT
    a.loan_id,
    a.disbursed_on,
    a.closed_on AS since_on,
    $after AS before_on,
    a.principal_outstanding AS principal
FROM aged AS a
SEMI JOIN regular AS g ON g.loan_id = a.loan_id
WHERE a.closed_on IS NOT NULL
UNION ALL
SELECT
    a.loan_id,
    a.disbursed_on,
    s.since_on,
    s.before_on,
    GREATEST(a.principal - COALESCE(p.principal_paid, 0), 0) AS principal
FROM uneven AS u
JOIN aged AS a ON a.loan_id = u.loan_id
JOIN uneven_states AS s ON s.loan_id = u.loan_id
LEFT JOIN uneven_principal AS p ON p.loan_id = s.loan_id AND p.since_on = s.since_on
WHERE s.paid > 0 AND s.paid + $slack >= u.total_due
