"""The look of figures: the page's colours, light or dark."""

from dataclasses import dataclass
from typing import Any

import panel as pn
from bokeh.models.annotations import ColorBar

from deeptracker.dashboard.look.theme import (
    CATEGORICAL,
    CATEGORICAL_DARK,
    DARK,
    LIGHT,
    PALETTES,
    PALETTES_DARK,
)
from deeptracker.dashboard.notebook.name_lookup import checked_name

__all__ = ["Look"]

THEMES = ["light", "dark"]


@dataclass(frozen=True)
class Look:
    """Colours of figures.

    Attributes
    ----------
    dark : bool
        Whether they are for a dark page.
    """

    dark: bool = False

    @classmethod
    def of(cls, theme: str | None) -> "Look":
        """Make the look of a theme; None takes Panel's (``pn.extension(theme="dark")``).

        Raises
        ------
        UnknownNameError
            When it is neither light nor dark.
        """
        if theme is None:
            return cls(dark=pn.config.theme == "dark")
        return cls(dark=checked_name(theme, THEMES, "theme") == "dark")

    @property
    def inks(self) -> dict[str, str]:
        """Colours by their use."""
        return DARK if self.dark else LIGHT

    @property
    def series(self) -> tuple[str, ...]:
        """Colours of lines, distinct under any colour vision."""
        return CATEGORICAL_DARK if self.dark else CATEGORICAL

    def palette(self, name: str) -> list[str]:
        """Give the colours of a scale: ``"blues"`` or ``"diverging"``."""
        return list((PALETTES_DARK if self.dark else PALETTES)[name])

    def style(self, plot: Any, _element: Any) -> None:
        """Colour a figure; a hook of HoloViews."""
        inks, figure = self.inks, plot.state
        figure.update(
            background_fill_color=inks["paper"],
            border_fill_color=inks["paper"],
            outline_line_color=inks["line"],
        )
        figure.toolbar.logo = None
        if figure.title is not None:
            figure.title.text_color = inks["ink"]
        for axis in figure.axis:
            axis.update(
                axis_line_color=inks["line"],
                major_tick_line_color=inks["line"],
                minor_tick_line_color=None,
                major_label_text_color=inks["faint"],
                axis_label_text_color=inks["faint"],
                axis_label_text_font_style="normal",
            )
        for grid in figure.grid:
            grid.grid_line_color = inks["grid"]
        for bar in figure.select(ColorBar):
            bar.update(
                background_fill_color=inks["paper"],
                major_label_text_color=inks["faint"],
                title_text_color=inks["faint"],
                bar_line_color=inks["line"],
                major_tick_line_color=inks["line"],
            )
        for legend in figure.legend:
            legend.update(
                background_fill_color=inks["paper"],
                border_line_color=inks["line"],
                label_text_color=inks["ink"],
            )
