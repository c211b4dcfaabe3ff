"""safetensors checkpoints as a source: Hugging Face's Trainer and hub, and many others."""

from deeptracker.pipeline.locations.folder import Folder
from deeptracker.pipeline.sources.checkpoint_folder import (
    CheckpointFolder,
    WeightFiles,
    has_weights,
)
from deeptracker.pipeline.sources.settings import SourceConfig

__all__ = ["LOOKS_LIKE", "index_folder", "recognises"]

LOOKS_LIKE = "a folder of *.safetensors checkpoints"
WEIGHTS = WeightFiles("safetensors files", (".safetensors",))


def recognises(folder: Folder) -> bool:
    """Whether a folder, or one below, holds any safetensors file with weights."""
    return has_weights(folder, WEIGHTS.suffixes)


def index_folder(folder: Folder, settings: SourceConfig) -> CheckpointFolder:
    """Index it."""
    return CheckpointFolder(folder, settings, WEIGHTS)
