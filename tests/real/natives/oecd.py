"""A reply of the software that serves the OECD's figures, with labels beside the codes."""

from tests.real.native import Native

NATIVES = [
    Native(
        "wire/oecd/dotstat_same_software/SPC_DF_NATIONAL_ACCOUNTS_csvfilewithlabels.csv",
        "oecd",
        "DF_NATIONAL_ACCOUNTS",
        "https://stats-sdmx-disseminate.pacificdata.org/rest/data/SPC,DF_NATIONAL_ACCOUNTS,1.0/all",
    ),
]
