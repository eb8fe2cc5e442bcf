-- A row is a channel, a template, an agent or an agency (kind, name): outward contacts of a period, complaints about such
-- contacts received in it. A contact that nobody sent by hand has no agent; one of the lender's own has no agency.
-- Reads: contacts, by its index on (at, by) of outward ones; contact_attempts, planned_contacts, template_versions, by key; complaints, by
-- its index on received_at.
WITH made AS (
    SELECT c.channel, coalesce(v.template_id, '') AS template, c.by_id::text AS agent,
        CASE WHEN coalesce(c.sender, 'lender') <> 'lender' THEN c.sender END AS agency, count(*) AS contacts
    FROM contacts c
    LEFT JOIN contact_attempts a ON a.attempt_id = c.contact_id
    LEFT JOIN planned_contacts p ON p.planned_id = a.planned_id
    LEFT JOIN template_versions v ON v.version_id = p.template_version
    WHERE c.at >= %(since)s AND c.at < %(until)s AND c.direction = 'out'
    GROUP BY c.channel, v.template_id, c.by_id, c.sender
), told AS (
    SELECT about_channel AS channel, about_template AS template, about_id::text AS agent,
        CASE WHEN about_sender NOT IN ('', 'lender') THEN about_sender END AS agency
    FROM complaints WHERE received_at >= %(since)s AND received_at < %(until)s
), lines AS (
    SELECT 'channel' AS kind, channel AS name, contacts AS contact, 0 AS complaint FROM made
    UNION ALL SELECT 'template', template, contacts, 0 FROM made
    UNION ALL SELECT 'agent', agent, contacts, 0 FROM made
    UNION ALL SELECT 'agency', agency, contacts, 0 FROM made
    UNION ALL SELECT 'channel', channel, 0, 1 FROM told
    UNION ALL SELECT 'template', template, 0, 1 FROM told
    UNION ALL SELECT 'agent', agent, 0, 1 FROM told
    UNION ALL SELECT 'agency', agency, 0, 1 FROM told
)
SELECT kind, name, sum(contact) AS contacts, sum(complaint) AS complaints
FROM lines WHERE coalesce(name, '') <> '' GROUP BY kind, name ORDER BY kind, sum(complaint) DESC, sum(contact) DESC, name
