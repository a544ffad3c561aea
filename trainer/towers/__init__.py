"""The notebooks' models by name: towers of ids, or of what is known of people and movies."""

# Of `trainer.towers.models.NAMED`, which loads TensorFlow.
MULTITASK, CONTENT = "multitask", "content"
NAMES = (MULTITASK, "retrieval", "mf", CONTENT)
