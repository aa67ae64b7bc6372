"""The router's expected scores: the shipped ones, corrected by the newest learned version."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from router.classify.gain import PRIORS, WEIGHTS, ExpectedScores, Gains, shipped_gains
from router.classify.signals import Signals
from router.errors import ConfigError
from router.learned.posterior import PRIOR_WEIGHT, Place, Posterior, length_of
from router.learned.version import Version
from router.learned.versions import Versions
from router.policy.ability import WEIGHTS as ABILITIES
from router.policy.ability import moved, shipped_abilities
from router.policy.cloud_tier import tier_of
from router.settings.settings import Settings
from router.types.decision import Guess, Kind

LOOK_EVERY_S = 5.0
"""How often a process looks for a newer version: it lists a small folder."""

log = structlog.get_logger()


class LearnedGains:
    """Follows the newest version of a home. What cannot be read changes nothing.

    cloud_model: whose outcomes count for the cloud.
    """

    def __init__(self, versions: Versions, shipped: Gains, cloud_model: str) -> None:
        self._versions = versions
        self._shipped = shipped
        self._cloud_model = cloud_model
        self._posterior = Posterior()
        self._stamp = (0, 0)
        self._look_at = 0.0
        self.version = 0
        self._refresh()

    def expected(self, guess: Guess, signals: Signals, model: str) -> ExpectedScores:
        """As shipped, plus what outcomes of this kind, model and length say. Never raises."""
        if time.monotonic() >= self._look_at:
            self._refresh()
        shipped = self._shipped.expected(guess, signals, model)
        kind, length, posterior = guess.kind.value, length_of(signals.chars), self._posterior
        here = Place("local", kind, model, length)
        there = Place("cloud", kind, self._cloud_model, length)
        local = round(posterior.score(here, shipped.local), 4)
        cloud = round(posterior.score(there, shipped.cloud), 4)
        return ExpectedScores(
            local=local,
            cloud=cloud,
            outcomes=posterior.outcomes(here) + posterior.outcomes(there),
            learned_local=round(local - shipped.local, 4),
            learned_cloud=round(cloud - shipped.cloud, 4),
        )

    def _refresh(self) -> None:
        self._look_at = time.monotonic() + LOOK_EVERY_S
        try:
            stamp = self._versions.stamp()
            if stamp == self._stamp:
                return
            self._stamp = stamp
            version = self._versions.newest()
        except ConfigError as error:
            log.warning("learned.unreadable", error=str(error))
            return
        self.version = version.number if version else 0
        self._posterior = posterior_of(version)


def posterior_of(version: Version | None) -> Posterior:
    """A version's posterior over this program's shipped figures.

    If it was learned over other figures, its weight is at most the prior's: the new figures may
    already include part of it.
    """
    if version is None:
        return Posterior()
    posterior = version.posterior()
    if version.shipped != shipped_fingerprint():
        posterior.fade(PRIOR_WEIGHT)
    return posterior


def shipped_fingerprint() -> str:
    """Of the shipped figures: residuals are set against them."""
    priors = repr(sorted(PRIORS.items()))
    figures = WEIGHTS.read_bytes() + ABILITIES.read_bytes() + priors.encode()
    return hashlib.sha256(figures).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class TieredGains:
    """The shipped expectations where the cloud's model is less than the frontier models that were
    measured. below: log-odds by kind."""

    frontier: Gains
    below: Mapping[Kind, float]

    def expected(self, guess: Guess, signals: Signals, model: str) -> ExpectedScores:
        scores = self.frontier.expected(guess, signals, model)
        return replace(scores, cloud=round(moved(scores.cloud, self.below[guess.kind]), 4))


def _with_tier(cloud_model: str) -> Gains:
    tier = tier_of(cloud_model)
    if tier is None or tier == "large":
        return shipped_gains()
    return TieredGains(shipped_gains(), shipped_abilities().tier(tier))


def gains_of(settings: Settings, cloud_model: str) -> Gains:
    """The expectations that a configuration routes by. Raises ConfigError for a broken package."""
    shipped = _with_tier(cloud_model)
    if not settings.learning.use:
        return shipped
    return LearnedGains(Versions(settings.store.home.expanduser()), shipped, cloud_model)
