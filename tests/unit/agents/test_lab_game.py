"""Plays: who sits where, what is the same in both arms, and that money balances whatever is played."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from headwater.units import BPS, WAD
from headwater_agents.adversaries import Attack, Bid
from headwater_agents.adversaries.registry import attacks, make_attack
from headwater_agents.lab.game.play import Play
from headwater_agents.lab.game.seats import seat, supplier_lists
from headwater_agents.lab.game.setting import Endowment, Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms import LabError, Split, names
from headwater_agents.trial.units import attack_cell, honest_arm, prepared

SHORT: dict[str, Any] = {"questions": 12, "warm_up": 4}
FULL = Endowment(forecasters=2, aggregators=1, providers=2)


def table(attack: Attack | None = None, seed: int = 1, **changes: Any) -> Table:
    return Play(Setting.from_json({**SHORT, **changes}), attack, seed)


# ------------------------------------------------------------ settings and seats


def test_a_setting_survives_json() -> None:
    setting = Setting(world="rain", world_settings={"stride": 1}, endowment=FULL, side="noisy")
    assert Setting.from_json(setting.to_json()) == setting


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"world": "moon"}, "unknown world 'moon'"),
        ({"colour": 1}, "setting has no colour; it takes: world"),
        ({"provider": {"hope": 1}}, "provider has no hope"),
        ({"endowment": {"stake_share": 1.0}}, "stake_share"),
        ({"side": "dice"}, "side must be one of"),
        ({"questions": 0}, "questions"),
        ({"providers": 2}, "4 honest providers"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        Setting.from_json(changes)


def test_a_world_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LabError, match="world rain has no moon; it takes: stride"):
        Setting(world="rain", world_settings={"moon": 1}).make_world()


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6])
def test_the_coalition_holds_its_share_of_all_stake(share: float) -> None:
    setting = Setting(endowment=Endowment(stake_share=share, forecasters=3))
    mine = 3 * setting.coalition_stake()
    assert mine / (mine + setting.forecasters * setting.stake) == pytest.approx(share, abs=1e-4)


def test_everybody_buys_from_somebody_above_them_and_the_coalition_is_sold_to_honest_buyers() -> None:
    lists = supplier_lists(Setting(endowment=FULL))
    honest = [name for name in lists if not name.startswith("coalition-")]
    for kind in ("coalition-provider-1", "coalition-provider-2", "coalition-aggregator-1"):
        assert any(kind in lists[name] for name in honest)
    assert all(not supplier.startswith("forecaster") for suppliers in lists.values() for supplier in suppliers)
    assert all(len(set(suppliers)) == len(suppliers) for suppliers in lists.values())


def test_only_the_coalitions_providers_are_of_its_quality() -> None:
    seats = seat(Setting(endowment=Endowment(providers=1, quality=0.3)), {})
    assert {each.quality for name, each in seats.providers.items() if name not in seats.coalition} == {1.0}
    assert seats.providers["coalition-provider-1"].quality == 0.3


# ------------------------------------------------------------ plays


def test_a_seed_gives_one_record() -> None:
    assert table().run().to_json() == table().run().to_json()
    assert table().run().to_json() != table(seed=2).run().to_json()


@pytest.mark.parametrize("mechanism", names())
def test_money_balances_on_every_mechanism(mechanism: str) -> None:
    record = table(mechanism=mechanism, endowment=FULL).run()
    spent = 12 * 10 * 0.5  # at most: ten providers at full effort
    left = record.emitted - record.unclaimed - (record.coalition + record.forecasters + record.providers)
    assert 0 <= left <= spent
    assert 0 <= record.unclaimed < 1e-12


def test_the_last_forecaster_enters_late_and_plays() -> None:
    played = table(questions=30)
    played.run()
    assert played.seats.forecasters["forecaster-4"].enters == 4 + 10
    assert played.mechanism.wealth("forecaster-4") != played.mechanism.brought_in("forecaster-4")


@dataclass(kw_only=True)
class Miser(Attack):
    """Names nobody; sees what the table shows."""

    name: ClassVar[str] = "miser"
    seen_outcomes: list[int | None] = field(default_factory=list)

    def endowment(self) -> Endowment:
        return Endowment(forecasters=1)

    def split(self, table: Table, name: str, honest: Split) -> Split:
        return Split(BPS, ())

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        self.seen_outcomes.append(table.outcome)
        return honest


def test_sellers_leave_a_buyer_that_pays_nothing_and_no_other() -> None:
    watchful = table(Miser(), questions=40, provider={"leave_rate": 1.0}, credit="equal")
    record = watchful.run()
    assert record.departures == 4
    assert not record.refusals
    assert watchful.heard("coalition-forecaster-1") == {}
    assert all(watchful.heard(f"forecaster-{number}") for number in (1, 2, 3))
    assert table(Miser(), questions=40, provider={"leave_rate": 0.0}).run().departures == 0


def test_nobody_is_shown_the_outcome_before_wagers_close() -> None:
    miser = Miser()
    table(miser).run()
    assert miser.seen_outcomes
    assert set(miser.seen_outcomes) == {None}


def test_refused_moves_are_counted_and_change_nothing_else() -> None:
    class Dreamer(Attack):
        def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
            return [*honest, Bid("coalition-forecaster-1", (WAD // 2, WAD // 2), 10**9 * WAD)]

    dreamt, played = table(Dreamer()).run(), table().run()
    assert sum(dreamt.refusals.values()) == 12
    assert dreamt.coalition == played.coalition


def test_honest_arms_are_shared_by_attacks_with_one_endowment() -> None:
    one = prepared(SHORT, "nothing", {})
    two = prepared(SHORT, "skim", {"fraction": 0.7})
    assert one == two
    assert honest_arm(setting=one, seed=3) == honest_arm(setting=two, seed=3)


def test_rain_plays_too_and_knows_no_true_odds() -> None:
    record = table(world="rain").run()
    assert record.luck == {}
    assert 0 < record.log_loss < 1


def test_both_chains_give_the_same_record_but_for_gas() -> None:
    short = {"questions": 4, "warm_up": 2, "forecasters": 2, "aggregators": 1, "providers": 4}
    records = [
        table(**{**short, "mechanism_settings": {"chain": chain}}).run().to_json() for chain in ("tester", "revm")
    ]
    for record in records:
        del record["gas"]
    assert records[0] == records[1]


# ------------------------------------------------------------ attacks by name


def test_every_attack_says_what_it_is_after_and_where_it_was_seen() -> None:
    for name, kind in attacks().items():
        assert name == kind.name
        assert len(kind.goal) > 10, name
        assert len(kind.seen) > 10, name
        assert set(kind.ranges) <= set(kind.parameters()), name
        assert kind.only <= set(names()), name


def test_unknown_attacks_and_parameters_are_refused() -> None:
    with pytest.raises(LabError, match=r"there is no attack 'skimm'; there are .*skim"):
        make_attack("skimm")
    with pytest.raises(LabError, match=r"attack skim has no fractions; it takes: .*fraction"):
        make_attack("skim", fractions=1)


def test_a_cell_takes_dotted_settings() -> None:
    cell = attack_cell(attack="skim", seed=1, fraction=0.5, **{**SHORT, "provider.leave_rate": 0.0})
    assert cell["gain"] == pytest.approx((cell["attack_coalition"] - cell["honest_coalition"]) / 10_000, abs=0.2)
    with pytest.raises(LabError, match="provider has no hope"):
        attack_cell(attack="skim", seed=1, **{**SHORT, "provider.hope": 0.0})


@pytest.mark.parametrize("share", [-0.1, 0.00009, 0.951, 1.0, float("nan")])
def test_a_coalition_holds_nothing_or_a_share_that_leaves_a_game(share: float) -> None:
    with pytest.raises(LabError, match=r"stake_share is .*; it must be 0, or 0\.0001 to 0\.95"):
        Endowment(stake_share=share)
    assert [Setting(endowment=Endowment(stake_share=edge)).coalition_stake() > 0 for edge in (0.0, 0.0001, 0.95)] == [
        False,
        True,
        True,
    ]


def test_a_cell_refuses_what_its_attack_sets_otherwise_and_parts_beside_a_whole() -> None:
    with pytest.raises(LabError, match=r"last-outcome sets world_settings\.persistence itself; .*overlap"):
        attack_cell(attack="last-outcome", seed=1, **{**SHORT, "world_settings.persistence": 0.1})
    with pytest.raises(LabError, match=r"skim sets endowment\.forecasters itself"):
        attack_cell(attack="skim", seed=1, **{**SHORT, "endowment.forecasters": 3})
    with pytest.raises(LabError, match="provider is set as a whole and in part"):
        attack_cell(attack="skim", seed=1, **{**SHORT, "provider": {}, "provider.cost": 1})


def test_a_stride_below_a_day_is_refused() -> None:
    with pytest.raises(LabError, match="stride is 0; it must be at least 1 day"):
        Setting(world="rain", world_settings={"stride": 0}).make_world()


def test_reports_that_are_withheld_are_no_part_of_the_forecast() -> None:
    class Silent(Attack):
        def reveals(self, table: Table, bid: Bid) -> bool:
            return False

    class Absent(Attack):
        def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
            return []

    silent, absent, present = (table(attack).run().losses[0] for attack in (Silent(), Absent(), None))
    assert silent == absent != present
