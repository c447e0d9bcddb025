"""report.html: everything inside, nothing fetched, everything escaped."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs
from report_sample import sample_run

from headwater.report import canonical_summary, render_page, wei, write_page
from headwater.report.plots import (
    calibration_figures,
    emission_figure,
    label_places,
    provider_figure,
    sankey_figure,
)

HOSTILE = "<img src=https://example.org/x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028"


class Page(HTMLParser):
    """Tags with their attributes, the text outside scripts and styles, and each script's and style's own text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.raw: list[tuple[str, dict, str]] = []
        self._open: tuple[str, dict] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._open = (tag, dict(attrs))
            self.raw.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[0]:
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, attrs, text = self.raw[-1]
            self.raw[-1] = (tag, attrs, text + data)
        else:
            self.text += data

    def figures(self) -> dict[str, dict]:
        return {attrs["data-plot"]: json.loads(text) for _, attrs, text in self.raw if "data-plot" in attrs}


@pytest.fixture(scope="module")
def summary() -> dict:
    return canonical_summary(sample_run(1, 60)[0])


@pytest.fixture(scope="module")
def html(summary: dict) -> str:
    return render_page(summary)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def hostile(summary: dict) -> dict:
    """The summary with every name, and other text, replaced by something that wants out."""
    text = json.dumps(summary)
    for name in ("forecaster-1", "aggregator-a", "member-3"):
        text = text.replace(f'"{name}"', json.dumps(HOSTILE + name))
    changed = json.loads(text)
    changed["world"]["event"] = changed["world"]["name"] = changed["command"] = HOSTILE
    changed["world"]["outcomes"] = ["dry", HOSTILE]
    changed["audit"][0]["check"] = changed["gas"][0]["operation"] = HOSTILE
    changed["parameters"][HOSTILE] = HOSTILE
    return changed


def test_no_element_refers_to_anything_outside_the_page(page: Page):
    for tag, attrs in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "a"), tag
        for name, value in attrs.items():
            assert name not in ("src", "href", "action", "srcset", "data", "poster", "background"), (tag, name)
            assert "://" not in (value or ""), (tag, name, value)
            assert "url(" not in (value or ""), (tag, name, value)


def test_style_and_script_of_its_own_fetch_nothing(page: Page):
    own = [text for _, _, text in page.raw if text != get_plotlyjs()]
    assert len(own) == len(page.raw) - 1, "plotly.js stands in the page whole"
    for text in own:
        assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest|import\(|sendBeacon", text), text[
            :80
        ]


def test_a_policy_forbids_every_request_before_anything_else_is_read(page: Page):
    metas = [attrs for tag, attrs in page.tags if tag == "meta"]
    policy = next(attrs["content"] for attrs in metas if attrs.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert set(" ".join(rules.values()).split()) <= {"'unsafe-inline'", "'none'", "data:", "blob:"}
    order = [tag for tag, attrs in page.tags if tag in ("script", "style") or "http-equiv" in attrs]
    assert order[0] == "meta"


def test_whatever_a_run_is_called_it_stays_text(summary: dict):
    page = Page(render_page(hostile(summary)))
    tags = {tag for tag, _ in page.tags}
    assert "img" not in tags
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    calm = Page(render_page(summary))
    assert [tag for tag, _ in page.tags if tag == "script"] == [tag for tag, _ in calm.tags if tag == "script"]
    assert HOSTILE + "forecaster-1" in page.text
    # plotly.js reads tags in labels, so they are escaped once more inside the figures.
    figures = json.dumps(page.figures())
    assert "forecaster-1" in figures
    assert not any("<" in text for _, attrs, text in page.raw if "data-plot" in attrs)
    assert "<img" not in figures
    assert "</script" not in figures


def test_the_verdict_stands_above_everything_and_is_marked_when_it_failed(summary: dict, page: Page):
    classes = [attrs.get("class", "") for _, attrs in page.tags]
    assert "verdict passed" in classes
    assert "verdict failed" not in classes
    broken = {**summary, "audit": [{**summary["audit"][0], "ok": False}], "audit_ok": False}
    failed = Page(render_page(broken))
    classes = [attrs.get("class", "") for _, attrs in failed.tags]
    assert "verdict failed" in classes
    assert classes.index("verdict failed") < classes.index("tiles")
    assert "failed" in classes, "the check's row is marked as well"
    assert "Audit failed: supply equals the sum of balances" in failed.text


def test_every_figure_is_one_that_plotly_knows(page: Page):
    figures = page.figures()
    assert set(figures) == {"emission", "cascade", "providers", *(f"calibration-{i}" for i in range(5))}
    for figure in figures.values():
        # The page's script puts colours in; the rest has to be plotly's own vocabulary.
        text = re.sub(r'"@[a-z0-9/.]+"', '"#123456"', json.dumps(figure))
        go.Figure(json.loads(text))
        assert figure["data"]


def test_every_colour_a_figure_names_is_in_the_style_sheet(page: Page):
    style = next(text for tag, _, text in page.raw if tag == "style")
    light, dark = style.split("prefers-color-scheme: dark", 1)
    named = set(re.findall(r'"@([a-z0-9]+)(?:/[0-9.]+)?"', json.dumps(page.figures())))
    assert {"ink", "c1", "member", "aggregator"} <= named
    for name in named:
        assert f"--{name}: #" in light
        assert f"--{name}: #" in dark


def test_emission_ends_at_each_forecasters_net(summary: dict):
    ends = {trace["name"]: trace["y"][-1] for trace in emission_figure(summary)["data"]}
    assert ends == pytest.approx({row["name"]: wei(row["net_wei"]) / 1e18 for row in summary["forecasters"]})


def test_the_sankey_diagram_carries_every_edge(summary: dict):
    [trace] = sankey_figure(summary)["data"]
    assert sum(trace["link"]["value"]) == pytest.approx(sum(wei(e["amount_wei"]) for e in summary["edges"]) / 1e18)
    names = [row[0] for row in trace["node"]["customdata"]]
    pairs = {(names[s], names[t]) for s, t in zip(trace["link"]["source"], trace["link"]["target"], strict=True)}
    assert {("treasury", "forecaster-1"), ("forecaster-1", "aggregator-a"), ("aggregator-a", "member-5")} <= pairs


def test_calibration_counts_every_resolved_forecast_once(summary: dict):
    figures = dict(calibration_figures(summary))
    bars = next(trace for trace in figures["forecaster-2"]["data"] if trace["type"] == "bar")
    assert sum(bars["y"]) == 60
    copier = {trace["name"]: trace for trace in figures["odds-copier"]["data"] if trace.get("mode") == "markers"}
    assert copier["odds-copier"]["y"] == copier["public odds"]["y"]
    questions = [{**question, "outcome": None} for question in summary["questions"][:10]] + summary["questions"][10:]
    figures = dict(calibration_figures({**summary, "questions": questions}))
    bars = next(trace for trace in figures["forecaster-2"]["data"] if trace["type"] == "bar")
    assert sum(bars["y"]) == 50


def test_with_three_outcomes_every_probability_is_counted():
    question = {"odds": [0.2, 0.3, 0.5], "outcome": 2, "forecasts": {"F": [0.15, 0.25, 0.6]}}
    [(_, figure)] = calibration_figures({"forecasters": [{"name": "F"}], "questions": [question]})
    bars = next(trace for trace in figure["data"] if trace["type"] == "bar")
    assert sum(bars["y"]) == 3


def test_labels_of_near_points_keep_off_each_other():
    points = [(0.5, 0.5), (0.51, 0.5), (0.5, 0.51), (0.9, 0.9)]
    places = label_places(["member-1"] * 4, points, (0, 1), (0, 1))
    assert len(set(places[:3])) == 3
    assert places[3] == "top center"


def test_a_run_of_nothing_says_so_instead_of_drawing_empty_plots(summary: dict):
    empty = {**summary, "forecasters": [], "providers": [], "questions": [], "edges": []}
    page = Page(render_page(empty))
    assert page.figures() == {}
    for text in ("No question has been settled", "No revealed forecast", "No money has moved", "no providers"):
        assert text in page.text
    assert provider_figure(empty) is None


def test_the_same_summary_gives_the_same_page(summary: dict, html: str, tmp_path: Path):
    path = write_page(tmp_path, json.loads(json.dumps(summary)))
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == html
    assert path.stat().st_size < 6_000_000


def test_a_run_that_ends_in_its_warm_up_has_a_page(summary: dict):
    unknown = {"mean": None, "low": None, "high": None}
    early = {**summary, "providers": [{**row, "information_nats": unknown} for row in summary["providers"]]}
    assert provider_figure(early) is None
    assert Page(render_page(early)).figures()
