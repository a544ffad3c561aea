"""`python take_messages.py SITE_PACKAGES TARGET`: copies TensorFlow's protobuf modules, and its licence, to a folder.

They are all that the gateway needs of TensorFlow: server/gateway/serving_apis.py.
"""

import shutil
import sys
from pathlib import Path

_MODULES = ("tensorflow/core/**/*_pb2.py", "tensorflow/compiler/xla/**/*_pb2.py")
_LICENCE = ("tensorflow/THIRD_PARTY_NOTICES.txt", "tensorflow-*.dist-info/METADATA")


def main(site_packages: Path, target: Path) -> None:
    """Copies them to the same places under the target."""
    for pattern in (*_MODULES, *_LICENCE):
        found = list(site_packages.glob(pattern))
        if not found:
            sys.exit(f"{site_packages} has no {pattern}: it must hold an installed TensorFlow")
        for path in found:
            to = target / path.relative_to(site_packages)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
