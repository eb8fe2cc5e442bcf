"""What borrowers write back: the intents in a free text, Chinese or English, with a promise's day and sum.

    from forbear.conduct.replies import read_reply

    read_reply("下周五还五百，别再打电话了", on=date(2026, 11, 27)).intents    # ('stop', 'promise')

Rules (`data/rules.*.yaml`) find what is said in so many words; a small linear model trained offline over letters, words
and groups of words of like meaning (`data/weights.*.json`) says what the whole leans to. Both are weighed together
(`model.py`); where the whole speaks against a rule that protects, a person looks. Several intents may hold at once.
Whoever acts on a reading looks at `protecting` and at `certain`.
"""

from forbear.conduct.replies.intents import INTENTS, PROTECTING
from forbear.conduct.replies.reading import Promised, Reply, read_reply

__all__ = ["INTENTS", "PROTECTING", "Promised", "Reply", "read_reply"]
