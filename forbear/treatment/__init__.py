"""What to do for whom: actions as data, and their allocation under shared capacity with a certificate.

Knows nothing of channels' workings, nor of why an act is lawful: what the gate refuses never comes in here.
"""
