"""From people to a list: embed, retrieve, rank, fuse. The one path of online, batch and evaluation."""
