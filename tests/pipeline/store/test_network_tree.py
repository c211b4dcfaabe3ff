"""The architecture tree, from names of any depth."""

import pickle

from deeptracker.pipeline.sources import Parameter
from deeptracker.pipeline.store.network_tree import architecture_of


def tree(*names, modules=None):
    parameters = [Parameter(name, (4, 3), "F32") for name in names]
    return architecture_of(parameters, "net", modules)


def test_a_residual_network_has_stages_blocks_layers_and_parameters():
    nodes = tree("conv1.weight", "layer1.0.conv1.weight", "layer1.0.bn1.bias").nodes
    assert [(n.kind, n.name) for n in nodes] == [
        ("network", ""),
        ("layer", "conv1"),
        ("parameter", "conv1.weight"),
        ("stage", "layer1"),
        ("block", "layer1.0"),
        ("layer", "layer1.0.conv1"),
        ("parameter", "layer1.0.conv1.weight"),
        ("layer", "layer1.0.bn1"),
        ("parameter", "layer1.0.bn1.bias"),
    ]
    assert [n.parent for n in nodes] == [-1, 0, 1, 0, 3, 4, 5, 4, 7]
    assert nodes[0].label == "net"
    assert nodes[4].label == "0"
    assert nodes[6].shape == "4x3"


def test_transformer_names_give_a_deeper_tree():
    nodes = tree("model.decoder.layers.0.self_attn.q_proj.weight").nodes
    assert [n.kind for n in nodes] == [
        "network", "stage", "block", "block", "block", "block", "layer", "parameter",
    ]  # fmt: skip
    assert [n.depth for n in nodes] == list(range(8))


def test_sizes_add_up_and_children_follow_their_parents():
    nodes = tree("a.x.w", "a.y.w", "b.w", "w").nodes
    assert nodes[0].size == 4 * 12
    for index, node in enumerate(nodes[1:], start=1):
        assert node.parent < index
        assert node.depth == nodes[node.parent].depth + 1


def test_alphabetical_files_are_put_in_natural_order():
    nodes = tree("h.1.w", "h.10.w", "h.2.w").nodes
    assert [n.name for n in nodes if n.kind == "parameter"] == ["h.1.w", "h.2.w", "h.10.w"]


def test_known_modules_give_order_and_types():
    modules = {"": "Net", "stem": "Conv2d", "body": "Sequential", "body.0": "Linear"}
    found = tree("body.0.weight", "stem.weight", modules=modules)
    assert [(n.name, n.type) for n in found.nodes if n.kind == "layer"] == [
        ("stem", "Conv2d"),
        ("body.0", "Linear"),
    ]


def test_a_parameter_directly_under_the_network_is_a_leaf_of_the_root():
    nodes = tree("cls_token", "cls_token.extra").nodes
    assert (nodes[1].kind, nodes[1].parent, nodes[1].label) == ("parameter", 0, "cls_token")
    assert nodes[2].kind == "layer"


def test_a_packed_tree_opens_as_it_was():
    parameters = [
        Parameter("a.weight", (4, 3), "F32"),
        Parameter("a.bias", (4,), "F32"),
        Parameter("b.weight", (4, 3), "F32", has_gradient=True, gradient_dtype="BF16"),
        Parameter("scale", (), "F16"),
        Parameter("c.weight", (4, 3), "F32"),
    ]
    architecture = architecture_of(parameters, "net", {"a": "Linear"})
    assert pickle.loads(pickle.dumps(architecture)) == architecture  # packed here


def test_names_with_empty_parts_have_modules_of_their_own():
    nodes = tree(".w", "a..w", "a.w").nodes
    assert [(n.kind, n.name, n.label, n.parent) for n in nodes] == [
        ("network", "", "net", -1),
        ("layer", "", "", 0),
        ("parameter", ".w", "w", 1),
        ("layer", "a", "a", 0),
        ("parameter", "a.w", "w", 3),
        ("layer", "a.", "", 3),
        ("parameter", "a..w", "w", 5),
    ]
