"""The lab's units of work: pure functions of plain values, so that any process can run them and any store keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headwater.units import WAD
from headwater_agents.adversaries.registry import make_attack
from headwater_agents.lab.game.play import Play
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.mechanisms.base import LabError


def prepared(setting: Mapping[str, Any], attack: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The setting of both arms: the attack's endowment, and whatever it needs of the world.

    Raises:
        LabError: a setting or a parameter that cannot be, or one that is asked for and that the attack sets otherwise.
    """
    chosen = make_attack(attack, **parameters)
    asked = Setting.from_json(setting)
    both = chosen.setting(asked.with_(endowment=chosen.endowment())).to_json()
    if changed := _changed(setting, asked.to_json(), both):
        own = ", ".join(chosen.parameters())
        raise LabError(f"attack {attack} sets {changed[0]} itself; leave it out, and change its own parameters: {own}")
    return both


def _changed(given: Mapping[str, Any], asked: Mapping[str, Any], got: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Names of given values that are others now; a dot reaches into a part."""
    found: list[str] = []
    for name, value in given.items():
        if isinstance(value, Mapping) and isinstance(asked[name], Mapping) and isinstance(got.get(name), Mapping):
            found += _changed(value, asked[name], got[name], f"{prefix}{name}.")
        elif name not in got or got[name] != asked[name]:
            found.append(prefix + name)
    return found


def honest_arm(*, setting: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Play a prepared setting honestly; the record as plain values."""
    return Play(Setting.from_json(setting), None, seed).run().to_json()


def attack_arm(*, setting: Mapping[str, Any], attack: str, parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Play a prepared setting with the attack; the record as plain values."""
    return Play(Setting.from_json(setting), make_attack(attack, **parameters), seed).run().to_json()


def difference(
    attacked: Mapping[str, Any], honest: Mapping[str, Any], stake_unit: float, *, foresight: bool = False
) -> dict[str, float]:
    """What the attack changed, by one seed. Shares are per unit the coalition staked (`stake_unit` tokens if it staked
    nothing).

    Outcomes' luck is taken off both arms (a control variate with expectation 0, see `Record`), unless the attack acts
    on outcomes it has foreseen: then it is no luck.

    gain: of the coalition, share. forecasters_loss, providers_loss: of honest ones, share. treasury_loss: emission
    beyond honest play's, share. log_loss: nats, positive where the forecast got worse. honest_gas: of all others,
    the keeper that settles and pays out included; coalition_gas: of its own; units, as the chain counts them.
    """
    unit = honest["coalition_stake"] or stake_unit

    def change(party: str, key: str) -> float:
        """Attack arm less honest arm, tokens per unit."""
        arms = [arm[key] - (0.0 if foresight else arm["luck"].get(party, 0.0)) for arm in (attacked, honest)]
        return float(arms[0] - arms[1]) / unit

    def gas(party: str) -> float:
        return float(attacked["gas"].get(party, 0) - honest["gas"].get(party, 0))

    return {
        "gain": change("coalition", "coalition"),
        "forecasters_loss": -change("forecasters", "forecasters"),
        "providers_loss": -change("providers", "providers"),
        "treasury_loss": change("treasury", "emitted"),
        "log_loss": attacked["log_loss"] - honest["log_loss"],
        "honest_gas": gas("honest") + gas("keeper"),
        "coalition_gas": gas("coalition"),
    }


def attack_cell(
    *, attack: str, seed: int, parameters: Mapping[str, Any] | None = None, **setting: Any
) -> dict[str, float]:
    """Both arms of one seed and their difference, with each arm's own figures beside it: a sweep's unit.

    Keywords that are the attack's parameters go to it; a dot reaches into a part of the setting, as in
    "provider.leave_rate" or "mechanism_settings.rent_bps"; all others are the setting's own.
    """
    kind = make_attack(attack)
    known = kind.parameters()
    chosen = {**(parameters or {}), **{name: setting.pop(name) for name in list(setting) if name in known}}
    nested: dict[str, Any] = {}
    for name, value in setting.items():
        part, _, inner = name.partition(".")
        if f"{part}.{inner}" in setting and part in setting:
            raise LabError(f"{part} is set as a whole and in part")
        if inner:
            nested.setdefault(part, {})[inner] = value
        else:
            nested[part] = value
    both = prepared(nested, attack, chosen)
    honest = honest_arm(setting=both, seed=seed)
    attacked = attack_arm(setting=both, attack=attack, parameters=chosen, seed=seed)
    result = difference(attacked, honest, both["stake"] / WAD, foresight=kind.foresight)
    return {**result, "honest_coalition": honest["coalition"], "attack_coalition": attacked["coalition"]}
