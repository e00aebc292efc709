"""Settings: one definition, from which flags, variables, `--help` and the README's table follow."""

from bridge.settings.load import load
from bridge.settings.model import HealthSettings, PlanSettings, RunSettings, StateSettings

__all__ = ["HealthSettings", "PlanSettings", "RunSettings", "StateSettings", "load"]
