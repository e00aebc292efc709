"""Settings: one definition, from which flags, variables, `--help` and the table in the README are generated."""

from bridge.settings.load import load
from bridge.settings.model import HealthSettings, PlanSettings, RunSettings, StateSettings

__all__ = ["HealthSettings", "PlanSettings", "RunSettings", "StateSettings", "load"]
