"""What is processed: a source with all that follows from its headers alone."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import zarr

from deeptracker.pipeline.clusters import Size, size_of
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.kernels.measuring.histograms import COARSE_EDGES
from deeptracker.pipeline.measures.incidents.find_incidents import INCIDENTS
from deeptracker.pipeline.measures.rules.registry import RULES
from deeptracker.pipeline.planning.blocks import split_weights
from deeptracker.pipeline.planning.changes import (
    Change,
    Recording,
    Settings,
    find_changes,
    recording_of,
    settings_of,
)
from deeptracker.pipeline.planning.network_history import NetworkHistory, stored_history
from deeptracker.pipeline.sources.manifest import Images, Source
from deeptracker.pipeline.store.network_tree import Architecture
from deeptracker.pipeline.store.run_shape import RunShape
from deeptracker.pipeline.store.run_store import SCHEMA_VERSION
from deeptracker.pipeline.store.schema import Schema
from deeptracker.record.log_format import RunDescription, Scalars

__all__ = ["RunInputs"]

SHARED = ("description", "recording", "images", "scalars", "outcome", "cluster_size")


@dataclass(frozen=True)
class RunInputs:
    """A source and a config, and what a store knows that they go on with.

    Attributes
    ----------
    stored : NetworkHistory or None
        The network as far as the store knows it; None where all is processed.
    """

    source: Source
    config: Config
    stored: NetworkHistory | None = None

    def compared(self, root: zarr.Group | None) -> "tuple[Change, RunInputs]":
        """Tell what is new against a store, and give the inputs of a run that adds it.

        Parameters
        ----------
        root : zarr.Group or None
            The store's root; None where nothing was published yet.

        Raises
        ------
        StoreError
            As of `find_changes`.
        """
        if root is None:
            return Change("create"), self
        ours = int(str(root.attrs["deeptracker_schema"])) == SCHEMA_VERSION
        subject = replace(self, stored=stored_history(root) if ours else None)
        for name in SHARED:  # they cost a walk over all iterations
            subject.__dict__[name] = getattr(self, name)
        change = find_changes(
            root,
            subject.recording,
            subject.settings,
            subject.source,
            subject.whole,
            subject.stored,
        )
        return change, subject if change.action in ("append", "nothing") else self

    @cached_property
    def description(self) -> RunDescription:
        """What the log says of itself; its network's name where it says nothing."""
        return self.source.description() or RunDescription(name=self.source.network)

    @cached_property
    def history(self) -> NetworkHistory:
        """Every parameter that the network has had, and when."""
        modules = self.description.modules
        if self.stored is None:
            return NetworkHistory.of(self.source, modules)
        return self.stored.grown(self.source, modules)

    @cached_property
    def architecture(self) -> Architecture:
        """The tree."""
        return self.history.architecture(self.source.network, self.description.modules)

    @cached_property
    def images(self) -> Images | None:
        """The images, where any outcome of them was recorded."""
        return self.source.images() if self.recording.outcomes.any() else None

    @cached_property
    def scalars(self) -> Scalars | None:
        """The recorded scalars."""
        return self.source.scalars()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """A name for every class that a label has."""
        named = self.description.classes
        if self.images is None:
            return named
        count = max(len(named), int(self.images.labels.max(initial=-1)) + 1)
        return (*named, *(f"class {number}" for number in range(len(named), count)))

    @cached_property
    def class_sizes(self) -> np.ndarray:
        """Images of every class: int64 [class_]."""
        labels = self.images.labels if self.images else np.empty(0, np.int32)
        return np.bincount(labels[labels >= 0], minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def recording(self) -> Recording:
        """What was recorded when."""
        return recording_of(self.source)

    @cached_property
    def cluster_size(self) -> Size:
        """The size of the cluster; an existing scheduler is asked once, by a client of its own."""
        return size_of(self.config.cluster)

    def fitted_size(self, nbytes: int) -> Size:
        """Give the size of the cluster for a run that reads so many bytes."""
        fitted = self.config.cluster.fitted(nbytes)
        return self.cluster_size if fitted is self.config.cluster else fitted.size()

    @cached_property
    def split_weights(self) -> int:
        """Weights in a segment, from the memory budget."""
        parameters = self.architecture.parameters
        return split_weights(self.config.block_bytes, self.config.columns_per_chunk, parameters)

    @cached_property
    def outcome(self) -> str:
        """What was recorded beside the predicted class: loss, confidence, or nothing."""
        found = [self.source.outcomes(i) for i in self.source.iterations]
        for name in ("loss", "confidence"):
            if any(file is not None and getattr(file, name) is not None for file in found):
                return name
        return ""

    @cached_property
    def settings(self) -> Settings:
        """Everything that old columns depend on, by a name to blame."""
        settings = settings_of(self.config, self.images, self.classes)
        settings["the kind of outcomes"] = self.outcome
        settings["the setting 'block_bytes'"] = str(self.split_weights)
        return settings

    @cached_property
    def whole(self) -> dict[str, str]:
        """Digests of what is written whole: scalars, findings, and the types of modules."""
        return {
            "scalars_digest": self._scalars_digest(),
            "rules_digest": self._rules_digest(),
            "types_digest": self._types_digest(),
        }

    def _types_digest(self) -> str:
        types = json.dumps([node.type for node in self.architecture.nodes])
        return hashlib.blake2b(types.encode(), digest_size=16).hexdigest()

    def _rules_digest(self) -> str:
        limits = self.config.findings.model_dump(mode="json")
        names = [*sorted(rule.name for rule in RULES), INCIDENTS]
        rules = json.dumps([names, limits], sort_keys=True)
        return hashlib.blake2b(rules.encode(), digest_size=16).hexdigest()

    def _scalars_digest(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        if self.scalars:
            digest.update(self.scalars.iterations.tobytes())
            digest.update(json.dumps(sorted(self.scalars.values)).encode())
            for name in sorted(self.scalars.values):
                digest.update(self.scalars.values[name].tobytes())
        return digest.hexdigest()

    def schema(self, iterations: np.ndarray) -> Schema:
        """Give the arrays of a store with these iterations."""
        key = iterations.tobytes()
        if key not in self._schemas:
            shape = RunShape(
                iterations=len(iterations),
                columns_per_chunk=self.config.columns_per_chunk,
                split_weights=self.split_weights,
                thresholds=len(self.config.thresholds),
                bins=len(COARSE_EDGES) - 1,
                images=len(self.images.labels) if self.images else 0,
                classes=len(self.classes) if self.images else 0,
                outcome=self.outcome,
                levels=self.history.levels,
                made_with=self.history.made_with,
            )
            columns = self.history.columns(iterations)
            self._schemas[key] = Schema(self.architecture, shape, columns)
        return self._schemas[key]

    @cached_property
    def _schemas(self) -> dict[bytes, Schema]:
        """Schemas by their iterations: the forecast's is the run's."""
        return {}
