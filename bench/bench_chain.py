"""The chains in this process beside web3 with eth-tester, and the client beside a bare pyrevm loop, in the same run.

Transfers: all send the same ERC-20 transfer of the same bytecode, one block each, and look at the receipt. Ours signs
(on py-evm), sends and checks; web3 goes through EthereumTesterProvider, with a fixed gas limit so that it does not
estimate. Lifecycle: questions from open to pull through the client, on both chains, and the same calldata in a loop
that does nothing but feed pyrevm (see `lifecycle`). Season: all of `headwater run` but its report. Rates of revm are
the best of several, client and bare loop in turns.

    python -m bench.bench_chain [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.lifecycle import beside_bare, rate
from headwater.chain import Backend, connect, deploy, load, local_control
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import load_rain
from headwater_agents.runner.season import play_season
from headwater_agents.runner.stage import SeasonConfig

REPEATS = 5


def _ours(chain: str, calls: int) -> float:
    backend = connect(chain, seed=3)
    owner, other = local_control(backend).dev_accounts(2)
    token, _ = deploy(backend, load("HeadwaterToken"), other.address, 2**90, owner.address, 2**80, sender=owner)
    token.send("transfer", other.address, 1, sender=owner)
    start = time.perf_counter()
    for _ in range(calls):
        assert token.send("transfer", other.address, 1, sender=owner).status == 1
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


def _season(chain: str, questions: int) -> tuple[float, int]:
    """(seconds, transactions) of a season without its report."""
    world = load_rain().window(questions)
    backend: Backend = connect(chain, seed=1)
    with tempfile.TemporaryDirectory() as folder, closing(Journal(Path(folder) / "journal.sqlite")) as journal:
        start = time.perf_counter()
        season = play_season(backend, world, SeasonConfig(), journal)
        seconds = time.perf_counter() - start
    return seconds, sum(len(spent) for spent in season.stage.gas.values())


def run(quick: bool) -> dict[str, Any]:
    """Transactions a second of every chain, and the ratios that are promised."""
    calls = 100 if quick else 400
    peer, tester = _web3(calls), _ours("tester", calls)
    revm = max(_ours("revm", 20 * calls) for _ in range(REPEATS))
    pairs = [beside_bare(60 if quick else 200) for _ in range(REPEATS)]
    client, bare = (max(rates) for rates in zip(*pairs, strict=True))
    embedded = rate(connect("tester"), 4 if quick else 12)
    questions = 40 if quick else 120
    seasons = {chain: _season(chain, questions) for chain in ("tester", "revm")}
    return {
        "transfers_per_second": {"web3_eth_tester": peer, "tester": tester, "revm": revm},
        "ratio_tester_to_eth_tester": tester / peer,
        "ratio_revm_to_eth_tester": revm / peer,
        "lifecycle_per_second": {"tester": embedded, "revm": client, "bare_pyrevm": bare},
        "ratio_revm_to_bare_pyrevm": client / bare,
        "ratio_revm_to_tester": client / embedded,
        "questions": questions,
        "season": {
            chain: {"seconds": seconds, "transactions": sent, "questions_per_second": questions / seconds}
            for chain, (seconds, sent) in seasons.items()
        },
    }


def table(figures: dict[str, Any]) -> str:
    """The figures as text."""
    transfers, life = figures["transfers_per_second"], figures["lifecycle_per_second"]
    lines = [
        f"ERC-20 transfers a second: revm {transfers['revm']:,.0f}, tester (py-evm) {transfers['tester']:,.0f}, "
        f"web3 with eth-tester {transfers['web3_eth_tester']:,.0f}",
        f"  revm to eth-tester {figures['ratio_revm_to_eth_tester']:,.0f} (promised: 100), "
        f"tester to eth-tester {figures['ratio_tester_to_eth_tester']:.1f}",
        f"question lifecycle, transactions a second: bare pyrevm loop {life['bare_pyrevm']:,.0f}, "
        f"client on revm {life['revm']:,.0f}, client on tester {life['tester']:,.0f}",
        f"  client to bare loop {figures['ratio_revm_to_bare_pyrevm']:.2f} (promised: 0.33), "
        f"revm to tester {figures['ratio_revm_to_tester']:,.0f}",
    ]
    lines += [
        f"season of {figures['questions']} questions on {chain}: {one['seconds']:.1f} s, "
        f"{one['questions_per_second']:.1f} questions a second ({one['transactions']} transactions)"
        for chain, one in figures["season"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.bench_chain", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    print(table(run(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
