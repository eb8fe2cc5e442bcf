-- Books payments that programs send with their tokens, in the plain case, many in one statement; one row a payment that
-- may be booked so: its place in the arrays (from 0), what `ledger_pay` says, whether the token's last use is to be noted.
-- Left out is what another way must answer: a token that does not hold (at this very moment), a service that may not, a
-- loan that is unknown or that somebody else holds, for whom the others shall not wait.
-- Reads: service_tokens, users, and as ledger/sql/pay.sql, which writes.
WITH given AS MATERIALIZED (
    SELECT *
    FROM unnest(
        %(tokens)s::text[], %(digests)s::bytea[], %(actors)s::text[], %(keys)s::text[], %(loans)s::text[],
        %(days)s::date[], %(amounts)s::bigint[], %(causes)s::text[], %(sources)s::text[]
    ) WITH ORDINALITY AS one (token_id, digest, actor, key, loan_id, paid_on, amount, cause, source, place)
), shown AS MATERIALIZED (
    SELECT
        t.token_id, t.digest, u.username,
        t.last_used_at IS NULL OR t.last_used_at < %(at)s::timestamptz - interval '1 hour' AS stale
    FROM service_tokens AS t
    JOIN users AS u ON u.id = t.user_id AND u.is_active AND u.role = 'service'
    WHERE t.token_id = ANY(%(tokens)s::text[]) AND t.revoked_at IS NULL AND t.expires_at > %(at)s::timestamptz
        AND 'payments.book' = ANY(t.scopes)
), free AS MATERIALIZED (
    SELECT loan_id
    FROM ledger_accounts
    WHERE loan_id = ANY(%(loans)s::text[])
    ORDER BY loan_id
    FOR UPDATE SKIP LOCKED
)
SELECT
    (g.place - 1)::integer,
    ledger_pay(
        g.key, g.loan_id, g.paid_on, g.amount, g.cause, g.actor, %(at)s::timestamptz,
        CASE WHEN g.source IS NOT NULL THEN jsonb_build_object('source', g.source) END
    ),
    s.stale
FROM given AS g
JOIN shown AS s ON s.token_id = g.token_id AND s.digest = g.digest AND s.username = g.actor
JOIN free AS f ON f.loan_id = g.loan_id
