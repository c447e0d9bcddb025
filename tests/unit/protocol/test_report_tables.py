"""Amounts and tables as people read them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_sample import sample_run
from rich.console import Console

from headwater.report import SummaryError, canonical_summary, decimals_for, summary_tables, tokens, verdict, wei
from headwater.units import MAX_WEI, WAD


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [
        (0, None, "0.00"),
        (1, None, "0.000000000000000001"),
        (WAD, None, "1.00000"),
        (-1_234_567 * WAD, None, "−1,234,567.00"),
        (WAD // 2, 0, "0"),
        (3 * WAD // 2, 0, "2"),
        (WAD - 1, 2, "1.00"),
        (MAX_WEI, 18, "79,228,162,514.264337593543950335"),
        (12_345 * 10**14, 3, "1.234"),
        (12_355 * 10**14, 3, "1.236"),
    ],
)
def test_amounts_are_rounded_half_to_even_without_floats(amount: int, decimals: int | None, text: str):
    assert tokens(amount, decimals) == text


@given(st.integers(-MAX_WEI, MAX_WEI), st.integers(0, 18))
def test_a_shown_amount_is_off_by_at_most_half_its_last_digit(amount: int, decimals: int):
    shown = int(tokens(amount, decimals).replace(",", "").replace("−", "-").replace(".", "")) * 10 ** (18 - decimals)
    assert 2 * abs(shown - amount) <= 10 ** (18 - decimals)


def test_a_column_shows_its_largest_amount_with_six_digits():
    assert decimals_for([1, 12 * WAD]) == 4
    assert decimals_for([10**9]) == 14
    assert decimals_for([10**7 * WAD]) == 2
    assert decimals_for([]) == 2


@pytest.mark.parametrize("value", [1.5, "1.5", "", None, True, "0x10"])
def test_only_whole_decimal_strings_are_wei(value: object):
    with pytest.raises(SummaryError, match="no amount of wei"):
        wei(value)


def printed(summary: dict, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), color_system="standard", force_terminal=True)
    for table in summary_tables(summary):
        console.print(table)
    return console.file.getvalue()


def plain(summary: dict) -> str:
    console = Console(width=100, file=io.StringIO())
    for table in summary_tables(summary):
        console.print(table)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def summary() -> dict:
    return canonical_summary(sample_run(1, 60)[0])


def test_all_tables_fit_a_hundred_columns_and_break_no_name(summary: dict):
    text = plain(summary)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    for row in [*summary["forecasters"], *summary["providers"]]:
        assert f" {row['name']} " in text
    for row in summary["forecasters"]:
        assert f"{row['log_loss']:.4f}" in text
    assert "…" not in text


def test_tables_show_figures_of_the_summary(summary: dict):
    text = plain(summary)
    member = summary["providers"][0]
    line = next(line for line in text.splitlines() if line.strip().startswith("member-1 "))
    assert f"{100 * member['share']:.1f}%" in line
    assert f"{member['information_nats']['mean']:.4f}" in line
    assert "107,938" in text
    assert f"{wei(summary['treasury']['supply_wei']):,}" in text


def test_a_failed_check_is_red_and_named(summary: dict):
    broken = {**summary, "audit": [{**summary["audit"][0], "ok": False}, summary["audit"][1]], "audit_ok": False}
    assert verdict(broken) == (False, "Audit failed: supply equals the sum of balances")
    text = printed(broken)
    assert "\x1b[1;31m" in text
    assert "NO" in text
    assert "\x1b[1;31m" not in printed(summary)


def test_an_audit_passes_only_with_checks_that_all_hold(summary: dict):
    assert verdict(summary)[0]
    assert not verdict({"audit": [], "audit_ok": True})[0]
    assert not verdict({**summary, "audit_ok": False})[0]
    assert not verdict({"audit": [{"check": "a", "ok": False}], "audit_ok": True})[0]


def test_markup_in_a_name_is_text(summary: dict):
    row = {**summary["forecasters"][0], "name": "[red]x[/]"}
    assert "[red]x[/]" in plain({**summary, "forecasters": [row]})


def test_one_question_shows_dashes_for_its_missing_intervals(summary: dict):
    edge = {"mean": 0.01, "low": None, "high": None}
    row = {**summary["forecasters"][0], "edge": edge, "net_interval_wei": None}
    assert plain({**summary, "forecasters": [row]}).count("[–, –]") == 2


def test_unclaimable_money_gets_a_table_under_its_owners_name(summary: dict):
    rows = [{"node": summary["forecasters"][1]["address"], "version": 4, "amount_wei": str(3 * WAD)}]
    assert "Unclaimable" not in plain(summary)
    text = plain({**summary, "unclaimable": rows})
    line = next(line for line in text.split("Unclaimable")[1].splitlines() if "forecaster-2" in line)
    assert line.split() == ["forecaster-2", "4", "3.00000"]
