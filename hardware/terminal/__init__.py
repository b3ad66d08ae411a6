"""A plot as people see it: bars on a terminal, plain lines elsewhere, JSON lines for programs; and how they answer."""
