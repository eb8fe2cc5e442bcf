"""Simulated borrowers, on whom a strategy is tried before people meet it.

`worlds` holds how people behave (hidden), `strategies` the rules that choose (which see only `seen`), `run` brings them
together, `league` compares. Effects rest on studies or on assumptions that say so (`evidence`). No claim about real
borrowers is made from a simulation; docs/simulate.md says what it is good for.
"""
