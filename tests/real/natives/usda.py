"""Schooling by county as the Economic Research Service sends it."""

from tests.real.native import Native

NATIVES = [
    Native(
        "us/education_usda_ers/Education.csv.gz",
        "usda",
        "attainment",
        "https://www.ers.usda.gov/webdocs/DataFiles/48747/Education.csv",
    )
]
