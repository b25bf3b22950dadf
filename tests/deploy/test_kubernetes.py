"""deploy/kubernetes: built by kustomize, checked against Kubernetes' own schemas, and what it promises."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.deploy.checking import DEPLOY, ran, tool, unknown_settings

Manifest = dict[str, Any]
OF_OTHERS = {"ScaledObject"}
"""Kinds that are no part of Kubernetes: KEDA's."""
WITHOUT_PROBES = {"footnote-worker", "footnote-migrate"}


@cache
def manifests() -> list[Manifest]:
    """The example, with every secret set."""
    tool("kubectl")
    with TemporaryDirectory() as folder:
        copy = shutil.copytree(DEPLOY / "kubernetes", Path(folder) / "kubernetes")
        for example in (copy / "example").glob("*.env.example"):
            text = re.sub(r"=$", "=secret", example.read_text(), flags=re.MULTILINE)
            example.with_suffix("").write_text(text)
        done = ran("kubectl", "kustomize", copy / "example")
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(*kinds: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests() if one["kind"] in kinds}


def pods() -> dict[str, Manifest]:
    """The template of each workload's pods."""
    found = of_kind("Deployment", "StatefulSet", "Job")
    return {name: one["spec"]["template"] for name, one in found.items()}


def containers() -> Iterator[tuple[str, Manifest]]:
    for name, pod in pods().items():
        for container in pod["spec"]["containers"]:
            yield name, container


def test_every_manifest_has_the_form_that_is_published(tmp_path: Path) -> None:
    known = [one for one in manifests() if one["kind"] not in OF_OTHERS]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(known))
    done = ran("kubernetes-validate", "--strict", "--no-warn", tmp_path / "all.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(known) == len(manifests()) - 1


def test_every_file_is_part_of_it() -> None:
    built = {
        (folder / name).resolve()
        for folder in (DEPLOY / "kubernetes").iterdir()
        for name in yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    }
    there = {path for path in (DEPLOY / "kubernetes").glob("*/*.yaml") if path.name != "kustomization.yaml"}
    assert there <= built


def test_pods_keep_to_the_restricted_standard() -> None:
    for pod in pods().values():
        assert pod["spec"]["automountServiceAccountToken"] is False
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"]
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    for _, container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    (namespace,) = of_kind("Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_container_asks_for_what_it_needs_and_has_a_limit() -> None:
    for _, container in containers():
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() >= {"cpu", "memory"}


def test_what_serves_says_whether_it_has_started_is_ready_and_alive() -> None:
    for name, container in containers():
        probes = {"startupProbe", "readinessProbe", "livenessProbe"} & container.keys()
        assert len(probes) == (0 if name in WITHOUT_PROBES else 3), name


def test_the_api_is_asked_on_the_routes_that_it_has() -> None:
    (container,) = pods()["footnote-api"]["spec"]["containers"]
    asked = [container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")]
    assert asked == ["/healthz", "/readyz", "/healthz"]


def test_every_setting_exists_and_has_a_value_that_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}
    for name, one in of_kind("ConfigMap", "Secret").items():
        if name.startswith("footnote-"):
            given |= dict.fromkeys(one["data"], "x") if one["kind"] == "Secret" else one["data"]
    for name, container in containers():
        if name.startswith("footnote-"):
            given |= {env["name"]: env["value"] for env in container.get("env", []) if "value" in env}
    assert unknown_settings(given) == []
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings().mode == "server"


def test_every_name_that_is_referred_to_exists() -> None:
    there = set(of_kind("ConfigMap", "Secret"))
    for _, container in containers():
        for source in container.get("envFrom", []):
            (reference,) = source.values()
            assert reference["name"] in there or reference.get("optional")
        for env in container.get("env", []):
            if "valueFrom" in env:
                key = env["valueFrom"]["secretKeyRef"]
                assert key["key"] in of_kind("Secret")[key["name"]]["data"]
    for scaler in of_kind("HorizontalPodAutoscaler", "ScaledObject").values():
        assert scaler["spec"]["scaleTargetRef"]["name"] in pods()


def test_every_selector_finds_its_pods() -> None:
    labels = [pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods().values()]
    for one in of_kind("Service").values():
        assert one["spec"]["selector"]["app.kubernetes.io/name"] in labels
    for one in of_kind("PodDisruptionBudget").values():
        assert one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] in labels
    assert set(of_kind("PodDisruptionBudget")) == {"footnote-api", "footnote-worker", "qdrant"}


def test_nothing_talks_to_anything_unless_a_policy_says_so() -> None:
    policies = of_kind("NetworkPolicy")
    nothing = policies.pop("nothing-by-default")["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    selected = {
        one["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        for one in policies.values()
    }
    assert selected - {None} == set(pods())


def test_qdrant_is_a_cluster_that_survives_the_loss_of_a_node() -> None:
    qdrant = of_kind("StatefulSet")["qdrant"]["spec"]
    (container,) = qdrant["template"]["spec"]["containers"]
    assert {"name": "QDRANT__CLUSTER__ENABLED", "value": "true"} in container["env"]
    assert f"http://qdrant-0.{qdrant['serviceName']}:6335" in container["args"][0]
    nodes = of_kind("Service")[qdrant["serviceName"]]["spec"]
    assert (nodes["clusterIP"], nodes["publishNotReadyAddresses"]) == ("None", True)
    (settings,) = of_kind("ConfigMap").values()
    copies = int(settings["data"]["FOOTNOTE_STORE__SERVER__REPLICATION_FACTOR"])
    assert 1 < copies <= qdrant["replicas"] == 3


def test_workers_are_scaled_on_a_figure_that_the_api_gives() -> None:
    from service.metrics import Metrics
    from service.records import Queue, State

    (scaled,) = of_kind("ScaledObject").values()
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    name = re.search(r"footnote_\w+", query)
    assert name is not None
    assert f"\n{name.group()} 7.0".encode() in Metrics().render(State(Queue(7)))


def test_no_secret_is_in_the_repository() -> None:
    for example in (DEPLOY / "kubernetes" / "example").glob("*.env.example"):
        values = re.findall(r"^\w+=(.*)$", example.read_text(), re.MULTILINE)
        assert all(not value or "PASSWORD" in value for value in values)
