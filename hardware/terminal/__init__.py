"""A plot as people see it: bars on a terminal, plain lines elsewhere, JSON lines for programs; and their answers."""
