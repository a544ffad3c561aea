"""How many stars a person would give: Bayesian matrix factorisation, served as a dot product."""
