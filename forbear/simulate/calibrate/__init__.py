"""Fitting the structural world to the habits of real books.

`moments` measures a book and a simulated one alike, `fit` moves parameters until they agree. How well it fits, on books
it was not fitted to and before a classifier, is benchmarks/simulate.md; what no book can identify, docs/simulate.md.
"""
