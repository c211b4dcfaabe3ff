"""What is new: comparing a source with what the store was made of."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import zarr

from deeptracker.errors import StoreError
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS
from deeptracker.pipeline.planning.network_history import NetworkHistory
from deeptracker.pipeline.sources.manifest import Images, Problem, Source
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.pipeline.store.arrays.array_spec import group_at, read_array
from deeptracker.pipeline.store.names import MEASURE
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION

__all__ = ["Change", "Recording", "find_changes", "recording_of", "settings_of"]

Settings = dict[str, str]

# Of chunks: old ones beside new ones must be read alike.
ENCODING = 5
PATTERN = "the setting 'source.pattern'"
PARAMETERS, IMAGES, CLASSES = "the network's parameters", "the validation images", "the class names"
STATISTICS, MEASURES = "the statistics of nodes", "the measures of filters"
PLURAL = {IMAGES, CLASSES, STATISTICS, MEASURES}


@dataclass(frozen=True)
class Recording:
    """What was recorded when, one value an iteration.

    Attributes
    ----------
    iterations : numpy.ndarray
        int64 [iteration].
    snapshots, outcomes : numpy.ndarray
        int64 [iteration]: fingerprints of the files, 0 where there is none.
    """

    iterations: np.ndarray
    snapshots: np.ndarray
    outcomes: np.ndarray


@dataclass(frozen=True)
class Change:
    """What has to be done.

    Attributes
    ----------
    action : str
        `create` and `rebuild` compute every column, `append` those from `first_column` on.
    reason : str
        Why everything is processed anew.
    warnings : tuple of Problem
        Snapshots that were rewritten or removed since they were processed.
    """

    action: Literal["create", "append", "rebuild", "nothing"]
    first_column: int = 0
    reason: str = ""
    warnings: tuple[Problem, ...] = field(default=())


def recording_of(source: Source) -> Recording:
    """Fingerprint every file of a source."""
    iterations = source.iterations
    return Recording(
        np.array(iterations, np.int64),
        np.array([source.fingerprint(i) for i in iterations], np.int64),
        np.array([source.fingerprint(i, outcomes=True) for i in iterations], np.int64),
    )


def settings_of(config: Config, images: Images | None, classes: Sequence[str]) -> Settings:
    """Give everything that old columns depend on, by a name to blame."""
    settings = config.model_dump(
        mode="json", include={"columns_per_chunk", "thresholds", "anomalies"}
    )
    labels = images.labels.tobytes() if images else b""
    return {
        IMAGES: _digest(labels),
        "the encoding of chunks": str(ENCODING),
        CLASSES: _digest(json.dumps(list(classes)).encode()),
        PATTERN: config.source.pattern or "",
        **_reading_settings(config.source),
        STATISTICS: ", ".join(sorted(NODE_STATISTICS)),
        MEASURES: ", ".join(FILTER_MEASURES),
        **{f"the setting '{key}'": json.dumps(value) for key, value in settings.items()},
    }


def _reading_settings(source: SourceConfig) -> Settings:
    """Give the settings of what is read; a store of before has them at their defaults."""
    values = source.model_dump(mode="json", exclude={"pattern"})
    return {f"the setting 'source.{key}'": json.dumps(value) for key, value in values.items()}


def find_changes(
    root: zarr.Group,
    recording: Recording,
    settings: Settings,
    source: Source,
    whole: Mapping[str, str],
    history: NetworkHistory | None,
) -> Change:
    """Compare a published store with a source.

    Parameters
    ----------
    root : zarr.Group
        The store's root.
    whole : mapping of str to str
        Digests of what is always written whole, by the root's attributes that hold them.
    history : NetworkHistory or None
        What the store knows of the network; None where its schema is another.

    Raises
    ------
    StoreError
        When the store was made of another run or another network, or when all must be processed
        again and the source lacks some of it.
    """
    _check_same_run(root, source)
    old = Recording(
        read_array(root, "iteration"),
        read_array(root, "snapshot_fingerprint"),
        read_array(root, "outcome_fingerprint"),
    )
    reason = _outdated(root, settings)
    if not reason and history and not history.is_of(source):
        reason = f"{PARAMETERS} have changed"
    reason = reason or _inserted(old, recording)
    if reason:
        _check_nothing_is_lost(old, recording, source, reason)
        return Change("rebuild", reason=reason)
    if history and not history.has_relatives(source):
        raise StoreError(
            f"{source.location}: the snapshots after iteration {old.iterations[-1]} have no "
            f"parameter in common with the network of the run '{root.attrs['run']}' in the store; "
            "process them into another store, or remove the store"
        )
    warnings = _compare_files(old, recording, source)
    last = old.iterations[-1]
    unlike = [name for name, digest in whole.items() if root.attrs.get(name) != digest]
    if recording.iterations[-1] > last or unlike:
        return Change("append", first_column=len(old.iterations), warnings=warnings)
    return Change("nothing", warnings=warnings)


def _check_same_run(root: zarr.Group, source: Source) -> None:
    """Refuse a log that was begun at another time than the store's; it may have moved."""
    known = str(root.attrs.get("recorded", ""))
    description = source.description()
    if known and description and description.created and description.created != known:
        raise StoreError(
            f"{source.location}: was begun at {description.created}, but the store holds the run "
            f"'{root.attrs['run']}' of {root.attrs['source']}, which was begun at {known}; process "
            "this one into another store"
        )


def _outdated(root: zarr.Group, settings: Settings) -> str:
    """Say why old columns cannot stay beside new ones; empty where they can."""
    schema = int(str(root.attrs["deeptracker_schema"]))
    if schema != SCHEMA_VERSION:
        return f"the store has schema {schema}, this DeepTracker writes {SCHEMA_VERSION}"
    known: dict[str, Any] = json.loads(str(root.attrs["settings"]))
    known.setdefault(PATTERN, root.attrs.get("source_pattern") or "")
    for name, value in _reading_settings(SourceConfig()).items():
        known.setdefault(name, value)
    if STATISTICS not in known:
        known |= _quantities_of(root)
    changed = [name for name in settings if known.get(name) != settings[name]]
    verb = "have" if len(changed) > 1 or PLURAL.intersection(changed) else "has"
    return f"{' and '.join(changed)} {verb} changed" if changed else ""


def _quantities_of(root: zarr.Group) -> Settings:
    """Name what a store holds of nodes and filters; one of before these were settings."""
    arrays: Iterator[tuple[str, Any]] = group_at(root, "nodes").arrays()
    of_nodes = [
        name
        for name, array in arrays
        if array.metadata.dimension_names == ("node", "iteration") and name[:5] != "grad_"
    ]
    return {
        STATISTICS: ", ".join(sorted(of_nodes)),
        MEASURES: ", ".join(str(name) for name in read_array(root, f"filters/{MEASURE}")),
    }


def _inserted(old: Recording, new: Recording) -> str:
    """Say what has come between or beside old columns; empty where nothing has."""
    last = old.iterations[-1]
    earlier = new.iterations[new.iterations <= last]
    inserted = earlier[~np.isin(earlier, old.iterations)]
    if len(inserted):
        return f"iteration {inserted[0]} came after {last} was processed"
    late = _first_late(old, new)
    return f"{late[1]} of iteration {late[0]} came late" if late is not None else ""


def _check_nothing_is_lost(old: Recording, new: Recording, source: Source, reason: str) -> None:
    """Refuse to process anew what the store alone still has."""
    for what, (_, removed) in _changed_files(old, new).items():
        if removed:
            raise StoreError(
                f"{source.location}: everything would be processed anew ({reason}), but the {what} "
                f"of {_listed(removed)} removed since they were processed: the store alone still "
                "has them. Process into another store, or put back what was there"
            )


def _first_late(old: Recording, new: Recording) -> tuple[int, str] | None:
    """Find an old iteration that has a snapshot or outcomes now, and had none."""
    _, of_old, of_new = np.intersect1d(
        old.iterations, new.iterations, assume_unique=True, return_indices=True
    )
    for before, now, what in (
        (old.snapshots[of_old], new.snapshots[of_new], "the snapshot"),
        (old.outcomes[of_old], new.outcomes[of_new], "the outcomes"),
    ):
        late = np.flatnonzero((before == 0) & (now != 0))
        if len(late):
            return int(old.iterations[of_old[late[0]]]), what
    return None


def _compare_files(old: Recording, new: Recording, source: Source) -> tuple[Problem, ...]:
    """Name what was rewritten or removed: its columns stay as they were committed."""
    return tuple(
        Problem(
            source.location,
            f"{what} of {_listed(iterations)} {verb} since they were processed; the store keeps "
            "the old values. To process everything again, name another --store",
        )
        for what, found in _changed_files(old, new).items()
        for iterations, verb in zip(found, ("rewritten", "removed"), strict=True)
        if iterations
    )


def _changed_files(old: Recording, new: Recording) -> dict[str, tuple[list[int], list[int]]]:
    """Give the iterations whose snapshots, and whose outcomes, were rewritten and removed."""
    place = {int(iteration): index for index, iteration in enumerate(new.iterations)}
    changed = {}
    for what in ("snapshots", "outcomes"):
        before, now = getattr(old, what), getattr(new, what)
        rewritten: list[int] = []
        removed: list[int] = []
        for index, iteration in enumerate(old.iterations):
            if not before[index]:
                continue
            here = place.get(int(iteration))
            if here is None or not now[here]:
                removed.append(int(iteration))
            elif now[here] != before[index]:
                rewritten.append(int(iteration))
        changed[what] = rewritten, removed
    return changed


def _listed(iterations: Sequence[int]) -> str:
    shown = ", ".join(str(iteration) for iteration in iterations[:5])
    more = f" and {len(iterations) - 5} more" if len(iterations) > 5 else ""
    return f"iteration{'s' if len(iterations) > 1 else ''} {shown}{more} were"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
