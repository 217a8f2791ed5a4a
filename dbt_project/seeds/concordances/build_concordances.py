"""Write the two seeds of industry links that are facts: NACE to ISIC, and NAICS to NAICS.

    python dbt_project/seeds/concordances/build_concordances.py CENSUS_FOLDER

NACE Rev. 2 is made of ISIC Rev. 4: every class of it lies in one class of ISIC. Which one stands
below, class by class (Eurostat, "NACE Rev. 2: statistical classification of economic activities",
part on its structure; United Nations, ISIC Rev. 4). Counts of both, known from these books, are
checked. CENSUS_FOLDER holds the U.S. Census Bureau's concordances `2012_to_2017_NAICS.csv` and
`2017_to_2022_NAICS.csv` (public domain); only pairs of codes are taken over.

Belongs here: how the lists are made. Does not belong here: weights (models/reference), our own
judgements (hs_isic.csv, naics_isic.csv).
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
NACE_CLASSES, NACE_GROUPS, ISIC_CLASSES, ISIC_GROUPS, DIVISIONS = 615, 272, 419, 238, 88
NAICS_INDUSTRIES = {"2012": 1065, "2017": 1057, "2022": 1012}

# A code alone is a class of the same number in both. `1010=1011-1013` are the classes 10.11 to
# 10.13 of NACE in class 1010 of ISIC.
NACE_IN_ISIC = """
0111 0112 0113 0114 0115 0116 0119 0121 0122 0123 0124 0125 0126 0127 0128 0129 0130
0141=0141,0142 0142=0143 0143=0144 0144=0145 0145=0146 0146=0147 0149 0150 0161 0162 0163 0164 0170
0210 0220 0230 0240 0311 0312 0321 0322
0510 0520 0610 0620 0710 0721 0729 0810=0811,0812 0891 0892 0893 0899 0910 0990
1010=1011-1013 1020 1030=1031,1032,1039 1040=1041,1042 1050=1051,1052 1061 1062
1071=1071,1072 1072=1081 1073=1082 1074=1073 1075=1085 1079=1083,1084,1086,1089 1080=1091,1092
1101 1102=1102-1104 1103=1105,1106 1104=1107 1200
1311=1310 1312=1320 1313=1330 1391 1392 1393 1394 1399=1395,1396,1399
1410=1411-1414,1419 1420 1430=1431,1439 1511 1512 1520
1610 1621 1622=1622,1623 1623=1624 1629 1701=1711,1712 1702=1721 1709=1722-1724,1729
1811=1811,1812 1812=1813,1814 1820 1910 1920
2011=2011-2014 2012=2015 2013=2016,2017 2021=2020 2022=2030 2023=2041,2042
2029=2051-2053,2059 2030=2060 2100=2110,2120
2211 2219 2220=2221-2223,2229
2310=2311-2314,2319 2391=2320 2392=2331,2332 2393=2341-2344,2349 2394=2351,2352
2395=2361-2365,2369 2396=2370 2399=2391,2399
2410=2410,2420,2431-2434 2420=2441-2446 2431=2451,2452 2432=2453,2454
2511=2511,2512 2512=2521,2529 2513=2530 2520=2540 2591=2550 2592=2561,2562 2593=2571-2573
2599=2591-2594,2599
2610=2611,2612 2620 2630 2640 2651 2652 2660 2670 2680
2710=2711,2712 2720 2731 2732 2733 2740 2750=2751,2752 2790
2811 2812 2813=2813,2814 2814=2815 2815=2821 2816=2822 2817=2823 2818=2824 2819=2825,2829
2821=2830 2822=2841,2849 2823=2891 2824=2892 2825=2893 2826=2894 2829=2895,2896,2899
2910 2920 2930=2931,2932 3011 3012 3020 3030 3040 3091 3092 3099 3100=3101-3103,3109
3211=3211,3212 3212=3213 3220 3230 3240 3250 3290=3291,3299
3311 3312 3313 3314 3315=3315-3317 3319 3320
3510=3511-3514 3520=3521-3523 3530 3600 3700 3811 3812 3821 3822 3830=3831,3832 3900
4100=4110,4120 4210=4211-4213 4220=4221,4222 4290=4291,4299
4311 4312=4312,4313 4321 4322 4329 4330=4331-4334,4339 4390=4391,4399
4510=4511,4519 4520 4530=4531,4532 4540
4610=4611-4619 4620=4621-4624 4630=4631-4639 4641=4641,4642 4649=4643-4649 4651 4652
4653=4661 4659=4662-4666,4669 4661=4671 4662=4672 4663=4673,4674 4669=4675-4677 4690
4711 4719 4721=4721-4724,4729 4722=4725 4723=4726 4730 4741=4741,4742 4742=4743
4751 4752 4753 4759=4754,4759 4761=4761,4762 4762=4763 4763=4764 4764=4765
4771=4771,4772 4772=4773-4775 4773=4776-4778 4774=4779 4781 4782 4789 4791 4799
4911=4910 4912=4920 4921=4931 4922=4932,4939 4923=4941,4942 4930=4950
5011=5010 5012=5020 5021=5030 5022=5040 5110 5120=5121,5122
5210 5221 5222 5223 5224 5229 5310 5320 5510=5510,5520 5520=5530 5590 5610 5621 5629 5630
5811 5812 5813=5813,5814 5819 5820=5821,5829 5911 5912 5913 5914 5920 6010 6020
6110 6120 6130 6190 6201 6202=6202,6203 6209 6311 6312 6391 6399
6411 6419 6420 6430 6491 6492 6499 6511 6512 6520 6530 6611 6612 6619 6621 6622 6629 6630
6810=6810,6820 6820=6831,6832
6910 6920 7010 7020=7021,7022 7110=7111,7112 7120 7210=7211,7219 7220 7310=7311,7312 7320
7410 7420 7490=7430,7490 7500
7710=7711,7712 7721 7722 7729 7730=7731-7735,7739 7740 7810 7820 7830 7911 7912 7990
8010 8020 8030 8110 8121 8129=8122,8129 8130 8211 8219 8220 8230 8291 8292 8299
8411 8412 8413 8421 8422 8423=8423-8425 8430
8510=8510,8520 8521=8531 8522=8532 8530=8541,8542 8541=8551 8542=8552 8549=8553,8559 8550=8560
8610 8620=8621-8623 8690 8710 8720 8730 8790 8810 8890=8891,8899
9000=9001-9004 9101 9102=9102,9103 9103=9104 9200 9311=9311,9313 9312 9319 9321 9329
9411 9412 9420 9491 9492 9499 9511 9512 9521 9522 9523 9524 9529=9525,9529
9601 9602 9603 9609=9604,9609 9700 9810 9820 9900
"""


def main(census: Path) -> None:
    write("nace_isic.csv", ("nace2_code", "isic4_code"), sorted(nace_in_isic(NACE_IN_ISIC)))
    changes = [
        (old, before, new, after)
        for old, new in (("2012", "2017"), ("2017", "2022"))
        for before, after in naics_pairs(census / f"{old}_to_{new}_NAICS.csv", old, new)
    ]
    header = ("from_version", "from_code", "to_version", "to_code")
    write("naics_revision.csv", header, changes)


def nace_in_isic(text: str) -> list[tuple[str, str]]:
    """Pairs of a class of NACE and its class of ISIC, checked against the books' counts."""
    pairs = []
    for word in text.split():
        isic, _, listed = word.partition("=")
        for piece in (listed or isic).split(","):
            first, _, last = piece.partition("-")
            codes = range(int(first), int(last or first) + 1)
            pairs += [(f"{code:04d}", isic) for code in codes]
    counts = {
        len(pairs): NACE_CLASSES,
        len({nace for nace, _ in pairs}): NACE_CLASSES,
        len({nace[:3] for nace, _ in pairs}): NACE_GROUPS,
        len({isic for _, isic in pairs}): ISIC_CLASSES,
        len({isic[:3] for _, isic in pairs}): ISIC_GROUPS,
        len({isic[:2] for _, isic in pairs}): DIVISIONS,
    }
    for found, expected in counts.items():
        if found != expected:
            raise SystemExit(f"{found} codes where the classification has {expected}")
    return pairs


def naics_pairs(path: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Pairs of industries that share something, each once."""
    pairs = sorted(set(_pairs(path)))
    for side, version in ((0, old), (1, new)):
        found = len({pair[side] for pair in pairs})
        if found != NAICS_INDUSTRIES[version]:
            raise SystemExit(f"{path.name}: {found} industries of {version}")
    return pairs


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for row in csv.reader(lines):
            before, after = (row[0].strip(), row[2].strip()) if len(row) > 2 else ("", "")
            if re.fullmatch(r"\d{6}", before) and re.fullmatch(r"\d{6}", after):
                yield before, after


def write(name: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
