"""The cases of the sweep: one recurrent layer of every size, H features and H units (but 64 features at most).

Named like gru_H64_B32. The number of steps shrinks as a step grows, so that every case takes about the same time.
"""

from __future__ import annotations

from bench.cases import BY_NAME, GATES, Case

KINDS = ("rnn", "gru", "lstm")
UNITS = (8, 16, 32, 64, 128, 256, 512, 1024)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


LONG = Case("long_gru64", 32, 16000, 16, (("gru", 64),), 25)
CHECKPOINTED = Case("long_gru64_checkpointed", 32, 16000, 16, (("gru", 64, {"checkpoint": True}),), 25)


def name_of(kind: str, units: int, batch: int) -> str:
    return f"{kind}_H{units}_B{batch}"


def case_of(kind: str, units: int, batch: int) -> Case:
    features = min(units, 64)
    step = 2.0 * batch * (features + units) * units * GATES[kind]
    time = int(min(50, max(10, 4e8 / step)))
    return Case(name_of(kind, units, batch), batch, time, features, ((kind, units),), 1)


def register() -> None:
    """Makes the cases known to sides/timing.py."""
    BY_NAME.update({case.name: case for case in (LONG, CHECKPOINTED)})
    for kind in KINDS:
        for units in UNITS:
            for batch in BATCHES:
                BY_NAME[name_of(kind, units, batch)] = case_of(kind, units, batch)
