"""Which movies a person will likely watch: candidate embeddings and the query tower that solves for a person."""
