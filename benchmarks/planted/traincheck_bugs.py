"""Silent bugs of TrainCheck's public list, made again (OSDI 2025, github.com/OrderLab/TrainCheck).

PT-FORUM-84911: no layer is trained, since the optimizer was given the classifier and only the
normalisations kept their gradients. stackoverflow-60335387: `zero_grad` is never called. AC-2665:
the optimizer was made before a wrapper replaced the parameters, and steps those that nobody reads.
Bugs of several processes or of kernels (BLOOM-176B, DS-1801, PT-115607) need more than one process.
"""

from collections.abc import Iterable

from torch import nn

from planted.fault import EVERYWHERE, Fault, Site
from planted.truth import FROM_START, Truth

__all__ = ["BUG_TASKS", "TRAINCHECK_BUGS"]

# Networks with normalisations, which the first bug needs.
BUG_TASKS = ("resnet", "vit")


class _NothingTrained(Fault):
    symptoms: tuple[str, ...] = ("still", "slow")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.truth = Truth(
            self.name,
            from_start=True,
            within=FROM_START,
            evidence=EVERYWHERE,
            symptoms=self.symptoms,
        )


class _NoTrainableLayers(_NothingTrained):
    name = "PT-FORUM-84911"

    def prepare(self) -> None:
        for module in self.site.model.modules():
            trains = isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(trains)

    def registered(self) -> Iterable[nn.Parameter]:
        return self.site.layers()[-1][1].parameters()


class _NoZeroGrad(_NothingTrained):
    name = "stackoverflow-60335387"
    symptoms = ("rate", "rises", "not finite", "slow", "still", "zero", "class")
    zeroes_gradients = False


class _StaleOptimizer(_NothingTrained):
    name = "AC-2665"

    def registered(self) -> Iterable[nn.Parameter]:
        return [nn.Parameter(one.detach().clone()) for one in self.site.model.parameters()]


TRAINCHECK_BUGS: dict[str, type[Fault]] = {
    bug.name: bug for bug in (_NoTrainableLayers, _NoZeroGrad, _StaleOptimizer)
}
