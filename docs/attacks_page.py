"""The text of docs/attacks.md. Every sentence with a figure in it is made from the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from headwater_agents.report.words import (
    cells_of,
    figure,
    gain,
    gas,
    interval,
    parameters,
    percent,
    resolution,
    resolves,
    short,
    titled,
    verdict_of,
)
from headwater_agents.trial.cases import ADAPTED

Summary = Mapping[str, Any]
MECHANISM = "headwater"


def page(found: Mapping[str, Any], commands: Mapping[str, str]) -> str:
    """The whole page."""
    main = found["headwater"]
    parts = [
        "# Attacks",
        "",
        "<!-- Written by docs/attacks.py from the results of the commands it shows; do not edit. -->",
        "",
        "    python docs/attacks.py",
        "",
        "Every attack is played beside honest play of the same world with the same seed: the same questions, outcomes and "
        "signals, and a coalition that holds the same accounts and the same stake. What is shown is the paired difference, in "
        "percent of what the coalition staked, with its 95% interval. An attack is **profitable** or **deterred** if its gain "
        "differs from 0 at an error rate of 5% for all attacks on a mechanism in a world together (Holm), **neutral** if its "
        "interval lies within ±0.5% of stake, and undecided otherwise. Where the true odds are known, the luck of outcomes is "
        "taken off both arms. Honest agents adapt: providers take as much trouble as they are paid for and leave buyers that "
        "underpay them, forecasters learn whom to trust. *resolves*: the gain that as many seeds find nine times in ten, by "
        "how much the plays of that attack differ. *gas*: the mean difference a play, as the chain counts it, of all others "
        "(the keeper included) and of the coalition.",
        "",
        *headline(main),
        "",
        "![Gains of attacks with intervals](attacks.svg)",
        "",
        "## Every attack on Headwater",
        "",
        f"    {commands['headwater']}",
        "",
    ]
    for world in main["trial"]["worlds"]:
        parts += [f"### {titled(world)} world", "", resolved(main, world), "", *attack_table(main, world), ""]
    parts += ["## Open", "", *open_attacks(found, commands), ""]
    parts += ["## Against other mechanisms", "", f"    {commands['rivals']}", "", *rivals(found["rivals"]), ""]
    parts += ["## Does skimming pay?", "", f"    {commands['skim']}", "", *skimming(found["skim"]), ""]
    parts += ["## Stake and quality of signals", "", f"    {commands['stake-and-quality']}", ""]
    parts += [*stake_and_quality(found["stake-and-quality"]), ""]
    parts += ["## The adaptive attacker", "", f"    {commands['adaptive']}", "", *adaptive(found["adaptive"]), ""]
    parts += ["## Credit and clones", "", f"    {commands['clones']}", "", *clones(found["clones"]), ""]
    parts += ["## What the attacks are", "", *catalogue(main), ""]
    parts += failures(found)
    return "\n".join(parts)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> list[str]:
    """Markdown; the first `texts` columns are text."""
    rule = ["---"] * texts + ["---:"] * (len(heads) - texts)
    return [f"| {' | '.join(each)} |" for each in (heads, rule, *rows)]


def headline(main: Summary) -> list[str]:
    """What came out, in a few lines."""
    lines = []
    for world in main["trial"]["worlds"]:
        cells = [cell for cell in cells_of(main, MECHANISM, world) if verdict_of(cell)]
        said = Counter(verdict_of(cell) for cell in cells)
        names = [cell["label"] for cell in cells if verdict_of(cell) == "profitable"]
        listed = f": {', '.join(names)}" if names else ""
        lines.append(
            f"* {titled(world)} world, {main['trial']['seeds']} seeds of {main['trial']['rounds']} questions: of "
            f"{len(cells)} attacks with their variants {said['deterred']} are deterred, {said['neutral']} neutral, "
            f"{said['undecided']} undecided, and **{said['profitable']} profitable**{listed}."
        )
    idle = [cell for cell in main["cells"] if cell["attack"] == "nothing" and verdict_of(cell)]
    exact = all(cell["fields"]["gain"]["low"] == cell["fields"]["gain"]["high"] == 0 for cell in idle)
    return [
        *lines,
        f"* An attack that does nothing changes nothing, to the last digit: **{'yes' if exact else 'no'}**.",
    ]


def resolved(summary: Summary, world: str) -> str:
    """What gain the seeds played can find in a world."""
    return resolution(cells_of(summary, MECHANISM, world), summary["margin"])


def attack_table(summary: Summary, world: str) -> list[str]:
    """Everything that is told of every attack in a world."""
    rows = []
    for cell in cells_of(summary, MECHANISM, world):
        if (said := verdict_of(cell)) is None:
            continue
        fields = cell["fields"]
        losses = [interval(fields[key]) for key in ("forecasters_loss", "providers_loss", "treasury_loss")]
        rows.append(
            [
                cell["label"],
                emphasised(said),
                interval(fields["gain"]),
                resolves(cell),
                *losses,
                interval(fields["log_loss"], figure),
                " / ".join(gas(cell)),
            ]
        )
    heads = (
        "attack",
        "verdict",
        "gain %",
        "resolves %",
        "forecasters' loss %",
        "providers' loss %",
        "treasury's loss %",
        "Δ log loss, nats",
        "gas: others / own",
    )
    return table(heads, rows, texts=2)


def emphasised(said: str) -> str:
    """Profitable ones stand out."""
    return f"**{said}**" if said == "profitable" else said


def open_attacks(found: Mapping[str, Any], commands: Mapping[str, str]) -> list[str]:
    """Profitable attacks, and where their borders lie along the coalition's stake in each world."""
    borders = found["borders"]
    if borders is None:
        return told_open(found)
    names, shares = borders["trial"]["attacks"], borders["trial"]["stake_shares"]
    rows = []
    for name, world in ((name, world) for name in names for world in borders["trial"]["worlds"]):
        cells = {cell["stake_share"]: cell for cell in cells_of(borders, MECHANISM, world) if cell["label"] == name}
        told = [interval(gain(cells[share])) if share in cells else "–" for share in shares]
        goal = borders["attacks"][name.partition("/")[0]]["goal"]
        rows.append([name, world, goal, *told, "; ".join(borders_of(borders, name, world)) or "no border found"])
    heads = ("attack", "world", "to", *(f"gain % at {100 * share:g}% of stake" for share in shares), "pays")
    return [
        *told_open(found),
        "",
        "The gain over the coalition's share of all stake, of each that pays in one world at least:",
        "",
        f"    {commands['borders']}",
        "",
        *table(heads, rows, texts=3),
    ]


def in_short(found: Mapping[str, Any]) -> list[str]:
    """What README says of it."""
    return [
        *headline(found["headwater"]),
        "* That who skims its providers only dilutes its own future: " + claim(found["skim"]),
        "",
        *told_open(found),
    ]


def open_list(found: Mapping[str, Any]) -> list[str]:
    """What is open: each attack that pays, how much, and where along the coalition's stake in that world."""
    lines = [
        f"* {cell['label']} ({cell['world']}): {interval(gain(cell))} % of stake{along_stake(found['borders'], cell)}."
        for cell in found["headwater"]["cells"]
        if verdict_of(cell) == "profitable"
    ]
    lines += [
        f"* {cell['label']} ({cell['world']}): {interval(gain(cell))} % of stake, as a search found it: "
        f"{parameters(cell)}."
        for cell in found["adaptive"]["cells"]
        if verdict_of(cell) == "profitable" and cell["label"].endswith(ADAPTED)
    ]
    return lines or ["No attack was found profitable."]


def told_open(found: Mapping[str, Any]) -> list[str]:
    """The same, with a word before it if there are any."""
    lines = open_list(found)
    return ["These pay, and are open:", "", *lines] if lines[0].startswith("*") else lines


def along_stake(borders: Summary | None, cell: Summary) -> str:
    """Where an attack pays along the coalition's stake in the cell's world; empty if that was not played."""
    if borders is None or cell["label"] not in borders["trial"]["attacks"]:
        return ""
    if where := borders_of(borders, cell["label"], cell["world"]):
        return f"; pays {' and '.join(where)} of all stake"
    shares = borders["trial"]["stake_shares"]
    low, high = (f"{100 * share:g}%" for share in (min(shares), max(shares)))
    return f"; no border found between {low} and {high} of all stake"


def borders_of(borders: Summary, label: str, world: str) -> list[str]:
    """An attack's borders in a world."""
    return [border(each) for each in borders["borders"] if (each["label"], each["world"]) == (label, world)]


def border(each: Summary) -> str:
    """Where an attack begins or ceases to pay, of all stake."""
    low, high = (percent(each[key], signed=False) if each[key] is not None else "?" for key in ("low", "high"))
    at = f"{percent(each['at'], signed=False)}%" if each["at"] is not None else "some share"
    return f"{'above' if each['rising'] else 'below'} {at} [{low}, {high}]"


def rivals(summary: Summary) -> list[str]:
    """Attacks down, mechanisms across."""
    mechanisms = summary["trial"]["mechanisms"]
    columns = [cells_of(summary, mechanism, summary["trial"]["worlds"][0]) for mechanism in mechanisms]
    rows = [[row[0]["label"], *(rival_cell(cell) for cell in row)] for row in zip(*columns, strict=True)]
    counts = [Counter(verdict_of(cell) for cell in column) for column in columns]
    for said in ("profitable", "deterred"):
        rows.append([f"*{said}*", *(str(count[said]) for count in counts)])
    rows.append(["*played*", *(str(sum(count.values()) - count[None]) for count in counts)])
    return [
        "Gain in percent of the coalition's stake, each attack by its defaults. **Bold**: profitable; plain: deterred; "
        "*in italics*: neutral or undecided; a dash: the attack makes no sense there. `by_stake` pays by wager whatever the "
        "outcome, a control that must be found profitable. Rivals are simulated by their own rules; see "
        "agents/headwater_agents/lab/mechanisms/.",
        "",
        *table(("attack", *map(short, mechanisms)), rows),
    ]


def rival_cell(cell: Summary) -> str:
    """A gain, its verdict told by its type."""
    said, result = verdict_of(cell), gain(cell)
    if said is None or result is None:
        return "–"
    text = percent(result["mean"])
    return {"profitable": f"**{text}**", "deterred": text}.get(said, f"*{text}*")


def skimming(sweep: Summary) -> list[str]:
    """One picture and one paragraph."""
    return [
        "“A top-level agent does not gain anything by colluding; every misallocated unit dilutes future performance and "
        "therefore future emissions.” Tested: a forecaster gives a fraction x of what its providers earned to a puppet.",
        "",
        "![Gain of skimming](skim.svg)",
        "",
        claim(sweep),
    ]


def claim(sweep: Summary) -> str:
    """Where the claim holds and where it fails, from a sweep's cells."""
    cells = [cell for cell in sweep["cells"] if cell.get("gain")]
    if not cells:
        return "The sweep has no results."
    said = Counter(said_of(cell) for cell in cells)
    best, worst = (pick(cells, key=lambda cell: cell["gain"]["mean"]) for pick in (max, min))
    verdict = "It does not hold everywhere" if said["profitable"] else "No setting was found in which it fails"
    if not said["profitable"] and not said["deterred"]:
        verdict = "The seeds are too few to say"
    sentences = [
        f"{verdict}: of {len(cells)} settings, each by its own 95% interval, skimming loses in {said['deterred']}, where the claim holds, pays in "
        f"{said['profitable']}, where it fails, and leaves {said['neutral'] + said['undecided']} in which the gain is small "
        "or not established.",
        f"It pays best, {interval(best['gain'])} % of stake, at {where(best)}, and worst, {interval(worst['gain'])} %, at "
        f"{where(worst)}.",
    ]
    for name in cells[0]["args"]:
        values = sorted({cell["args"][name] for cell in cells})
        told = []
        for value in values:
            here = [cell for cell in cells if cell["args"][name] == value]
            count = Counter(map(said_of, here))
            mean = sum(cell["gain"]["mean"] for cell in here) / len(here)
            told.append(
                f"{value:g} pays in {count['profitable']}, loses in {count['deterred']} (mean {percent(mean)} %)"
            )
        each = len(cells) // len(values)
        sentences.append(f"By {plain(name)}, of {each} settings each: {'; '.join(told)}.")
    return " ".join([*sentences, *horizon(cells)])


def horizon(cells: Sequence[Summary]) -> list[str]:
    """What a longer game does to the gain, by how fast providers leave."""
    lengths = sorted({cell["args"]["questions"] for cell in cells})
    told = []
    for rate in sorted({cell["args"]["provider.leave_rate"] for cell in cells}):
        by_rest: dict[tuple[Any, ...], dict[int, float]] = {}
        for cell in cells:
            if cell["args"]["provider.leave_rate"] == rate:
                rest = tuple(value for name, value in cell["args"].items() if name != "questions")
                by_rest.setdefault(rest, {})[cell["args"]["questions"]] = cell["gain"]["mean"]
        pairs = [line for line in by_rest.values() if len(line) == len(lengths) > 1]
        less = sum(line[lengths[-1]] < line[lengths[0]] for line in pairs)
        told.append(f"{less} of {len(pairs)} settings with leave rate {rate:g}")
    if len(lengths) < 2:
        return []
    return [f"{lengths[-1]} questions in place of {lengths[0]} make the mean gain smaller in {', '.join(told)}."]


def said_of(cell: Summary) -> str:
    """What a sweep's cell says by its own interval: so many cells on so few seeds bear no correction."""
    if cell["gain"]["low"] > 0:
        return "profitable"
    return "deterred" if cell["gain"]["high"] < 0 else "undecided"


def where(cell: Summary) -> str:
    """A cell's arguments in words."""
    return ", ".join(f"{plain(name)} {value}" for name, value in cell["args"].items())


def plain(name: str) -> str:
    """An argument's name in words."""
    return name.rpartition(".")[2].replace("_", " ")


def stake_and_quality(sweep: Summary) -> list[str]:
    """The map, and where the gain changes sign along the stake."""
    lines = ["![Gain over stake share and quality](stake.svg)", ""]
    along = [each for each in sweep.get("borders", []) if each["along"] == "stake_share"]
    for each in along:
        at = ", ".join(f"{plain(name)} {value}" for name, value in each["where"].items())
        lines.append(f"* {at}: pays {border(each)} of all stake.")
    return lines if along else [*lines, "Along the stake the sign of no gain is found to change."]


def adaptive(summary: Summary) -> list[str]:
    """Parameters found on other seeds, and what they return on fresh ones."""
    rows = []
    for cell in cells_of(summary, MECHANISM, summary["trial"]["worlds"][0]):
        if (said := verdict_of(cell)) is not None:
            rows.append([cell["label"], emphasised(said), parameters(cell), interval(gain(cell))])
    note = (
        f"Differential evolution tries {summary['trial']['adapt']} sets of each attack's parameters on seeds of its own; the "
        "best is judged here on fresh ones, beside the defaults, unless it is those."
    )
    return [note, "", *table(("attack", "verdict", "parameters", "gain %"), rows, texts=3)]


def clones(study: Summary) -> list[str]:
    """What clones gain under each rule, and what each rule costs newcomers."""
    groups: dict[tuple[str, str, int], dict[str, Summary]] = {}
    for row in study["clones"]:
        groups.setdefault((row["buyer"], row["kind"], row["copies"]), {})[row["rule"]] = row
    rules = list(dict.fromkeys(row["rule"] for row in study["clones"]))
    rows = [
        [
            buyer,
            kind,
            str(copies),
            *(interval(group[rule]["gain"]) for rule in rules),
            f"{group[rules[0]]['promoted']:.2f}",
        ]
        for (buyer, kind, copies), group in groups.items()
    ]
    share = study["clones"][0]["honest"]
    keys = ("lost_on_trial", "lost_after", "lost", "lost_leave_one_out")
    newcomers = [
        [row["buyer"], row["kind"], str(row["names"]), *counted(row), *(interval(row[key], plainly) for key in keys)]
        for row in study["newcomers"]
    ]
    return [
        f"A supplier clones itself before a buyer that weights signals as it should (*knowing*) and one that averages them. "
        f"Alone it has {interval(share, plainly)} % of all credit. Shown is what its clones add to that, in points of percent, "
        "and how many are promoted to the established a season.",
        "",
        *table(("buyer", "clones", "number", *rules, "promoted"), rows, texts=2),
        "",
        "What the defence costs an honest newcomer: how often precedence promotes it within the season, after how many "
        "questions, and what part of its Shapley credit it loses on trial, afterwards, over the season, and over the season "
        "under leave-one-out; in percent.",
        "",
        *table(
            (
                "buyer",
                "newcomer",
                "names",
                "promoted %",
                "after",
                "lost on trial",
                "lost after",
                "lost",
                "leave-one-out",
            ),
            newcomers,
            texts=2,
        ),
    ]


def plainly(value: float | None) -> str:
    """Percent without a plus sign."""
    return percent(value, signed=False)


def counted(row: Summary) -> list[str]:
    """How often and when a newcomer is promoted."""
    wait: Callable[[float | None], str] = lambda value: "∞" if value is None else f"{value:,.0f}"  # noqa: E731
    return [interval(row["promoted"], plainly), interval(row["wait"], wait)]


def catalogue(main: Summary) -> list[str]:
    """Goal of every attack, where it was seen, and the parameters it and its variants were played with."""
    world = main["trial"]["worlds"][0]
    rows = []
    for name, about in main["attacks"].items():
        cells = [cell for cell in cells_of(main, MECHANISM, world) if cell["attack"] == name]
        given = "<br>".join(f"{cell['label']}: {parameters(cell)}" for cell in cells)
        rows.append([name, about["goal"], about["seen"], given])
    return table(("attack", "goal", "seen", "parameters"), rows, texts=4)


def failures(found: Mapping[str, Any]) -> list[str]:
    """Plays that failed count nowhere; they are told."""
    lines = [
        f"* {name}: {each['key']}: {each['error']}"
        for name, summary in found.items()
        if summary
        for each in summary.get("failures", [])[:5]
    ]
    return ["## Plays that failed", "", "They count nowhere above.", "", *lines, ""] if lines else []
