"""A desk killed again and again under load, and an auditor who keeps a record of her own.

    figures = run(seed=7, kills=12, folder=tmp_path, say=print)
    assert not figures.faults

Clients book payments by API, each under an idempotency key and again until it is answered; two managers reverse some;
books are imported meanwhile. At moments drawn from the seed something is killed by SIGKILL: a process that serves,
the database, a backend, an import, or everything at once. What starts the desk again stands for systemd. What was
answered is written down here, outside of the desk, and held against the desk's tables afterwards (`auditing`). The
seed fixes what is sent and what is killed; the machine's own timing is not fixed. Linux alone: it reads /proc.
"""

from forbear.testing.kills.campaign import Figures, run

__all__ = ["Figures", "run"]
