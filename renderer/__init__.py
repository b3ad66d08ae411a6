"""From a declarative artwork spec to a drawing made of strokes that real pens can draw."""
