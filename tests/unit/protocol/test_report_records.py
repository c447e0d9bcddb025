"""Records on disk: byte-stable, exact, and readable by DuckDB, pandas and SQLite."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import namedtuple
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_sample import sample_run

from headwater.chain import Event
from headwater.report import (
    EventError,
    EventRecord,
    RunFolderError,
    SummaryError,
    canonical_summary,
    event_columns,
    read_events,
    read_summary,
    record_events,
    write_events,
    write_summary,
)
from headwater.units import MAX_WEI


def pulled(amount: int, block: int = 7, log_index: int = 0) -> EventRecord:
    args = {"node": "0xAa" + "0" * 38, "child": "0xbB" + "1" * 38, "version": 3, "amount": amount}
    return EventRecord("Cascade", "Pulled", args, block, 2_000_000_000, log_index, "0x" + "ab" * 32)


# ---------------------------------------------------------------- summary


def test_equal_summaries_give_equal_bytes_whatever_the_order_of_keys(tmp_path: Path):
    summary, _ = sample_run(3, 20)
    turned = json.loads(json.dumps(dict(reversed(summary.items()))))
    first = write_summary(tmp_path / "a", summary).read_bytes()
    assert first == write_summary(tmp_path / "b", turned).read_bytes()
    assert first == write_summary(tmp_path / "c", read_summary(tmp_path / "a")).read_bytes()
    assert first != write_summary(tmp_path / "d", sample_run(4, 20)[0]).read_bytes()


def test_wei_become_decimal_strings_at_every_depth():
    summary = canonical_summary(
        {"net_wei": MAX_WEI, "net_interval_wei": (-5, None), "wagers_wei": {"F1": 2}, "gas": {"max": 2}, "big": 10**24}
    )
    assert summary == {
        "net_wei": str(MAX_WEI),
        "net_interval_wei": ["-5", None],
        "wagers_wei": {"F1": "2"},
        "gas": {"max": 2},
        "big": str(10**24),
    }


def test_floats_keep_twelve_significant_digits_and_unbounded_ends_become_null():
    summary = canonical_summary({"a": 1 / 3, "b": [float("inf"), -0.0], "c": np.float64(2 / 3), "d": np.arange(2)})
    assert summary == {"a": 0.333333333333, "b": [None, 0.0], "c": 0.666666666667, "d": [0, 1]}
    assert "-" not in json.dumps(summary)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"a": float("nan")}, "summary.a: not a number"),
        ({"a": [{"net_wei": 1.5}]}, r"summary.a\[0\].net_wei: 1.5 is no amount"),
        ({"net_wei": True}, "net_wei: True is no amount"),
        ({"net_wei": "1e18"}, "'1e18' is no amount"),
        ({1: 2}, "key 1 is not a string"),
        ({"a": {1, 2}}, "a set has no place"),
    ],
)
def test_a_summary_that_would_lose_something_is_refused_and_nothing_is_written(
    tmp_path: Path, broken: dict, where: str
):
    with pytest.raises(SummaryError, match=where):
        write_summary(tmp_path / "run", broken)
    assert not (tmp_path / "run").exists()


def test_reading_says_what_is_wrong_with_a_folder(tmp_path: Path):
    with pytest.raises(RunFolderError, match="there is no folder"):
        read_summary(tmp_path / "missing")
    with pytest.raises(RunFolderError, match=r"is not a run: it has no summary\.json"):
        read_summary(tmp_path)
    with pytest.raises(RunFolderError, match="is not a run: it has no events"):
        read_events(tmp_path)
    path = tmp_path / "summary.json"
    path.write_text('{"headwater": ')
    with pytest.raises(RunFolderError, match=r"summary\.json is broken: .*line 1"):
        read_summary(tmp_path)
    path.write_text("[]")
    with pytest.raises(RunFolderError, match="expected a JSON object"):
        read_summary(tmp_path)
    path.write_text('{"headwater": "0.1.0"}')
    with pytest.raises(RunFolderError, match="it lacks chain, parameters"):
        read_summary(tmp_path)
    with pytest.raises(RunFolderError, match="is a file"):
        read_summary(path)


# ---------------------------------------------------------------- events


def test_events_read_back_as_they_were_written(tmp_path: Path):
    _, events = sample_run(5, 20)
    write_events(tmp_path, events)
    assert read_events(tmp_path) == events


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
values = st.one_of(
    st.integers(-MAX_WEI, MAX_WEI),
    st.booleans(),
    st.binary(max_size=40).map(lambda data: "0x" + data.hex()),
    st.lists(st.integers(0, MAX_WEI), max_size=8),
    st.fixed_dictionaries({"commit_start": st.integers(0, 2**40), "feed": st.just("0x" + "0" * 40)}),
)


@given(st.lists(st.tuples(values, values, texts), max_size=6))
def test_every_kind_of_argument_survives_a_table(tmp_path_factory: pytest.TempPathFactory, rows: list):
    folder = tmp_path_factory.mktemp("run")
    events = [
        EventRecord("Arena", "Happened", {"a": a, "b": b, "uri": uri}, block, 2_000_000_000 + block, 0, "0x00")
        for block, (a, b, uri) in enumerate(rows)
    ]
    write_events(folder, events, {"Arena.Happened": ["a", "b", "uri"]})
    assert read_events(folder) == events


def test_decoded_logs_become_records_in_the_order_of_the_chain():
    times = namedtuple("Times", "commit_start commit_end")
    place = "0xAbCdEf0000000000000000000000000000000001"
    logs = [
        Event("Resolved", {"question": 1, "outcome": 0}, place, 9, 0, "0x02"),
        Event(
            "QuestionOpened",
            {"question": 1, "times": times(1, 2), "topic": b"\x01" * 32, "odds": (4, 6)},
            place,
            8,
            3,
            "0x01",
        ),
    ]
    opened, resolved = record_events(logs, {place.lower(): "ForecastArena"}, {8: 800, 9: 900})
    assert (opened.contract, opened.name, opened.block, opened.time) == ("ForecastArena", "QuestionOpened", 8, 800)
    assert opened.args == {
        "question": 1,
        "times": {"commit_start": 1, "commit_end": 2},
        "topic": "0x" + "01" * 32,
        "odds": [4, 6],
    }
    assert (resolved.name, resolved.log_index, resolved.tx_hash) == ("Resolved", 0, "0x02")
    with pytest.raises(EventError, match="no contract is named"):
        record_events(logs, {}, {8: 800, 9: 900})
    with pytest.raises(EventError, match="the block's time is missing"):
        record_events(logs, {place: "ForecastArena"}, {8: 800})


def test_a_table_without_rows_keeps_its_header(tmp_path: Path):
    abi = [
        {"type": "function", "name": "void", "inputs": []},
        {"type": "event", "name": "Voided", "inputs": [{"name": "question"}, {"name": "status"}]},
    ]
    [path] = write_events(tmp_path, [], event_columns({"ForecastArena": abi}))
    assert path == tmp_path / "events" / "ForecastArena.Voided.csv"
    assert path.read_text() == "block,time,log_index,tx_hash,question,status\n"
    assert duckdb.sql(f"SELECT * FROM read_csv_auto('{path}')").columns == [
        "block",
        "time",
        "log_index",
        "tx_hash",
        "question",
        "status",
    ]
    assert read_events(tmp_path) == []


def test_arguments_that_differ_from_the_table_are_refused(tmp_path: Path):
    with pytest.raises(EventError, match=r"Cascade\.Pulled has arguments"):
        write_events(tmp_path, [pulled(1)], {"Cascade.Pulled": ["node"]})
    with pytest.raises(EventError, match="an argument called time"):
        write_events(tmp_path, [EventRecord("A", "B", {"time": 1}, 1, 1, 0, "0x")])
    with pytest.raises(EventError, match="names no contract and event"):
        write_events(tmp_path, [EventRecord("../A", "B", {}, 1, 1, 0, "0x")])


def test_a_damaged_table_is_named_with_its_line(tmp_path: Path):
    [path] = write_events(tmp_path, [pulled(1), pulled(2, block=8)])
    path.write_text(path.read_text().replace("\n8,", "\neight,"))
    with pytest.raises(RunFolderError, match=r"Cascade\.Pulled\.csv, line 3 is broken"):
        read_events(tmp_path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(RunFolderError, match="is no table of events"):
        read_events(tmp_path)


AMOUNTS = [MAX_WEI, 2**64, 2**63, 1, MAX_WEI - 1]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    [path] = write_events(tmp_path, [pulled(amount, block=index) for index, amount in enumerate(AMOUNTS)])
    return path


def test_duckdb_reads_a_table_and_adds_up_every_digit(table: Path):
    exact = f"SELECT sum(amount), count(DISTINCT tx_hash) FROM read_csv('{table}', types = {{'amount': 'HUGEINT'}})"
    assert duckdb.connect().execute(exact).fetchone() == (sum(AMOUNTS), 1)
    columns = dict(
        row[:2] for row in duckdb.connect().execute(f"DESCRIBE SELECT * FROM read_csv_auto('{table}')").fetchall()
    )
    assert columns["block"] == columns["time"] == "BIGINT"
    assert columns["node"] == "VARCHAR"


def test_duckdb_reads_lists_of_amounts(tmp_path: Path):
    odds = [10**18 - 1, MAX_WEI]
    [path] = write_events(tmp_path, [EventRecord("ForecastArena", "OddsSet", {"odds": odds}, 1, 2, 0, "0x00")])
    row = (
        duckdb.connect()
        .execute(f"SELECT odds::JSON::HUGEINT[] FROM read_csv('{path}', types = {{'odds': 'VARCHAR'}})")
        .fetchone()
    )
    assert row == (odds,)


def test_pandas_reads_a_table_and_adds_up_every_digit(table: Path):
    frame = pd.read_csv(table, converters={"amount": int})
    assert frame["amount"].tolist() == AMOUNTS
    assert frame["block"].tolist() == list(range(len(AMOUNTS)))


def test_sqlite_keeps_every_digit_in_a_text_column(table: Path):
    with table.open(newline="") as file:
        header, *rows = csv.reader(file)
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{name}"' + (" TEXT" if name == "amount" else "") for name in header)
    connection.execute(f"CREATE TABLE pulled ({columns})")
    connection.executemany(f"INSERT INTO pulled VALUES ({', '.join('?' * len(header))})", rows)
    stored = connection.execute("SELECT amount FROM pulled ORDER BY CAST(block AS INTEGER)").fetchall()
    connection.close()
    assert [int(amount) for (amount,) in stored] == AMOUNTS
