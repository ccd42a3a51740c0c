"""Log p(x): by importance sampling and by annealing."""
