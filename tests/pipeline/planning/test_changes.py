"""What old columns depend on."""

import hashlib
import json
from dataclasses import asdict

from deeptracker.pipeline.config import Config
from deeptracker.pipeline.planning.changes import PARAMETERS, settings_of
from deeptracker.pipeline.sources import Parameter
from deeptracker.pipeline.store.network_tree import architecture_of


def test_the_digest_of_parameters_is_that_of_their_fields_and_the_tree_as_json():
    parameters = [
        Parameter('é "quoted".weight', (4, 3), "F32"),
        Parameter("b.weight", (4, 3), "F32", has_gradient=True, gradient_dtype="BF16"),
        Parameter("c.weight", (4, 3), "F32"),
        Parameter("scale", (), "F16"),
    ]
    architecture = architecture_of(parameters, "net")
    fields = [asdict(parameter) for parameter in architecture.parameters]
    tree = [(node.name, node.type) for node in architecture.nodes]
    text = json.dumps([fields, tree]).encode()
    known = settings_of(Config(), architecture, None, ())[PARAMETERS]
    assert known == hashlib.blake2b(text, digest_size=16).hexdigest()
