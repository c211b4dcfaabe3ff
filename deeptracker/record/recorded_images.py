"""The recorder's validation images: checked, converted to tensors and written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deeptracker.errors import LogError
from deeptracker.record.framework_arrays import to_numpy
from deeptracker.record.log_format import TrainingLog
from deeptracker.record.tensor_file import read_header, read_tensor, write_tensors

__all__ = ["THUMBNAIL_CHANNELS", "class_numbers", "image_tensors", "record_images"]

# Grey, RGB, RGBA.
THUMBNAIL_CHANNELS = (1, 3, 4)

Tensors = dict[str, np.ndarray]


def class_numbers(values: Any, name: str) -> np.ndarray:
    """Convert class numbers to int32 [image].

    Raises
    ------
    LogError
        When they are not integers, or exceed int32.
    """
    array = to_numpy(values, name)
    if array.dtype.kind not in "iu":
        raise LogError(f"{name}: has the dtype {array.dtype}; class numbers are integers")
    bounds = np.iinfo(np.int32)
    for number in (array.min(initial=0), array.max(initial=0)):
        if not bounds.min <= number <= bounds.max:
            raise LogError(f"{name}: holds {number}; class numbers are int32, at most {bounds.max}")
    return array.astype(np.int32)


def image_tensors(images: Any) -> tuple[Tensors, dict[str, str]]:
    """Give the tensors of ``images.safetensors`` and its header's metadata.

    Parameters
    ----------
    images : array-like or mapping
        Labels [image]; or a mapping with ``label`` and optionally ``thumbnail`` uint8
        [image, y, x(, channel)] and ``names``.

    Raises
    ------
    LogError
        When the argument has another form, or the lengths differ.
    """
    fields = dict(images) if isinstance(images, Mapping) else {"label": images}
    unknown = sorted(fields.keys() - {"label", "thumbnail", "names"})
    if unknown or "label" not in fields:
        raise LogError(
            f"images: given {', '.join(map(str, fields))}; give labels, or a mapping with 'label' "
            "and optionally 'thumbnail' and 'names'"
        )
    tensors = {"label": class_numbers(fields["label"], "label")}
    if tensors["label"].ndim != 1:
        raise LogError(
            f"label: has the shape {list(tensors['label'].shape)}; give one class per image"
        )
    count = len(tensors["label"])
    if fields.get("thumbnail") is not None:
        thumbnail = to_numpy(fields["thumbnail"], "thumbnail")
        thumbnail = thumbnail[..., None] if thumbnail.ndim == 3 else thumbnail
        shape = thumbnail.shape
        fits = len(shape) == 4 and shape[0] == count and shape[3] in THUMBNAIL_CHANNELS
        if thumbnail.dtype != np.uint8 or not fits:
            raise LogError(
                f"thumbnail: is {thumbnail.dtype} {list(shape)}; give uint8 "
                f"[{count}, y, x, channel], of 1, 3 or 4 channels"
            )
        tensors["thumbnail"] = thumbnail
    names = fields.get("names")
    if names is None:
        return tensors, {}
    if len(names) != count:
        raise LogError(f"names: {len(names)} names for {count} images")
    return tensors, {"names": json.dumps([str(name) for name in names])}


def record_images(log: TrainingLog, images: Any) -> int | None:
    """Write the images of a log, or check them against the images that it already holds.

    Thumbnails and names in the log stay if none are given.

    Parameters
    ----------
    log : TrainingLog
    images : array-like or mapping, optional
        As for `image_tensors`.

    Returns
    -------
    int or None
        The number of images; None if it is unknown.

    Raises
    ------
    LogError
        When the log holds other images, or the argument has another form.
    """
    path = log.images()
    known = None if path is None else _recorded_labels(path)
    if images is None:
        return None if known is None else len(known)
    tensors, metadata = image_tensors(images)
    label = tensors["label"]
    if path is not None and known is not None:
        _check_same(path, known, label)
        if len(tensors) == 1 and not metadata:
            return len(label)
        tensors, metadata = _completed(path, tensors, metadata)
    write_tensors(log.path / "images.safetensors", tensors, metadata)
    return len(label)


def _recorded_labels(path: Path) -> np.ndarray:
    entry = read_header(path)[0].get("label")
    if entry is None:
        raise LogError(f"{path}: holds no tensor 'label'; move it away and give the images again")
    return class_numbers(read_tensor(path, entry), f"{path}: label")


def _check_same(path: Path, known: np.ndarray, given: np.ndarray) -> None:
    if len(known) != len(given):
        raise LogError(
            f"{path}: holds {len(known)} images, {len(given)} are given; record other images into "
            "another folder"
        )
    for image in np.flatnonzero(known != given)[:1]:
        raise LogError(
            f"{path}: image {image} is of class {known[image]}, {given[image]} is given; record "
            "other images into another folder"
        )


def _completed(
    path: Path, tensors: Tensors, metadata: dict[str, str]
) -> tuple[Tensors, dict[str, str]]:
    """Add the file's thumbnails and names if none are given."""
    entries, known = read_header(path)
    entry = entries.get("thumbnail")
    if entry is not None and "thumbnail" not in tensors:
        tensors = tensors | {"thumbnail": read_tensor(path, entry).reshape(entry.shape)}
    return tensors, known | metadata
