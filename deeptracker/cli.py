"""The command line: the only module that uses every package; it imports each on first use."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

try:
    import typer
    from rich.console import Console
except ModuleNotFoundError as missing:  # only the recorder is installed
    sys.exit(
        f"deeptracker: the command line needs {missing.name}; "
        "install everything with: pip install 'deeptracker[app]'"
    )

from deeptracker import __version__
from deeptracker.command_options import (
    ConfigOption,
    FormatOption,
    LogArgument,
    ModelOption,
    ParametersOption,
    PatternOption,
    ReportOption,
    SchedulerOption,
    StorageOption,
    StoreOption,
    TaskLogOption,
    WorkersOption,
)
from deeptracker.command_process import loading
from deeptracker.errors import DeepTrackerError
from deeptracker.time_limits import MOST_DAYS, MOST_HOURS

if TYPE_CHECKING:
    from deeptracker.pipeline.config import Config

__all__ = ["app", "main"]

EXIT_ERROR = 1
EXIT_INCIDENT = 3
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="deeptracker",
    help="See what happens inside a deep network while it trains: "
    "every weight, every validation image, every recorded iteration.",
    epilog="Exit codes: 0 done (or --follow was stopped), 1 an error (see standard error), "
    "2 wrong usage, 3 an incident ('check'), 130 interrupted (commits are intact).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class FailOn(StrEnum):
    """The severities that `check` can fail on."""

    warning = "warning"
    error = "error"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Print a `DeepTrackerError` in one line; other errors keep their traceback."""
    try:
        yield
    except DeepTrackerError as error:
        errors.print(f"[bold red]error:[/] {_escape(str(error))}")
        raise typer.Exit(EXIT_ERROR) from None
    except KeyboardInterrupt:
        errors.print("interrupted: earlier commits are intact; run it again to continue")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"deeptracker {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@dataclass(frozen=True)
class _Chosen:
    """A config file, and what options replace of its settings of the source."""

    file: Path | None
    source: str | None
    pattern: str | None
    parameters: list[str] | None
    model: str | None

    def load(self) -> "Config":
        """Read the file, and replace the settings."""
        from deeptracker.pipeline.config import load_config, with_source

        return with_source(
            load_config(self.file),
            format=self.source,
            pattern=self.pattern,
            parameters=self.parameters or None,
            model=self.model,
        )


@app.command()
def process(
    log: LogArgument,
    store: StoreOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    config: ConfigOption = None,
    source: FormatOption = None,
    pattern: PatternOption = None,
    parameters: ParametersOption = None,
    model: ModelOption = None,
    report: ReportOption = None,
    task_log: TaskLogOption = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress bar and no link.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one JSON object.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep adding new data until Ctrl-C.")
    ] = False,
    poll: Annotated[
        float | None,
        typer.Option(min=0.01, help="With --follow: seconds between two listings of the log."),
    ] = None,
) -> None:
    """Process a training log or checkpoints into a store; run it again to add new data."""
    chosen = _Chosen(config, source, pattern, parameters, model)
    if follow:
        if report:
            raise typer.BadParameter("--report covers one run, --follow makes many; use --log")
        _follow(log, store, chosen, workers, scheduler, poll, task_log, as_json)
        return
    if poll is not None:
        raise typer.BadParameter("--poll needs --follow")
    with _one_line_errors():
        with loading():
            from deeptracker.pipeline import process as process_log
            from deeptracker.pipeline.running.progress import RichProgress, SilentProgress

        progress = SilentProgress() if quiet or as_json else RichProgress()
        summary = process_log(
            log,
            store,
            config=chosen.load(),
            workers=workers,
            scheduler=scheduler,
            progress=progress,
            report=report,
            task_log=task_log,
        )
        if as_json:
            typer.echo(json.dumps(summary.as_dict()))
        else:
            typer.echo(summary.text())


def _follow(
    log: str,
    store: str | None,
    chosen: "_Chosen",
    workers: int | None,
    scheduler: str | None,
    poll: float | None,
    task_log: Path | None,
    as_json: bool,
) -> None:
    """Process new data of a log as it appears; print a line for every commit."""
    with _one_line_errors():
        with loading():
            from deeptracker.pipeline import Summary
            from deeptracker.pipeline import follow as follow_log

        def committed(summary: Summary) -> None:
            line = json.dumps(summary.as_dict()) if as_json else summary.line()
            typer.echo(line)
            sys.stdout.flush()

        follow_log(
            log,
            store,
            config=chosen.load(),
            workers=workers,
            scheduler=scheduler,
            poll_seconds=poll,
            task_log=task_log,
            committed=committed,
            noticed=lambda message: errors.print(f"[bold yellow]notice:[/] {_escape(message)}"),
        )


@app.command()
def plan(
    log: LogArgument,
    store: StoreOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    config: ConfigOption = None,
    source: FormatOption = None,
    pattern: PatternOption = None,
    parameters: ParametersOption = None,
    model: ModelOption = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, help="GB/s that one worker thread measures."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the forecast as one JSON object.")
    ] = False,
) -> None:
    """Forecast what processing reads, writes, holds in memory and takes, without processing."""
    with _one_line_errors():
        with loading():
            from deeptracker.pipeline import plan as plan_log

        forecast = plan_log(
            log,
            store,
            config=_Chosen(config, source, pattern, parameters, model).load(),
            workers=workers,
            scheduler=scheduler,
            rate=rate * 1e9 if rate else None,
        )
        typer.echo(json.dumps(forecast.as_dict()) if as_json else forecast.text())
        forecast.check()


@app.command()
def serve(
    stores: Annotated[list[str], typer.Argument(help="One or more stores.", metavar="STORE...")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes any free one.")
    ] = 5006,
    address: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 accepts other machines.")
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser page.")
    ] = False,
    users: Annotated[
        Path | None, typer.Option(help="Require a name and password of this file; see 'user'.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="HOST[:PORT] in browsers' addresses of this server, behind a proxy."),
    ] = None,
    config: StorageOption = None,
) -> None:
    """Serve the dashboard of one or more stores."""
    with _one_line_errors():
        with loading():
            from deeptracker.dashboard.server.server import serve as serve_stores
            from deeptracker.pipeline.config import load_config

        serve_stores(
            stores,
            port=port,
            address=address,
            open_browser=not no_browser,
            origins=origin or (),
            users=users,
            storage=load_config(config).storage,
        )


@app.command()
def user(
    file: Annotated[Path, typer.Argument(help="The users file; created if it is missing.")],
    name: Annotated[str, typer.Argument(help="The user to add, or to give a new password.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, help="Default: ask for it."
        ),
    ],
) -> None:
    """Add a user who may sign in to 'serve --users FILE'."""
    with _one_line_errors():
        from deeptracker.dashboard.server.users_file import Users

        Users.add(file, name, password)
        typer.echo(f"{file}: {name} may sign in")


@app.command()
def info(
    store: Annotated[str, typer.Argument(help="A processed run.")],
    config: StorageOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Show the contents of a store."""
    with _one_line_errors():
        with loading():
            from deeptracker.pipeline.config import load_config
            from deeptracker.pipeline.summary import describe_store

        description = describe_store(store, load_config(config).storage)
        if as_json:
            typer.echo(json.dumps(description.as_dict()))
        else:
            typer.echo(description.text())


@app.command()
def check(
    store: Annotated[str, typer.Argument(help="A processed run.")],
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 3 where an incident is at least so grave.")
    ] = FailOn.warning,
    config: StorageOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Tell what happened in a training; exit with 3 where something went wrong."""
    with _one_line_errors():
        with loading():
            from deeptracker.pipeline.check import check_store
            from deeptracker.pipeline.config import load_config

        verdict = check_store(store, load_config(config).storage)
        typer.echo(json.dumps(verdict.as_dict()) if as_json else verdict.text())
        if verdict.fails(fail_on.value):
            raise typer.Exit(EXIT_INCIDENT)


@app.command()
def compact(
    store: Annotated[str, typer.Argument(help="A processed run.")],
    grace_hours: Annotated[
        float,
        typer.Option(
            min=1.0,
            max=MOST_HOURS,
            help="Hours for which readers may use a superseded commit.",
        ),
    ] = 24.0,
    keep_days: Annotated[
        float,
        typer.Option(min=0.0, max=MOST_DAYS, help="Also keep the commits of this many days."),
    ] = 0.0,
    config: StorageOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Free the space that older commits and killed runs occupy in a store."""
    with _one_line_errors():
        from datetime import timedelta

        with loading():
            from deeptracker.pipeline.config import load_config
            from deeptracker.pipeline.store.compaction import compact as compact_store

        freed = compact_store(
            store,
            grace=timedelta(hours=grace_hours),
            keep=timedelta(days=keep_days),
            storage=load_config(config).storage,
        )
        if as_json:
            typer.echo(json.dumps(freed.as_dict()))
        else:
            typer.echo(freed.text())


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
