"""Images, operators, priors and the problem they make: torch only, no methods, no GUI."""
