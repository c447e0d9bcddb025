"""The embedded chain: transactions a second beside web3 with eth-tester in the same run, and questions a second.

Both send the same ERC-20 transfer of the same bytecode on py-evm, one block each, and both look at the receipt. Ours
signs, sends, checks and decodes events; web3 goes through EthereumTesterProvider, with a fixed gas limit so that it
does not estimate.

    python -m bench.bench_chain [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from headwater.chain import deploy, load
from headwater.chain.tester import EmbeddedBackend
from headwater_agents.lab.rain import load_rain
from headwater_agents.runner.journal import Journal
from headwater_agents.runner.season import play_season
from headwater_agents.runner.stage import SeasonConfig


def _ours(calls: int) -> float:
    backend = EmbeddedBackend(seed=3)
    owner, other = backend.dev_accounts(2)
    token, _ = deploy(backend, load("HeadwaterToken"), other.address, 2**90, owner.address, 2**80, sender=owner)
    token.send("transfer", other.address, 1, sender=owner)
    start = time.perf_counter()
    for _ in range(calls):
        token.send("transfer", other.address, 1, sender=owner)
    return calls / (time.perf_counter() - start)


def _web3(calls: int) -> float:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from eth_tester import EthereumTester, PyEVMBackend
        from web3 import EthereumTesterProvider, Web3
    parameters = PyEVMBackend.generate_genesis_params({"gas_limit": 60_000_000})
    chain = EthereumTester(PyEVMBackend(genesis_parameters=parameters))
    web3 = Web3(EthereumTesterProvider(chain))
    accounts: Any = web3.eth.accounts
    owner, other = accounts[:2]
    artifact = load("HeadwaterToken")
    factory = web3.eth.contract(abi=list(artifact.abi), bytecode=artifact.bytecode)
    sent = factory.constructor(other, 2**90, owner, 2**80).transact({"from": owner, "gas": 5_000_000})
    address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
    token = web3.eth.contract(address=address, abi=list(artifact.abi))
    token.functions.transfer(other, 1).transact({"from": owner, "gas": 200_000})
    start = time.perf_counter()
    for _ in range(calls):
        hash_ = token.functions.transfer(other, 1).transact({"from": owner, "gas": 200_000})
        assert web3.eth.get_transaction_receipt(hash_)["status"] == 1
    return calls / (time.perf_counter() - start)


def run(quick: bool) -> dict[str, Any]:
    """Calls a second of both, their ratio, and questions a second of a season without the report."""
    calls = 100 if quick else 400
    ours, peer = _ours(calls), _web3(calls)
    questions = 40 if quick else 120
    world = load_rain().window(questions)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        season = play_season(EmbeddedBackend(seed=1), world, SeasonConfig(), Journal(Path(folder) / "journal.sqlite"))
        seconds = time.perf_counter() - start
    transactions = sum(len(spent) for spent in season.stage.gas.values())
    return {
        "calls_per_second": ours,
        "web3_eth_tester_calls_per_second": peer,
        "ratio": ours / peer,
        "questions": questions,
        "questions_per_second": questions / seconds,
        "transactions": transactions,
        "transactions_per_second": transactions / seconds,
    }


def table(figures: dict[str, Any]) -> str:
    """The figures as text."""
    return (
        f"ERC-20 transfers a second, py-evm: ours {figures['calls_per_second']:.0f}, "
        f"web3 with eth-tester {figures['web3_eth_tester_calls_per_second']:.0f}, ratio {figures['ratio']:.1f}\n"
        f"season of {figures['questions']} questions: {figures['questions_per_second']:.1f} questions a second "
        f"({figures['transactions']} transactions, {figures['transactions_per_second']:.0f} a second, all included)"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.bench_chain", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    print(table(run(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
