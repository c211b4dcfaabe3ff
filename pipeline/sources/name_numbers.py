"""The numbers in a checkpoint's name that may count iterations, each with its word."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

__all__ = ["FACTORS", "NameNumber", "Role", "number_of", "numbers_of"]

Role = Literal["step", "checkpoint", "epoch", "stage", ""]
FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}

ROLES: dict[Role, set[str]] = {
    "step": {"step", "steps", "iter", "iters", "iteration", "iterations", "it", "its", "update"}
    | {"updates", "ba", "batch", "batches", "globalstep"},
    "checkpoint": {"checkpoint", "checkpoints", "ckpt", "ckpts", "chkpt", "save", "snapshot"},
    "epoch": {"epoch", "epochs", "ep"},
    "stage": {"stage", "phase"},
}
ROLE_OF = {word: role for role, words in ROLES.items() for word in words}
# Numbers after these words are measures, sizes, versions, places of a cluster, and so on.
NEVER = {"loss", "acc", "accuracy", "error", "err", "auc", "map", "bleu", "ppl", "perplexity", "f"}
NEVER |= {"score", "iou", "wer", "cer", "reward", "return", "mae", "mse", "rmse", "psnr", "fid"}
NEVER |= {"top", "recall", "precision", "lr", "wd", "dice", "metric", "rouge", "seed", "bs"}
NEVER |= {"v", "ver", "version", "torch", "py", "python", "cu", "cuda", "rank", "tp", "pp", "dp"}
NEVER |= {"mp", "cp", "gpu", "node", "worker", "shard", "part", "replica", "process", "size"}
NEVER |= {"tok", "toks", "token", "tokens", "bf", "fp", "float", "int", "uint", "bit", "bits"}

DATE = r"(?<!\d)(?:19|20)\d\d(?P<s>[-_.]?)(?:0[1-9]|1[0-2])(?P=s)(?:0[1-9]|[12]\d|3[01])"
TIME = r"(?:[-_T .]?(?:[01]\d|2[0-3])[-_.:h]?[0-5]\d(?:[-_.:m]?[0-5]\d)?)?(?!\d)"
# What is no number of ours wherever it stands.
MASKS = (
    re.compile(DATE + TIME),
    re.compile(r"(?<!\d)\d+[-_]?of[-_]?\d+"),
    re.compile(r"(?<![a-z])(?:bf|fp|f|float|u?int|q|w|a)(?:2|3|4|5|6|8|16|32|64)(?![a-z\d])"),
    re.compile(r"(?<![a-z])(?:e4m3|e5m2|q\d_(?:k(?:_[sml])?|\d))[a-z]*"),
    re.compile(r"(?<![a-z\d])v?\d+\.\d+(?:\.\d+)+"),
    re.compile(r"(?<!\d)\d+(?:\.\d+)?[kmbt]?[-_]?tok(?:en)?s?(?![a-z])"),
    re.compile(r"rank[-_=]?\d+(?:_\d+)*"),
)
NUMBER = re.compile(r"(?P<digits>\d+)(?P<rest>\.\d+)?(?:(?P<factor>[kmgbt])(?![a-z]))?")
DIGITS = re.compile(r"\d+")
BEFORE = re.compile(r"([a-z]+)[-_=.:# ]{0,2}$")
# Not in 1_step2, where the word belongs to the number behind it.
BEHIND = re.compile(r"[-_ ]?([a-z]+)(?![a-z]|[-_=.:# ]{0,2}\d)")


@dataclass(frozen=True)
class NameNumber:
    """A number in a name.

    Attributes
    ----------
    value : int
    word : str
        The word that it belongs to; empty without one.
    place : int
        How many such numbers stand before it.
    behind : int
        How many numbers of any kind stand before it.
    """

    value: int
    word: str
    place: int
    behind: int

    @property
    def role(self) -> Role:
        """What its word says that it counts."""
        return ROLE_OF.get(self.word, "")


def numbers_of(name: str) -> list[NameNumber]:
    """List the numbers of a name that may count iterations; masks and measures are left out."""
    text = name.lower()
    for mask in MASKS:
        text = mask.sub(lambda match: _masked(text, match), text)  # noqa: B023  # called at once
    found: list[NameNumber] = []
    for match in NUMBER.finditer(text):
        word = _word(text, match)
        value = number_of(match[0])
        is_size = match["factor"] in ("b", "t") and ROLE_OF.get(word, "") == ""
        if word in NEVER or is_size or value is None:
            continue
        behind = len(DIGITS.findall(name[: match.start()]))
        found.append(NameNumber(value, word, len(found), behind))
    return found


def number_of(text: str, factor: Fraction = Fraction(1)) -> int | None:
    """Read a number such as ``10k`` or ``1.5M``, times a factor; None where it is not whole."""
    match = NUMBER.fullmatch(text.lower())
    if match is None or not match["digits"].isascii():
        return None
    digits = match["digits"] + (match["rest"] or "")
    # Longer ones are no numbers of steps, and Python refuses to convert them.
    if len(digits) > 1000:
        return None
    value = Fraction(digits) * FACTORS[match["factor"] or ""] * factor
    # A decimal without a factor is a measure or a version.
    if value.denominator != 1 or (match["rest"] and not match["factor"] and factor == 1):
        return None
    return int(value)


def _masked(text: str, match: re.Match[str]) -> str:
    """Blank out a match, unless it is a date after a word that says it is a step."""
    before = BEFORE.search(text[: match.start()])
    if match[0][0].isdigit() and before and ROLE_OF.get(before[1]) == "step":
        return match[0]
    return " " * len(match[0])


def _word(text: str, match: re.Match[str]) -> str:
    """Give the word before a number, or one behind that says what it counts."""
    before = BEFORE.search(text[: match.start()])
    if before and (before[1] in ROLE_OF or before[1] in NEVER):
        return before[1]
    behind = BEHIND.match(text, match.end())
    if behind and (ROLE_OF.get(behind[1]) in ("step", "epoch") or behind[1] in NEVER):
        return behind[1]
    return before[1] if before else ""
