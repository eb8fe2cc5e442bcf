-- One row a planned contact whose time has come, held by this transaction; those that others hold are passed over.
-- %(allowed)s: the borrowers of an allow-list; null: everyone. %(provider)s did not refuse it in this round.
-- Reads and locks: planned_contacts.
SELECT p.planned_id, p.borrower_id, p.channel, p.purpose, p.loan_id, p.template_version, p.body, p.facts, p.wanted_until,
    p.tries, p.tried, p.deferrals, p.cause
FROM planned_contacts AS p
WHERE p.state = 'waiting' AND p.channel = %(channel)s AND p.next_at <= %(now)s
    AND NOT %(provider)s = ANY(p.tried)
    AND (%(allowed)s::text[] IS NULL OR p.borrower_id = ANY(%(allowed)s::text[]))
ORDER BY p.next_at, p.planned_id
LIMIT %(most)s
FOR NO KEY UPDATE SKIP LOCKED
