-- One row a moment: every feature that a model may see, by the names of features.toml, and where the loan stands.
-- Reads: seen_traits, standing, habits, money, family, touches, kept_promises, spell, marks, subjects, near_product,
-- near_region, near_vintage, near_book, festivals.
-- Kept as: view
SELECT
    t.moment,
    t.loan_id,
    t.borrower_id,
    t.as_of,
    s.dues_past,
    s.next_place,
    s.next_due_on,
    s.overdue,
    s.arrears,
    s.due_30d,
    s.outstanding,
    s.is_closed,
    COALESCE(s.dues_past, 0) = 0 AND COALESCE(f.others_dues, 0) = 0
        AND COALESCE(LOWER(t.first_loan), '') NOT IN ('false', 'no', 'n', '0') AS first_time,
    COALESCE(s.dues_past, 0) + COALESCE(f.others_dues, 0) AS history,
    t.product,
    t.region,
    t.repayment_method,
    -- the contract
    LN(1 + CAST(t.principal AS DOUBLE)) AS principal_log,
    CAST(t.annual_rate AS DOUBLE) AS annual_rate,
    CAST(s.installments AS DOUBLE) AS installments,
    CAST(s.total_due AS DOUBLE) / CAST(t.principal AS DOUBLE) AS cost_ratio,
    CAST(s.next_due AS DOUBLE) / CAST(t.principal AS DOUBLE) AS next_burden,
    CAST(DATE_DIFF('day', t.disbursed_on, s.first_due_on) AS DOUBLE) AS first_gap,
    -- seasoning and place in the schedule
    CAST(DATE_DIFF('day', t.disbursed_on, t.as_of) AS DOUBLE) AS age_days,
    CAST(s.dues_past AS DOUBLE) / CAST(s.installments AS DOUBLE) AS progress,
    CAST(s.dues_past AS DOUBLE) AS dues_past_count,
    CAST(DATE_DIFF('day', t.as_of, s.next_due_on) AS DOUBLE) AS days_to_due,
    CAST(DATE_DIFF('day', s.past_due_on, t.as_of) AS DOUBLE) AS days_since_due,
    CAST(DATE_DIFF('day', t.as_of, s.last_due_on) AS DOUBLE) AS days_to_end,
    -- standing
    CAST(COALESCE(DATE_DIFF('day', s.oldest_unpaid_on, t.as_of), 0) AS DOUBLE) AS dpd,
    CAST(s.overdue AS DOUBLE) AS overdue_count,
    CAST(s.arrears AS DOUBLE) / CAST(NULLIF(s.due_past, 0) AS DOUBLE) AS arrears_share,
    CAST(s.arrears AS DOUBLE) / CAST(t.principal AS DOUBLE) AS arrears_ratio,
    LN(1 + CAST(s.arrears AS DOUBLE)) AS arrears_log,
    CAST(s.paid_total AS DOUBLE) / CAST(s.total_due AS DOUBLE) AS paid_share,
    CAST(GREATEST(s.paid_total - s.due_past, 0) AS DOUBLE) / CAST(s.total_due AS DOUBLE) AS paid_ahead,
    CAST(s.outstanding AS DOUBLE) / CAST(t.principal AS DOUBLE) AS outstanding_share,
    -- payment habits
    CAST(h.lates AS DOUBLE) / CAST(NULLIF(s.dues_past, 0) AS DOUBLE) AS late_share,
    CAST(h.lates AS DOUBLE) AS lates,
    CAST(h.lates_7 AS DOUBLE) AS lates_7,
    CAST(h.lates_30 AS DOUBLE) AS lates_30,
    CAST(h.last_minutes AS DOUBLE) / CAST(NULLIF(s.dues_past, 0) AS DOUBLE) AS last_minute_share,
    CAST(h.earlies AS DOUBLE) / CAST(NULLIF(s.dues_past, 0) AS DOUBLE) AS early_share,
    h.mean_days,
    h.mean_days_late,
    CAST(h.worst_days AS DOUBLE) AS worst_days,
    CAST(h.first_days AS DOUBLE) AS first_days,
    CAST(h.last_days AS DOUBLE) AS last_days,
    CAST(h.last2_days AS DOUBLE) AS last2_days,
    CAST(h.last3_days AS DOUBLE) AS last3_days,
    h.recent_days,
    h.recent_days - h.mean_days AS days_trend,
    CAST(h.kept_streak AS DOUBLE) AS kept_streak,
    CAST(h.broken_streak AS DOUBLE) AS broken_streak,
    h.unsteady_days,
    CAST(m.receipts AS DOUBLE) / CAST(NULLIF(s.dues_past, 0) AS DOUBLE) AS receipts_per_due,
    CAST(m.receipts_60d AS DOUBLE) AS receipts_60d,
    CAST(m.paid_30d AS DOUBLE) / CAST(NULLIF(s.next_due, 0) AS DOUBLE) AS paid_30d_ratio,
    CAST(m.reversals AS DOUBLE) AS reversals,
    CAST(DATE_DIFF('day', m.last_received_on, t.as_of) AS DOUBLE) AS days_since_paid,
    CAST(m.unnumbered AS DOUBLE) / CAST(NULLIF(m.receipts, 0) AS DOUBLE) AS unnumbered_share,
    CAST(m.sources AS DOUBLE) AS sources,
    -- the borrower's other loans
    CAST(u.turn AS DOUBLE) AS turn,
    CAST(COALESCE(f.others, 0) AS DOUBLE) AS others,
    CAST(COALESCE(f.others_open, 0) AS DOUBLE) AS others_open,
    CAST(COALESCE(f.others_overdue, 0) AS DOUBLE) AS others_overdue,
    LN(1 + CAST(COALESCE(f.others_outstanding, 0) AS DOUBLE)) AS others_outstanding_log,
    CAST(COALESCE(f.others_due_30d, 0) + s.due_30d AS DOUBLE) / CAST(t.principal AS DOUBLE) AS burden_30d,
    f.others_late_share,
    CAST(f.others_lates_7 AS DOUBLE) AS others_lates_7,
    CAST(f.others_dues AS DOUBLE) AS others_dues,
    f.others_mean_days,
    CAST(f.others_worst_days AS DOUBLE) AS others_worst_days,
    f.others_first_late,
    f.previous_days,
    f.previous2_days,
    f.previous3_mean_days,
    CAST(t.principal AS DOUBLE) / CAST(f.greatest_before AS DOUBLE) AS limit_used,
    CAST(t.principal AS DOUBLE) / CAST(f.previous_principal AS DOUBLE) AS principal_growth,
    CAST(f.since_previous AS DOUBLE) AS since_previous,
    CAST(f.since_previous_closed AS DOUBLE) AS since_previous_closed,
    CAST(DATE_DIFF('day', f.first_disbursed_on, t.as_of) AS DOUBLE) AS borrower_age_days,
    CAST(COALESCE(f.others_90d, 0) AS DOUBLE) AS others_90d,
    -- contacts and promises
    CAST(c.asked_30d AS DOUBLE) AS asked_30d,
    CAST(c.asked AS DOUBLE) AS asked,
    CAST(c.came_by_themselves AS DOUBLE) AS came_by_themselves,
    CAST(c.calls_answered AS DOUBLE) / CAST(NULLIF(c.calls, 0) AS DOUBLE) AS answered_share,
    CAST(c.promises AS DOUBLE) AS promises,
    CAST(k.kept AS DOUBLE) / CAST(NULLIF(k.ripe, 0) AS DOUBLE) AS promises_kept_share,
    CAST(c.refusals AS DOUBLE) AS refusals,
    CAST(c.unreached AS DOUBLE) AS unreached,
    CAST(DATE_DIFF('day', c.last_contact_on, t.as_of) AS DOUBLE) AS days_since_contact,
    CAST(DATE_DIFF('day', c.last_promise_on, t.as_of) AS DOUBLE) AS days_since_promise,
    CAST(c.disputes AS DOUBLE) AS disputes,
    CAST(c.hardships AS DOUBLE) AS hardships,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.reached, 0) AS DOUBLE) END AS spell_reached,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.talks, 0) AS DOUBLE) END AS spell_talks,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.forgots, 0) AS DOUBLE) END AS spell_forgot,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.failed, 0) AS DOUBLE) END AS spell_failed,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.shorts, 0) AS DOUBLE) END AS spell_short,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.hardships, 0) AS DOUBLE) END AS spell_hardship,
    CASE WHEN s.overdue > 0 THEN CAST(COALESCE(w.refusals, 0) AS DOUBLE) END AS spell_refused,
    CAST(COALESCE(e.paused_now, 0) AS DOUBLE) AS paused_now,
    CAST(COALESCE(e.pauses, 0) AS DOUBLE) AS pauses,
    -- the calendar of the next due date
    CAST(MOD(DATE_DIFF('day', DATE '2000-01-03', COALESCE(s.next_due_on, t.as_of)), 7) AS DOUBLE) AS due_weekday,
    CAST(DAY(COALESCE(s.next_due_on, t.as_of)) AS DOUBLE) AS due_day,
    CAST(DATE_DIFF('day', n.festival_on, COALESCE(s.next_due_on, t.as_of)) AS DOUBLE) AS since_festival,
    CAST(MOD(DATE_DIFF('day', DATE '2000-01-03', t.as_of), 7) AS DOUBLE) AS weekday,
    -- neighbours
    np.late_share AS product_late_share,
    nr.late_share AS region_late_share,
    nv.late_share AS vintage_late_share,
    nb.late_share AS book_late_share
FROM seen_traits AS t
JOIN subjects AS u ON u.loan_id = t.loan_id AND u.as_of = t.as_of
JOIN standing AS s ON s.loan_id = t.loan_id AND s.as_of = t.as_of
LEFT JOIN habits AS h ON h.loan_id = t.loan_id AND h.as_of = t.as_of
LEFT JOIN money AS m ON m.loan_id = t.loan_id AND m.as_of = t.as_of
LEFT JOIN family AS f ON f.loan_id = t.loan_id AND f.as_of = t.as_of
LEFT JOIN touches AS c ON c.borrower_id = t.borrower_id AND c.as_of = t.as_of
LEFT JOIN kept_promises AS k ON k.loan_id = t.loan_id AND k.as_of = t.as_of
LEFT JOIN spell AS w ON w.loan_id = t.loan_id AND w.as_of = t.as_of
LEFT JOIN marks AS e ON e.loan_id = t.loan_id AND e.as_of = t.as_of
LEFT JOIN near_product AS np ON np.as_of = t.as_of AND np.product = t.product
LEFT JOIN near_region AS nr ON nr.as_of = t.as_of AND nr.region = t.region
LEFT JOIN near_vintage AS nv ON nv.as_of = t.as_of AND nv.vintage = t.vintage
LEFT JOIN near_book AS nb ON nb.as_of = t.as_of
LEFT JOIN festivals AS n ON n.from_on <= COALESCE(s.next_due_on, t.as_of) AND n.to_on > COALESCE(s.next_due_on, t.as_of)
