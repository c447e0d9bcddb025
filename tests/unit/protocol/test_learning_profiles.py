"""Profiles: one canonical form and one hash for all files that say the same, and clear refusals for all others."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.learning import (
    Constraint,
    FrozenFeatures,
    NormBound,
    Order,
    Profile,
    ProfileError,
    ProtectedLoss,
    ReferenceAccuracy,
    Template,
    action_scores,
    canonical,
    label,
    load_profile,
    parse_profile,
    profile_fields,
    profile_from_agreement,
    profile_hash,
    schema,
)
from headwater.values import ValueSystem

TOML = """
name = "care"

[[constraints]]
kind = "protected-loss"
group = "women"
tolerance = 0.01

[[constraints]]
kind = "frozen-features"
features = ["wind", 3]

[[constraints]]
kind = "norm"
bound = 1
"""

names = st.text("abcäß -", min_size=1, max_size=8).filter(lambda s: s == s.strip())
billionths = st.integers(-(10**9), 10**9).map(lambda k: k / 10**9)
positive = st.integers(1, 10**12).map(lambda k: k / 10**9)
constraints: st.SearchStrategy[Constraint] = st.one_of(
    st.builds(ProtectedLoss, group=names, tolerance=billionths),
    st.builds(ReferenceAccuracy, reference=names, tolerance=billionths),
    st.builds(
        FrozenFeatures,
        features=st.lists(st.one_of(names, st.integers(0, 9)), min_size=1, max_size=4, unique=True).map(tuple),
        tolerance=positive,
    ),
    st.builds(NormBound, order=st.sampled_from(list(Order)), bound=positive),
)
profiles = st.builds(Profile, names, st.lists(constraints, max_size=6, unique=True).map(tuple))


@settings(max_examples=60, deadline=None)
@given(profile=profiles, seed=st.integers(0, 100))
def test_a_profile_written_and_read_again_is_the_same_in_any_order(profile: Profile, seed: int) -> None:
    fields = profile_fields(profile)
    jsonschema.validate(fields, schema(), cls=jsonschema.Draft202012Validator)
    again = parse_profile(json.dumps(fields, indent=2), "json")
    assert again == profile
    order = np.random.default_rng(seed).permutation(len(profile.constraints))
    turned = Profile(profile.name, tuple(profile.constraints[i] for i in order))
    assert canonical(turned) == canonical(profile)
    assert profile_hash(turned) == profile_hash(profile) == keccak(canonical(profile).encode())
    other = Profile(profile.name + "x", profile.constraints)
    assert profile_hash(other) != profile_hash(profile)


def test_toml_and_json_that_say_the_same_have_one_hash() -> None:
    profile = parse_profile(TOML)
    written = {
        "constraints": [
            {"bound": 1.0, "kind": "norm", "order": "l2"},
            {"kind": "frozen-features", "features": [3, "wind"], "tolerance": 0},
            {"tolerance": 1e-2, "group": "women", "kind": "protected-loss"},
        ],
        "name": "care",
    }
    assert profile_hash(parse_profile(json.dumps(written), "json")) == profile_hash(profile)
    assert canonical(profile) == (
        '{"constraints":[{"bound_e9":1000000000,"kind":"norm","order":"l2"},'
        '{"features":[3,"wind"],"kind":"frozen-features","tolerance_e9":0},'
        '{"group":"women","kind":"protected-loss","tolerance_e9":10000000}],"name":"care"}'
    )
    assert len(profile_hash(profile)) == 32


def test_the_schema_is_valid_and_takes_and_refuses_what_the_parser_does() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    for text, said in (
        ("name = 1\nconstraints = []", "name"),
        ('name = "a"', "constraints"),
        ('name = "a"\nconstraints = []\nextra = 1', "extra"),
        ('name = "a"\nconstraints = [{kind = "magic"}]', "constraints"),
        ('name = "a"\nconstraints = [{kind = "norm", bound = -1}]', "bound"),
        ('name = "a"\nconstraints = [{kind = "norm", bound = 0.5, order = "l1"}]', "l1"),
        ('name = "a"\nconstraints = [{kind = "protected-loss", tolerance = 0.1}]', "group"),
        ('name = "a"\nconstraints = [{kind = "frozen-features", features = []}]', "features"),
        ('name = "a"\nconstraints = [{kind = "norm", bound = 0.12345678901}]', "nine decimals"),
        ('name = "a"\nconstraints = [{kind = "norm", bound = nan}]', "finite"),
        ('name = "a"\nconstraints = [{kind = "protected-loss", group = "g", tolerance = inf}]', "finite"),
        ("name = ", "TOML"),
    ):
        with pytest.raises(ProfileError, match=said):
            parse_profile(text)
    for text in ("[]", "1", "{", '{"name": "a", "name": "b", "constraints": []}', "[" * 100_000):
        with pytest.raises(ProfileError):
            parse_profile(text, "json")
    with pytest.raises(ProfileError, match="toml or json"):
        parse_profile("", "yaml")


def test_files_are_read_by_their_ending_and_refused_by_name(tmp_path: Path) -> None:
    good = tmp_path / "care.toml"
    good.write_text(TOML)
    assert load_profile(good) == parse_profile(TOML)
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    for name in ("bad.json", "none.toml", "care.yaml", "bytes.json"):
        with pytest.raises(ProfileError, match=name):
            load_profile(tmp_path / name)


def test_constraints_that_cannot_be_are_refused() -> None:
    for make in (
        lambda: ProtectedLoss(group=""),
        lambda: ProtectedLoss(group="a", tolerance=np.nan),
        lambda: ReferenceAccuracy(reference="r", tolerance=1.5),
        lambda: FrozenFeatures(features=()),
        lambda: FrozenFeatures(features=(1, 1)),
        lambda: FrozenFeatures(features=(-1,)),
        lambda: FrozenFeatures(features=("a",), tolerance=-0.1),
        lambda: NormBound(bound=0.0),
        lambda: NormBound(bound=1e300),
        lambda: NormBound(bound=1.0, order="l7"),  # type: ignore[arg-type]
        lambda: Profile("p", (ProtectedLoss(group="a"), ProtectedLoss(group="a"))),
        lambda: Profile(" p"),
        lambda: Profile("p", ("norm",)),  # type: ignore[arg-type]
    ):
        with pytest.raises(ProfileError):
            make()


SYSTEM = ValueSystem(np.array([0.5, 0.5]), np.array([[-1.0, -1.0], [0.2, -0.6], [1.0, -1.0], [1.0, 0.5]]))
ACTIONS = ("harm women", "use wind", "grow", "share")


def test_an_agreement_constrains_what_it_disapproves_of_the_more_the_less_it_may_be() -> None:
    table = {
        "harm women": Template(constraint=ProtectedLoss(group="women", tolerance=0.1)),
        "use wind": Template(constraint=FrozenFeatures(features=("wind",), tolerance=0.05)),
        "grow": Template(constraint=NormBound(bound=2.0)),
        "share": Template(constraint=NormBound(bound=1.0, order=Order.LINF)),
    }
    assert list(action_scores(SYSTEM)) == pytest.approx([-1, -0.2, 0, 0.75])
    profile = profile_from_agreement(SYSTEM, table, ACTIONS, "pact")
    assert profile.constraints == (
        ProtectedLoss(group="women", tolerance=0.0),
        FrozenFeatures(features=("wind",), tolerance=0.04),
    )
    assert profile_hash(parse_profile(json.dumps(profile_fields(profile)), "json")) == profile_hash(profile)


@settings(max_examples=60, deadline=None)
@given(low=st.floats(-1, 1), high=st.floats(-1, 1), most=positive)
def test_more_disapproval_never_allows_more(low: float, high: float, most: float) -> None:
    low, high = min(low, high), max(low, high)
    for constraint in (ProtectedLoss(group="g", tolerance=most), NormBound(bound=most)):
        strict, loose = Template(constraint=constraint).at(low), Template(constraint=constraint).at(high)
        if loose is not None:
            assert strict is not None
            assert Template(constraint=strict).most <= Template(constraint=loose).most <= most
        assert (strict is None) == (low >= 0)
        if strict is not None:
            assert label(strict)
            assert canonical(Profile("p", (strict,)))  # nine decimals


def test_tables_that_fit_no_agreement_are_refused() -> None:
    template = Template(constraint=NormBound(bound=1.0))
    with pytest.raises(ProfileError, match="no action"):
        profile_from_agreement(SYSTEM, {"fly": template}, ACTIONS, "p")
    with pytest.raises(ProfileError, match="one name"):
        profile_from_agreement(SYSTEM, {}, ACTIONS[:2], "p")
    with pytest.raises(ProfileError, match="at least 0"):
        Template(constraint=ProtectedLoss(group="g", tolerance=-0.1))
    assert profile_from_agreement(SYSTEM, {}, ACTIONS, "free").constraints == ()
