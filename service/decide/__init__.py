"""Decide: is there an answer in what was found? If not, abstain, with the reason.

    features.py     what speaks for an answer, in numbers: from the texts and the token vectors
    named.py        what the question names, and where that is held
    calibrator.py   numbers to a probability, as learned; the threshold
    asking.py       whether anything is asked at all
    parts.py        a question of several parts, decided part by part

The calibrator was made with one embedder, reranker and chunker. With others it still decides, but the number
is not called calibrated, and every response says why.

Of the reasons, `conflict` is not given yet: documents that disagree are answered from both.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from math import exp, log
from pathlib import Path

from service.decide.asking import nothing_asked
from service.decide.calibrator import Calibrator, LogisticModel, shipped
from service.decide.features import decision_features
from service.decide.parts import PartDecision, do_not_say, message_of, parts_to_decide, together
from service.settings import ChunkSettings, DecideSettings
from service.types import Decision, Found, Reason, Warning

__all__ = [
    "Calibrator",
    "Decider",
    "PartDecision",
    "after",
    "do_not_say",
    "fingerprints",
    "message_of",
    "open_decider",
    "parts_to_decide",
    "together",
]

_NONE = "none"
"""Stands for the fingerprint of token vectors where there are none."""

TUNED = Path("tuned") / "calibrator.json"
"""Where `footnote tune calibrator` puts its result, below the data folder."""

_LITTLE_COVERAGE, _LITTLE_SIMILARITY = 0.35, 0.35
"""Below both an abstention says that the question is about something else. Stated, not learned: they choose
its words, never whether there is one."""

_DECLINED = -3.0
_UNSUPPORTED = -4.0
_SUPPORTED = 2.0
_EXPECTED_SUPPORT = 0.7
"""What a generator's words do to the log odds. Stated, not learned: no language model was at hand, so a
decision that they moved is not called calibrated."""


class Decider:
    """Decides with one calibrator; `running` are the fingerprints of what the features come from."""

    def __init__(self, settings: DecideSettings, calibrator: Calibrator, running: Mapping[str, str]) -> None:
        self._threshold = settings.threshold
        self._floor = settings.floor
        self._calibrator = calibrator
        self._differences = calibrator.differences(running)

    @property
    def fingerprint(self) -> str:
        """Identifies what it decides by, its threshold aside."""
        return self._calibrator.fingerprint

    @property
    def threshold(self) -> float:
        """The least probability to answer, for hits with token vectors."""
        return self._calibrator.tokens.threshold if self._threshold is None else self._threshold

    @property
    def floor(self) -> float:
        """The least probability at which a language model is asked, for hits with token vectors."""
        least = self._calibrator.tokens.floor if self._floor is None else self._floor
        return min(least, self.threshold)

    @property
    def warning(self) -> Warning | None:
        """What a reader of the answer must know when the number is not a probability."""
        if not self._differences:
            return None
        return Warning("decide", "uncalibrated", self.detail)

    @property
    def detail(self) -> str:
        """Whether the number is a probability, and if not, why."""
        if not self._differences:
            return "calibrated"
        *before, last = self._differences
        named = f"{', '.join(before)} and {last}" if before else last
        return f"uncalibrated: the calibrator was made with another {named}"

    def decide(self, found: Found) -> Decision:
        """Answer or abstain, for the hits found; `features` are what the decision rests on."""
        says = nothing_asked(found.question.text)
        if says or not found.hits:
            nothing = self._decision(self._calibrator.tokens, 0.0, "no_evidence", {})
            return dataclasses.replace(nothing, says=says)
        features = decision_features(found, self._calibrator.rarity)
        model = self._calibrator.model(features)
        p = model.probability(features)
        threshold = model.threshold if self._threshold is None else self._threshold
        decision = self._decision(model, p, None if p >= threshold else _reason(features), features)
        return dataclasses.replace(decision, contributions=_rounded(model.contributions(features)))

    def _decision(
        self, model: LogisticModel, p: float, reason: Reason | None, named: Mapping[str, float]
    ) -> Decision:
        threshold = model.threshold if self._threshold is None else self._threshold
        floor = model.floor if self._floor is None else self._floor
        return Decision(
            answer=reason is None,
            p_answerable=round(p, 4),
            threshold=round(threshold, 4),
            calibrated=not self._differences,
            reason=reason,
            features=_rounded(named),
            floor=round(min(floor, threshold), 4),
        )


def after(decision: Decision, *, declined: bool, supports: Sequence[float], dropped: int) -> Decision:
    """The decision once a language model has written.

    `declined`: it said that it does not know. `supports`: those of its sentences that passed the check;
    `dropped`: how many did not, which count as support 0. Both move the log odds. It wrote because the
    evidence was above the floor: below that the answer becomes an abstention, and always where it declined.
    """
    shift = _DECLINED if declined else 0.0
    written = [*supports, *[0.0] * dropped]
    if written:
        beyond = sum(written) / len(written) - _EXPECTED_SUPPORT
        shift += (
            _SUPPORTED * beyond / (1 - _EXPECTED_SUPPORT)
            if beyond > 0
            else -_UNSUPPORTED * beyond / _EXPECTED_SUPPORT
        )
    p = _shifted(decision.p_answerable, shift)
    answer = bool(supports) and not declined and p >= decision.floor
    moved = {"retrieval": decision.p_answerable, "declined": float(declined), "shift": round(shift, 4)}
    return dataclasses.replace(
        decision,
        answer=answer,
        p_answerable=round(p, 4),
        calibrated=decision.calibrated and not shift,
        reason=None if answer else decision.reason or "low_confidence",
        features={**decision.features, **moved},
        contributions={**decision.contributions, "written": round(shift, 4)},
    )


def fingerprints(embedder: str, tokens: str, reranker: str, chunk: ChunkSettings) -> dict[str, str]:
    """The parts that the features depend on, by name: what a calibrator is compared with."""
    chunker = hashlib.sha256(json.dumps(chunk.model_dump(), sort_keys=True).encode()).hexdigest()[:16]
    return {"embedder": f"{embedder}-{tokens or _NONE}", "reranker": reranker, "chunker": chunker}


def open_decider(settings: DecideSettings, data_dir: Path, running: Mapping[str, str]) -> Decider:
    """The decider for the settings: with the calibrator that they name, else the tuned, else the shipped one.

    Raises:
        Misconfigured: the calibrator cannot be read.
    """
    tuned = data_dir / TUNED
    named = settings.calibrator or (tuned if tuned.is_file() else None)
    tokens = running.get("embedder", "").rpartition("-")[2].removesuffix(_NONE)
    return Decider(settings, Calibrator.read(named) if named else shipped(tokens), running)


def _reason(named: Mapping[str, float]) -> Reason:
    little = named["coverage"] < _LITTLE_COVERAGE and named["dense"] < _LITTLE_SIMILARITY
    return "off_topic" if little else "low_confidence"


def _rounded(named: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in named.items()}


def _shifted(p: float, shift: float) -> float:
    """The probability after its log odds moved by `shift`; what is certain stays so."""
    if not 0 < p < 1 or not shift:
        return p
    return 1 / (1 + exp(-(log(p / (1 - p)) + shift)))
