-- One row a borrower and day with an earlier contact: how often they were asked, how often they answered or promised.
-- Reads: seen_contacts.
SELECT
    borrower_id,
    as_of,
    CAST(SUM(CASE WHEN direction = 'out' AND on_day >= DAYS_AFTER(as_of, -30) THEN 1 ELSE 0 END) AS INTEGER) AS asked_30d,
    CAST(SUM(CASE WHEN direction = 'out' THEN 1 ELSE 0 END) AS INTEGER) AS asked,
    CAST(SUM(CASE WHEN direction = 'in' THEN 1 ELSE 0 END) AS INTEGER) AS came_by_themselves,
    CAST(SUM(CASE WHEN direction = 'out' AND channel = 'call' THEN 1 ELSE 0 END) AS INTEGER) AS calls,
    CAST(SUM(CASE WHEN direction = 'out' AND channel = 'call'
        AND result IN ('answered', 'conversation', 'connected', 'promise', 'promise_to_pay', 'refused')
        THEN 1 ELSE 0 END) AS INTEGER) AS calls_answered,
    CAST(SUM(CASE WHEN result IN ('promise', 'promise_to_pay') THEN 1 ELSE 0 END) AS INTEGER) AS promises,
    CAST(SUM(CASE WHEN result = 'refused' THEN 1 ELSE 0 END) AS INTEGER) AS refusals,
    CAST(SUM(CASE WHEN result IN ('wrong_party', 'undelivered', 'bounced', 'not_in_service', 'number_not_in_service',
        'failed') THEN 1 ELSE 0 END) AS INTEGER) AS unreached,
    MAX(on_day) AS last_contact_on,
    MAX(CASE WHEN result IN ('promise', 'promise_to_pay') THEN on_day END) AS last_promise_on,
    CAST(SUM(CASE WHEN result IN ('dispute', 'disputed', 'fraud', 'complaint', 'not_mine') THEN 1 ELSE 0 END) AS INTEGER)
        AS disputes,
    CAST(SUM(CASE WHEN result IN ('hardship', 'illness', 'job_loss', 'unemployed') THEN 1 ELSE 0 END) AS INTEGER)
        AS hardships
FROM seen_contacts
GROUP BY borrower_id, as_of
