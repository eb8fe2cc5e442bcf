-- Books payments in the plain case, in order of loan so that two batches never wait for each other; one row a payment:
-- its place in the arrays (from 0) and the answer of `ledger_pay`.
-- Reads: as sql/pay.sql.
SELECT place - 1, ledger_pay(
    given.key, given.loan_id, given.paid_on, given.amount, given.cause, %(actor)s, %(at)s,
    CASE WHEN given.source IS NOT NULL THEN jsonb_build_object('source', given.source) END
)
FROM (
    SELECT *
    FROM unnest(
        %(keys)s::text[], %(loans)s::text[], %(days)s::date[], %(amounts)s::bigint[], %(causes)s::text[],
        %(sources)s::text[]
    ) WITH ORDINALITY AS one (key, loan_id, paid_on, amount, cause, source, place)
    ORDER BY loan_id, place
) AS given
