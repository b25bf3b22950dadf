"""reindexing: the index of another embedding model, built beside the one in force while that one answers.

    build.py      every live chunk is embedded again, from its text in the catalogue, until nothing is missing
    switching.py  the story: build, keep publications out for a moment, compare, count, switch
    removing.py   the earlier index goes once no process answers from it

What is decided here and why: docs/adr/0016-another-model.md. This is server mode's; an embedded index is made
anew in place (`wiring.start_reindex`), because one process is all that there is.
"""

from service.reindexing.removing import index_checks, keep_house
from service.reindexing.switching import Reindexed, reindex_to

__all__ = ["Reindexed", "index_checks", "keep_house", "reindex_to"]
