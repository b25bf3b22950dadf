"""reindexing: vectors are brought elsewhere while questions are answered from where they are.

The index of another embedding model is built beside the one in force:

    build.py      every live chunk is embedded again, from its text in the catalogue, until nothing is missing
    switching.py  the story: build, keep publications out for a moment, compare, count, switch
    removing.py   the earlier index goes once no process answers from it

A tenant is moved to a collection of its own, or back among the others:

    moving.py     its points are copied, compared, and removed where they were

    keeping.py    what the leader does of it now and then

What is decided here and why: docs/adr/0016-another-model.md, docs/adr/0017-dedicated.md. This is server
mode's. An embedded index is made anew in place (`wiring.start_reindex`), because one process is all that
there is, and lies in a folder of its one tenant anyway.
"""

from service.reindexing.holding import held_up
from service.reindexing.keeping import keep_house
from service.reindexing.removing import index_checks
from service.reindexing.switching import Reindexed, reindex_to

__all__ = ["Reindexed", "held_up", "index_checks", "keep_house", "reindex_to"]
