"""What can be configured about privacy: which labels detectors give, and what may leave how."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from router.types.base import Frozen
from router.types.task import Privacy


class PrivacySettings(Frozen):
    """Labels are raised by what is found in a text, never lowered."""

    detect: bool = Field(
        default=True,
        description="look for personal data and secrets; without it internal tasks stay local",
    )
    redact: bool = Field(
        default=True,
        description="send internal text with placeholders for what was found, and put the values "
        "back into the answer; without it internal tasks stay local",
    )
    found: dict[str, Privacy] = Field(
        default_factory=dict,
        description="label of a text by what is found in it, over the shipped table (secrets are "
        "local_only, personal data internal): {email: public}",
    )
    patterns: dict[str, str] = Field(
        default_factory=dict,
        description="regular expressions of your own, by name; what they find is local_only unless "
        "`found` says otherwise",
    )
    folders: dict[Path, Privacy] = Field(
        default_factory=dict,
        description="label of the files in a folder, and of a text that names one of them",
    )

    @field_validator("folders")
    @classmethod
    def _expand(cls, folders: dict[Path, Privacy]) -> dict[Path, Privacy]:
        return {folder.expanduser(): label for folder, label in folders.items()}
