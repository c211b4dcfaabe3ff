"""A wrong config is answered with its name, the key, what was given and what is allowed."""

import itertools
from pathlib import Path

import pytest

from deeptracker.errors import ConfigError
from deeptracker.pipeline.config import Config, load_config

LOCAL = Path(__file__).parents[2] / "configs" / "local.yaml"


def written(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_local_config_is_the_default():
    assert load_config(LOCAL) == Config() == load_config(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blok_bytes: 5", "unknown key 'blok_bytes' (did you mean 'block_bytes'?)"),
        ("cluster: {workrs: 2}", "unknown key 'cluster.workrs' (did you mean 'workers'?)"),
        ("zebra: 5", "unknown key 'zebra', allowed: block_bytes"),
        ("columns_per_chunk: lots", "key 'columns_per_chunk': given 'lots', allowed: a valid int"),
        ("cluster: {kind: moon}", "key 'cluster.kind': given 'moon', allowed: 'local' or"),
        ("block_bytes: 10", "key 'block_bytes': given 10, allowed: greater than"),
        ("thresholds: [0.5, 0.1]", "greater than the one before"),
        ("anomalies: {image_window: 51}", "key 'anomalies.image_window': given 51"),
        ("cluster: {memory: banana}", "key 'cluster.memory': given 'banana', allowed: a size as"),
        ("source: {pattern: 'step_('}", "key 'source.pattern': given 'step_(', allowed: a regular"),
        (
            "source: {pattern: step}",
            r"allowed: a group around the iteration's digits, like step_(\d+)",
        ),
        (
            "cluster: {memory: 1e400GiB}",
            "'cluster.memory': given '1e400GiB', allowed: a size",
        ),
        (
            "cluster: {memory: -5GiB}",
            "'cluster.memory': given '-5GiB', allowed: a size of",
        ),
        (
            "cluster: {adaptive: {minimum: 5, maximum: 1}}",
            "a minimum that is no more than the maximum",
        ),
        ("cluster: {stall_seconds: .inf}", "allowed: stall_seconds of at most"),
        ("anomalies: {filter_threshold: .inf}", "given inf, allowed: a finite number"),
        ("thresholds: [.nan]", "key 'thresholds.0': given nan, allowed: a finite number"),
        (f"findings: {{history: {10**20}}}", f"key 'findings.history': given {10**20}, allowed: l"),
        ("columns_per_chunk: 0x" + "f" * 9999, "given a huge int, allowed: less than"),
        ("a: 2024-13-45", "is not YAML: month must be in 1..12"),
        ("a: " + "[" * 3000, "is nested too deeply"),
        ("[1, 2]", "holds a list"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_file_is_answered_with_its_name_and_the_key(tmp_path, text, expected):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)


def test_a_missing_config_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        load_config(tmp_path / "nowhere.yaml")


def test_an_empty_file_sets_nothing(tmp_path):
    assert load_config(written(tmp_path, "# nothing\n")) == Config()


@pytest.mark.parametrize("key", ["columns_per_chunk: *h", "cluster: {kind: *h}", "thresholds: *h"])
def test_what_was_given_is_not_shown_at_any_length(tmp_path, key):
    lists = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lists += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in itertools.pairwise("abcdefgh")]
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, "\n".join([*lists, key])))
    assert len(str(caught.value)) < 5000
