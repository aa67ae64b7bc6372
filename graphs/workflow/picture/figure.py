"""Makes a blank matplotlib figure, without a display; matplotlib is an optional dependency."""

from __future__ import annotations

from typing import Any

from router.errors import ConfigError

DPI = 150


def blank(**options: Any) -> Any:
    """A matplotlib figure that is drawn into memory. Raises ConfigError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            f"a picture needs matplotlib ({error}): pip install 'edgeward[eval]', or leave out "
            "--png"
        ) from None
    figure = Figure(dpi=DPI, **options)
    FigureCanvasAgg(figure)
    return figure
