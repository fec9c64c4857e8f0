"""The reference computes nothing by itself: each case holds its numbers against float64 where they are computed."""

from __future__ import annotations
