"""A network that grows: what is added stands behind, and moves nothing that is there."""

import math
import pickle

from hypothesis import given
from hypothesis import strategies as st

from deeptracker.pipeline.sources import Parameter
from deeptracker.pipeline.store.network_layout import NetworkLayout
from deeptracker.pipeline.store.network_tree import Architecture
from deeptracker.pipeline.store.run_shape import RunShape
from deeptracker.pipeline.store.schema import Schema

SHAPES = st.lists(st.integers(1, 3000), min_size=1, max_size=3).map(tuple)
NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join)
KEYS = st.lists(st.tuples(NAMES, SHAPES), min_size=1, max_size=12, unique=True)
SPLIT = 2**20


def parameters_of(keys):
    # Names are of a dotted path and a leaf, so that no name is a module and a parameter.
    return [Parameter(f"{name}.weight", shape, "F32") for name, shape in keys]


@given(KEYS, st.integers(1, 12))
def test_parameters_that_are_added_move_no_other(keys, first):
    parameters = parameters_of(keys)
    before = NetworkLayout.of(parameters[:first], SPLIT)
    after = NetworkLayout.of(parameters, SPLIT, len(before.levels))
    assert len(after.levels) == len(before.levels)
    for name in ("addresses", "filters", "first_filter", "first_row", "rows"):
        kept = getattr(after, name)[..., : len(before.parameters)]
        assert kept.tolist() == getattr(before, name).tolist(), name


@given(KEYS, st.integers(1, 12))
def test_nodes_and_layers_that_are_added_stand_behind_the_others(keys, first):
    parameters = parameters_of(keys)
    before = Architecture.of([parameters[:first]], "net")
    after = Architecture.of([parameters[:first], parameters[first:]], "net")
    kept = after.nodes[: len(before.nodes)]
    assert [(n.name, n.parent) for n in kept] == [(n.name, n.parent) for n in before.nodes]
    assert after.count_nodes(len(before.parameters)) == len(before.nodes)
    assert after.layers()[: len(before.layers())] == before.layers()
    assert after.layers(len(before.parameters)) == before.layers()
    assert all(node.parent < number for number, node in enumerate(after.nodes))
    assert len({node.name for node in after.nodes}) == len(after.nodes)
    assert after.nodes[0].size == sum(math.prod(shape) for _, shape in keys)


@given(KEYS, st.integers(1, 12))
def test_chunks_and_shards_stay_as_the_store_was_made(keys, first):
    parameters = parameters_of(keys)
    made = Architecture.of([parameters[:first]], "net")
    sizes = {"iterations": 8, "columns_per_chunk": 8, "thresholds": 4, "bins": 8}
    before = Schema(made, RunShape(**sizes, split_weights=SPLIT))
    grown = RunShape(
        **sizes,
        split_weights=SPLIT,
        levels=len(before.layout.levels),
        made_with=len(made.parameters),
    )
    after = Schema(Architecture.of([parameters[:first], parameters[first:]], "net"), grown)
    specs = {spec.path: spec for spec in after.arrays()}
    for spec in before.arrays():
        assert specs[spec.path].chunks == spec.chunks, spec.path
        assert specs[spec.path].stored == spec.stored, spec.path


def test_a_parameter_of_another_shape_is_told_apart_by_it():
    first = [Parameter("head.weight", (10, 64), "F32"), Parameter("scale", (), "F32")]
    later = [Parameter("head.weight", (20, 64), "F32"), Parameter("scale", (1,), "F32")]
    architecture = Architecture.of([first, later], "net")
    assert pickle.loads(pickle.dumps(architecture)) == architecture  # packed here
    leaves = [node for node in architecture.nodes if node.parameter]
    assert [leaf.name for leaf in leaves] == [
        "scale",
        "head.weight",
        "scale 1",
        "head.weight 20x64",
    ]
    labels = [leaf.label for leaf in leaves]
    assert labels == ["scale scalar", "weight 10x64", "scale 1", "weight 20x64"]
    assert len({leaf.parent for leaf in leaves}) == 2
