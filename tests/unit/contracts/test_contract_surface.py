"""What holds for all contracts: they fit on a chain, and no reason to refuse goes untested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import World
from headwater.chain import MAX_RUNTIME_SIZE, contracts_folder, load
from headwater.chain.system import CONTRACTS
from headwater.covenant import COVENANTS
from headwater.deals.addresses import DEALS
from headwater.identity import REGISTRIES
from identity_cases import new_town

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", CONTRACTS + REGISTRIES)
def test_no_contract_is_larger_than_a_chain_takes(world: World, name: str) -> None:
    places = {**world.system.addresses.by_name(), **new_town(world).registries.addresses.by_name()}
    size = len(world.backend.code_at(places[name]))
    assert size == load(name).runtime_size
    assert 0 < size <= MAX_RUNTIME_SIZE == 24_576


@pytest.mark.parametrize("name", CONTRACTS + REGISTRIES + COVENANTS + DEALS)
def test_every_reason_to_refuse_is_expected_by_a_test(name: str) -> None:
    source = (contracts_folder() / f"{name}.vy").read_text()
    rooms = "token|treasury|vault|cascade|arena|identity|reputation|validation|grounds|registry|vote|court|deals"
    reasons = set(re.findall(rf'"((?:{rooms}): [^"]+)"', source))
    tests = "\n".join(path.read_text() for path in HERE.rglob("test_*.py") if path != Path(__file__))
    assert reasons
    assert {reason for reason in reasons if f'"{reason}"' not in tests} == set()


@pytest.mark.parametrize("name", CONTRACTS + REGISTRIES + COVENANTS + DEALS)
def test_no_contract_takes_ether(world: World, name: str) -> None:
    assert not any(entry.get("stateMutability") == "payable" for entry in load(name).abi)
