"""clusterkpi: industrial-cluster performance indicators from official statistics.

Importable, orchestrator-free code lives directly below this package. Dagster is imported only in
`pipelines.definitions` and `pipelines.defs`.
"""

__version__ = "0.1.0"
