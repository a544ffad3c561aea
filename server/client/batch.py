"""The pairs of a CSV file, as requests for their lists."""

import csv
import io
import sys
from pathlib import Path

from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

_MAX_FAULTS = 20  # named; of a file that is something else altogether no more helps


def read_pairs(template: service_pb2.RecommendPairRequest, file: str) -> list[service_pb2.RecommendPairRequest]:
    """Returns a request for every pair of a file.

    The file has a line `first,second[,first_weight]` a pair, "-" is standard input; all else is as in the template.

    Raises:
        ValueError: Lines are not such ones, or there is none; says which, a line of the message each.
        OSError: The file cannot be read.
    """
    pairs, faults = [], []
    for number, cells in _lines(file):
        try:
            pairs.append(_pair(template, [cell.strip() for cell in cells]))
        except ValueError:
            faults.append(f"{file}, line {number}: must be first,second[,first_weight], as 196,186,0.7")
    if faults or not pairs:
        raise ValueError("\n".join(faults[:_MAX_FAULTS]) or f"{file}: has no pairs; give each a line: first,second")
    return pairs


def _lines(file: str) -> list[tuple[int, list[str]]]:
    """Returns the lines that hold anything, by their numbers; not the heading."""
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: is not CSV in UTF-8 ({error})") from error
    return [line for line in lines if line[0] > 1 or line[1][:2] != ["first", "second"]]


def _pair(template: service_pb2.RecommendPairRequest, cells: list[str]) -> service_pb2.RecommendPairRequest:
    pair = service_pb2.RecommendPairRequest()
    pair.CopyFrom(template)
    pair.first.user_id, pair.second.user_id, *weight = cells
    if weight:
        [pair.first_weight] = map(float, weight)
    return pair
