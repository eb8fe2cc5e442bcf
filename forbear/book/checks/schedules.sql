-- One row a loan_id of loans or installments, with a truth value for every rule on a loan's whole schedule.
-- Reads: book.loans, book.installments. Numbers up to 126 are kept as bits of one integer, so that a repeated number
-- shows without a sort; for a book with higher numbers duplicate_key is asked another way.
WITH scheduled AS (
    SELECT
        loan_id,
        count(*) AS installments,
        sum(principal_due) AS principal,
        min(number) AS first_number,
        max(number) AS last_number,
        min(due_on) AS first_due,
        bit_or(CASE WHEN number BETWEEN 0 AND 126 THEN CAST(1 AS HUGEINT) << number ELSE CAST(0 AS HUGEINT) END) AS seen
    FROM book.installments
    WHERE loan_id IS NOT NULL
    GROUP BY loan_id
)
SELECT
    COALESCE(l.loan_id, s.loan_id) AS loan_id,
    s.loan_id IS NULL AS no_installments,
    l.loan_id IS NULL AS unknown_loan,
    s.principal <> l.principal AS principal_mismatch,
    s.first_number > 1 OR s.last_number - s.first_number + 1 > s.installments AS number_gap,
    bit_count(s.seen) < s.installments AS duplicate_key,
    s.first_due < l.disbursed_on AS due_before_disbursal,
    s.installments <> l.term AS term_mismatch
FROM (SELECT loan_id, principal, disbursed_on, term FROM book.loans WHERE loan_id IS NOT NULL) AS l
FULL JOIN scheduled AS s ON s.loan_id = l.loan_id
