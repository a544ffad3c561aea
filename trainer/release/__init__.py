"""One release: three SavedModels and a catalogue with one version number, published whole or not at all."""
