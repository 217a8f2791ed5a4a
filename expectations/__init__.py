"""Plausibility gates over the candidate warehouse, with Great Expectations as the engine.

Belongs here: what plausible figures look like (`suites`, `plausible_ranges.csv`), the one module
that knows Great Expectations (`runner`), and the page that shows the results (`docs`). Does not
belong here: row contracts (`pipelines.contracts`), keys, references and identities (dbt tests).
Importing this package is cheap: Great Expectations itself is imported only when a suite runs.
"""
