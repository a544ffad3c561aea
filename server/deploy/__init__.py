"""Takes a release to where it is served, says how it is there, and takes it away again."""
