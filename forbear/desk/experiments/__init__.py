"""Experiments on borrowers: champion, challengers and the slice of least contact, watched daily, stopped by guards.

What is fair and what may be said is the engine's business (`forbear.treatment.experiment`); who is in which arm, what
came of it by the desk's own record, and who said that it may begin is here. One runs at a time.
"""
