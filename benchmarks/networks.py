"""Parameter shapes of well-known networks, in PyTorch's names and order."""

__all__ = ["NETWORKS", "shapes_of"]

Shapes = dict[str, tuple[int, ...]]


def _norm(shapes: Shapes, name: str, channels: int) -> None:
    shapes[f"{name}.weight"] = (channels,)
    shapes[f"{name}.bias"] = (channels,)


def _linear(shapes: Shapes, name: str, inputs: int, outputs: int) -> None:
    shapes[f"{name}.weight"] = (outputs, inputs)
    shapes[f"{name}.bias"] = (outputs,)


def _bottleneck_resnet(blocks: tuple[int, int, int, int], classes: int) -> Shapes:
    """He et al., arXiv 1512.03385, table 1, with torchvision's names."""
    shapes: Shapes = {"conv1.weight": (64, 3, 7, 7)}
    _norm(shapes, "bn1", 64)
    inputs = 64
    for stage, (count, planes) in enumerate(zip(blocks, (64, 128, 256, 512), strict=True), 1):
        for block in range(count):
            name = f"layer{stage}.{block}"
            shapes[f"{name}.conv1.weight"] = (planes, inputs, 1, 1)
            _norm(shapes, f"{name}.bn1", planes)
            shapes[f"{name}.conv2.weight"] = (planes, planes, 3, 3)
            _norm(shapes, f"{name}.bn2", planes)
            shapes[f"{name}.conv3.weight"] = (4 * planes, planes, 1, 1)
            _norm(shapes, f"{name}.bn3", 4 * planes)
            if block == 0:
                shapes[f"{name}.downsample.0.weight"] = (4 * planes, inputs, 1, 1)
                _norm(shapes, f"{name}.downsample.1", 4 * planes)
            inputs = 4 * planes
    _linear(shapes, "fc", inputs, classes)
    return shapes


def _vgg16(classes: int) -> Shapes:
    """Simonyan and Zisserman, arXiv 1409.1556, configuration D."""
    shapes: Shapes = {}
    inputs, index = 3, 0
    for group in ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3):
        for outputs in group:
            shapes[f"features.{index}.weight"] = (outputs, inputs, 3, 3)
            shapes[f"features.{index}.bias"] = (outputs,)
            inputs, index = outputs, index + 2
        index += 1
    for place, (inputs, outputs) in zip(
        (0, 3, 6), ((512 * 49, 4096), (4096, 4096), (4096, classes)), strict=True
    ):
        _linear(shapes, f"classifier.{place}", inputs, outputs)
    return shapes


def _transformer(_classes: int, width: int = 2048, depth: int = 24) -> Shapes:
    """List a decoder of 1.3 billion parameters, the XL size of Brown et al., arXiv 2005.14165."""
    shapes: Shapes = {
        "transformer.wte.weight": (50257, width),
        "transformer.wpe.weight": (2048, width),
    }
    for block in range(depth):
        name = f"transformer.h.{block}"
        _norm(shapes, f"{name}.ln_1", width)
        _linear(shapes, f"{name}.attn.c_attn", width, 3 * width)
        _linear(shapes, f"{name}.attn.c_proj", width, width)
        _norm(shapes, f"{name}.ln_2", width)
        _linear(shapes, f"{name}.mlp.c_fc", width, 4 * width)
        _linear(shapes, f"{name}.mlp.c_proj", 4 * width, width)
    _norm(shapes, "transformer.ln_f", width)
    return shapes


def _experts(_classes: int, width: int = 256, depth: int = 16, experts: int = 64) -> Shapes:
    """List a mixture of experts, 8 times narrower than that of arXiv 2409.02060 (OLMoE)."""
    vocabulary = 50304
    shapes: Shapes = {"model.embed_tokens.weight": (vocabulary, width)}
    for block in range(depth):
        name = f"model.layers.{block}"
        for projection in ("q", "k", "v", "o"):
            shapes[f"{name}.self_attn.{projection}_proj.weight"] = (width, width)
        for norm in ("self_attn.q_norm", "self_attn.k_norm"):
            shapes[f"{name}.{norm}.weight"] = (width,)
        shapes[f"{name}.mlp.gate.weight"] = (experts, width)
        for expert in range(experts):
            inner = f"{name}.mlp.experts.{expert}"
            shapes[f"{inner}.gate_proj.weight"] = (width // 2, width)
            shapes[f"{inner}.up_proj.weight"] = (width // 2, width)
            shapes[f"{inner}.down_proj.weight"] = (width, width // 2)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{name}.{norm}.weight"] = (width,)
    shapes["model.norm.weight"] = (width,)
    shapes["lm_head.weight"] = (vocabulary, width)
    return shapes


def _embedding(classes: int, rows: int = 4_000_000, width: int = 256) -> Shapes:
    """List a recommender with nearly all weights in one table, as in arXiv 1906.00091."""
    shapes: Shapes = {"table.weight": (rows, width)}
    for name, inputs, outputs in (
        ("top.0", width, 512),
        ("top.2", 512, 256),
        ("top.4", 256, classes),
    ):
        _linear(shapes, name, inputs, outputs)
    return shapes


def _lenet5(classes: int) -> Shapes:
    """LeCun et al., 1998, with full connections between the convolutions: small, for tests."""
    shapes: Shapes = {}
    for name, shape in {"conv1": (6, 1, 5, 5), "conv2": (16, 6, 5, 5)}.items():
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = (shape[0],)
    for name, inputs, outputs in (("fc1", 400, 120), ("fc2", 120, 84), ("fc3", 84, classes)):
        _linear(shapes, name, inputs, outputs)
    return shapes


NETWORKS = {
    "lenet5": _lenet5,
    "resnet50": lambda classes: _bottleneck_resnet((3, 4, 6, 3), classes),
    "resnet152": lambda classes: _bottleneck_resnet((3, 8, 36, 3), classes),
    "vgg16": _vgg16,
    "transformer-1.3b": _transformer,
    "embedding": _embedding,
    "experts": _experts,
}


def shapes_of(network: str, classes: int = 1000) -> Shapes:
    """Return the shape of every parameter of `network`, in the order PyTorch lists them."""
    return NETWORKS[network](classes)
