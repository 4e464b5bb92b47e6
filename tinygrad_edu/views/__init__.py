"""Looking at a computation: told as a table, or drawn as a graph."""

from .explanation import explain
from .graph import draw_graph

__all__ = ["draw_graph", "explain"]
