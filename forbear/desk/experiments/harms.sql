-- One row a member whose guard days are over: arm, complaints she made and contacts she had within them.
-- Reads: experiment_members, complaints, contacts.
SELECT m.arm,
    (SELECT COUNT(*) FROM complaints AS c WHERE c.borrower_id = m.borrower_id
        AND c.received_at >= m.joined_on + 1 AND c.received_at < m.joined_on + %(days)s + 1)::float AS complaints,
    (SELECT COUNT(*) FROM contacts AS c WHERE c.borrower_id = m.borrower_id AND c.direction = 'out'
        AND c.at >= m.joined_on + 1 AND c.at < m.joined_on + %(days)s + 1)::float AS contacts
FROM experiment_members AS m
WHERE m.experiment_id = %(experiment)s AND m.joined_on + %(days)s < %(today)s
ORDER BY m.joined_on, m.member_id
