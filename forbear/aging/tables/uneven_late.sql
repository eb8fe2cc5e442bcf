-- One row a spell in which an installment of an uneven loan was unpaid at the end of its due date or later: from
-- since_on up to the day before before_on. A reversed payment can begin another spell of the same installment.
-- Reads: uneven_installments, uneven_states.
SELECT
    loan_id,
    place,
    due_on,
    CASE WHEN MIN(since_on) > due_on THEN MIN(since_on) ELSE due_on END AS since_on,
    MAX(before_on) AS before_on
FROM (
    SELECT
        i.loan_id,
        i.place,
        i.due_on,
        s.since_on,
        s.before_on,
        s.stretch - CAST(ROW_NUMBER() OVER (PARTITION BY i.loan_id, i.place ORDER BY s.stretch) AS INTEGER) AS spell
    FROM uneven_installments AS i
    JOIN uneven_states AS s ON s.loan_id = i.loan_id
    WHERE
        i.due_on < $as_of
        AND i.owed_with > i.owed_before
        AND i.owed_with > s.paid + $slack
        AND s.before_on > i.due_on
) AS unpaid
GROUP BY loan_id, place, due_on, spell
