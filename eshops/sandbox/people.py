"""The made-up customers of the sandbox shop and the country each of them buys from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    street: str
    city: str
    postcode: str
    country: str
    currency: str
    phone: str
    state: str = ""
    company: str = ""

    def address(self) -> dict[str, str]:
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "company": self.company,
            "address_1": self.street,
            "address_2": "",
            "city": self.city,
            "state": self.state,
            "postcode": self.postcode,
            "country": self.country,
            "phone": self.phone,
        }


_ROWS = """
Žofie | Řeháčková | Horní nám. 12 | Olomouc | 779 00 | CZ | CZK | +420 601 000 101
Ľubomír | Šťastný | Hviezdoslavova 7 | Košice | 040 01 | SK | EUR | +421 901 000 102
Kovács | Erzsébet | Petőfi utca 3. | Győr | 9022 | HU | HUF | +36 20 000 0103
さくら | 小林 | 本町2丁目4-7 | 金沢市 | 920-0853 | JP | JPY | +81 90 0000 0104 | JP17
Jiří | Dvořák | U Vodárny 5/118 | Brno | 616 00 | CZ | EUR | 601000105
Anaïs | Lefèvre | 14 rue de l'Église | Besançon | 25000 | FR | EUR | +33 6 00 00 01 06
Jürgen | Weiß | Straße der Töpfer 9 | Görlitz | 02826 | DE | EUR | +49 170 0000107
Véronique | Bélanger | 55 rue Saint-Roch | Québec | G1K 1J5 | CA | EUR | +1 418 555 0108 | QC
Květoslava | Příhodová | Ke Mlýnu 88 | Třebíč | 674 01 | CZ | CZK | +420 601 000 109
ليلى | الحسن | شارع النخيل ١٢ | دبي |  | AE | EUR | +971 50 000 0110 | DU
Szabó | Őrs | Kőris köz 1. | Pécs | 7621 | HU | HUF | +36 30 000 0111
Robin 🌻 | O'Neill | Pod Kaštany 3 | Praha 6 | 160 00 | CZ | CZK | +420 601 000 112
健太 | 高橋 | 中央区1-2-3 | 福岡市 | 810-0001 | JP | JPY | +81 80 0000 0113 | JP40
Jan | Novotný | Lipová 1 | Žďár nad Sázavou | 591 01 | CZ | EUR | 601 000 114
"""

PEOPLE = tuple(
    Person(*(cell.strip() for cell in row.split("|"))) for row in _ROWS.strip().splitlines()
)

COMPANIES = (
    ("Dílna U Tří lip s.r.o.", "04567891", "CZ04567891"),
    ("Kováč & synovia, a. s.", "36123456", "SK2020123456"),
    ("Töpferei Weiß GmbH", "HRB 12034", "DE123456789"),
    ("Kőris Bt.", "13-06-045678", "HU12345678"),
)
