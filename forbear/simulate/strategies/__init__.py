"""Strategies: from what is seen on a day to what is done that day. They know nothing of the worlds.

A strategy is anything with a `name` and a `choose(seen, today)`; `interface.py` says what these are. The ones here are
the rules that lenders use and that a better one has to beat. import-linter proves that none of them reaches a world.
"""
