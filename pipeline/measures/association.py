"""Correlation of classes and layers: rank correlation, with p-values by circular shifts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Association", "associate", "co_occurrence"]

# The shifts of this many classes against every layer fit into a core's cache.
CLASSES_AT_ONCE = 4


@dataclass(frozen=True)
class Association:
    """The correlation of each pair of series, and its significance.

    Attributes
    ----------
    correlation, p_value, q_value : numpy.ndarray
        float32 [class_, layer].
    """

    correlation: np.ndarray
    p_value: np.ndarray
    q_value: np.ndarray


def associate(
    classes: np.ndarray, layers: np.ndarray, known: np.ndarray | None = None
) -> Association:
    """Correlate the ranks of every class's and every layer's series (Spearman's rho).

    Neighbouring iterations resemble each other, so the usual p-value would be far too small. Here
    it is the share of all circular shifts of one series against the other, the unshifted one
    counted in, whose correlation is at least as strong: a shift keeps each series' own
    autocorrelation. The least value possible is 1 over the number of columns. The q-values are
    corrected over all pairs (Benjamini and Hochberg, 1995).

    Parameters
    ----------
    classes : numpy.ndarray
        float [class_, column], without NaN.
    layers : numpy.ndarray
        float [layer, column], without NaN.
    known : numpy.ndarray, optional
        bool [layer, column]: where the network has the layer; all by default. Other columns tell
        nothing of it.

    Returns
    -------
    Association
        A constant series correlates with nothing: 0, with a p-value of 1.
    """
    correlation = np.zeros((len(classes), len(layers)))
    p_value = np.ones_like(correlation)
    for mine, columns in _alike(layers, known):
        if columns.any() and len(classes):
            correlation[:, mine], p_value[:, mine] = _correlated(
                classes[:, columns], layers[np.ix_(mine, columns)]
            )
    return Association(
        np.clip(correlation, -1, 1).astype(np.float32),
        p_value.astype(np.float32),
        _corrected(p_value).astype(np.float32),
    )


def _alike(layers: np.ndarray, known: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Group the layers that are known at the same columns: their places, and bool [column]."""
    if known is None or known.all():
        if len(layers):
            yield np.arange(len(layers)), np.ones(layers.shape[1], bool)
        return
    patterns, group = np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        yield np.flatnonzero(group.ravel() == number), pattern


def _correlated(classes: np.ndarray, layers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the correlations and their p-values, float64 [class_, layer] each."""
    columns = classes.shape[1]
    shape = (len(classes), len(layers))
    length = _fast_length(columns)
    class_waves = np.conj(np.fft.rfft(_standard_ranks(classes), length, axis=1))
    layer_waves = np.fft.rfft(_standard_ranks(layers), length, axis=1)
    correlation = np.empty(shape)
    p_value = np.empty(shape)
    for start in range(0, len(classes), CLASSES_AT_ONCE):
        some = slice(start, start + CLASSES_AT_ONCE)
        waves = class_waves[some, None] * layer_waves[None]
        shifted = _around(np.fft.irfft(waves, length, axis=2), columns)
        correlation[some] = shifted[..., 0]
        # Rounding must not make the unshifted correlation exceed itself.
        stronger = np.abs(shifted) >= np.abs(shifted[..., :1]) - 1e-9
        p_value[some] = stronger.mean(axis=2)
    return correlation, p_value


def _fast_length(columns: int) -> int:
    """Give a length that is fast to transform: the columns, or room for all their shifts.

    A Fourier transform of a length with a large prime factor takes several times as long as one of
    a longer product of small ones.
    """
    rest = columns
    for factor in (2, 3, 5, 7):
        while rest % factor == 0:
            rest //= factor
    if rest == 1:
        return columns
    powers = [3**b * 5**c for b in range(4) for c in range(2)]
    least = 2 * columns - 1
    return min(power << max(0, (-(-least // power) - 1).bit_length()) for power in powers)


def _around(shifted: np.ndarray, columns: int) -> np.ndarray:
    """Fold shifts over zero padding into circular shifts, [..., column]."""
    length = shifted.shape[-1]
    if length == columns:
        return shifted
    around = shifted[..., :columns]
    around[..., 1:] += shifted[..., length - columns + 1 :]
    return around


def _standard_ranks(series: np.ndarray) -> np.ndarray:
    """Rank each series, centre it and give it the length 1; constant ones become 0."""
    ranks = np.stack([_ranks(row) for row in series])
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.linalg.norm(ranks, axis=1, keepdims=True)
    return np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)


def _ranks(row: np.ndarray) -> np.ndarray:
    """Rank values from 1; equal values share the mean of their ranks.

    scipy.stats has this too, but importing it takes a quarter of a short run's time.
    """
    ordered = np.sort(row)
    below, up_to = (np.searchsorted(ordered, row, side) for side in ("left", "right"))
    return (below + up_to + 1) / 2


def _corrected(p_value: np.ndarray) -> np.ndarray:
    """Control the false discovery rate: the least rate at which each pair would be kept."""
    flat = p_value.ravel()
    order = np.argsort(flat)[::-1]
    rates = flat[order] * flat.size / np.arange(flat.size, 0, -1)
    found = np.empty_like(flat)
    found[order] = np.minimum.accumulate(np.minimum(rates, 1))
    return found.reshape(p_value.shape)


def co_occurrence(class_anomalies: np.ndarray, layer_anomalies: np.ndarray) -> np.ndarray:
    """Sum a layer's anomalous filters over the iterations at which a class was anomalous.

    The measure of the class-layer face of Liu et al., arXiv 1808.08531.

    Parameters
    ----------
    class_anomalies : numpy.ndarray
        int [class_, column]: anomalous images.
    layer_anomalies : numpy.ndarray
        int [layer, column]: anomalous filters.

    Returns
    -------
    numpy.ndarray
        float32 [class_, layer].
    """
    anomalous = (class_anomalies > 0).astype(np.float32)
    return anomalous @ layer_anomalies.astype(np.float32).T
