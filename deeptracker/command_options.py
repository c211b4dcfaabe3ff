"""The options and arguments that commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "ConfigOption",
    "FormatOption",
    "LogArgument",
    "ModelOption",
    "ParametersOption",
    "PatternOption",
    "ReportOption",
    "SchedulerOption",
    "StorageOption",
    "StoreOption",
    "TaskLogOption",
    "WorkersOption",
]

StorageOption = Annotated[
    Path | None, typer.Option("--config", help="A YAML file; its 'storage' has the settings of S3.")
]
LogArgument = Annotated[str, typer.Argument(help="A training log, or a folder of checkpoints.")]
StoreOption = Annotated[
    str | None, typer.Option(help="The store to write. Default: LOG.dtstore next to the log.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="Worker processes, Slurm jobs or pods. Default: one per core."),
]
SchedulerOption = Annotated[
    str | None, typer.Option(help="An existing Dask scheduler, tcp://HOST:PORT.")
]
ConfigOption = Annotated[Path | None, typer.Option(help="A YAML file; see configs/ for examples.")]
FormatOption = Annotated[
    str | None,
    typer.Option(help="The format to read, such as torch-checkpoints. Default: what fits first."),
]
PatternOption = Annotated[
    str | None,
    typer.Option(help="A regular expression with a group: the iteration in a checkpoint's name."),
]
ParametersOption = Annotated[
    list[str] | None,
    typer.Option(help="Keep the parameters of this glob, or after ! leave them out; repeatable."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(help="Which of several models in a checkpoint: a key, a file or a folder."),
]
ReportOption = Annotated[
    Path | None, typer.Option(help="Write Dask's performance report (HTML); not with --follow.")
]
TaskLogOption = Annotated[
    Path | None,
    typer.Option("--log", help="Append a JSON line for every task that ends, fails or is retried."),
]
