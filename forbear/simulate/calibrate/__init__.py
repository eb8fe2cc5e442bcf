"""Fitting the structural world to the habits of real books, and saying how well it fits.

`moments` measures a book and a simulated one alike, `fit` moves parameters until they agree, `telling_apart` lets a
classifier try to tell real from simulated. What none of these can identify is in docs/simulate.md.
"""
