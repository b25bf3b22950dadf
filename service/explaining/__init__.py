"""explaining: why an answer does, or does not, say what somebody expected.

The question goes through the pipeline's own steps once more, and what was expected is looked for after each:

    explanation.py   what is told of each stage, and the verdict: the stage that lost it
    corpus.py        the document, its upload, and the chunks in which the expected text stands
    explainer.py     the steps, one by one
    verdict.py       pure: from what was seen to the stage
    mending.py       what is said of each, and what would likely mend it
"""

from service.explaining.corpus import pattern_of
from service.explaining.explainer import Explainer
from service.explaining.explanation import Expected, Explanation

__all__ = ["Expected", "Explainer", "Explanation", "pattern_of"]
