"""Another pipeline beside the one in force, over the same index: tried without harm, then on a few.

settings: `variants.NAME` has sections of a query's stages, laid over those in force, and its two shares.

    sequential.py  is it worse? a test that may be looked at after every question
    measures.py    what of an answer is compared, and how much worse it may be
    shadow.py      it answers some questions again, behind the reader's back: recorded, never shown
    canary.py      it answers some users, always the same; taken back by itself where it is worse
    trial.py       what was decided of one, known to every process within seconds, and what it has shown
    opening.py     both, from the settings; `stages.pipeline_beside` makes the candidate's pipeline
"""
