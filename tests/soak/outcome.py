"""What a soak saw: counts for the table, and every violation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

# Violations of each soak, and characters of each; the rest is counted.
_SHOWN, _LONGEST = 20, 1000

console = Console(highlight=False, markup=False, soft_wrap=True)


@dataclass
class Outcome:
    """What one soak saw.

    Attributes:
        name: Of the soak.
        counts: How often each line of the table was seen; a key is the line's words.
        facts: What was measured, in words.
        violations: What must not be, each with how to do it again, and how often it was.
    """

    name: str
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    facts: list[str] = field(default_factory=list)
    violations: Counter[str] = field(default_factory=Counter)

    def require(self, holds: object, otherwise: str) -> None:
        if not holds:
            self.violations[otherwise] += 1

    def show(self, headings: Sequence[str]) -> None:
        table = Table(*headings, "count", title=self.name, title_justify="left")
        for words, count in sorted(self.counts.items()):
            table.add_row(*words, f"{count:,}")
        console.print(table)
        for fact in self.facts:
            console.print(f"{self.name}: {fact}")
        for violation, times in self.violations.most_common(_SHOWN):
            console.print(f"{self.name}: VIOLATION, {times} times: {violation[:_LONGEST]}")
        console.print(f"{self.name}: {self.violations.total()} violations")
