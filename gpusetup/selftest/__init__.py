"""Schedules workers, compares what they computed, keeps baselines. Never imports a framework itself."""
