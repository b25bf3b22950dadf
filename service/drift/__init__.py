"""drift: whether answers have become other than they were; pure.

    measures.py   what is counted of each answer, in few bins
    shift.py      two sets of such counts compared: population stability index, mean shift, alarm

The counts are kept by `catalogue/tallies.py`, hour by hour and tenant by tenant.
"""

from service.drift.measures import Measure, measures_of
from service.drift.shift import Drift, Overall, Shift, Tally, compared

__all__ = ["Drift", "Measure", "Overall", "Shift", "Tally", "compared", "measures_of"]
