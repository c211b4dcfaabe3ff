"""Joins moves that belong together into incidents."""

from collections.abc import Iterable, Sequence

import numpy as np

from deeptracker.pipeline.measures.finding import Finding
from deeptracker.pipeline.measures.incidents.incident import Incident, Move
from deeptracker.pipeline.measures.incidents.outcome_moves import outcome_moves
from deeptracker.pipeline.measures.incidents.scalar_moves import scalar_moves
from deeptracker.pipeline.measures.incidents.state_moves import state_moves
from deeptracker.pipeline.measures.incidents.training_series import TrainingSeries
from deeptracker.pipeline.measures.incidents.weight_moves import weight_moves
from deeptracker.pipeline.measures.incidents.wording import message_of, title_of

__all__ = ["INCIDENTS", "find_incidents"]

# Raised with what is found: stores that hold what an older version found are concluded again.
INCIDENTS = "incidents 2"

# Moves this many columns after another are its consequence.
NEAR_COLUMNS = 3
SEVERITIES = {"error": 0, "warning": 1, "info": 2}
# One layer leads if its z is so many times that of the second, or few layers moved.
LEADS, FEW_LAYERS, FEW_CLASSES = 2.0, 0.25, 0.34
# What begins this many columns after the first move is no cause of it.
FIRST_COLUMNS = 3


def find_incidents(series: TrainingSeries, findings: Sequence[Finding]) -> list[Incident]:
    """Find the incidents of a training.

    Parameters
    ----------
    findings : sequence of Finding
        Of the health rules.

    Returns
    -------
    list of Incident
        The gravest first: by severity, then by score.
    """
    moves = [*scalar_moves(series), *weight_moves(series), *outcome_moves(series)]
    moves += state_moves(series, findings)
    found = [
        _incident(series, cluster)
        for cluster in _clusters(series.iterations, moves)
        if _is_incident(cluster)
    ]
    return sorted(found, key=lambda one: (SEVERITIES[one.severity], -one.score, one.iteration))


def _clusters(iterations: np.ndarray, moves: Iterable[Move]) -> list[list[Move]]:
    """Cut moves into groups of neighbours in time."""
    clusters: list[list[Move]] = []
    reach, is_over = -1, False
    for move in sorted(moves, key=lambda move: (move.iteration, -move.z)):
        column = int(np.searchsorted(iterations, move.iteration))
        # Behind the first NaN that stays, everything is its consequence.
        if clusters and (column <= reach or is_over):
            clusters[-1].append(move)
        else:
            clusters.append([move])
        until = move.iteration if move.lasts else move.last
        ended = int(np.searchsorted(iterations, until, side="right")) - 1
        reach = max(reach, max(column, ended) + NEAR_COLUMNS)
        is_over |= move.covers
    return clusters


def _is_incident(cluster: Sequence[Move]) -> bool:
    """Whether moves are more than the noise of one series."""
    return any(move.alone for move in cluster) or len({move.evidence for move in cluster}) >= 3


def _incident(series: TrainingSeries, cluster: Sequence[Move]) -> Incident:
    lead = _lead(series, cluster)
    followers = tuple(move for move in cluster if move is not lead)
    severity = min((move.severity for move in cluster), key=SEVERITIES.__getitem__)
    return Incident(
        lead.iteration,
        min(move.iteration for move in cluster),
        max(move.last for move in cluster),
        severity,
        title_of(lead),
        message_of(series, lead, followers),
        lead,
        followers,
        min(max(move.z for move in cluster), 1e6),
    )


def _lead(series: TrainingSeries, cluster: Sequence[Move]) -> Move:
    """Choose what the others follow from: the first of those that can be a cause."""
    layers = sorted((move for move in cluster if move.is_burst), key=lambda move: -move.z)
    classes = {move.name for move in cluster if move.kind == "class_"}
    few_layers = len({move.name for move in layers}) <= FEW_LAYERS * len(series.layers)
    few_classes = len(classes) <= max(1, FEW_CLASSES * len(series.classes))
    ahead = len(layers) == 1 or (len(layers) > 1 and layers[0].z >= LEADS * layers[1].z)
    first = min((move.iteration for move in cluster if move.alone), default=cluster[0].iteration)
    column = int(np.searchsorted(series.iterations, first, side="right")) - 1
    latest = series.iterations[min(column + FIRST_COLUMNS, len(series.iterations) - 1)]

    # Where the weights moved first, classes are lost by it.
    is_shaken = any(move.is_burst and move.alone for move in cluster)

    def rank(move: Move) -> int:
        if move.iteration > latest:
            return 3 if move.kind == "class_" and few_classes and not is_shaken else 5
        if (move.kind, move.evidence) == ("scalar", "schedule"):
            return 0
        state = move.kind == "node" and not move.is_burst and move.alone
        strongest = bool(layers) and move is layers[0] and (ahead or few_layers)
        stays = move.evidence == "training" and move.lasts and not few_classes
        stays &= bool(np.isfinite(move.z))
        if stays:
            return 1
        if move.covers or np.isinf(move.z) or move.kind == "filter" or state or strongest:
            return 2
        return 3 if move.kind == "class_" and few_classes and not is_shaken else 4

    # A scalar that is not finite at the iteration of a weight is computed of it.
    return min(
        cluster,
        key=lambda move: (rank(move), move.iteration, move.evidence != "weights", -move.z),
    )
