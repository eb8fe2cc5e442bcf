"""Loans: terms, schedules, what they cost a year, what payments pay, penalty interest and its cap, prepayment.

    from datetime import date
    from forbear.loans import Method, Terms, annual_cost, make_schedule

    terms = Terms(1_200_000, "0.18", 12, Method.equal_installment, date(2026, 1, 15))
    schedule = make_schedule(terms)
    annual_cost(schedule).irr_annual

Money is integers of the minor unit, rates exact fractions of a year. Knows nothing of delinquency.
"""

from forbear.loans.allocation import Part, Rule, Timing, allocate, rule_from, rule_named, rules
from forbear.loans.cost import AnnualCost, annual_cost, cash_flows, xirr_of
from forbear.loans.day_counts import year_fraction
from forbear.loans.due_dates import Calendar, contract_dates
from forbear.loans.dues import Component, Due, dues_of, with_charge
from forbear.loans.every import Every, parse_every
from forbear.loans.penalty import CapPolicy, Penalty, cap_policy, penalty_on, room_under_cap
from forbear.loans.prepayment import Payoff, payoff, prepay
from forbear.loans.recalculation import recalculated
from forbear.loans.replay import InstallmentState, Payment, Posting, Replay, replay
from forbear.loans.schedule import Installment, Schedule, make_schedule
from forbear.loans.several_debts import Debt, share_among
from forbear.loans.terms import Method, Terms, as_rate

__all__ = [
    "AnnualCost",
    "Calendar",
    "CapPolicy",
    "Component",
    "Debt",
    "Due",
    "Every",
    "Installment",
    "InstallmentState",
    "Method",
    "Part",
    "Payment",
    "Payoff",
    "Penalty",
    "Posting",
    "Replay",
    "Rule",
    "Schedule",
    "Terms",
    "Timing",
    "allocate",
    "annual_cost",
    "as_rate",
    "cap_policy",
    "cash_flows",
    "contract_dates",
    "dues_of",
    "make_schedule",
    "parse_every",
    "payoff",
    "penalty_on",
    "prepay",
    "recalculated",
    "replay",
    "room_under_cap",
    "rule_from",
    "rule_named",
    "rules",
    "share_among",
    "with_charge",
    "xirr_of",
    "year_fraction",
]
