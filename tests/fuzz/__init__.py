"""Random inputs against everything that reads what others have written, and against the arguments of every op.

`python -m tests.fuzz --seconds 60 --seed 1` tries new inputs and reports by kind what went wrong; test_fuzz.py replays
those that once did.
"""
