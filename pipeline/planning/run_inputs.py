"""What is processed: a source with all that follows from its headers alone."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deeptracker.pipeline.clusters import Size, size_of
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.kernels.measuring.histograms import COARSE_EDGES
from deeptracker.pipeline.measures.rules.registry import RULES
from deeptracker.pipeline.planning.blocks import split_weights
from deeptracker.pipeline.planning.changes import Recording, Settings, recording_of, settings_of
from deeptracker.pipeline.sources.manifest import Images, Source
from deeptracker.pipeline.store.network_tree import Architecture, architecture_of
from deeptracker.pipeline.store.schema import RunShape, Schema
from deeptracker.record.log_format import RunDescription, Scalars

__all__ = ["RunInputs"]


@dataclass(frozen=True)
class RunInputs:
    """A source and a config."""

    source: Source
    config: Config

    @cached_property
    def description(self) -> RunDescription:
        """What the log says of itself; its network's name where it says nothing."""
        return self.source.description() or RunDescription(name=self.source.network)

    @cached_property
    def architecture(self) -> Architecture:
        """The tree."""
        return architecture_of(
            self.source.parameters, self.source.network, self.description.modules
        )

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
        settings = settings_of(self.config, self.architecture, self.images, self.classes)
        settings["the kind of outcomes"] = self.outcome
        settings["the setting 'block_bytes'"] = str(self.split_weights)
        return settings

    @cached_property
    def whole(self) -> dict[str, str]:
        """Digests of what is always written whole: scalars, and what health rules make of a run."""
        return {"scalars_digest": self._scalars_digest(), "rules_digest": self._rules_digest()}

    def _rules_digest(self) -> str:
        limits = self.config.findings.model_dump(mode="json")
        rules = json.dumps([sorted(rule.name for rule in RULES), limits], sort_keys=True)
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
        if len(iterations) not in self._schemas:
            shape = RunShape(
                iterations=len(iterations),
                columns_per_chunk=self.config.columns_per_chunk,
                split_weights=self.split_weights,
                thresholds=len(self.config.thresholds),
                bins=len(COARSE_EDGES) - 1,
                images=len(self.images.labels) if self.images else 0,
                classes=len(self.classes) if self.images else 0,
                outcome=self.outcome,
            )
            self._schemas[len(iterations)] = Schema(self.architecture, shape)
        return self._schemas[len(iterations)]

    @cached_property
    def _schemas(self) -> dict[int, Schema]:
        """Schemas by their number of iterations: the forecast's is the run's."""
        return {}
