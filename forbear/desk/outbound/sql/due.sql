-- A row is a subscription that has something to be sent now. Reads: webhooks, webhook_deliveries.
SELECT w.webhook_id
FROM webhooks AS w
WHERE w.state = 'active' AND w.secret IS NOT NULL AND (w.quiet_until IS NULL OR w.quiet_until <= %(at)s)
    AND EXISTS (
        SELECT FROM webhook_deliveries AS d
        WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting' AND d.due_at <= %(at)s
            AND (d.leased_until IS NULL OR d.leased_until <= %(at)s)
    )
