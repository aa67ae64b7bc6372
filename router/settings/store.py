"""Where the one Redis is."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from router.types.base import Frozen


class StoreSettings(Frozen):
    """The one Redis. Without a URL a private server is found on the PATH or in the wheel."""

    url: str | None = Field(
        default=None,
        repr=False,
        description="redis://, rediss:// or unix://; signs in a password "
        "percent-encoded (# is %23)",
    )
    namespace: str = Field(
        default="edgeward", pattern=r"^[A-Za-z0-9_.-]+$", description="prefix of every key"
    )
    idle_s: float = Field(
        default=300.0, gt=0, description="the private server stops after this long unused"
    )
    home: Path = Field(
        default=Path("~/.local/share/edgeward"),
        description="where the private server keeps its data",
    )
