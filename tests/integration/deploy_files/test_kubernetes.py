"""What no cluster has tried: that the objects are what Kubernetes knows, and hang together."""

import pytest
from kubernetes_validate import validate

from server.gateway.server import _GRACE_SECONDS, _LAST_SECONDS, _LIVENESS, _STARTUP
from tests.integration.deploy_files.manifests import OVERLAYS, container, objects, pods

VERSION = "1.37"


@pytest.mark.parametrize("folder", [f"{kind}/{overlay}" for kind in ("overlays", "volumes") for overlay in OVERLAYS])
def test_every_object_is_one_that_kubernetes_knows(folder):
    for thing in objects(folder):
        validate(thing, VERSION, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_taking_a_deployment_away_leaves_what_cannot_be_built_again(overlay):
    """`make stop` deletes all that an overlay holds."""
    assert not {thing["kind"] for thing in objects(f"overlays/{overlay}")} & {"PersistentVolumeClaim", "Namespace"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_pods_mount_is_there(overlay):
    there = {
        (thing["kind"], thing["metadata"]["name"]) for thing in (*objects(f"overlays/{overlay}"), *volumes(overlay))
    }
    for pod in pods(overlay).values():
        for volume in pod["volumes"]:
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in there
            if config := volume.get("configMap"):
                assert ("ConfigMap", config["name"]) in there


def volumes(overlay):
    found = objects(f"volumes/{overlay}")
    (namespace,) = (thing["metadata"]["name"] for thing in found if thing["kind"] == "Namespace")
    assert {thing["metadata"]["namespace"] for thing in objects(f"overlays/{overlay}")} == {namespace}
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_is_confined(overlay):
    """As the namespace's pod security standard, restricted, asks, and with a root that cannot be written."""
    for pod in pods(overlay).values():
        security = pod["securityContext"]
        assert security["runAsNonRoot"]
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for each in pod["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert each["resources"]["limits"]["memory"]


def test_only_trainers_write_releases():
    writers = {
        name
        for name, pod in pods("production").items()
        for each in pod["containers"]
        for mount in each["volumeMounts"]
        if mount["name"] == "releases" and not mount.get("readOnly")
    }
    assert writers == {"train", "rollback"}


def test_a_pod_is_given_the_time_that_its_gateway_takes_to_stop():
    (drain,) = (word for word in container("production", "gateway", "gateway")["args"] if "--drain_seconds" in word)
    needed = float(drain.partition("=")[2]) + _GRACE_SECONDS + _LAST_SECONDS
    assert pods("production")["gateway"]["terminationGracePeriodSeconds"] > needed


def test_no_gateway_replaces_another_before_its_models_have_answered():
    gateway = container("production", "gateway", "gateway")
    probes = ("startupProbe", "livenessProbe", "readinessProbe")
    assert [gateway[probe]["grpc"].get("service", "") for probe in probes] == [_STARTUP, _LIVENESS, ""]
    startup = gateway["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 600  # as long as `make deploy` waits


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_that_speaks_of_gateways_means_the_same_pods(overlay):
    found = {thing["kind"]: thing for thing in objects(f"overlays/{overlay}") if thing["metadata"]["name"] == "gateway"}
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert found["Service"]["spec"]["selector"].items() <= labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels
    scaled = {
        metric["containerResource"]["container"] for metric in found["HorizontalPodAutoscaler"]["spec"]["metrics"]
    }
    assert scaled == {each["name"] for each in pods(overlay)["gateway"]["containers"]}
