"""Faults of weights: layers and filters that freeze, die, are drawn anew or begin badly; NaN.

They are what AllZero, UnchangedTensor, ExplodingTensor, PoorWeightInitialization and
WeightUpdateRatio of Amazon SageMaker Debugger are for, and DeepFD's weight initialisation.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from planted.fault import EVERYWHERE, Fault, Site, filter_lead, layer_leads, weights_of
from planted.truth import FROM_START, MODEL_KINDS, Truth

__all__ = ["WEIGHT_FAULTS"]


class _AtLayer(Fault):
    """A fault of one layer from an iteration on."""

    lasts = True
    symptoms: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        self.layer_name, self.layer = site.hidden_layer()
        self.truth = Truth(
            self.name,
            self.at,
            leads=layer_leads(self.layer_name),
            evidence=MODEL_KINDS,
            places=(self.layer_name,),
            symptoms=self.symptoms,
            lasts=self.lasts,
            detail={"layer": self.layer_name},
        )

    def parameters(self) -> list[Tensor]:
        """Give the layer's weight and bias."""
        return list(self.layer.parameters())


class _FrozenLayer(_AtLayer):
    name = "frozen_layer"
    symptoms = ("still",)

    def before_step(self, iteration: int) -> None:
        # Without a gradient an optimizer leaves a parameter alone, weight decay and all.
        if iteration >= self.at:
            for parameter in self.parameters():
                parameter.grad = None


class _Unregistered(_AtLayer):
    name = "unregistered"
    symptoms = ("still",)

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.truth = _from_start(self.truth)

    def registered(self) -> Iterable[nn.Parameter]:
        left_out = {id(parameter) for parameter in self.parameters()}
        return [one for one in self.site.model.parameters() if id(one) not in left_out]


class _DeadFilter(_AtLayer):
    """Filters are zeroed and held at zero; a filter's layer counts as the lead too."""

    name = "dead_filter"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        count = len(weights_of(self.layer))
        self.rows = site.random.permutation(count)[: self.number(count)].tolist()
        self.truth = _with_filters(self.truth, self.layer_name, self.rows)

    def number(self, _filters: int) -> int:
        """Give how many filters die."""
        return 1

    @torch.no_grad()
    def after_step(self, iteration: int) -> None:
        if iteration >= self.at:
            for parameter in self.parameters():
                parameter[self.rows] = 0


class _DeadUnits(_DeadFilter):
    name = "dead_units"

    def number(self, filters: int) -> int:
        return max(2, filters // 2)


class _FilterReset(_AtLayer):
    """One filter is drawn anew, larger than usual; its layer counts as the lead too."""

    name = "filter_reset"
    lasts = False

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.row = int(site.random.integers(len(weights_of(self.layer))))
        self.scale = float(site.random.uniform(3, 8))
        self.truth = _with_filters(self.truth, self.layer_name, [self.row], scale=self.scale)

    @torch.no_grad()
    def after_step(self, iteration: int) -> None:
        if iteration == self.at:
            weight = weights_of(self.layer)
            fresh = torch.empty_like(weight[:1])
            nn.init.kaiming_normal_(fresh)
            weight[self.row] = self.scale * fresh[0]


class _LayerReset(_AtLayer):
    name = "layer_reset"
    lasts = False

    def after_step(self, iteration: int) -> None:
        if iteration == self.at:
            self.layer.reset_parameters()  # type: ignore[operator]


class _NanParameter(_AtLayer):
    """One weight becomes NaN.

    The next step spreads it: only a snapshot of the same iteration has the layer. Without one, no
    lead counts as the planted one.
    """

    name = "nan_parameter"
    symptoms = ("not finite",)

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.row = row = int(site.random.integers(len(weights_of(self.layer))))
        self.at -= (self.at % site.task.every) * int(site.random.integers(2))
        is_seen = self.at % site.task.every == 0
        leads = (*self.truth.leads, *filter_lead(self.layer_name, [row])) if is_seen else ()
        self.truth = Truth(
            self.name,
            self.at,
            leads=leads,
            evidence=EVERYWHERE,
            symptoms=self.symptoms,
            detail={**self.truth.detail, "row": row, "snapshot of the iteration": is_seen},
        )

    @torch.no_grad()
    def after_step(self, iteration: int) -> None:
        if iteration == self.at:
            weights_of(self.layer).view(len(weights_of(self.layer)), -1)[self.row, 0] = torch.nan


class _ZeroInitialisation(_AtLayer):
    name = "zero_init"
    factor = 0.0

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.truth = _from_start(self.truth)

    @torch.no_grad()
    def prepare(self) -> None:
        for parameter in self.parameters():
            parameter.mul_(self.factor)


class _HugeInitialisation(_ZeroInitialisation):
    name = "huge_init"
    factor = 50.0


class _WeightDecay(Fault):
    """Every step also shrinks all weights, by far too much."""

    name = "weight_decay"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.at = site.onset()
        self.share = float(site.random.uniform(0.03, 0.1))
        self.truth = Truth(
            self.name, self.at, within=5, evidence=EVERYWHERE, detail={"share a step": self.share}
        )

    @torch.no_grad()
    def after_step(self, iteration: int) -> None:
        if iteration >= self.at:
            for parameter in self.site.model.parameters():
                parameter.mul_(1 - self.share)


def _from_start(truth: Truth) -> Truth:
    return Truth(
        truth.fault,
        from_start=True,
        within=FROM_START,
        leads=truth.leads,
        evidence=truth.evidence,
        places=truth.places,
        symptoms=truth.symptoms,
        detail=truth.detail,
    )


def _with_filters(truth: Truth, layer: str, rows: list[int], **detail: float) -> Truth:
    return Truth(
        truth.fault,
        truth.onset,
        leads=(*filter_lead(layer, rows), *truth.leads),
        evidence=truth.evidence,
        places=truth.places,
        symptoms=truth.symptoms,
        lasts=truth.lasts,
        detail={**truth.detail, "filters": rows, **detail},
    )


WEIGHT_FAULTS = (
    _FrozenLayer,
    _Unregistered,
    _DeadFilter,
    _DeadUnits,
    _FilterReset,
    _LayerReset,
    _NanParameter,
    _ZeroInitialisation,
    _HugeInitialisation,
    _WeightDecay,
)
