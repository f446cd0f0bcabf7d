"""Countries, with the names that Fortnox accepts: English or Swedish."""

from __future__ import annotations

_TABLE = """
AE United Arab Emirates|Förenade Arabemiraten
AL Albania|Albanien
AR Argentina|Argentina
AT Austria|Österrike
AU Australia|Australien
BA Bosnia and Herzegovina|Bosnien och Hercegovina
BE Belgium|Belgien
BG Bulgaria|Bulgarien
BR Brazil|Brasilien
BY Belarus|Vitryssland
CA Canada|Kanada
CH Switzerland|Schweiz
CL Chile|Chile
CN China|Kina
CY Cyprus|Cypern
CZ Czech Republic|Tjeckien
DE Germany|Tyskland
DK Denmark|Danmark
EE Estonia|Estland
EG Egypt|Egypten
ES Spain|Spanien
FI Finland|Finland
FO Faroe Islands|Färöarna
FR France|Frankrike
GB United Kingdom|Storbritannien
GL Greenland|Grönland
GR Greece|Grekland
HK Hong Kong|Hongkong
HR Croatia|Kroatien
HU Hungary|Ungern
IE Ireland|Irland
IL Israel|Israel
IN India|Indien
IS Iceland|Island
IT Italy|Italien
JP Japan|Japan
KR Korea, Republic of|Korea, Republiken
LI Liechtenstein|Liechtenstein
LT Lithuania|Litauen
LU Luxembourg|Luxemburg
LV Latvia|Lettland
MA Morocco|Marocko
MC Monaco|Monaco
MD Moldova|Moldavien
ME Montenegro|Montenegro
MK North Macedonia|Nordmakedonien
MT Malta|Malta
MX Mexico|Mexiko
NL Netherlands|Nederländerna
NO Norway|Norge
NZ New Zealand|Nya Zeeland
PL Poland|Polen
PT Portugal|Portugal
RO Romania|Rumänien
RS Serbia|Serbien
RU Russia|Ryssland
SE Sweden|Sverige
SG Singapore|Singapore
SI Slovenia|Slovenien
SK Slovakia|Slovakien
TH Thailand|Thailand
TN Tunisia|Tunisien
TR Turkey|Turkiet
TW Taiwan|Taiwan
UA Ukraine|Ukraina
US United States|USA
VI Virgin Islands, U.S.|Amerikanska Jungfruöarna
ZA South Africa|Sydafrika
"""

#: English and Swedish name by code; other countries are unknown to the sandbox.
COUNTRIES: dict[str, tuple[str, str]] = {
    line[:2]: (line[3:].split("|")[0], line[3:].split("|")[1])
    for line in _TABLE.strip().splitlines()
}

NAMES = {name for names in COUNTRIES.values() for name in names}
