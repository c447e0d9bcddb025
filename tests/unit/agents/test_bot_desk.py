"""What a bot says of itself: health, metrics and logs, and nothing secret in any of them."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest

from headwater.chain import ConnectionFailed
from headwater_agents.bots.desk import Desk
from headwater_agents.bots.kit import _told
from headwater_agents.bots.logs import Log
from headwater_agents.bots.vitals import STALE_S, Vitals
from headwater_agents.policies import Commit, Reveal


class Hand:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


async def _market(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 402, "headers": []})
    await send({"type": "http.response.body", "body": b"pay"})


async def _get(desk: Desk, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk), base_url="http://127.0.0.1") as client:
        return await client.get(path)


def get(desk: Desk, path: str) -> httpx.Response:
    import asyncio

    return asyncio.run(_get(desk, path))


def test_health_tells_a_bot_that_works_from_one_in_trouble_and_from_one_that_is_stuck() -> None:
    hand = Hand()
    vitals = Vitals("me", "keeper", hand)
    desk = Desk(vitals)
    vitals.looked()
    assert (get(desk, "/health").status_code, get(desk, "/health").json()["status"]) == (200, "ok")
    vitals.failed(ConnectionFailed("the node is away"))
    said = get(desk, "/health").json()
    assert (said["status"], said["trouble"]) == ("troubled", "ConnectionFailed: the node is away")
    hand.time += STALE_S
    answer = get(desk, "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "stuck")
    vitals.looked()
    assert get(desk, "/health").json()["status"] == "ok"


def test_metrics_are_in_prometheus_form_and_count() -> None:
    vitals = Vitals("me", "keeper")
    vitals.failed(ConnectionFailed("x"))
    vitals.actions.labels("settle").inc(3)
    text = get(Desk(vitals), "/metrics").text
    assert 'headwater_errors_total{kind="ConnectionFailed"} 1.0' in text
    assert 'headwater_actions_total{kind="settle"} 3.0' in text


def test_books_are_shown_as_they_stand() -> None:
    vitals = Vitals("me", "forecaster")
    vitals.keep_books([{"seller": "0x1", "spent": str(10**20)}])
    assert get(Desk(vitals), "/books").json() == {"edges": [{"seller": "0x1", "spent": str(10**20)}]}
    assert "headwater_spent_wei 1e+20" in get(Desk(vitals), "/metrics").text


def test_a_seller_that_is_being_set_up_says_come_back_and_others_serve_nothing_more() -> None:
    desk = Desk(Vitals("me", "provider"))
    early = get(desk, "/signals/1")
    assert (early.status_code, early.headers["retry-after"]) == (503, "1")
    desk.inner, desk.ready = _market, True
    assert get(desk, "/signals/1").status_code == 402
    assert get(desk, "/health").status_code == 200
    plain = Desk(Vitals("me", "keeper"))
    plain.ready = True
    assert get(plain, "/signals/1").status_code == 404


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_log_is_a_line_an_event(style: str) -> None:
    stream = io.StringIO()
    log = Log("me", style=style, stream=stream)
    log.debug("left_out")
    log.warning("failed", why="two\nlines", times=2)
    (line,) = stream.getvalue().splitlines()
    if style == "json":
        said = json.loads(line)
        assert (said["bot"], said["level"], said["event"], said["times"]) == ("me", "warning", "failed", 2)
    else:
        assert line.endswith("warning me: failed why=two lines times=2")


def test_what_is_logged_of_an_action_is_neither_its_salt_nor_its_forecast() -> None:
    forecast = (6 * 10**17, 4 * 10**17)
    salt = bytes(range(32))
    assert _told(Commit(question=3, forecast=forecast, wager=5, salt=salt)) == {"question": 3, "wager": 5}
    assert _told(Reveal(question=3, forecast=forecast, salt=salt)) == {"question": 3}
