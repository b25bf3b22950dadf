"""What watches Footnote: the rules, tried over recorded series, and the dashboard's queries."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.metrics import Metrics
from service.records import State
from tests.deploy.checking import DEPLOY, ROOT, is_missing

MONITORING = DEPLOY / "monitoring"
RULES = MONITORING / "rules.yml"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "footnote.json"
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
ALERTS: Mapping[str, Any] = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
RECORDED = {
    rule["record"]
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if "record" in rule
}
HELP = Metrics().render(State()).decode()


def promtool(*arguments: str | Path) -> None:
    if shutil.which("promtool") is None:
        is_missing("promtool", "`sh deploy/install-system.sh` does it")
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, timeout=120, check=False, cwd=MONITORING
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- what Prometheus makes of it -------------------------------------------------------------


def test_prometheus_reads_the_rules_and_its_settings(tmp_path: Path) -> None:
    promtool("check", "rules", RULES)
    # Its rules lie elsewhere in the container.
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
    assert "/etc/prometheus/rules.yml" in text
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/rules.yml", str(RULES)))
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_every_alert_has_a_line_in_the_runbooks() -> None:
    headings = set(re.findall(r"^## (\w+)$", RUNBOOKS, re.MULTILINE))
    assert headings == set(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{name.lower()}"


def measured(queries: str) -> list[str]:
    """The names in queries that nothing measures or records."""
    names = set(re.findall(r"\bfootnote[:_][\w:]+", queries))
    known = set(re.findall(r"^# TYPE (\w+)", HELP, re.MULTILINE)) | RECORDED
    return sorted(
        name for name in names if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known
    )


def test_the_rules_ask_for_what_is_measured() -> None:
    assert measured(RULES.read_text(encoding="utf-8")) == []


def test_the_dashboard_asks_for_what_is_measured() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(queries) > 15
    assert measured("\n".join(queries)) == []
    assert {panel["datasource"]["uid"] for panel in panels if "datasource" in panel} == {"prometheus"}


# --- a day, and what may go wrong in it ------------------------------------------------------

DAY = 24 * 60
CALM, FAULT = 4 * 60, 60
"""Minutes before something goes wrong, and those in which it does; promtool takes long over longer ones."""
HIT = 'job="footnote",instance="api:8080"'
AT_MOST = ',le="%s"'
QUERY = f'{{{HIT},route="/query",method="POST",status="%s"%s}}'

Rates = dict[str, list[float]]


def ordinary(seed: int, length: int) -> tuple[Rates, Rates]:
    """What counters gain and gauges show in so many ordinary minutes: more at noon, and uneven."""
    dice = random.Random(seed)
    minutes = range(length)
    asked = [
        round((60 + 40 * math.sin(minute / DAY * 2 * math.pi)) * dice.uniform(0.7, 1.3)) for minute in minutes
    ]
    abstained = [round(one * dice.uniform(0.15, 0.25)) for one in asked]
    failed = [float(dice.random() < 0.05) for _ in minutes]
    answered = [one - two for one, two in zip(asked, abstained, strict=True)]
    counters: Rates = {
        f"footnote_request_seconds_count{QUERY % ('200', '')}": [float(one) for one in asked],
        f"footnote_request_seconds_count{QUERY % ('503', '')}": failed,
        **{
            f"footnote_request_seconds_bucket{QUERY % ('200', AT_MOST % le)}": [one * share for one in asked]
            for le, share in (("0.5", 0.9), ("5", 0.99), ("10", 1.0), ("+Inf", 1.0))
        },
        f'footnote_answers_total{{{HIT},status="answered",reason=""}}': [float(one) for one in answered],
        f'footnote_answers_total{{{HIT},status="abstained",reason="no_evidence"}}': [
            float(one) for one in abstained
        ],
        f"footnote_support_count{{{HIT}}}": [float(one) for one in answered],
        f"footnote_support_sum{{{HIT}}}": [one * dice.uniform(0.86, 0.94) for one in answered],
        f"footnote_p_answerable_count{{{HIT}}}": [float(one) for one in asked],
        f"footnote_p_answerable_sum{{{HIT}}}": [one * dice.uniform(0.65, 0.75) for one in asked],
        f'footnote_tokens_total{{{HIT},kind="prompt"}}': [one * dice.uniform(1500, 2500) for one in answered],
        f'footnote_errors_total{{{HIT},stage="store",code="store_unreachable"}}': failed,
        f"footnote_trace_spans_dropped_total{{{HIT}}}": [0.0 for _ in minutes],
        f'footnote_warnings_total{{{HIT},stage="generate",code="model_late"}}': list(failed),
    }
    gauges: Rates = {
        f"up{{{HIT}}}": [1.0 for _ in minutes],
        f"footnote_queue_oldest_seconds{{{HIT}}}": [dice.uniform(0, 600) for _ in minutes],
        f"footnote_queue_stalled{{{HIT}}}": [0.0 for _ in minutes],
        f"footnote_failed_jobs{{{HIT}}}": [float(minute // 300) for minute in minutes],
        f"footnote_disk_free_bytes{{{HIT}}}": [9e10 - minute * 1e5 for minute in minutes],
        f"footnote_redis_up{{{HIT}}}": [1.0 for _ in minutes],
        f'footnote_variant_rolled_back{{{HIT},variant="bold"}}': [0.0 for _ in minutes],
        f'footnote_drift_alarms{{{HIT},quantity="support"}}': [0.0 for _ in minutes],
    }
    return counters, gauges


def series(counters: Rates, gauges: Rates) -> list[dict[str, str]]:
    """In the form of promtool's tests."""
    found = []
    for name, gains in counters.items():
        total, values = 0.0, []
        for gain in gains:
            total += gain
            values.append(f"{total:g}" if total < 1e6 else f"{total:.0f}")
        found.append({"series": name, "values": " ".join(values)})
    found += [
        {"series": name, "values": " ".join(f"{value:.6g}" for value in values)}
        for name, values in gauges.items()
    ]
    return found


def tried(
    folder: Path,
    measurements: Sequence[Mapping[str, str]],
    when: Mapping[int, Mapping[str, Mapping[str, str]]],
) -> None:
    """Runs the rules over series; `when`: at which minute which alerts are raised, with which labels."""
    asked = [
        {
            "eval_time": f"{minute}m",
            "alertname": name,
            "exp_alerts": [
                {
                    "exp_labels": {**rule["labels"], **raised[name]},
                    "exp_annotations": rule["annotations"],
                }
            ]
            if name in raised
            else [],
        }
        for minute, raised in when.items()
        for name, rule in ALERTS.items()
    ]
    test = {"interval": "1m", "input_series": list(measurements), "alert_rule_test": asked}
    file = folder / "rules_test.yml"
    whole = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(json.dumps(whole))
    promtool("test", "rules", file)


def test_an_ordinary_day_raises_no_alert(tmp_path: Path) -> None:
    quiet: dict[int, dict[str, dict[str, str]]] = {minute: {} for minute in range(60, DAY, 60)}
    tried(tmp_path, series(*ordinary(1, DAY)), quiet)


def lasting(values: list[float], change: float, *, times: bool = False) -> None:
    """The last hour is another one."""
    for minute in range(CALM, CALM + FAULT):
        values[minute] = values[minute] * change if times else change


AT_API = {"instance": "api:8080"}
JOB = {"job": "footnote"}
# What goes wrong: the measurements that it changes, and the alerts that it raises with their labels.
FAULTS: list[tuple[dict[str, tuple[str, float]], dict[str, dict[str, str]]]] = [
    ({"up{": ("is", 0)}, {"FootnoteDown": {**AT_API, **JOB}}),
    (
        {'footnote_request_seconds_count{*status="503"': ("is", 30), "footnote_errors_total": ("is", 30)},
        {
            "FootnoteErrorBudgetBurnsFast": {},
            "FootnoteErrorBudgetBurnsSlowly": {},
            "FootnotePartFails": {"code": "store_unreachable"},
        },
    ),
    (
        {
            'footnote_request_seconds_bucket*le="0.5"': ("times", 0.1),
            'footnote_request_seconds_bucket*le="5"': ("times", 0.2),
        },
        {"FootnoteAnswersSlowly": {}},
    ),
    (
        {'footnote_answers_total*"abstained"': ("times", 5)},
        {"FootnoteAbstentionShift": {}},
    ),
    ({"footnote_support_sum": ("times", 0.7)}, {"FootnoteSupportDrop": {}}),
    ({"footnote_drift_alarms": ("is", 1)}, {"FootnoteDrift": {"quantity": "support"}}),
    ({"footnote_tokens_total": ("times", 6)}, {"FootnoteTokenSpike": {}}),
    ({"footnote_queue_oldest_seconds": ("is", 4000)}, {"FootnoteJobsStuck": {}}),
    ({"footnote_queue_stalled": ("is", 1)}, {"FootnoteQueueStalled": AT_API}),
    ({"footnote_failed_jobs": ("is", 40)}, {"FootnoteJobsDie": {}}),
    (
        {"footnote_disk_free_bytes": ("is", 1e9)},
        {"FootnoteDiskFull": AT_API, "FootnoteDiskFills": {**AT_API, **JOB}},
    ),
    ({"footnote_trace_spans_dropped": ("is", 9)}, {"FootnoteTracesDropped": {}}),
    ({"footnote_redis_up": ("is", 0)}, {"FootnoteRedisDown": AT_API}),
    ({"footnote_warnings_total": ("is", 40)}, {"FootnoteModelAway": {}}),
    (
        {"footnote_variant_rolled_back": ("is", 1)},
        {"FootnoteVariantRolledBack": {"variant": "bold"}},
    ),
]


@pytest.mark.parametrize(("changes", "raised"), FAULTS, ids=lambda given: "-".join(given))
def test_what_goes_wrong_raises_its_alert_and_no_other(
    tmp_path: Path, changes: dict[str, tuple[str, float]], raised: dict[str, dict[str, str]]
) -> None:
    counters, gauges = ordinary(3, CALM + FAULT)
    for name, (how, change) in changes.items():
        pattern = ".*".join(map(re.escape, name.split("*")))
        (found,) = [values for one, values in {**counters, **gauges}.items() if re.match(pattern, one)]
        lasting(found, change, times=how == "times")
    tried(tmp_path, series(counters, gauges), {CALM - 1: {}, CALM + FAULT - 1: raised})


def test_every_alert_is_raised_by_something() -> None:
    assert {name for _, raised in FAULTS for name in raised} == set(ALERTS)
