"""Batch jobs: lists for many pairs, made ahead on an engine that scales out."""
