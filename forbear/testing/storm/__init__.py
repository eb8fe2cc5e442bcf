"""The storm: the dispatcher under everything that goes wrong, in compressed time; and an auditor who believes nobody.

    python -m forbear.testing.storm --borrowers 1000 --planned 10000 --seed 7 --out storm

| file | what |
| --- | --- |
| `clock` | the compressed clock: one file that workers, providers and driver read |
| `world` | borrowers, loans, facts, planned contacts; a plain file of what is true of each borrower |
| `far` | the providers, in a process of their own, with their logs |
| `run` | workers, kills, payments, stops, the clock's steps and jumps |
| `audit` | counts what must not be, from the providers' logs and the borrowers' facts alone |
"""
