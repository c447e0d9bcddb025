"""report.html of a trial: forest plot, attacks against mechanisms, maps, and what each attack is; opens offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from headwater.report.html import document, empty, facts, plot, section, tiles
from headwater_agents.report.figures import forest_figure, map_figures
from headwater_agents.report.words import (
    MEANING,
    Cell,
    cells_of,
    counted,
    figure,
    gain,
    gas,
    has_shares,
    interval,
    parameters,
    percent,
    resolution,
    resolves,
    row_label,
    short,
    titled,
    verdict_of,
)
from headwater_agents.trial.folder import REPORT, SWEEPS

_SHARES: Final = ("gain", "forecasters_loss", "providers_loss", "treasury_loss")
_HEADS: Final = (
    "Gain",
    "Resolves %",
    "Forecasters' loss",
    "Providers' loss",
    "Treasury's loss",
    "Δ log loss",
    "Others' gas",
    "Own gas",
    "Left",
)


def write_report(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Writes the folder's report.html from a trial's summary and the sweeps in the folder; returns its path."""
    path = Path(folder) / REPORT
    path.write_text(render_report(summary, read_sweeps(folder)), encoding="utf-8", newline="\n")
    return path


def read_sweeps(folder: Path) -> list[dict[str, Any]]:
    """Summaries of the sweeps in a trial's folder, in the order of names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{SWEEPS}/*/summary.json"))]


def render_report(summary: Mapping[str, Any], sweeps: Sequence[Mapping[str, Any]] = ()) -> str:
    """The page (about 5 MB, nearly all of it plotly.js)."""
    trial = summary["trial"]
    mechanism = trial["mechanisms"][0]
    parts = [_head(summary, mechanism), _tiles(summary, mechanism), _forest(summary, mechanism)]
    if len(trial["mechanisms"]) > 1:
        parts.append(_matrix(summary))
    if maps := [_map(index, sweep) for index, sweep in enumerate(sweeps)]:
        parts.append(
            section(
                "Maps",
                "The attacker's gain in percent of its stake. Green: it loses by the attack; red: it gains. In "
                "brackets: the sign is not established.",
                *maps,
            )
        )
    parts += [_details(summary, name, world) for name in trial["mechanisms"] for world in trial["worlds"]]
    parts += [_attacks(summary, mechanism), section("This trial", "", facts(_facts(summary), "Command"))]
    return document(f"Headwater: attacks on {short(mechanism)}", parts)


def _head(summary: Mapping[str, Any], mechanism: str) -> str:
    trial = summary["trial"]
    said = dict(counted(verdict_of(cell) for cell in summary["cells"] if cell["mechanism"] == mechanism))
    state, sentence = _outcome(said, short(mechanism))
    worlds = " and ".join(trial["worlds"])
    return (
        f"<header><p class=brand>Headwater</p><h1>Attacks on {escape(short(mechanism))}</h1>"
        f"<p class=lead>{trial['seeds']} seeds of {trial['rounds']} questions, {escape(worlds)} world"
        f"{'s' if len(trial['worlds']) > 1 else ''}, each attack beside honest play of the same seed</p>"
        f'<p class="verdict {state}" role="status">{escape(sentence)}</p></header>'
    )


def _outcome(said: Mapping[str, int], mechanism: str) -> tuple[str, str]:
    """The banner's colour and words: good only if no attack is left undecided."""
    played, open_, unknown = sum(said.values()), said["profitable"], said["undecided"]
    if open_:
        more = f"; {unknown} undecided" if unknown else ""
        return "failed", f"{open_} of {played} are profitable on {mechanism}{more}"
    if unknown:
        return (
            "neutral",
            f"Not settled on {mechanism}: {unknown} of {played} undecided, of the others none is profitable",
        )
    if not played:
        return "neutral", f"Nothing was played on {mechanism}"
    return "passed", f"None of {played} is profitable on {mechanism}"


def _tiles(summary: Mapping[str, Any], mechanism: str) -> str:
    found = counted(verdict_of(cell) for cell in summary["cells"] if cell["mechanism"] == mechanism)
    return tiles((titled(name), str(number), MEANING[name]) for name, number in found)


def _forest(summary: Mapping[str, Any], mechanism: str) -> str:
    return section(
        "Gains",
        f"The coalition's gain on {short(mechanism)} per unit it staked: the paired difference to honest play, with "
        f"{100 * summary['level']:g}% intervals. Beyond ±1% the axis is logarithmic. Verdicts hold at an error rate "
        f"of {100 * (1 - summary['level']):.2g}% for all attacks on a mechanism in a world together (Holm); a gain "
        f"within ±{100 * summary['margin']:g}% of stake is neutral.",
        plot("forest", forest_figure(summary, mechanism), "Gains of attacks with intervals", "Nothing was played."),
    )


def _matrix(summary: Mapping[str, Any]) -> str:
    trial, shares = summary["trial"], has_shares(summary)
    content = []
    for world in trial["worlds"]:
        columns = [cells_of(summary, mechanism, world) for mechanism in trial["mechanisms"]]
        head = "".join(f"<th class=figure>{escape(short(name))}</th>" for name in trial["mechanisms"])
        body = "".join(
            f"<tr><td>{escape(row_label(row[0], shares))}</td>{''.join(map(_matrix_cell, row))}</tr>"
            for row in zip(*columns, strict=True)
        )
        content.append(
            f"<h3>{escape(titled(world))} world</h3><div class=scroll><table class=verdicts><thead><tr>"
            f"<th>Attack</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )
    return section(
        "Attacks and mechanisms",
        "Gain in percent of the coalition's stake, with its interval. A dash: the attack makes no sense there.",
        _key(),
        *content,
    )


def _key() -> str:
    return "<p class=key>" + " ".join(f"<span class={name}>{name}</span>" for name in MEANING) + "</p>"


def _matrix_cell(cell: Cell) -> str:
    said, found = verdict_of(cell), gain(cell)
    if said is None or found is None:
        return "<td class=figure>–</td>"
    return f'<td class="figure {said}" title="{said}">{_two_lines(found)}</td>'


def _two_lines(result: Mapping[str, Any], words: Callable[[float | None], str] = percent) -> str:
    """The mean, and its interval below."""
    mean, _, bounds = interval(result, words).partition(" ")
    return f"{mean}<small>{bounds}</small>"


def _details(summary: Mapping[str, Any], mechanism: str, world: str) -> str:
    shares = has_shares(summary)
    rows, cells = [], cells_of(summary, mechanism, world)
    for cell in cells:
        said, name = verdict_of(cell), escape(row_label(cell, shares))
        if said is None:
            what = "not played" if cell["applies"] else "does not apply"
            rows.append(f"<tr><td>{name}</td><td>{what}</td>{'<td class=figure>–</td>' * len(_HEADS)}</tr>")
            continue
        fields = cell["fields"]
        figures = [_two_lines(fields[key]) for key in _SHARES]
        figures.append(_two_lines(fields["log_loss"], figure))
        figures += [*gas(cell), f"{cell['departures']:.1f}"]
        figures.insert(1, resolves(cell))
        told = "".join(f"<td class=figure>{each}</td>" for each in figures)
        rows.append(f"<tr><td>{name}</td><td class={said}>{said}</td>{told}</tr>")
    head = "".join(f"<th class=figure>{each}</th>" for each in _HEADS)
    return section(
        f"{titled(short(mechanism))}, {world} world",
        "Gain and losses in percent of the coalition's stake, log loss of the forecast in nats, each the difference to "
        "honest play with its interval; the gain that the seeds resolve, in percent; gas in units, the mean difference "
        "a play, of all others with the keeper, and of the coalition's own accounts; providers that left a buyer, a "
        "play. Gas is the chain's own count, and 0 without one: revm's differs from py-evm's, which --chain tester "
        "gives. " + resolution(cells, summary["margin"]),
        f"<div class=scroll><table class=verdicts><thead><tr><th>Attack</th><th>Verdict</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>",
    )


def _map(index: int, sweep: Mapping[str, Any]) -> str:
    panels = map_figures(sweep)
    if not panels:
        return f"<h3>{escape(sweep['name'])}</h3>" + empty("This sweep has no gains over axes of numbers.")
    fixed = ", ".join(f"{name} {value}" for name, value in sweep["fixed"].items())
    name = str(sweep["name"])
    drawn = "".join(
        f"<div><h3>{escape(title)}</h3>{plot(f'map-{index}-{number}', panel, f'{name} {title}', '')}</div>"
        for number, (title, panel) in enumerate(panels)
    )
    return f"<h3>{escape(sweep['name'])}</h3><p class=note>{escape(fixed)}</p><div class=panels>{drawn}</div>"


def _attacks(summary: Mapping[str, Any], mechanism: str) -> str:
    """What each attack is, and how it went."""
    shares, content = has_shares(summary), []
    for label, about in summary["attacks"].items():
        cells = [c for c in summary["cells"] if c["attack"] == label and c["mechanism"] == mechanism]
        lines = [("Goal", about["goal"]), ("Seen", about["seen"])]
        lines += [("Makes sense against", ", ".join(about["only"]))] if about["only"] else []
        told: dict[str, list[str]] = {}
        for cell in cells:
            texts = told.setdefault(row_label(cell, shares), [f"With {parameters(cell)}."])
            texts.append(f"{titled(cell['world'])} world: {_sentence(cell)}.")
        lines += [(name, "\n".join(texts)) for name, texts in told.items()]
        items = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text).replace(chr(10), '<br>')}</dd>" for name, text in lines
        )
        content.append(
            f"<h3>{escape(label)}</h3><p class=note>{escape(about['about'])}</p><dl class=facts>{items}</dl>"
        )
    return section("The attacks", "", *content)


def _sentence(cell: Cell) -> str:
    said, found = verdict_of(cell), gain(cell)
    if said is None or found is None:
        return "makes no sense here" if not cell["applies"] else "not played"
    why = str(cell["note"]).removeprefix(f"{said}: ")
    text = f"{said}, {interval(found)} % of stake: {why}, p = {cell['adjusted_p_value']:.2g}"
    if cell["failed"]:
        text += f"; {cell['failed']} seeds failed and do not count"
    if cell["refused"]:
        text += f"; {cell['refused']:.1f} moves a play refused, as “{cell['refusals'][0]}”"
    return text


def _facts(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    borders = {
        f"{each['label']}, {short(each['mechanism'])}, {each['world']}": _border(each) for each in summary["borders"]
    }
    return {
        "Command": {"command": summary["command"]},
        **({"Borders along the coalition's stake": borders} if borders else {}),
        "Trial": dict(summary["trial"]),
        "Versions": {"headwater": summary["headwater"], "code": summary["code"]},
    }


def _border(each: Mapping[str, Any]) -> str:
    low, high = (
        percent(each[key], signed=False) if each[key] is not None else "the grid's end" for key in ("low", "high")
    )
    at = f"{percent(each['at'], signed=False)}%" if each["at"] is not None else "somewhere"
    return f"pays {'above' if each['rising'] else 'below'} {at} of all stake (between {low} and {high})"
