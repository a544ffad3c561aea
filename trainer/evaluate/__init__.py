"""Measures what is served, through the recommender that serves it."""
