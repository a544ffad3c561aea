"""HandleReloadConfigRequest: which models are served, at which versions, under which labels."""

import grpc
import pytest
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.config.file_system_storage_path_source_pb2 import FileSystemStoragePathSourceConfig
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from tests.conformance.client import eventually, failure
from tests.conformance.tiny_models import MODEL

Code = grpc.StatusCode
Policy = FileSystemStoragePathSourceConfig.ServableVersionPolicy
ALL = Policy(all=Policy.All())


def model(name: str = "no", **fields: object) -> ModelConfig:
    return ModelConfig(**{"name": name, "base_path": "/no", "model_platform": "tensorflow", **fields})


def test_new_model_is_available_when_the_answer_comes(own):
    own.add(1)
    own.serve()
    assert own.answering_version() == 1
    assert own.client.states(own.name) == {1: ("AVAILABLE", "")}


def test_answer_says_ok(own, tiny):
    status = own.client.reload(tiny).status
    assert (status.error_code, status.error_message) == (0, "")


def test_model_left_out_is_unloaded_and_its_versions_stay_listed(own, tiny):
    own.add(1)
    own.serve()
    own.client.reload(tiny)
    eventually(lambda: own.client.states(own.name) == {1: ("END", "")})
    code, message = failure(own.answering_version)
    assert (code, message) == (Code.NOT_FOUND, f"Servable not found for request: Latest({own.name})")
    assert own.client.answering_version() == 3


def test_model_left_out_comes_back(own, tiny):
    own.add(1)
    own.serve()
    own.client.reload(tiny)
    eventually(lambda: own.state(1) == "END")
    own.serve()
    assert own.answering_version() == 1


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        (Policy(), {3}),
        (Policy(latest=Policy.Latest(num_versions=2)), {2, 3}),
        (ALL, {1, 2, 3}),
        (Policy(specific=Policy.Specific(versions=[1, 3, 9])), {1, 3}),
    ],
    ids=["default", "latest", "all", "specific"],
)
def test_policy_chooses_the_versions(own, policy, served):
    for number in (1, 2, 3):
        own.add(number)
    own.serve(model_version_policy=policy)
    eventually(lambda: {n for n, (state, _) in own.client.states(own.name).items() if state == "AVAILABLE"} == served)


def test_changed_policy_loads_and_unloads(own):
    for number in (1, 2):
        own.add(number)
    own.serve()
    own.serve(model_version_policy=Policy(specific=Policy.Specific(versions=[1])))
    eventually(lambda: own.client.states(own.name) == {2: ("END", ""), 1: ("AVAILABLE", "")})
    assert own.answering_version() == 1


def test_label_names_a_version(own):
    for number in (1, 2):
        own.add(number)
    own.serve(model_version_policy=ALL)
    eventually(lambda: own.state(1) == own.state(2) == "AVAILABLE")
    own.serve(model_version_policy=ALL, version_labels={"stable": 1, "canary": 2})
    assert own.answering_version(version_label="stable") == 1
    assert own.answering_version(version_label="canary") == 2
    own.serve(model_version_policy=ALL, version_labels={"stable": 2})
    assert own.answering_version(version_label="stable") == 2
    code, message = failure(lambda: own.answering_version(version_label="canary"))
    assert (code, message) == (Code.INVALID_ARGUMENT, "Unrecognized servable version label: canary")


def test_label_of_one_model_is_none_of_another(own):
    own.add(1)
    own.serve()
    own.serve(version_labels={"stable": 1})
    code, _ = failure(lambda: own.client.answering_version(version_label="stable"))
    assert code == Code.INVALID_ARGUMENT


def test_label_cannot_name_a_version_that_is_not_available(own):
    """R8; the labels there are stay."""
    own.add(1)
    own.serve()
    own.serve(version_labels={"stable": 1})
    code, message = failure(lambda: own.serve(version_labels={"stable": 2}))
    assert code == Code.FAILED_PRECONDITION
    assert message == (
        f"Request to assign label to version 2 of model {own.name}, which is not currently available for inference"
    )
    assert own.answering_version(version_label="stable") == 1


def test_label_cannot_name_a_version_of_a_model_that_is_new(own):
    own.add(1)
    code, _ = failure(lambda: own.serve(version_labels={"stable": 1}))
    assert code == Code.FAILED_PRECONDITION


def test_new_model_that_fails_to_load_is_named_with_the_reason(own):
    """R9."""
    own.add_broken(1)
    code, message = failure(own.serve)
    assert code == Code.UNKNOWN
    error = own.client.states(own.name)[1][1]
    assert message.startswith(
        f"1 model(s) did not become available: {{{{{{name: {own.name} version: 1}} due to error: "
    )
    assert message.endswith(f": {error}}}, }}")
    assert own.client.answering_version() == 3


def test_anything_but_a_list_is_refused(client):
    """R1."""
    custom = ReloadConfigRequest()
    custom.config.custom_model_config.SetInParent()
    for request in (ReloadConfigRequest(), custom):
        code, message = failure(lambda request=request: client.model.HandleReloadConfigRequest(request, timeout=60))
        assert code == Code.INVALID_ARGUMENT
        assert message == (
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        )


REFUSED = {
    "R2": ([model(), model()], "Illegal to list model no multiple times in config list"),
    "R3": (
        [model(base_path="models/no")],
        "Expected model no to have an absolute path or URI; got base_path()=models/no",
    ),
    # Of a model that is served: TensorFlow Serving keeps the faulty entry of a new one and refuses all that follow.
    "R4": (
        [model(MODEL, model_platform="")],
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
        f"model name is {MODEL}",
    ),
    "R5": ([model(model_platform="torch")], "Model no requests unsupported platform torch"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_faulty_list_is_refused_and_changes_nothing(own, row):
    models, message = REFUSED[row]
    assert failure(lambda: own.client.reload(*models)) == (Code.INVALID_ARGUMENT, message)
    assert own.client.answering_version() == 3
