"""County members of a quarterly archive of the Bureau of Labor Statistics."""

from pipelines.http.classify import Media
from tests.real.native import Native

NATIVES = [
    Native(
        "us/qcew_nj_2016_by_area/*.csv.gz",
        "qcew",
        "2016",
        "https://data.bls.gov/cew/data/files/2016/csv/2016_qtrly_by_area.zip",
        r"by_area/(?P<name>.*)\.gz",
        media=Media.ZIP,
        member="2016.q1-q4.by_area/{name}",
    ),
]
