"""Validation images as they are given to the recorder, checked and made tensors."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from deeptracker.arrays import to_numpy
from deeptracker.errors import LogError

__all__ = ["class_numbers", "image_tensors"]


def class_numbers(values: Any, name: str) -> np.ndarray:
    """Give class numbers as int32 [image].

    Raises
    ------
    LogError
        When they are no integers.
    """
    array = to_numpy(values, name)
    if array.dtype.kind not in "iu":
        raise LogError(f"{name}: has the dtype {array.dtype}; class numbers are integers")
    return array.astype(np.int32)


def image_tensors(images: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Give the tensors of ``images.safetensors`` and its header's metadata.

    Parameters
    ----------
    images : array-like or mapping
        Labels [image]; or a mapping with ``label`` and optionally ``thumbnail`` uint8
        [image, y, x(, channel)] and ``names``.

    Raises
    ------
    LogError
        When something else is given, or the lengths differ.
    """
    fields = dict(images) if isinstance(images, Mapping) else {"label": images}
    unknown = sorted(fields.keys() - {"label", "thumbnail", "names"})
    if unknown or "label" not in fields:
        raise LogError(
            f"images: given {', '.join(map(str, fields))}; give labels, or a mapping with 'label' "
            "and optionally 'thumbnail' and 'names'"
        )
    tensors = {"label": class_numbers(fields["label"], "label")}
    count = len(tensors["label"])
    if fields.get("thumbnail") is not None:
        thumbnail = to_numpy(fields["thumbnail"], "thumbnail")
        thumbnail = thumbnail[..., None] if thumbnail.ndim == 3 else thumbnail
        if thumbnail.dtype != np.uint8 or thumbnail.ndim != 4 or len(thumbnail) != count:
            raise LogError(
                f"thumbnail: is {thumbnail.dtype} {list(thumbnail.shape)}; give uint8 "
                f"[{count}, y, x, channel]"
            )
        tensors["thumbnail"] = thumbnail
    names = fields.get("names")
    if names is not None and len(names) != count:
        raise LogError(f"names: {len(names)} names for {count} images")
    return tensors, {"names": json.dumps([str(name) for name in names])} if names else {}
