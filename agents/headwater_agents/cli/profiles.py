"""`headwater learn profile`: whether a value profile is well formed, what it says in words, and what it hashes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.output import terminal
from headwater_agents.cooperative.errors import CooperativeError

if TYPE_CHECKING:
    from headwater.learning import Constraint, Profile


@click.command("profile")
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema of a profile file, and no more.")
@click.option("--json", "as_json", is_flag=True, help="Print a list: words, canonical form and hash of each file.")
@reported
def profile_command(files: tuple[Path, ...], as_schema: bool, as_json: bool) -> None:
    """Read value profiles, TOML or JSON: what each asks of an update, and the hash of its canonical form.

    Two files that say the same have the same canonical form. Its Keccak-256 is the policy hash that agreements and
    records of rounds name. Exit code 2 if a file is no profile; then nothing is printed of the others.
    """
    from headwater.learning import load_profile, schema

    if as_schema:
        if files:
            raise CooperativeError("--schema goes without files: it is the same for all")
        print_json(schema())
        return
    if not files:
        raise CooperativeError("no profile; give one .toml or .json file at least, or --schema for what it may hold")
    found = [{"file": str(path), **described(load_profile(path))} for path in files]
    if as_json:
        print_json(found)
        return
    console = terminal()
    for each in found:
        console.print(f"{each['file']}: profile {each['name']!r}", highlight=False, markup=False, soft_wrap=True)
        for line in each["constraints"] or ["It asks nothing: every update keeps it."]:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"  policy hash {each['hash']}", highlight=False, soft_wrap=True)


def described(profile: Profile) -> dict[str, Any]:
    """A profile as JSON values: name, constraints in words, canonical form, its hash "0x…"."""
    from headwater.learning import canonical, profile_hash

    return {
        "name": profile.name,
        "constraints": [in_words(constraint) for constraint in profile.constraints],
        "canonical": canonical(profile),
        "hash": "0x" + profile_hash(profile).hex(),
    }


def in_words(constraint: Constraint) -> str:
    """What a constraint asks of an update, as a sentence with units."""
    from headwater.learning import FrozenFeatures, NormBound, Order, ProtectedLoss, ReferenceAccuracy

    match constraint:
        case ProtectedLoss(group=group, tolerance=most):
            what = f"The mean loss of group {group!r}"
            return (
                f"{what} must fall by at least {-most:.9g} nats." if most < 0 else _may_not(what, "rise", most, "nats")
            )
        case ReferenceAccuracy(reference=reference, tolerance=most):
            what = f"Accuracy on reference task {reference!r}"
            if most < 0:
                return f"{what} must rise by at least {-most:.9g}, a share."
            return _may_not(what, "fall", most, "(a share)")
        case FrozenFeatures(features=features, tolerance=most):
            named = ", ".join(
                repr(feature) if isinstance(feature, str) else f"number {feature}" for feature in features
            )
            what = f"No parameter that reads feature {named}"
            return f"{what} may change." if most == 0 else f"{what} may change by more than {most:.9g}."
        case NormBound(order=order, bound=bound):
            what = "Euclidean norm" if order is Order.L2 else "largest entry"
            return f"The update's {what} is at most {bound:.9g}."


def _may_not(what: str, way: str, most: float, unit: str) -> str:
    return f"{what} may not {way}." if most == 0 else f"{what} may {way} by at most {most:.9g} {unit}."
