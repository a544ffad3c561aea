"""Starts model server and gateway together, and leaves nothing behind when asked to stop."""
