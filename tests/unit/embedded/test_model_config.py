"""Which models to serve, and what TensorFlow Serving refuses."""

from pathlib import Path
from string import Template

import pytest
import tensorflow as tf

from server.embedded.config import Flags, read_models

TEMPLATE = Path(__file__).parents[3] / "serving_models" / "models.config.template"


def entry(name: str = "m", base_path: str = "/m", platform: str = 'model_platform: "tensorflow"') -> str:
    return f'config {{ name: "{name}" base_path: "{base_path}" {platform} }}'


def read(tmp_path, text: str):
    file = tmp_path / "models.config"
    file.write_text(text)
    return read_models(Flags(model_config_file=str(file)))


def refused(tmp_path, *entries: str) -> str:
    with pytest.raises(tf.errors.InvalidArgumentError) as failure:
        read(tmp_path, f"model_config_list {{ {' '.join(entries)} }}")
    return failure.value.message


def test_models_of_the_file_are_read_with_their_policy(tmp_path):
    policy = 'model_platform: "tensorflow" model_version_policy { specific { versions: 4 versions: 2 } }'
    models = read(tmp_path, f"model_config_list {{ {entry('a')} {entry('b', '/b', policy)} }}")
    assert [(model.name, model.base_path) for model in models] == [("a", "/m"), ("b", "/b")]
    assert models[1].model_version_policy.specific.versions == [4, 2]


def test_flags_name_a_single_model():
    (model,) = read_models(Flags(model_base_path="/m"))
    assert (model.name, model.base_path) == ("default", "/m")


def test_template_renders_to_the_three_models(tmp_path):
    models = read(tmp_path, Template(TEMPLATE.read_text()).substitute(base_path="/releases"))
    assert [(model.name, model.base_path) for model in models] == [
        ("query_tower", "/releases/query_tower"),
        ("movie_index", "/releases/movie_index"),
        ("ranking_head", "/releases/ranking_head"),
    ]
    assert {model.model_version_policy.WhichOneof("policy_choice") for model in models} == {"all"}


def test_deprecated_model_type_stands_for_the_platform(tmp_path):
    assert len(read(tmp_path, f"model_config_list {{ {entry(platform='model_type: TENSORFLOW')} }}")) == 1


def test_empty_file_names_no_models(tmp_path):
    assert read(tmp_path, "") == []


@pytest.mark.parametrize("text", ["model_config_list {", "model_config_list { config { nam: 'm' } }", "\x00"])
def test_file_that_does_not_parse_is_refused(tmp_path, text):
    """R10."""
    with pytest.raises(tf.errors.InvalidArgumentError) as failure:
        read(tmp_path, text)
    assert failure.value.message.startswith("Error parsing text-format tensorflow.serving.ModelServerConfig")


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"no\.config"):
        read_models(Flags(model_config_file=str(tmp_path / "no.config")))


def test_custom_config_is_refused(tmp_path):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Only ModelConfigList is currently supported"):
        read(tmp_path, "custom_model_config {}")


def test_model_listed_twice_is_refused(tmp_path):
    assert refused(tmp_path, entry(), entry()) == "Illegal to list model m multiple times in config list"


@pytest.mark.parametrize("base_path", ["models/m", "./m", "", "gs://bucket/m"])
def test_relative_base_path_is_refused(tmp_path, base_path):
    """R3."""
    assert refused(tmp_path, entry(base_path=base_path)) == (
        f"Expected model m to have an absolute path or URI; got base_path()={base_path}"
    )


def test_faults_come_in_order(tmp_path):
    """A name listed twice before any path, any path before any platform."""
    faults = [entry("a", "a", ""), entry("b", platform='model_platform: "torch"'), entry("b")]
    assert "multiple times" in refused(tmp_path, *faults)
    assert "absolute path" in refused(tmp_path, *faults[:2])


def test_missing_platform_is_refused(tmp_path):
    """R4."""
    assert refused(tmp_path, entry(platform="")) == (
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
        "ModelServerConfig::model_platform, model name is m"
    )


def test_unknown_platform_is_refused(tmp_path):
    """R5."""
    message = refused(tmp_path, entry(platform='model_platform: "torch"'))
    assert message == "Model m requests unsupported platform torch"
