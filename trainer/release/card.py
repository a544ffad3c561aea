"""The model card of a release, written from release.json alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer.release.index_choice import SCANN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Values = dict[str, Any]

HEADINGS = {"ndcg_at_10": "NDCG@10", "recall_at_20": "Recall@20", "top_100": "top-100", "rmse": "RMSE (stars)"}

DEFAULT = (
    "Retrieval: embeddings solved from a history against those of the movies; a movie without ratings has what movies "
    "alike in genres and year have. Ranking head: Bayesian matrix factorisation, served as a dot product."
)

USE = """\
## Intended use

Suggesting movies to two people who want to watch something together, or to one. Lists are suggestions for people to
choose from; predicted stars are a help in choosing, not a judgement of a movie or of a person.

Not for decisions about people: what someone watched says nothing reliable about who they are. A pair's list can reveal
what is in a member's history to the other; histories are not shown without that person's consent.

## Limits

- It knows the movies of its data and no others, and people by their ratings only: no demographics are used.
- The metrics are of a random slice of the same data. They flatter: predicting what comes later in time is harder, and
  that a movie was rated is not that it was liked, nor that what was not rated was not.
- People in the data chose to rate movies; others may differ from them.
- Someone with no history gets what is popular; the fewer ratings someone has, the less personal the list."""


APPROXIMATE = """

Candidates are searched approximately, by ScaNN, and the metrics are of exact search. The index loads only where the
package scann is installed, not in stock TensorFlow Serving. Made again, it is another index, whatever the seed."""


def model_card(info: Values) -> str:
    """Returns the card as Markdown.

    Args:
        info: What release.json holds. Without "figures", or with some of them missing, their sections are left out.
    """
    figures = info.get("figures", {})
    sections = [
        _identity(info),
        _data(info),
        _metrics(info, figures.get("intervals", {})),
        _forced(info.get("forced", [])),
        _groups(figures.get("by_history_length")),
        _calibration(figures.get("calibration")),
        _popularity(figures.get("popularity")),
        USE,
        _reproduction(info),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _identity(info: Values) -> str:
    share, item = f"a share of {info['like_star_share']:.0%}", info["config"]["chosen"].get("item")
    if info.get("figures"):
        chosen = f"{share}, chosen on validation.{_item_part(item)}"
    else:
        chosen = f"{share}. Too few ratings to hold any back: nothing was chosen, nothing measured."
    return (
        f"# Release {info['version']}\n\n"
        f"Movie recommendations for pairs. Made {info['created']} from {info['data']['name']}.\n\n"
        f"{info['config'].get('about', DEFAULT)} LIKE counts predicted stars with {chosen}"
        f"{APPROXIMATE if info.get('index') == SCANN else ''}"
    )


def _item_part(item: Values | None) -> str:
    if item is None:
        return ""
    part = f"An item-to-item part is joined (weight {item['weight']:g}, {item['rank']} axes): it won on validation."
    return f" {part if item['weight'] else 'No item-to-item part is joined.'}"


def _data(info: Values) -> str:
    data = info["data"]
    return (
        "## Data and terms\n\n"
        f"{data['num_ratings']:,} ratings of {data['num_movies']:,} movies by {data['num_users']:,} people, "
        f"{info['rating_min']:g} to {info['rating_max']:g} stars. Fingerprint `{data['fingerprint']}`.\n\n"
        f"Terms: {data['license']}"
    )


def _metrics(info: Values, intervals: Values) -> str:
    share = info["config"]["held_back"]
    rows = [
        [f"{system['system']}{' *' if system['served'] else ''}", *_cells(system, intervals)]
        for system in info["metrics"]
    ]
    return (
        "## Metrics\n\n"
        f"Two random slices of the ratings, {share:.0%} each, were held back. Settings were chosen on one, this is "
        "measured on the other, which nothing was chosen on; then the models were fitted to every rating. * is "
        "served. In brackets 95 % bootstrap intervals over people.\n\n"
        f"{_table(['system', *HEADINGS.values()], rows)}"
    )


def _forced(worse: Sequence[str]) -> str:
    lines = "\n".join(f"- {sentence}" for sentence in worse)
    return f"## Published although it is worse\n\nThan the release that was served then:\n\n{lines}" if worse else ""


def _cells(system: Values, intervals: Values) -> Iterable[str]:
    for name in HEADINGS:
        value = system["values"].get(name)
        interval = intervals.get(name) if system["served"] else None
        yield "" if value is None else _number(value, interval)


def _groups(groups: Sequence[Values] | None) -> str:
    if not groups:
        return ""
    rows = [
        [_range(group), f"{group['people']:,}", *(_estimate(group["values"].get(name)) for name in HEADINGS)]
        for group in groups
    ]
    return (
        "## For whom it works less well\n\n"
        "By how many ratings people had to learn from. People with long histories also have more that is relevant, "
        "which raises NDCG and lowers recall for any system.\n\n"
        f"{_table(['ratings', 'people', *HEADINGS.values()], rows)}"
    )


def _calibration(bins: Sequence[Values] | None) -> str:
    if not bins:
        return ""
    rows = [
        [f"{row['low']:g} to {row['high']:g}", f"{row['count']:,}", f"{row['predicted']:.2f}", f"{row['given']:.2f}"]
        for row in bins
    ]
    table = _table(["predicted stars", "predictions", "mean predicted", "mean given"], rows)
    return f"## Do predicted stars mean what they say?\n\n{table}"


def _popularity(popularity: Values | None) -> str:
    if not popularity:
        return ""
    return (
        "## Popularity bias\n\n"
        "Where 0 is the least rated movie of the catalogue and 1 the most, what people rated stands at "
        f"{_estimate(popularity['histories'])} on average, the first ten of their lists at "
        f"{_estimate(popularity['lists'])}. {popularity['coverage']:.0%} of the catalogue is among anyone's first ten."
    )


def _reproduction(info: Values) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in info["versions"].items())
    spent = ", ".join(info["budget_spent"])
    clock = (
        f"Out of time was: {spent}. On a faster or a slower machine the same data and seed may give another release."
        if spent
        else "No budget of time ran out: what was chosen does not depend on the speed of the machine."
    )
    return (
        f"## To make it again\n\nThe same data in the same file order and seed {info['seed']}, with {versions}. "
        f"All settings: release.json. {clock}"
    )


def _range(group: Values) -> str:
    return f"{group['shortest']} or more" if group["longest"] is None else f"{group['shortest']} to {group['longest']}"


def _estimate(estimate: Values | None) -> str:
    return "" if estimate is None else _number(estimate["value"], estimate)


def _number(value: float, interval: Values | None) -> str:
    return f"{value:.3f}" + (f" [{interval['low']:.3f}, {interval['high']:.3f}]" if interval else "")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
