"""A bot's settings: whole and typed, or refused with the setting's name and what is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.chain import Account
from headwater_agents.bots.brain import make_policy, salt_seed
from headwater_agents.bots.config import BotConfig, BotConfigError, read_config
from headwater_agents.policies import (
    Aggregator,
    Forecaster,
    Keeper,
    LastOutcome,
    ModelForecaster,
    ModelProvider,
    OddsCopier,
    Provider,
)

LEAST = 'role = "{role}"\nname = "me"\nrpc = "http://127.0.0.1:1"\nmanifest = "m.json"\nstate = "me.sqlite"\n'
OWN = """
class Half:
    def __init__(self, weight=0.5):
        self.weight = weight
    def start(self):
        return None
    def learn(self, memory, case, outcome):
        return None
    def forecast(self, memory, case):
        return case.odds
class Neither:
    pass
"""


def settings(folder: Path, more: str = "", role: str = "forecaster") -> BotConfig:
    path = folder / "bot.toml"
    path.write_text(LEAST.format(role=role) + more)
    return read_config(path)


def test_least_settings_stand_beside_sane_defaults_and_paths_are_the_files_own(tmp_path: Path) -> None:
    config = settings(tmp_path)
    assert (config.manifest, config.state) == (tmp_path / "m.json", tmp_path / "me.sqlite")
    assert (config.http.host, config.key.env, config.market.private) == ("127.0.0.1", "HEADWATER_KEY", False)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('colour = "red"', "colour is no setting; accepted: chain, http, key, manifest"),
        ("[chain]\npatients = 3", "[chain] patients is no setting; accepted: confirmations, max_fee, patience"),
        ('series = "1"', "series is '1'; it must be of type int"),
        ("series = true", "series is True; it must be of type int"),
        ("poll = 0.001", "poll is 0.001; accepted: 0.05 to 60"),
        ("[market]\nsuppliers = [1, 1]", "[market] suppliers names an agent twice"),
        ("[market]\nsuppliers = [-1]", "it must be a list of agent ids, integers of 0 or more"),
        ("[market]\nprice = 0", "[market] price is 0; accepted: 1 to"),
        ("[source]\nmember = 12", "[source] member is 12; accepted: 1 to 11"),
        ('[source]\nkind = "snow"', '[source] kind is \'snow\'; accepted: "rain", "none"'),
        ("[http]\nport = 70000", "[http] port is 70000; accepted: 0 to 65535"),
        ("key = 3", "[key] is 3; it must be a table"),
        ("[policy]\nkeep_bps = 20000", "[policy] keep_bps is 20000; accepted: 100 to 10000"),
        ("=", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_accepted(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(BotConfigError) as refused:
        settings(tmp_path, more)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "bot.toml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "me"', "role is missing"),
        (LEAST.format(role="king"), "role is 'king'; accepted: forecaster, provider, aggregator, keeper, resolver"),
        (LEAST.format(role="keeper").replace("http:", "ftp:"), "it must be the http(s) URL of a node"),
        (LEAST.format(role="keeper").replace('"me"', '"m e"'), "name is 'm e'; accepted: letters, digits"),
    ],
)
def test_settings_that_are_not_whole_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bot.toml").write_text(text)
    with pytest.raises(BotConfigError, match=r"bot\.toml") as refused:
        read_config(tmp_path / "bot.toml")
    assert said in str(refused.value)


def test_a_file_for_another_role_is_refused_and_a_missing_file_told(tmp_path: Path) -> None:
    settings(tmp_path, role="keeper")
    with pytest.raises(BotConfigError, match="is for role 'keeper', not 'provider'"):
        read_config(tmp_path / "bot.toml", "provider")
    with pytest.raises(BotConfigError, match="No such file"):
        read_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("role", "more", "kind"),
    [
        ("keeper", "", Keeper),
        ("provider", "", Provider),
        ("aggregator", "[market]\nsuppliers = [0, 4]", Aggregator),
        ("forecaster", "[market]\nsuppliers = [0, 4]", Forecaster),
        ("forecaster", '[policy]\nuse = "odds-copier"', OddsCopier),
        ("forecaster", '[policy]\nuse = "last-outcome"', LastOutcome),
        ("forecaster", '[policy]\nuse = "own.py:Half"', ModelForecaster),
        ("forecaster", '[policy]\nuse = "own.py:Half"\nsettings = { weight = 0.2 }', ModelForecaster),
        ("provider", '[policy]\nuse = "own.py:Half"', ModelProvider),
    ],
)
def test_every_role_gets_the_policy_it_names(tmp_path: Path, role: str, more: str, kind: type) -> None:
    (tmp_path / "own.py").write_text(OWN)
    assert type(make_policy(settings(tmp_path, more, role), outcomes=2, seed=1)) is kind


@pytest.mark.parametrize(
    ("role", "more", "said"),
    [
        ("forecaster", "", "[market] suppliers is empty: a pool needs at least one"),
        (
            "forecaster",
            '[policy]\nuse = "genius"',
            "a forecaster accepts pooled, odds-copier, last-outcome, or file.py",
        ),
        ("provider", '[policy]\nuse = "pooled"', "a provider accepts calibrated"),
        ("forecaster", '[policy]\nuse = "none.py:Half"', "there is no Python file"),
        ("forecaster", '[policy]\nuse = "own.py:Whole"', "there is no class 'Whole'"),
        ("forecaster", '[policy]\nuse = "own.py:Neither"', "has neither forecast(memory, case) nor act(view)"),
        ("forecaster", '[policy]\nuse = "own.py:Half"\nsettings = { wait = 1 }', "settings do not fit own.py:Half"),
        ("aggregator", '[policy]\nuse = "own.py:Half"', "a model is for a forecaster or a provider"),
    ],
)
def test_a_policy_that_cannot_be_made_is_told(tmp_path: Path, role: str, more: str, said: str) -> None:
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(BotConfigError) as refused:
        make_policy(settings(tmp_path, more, role), outcomes=2, seed=1)
    assert said in str(refused.value)


def test_the_secret_of_the_salts_is_the_keys_own_and_comes_back_after_any_loss() -> None:
    arena = "0x" + "11" * 20
    me, you = Account.derive(1, 0), Account.derive(1, 1)
    assert salt_seed(me, 1, arena) == salt_seed(Account.derive(1, 0), 1, arena)
    cases = [(me, 1, arena), (you, 1, arena), (me, 2, arena), (me, 1, "0x" + "22" * 20)]
    seeds = {salt_seed(*case) for case in cases}
    assert len(seeds) == 4
    assert all(2**200 < seed < 2**256 for seed in seeds)
