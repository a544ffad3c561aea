"""The three models of one release in this process, for evaluation and batch: no server, no network."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from server.recommender.models import MODEL_NAMES, Tensors
from server.saved_model import SavedModel


class InProcessModels:
    """Models that run where they are asked; `predict` never suspends, so `asyncio.run` is all it takes."""

    def __init__(self, root: Path, version: int) -> None:
        """Loads the SavedModels `root/<model>/<version>`."""
        self._models = {name: SavedModel.load(root / name / str(version)) for name in MODEL_NAMES}

    async def predict(self, model: str, signature: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Runs one signature of one model; see `Models.predict`. TensorFlow's errors leave as they are."""
        return self._models[model].predict(signature, dict(inputs))
