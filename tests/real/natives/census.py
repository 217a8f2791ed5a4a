"""Files of the U.S. Census Bureau as their publisher sends them."""

from pipelines.http.classify import Media
from tests.real.native import Native

NATIVES = [
    Native(
        "us/bds/bds2018_st.csv.gz",
        "bds",
        "states",
        "https://www2.census.gov/programs-surveys/bds/tables/time-series/2018/bds2018_st.csv",
    ),
    Native(
        "us/bfs/bfs_monthly.csv.gz",
        "bfs",
        "monthly",
        "https://www.census.gov/econ/bfs/csv/bfs_monthly.csv",
    ),
    Native(
        "us/cbp/cbp*co.txt.gz",
        "cbp",
        "20{yy}",
        "https://www2.census.gov/programs-surveys/cbp/datasets/20{yy}/cbp{yy}co.zip",
        r"cbp(?P<yy>\d\d)co",
        media=Media.ZIP,
        member="cbp{yy}co.txt",
    ),
]
