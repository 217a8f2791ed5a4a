"""Files of the U.S. Census Bureau as their publisher sends them."""

from tests.real.native import Native

NATIVES = [
    Native(
        "us/bds/bds2018_st.csv.gz",
        "bds",
        "states",
        "https://www2.census.gov/programs-surveys/bds/tables/time-series/2018/bds2018_st.csv",
    ),
]
