"""Langfuse's datasets and the runs over them: items by its REST API, runs by what spans say.

There is no route for a run. It is there once a span names it, by an id that Langfuse works out in the same
way (`Langfuse._create_experiment_id` of its SDK); what belongs to the whole run are scores of that id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langfuse.api import CreateScoreRequest, DatasetItem

from service.errors import Unavailable
from service.settings import TracingSettings
from service.tracing.langfuse import LangfuseSender
from service.tracing.spans import Trace
from service.tracing.tracer import SendFailed

ITEMS_A_PAGE = 100
TRACES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Item:
    """What is asked and expected; `name` is its own in its dataset."""

    name: str
    input: object
    expected: object
    metadata: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that is there; `items` are the ids of its items by their names."""

    id: str
    project: str
    items: Mapping[str, str]

    def run_id(self, run: str) -> str:
        """The id of a run over it: the first 16 digits of a hash, as Langfuse has it."""
        parts = ["langfuse-experiment-v1", self.project, self.id, run]
        told = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class Datasets:
    """The datasets of a Langfuse server; `close` it.

    Args:
        settings: its address and keys.
    """

    def __init__(self, settings: TracingSettings) -> None:
        self._sender = LangfuseSender(settings)
        self._api = self._sender.api
        self._where = settings.endpoint

    def keep(self, name: str, items: Sequence[Item], tell: Callable[[int, int], None]) -> Dataset:
        """Makes the dataset, or brings it up to date: what is there already and says the same is left alone.

        Raises:
            Unavailable: Langfuse does not take it.
        """
        with self._asking("the dataset"):
            project = self._api.projects.get().data[0].id
            dataset = self._api.datasets.create(name=name)
            known = {one.id: one for one in self._items(name)}
            ids = {item.name: _item_id(dataset.id, item.name) for item in items}
            for number, item in enumerate(items, start=1):
                if not _says_the_same(known.get(ids[item.name]), item):
                    self._api.dataset_items.create(
                        dataset_name=name,
                        id=ids[item.name],
                        input=item.input,
                        expected_output=item.expected,
                        metadata=item.metadata,
                    )
                tell(number, len(items))
        return Dataset(dataset.id, project, ids)

    def send(self, traces: Sequence[Trace], tell: Callable[[int, int], None]) -> None:
        """Sends spans and scores; raises `Unavailable`."""
        with self._asking("the run"):
            for start in range(0, len(traces), TRACES_AT_ONCE):
                self._sender.send(traces[start : start + TRACES_AT_ONCE])
                tell(min(start + TRACES_AT_ONCE, len(traces)), len(traces))

    def score(self, run_id: str, figures: Mapping[str, float]) -> None:
        """Scores of the whole run; raises `Unavailable`."""
        scores = [
            CreateScoreRequest(
                id=hashlib.sha256(f"{run_id}/{name}".encode()).hexdigest()[:16],
                dataset_run_id=run_id,
                name=name,
                value=value,
                data_type="NUMERIC",
            )
            for name, value in figures.items()
        ]
        with self._asking("the run's scores"):
            self._api.scores.create(request=scores)

    def close(self) -> None:
        """Closes the connections."""
        self._sender.close()

    def _items(self, dataset: str) -> Iterator[DatasetItem]:
        page, pages = 1, 1
        while page <= pages:
            found = self._api.dataset_items.list(dataset_name=dataset, page=page, limit=ITEMS_A_PAGE)
            yield from found.data
            page, pages = page + 1, found.meta.total_pages

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except SendFailed as error:
            raise Unavailable(str(error)) from error
        except Exception as error:  # of the client's many, all mean the same here
            told = getattr(error, "status_code", None) or type(error).__name__
            raise Unavailable(
                f"Langfuse at {self._where} has not taken {what} ({told})",
                hint="look at FOOTNOTE_TRACING__ENDPOINT, __PUBLIC_KEY and __SECRET_KEY",
            ) from error


def _item_id(dataset: str, name: str) -> str:
    """The same for the same item; of a whole project, so that datasets do not share one."""
    return hashlib.sha256(f"{dataset}/{name}".encode()).hexdigest()[:32]


def _says_the_same(there: DatasetItem | None, item: Item) -> bool:
    if there is None:
        return False
    told: tuple[Any, ...] = (item.input, item.expected, item.metadata)
    return (there.input, there.expected_output, there.metadata) == told
