"""The bundled specifications: careful work passes, careless work does not, and every role can help or fail to."""

from __future__ import annotations

from fractions import Fraction

import pytest

from headwater_agents.games.software import (
    ROLES,
    Artefact,
    Patch,
    Score,
    SoftwareError,
    Specification,
    build,
    bundled,
    judge_of,
    names,
    parse,
)


def score(specification: Specification, artefacts: dict[str, Artefact]) -> Score:
    return judge_of(specification.name).score(build(specification, list(artefacts.values())).source)


def careful(specification: Specification) -> dict[str, Artefact]:
    return {role: specification.of_role(role)[0] for role in ROLES}


@pytest.mark.parametrize("name", names())
class TestEverySpecification:
    def test_careful_work_passes_every_test(self, name: str) -> None:
        assert score(bundled(name), careful(bundled(name))).fraction == 1

    def test_every_test_fails_for_some_part_missing_and_no_code_passes_none(self, name: str) -> None:
        specification = bundled(name)
        work = careful(specification)
        assert not any(score(specification, {r: a for r, a in work.items() if r != "programmer"}).passed)
        for role in ("CEO", "CTO", "reviewer"):
            assert score(specification, {r: a for r, a in work.items() if r != role}).fraction < 1, role
        without_product = {r: a for r, a in work.items() if r not in ("CPO", "counselor")}
        assert score(specification, without_product).fraction < 1

    def test_careless_variants_are_cheaper_and_worse(self, name: str) -> None:
        specification = bundled(name)
        work = careful(specification)
        for role in ("CEO", "CTO", "programmer", "reviewer"):
            careless = specification.of_role(role)[1]
            assert careless.effort < work[role].effort
            assert score(specification, {**work, role: careless}).fraction < 1, role

    def test_counsel_helps_where_the_product_was_thought_of_in_haste_and_words_alone_never(self, name: str) -> None:
        specification = bundled(name)
        helpful, empty = specification.of_role("counselor")
        alone = {**careful(specification)}
        del alone["CPO"], alone["counselor"]
        plain = score(specification, alone).fraction
        assert score(specification, {**alone, "counselor": helpful}).fraction > plain
        assert score(specification, {**alone, "counselor": empty}).fraction == plain
        assert not empty.decisions

    def test_a_review_mends_the_draft_and_another_breaks_the_program(self, name: str) -> None:
        specification = bundled(name)
        work = careful(specification)
        draft = {**work, "programmer": specification.of_role("programmer")[1]}
        unread = {role: artefact for role, artefact in draft.items() if role != "reviewer"}
        assert score(specification, draft).fraction > score(specification, unread).fraction
        breaking = {**work, "reviewer": specification.of_role("reviewer")[1]}
        unread = {role: artefact for role, artefact in work.items() if role != "reviewer"}
        assert score(specification, breaking).fraction < score(specification, unread).fraction

    def test_no_program_of_the_library_needs_to_be_stopped(self, name: str) -> None:
        specification = bundled(name)
        for programmer in specification.of_role("programmer"):
            assert score(specification, {"programmer": programmer}).end == "done"


def test_the_weighted_part_is_counted_by_package_and_weight() -> None:
    table = bundled("table")
    layout, numbers, uneven = (len(package.tests) for package in table.packages)
    passed = [True] + [False] * (layout - 1) + [True] * numbers + [False] * uneven
    first, whole = table.packages[0].tests[0].weight, table.packages[0].weight
    assert table.complete(passed) == (Fraction(first, whole), 1, 0)
    assert table.fraction(passed) == Fraction(45 * first, 100 * whole) + Fraction(35, 100)


def test_a_program_is_its_artefacts_in_order() -> None:
    intervals = bundled("intervals")
    built = build(
        intervals,
        [
            Artefact(role="CPO", name="a", decisions=(("empty", "drop"),)),
            Artefact(role="programmer", name="b", text="def merge(x):\n    return 1\n"),
            Artefact(role="reviewer", name="c", patches=(Patch("return 1", "return 2"), Patch("gone", "x"))),
            Artefact(role="counselor", name="d", decisions=(("empty", "show"), ("touching", "join"))),
        ],
    )
    assert built.source.startswith("DECISIONS = {'reversed': 'ignore', 'touching': 'join', 'empty': 'show'}\n")
    assert built.source.endswith("def merge(x):\n    return 2\n")
    assert "def ordered" in built.source
    assert built.remarks == ("patch 2 of c finds its text 0 times and changes nothing",)


def test_a_patch_that_fits_twice_changes_nothing() -> None:
    code = Artefact(role="programmer", name="b", text="a = 1\nb = 1\n")
    review = Artefact(role="reviewer", name="c", patches=(Patch(" = 1", " = 2"),))
    assert build(bundled("intervals"), [code, review]).source == build(bundled("intervals"), [code]).source


def test_a_decision_that_is_not_the_roles_is_not_built_in() -> None:
    with pytest.raises(SoftwareError, match="is for the CPO or the counselor, not for the CEO"):
        build(bundled("intervals"), [Artefact(role="CEO", name="x", decisions=(("empty", "drop"),))])


SMALL = """
name = "small"
title = "Small"
text = "one() is 1"
functions = ["one"]
naive_design = ""
question = []
artefact = []
[[package]]
name = "all"
planned = 100
shares = {{ programmer = {share} }}
test = [{{ call = "{call}", with = [], value = 1 }}]
"""


def test_a_specification_of_ones_own_is_read_and_checked() -> None:
    assert parse(SMALL.format(share=100, call="one")).tests[0].expect == "1"
    with pytest.raises(SoftwareError, match="add up to 100"):
        parse(SMALL.format(share=90, call="one"))
    with pytest.raises(SoftwareError, match="a function that is not specified"):
        parse(SMALL.format(share=100, call="two"))
    with pytest.raises(SoftwareError, match="KeyError 'title'"):
        parse("name = 'x'")
    with pytest.raises(SoftwareError, match="no specification 'ghost'"):
        bundled("ghost")
