"""A named fault of the contracts as a change of their text, and how it is written down to be compiled."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from headwater.chain import contracts_folder


class StaleMutant(Exception):
    """The text that a mutant replaces is not in the source, or stands there more than once: the mutant needs care."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: in each contract of `edits` (file, old text, new text) the old text must stand exactly once."""

    name: str
    fault: str
    edits: tuple[tuple[str, str, str], ...]

    @property
    def contracts(self) -> tuple[str, ...]:
        """Names of the contracts it changes."""
        return tuple(sorted({file for file, _, _ in self.edits}))

    def write(self, folder: Path) -> Path:
        """Copy the contracts into `folder` / name, change them, and return that folder.

        Raises StaleMutant.
        """
        root = folder / self.name
        shutil.copytree(contracts_folder(), root)
        for file, old, new in self.edits:
            path = root / f"{file}.vy"
            text = path.read_text(encoding="utf-8")
            if text.count(old) != 1:
                raise StaleMutant(f"{self.name}: {file}.vy has this text {text.count(old)} times, not once:\n{old}")
            path.write_text(text.replace(old, new), encoding="utf-8")
        return root
