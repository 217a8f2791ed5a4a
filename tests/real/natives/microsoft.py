"""Broadband by county as Microsoft sends it."""

from tests.real.native import Native

NATIVES = [
    Native(
        "us/broadband_microsoft/broadband_data_20*.csv",
        "microsoft",
        "{year}",
        "https://raw.githubusercontent.com/microsoft/USBroadbandUsagePercentages/master/dataset/"
        "broadband_data_{year}{month}.csv",
        r"broadband_data_(?P<year>\d{4})(?P<month>\w+)\.csv",
    )
]
