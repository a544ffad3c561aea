"""What no engine has tried: that the services are what compose knows, and agree with the images and Kubernetes."""

from string import Template

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from server.gateway.server import _GRACE_SECONDS, _LAST_SECONDS
from server.serve.model_servers import IMAGE
from tests.integration.deploy_files.dockerfile import REPOSITORY, TARGETS
from tests.integration.deploy_files.manifests import COMPOSE, KUBERNETES, container, pods, services


def test_the_model_server_is_told_of_the_models_as_make_serve_tells_it():
    def read(text):
        return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())

    template = Template((REPOSITORY / "serving_models" / "models.config.template").read_text())
    written = (KUBERNETES / "base" / "models.config").read_text()
    assert read(written) == read(template.substitute(base_path="/releases"))
    assert "../kubernetes/base/models.config" in COMPOSE.read_text()


def test_compose_and_kubernetes_run_the_same_model_server_with_the_same_flags():
    composed, sidecar = services()["model-server"], container("production", "gateway", "model-server")
    assert composed["image"] == sidecar["image"] == IMAGE
    assert (composed["entrypoint"], composed["command"]) == (
        sidecar["command"],
        [word.replace("/etc/pairrec/", "/") for word in sidecar["args"]],
    )


def test_both_run_the_images_that_the_dockerfile_builds():
    built = {service["image"]: service["build"] for service in services().values() if "build" in service}
    assert {image: build["target"] for image, build in built.items()} == {
        f"pairrec-{target}:0.1.0": target for target in ("gateway", "trainer")
    }
    deployed = {each["image"] for pod in pods("production").values() for each in pod["containers"]}
    assert deployed - {IMAGE} == {f"pairrec-{target}:0.1.0" for target in TARGETS}


def test_every_service_is_confined():
    for service in services().values():
        assert service["read_only"]
        assert service["init"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert int(service["mem_limit"]) > 0
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", []))


def test_only_the_trainer_writes_releases():
    mounts = {name: service.get("volumes", []) for name, service in services().items()}
    writers = [
        name
        for name, of_service in mounts.items()
        for mount in of_service
        if mount["target"] == "/releases" and not mount.get("read_only")
    ]
    assert writers == ["trainer"]


def test_the_model_server_is_out_of_reach_from_outside():
    assert list(services()["model-server"]["networks"]) == ["models"]
    assert "ports" not in services()["model-server"]


def test_the_gateway_is_given_the_time_it_takes_to_stop():
    default_drain = 1
    assert (
        int(services()["gateway"]["stop_grace_period"].removesuffix("s"))
        > default_drain + _GRACE_SECONDS + _LAST_SECONDS
    )
