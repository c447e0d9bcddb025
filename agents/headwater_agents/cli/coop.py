"""`headwater coop`: agents that price each other's help, play, settle on the chain, and can be checked afterwards."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.markup import escape

from headwater import __version__, safejson
from headwater_agents.cli.coop_studies import (
    coop_lies_command,
    pairings_command,
    prices_command,
    scale_command,
    signals_command,
)
from headwater_agents.cli.coop_view import watching
from headwater_agents.cli.errors import EXIT_CODES, FAILED, UNREACHABLE, UNVERIFIED, print_json, reported
from headwater_agents.cli.output import counting, show, terminal

if TYPE_CHECKING:
    from headwater_agents.bargaining import Event, Negotiator, Observe, Played, Setting
    from headwater_agents.games import Game

GAMES: Final = ("escape-room", "raid", "software", "haul", "matrix")
ARMS: Final = ("no-talk", "talk", "short-term", "full")
NOWHERE: Final = "none"


@click.group("coop", epilog=EXIT_CODES)
def coop_group() -> None:
    """Self-interested agents that negotiate prices for each other's help, and share the reward by what each brought."""


for _study in (pairings_command, prices_command, coop_lies_command, scale_command, signals_command):
    coop_group.add_command(_study)


@coop_group.command("play")
@click.argument("game", type=click.Choice(GAMES))
@click.option("--arm", type=click.Choice(ARMS), default="full", show_default=True, help="How agents bargain.")
@click.option(
    "--agents",
    default="rational",
    show_default=True,
    help="One kind for all or one for each player, by commas: rational, greedy, stubborn, scripted, learning, llm.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the game, such as players=5, levers=2, boss=3000, specification=rational, phases=3; repeatable.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of rolls and of all chance.")
@click.option("--rounds", type=click.IntRange(1, 1_000), default=8, show_default=True, help="Offers of a negotiation.")
@click.option(
    "--samples", type=click.IntRange(1, 10_000), default=16, show_default=True, help="Rollouts of a joint action."
)
@click.option(
    "--seeds",
    type=click.IntRange(0, 1_000),
    default=None,
    help="Plays of each arm for the table of arms, from --seed on; 0 for no table. Default: 2, and 0 with a model.",
)
@click.option(
    "--chain",
    default="tester",
    show_default=True,
    help="Where deals are held and paid: tester, revm, the URL of a development node, or none for the books alone.",
)
@click.option("--endpoint", metavar="URL", help="OpenAI-compatible, for llm agents. The key is in $HEADWATER_LLM_KEY.")
@click.option("--model", metavar="NAME", help="The model's name at the endpoint.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Where the endpoint's key is, instead.")
@click.option("--local-model", is_flag=True, help="Ask a small model on this machine; needs the extra llm.")
@click.option(
    "--trace", type=click.Path(path_type=Path), help="Answer from the recorded trace of a run: no model is asked."
)
@click.option("--budget", type=click.IntRange(1), default=50_000, show_default=True, help="Tokens of each llm agent.")
@click.option(
    "--delay",
    type=click.FloatRange(0, 60),
    default=0.4,
    show_default=True,
    help="Seconds an event stays, on a terminal.",
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="New folder. Default: runs/coop-GAME-SEED.")
@click.option("--force", is_flag=True, help="Replace an existing folder of a play; with --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of the view.")
@reported
def play_command(
    game: str,
    arm: str,
    agents: str,
    settings: tuple[str, ...],
    seed: int,
    rounds: int,
    samples: int,
    seeds: int | None,
    chain: str,
    endpoint: str | None,
    model: str | None,
    key_file: Path | None,
    local_model: bool,
    trace: Path | None,
    budget: int,
    delay: float,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Play a game with agents who bargain, watch them, and settle their deals on the chain.

    GAME is escape-room (one opens the door if others hold levers), raid (four heroes and a boss), software (six roles
    build a program whose tests pay them), haul (a job whose cost drifts) or matrix (any payoffs:
    --set payoffs=[[[0,5],[1,2]],[[0,1],[4,2]]]).

    The folder gets play.json (every action, roll and signed message; `headwater coop check` judges it again),
    summary.json, transcript.txt, report.html with the table of arms, and, with a model, trace.jsonl, from which --trace
    plays it again without the model. Exits with 4 if the chain's accounts differ from the play's books, with 3 if no
    model could be reached, with 1 if one stopped for another reason (budget, deadline, refusal).
    """
    from headwater_agents.bargaining import BargainError
    from headwater_agents.bargaining.arms import arms as compare
    from headwater_agents.bargaining.arms import arms_grids
    from headwater_agents.bargaining.crew import MODEL, ask, crew, kinds_of, models_of
    from headwater_agents.bargaining.kept import KIND, REPORT, TRACE, claimed, free_folder, keep
    from headwater_agents.bargaining.page import play_grids, settlement_grids, software_grid
    from headwater_agents.bargaining.setting import Setting
    from headwater_agents.games import game_from

    rules = game_from(game, _settings(settings))
    setting = Setting(samples=samples, rounds=rounds)
    kinds = kinds_of(agents, rules.players)
    names = [f"{player} {kind}" for player, kind in enumerate(kinds)]
    if MODEL not in kinds and any((endpoint, model, key_file, local_model, trace)):
        raise BargainError("an endpoint, a model or a trace is for llm agents, and none plays: --agents llm")
    with claimed(out or free_folder(game, seed, force=force), force=force) as folder:
        with ExitStack() as stack:
            asked = None
            if MODEL in kinds:
                asked = ask(
                    stack,
                    endpoint=endpoint,
                    model=model,
                    key_file=key_file,
                    local=local_model,
                    trace=trace,
                    record=folder / TRACE,
                )
            observe, events = stack.enter_context(watching(rules, names, delay=delay, quiet=as_json))
            cast, hear = crew(kinds, asked, budget=budget, seed=seed, observe=observe)
            played, settlement = _play(rules, cast, arm, seed, setting, chain, hear)
        many = seeds if seeds is not None else 0 if asked is not None else 2
        compared = None
        if many:
            if asked is not None:
                raise BargainError("the table of arms is of agents without a model; leave --seeds out")
            with counting("plays", quiet=as_json) as progress:
                compared = compare(rules, cast, range(seed, seed + many), setting=setting, progress=progress)
        summary = {
            **_told(played, events),
            "kind": KIND,
            "headwater": __version__,
            "command": shlex.join(["headwater", *sys.argv[1:]]),
            "game": rules.name,
            "settings": rules.settings,
            "arms": compared,
            "assessment": _assessed(rules, played),
            "models": models_of(cast),
            "settlement": settlement,
        }
        keep(folder, played, events, summary)
    if as_json:
        print_json({**summary, "folder": str(folder)})
    else:
        grids = [*play_grids(summary)]
        grids += [software_grid(summary["assessment"])] if summary["assessment"] else []
        grids += arms_grids(compared) if compared else []
        grids += settlement_grids(settlement) if settlement else []
        for grid in grids:
            show(grid)
        terminal().print(f"Report: [bold]{escape(str(folder / REPORT))}[/]", soft_wrap=True)
    stopped = [one for one in summary["models"] if one["halted"]]
    for one in stopped:
        click.echo(f"headwater: player {one['player']} asked its model no more: {one['halted']}", err=True)
    if settlement is not None and not settlement["ok"]:
        sys.exit(UNVERIFIED)
    if stopped:
        sys.exit(UNREACHABLE if all(one["halted"].startswith("unreachable") for one in stopped) else FAILED)


@coop_group.command("check")
@click.argument("play", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@reported
def check_command(play: Path, as_json: bool) -> None:
    """Judge a kept play again: replay its record, roll its dice, verify every signature and rule, work the money out.

    PLAY is a play's folder or its play.json. Of a folder, summary.json and transcript.txt are held against it, too.
    What agents said beside their messages, and what a chain holds, is not judged. Exits with 4 if anything does not
    follow from the rest.
    """
    from headwater_agents.bargaining import PlayedError
    from headwater_agents.bargaining.kept import load

    try:
        found = load(play)
    except PlayedError as error:
        if as_json:
            print_json({"ok": False, "error": str(error)})
        click.echo(f"headwater: {error}", err=True)
        sys.exit(UNVERIFIED)
    if as_json:
        print_json(
            {"ok": True, "measures": found.as_dict()["measures"], "payoffs": [str(each) for each in found.payoffs]}
        )
        return
    terminal().print(
        f"Sound: {len(found.record.steps)} steps replay, {found.messages} signed messages keep the rules, "
        f"{len(found.settled)} deals and {len(found.payoffs)} payoffs follow from them.",
        soft_wrap=True,
    )


def _settings(given: tuple[str, ...]) -> dict[str, Any]:
    """NAME=VALUE pairs; a value is JSON where it can be read so, text otherwise."""
    from headwater_agents.bargaining import BargainError

    found: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise BargainError(f"a setting is NAME=VALUE; got {pair[:60]!r}")
        if name in found:
            raise BargainError(f"the setting {name} is given twice")
        try:
            found[name] = safejson.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found


def _play(
    rules: Game[Any],
    agents: tuple[Negotiator, ...],
    arm: str,
    seed: int,
    setting: Setting,
    chain: str,
    observe: Observe,
) -> tuple[Played, dict[str, Any] | None]:
    from headwater_agents.bargaining.engine import play

    if chain == NOWHERE:
        return play(rules, agents, arm, seed, setting=setting, observe=observe), None
    from headwater.chain import connect
    from headwater_agents.bargaining.onchain import play_onchain

    with closing(connect(chain, seed=seed)) as backend:
        played, settlement = play_onchain(backend, rules, agents, arm, seed, setting=setting, observe=observe)
        return played, settlement.as_dict()


def _assessed(rules: Game[Any], played: Played) -> dict[str, Any] | None:
    """What each role of a software team brought; None in any other game."""
    if rules.name != "software":
        return None
    from headwater_agents.games import replay
    from headwater_agents.games.software import SoftwareTeam, assess

    if not isinstance(rules, SoftwareTeam):
        return None
    return assess(rules.log(replay(played.record)), pot=rules.purse // rules.players).as_json()


def _told(played: Played, events: list[Event]) -> dict[str, Any]:
    """A play for readers: what `play.json` has in proofs, in words and figures."""
    from headwater.deals import percent
    from headwater_agents.bargaining.kept import PARTS

    whole = played.as_dict()
    deals = []
    for (talk, stage, deal), one in zip(played.deals(), played.settled, strict=True):
        terms = deal.terms
        broke = [name for name, kept in (("payer", one.payer_kept), ("payee", one.payee_kept)) if not kept]
        deals.append(
            {
                "talk": talk,
                "stage": stage,
                "payer": f"{one.payer} {played.agents[one.payer]['name']}",
                "payer_action": terms.payer_action,
                "payee": f"{one.payee} {played.agents[one.payee]['name']}",
                "payee_action": terms.payee_action,
                "share": percent(terms.price.at(one.observed)),
                "share_wad": str(terms.price.at(one.observed)),
                "locked": bool(terms.deposit),
                "base": str(one.base),
                "paid": str(one.paid),
                "kept": "by both" if not broke else f"not by the {' and the '.join(broke)}",
            }
        )
    return {
        **{part: whole[part] for part in PARTS},
        "success": played.success,
        "deals": deals,
        "events": [event.as_dict() for event in events],
    }
