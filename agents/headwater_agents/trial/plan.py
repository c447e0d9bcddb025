"""What a trial plays: every attack in every world on every mechanism, and the honest plays they are held against."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from headwater.chain import HeadwaterError
from headwater.units import WAD
from headwater_agents.adversaries.registry import make_attack
from headwater_agents.lab.campaign.unit import Unit, canonical_json
from headwater_agents.lab.game.setting import STAKE_SHARES, Setting
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.mechanisms.registry import make
from headwater_agents.lab.values import check_value
from headwater_agents.trial.cases import Case, cases_of
from headwater_agents.trial.changes import Changes, sort_changes
from headwater_agents.trial.errors import TrialError
from headwater_agents.trial.units import prepared

MAX_PLAYS: Final = 1_000_000
"""More is a slip of the pen."""

LEAST_SEARCH: Final = 8
"""Fewest sets of parameters that a search accepts."""

_HONEST: Final = "headwater_agents.trial.units:honest_arm"
_ATTACK: Final = "headwater_agents.trial.units:attack_arm"
_OWN_CHAIN: Final = "headwater"
_CHAINS: Final = ("revm", "tester")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What is asked for.

    Attributes:
        attacks: names, as `cases_of` takes them.
        worlds, mechanisms: names; a mechanism may be "path.py:ClassName".
        seeds: 1 to this.
        rounds: questions that are scored.
        chain: that Headwater's contracts run on, as `HeadwaterMechanism` takes it.
        stake_shares: of the coalition, each tried with every attack; none leaves attacks their own.
        changes: values by name, as `sort_changes` takes them.
        variants: attacks' variants are played beside their defaults.
        adapt: sets of parameters that an adaptive attacker tries for every attack before it is judged; 0 for none.
    """

    attacks: tuple[str, ...]
    worlds: tuple[str, ...] = ("synthetic",)
    mechanisms: tuple[str, ...] = (_OWN_CHAIN,)
    seeds: int = 40
    rounds: int = 150
    chain: str = "revm"
    stake_shares: tuple[float, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    variants: bool = True
    adapt: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "changes": dict(self.changes)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """An attack in a world on a mechanism.

    Attributes:
        case, world, mechanism: which.
        parameters: of the attack, those not left at their defaults.
        stake_share: of the coalition.
        setting: of both arms, plain values; None where the attack makes no sense against the mechanism.
        foresight: see `Attack.foresight`.
    """

    case: Case
    world: str
    mechanism: str
    parameters: Mapping[str, Any]
    stake_share: float
    setting: Mapping[str, Any] | None
    foresight: bool

    @property
    def stake_unit(self) -> float:
        """Tokens that stand for a coalition's stake where it has none."""
        return float((self.setting or {})["stake"]) / WAD

    def honest(self, seed: int) -> Unit:
        """The honest play; cells of equal settings share it."""
        return Unit(f"honest {self._setting_id()} seed={seed}", _HONEST, {"setting": self.setting, "seed": seed})

    def attacked(self, seed: int) -> Unit:
        """The play under attack."""
        key = f"{self.case.label} {self.world} {self.mechanism} {self._setting_id()} seed={seed}"
        args = {"setting": self.setting, "attack": self.case.attack, "parameters": dict(self.parameters), "seed": seed}
        return Unit(key, _ATTACK, args)

    def _setting_id(self) -> str:
        return hashlib.sha256(canonical_json(self.setting, "a setting").encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Plan:
    """A trial and its cells, in the order of tables: mechanisms, worlds, attacks, stakes."""

    trial: Trial
    cells: tuple[Cell, ...]

    @property
    def seeds(self) -> range:
        """Seeds of every cell."""
        return range(1, self.trial.seeds + 1)

    def units(self) -> list[Unit]:
        """Every play, once: those of a seed before those of the next, so that a run broken off has whole seeds."""
        found: dict[str, Unit] = {}
        for seed in self.seeds:
            for cell in self.cells:
                if cell.setting is not None:
                    for unit in (cell.honest(seed), cell.attacked(seed)):
                        found.setdefault(unit.key, unit)
        return list(found.values())


def plan(trial: Trial, adapted: Mapping[str, Mapping[str, Any]] | None = None) -> Plan:
    """The cells of a trial, all of them known to be playable as far as that can be told without playing.

    Args:
        trial: what is asked for.
        adapted: parameters by attack that are played besides, as "name/adapted".

    Raises:
        TrialError: names, parameters or settings that nothing takes; nothing to play; too much.
    """
    if not trial.attacks or not trial.worlds or not trial.mechanisms or trial.seeds < 1:
        raise TrialError("a trial needs an attack, a world, a mechanism and a seed")
    if 0 < trial.adapt < LEAST_SEARCH:
        raise TrialError(f"a search needs at least {LEAST_SEARCH} sets of parameters to try, not {trial.adapt}")
    _check_once(trial)
    changes = changes_of(trial)
    try:
        cells = tuple(_cells(trial, changes, adapted or {}))
        _check(cells)
    except (HeadwaterError, TypeError) as error:
        raise error if isinstance(error, TrialError) else TrialError(str(error)) from error
    if all(cell.setting is None for cell in cells):
        raise TrialError(f"none of {', '.join(trial.attacks)} makes sense against {', '.join(trial.mechanisms)}")
    if (plays := 2 * len(cells) * trial.seeds) > MAX_PLAYS:
        raise TrialError(f"the trial has up to {plays:,} plays; at most {MAX_PLAYS:,} are accepted")
    return Plan(trial, cells)


def changes_of(trial: Trial) -> Changes:
    """The trial's changes, sorted. Raises TrialError."""
    return sort_changes(trial.changes, trial.attacks, trial.worlds, trial.mechanisms)


def _check_once(trial: Trial) -> None:
    for what, values in (("mechanism", trial.mechanisms), ("world", trial.worlds), ("stake share", trial.stake_shares)):
        if len(set(values)) < len(values):
            raise TrialError(f"a {what} is given twice: {', '.join(map(str, values))}")
    low, high = STAKE_SHARES
    if wrong := [share for share in trial.stake_shares if not low <= share <= high]:
        raise TrialError(f"stake share {wrong[0]:g} must be {low} to {high}, such as 0.2")


def _cells(trial: Trial, changes: Changes, adapted: Mapping[str, Mapping[str, Any]]) -> Iterator[Cell]:
    cases = cases_of(trial.attacks, changes.attacks, variants=trial.variants, adapted=adapted)
    for mechanism in trial.mechanisms:
        for world in trial.worlds:
            base = base_setting(trial, changes, world, mechanism)
            for case in cases:
                for given in _stakes(trial, case):
                    yield _cell(base, case, world, mechanism, given)


def base_setting(trial: Trial, changes: Changes, world: str, mechanism: str) -> dict[str, Any]:
    """Plain values of the setting that attacks add their own needs to. Raises LabError."""
    plain = {**changes.setting, "world": world, "mechanism": mechanism, "questions": trial.rounds}
    for name in ("world_settings", "mechanism_settings"):
        check_value(f"setting: {name}", plain.get(name, {}), {})
    worlds = {**plain.get("world_settings", {}), **changes.worlds.get(world, {})}
    mechanisms = {**plain.get("mechanism_settings", {}), **changes.mechanisms.get(mechanism, {})}
    if mechanism == _OWN_CHAIN and trial.chain != "revm":
        mechanisms["chain"] = trial.chain
    return {**plain, "world_settings": worlds, "mechanism_settings": mechanisms}


def _stakes(trial: Trial, case: Case) -> Iterator[dict[str, Any]]:
    if not trial.stake_shares:
        yield dict(case.given)
    for share in trial.stake_shares:
        yield {**case.given, "stake_share": share}


def _cell(base: Mapping[str, Any], case: Case, world: str, mechanism: str, given: dict[str, Any]) -> Cell:
    only = case.kind.only
    made = make_attack(case.attack, **given)
    return Cell(
        case=case,
        world=world,
        mechanism=mechanism,
        parameters=given,
        stake_share=made.stake_share,
        setting=None if only and mechanism not in only else prepared(base, case.attack, given),
        foresight=made.foresight,
    )


def _check(cells: tuple[Cell, ...]) -> None:
    """Make every world and mechanism once, so that a setting they do not take is found now. Raises LabError."""
    seen: set[str] = set()
    for cell in cells:
        if cell.setting is None:
            continue
        setting = Setting.from_json(cell.setting)
        parts = (cell.world, dict(setting.world_settings), cell.mechanism, dict(setting.mechanism_settings))
        identity = repr(parts)
        if identity not in seen:
            seen.add(identity)
            setting.make_world()
            settings = dict(setting.mechanism_settings)
            if cell.mechanism == _OWN_CHAIN and (chain := settings.pop("chain", "revm")) not in _CHAINS:
                raise LabError(f"{_OWN_CHAIN}: chain is {chain!r}; accepted: {', '.join(_CHAINS)}")
            if cell.mechanism == _OWN_CHAIN and "sides" in settings:
                raise LabError(f"{_OWN_CHAIN}: sides follows from the setting's side; set that")
            if cell.mechanism != _OWN_CHAIN or settings:
                make(cell.mechanism, **settings)
